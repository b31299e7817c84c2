import json
import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.journal import describe, plain
from coursekit.sweeps import sweep

GRID, SEEDS = {"x": [1, 2], "y": ["a", "b"]}, [0, 1]
ODD_RESULTS = {
    "tenth": 0.1 + 0.2,
    "nan": math.nan,
    "infinite": -math.inf,
    "minus_zero": -0.0,
    "smallest": 5e-324,
    "float32": np.float32(0.1),
    "large": 2**53 + 1,
    "text": "η → ∞ \ud800 \n",
    "yes": True,
    "nothing": None,
    "curve": np.array([[0.1, math.nan], [1e300, 3.0]]),
}


def odd(seed, x, y):
    return ODD_RESULTS if y == "a" else {"loss": x / 3, "only_here": seed}


def other(seed, x, y):
    return {"loss": 0.0}


def bits(table):
    return [(name, str(table[name].dtype), repr(list(table[name]))) for name in table]


def run_sweep(path=None, run=odd, grid=GRID, seeds=SEEDS):
    return sweep(run, grid, seeds, results=path, progress=False)


class Counting:
    """A run that remembers what it was asked for; another object of the class is the same run."""

    def __init__(self, fail=()):
        self.calls, self.fail = [], fail

    def __call__(self, seed, x):
        self.calls.append((x, seed))
        if (x, seed) in self.fail:
            raise ValueError("not this time")
        return {"loss": x / 7 + seed}


def test_a_table_out_of_a_file_is_the_same_to_the_bit(tmp_path):
    path, memory = tmp_path / "results", run_sweep()
    assert bits(run_sweep(path)) == bits(memory)
    kept = path.read_bytes()
    assert bits(run_sweep(path)) == bits(memory)
    assert path.read_bytes() == kept
    assert memory["curve"][0][0][0] == 0.1
    assert math.copysign(1, memory["minus_zero"][0]) == -1
    assert memory["float32"][0] == float(np.float32(0.1))


NUMBERS = st.floats() | st.integers() | st.booleans() | st.none() | st.text()


@given(st.recursive(NUMBERS, st.lists, max_leaves=8))
def test_plain_values_survive_json(value):
    assert repr(json.loads(json.dumps(plain(value)))) == repr(plain(value)) == repr(value)


@pytest.mark.parametrize(
    "dtype", [np.float16, np.float32, np.float64, np.int8, np.uint64, np.bool_]
)
def test_numpy_numbers_keep_their_value(dtype):
    number = dtype(7) / dtype(3) if np.issubdtype(dtype, np.floating) else dtype(1)
    assert plain(number) == number
    assert type(plain(number)) in (int, float, bool)
    assert plain(np.array([number])) == [number]


@pytest.mark.parametrize(
    "value", [1j, {}, {1}, object(), b"bytes", np.longdouble(1), [[1j]], np.tanh]
)
def test_other_values_are_refused(value):
    with pytest.raises(TypeError, match="numbers, strings and lists of them, got"):
        plain(value)


def test_the_last_line_may_be_cut_anywhere(tmp_path):
    path = tmp_path / "results"
    expected = bits(run_sweep(path))
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for length in [*range(last, len(whole), 7), len(whole) - 1]:
        path.write_bytes(whole[:length])
        assert bits(run_sweep(path)) == expected
        assert path.read_bytes() == whole


def test_the_heading_may_be_cut_anywhere(tmp_path):
    path = tmp_path / "results"
    run_sweep(path)
    whole = path.read_bytes()
    for length in range(whole.index(b"\n") + 1):
        path.write_bytes(whole[:length])
        run_sweep(path)
        assert path.read_bytes() == whole


def test_finished_runs_are_not_repeated_and_failed_ones_are(tmp_path):
    path = tmp_path / "results"
    first = Counting(fail=[(2, 0)])
    table = run_sweep(path, first, {"x": [1, 2, 3]}, [0])
    assert table["error"].tolist() == [None, "ValueError: not this time", None]
    second = Counting()
    table = run_sweep(path, second, {"x": [1, 2, 3]}, [0])
    assert second.calls == [(2, 0)]
    assert table["error"].isna().all()
    third = Counting()
    assert bits(run_sweep(path, third, {"x": [1, 2, 3]}, [0])) == bits(table)
    assert third.calls == []
    assert bits(run_sweep(None, Counting(), {"x": [1, 2, 3]}, [0])) == bits(table)


def test_a_sweep_may_grow(tmp_path):
    path = tmp_path / "results"
    run_sweep(path, Counting(), {"x": [2, 3]}, [0])
    grown = Counting()
    table = run_sweep(path, grown, {"x": [1, 2, 3]}, [1, 0])
    assert grown.calls == [(1, 1), (1, 0), (2, 1), (3, 1)]
    assert bits(table) == bits(run_sweep(None, Counting(), {"x": [1, 2, 3]}, [1, 0]))


def test_the_order_of_names_is_free(tmp_path):
    path = tmp_path / "results"
    run_sweep(path)
    kept = path.read_bytes()
    turned = dict(reversed(GRID.items()))
    assert bits(run_sweep(path, grid=turned)) == bits(run_sweep(grid=turned))
    assert path.read_bytes() == kept


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"run": other}, r'begins with {"sweep of": "test_journal.odd"'),
        ({"run": partial(odd, extra=1)}, "begin with .*test_journal.odd with extra=1"),
        ({"grid": {"x": [1, 2], "z": ["a", "b"]}}, r'begins with .*"over": \["x", "y"\]'),
        (
            {"grid": {"x": [1], "y": ["a", "b"]}},
            r'not in grid and seeds: \[{"x": 2, "y": "a"}, 0\]',
        ),
        ({"grid": {"x": [1, 2.5], "y": ["a", "b"]}}, "not in grid and seeds"),
        ({"seeds": [0, 2]}, r"not in grid and seeds: .* 1\]"),
    ],
)
def test_the_file_of_another_sweep_is_refused_and_left_alone(tmp_path, change, message):
    path = tmp_path / "results"
    run_sweep(path)
    kept = path.read_bytes()
    with pytest.raises(
        ValueError, match=f"(?s)results must be a new file or that of this.*{message}"
    ):
        run_sweep(path, **change)
    assert path.read_bytes() == kept


@pytest.mark.parametrize(
    "content", [b"x,y\n1,2\n", b"a letter to a friend", b"\n", b"\x00\xff\n", b"{}\n"]
)
def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "results"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="results must be a new file"):
        run_sweep(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("line", [b"{nonsense", b"3", b"[]", b'{"seed": 0}', b'{"point": 1}', b""])
def test_a_damaged_line_is_named(tmp_path, line):
    path = tmp_path / "results"
    run_sweep(path)
    lines = path.read_bytes().splitlines()
    lines[3] = line
    damaged = b"\n".join(lines) + b"\n"
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match=f"line 4 of {path} is damaged"):
        run_sweep(path)
    assert path.read_bytes() == damaged


def test_a_line_without_an_outcome_is_run_again(tmp_path):
    path = tmp_path / "results"
    expected = bits(run_sweep(path))
    lines = path.read_bytes().splitlines()
    lines[1] = b'{"point": {"x": 1, "y": "a"}, "seed": 0}'
    path.write_bytes(b"\n".join(lines) + b"\n")
    assert bits(run_sweep(path)) == expected


def test_a_run_is_described_by_its_name_and_what_is_fixed():
    assert describe(odd) == "test_journal.odd"
    assert describe(Counting()) == "test_journal.Counting"
    fixed = partial(odd, np.zeros(3), epochs=5, name="a")
    assert describe(fixed) == "test_journal.odd with 0: ndarray, epochs=5, name='a'"
    assert describe(partial(fixed, rate=0.1)) == f"{describe(fixed)}, rate=0.1"
