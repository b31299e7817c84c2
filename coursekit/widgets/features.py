"""The features playground: mean and scale of two inputs, and the descent they make (7.6)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, ClassVar

import numpy as np

from coursekit.checks import Array, quiet
from coursekit.descent import first_step, minimize
from coursekit.objectives import Quadratic
from coursekit.optimizers import SGD
from coursekit.preprocessing import Center, Standardize, Transformer
from coursekit.widgets.playground import Choice, Control, Playground, Slider, Toggle, point
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
    drawable,
    number,
)

POINTS = 60
MINIMUM: Point = (1.0, -0.6)  # the teacher's weights
ARRIVED = 0.01  # the distance from the minimum that counts as there
PASSES = 100  # over the points, with single examples, until that is given up
TRANSFORMERS: dict[str, type[Transformer] | None] = {
    "none": None,
    "Center": Center,
    "Standardize": Standardize,
}
_X, _W = 6.0, 2.5  # half the width of the windows of inputs and weights
_REACH = 4.0  # of the mean, in each direction
_RATE = Slider("rate", "Rate η", 1e-3, 3.0, log=True)


class Features(Playground):
    """A unit y = w₁x₁ + w₂x₂ learns the weights of a teacher, t = (1, −0.6)·x, from 60 inputs.

    The inputs have exactly this ``mean``, ``scale1``, ``scale2`` (std) and ``correlation``, then
    pass the ``preprocessing``; the teacher sees what the unit sees, so that the minimum of
    L = ½ mean (y − t)² stays in its place while the curvature, the second moment C + m mᵀ of the
    inputs, changes. Without a bias the mean m enters it; a bias does not mend that: it is a third
    weight, with an input of 1, and the second moment of (x₁, x₂, 1) is conditioned still worse.

    ``per_example``: single inputs in a random order instead of the batch. ``best_rate``: η is
    2/(λmax + λmin) for the batch, 1/max ‖x‖² for single inputs, the largest that overshoots none.
    """

    title = "Features: drag the cloud away from the origin, stretch it, and watch the descent"
    alt = (
        "A cloud of inputs with two features; the loss of a linear unit over its two weights, "
        "with the path of gradient descent; and the distance to the minimum by step."
    )
    defaults: ClassVar[dict[str, Any]] = {
        "mean": (2.5, 2.0),
        "scale1": 0.8,
        "scale2": 0.8,
        "correlation": 0.0,
        "preprocessing": "none",
        "per_example": False,
        "best_rate": True,
        "rate": 0.1,
        "start": (-1.2, 1.2),
        "steps": 60,
    }

    def controls(self) -> Sequence[Control]:
        """The inputs, what is done to them, and the descent; mean and start are dragged."""
        return [
            Choice("preprocessing", "Preprocessing", tuple(TRANSFORMERS)),
            Slider("scale1", "Std of x₁", 0.1, 3.0, log=True),
            Slider("scale2", "Std of x₂", 0.1, 3.0, log=True),
            Slider("correlation", "Correlation", -0.95, 0.95),
            Toggle("per_example", "One example a step"),
            Toggle("best_rate", "η by formula"),
            *([] if self.state["best_rate"] else [_RATE]),
            Slider("steps", "Steps", 1, 300, step=1, play=True),
        ]

    def check_setting(self, name: str, value: Any) -> Any:
        """Mean and start within their reach; the rate as its slider wants it, also unused."""
        if name == "rate":
            return _RATE.check(value)
        place, reach = point(name, value), _reach(name)
        if max(map(abs, place)) > reach:
            raise ValueError(f"{name} must lie within ±{reach:g}, got {value!r}")
        return place

    def move(self, **changes: Any) -> None:
        """Change settings, as controls and handles do; handles stop at the end of their reach."""
        for name in {"mean", "start"} & changes.keys():
            reach = _reach(name)
            x, y = (min(reach, max(-reach, part)) for part in point(name, changes[name]))
            changes[name] = x, y
        super().move(**changes)

    def raw(self) -> Array:
        """The inputs before any preprocessing, shape (60, 2)."""
        one, other = _cloud().T
        r = self.state["correlation"]
        mixed = np.column_stack([one, r * one + math.sqrt(1 - r * r) * other])
        return mixed * (self.state["scale1"], self.state["scale2"]) + self.state["mean"]

    def inputs(self) -> Array:
        """The inputs as the unit sees them, shape (60, 2)."""
        make = TRANSFORMERS[self.state["preprocessing"]]
        return make().fit_transform(self.raw()) if make else self.raw()

    def surface(self) -> Quadratic:
        """The loss over (w₁, w₂)."""
        return _surface(self.inputs().tobytes())

    def condition_number(self, bias: bool = False) -> float:
        """λmax/λmin of the second moment of (x₁, x₂), or of (x₁, x₂, 1) with a bias."""
        if not bias:
            return self.surface().condition_number
        x = np.column_stack([self.inputs(), np.ones(POINTS)])
        low, *_, high = np.linalg.eigvalsh(x.T @ x / POINTS)
        return float(high / low)

    def learning_rate(self) -> float:
        """The rate of the descent: the slider's, or the one by formula."""
        if not self.state["best_rate"]:
            return float(self.state["rate"])
        if self.state["per_example"]:
            return float(1 / (self.inputs() ** 2).sum(axis=1).max())
        return float(2 / self.surface().curvatures.sum())

    def same_sign_share(self) -> float:
        """The share of the inputs whose update −η(y − t)x moves both weights the same way."""
        return float((self.inputs().prod(axis=1) > 0).mean())

    def path(self) -> Array:
        """The weights by step, shape (steps + 1, 2)."""
        if self.state["per_example"]:
            return self._walk()[: self.state["steps"] + 1].copy()
        descent = SGD(self.learning_rate())
        return minimize(self.surface(), self.state["start"], descent, self.state["steps"]).points

    def steps_to_arrive(self) -> float:
        """The first step within 0.01 of the minimum: a whole number, or inf if there is none.

        Single examples are given 100 passes over the inputs, 6000 steps.
        """
        if self.state["per_example"]:
            return float(first_step(_distance(self._walk()) <= ARRIVED))
        surface, rate = self.surface(), self.learning_rate()
        offset = (np.array(self.state["start"]) - MINIMUM) @ surface.rotation
        return _first_arrival(offset, 1 - rate * surface.curvatures)

    def frame(self) -> Frame:
        """The inputs, the weights' way down, and how far it is still, by step."""
        path, steps = self.path(), self.state["steps"]
        inputs = _square("Inputs", _X, "x₁", "x₂")
        weights = _square("Loss over the weights", _W, "w₁", "w₂")
        distance = Panel(
            "Distance to the minimum",
            (0, max(steps, 2)),
            (1e-3, 10.0),
            "step",
            log_y=True,
            share=1.2,
        )
        views = {
            "inputs": View(inputs, self._inputs(), _axes(_X), "axes"),
            "weights": View(weights, self._weights(path)),
            "distance": View(distance, _by_step(path)),
        }
        return Frame(views, self._told())

    def _walk(self) -> Array:
        return _walk(self.inputs().tobytes(), self.state["start"], self.learning_rate())

    def _inputs(self) -> list[Item]:
        seen = self.inputs()
        same = seen.prod(axis=1) > 0
        items: list[Item] = []
        if self.state["preprocessing"] != "none":
            items.append(Points(self.raw(), "muted", "o", 2.0, alpha=0.6))
        words = (("● same sign", "bad", 0.95), ("■ opposite signs", "good", 0.88))
        return [
            *items,
            Points(seen[same], "bad", "o", 3.0, alpha=0.8),
            Points(seen[~same], "good", "s", 3.0, alpha=0.8),
            *(Text((0.03, y), text, role, share=True) for text, role, y in words),
            Handle("mean", self.state["mean"]),
        ]

    def _weights(self, path: Array) -> list[Item]:
        start, marker = self.state["start"], "o" if self.state["steps"] <= 100 else ""
        shades = self._quadrants() if self.state["per_example"] else []
        return [
            *_bowl(self.surface(), start),
            *shades,
            Path([start, MINIMUM], "ink", 1.2, (3, 3)),
            Path(drawable(path), "SGD", 1.4, (), marker),
            Points([MINIMUM], "star", "*", 8.0),
            Handle("start", start, "start"),
        ]

    def _quadrants(self) -> list[Item]:
        """Where single examples can move the start to, the darker the more of them."""
        (x, y), same = self.state["start"], self.same_sign_share()
        far = 3 * _W
        items: list[Item] = []
        for share, signs in ((same, (1, -1)), (1 - same, (-1, 1))):
            for across, up in ((1, signs[0]), (-1, signs[1])):
                right, top = x + across * far, y + up * far
                corners = [(x, y), (right, y), (right, top), (x, top)]
                items.append(Area(corners, "Momentum", 0.22 * share))
        return items

    def _told(self) -> list[str]:
        low, high = self.surface().curvatures
        shape = (
            f"Second moment of the inputs: λmax = {number(high, 3)}, λmin = {number(low, 3)}, "
            f"condition number {number(high / low, 3)} (with a bias as a third weight: "
            f"{number(self.condition_number(bias=True), 3)})."
        )
        same = f"{100 * self.same_sign_share():.0f} %"
        signs = f"Same sign in both features, so that an example moves both weights alike: {same}."
        if self.state["per_example"]:
            signs += " Shaded: where an example can move the start to."
        return [shape, self._arrival(high), signs]

    def _arrival(self, high: float) -> str:
        rate, arrived = self.learning_rate(), self.steps_to_arrive()
        by = ""
        if self.state["best_rate"]:
            by = ", 1/max ‖x‖²" if self.state["per_example"] else ", 2/(λmax + λmin)"
        who = "One example a step" if self.state["per_example"] else "The whole batch"
        way = f"{who}, η = {number(rate, 3)}{by}: "
        if arrived < math.inf:
            passes = f", {arrived / POINTS:.2g} passes" if self.state["per_example"] else ""
            steps = "1 step" if arrived == 1 else f"{number(arrived, 4)} steps"
            return f"{way}within {ARRIVED} of the minimum after {steps}{passes}."
        if self.state["per_example"]:
            return f"{way}∞, not within {ARRIVED} of the minimum in {PASSES} passes."
        return f"{way}∞, it never arrives: η·λmax = {number(rate * high, 3)}, and 2 is the limit."


def _reach(name: str) -> float:
    return _REACH if name == "mean" else _W


@cache
def _cloud() -> Array:
    """Points of mean 0 and std 1 without correlation, exactly, shape (60, 2)."""
    drawn = np.random.default_rng(46).normal(size=(POINTS, 2))
    drawn -= drawn.mean(axis=0)
    factor = np.linalg.cholesky(drawn.T @ drawn / POINTS)
    return np.linalg.solve(factor, drawn.T).T


@lru_cache(maxsize=8)
def _surface(inputs: bytes) -> Quadratic:
    x = np.frombuffer(inputs).reshape(-1, 2)
    curvatures, directions = np.linalg.eigh(x.T @ x / POINTS)
    return Quadratic(curvatures, directions, MINIMUM)


@cache
def _order() -> list[int]:
    rng = np.random.default_rng(0)
    return [n for _ in range(PASSES) for n in rng.permutation(POINTS).tolist()]


@lru_cache(maxsize=8)
def _walk(inputs: bytes, start: Point, rate: float) -> Array:
    """SGD with one example a step, number by number, which is faster than arrays of two."""
    x = np.frombuffer(inputs).reshape(-1, 2).tolist()
    d1, d2 = start[0] - MINIMUM[0], start[1] - MINIMUM[1]
    path = [(d1, d2)]
    for n in _order():
        x1, x2 = x[n]
        step = rate * (d1 * x1 + d2 * x2)  # η(y − t)
        d1, d2 = d1 - step * x1, d2 - step * x2
        path.append((d1, d2))
    return np.array(path) + MINIMUM


@quiet
def _distance(path: Array) -> Array:
    offset: Array = np.hypot(*(path - MINIMUM).T)
    return offset


@quiet
def _first_arrival(offset: Array, factors: Array) -> float:
    """The first n at which ‖offset · factorsⁿ‖ is small enough, or inf."""

    def far(n: Any) -> Any:
        return np.hypot(*(offset * factors ** np.asarray(n)[..., np.newaxis]).T) > ARRIVED

    early = first_step(~far(np.arange(1001.0)))
    if early < math.inf or (abs(factors) >= 1).any():
        return float(early)
    low, high = 1000, 2000  # it shrinks all the time: the step is between two where it is known
    while far(float(high)):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if far(float(middle)) else (low, middle)
    return float(high)


def _bowl(surface: Quadratic, start: Point) -> list[Item]:
    """Contour lines at equal distances along any ray, the fourth one through the start."""
    turn = np.linspace(0, 2 * np.pi, 97)
    height = max(float(surface.value(start)), 1e-6)
    radii = np.sqrt(2 * height / surface.curvatures)
    ring = np.column_stack([np.cos(turn), np.sin(turn)]) * radii @ surface.rotation.T
    items: list[Item] = []
    for level in (1.75, 1.5, 1.25, 1.0, 0.75, 0.5, 0.25):
        line = MINIMUM + level * ring
        items += [Area(line, "contour", 0.07), Path(line, "contour", 0.7)]
    return items


def _by_step(path: Array) -> list[Item]:
    distance = _distance(path)
    shown = np.where((distance > 1e-12) & (distance < 1e30), distance, np.nan)
    line = np.column_stack([np.arange(len(path)), shown])
    last = len(path) - 1
    return [
        Path([(0, ARRIVED), (max(last, 2), ARRIVED)], "muted", 1.0, (2, 3)),
        Text((0.03, 0.2), f"there: {ARRIVED}", "muted", "left", True),
        Path(line, "SGD", 1.8),
    ]


def _square(title: str, far: float, x: str, y: str) -> Panel:
    return Panel(title, (-far, far), (-far, far), x, y, share=1.2, equal=True)


def _axes(far: float) -> list[Item]:
    return [Path([(-far, 0), (far, 0)], "muted", 0.8), Path([(0, -far), (0, far)], "muted", 0.8)]
