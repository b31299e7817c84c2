"""Figures 7.9 to 7.11: the sigmoid, tanh and the rectifier (Section 7.4)."""

from dataclasses import dataclass
from typing import Any

import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes

from coursekit.activations import relu, sigmoid, tanh
from coursekit.checks import Array
from coursekit.figures import diagrams, style
from coursekit.figures.diagrams import BACKWARD, FORWARD, number
from coursekit.figures.registry import figure
from coursekit.layers import Activation, Dense

SLOPE: dict[str, Any] = {"color": BACKWARD, "linestyle": (0, (5, 1.4))}  # how a derivative looks

# ---------------------------------------------------------------- Figure 7.9


@dataclass(frozen=True)
class Neuron:
    """One pass through a unit, forward and back; ``by_x`` and so on: ∂L/∂x."""

    x: Array
    weights: Array
    bias: float
    a: float
    z: float
    incoming: float
    by_a: float
    by_weights: Array
    by_bias: float
    by_x: Array


@dataclass(frozen=True)
class SigmoidSaturation:
    """A unit twice, its weights small and ``factor`` times as large; the sigmoid and its slope.

    ``edge``: where the slope has fallen to ``least``, its value in the saturated zones at most.
    """

    active: Neuron
    saturated: Neuron
    factor: float
    a: Array
    z: Array
    slope: Array
    least: float
    edge: float

    @property
    def loss_of_gradient(self) -> float:
        """How many times less gradient comes through the saturated unit."""
        return self.active.by_a / self.saturated.by_a


@figure(
    "7.9",
    slug="sigmoid-saturation",
    caption="A saturated sigmoid unit still gives an output, but the gradient that comes back "
    "through it is multiplied by a slope of almost 0, so that its weights hardly move.",
    alt="One unit twice, with two inputs, the same gradient of 1 coming back to its output z. "
    "Active, with pre-activation a = {d.active.a:.1f} and z = {d.active.z:.2f}, it passes back "
    "{d.active.by_a:.3f}, and its first weight gets {d.active.by_weights[0]:.3f}. With weights "
    "and bias {d.factor:g} times as large it is saturated: a = {d.saturated.a:.0f}, "
    "z = {d.saturated.z:.4f}, and {d.saturated.by_a:.4f} comes back, "
    "{d.loss_of_gradient:.0f} times less. Beside it the sigmoid, which rises from 0 to 1, and its "
    "derivative, a bump of height {d.slope[200]:g}; shaded, beyond a = ±{d.edge:.1f}, the zones "
    "where the derivative is below {d.least:g}, and on both curves the two states.",
)
def sigmoid_saturation() -> SigmoidSaturation:
    """Send the same input and the same gradient through a unit with small and large weights."""
    factor, least = 10.0, 0.01
    weights, bias = np.array([0.8, 0.4]), -0.2
    active, saturated = _neuron(weights, bias), _neuron(factor * weights, factor * bias)
    a = np.linspace(-10, 10, 401)
    z = sigmoid(a)
    # z(1 − z) = least at the larger root of z² − z + least, and a is its logit.
    root = (1 + np.sqrt(1 - 4 * least)) / 2
    edge = float(np.log(root / (1 - root)))
    slope = sigmoid.derivative_from_output(z)
    return SigmoidSaturation(active, saturated, factor, a, z, slope, least, edge)


def _neuron(weights: Array, bias: float) -> Neuron:
    x, incoming = np.array([[1.0, 0.5]]), 1.0
    affine, activation = Dense(2, 1).initialize(np.random.default_rng(0)), Activation("sigmoid")
    affine.parameters = np.append(weights, bias)
    a = affine.forward(x)
    z = activation.forward(a)
    by_a = activation.backward([[incoming]])
    by_x = affine.backward(by_a)
    by_weights, by_bias = affine.gradients["weights"][:, 0], affine.gradients["bias"][0]
    return Neuron(
        x[0],
        weights,
        bias,
        float(a[0, 0]),
        float(z[0, 0]),
        incoming,
        float(by_a[0, 0]),
        by_weights.copy(),
        float(by_bias),
        by_x[0],
    )


@sigmoid_saturation.draws
def _(data: SigmoidSaturation, width: float) -> matplotlib.figure.Figure:
    column = style.is_column(width)
    height = 552 if column else 300
    drawn = diagrams.sheet(width, height)
    wide, high, step = 239 if column else 256, 110, 136
    page = diagrams.canvas(drawn, 0, 0, 72 * width, height)
    words = f"Saturated: w and b ×{data.factor:g}, ∂L/∂a ÷{data.loss_of_gradient:.0f}"
    for n, neuron in enumerate((data.active, data.saturated)):
        top = height - 20 - n * step
        _draw_neuron(diagrams.canvas(drawn, 4, top - high - 8, wide, high), neuron, wide)
        look: dict[str, Any] = {"fontsize": style.TEXT, "fontweight": "bold", "ha": "left"}
        color, title = ((style.UP, "Active: small weights"), (style.INK, words))[n]
        diagrams.write(page, (6, top + 6), title, color=color, **look)
    diagrams.key(page, (6, height - 20 - 2 * step - 3))
    if column:
        output = diagrams.panel(drawn, 34, 140, 202, 88)
        slope = diagrams.panel(drawn, 34, 34, 202, 78)
    else:
        output = diagrams.panel(drawn, 300, 158, 194, 118)
        slope = diagrams.panel(drawn, 300, 36, 194, 94)
    _sigmoid_panels(output, slope, data)
    return drawn


def _draw_neuron(axes: Axes, neuron: Neuron, wide: float) -> None:
    whole = neuron.weights.max() >= 1
    digits, small = (0, 4) if whole else (1, 3)
    first, total, output = 22.5, 0.485 * wide, 0.765 * wide
    rows, middle = (92.0, 16.0), 54.0
    for n, y in enumerate(rows):
        start, stop, name = (first + 21.5, y), (total, middle), "₁₂"[n]
        diagrams.edge(axes, start, stop, gaps=(0, diagrams.RADIUS))
        by_x, by_w = number(neuron.by_x[n], 3), number(neuron.by_weights[n], small)
        diagrams.cell(axes, (first, y), f"x{name} = {neuron.x[n]:.1f}", by_x, width=43)
        at = (start[0] + 0.44 * (stop[0] - start[0]), y + 0.44 * (middle - y))
        weight = f"w{name} = {number(neuron.weights[n], digits)}"
        diagrams.values(axes, at, weight, by_w, gap=0.5, cut=38)
    diagrams.node(axes, (total, middle), "Σ")
    diagrams.node(axes, (output, middle), "σ")
    diagrams.edge(axes, (total, middle + 31), (total, middle), gaps=(0, diagrams.RADIUS))
    bias = f"b = {number(neuron.bias, digits)}"
    diagrams.values(axes, (total, middle + 43), bias, number(neuron.by_bias, small), gap=0.5)
    diagrams.edge(axes, (total, middle), (output, middle))
    diagrams.edge(axes, (output, middle), (wide, middle), gaps=(diagrams.RADIUS, 0))
    a, z = f"a = {number(neuron.a, digits)}", f"z = {number(neuron.z, 4 if whole else 2)}"
    diagrams.values(axes, ((total + output) / 2, middle), a, number(neuron.by_a, small))
    end = (output + diagrams.RADIUS + wide) / 2
    diagrams.values(axes, (end, middle), z, number(neuron.incoming, 0))


def _sigmoid_panels(top: Axes, low: Axes, data: SigmoidSaturation) -> None:
    for axes in (top, low):
        for side in (-1, 1):
            axes.axvspan(side * data.edge, side * 10, color=diagrams.ZONE, lw=0, zorder=0)
        axes.set(xlim=(-10, 10), xticks=[-8, -4, 0, 4, 8])
    top.plot(data.a, data.z, color=FORWARD, lw=2)
    low.plot(data.a, data.slope, lw=2, **SLOPE)
    for neuron, look in ((data.active, _ACTIVE), (data.saturated, _SATURATED)):
        top.plot(neuron.a, neuron.z, **look)
        low.plot(neuron.a, neuron.by_a / neuron.incoming, **look)
    active, saturated = data.active, data.saturated
    style.label(top, "active", (active.a, active.z), (7, -2), strong=style.UP)
    style.label(top, "saturated", (saturated.a, saturated.z), (8, -8), strong=style.INK, ha="right")
    slope = f"slope {active.by_a:.3f}"
    style.label(low, slope, (active.a, active.by_a), (8, 1), strong=style.UP)
    slope = f"slope\n{saturated.by_a:.4f}"
    style.label(low, slope, (saturated.a, saturated.by_a), (0, 8), strong=style.INK)
    style.label(low, f"slope\n< {data.least:g}", (-7.3, 0.25), (0, -2), color=style.MUTED)
    top.set(ylim=(-0.05, 1.1), yticks=[0, 0.5, 1])
    top.tick_params(labelbottom=False)
    top.set_title("Output z = σ(a)", color=FORWARD)
    low.set(ylim=(-0.014, 0.27), yticks=[0, 0.25], xlabel="pre-activation a")
    low.set_title("Slope dz/da = z(1 − z)", color=BACKWARD)


_ACTIVE: dict[str, Any] = {
    "marker": "o",
    "color": style.UP,
    "ms": 6.5,
    "mec": style.PAPER,
    "zorder": 6,
    "clip_on": False,
}
_SATURATED: dict[str, Any] = {**_ACTIVE, "marker": "s", "color": style.INK, "ms": 6}


# ---------------------------------------------------------------- Figure 7.10


@dataclass(frozen=True)
class Tanh:
    """Two activations over a, their derivatives, and their mean outputs for symmetric inputs.

    ``means``: over standard normal numbers and the same with the other sign; ``crossing``: where
    the slopes are equal.
    """

    a: Array
    tanh: Array
    sigmoid: Array
    tanh_slope: Array
    sigmoid_slope: Array
    means: tuple[float, float]
    ratio: float
    crossing: float


@figure(
    "7.10",
    slug="tanh",
    caption="The hyperbolic tangent is a sigmoid stretched to the range −1 to 1, so that its "
    "output is centred at zero and its slope at 0 four times as steep, but it also saturates "
    "sooner.",
    alt="Left, tanh rises from −1 through 0 at a = 0 to 1; the sigmoid, thinner, from 0 through "
    "0.5 to 1. For inputs drawn from the standard normal distribution the mean output of tanh is "
    "{d.means[0]:.1f}, of the sigmoid {d.means[1]:.1f}; both levels are marked. Right, the two "
    "derivatives, bumps about a = 0: that of tanh is {d.tanh_slope[200]:g} high, that of the "
    "sigmoid {d.sigmoid_slope[200]:g}, a ratio of {d.ratio:g}. Beyond a = ±{d.crossing:.2f} the "
    "slope of tanh is the smaller one.",
)
def tanh_figure() -> Tanh:
    """Compare tanh with the sigmoid: outputs, slopes, and the mean of each."""
    a = np.linspace(-5, 5, 401)
    half = np.random.default_rng(0).standard_normal(1000)
    inputs = np.append(half, -half)
    steep, flat = tanh.derivative(a), sigmoid.derivative(a)
    # 1/cosh²a = ¼/cosh²(a/2) is a quadratic equation in cosh(a/2).
    crossing = 2 * float(np.arccosh((1 + np.sqrt(3)) / 2))
    return Tanh(
        a,
        tanh(a),
        sigmoid(a),
        steep,
        flat,
        (round(float(tanh(inputs).mean()), 12), float(sigmoid(inputs).mean())),
        float(steep.max() / flat.max()),
        crossing,
    )


@tanh_figure.draws
def _(data: Tanh, width: float) -> matplotlib.figure.Figure:
    drawn, (output, slope) = style.panels(width, 2, page=2.8, column=5.0)
    other: dict[str, Any] = {"color": style.MUTED, "lw": 1.3}
    output.plot(data.a, data.sigmoid, **other)
    output.plot(data.a, data.tanh, color=FORWARD, lw=2.2)
    for mean, color, words in (
        (data.means[0], FORWARD, f"mean {data.means[0]:g}: zero-centred"),
        (data.means[1], style.MUTED, f"mean {data.means[1]:.1f}"),
    ):
        output.axhline(mean, color=color, lw=0.8, linestyle=":")
        output.plot(0, mean, "o", color=color, ms=6, mec=style.PAPER, zorder=6)
        if mean > 0.25:
            style.label(output, words, (-5, mean), (2, 3), color=color)
        else:
            style.label(output, words, (5, mean), (-2, -3), strong=color)
    style.label(output, "tanh", (-1.2, -0.83), (5, -2), strong=FORWARD)
    style.label(output, "sigmoid σ", (-2.4, 0.12), (-8, 4), color=style.MUTED)
    output.set(ylim=(-1.1, 1.1), yticks=[-1, 0, 1], xlabel="pre-activation a", xlim=(-5, 5))
    output.set_title("Output z", color=FORWARD)
    style.subtitle(output, "dots: mean output for inputs from N(0, 1)")
    slope.plot(data.a, data.sigmoid_slope, **(other | {"linestyle": SLOPE["linestyle"]}))
    slope.plot(data.a, data.tanh_slope, lw=2.2, **SLOPE)
    top, low = data.tanh_slope.max(), data.sigmoid_slope.max()
    style.label(slope, f"tanh: 1 − z²,\nat most {top:g}", (0.55, 0.8), (10, 0), strong=BACKWARD)
    style.label(
        slope, f"sigmoid: z(1 − z),\nat most {low:g}", (5, 0.19), (-1, 5), color=style.MUTED
    )
    slope.set(xlim=(-5, 5), ylim=(-0.02, 1.05), yticks=[0, 0.25, 0.5, 0.75, 1])
    slope.set(xlabel="pre-activation a")
    slope.set_title("Slope dz/da", color=BACKWARD)
    words = f"equal at a = ±{data.crossing:.2f}; beyond, tanh is flatter"
    style.subtitle(slope, words)
    return drawn


# ---------------------------------------------------------------- Figure 7.11


@dataclass(frozen=True)
class Relu:
    """The rectifier and its derivative over a; ``at_zero``: the derivative at the kink."""

    a: Array
    z: Array
    slope: Array
    at_zero: float


@figure(
    "7.11",
    slug="relu",
    caption="The rectifier hands on a positive pre-activation as it is and turns a negative one "
    "into 0, and accordingly its slope is 1 or 0 and never anything between.",
    alt="Left, the rectified linear unit z = max(0, a): level at 0 for all negative a, then the "
    "straight line z = a, with z = {d.z[400]:g} at a = {d.a[400]:g}; the kink is at the origin. "
    "Right, its derivative: {d.slope[0]:g} for negative a, {d.slope[400]:g} for positive a, with a "
    "jump at 0, where the package takes {d.at_zero:g}. The positive side is shaded as the one "
    "where the unit is active.",
)
def relu_figure() -> Relu:
    """Evaluate the rectifier and its derivative."""
    a = np.linspace(-4, 4, 401)
    return Relu(a, relu(a), relu.derivative(a), float(relu.derivative(0.0)))


@relu_figure.draws
def _(data: Relu, width: float) -> matplotlib.figure.Figure:
    drawn, (output, slope) = style.panels(width, 2, page=2.5, column=4.4)
    for axes in (output, slope):
        axes.axvspan(0, 4, color=diagrams.OPEN, lw=0, zorder=0)
        axes.set(xlim=(-4, 4), xlabel="pre-activation a", xticks=[-4, -2, 0, 2, 4])
    output.plot(data.a, data.z, color=FORWARD, lw=2.4)
    output.set(ylim=(-0.25, 4.2), yticks=[0, 2, 4])
    output.set_title("Output z = max(0, a)", color=FORWARD)
    style.label(output, "off: z = 0", (-2, 0), (0, 6))
    style.label(output, "active: z = a", (2.6, 0.9), (0, 0), strong=style.INK)
    for side in (data.a < 0, data.a > 0):
        slope.plot(data.a[side], data.slope[side], lw=2.4, **SLOPE)
    slope.plot(0, data.at_zero, "o", color=BACKWARD, ms=6, zorder=6)
    slope.plot(0, data.slope[-1], "o", mfc=style.PAPER, mec=BACKWARD, mew=1.4, ms=6, zorder=6)
    slope.set(ylim=(-0.08, 1.3), yticks=[0, 1])
    slope.set_title("Slope dz/da", color=BACKWARD)
    style.label(slope, "slope 0: no gradient\ncomes back", (-2, 0), (0, 6), color=BACKWARD)
    style.label(slope, "slope 1: all of it\ncomes back", (2, 1), (0, -7), strong=BACKWARD)
    return drawn
