"""The layers of a network: affine maps, activations and residual blocks (Section 7.4).

    layer = Dense(3, 2).initialize(rng)

A ``Network`` initializes its layers itself.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from coursekit import activations, initializers
from coursekit.activations import ActivationFunction
from coursekit.checks import Array, check_count, check_number, check_rng
from coursekit.initializers import he_normal
from coursekit.sequential import Layer, Parameter, Rng, Sequential

InitializerLike = Callable[[int, int, Rng], Array] | str


class Dense(Layer):
    """Fully connected layer: a = x W + b.

    ``weights``: W, (n_in, n_out), drawn by ``initializer``, a rule, its name or any function
    ``init(n_in, n_out, rng)``; ``bias``: b, (n_out,), from 0; absent with ``bias=False``.
    Gradients: ∂L/∂W = xᵀ δ, ∂L/∂b = Σ δ over the batch, ∂L/∂x = δ Wᵀ, where δ = ∂L/∂a.
    PyTorch's ``Linear`` keeps the transpose of W.
    """

    n_in: int
    n_out: int
    weights = Parameter()
    bias = Parameter()

    def __init__(
        self,
        n_in: int,
        n_out: int,
        initializer: InitializerLike = he_normal,
        bias: bool = True,
    ) -> None:
        self.n_in = check_count("n_in", n_in, at_least=1)
        self.n_out = check_count("n_out", n_out, at_least=1)
        self.initializer = as_initializer(initializer)
        self.has_bias = bias
        shapes: dict[str, tuple[int, ...]] = {"weights": (n_in, n_out)}
        super().__init__(**shapes, **({"bias": (n_out,)} if bias else {}))

    def __repr__(self) -> str:
        return f"Dense({self.n_in}, {self.n_out})"

    def _draw(self, rng: Rng | None) -> None:
        check_rng(rng)
        self.weights = self.initializer(self.n_in, self.n_out, rng)
        if self.has_bias:
            self.bias[...] = 0

    def _forward(self, x: Array, training: bool) -> Array:
        self._cache = x
        a = x @ self.weights
        if self.has_bias:
            a += self.bias
        return a

    def _backward(self, gradient: Array) -> Array:
        self._fill_gradients(gradient)
        return gradient @ self.weights.T

    def _fill_gradients(self, gradient: Array) -> None:
        np.matmul(self._cache.T, gradient, out=self.gradients["weights"])
        if self.has_bias:
            gradient.sum(axis=0, out=self.gradients["bias"])


class Activation(Layer):
    """An activation function applied to each unit: z = f(a), ∂L/∂a = ∂L/∂z · f'(a).

    ``function``: one of ``coursekit.activations``, or its name.
    """

    def __init__(self, function: ActivationFunction | str) -> None:
        super().__init__()
        self.function = activations.get(function)
        self.initialize()

    def __repr__(self) -> str:
        return f"Activation({self.function})"

    def slope(self) -> Array:
        """f'(a) of each unit and row of the last forward pass, (batch, features)."""
        return self.function.derivative_from_output(self._cache)

    def _forward(self, x: Array, training: bool) -> Array:
        self._cache = self.function(x)
        return self._cache

    def _backward(self, gradient: Array) -> Array:
        delta = self.slope()
        delta *= gradient
        return delta


class PReLU(Layer):
    """Rectifier with a learned slope a unit: z = max(0, a) + β·min(0, a) (He et al. 2015, Eq. 1).

    ``beta``: β, (features,), from ``start``. Gradient: ∂L/∂β = Σ min(0, a) ∂L/∂z over the batch.
    The book's max(βa, a) is the same for β ≤ 1; for β > 1 it bends the wrong way.
    PyTorch's ``PReLU`` shares one β among all units unless told otherwise.
    """

    beta = Parameter()

    def __init__(self, features: int, start: float = 0.25) -> None:
        self.n_in = self.n_out = check_count("features", features, at_least=1)
        check_number("start", start)
        self.start = start
        super().__init__(beta=(features,))
        self.initialize()

    def __repr__(self) -> str:
        return f"PReLU({self.n_in})"

    def _draw(self, rng: Rng | None) -> None:
        self.beta[...] = self.start

    def _forward(self, x: Array, training: bool) -> Array:
        self._cache = x
        return np.maximum(x, 0) + self.beta * np.minimum(x, 0)

    def _backward(self, gradient: Array) -> Array:
        a = self._cache
        (np.minimum(a, 0) * gradient).sum(axis=0, out=self.gradients["beta"])
        return np.where(a > 0, gradient, self.beta * gradient)


class Maxout(Layer):
    """The largest of k affine maps: zᵢ = maxⱼ aᵢⱼ, aᵢⱼ = Σ_d x_d W_dij + bᵢⱼ (Section 7.4.4).

    ``weights``: W, (n_in, n_out, pieces), each piece drawn as a ``Dense`` layer; ``bias``: b,
    (n_out, pieces), from 0. In the flat vector the piece changes fastest.
    The gradient goes to the piece that won, the first of equals. Goodfellow et al. (2013).
    """

    n_in: int
    n_out: int
    weights = Parameter()
    bias = Parameter()

    def __init__(
        self, n_in: int, n_out: int, pieces: int = 2, initializer: InitializerLike = he_normal
    ) -> None:
        self.n_in = check_count("n_in", n_in, at_least=1)
        self.n_out = check_count("n_out", n_out, at_least=1)
        self.pieces = check_count("pieces", pieces, at_least=1)
        self.initializer = as_initializer(initializer)
        super().__init__(weights=(n_in, n_out, pieces), bias=(n_out, pieces))

    def __repr__(self) -> str:
        return f"Maxout({self.n_in}, {self.n_out}, pieces={self.pieces})"

    def _draw(self, rng: Rng | None) -> None:
        check_rng(rng)
        drawn = [self.initializer(self.n_in, self.n_out, rng) for _ in range(self.pieces)]
        self.weights = np.stack(drawn, axis=-1)
        self.bias[...] = 0

    def _forward(self, x: Array, training: bool) -> Array:
        a = (x @ self.weights.reshape(self.n_in, -1)).reshape(-1, self.n_out, self.pieces)
        a += self.bias
        winner = a.argmax(axis=-1, keepdims=True)  # (batch, n_out, 1)
        self._cache = x, winner
        return np.take_along_axis(a, winner, axis=-1)[..., 0]

    def _backward(self, gradient: Array) -> Array:
        return self._fill(gradient) @ self.weights.reshape(self.n_in, -1).T

    def _fill_gradients(self, gradient: Array) -> None:
        self._fill(gradient)

    def _fill(self, gradient: Array) -> Array:
        """Fill the gradients; return ∂L/∂a, (batch, n_out · pieces)."""
        x, winner = self._cache
        delta = np.zeros((*gradient.shape, self.pieces), gradient.dtype)
        np.put_along_axis(delta, winner, gradient[..., np.newaxis], axis=-1)
        delta.sum(axis=0, out=self.gradients["bias"])
        delta = delta.reshape(len(delta), -1)
        np.matmul(x.T, delta, out=self.gradients["weights"].reshape(self.n_in, -1))
        return delta


class ScalarBias(Layer):
    """One number added to all units: y = x + b, b from 0 (Fixup, Zhang et al. 2019)."""

    bias = Parameter()

    def __init__(self) -> None:
        super().__init__(bias=(1,))
        self.initialize()

    def __repr__(self) -> str:
        return "ScalarBias()"

    def _draw(self, rng: Rng | None) -> None:
        self.bias[...] = 0

    def _forward(self, x: Array, training: bool) -> Array:
        return x + self.bias

    def _backward(self, gradient: Array) -> Array:
        self.gradients["bias"][0] = gradient.sum()
        return gradient


class ScalarMultiplier(Layer):
    """One factor for all units: y = s x, s from 1 (Fixup, Zhang et al. 2019)."""

    scale = Parameter()

    def __init__(self) -> None:
        super().__init__(scale=(1,))
        self.initialize()

    def __repr__(self) -> str:
        return "ScalarMultiplier()"

    def _draw(self, rng: Rng | None) -> None:
        self.scale[...] = 1

    def _forward(self, x: Array, training: bool) -> Array:
        self._cache = x
        return x * self.scale

    def _backward(self, gradient: Array) -> Array:
        self.gradients["scale"][0] = np.vdot(gradient, self._cache)
        return gradient * self.scale


class Residual(Sequential):
    """A residual block: y = x + branch(x) (He et al. 2015a).

    ``branch``: layers that give as many features as they take. ``fixup=True`` puts Fixup's scalars
    into it: a ``ScalarBias`` before each of its layers, at the end a ``ScalarMultiplier`` and one
    more ``ScalarBias``, the one before the activation that follows the block (Zhang et al. 2019,
    Figure 1); the weights are then drawn by ``coursekit.fixup.fixup``.
    """

    def __init__(self, branch: Sequence[Layer], fixup: bool = False) -> None:
        layers: list[Layer] = list(branch)
        if fixup and layers:
            layers = [part for layer in layers for part in (ScalarBias(), layer)]
            layers += [ScalarMultiplier(), ScalarBias()]
        super().__init__(layers)
        self.fixup = fixup
        if self.n_in != self.n_out:
            raise ValueError(
                "a residual branch must give as many features as it takes, "
                f"got (batch, {self.n_in}) in and (batch, {self.n_out}) out"
            )

    def set_statistics(self, x: Any) -> Array:
        """Take what is normalized with at test time from all of ``x``, through the branch."""
        x = self.checked_features(x)
        return x + super().set_statistics(x)

    def _forward(self, x: Array, training: bool) -> Array:
        return x + super()._forward(x, training)

    def _backward(self, gradient: Array) -> Array:
        return gradient + super()._backward(gradient)


def as_initializer(initializer: InitializerLike) -> Callable[..., Array]:
    """Return the initializer of a name; any function ``init(n_in, n_out, rng)`` will do too."""
    if callable(initializer) and not isinstance(initializer, type):
        return initializer
    return initializers.get(initializer)
