"""Figure 7.22: the way back through batch normalization (Section 7.7)."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes

from coursekit.checks import Array
from coursekit.figures import diagrams, style
from coursekit.figures.diagrams import BACKWARD, FORWARD, Point, number
from coursekit.figures.registry import figure
from coursekit.normalization import BatchNorm


@dataclass(frozen=True)
class Value:
    """A node of the graph: the value that goes forward and ∂L/∂value, numbers or one a row."""

    value: Array
    gradient: Array


@dataclass(frozen=True)
class BatchNormBackprop:
    """One feature of a batch through batch normalization, forward and back.

    ``nodes``: by symbol. ``ways``: what comes back to a(m) on each way, one number a row, which sum
    to ∂L/∂a(m).
    """

    epsilon: float
    nodes: dict[str, Value]
    ways: dict[str, Array]

    def __getattr__(self, name: str) -> Value:
        """Let the words for the figure say ``d.mean`` for a node."""
        try:
            return self.__dict__["nodes"][_NAMES[name]]
        except KeyError:
            raise AttributeError(name) from None


_NAMES = {"a": "a", "mean": "μ", "variance": "σ²", "gamma": "γ", "beta": "β", "c": "c"}


@figure(
    "7.22",
    slug="batch-norm-backprop",
    caption="The gradient comes back to a pre-activation a(m) on three ways, because a(m) also "
    "moves the mean and the variance by which the whole batch is normalized.",
    alt="A computational graph for one feature in a batch of four. Forward: the pre-activations "
    "a = {d.a.value[0]:.1f}, {d.a.value[1]:.1f}, {d.a.value[2]:.1f} and {d.a.value[3]:.1f} have "
    "mean μ = {d.mean.value:.2f}, which is subtracted; the squares of the differences have mean "
    "σ² = {d.variance.value:.2f}; the differences are multiplied by 1/√(σ² + ε), by "
    "γ = {d.gamma.value:.1f}, and β = {d.beta.value:.1f} is added, which gives c. Backward, the "
    "gradients {d.c.gradient[0]:.2f}, {d.c.gradient[1]:.2f}, {d.c.gradient[2]:.2f} and "
    "{d.c.gradient[3]:.2f} arrive at c; β gets {d.beta.gradient:.2f}, γ {d.gamma.gradient:.2f}, "
    "σ² {d.variance.gradient:.2f} and μ {d.mean.gradient:.2f}. A table sums up what comes back to "
    "each a(m): directly {d.ways[direct][0]:.2f}, {d.ways[direct][1]:.2f}, "
    "{d.ways[direct][2]:.2f}, {d.ways[direct][3]:.2f}; with the ways through σ² and μ added, "
    "{d.a.gradient[0]:.2f}, {d.a.gradient[1]:.2f}, {d.a.gradient[2]:.2f}, {d.a.gradient[3]:.2f}, "
    "whose sum is 0.",
)
def batch_norm_backprop() -> BatchNormBackprop:
    """Send four numbers through batch normalization, and back node by node."""
    a, by_c = np.array([2.5, 0.5, 1.5, -0.5]), np.array([0.5, -0.3, 0.4, 0.2])
    layer = BatchNorm(1)
    layer.gamma, layer.beta = [1.5], [0.2]
    c = layer.forward(a[:, np.newaxis], training=True)[:, 0]
    by_a = layer.backward(by_c[:, np.newaxis])[:, 0]
    gamma, beta = layer.gamma[0], layer.beta[0]
    by_gamma, by_beta = layer.gradients["gamma"][0], layer.gradients["beta"][0]

    mean = a.mean()
    d = a - mean
    variance = (d**2).mean()
    std = np.sqrt(variance + layer.epsilon)
    hat = d / std

    by_hat = gamma * by_c
    by_inverse = (by_hat * d).sum()
    by_std = -by_inverse / std**2
    by_variance = by_std / (2 * std)
    by_square = np.full_like(a, by_variance / len(a))
    direct, through_variance = by_hat / std, by_square * 2 * d
    by_d = direct + through_variance
    by_mean = -by_d.sum()
    pairs = {
        "a": (a, by_a),
        "μ": (mean, by_mean),
        "a − μ": (d, by_d),
        "(a − μ)²": (d**2, by_square),
        "σ²": (variance, by_variance),
        "s": (std, by_std),
        "1/s": (1 / std, by_inverse),
        "â": (hat, by_hat),
        "γ": (gamma, by_gamma),
        "γ â": (gamma * hat, by_c),
        "β": (beta, by_beta),
        "c": (c, by_c),
    }
    nodes = {name: Value(np.array(value), np.array(back)) for name, (value, back) in pairs.items()}
    ways = {"direct": direct, "σ²": through_variance, "μ": np.full_like(a, by_mean / len(a))}
    return BatchNormBackprop(layer.epsilon, nodes, ways)


@batch_norm_backprop.draws
def _(data: BatchNormBackprop, width: float) -> matplotlib.figure.Figure:
    column = style.is_column(width)
    drawn = diagrams.sheet(width, 634 if column else 276)
    axes = diagrams.canvas(drawn, 0, 0, 72 * width, 634 if column else 276)
    if column:
        _column(axes, data)
    else:
        _page(axes, data)
    return drawn


# ---------------------------------------------------------------- on a page: from left to right

_WIDE, _ROW = 70.0, 13.0  # of a box of four rows, in points


def _page(axes: Axes, data: BatchNormBackprop) -> None:
    top, low = 224.0, 46.0
    places = {"a": (38, top), "a − μ": (138, top), "â": (250, top), "γ â": (350, top)}
    places |= {"c": (450, top), "(a − μ)²": (138, low)}
    for name, at in places.items():
        _rows(axes, at, name, data.nodes[name])
    minus, times, scale, shift = ((x, top) for x in (88, 198, 300, 400))
    mean, square, average, root, inverse = (20, 132), (138, 132), (198, low), (198, 101), (198, 156)
    _operations(axes, minus, times, scale, shift, mean, square, average, root, inverse)
    half, tall, r = _WIDE / 2, 2 * _ROW + 3, diagrams.RADIUS
    for start, node, stop, way in (
        ("a", minus, "a − μ", _DIRECT),
        ("a − μ", times, "â", _DIRECT),
        ("â", scale, "γ â", _DIRECT),
        ("γ â", shift, "c", _DIRECT),
    ):
        long = node is times  # elsewhere a head would fill the gap
        diagrams.edge(axes, places[start], node, gaps=(half, r), head=long, **way)
        diagrams.edge(axes, node, places[stop], gaps=(r, half), head=False, **way)
    diagrams.edge(axes, places["c"], (502, top), gaps=(half, 0), **_DIRECT)
    diagrams.edge(axes, (20, top), mean, gaps=(tall, r), **_BY_MEAN)
    diagrams.edge(axes, mean, (88, mean[1]), gaps=(r, 0), head=False, **_BY_MEAN)
    diagrams.edge(axes, (88, mean[1]), minus, gaps=(0, r), **_BY_MEAN)
    diagrams.edge(axes, places["a − μ"], square, gaps=(tall, r), **_BY_VARIANCE)
    diagrams.edge(axes, square, places["(a − μ)²"], gaps=(r, tall + 14), **_BY_VARIANCE)
    diagrams.edge(axes, places["(a − μ)²"], average, gaps=(half, r), **_BY_VARIANCE)
    for first, second in pairwise((average, root, inverse, times)):
        diagrams.edge(axes, first, second, gaps=(r, r), **_BY_VARIANCE)
    for name, y in (("σ²", 73), ("s", 128), ("1/s", 182)):
        _scalar(axes, (203, y), name, data.nodes[name])
    _scalar(axes, (84, 162), "μ", data.nodes["μ"], ha="right")
    for name, x in (("γ", scale[0]), ("β", shift[0])):
        _learned(axes, (x, 158), name, data.nodes[name])
        diagrams.edge(axes, (x, 158), (x, top), gaps=(13.5, r))
    _table(axes, data, (278, 118), 54)
    _key(axes, (278, 10))


def _rows(axes: Axes, xy: Point, name: str, node: Value) -> None:
    """A box with a row for each number: its value and, after an arrow, its gradient."""
    x, y = xy
    count = len(node.value)
    diagrams.box(axes, xy, _WIDE, count * _ROW + 6)
    diagrams.write(axes, (x, y + count * _ROW / 2 + 11), name, fontweight="bold")
    for n, (value, back) in enumerate(zip(node.value, node.gradient, strict=True)):
        at = y + ((count - 1) / 2 - n) * _ROW
        diagrams.write(axes, (x - 7, at), number(value), ha="right", color=FORWARD)
        look: dict[str, Any] = {"ha": "right", "color": BACKWARD, "style": "italic"}
        diagrams.write(axes, (x + 32, at), f"← {number(back)}", **look)


def _scalar(axes: Axes, xy: Point, name: str, node: Value, ha: str = "left") -> None:
    """One number for the whole batch, beside its line."""
    x, y = xy
    words = f"{name} = {number(float(node.value))}"
    diagrams.write(axes, (x, y + 0.5), words, ha=ha, va="bottom", color=FORWARD)
    words = f"← {number(float(node.gradient))}"
    diagrams.write(axes, (x, y - 0.5), words, ha=ha, va="top", color=BACKWARD, style="italic")


def _learned(axes: Axes, xy: Point, name: str, node: Value) -> None:
    """A parameter that is learned, in a box of its own."""
    words = f"{name} = {number(float(node.value), 1)}"
    diagrams.cell(axes, xy, words, number(float(node.gradient)), width=48)


def _operations(axes: Axes, *places: Point) -> None:
    """The operations, in the order in which ``_SYMBOLS`` names them."""
    for xy, symbol in zip(places, _SYMBOLS, strict=True):
        diagrams.node(axes, xy)
        small = len(symbol) > 2
        diagrams.write(axes, xy, symbol, fontsize=7 if small else style.TEXT)


_SYMBOLS = "−", "×", "×", "+", "mean", "( )²", "mean", "√", "1/"
_DIRECT: dict[str, Any] = {"color": style.INK, "lw": 1.9}
_BY_VARIANCE: dict[str, Any] = {"color": style.METHODS["SGD"].color, "linestyle": (0, (5, 1.5))}
_BY_MEAN: dict[str, Any] = {"color": style.UP, "linestyle": (0, (1.5, 1.5)), "lw": 1.6}


def _table(axes: Axes, data: BatchNormBackprop, corner: Point, wide: float) -> None:
    """What comes back to each a(m) on each of the ways, and the sum."""
    x, y = corner
    diagrams.write(axes, (x, y), "Three ways back to each a(m)", ha="left", fontweight="bold")
    names = ["direct", "+ via σ²", "+ via μ", "= ∂L/∂a"]
    columns = [*data.ways.values(), data.nodes["a"].gradient]
    looks: list[dict[str, Any]] = [_DIRECT, _BY_VARIANCE, _BY_MEAN, {}]
    for n, (name, numbers, way) in enumerate(zip(names, columns, looks, strict=True)):
        right = x + (n + 1) * wide - 10
        look: dict[str, Any] = {"ha": "right", "color": BACKWARD}
        diagrams.write(axes, (right, y - 17), name, **look)
        if way:
            ends = (right - 36, y - 25), (right, y - 25)
            diagrams.edge(axes, *ends, gaps=(0, 0), head=False, **way)
        look["fontweight"] = "normal" if way else "bold"
        for m, value in enumerate(numbers):
            diagrams.write(axes, (right, y - 34 - 13 * m), number(value), **look)


def _key(axes: Axes, xy: Point) -> None:
    diagrams.write(axes, xy, "value", ha="left", color=FORWARD)
    at = xy[0] + 28, xy[1]
    words = "← gradient ∂L/∂value"
    diagrams.write(axes, at, words, ha="left", color=BACKWARD, style="italic")
    diagrams.write(axes, (at[0] + 100, at[1]), "s = √(σ² + ε)", ha="left", color=FORWARD)


# ---------------------------------------------------------------- in a column: from the top down


def _column(axes: Axes, data: BatchNormBackprop) -> None:
    middle, lane, left, r = 98.0, 206.0, 8.0, diagrams.RADIUS
    heights = {"a": 596, "a − μ": 516, "(a − μ)²": 432, "â": 288, "γ â": 208, "c": 128}
    for name, height in heights.items():
        _strip(axes, (middle, height), name, data.nodes[name])
    minus, square, times, scale, shift = ((middle, y) for y in (556, 474, 330, 248, 168))
    mean, average, root, inverse = ((lane, y) for y in (596, 432, 381, 330))
    _operations(axes, minus, times, scale, shift, mean, square, average, root, inverse)
    half, edge = 17.0, middle + 80
    for start, node, stop, way in (
        ("a", minus, "a − μ", _DIRECT),
        ("a − μ", square, "(a − μ)²", _BY_VARIANCE),
        ("â", scale, "γ â", _DIRECT),
        ("γ â", shift, "c", _DIRECT),
    ):
        diagrams.edge(axes, (middle, heights[start]), node, gaps=(half, r), **way)
        diagrams.edge(axes, node, (middle, heights[stop]), gaps=(r, half), **way)
    diagrams.edge(axes, times, (middle, heights["â"]), gaps=(r, half), **_DIRECT)
    corners = (middle - 80, 516), (left, 516), (left, 330)
    for start_at, stop_at in pairwise(corners):
        diagrams.edge(axes, start_at, stop_at, gaps=(0, 0), head=False, **_DIRECT)
    diagrams.edge(axes, corners[-1], times, gaps=(0, r), **_DIRECT)
    diagrams.edge(axes, (edge, 596), mean, gaps=(0, r), **_BY_MEAN)
    diagrams.edge(axes, mean, (lane, 556), gaps=(r, 0), head=False, **_BY_MEAN)
    diagrams.edge(axes, (lane, 556), minus, gaps=(0, r), **_BY_MEAN)
    diagrams.edge(axes, (edge, 432), average, gaps=(0, r), **_BY_VARIANCE)
    for first, second in pairwise((average, root, inverse, times)):
        diagrams.edge(axes, first, second, gaps=(r, r), **_BY_VARIANCE)
    _scalar(axes, (lane - 6, 405), "σ²", data.nodes["σ²"], ha="right")
    _scalar(axes, (lane - 6, 355), "s", data.nodes["s"], ha="right")
    for name, y in (("μ", 556), ("1/s", 330)):
        one = data.nodes[name]
        words = f"{name} = {number(float(one.value))}"
        diagrams.values(axes, (154, y), words, number(float(one.gradient)))
    for name, y in (("γ", 248), ("β", 168)):
        _learned(axes, (lane, y), name, data.nodes[name])
        diagrams.edge(axes, (lane, y), (middle, y), gaps=(24, r))
    _table(axes, data, (8, 98), 58)
    _key(axes, (8, 9))


def _strip(axes: Axes, xy: Point, name: str, node: Value) -> None:
    """A box with a place for each number: the value above and its gradient below."""
    x, y = xy
    diagrams.box(axes, xy, 160, 34)
    diagrams.write(axes, (x - 78, y + 25), name, ha="left", fontweight="bold")
    for n, (value, back) in enumerate(zip(node.value, node.gradient, strict=True)):
        at = x + (n - 1.5) * 39
        diagrams.write(axes, (at, y + 7), number(value), color=FORWARD)
        words = f"← {number(back)}"
        diagrams.write(axes, (at, y - 7), words, color=BACKWARD, style="italic", fontsize=7)
