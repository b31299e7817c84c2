"""What the methods are, as facts that hold for any gradients: closed sums, limits, kinships."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from coursekit.descent import minimize
from coursekit.objectives import Quadratic, Rosenbrock
from coursekit.optimizers import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSProp
from coursekit.schedules import exponential_decay

ADAPTIVE = [AdaGrad, RMSProp, Adam]
# Gradients from 1e-3 to 1e3 in size: then no square underflows, and ε = 0 divides by no zero.
sizes = st.floats(1e-3, 1e3) | st.floats(-1e3, -1e-3)
gradients = arrays(np.float64, st.tuples(st.integers(1, 12), st.just(3)), elements=sizes)


def fed(method, steps):
    """Feed recorded gradients from w = 0; return all points, the start first, and all states."""
    w = np.zeros(np.shape(steps)[1:])
    points, states = [w], [method.init(w)]
    for gradient in steps:
        w, state = method.update(w, gradient, states[-1])
        points.append(w)
        states.append(state)
    return np.array(points), states


@given(gradients)
def test_without_momentum_it_is_sgd(steps):
    expected, _ = fed(SGD(0.1), steps)
    for kind in (Momentum, Nesterov):
        np.testing.assert_array_equal(fed(kind(0.1, momentum=0.0), steps)[0], expected)


@given(gradients, st.floats(0, 0.99))
def test_velocity_is_the_closed_sum(steps, rho):
    """Eq. 7.2: v(n) = −η Σᵢ ρ^(n−i) g(i)."""
    _, states = fed(Momentum(0.1, rho), steps)
    n = len(steps) - 1
    expected = -0.1 * sum(rho ** (n - i) * g for i, g in enumerate(steps))
    # a dozen terms of at most 1e3, whose sum may cancel
    np.testing.assert_allclose(states[-1].velocity, expected, rtol=0, atol=1e-11)


def test_steady_gradients_make_large_steps_and_alternating_ones_small():
    steady, _ = fed(Momentum(1.0, 0.9), np.ones((400, 1)))
    alternating, _ = fed(Momentum(1.0, 0.9), (-1.0) ** np.arange(400)[:, np.newaxis])
    # what is missing of the limit is 0.9^400 = 5e-19
    assert abs(np.diff(steady, axis=0)[-1]) == pytest.approx(1 / (1 - 0.9))
    assert abs(np.diff(alternating, axis=0)[-1]) == pytest.approx(1 / (1 + 0.9))


@given(st.floats(0, 0.99), arrays(np.float64, 3, elements=st.floats(0, 20)))
def test_nesterov_on_a_quadratic_is_momentum_with_a_smaller_rho(rho, curvatures):
    """In each principal direction: ρ(1 − ηλ) for ρ (Sutskever et al. 2013)."""
    eta, start = 0.05, np.array([1.0, -2.0, 3.0])
    together = minimize(Quadratic(curvatures), start, Nesterov(eta, rho), 50).points
    for j, curvature in enumerate(curvatures):
        method = Momentum(eta, rho * (1 - eta * curvature))
        alone = minimize(Quadratic([curvature]), start[j : j + 1], method, 50).points
        np.testing.assert_allclose(together[:, j], alone[:, 0], rtol=0, atol=1e-12)


def test_nesterov_in_the_libraries_form_follows_the_lookahead_points():
    """With φ = w + ρv: v ← ρv − ηg(φ), φ ← φ + ρv − ηg(φ) (Keras), for a falling rate too."""
    rho, schedule, surface = 0.9, exponential_decay(1e-3, 0.97), Rosenbrock()
    method = Nesterov(schedule, rho)
    w = shifted = np.array([-1.2, 1.0])
    state, velocity = method.init(w), np.zeros(2)
    for n in range(60):
        np.testing.assert_allclose(method.lookahead(w, state), shifted, rtol=0, atol=1e-12)
        w, state = method.update(w, surface.gradient(method.lookahead(w, state)), state)
        gradient = surface.gradient(shifted)
        velocity = rho * velocity - schedule(n) * gradient
        shifted = shifted + rho * velocity - schedule(n) * gradient


@given(gradients)
def test_adagrad_first_step_is_eta_in_every_coordinate(steps):
    points, _ = fed(AdaGrad(0.1, epsilon=0), steps[:1])
    np.testing.assert_allclose(points[1], -0.1 * np.sign(steps[0]), rtol=1e-15)


@given(gradients, st.integers(-20, 20))
@pytest.mark.parametrize("kind", ADAPTIVE)
def test_without_epsilon_the_scale_of_the_loss_does_not_matter(kind, steps, power):
    # a power of two, which multiplies without rounding
    scaled, _ = fed(kind(0.1, epsilon=0), steps * 2.0**power)
    np.testing.assert_array_equal(scaled, fed(kind(0.1, epsilon=0), steps)[0])


def test_adagrad_rates_fall_as_the_inverse_root_of_the_steps():
    points, _ = fed(AdaGrad(0.1, epsilon=0), np.full((100, 1), 5.0))
    moves = -np.diff(points[:, 0])
    np.testing.assert_allclose(moves, 0.1 / np.sqrt(np.arange(1, 101)), rtol=1e-13)


@given(gradients, st.floats(0, 0.99))
def test_rmsprop_average_is_the_closed_sum_and_bounded(steps, rho):
    points, states = fed(RMSProp(0.1, rho, epsilon=0), steps)
    n = len(steps) - 1
    closed = (1 - rho) * sum(rho ** (n - i) * g**2 for i, g in enumerate(steps))
    np.testing.assert_allclose(states[-1].mean_square, closed, rtol=1e-13)
    # the bound is g_max², not the g_max/(1 − ρ) of the text
    assert (states[-1].mean_square <= (steps**2).max(axis=0) * (1 + 1e-14)).all()
    first = -0.1 / math.sqrt(1 - rho) * np.sign(steps[0])
    np.testing.assert_allclose(points[1], first, rtol=1e-14)


@given(gradients)
def test_adam_first_step_is_eta_and_without_correction_3_16_eta(steps):
    corrected, _ = fed(Adam(0.1, epsilon=0), steps[:1])
    np.testing.assert_allclose(corrected[1], -0.1 * np.sign(steps[0]), rtol=1e-12)
    raw, _ = fed(Adam(0.1, epsilon=0, bias_correction=False), steps[:1])
    assert (1 - 0.9) / math.sqrt(1 - 0.999) == pytest.approx(3.16, abs=0.005)
    factor = (1 - 0.9) / math.sqrt(1 - 0.999)
    np.testing.assert_allclose(raw[1], -0.1 * factor * np.sign(steps[0]), rtol=1e-12)


@given(gradients, st.floats(0, 0.99), st.booleans())
def test_adam_without_mean_and_correction_is_rmsprop(steps, rho, inside):
    shared = {"epsilon": 1e-8, "epsilon_inside": inside}
    adam = Adam(0.1, beta1=0.0, beta2=rho, bias_correction=False, **shared)
    rmsprop = RMSProp(0.1, decay=rho, **shared)
    np.testing.assert_array_equal(fed(adam, steps)[0], fed(rmsprop, steps)[0])


@given(gradients, st.floats(0, 0.99))
def test_adam_mean_is_the_closed_sum_and_bounded(steps, beta1):
    _, states = fed(Adam(0.1, beta1), steps)
    n = len(steps) - 1
    closed = (1 - beta1) * sum(beta1 ** (n - i) * g for i, g in enumerate(steps))
    np.testing.assert_allclose(states[-1].mean, closed, rtol=0, atol=1e-11)  # it may cancel
    # the bound is g_max, not g_max/(1 − ρ)
    assert (np.abs(states[-1].mean) <= np.abs(steps).max(axis=0) * (1 + 1e-14)).all()


def test_under_steady_gradients_corrected_adam_has_no_bias():
    points, _ = fed(Adam(0.1, epsilon=0), np.full((50, 1), 7.0))
    np.testing.assert_allclose(np.diff(points[:, 0]), -0.1, rtol=1e-12)


@given(gradients)
@pytest.mark.parametrize("kind", ADAPTIVE)
def test_without_epsilon_it_matters_not_where_epsilon_is(kind, steps):
    inside, outside = (fed(kind(0.1, epsilon=0, epsilon_inside=x), steps)[0] for x in (True, False))
    np.testing.assert_array_equal(inside, outside)


@pytest.mark.parametrize("kind", ADAPTIVE)
def test_small_gradients_feel_epsilon_inside_the_root_much_more(kind):
    """At g = 10⁻⁶ and ε = 10⁻⁸: √(g² + ε) is near √ε = 100 g, while √g² + ε is g, nearly."""
    moves = [
        -fed(kind(1.0, epsilon=1e-8, epsilon_inside=inside), [[1e-6]])[0][-1, 0]
        for inside in (True, False)
    ]
    assert (
        90 < moves[1] / moves[0] < 101 if kind is not RMSProp else 300 < moves[1] / moves[0] < 317
    )


@pytest.mark.parametrize("kind", ADAPTIVE)
def test_a_gradient_of_zero_moves_nothing(kind):
    points, _ = fed(kind(0.1), np.zeros((3, 2)))
    assert (points == 0).all()
