"""Exercises: questions with known mistakes, checked in place.

``get(id)`` and ``ids()`` give the exercises themselves; ``check(id, answer)`` and ``exercise(id)``
show them in a notebook, and live with the panels in ``coursekit.widgets``.
"""

from importlib import import_module
from typing import Any

from coursekit.exercises.core import Exercise, Outcome, get, ids

# One or two modules a notebook; importing them registers the exercises, in the course's order.
from coursekit.exercises import (  # noqa: F401  isort: skip
    gradient_descent,
    gradient_descent_saddles,
    annealing,
    annealing_plateau,
    annealing_curves,
    momentum,
    momentum_tuning,
    nesterov,
    adagrad,
    rmsprop,
    adam,
    adam_race,
    activations,
    activations_gradients,
    maxout,
    initialization,
    initialization_tuning,
    pretraining,
    preprocessing,
    preprocessing_images,
    normalization,
    normalization_backward,
    vanishing,
    vanishing_rescue,
    fixup,
    capstone,
)

__all__ = ["Exercise", "Outcome", "get", "ids"]


def __getattr__(name: str) -> Any:
    if name in ("check", "exercise"):  # a door to the room above
        return getattr(import_module("coursekit.widgets.panel"), name)
    raise AttributeError(f"module 'coursekit.exercises' has no attribute {name!r}")
