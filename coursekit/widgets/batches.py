"""The batches of the batch playground: a unit's pre-activations on real digits, 200 times drawn."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from coursekit import datasets
from coursekit.checks import Array
from coursekit.initializers import normal
from coursekit.network import mlp
from coursekit.normalization import BatchNorm

BATCHES, LARGEST, UNITS = 200, 256, 32


class Statistics(NamedTuple):
    """What the batches up to the present one say of a unit, each of shape (batches,)."""

    mean: Array
    std: Array
    running_mean: Array
    running_std: Array


@cache
def _hidden() -> Array:
    """The pre-activations of the first layer with weights of N(0, 1), shape (digits, 32)."""
    x = datasets.digits().x_train
    network = mlp([x.shape[1], UNITS, 10], np.random.default_rng(0), initializer=normal(1.0))
    return network.layers[0].forward(x)


def pre_activations(unit: int) -> Array:
    """The a of one unit, counted from 1, for every digit, with weights of N(0, 1)."""
    return _hidden()[:, unit - 1]


@cache
def _draws() -> NDArray[np.intp]:
    """The numbers of other digits than the marked one, a column for each batch."""
    rng, others = np.random.default_rng(1), len(_hidden()) - 1
    return np.column_stack([rng.choice(others, LARGEST - 1, replace=False) for _ in range(BATCHES)])


@lru_cache(maxsize=8)
def batches(unit: int, std: float, size: int, sample: int) -> Array:
    """The unit's a in all batches, a column for each; a larger batch begins as the smaller."""
    drawn = _draws()[: size - 1]
    rows = np.vstack([np.full(BATCHES, sample), drawn + (drawn >= sample)])
    return std * pre_activations(unit)[rows]


@lru_cache(maxsize=8)
def statistics(unit: int, std: float, size: int, sample: int) -> Statistics:
    """Mean and std of all batches, and the running ones after each: 200 passes, without them."""
    drawn, decay = batches(unit, std, size, sample), BatchNorm(1).decay
    means, variances = drawn.mean(axis=0), drawn.var(axis=0)
    running, now = [], np.array([0.0, 1.0])
    for new in np.column_stack([means, variances * (size / (size - 1))]):
        now = decay * now + (1 - decay) * new
        running.append(now)
    mean, var = np.array(running).T
    return Statistics(means, np.sqrt(variances), mean, np.sqrt(var))
