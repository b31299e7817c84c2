"""The time of an epoch on the digits with each kind of unit, beside ReLU (Section 7.4)."""

from collections.abc import Callable

import numpy as np

from coursekit.activations import ActivationFunction, leaky_relu, relu, sigmoid, tanh
from coursekit.datasets import digits
from coursekit.layers import Activation, Dense, Layer, Maxout, PReLU
from coursekit.network import Network
from coursekit.optimizers import SGD
from coursekit.training import train
from tests.benchmarks.timing import Task, best_times, print_table

Hidden = Callable[[int], list[Layer]]


def main(rounds: int = 20) -> None:
    """Print ms an epoch, and over ReLU's, of 64-32-32-10 networks."""
    kinds: dict[str, tuple[Hidden, int]] = {
        "ReLU": (dense(relu), 32),
        "leaky ReLU": (dense(leaky_relu(0.1)), 32),
        "PReLU": (lambda n_in: [Dense(n_in, 32), PReLU(32)], 32),
        "tanh": (dense(tanh), 32),
        "sigmoid": (dense(sigmoid), 32),
        "Maxout, k = 2": (lambda n_in: [Maxout(n_in, 32, pieces=2)], 32),
        "Maxout, k = 2, 20 units": (lambda n_in: [Maxout(n_in, 20, pieces=2)], 20),
    }
    times = best_times({name: epoch(*kind) for name, kind in kinds.items()}, rounds)
    rows = [[name, 1e3 * t, t / times["ReLU"]] for name, t in times.items()]
    print_table("An epoch of the digits, batch 64, SGD", ["", "ms", "over ReLU"], rows)


def dense(function: ActivationFunction) -> Hidden:
    return lambda n_in: [Dense(n_in, 32), Activation(function)]


def epoch(hidden: Hidden, width: int) -> Task:
    rng = np.random.default_rng(0)
    x, y, _, _ = digits()
    network = Network([*hidden(64), *hidden(width), Dense(width, 10)], rng)
    settings = {"epochs": 1, "batch_size": 64, "rng": rng, "progress": False}
    return lambda: train(network, x, y, SGD(0.01), **settings)
