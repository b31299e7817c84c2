"""Many starting points in one call, against one after the other in a loop of Python."""

from functools import partial

import numpy as np

from coursekit.descent import minimize
from coursekit.objectives import Rosenbrock
from coursekit.optimizers import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSProp
from tests.benchmarks.timing import best_times, print_table

METHODS = [SGD(1e-4), Momentum(1e-4), Nesterov(1e-4), AdaGrad(0.1), RMSProp(0.01), Adam(0.01)]
STARTS, STEPS, LOOPED = 10_000, 200, 10


def main(rounds: int = 3) -> None:
    """Print steps a second of all starts together, and of a few of them one by one."""
    surface = Rosenbrock()
    starts = np.random.default_rng(0).uniform(-2, 2, (STARTS, 2))
    rows = []
    for method in METHODS:
        descend = partial(minimize, surface, optimizer=method, steps=STEPS)
        times = best_times(
            {
                "together": lambda descend=descend: descend(starts),
                "loop": lambda descend=descend: [descend(start) for start in starts[:LOOPED]],
            },
            rounds,
        )
        together = STARTS * STEPS / times["together"] / 1e6
        loop = LOOPED * STEPS / times["loop"] / 1e6
        rows.append(
            [type(method).__name__, 1e3 * times["together"], together, loop, together / loop]
        )
    print_table(
        f"{STARTS:,} starts × {STEPS} steps on a surface ({LOOPED} starts in the loop)",
        ["", "ms", "million steps a second", "in a loop", "ratio"],
        rows,
    )
