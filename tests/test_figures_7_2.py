"""The numbers behind Figures 7.6 and 7.7, against closed forms and against other runs."""

import numpy as np
import pytest

from coursekit import SGD, datasets, figures, mlp, train
from coursekit.losses import mean_squared_error
from coursekit.schedules import ReduceOnPlateau


@pytest.fixture
def rates():
    return figures.get("7.6").data()


@pytest.fixture
def annealing():
    return figures.get("7.7").data()


def test_7_6_all_four_start_from_the_same_networks(rates):
    for run in rates.runs.values():
        assert len(run.losses) == rates.seeds >= 3
        assert np.array_equal(run.losses[:, 0], rates.starts)
        assert np.array_equal(run.batch_losses[:, 0], rates.runs["good"].batch_losses[:, 0])


def test_7_6_each_rate_does_what_its_name_says_with_every_seed(rates):
    high, low, good = (rates.runs[name].losses for name in ("high", "low", "good"))
    assert (np.diff(low, axis=1) < 0).all()
    assert (low[:, -1] < 0.9 * low[:, 6]).all()  # still falling in the second half
    assert (high[:, 1] < 0.5 * rates.starts).all()  # a fast fall at first,
    assert (high[:, -1] > 0.8 * high[:, 6]).all()  # then hardly any
    assert (high[:, -1] > 2 * good[:, -1]).all()
    assert (good[:, 1:] < low[:, 1:]).all()
    assert (good[:, 2:] < high[:, 2:]).all()
    assert rates.runs["good"].end < 0.3 * rates.runs["high"].end


def test_7_6_a_very_high_rate_grows_by_the_factor_of_the_last_biases(rates):
    run = rates.runs["very high"]
    assert rates.threshold < run.rate
    assert rates.rising == rates.seeds
    assert (run.losses[:, 1] > 1e6).all()
    # When the rectified units are dead, the outputs are their biases, each a bowl of curvature
    # λ = 2/10: the loss is multiplied by (1 − ηλ)² a step, as in Figure 7.2.
    rng = np.random.default_rng(0)
    x, labels, *_ = datasets.digits()
    network = mlp([64, 32, 10], rng, loss=mean_squared_error)
    history = train(network, x, np.eye(10)[labels], SGD(run.rate), epochs=1, batch_size=16, rng=rng)
    assert np.allclose(history.loss[:12], run.batch_losses[0], rtol=1e-9)
    factor = (1 - 2 * run.rate / rates.threshold) ** 2
    assert history.loss[61:80] / history.loss[60:79] == pytest.approx(factor, rel=1e-6)


def test_7_7_the_constant_rate_hovers_where_the_formula_says(annealing):
    flat, annealed = annealing.runs["constant"], annealing.runs["annealed"]
    assert np.array_equal(flat.points[:2], annealed.points[:2])  # η(0) and the noise are the same
    # Over 1000 pairs of mirrored runs the standard error is 1.6 %.
    assert flat.end == pytest.approx(annealing.hovering, rel=0.05)
    eta, curvatures = annealing.rate, annealing.objective.curvatures
    squares = eta**2 / (1 - (1 - eta * curvatures) ** 2)  # the fixed point of E[w²]
    assert annealing.hovering == pytest.approx((curvatures * squares / 2).sum(), rel=1e-12)
    assert annealed.end < 0.1 * flat.end
    assert annealing.last_stride < 0.05 * flat.strides[-1]


def test_7_7_the_schedules_start_alike_and_end_low(annealing):
    rates = annealing.rates
    assert len({len(column) for column in rates.values()}) == 1
    for name, column in rates.items():
        assert column.max() == pytest.approx(0.4)
        assert column[-1] < 0.07
        if name != "warmup + cosine":
            assert (np.diff(column) <= 0).all()
            assert column[0] == 0.4
    corners = np.flatnonzero(np.diff(rates["step"])) + 1
    assert len(corners) == 3
    assert np.allclose(rates["step"][corners], rates["exponential"][corners], rtol=1e-12)


def test_7_7_the_plateau_rule_fell_after_two_epochs_without_a_better_accuracy(annealing):
    learned = annealing.rates["on plateaus"]
    per_epoch = len(learned) // len(annealing.accuracy)
    by_epoch = learned[::per_epoch]
    assert (learned.reshape(-1, per_epoch) == by_epoch[:, np.newaxis]).all()
    assert annealing.falls
    rule = ReduceOnPlateau(0.4, factor=0.5, patience=2, threshold=0.0, mode="max")
    state, expected = rule.init(), []
    for accuracy in annealing.accuracy:
        expected.append(rule.rate(state))
        state = rule.update(state, accuracy)
    assert by_epoch.tolist() == expected
    for epoch in annealing.falls:
        assert annealing.accuracy[epoch - 2 : epoch].max() <= annealing.accuracy[: epoch - 2].max()
