"""Activation functions z = f(a), applied to each element, with their derivatives (Section 7.4).

All of them give dz/da from the output z alone, so that a backward pass need not keep the input a.
"""
# ruff: noqa: N801 — an activation with a parameter is called like a function: leaky_relu(0.1)

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from coursekit.checks import Array, check_number, float_array, quiet, unknown


class ActivationFunction:
    """What all activations offer; float32 stays float32, integers become float64."""

    def __call__(self, a: ArrayLike) -> Array:
        """Return z = f(a), of the shape of a."""
        raise NotImplementedError

    def derivative_from_output(self, z: ArrayLike) -> Array:
        """Return dz/da where the output is z."""
        raise NotImplementedError

    def derivative(self, a: ArrayLike) -> Array:
        """Return dz/da at a, of the shape of a."""
        return self.derivative_from_output(self(a))

    @property
    def gain(self) -> float:
        """The factor on the weights' scale that makes up for what the activation takes away.

        √(2 / (f'(0+)² + f'(0−)²)): the spread of a small symmetric signal comes through unchanged.
        sigmoid 4, tanh 1 (as Glorot & Bengio 2010; PyTorch's 5/3 is for larger signals), relu √2
        (He et al. 2015; exact at any size), leaky_relu √(2/(1 + c²)), softplus 2.
        """
        right, left = self.derivative([1e-300, -1e-300])
        return math.sqrt(2 / float(right**2 + left**2))

    def __repr__(self) -> str:
        return type(self).__name__.lower().removeprefix("_")


@dataclass(frozen=True, repr=False)
class _Identity(ActivationFunction):
    """Identity: z = a, the linear unit; derivative 1."""

    def __call__(self, a: ArrayLike) -> Array:
        """Return a copy of a."""
        return float_array("a", a).copy()

    def derivative_from_output(self, z: ArrayLike) -> Array:
        """Return ones."""
        return np.ones_like(float_array("z", z))


@dataclass(frozen=True, repr=False)
class _Sigmoid(ActivationFunction):
    """Sigmoid: σ(a) = 1/(1 + e⁻ᵃ), between 0 and 1; derivative z(1 − z), at most ¼ (Figure 7.9).

    Exactly 0 in float64 below a ≈ −709 and exactly 1 above a ≈ 36.7: there the derivative is 0 too.
    """

    @quiet  # e⁻ᵃ may overflow to inf; 1/(1 + inf) is the right 0
    def __call__(self, a: ArrayLike) -> Array:
        """Return σ(a)."""
        return 1 / (1 + np.exp(-float_array("a", a)))

    def derivative_from_output(self, z: ArrayLike) -> Array:
        """Return z(1 − z)."""
        z = float_array("z", z)
        return z * (1 - z)


@dataclass(frozen=True, repr=False)
class _Tanh(ActivationFunction):
    """Hyperbolic tangent: tanh a = 2σ(2a) − 1, between −1 and 1; derivative 1 − z² (Fig. 7.10)."""

    def __call__(self, a: ArrayLike) -> Array:
        """Return tanh a."""
        return np.tanh(float_array("a", a))

    def derivative_from_output(self, z: ArrayLike) -> Array:
        """Return 1 − z²."""
        z = float_array("z", z)
        return 1 - z * z


@dataclass(frozen=True, repr=False)
class _ReLU(ActivationFunction):
    """Rectified linear unit: z = max(0, a); derivative 1 for a > 0, else 0, at 0 too (Figure 7.11).

    Nair & Hinton (2010). The derivative at 0 is a choice: PyTorch and Keras make the same.
    """

    def __call__(self, a: ArrayLike) -> Array:
        """Return max(0, a)."""
        return np.maximum(float_array("a", a), 0.0)

    def derivative_from_output(self, z: ArrayLike) -> Array:
        """Return 1 where z > 0, else 0."""
        z = float_array("z", z)
        return (z > 0).astype(z.dtype)


@dataclass(frozen=True)
class leaky_relu(ActivationFunction):
    """Leaky ReLU: z = max(c·a, a); derivative 1 for a > 0, else c, at 0 too (Figure 7.14).

    ``slope``: c in [0, 1); 0 is ReLU. PyTorch's default is 0.01, that of Keras's layer 0.3.
    Maas, Hannun & Ng (2013).
    """

    slope: float = 0.01

    def __post_init__(self) -> None:
        check_number("slope", self.slope, at_least=0, below=1)

    @quiet
    def __call__(self, a: ArrayLike) -> Array:
        """Return max(c·a, a)."""
        a = float_array("a", a)
        return np.maximum(float(self.slope) * a, a)

    def derivative_from_output(self, z: ArrayLike) -> Array:
        """Return 1 where z > 0, else c."""
        z = float_array("z", z)
        return np.maximum((z > 0).astype(z.dtype), float(self.slope))


@dataclass(frozen=True, repr=False)
class _Softplus(ActivationFunction):
    """Softplus: z = ln(1 + eᵃ), a smooth ReLU; its derivative is σ(a) = 1 − e⁻ᶻ.

    Dugas et al. (2001).
    """

    def __call__(self, a: ArrayLike) -> Array:
        """Return ln(1 + eᵃ), as max(0, a) + ln(1 + e^−|a|), which cannot overflow."""
        a = float_array("a", a)
        return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))

    def derivative_from_output(self, z: ArrayLike) -> Array:
        """Return 1 − e⁻ᶻ."""
        return -np.expm1(-float_array("z", z))


@dataclass(frozen=True)
class elu(ActivationFunction):
    """Exponential linear unit: z = a for a > 0, else α(eᵃ − 1); derivative 1, else z + α.

    ``alpha``: α > 0, the limit −α for large negative a. At 0 the derivative is α.
    Clevert, Unterthiner & Hochreiter (2016).
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        check_number("alpha", self.alpha, above=0)

    def __call__(self, a: ArrayLike) -> Array:
        """Return a where a > 0, else α(eᵃ − 1)."""
        a = float_array("a", a)
        return np.maximum(a, 0) + float(self.alpha) * np.expm1(np.minimum(a, 0))

    def derivative_from_output(self, z: ArrayLike) -> Array:
        """Return 1 where z > 0, else z + α."""
        z = float_array("z", z)
        return np.where(z > 0, 1.0, z + float(self.alpha))


identity = _Identity()
sigmoid = _Sigmoid()
tanh = _Tanh()
relu = _ReLU()
softplus = _Softplus()

_KNOWN: dict[str, ActivationFunction] = {
    "identity": identity,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": relu,
    "leaky_relu": leaky_relu(),
    "softplus": softplus,
    "elu": elu(),
}


def get(activation: Any) -> ActivationFunction:
    """Return the activation of a name; an activation itself is returned as it is.

    >>> get("relu")
    relu
    """
    if isinstance(activation, ActivationFunction):
        return activation
    if isinstance(activation, str) and activation in _KNOWN:
        return _KNOWN[activation]
    raise unknown("activation", activation, list(_KNOWN))
