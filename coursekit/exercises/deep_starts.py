"""Deep networks before their first step, as the playground ``Depth`` offers them (7.5, 7.8)."""

from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from coursekit.activations import ActivationFunction, identity, leaky_relu, relu, sigmoid, tanh
from coursekit.checks import Array
from coursekit.datasets import digits
from coursekit.diagnostics import (
    LayerSignals,
    dead_units,
    flat_share,
    layer_signals,
    spread_between_rows,
)
from coursekit.initializers import (
    Initializer,
    book_relu_normal,
    glorot_normal,
    he_normal,
    lecun_normal,
    normal,
)
from coursekit.network import Network, mlp
from coursekit.preprocessing import Standardize

RULES: dict[str, Initializer] = {
    "LeCun": lecun_normal,
    "Glorot": glorot_normal,
    "He": he_normal,
    "the book's for ReLU": book_relu_normal,
}
FUNCTIONS: dict[str, ActivationFunction] = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "ReLU": relu,
    "leaky ReLU": leaky_relu(),
    "linear": identity,
}
SATURATING = ("sigmoid", "tanh")
FLAT = 0.01  # the slope at which an activation counts as saturated
ROWS = 64  # digits that go through


@cache
def _rows(standardize: bool) -> tuple[Array, NDArray[np.int64]]:
    """The digits that go through, and their classes."""
    data = digits()
    x = Standardize().fit_transform(data.x_train) if standardize else data.x_train
    return x[:ROWS], data.y_train[:ROWS]


def drawn(
    initialization: str,
    std: float,
    activation: str,
    batch_norm: bool,
    standardize: bool,
    depth: int,
    width: int,
    seed: int,
) -> tuple[Network, Array, list[LayerSignals]]:
    """Return a network as it is drawn, the digits that go through, and its layers' signals.

    ``std`` counts where the initialization is none of ``RULES``.
    """
    x, y = _rows(standardize)
    rule = RULES[initialization] if initialization in RULES else normal(std)
    sizes, rng = [x.shape[1], *[width] * depth, 10], np.random.default_rng(seed)
    network = mlp(sizes, rng, FUNCTIONS[activation], rule, batch_norm)
    return network, x, layer_signals(network, x, y)


def flat_units(network: Network, x: Array, activation: str, batch_norm: bool) -> Array:
    """Return by layer the share of saturated activations, or of dead units."""
    if batch_norm:
        network.set_statistics(x)  # units are judged as at test time
    units = flat_share(network, x, FLAT) if activation in SATURATING else dead_units(network, x)
    return np.array([shares.mean() for shares in units.values()])


@lru_cache(maxsize=32)
def start_of(
    initialization: str,
    std: float,
    activation: str,
    batch_norm: bool,
    standardize: bool,
    depth: int,
    width: int,
    seed: int,
) -> tuple[float, float, float]:
    """Return how much of the signal reaches the last layer, of the gradient the first; flat share.

    The signal: what differs between the digits. The gradient: the std of ∂L/∂z. Each in units of
    the layer where it starts from. Flat: the share of saturated activations, or of dead units.
    """
    network, x, signals = drawn(
        initialization, std, activation, batch_norm, standardize, depth, width, seed
    )
    hidden = [one for one in signals if one.role == "activation"]
    first, last = hidden[0], hidden[-1]
    assert first.gradients is not None  # there were targets
    assert last.gradients is not None
    return (
        spread_between_rows(last.outputs) / spread_between_rows(first.outputs),
        float(first.gradients.std() / last.gradients.std()),
        float(flat_units(network, x, activation, batch_norm).mean()),
    )
