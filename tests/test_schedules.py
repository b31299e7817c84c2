import math
import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.optimizers import SGD
from coursekit.schedules import (
    ReduceOnPlateau,
    constant,
    cosine_decay,
    exponential_decay,
    inverse_time_decay,
    step_decay,
    warmup,
)

SCHEDULES = [
    constant(0.1),
    step_decay(0.1, factor=0.5, every=10),
    exponential_decay(0.1, factor=0.5, every=10),
    inverse_time_decay(0.1, decay=0.5, every=10),
    cosine_decay(0.1, steps=50, final=0.01),
    warmup(cosine_decay(0.1, steps=50), steps=7),
    warmup(0.1, steps=7),
]
each = pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
rates = st.floats(1e-6, 10)
steps = st.integers(0, 10_000)


@each
def test_reading_a_schedule_changes_nothing_and_order_does_not_matter(schedule):
    before = repr(schedule)
    forwards = [schedule(n) for n in range(120)]
    backwards = [schedule(n) for n in reversed(range(120))]
    assert forwards == backwards[::-1]
    assert repr(schedule) == before


@each
def test_a_schedule_gives_a_python_float_and_accepts_numpy_steps(schedule):
    assert type(schedule(3)) is float
    assert schedule(np.int64(3)) == schedule(3)


@each
def test_a_schedule_prints_as_the_call_that_made_it(schedule):
    namespace = {type(known).__name__: type(known) for known in SCHEDULES}
    assert eval(repr(schedule), namespace) == schedule


@each
def test_a_schedule_travels_between_processes(schedule):
    assert pickle.loads(pickle.dumps(schedule)) == schedule


@each
@pytest.mark.parametrize("step", [-1, 0.5, True, None])
def test_a_step_is_a_whole_number_from_zero(schedule, step):
    with pytest.raises(ValueError, match="step must be a whole number"):
        schedule(step)


@given(rates, st.floats(0.1, 1), st.integers(1, 50), st.integers(0, 20), st.data())
def test_step_decay_falls_after_every_so_many_steps(initial, factor, every, level, data):
    schedule = step_decay(initial, factor, every)
    step = level * every + data.draw(st.integers(0, every - 1))
    assert schedule(step) == initial * factor**level


@given(rates, st.floats(0.1, 1), st.integers(1, 50), st.integers(0, 20))
def test_exponential_decay_runs_through_the_corners_of_the_staircase(initial, factor, every, level):
    smooth = exponential_decay(initial, factor, every)(level * every)
    stairs = step_decay(initial, factor, every)(level * every)
    assert math.isclose(smooth, stairs, rel_tol=1e-12)  # rounding of one power


def test_exponential_decay_is_the_exponential():
    schedule = exponential_decay(0.3, factor=math.exp(-0.02))
    # e^(−0.02) is rounded once and raised to the 200th power: 200 ulp at most
    assert schedule(200) == pytest.approx(0.3 * math.exp(-0.02 * 200), abs=1e-14)


def test_inverse_time_decay_halves_and_thirds():
    schedule = inverse_time_decay(0.6, decay=1.0, every=100)
    assert [schedule(n) for n in (0, 100, 200)] == pytest.approx([0.6, 0.3, 0.2], abs=1e-14)


def test_cosine_decay_start_middle_end_and_after():
    schedule = cosine_decay(1.0, steps=100, final=0.2)
    assert schedule(0) == 1.0
    assert schedule(50) == pytest.approx(0.6, abs=1e-14)
    assert schedule(100) == schedule(101) == schedule(5000) == pytest.approx(0.2, abs=1e-14)


@each
def test_no_rate_leaves_its_range(schedule):
    assert all(0 <= schedule(n) <= 0.1 * (1 + 1e-15) for n in range(200))


@pytest.mark.parametrize("schedule", SCHEDULES[1:5], ids=repr)
def test_the_decays_never_rise(schedule):
    assert all(after <= before for before, after in pairwise(map(schedule, range(200))))


@given(rates, st.integers(0, 30), steps)
def test_warmup_joins_a_schedule_or_a_number(rate, rise, step):
    then = step_decay(rate, factor=0.7, every=13)
    assert warmup(then, rise)(rise + step) == then(step)
    assert warmup(rate, rise)(rise + step) == rate


@given(rates, st.integers(1, 30))
def test_warmup_rises_in_equal_parts_from_above_zero(rate, rise):
    line = [warmup(rate, rise)(n) for n in range(rise + 1)]
    assert np.diff([0.0, *line]) == pytest.approx(np.full(rise + 1, rate / (rise + 1)), rel=1e-9)


def test_warmup_of_a_warmup_and_of_any_function():
    assert warmup(warmup(1.0, steps=1), steps=1)(0) == 0.25
    assert warmup(lambda step: 2.0 + step, steps=4)(6) == 4.0


def test_an_optimizer_reads_its_schedule_by_its_own_step():
    method, w = SGD(step_decay(1.0, factor=0.5, every=2)), np.array([0.0])
    state = method.init(w)
    path = []
    for _ in range(5):
        w, state = method.update(w, np.array([-1.0]), state)
        path.append(w[0])
    assert path == [1.0, 2.0, 2.5, 3.0, 3.25]


@pytest.mark.parametrize(
    ("make", "parameter"),
    [
        (lambda: constant(0.0), "rate"),
        (lambda: constant("fast"), "rate"),
        (lambda: step_decay(-0.1, 0.5, 10), "initial"),
        (lambda: step_decay(0.1, 1.5, 10), "factor"),
        (lambda: step_decay(0.1, 0.0, 10), "factor"),
        (lambda: step_decay(0.1, 0.5, 0), "every"),
        (lambda: step_decay(0.1, 0.5, 2.5), "every"),
        (lambda: exponential_decay(math.nan, 0.5), "initial"),
        (lambda: exponential_decay(0.1, -0.5), "factor"),
        (lambda: exponential_decay(0.1, 0.5, 0), "every"),
        (lambda: inverse_time_decay(0.0, 1.0), "initial"),
        (lambda: inverse_time_decay(0.1, -1.0), "decay"),
        (lambda: inverse_time_decay(0.1, 1.0, -3), "every"),
        (lambda: cosine_decay(0.0, 10), "initial"),
        (lambda: cosine_decay(0.1, 0), "steps"),
        (lambda: cosine_decay(0.1, 10, final=0.2), "final"),
        (lambda: warmup(-1.0, 5), "learning_rate"),
        (lambda: warmup(0.1, -5), "steps"),
        (lambda: ReduceOnPlateau(0.0), "initial"),
        (lambda: ReduceOnPlateau(0.1, factor=1.0), "factor"),
        (lambda: ReduceOnPlateau(0.1, patience=0), "patience"),
        (lambda: ReduceOnPlateau(0.1, threshold=-1.0), "threshold"),
        (lambda: ReduceOnPlateau(0.1, mode="best"), "mode"),
        (lambda: ReduceOnPlateau(0.1, minimum=0.2), "minimum"),
    ],
)
def test_arguments_are_checked_by_name(make, parameter):
    with pytest.raises(ValueError, match=rf"^{parameter} must be .*, got "):
        make()


def plateau_rates(plateau, metrics):
    """The rate before the first epoch and after each."""
    state = plateau.init()
    rates = [plateau.rate(state)]
    for metric in metrics:
        state = plateau.update(state, metric)
        rates.append(plateau.rate(state))
    return rates


def test_plateau_waits_for_its_patience_and_starts_counting_anew():
    plateau = ReduceOnPlateau(1.0, factor=0.5, patience=2)
    assert plateau_rates(plateau, [3, 2, 2, 2, 2, 2]) == [1, 1, 1, 1, 0.5, 0.5, 0.25]


def test_an_improvement_resets_the_wait():
    plateau = ReduceOnPlateau(1.0, factor=0.5, patience=2)
    assert plateau_rates(plateau, [3, 3, 2, 2, 1, 1]) == [1] * 7


def test_plateau_of_an_accuracy_rises():
    plateau = ReduceOnPlateau(1.0, factor=0.5, patience=1, mode="max")
    assert plateau_rates(plateau, [0.5, 0.6, 0.7, 0.7]) == [1, 1, 1, 1, 0.5]


def test_an_improvement_must_exceed_the_threshold():
    plateau = ReduceOnPlateau(1.0, factor=0.5, patience=1, threshold=0.25)
    assert plateau_rates(plateau, [2.0, 1.75, 1.5]) == [1, 1, 0.5, 0.5]


def test_the_rate_stops_at_its_minimum():
    plateau = ReduceOnPlateau(1.0, factor=0.1, patience=1, minimum=0.05)
    assert plateau_rates(plateau, [1.0] * 4) == pytest.approx([1, 1, 0.1, 0.05, 0.05])


@pytest.mark.parametrize("metric", [math.nan, math.inf])
def test_a_diverged_epoch_is_no_improvement(metric):
    plateau = ReduceOnPlateau(1.0, factor=0.5, patience=2)
    assert plateau_rates(plateau, [metric] * 4) == [1, 1, 0.5, 0.5, 0.25]


@given(st.lists(st.floats(0, 1), max_size=40), st.integers(1, 5))
def test_max_mode_is_min_mode_of_the_negative(metrics, patience):
    low = ReduceOnPlateau(1.0, patience=patience)
    high = ReduceOnPlateau(1.0, patience=patience, mode="max")
    assert plateau_rates(low, metrics) == plateau_rates(high, [-metric for metric in metrics])


def test_plateau_states_are_values():
    plateau = ReduceOnPlateau(1.0, patience=1)
    first = plateau.init()
    branches = [plateau.update(first, 5.0), plateau.update(first, 5.0)]
    assert branches[0] == branches[1]
    assert first == plateau.init()
    with pytest.raises(AttributeError):
        first.rate = 2.0
