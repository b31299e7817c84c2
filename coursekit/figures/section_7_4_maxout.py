"""Figures 7.16 and 7.17: a Maxout unit and a Maxout layer (Section 7.4.4)."""

from dataclasses import dataclass
from typing import Any

import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes

from coursekit.checks import Array
from coursekit.figures import diagrams, style
from coursekit.figures.diagrams import FORWARD, Point, number
from coursekit.figures.registry import figure
from coursekit.layers import Dense, Maxout

# ---------------------------------------------------------------- Figure 7.16


@dataclass(frozen=True)
class MaxoutTwo:
    """One input through a Maxout unit of two lines, forward and back; ``by_x`` and so on: ∂L/∂x.

    ``weights``, ``bias``, ``a``: one a line; ``grid`` and ``graph``: z over a range of x.
    """

    x: float
    weights: Array
    bias: Array
    a: Array
    z: float
    by_z: float
    by_a: Array
    by_weights: Array
    by_x: float
    grid: Array
    graph: Array

    @property
    def winner(self) -> int:
        """The place of the larger line, from 0."""
        return int(self.a.argmax())

    @property
    def kink(self) -> Point:
        """Where the two lines meet."""
        x = float((self.bias[0] - self.bias[1]) / (self.weights[1] - self.weights[0]))
        return x, float(self.weights[0] * x + self.bias[0])


@figure(
    "7.16",
    slug="maxout-two",
    caption="A Maxout unit with two pieces computes two affine functions of its input, hands on "
    "the larger one, and sends the gradient back to that one alone.",
    alt="Left, a diagram: the input x = {d.x:g} goes to two affine units, "
    "a₁ = {d.weights[0]:g}·x {d.bias[0]:+g} = {d.a[0]:g} and "
    "a₂ = {d.weights[1]:g}·x {d.bias[1]:+g} = {d.a[1]:g}, and a node takes the larger: "
    "z = {d.z:g}. Backward, the gradient {d.by_z:g} goes to the second unit whole, "
    "{d.by_a[1]:g}, and to the first {d.by_a[0]:g}, so that its weight gets {d.by_weights[0]:g} "
    "and that of the second {d.by_weights[1]:g}. Right, the two lines over x and their maximum, "
    "thick: a function that bends upwards at x = {d.kink[0]:.2f}, with the input marked.",
)
def maxout_two() -> MaxoutTwo:
    """Send one number through a Maxout unit of two lines, and a gradient back."""
    layer = Maxout(1, 1, pieces=2).initialize(np.random.default_rng(0))
    weights, bias = np.array([-0.5, 1.0]), np.array([0.5, -0.5])
    layer.weights, layer.bias = weights.reshape(1, 1, 2), bias.reshape(1, 2)
    grid = np.linspace(-2, 3, 301)
    graph = layer.forward(grid[:, np.newaxis])[:, 0]
    x, by_z = 1.5, 1.0
    z = layer.forward([[x]])
    by_x = layer.backward([[by_z]])
    a = Dense(1, 2).initialize(np.random.default_rng(0))
    a.weights, a.bias = weights.reshape(1, 2), bias
    return MaxoutTwo(
        x,
        weights,
        bias,
        a.forward([[x]])[0],
        float(z[0, 0]),
        by_z,
        layer.gradients["bias"][0].copy(),  # the derivative by a bias is that by its a
        layer.gradients["weights"][0, 0].copy(),
        float(by_x[0, 0]),
        grid,
        graph,
    )


@maxout_two.draws
def _(data: MaxoutTwo, width: float) -> matplotlib.figure.Figure:
    column = style.is_column(width)
    height = 420 if column else 238
    drawn = diagrams.sheet(width, height)
    page = diagrams.canvas(drawn, 0, 0, 72 * width, height)
    wide, high, left = (238, 172, 4) if column else (262, 172, 8)
    bottom = height - 26 - high
    _unit(diagrams.canvas(drawn, left, bottom, wide, high), data, wide)
    title: dict[str, Any] = {"fontsize": style.TEXT, "fontweight": "bold", "ha": "left"}
    diagrams.write(page, (left + 2, height - 12), "Two affine units and a maximum", **title)
    diagrams.key(page, (left + 2, bottom - 12))
    place = (34, 34, 202, 144) if column else (306, 36, 188, 180)
    _two_lines(diagrams.panel(drawn, *place), data)
    return drawn


def _unit(axes: Axes, data: MaxoutTwo, wide: float) -> None:
    middle, first, affine, largest = 86.0, 24.0, 0.51 * wide, 0.76 * wide
    for n, y in enumerate((130.0, 42.0)):
        won, side, name = n == data.winner, 1 - 2 * n, "₁₂"[n]
        look = _WON if won else _LOST
        diagrams.edge(axes, (first, middle), (affine, y), gaps=(0, diagrams.RADIUS), **look)
        diagrams.node(axes, (affine, y), "Σ", edgecolor=look["color"])
        diagrams.edge(axes, (affine, y), (largest, middle), gaps=(11, 15), **look)
        weight, by_weight = f"w{name} = {number(data.weights[n], 1)}", data.by_weights[n]
        at = (0.5 * (first + affine) - 14, middle + 40 * side)
        diagrams.values(axes, at, weight, number(by_weight, 1), gap=0.5)
        bias = f"b{name} = {number(data.bias[n], 1)}"
        diagrams.values(axes, (affine, y + 25 * side), bias, number(data.by_a[n], 0), gap=0.5)
        value = f"a{name} = {number(data.a[n], 2)}"
        at = (affine + 54, y - 6 * side)
        diagrams.values(axes, at, value, number(data.by_a[n], 0), gap=0.5)
    diagrams.cell(axes, (first, middle), f"x = {number(data.x, 1)}", number(data.by_x, 1))
    diagrams.node(axes, (largest, middle), radius=15, facecolor=diagrams.OPEN, edgecolor=style.UP)
    diagrams.write(axes, (largest, middle), "max")
    diagrams.edge(axes, (largest, middle), (wide, middle), gaps=(15, 0), **_WON)
    at = ((largest + 15 + wide) / 2, middle)
    diagrams.values(axes, at, f"z = {number(data.z, 1)}", number(data.by_z, 0))


_WON: dict[str, Any] = {"color": style.UP, "lw": 1.6}
_LOST: dict[str, Any] = {"color": "#8A929B", "lw": 1.0, "linestyle": (0, (2.5, 2))}


def _two_lines(axes: Axes, data: MaxoutTwo) -> None:
    """The two lines and the larger of them, with the input on it."""
    for n, dashes in enumerate(((0, (5, 1.6)), (0, (1.2, 1.2)))):
        line = data.weights[n] * data.grid + data.bias[n]
        axes.plot(data.grid, line, color=style.MUTED, lw=1.3, linestyle=dashes, zorder=2)
    axes.plot(data.grid, data.graph, color=FORWARD, lw=2.8, zorder=3)
    axes.plot([data.x, data.x, -2], [-2, data.z, data.z], color=style.UP, lw=0.9, linestyle=":")
    axes.plot(data.x, data.z, "o", color=style.UP, ms=7, mec=style.PAPER, zorder=6)
    style.label(axes, "a₁", (2.6, data.weights[0] * 2.6 + data.bias[0]), (0, 5))
    style.label(axes, "a₂", (-0.3, data.weights[1] * -0.3 + data.bias[1]), (8, -4))
    style.label(axes, "z = max(a₁, a₂)", (-0.1, 1.5), (0, 4), strong=FORWARD)
    words = f"x = {number(data.x, 1)}"
    style.label(axes, words, (data.x, -1.5), (5, 3), strong=style.UP)
    axes.set(xlim=(-2, 3), ylim=(-1.5, 2.6), xticks=[-2, -1, 0, 1, 2, 3], yticks=[-1, 0, 1, 2])
    axes.set(xlabel="input x", ylabel="output")
    axes.set_title("The larger of two lines")


# ---------------------------------------------------------------- Figure 7.17


@dataclass(frozen=True)
class MaxoutLayer:
    """One row through a Maxout layer, and the shapes of its arrays for a whole batch.

    ``x``: (d,), ``a``: (m, k), ``z``: (m,); ``shapes`` by name; ``parameters``, and those of a
    dense layer of as many outputs.
    """

    x: Array
    a: Array
    z: Array
    batch: int
    shapes: dict[str, tuple[int, ...]]
    parameters: int
    dense_parameters: int

    @property
    def d(self) -> int:
        """The number of inputs."""
        return len(self.x)

    @property
    def m(self) -> int:
        """The number of outputs."""
        return len(self.z)

    @property
    def k(self) -> int:
        """The number of pieces of each output."""
        return self.a.shape[1]


@figure(
    "7.17",
    slug="maxout-layer",
    caption="A Maxout layer with m outputs holds k affine units for each of them, all fed by all d "
    "inputs, and of each group of k the largest value goes on.",
    alt="From left to right: d = {d.d} inputs; m × k = {d.m} × {d.k} affine units in {d.m} groups "
    "of {d.k}, each unit joined to every input; m = {d.m} nodes that take the largest of a group. "
    "For one row of data the first group computes {d.a[0][0]:.1f}, {d.a[0][1]:.1f} and "
    "{d.a[0][2]:.1f}, of which {d.z[0]:.1f} goes on, the second {d.a[1][0]:.1f}, {d.a[1][1]:.1f} "
    "and {d.a[1][2]:.1f}, of which {d.z[1]:.1f} goes on. Below stand the shapes for a batch of "
    "{d.batch} rows: x {d.shapes[x]}, W {d.shapes[W]}, b {d.shapes[b]}, a {d.shapes[a]}, "
    "z {d.shapes[z]}. The layer has {d.parameters} parameters, a dense one {d.dense_parameters}.",
)
def maxout_layer() -> MaxoutLayer:
    """Send a batch through a small Maxout layer and measure its arrays."""
    d, m, k, batch = 4, 2, 3, 32
    rng = np.random.default_rng(_SEED)
    layer, dense = Maxout(d, m, pieces=k).initialize(rng), Dense(d, m).initialize(rng)
    x = rng.standard_normal((batch, d))
    z = layer.forward(x)
    a = np.einsum("nd,dmk->nmk", x, layer.weights) + layer.bias
    arrays = {"x": x, "W": layer.weights, "b": layer.bias, "a": a, "z": z}
    shapes = {name: array.shape for name, array in arrays.items()}
    return MaxoutLayer(x[0], a[0], z[0], batch, shapes, layer.size, dense.size)


_SEED = 2


@maxout_layer.draws
def _(data: MaxoutLayer, width: float) -> matplotlib.figure.Figure:
    column = style.is_column(width)
    wide, height = 72 * width, 300 if column else 276
    drawn = diagrams.sheet(width, height)
    axes = diagrams.canvas(drawn, 0, 0, wide, height)
    first, unit, largest, end = (30, 108, 178, 241) if column else (56, 226, 368, 468)
    center, pitch = height - 132, 28.0
    inputs = [(first, center + 34.0 * (1.5 - n)) for n in range(data.d)]
    for i in range(data.m):
        middle = center + 50 - 100 * i
        group = [(unit, middle + pitch * (1 - j)) for j in range(data.k)]
        diagrams.box(
            axes, (unit, middle), 46, pitch * data.k + 4, facecolor=diagrams.ZONE, zorder=1
        )
        for j, place in enumerate(group):
            won = j == data.a[i].argmax()
            for start in inputs:
                diagrams.edge(axes, start, place, gaps=(12, 12), head=False, **_FAN)
            look: dict[str, Any] = {"color": style.UP, "lw": 1.8, "zorder": 3}
            look = look if won else {"color": style.PALE}
            diagrams.edge(axes, place, (largest, middle), gaps=(12, 15), **look)
            _valued(axes, place, data.a[i, j], won)
        diagrams.node(axes, (largest, middle), radius=15)
        diagrams.write(axes, (largest, middle), "max")
        diagrams.edge(axes, (largest, middle), (end, middle), gaps=(15, 0), color=style.UP, lw=1.8)
        words, at = f"z{'₁₂'[i]} = {number(data.z[i], 1)}", (largest + 15 + end) / 2
        diagrams.write(axes, (at - 2, middle + 3), words, va="bottom", color=FORWARD)
    for place, value in zip(inputs, data.x, strict=True):
        _valued(axes, place, value, False)
    _shapes(axes, data, (first, unit, largest), height, column)
    return drawn


_FAN: dict[str, Any] = {"color": "#AEB6BF", "lw": 0.7, "zorder": 2}


def _valued(axes: Axes, xy: Point, value: float, won: bool) -> None:
    """A node with its value in it, green if it goes on."""
    look = (
        {"facecolor": diagrams.OPEN, "edgecolor": style.UP} if won else {"edgecolor": style.MUTED}
    )
    diagrams.node(axes, xy, radius=12.5, **look)
    diagrams.write(axes, xy, number(value, 1), color=FORWARD, fontsize=7.5)


def _shapes(
    axes: Axes, data: MaxoutLayer, places: tuple[float, ...], height: float, column: bool
) -> None:
    """What stands in each part of the diagram, above it, and the shapes of the arrays below."""
    middle = f"m × k = {data.m} × {data.k}" + ("" if column else " affine units")
    titles = f"d = {data.d} inputs", middle, f"m = {data.m}" + ("" if column else " maxima")
    below = f"x {data.shapes['x']}", f"a {data.shapes['a']}", f"z {data.shapes['z']}"
    for x, title, shape in zip(places, titles, below, strict=True):
        at = max(x, 36.0)
        diagrams.write(axes, (at, height - 13), title, fontweight="bold")
        diagrams.write(axes, (at, height - 247), shape, color=FORWARD)
    words, rows = f"W {data.shapes['W']}, b {data.shapes['b']}", f"batch of {data.batch} rows"
    count = f"{data.parameters} parameters, k times the {data.dense_parameters} of a dense layer"
    if column:
        diagrams.write(axes, (6, 30), f"{words}; {rows}", color=FORWARD, ha="left")
        diagrams.write(axes, (6, 14), count, color=style.MUTED, ha="left")
    else:
        diagrams.write(axes, (sum(places[:2]) / 2 - 2, height - 247), words, color=FORWARD)
        diagrams.write(axes, (36, 12), f"{rows}; {count}", color=style.MUTED, ha="left")
