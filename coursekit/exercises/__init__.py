"""Exercises: questions with known mistakes, checked in place.

``check(id, answer)`` judges an answer; ``exercise(id)`` shows the question; ``get(id)`` and
``ids()`` give the exercises themselves.
"""

from typing import Any

from coursekit.exercises.core import Exercise, Outcome, get, ids

# One or two modules a notebook; importing them registers the exercises, in the course's order.
from coursekit.exercises import gradient_descent, gradient_descent_saddles  # noqa: F401  isort: skip

__all__ = ["Exercise", "Outcome", "check", "exercise", "get", "ids"]


def check(id: str, answer: Any) -> Outcome:
    """Try an answer and show the outcome: the last line of an answer's cell.

    ``ValueError`` if there is no exercise of this id; whatever the answer does stays inside.
    """
    return get(id).check(answer)


def exercise(id: str) -> Exercise:
    """Show an exercise: its question, its choices and its hints."""
    return get(id)
