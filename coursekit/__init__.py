"""Companion package of the course on training neural networks.

``import coursekit`` loads NumPy and nothing heavier: figures, exercises and widgets are fetched at
their first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from coursekit.descent import Trajectory, first_step, minimize
from coursekit.objectives import (
    Beale,
    DoubleWell,
    Objective,
    Quadratic,
    Rosenbrock,
    bowl,
    saddle,
    valley,
)
from coursekit.optimizers import SGD, Momentum

if TYPE_CHECKING:
    from coursekit import exercises, figures
    from coursekit.claims import claim
    from coursekit.exercises import check, exercise

__version__ = "0.1.0"

__all__ = [
    "SGD",
    "Beale",
    "DoubleWell",
    "Momentum",
    "Objective",
    "Quadratic",
    "Rosenbrock",
    "Trajectory",
    "bowl",
    "check",
    "claim",
    "exercise",
    "exercises",
    "figures",
    "first_step",
    "minimize",
    "saddle",
    "valley",
]

_LAZY = {"check": "exercises", "exercise": "exercises", "claim": "claims"}


def __getattr__(name: str) -> Any:
    if name in ("exercises", "figures"):
        return import_module(f"coursekit.{name}")
    if name in _LAZY:
        return getattr(import_module(f"coursekit.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'coursekit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
