"""Figures 7.19 and 7.20: data preprocessing (Section 7.6)."""

from dataclasses import dataclass
from typing import Any

import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from coursekit.checks import Array
from coursekit.datasets import digits
from coursekit.descent import first_step
from coursekit.diagnostics import Conditioning, input_conditioning
from coursekit.figures import diagrams, style
from coursekit.figures.registry import figure
from coursekit.objectives import Quadratic
from coursekit.preprocessing import Center, MinMax, Standardize

BROKEN, HEALTHY = style.DOWN, style.UP


def ink_spreads() -> Array:
    """Two features of each training digit, (M, 2): how far its ink spreads across and down.

    The variance of the column, and of the row, in which a grain of ink lies, in pixels²: positive
    for every digit.
    """
    pictures = digits().x_train.reshape(-1, 8, 8)
    places = np.arange(8.0)
    spreads = []
    for axis in (1, 2):
        shares = pictures.sum(axis=axis) / pictures.sum(axis=(1, 2))[:, np.newaxis]
        spreads.append(shares @ places**2 - (shares @ places) ** 2)
    # The same numbers on every machine: else a contour may close on one and not on another.
    return np.stack(spreads, axis=1).round(12)


# ---------------------------------------------------------------- Figure 7.19


@dataclass(frozen=True)
class Cloud:
    """Points (M, 2) at one stage; ``mean`` and ``std`` of each feature."""

    name: str
    points: Array

    @property
    def mean(self) -> Array:
        """The mean of each feature; a rounding error of 0 is 0."""
        mean: Array = self.points.mean(axis=0)
        return np.where(np.abs(mean) < 1e-9, 0.0, mean)

    @property
    def std(self) -> Array:
        """The standard deviation of each feature."""
        std: Array = self.points.std(axis=0)
        return std


@dataclass(frozen=True)
class Preprocessing:
    """One cloud raw, centred and scaled; ``min_max``: std of each feature scaled to ±1 instead."""

    clouds: list[Cloud]
    min_max: Array


@figure(
    "7.19",
    slug="preprocessing",
    caption="Centring moves the cloud of the data onto the origin, and scaling then gives each "
    "feature the same spread.",
    alt="The same cloud of {d.clouds[0].points.shape[0]} points three times, one for each "
    "handwritten digit, by how far its ink spreads across and down, in pixels², on the same axes. "
    "Raw, it lies above and to the right of the origin, with means {d.clouds[0].mean[0]:.1f} and "
    "{d.clouds[0].mean[1]:.1f} and standard deviations {d.clouds[0].std[0]:.2f} and "
    "{d.clouds[0].std[1]:.2f}, higher than wide. Centred, it has the same shape about the origin: "
    "both means are {d.clouds[1].mean[0]:g}. Scaled, it is as wide as high: both standard "
    "deviations are {d.clouds[2].std[0]:.0f}.",
)
def preprocessing() -> Preprocessing:
    """Centre and scale two features of real digits."""
    x = ink_spreads()
    stages = {
        "raw": x,
        "centred": Center().fit_transform(x),
        "scaled": Standardize().fit_transform(x),
    }
    clouds = [Cloud(name, points) for name, points in stages.items()]
    return Preprocessing(clouds, MinMax().fit_transform(x).std(axis=0))


@preprocessing.draws
def _(data: Preprocessing, width: float) -> matplotlib.figure.Figure:
    column = style.is_column(width)
    wide, high = (180.0, 180.0) if column else (148.0, 148.0)
    drawn = diagrams.sheet(width, 3 * (high + 42) + 34 if column else high + 74)
    for n, (cloud, color) in enumerate(zip(data.clouds, _CLOUDS, strict=True)):
        left, bottom = (
            (44.0, 34 + (2 - n) * (high + 42)) if column else (36 + n * (wide + 10), 36.0)
        )
        panel = diagrams.panel(drawn, left, bottom, wide, high)
        panel.axhline(0, color=style.MUTED, lw=0.9, zorder=1)
        panel.axvline(0, color=style.MUTED, lw=0.9, zorder=1)
        dots: dict[str, Any] = {"ms": 1.6, "color": color, "alpha": 0.5, "mew": 0, "zorder": 3}
        panel.plot(*cloud.points.T, _MARKERS[n], rasterized=True, **dots)
        panel.plot(*cloud.mean, "+", color=style.INK, ms=9, mew=1.8, zorder=6)
        panel.set(xlim=(-3.8, 8.2), ylim=(-3.8, 8.2), xticks=[0, 4, 8], yticks=[0, 4, 8])
        panel.spines[["top", "right"]].set_visible(True)
        panel.set_title(cloud.name.capitalize(), color=color)
        style.subtitle(panel, _FORMULAS[n])
        words = f"mean ({_pair(cloud.mean)})\nstd ({_pair(cloud.std)})"
        style.label(panel, words, (8.2, -3.8), (-5, 4))
        if n == 2:
            words = f"scaled to ±1 instead:\nstd ({_pair(data.min_max)})"
            style.label(panel, words, (8.2, 8.2), (-5, -4), color=style.MUTED)
        if n == 0 or column:
            panel.set_ylabel("spread down x₂")
        if n == 2 or not column:
            panel.set_xlabel("spread across x₁")
        panel.tick_params(labelleft=n == 0 or column, labelbottom=n == 2 or not column)
    return drawn


_CLOUDS = BROKEN, style.METHODS["SGD"].color, HEALTHY
_MARKERS = "s", "^", "o"
_FORMULAS = "x, in pixels²", "x − mean, in pixels²", "(x − mean)/σ, no unit"


def _pair(values: Array) -> str:
    return ", ".join(diagrams.number(value, 1) for value in values)


# ---------------------------------------------------------------- Figure 7.20


@dataclass(frozen=True)
class Descent:
    """Descent example by example in the plane of the weights, at the best of the rates.

    ``needed``: the median over the orders of the number of steps to come within ``near`` of the
    start's distance, one a rate. ``points``: (steps+1, 2), the run that is drawn: the first order.
    """

    name: str
    inputs: Array
    loss: Quadratic
    conditioning: Conditioning
    rates: Array
    needed: Array
    points: Array

    @property
    def best(self) -> int:
        """Which rate needs the fewest steps."""
        return int(np.argmin(self.needed))

    @property
    def rate(self) -> float:
        """The best rate."""
        return float(self.rates[self.best])

    @property
    def steps(self) -> float:
        """The steps needed at the best rate."""
        return float(self.needed[self.best])

    @property
    def same_sign(self) -> float:
        """The share of the examples whose update moves both weights the same way."""
        return float((self.inputs.prod(axis=1) > 0).mean())

    @property
    def left(self) -> float:
        """The share of the way that is left after the steps drawn."""
        return float(np.linalg.norm(self.points[-1] - self.loss.centre)) / self.way

    @property
    def way(self) -> float:
        """How far the start is from the minimum."""
        return float(np.linalg.norm(self.points[0] - self.loss.centre))


@dataclass(frozen=True)
class ZigZag:
    """The same descent on raw and on centred inputs, through the examples in the same orders.

    ``drawn``: how many steps of the run are drawn.
    """

    descents: list[Descent]
    near: float
    orders: int
    drawn: int


@figure(
    "7.20",
    slug="zig-zag",
    caption="With inputs that are all positive each example moves both weights the same way, so "
    "that a descent to the lower right has to zig-zag in small steps, while centred inputs allow "
    "every direction and a larger step.",
    alt="Two contour plots over the weights of a linear unit with two inputs, the ink spreads of "
    "Figure 7.19; the unit learns their difference, so that the minimum is at (1, −1), and starts "
    "at ({d.descents[0].points[0][0]:g}, {d.descents[0].points[0][1]:g}). Each update uses one "
    "example, on both sides in the same order. Left, raw inputs: the loss is a narrow valley with "
    "condition number "
    "{d.descents[0].conditioning.condition_number:.0f}; at the start two opposite quadrants are "
    "shaded, which hold all updates ({d.descents[0].same_sign:.0%}), and the minimum lies in "
    "neither. The path zig-zags up and down, and after {d.drawn} steps {d.descents[0].left:.0%} "
    "of the way is left. Right, centred inputs: condition number "
    "{d.descents[1].conditioning.condition_number:.1f}, {d.descents[1].same_sign:.0%} of the "
    "updates in these quadrants, and after {d.drawn} steps {d.descents[1].left:.1%} of the way is "
    "left. Each at its own best learning rate, {d.descents[0].rate:g} and {d.descents[1].rate:g}, "
    "the median over {d.orders} orders of the examples is {d.descents[0].steps:.0f} steps against "
    "{d.descents[1].steps:.0f} until {d.near:.0%} of the way is left.",
)
def zig_zag() -> ZigZag:
    """Teach a linear unit the difference of two inputs, raw and centred, each at its best rate."""
    x, near, orders, drawn = ink_spreads(), 0.1, 99, 16
    wanted, start = np.array([1.0, -1.0]), np.array([-2.0, 0.0])
    grids = {
        "raw": 0.014 * np.sqrt(2) ** np.arange(6),
        "centred": 0.45 * np.sqrt(2) ** np.arange(6),
    }
    grids = {name: np.round(rates, 3) for name, rates in grids.items()}
    inputs = {"raw": x, "centred": Center().fit_transform(x)}
    descents = []
    for name, rows in inputs.items():
        conditioning = input_conditioning(rows)
        _, axes = np.linalg.eigh((rows.T @ rows / len(rows)).round(12))
        loss = Quadratic(conditioning.eigenvalues[::-1].round(12), axes.round(12), wanted)
        runs = [_runs(rows, wanted, start, rate, orders, 400) for rate in grids[name]]
        needed = np.array([_needed(points, wanted, near) for points in runs])  # (rates, orders)
        medians = np.median(needed, axis=1)
        best = int(medians.argmin())
        path = runs[best][: drawn + 1, 0]
        descents.append(Descent(name, rows, loss, conditioning, grids[name], medians, path))
    return ZigZag(descents, near, orders, drawn)


def _needed(points: Array, wanted: Array, near: float) -> list[float]:
    """In how many steps each run comes within ``near`` of the distance of its start."""
    far = np.linalg.norm(points - wanted, axis=2)
    return [first_step(one < near * one[0]) for one in far.T]


def _runs(x: Array, wanted: Array, start: Array, rate: float, orders: int, steps: int) -> Array:
    """Descend on ½δ², δ = w·x − wanted·x, one example a step: points (steps+1, orders, 2)."""
    rng = np.random.default_rng(4)
    points = np.empty((steps + 1, orders, 2))
    points[0] = start
    for n in range(steps):
        rows = x[rng.integers(len(x), size=orders)]
        delta = ((points[n] - wanted) * rows).sum(axis=1)
        points[n + 1] = points[n] - rate * delta[:, np.newaxis] * rows
    return points


@zig_zag.draws
def _(data: ZigZag, width: float) -> matplotlib.figure.Figure:
    drawn, panels = style.panels(width, 2, page=3.6, column=6.9)
    window = np.array([[-3.1, 1.9], [-2.3, 2.2]])
    for panel, descent, color in zip(panels, data.descents, (BROKEN, HEALTHY), strict=True):
        highest = float(descent.loss.value(window[:, 1]))
        levels = [share * highest for share in (0.004, 0.02, 0.06, 0.13, 0.25, 0.45, 0.75)]
        style.contours(panel, descent.loss, window, levels)
        _quadrants(panel, descent)
        look: dict[str, Any] = {"ms": 3.8, "mec": style.PAPER, "mew": 0.4, "lw": 1.5, "zorder": 5}
        marker = "s-" if descent is data.descents[0] else "o-"
        panel.plot(*descent.points.T, marker, color=color, **look)
        style.start_mark(panel, *descent.points[0])
        style.minimum_mark(panel, *descent.loss.centre)
        panel.set(xlabel="weight w₁", xticks=[-2, 0], yticks=[-2, 0, 2], aspect="equal")
        name = "Raw inputs, all positive" if descent.name == "raw" else "Centred inputs"
        panel.set_title(f"{name}, η = {descent.rate:g}", color=color)
        style.subtitle(
            panel,
            f"{descent.steps:.0f} steps until {100 * data.near:.0f} % of the way is left",
            color,
        )
        kappa = descent.conditioning.condition_number
        words = f"κ = {kappa:.0f}; after {data.drawn} steps\n{100 * descent.left:.0f} % left"
        style.label(panel, words, (window[0, 1], window[1, 0]), (-4, 4), halo=True)
        if panel is panels[0] or style.is_column(width):
            panel.set_ylabel("weight w₂")
    return drawn


def _quadrants(panel: Axes, descent: Descent) -> None:
    """Round the start, the directions in which single examples move the weights, and how many."""
    (x, y), reach = descent.points[0], 1.0
    shares = descent.same_sign, 1 - descent.same_sign
    corners = ((x, y), (x - reach, y - reach)), ((x, y - reach), (x - reach, y))
    shade: dict[str, Any] = {"fc": (*to_rgb(style.HIGHLIGHT), 0.6), "zorder": 2}
    shade |= {"ec": style.INK, "lw": 0.9}  # in grey the shade is hardly seen
    for share, (one, other), side in zip(shares, corners, (-1, 1), strict=True):
        for corner in (one, other):
            if share:
                panel.add_patch(Rectangle(corner, reach, reach, **shade))
        style.label(panel, f"{100 * share:.0f} %", (x - reach, y + side * reach), (3, -side * 3))
    look: dict[str, Any] = {"color": style.MUTED, "lw": 0.8, "zorder": 3}
    panel.plot([x, x], [y - reach, y + reach], **look)
    panel.plot([x - reach, x + reach], [y, y], **look)
