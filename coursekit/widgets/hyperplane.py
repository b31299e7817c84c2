"""The hyperplane playground: one rectified unit over a cloud of points (Section 7.4.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from coursekit.activations import leaky_relu
from coursekit.checks import Array, check_number
from coursekit.datasets import blobs, elongated_cloud, moons, spirals
from coursekit.diagnostics import dead_units
from coursekit.layers import Activation, Dense
from coursekit.network import Network
from coursekit.widgets.playground import Button, Choice, Control, Playground, Slider, point
from coursekit.widgets.scene import (
    Frame,
    Handle,
    Image,
    Item,
    Panel,
    Path,
    Point,
    Points,
    Text,
    View,
    number,
)

Mask = NDArray[np.bool_]

CLOUDS = ("one cloud", "two clouds", "moons", "spirals")
POINTS = 200
_X, _Y = (-4.0, 4.0), (-3.2, 3.2)
_REACH = (2.9, 2.1)  # of the line's handle, so that the arrow's tip stays in the picture
_A, _Z = (-6.0, 6.0), (-3.0, 6.0)  # the windows of pre-activation and output
_SHADES = 12.0  # the output at which the shades end


class Hyperplane(Playground):
    """A unit z = f(w·x + b) on points in the plane, f a ReLU or a leaky one; w has length 1.

    ``foot``: a point of the line w·x + b = 0; ``angle``: of w, in degrees from the first axis.
    Both are dragged: the ring on the line moves it, the ring at the tip of w turns it.
    ``cloud`` and ``seed``: the points; ``slope``: the leaky slope c, 0 for ReLU.
    """

    title = "One ReLU unit: drag its line off the points, and it dies"
    alt = (
        "Points in the plane and the line where a unit's pre-activation is zero, with the points "
        "on its active side marked; beside it the activation function with the same points on it."
    )
    defaults: ClassVar[dict[str, Any]] = {
        "cloud": "one cloud",
        "foot": (0.2, 0.1),
        "angle": 35.0,
        "slope": 0.0,
        "seed": 0,
    }

    def controls(self) -> Sequence[Control]:
        """The points, the leaky slope, and the other side of the line."""
        return [
            Choice("cloud", "Points", CLOUDS),
            Slider("seed", "Seed", 0, 20, step=1),
            Slider("slope", "Leaky slope c (0 is ReLU)", 0.0, 0.5),
            Button("turn", "Turn w round"),
        ]

    def check_setting(self, name: str, value: Any) -> Any:
        """The foot within its reach; the angle in degrees, or as the point that w shows at."""
        if name == "foot":
            foot = point(name, value)
            if foot != _within_reach(foot):
                raise ValueError(
                    f"foot must lie within ±{_REACH[0]:g} and ±{_REACH[1]:g}, got {value!r}"
                )
            return foot
        if isinstance(value, tuple | list) and len(value) == 2:
            (x, y), (x0, y0) = point(name, value), self.state["foot"]
            if math.hypot(x - x0, y - y0) < 0.05:  # on the foot itself there is no direction
                return self.state["angle"]
            value = round(math.degrees(math.atan2(y - y0, x - x0)), 1)
        check_number(name, value)
        return float(value)

    def move(self, **changes: Any) -> None:
        """Change settings, as controls and handles do; the foot stops at the end of its reach."""
        if "foot" in changes:
            changes["foot"] = _within_reach(point("foot", changes["foot"]))
        super().move(**changes)

    def press(self, name: str) -> None:
        """Turn w round: the active side becomes the inactive one."""
        if name != "turn":
            super().press(name)
            return
        angle = self.state["angle"]
        self.move(angle=angle - 180 if angle > 0 else angle + 180)

    def weights(self) -> tuple[float, float, float]:
        """(w₁, w₂, b) of the unit."""
        turn = math.radians(self.state["angle"])
        w, foot = (math.cos(turn), math.sin(turn)), self.state["foot"]
        return w[0], w[1], -(w[0] * foot[0] + w[1] * foot[1])

    def unit(self) -> Network:
        """The unit as a network of one dense layer and its activation."""
        layers = [Dense(2, 1), Activation(leaky_relu(self.state["slope"]))]
        network = Network(layers, np.random.default_rng(0))
        network.parameters = np.array(self.weights())
        return network

    def points(self) -> Array:
        """The points, shape (200, 2)."""
        return _points(self.state["cloud"], self.state["seed"]).copy()

    def active_fraction(self) -> float:
        """The share of the points with w·x + b > 0."""
        return float((self.unit().layers[0].forward(self.points()) > 0).mean())

    def is_dead(self) -> bool:
        """Whether the derivative is 0 at every point."""
        (dead,) = dead_units(self.unit(), self.points()).values()
        return bool(dead.all())

    def status(self) -> str:
        """Return "dead", "alive", or "always on": then the unit is linear on all of the points."""
        if self.active_fraction() == 1:
            return "always on"
        return "dead" if self.is_dead() else "alive"

    def gradient(self) -> Array:
        """The mean over the points of ∂z/∂(w₁, w₂, b)."""
        network, points = self.unit(), self.points()
        network.forward(points)
        network.backward(np.full((len(points), 1), 1 / len(points)))
        return network.gradient.copy()

    def frame(self) -> Frame:
        """The points by the side of the line, the unit's function, and what a gradient does."""
        points, network = self.points(), self.unit()
        a = network.layers[0].forward(points)[:, 0]
        z = network.layers[1].forward(a[:, np.newaxis])[:, 0]
        active = a > 0
        plane = Panel("Points and line", _X, _Y, "x₁", "x₂", share=1.5, height=420, equal=True)
        curve = Panel(self._formula(), _A, _Z, "a", "z", share=1.35, height=420)
        on_curve = _marked(np.column_stack([a, z]), active)
        words = [
            *_side("active", active, "good", 1.0, (0.97, 0.24)),
            *_side("inactive", ~active, "muted", self.state["slope"], (0.03, 0.95)),
        ]
        views = {
            "plane": View(plane, [self._shades(network), *_marked(points, active), *self._line()]),
            "unit": View(curve, [Path(_graph(network), "ink", 2.0), *on_curve, *words]),
        }
        return Frame(views, self._told(active))

    def _formula(self) -> str:
        slope = self.state["slope"]
        return f"z = max({slope:g}·a, a), a = w·x + b" if slope else "z = max(0, a), a = w·x + b"

    def _line(self) -> list[Item]:
        """The line, w on it, and the two handles."""
        w1, w2, _ = self.weights()
        x, y = self.state["foot"]
        far = 12.0
        ends = [(x - far * w2, y + far * w1), (x + far * w2, y - far * w1)]
        tip: Point = (x + w1, y + w2)
        return [
            Path(ends, "ink", 2.2),
            Path([(x, y), tip], "ink", 2.6),
            Handle("foot", (x, y)),
            Handle("angle", tip, "w"),
        ]

    def _shades(self, network: Network) -> Image:
        """The output over the plane: green above 0, red below, where there is anything."""
        z = network.forward(_grid())
        return Image(0.5 + z.reshape(33, 41) / (2 * _SHADES), "signed")

    def _told(self, active: Mask) -> list[str]:
        w1, w2, b = self.weights()
        g1, g2, gb = (number(part) for part in (self.gradient().round(4) + 0.0).tolist())
        unit = f"w = ({w1:.2f}, {w2:.2f}), b = {b:.2f}".replace("-", "−")
        mean = f"mean gradient of z over the points: by w ({g1}, {g2}), by b {gb}"
        return [self._verdict(active), f"{unit}; {mean}."]

    def _verdict(self, active: Mask) -> str:
        slope, status = self.state["slope"], self.status()
        if status == "dead":
            return "Dead: no point is active, all gradients are exactly 0, no step moves the line."
        if status == "always on":
            return "Always on: every point is active, so that the unit is a linear one."
        if not active.any():
            return f"No point is active, yet it is alive: each passes {slope:g} of its gradient."
        rest = f"passes {slope:g} of it" if slope else "passes none"
        return (
            f"Alive: {_percent(active)} active. An active point passes its gradient whole, "
            f"an inactive one {rest}."
        )


@lru_cache(maxsize=32)
def _points(cloud: str, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    if cloud == "one cloud":
        return elongated_cloud(POINTS, rng, std=(0.75, 0.4))
    if cloud == "two clouds":
        return blobs(POINTS, rng, centres=((-1.3, 0.4), (1.3, -0.4)), std=0.4)[0]
    if cloud == "moons":
        return 1.5 * (moons(POINTS, rng)[0] - (0.5, 0.25))
    return 2.2 * spirals(POINTS, rng)[0]


@lru_cache(maxsize=1)
def _grid() -> Array:
    """Points all over the window, the lowest row first, shape (33 · 41, 2)."""
    x, y = np.meshgrid(np.linspace(*_X, 41), np.linspace(*_Y, 33))
    return np.column_stack([x.ravel(), y.ravel()])


def _graph(network: Network) -> Array:
    """The activation function over its window."""
    a = np.array([_A[0], 0.0, _A[1]])
    return np.column_stack([a, network.layers[1].forward(a[:, np.newaxis])])


def _marked(places: Array, active: Mask) -> list[Item]:
    """Active points as filled rounds, inactive ones as small grey squares."""
    return [
        Points(places[~active], "muted", "s", 2.4, alpha=0.75),
        Points(places[active], "good", "o", 3.4, alpha=0.85),
    ]


def _side(name: str, on: Mask, color: str, factor: float, at: Point) -> list[Item]:
    """One side of the activation function in words, from a place in the panel downwards."""
    lines = (f"{name}:", f"{on.sum()} of {len(on)}, {_percent(on)}", f"gradient × {factor:g}")
    (x, y), align = at, "left" if at[0] < 0.5 else "right"
    return [
        Text((x, y - 0.06 * n), line, color, align, share=True, bold=n == 0)
        for n, line in enumerate(lines)
    ]


def _within_reach(foot: Point) -> Point:
    x, y = (min(r, max(-r, part)) for part, r in zip(foot, _REACH, strict=True))
    return x, y


def _percent(mask: Mask) -> str:
    return f"{100 * mask.mean():.3g} %"
