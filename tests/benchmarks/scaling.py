"""How the time of a step grows with the number of starts, and with width, depth and batch."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from coursekit.descent import minimize
from coursekit.network import mlp
from coursekit.objectives import Rosenbrock
from coursekit.optimizers import Adam
from coursekit.training import train
from tests.benchmarks.timing import Task, best_times, print_table

STEPS = 30


def main(rounds: int = 3) -> None:
    """Print µs a step at each size, and by what power of the size it grew from the one before."""
    grow("Adam on a surface, by starts", [1, 10, 100, 1000, 10_000, 100_000], descent, rounds)
    grow("MLP 64-w-w-w-10, batch 64, by width w", [25, 50, 100, 200, 400, 800], by_width, rounds)
    grow("MLP 64-100-…-100-10, batch 64, by depth", [1, 2, 4, 8, 16, 32, 64], by_depth, rounds)
    grow("MLP 64-100-100-100-10, by batch", [4, 16, 64, 256, 1024, 4096], by_batch, rounds)


def grow(title: str, sizes: Sequence[int], task: Callable[[int], Task], rounds: int) -> None:
    times = best_times({str(size): task(size) for size in sizes}, rounds)
    found = [times[str(size)] / STEPS for size in sizes]
    powers = [
        math.log(t1 / t0) / math.log(n1 / n0)
        for (t0, t1), (n0, n1) in zip(pairwise(found), pairwise(sizes), strict=True)
    ]
    rows = [[f"{n:,}", 1e6 * t, p] for n, t, p in zip(sizes, found, ["", *powers], strict=True)]
    print_table(title, ["", "µs a step", "power"], rows)


def descent(starts: int) -> Task:
    start = np.random.default_rng(0).uniform(-2, 2, (starts, 2))
    return lambda: minimize(Rosenbrock(), start, Adam(0.01), STEPS)


def training(sizes: Sequence[int], batch: int) -> Task:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(STEPS * batch, sizes[0])).astype(np.float32)
    targets = rng.integers(0, sizes[-1], len(x))
    network = mlp(sizes, rng, dtype=np.float32)
    settings = {"epochs": 1, "batch_size": batch, "rng": rng, "progress": False}
    return lambda: train(network, x, targets, Adam(), **settings)


def by_width(width: int) -> Task:
    return training([64, width, width, width, 10], 64)


def by_depth(depth: int) -> Task:
    return training([64, *[100] * depth, 10], 64)


def by_batch(batch: int) -> Task:
    return training([64, 100, 100, 100, 10], batch)
