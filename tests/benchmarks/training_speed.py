"""Training an MLP 784-100-100-100-10, against its bare matrix products and other libraries."""

import math
import warnings
from importlib.util import find_spec
from itertools import pairwise

import numpy as np

from coursekit.network import mlp
from coursekit.optimizers import Adam
from coursekit.training import train
from tests.benchmarks.timing import Task, best_times, print_table

SIZES, ROWS, BATCH, EPOCHS = (784, 100, 100, 100, 10), 5000, 64, 3
# What is to be reached: coursekit's time over the other's, at most.
TO_REACH = {"bare products": 2.4, "scikit-learn": 1 / 1.8, "PyTorch": 1 / 2.2}


def main(rounds: int = 30) -> None:
    """Print the time of each, and coursekit's over it."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, SIZES[0])).astype(np.float32)
    targets = rng.integers(0, SIZES[-1], ROWS)
    tasks = {"coursekit": coursekit(x, targets), "bare products": bare_products(x)}
    if find_spec("sklearn"):
        tasks["scikit-learn"] = scikit_learn(x, targets)
    if find_spec("torch"):
        tasks["PyTorch"] = pytorch(x, targets, fused=False)
        tasks["PyTorch, fused Adam"] = pytorch(x, targets, fused=True)
    times = best_times(tasks, rounds)
    steps = EPOCHS * math.ceil(ROWS / BATCH)
    print_table(
        f"MLP {'-'.join(map(str, SIZES))}, float32, batch {BATCH}, Adam, {EPOCHS} epochs of {ROWS}",
        ["", "ms", "µs a step", "coursekit's over it", "to reach"],
        [
            [name, 1e3 * t, 1e6 * t / steps, times["coursekit"] / t, TO_REACH.get(name, "")]
            for name, t in times.items()
        ],
    )


def coursekit(x: np.ndarray, targets: np.ndarray) -> Task:
    """All of it: the network made, shuffled, trained and recorded."""

    def run() -> None:
        rng = np.random.default_rng(0)
        network = mlp(SIZES, rng, dtype=np.float32)
        train(network, x, targets, Adam(), epochs=EPOCHS, batch_size=BATCH, rng=rng, progress=False)

    return run


def bare_products(x: np.ndarray) -> Task:
    """The matrix products of the forward and backward passes, and nothing else."""
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=shape).astype(np.float32) for shape in pairwise(SIZES)]

    def run() -> None:
        for _ in range(EPOCHS):
            for start in range(0, ROWS, BATCH):
                signals = [x[start : start + BATCH]]
                for w in weights:
                    signals.append(signals[-1] @ w)
                for i in reversed(range(len(weights))):
                    signals[i].T @ signals[i + 1]
                    if i:  # nobody needs the gradient of the data
                        signals[i + 1] @ weights[i].T

    return run


def scikit_learn(x: np.ndarray, targets: np.ndarray) -> Task:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    settings = {"batch_size": BATCH, "max_iter": EPOCHS, "tol": 0, "n_iter_no_change": EPOCHS}

    def run() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # three epochs are not enough
            MLPClassifier(SIZES[1:-1], **settings).fit(x, targets)

    return run


def pytorch(x: np.ndarray, targets: np.ndarray, fused: bool) -> Task:
    import torch
    from torch import nn

    inputs, classes = torch.tensor(x), torch.tensor(targets)

    def run() -> None:
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise(SIZES):
            layers += [nn.Linear(n_in, n_out), nn.ReLU()]
        network, criterion = nn.Sequential(*layers[:-1]), nn.CrossEntropyLoss()
        optimizer = torch.optim.Adam(network.parameters(), fused=fused)
        for _ in range(EPOCHS):
            for rows in torch.randperm(ROWS).split(BATCH):
                optimizer.zero_grad()
                criterion(network(inputs[rows]), classes[rows]).backward()
                optimizer.step()

    return run
