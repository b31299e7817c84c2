"""Figures 7.1 to 7.3: slope, learning rate and the narrow valley (Section 7.1)."""

import math
from dataclasses import dataclass
from itertools import pairwise

import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes

from coursekit.checks import Array
from coursekit.descent import Trajectory, best_on_quadratic, first_step, minimize
from coursekit.figures import style
from coursekit.figures.registry import figure
from coursekit.objectives import Objective, Quadratic, bowl, valley
from coursekit.optimizers import SGD, Momentum

WEIGHT, LOSS = "weight w", "loss L"
PLAIN = style.METHODS["SGD"]


def _curve(objective: Objective, low: float, high: float) -> tuple[Array, Array]:
    w = np.linspace(low, high, 301)
    return w, objective.value(w[:, np.newaxis])


# ---------------------------------------------------------------- Figure 7.1


@dataclass(frozen=True)
class GradientDescent:
    """Two runs on one bowl, from the left and from the right; arrays of shape (steps+1, 2)."""

    objective: Quadratic
    learning_rate: float
    points: Array
    values: Array
    slopes: Array
    steps: int

    @property
    def ends(self) -> Array:
        """Where the two runs stand after the last step."""
        return self.points[-1]


@figure(
    "7.1",
    slug="gradient-descent",
    caption="Each step goes against the slope, so that a start on either side of the minimum "
    "moves towards it, in steps that shrink as the slope does.",
    alt="A bowl-shaped loss over one weight w, with its minimum at w = 0. From the left start, "
    "w = {d.points[0][0]:.1f}, where the slope is {d.slopes[0][0]:.1f}, w grows; from the right "
    "start, w = {d.points[0][1]:.1f}, where the slope is +{d.slopes[0][1]:.1f}, w falls. After "
    "{d.steps} steps of learning rate {d.learning_rate:g} they have reached "
    "{d.ends[0]:.2f} and {d.ends[1]:.2f}.",
)
def gradient_descent() -> GradientDescent:
    """Run plain descent from both sides of a bowl's minimum."""
    objective, rate, steps = bowl(1.0), 0.3, 6
    run = minimize(objective, [[-3.2], [2.6]], SGD(rate), steps)
    slopes = objective.gradient(run.points)
    return GradientDescent(objective, rate, run.points[..., 0], run.values, slopes[..., 0], steps)


@gradient_descent.draws
def _(data: GradientDescent, width: float) -> matplotlib.figure.Figure:
    drawn, (axes,) = style.panels(width, 1, page=3.1, column=2.9)
    axes.plot(*_curve(data.objective, -3.75, 3.75), color=style.PALE, lw=3)
    axes.axhline(0, color=style.GRID, lw=0.8, zorder=0)
    runs = zip(data.points.T, data.values.T, data.slopes.T, strict=True)
    for (w, loss, slope), side in zip(runs, (1, -1), strict=True):
        color = style.UP if slope[0] > 0 else style.DOWN
        tangent = w[0] + np.array([-1.1, 1.1]) / math.hypot(1, 0.6 * slope[0])
        axes.plot(tangent, loss[0] + slope[0] * (tangent - w[0]), color=color, zorder=4)
        axes.vlines(w, -0.6, loss, color=PLAIN.color, lw=0.7, linestyle=":", zorder=1)
        axes.plot(w, loss, PLAIN.marker, color=PLAIN.color, ms=4.5, mec=style.PAPER, zorder=5)
        style.start_mark(axes, w[0], loss[0], markeredgecolor=PLAIN.color)
        for before, after in pairwise(w):
            axes.annotate("", (after, -0.6), (before, -0.6), arrowprops=_ARROW)
        sign, moves = (">", "falls") if slope[0] > 0 else ("<", "grows")
        words = f"slope {slope[0]:+.1f} {sign} 0,\nso w {moves}".replace("-", "−")
        style.label(axes, words, (w[0], loss[0]), (10 * side, 0), strong=color)
    style.minimum_mark(axes, float(data.objective.minima[0, 0]), 0.0)
    style.label(axes, "minimum:\nslope 0", (0, 0), (0, 12))
    settings = f"learning rate η = {data.learning_rate:g},\n{data.steps} steps from each side"
    style.label(axes, settings, (0, 7.3), (0, -1))
    style.label(axes, "each step is −η × slope", (0, -0.7), (0, -4), color=PLAIN.words)
    axes.set(xlim=(-4.1, 4.1), ylim=(-1.6, 7.4), xlabel=WEIGHT, ylabel=LOSS, yticks=[0, 2, 4, 6])
    return drawn


_ARROW = {
    "arrowstyle": "-|>,head_width=0.16,head_length=0.32",
    "color": PLAIN.color,
    "shrinkA": 0,
    "shrinkB": 0,
    "lw": 1.3,
}


# ---------------------------------------------------------------- Figure 7.2


@dataclass(frozen=True)
class Regime:
    """One learning rate on the bowl: its run, and the steps it needs (inf if it never arrives)."""

    name: str
    learning_rate: float
    run: Trajectory
    steps: float


@dataclass(frozen=True)
class LearningRate:
    """Three rates on one bowl of curvature λ, and the bounds 1/λ and 2/λ between the regimes."""

    objective: Quadratic
    curvature: float
    start: float
    tolerance: float
    regimes: list[Regime]
    exact_steps: float
    growth: float

    @property
    def bounds(self) -> tuple[float, float]:
        """The rates 1/λ and 2/λ."""
        return 1 / self.curvature, 2 / self.curvature


@figure(
    "7.2",
    slug="learning-rate",
    caption="On a bowl of curvature λ a small learning rate creeps, one between 1/λ and 2/λ "
    "jumps from side to side and still arrives, and one above 2/λ is thrown out.",
    alt="The same bowl three times, always from the start w = {d.start:g}. With learning rate "
    "{d.regimes[0].learning_rate:g}, below 1/λ = {d.bounds[0]:g}, w creeps down one side and needs "
    "{d.regimes[0].steps} steps to come within {d.tolerance:g} of the minimum. With "
    "{d.regimes[1].learning_rate:g}, between 1/λ and 2/λ = {d.bounds[1]:g}, it jumps across the "
    "minimum at every step and needs {d.regimes[1].steps}. With {d.regimes[2].learning_rate:g}, "
    "above 2/λ, every jump is {d.growth:.2f} times as long as the last and w never arrives. "
    "A rate of exactly 1/λ needs {d.exact_steps} step.",
)
def learning_rate() -> LearningRate:
    """Run one small, one large and one too large rate on the same bowl."""
    objective, start, tolerance = bowl(1.0), -2.0, 1e-3
    regimes = []
    rates = {"too small": 0.1, "too large": 1.8, "diverges": 2.15}
    for name, rate in rates.items():
        run = minimize(objective, [start], SGD(rate), 200)
        regimes.append(Regime(name, rate, run, _arrival(run, tolerance)))
    curvature = float(objective.curvatures[0])
    exact = _arrival(minimize(objective, [start], SGD(1 / curvature), 10), tolerance)
    jumps = np.abs(np.diff(regimes[-1].run.points[:, 0]))
    growth = jumps[1] / jumps[0]
    return LearningRate(objective, curvature, start, tolerance, regimes, exact, growth)


def _arrival(run: Trajectory, tolerance: float) -> float:
    return first_step(np.abs(run.points[:, 0]) < tolerance)


@learning_rate.draws
def _(data: LearningRate, width: float) -> matplotlib.figure.Figure:
    column = style.is_column(width)
    drawn = matplotlib.figure.Figure(figsize=(width, 7.6 if column else 3.5), layout="constrained")
    mosaic, shares = ("r;a;b;c", [0.5, 1, 1, 1]) if column else ("rrr;abc", [0.36, 1])
    axes = drawn.subplot_mosaic(mosaic, height_ratios=shares)
    _rate_ruler(axes["r"], data)
    w, loss = _curve(data.objective, -3.7, 3.7)
    for letter, regime in zip("abc", data.regimes, strict=True):
        panel = axes[letter]
        panel.plot(w, loss, color=style.PALE, lw=3)
        inside = np.abs(regime.run.points[:, 0]) < 4.5
        points = np.column_stack([regime.run.points[inside, 0], regime.run.values[inside]])
        style.path(panel, points, PLAIN, clip_on=True)
        style.start_mark(panel, *points[0], markeredgecolor=PLAIN.color)
        style.minimum_mark(panel, 0, 0)
        panel.set(xlim=(-3.9, 3.9), ylim=(-1.2, 7.0), xlabel=WEIGHT, xticks=[-2, 0, 2])
        panel.set_title(f"{letter}  η = {regime.learning_rate:g}: {regime.name}")
        if math.isfinite(regime.steps):
            words = f"{regime.steps} steps to |w − w*| < {data.tolerance:g}"
        else:
            words = f"never arrives, each jump ×{data.growth:.2f}"
        style.subtitle(panel, words, PLAIN.words)
        style.label(panel, "w*", (0, 0), (0, -7))
        if column or letter == "a":
            panel.set_ylabel(LOSS)
        else:
            panel.tick_params(labelleft=False)
    return drawn


def _rate_ruler(axes: Axes, data: LearningRate) -> None:
    """A line of learning rates with the three regimes, and where the three runs stand on it."""
    one, two = data.bounds
    end = 1.3 * two
    zones = [(0, one, "one side"), (one, two, "side to side"), (two, end, "diverges")]
    for (low, high, name), shade in zip(zones, ("#E9EDF1", "#D5DDE5", "#B9C5D1"), strict=True):
        axes.axvspan(low, high, 0, 0.42, color=shade, lw=0)
        axes.text((low + high) / 2, 0.2, name, fontsize=style.SMALL, ha="center", va="center")
    for letter, regime in zip("abc", data.regimes, strict=True):
        axes.plot(regime.learning_rate, 0.58, "v", color=PLAIN.color, ms=6)
        axes.text(
            regime.learning_rate,
            0.72,
            letter,
            ha="center",
            va="bottom",
            fontweight="bold",
            color=PLAIN.color,
        )
    axes.set(xlim=(0, end), ylim=(0, 1.05), yticks=[])
    axes.plot(one, 0.58, "v", mfc=style.PAPER, mec=PLAIN.color, ms=6)
    axes.text(one, 0.74, f"{data.exact_steps} step", ha="center", fontsize=style.SMALL)
    axes.set_xticks([0, one, two], ["0", f"1/λ = {one:g}", f"2/λ = {two:g}"])
    axes.set_xlabel("learning rate η", labelpad=2)
    axes.spines["left"].set_visible(False)


# ---------------------------------------------------------------- Figure 7.3


@dataclass(frozen=True)
class NarrowValley:
    """Two methods in one valley, each at its best rate; ``left``: distance to the minimum."""

    objective: Quadratic
    condition_number: float
    steps: int
    plain: SGD
    momentum: Momentum
    runs: dict[str, Trajectory]
    start: float
    left: dict[str, float]


@figure(
    "7.3",
    slug="narrow-valley",
    caption="In a narrow valley plain descent bounces between the walls and creeps along the "
    "floor, while momentum swings wider at first but is soon at the minimum (each at its best "
    "rate).",
    alt="Contours of a valley {d.condition_number:g} times as steep across as along, twice, with "
    "{d.steps} steps from the same start at distance {d.start:.1f} from the minimum. Left, plain "
    "descent zig-zags between the walls and is still {d.left[SGD]:.2f} away. Right, momentum "
    "makes a few wide swings, damped quickly, and ends {d.left[Momentum]:.3f} away. Each method "
    "has its best rate.",
)
def narrow_valley() -> NarrowValley:
    """Run both methods for as many steps, each at the best rate for this valley (Polyak, 1964)."""
    objective, start, steps = valley(25.0), [-4.0, 0.6], 20
    curvatures = objective.curvatures.min(), objective.curvatures.max()
    plain, momentum = (best_on_quadratic(method, *curvatures) for method in (SGD, Momentum))
    runs = {
        "SGD": minimize(objective, start, plain, steps),
        "Momentum": minimize(objective, start, momentum, steps),
    }
    left = {name: float(np.linalg.norm(run.points[-1])) for name, run in runs.items()}
    kappa = objective.condition_number
    distance = float(np.linalg.norm(start))
    return NarrowValley(objective, kappa, steps, plain, momentum, runs, distance, left)


@narrow_valley.draws
def _(data: NarrowValley, width: float) -> matplotlib.figure.Figure:
    drawn, panels = style.panels(width, 2, page=2.3, column=4.4)
    window = np.array([[-4.7, 1.2], [-1.45, 1.45]])
    levels = [0.02, 0.12, 0.4, 1.0, 2.0, 3.6, 6.0, 9.5, 14.5, 21.0]
    settings = {
        "SGD": f"Plain descent, η = {data.plain.learning_rate:.3f}",
        "Momentum": f"Momentum, η = {data.momentum.learning_rate:.3f}, "
        f"ρ = {data.momentum.momentum:.2f}",
    }
    for panel, (name, run) in zip(panels, data.runs.items(), strict=True):
        style.contours(panel, data.objective, window, levels)
        style.path(panel, run.points, style.METHODS[name])
        style.start_mark(panel, *run.points[0])
        style.minimum_mark(panel, 0, 0)
        panel.set_title(settings[name])
        panel.set(aspect="equal", xlabel="shallow weight w₁", ylabel="steep weight w₂")
        panel.set_yticks([-1, 0, 1])
        words = f"after {data.steps} steps, {data.left[name]:.2g} from the minimum"
        style.subtitle(panel, words, style.METHODS[name].words)
    style.label(panels[0], "start", tuple(data.runs["SGD"].points[0]), (0, 5), halo=True)
    style.label(panels[0], "minimum", (0, 0), (0, -7), halo=True)
    kappa = f"condition number κ = {data.condition_number:g}"
    style.label(panels[0], kappa, tuple(window[:, 0]), (4, 3), halo=True)
    return drawn
