"""Annealing on noisy gradients: the noise, the closed form of the level, the measured tail."""

import numpy as np
import pytest

from coursekit.annealing import (
    RUNS,
    SCHEDULES,
    STEPS,
    SURFACES,
    NoisyGradient,
    mirrored_noise,
    noisy_runs,
    runs_of,
    schedule_of,
    stationary_loss,
    tail_loss,
)
from coursekit.descent import minimize
from coursekit.objectives import DoubleWell, bowl, saddle, valley
from coursekit.optimizers import SGD
from coursekit.schedules import cosine_decay

STATE = {
    "surface": "valley",
    "start": (-1.6, 1.2),
    "schedule": "step",
    "rate": 0.06,
    "factor": 0.5,
    "every": 40,
    "decay": 0.1,
    "warmup": 20,
    "over": 150,
    "steps": STEPS,
    "noise": 1.0,
    "seed": 0,
}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_a_noisy_step_is_the_book_s_with_noise_in_the_gradient(rng):
    noise = mirrored_noise(rng, steps=30, runs=4, std=0.7)
    schedule = cosine_decay(0.05, steps=30)
    run = noisy_runs(valley(20.0), [-1.6, 1.2], SGD(schedule), noise)
    w = np.tile([-1.6, 1.2], (4, 1))
    for n in range(30):
        w = w - schedule(n) * (w * [1, 20] + noise[n])
        np.testing.assert_allclose(run.points[n + 1], w, rtol=0, atol=1e-13)
    np.testing.assert_allclose(run.values[-1], 0.5 * (w**2 @ [1, 20]), rtol=1e-12)


def test_the_noise_is_normal_mirrored_and_a_prefix_of_longer_noise(rng):
    noise = mirrored_noise(rng, steps=400, runs=50, dimension=3, std=2.0)
    assert noise.shape == (400, 50, 3)
    assert np.array_equal(noise[:, :25], -noise[:, 25:])
    assert noise.std() == pytest.approx(2.0, rel=0.02)  # 30,000 draws: ± 0.4 %
    shorter = mirrored_noise(np.random.default_rng(0), steps=7, runs=50, dimension=3, std=2.0)
    assert np.array_equal(shorter, noise[:7])


def test_the_mean_of_the_runs_is_descent_without_noise(rng):
    runs = noisy_runs(bowl(1.0, 2.0), [1.0, -1.0], SGD(0.3), mirrored_noise(rng, 50, 8))
    alone = minimize(bowl(1.0, 2.0), [1.0, -1.0], SGD(0.3), steps=50)
    np.testing.assert_allclose(runs.points.mean(axis=1), alone.points, rtol=0, atol=1e-14)


@pytest.mark.parametrize("curvatures", [(1.0,), (1.0, 2.0), (1.0, 20.0)])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_the_stationary_loss_is_where_a_constant_rate_hovers(rng, curvatures, share):
    loss = bowl(*curvatures)
    rate = share * 2 / max(curvatures)
    noise = mirrored_noise(rng, steps=1500, runs=200, dimension=len(curvatures), std=1.3)
    run = noisy_runs(loss, np.zeros(len(curvatures)), SGD(rate), noise)
    # Four time constants of the slowest direction are past; ten or more times 200 runs remain.
    measured = run.values[500:].mean()
    assert measured == pytest.approx(stationary_loss(loss, rate, 1.3), rel=0.06)


def test_the_stationary_loss_by_hand():
    assert stationary_loss(bowl(4.0), 0.25, 1.0) == pytest.approx(0.5 * 0.25 / (2 - 1))
    found = stationary_loss(bowl(1.0, 2.0), [0.0, 1e-4, 2e-4, 1.0, 1.5], 2.0)
    assert found[0] == 0
    assert found[2] / found[1] == pytest.approx(2, rel=1e-3)  # proportional to a small rate
    assert np.isinf(found[3:]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((bowl(1.0), -0.1, 1.0), "rate must be at least 0, got -0.1"),
        ((bowl(1.0), np.nan, 1.0), "rate must be at least 0"),
        ((bowl(1.0), 0.1, -1.0), "std must be a finite number at least 0"),
        ((saddle(), 0.1, 1.0), "the objective must be a bowl"),
    ],
)
def test_a_stationary_loss_that_does_not_exist_is_refused(arguments, message):
    with pytest.raises(ValueError) as raised:
        stationary_loss(*arguments)
    assert message in str(raised.value)


def test_the_parts_of_the_tail_are_way_and_noise(rng):
    loss = valley(20.0)
    run = noisy_runs(loss, [-1.6, 1.2], SGD(0.02), mirrored_noise(rng, 60, 6))
    found = tail_loss(loss, run)
    assert found.span == 12
    assert found.loss == pytest.approx(run.values[49:].mean(), rel=1e-12)
    left = minimize(loss, [-1.6, 1.2], SGD(0.02), steps=60).values[-12:].mean()
    assert found.left == pytest.approx(left, rel=1e-9)
    centre = run.points[-12:].mean(axis=1, keepdims=True)
    assert found.noise == pytest.approx(loss.value(run.points[-12:] - centre).mean(), rel=1e-9)
    assert tail_loss(loss, noisy_runs(loss, [1, 1], SGD(0.02), mirrored_noise(rng, 1, 2))).span == 1


def test_other_losses_and_their_values_pass_through(rng):
    loss = DoubleWell()
    noisy = NoisyGradient(loss, np.array([[0.5], [-0.5]]))
    assert noisy.value(np.array([0.3])) == loss.value([0.3])
    assert noisy.gradient(np.array([0.0])) == 0.5
    assert noisy.gradient(np.array([0.0])) == -0.5


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_state_is_run_with_its_schedule(name):
    state = STATE | {"schedule": name, "steps": 120}
    run = runs_of(state)
    assert run.points.shape == (121, RUNS, 2)
    assert run.state.step == 120
    noise = mirrored_noise(np.random.default_rng(0), STEPS, RUNS)
    again = noisy_runs(SURFACES["valley"], (-1.6, 1.2), SGD(schedule_of(state)), noise[:120])
    assert np.array_equal(run.points, again.points)
    assert np.array_equal(run.values, again.values)
    with pytest.raises(ValueError, match="read-only"):
        run.points[0] = 0


def test_noise_that_is_none_and_states_that_are_none_are_refused(rng):
    with pytest.raises(ValueError, match="runs must be even, got 3"):
        mirrored_noise(rng, 10, 3)
    with pytest.raises(ValueError, match="rng must be"):
        mirrored_noise(0, 10, 4)
    with pytest.raises(ValueError, match=r"unknown schedule 'steps'. Did you mean 'step'\?"):
        schedule_of(STATE | {"schedule": "steps"})
    with pytest.raises(ValueError, match="steps must be a finite number at most 200"):
        runs_of(STATE | {"steps": 201})
