"""Sweeps: a grid of runs, each with several seeds, as one tidy table; its best point."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from coursekit.checks import check_count, check_known
from coursekit.journal import Journal, Outcome, Point, Run, plain, run_key

if TYPE_CHECKING:
    import pandas as pd

Values = Sequence[Any] | NDArray[Any]


def sweep(
    run: Run,
    grid: Mapping[str, Values],
    seeds: Values,
    executor: Executor | None = None,
    *,
    results: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Call ``run(seed=…, **point)`` for every point of a grid and every seed: one row a run.

    ``grid``: name -> values (numbers, strings, tuples of them); ``run`` returns a dict of such.
    Columns: the grid's names, ``seed``, the results, ``error``. Rows: in the order of the grid, the
    seed changing fastest. A run that raises is a row with its ``error``; the sweep goes on.
    ``executor``: threads, processes (``run`` must be importable there) or dask's
    ``Client.get_executor()``: the same table to the bit. For this each run has one BLAS thread;
    besides, processes with several threads each would fight for the cores.
    ``results``: a file that keeps each run as it ends. Called again with it, the sweep does what
    is missing or failed; grid and seeds may have grown. Take a new file when ``run`` changes.
    """
    from threadpoolctl import threadpool_limits
    from tqdm import tqdm

    class Bar(tqdm):
        monitor_interval = 0  # its monitor is a thread, with which forking a process is unsafe

    if not callable(run):
        raise ValueError(f"run must be a function of seed and the names of grid, got {run!r}")
    if not isinstance(executor, Executor | None):
        raise ValueError(
            "executor must be a concurrent.futures.Executor (dask: client.get_executor()), "
            f"got {executor!r}"
        )
    pairs = list(itertools.product(_points(grid), _seeds(seeds)))
    runs = {run_key(*pair): pair for pair in pairs}
    journal = Journal(results, run, runs)
    todo = {key: runs[key] for key in runs if "result" not in journal.done.get(key, {})}
    finished = len(runs) - len(todo)
    with (
        threadpool_limits(limits=1),
        closing(_outcomes(run, todo, executor)) as outcomes,
        Bar(total=len(runs), initial=finished, unit="run", disable=not progress) as bar,
    ):
        for key, outcome in outcomes:
            journal.add(key, outcome)
            bar.update()
    return _table(pairs, [journal.done[key] for key in runs])


@dataclass(frozen=True)
class Best:
    """The best point of a sweep, its value over the seeds, and whether each axis went past it.

    ``values``: one a seed. ``interior``: for each number that was swept, whether the best one lies
    between the smallest and the largest tried; where it does not, the sweep proves little.
    """

    point: Point
    value: float
    values: tuple[float, ...]
    interior: dict[str, bool]

    @property
    def is_interior(self) -> bool:
        """True where every number that was swept is interior."""
        return all(self.interior.values())


def best(
    table: pd.DataFrame,
    by: str,
    *,
    mode: Literal["min", "max"] = "min",
    statistic: Literal["median", "mean"] = "median",
) -> Best:
    """Return the best point of a table that ``sweep`` made, judged by column ``by``.

    ``mode``: the smallest (a loss) or the largest (an accuracy); ``statistic``: over the seeds.
    A run that failed or diverged counts as the worst there is. Of equals, the first is taken.
    The best of each method: ``{m: best(t, "loss") for m, t in table.groupby("method")}``.
    """
    columns = list(table)
    for kind, name, known in (
        ("mode", mode, ["min", "max"]),
        ("statistic", statistic, ["median", "mean"]),
        ("column", by, columns),
        ("column", "seed", columns),
    ):
        check_known(kind, name, known)
    try:
        values = table[by].to_numpy(dtype=float, na_value=math.nan)
    except (TypeError, ValueError):
        raise ValueError(f"by must be a column of numbers, got {by!r}") from None
    sign = 1.0 if mode == "min" else -1.0
    losses = np.where(np.isfinite(values), sign * values, math.inf).tolist()
    axes = columns[: columns.index("seed")]
    of_point: dict[tuple[Any, ...], list[float]] = {}
    for point, loss in zip(table[axes].itertuples(index=False, name=None), losses, strict=True):
        of_point.setdefault(point, []).append(loss)
    average: Callable[..., Any] = np.median if statistic == "median" else np.mean
    scores = {point: float(average(losses)) for point, losses in of_point.items()}
    winner = min(scores, key=scores.__getitem__, default=None)
    if winner is None or not math.isfinite(scores[winner]):
        raise ValueError(f"table must have a point with a finite {statistic} of {by!r}")
    return Best(
        point=dict(zip(axes, winner, strict=True)),
        value=sign * scores[winner],
        values=tuple(sign * loss for loss in of_point[winner]),
        interior={
            axis: bool(table[axis].min() < value < table[axis].max())
            for axis, value in zip(axes, winner, strict=True)
            if table[axis].dtype.kind in "iuf" and table[axis].nunique() > 1
        },
    )


def _points(grid: Mapping[str, Values]) -> list[Point]:
    if not isinstance(grid, Mapping) or not grid:
        raise ValueError(f"grid must be a dict of name -> list of values, not empty, got {grid!r}")
    for name in grid:
        if not isinstance(name, str) or name in ("seed", "error"):
            raise ValueError(f"grid must have names other than seed and error, got {name!r}")
    axes = [_values(f"grid[{name!r}]", values) for name, values in grid.items()]
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*axes)]


def _seeds(seeds: Values) -> list[int]:
    return [check_count("seeds", seed) for seed in _values("seeds", seeds)]


def _values(name: str, values: Any) -> list[Any]:
    """A list of different plain values, as Python's own numbers: NumPy's would change dtypes."""
    values = values.tolist() if hasattr(values, "tolist") else values
    if not isinstance(values, Sequence) or isinstance(values, str) or not values:
        raise ValueError(f"{name} must be a list of values, not empty, got {values!r}")
    try:
        listed = [plain(value, tuple) for value in values]
    except TypeError as error:
        raise ValueError(f"{name} must hold {error}; give names and look them up in run") from None
    if len(set(listed)) < len(listed):
        raise ValueError(f"{name} must hold different values, got {values!r}")
    return listed


def _attempt(run: Run, point: Point, seed: int) -> Outcome:
    """One run, wherever it is: what it returned, or the text of what it raised."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1)  # for a worker process; in this one, ``sweep`` sets it back
    try:
        result = run(seed=seed, **point)
        if not isinstance(result, Mapping):
            raise TypeError(f"run must return a dict of results, got {type(result).__name__}")
        for name in result:
            if not isinstance(name, str) or name in {*point, "seed", "error"}:
                raise ValueError(f"run must not name a result {name!r}")
        return {"result": {name: plain(value) for name, value in result.items()}}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def _outcomes(
    run: Run, todo: Mapping[str, tuple[Point, int]], executor: Executor | None
) -> Generator[tuple[str, Outcome]]:
    """Each run's key and outcome, as they end."""
    if executor is None:
        for key, pair in todo.items():
            yield key, _attempt(run, *pair)
        return
    futures = {}
    try:
        for key, pair in todo.items():
            futures[executor.submit(_attempt, run, *pair)] = key
        for count, future in enumerate(as_completed(futures)):
            try:
                outcome = future.result()
            except Exception as error:
                error.add_note(
                    f"The executor failed, not a run, after {count} of {len(todo)} runs."
                )
                raise
            yield futures[future], outcome
    finally:
        for future in futures:
            future.cancel()


def _table(pairs: Sequence[tuple[Point, int]], outcomes: Sequence[Outcome]) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, Any] = {}
    for name in pairs[0][0]:
        values = [point[name] for point, _ in pairs]
        # None is a choice like any other here, not a missing number.
        columns[name] = pd.Series(values, dtype=object) if None in values else values
    columns["seed"] = [seed for _, seed in pairs]
    results = [outcome.get("result", {}) for outcome in outcomes]
    for name in dict.fromkeys(itertools.chain.from_iterable(results)):
        columns[name] = [result.get(name) for result in results]
    columns["error"] = pd.Series([outcome.get("error") for outcome in outcomes], dtype=object)
    return pd.DataFrame(columns)
