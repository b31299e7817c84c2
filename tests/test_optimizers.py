"""Optimizers: the book's equations, purity, and the checks of their hyperparameters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit import SGD, Momentum, minimize, valley

METHODS = [SGD(0.1), Momentum(0.1, momentum=0.9), Momentum(lambda step: 0.1 / (step + 1))]
methods = pytest.mark.parametrize("method", METHODS, ids=["sgd", "momentum", "scheduled"])


def run(method, gradients, start=0.0):
    """Feed given gradients; return all points."""
    w = np.full(np.shape(gradients[0]), start)
    state, points = method.init(w), []
    for gradient in gradients:
        w, state = method.update(w, np.asarray(gradient), state)
        points.append(w)
    return np.array(points), state


def test_first_steps_by_hand():
    # v(0) = -0.1·2 = -0.2; v(1) = 0.5·(-0.2) - 0.1·4 = -0.5
    points, state = run(Momentum(0.1, momentum=0.5), [[2.0], [4.0]])
    assert np.allclose(points, [[-0.2], [-0.7]], rtol=1e-15)
    assert state.step == 2
    assert np.allclose(state.velocity, [-0.5], rtol=1e-15)


@given(st.floats(0, 0.99), st.lists(st.floats(-10, 10), min_size=1, max_size=20))
def test_velocity_is_the_closed_sum(rho, gradients):
    """Eq. 7.2: v(n) = −η Σ ρ^(n−i) g(i)."""
    _, state = run(Momentum(0.1, momentum=rho), [[g] for g in gradients])
    n = len(gradients) - 1
    closed = -0.1 * sum(rho ** (n - i) * g for i, g in enumerate(gradients))
    assert state.velocity[0] == pytest.approx(closed, rel=1e-12, abs=1e-12)


def test_no_momentum_is_sgd_to_the_bit():
    start = [-1.0, 0.7]
    plain = minimize(valley(20), start, SGD(0.05), 50).points
    assert np.array_equal(minimize(valley(20), start, Momentum(0.05, momentum=0), 50).points, plain)


@methods
def test_arguments_are_never_changed(method):
    w, gradient = np.ones(3), np.full(3, 2.0)
    state = method.init(w)
    first = method.update(w, gradient, state)
    again = method.update(w, gradient, state)
    assert np.array_equal(w, np.ones(3))
    assert np.array_equal(gradient, np.full(3, 2.0))
    assert np.array_equal(first[0], again[0])
    assert method.lookahead(w, state) is w


@methods
def test_dtype_is_kept_also_with_numpy_rates(method):
    w = np.ones(3, np.float32)
    assert method.update(w, w, method.init(w))[0].dtype == np.float32
    scalar = SGD(np.float64(0.1))
    assert scalar.update(w, w, scalar.init(w))[0].dtype == np.float32


def test_a_schedule_gives_the_rate_of_each_step():
    points, _ = run(SGD(lambda step: [1.0, 0.1, 0.01][step]), [[1.0]] * 3)
    assert np.allclose(points[:, 0], [-1, -1.1, -1.11], rtol=1e-15)


@pytest.mark.parametrize("rate", [-0.1, 0, 0.0, np.nan, np.inf, "fast", None, True, [0.1]])
@pytest.mark.parametrize("method", [SGD, Momentum])
def test_a_bad_learning_rate_is_named(method, rate):
    with pytest.raises(ValueError, match="learning_rate must be a positive number or a schedule"):
        method(rate)


@pytest.mark.parametrize("momentum", [1.0, 1, -0.1, 2, np.nan, "0.9", None])
def test_momentum_lies_between_0_and_1(momentum):
    with pytest.raises(
        ValueError, match="momentum must be a finite number at least 0 and below 1, got"
    ):
        Momentum(0.1, momentum)


def test_shapes_must_agree_instead_of_broadcasting():
    method = SGD(0.1)
    with pytest.raises(ValueError, match=r"gradient must have the shape of w, \(3,\), got \(\)"):
        method.update(np.ones(3), 1.0, method.init(np.ones(3)))
