"""Differently written right answers to the code exercises of notebook 15."""

import numpy as np

from coursekit import Activation, Adam, BatchNorm, Dense, Network, Residual, Standardize, schedules


def block_by_block(weights, classifier):
    count, depth = len(weights), len(weights[0])
    factor = (1 / count) ** (0.5 / (depth - 1))
    branches = [[*(factor * w for w in branch[:-1]), 0 * branch[-1]] for branch in weights]
    return np.array(branches, weights.dtype).tolist(), classifier * 0


def normalized_before_each_layer(seed):
    def normalized(width):
        return [BatchNorm(32), Activation("relu"), Dense(32, width)]

    blocks = [Residual(normalized(32) + normalized(32)) for _ in range(14)]
    layers = [Dense(64, 32), *blocks, *normalized(10)]
    network = Network(layers, np.random.default_rng(seed), dtype=np.float32)
    return [network, Adam(schedules.cosine_decay(0.01, 300)), 64, Standardize()]


OTHERS = {"fixup-init": block_by_block, "capstone": normalized_before_each_layer}
