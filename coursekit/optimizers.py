"""Optimizers as pure functions of a visible state (Section 7.3).

Every method keeps its memory outside itself, so that a run can be read, repeated and branched:

    state = optimizer.init(w)
    w_eval = optimizer.lookahead(w, state)
    w, state = optimizer.update(w, gradient(w_eval), state)

``w`` is one point of shape (d,) or a batch of points of shape (..., d). ``update`` changes
nothing that it is given, unless ``in_place=True`` lets it write the results over w and the state.
"""

import math
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


class AdaGradState(NamedTuple):
    """How many steps were taken, and Σ g², of the shape of w."""

    step: int
    sum_of_squares: Array


class RMSPropState(NamedTuple):
    """How many steps were taken, and the average E[g²], of the shape of w."""

    step: int
    mean_square: Array


class AdamState(NamedTuple):
    """How many steps were taken, and the averages Λ of g and Δ of g², of the shape of w."""

    step: int
    mean: Array
    mean_square: Array


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
    def _matched(w: Array, gradient: Array, *memory: Array) -> tuple[Array, Array]:
        w, gradient = float_array("w", w), float_array("gradient", gradient)
        check_same_shape("gradient", gradient, "w", w)
        for array in memory:
            check_same_shape("the state's array", array, "w", w)
        return w, gradient.astype(w.dtype, copy=False)


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
    def update(
        self, w: Array, gradient: Array, state: SGDState, in_place: bool = False
    ) -> tuple[Array, SGDState]:
        """Return w(n+1) and the state that follows."""
        w, gradient = self._matched(w, gradient)
        eta = rate_at(self.learning_rate, state.step)
        return np.subtract(w, eta * gradient, out=w if in_place else None), SGDState(state.step + 1)


@dataclass(frozen=True)
class Momentum(_GradientMethod):
    """Momentum: v(n) = ρ v(n−1) − η g(n), then w(n+1) = w(n) + v(n) (Eq. 7.1).

    ``learning_rate``: η, a positive number or a schedule; ``momentum``: ρ in [0, 1).
    v starts at 0, so that v(0) = −η g(0) as in the book; ρ = 0 is ``SGD``.
    Misprint mended: the book's g(n) of a batch carries an η of its own; here g is the plain mean.
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
        self, w: Array, gradient: Array, state: MomentumState, in_place: bool = False
    ) -> tuple[Array, MomentumState]:
        """Return w(n+1) and the state with v(n)."""
        w, gradient = self._matched(w, gradient, state.velocity)
        eta = rate_at(self.learning_rate, state.step)
        velocity = _new_or(state.velocity, in_place)
        np.multiply(state.velocity, float(self.momentum), out=velocity)
        velocity -= eta * gradient
        after = np.add(w, velocity, out=_new_or(w, in_place))
        return after, MomentumState(state.step + 1, velocity)


@dataclass(frozen=True)
class Nesterov(Momentum):
    """Nesterov momentum: ``Momentum`` with the gradient taken ahead of w (Section 7.3.2).

    v(n) = ρ v(n−1) − η g(w(n) + ρ v(n−1)), then w(n+1) = w(n) + v(n); ρ = 0 is ``SGD``.
    Conventions: as printed, and Sutskever et al. (2013, Eq. 3–4). PyTorch and Keras
    (``nesterov=True``) keep the shifted point φ(n) = w(n) + ρ v(n−1) instead of w(n): their φ is
    what ``lookahead`` returns here (PyTorch's only while η is constant).
    """

    @quiet
    def lookahead(self, w: Array, state: MomentumState) -> Array:
        """Return w(n) + ρ v(n−1), where the gradient is wanted."""
        return float_array("w", w) + float(self.momentum) * state.velocity


class _AdaptiveMethod(_GradientMethod):
    """What AdaGrad, RMSProp and Adam share: each coordinate has a rate of its own."""

    epsilon: float
    epsilon_inside: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("epsilon", self.epsilon, at_least=0)

    def _moved(
        self,
        w: Array,
        eta: float,
        gradient: Array,
        squares: Array,
        step: Array,
        in_place: bool,
        correction: float = 1.0,
    ) -> Array:
        """Return w − η g / √(squares/correction + ε), or with ε outside of the root.

        All in one array, ``step``, and with the correction taken out of the root: a step is bound
        by memory, and every further array of the size of w costs it a twentieth.
        """
        root = math.sqrt(correction)
        if self.epsilon_inside:
            np.add(squares, float(self.epsilon) * correction, out=step)
            np.sqrt(step, out=step)
        else:
            np.sqrt(squares, out=step)
            step += float(self.epsilon) * root
        np.divide(gradient, step, out=step)
        step *= -eta * root
        return np.add(w, step, out=w if in_place else step)


@dataclass(frozen=True)
class AdaGrad(_AdaptiveMethod):
    """AdaGrad: w(n+1) = w(n) − η g(n) / √(Σᵢ₌₀ⁿ g(i)² + ε), for each coordinate (Eq. 7.4).

    Misprint mended: the book sums g(n)², which is the same term each time; the sum is of g(i)².
    ``epsilon``: ε ≥ 0, inside the root as in the book and Keras; ``epsilon_inside=False`` puts it
    outside, √(Σ g²) + ε, as PyTorch. The sum starts at 0, so that the first step is η in every
    coordinate; Keras starts it at 0.1. Duchi, Hazan & Singer (2011, diagonal form).
    """

    learning_rate: float | Schedule = 0.01
    epsilon: float = 1e-7
    epsilon_inside: bool = True

    def init(self, w: Array) -> AdaGradState:
        """Return the state before the first step: a sum of 0."""
        return AdaGradState(step=0, sum_of_squares=np.zeros_like(float_array("w", w)))

    @quiet
    def update(
        self, w: Array, gradient: Array, state: AdaGradState, in_place: bool = False
    ) -> tuple[Array, AdaGradState]:
        """Return w(n+1) and the state with the new sum."""
        w, gradient = self._matched(w, gradient, state.sum_of_squares)
        eta = rate_at(self.learning_rate, state.step)
        spare = np.square(gradient, out=np.empty_like(w))
        squares = _new_or(state.sum_of_squares, in_place)
        np.add(state.sum_of_squares, spare, out=squares)
        after = self._moved(w, eta, gradient, squares, spare, in_place)
        return after, AdaGradState(state.step + 1, squares)


@dataclass(frozen=True)
class RMSProp(_AdaptiveMethod):
    """RMSProp: E(n) = ρ E(n−1) + (1 − ρ) g(n)², w(n+1) = w(n) − η g(n) / √(E(n) + ε) (Eq. 7.5).

    ``decay``: ρ in [0, 1). ``epsilon``: inside the root as in the book and Keras;
    ``epsilon_inside=False`` puts it outside, as PyTorch (whose defaults are η = 0.01, ρ = 0.99).
    E starts at 0 and is not corrected for it: the first step is η/√(1−ρ).
    Misprint mended: the book bounds E by g_max/(1−ρ); its weights sum to at most 1, so the bound
    is g_max². Tieleman & Hinton (2012).
    """

    learning_rate: float | Schedule = 0.001
    decay: float = 0.9
    epsilon: float = 1e-7
    epsilon_inside: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("decay", self.decay, at_least=0, below=1)

    def init(self, w: Array) -> RMSPropState:
        """Return the state before the first step: an average of 0."""
        return RMSPropState(step=0, mean_square=np.zeros_like(float_array("w", w)))

    @quiet
    def update(
        self, w: Array, gradient: Array, state: RMSPropState, in_place: bool = False
    ) -> tuple[Array, RMSPropState]:
        """Return w(n+1) and the state with E(n)."""
        w, gradient = self._matched(w, gradient, state.mean_square)
        eta = rate_at(self.learning_rate, state.step)
        spare = np.square(gradient, out=np.empty_like(w))
        mean_square = _average(self.decay, state.mean_square, spare, spare, in_place)
        after = self._moved(w, eta, gradient, mean_square, spare, in_place)
        return after, RMSPropState(state.step + 1, mean_square)


@dataclass(frozen=True)
class Adam(_AdaptiveMethod):
    """Adam: Λ = β₁Λ + (1−β₁) g, Δ = β₂Δ + (1−β₂) g², w ← w − η Λ̂ / √(Δ̂ + ε) (Section 7.3.5).

    Λ̂ = Λ/(1 − β₁ⁿ) and Δ̂ = Δ/(1 − β₂ⁿ), n counted from 1, undo the start from 0;
    ``bias_correction=False`` leaves them out, and then β₁ = 0 is ``RMSProp``.
    Misprints mended: Λ̂ is of Λ, not Γ; Λ ≤ g_max; the book's β and α are β₁ = 0.9 and
    β₂ = 0.999, and 10⁻⁸ is ε. ``epsilon``: inside the root as in the book; ``epsilon_inside=False``
    puts it outside, as Kingma & Ba (2015, Algorithm 1) and PyTorch. Keras has it outside too, but
    next to √Δ instead of √Δ̂, and 10⁻⁷.
    """

    learning_rate: float | Schedule = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    epsilon_inside: bool = True
    bias_correction: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("beta1", self.beta1, at_least=0, below=1)
        check_number("beta2", self.beta2, at_least=0, below=1)

    def init(self, w: Array) -> AdamState:
        """Return the state before the first step: both averages 0."""
        w = float_array("w", w)
        return AdamState(step=0, mean=np.zeros_like(w), mean_square=np.zeros_like(w))

    @quiet
    def update(
        self, w: Array, gradient: Array, state: AdamState, in_place: bool = False
    ) -> tuple[Array, AdamState]:
        """Return w(n+1) and the state with Λ(n) and Δ(n)."""
        w, gradient = self._matched(w, gradient, state.mean, state.mean_square)
        eta = rate_at(self.learning_rate, state.step)
        n = state.step + 1
        spare = np.empty_like(w)
        mean = _average(self.beta1, state.mean, gradient, spare, in_place)
        np.square(gradient, out=spare)
        mean_square = _average(self.beta2, state.mean_square, spare, spare, in_place)
        c1, c2 = 1.0, 1.0
        if self.bias_correction:
            c1, c2 = float(1 - self.beta1**n), float(1 - self.beta2**n)
        after = self._moved(w, eta / c1, mean, mean_square, spare, in_place, c2)
        return after, AdamState(n, mean, mean_square)


# Methods that keep nothing of a gradient and take ``in_place``.
METHODS = (SGD, Momentum, Nesterov, AdaGrad, RMSProp, Adam)


def _new_or(array: Array, in_place: bool) -> Array:
    """Where to write what follows ``array``: over it, or into a new array like it."""
    return array if in_place else np.empty_like(array)


def _average(decay: float, average: Array, new: Array, spare: Array, in_place: bool) -> Array:
    """One step of an exponential average: decay · average + (1 − decay) · new.

    ``spare`` is overwritten, and may be ``new``: one array for all the products of a step.
    """
    np.multiply(new, float(1 - decay), out=spare)
    result = np.multiply(average, float(decay), out=_new_or(average, in_place))
    result += spare
    return result
