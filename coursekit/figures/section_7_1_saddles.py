"""Figures 7.4 and 7.5: saddle points (Section 7.1)."""

import math
from dataclasses import dataclass
from typing import Any

import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes
from mpl_toolkits.mplot3d import proj3d

from coursekit.checks import Array
from coursekit.descent import Trajectory, first_step, minimize
from coursekit.figures import style
from coursekit.figures.registry import figure
from coursekit.objectives import DoubleWell, Objective, Quadratic, saddle
from coursekit.optimizers import SGD

LOSS = "loss L"
BOX = (1, 1, 0.75)  # the proportions of a 3-D panel
PLAIN = style.METHODS["SGD"]

# ---------------------------------------------------------------- Figure 7.4


@dataclass(frozen=True)
class SaddleSurface:
    """A saddle, its Hessian's eigenvalues at the stationary point, and the two principal slices.

    ``slices``: for each eigenvalue the points of shape (n, 2) along its eigenvector.
    """

    objective: Quadratic
    point: Array
    slope: float
    eigenvalues: Array
    offsets: Array
    slices: list[Array]
    values: list[Array]


@figure(
    "7.4",
    slug="saddle-surface",
    caption="At a saddle point the slope is zero although the loss has a minimum along one "
    "direction and a maximum along another: the eigenvalues of the Hessian have both signs.",
    alt="A loss surface shaped like a saddle over two weights, the saddle point marked at the "
    "origin, where the slope is {d.slope:g}. A curve through it along w₁ bends upwards, with "
    "Hessian eigenvalue {d.eigenvalues[1]:+g}; a curve along w₂ bends downwards, with eigenvalue "
    "{d.eigenvalues[0]:+g}. Beside it both curves are drawn over the distance from the saddle: one "
    "has its minimum where the other has its maximum.",
)
def saddle_surface() -> SaddleSurface:
    """Cut a saddle along the eigenvectors of its Hessian."""
    objective = saddle()
    point = objective.saddles[0]
    eigenvalues, vectors = np.linalg.eigh(objective.hessian(point))
    vectors *= np.sign(vectors.sum(axis=0))  # one of the two directions, whatever the library
    offsets = np.linspace(-1.5, 1.5, 61)
    slices = [point + offsets[:, np.newaxis] * vector for vector in vectors.T]
    values = [objective.value(points) for points in slices]
    slope = float(np.linalg.norm(objective.gradient(point)))
    return SaddleSurface(objective, point, slope, eigenvalues, offsets, slices, values)


@saddle_surface.draws
def _(data: SaddleSurface, width: float) -> matplotlib.figure.Figure:
    column = style.is_column(width)
    drawn = matplotlib.figure.Figure(figsize=(width, 5.5 if column else 3.2))
    surface: Any = drawn.add_axes(
        (-0.04, 0.43, 0.98, 0.6) if column else (-0.03, 0.01, 0.6, 1.0), projection="3d"
    )
    slices = drawn.add_axes((0.15, 0.085, 0.82, 0.3) if column else (0.64, 0.165, 0.345, 0.75))
    _surface(surface, data)
    for eigenvalue, along, values in zip(data.eigenvalues, data.slices, data.values, strict=True):
        look = _bend(eigenvalue)
        slices.plot(data.offsets, values, **look)
        kind = "minimum" if eigenvalue > 0 else "maximum"
        index = "₁₂"[np.abs(along[-1] - data.point).argmax()]
        words = f"a {kind} along w{index}:\ncurvature λ{index} = {eigenvalue:+g}".replace("-", "−")
        side = math.copysign(1, eigenvalue)
        style.label(slices, words, (0, 0.62 * side), (0, 4 * side), strong=look["color"])
    slices.plot(0, data.objective.value(data.point), "o", color=style.INK, ms=6, zorder=5)
    slices.axhline(0, color=style.GRID, lw=0.8, zorder=0)
    slices.set(xlabel="distance from the saddle point", ylabel=LOSS, ylim=(-1.25, 1.25))
    slices.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    return drawn


def _bend(curvature: float) -> dict[str, Any]:
    if curvature > 0:
        return {"color": style.UP, "linestyle": "-", "lw": 2.4}
    return {"color": style.DOWN, "linestyle": (0, (4, 0.9)), "lw": 2.4}


def _surface(axes: Any, data: SaddleSurface) -> None:
    axes.computed_zorder = False  # the curves lie on the surface: draw them after it
    window = np.array([[-1.5, 1.5]] * 2)
    x, y, points = style.grid_of(window, 61)
    shape = axes.plot_surface(
        *np.meshgrid(x, y),
        data.objective.value(points),
        cmap=style.LOSS,
        rcount=25,
        ccount=25,
        lw=0.35,
        edgecolor="#93A1AF",
        alpha=0.9,
    )
    shape.set_rasterized(True)
    ticks = [-1, 0, 1]
    axes.set(xlabel="weight w₁", ylabel="weight w₂", zlabel=LOSS)
    axes.set(xticks=ticks, yticks=ticks, zticks=ticks)
    for axis, pad in ((axes.xaxis, -1), (axes.yaxis, -1), (axes.zaxis, -6)):
        axis.set_pane_color(style.PAPER)
        axis.labelpad = pad
        axis.set_tick_params(pad=-2)
    axes.view_init(elev=36, azim=-64)
    axes.set_proj_type("ortho")
    axes.set_box_aspect(BOX, zoom=0.95)
    for eigenvalue, along, values in zip(data.eigenvalues, data.slices, data.values, strict=True):
        look = _bend(eigenvalue)
        hidden = _behind(axes, data.objective, window, along, values)
        axes.plot(*along.T, np.where(hidden, np.nan, values), zorder=5, **look)
        faint = {"lw": 1.2, "alpha": 0.5, "zorder": 4}
        axes.plot(*along.T, np.where(hidden, values, np.nan), **(look | faint))
    axes.plot(*data.point[:, np.newaxis], [0], "o", color=style.INK, ms=6, zorder=6)
    x, y, _ = proj3d.proj_transform(*data.point, 0.0, axes.get_proj())
    line = {"arrowstyle": "-", "color": style.INK, "lw": 0.8, "shrinkA": 0, "shrinkB": 4}
    words = f"saddle point:\nslope {data.slope:g}"
    style.label(axes, words, (x, y), (22, 62), arrowprops=line, ha="center", halo=True)


def _behind(axes: Any, objective: Objective, window: Array, points: Array, values: Array) -> Array:
    """True where the surface stands between a point on it and the (distant) reader."""
    limits = np.array([axes.get_xlim(), axes.get_ylim(), axes.get_zlim()])
    elev, azim = np.radians(axes.elev), np.radians(axes.azim)
    sight = np.array([np.cos(elev) * np.cos(azim), np.cos(elev) * np.sin(azim), np.sin(elev)])
    sight *= np.ptp(limits, axis=1) / BOX
    way = np.linspace(0.02, 1.5, 200)[:, np.newaxis, np.newaxis] * sight
    on_way = np.column_stack([points, values]) + way
    inside = (np.abs(on_way[..., :2]) <= window[:, 1]).all(axis=-1)
    above = objective.value(on_way[..., :2]) > on_way[..., 2]
    return (inside & above).any(axis=0)


# ---------------------------------------------------------------- Figure 7.5


@dataclass(frozen=True)
class StuckAtSaddle:
    """Runs from starts at offsets δ from the ridge of a double well.

    ``left``: the steps at which they pass ``halfway``, half the distance to a well;
    ``predicted``: ln(1/δ) / ln(1 + η|λ₋|), with λ₋ the saddle's negative eigenvalue.
    """

    objective: DoubleWell
    learning_rate: float
    offsets: tuple[float, ...]
    run: Trajectory
    halfway: float
    left: Array
    predicted: list[float]
    plateau: float


@figure(
    "7.5",
    slug="stuck-at-saddle",
    caption="Only a start exactly on the ridge stays at the saddle for ever, and one that is a "
    "hair beside it waits on a plateau and then leaves.",
    alt="Left, contours and downhill arrows of a loss with two wells and a saddle between them. "
    "Three runs come down the ridge to the saddle: the one exactly on the ridge stops there, the "
    "other two turn off, one into each well. Right, the loss against the step: all three fall to "
    "a plateau at {d.plateau:g}. The start at offset 0.001 is half-way from there to its well at "
    "step {d.left[1]:.0f}, the one at 0.000001 at step {d.left[2]:.0f}, the one at 0 never.",
)
def stuck_at_saddle() -> StuckAtSaddle:
    """Run plain descent from the ridge of a double well and from two starts beside it."""
    objective, rate = DoubleWell(dimension=2), 0.1
    offsets = (0.0, 1e-3, -1e-6)
    run = minimize(objective, [[offset, 1.3] for offset in offsets], SGD(rate), 240)
    saddle_point = objective.saddles[0]
    down = abs(np.linalg.eigvalsh(objective.hessian(saddle_point)).min())
    predicted = [
        math.log(1 / abs(o)) / math.log(1 + rate * down) if o else math.inf for o in offsets
    ]
    halfway = float(objective.minima[:, 0].max()) / 2
    left = first_step(np.abs(run.points[..., 0]) > halfway)
    plateau = float(objective.value(saddle_point))
    return StuckAtSaddle(objective, rate, offsets, run, halfway, left, predicted, plateau)


@stuck_at_saddle.draws
def _(data: StuckAtSaddle, width: float) -> matplotlib.figure.Figure:
    drawn, (plane, losses) = style.panels(width, 2, page=3.3, column=6.3, ratios=[1, 1.1])
    window = np.array([[-1.5, 1.5], [-1.1, 1.6]])
    style.contours(plane, data.objective, window, [0.02, 0.08, 0.16, 0.25, 0.4, 0.65, 1.0, 1.4])
    _downhill(plane, data.objective, window)
    for n, look in enumerate(_STARTS):
        points, values = data.run.points[:, n], data.run.values[:, n]
        style.path(
            plane, points, look, markersize=2.4, markeredgewidth=0, linewidth=0.8, zorder=5 - n
        )
        losses.plot(values, color=look.color, linestyle=look.linestyle, lw=2, zorder=5 - n)
    style.start_mark(plane, *data.run.points[0, 0])
    style.label(plane, "three starts", tuple(data.run.points[0, 0]), (8, 0), halo=True)
    plane.plot(*data.objective.saddles[0], "o", color=_STARTS[0].color, ms=6, zorder=6)
    on_ridge, dark = f"δ = {_power(data.offsets[0])}", _STARTS[0].words
    style.label(plane, f"{on_ridge}\nstops here", (0, 0), (0, -7), strong=dark, halo=True)
    at_plateau = (len(data.run.values) - 1, data.plateau)
    words = f"{on_ridge} stays\nat L = {data.plateau:g}"
    style.label(losses, words, at_plateau, (0, 4), strong=dark, ha="right")
    for n, height in ((1, 0.68), (2, 0.5)):
        look, step = _STARTS[n], data.left[n]
        offset, well = f"δ = {_power(data.offsets[n])}", data.run.points[-1, n]
        style.label(plane, offset, (0.55 * well[0], 0), (0, 5), strong=look.words, halo=True)
        losses.vlines(step, 0, height, color=look.color, lw=0.8, linestyle=":")
        words = f"{offset}\nleaves at step {step:.0f}"
        style.label(losses, words, (step, height), (0, 2), strong=look.words)
    for minimum in data.objective.minima:
        style.minimum_mark(plane, *minimum)
    plane.set(aspect="equal", xlabel="weight w₁", ylabel="weight w₂", xticks=[-1, 0, 1])
    plane.set(title="Down the ridge, from w₁ = δ", yticks=[-1, 0, 1])
    losses.set(title="The plateau", xlabel="step n", ylabel=LOSS, ylim=(-0.05, 1.15))
    style.subtitle(plane, f"learning rate η = {data.learning_rate:g}; arrows point downhill")
    style.subtitle(losses, f"leaving: past |w₁| = {data.halfway:g}, half-way to a well")
    return drawn


# Three runs of one method: its colour, from dark to light.
_STARTS = (
    style.Method("#0B2F4A", "-", "o"),
    style.Method(PLAIN.color, (0, (5, 1.2)), "o"),
    style.Method("#3A8DC6", (0, (1.6, 0.8)), "o"),
)


def _downhill(axes: Axes, objective: Objective, window: Array) -> None:
    """Arrows along −∂L/∂w, as long as the root of its size so that the small ones are seen."""
    x, y, points = style.grid_of(window, 12)
    downhill = -objective.gradient(points)
    size = np.linalg.norm(downhill, axis=-1, keepdims=True)
    arrows = np.moveaxis(downhill / np.sqrt(size), -1, 0)
    axes.quiver(x, y, *arrows, color=style.MUTED, alpha=0.65, pivot="mid", scale=18, width=0.004)


def _power(offset: float) -> str:
    """0, or a power of ten in print: −10⁻⁶."""
    if not offset:
        return "0"
    exponent = str(round(math.log10(abs(offset)))).translate(
        str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    )
    return f"{'−' if offset < 0 else ''}10{exponent}"
