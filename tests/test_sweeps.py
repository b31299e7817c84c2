import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from coursekit.sweeps import sweep

GRID = {"learning_rate": [0.001, 0.01, 0.1], "width": (2, 100)}
SEEDS = range(2)


# Runs: functions of this module, so that processes can import them.


def train_a_little(seed, learning_rate, width):
    """Products of the size at which one and two BLAS threads differ in the last digits."""
    rng = np.random.default_rng(seed)
    x, w = rng.random((64, 784)), rng.normal(size=(784, width))
    for _ in range(3):
        w = w - learning_rate * x.T @ np.tanh(x @ w)
    if (seed, learning_rate) == (1, 0.1):
        raise FloatingPointError("the loss is nan")
    return {
        "loss": np.mean(w**2),
        "narrow": w.astype(np.float32)[0, 0],
        "name": f"{seed}",
        "w": w[0],
    }


def slow_first(seed, delay):
    time.sleep(delay)
    return {"delay_squared": delay**2}


def threads_seen(seed, point):
    return {"threads": max(library["num_threads"] for library in threadpool_info())}


def die_at_two(seed, point):
    if point == 2:
        os._exit(1)
    return {"loss": point}


def quadratic(seed, x):
    return {"loss": (x - 3) ** 2 + seed}


def bits(table):
    """All of a table: names, types, order, and each value exactly (``repr`` of a float is)."""
    return [(name, str(table[name].dtype), repr(list(table[name]))) for name in table]


def processes(workers=2):
    # Not forked: the threads of other tests would go with it.
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))


@pytest.fixture(scope="module")
def serial():
    return sweep(train_a_little, GRID, SEEDS, progress=False)


def test_one_row_a_run_in_the_order_of_the_grid(serial):
    assert list(serial) == [
        *("learning_rate", "width", "seed", "loss", "narrow", "name", "w", "error")
    ]
    expected = [
        (rate, width, seed) for rate in (0.001, 0.01, 0.1) for width in (2, 100) for seed in SEEDS
    ]
    assert (
        list(serial[["learning_rate", "width", "seed"]].itertuples(index=False, name=None))
        == expected
    )
    assert [len(w) for w in serial["w"][:4]] == [2, 2, 100, 100]
    assert serial["loss"].dtype == np.float64


def test_a_run_that_raises_is_a_row_with_its_error(serial):
    failed = serial[(serial["seed"] == 1) & (serial["learning_rate"] == 0.1)]
    assert failed["error"].tolist() == ["FloatingPointError: the loss is nan"] * 2
    assert failed["loss"].isna().all()
    rest = serial.drop(failed.index)
    assert len(rest) == 10
    assert rest["error"].isna().all()
    assert rest["loss"].notna().all()


def test_run_gets_python_numbers_and_gives_any():
    def run(seed, rate, sizes, method):
        assert (type(seed), type(rate), type(sizes), type(method)) == (int, float, tuple, str)
        return {
            "n": np.int64(seed),
            "yes": np.bool_(True),
            "nothing": None,
            "pair": (1, np.float32(2)),
        }

    grid = {"rate": np.array([0.5], np.float32), "sizes": [[3, 4]], "method": np.array(["SGD"])}
    row = sweep(run, grid, np.arange(1), progress=False).iloc[0]
    assert row["error"] is None
    assert row["pair"] == [1, 2.0]
    assert row["sizes"] == (3, 4)
    assert row["n"] == 0
    assert row["nothing"] is None


@pytest.mark.parametrize("make", [ThreadPoolExecutor, processes])
def test_any_executor_gives_the_same_table_to_the_bit(serial, make):
    with make(2) as executor:
        assert bits(sweep(train_a_little, GRID, SEEDS, executor, progress=False)) == bits(serial)


def test_a_dask_cluster_gives_the_same_table_to_the_bit(serial, tmp_path):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            local_directory=tmp_path,
        ) as cluster,
        Client(cluster) as client,
    ):
        executor = client.get_executor()
        path = tmp_path / "results"
        table = sweep(train_a_little, GRID, SEEDS, executor, results=path, progress=False)
        local = sweep(
            lambda seed, x: {"pid": os.getpid()}, {"x": [1]}, [0], executor, progress=False
        )
    assert bits(table) == bits(serial)
    assert bits(sweep(train_a_little, GRID, SEEDS, results=path, progress=False)) == bits(serial)
    assert local["pid"][0] != os.getpid()  # another process, and a notebook's function reaches it


def test_the_order_of_finishing_does_not_show():
    grid = {"delay": [0.2, 0.0, 0.1]}
    with ThreadPoolExecutor(3) as executor:
        table = sweep(slow_first, grid, [0], executor, progress=False)
    assert table["delay"].tolist() == [0.2, 0.0, 0.1]
    assert table["delay_squared"].tolist() == [0.2**2, 0.0, 0.1**2]


@pytest.mark.parametrize("make", [lambda: None, lambda: ThreadPoolExecutor(2), processes])
def test_every_run_has_one_blas_thread(make):
    executor = make()
    with threadpool_limits(2):
        table = sweep(threads_seen, {"point": range(4)}, [0], executor, progress=False)
        assert max(library["num_threads"] for library in threadpool_info()) == 2
    if executor is not None:
        executor.shutdown()
    assert table["threads"].tolist() == [1] * 4


def test_a_dead_worker_ends_the_sweep_and_keeps_what_was_done(tmp_path):
    path, grid = tmp_path / "results", {"point": [0, 1, 2, 3]}
    with processes(1) as executor, pytest.raises(BrokenProcessPool) as caught:
        sweep(die_at_two, grid, [0], executor, results=path, progress=False)
    assert "The executor failed, not a run, after 2 of 4 runs." in caught.value.__notes__
    assert len(path.read_bytes().splitlines()) == 1 + 2


def test_waiting_runs_are_cancelled_when_the_sweep_ends_early():
    class OneFails(Executor):
        def __init__(self):
            self.futures = []

        def submit(self, function, /, *args, **kwargs):
            self.futures.append(Future())
            if len(self.futures) == 3:
                self.futures[0].set_exception(OSError("no worker"))
            return self.futures[-1]

    executor = OneFails()
    with pytest.raises(OSError, match="no worker"):
        sweep(quadratic, {"x": [1, 2, 3]}, [0], executor, progress=False)
    assert [future.cancelled() for future in executor.futures] == [False, True, True]


def test_progress_is_shown_unless_told_otherwise(capfd):
    threads = threading.enumerate()
    sweep(quadratic, {"x": [1, 2]}, [0, 1])
    assert "4/4" in capfd.readouterr().err
    assert threading.enumerate() == threads  # none is left behind to disturb a later fork
    sweep(quadratic, {"x": [1, 2]}, [0, 1], progress=False)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (0.5, "TypeError: run must return a dict of results, got float"),
        ({"loss": 1 + 1j}, "TypeError: numbers, strings and lists of them, got complex"),
        ({"loss": {"a": 1}}, "TypeError: numbers, strings and lists of them, got dict"),
        ({"seed": 1}, "ValueError: run must not name a result 'seed'"),
        ({"x": 1}, "ValueError: run must not name a result 'x'"),
        ({"error": 1}, "ValueError: run must not name a result 'error'"),
        ({3: 1}, "ValueError: run must not name a result 3"),
    ],
)
def test_a_result_that_does_not_fit_a_table_is_an_error_of_its_run(result, error):
    table = sweep(lambda seed, x: result, {"x": [1]}, [0], progress=False)
    assert table["error"].tolist() == [error]


@pytest.mark.parametrize(
    ("grid", "seeds", "message"),
    [
        ({}, [0], "grid must be a dict of name -> list of values, not empty, got {}"),
        ([1, 2], [0], "grid must be a dict"),
        ({"x": []}, [0], r"grid\['x'\] must be a list of values, not empty, got \[\]"),
        ({"x": np.array([])}, [0], r"grid\['x'\] must be a list of values"),
        ({"x": 3}, [0], r"grid\['x'\] must be a list of values, not empty, got 3"),
        ({"x": "SGD"}, [0], r"grid\['x'\] must be a list of values, not empty, got 'SGD'"),
        ({"x": {1, 2}}, [0], r"grid\['x'\] must be a list of values"),
        ({"x": [1, 2, 1.0]}, [0], r"grid\['x'\] must hold different values"),
        ({"x": [np.tanh]}, [0], r"grid\['x'\] must hold numbers, .* got ufunc; give names"),
        ({"seed": [1]}, [0], "grid must have names other than seed and error, got 'seed'"),
        ({"error": [1]}, [0], "grid must have names other than seed and error, got 'error'"),
        ({1: [1]}, [0], "grid must have names"),
        ({"x": [1]}, [], r"seeds must be a list of values, not empty, got \[\]"),
        ({"x": [1]}, 3, "seeds must be a list of values, not empty, got 3"),
        ({"x": [1]}, [0, 0], "seeds must hold different values"),
        ({"x": [1]}, [0.5], "seeds must be a whole number"),
        ({"x": [1]}, [-1], "seeds must be a whole number, at least 0, got -1"),
    ],
)
def test_a_sweep_that_makes_no_sense_is_refused(grid, seeds, message, tmp_path):
    path = tmp_path / "results"
    with pytest.raises(ValueError, match=message):
        sweep(quadratic, grid, seeds, results=path, progress=False)
    assert not path.exists()


def test_what_cannot_run_is_refused():
    with pytest.raises(ValueError, match="run must be a function of seed and the names of grid"):
        sweep({"x": 1}, {"x": [1]}, [0])
    with pytest.raises(ValueError, match=r"executor must be a .*client.get_executor\(\)\), got 4"):
        sweep(quadratic, {"x": [1]}, [0], 4)


def test_killed_in_the_middle_it_goes_on_where_it_was(tmp_path):
    script, log, results = tmp_path / "killed.py", tmp_path / "log", tmp_path / "results"
    script.write_text(
        dedent(
            """
            import sys, time
            from pathlib import Path
            from coursekit.sweeps import sweep

            log, results, table, hang = sys.argv[1:]

            def run(seed, x):
                with Path(log).open("a") as file:
                    file.write(f"{x} {seed}\\n")
                if hang == "hang" and (x, seed) == (2, 0):
                    time.sleep(600)
                return {"third": (x + seed) / 3}

            frame = sweep(run, {"x": [1, 2, 3]}, [0, 1], results=results, progress=False)
            Path(table).write_text(frame.to_json(double_precision=15))
            """
        )
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}

    def start(table, hang="go on", results=results):
        command = [sys.executable, script, log, results, tmp_path / table, hang]
        return subprocess.Popen([*map(str, command)], env=environment)

    with start("never", hang="hang") as killed:
        deadline = time.monotonic() + 60
        try:
            while not log.exists() or not log.read_text().endswith("2 0\n"):
                assert time.monotonic() < deadline
                time.sleep(0.01)
        finally:
            killed.send_signal(signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "never").exists()
    assert log.read_text().split("\n") == ["1 0", "1 1", "2 0", ""]

    assert start("resumed").wait() == 0
    # The two finished runs are not repeated; the one that was under way is.
    assert log.read_text().split("\n") == [
        *("1 0", "1 1", "2 0"),
        *("2 0", "2 1", "3 0", "3 1"),
        "",
    ]
    assert start("at once", results=tmp_path / "other").wait() == 0
    assert (tmp_path / "resumed").read_text() == (tmp_path / "at once").read_text()


# The best point.


def test_importing_it_loads_nothing_heavy():
    code = (
        "import sys, coursekit.sweeps, coursekit.datasets\n"
        "heavy = {'pandas', 'tqdm', 'threadpoolctl', 'platformdirs', 'urllib.request'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
