"""A sweep of 1,000 training runs in one process, in two, and on a local Dask cluster."""

import time
from concurrent.futures import Executor, ProcessPoolExecutor

import numpy as np

from coursekit.datasets import digits
from coursekit.network import mlp
from coursekit.optimizers import SGD
from coursekit.sweeps import sweep
from coursekit.training import train
from tests.benchmarks.timing import print_table

RATES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]
WIDTHS = [8, 16, 32, 64]
SEEDS = range(25)


def main() -> None:
    """Print the seconds of each way, and fail unless all tables are the same to the bit."""
    from dask.distributed import Client, LocalCluster

    rows = []
    serial, seconds = timed(None)
    rows.append(["one process", seconds, 1.0])
    with ProcessPoolExecutor(2) as executor:
        table, own = timed(executor)
    assert table.equals(serial)
    rows.append(["two processes", own, seconds / own])
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        table, own = timed(client.get_executor())
    assert table.equals(serial)
    rows.append(["Dask, two workers", own, seconds / own])
    print_table(f"A sweep of {len(serial):,} runs, the same table", ["", "s", "times"], rows)


def timed(executor: Executor | None) -> tuple:
    """The table of the sweep on an executor, and its seconds."""
    start = time.perf_counter()
    grid = {"rate": RATES, "width": WIDTHS}
    table = sweep(run, grid, SEEDS, executor, progress=False)
    return table, time.perf_counter() - start


def run(seed: int, rate: float, width: int) -> dict[str, float]:
    """Two epochs on the digits: the accuracy on the test set, and the last loss."""
    rng = np.random.default_rng(seed)
    x, y, x_test, y_test = digits()
    network = mlp([64, width, 10], rng)
    history = train(
        network, x, y, SGD(rate), epochs=2, batch_size=32, rng=rng, progress=False
    ).frame()
    accuracy = float((network.predict(x_test) == y_test).mean())
    return {"accuracy": accuracy, "loss": float(history["loss"].iloc[-1])}
