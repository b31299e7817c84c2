"""The descent loop and what it records."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from coursekit import (
    SGD,
    Adam,
    Momentum,
    Nesterov,
    Trajectory,
    best_on_quadratic,
    bowl,
    first_step,
    minimize,
    saddle,
    settled_step,
    valley,
)


@given(st.floats(0.01, 2.5), st.integers(0, 30))
def test_the_factor_is_one_minus_rate_times_curvature(share, steps):
    points = minimize(bowl(4.0), [1.0], SGD(share / 4.0), steps).points[:, 0]
    assert points.shape == (steps + 1,)
    # Each step rounds once or twice: 30 steps stay below 1e-13 of the largest point.
    assert np.allclose(points, (1 - share) ** np.arange(steps + 1), rtol=1e-12, atol=1e-13)


def test_values_and_state_belong_to_the_points():
    run = minimize(valley(10), [1.0, 1.0], Momentum(0.05), 7)
    assert isinstance(run, Trajectory)
    assert np.array_equal(run.values, valley(10).value(run.points))
    assert run.state.step == 7
    assert np.allclose(run.points[-1] - run.points[-2], run.state.velocity)


@pytest.mark.parametrize("method", [SGD(0.05), Momentum(0.02)])
def test_a_batch_moves_as_its_points_do(method):
    starts = np.random.default_rng(3).normal(size=(4, 5, 2))
    batch = minimize(valley(20), starts, method, 30)
    assert batch.points.shape == (31, 4, 5, 2)
    assert batch.values.shape == (31, 4, 5)
    single = minimize(valley(20), starts[2, 3], method, 30)
    assert np.array_equal(batch.points[:, 2, 3], single.points)


def test_a_diverging_run_shows_inf_and_nan_without_a_warning(capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = minimize(bowl(1.0), [1.0], Momentum(5.0), 3000)
    assert np.isinf(run.values).any()
    assert np.isnan(run.points[-1]).all()
    assert capfd.readouterr() == ("", "")


def test_the_start_is_kept_and_float32_too():
    start = np.array([1, 2])
    assert minimize(valley(), start, SGD(0.01), 1).points.dtype == np.float64
    single = minimize(valley(), start.astype(np.float32), Momentum(0.01), 3)
    assert single.points.dtype == single.values.dtype == np.float32
    assert start.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("start", "steps", "words"),
    [
        ([1.0, 2.0, 3.0], 5, r"start must have shape \(..., 2\) for this objective, got \(3,\)"),
        (1.0, 5, r"got \(\)"),
        ([1.0, np.nan], 5, "start must be finite"),
        ("top", 5, "start must be an array of real numbers, got 'top'"),
        ([1.0, 2.0], -1, "steps must be a whole number, at least 0, got -1"),
        ([1.0, 2.0], 2.5, "steps must be a whole number"),
    ],
)
def test_bad_input_is_named(start, steps, words):
    with pytest.raises(ValueError, match=words):
        minimize(saddle(), start, SGD(0.1), steps)


def test_first_step():
    assert first_step(np.array([False, True, False])) == 1
    assert first_step(np.array([False, False])) == math.inf
    batch = first_step(np.array([[True, False, False], [True, True, False]]))
    assert batch.tolist() == [0, 1, math.inf]


@given(arrays(bool, array_shapes(max_dims=2, max_side=7)))
def test_settled_step_is_the_first_from_which_a_condition_holds_to_the_end(reached):
    steps = np.atleast_1d(settled_step(reached))
    for step, column in zip(steps.ravel(), reached.reshape(len(reached), -1).T, strict=True):
        from_there = [n for n in range(len(column)) if column[n:].all()]
        assert step == (from_there[0] if from_there else math.inf)


def test_settled_step_of_one_run_is_a_number():
    assert settled_step(np.array([True, False, True])) == 2
    assert isinstance(settled_step(np.array([True, True])), int)
    assert settled_step(np.array([True, False])) == math.inf


def kept(method, curvatures):
    """What a step keeps of the error in the long run: the largest root over the curvatures."""
    rho = getattr(method, "momentum", 0.0)
    roots = []
    for share in np.multiply(method.learning_rate, curvatures):
        braked = rho * (1 - share) if isinstance(method, Nesterov) else rho
        roots.append(np.abs(np.roots([1, -(1 + braked - share), braked])).max())
    return max(roots)


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (1.0, 25.0), (0.2, 300.0)])
def test_best_on_quadratic_keeps_what_theory_says(low, high):
    kappa = high / low
    wanted = {
        SGD: (kappa - 1) / (kappa + 1),
        Momentum: (np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1),
        Nesterov: 1 - 2 / np.sqrt(3 * kappa + 1),
    }
    for kind, share in wanted.items():
        method = best_on_quadratic(kind, low, high)
        assert type(method) is kind
        curvatures = np.linspace(low, high, 50)
        # Two equal roots are found to the square root of the rounding.
        assert kept(method, curvatures) == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((Adam, 1.0, 2.0), "method must be SGD, Momentum or Nesterov, got <class"),
        ((SGD, 0.0, 2.0), "smallest must be a finite number above 0, got 0.0"),
        ((SGD, 2.0, 1.0), "largest must be a finite number at least 2, got 1.0"),
    ],
)
def test_best_on_quadratic_names_what_it_cannot_do(arguments, words):
    with pytest.raises(ValueError, match=words):
        best_on_quadratic(*arguments)
