"""The descent playground: a surface, a start to drag, and methods side by side (Section 7.3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from coursekit.checks import Array
from coursekit.descent import best_on_quadratic, first_step, minimize
from coursekit.objectives import Quadratic
from coursekit.optimizers import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSProp
from coursekit.widgets.playground import Button, Choice, Control, Playground, Slider, Toggle
from coursekit.widgets.scene import (
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
from coursekit.widgets.surfaces import SURFACES, background, floor, window


@dataclass(frozen=True)
class _Method:
    """How a method is made: its class, and each of its sliders with a default."""

    make: type
    sliders: dict[str, tuple[Slider, float]]
    dash: tuple[float, ...]
    marker: str


def _sliders(prefix: str, rate: float, low: float, high: float, **others: tuple[str, float]) -> Any:
    """A logarithmic rate, and coefficients between 0 and 0.999."""
    name = f"{prefix}_rate"
    made = {"learning_rate": (Slider(name, "η", low, high, log=True), rate)}
    for argument, (label, value) in others.items():
        made[argument] = (Slider(f"{prefix}_{argument}", label, 0.0, 0.999), value)
    return made


_RHO = {"momentum": ("ρ", 0.9)}
METHODS: dict[str, _Method] = {
    "SGD": _Method(SGD, _sliders("sgd", 0.05, 1e-4, 3.0), (), "o"),
    "Momentum": _Method(Momentum, _sliders("momentum", 0.02, 1e-4, 3.0, **_RHO), (6, 2), "s"),
    "Nesterov": _Method(Nesterov, _sliders("nesterov", 0.02, 1e-4, 3.0, **_RHO), (6, 2, 1, 2), "D"),
    "AdaGrad": _Method(AdaGrad, _sliders("adagrad", 0.5, 1e-3, 10.0), (1, 2), "^"),
    "RMSProp": _Method(
        RMSProp, _sliders("rmsprop", 0.05, 1e-3, 3.0, decay=("ρ", 0.9)), (3, 2), "v"
    ),
    "Adam": _Method(
        Adam,
        _sliders("adam", 0.2, 1e-3, 3.0, beta1=("β₁", 0.9), beta2=("β₂", 0.999)),
        (8, 2, 1, 2, 1, 2),
        "P",
    ),
}
_SIGNS = {"o": "●", "s": "■", "D": "◆", "^": "▲", "v": "▼", "P": "✚"}
GOAL = 1e-6  # the loss above the minimum that counts as arrived


class Descent(Playground):
    """Up to six methods from one start on one surface; ``sgd=True`` and its like choose them.

    The start is dragged, or moved by the arrow keys. ``steps``: how many are taken; the button
    beside its slider plays them one after the other. Each method has the sliders of its own
    settings, such as ``sgd_rate`` and ``momentum_momentum``.
    """

    title = "Descent: drag the start, choose methods, set their rates"
    alt = "Contour lines of a loss with the path of each method, and the loss by step beside it."
    defaults: ClassVar[dict[str, Any]] = {
        "surface": "valley",
        "start": (-1.6, 1.2),
        "steps": 60,
        **{name.lower(): name == "SGD" for name in METHODS},
        **{slider.name: v for m in METHODS.values() for slider, v in m.sliders.values()},
    }

    def chosen(self) -> list[str]:
        """The names of the methods that run."""
        return [name for name in METHODS if self.state[name.lower()]]

    def controls(self) -> Sequence[Control]:
        """Surface, steps, methods, then the sliders of those that run."""
        made: list[Control] = [
            Choice("surface", "Surface", tuple(SURFACES)),
            Slider("steps", "Steps", 1, 300, step=1, play=True),
            *(Toggle(name.lower(), name, color=name) for name in METHODS),
        ]
        if self._jumps():
            made.append(Button("best", "Best rate in closed form"))
        for name in self.chosen():
            for slider, _ in METHODS[name].sliders.values():
                made.append(slider.of(name))
        return made

    def move(self, **changes: Any) -> None:
        """Change settings; another surface brings its own start."""
        super().move(**changes)
        if "surface" in changes and "start" not in changes:
            self.state["start"] = _first_start(self.state["surface"])

    def press(self, name: str) -> None:
        """Take the best constant settings of the methods that have some in closed form."""
        if name != "best":
            super().press(name)
            return
        self.move(**self._jumps())

    def check_setting(self, name: str, value: Any) -> Any:
        """The start as a point; settings of methods that do not run as their sliders want them."""
        for method in METHODS.values():
            for slider, _ in method.sliders.values():
                if slider.name == name:
                    return slider.check(value)
        return super().check_setting(name, value)

    def code(self) -> str:
        """The line that makes this state; settings of methods that do not run are left out."""
        unused = {name.lower() for name in METHODS} - {name.lower() for name in self.chosen()}
        unused -= {"sgd"}  # which runs unless told not to
        kept = {
            name: value
            for name, value in self.state.items()
            if name not in unused and name.split("_")[0] not in unused
        }
        return self.literal(kept)

    def run(self, name: str) -> Any:
        """The run of one method as the state has it."""
        method = METHODS[name]
        settings = {a: self.state[slider.name] for a, (slider, _) in method.sliders.items()}
        surface = SURFACES[self.state["surface"]]
        return minimize(surface, self.state["start"], method.make(**settings), self.state["steps"])

    def frame(self) -> Frame:
        """The paths on the surface, the loss above the minimum by step, the steps to the goal."""
        surface, steps = self.state["surface"], self.state["steps"]
        lowest = floor(surface)
        paths: list[Item] = []
        curves: list[Item] = []
        said: list[str] = []
        for name in self.chosen():
            look = METHODS[name]
            run = self.run(name)
            marker = look.marker if steps <= 100 else ""
            paths.append(Path(run.points, name, 1.4, look.dash, marker))
            paths.append(Points(run.points[-1:], name, look.marker, 5.0))
            above = run.values - (lowest if math.isfinite(lowest) else 0.0)
            curves.append(Path(_curve(above), name, 1.8, look.dash))
            words = f"{_SIGNS[look.marker]} {name}"
            curves.append(Text((0.98, 0.95 - 0.06 * len(said)), words, name, "right", True, True))
            said.append(f"{name}: {_told(above, run.values, math.isfinite(lowest))}")
        stars = SURFACES[surface].minima
        items = [*paths, Points(stars, "star", "*", 8.0), Handle("start", self.state["start"])]
        x, y = window(surface)
        plane = Panel(f"{surface}, {steps} steps", x, y, "w₁", "w₂", share=1.1, height=340)
        loss = Panel(
            "Loss above the minimum" if math.isfinite(lowest) else "Loss (it has no minimum)",
            (0, max(steps, 2)),
            (1e-9, 1e3),
            "step",
            log_y=True,
            height=340,
        )
        goal_line = Path([(0, GOAL), (steps, GOAL)], "muted", 1.0, (2, 3))
        views = {
            "plane": View(plane, items, background(surface), key=surface),
            "loss": View(loss, [goal_line, *curves]),
        }
        return Frame(views, said or ["Choose at least one method."])

    def steps_to_goal(self, name: str) -> float:
        """The first step at which a method's loss is within ``GOAL`` of the minimum, or inf."""
        values = self.run(name).values
        return float(first_step(values - floor(self.state["surface"]) <= GOAL))

    def _jumps(self) -> dict[str, float]:
        """The settings that are best in the long run, for quadratics with a minimum."""
        surface = SURFACES[self.state["surface"]]
        if not isinstance(surface, Quadratic) or not len(surface.minima):
            return {}
        low, high = float(surface.curvatures.min()), float(surface.curvatures.max())
        jumps = {}
        for name, method in {"SGD": SGD, "Momentum": Momentum, "Nesterov": Nesterov}.items():
            if name in self.chosen():
                best = best_on_quadratic(method, low, high)
                jumps[f"{name.lower()}_rate"] = best.learning_rate
                if name != "SGD":
                    jumps[f"{name.lower()}_momentum"] = best.momentum
        return jumps


def _first_start(surface: str) -> Point:
    """A start in the upper left of the window, off every axis."""
    (x0, x1), (y0, y1) = window(surface)
    return round(0.9 * x0 + 0.1 * x1, 3), round(0.2 * y0 + 0.8 * y1, 3)


def _curve(above: Array) -> Array:
    """The loss by step; zero and below have no place on a logarithmic axis."""
    with np.errstate(invalid="ignore"):
        heights = np.where(above > 0, np.maximum(above, 1e-12), np.nan)
    return np.column_stack([np.arange(len(above)), heights])


def _told(above: Array, values: Array, bounded: bool) -> str:
    """One run in words: where it got to, and when."""
    if not np.isfinite(values).all():
        return f"diverges, not finite from step {first_step(~np.isfinite(values))} on"
    if not bounded:
        return f"loss {number(values[-1])} after {len(values) - 1} steps"
    arrived = first_step(above <= GOAL)
    when = (
        f"within {number(GOAL)} after {arrived} steps"
        if math.isfinite(arrived)
        else "not there yet"
    )
    grows = ", growing" if above[-1] > above[0] else ""
    return f"{number(above[-1])} above the minimum after {len(values) - 1} steps{grows}; {when}"
