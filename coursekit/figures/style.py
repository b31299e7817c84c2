"""One look for every figure: colours, sizes, and the few shapes that return in many drawings.

Nothing here touches the reader's settings: the style holds inside ``with context():`` only.
"""

import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from coursekit.checks import Array
from coursekit.objectives import Objective

PAGE, COLUMN = 7.0, 3.4  # inches
TEXT, SMALL = 9.0, 8.0  # points; nothing is printed below 7

PAPER = "#FCFCFA"  # opaque, so that a figure reads on a dark page
INK = "#22262B"
MUTED = "#5B626B"
PALE = "#C3CAD1"
GRID = "#DFE2E5"
HIGHLIGHT = "#F0E442"
UP, DOWN = "#2A8350", "#7A1F4B"  # a positive and a negative slope, curvature or eigenvalue
LOSS = LinearSegmentedColormap.from_list("loss", ["#F8FAFB", "#E6EBF0", "#CBD5DE"])  # low to high

_STYLE: dict[str, Any] = {
    "axes.edgecolor": MUTED,
    "axes.facecolor": PAPER,
    "axes.grid": False,
    "axes.labelcolor": INK,
    "axes.labelsize": TEXT,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": TEXT,
    "axes.titleweight": "bold",
    "figure.facecolor": PAPER,
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters everywhere
    "font.size": TEXT,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "path.simplify": False,  # which points it drops may differ by machine
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "coursekit",  # ids that are the same in every run
    "text.color": INK,
    "text.hinting": "none",
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "xtick.labelsize": SMALL,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.labelsize": SMALL,
}


@dataclass(frozen=True)
class Method:
    """How one optimizer looks in the whole course, in colour and in grey."""

    color: str
    linestyle: Any
    marker: str

    @property
    def words(self) -> str:
        """The colour of text about the method: darker, for letters are thinner than lines."""
        red, green, blue = 0.7 * np.array(to_rgb(self.color)) + 0.3 * np.array(to_rgb(INK))
        return to_hex((red, green, blue))


# From Okabe and Ito (2008), with two colours replaced so that every pair also differs in grey and
# keeps a contrast of 3 with the paper. Lines and markers all differ.
METHODS = {
    "SGD": Method("#0072B2", "-", "o"),
    "Momentum": Method("#D55E00", (0, (6, 1.5)), "s"),
    "Nesterov": Method("#C8719F", (0, (6, 1.5, 1, 1.5)), "D"),
    "AdaGrad": Method("#005C42", (0, (1, 1.2)), "^"),
    "RMSProp": Method("#7B3FCF", (0, (3, 1.5)), "v"),
    "Adam": Method("#1F1F1F", (0, (8, 1.5, 1, 1.5, 1, 1.5)), "P"),
}


def context() -> AbstractContextManager[None]:
    """The style, for the length of a ``with``: matplotlib's defaults first, whatever is set."""
    return matplotlib.style.context(["default", _STYLE])


def is_column(width: float) -> bool:
    """True where panels are stacked instead of standing side by side."""
    return width < 5.0


def panels(
    width: float, count: int, *, page: float, column: float, ratios: Sequence[float] | None = None
) -> tuple[Figure, list[Axes]]:
    """A figure with ``count`` panels: side by side on a page, stacked in a column.

    ``page`` and ``column`` are the figure's heights in inches, ``ratios`` the panels' shares.
    """
    stacked = is_column(width)
    figure = Figure(figsize=(width, column if stacked else page), layout="constrained")
    shares = {"height_ratios" if stacked else "width_ratios": ratios}
    rows, columns = (count, 1) if stacked else (1, count)
    axes = figure.subplots(rows, columns, squeeze=False, gridspec_kw=shares)
    return figure, list(axes.flat)


def grid_of(window: Array, size: int = 121) -> tuple[Array, Array, Array]:
    """A grid over a window of shape (2, 2): the two axes, and its points of shape (n, n, 2)."""
    x, y = (np.linspace(low, high, size) for low, high in window)
    return x, y, np.stack(np.meshgrid(x, y), axis=-1)


def contours(axes: Axes, objective: Objective, window: Array, levels: list[float]) -> None:
    """The loss over a window as a calm background: darker is higher, lines at ``levels``."""
    x, y, points = grid_of(window)
    # Without the digits in which processors differ: by the last one a line closes, or just not.
    loss, levels = objective.value(points).round(9), np.round(levels, 9).tolist()
    bands = [loss.min() - 1, *levels, loss.max() + 1]
    shades = LOSS(np.linspace(0, 1, len(bands) - 1))
    filled = axes.contourf(x, y, loss, levels=bands, colors=shades)
    with warnings.catch_warnings():  # matplotlib before 3.11 says that it cannot
        warnings.simplefilter("ignore", UserWarning)
        filled.set_rasterized(True)  # in a vector file: thousands of polygons, seams between them
    axes.contour(x, y, loss, levels=levels, colors="#93A1AF", linewidths=0.6)
    axes.set(xlim=window[0], ylim=window[1])
    axes.spines[["top", "right"]].set_visible(True)


def path(axes: Axes, points: Array, look: Method, *, color: str = "", **options: Any) -> None:
    """A run over a plane, shape (steps+1, 2), with a marker at every step."""
    line: dict[str, Any] = {
        "color": color or look.color,
        "linestyle": look.linestyle,
        "marker": look.marker,
        "markersize": 3.2,
        "linewidth": 1.4,
        "markeredgecolor": PAPER,
        "markeredgewidth": 0.4,
    }
    axes.plot(*points.T, **(line | options))


def subtitle(axes: Axes, text: str, color: str = MUTED) -> None:
    """A second line below the panel's title: what was measured there."""
    axes.set_title(axes.get_title("left"), pad=16)
    look: dict[str, Any] = {"fontsize": SMALL, "color": color, "textcoords": "offset points"}
    axes.annotate(text, (0, 1), (0, 4), xycoords="axes fraction", **look)


def start_mark(axes: Axes, x: float, y: float, **options: Any) -> None:
    """The ring that marks where a run starts."""
    ring: dict[str, Any] = {
        "markersize": 7,
        "markerfacecolor": PAPER,
        "markeredgecolor": INK,
        "zorder": 6,
    }
    axes.plot([x], [y], "o", **(ring | options))


def minimum_mark(axes: Axes, x: float, y: float) -> None:
    """The star that marks a minimum."""
    axes.plot([x], [y], "*", ms=10, mfc=HIGHLIGHT, mec=INK, mew=0.8, zorder=7, clip_on=False)


def label(
    axes: Axes,
    text: str,
    xy: tuple[float, float],
    offset: tuple[float, float],
    *,
    strong: str = "",
    halo: bool = False,
    **options: Any,
) -> None:
    """Words beside the thing they name: ``offset`` in points from ``xy``.

    ``strong``: bold, in this colour; ``halo``: kept apart from the lines behind.
    """
    look: dict[str, Any] = {
        "fontsize": SMALL,
        "ha": "left" if offset[0] > 0 else "right" if offset[0] < 0 else "center",
        "va": "bottom" if offset[1] > 0 else "top" if offset[1] < 0 else "center",
        "zorder": 9,
    }
    if strong:
        look |= {"color": strong, "fontweight": "bold"}
    if halo:  # not everywhere: it puts each letter's outline into a vector file once more
        look["path_effects"] = [withStroke(linewidth=2.5, foreground=PAPER, alpha=0.75)]
    words = axes.annotate(text, xy, offset, textcoords="offset points", **(look | options))
    words.set_in_layout(False)  # it stands inside the panel and must not shrink it
