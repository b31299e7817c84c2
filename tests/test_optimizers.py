import json
import math
import pickle
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from coursekit.descent import minimize
from coursekit.objectives import Rosenbrock, bowl
from coursekit.optimizers import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSProp
from coursekit.schedules import exponential_decay, step_decay

GOLDEN = json.loads((Path(__file__).parent / "goldens" / "optimizers.json").read_text("utf-8"))


class Case(NamedTuple):
    """A method, its first move from rest, worked out by hand, and rates that suit two surfaces."""

    method: object
    gradient: float
    move: float
    bowl_rate: float
    rosenbrock_rate: float


# The ε are such that every root comes out whole: √(9 + 16) = 5, √9 + 2 = 5, √(¼·6² + 16) = 5 …
CASES = {
    "sgd": Case(SGD(0.1), 3.0, -0.3, 0.1, 2e-3),
    "momentum": Case(Momentum(0.1, 0.9), 3.0, -0.3, 0.1, 5e-4),
    "nesterov": Case(Nesterov(0.1, 0.9), 3.0, -0.3, 0.1, 5e-4),
    "adagrad": Case(AdaGrad(0.1, epsilon=16), 3.0, -0.06, 0.5, 1.0),
    "adagrad-outside": Case(AdaGrad(0.1, epsilon=2, epsilon_inside=False), 3.0, -0.06, 0.5, 1.0),
    "rmsprop": Case(RMSProp(0.1, decay=0.75, epsilon=16), 6.0, -0.12, 0.01, 1e-3),
    "rmsprop-outside": Case(
        RMSProp(0.1, decay=0.75, epsilon=2, epsilon_inside=False), 6.0, -0.12, 0.01, 1e-3
    ),
    "adam": Case(Adam(0.1, epsilon=16), 3.0, -0.06, 0.1, 0.03),
    "adam-outside": Case(Adam(0.1, epsilon=2, epsilon_inside=False), 3.0, -0.06, 0.1, 0.03),
    "adam-uncorrected": Case(
        Adam(0.1, beta1=0.5, beta2=0.75, epsilon=16, bias_correction=False), 6.0, -0.06, 0.02, 0.01
    ),
}
each = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def with_rate(case, rate):
    """The case's method at another rate, with a small ε where it has one."""
    method = replace(case.method, learning_rate=rate)
    return replace(method, epsilon=1e-8) if hasattr(method, "epsilon") else method


def fed(method, gradients):
    """Feed recorded gradients from w = 0; return all points, the start first, and all states."""
    w = np.zeros(np.shape(gradients)[1:])
    points, states = [w], [method.init(w)]
    for gradient in gradients:
        w, state = method.update(w, gradient, states[-1])
        points.append(w)
        states.append(state)
    return points, states


@each
def test_first_step_worked_out_by_hand(case):
    w, gradient = np.array([7.0, 7.0, 7.0]), np.array([case.gradient, -case.gradient, 0.0])
    after, state = case.method.update(w, gradient, case.method.init(w))
    expected = [7 + case.move, 7 - case.move, 7]
    assert after == pytest.approx(expected, abs=1e-14)  # Adam's corrections round
    assert state.step == 1


def method_of_golden(name, rate):
    settings = GOLDEN["settings"][name]
    outside = {"epsilon": settings.get("eps"), "epsilon_inside": False}
    match name.split("-")[0]:
        case "sgd":
            return SGD(rate)
        case "momentum":
            return Momentum(rate, settings["momentum"])
        case "nesterov":
            return Nesterov(rate, settings["momentum"])
        case "adagrad":
            return AdaGrad(rate, **outside)
        case "rmsprop":
            return RMSProp(rate, settings["alpha"], **outside)
        case "adam":
            return Adam(rate, *settings["betas"], **outside)


# Momentum under a schedule is another method in PyTorch: its η multiplies the whole velocity.
@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in ("constant", "scheduled") for name in GOLDEN[kind]],
)
def test_sequences_of_pytorch(kind, name):
    rate = GOLDEN["settings"][name]["lr"]
    decaying = exponential_decay(rate, GOLDEN["decay"])
    method = method_of_golden(name, rate if kind == "constant" else decaying)
    expected = np.array(GOLDEN[kind][name])
    surface, w = Rosenbrock(), expected[0]
    state = method.init(w)
    reached = []
    for _ in expected:
        # PyTorch's Nesterov keeps the point where the gradient is taken; for the others it is w.
        point = method.lookahead(w, state)
        reached.append(point)
        w, state = method.update(w, surface.gradient(point), state)
    # Measured: 2e-15. The order of operations differs, and 60 steps carry its rounding along.
    np.testing.assert_allclose(reached, expected, rtol=0, atol=1e-12)


@each
def test_reaches_the_minimum_of_a_bowl(case):
    end = minimize(bowl(1.0, 5.0), [3.0, -2.0], with_rate(case, case.bowl_rate), 1000).points[-1]
    assert np.abs(end).max() < 0.01  # RMSProp hovers at half its rate, 0.005; all others are closer


@each
def test_goes_down_the_valley_of_rosenbrock(case):
    method = with_rate(case, case.rosenbrock_rate)
    run = minimize(Rosenbrock(), [-1.2, 1.0], method, 4000)
    assert run.values[-1] < 0.01  # from 24


@each
def test_a_batch_of_points_moves_as_each_alone(case):
    starts = np.random.default_rng(0).uniform(-2, 2, (4, 3, 2))
    method = with_rate(case, 1e-3)
    together = minimize(Rosenbrock(), starts, method, 20).points
    for index in np.ndindex(4, 3):
        alone = minimize(Rosenbrock(), starts[index], method, 20).points
        np.testing.assert_array_equal(together[:, *index], alone)


@each
def test_update_is_pure(case):
    points, states = fed(case.method, np.random.default_rng(1).normal(size=(3, 4)))
    w, gradient = points[-1].copy(), np.array([1.0, -2.0, 3.0, 0.5])
    state = states[-1]
    for array in (w, gradient, *state[1:]):
        array.flags.writeable = False  # to write would raise
    results = [case.method.update(w, gradient, state) for _ in range(2)]
    case.method.lookahead(w, state)
    np.testing.assert_array_equal(results[0][0], results[1][0])
    for first, second in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_array_equal(first, second)
    assert not any(np.shares_memory(results[0][0], old) for old in (w, gradient, *state[1:]))


@each
def test_only_nesterov_looks_ahead(case):
    w, (*_, state) = np.ones(3), fed(case.method, np.ones((2, 3)))[1]
    ahead = case.method.lookahead(w, state)
    if isinstance(case.method, Nesterov):
        np.testing.assert_array_equal(ahead, w + 0.9 * state.velocity)
    else:
        assert ahead is w


@each
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept_whatever_the_hyperparameters_are(case, dtype):
    numbers = {
        name: np.float64(value)
        for name, value in vars(case.method).items()
        if isinstance(value, float)
    }
    for method in (
        case.method,
        replace(case.method, **numbers),
        replace(case.method, learning_rate=lambda step: np.float64(0.1)),
    ):
        w = np.ones(3, dtype)
        state = method.init(w)
        for _ in range(2):
            assert method.lookahead(w, state).dtype == dtype
            w, state = method.update(w, np.ones(3), state)  # a float64 gradient follows w
            assert {w.dtype, *(array.dtype for array in state[1:])} == {np.dtype(dtype)}


@each
def test_a_schedule_is_a_rate_for_each_step(case):
    steps = np.random.default_rng(2).normal(size=(6, 2))
    schedule = step_decay(0.4, factor=0.5, every=2)
    points, states = fed(replace(case.method, learning_rate=schedule), steps)
    for n, gradient in enumerate(steps):
        fixed = replace(case.method, learning_rate=schedule(n))
        np.testing.assert_array_equal(
            fixed.update(points[n], gradient, states[n])[0], points[n + 1]
        )


@each
def test_divergence_is_visible_and_silent(case):
    method = with_rate(case, 1.0)
    with np.errstate(all="raise", under="ignore"):
        points, _ = fed(method, np.array([[1e200], [np.inf], [np.nan], [0.0]]))
    assert not np.isfinite(points[-1]).any()


@pytest.mark.parametrize("method", [SGD(3.0), Momentum(5.0), Nesterov(3.0)], ids=repr)
def test_too_large_a_rate_ends_in_inf_or_nan(method):
    run = minimize(bowl(1.0), [1.0], method, 3000)
    assert not np.isfinite(run.points[-1]).any()


@each
def test_shapes_that_do_not_fit_are_named(case):
    w = np.zeros(3)
    state = case.method.init(w)
    with pytest.raises(ValueError, match=r"gradient must have .* w, \(3,\), got \(2,\)"):
        case.method.update(w, np.zeros(2), state)
    if state[1:]:
        with pytest.raises(ValueError, match=r"state's array must .* w, \(2, 3\), got \(3,\)"):
            case.method.update(np.zeros((2, 3)), np.zeros((2, 3)), state)


@each
def test_a_method_is_a_value(case):
    assert pickle.loads(pickle.dumps(case.method)) == case.method
    assert replace(case.method, learning_rate=0.7) != case.method
    with pytest.raises(FrozenInstanceError):
        case.method.learning_rate = 1.0


def test_defaults_are_the_books():
    assert vars(AdaGrad()) == {"learning_rate": 0.01, "epsilon": 1e-7, "epsilon_inside": True}
    assert RMSProp() == RMSProp(0.001, 0.9, 1e-7, epsilon_inside=True)
    assert Adam() == Adam(0.001, 0.9, 0.999, 1e-8, epsilon_inside=True, bias_correction=True)
    assert Momentum(0.1).momentum == Nesterov(0.1).momentum == 0.9


@pytest.mark.parametrize("kind", [SGD, Momentum, Nesterov, AdaGrad, RMSProp, Adam])
@pytest.mark.parametrize("rate", [0, -0.1, math.nan, math.inf, "0.1", None, True])
def test_a_learning_rate_is_positive_or_a_schedule(kind, rate):
    with pytest.raises(ValueError, match="learning_rate must be a positive number or a schedule"):
        kind(rate)


@pytest.mark.parametrize(
    ("kind", "parameter", "value"),
    [
        (Momentum, "momentum", 1.0),
        (Nesterov, "momentum", -0.1),
        (AdaGrad, "epsilon", -1e-8),
        (RMSProp, "decay", 1.0),
        (RMSProp, "epsilon", math.nan),
        (Adam, "beta1", 1.0),
        (Adam, "beta2", -0.5),
        (Adam, "epsilon", "small"),
    ],
)
def test_hyperparameters_are_checked_by_name(kind, parameter, value):
    with pytest.raises(ValueError, match=rf"{parameter} must be .* got {value!r}"):
        kind(0.1, **{parameter: value})


@each
def test_in_place_is_the_same_step_written_over_its_arguments(case):
    gradients = np.array([[1.0, -2.0], [0.5, 3.0], [-4.0, 0.0]])
    points, states = fed(case.method, gradients)
    w = points[0].copy()
    state = case.method.init(w)
    for n, gradient in enumerate(gradients, start=1):
        after, state = case.method.update(w, gradient, state, in_place=True)
        assert after is w
        np.testing.assert_array_equal(w, points[n])
        for array, expected in zip(state, states[n], strict=True):
            np.testing.assert_array_equal(array, expected)
