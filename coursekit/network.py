"""A network: layers in a row with a loss, all its weights in one flat vector.

    loss, gradient = network.loss_and_gradient(x, targets)
    network.parameters = network.parameters - 0.1 * gradient

This is the book's single w: to an optimizer a network is one more surface.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from coursekit.activations import ActivationFunction, relu
from coursekit.checks import Array, check_count, check_finite_rows, check_rng, quiet
from coursekit.initializers import he_normal
from coursekit.layers import Activation, Dense, InitializerLike
from coursekit.losses import mean_squared_error, softmax_cross_entropy
from coursekit.normalization import BatchNorm
from coursekit.sequential import Layer, Rng, Sequential

Loss = Callable[[Array, ArrayLike], tuple[float, Array]]

# Rows that go through the network at once where no gradient is wanted: bounds the memory.
_CHUNK = 1000


class Network(Sequential):
    """Layers in a row, a loss, and one vector ``parameters`` that holds every weight.

    ``parameters``: writable, layer by layer, weights then bias, each row-major; the layers become
    views into it, and belong to the last network they were given to. ``rng`` draws the start, layer
    by layer. ``loss``: any ``loss(outputs, targets) -> (value, ∂L/∂outputs)``. ``dtype``: of all.
    ``x``: (batch, features), finite; ``targets``: one class a row (integers) for cross-entropy,
    (batch, outputs) for the mean squared error. ``copy.deepcopy`` and ``pickle`` keep the views.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        rng: Rng,
        loss: Loss = softmax_cross_entropy,
        dtype: DTypeLike = np.float64,
    ) -> None:
        check_rng(rng)
        super().__init__(layers)
        self.loss = loss
        self.initialize(rng, dtype)

    def loss_and_gradient(
        self, x: ArrayLike, targets: ArrayLike, training: bool = True
    ) -> tuple[float, Array]:
        """Return the mean loss of a batch and its gradient, a new vector like ``parameters``.

        With ``training=False`` batch normalization uses its running statistics.
        """
        loss, _ = self.propagate(*self.checked(x, targets), training)
        return loss, self.gradient.copy()

    @quiet
    def propagate(self, x: Array, targets: Array, training: bool = True) -> tuple[float, Array]:
        """Go forward and back over checked data: return loss and outputs, leave ``gradient``."""
        outputs = self._through(x, training)
        loss, gradient = self.loss(outputs, targets)
        self._fill_gradients(gradient)
        return loss, outputs

    @quiet
    def predict(self, x: ArrayLike) -> np.ndarray:
        """Return the class of the largest output, or the outputs under the mean squared error."""
        outputs = np.concatenate(
            [self._through(rows, False) for rows in chunks(self.checked_features(x))]
        )
        return outputs if self.loss is mean_squared_error else outputs.argmax(axis=1)

    @quiet
    def evaluate(self, x: ArrayLike, targets: ArrayLike) -> tuple[float, float]:
        """Return mean loss and accuracy as at test time; accuracy is nan without class targets."""
        x, targets = self.checked(x, targets)
        total = np.zeros(2)
        for rows, wanted in zip(chunks(x), chunks(targets), strict=True):
            outputs = self._through(rows, False)
            loss, _ = self.loss(outputs, wanted)
            total += len(rows) * np.array([loss, accuracy(loss, outputs, wanted)])
        loss, right = (total / len(x)).tolist()
        return loss, right

    def checked(self, x: ArrayLike, targets: ArrayLike) -> tuple[Array, Array]:
        """Return the data in the dtype of the network; ``ValueError`` where they do not fit."""
        x, targets = self.checked_features(x), np.asarray(targets)
        if targets.shape[:1] != x.shape[:1]:
            raise ValueError(
                "x and targets must have the same number of rows, "
                f"got shapes {x.shape} and {targets.shape}"
            )
        if targets.dtype.kind == "f":
            check_finite_rows("targets", targets)
        return x, targets

    @quiet  # a number too large for float32 becomes inf, and is refused as such
    def checked_features(self, x: ArrayLike) -> Array:
        """Return ``x`` in the dtype of the network; ``ValueError`` where it does not fit."""
        x = super().checked_features(x)
        if not len(x):
            raise ValueError(f"x must have at least one row, got shape {x.shape}")
        check_finite_rows("x", x)
        return x


def accuracy(loss: float, outputs: Array, targets: Array) -> float:
    """The share of rows whose largest output is their class.

    nan where that has no meaning: for targets that are no classes, or a loss that is not finite.
    """
    if targets.ndim != 1 or targets.dtype.kind not in "iu" or not math.isfinite(loss):
        return math.nan
    return np.count_nonzero(outputs.argmax(axis=1) == targets) / len(targets)


def mlp(
    sizes: Sequence[int],
    rng: Rng,
    activation: ActivationFunction | str = relu,
    initializer: InitializerLike = he_normal,
    batch_norm: bool = False,
    dtype: DTypeLike = np.float64,
    loss: Loss = softmax_cross_entropy,
) -> Network:
    """A multilayer perceptron: (Dense, [BatchNorm,] Activation) for each hidden size, then Dense.

    ``sizes``: features, hidden sizes, outputs. Batch normalization stands before the activation, as
    in Figure 7.21, and its layers have no bias: β does its work.

    >>> mlp([2, 8, 3], np.random.default_rng(0))
    Network([Dense(2, 8), Activation(relu), Dense(8, 3)])
    """
    widths = [check_count(f"sizes[{i}]", size, at_least=1) for i, size in enumerate(sizes)]
    if len(widths) < 2:
        raise ValueError(f"sizes must hold at least the features and the outputs, got {sizes!r}")
    layers: list[Layer] = []
    for n_in, n_out in pairwise(widths[:-1]):
        layers.append(Dense(n_in, n_out, initializer, bias=not batch_norm))
        if batch_norm:
            layers.append(BatchNorm(n_out))
        layers.append(Activation(activation))
    layers.append(Dense(widths[-2], widths[-1], initializer))
    return Network(layers, rng, loss, dtype)


def chunks(rows: Array) -> Iterator[Array]:
    """Cut data into pieces that may go through a network at once."""
    return (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))
