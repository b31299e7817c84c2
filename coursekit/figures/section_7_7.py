"""Figure 7.21: where batch normalization stands, and what it does (Section 7.7)."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes

from coursekit.checks import Array
from coursekit.datasets import digits
from coursekit.figures import diagrams, style
from coursekit.figures.diagrams import FORWARD, number
from coursekit.figures.registry import figure
from coursekit.network import mlp
from coursekit.normalization import BatchNorm
from coursekit.optimizers import SGD
from coursekit.training import train

_RANGE, _BINS = (-6.0, 6.0), 48


@dataclass(frozen=True)
class Unit:
    """One unit over a batch: its numbers at the three stages, and what it has learned."""

    name: str
    before: Array
    normalized: Array
    after: Array
    gamma: float
    beta: float

    @property
    def before_mean(self) -> float:
        """The mean of the pre-activations."""
        return float(self.before.mean())

    @property
    def before_std(self) -> float:
        """Their standard deviation over the batch."""
        return float(self.before.std())

    @property
    def stages(self) -> list[Array]:
        """The pre-activations a, normalized â, and scaled and shifted c."""
        return [self.before, self.normalized, self.after]


@dataclass(frozen=True)
class BatchNormLayer:
    """Units of the hidden layer of a network trained on digits for ``epochs`` epochs.

    ``batch``: how many rows; ``shapes``: of the arrays on the way through the layer.
    """

    epochs: int
    batch: int
    accuracy: float
    shapes: dict[str, tuple[int, ...]]
    units: list[Unit]


@figure(
    "7.21",
    slug="batch-norm-layer",
    caption="Batch normalization stands between the affine map and the activation; it brings every "
    "unit to mean 0 and standard deviation 1 over the batch and then gives it the mean β and the "
    "standard deviation γ that it has learned.",
    alt="A row of boxes: Dense, then a layer in two parts, normalize and scale and shift, then "
    "ReLU. Below, histograms of three units over a batch of {d.batch} digits, in a network trained "
    "for {d.epochs} epochs. Before, their pre-activations differ: means "
    "{d.units[0].before_mean:.1f}, {d.units[1].before_mean:.1f} and {d.units[2].before_mean:.1f}, "
    "standard deviations {d.units[0].before_std:.1f}, {d.units[1].before_std:.1f} and "
    "{d.units[2].before_std:.1f}. Normalized, all three have mean 0 and standard deviation 1. "
    "After γ and β they differ again, by what was learned: means β of {d.units[0].beta:.1f}, "
    "{d.units[1].beta:.1f} and {d.units[2].beta:.1f}, standard deviations γ of "
    "{d.units[0].gamma:.1f}, {d.units[1].gamma:.1f} and {d.units[2].gamma:.1f}.",
)
def batch_norm_layer() -> BatchNormLayer:
    """Train a network with batch normalization on digits and look at three of its units."""
    epochs, batch = 10, 256
    data, rng = digits(), np.random.default_rng(0)
    network = mlp([64, 32, 10], rng, batch_norm=True)
    settings: dict[str, Any] = {"epochs": epochs, "batch_size": 32, "rng": rng, "progress": False}
    train(network, data.x_train, data.y_train, SGD(1.0), **settings)
    _, accuracy = network.evaluate(data.x_test, data.y_test)
    dense, layer = network.layers[:2]
    assert isinstance(layer, BatchNorm)
    plain = deepcopy(layer)
    plain.initialize()  # γ = 1 and β = 0: the normalization alone
    x = data.x_train[:batch]
    a = dense.forward(x, training=True)
    normalized, c = plain.forward(a, training=True), layer.forward(a, training=True)
    mean = a.mean(axis=0)
    chosen = [int(mean.argmin()), int(mean.argmax()), int(layer.beta.argmax())]
    units = [
        Unit(
            f"unit {n + 1}",
            a[:, n],
            normalized[:, n],
            c[:, n],
            float(layer.gamma[n]),
            float(layer.beta[n]),
        )
        for n in chosen
    ]
    shapes = {"x": x.shape, "a": a.shape, "â": normalized.shape, "c": c.shape}
    return BatchNormLayer(epochs, batch, accuracy, shapes, units)


@batch_norm_layer.draws
def _(data: BatchNormLayer, width: float) -> matplotlib.figure.Figure:
    column = style.is_column(width)
    high, step, base = (52.0, 62.0, 34.0) if column else (58.0, 66.0, 36.0)
    top = base + 3 * step + 12
    height = top + 66
    drawn = diagrams.sheet(width, height)
    flow = diagrams.canvas(drawn, 0, top, 72 * width, height - top)
    _flow(flow, column, data.shapes)
    lefts, wide = ((28.0, 100.5, 173.0), 67.0) if column else ((57.0, 205.0, 353.0), 126.0)
    for n, (left, title) in enumerate(zip(lefts, _STAGES, strict=True)):
        for row, unit in enumerate(data.units):
            panel = diagrams.panel(drawn, left, base + (2 - row) * step, wide, high)
            _histogram(panel, unit.stages[n])
            if row == 0:
                panel.set_title(title if not column else title.split(":")[0], loc="center")
            panel.tick_params(labelbottom=row == 2)
            if n == 0:
                panel.set_ylabel(unit.name, fontsize=style.SMALL)
            if n == 2:
                words = f"β = {number(unit.beta, 1)}\nγ = {number(unit.gamma, 1)}"
            else:
                mean, std = round(float(unit.stages[n].mean()), 1), unit.stages[n].std()
                words = f"mean {number(mean, 1)}\nstd {std:.1f}"
            left_free = unit.stages[n].mean() > 0.05  # and not by the last digit of a 0
            at, ha = (_RANGE[0], "left") if left_free else (_RANGE[1], "right")
            offset = (2 if left_free else -2, -1)
            style.label(panel, words, (at, _TOP), offset, ha=ha, color=_COLORS[n], fontsize=7)
            if row == 2 and (n == 1 or not column):
                panel.set_xlabel("value in the batch", labelpad=2)
    return drawn


_STAGES = "before: a", "normalized: â", "after γ, β: c"
_COLORS = style.DOWN, FORWARD, style.UP
_TOP = 75.0  # rows in a bin


def _histogram(panel: Axes, values: Array) -> None:
    counts, edges = np.histogram(values, _BINS, _RANGE)
    panel.stairs(counts, edges, fill=True, color=FORWARD, alpha=0.7)
    panel.axvline(0, ymax=0.62, color=style.MUTED, lw=0.8, zorder=0)
    panel.plot(values.mean(), -0.0, "^", color=style.INK, ms=5, clip_on=False, zorder=6)
    panel.set(xlim=_RANGE, ylim=(0, _TOP), yticks=[], xticks=[-4, 0, 4])
    panel.spines["left"].set_visible(False)


def _flow(axes: Axes, column: bool, shapes: dict[str, tuple[int, ...]]) -> None:
    """The layers in a row, batch normalization as a box with its two steps in it."""
    y = 29.0
    places = (22, 92, 164, 224) if column else (40, 194, 342, 476)
    wides = (34, 48, 38, 32) if column else (44, 58, 50, 44)
    names = ("Dense", "normalize", "γ · + β", "ReLU")
    middle, wide = (places[1] + places[2]) / 2, places[2] - places[1] + wides[1] + 8
    diagrams.box(axes, (middle, y + 7), wide, 50, facecolor=diagrams.ZONE, zorder=1.5)
    diagrams.write(axes, (middle, y + 23), "batch normalization", fontweight="bold")
    for x, width, name in zip(places, wides, names, strict=True):
        diagrams.box(axes, (x, y), width, 22, edgecolor=style.INK)
        diagrams.write(axes, (x, y), name)
    arrows = zip(places, wides, places[1:], wides[1:], "aâc", strict=False)
    for start, left, stop, right, letter in arrows:
        diagrams.edge(axes, (start, y), (stop, y), gaps=(left / 2, right / 2))
        between = (start + left / 2 + stop - right / 2) / 2
        diagrams.write(axes, (between, y + 7), letter, color=FORWARD, fontsize=style.TEXT)
        if not column:
            diagrams.write(axes, (between, y - 8), str(shapes[letter]), color=style.MUTED)
    if not column:
        diagrams.edge(axes, (2, y), (places[0], y), gaps=(0, wides[0] / 2))
        diagrams.write(axes, (8, y + 7), "x", color=FORWARD, fontsize=style.TEXT)
