"""Optimizers as pure functions of a visible state (Section 7.3).

Every method keeps its memory outside itself, so that a run can be read, repeated and branched:

    state = optimizer.init(w)
    w_eval = optimizer.lookahead(w, state)
    w, state = optimizer.update(w, gradient(w_eval), state)

``w`` is one point of shape (d,) or a batch of points of shape (..., d).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from coursekit.checks import Array, check_number, check_same_shape, float_array, quiet
from coursekit.schedules import Schedule, check_learning_rate, rate_at


class Optimizer(Protocol):
    """What a method offers to ``minimize`` and ``train``."""

    def init(self, w: Array) -> Any:
        """Return the state before the first step."""

    def lookahead(self, w: Array, state: Any) -> Array:
        """Return the point at which the gradient is wanted."""

    def update(self, w: Array, gradient: Array, state: Any) -> tuple[Array, Any]:
        """Return the next point and the next state; change neither argument."""


class SGDState(NamedTuple):
    """How many steps were taken."""

    step: int


class MomentumState(NamedTuple):
    """How many steps were taken, and the velocity v, of the shape of w."""

    step: int
    velocity: Array


@dataclass(frozen=True)
class _GradientMethod:
    """The learning rate η and the checks that all methods share."""

    learning_rate: float | Schedule

    def __post_init__(self) -> None:
        check_learning_rate(self.learning_rate)

    def lookahead(self, w: Array, state: Any) -> Array:
        """The gradient is taken at w itself."""
        return w

    @staticmethod
    def _matched(w: Array, gradient: Array) -> tuple[Array, Array]:
        w, gradient = float_array("w", w), float_array("gradient", gradient)
        check_same_shape("gradient", gradient, "w", w)
        return w, gradient


@dataclass(frozen=True)
class SGD(_GradientMethod):
    """Gradient descent: w(n+1) = w(n) − η g(n) (Section 7.1).

    ``learning_rate``: η, a positive number or a schedule ``step -> rate``.
    The same as PyTorch's and Keras's ``SGD`` without momentum.

    >>> method = SGD(learning_rate=0.5)
    >>> w, state = method.update([4.0], [2.0], method.init([4.0]))
    >>> w, state
    (array([3.]), SGDState(step=1))
    """

    def init(self, w: Array) -> SGDState:
        """Return the state before the first step."""
        return SGDState(step=0)

    @quiet
    def update(self, w: Array, gradient: Array, state: SGDState) -> tuple[Array, SGDState]:
        """Return w(n+1) and the state that follows, both new."""
        w, gradient = self._matched(w, gradient)
        eta = rate_at(self.learning_rate, state.step)
        return w - eta * gradient, SGDState(state.step + 1)


@dataclass(frozen=True)
class Momentum(_GradientMethod):
    """Momentum: v(n) = ρ v(n−1) − η g(n), then w(n+1) = w(n) + v(n) (Eq. 7.1).

    ``learning_rate``: η, a positive number or a schedule; ``momentum``: ρ in [0, 1).
    v starts at 0, so that v(0) = −η g(0) as in the book; ρ = 0 is ``SGD``.
    Conventions: as Keras and Sutskever et al. (2013, Eq. 1). PyTorch keeps v(n) = ρ v(n−1) + g(n)
    and moves by −η v(n): the same points while η is constant, others when it changes.
    The averaging form with 1 − ρ before the gradient takes steps 1/(1 − ρ) times smaller.
    """

    momentum: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("momentum", self.momentum, at_least=0, below=1)

    def init(self, w: Array) -> MomentumState:
        """Return the state before the first step: at rest."""
        return MomentumState(step=0, velocity=np.zeros_like(float_array("w", w)))

    @quiet
    def update(
        self, w: Array, gradient: Array, state: MomentumState
    ) -> tuple[Array, MomentumState]:
        """Return w(n+1) and the state with v(n), both new."""
        w, gradient = self._matched(w, gradient)
        eta = rate_at(self.learning_rate, state.step)
        velocity = float(self.momentum) * state.velocity - eta * gradient
        return w + velocity, MomentumState(state.step + 1, velocity)
