"""Tune exercises: a playground with a goal that is measured in every frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from coursekit import widgets
from coursekit.exercises.core import TuneExercise
from coursekit.widgets.playground import Playground
from coursekit.widgets.scene import Frame


def playground_of(
    exercise: TuneExercise,
    on_met: Callable[[dict[str, Any]], Any],
    kept: Mapping[str, Any] | None = None,
) -> Playground:
    """The playground of an exercise, at its start or where it was ``kept``.

    ``on_met(settings)`` is called each time the goal comes to be met by the reader's hand.
    """
    make: type[Playground] = getattr(widgets, exercise.playground)
    ground = make(**exercise.settings).only(*exercise.free)
    if kept:
        ground.move(**kept)
    was_met = exercise.check(ground).status == "right"

    def measured(state: Mapping[str, Any]) -> tuple[bool, str]:
        said = exercise.check(state)
        return said.status == "right", said.message

    def look(frame: Frame) -> None:
        nonlocal was_met
        if frame.met and not was_met:
            on_met({name: ground.state[name] for name in exercise.free})
        was_met = frame.met

    ground.goal, ground.on_frame = measured, look
    return ground
