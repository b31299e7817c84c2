"""The saturation playground: one unit in the flat part of its activation (Section 7.4)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from coursekit.activations import ActivationFunction, leaky_relu, relu, sigmoid, softplus, tanh
from coursekit.checks import Array, check_known, check_number
from coursekit.descent import first_step
from coursekit.widgets.playground import Choice, Control, Playground, Slider
from coursekit.widgets.scene import (
    Area,
    Frame,
    Handle,
    Item,
    Panel,
    Path,
    Point,
    Points,
    Text,
    View,
    number,
)

ACTIVATIONS: dict[str, ActivationFunction] = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "ReLU": relu,
    "leaky ReLU": leaky_relu(0.1),
}
SQUARED, ENTROPY = "squared error", "cross-entropy"
ASLEEP = 0.01  # a slope that small is saturation, as in ``diagnostics.saturated_units``
MOST = 2000
_FURTHEST, _NEAR = 39.0, (-12.0, 12.0)
_SIZES = (1e-20, 1e5)  # with room for the legend
_OUTPUTS: dict[str, Point] = {"sigmoid": (-0.15, 1.15), "tanh": (-1.25, 1.25)}
_RECTIFIED: Point = (-2.0, 12.5)
# Where the slope is 0.01: z(1 − z) and 1 − z², solved for a.
_EDGES = {
    "sigmoid": math.log((1 + math.sqrt(0.96)) / (1 - math.sqrt(0.96))),
    "tanh": math.atanh(math.sqrt(0.99)),
}


@dataclass(frozen=True)
class Neuron:
    """The loss of z = f(w·x + b) on one example, x = 1 with target t, over the plane of (w, b).

    ``loss``: ½(z − t)², or for sigmoid and tanh the cross-entropy, with z as the probability
    of a 1, and (1 + z)/2 for tanh.
    """

    activation: str
    loss: str
    target: float
    dimension: ClassVar[int] = 2

    def value(self, w: Array) -> Array:
        """The loss of each point (w, b), shape (...)."""
        a, t = np.sum(w, axis=-1), self.target
        if self.loss == SQUARED:
            return 0.5 * (ACTIVATIONS[self.activation](a) - t) ** 2
        if self.activation == "sigmoid":
            return softplus(a) - t * a
        return softplus(2 * a) - (1 + t) * a

    def gradient(self, w: Array) -> Array:
        """(∂L/∂w, ∂L/∂b) = (δx, δ), with x = 1."""
        return np.broadcast_to(self.delta(np.sum(w, axis=-1))[..., np.newaxis], np.shape(w))

    def delta(self, a: Any) -> Array:
        """δ = ∂L/∂a = f'(a) ∂L/∂z. With the cross-entropy f' cancels: δ = z − t."""
        function = ACTIVATIONS[self.activation]
        z = function(a)
        slope = function.derivative_from_output(z) if self.loss == SQUARED else 1.0
        return (z - self.target) * slope


class Saturation(Playground):
    """One unit z = f(w·x + b) with one example, x = 1 and a target, and its gradient descent.

    It starts from w = ``a`` and b = 0; both learn at the same ``rate``. ``activation``: "sigmoid",
    "tanh", "ReLU" or "leaky ReLU"; ``loss``: "squared error", or "cross-entropy" for the first two.
    Asleep is a unit whose slope f'(a) is at most 0.01.
    """

    title = "Saturation: drag the unit outwards, and see how long it sleeps"
    alt = (
        "An activation function with a unit and its tangent on it, the flat parts shaded; the "
        "size of slope and gradient by pre-activation; and the unit's output by step."
    )
    defaults: ClassVar[dict[str, Any]] = {
        "activation": "sigmoid",
        "loss": SQUARED,
        "a": 6.0,
        "target": 0.0,
        "rate": 0.5,
        "steps": 600,
    }

    def controls(self) -> Sequence[Control]:
        """Activation and loss, where there is a choice; target, rate and steps."""
        made: list[Control] = [Choice("activation", "Activation", tuple(ACTIVATIONS))]
        if self.state["activation"] in _EDGES:
            made.append(Choice("loss", "Loss", (SQUARED, ENTROPY)))
        made.append(Slider("target", "Target t", 0.0, 1.0))
        made.append(Slider("rate", "Rate η", 0.01, 10.0, log=True))
        made.append(Slider("steps", "Steps", 10, MOST, step=1))
        return made

    def check_setting(self, name: str, value: Any) -> Any:
        """The pre-activation as a number, or as a handle's point; the loss where it has no use."""
        if name == "loss":
            return check_known(name, value, (SQUARED, ENTROPY))
        if isinstance(value, tuple | list) and len(value) == 2:
            value = value[0]
        check_number(name, value, at_least=-_FURTHEST, at_most=_FURTHEST)
        return float(value)

    def neuron(self) -> Neuron:
        """The unit's loss as the state has it."""
        activation = self.state["activation"]
        loss = self.state["loss"] if activation in _EDGES else SQUARED
        return Neuron(activation, loss, self.state["target"])

    def run(self) -> Array:
        """The pre-activation by step, shape (steps + 1,)."""
        return self._whole()[: self.state["steps"] + 1].copy()

    def wakes_at(self) -> float:
        """The step from which on f'(a) > 0.01: 0 if it is awake, inf if it never wakes.

        Counted by running 2000 steps; a whole number. Further on it is the time that the flow
        da/dn = −2ηδ takes, which the small steps of a sleeper follow closely; a float.
        """
        neuron, whole = self.neuron(), self._whole()
        awake = first_step(ACTIVATIONS[neuron.activation].derivative(whole) > ASLEEP)
        if awake < math.inf or neuron.activation not in _EDGES:
            return awake
        return MOST + _sleep(neuron, float(whole[-1]), self.state["rate"])

    def dies_at(self) -> float:
        """The step from which on the gradient is exactly 0 far from the target, or inf."""
        neuron, whole = self.neuron(), self._whole()
        missed = ACTIVATIONS[neuron.activation](whole) != neuron.target
        return first_step((neuron.delta(whole) == 0) & missed)

    def frame(self) -> Frame:
        """The unit on its curve, slope and gradient on a logarithmic scale, and the run."""
        activation, neuron, window = self.state["activation"], self.neuron(), (0, self._span())
        far, outputs = (-_FURTHEST, _FURTHEST), _window(activation)
        curve = Panel(f"{activation}, and its tangent", _NEAR, outputs, "a", "z", share=1.2)
        sizes = Panel("Slope and gradient", far, _SIZES, "a", log_y=True, share=1.5)
        output = Panel("Output by step", window, outputs, "step", "z", share=1.3)
        views = {
            "curve": View(curve, self._on_curve(), _curve(activation), activation),
            "sizes": View(sizes, [self._size()], _sizes(neuron), repr(neuron)),
            "output": View(output, self._by_step()),
        }
        return Frame(views, self._told())

    def _span(self) -> float:
        return 1.02 * self.state["steps"]

    def _whole(self) -> Array:
        return _descend(self.neuron(), self.state["a"], self.state["rate"])

    def _at(self, a: float) -> tuple[float, float]:
        """Output and slope at a: z and f'(a)."""
        function = ACTIVATIONS[self.state["activation"]]
        return float(function(a)), float(function.derivative(a))

    def _on_curve(self) -> list[Item]:
        a, last = self.state["a"], float(self.run()[-1])
        z, slope = self._at(a)
        target, (low, high) = self.state["target"], _window(self.state["activation"])
        left = target > 0.5  # where the curve is low
        beside = (_NEAR[not left] * 0.96, target + 0.045 * (high - low))
        items: list[Item] = [
            _target_line(target, _NEAR),
            Text(beside, "target t", "muted", "left" if left else "right"),
            Points([(last, self._at(last)[0])], "SGD", "s", 6.0),
        ]
        if abs(a) <= _NEAR[1]:
            tangent = [(a + way, z + slope * way) for way in (-3.0, 3.0)]
            return [*items, Path(tangent, "good", 2.8), Handle("a", (a, z), axis="x")]
        side = "right" if a > 0 else "left"  # where the next panel has it still
        words = f"a = {number(a, 3)} →" if a > 0 else f"← a = {number(a, 3)}"
        return [*items, Text((0.97 if a > 0 else 0.03, 0.35), words, "ink", side, True, True)]

    def _size(self) -> Item:
        a = self.state["a"]
        size = abs(float(self.neuron().delta(a)))
        return Handle("a", (a, min(max(size, 2 * _SIZES[0]), _SIZES[1])), axis="x")

    def _by_step(self) -> list[Item]:
        z = ACTIVATIONS[self.state["activation"]](self.run())
        points = np.column_stack([np.arange(len(z)), z])
        asleep = min(self.wakes_at(), self._span())
        low, high = _window(self.state["activation"])
        return [
            Area([(0, low), (asleep, low), (asleep, high), (0, high)], "bad", 0.1),
            _target_line(self.state["target"], (0, self._span())),
            Path(points, "SGD", 2.2),
            Points(points[-1:], "SGD", "s", 6.0),
        ]

    def _told(self) -> list[str]:
        a, last = self.state["a"], float(self.run()[-1])
        (z, slope), end = self._at(a), self._at(last)[0]
        delta = float(self.neuron().delta(a)) + 0.0  # no −0
        step = 0.0 - self.state["rate"] * delta
        return [
            f"a = {number(a, 3)}, z = {_output(z)}: slope f'(a) = {number(slope)}, gradient ∂L/∂a "
            f"= {number(delta)}; the first step moves w and b by {number(step)} each.",
            self._verdict(z, delta),
            f"After {self.state['steps']} steps: a = {number(last, 3)}, z = {_output(end)}.",
        ]

    def _verdict(self, z: float, delta: float) -> str:
        awake, dies = self.wakes_at(), self.dies_at()
        if delta == 0 and z == self.state["target"]:
            return "The output is the target: nothing is to be learned, and nothing moves."
        if dies == 0:
            why = "" if self.state["activation"] not in _EDGES else " in float64"
            return f"Dead: the gradient is exactly 0{why}, and neither w nor b ever moves."
        if dies < math.inf:
            return f"Killed at step {dies}: thrown to where the gradient is exactly 0, for ever."
        if awake == 0:
            return "Awake from the start: the slope is above 0.01."
        if awake == math.inf:
            return "Asleep (slope at most 0.01) for ever: its target is in the same flat part."
        if isinstance(awake, int):
            return f"Asleep (slope at most 0.01) at first; awake from step {awake} on."
        # Beyond, w is so much larger than a step that rounding swallows it.
        long = f"about {number(awake)}" if awake < 1e14 else "more than 10¹⁴"
        return f"Asleep (slope at most 0.01): it would wake after {long} steps."


def _sleep(neuron: Neuron, a: float, rate: float) -> float:
    """The time of the flow da/dn = −2ηδ from a to the edge of the flat part, or inf."""
    side = math.copysign(1.0, a)
    way = np.linspace(_EDGES[neuron.activation], abs(a), 600)
    speed = 2 * rate * side * neuron.delta(side * way)
    if not (speed > 0).all():
        return math.inf
    return float(np.trapezoid(1 / speed, way))


def _fast_sigmoid(a: float) -> tuple[float, float]:
    z = 1 / (1 + math.exp(min(-a, 700.0)))
    return z, z * (1 - z)


def _fast_tanh(a: float) -> tuple[float, float]:
    z = math.tanh(a)
    return z, 1 - z * z


# Value and slope of one number: thirty times as fast as arrays of one.
_FAST: dict[str, Callable[[float], tuple[float, float]]] = {
    "sigmoid": _fast_sigmoid,
    "tanh": _fast_tanh,
    "ReLU": lambda a: (a, 1.0) if a > 0 else (0.0, 0.0),
    "leaky ReLU": lambda a: (a, 1.0) if a > 0 else (0.1 * a, 0.1),
}


@lru_cache(maxsize=32)
def _descend(neuron: Neuron, start: float, rate: float) -> Array:
    """The pre-activation over 2000 steps: SGD on ``neuron``, number by number."""
    function, entropy, target = _FAST[neuron.activation], neuron.loss == ENTROPY, neuron.target
    w, b = start, 0.0
    path = np.full(MOST + 1, start)
    for n in range(1, MOST + 1):
        z, slope = function(w + b)
        move = rate * (z - target) * (1.0 if entropy else slope)
        if move == 0:
            path[n:] = w + b
            break
        w -= move
        b -= move
        path[n] = w + b
    path.flags.writeable = False
    return path


@lru_cache(maxsize=8)
def _curve(activation: str) -> list[Item]:
    """The activation function over its window, and its flat parts."""
    a = np.linspace(*_NEAR, 481)
    z = ACTIVATIONS[activation](a)
    return [*_flat(activation, _NEAR, _window(activation)), Path(np.column_stack([a, z]), "ink", 2)]


@lru_cache(maxsize=32)
def _sizes(neuron: Neuron) -> list[Item]:
    """f'(a) and |∂L/∂a|; where one is exactly 0 its line stops."""
    a = np.linspace(-_FURTHEST, _FURTHEST, 1601)
    slope = ACTIVATIONS[neuron.activation].derivative(a)
    items = _flat(neuron.activation, (-_FURTHEST, _FURTHEST), _SIZES)
    for sizes, color, dash in ((slope, "ink", ()), (np.abs(neuron.delta(a)), "SGD", (5.0, 3.0))):
        line = np.column_stack([a, np.where(sizes > 0, sizes, np.nan)])
        items.append(Path(line, color, 2.2, dash))
    for side in (-1, 1):
        zero = a[(slope == 0) & (np.sign(a) == side)]
        if len(zero):
            middle = side * min(abs(float(zero.mean())), 30.0)
            items.append(Text((middle, 300 * _SIZES[0]), "exactly 0", "muted", "center"))
    words = (("━ slope f'(a)", "ink"), ("- - gradient |∂L/∂a|", "SGD"))
    for n, (text, color) in enumerate(words):
        items.append(Text((0.5, 0.94 - 0.07 * n), text, color, "center", True, True))
    return items


def _flat(activation: str, across: Point, up: Point) -> list[Item]:
    """The parts where the slope is at most 0.01, shaded."""
    edge = 0.0 if activation == "ReLU" else _EDGES.get(activation, math.inf)
    parts = [(across[0], -edge)] if edge < math.inf else []
    if activation in _EDGES:
        parts.append((edge, across[1]))
    low, high = up
    return [
        Area([(left, low), (right, low), (right, high), (left, high)], "bad", 0.1)
        for left, right in parts
    ]


def _window(activation: str) -> Point:
    return _OUTPUTS.get(activation, _RECTIFIED)


def _target_line(target: float, across: Point) -> Item:
    return Path([(across[0], target), (across[1], target)], "muted", 1.2, (2, 3))


def _output(z: float) -> str:
    """An output to three digits, or how far it is from 1 or −1."""
    short = 1 - abs(z)
    if not 0 < short < 1e-3:
        return number(z, 3)
    return f"1 − {number(short)}" if z > 0 else f"−1 + {number(short)}"
