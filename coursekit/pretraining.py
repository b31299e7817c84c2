"""Layer-wise pre-training: each layer starts as the encoder of an autoencoder ("the lecture")."""

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from coursekit import activations
from coursekit.activations import ActivationFunction, identity
from coursekit.checks import Array, check_count, check_finite_rows, check_rng, float_array, quiet
from coursekit.initializers import glorot_uniform
from coursekit.layers import Activation, Dense, InitializerLike, as_initializer
from coursekit.losses import mean_squared_error
from coursekit.network import Network
from coursekit.optimizers import Optimizer
from coursekit.sequential import Layer, Parameter, Rng
from coursekit.training import History, train


class Autoencoder(Layer):
    """Encoder z = f(x W + b) and linear decoder y = z V + c, which is to give x back.

    ``weights``: W, (n_in, n_hidden); ``bias``: b; ``decoder_bias``: c, (n_in,);
    ``decoder_weights``: V, (n_hidden, n_in), or none where ``tied``: then V = Wᵀ, and W gets the
    gradients of both its uses. In a vector: W, b, [V,] c.
    """

    n_in: int
    weights = Parameter()
    bias = Parameter()
    decoder_weights = Parameter()
    decoder_bias = Parameter()

    def __init__(
        self,
        n_in: int,
        n_hidden: int,
        activation: ActivationFunction | str = identity,
        tied: bool = False,
        initializer: InitializerLike = glorot_uniform,
    ) -> None:
        self.n_in = self.n_out = check_count("n_in", n_in, at_least=1)
        self.n_hidden = check_count("n_hidden", n_hidden, at_least=1)
        self.function = activations.get(activation)
        self.initializer = as_initializer(initializer)
        self.tied = tied
        shapes: dict[str, tuple[int, ...]] = {"weights": (n_in, n_hidden), "bias": (n_hidden,)}
        if not tied:
            shapes["decoder_weights"] = (n_hidden, n_in)
        super().__init__(**shapes, decoder_bias=(n_in,))

    def __repr__(self) -> str:
        tied = ", tied=True" if self.tied else ""
        return f"Autoencoder({self.n_in}, {self.n_hidden}, {self.function}{tied})"

    @quiet
    def encode(self, x: ArrayLike) -> Array:
        """Return the code z of each row of ``x``, (batch, n_hidden)."""
        return self._encode(self.checked_features(x))

    def _encode(self, x: Array) -> Array:
        return self.function(x @ self.weights + self.bias)

    def _draw(self, rng: Rng | None) -> None:
        check_rng(rng)
        self.weights = self.initializer(self.n_in, self.n_hidden, rng)
        if not self.tied:
            self.decoder_weights = self.initializer(self.n_hidden, self.n_in, rng)
        self.bias[...] = 0
        self.decoder_bias[...] = 0

    def _decoder(self) -> Array:
        return self.weights.T if self.tied else self.decoder_weights

    def _forward(self, x: Array, training: bool) -> Array:
        z = self._encode(x)
        self._cache = x, z
        return z @ self._decoder() + self.decoder_bias

    def _backward(self, gradient: Array) -> Array:
        x, z = self._cache
        delta = gradient @ self._decoder().T * self.function.derivative_from_output(z)  # ∂L/∂(xW+b)
        self.gradients["decoder_bias"][...] = gradient.sum(axis=0)
        self.gradients["bias"][...] = delta.sum(axis=0)
        self.gradients["weights"][...] = x.T @ delta
        if self.tied:
            self.gradients["weights"][...] += gradient.T @ z
        else:
            self.gradients["decoder_weights"][...] = z.T @ gradient
        return delta @ self.weights.T


def autoencoder(
    n_in: int,
    n_hidden: int,
    rng: Rng,
    *,
    activation: ActivationFunction | str = identity,
    tied: bool = False,
    initializer: InitializerLike = glorot_uniform,
    dtype: DTypeLike = np.float64,
) -> Network:
    """Return a network of one ``Autoencoder``, for ``train(network, x, x, ...)``.

    Its loss is the mean squared error; ``network.layers[0]`` encodes. A linear one that is trained
    to the end spans the subspace of the first principal components (Baldi & Hornik 1989).
    """
    layer = Autoencoder(n_in, n_hidden, activation, tied, initializer)
    return Network([layer], rng, mean_squared_error, dtype)


def pretrain(
    network: Network,
    x: ArrayLike,
    optimizer: Optimizer,
    *,
    epochs: int,
    batch_size: int,
    rng: Rng,
    tied: bool = False,
    progress: bool = True,
) -> list[History]:
    """Start the hidden layers of ``network`` as encoders, one after the other; in place.

    For each pair of Dense and Activation an autoencoder of the same shape, activation and
    initializer learns to give back what the layers before it make of ``x``; its W and b move into
    the Dense layer, the decoder is dropped (greedy layer-wise, Bengio et al. 2007). The last layer
    stays as it is. Returns the histories of the autoencoders. ``ValueError`` for other layers.
    """
    codes = network.checked_features(x)
    histories = []
    for dense, activation in _hidden(network):
        coder = autoencoder(
            dense.n_in,
            dense.n_out,
            rng,
            activation=activation.function,
            tied=tied,
            initializer=dense.initializer,
            dtype=codes.dtype,
        )
        history = train(
            coder,
            codes,
            codes,
            optimizer,
            epochs=epochs,
            batch_size=batch_size,
            rng=rng,
            progress=progress,
        )
        histories.append(history)
        learned = coder.layers[0].arrays
        for name, array in dense.arrays.items():  # W, and b if there is one
            array[...] = learned[name]
        codes = activation.forward(dense.forward(codes))
    return histories


def principal_components(x: ArrayLike, count: int) -> Array:
    """Return the first ``count`` principal directions of ``x`` as orthonormal columns."""
    x = float_array("x", x)
    check_finite_rows("x", x)
    if x.ndim != 2 or not 1 <= check_count("count", count) <= min(x.shape):
        raise ValueError(
            f"x must have shape (rows, features) with at least count={count} of each, got {x.shape}"
        )
    return np.linalg.svd(x - x.mean(axis=0), full_matrices=False)[2][:count].T


def principal_angles(a: ArrayLike, b: ArrayLike) -> Array:
    """Return the angles between span(a) and span(b) in radians, the largest first.

    ``a``: (n, p) and ``b``: (n, q), q ≤ p, with independent columns; q angles, all 0 where span(b)
    lies in span(a). By sines, exact for small angles (Björck & Golub 1973).
    """
    a, b = float_array("a", a), float_array("b", b)
    if a.ndim != 2 or b.ndim != 2 or len(a) != len(b) or b.shape[1] > a.shape[1]:
        raise ValueError(f"a and b must be (n, p) and (n, q) with q ≤ p, got {a.shape}, {b.shape}")
    basis_a, basis_b = np.linalg.qr(a)[0], np.linalg.qr(b)[0]
    outside = basis_b - basis_a @ (basis_a.T @ basis_b)
    return np.arcsin(np.minimum(np.linalg.svd(outside, compute_uv=False), 1))


def _hidden(network: Network) -> list[tuple[Dense, Activation]]:
    """The hidden layers, two by two."""
    *layers, last = network.layers
    pairs = [
        (dense, activation)
        for dense, activation in zip(layers[::2], layers[1::2], strict=False)
        if isinstance(dense, Dense) and isinstance(activation, Activation)
    ]
    if not pairs or 2 * len(pairs) < len(layers) or not isinstance(last, Dense):
        raise ValueError(
            f"network must be Dense and Activation in turn and end in Dense, got {network}"
        )
    return pairs
