"""Deep networks before their first step, as the playground ``Depth`` offers them (7.5, 7.8)."""

from functools import lru_cache

import numpy as np

from coursekit.activations import ActivationFunction, identity, leaky_relu, relu, sigmoid, tanh
from coursekit.datasets import digits
from coursekit.diagnostics import dead_units, flat_share, layer_signals, spread_between_rows
from coursekit.initializers import (
    Initializer,
    book_relu_normal,
    glorot_normal,
    he_normal,
    lecun_normal,
    normal,
)
from coursekit.network import mlp
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
    data = digits()
    x = Standardize().fit_transform(data.x_train) if standardize else data.x_train
    x = x[:ROWS]
    rule = RULES[initialization] if initialization in RULES else normal(std)
    sizes, rng = [x.shape[1], *[width] * depth, 10], np.random.default_rng(seed)
    network = mlp(sizes, rng, FUNCTIONS[activation], rule, batch_norm)
    signals = layer_signals(network, x, data.y_train[:ROWS])
    hidden = [one for one in signals if one.role == "activation"]
    first, last = hidden[0], hidden[-1]
    assert first.gradients is not None  # there were targets
    assert last.gradients is not None
    if batch_norm:
        network.set_statistics(x)  # units are judged as at test time
    saturating = activation in SATURATING
    units = flat_share(network, x, FLAT) if saturating else dead_units(network, x)
    return (
        spread_between_rows(last.outputs) / spread_between_rows(first.outputs),
        float(first.gradients.std() / last.gradients.std()),
        float(np.mean([shares.mean() for shares in units.values()])),
    )
