"""One look for networks and computational graphs: values go forward, gradients come back.

A canvas counts in points, so that nodes and letters have one size in every figure. Above a line
stands the value that goes forward; below it, slanted and after an arrow to the left, the gradient
∂L/∂ that value, which comes back. So the two also differ in grey.
"""

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from coursekit.figures import style

FORWARD, BACKWARD = "#1D5A8A", style.DOWN
ZONE = "#ECEEF1"  # a shaded part of a plane or of an axis
OPEN = "#DDEBE1"  # the same where something is active
RADIUS = 11.0  # of a node, in points
THIN, LINE, HEAVY = 0.8, 1.2, 2.4  # widths of lines

Point = tuple[float, float]


def sheet(width: float, height: float) -> Figure:
    """A figure ``width`` inches wide and ``height`` points high; its panels are placed by hand."""
    return Figure(figsize=(width, height / 72))


def panel(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """A panel at a place given in points from the figure's lower left corner."""
    across, up = 72 * figure.get_figwidth(), 72 * figure.get_figheight()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def canvas(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """A panel without axes whose coordinates are points."""
    axes = panel(figure, left, bottom, width, height)
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    return axes


def number(value: float, digits: int = 2) -> str:
    """A number in print: so many decimals, a minus sign, and a plain 0 for nothing."""
    return f"{value:.{digits}f}".replace("-", "−") if value else "0"


def write(axes: Axes, xy: Point, text: str, **options: Any) -> None:
    """Small centred letters on a canvas."""
    look: dict[str, Any] = {"fontsize": style.SMALL, "ha": "center", "va": "center", "zorder": 6}
    axes.text(*xy, text, **(look | options))


def node(axes: Axes, xy: Point, text: str = "", *, radius: float = RADIUS, **look: Any) -> None:
    """A round node: an operation, or a unit."""
    shape: dict[str, Any] = {"facecolor": style.PAPER, "edgecolor": style.INK, "lw": LINE}
    axes.add_patch(Circle(xy, radius, zorder=4, **(shape | look)))
    if text:
        write(axes, xy, text, fontsize=style.TEXT)


def box(axes: Axes, xy: Point, width: float, height: float, **look: Any) -> None:
    """A rounded box about a point, behind whatever stands in it."""
    shape: dict[str, Any] = {"facecolor": style.PAPER, "edgecolor": style.PALE, "lw": THIN}
    corner = xy[0] - width / 2, xy[1] - height / 2
    form = "round,pad=0,rounding_size=4"
    axes.add_patch(FancyBboxPatch(corner, width, height, form, **({"zorder": 3} | shape | look)))


def edge(
    axes: Axes,
    start: Point,
    end: Point,
    *,
    gaps: tuple[float, float] = (RADIUS, RADIUS),
    head: bool = True,
    **look: Any,
) -> None:
    """A line from node to node; ``gaps``: how far from the centres it begins and ends."""
    length = math.dist(start, end)
    x, y = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    first = start[0] + gaps[0] * x, start[1] + gaps[0] * y
    last = end[0] - gaps[1] * x, end[1] - gaps[1] * y
    line: dict[str, Any] = {"color": style.MUTED, "lw": LINE, "zorder": 2}
    form = "-|>,head_width=2,head_length=4.5" if head else "-"
    axes.add_patch(
        FancyArrowPatch(
            first, last, arrowstyle=form, mutation_scale=1, shrinkA=0, shrinkB=0, **(line | look)
        )
    )


def values(
    axes: Axes, xy: Point, forward: str, backward: str = "", *, gap: float = 2.5, cut: float = 0
) -> None:
    """What goes forward above a point and what comes back below it.

    ``cut``: how wide a piece of the line behind is taken away, for a line that is not level.
    """
    x, y = xy
    if cut:
        box(axes, xy, cut, 22 + 2 * gap, edgecolor="none")
    write(axes, (x, y + gap), forward, va="bottom", color=FORWARD)
    if backward:
        write(axes, (x, y - gap), f"← {backward}", va="top", color=BACKWARD, style="italic")


def cell(axes: Axes, xy: Point, forward: str, backward: str = "", *, width: float = 44) -> None:
    """A value that comes from outside, in a box of its own."""
    box(axes, xy, width, 27)
    values(axes, xy, forward, backward, gap=1)


def key(axes: Axes, xy: Point) -> None:
    """What the two kinds of numbers mean, in a line that begins at ``xy``."""
    write(axes, xy, "above: value", ha="left", color=FORWARD)
    words = "below: ← gradient ∂L/∂value"
    write(axes, (xy[0] + 66, xy[1]), words, ha="left", color=BACKWARD, style="italic")
