"""The ball playground: a loss over one weight, and a ball that runs down it (Section 7.3.1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from coursekit import optimizers
from coursekit.checks import Array, check_known, check_number
from coursekit.descent import Trajectory, first_step, minimize
from coursekit.objectives import DoubleWell, Objective, bowl
from coursekit.optimizers import Momentum
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

METHODS: dict[str, Any] = {method.__name__: method for method in optimizers.METHODS}
SURFACES = ("double well", "shelf", "bowl")
NEAR = 0.01  # a ball this near a minimum to the end of its run stands still
_FOLD = 2 / math.sqrt(27)  # the tilt at which one well and the barrier melt into a level place
_WINDOW, _HEIGHTS, _STEPS = (-1.7, 1.7), (-0.8, 1.65), 200
_SPAN = 1.04 * _STEPS  # a little room, for the label of the last tick
_SETTINGS: tuple[Slider, ...] = (
    Slider("tilt", "Tilt", -0.35, 0.35),
    Slider("momentum", "Momentum ρ", 0.0, 0.999),
)


@dataclass(frozen=True)
class Terrain:
    """A loss over one weight: its curve, shape (n, 2), its wells by name, and what parts it.

    ``barrier``: the place between the sides, with its name; nan where there is none.
    """

    loss: Objective
    curve: Array
    wells: dict[str, float]
    barrier: float
    barrier_name: str

    def at(self, w: float) -> Point:
        """The point of the curve above w."""
        return w, float(self.loss.value([w]))


class Ball(Playground):
    """One method on a loss with a barrier, a shelf, or a bowl, and plain descent beside it.

    The start is dragged along the curve. ``surface``: "double well", with its ``tilt``; "shelf",
    whose slope is 0 at one place that is no minimum; or "bowl". ``method`` is one of the six,
    ``momentum`` belongs to Momentum and Nesterov, the others run with their usual coefficients.
    ``compare``: plain descent from the same start at the same rate.
    """

    title = "Ball: drag the start along the curve, and see what momentum carries it over"
    alt = "The curve of a loss with the places of a ball at each step, and the weight by step."
    defaults: ClassVar[dict[str, Any]] = {
        "surface": "double well",
        "tilt": 0.15,
        "start": 1.55,
        "method": "Momentum",
        "rate": 0.05,
        "momentum": 0.9,
        "steps": 150,
        "compare": True,
    }

    def controls(self) -> Sequence[Control]:
        """Surface and method, each with what belongs to it, then rate and steps."""
        method = self.state["method"]
        tilt, momentum = _SETTINGS
        made: list[Control] = [Choice("surface", "Loss", SURFACES)]
        if self.state["surface"] == "double well":
            made.append(tilt)
        made.append(Choice("method", "Method", tuple(METHODS), color=method))
        made.append(Slider("rate", "Rate η", 1e-3, 3.0, log=True))
        if issubclass(METHODS[method], Momentum):
            made.append(momentum)
        made.append(Slider("steps", "Steps", 1, _STEPS, step=1, play=True))
        if method != "SGD":
            made.append(Toggle("compare", "SGD at the same rate beside it", color="SGD"))
        return made

    def check_setting(self, name: str, value: Any) -> Any:
        """The start as a weight; settings that are not in use as their sliders want them."""
        if name == "compare":
            return Toggle(name, "").check(value)
        for slider in _SETTINGS:
            if slider.name == name:
                return slider.check(value)
        if isinstance(value, tuple | list) and len(value) == 2:
            value = value[0]  # of a handle's point: its height is the curve's
        low, high = _WINDOW
        check_number(name, value, at_least=low, at_most=high)
        return float(value)

    def terrain(self) -> Terrain:
        """The loss as the state has it."""
        return _terrain(self.state["surface"], self.state["tilt"])

    def run(self, method: str = "") -> Trajectory:
        """The run of the chosen method, or of another one from the same start at the same rate."""
        make = METHODS[check_known("method", method or self.state["method"], tuple(METHODS))]
        more = {"momentum": self.state["momentum"]} if issubclass(make, Momentum) else {}
        optimizer = make(learning_rate=self.state["rate"], **more)
        return minimize(self.terrain().loss, [self.state["start"]], optimizer, self.state["steps"])

    def final_side(self, method: str = "") -> str:
        """Where the ball is at the end, "left" or "right" of the barrier or of the shelf.

        "" in the bowl, on the very top, and for a ball that has left the picture.
        """
        end, barrier = self.run(method).points[-1].item(), self.terrain().barrier
        if end == barrier or math.isnan(barrier) or not abs(end) <= _WINDOW[1]:
            return ""
        return "left" if end < barrier else "right"

    def crossings(self, method: str = "") -> int:
        """How often the ball changes sides."""
        return len(_crossings(self.run(method).points[:, 0], self.terrain()))

    def rests_from(self, method: str = "") -> float:
        """The step from which on the ball stays within 0.01 of one minimum, or inf."""
        return _rests_from(self.run(method).points[:, 0], self.terrain())

    def in_deepest_well(self, method: str = "") -> bool:
        """Whether the ball stands still in the lowest minimum."""
        end, terrain = self.run(method).points[-1], self.terrain()
        lowest = min(terrain.wells.values(), key=lambda w: terrain.at(w)[1])
        return math.isfinite(self.rests_from(method)) and abs(end.item() - lowest) <= NEAR

    def frame(self) -> Frame:
        """The ball's places on the curve, its weight by step, and where it ends."""
        terrain, state = self.terrain(), self.state
        names = [state["method"]]
        if state["compare"] and state["method"] != "SGD":
            names.append("SGD")
        places: list[Item] = []
        balls: list[Item] = []
        lines: list[Item] = []
        said: list[str] = []
        for name in names:
            run = self.run(name)
            w = run.points[:, 0]
            on_curve = drawable(np.column_stack([w, run.values]))
            first = name == names[0]
            places.append(Points(on_curve, name, "o" if first else "s", 3.0, alpha=0.4))
            balls.append(Points(on_curve[-1:], name, "o" if first else "s", 10.0 if first else 7.5))
            by_step = drawable(np.column_stack([np.arange(len(w)), w]))
            lines.append(Path(by_step, name, 2.0 if first else 1.8, () if first else (5, 3)))
            lines.append(Points(by_step[-1:], name, "o" if first else "s", 6.0 if first else 4.5))
            words = f"{'●' if first else '■'} {name}"
            lines.append(Text((0.98, 0.95 - 0.07 * len(said)), words, name, "right", True, True))
            said.append(f"{name}: {_told(run, terrain)}")
        at, height = terrain.at(state["start"])
        start = Handle("start", (at, height), axis="x")
        inwards = (at - math.copysign(0.08, at), height + 0.14)
        word = Text(inwards, "start", align="right" if at > 0 else "left")
        curve = [Path(terrain.curve, "muted", 2.0), *_place_names(terrain)]
        levels = _levels(terrain)
        views = {
            "curve": View(
                Panel("Loss", _WINDOW, _HEIGHTS, "w", "loss L", share=1.6, height=340),
                [*curve, *places, *balls, word, start],
            ),
            "weight": View(
                Panel("Weight by step", (0, _SPAN), _WINDOW, "step", "w", share=1.35, height=340),
                [*levels, *lines],
            ),
        }
        return Frame(views, said)


@lru_cache(maxsize=32)
def _terrain(surface: str, tilt: float) -> Terrain:
    barrier, barrier_name = math.nan, ""
    if surface == "bowl":
        loss: Objective = bowl(1.0)
    else:
        tilt = _FOLD if surface == "shelf" else tilt
        loss = DoubleWell(tilt)
        # In two dimensions the top of the barrier is a saddle, and the loss knows where.
        saddles = DoubleWell(tilt, dimension=2).saddles
        barrier = math.sqrt(1 / 3) if surface == "shelf" else float(saddles[0, 0])
        barrier_name = "shelf" if surface == "shelf" else "barrier"
    wells = np.sort(loss.minima[:, 0]).tolist()
    names = ["left well", "right well"] if len(wells) == 2 else ["minimum"]
    w = np.linspace(*_WINDOW, 181)
    curve = np.column_stack([w, loss.value(w[:, np.newaxis])])
    return Terrain(loss, curve, dict(zip(names, wells, strict=True)), barrier, barrier_name)


def _crossings(w: Array, terrain: Terrain) -> Any:
    """The steps at which the weight changes sides."""
    side = np.sign(w - terrain.barrier)
    return np.flatnonzero(side[1:] * side[:-1] < 0) + 1


def _rests_from(w: Array, terrain: Terrain) -> float:
    """The first step after the last one at which the weight is not near its last minimum."""
    well = min(terrain.wells.values(), key=lambda place: abs(place - w[-1]))
    away = np.flatnonzero(~(np.abs(w - well) <= NEAR))
    after = int(away[-1]) + 1 if len(away) else 0
    return after if after < len(w) else math.inf


def _told(run: Trajectory, terrain: Terrain) -> str:
    """One run in words: whether it crosses, and where it ends."""
    w = run.points[:, 0]
    inside = np.abs(w) <= _WINDOW[1]
    if not inside[-1]:
        # The last step at which it was still to be seen.
        gone = len(w) - first_step(inside[::-1])
        return f"leaves the picture for good at step {gone}: the rate is too large."
    return ", ".join([*_crossing(w, terrain), _ending(w, terrain)]) + "."


def _crossing(w: Array, terrain: Terrain) -> list[str]:
    if not terrain.barrier_name:
        return []
    at = _crossings(w, terrain)
    if not len(at):
        return [f"never crosses the {terrain.barrier_name}"]
    often = "" if len(at) == 1 else f"{len(at)} times, first "
    return [f"crosses the {terrain.barrier_name} {often}at step {at[0]}"]


def _ending(w: Array, terrain: Terrain) -> str:
    last = float(w[-1])
    place = f"w = {last:.2f}".replace("-", "−")
    rests = _rests_from(w, terrain)
    if math.isfinite(rests):
        well = min(terrain.wells, key=lambda name: abs(terrain.wells[name] - last))
        depth = {name: terrain.at(w)[1] for name, w in terrain.wells.items()}
        other = [depth[name] for name in depth if name != well]
        rank = ""
        if other and abs(depth[well] - other[0]) > 1e-9:
            rank = ", the deeper one" if depth[well] < other[0] else ", the shallower one"
        return f"stands still from step {rests} on in the {well}{rank} ({place})"
    slope = float(terrain.loss.gradient([last]).item())
    if abs(slope) < 0.05 and abs(last - terrain.barrier) < 0.2:
        where = terrain.barrier_name
        return f"hardly moves on the {where} ({place}), where the slope is {number(slope)}"
    return f"still moves after {len(w) - 1} steps, at {place}"


def _place_names(terrain: Terrain) -> list[Item]:
    """The wells marked as minima, the barrier or the shelf by its name."""
    wells = [terrain.at(w) for w in terrain.wells.values()]
    made: list[Item] = [Points(wells, "star", "*", 7.0)]
    for name, (w, height) in zip(terrain.wells, wells, strict=True):
        made.append(Text((w, height - 0.22), name, "muted", "center"))
    if terrain.barrier_name:
        w, height = terrain.at(terrain.barrier)
        made.append(Text((w, height + 0.22), terrain.barrier_name, "muted", "center"))
    return made


def _levels(terrain: Terrain) -> list[Item]:
    """Level lines at the wells and the barrier, with their names."""
    made: list[Item] = []
    for name, w in (terrain.wells | {terrain.barrier_name: terrain.barrier}).items():
        if not name:
            continue
        dash = (2.0, 3.0) if name == terrain.barrier_name else (6.0, 3.0)
        made.append(Path([(0, w), (_SPAN, w)], "muted", 1.0, dash))
        made.append(Text((_SPAN - 2, w - 0.11), name, "muted", "right"))
    return made
