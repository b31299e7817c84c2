"""Fixup: a start from which deep residual networks train without normalization (Zhang et al. 2019).

1. The last layer of each residual branch, and that of the network, start at 0.
2. All others start by a standard rule; those inside the branches times L^(−1/(2m−2)), for L
   branches of m weight layers: then one step of descent moves the outputs by O(η), whatever L is.
3. Each branch gets a scalar multiplier, and a scalar bias before each of its layers and
   activations: ``Residual(branch, fixup=True)``.
"""

import numpy as np
from numpy.typing import DTypeLike

from coursekit.activations import ActivationFunction, relu
from coursekit.checks import check_count, check_rng
from coursekit.initializers import he_normal
from coursekit.layers import Activation, Dense, InitializerLike, Residual, ScalarBias
from coursekit.losses import softmax_cross_entropy
from coursekit.network import Loss, Network
from coursekit.sequential import Layer, Rng


def fixup_scale(blocks: int, layers: int) -> float:
    """Return L^(−1/(2m−2)), the factor of rule 2 (Zhang et al. 2019, Section 3).

    ``blocks``: L, residual branches in the network; ``layers``: m, weight layers in a branch, at
    least 2 (the last one of them starts at 0).

    >>> fixup_scale(blocks=16, layers=2)
    0.25
    """
    blocks = check_count("blocks", blocks, at_least=1)
    layers = check_count("layers", layers, at_least=2)
    return float(blocks ** (-1 / (2 * layers - 2)))


def fixup(network: Network, rng: Rng) -> None:
    """Draw all parameters of a residual network anew, in place, by Fixup's rules.

    ``network``: its last layer is ``Dense``, and so are two or more in each ``Residual`` branch.
    """
    check_rng(rng)
    blocks = [layer for layer in network.layers if isinstance(layer, Residual)]
    last = network.layers[-1]
    if not blocks or not isinstance(last, Dense):
        raise ValueError(f"network must have Residual blocks and end in Dense, got {network}")
    branches = [[part for part in block.layers if isinstance(part, Dense)] for block in blocks]
    for block, branch in zip(blocks, branches, strict=True):
        if len(branch) < 2:
            raise ValueError(f"a branch must have at least 2 Dense layers for Fixup, got {block}")
    network.initialize(rng, network.parameters.dtype)
    last.weights[...] = 0
    for branch in branches:
        for dense in branch[:-1]:
            dense.weights *= fixup_scale(len(blocks), len(branch))
        branch[-1].weights[...] = 0


def residual_mlp(
    n_in: int,
    width: int,
    blocks: int,
    n_out: int,
    rng: Rng,
    *,
    fixup_start: bool = True,
    activation: ActivationFunction | str = relu,
    initializer: InitializerLike = he_normal,
    dtype: DTypeLike = np.float64,
    loss: Loss = softmax_cross_entropy,
) -> Network:
    """A residual network of ``blocks`` blocks f(x + W₂ f(W₁ x)), each ``width`` wide.

    A Dense layer leads in and one leads out. ``fixup_start=True``: with Fixup's scalars in place of
    the biases inside, and started by Fixup; otherwise with biases, all weights by ``initializer``.
    """
    check_count("blocks", blocks, at_least=1)
    bias = not fixup_start
    layers: list[Layer] = [Dense(n_in, width, initializer), Activation(activation)]
    for _ in range(blocks):
        branch = [
            Dense(width, width, initializer, bias),
            Activation(activation),
            Dense(width, width, initializer, bias),
        ]
        layers += [Residual(branch, fixup=fixup_start), Activation(activation)]
    if fixup_start:
        layers.append(ScalarBias())
    layers.append(Dense(width, n_out, initializer))
    network = Network(layers, rng, loss, dtype)
    if fixup_start:
        fixup(network, rng)
    return network
