"""The best point of a sweep, and whether it is interior."""

import numpy as np
import pandas as pd
import pytest

from coursekit.sweeps import Best, best, sweep


def quadratic(seed, x):
    return {"loss": (x - 3) ** 2 + seed}


def table_of(values, **axes):
    """A table as ``sweep`` makes it: one list of values a point, one value a seed."""
    rows = [
        {**dict(zip(axes, point, strict=True)), "seed": seed, "loss": value, "error": None}
        for point, seeds in zip(zip(*axes.values(), strict=True), values, strict=True)
        for seed, value in enumerate(seeds)
    ]
    return pd.DataFrame(rows)


def test_best_on_a_real_sweep():
    found = best(sweep(quadratic, {"x": [1, 2, 4, 8]}, range(3), progress=False), "loss")
    # (x − 3)² is 1 at both 2 and 4: the first is taken; the median seed adds 1.
    assert found == Best({"x": 2}, 2.0, (1.0, 2.0, 3.0), {"x": True})
    assert found.is_interior
    assert type(found.point["x"]) is int


def test_best_at_an_edge_is_not_interior():
    table = table_of([[1.0], [2.0], [3.0], [4.0]], x=[1, 1, 2, 2], y=[0.1, 0.2, 0.1, 0.2])
    assert best(table, "loss").interior == {"x": False, "y": False}
    table = table_of([[3.0], [1.0], [2.0]], x=[1, 1, 1], y=[0.1, 0.2, 0.3])
    assert best(table, "loss").interior == {"y": True}  # x was not swept
    table = table_of([[3.0], [1.0], [2.0]], method=["a", "b", "c"], y=[0.1, 0.2, 0.2])
    assert best(table, "loss").interior == {"y": False}  # names have no edge
    assert not best(table, "loss").is_interior


def test_best_by_the_largest():
    table = table_of([[0.1, 0.2], [0.9, 0.8], [0.3, 0.4]], x=[1, 2, 3])
    found = best(table, "loss", mode="max", statistic="mean")
    assert found.point == {"x": 2}
    assert found.value == pytest.approx(0.85, abs=1e-15)
    assert found.values == (0.9, 0.8)


def test_median_and_mean_may_disagree():
    table = table_of([[1.0, 1.0, 100.0], [2.0, 2.0, 2.0]], x=[1, 2])
    assert best(table, "loss").point == {"x": 1}
    assert best(table, "loss", statistic="mean").point == {"x": 2}


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf, None])
@pytest.mark.parametrize("mode", ["min", "max"])
def test_a_run_that_broke_counts_as_the_worst(broken, mode):
    # Dropped instead, the broken run would leave its point the best in both modes.
    sign = 1.0 if mode == "min" else -1.0
    table = table_of([[sign, broken, broken], [3 * sign] * 3], x=[1, 2])
    found = best(table, "loss", mode=mode)
    assert (found.point, found.value) == ({"x": 2}, 3 * sign)
    assert best(table, "loss", mode=mode, statistic="mean").point == {"x": 2}
    with pytest.raises(ValueError, match="finite median of 'loss'"):
        best(table[table["x"] == 1], "loss", mode=mode)


def test_a_diverged_rate_is_past_the_best():
    table = table_of([[3.0], [1.0], [np.inf]], rate=[0.1, 1.0, 10.0])
    assert best(table, "loss").interior == {"rate": True}


def test_the_best_of_each_method():
    values = [[5.0], [1.0], [4.0], [2.0], [3.0], [6.0]]
    table = table_of(values, method=["a"] * 3 + ["b"] * 3, rate=[0.1, 1.0, 10.0] * 2)
    found = {method: best(part, "loss") for method, part in table.groupby("method")}
    assert found["a"].point == {"method": "a", "rate": 1.0}
    assert found["a"].interior == {"rate": True}
    assert found["b"].interior == {"rate": False}


def test_none_is_a_point_like_any_other():
    def run(seed, decay):
        return {"loss": 1.0 if decay is None else 2.0 + seed}

    table = sweep(run, {"decay": [0.1, None]}, range(2), progress=False)
    assert best(table, "loss").point == {"decay": None}
    assert best(table, "loss").values == (1.0, 1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"by": "los"}, "unknown column 'los'. Did you mean 'loss'"),
        ({"by": "error"}, "finite median"),
        ({"by": "name"}, "by must be a column of numbers, got 'name'"),
        ({"by": "loss", "mode": "smallest"}, "unknown mode 'smallest'"),
        ({"by": "loss", "statistic": "mode"}, "unknown statistic 'mode'"),
    ],
)
def test_best_of_nothing_is_refused(arguments, message):
    table = table_of([[1.0]], x=[1]).assign(name="a")
    with pytest.raises(ValueError, match=message):
        best(table, **arguments)


def test_best_wants_the_table_of_a_sweep():
    with pytest.raises(ValueError, match="unknown column 'seed'"):
        best(pd.DataFrame({"loss": [1.0]}), "loss")
    with pytest.raises(ValueError, match="finite"):
        best(table_of([[1.0]], x=[1]).iloc[:0], "loss")
