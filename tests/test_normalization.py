import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.diagnostics import gradient_check
from coursekit.layers import Activation, Dense
from coursekit.network import Network
from coursekit.normalization import BatchNorm

GOLDEN = json.loads((Path(__file__).parent / "goldens" / "network.json").read_text("utf-8"))


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def close(actual, expected):
    """Equal to PyTorch but for the order of the sums, in float64 on numbers of size up to 100."""
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-10)


def test_it_agrees_with_pytorch_forward_backward_running_and_at_test_time():
    golden = GOLDEN["batch_norm"]
    first, second = golden["batches"]
    layer = BatchNorm(3, epsilon=1e-5, decay=0.9)
    layer.gamma, layer.beta = golden["gamma"], golden["beta"]
    layer.forward(first, training=True)
    close(layer.forward(second, training=True), golden["output"])
    # ∂L/∂x of the feature that hardly varies is of size 1000: the same relative precision.
    dx = layer.backward(golden["upstream"])
    np.testing.assert_allclose(dx, golden["gradient"]["x"], rtol=1e-10, atol=1e-10)
    close(layer.gradients["gamma"], golden["gradient"]["gamma"])
    close(layer.gradients["beta"], golden["gradient"]["beta"])
    close(layer.running_mean, golden["running_mean"])
    close(layer.running_var, golden["running_var"])
    close(layer.forward(first), golden["output_at_test_time"])


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(2, 30), features=st.integers(1, 5), seed=st.integers(0, 99))
def test_the_output_has_mean_beta_and_std_gamma(rows, features, seed):
    rng = np.random.default_rng(seed)
    layer = BatchNorm(features, epsilon=1e-12)
    layer.gamma, layer.beta = rng.uniform(0.5, 2, features), rng.normal(size=features)
    # Well-spread rows, so that ε is nothing beside the variance; 1e-9: ε/σ² and rounding.
    x = rng.permuted(np.tile(np.linspace(-3, 5, rows), (features, 1)), axis=1).T
    c = layer.forward(x, training=True)
    np.testing.assert_allclose(c.mean(axis=0), layer.beta, atol=1e-9)
    np.testing.assert_allclose(c.std(axis=0), layer.gamma, rtol=1e-9)


def test_running_statistics_by_hand():
    layer = BatchNorm(1, decay=0.75)
    assert (layer.running_mean.item(), layer.running_var.item()) == (0, 1)
    layer.forward([[2.0], [4.0], [12.0]], training=True)  # mean 6, variance 56/3, unbiased 28
    np.testing.assert_allclose(layer.running_mean, 0.25 * 6)
    np.testing.assert_allclose(layer.running_var, 0.75 * 1 + 0.25 * 28)


def test_decay_is_the_share_of_the_old_statistics_that_is_kept():
    # The other convention (PyTorch's momentum) would keep 0.1 of them.
    layer = BatchNorm(1, decay=0.9)
    layer.forward([[9.0], [11.0]], training=True)
    np.testing.assert_allclose(layer.running_mean, 1.0)


def test_at_test_time_a_row_does_not_depend_on_the_others(rng):
    layer = BatchNorm(3)
    layer.forward(rng.normal(4, 2, (50, 3)), training=True)
    x = rng.normal(size=(6, 3))
    mean, var = layer.running_mean.copy(), layer.running_var.copy()
    together = layer.forward(x)
    assert np.array_equal(together[2:3], layer.forward(x[2:3]))
    np.testing.assert_allclose(together, (x - mean) / np.sqrt(var + 1e-5), rtol=1e-14)
    assert np.array_equal(layer.running_mean, mean)
    assert np.array_equal(layer.running_var, var)


def test_one_full_pass_sets_the_statistics_of_the_whole_set(rng):
    x = rng.normal(3, 2, (40, 4))
    dense, norm = Dense(4, 5), BatchNorm(5)
    network = Network([dense, norm, Activation("relu"), Dense(5, 3)], rng)
    norm.running_mean += np.nan  # whatever was there before does not count
    network.set_statistics(x)
    a = dense.forward(x)
    np.testing.assert_allclose(norm.running_mean, a.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(norm.running_var, a.var(axis=0, ddof=1), rtol=1e-13)


def test_the_full_pass_feeds_a_deeper_layer_what_it_gets_at_test_time(rng):
    x = rng.normal(size=(30, 2))
    layers = [Dense(2, 4), BatchNorm(4), Activation("tanh"), Dense(4, 3), BatchNorm(3)]
    network = Network(layers, rng)
    output = network.set_statistics(x)
    assert np.array_equal(output, network.forward(x))
    inner = x
    for layer in layers[:4]:
        inner = layer.forward(inner)
    np.testing.assert_allclose(layers[4].running_mean, inner.mean(axis=0), rtol=1e-13)


def test_moving_averages_come_near_the_full_pass(rng):
    x = rng.normal(3, 2, (1000, 2))
    moving, full = BatchNorm(2, decay=0.99), BatchNorm(2)
    for _ in range(2000):
        moving.forward(rng.choice(x, 50), training=True)
    full.set_statistics(x)
    # The average spans about 2·100 batches of 50, i.e. 10,000 rows: standard error 2/√10000 = 0.02
    # of the mean and √2·4/√10000 = 0.06 of the variance; 4 of them.
    np.testing.assert_allclose(moving.running_mean, full.running_mean, atol=0.08)
    np.testing.assert_allclose(moving.running_var, full.running_var, atol=0.24)


def test_identity_takes_gamma_sigma_and_beta_mu(rng):
    x = rng.normal(3, 2, (10, 4))
    layer = BatchNorm(4)
    layer.gamma, layer.beta = np.sqrt(x.var(axis=0) + 1e-5), x.mean(axis=0)
    np.testing.assert_allclose(layer.forward(x, training=True), x, rtol=1e-13)


def test_a_constant_feature_gives_beta():
    layer = BatchNorm(1)
    layer.beta = [0.5]
    assert layer.forward(np.full((4, 1), 7.0), training=True).tolist() == [[0.5]] * 4


def test_the_scale_of_the_weights_before_it_does_not_count(rng):
    x = rng.normal(size=(20, 4))
    dense, norm = Dense(4, 3, bias=False), BatchNorm(3, epsilon=1e-15)
    network = Network([dense, norm], rng)
    targets = rng.integers(0, 3, 20)
    loss, _ = network.loss_and_gradient(x, targets)
    gradient = dense.gradients["weights"].copy()
    dense.weights *= 10
    loss_of_ten, _ = network.loss_and_gradient(x, targets)
    # What is left is rounding, and ε beside a variance of about 1.
    np.testing.assert_allclose(loss_of_ten, loss, rtol=1e-12)
    np.testing.assert_allclose(dense.gradients["weights"], gradient / 10, rtol=1e-9)


# The backward pass, and the check of the check: without one of its terms it must fail.


class MeanHeld(BatchNorm):
    """Takes μ for a constant."""

    def _backward(self, gradient):
        _, std, _ = self._cache
        right, direct = super()._backward(gradient), gradient * self.gamma
        return right + direct.mean(axis=0) / std


class VarianceHeld(BatchNorm):
    """Takes σ for a constant."""

    def _backward(self, gradient):
        normalized, std, _ = self._cache
        right, direct = super()._backward(gradient), gradient * self.gamma
        return right + normalized * (direct * normalized).mean(axis=0) / std


class BothHeld(BatchNorm):
    """Takes μ and σ for constants."""

    def _backward(self, gradient):
        super()._backward(gradient)
        return gradient * self.gamma / self._cache[1]


@pytest.mark.parametrize(
    ("kind", "right"),
    [(BatchNorm, True), (MeanHeld, False), (VarianceHeld, False), (BothHeld, False)],
)
def test_a_missing_term_of_the_backward_pass_fails_the_gradient_check(kind, right, rng):
    x, targets = rng.normal(size=(8, 4)), rng.integers(0, 3, 8)
    norm = kind(4)
    norm.parameters = norm.parameters + rng.normal(0, 0.3, 8)
    network = Network([Dense(4, 5), kind(5), Activation("tanh"), Dense(5, 3)], rng)
    if right:
        assert gradient_check(norm, x) < 1e-7
        assert gradient_check(network, x, targets) < 1e-7
        return
    with pytest.raises(AssertionError, match=r"x\[\d, \d\] .* derivative .*, central difference"):
        gradient_check(norm, x)
    with pytest.raises(AssertionError, match=r"0\.Dense\(4, 5\): (weights|bias)\["):
        gradient_check(network, x, targets)


# Bad input.


def test_a_training_batch_of_one_is_refused_with_the_reason():
    layer = BatchNorm(2)
    with pytest.raises(
        ValueError, match=r"BatchNorm\(2\) needs at least 2 rows .* got 1: .*variance"
    ):
        layer.forward([[1.0, 2.0]], training=True)
    with pytest.raises(ValueError, match="at least 2 rows"):
        layer.set_statistics([[1.0, 2.0]])
    assert layer.forward([[0.0, 2.0]]).shape == (1, 2)  # at test time one row will do


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"features": 0}, "features must be a whole number, at least 1, got 0"),
        ({"features": 2, "epsilon": 0}, "epsilon must be a finite number above 0, got 0"),
        (
            {"features": 2, "decay": 1},
            "decay must be a finite number at least 0 and below 1, got 1",
        ),
    ],
)
def test_bad_hyperparameters_are_refused(arguments, message):
    with pytest.raises(ValueError, match=f"^{message}|{message}$"):
        BatchNorm(**arguments)
