"""Figures 7.12 to 7.14: gates, dead units and leaky ones (Section 7.4)."""

from dataclasses import dataclass
from typing import Any

import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from numpy.typing import NDArray

from coursekit.activations import leaky_relu
from coursekit.checks import Array
from coursekit.datasets import elongated_cloud
from coursekit.figures import diagrams, style
from coursekit.figures.diagrams import BACKWARD, FORWARD, Point, number
from coursekit.figures.registry import figure
from coursekit.layers import Activation, Dense
from coursekit.network import Network

# ---------------------------------------------------------------- Figure 7.12


@dataclass(frozen=True)
class ReluSwitch:
    """One row through a rectified layer, forward and back; ``by_x`` and so on: ∂L/∂x.

    ``weights``: (inputs, units), as ``by_weights``; ``open``: whether each unit's gate is.
    """

    x: Array
    weights: Array
    a: Array
    z: Array
    by_z: Array
    by_a: Array
    by_weights: Array
    by_x: Array

    @property
    def open(self) -> list[bool]:
        """True for the units whose gate is open."""
        return (self.a > 0).tolist()


@figure(
    "7.12",
    slug="relu-switch",
    caption="A rectified unit is a switch that the forward pass sets and the backward pass finds "
    "as it was set: where the value was cut to 0, so is the gradient, and the weights before it "
    "get none.",
    alt="A layer of four rectified units with two inputs, {d.x[0]:.1f} and {d.x[1]:.1f}. Forward, "
    "the pre-activations are {d.a[0]:.1f}, {d.a[1]:.1f}, {d.a[2]:.1f} and {d.a[3]:.1f}: the gates "
    "of the two positive ones are open, and their outputs are the same numbers, the outputs of "
    "the other two are 0. Backward, the gradients {d.by_z[0]:.1f}, {d.by_z[1]:.1f}, "
    "{d.by_z[2]:.1f} and {d.by_z[3]:.1f} arrive; behind the gates they are {d.by_a[0]:.1f}, "
    "{d.by_a[1]:.0f}, {d.by_a[2]:.1f} and {d.by_a[3]:.0f}. The lines to the closed units are "
    "broken, for their weights get no gradient; the inputs get {d.by_x[0]:.2f} and "
    "{d.by_x[1]:.2f} through the open ones.",
)
def relu_switch() -> ReluSwitch:
    """Send a row and a gradient through a rectified layer of four units."""
    x, by_z = np.array([[1.0, -0.5]]), np.array([[0.6, -0.9, -0.4, 0.7]])
    affine, activation = Dense(2, 4).initialize(np.random.default_rng(0)), Activation("relu")
    affine.weights = [[0.8, -0.5, 0.7, 0.2], [-0.8, 0.6, -0.2, 1.2]]
    a = affine.forward(x)
    z = activation.forward(a)
    by_a = activation.backward(by_z) + 0.0  # 0, not −0, where a negative gradient is stopped
    by_x = affine.backward(by_a)
    by_weights = affine.gradients["weights"].copy()
    return ReluSwitch(
        x[0], affine.weights.copy(), a[0], z[0], by_z[0], by_a[0], by_weights, by_x[0]
    )


@relu_switch.draws
def _(data: ReluSwitch, width: float) -> matplotlib.figure.Figure:
    column = style.is_column(width)
    wide, pitch, height = 72 * width, 48.0, 252 if column else 238
    drawn = diagrams.sheet(width, height)
    axes = diagrams.canvas(drawn, 0, 0, wide, height)
    first, unit, gate, end = (30, 98, 163, 241) if column else (50, 188, 332, 476)
    rows = [height - 46 - pitch * n for n in range(len(data.a))]
    inputs = [(first, rows[0] - 0.5 * pitch), (first, rows[3] + 0.5 * pitch)]
    places = first, (unit + gate) / 2, gate, (gate + end) / 2 + 3
    long = "inputs x", "pre-activations a", "gates", "outputs z"
    short = "inputs x", "a", "gate", "z"
    for x, title in zip(places, short if column else long, strict=True):
        diagrams.write(axes, (x, height - 13), title, fontweight="bold")
    for y, a, z, by_z, by_a, is_open in zip(
        rows, data.a, data.z, data.by_z, data.by_a, data.open, strict=True
    ):
        look = _OPEN if is_open else _CLOSED
        for start in inputs:
            diagrams.edge(axes, start, (unit, y), head=False, gaps=(0, 10), **look)
        diagrams.node(axes, (unit, y), "Σ", edgecolor=look["color"])
        _gate(axes, (gate, y), is_open)
        diagrams.edge(axes, (unit, y), (gate, y), gaps=(11, 12), head=False, **look)
        diagrams.edge(axes, (gate, y), (end, y), gaps=(12, 0), **look)
        diagrams.values(axes, (places[1], y), number(a, 1), number(by_a, 1))
        diagrams.values(axes, (places[3], y), number(z, 1), number(by_z, 1))
    for xy, x, by_x in zip(inputs, data.x, data.by_x, strict=True):
        diagrams.cell(axes, xy, number(x, 1), number(by_x, 1))
    diagrams.key(axes, (8 if column else 28, 24 if column else 9))
    words = "broken lines: weights that get no gradient"
    at = (8, 10) if column else (wide - 28, 9)
    diagrams.write(axes, at, words, color=style.MUTED, ha="left" if column else "right")
    return drawn


_OPEN: dict[str, Any] = {"color": style.UP, "lw": 1.6}
_CLOSED: dict[str, Any] = {"color": "#8A929B", "lw": 1.0, "linestyle": (0, (2.5, 2))}


def _gate(axes: Axes, xy: Point, is_open: bool) -> None:
    """A gate: the line goes through it, or stops at a bar."""
    x, y = xy
    face = diagrams.OPEN if is_open else diagrams.ZONE
    diagrams.node(axes, xy, radius=12, facecolor=face, edgecolor=style.UP if is_open else style.INK)
    if is_open:
        axes.plot([x - 12, x + 12], [y, y], color=style.UP, lw=1.6, zorder=5)
    else:
        axes.plot([x, x], [y - 7, y + 7], color=style.INK, lw=2.6, zorder=5)
    words, color = ("open", style.UP) if is_open else ("closed", style.INK)
    diagrams.write(axes, (x, y - 19), words, color=color)


# ---------------------------------------------------------------- Figure 7.13


@dataclass(frozen=True)
class Unit:
    """A rectified unit over the cloud: a = w·x + b, and which points are active.

    ``gradient``: the mean over the points of ∂z/∂(w₁, w₂, b).
    """

    name: str
    weights: Array
    bias: float
    active: NDArray[np.bool_]
    gradient: Array

    @property
    def share(self) -> float:
        """The share of the points that are active."""
        return float(self.active.mean())

    @property
    def count(self) -> int:
        """How many of the points are active."""
        return int(self.active.sum())


@dataclass(frozen=True)
class DeadRelu:
    """A cloud of points, shape (n, 2), and three units that differ in their bias only."""

    points: Array
    units: list[Unit]


@figure(
    "7.13",
    slug="dead-relu",
    caption="A hyperplane that cuts the data cloud makes a unit that is on for some points and off "
    "for others, and one that misses it leaves the unit dead or, with the cloud on its positive "
    "side, linear.",
    alt="The same cloud of 150 points three times, with the line on which the pre-activation of a "
    "unit is 0 and the half-plane shaded where it is positive. Left, the line cuts the cloud: "
    "{d.units[0].count} of the points are active. Middle, with bias {d.units[1].bias:.1f} the line "
    "has passed the cloud, which lies on the negative side: {d.units[1].count} are active, all "
    "gradients are exactly {d.units[1].gradient[2]:g}, the unit is dead. Right, with bias "
    "+{d.units[2].bias:.1f} the line misses the cloud as well, but on the other side: all "
    "{d.units[2].count} points are active and the unit is linear.",
)
def dead_relu() -> DeadRelu:
    """Move one unit's line across a cloud and off it to both sides."""
    rng = np.random.default_rng(22)
    points = elongated_cloud(150, rng, std=(1.0, 0.38), angle=np.pi / 9)
    weights = np.array([np.cos(0.9), np.sin(0.9)])
    biases = {"alive": 0.2, "dead": -2.4, "always on": 2.4}
    return DeadRelu(points, [_unit(name, points, weights, b) for name, b in biases.items()])


def _unit(name: str, points: Array, weights: Array, bias: float) -> Unit:
    network = Network([Dense(2, 1), Activation("relu")], np.random.default_rng(0))
    network.parameters = np.append(weights, bias)
    network.forward(points)
    network.backward(np.full((len(points), 1), 1 / len(points)))
    active = network.layers[0].forward(points)[:, 0] > 0
    return Unit(name, weights, bias, active, network.gradient.copy())


@dead_relu.draws
def _(data: DeadRelu, width: float) -> matplotlib.figure.Figure:
    column = style.is_column(width)
    reach, wide, high = ((3.4, 2.2), 200.0, 129.4) if column else ((2.9, 2.9), 148.0, 148.0)
    drawn = diagrams.sheet(width, 3 * (high + 36) + 36 if column else high + 72)
    for n, (unit, color) in enumerate(zip(data.units, _COLORS, strict=True)):
        left, bottom = (
            (36.0, 34 + (2 - n) * (high + 36)) if column else (36 + n * (wide + 10), 36.0)
        )
        panel = diagrams.panel(drawn, left, bottom, wide, high)
        _half_plane(panel, unit, (-1.9, -1.0, -0.2)[n])
        on, off = data.points[unit.active], data.points[~unit.active]
        panel.plot(*off.T, "s", color="#8A929B", ms=2.2, zorder=3)
        panel.plot(*on.T, "o", color=style.UP, ms=3.4, mec=style.PAPER, mew=0.3, zorder=4)
        panel.set(xlim=(-reach[0], reach[0]), ylim=(-reach[1], reach[1]))
        panel.set(xticks=[-2, 0, 2], yticks=[-2, 0, 2])
        panel.spines[["top", "right"]].set_visible(True)
        panel.set_title(unit.name.capitalize(), color=color)
        sign = "+" if unit.bias > 0 else ""
        style.subtitle(panel, f"b = {sign}{number(unit.bias, 1)}: {100 * unit.share:.0f} % active")
        corner = (-reach[0], -reach[1]) if n == 1 else (reach[0], -reach[1])
        style.label(panel, _MEANING[n], corner, (5 if n == 1 else -5, 4), color=color)
        if n == 0 or column:
            panel.set_ylabel("input x₂")
        if n == 2 or not column:
            panel.set_xlabel("input x₁")
        panel.tick_params(labelleft=n == 0 or column, labelbottom=n == 2 or not column)
    return drawn


_COLORS = style.UP, style.INK, style.INK
_MEANING = "", "no gradient at any point", "a linear unit"


def _half_plane(panel: Axes, unit: Unit, shift: float) -> None:
    """The line where a = 0, the half-plane where a > 0 shaded, and w on the line."""
    foot, along = -unit.bias * unit.weights, np.array([-unit.weights[1], unit.weights[0]])
    ends = foot + 12 * np.array([[-1], [1]]) * along
    far = ends[::-1] + 24 * unit.weights
    shade = Polygon(np.concatenate([ends, far]), facecolor=diagrams.OPEN, lw=0, zorder=0)
    panel.add_patch(shade)
    panel.plot(*ends.T, color=style.INK, lw=1.6, zorder=5)
    foot = foot + shift * along
    middle, tip = foot + 0.375 * unit.weights, foot + 0.75 * unit.weights
    arrow: dict[str, Any] = {"color": style.INK, "lw": 1.4, "shrinkA": 0, "shrinkB": 0}
    arrow["arrowstyle"] = "-|>,head_width=0.18,head_length=0.36"
    panel.annotate("", (tip[0], tip[1]), (foot[0], foot[1]), arrowprops=arrow, zorder=6)
    style.label(panel, "w", (middle[0], middle[1]), (-4, 3), strong=style.INK)


# ---------------------------------------------------------------- Figure 7.14


@dataclass(frozen=True)
class Leaky:
    """One leaky rectifier over a, and its derivative."""

    slope: float
    z: Array
    derivative: Array


@dataclass(frozen=True)
class LeakyRelu:
    """Leaky rectifiers of several slopes c over a."""

    a: Array
    curves: list[Leaky]


@figure(
    "7.14",
    slug="leaky-relu",
    caption="A leaky rectifier bends at zero instead of breaking off: left of it a small slope c "
    "remains, in the output and in the gradient that comes back.",
    alt="Left, three leaky rectifiers z = max(c·a, a): one straight line z = a for positive a, "
    "three flatter ones for negative a, which reach {d.curves[0].z[0]:g} at a = {d.a[0]:g} for "
    "c = {d.curves[0].slope:g}, {d.curves[1].z[0]:g} for c = {d.curves[1].slope:g} and "
    "{d.curves[2].z[0]:g} for c = {d.curves[2].slope:g}. Right, their derivatives: 1 for positive "
    "a, and for negative a the constants c, that is {d.curves[0].derivative[0]:g}, "
    "{d.curves[1].derivative[0]:g} and {d.curves[2].derivative[0]:g}, where a ReLU has 0.",
)
def leaky_relu_figure() -> LeakyRelu:
    """Evaluate leaky rectifiers of three slopes."""
    a = np.linspace(-4, 2, 301)
    made = [leaky_relu(slope) for slope in (0.01, 0.1, 0.3)]
    return LeakyRelu(a, [Leaky(f.slope, f(a), f.derivative(a)) for f in made])


@leaky_relu_figure.draws
def _(data: LeakyRelu, width: float) -> matplotlib.figure.Figure:
    drawn, (output, slope) = style.panels(width, 2, page=2.6, column=4.7)
    negative, low, high = data.a < 0, data.a[0], data.a[-1]
    for curve, dashes in zip(data.curves, _DASHES, strict=True):
        output.plot(data.a[negative], curve.z[negative], color=FORWARD, linestyle=dashes, lw=2)
        style.label(output, f"c = {curve.slope:g}", (low, curve.z[0]), (-4, 0), color=FORWARD)
        slope.plot(
            data.a[negative], curve.derivative[negative], color=BACKWARD, linestyle=dashes, lw=2
        )
        words = f"c = {curve.slope:g}"
        style.label(slope, words, (low, curve.derivative[0]), (-4, 0), color=BACKWARD)
    first = data.curves[0]
    output.plot(data.a[~negative], first.z[~negative], color=FORWARD, lw=2.4)
    slope.plot(data.a[~negative][1:], first.derivative[~negative][1:], color=BACKWARD, lw=2.4)
    style.label(output, "z = a", (1.3, 1.3), (-6, 3), strong=FORWARD)
    style.label(slope, "slope 1", (high / 2, 1), (0, 4), strong=BACKWARD)
    style.label(output, "z = c·a", (low / 2, 0), (0, 5), color=FORWARD)
    style.label(slope, "a little gradient\ncomes back", (low / 2, 0.3), (0, 6), strong=BACKWARD)
    for axes in (output, slope):
        axes.axvline(0, color=style.GRID, lw=0.8, zorder=0)
        axes.hlines(0, low, high, color=style.GRID, lw=0.8, zorder=0)
        axes.set(xlabel="pre-activation a", xticks=[-4, -2, 0, 2], xlim=(low - 1.6, high))
    output.set(ylim=(-1.45, 2.1), yticks=[-1, 0, 1, 2])
    slope.set(ylim=(-0.07, 1.18), yticks=[0, 0.5, 1])
    output.set_title("Output z = max(c·a, a)", color=FORWARD)
    slope.set_title("Slope dz/da", color=BACKWARD)
    return drawn


_DASHES = (0, (1, 1.1)), (0, (5, 1.4)), "-"
