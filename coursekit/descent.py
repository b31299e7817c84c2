"""Run an optimizer on an objective and keep everything that happened (Section 7.1)."""

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursekit.checks import Array, check_count, check_number, float_array
from coursekit.optimizers import SGD, Momentum, Nesterov, Optimizer


class Differentiable(Protocol):
    """What ``minimize`` needs of an objective: a value and a gradient on points (..., d)."""

    @property
    def dimension(self) -> int:
        """The number d of parameters."""

    def value(self, w: Array) -> Array:
        """Return the loss of each point, shape (...)."""

    def gradient(self, w: Array) -> Array:
        """Return the gradient at each point, shape (..., d)."""


@dataclass(frozen=True)
class Trajectory:
    """One run of an optimizer.

    ``points``: shape (steps+1, ..., d), the start first; ``values``: the loss at each,
    shape (steps+1, ...); ``state``: the optimizer's state after the last step.
    A run that diverges shows it by its growing, infinite or nan entries.
    """

    points: Array
    values: Array
    state: Any


def minimize(
    objective: Differentiable, start: ArrayLike, optimizer: Optimizer, steps: int
) -> Trajectory:
    """Take ``steps`` steps from ``start``: the loop w ← w − η ∂L/∂w of Section 7.1.

    ``start``: shape (..., d) of finite numbers; a batch of starts is moved in one call.
    Nothing is stopped or hidden when the run diverges, and no warning is printed.

    >>> from coursekit import SGD, bowl
    >>> minimize(bowl(2.0), [4.0], SGD(0.25), steps=2).points.tolist()
    [[4.0], [2.0], [1.0]]
    """
    steps = check_count("steps", steps)
    w = float_array("start", start)
    if w.ndim == 0 or w.shape[-1] != objective.dimension:
        raise ValueError(
            f"start must have shape (..., {objective.dimension}) for this objective, got {w.shape}"
        )
    if not np.isfinite(w).all():
        raise ValueError(f"start must be finite, got {start!r}")
    points = np.empty((steps + 1, *w.shape), w.dtype)
    points[0] = w
    state = optimizer.init(w)
    for n in range(steps):
        gradient = objective.gradient(optimizer.lookahead(w, state))
        w, state = optimizer.update(w, gradient, state)
        points[n + 1] = w
    return Trajectory(points, objective.value(points), state)


def first_step(reached: NDArray[np.bool_]) -> Any:
    """The first step at which a condition holds: an int, or ``math.inf`` if it never does.

    ``reached``: shape (steps+1,), or (steps+1, ...) for a batch, which gives an array of floats.

    >>> first_step(np.array([3.0, 1.5, 0.7, 0.3]) < 1.0)
    2
    """
    reached = np.asarray(reached)
    return _plain(np.where(reached.any(axis=0), reached.argmax(axis=0), math.inf))


def settled_step(reached: NDArray[np.bool_]) -> Any:
    """The step from which on a condition holds to the end: an int, or ``math.inf``.

    ``reached``: as for ``first_step``. A swing through the goal and out of it does not count.

    >>> settled_step(np.array([3.0, 0.5, 1.5, 0.7, 0.3]) < 1.0)
    3
    """
    reached = np.asarray(reached)
    failing = first_step(~reached[::-1])  # counted from the end
    return _plain(np.where(failing == 0, math.inf, np.maximum(len(reached) - failing, 0)))


def _plain(steps: Array) -> Any:
    if steps.ndim:
        return steps
    return int(steps) if np.isfinite(steps) else math.inf


def best_on_quadratic(method: type[Optimizer], smallest: float, largest: float) -> Any:
    """A method with the settings that are the best in the long run on a quadratic.

    ``method``: ``SGD``, ``Momentum`` or ``Nesterov``; ``smallest`` and ``largest``: the curvatures
    λ_min and λ_max, 0 < λ_min ≤ λ_max. Polyak (1964); for Nesterov's method Lessard, Recht &
    Packard (2016, Proposition 1).

    >>> from coursekit import Momentum
    >>> best_on_quadratic(Momentum, 1.0, 9.0)
    Momentum(learning_rate=0.25, momentum=0.25)
    """
    check_number("smallest", smallest, above=0)
    check_number("largest", largest, at_least=smallest)
    if method is SGD:
        return SGD(2 / (smallest + largest))
    if method is Momentum:
        root = math.sqrt(largest / smallest)
        rate = (2 / (math.sqrt(largest) + math.sqrt(smallest))) ** 2
        return Momentum(rate, momentum=((root - 1) / (root + 1)) ** 2)
    if method is Nesterov:
        root = math.sqrt(3 * largest / smallest + 1)
        return Nesterov(4 / (3 * largest + smallest), momentum=(root - 2) / (root + 2))
    raise ValueError(f"method must be SGD, Momentum or Nesterov, got {method!r}")
