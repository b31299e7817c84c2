"""Figures 7.23 and 7.24: activations by layer, vanishing and healthy (Section 7.8)."""

from dataclasses import dataclass
from typing import Any

import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes

from coursekit.checks import Array
from coursekit.datasets import digits
from coursekit.diagnostics import layer_signals
from coursekit.figures import diagrams, style
from coursekit.figures.diagrams import BACKWARD, FORWARD
from coursekit.figures.registry import figure
from coursekit.initializers import Initializer, he_normal, normal
from coursekit.network import mlp
from coursekit.preprocessing import Standardize

DEPTH, WIDTH = 10, 100
_RANGE, _BINS = (-1.05, 2.55), 36  # of the histograms: 0 and 0.5 are the middles of bins
_ROUNDING = 3e-14  # a standard deviation below is that of rounding errors of numbers about 0.5


@dataclass(frozen=True)
class Depth:
    """The activations of each layer of one network at its start, over the digits.

    ``mean``, ``std``: of all numbers of a layer. ``over_data``: the standard deviation over the
    rows, of the units one by one: the root of their mean variance. ``shares``: (layers, bins), the
    share of a layer's numbers between two ``edges``.
    """

    activation: str
    weights: str
    mean: Array
    std: Array
    over_data: Array
    shares: Array
    edges: Array

    @property
    def last_layer(self) -> int:
        """The last layer whose spread over the data is more than rounding errors."""
        return int((self.over_data > _ROUNDING).sum())

    @property
    def last(self) -> float:
        """The spread over the data in that layer."""
        return float(self.over_data[self.last_layer - 1])

    @property
    def division(self) -> float:
        """By what a layer divides the spread over the data: the geometric mean over the layers."""
        return float((self.over_data[0] / self.last) ** (1 / (self.last_layer - 1)))

    @property
    def told(self) -> str:
        """The last spread in print, as a power of ten if it is small."""
        if self.last > 0.001:
            return f"{self.last:.1f}"
        return "10" + str(round(np.log10(self.last))).translate(_SUPERSCRIPT)

    @property
    def at_zero(self) -> Array:
        """The share of a layer's numbers in the bin about 0."""
        share: Array = self.shares[:, np.searchsorted(self.edges, 0) - 1]
        return share


_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _depth(activation: str, initializer: Initializer) -> Depth:
    x = Standardize().fit_transform(digits().x_train)
    sizes = [x.shape[1], *[WIDTH] * DEPTH, 10]
    network = mlp(sizes, np.random.default_rng(0), activation, initializer)
    signals = [one.outputs for one in layer_signals(network, x) if one.role == "activation"]
    edges = np.linspace(*_RANGE, _BINS + 1)
    return Depth(
        activation,
        repr(initializer),
        np.array([z.mean() for z in signals]),
        np.array([z.std() for z in signals]),
        np.array([np.sqrt(z.var(axis=0).mean()) for z in signals]),
        np.array([np.histogram(z, edges)[0] / z.size for z in signals]),
        edges,
    )


# ---------------------------------------------------------------- Figure 7.23


@dataclass(frozen=True)
class Vanishing:
    """Sigmoid and tanh from weights of standard deviation ``std``, and of its root ``other``."""

    std: float
    small: list[Depth]
    other: float
    large: list[Depth]


@figure(
    "7.23",
    slug="activations-vanishing",
    caption="With normal weights of standard deviation 1/100 the activations of ten layers are "
    "soon almost the same for every digit, 0 with tanh but about ½ with the sigmoid.",
    alt="Ten layers of 100 units at their start, over the standardized digits, weights of standard "
    "deviation {d.std:g}. Above, sigmoid: the histogram of layer 1 is a hump about 0.5, all others "
    "are a spike there; the mean in layer 10 is {d.small[0].mean[9]:.2f}. On a logarithmic axis "
    "the standard deviation of all activations stays near {d.small[0].std[9]:.2f}, since the units "
    "differ, but over the data it is divided by {d.small[0].division:.0f} a layer, from "
    "{d.small[0].over_data[0]:.2f} in layer 1 to {d.small[0].told} in layer "
    "{d.small[0].last_layer}, below which only rounding is left. Below, tanh: a hump about 0, then "
    "spikes at 0; the standard deviation is divided by {d.small[1].division:.0f} a layer, from "
    "{d.small[1].over_data[0]:.2f} to {d.small[1].told}. A dotted line, for weights of variance "
    "{d.std:g}, standard deviation {d.other:g}, ends at {d.large[0].told} with the sigmoid and at "
    "{d.large[1].told} with tanh.",
)
def activations_vanishing() -> Vanishing:
    """Send the digits through ten layers of sigmoid and tanh units with small weights."""
    std, other = 0.01, 0.1
    names = "sigmoid", "tanh"
    small = [_depth(name, normal(std)) for name in names]
    return Vanishing(std, small, other, [_depth(name, normal(other)) for name in names])


@activations_vanishing.draws
def _(data: Vanishing, width: float) -> matplotlib.figure.Figure:
    drawn, rows = _sheet(width, 2)
    for (spread, std), small, large in zip(rows, data.small, data.large, strict=True):
        _histograms(spread, small)
        _deviations(std, small)
        std.plot(_LAYERS, large.over_data, ":", color=style.MUTED, lw=1.3)
        spread.set_title(f"{small.activation.capitalize()}, weights of std {data.std:g}")
        mean = diagrams.number(round(float(small.mean[-1]), 1), 1)
        style.subtitle(spread, f"mean ◆: {mean} in layer {DEPTH}", BACKWARD)
        words = f"÷{small.division:.0f} a layer"
        at = (5, float(small.over_data[4]))
        style.label(std, words, at, (-8, 1), strong=FORWARD, va="top")
        style.label(std, "rounding errors", (1, 1e-15), (-4, 2), color=style.MUTED, ha="left")
        words = f"weights of\nvariance {data.other**2:g}"
        at = DEPTH, float(large.over_data[-1])
        style.label(std, words, at, (6, -5), ha="right", color=style.MUTED)
        style.subtitle(std, "● over the digits, ■ of all numbers")
    style.label(rows[0][0], _BARS, (DEPTH + 1, _RANGE[0]), (-1, 2), color=style.MUTED)
    return drawn


# ---------------------------------------------------------------- Figure 7.24


@dataclass(frozen=True)
class Healthy:
    """Rectifiers, He's weights; ``before``: the networks of Figure 7.23."""

    depth: Depth
    before: list[Depth]


@figure(
    "7.24",
    slug="activations-healthy",
    caption="With rectifiers, He's weights and standardized inputs the same ten layers keep their "
    "spread, over the units and over the digits.",
    alt="The same plot on the same axes as Figure 7.23, for ten layers of 100 rectified units. In "
    "each of the ten histograms about half of the activations, {d.depth.at_zero[0]:.0%} in layer 1 "
    "and {d.depth.at_zero[9]:.0%} in layer 10, are in the bin about 0, the others in a tail that "
    "reaches beyond 2 in every layer. The mean is {d.depth.mean[0]:.2f} in layer 1 and "
    "{d.depth.mean[9]:.2f} in layer 10. On the logarithmic axis both standard deviations are "
    "almost level: of all activations from {d.depth.std[0]:.2f} to {d.depth.std[9]:.2f}, over the "
    "digits from {d.depth.over_data[0]:.2f} to {d.depth.over_data[9]:.2f}. Beside them, pale, "
    "those of Figure 7.23 fall to {d.before[0].told} with the sigmoid in layer "
    "{d.before[0].last_layer} and to {d.before[1].told} with tanh.",
)
def activations_healthy() -> Healthy:
    """Send the standardized digits through ten layers of rectifiers with He's weights."""
    return Healthy(_depth("relu", he_normal), activations_vanishing.data().small)


@activations_healthy.draws
def _(data: Healthy, width: float) -> matplotlib.figure.Figure:
    drawn, ((spread, std),) = _sheet(width, 1)
    depth = data.depth
    for before in data.before:
        until = before.last_layer
        std.plot(_LAYERS[:until], before.over_data[:until], "-", color=style.PALE, lw=1.3)
        at, offset = (6, float(before.over_data[5])), (-5, -4) if until < DEPTH else (6, 3)
        words = f"{before.activation}\n(Figure 7.23)"
        style.label(std, words, at, offset, color=style.MUTED)
    _histograms(spread, depth)
    _deviations(std, depth)
    first, last = depth.over_data[[0, -1]]
    style.subtitle(std, f"● over the digits: {first:.2f} to {last:.2f}, ■ of all")
    style.label(spread, _BARS, (DEPTH + 1, _RANGE[0]), (-1, 2), color=style.MUTED)
    spread.set_title("ReLU, He's weights, standardized inputs")
    words = f"mean ◆: {depth.mean[0]:.2f} in layer 1, {depth.mean[-1]:.2f} in layer {DEPTH}"
    style.subtitle(spread, words, BACKWARD)
    return drawn


# ---------------------------------------------------------------- both

_LAYERS = np.arange(1, DEPTH + 1)
_BARS = "length of a bar: root of the share"
_MEAN: dict[str, Any] = {"marker": "D", "ms": 3.6, "mec": style.PAPER, "mew": 0.5, "zorder": 5}


def _sheet(width: float, rows: int) -> tuple[matplotlib.figure.Figure, list[tuple[Axes, Axes]]]:
    """A row of two panels for each network; in a column they stand below each other."""
    stacked = style.is_column(width)
    height = (4.2 if stacked else 2.45) * rows + 0.1
    drawn = matplotlib.figure.Figure(figsize=(width, height), layout="constrained")
    shape = (2 * rows, 1) if stacked else (rows, 2)
    ratios = {"height_ratios": [1, 1] * rows} if stacked else {"width_ratios": [1.35, 1]}
    axes = drawn.subplots(*shape, squeeze=False, gridspec_kw=ratios).ravel()
    pairs = list(zip(axes[::2], axes[1::2], strict=True))
    for n, (spread, std) in enumerate(pairs):
        for panel in (spread, std):
            panel.set(xlim=(0.5, DEPTH + 1.05), xticks=_LAYERS)
            if n == rows - 1:
                panel.set_xlabel("layer")
        spread.set(ylim=_RANGE, yticks=[-1, 0, 1, 2], ylabel="activation z")
        std.set(yscale="log", ylim=(1e-15, 10), yticks=[1e-15, 1e-10, 1e-5, 1])
        std.minorticks_off()
        std.set_title("Standard deviation of z")
    return drawn, pairs


def _histograms(axes: Axes, depth: Depth) -> None:
    """The histogram of each layer, standing on the layer's number and growing to the right."""
    height = np.diff(depth.edges)[0]
    for layer, shares in zip(_LAYERS, depth.shares, strict=True):
        filled = shares > 0
        # Half the numbers of a rectifier are in one bar: the others would be too short to see.
        lengths = 0.62 * np.sqrt(shares[filled])
        look: dict[str, Any] = {"color": FORWARD, "alpha": 0.75, "lw": 0, "align": "edge"}
        axes.barh(depth.edges[:-1][filled], lengths, height, left=layer, **look)
        axes.axvline(float(layer), color=style.GRID, lw=0.8, zorder=0)
    axes.plot(_LAYERS - 0.13, depth.mean, color=BACKWARD, linestyle="", **_MEAN)


def _deviations(axes: Axes, depth: Depth) -> None:
    """The standard deviations by layer: of all numbers, and over the data unit by unit."""
    axes.axhspan(1e-16, _ROUNDING, color=diagrams.ZONE, lw=0, zorder=0)
    axes.plot(_LAYERS, depth.std, "s--", color=style.MUTED, ms=3.4, lw=1.2)
    until = depth.last_layer  # rounding errors differ by machine
    axes.plot(_LAYERS[:until], depth.over_data[:until], "o-", color=FORWARD, ms=4, lw=1.8)
