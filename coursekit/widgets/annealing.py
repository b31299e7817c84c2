"""The annealing playground: noisy gradients, and a rate that falls by a schedule (Section 7.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar

import numpy as np

from coursekit.annealing import (
    RUNS,
    SCHEDULES,
    STEPS,
    SURFACES,
    TailLoss,
    runs_of,
    schedule_of,
    stationary_loss,
    tail_loss,
)
from coursekit.checks import Array, check_number, quiet
from coursekit.descent import Trajectory
from coursekit.objectives import Quadratic
from coursekit.schedules import Schedule
from coursekit.widgets.playground import Choice, Control, Playground, Slider, Toggle
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
    drawable,
    number,
)
from coursekit.widgets.surfaces import background, window

_CLOSER = 4
_SPAN: Point = (0.0, 1.02 * STEPS)  # a little room, for the last mark
_LOSSES: Point = (1e-4, 1e2)
_RATES: Point = (1e-4, 3.0)
_SETTINGS: dict[str, tuple[Slider, Any]] = {
    "factor": (Slider("factor", "Factor", 0.05, 1.0), 0.5),
    "every": (Slider("every", "per … steps", 5, STEPS, step=1), 40),
    "decay": (Slider("decay", "Decay", 1e-3, 2.0, log=True), 0.1),
    "warmup": (Slider("warmup", "Steps of warmup", 1, 100, step=1), 20),
    "over": (Slider("over", "Steps of the fall", 10, STEPS, step=1), STEPS),
}


class Annealing(Playground):
    """Gradient descent with noise, g = ∂L/∂w + σξ with ξ ~ N(0, I), at a rate η(n) that may fall.

    64 runs from one start; the first is drawn with its path. The later half has the noise of the
    first half with its sign changed, so that the mean point is where descent without noise is.
    ``seed`` fixes the noise, whatever else is moved. ``rate``: η, from which each schedule falls;
    ``factor`` and ``every`` belong to "step" and "exponential", ``decay`` to "1/t", ``over`` and
    ``warmup`` to the cosines. ``zoom`` looks at the minimum from nearby.
    """

    title = "Annealing: noise holds a constant rate off the minimum; a falling one settles"
    alt = "A noisy path on contour lines, the loss by step, and the learning rate by step."
    defaults: ClassVar[dict[str, Any]] = {
        "surface": "bowl",
        "start": (-1.6, 1.2),
        "schedule": "cosine",
        "rate": 0.3,
        **{name: value for name, (_, value) in _SETTINGS.items()},
        "steps": STEPS,
        "noise": 1.0,
        "seed": 0,
        "zoom": False,
    }

    def controls(self) -> Sequence[Control]:
        """Loss and schedule, the rate and what belongs to the schedule, steps and noise."""
        used, _ = SCHEDULES[self.state["schedule"]]
        return [
            Choice("surface", "Loss", tuple(SURFACES)),
            Choice("schedule", "Schedule", tuple(SCHEDULES), color="SGD"),
            Slider("rate", "Rate η", 1e-3, 2.0, log=True),
            *(_SETTINGS[name][0] for name in used),
            Slider("steps", "Steps", 1, STEPS, step=1, play=True),
            Slider("noise", "Noise σ", 0.0, 3.0),
            Slider("seed", "Seed", 0, 99, step=1),
            Toggle("zoom", f"{_CLOSER} times closer"),
        ]

    def check_setting(self, name: str, value: Any) -> Any:
        """The start inside the picture; settings of other schedules as their sliders want them."""
        if name in _SETTINGS:
            return _SETTINGS[name][0].check(value)
        start = super().check_setting(name, value)
        for part, (low, high) in zip(start, window(self.state["surface"]), strict=True):
            check_number(name, part, at_least=low, at_most=high)
        return start

    def loss(self) -> Quadratic:
        """The loss whose gradient is noisy."""
        return SURFACES[self.state["surface"]]

    def schedule(self) -> Schedule:
        """The schedule as the state has it."""
        return schedule_of(self.state)

    def run(self) -> Trajectory:
        """All runs, points of shape (steps+1, 64, 2); the first is the one that is drawn."""
        return runs_of(self.state)

    def measure(self) -> TailLoss:
        """The mean loss over the last fifth of the steps, and what it is made of."""
        return tail_loss(self.loss(), self.run())

    def level(self, rate: float) -> float:
        """The mean loss that a constant rate keeps in the long run, in closed form."""
        return float(stationary_loss(self.loss(), rate, self.state["noise"]))

    @quiet
    def frame(self) -> Frame:
        """The path among the swarm, the loss by step, the rate by step, and the mean loss."""
        run, schedule = self.run(), self.schedule()
        rates = np.array([schedule(n) for n in range(STEPS)])
        found = tail_loss(self.loss(), run)
        views = {
            "plane": self._plane(run, found),
            "loss": self._loss(run, found, rates),
            "rate": self._rate(rates),
        }
        return Frame(views, self._told(run, found))

    def _plane(self, run: Trajectory, found: TailLoss) -> View:
        surface, steps = self.state["surface"], self.state["steps"]
        path, swarm = drawable(run.points[:, 0]), drawable(run.points[-1, 1:])
        x, y = window(surface)
        items: list[Item] = [
            Points(self.loss().minima, "star", "*", 7.0),
            Path(path, "SGD", 1.2, alpha=0.55),
            Points(swarm, "ink", "o", 2.0, alpha=0.6),
            Path(path[-found.span - 1 :], "SGD", 2.2),
            Points(path[-1:], "SGD", "o", 5.5),
        ]
        ring = self._ring()
        if len(ring):
            items.append(Path(ring, "bad", 1.6, (5, 3)))
            words = "dashed: a constant η stays here"
            items.append(Text((0.97, 0.05), words, "bad", "right", share=True))
        items.append(Text((0.97, 0.12), f"dots: {RUNS - 1} more runs", align="right", share=True))
        title, back = f"{surface}, {steps} steps", background(surface)
        if self.state["zoom"]:
            x, y = (x[0] / _CLOSER, x[1] / _CLOSER), (y[0] / _CLOSER, y[1] / _CLOSER)
            title, back = f"{title}, {_CLOSER} times closer", _nearby(surface)
        else:
            items.append(Handle("start", self.state["start"]))
        panel = Panel(title, x, y, "w₁", "w₂", share=1.1, height=340)
        return View(panel, items, back, key=f"{surface} {x}")

    def _loss(self, run: Trajectory, found: TailLoss, rates: Array) -> View:
        mean = run.values.mean(axis=1)
        levels = stationary_loss(self.loss(), rates, self.state["noise"])
        last = (len(mean) - found.span, len(mean) - 1)
        items: list[Item] = [
            Path(_by_step(run.values[:, 0]), "SGD", 1.0, alpha=0.45),
            Path(_by_step(levels, first=1), "bad", 1.6, (5, 3)),
            Path(_by_step(mean), "SGD", 2.2),
            Path([(n, found.loss) for n in last], "ink", 4.0),
            Text((0.97, 0.94), f"mean of {RUNS} runs", "SGD", "right", True, True),
            Text((0.97, 0.87), "thin: the run that is drawn", "SGD", "right", True),
            Text((0.97, 0.8), "dashed: where η(n) would hover", "bad", "right", True),
        ]
        return View(Panel("Loss", _SPAN, _LOSSES, "step", log_y=True, height=340), items)

    def _rate(self, rates: Array) -> View:
        highest = 2 / float(self.loss().curvatures.max())
        done = self.state["steps"]
        line = _by_step(rates)
        items: list[Item] = [
            Path(line, "SGD", 1.4, alpha=0.4),
            Path(line[:done], "SGD", 2.2),
            Points(line[done - 1 : done], "SGD", "o", 5.0),
            Path([(_SPAN[0], highest), (_SPAN[1], highest)], "muted", 1.2, (2, 3)),
            Text((_SPAN[1] * 0.97, highest * 1.5), "above: diverges", "muted", "right"),
        ]
        panel = Panel("Rate η(n)", _SPAN, _RATES, "step", log_y=True, share=0.9, height=340)
        return View(panel, items)

    def _ring(self) -> Array:
        """The ellipse that holds 95 of 100 points of a long run at the constant rate."""
        curvatures, rate = self.loss().curvatures, self.state["rate"]
        if not math.isfinite(self.level(rate)) or not self.state["noise"]:
            return np.empty((0, 2))
        spread = self.state["noise"] * np.sqrt(rate / (curvatures * (2 - rate * curvatures)))
        return math.sqrt(-2 * math.log(0.05)) * spread * _circle()

    def _told(self, run: Trajectory, found: TailLoss) -> list[str]:
        """The mean loss in the end, its parts, and the constant rate's."""
        steps, rate, level = self.state["steps"], self.state["rate"], self.level(self.state["rate"])
        if math.isfinite(level):
            other = f"A constant η = {number(rate)} hovers at {number(level)} in the long run."
        else:
            other = f"A constant η = {number(rate)} diverges."
        if not found.loss < 1e3:
            return [f"After {steps} steps the mean loss is {number(run.values[-1].mean())}.", other]
        parts = f"{number(found.left)} for the way still to go, {number(found.noise)} for noise"
        if found.left < 1e-3 * found.loss:
            parts = "all of it noise"
        elif found.noise < 1e-3 * found.loss:
            parts = "all of it for the way still to go"
        said = f"Mean loss over the last {found.span} of {steps} steps (thick bar): "
        said += f"{number(found.loss)}, {parts}."
        return [said, other]


@cache
def _nearby(surface: str) -> tuple[Item, ...]:
    """Shades and contour lines of a smaller window: those of the larger one, to another scale."""
    return tuple(
        replace(item, points=np.asarray(item.points) / _CLOSER) if isinstance(item, Path) else item
        for item in background(surface)
    )


@cache
def _circle() -> Array:
    angles = np.linspace(0, 2 * np.pi, 73)
    return np.column_stack([np.cos(angles), np.sin(angles)])


def _by_step(values: Array, first: int = 0) -> Array:
    """Values by step; 0 and inf have no place on a logarithmic axis."""
    kept = np.where((values > 0) & (values < 1e6), np.maximum(values, 1e-9), np.nan)
    return np.column_stack([np.arange(first, first + len(values)), kept])
