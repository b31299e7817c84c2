"""Figures 7.15 and 7.18: activations whose shape is learned (Section 7.4)."""

from collections.abc import Callable
from dataclasses import dataclass

import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes

from coursekit.activations import relu
from coursekit.checks import Array
from coursekit.datasets import digits
from coursekit.figures import style
from coursekit.figures.diagrams import FORWARD
from coursekit.figures.registry import figure
from coursekit.layers import Dense, Maxout, PReLU
from coursekit.losses import mean_squared_error
from coursekit.network import Network
from coursekit.optimizers import Adam, Momentum
from coursekit.training import train

# ---------------------------------------------------------------- Figure 7.15


@dataclass(frozen=True)
class Prelu:
    """A layer of PReLUs before and after training on digits.

    ``before``, ``after``: β of each unit; ``z_before``, ``z_after``: (a, units), what the layer
    gives; ``accuracy``: on the test data.
    """

    epochs: int
    start: float
    before: Array
    after: Array
    a: Array
    z_before: Array
    z_after: Array
    accuracy: float

    @property
    def lowest(self) -> float:
        """The smallest learned β."""
        return float(self.after.min())

    @property
    def highest(self) -> float:
        """The largest learned β."""
        return float(self.after.max())

    @property
    def above_one(self) -> int:
        """How many units have learned a β above 1."""
        return int((self.after > 1).sum())


@figure(
    "7.15",
    slug="prelu",
    caption="All units of a PReLU layer start with the same slope β for negative pre-activations, "
    "and training on digits gives each of them a slope of its own.",
    alt="A hidden layer of {d.after.size} PReLU units, trained on handwritten digits for "
    "{d.epochs} epochs, which brings {d.accuracy:.0%} of the test digits into their class. Before "
    "training all units are one function, with slope β = {d.start:g} for negative pre-activations "
    "and 1 for positive ones. After it they are a fan of {d.after.size} lines left of zero. Beside "
    "them the learned β, sorted, from {d.lowest:.2f} to {d.highest:.2f}: {d.above_one} of them "
    "are above 1, where the kink is turned the other way round.",
)
def prelu() -> Prelu:
    """Train a network with one layer of PReLUs on digits."""
    epochs, start, units = 20, 0.25, 24
    data, rng = digits(), np.random.default_rng(0)
    layer = PReLU(units, start)
    network = Network([Dense(64, units), layer, Dense(units, 10)], rng)
    a = np.linspace(-2, 1, 31)
    rows = np.repeat(a[:, np.newaxis], units, axis=1)
    before, z_before = layer.beta.copy(), layer.forward(rows)
    train(
        network,
        data.x_train,
        data.y_train,
        Adam(0.003),
        epochs=epochs,
        batch_size=32,
        rng=rng,
        progress=False,
    )
    _, accuracy = network.evaluate(data.x_test, data.y_test)
    after, z_after = layer.beta.copy(), layer.forward(rows)
    return Prelu(epochs, start, before, after, a, z_before, z_after, accuracy)


@prelu.draws
def _(data: Prelu, width: float) -> matplotlib.figure.Figure:
    column = style.is_column(width)
    drawn = matplotlib.figure.Figure(figsize=(width, 4.7 if column else 2.7), layout="constrained")
    axes = drawn.subplot_mosaic("ab;cc" if column else "abc")
    count = data.after.size
    for name, z, beta in (("a", data.z_before, data.before), ("b", data.z_after, data.after)):
        panel = axes[name]
        panel.axhline(0, color=style.GRID, lw=0.8, zorder=0)
        panel.axvline(0, color=style.GRID, lw=0.8, zorder=0)
        for n in range(count):
            color = style.INK if beta[n] > 1 else FORWARD
            panel.plot(data.a, z[:, n], color=color, lw=0.9, alpha=0.75)
        right = data.a > -1e-9
        panel.plot(data.a[right], z[right, 0], color=FORWARD, lw=2.2)
        panel.set(xlim=(-2, 1), ylim=(-2.6, 1.1), xticks=[-2, -1, 0, 1], yticks=[-2, -1, 0, 1])
        panel.set(xlabel="pre-activation a")
    first = axes["a"]
    first.plot(data.a, data.z_before[:, 0], color=FORWARD, lw=2.2)
    first.set(ylabel="output z", title="Before")
    style.subtitle(first, f"all {count}: β = {data.start:g}")
    axes["b"].set_title("After")
    axes["b"].tick_params(labelleft=False)
    style.subtitle(axes["b"], f"{count} slopes")
    _betas(axes["c"], data)
    return drawn


def _betas(axes: Axes, data: Prelu) -> None:
    """Each unit's β, from where it started to where it is."""
    axes.set_title("Learned β of each unit")
    style.subtitle(axes, f"sorted; {data.above_one} above 1", style.MUTED)
    axes.axhline(data.start, color=style.MUTED, lw=1, linestyle=(0, (3, 2)))
    axes.axhline(1, color=style.GRID, lw=0.8, zorder=0)
    for n, beta in enumerate(np.sort(data.after)):
        color, marker = (style.INK, "s") if beta > 1 else (FORWARD, "o")
        axes.plot([n, n], [data.start, beta], color=style.PALE, lw=1.1, zorder=1)
        axes.plot(n, beta, marker, color=color, ms=4, mec=style.PAPER, mew=0.4)
    style.label(
        axes,
        f"start: {data.start:g}",
        (data.after.size, data.start),
        (0, -2),
        color=style.MUTED,
        ha="right",
    )
    axes.set(
        xlim=(-1, data.after.size), ylim=(0, 1.1 * data.highest), xticks=[], yticks=[0, 0.5, 1]
    )
    axes.set(xlabel="unit", ylabel="β")


# ---------------------------------------------------------------- Figure 7.18

_ROUNDING = 1e-9  # an error below is that of float64


@dataclass(frozen=True)
class Fit:
    """A Maxout unit fitted to a function; ``lines``: (k, 2), slope and intercept by slope.

    ``errors``: the largest error of each start; the fit is that of the smallest loss. ``least``:
    the smallest possible largest error of k lines.
    """

    name: str
    x: Array
    wanted: Array
    given: Array
    lines: Array
    errors: Array
    error: float
    least: float

    @property
    def pieces(self) -> int:
        """How many lines there are."""
        return len(self.lines)

    @property
    def told(self) -> str:
        """The largest error in print."""
        return f"{self.error:.3f}" if self.error > _ROUNDING else "below 10⁻⁹"


@dataclass(frozen=True)
class MaxoutSynthesis:
    """Three functions fitted by training; each from as many ``starts``, in ``steps`` steps."""

    starts: int
    steps: int
    fits: list[Fit]


@figure(
    "7.18",
    slug="maxout-synthesis",
    caption="The best of twelve trained Maxout units finds the rectifier and the absolute value "
    "exactly with two lines, and a parabola nearly with five.",
    alt="Three functions over −1 to 1, each with the lines of a Maxout unit and their maximum, "
    "fitted by training for {d.steps} steps of gradient descent with momentum, the best of "
    "{d.starts} starts. Left, max(0, x) by k = {d.fits[0].pieces} lines, with slopes "
    "{d.fits[0].lines[0][0]:.2f} and {d.fits[0].lines[1][0]:.2f}: largest error "
    "{d.fits[0].told}. Middle, the absolute value by k = {d.fits[1].pieces} lines "
    "with slopes {d.fits[1].lines[0][0]:.2f} and {d.fits[1].lines[1][0]:.2f}: "
    "{d.fits[1].told}. Right, x² by k = {d.fits[2].pieces} lines: largest error "
    "{d.fits[2].told}, where {d.fits[2].least:.3f} is the smallest possible.",
)
def maxout_synthesis() -> MaxoutSynthesis:
    """Fit three convex functions by Maxout units, least squares, several starts at a time."""
    starts, steps = 12, 1600
    fits = [
        _fit("max(0, x)", relu, 2, 0.0, starts, steps),
        _fit("|x|", np.abs, 2, 0.0, starts, steps),
        _fit("x²", np.square, 5, 1 / (2 * 5**2), starts, steps),
    ]
    return MaxoutSynthesis(starts, steps, fits)


def _fit(
    name: str, function: Callable[[Array], Array], k: int, least: float, starts: int, steps: int
) -> Fit:
    """Train a layer in which every unit is a start of its own, and keep the unit that fits best.

    Each line starts as a tangent of x²: so none is idle, as most would be if all biases were 0.
    """
    rng = np.random.default_rng(0)
    layer = Maxout(1, starts, pieces=k)
    network = Network([layer], rng, mean_squared_error)
    layer.bias = -(layer.weights[0] ** 2) / 4
    x = np.linspace(-1, 1, 201)[:, np.newaxis]
    wanted = np.repeat(function(x), starts, axis=1)
    # The loss is a mean over the units: the rate makes up for it.
    optimizer = Momentum(0.1 * starts, 0.9)
    train(network, x, wanted, optimizer, epochs=steps, batch_size=len(x), rng=rng, progress=False)
    best = int(((network.forward(x) - wanted) ** 2).mean(axis=0).argmin())
    fine = np.linspace(-1, 1, 2001)[:, np.newaxis]
    given, exact = network.forward(fine), function(fine)
    errors = np.abs(given - exact).max(axis=0)
    lines = np.column_stack([layer.weights[0, best], layer.bias[best]])
    lines = lines[np.argsort(lines[:, 0])]
    lines = np.where(np.abs(lines) < 1e-9, 0.0, lines)
    return Fit(
        name, fine[:, 0], exact[:, 0], given[:, best], lines, errors, float(errors[best]), least
    )


@maxout_synthesis.draws
def _(data: MaxoutSynthesis, width: float) -> matplotlib.figure.Figure:
    drawn, panels = style.panels(width, 3, page=2.75, column=7.0)
    column = style.is_column(width)
    for panel, fit in zip(panels, data.fits, strict=True):
        _fitted(panel, fit)
        panel.set_title(f"{fit.name} by k = {fit.pieces}")
        style.subtitle(panel, f"max error {fit.told}", style.UP)
        if column or panel is panels[0]:
            panel.set_ylabel("output z")
        else:
            panel.tick_params(labelleft=False)
        if not column or panel is panels[-1]:
            panel.set_xlabel("input x")
    style.label(panels[0], "largest line", (0.55, 0.55), (-6, 3), strong=FORWARD)
    style.label(panels[0], "the function", (-0.55, 0), (0, 6), color=style.MUTED)
    style.label(panels[0], "a line", (0.6, 0), (0, -4), color=style.MUTED)
    words = f"least possible with\n{data.fits[-1].pieces} lines: {data.fits[-1].least:.3f}"
    style.label(panels[-1], words, (0, 0.85), (0, 0))
    return drawn


def _fitted(axes: Axes, fit: Fit) -> None:
    """The function broad and pale, the lines thin, the largest of them on top, and the kinks."""
    axes.plot(fit.x[::20], fit.wanted[::20], color=style.PALE, lw=5.5, zorder=1)
    ends = np.array([-1.15, 1.15])
    for slope, intercept in fit.lines:
        axes.plot(ends, slope * ends + intercept, color="#8A929B", lw=0.8, zorder=2)
    slopes, intercepts = fit.lines.T
    kinks = -np.diff(intercepts) / np.diff(slopes)
    corners = np.concatenate([[-1], kinks, [1]])
    heights = np.interp(corners, fit.x, fit.given)
    axes.plot(corners, heights, color=FORWARD, lw=1.8, zorder=3)
    axes.plot(corners[1:-1], heights[1:-1], "o", color=FORWARD, ms=4.5, zorder=5)
    axes.axhline(0, color=style.GRID, lw=0.8, zorder=0)
    axes.set(xlim=(-1.08, 1.08), ylim=(-0.33, 1.12), xticks=[-1, 0, 1], yticks=[0, 0.5, 1])
