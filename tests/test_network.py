import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit import losses, network
from coursekit.diagnostics import gradient_check
from coursekit.initializers import constant
from coursekit.layers import Activation, Dense, Maxout, PReLU, Residual
from coursekit.losses import mean_squared_error, softmax_cross_entropy
from coursekit.network import Network, mlp
from coursekit.normalization import BatchNorm
from coursekit.optimizers import Adam
from coursekit.training import train

GOLDEN = json.loads((Path(__file__).parent / "goldens" / "network.json").read_text("utf-8"))


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def all_layers(rng, dtype=np.float64):
    """A network with every kind of layer."""
    block = [Dense(6, 5, bias=False), Activation("tanh"), Dense(5, 6, bias=False)]
    layers = [Dense(4, 6), BatchNorm(6), PReLU(6), Residual(block, fixup=True), Activation("relu")]
    return Network([*layers, Maxout(6, 5, pieces=3), Dense(5, 3)], rng, dtype=dtype)


# Against PyTorch.


@pytest.mark.parametrize("golden", GOLDEN["mlp"], ids=lambda g: f"{g['activation']}-{g['loss']}")
def test_loss_gradient_and_training_agree_with_pytorch(golden, rng):
    net = mlp(
        GOLDEN["sizes"],
        rng,
        golden["activation"],
        batch_norm=golden["batch_norm"],
        loss=getattr(losses, golden["loss"]),
    )
    net.parameters = np.array(golden["parameters"])
    loss, gradient = net.loss_and_gradient(golden["x"], golden["targets"])
    assert loss == pytest.approx(golden["value"], rel=0, abs=1e-10)
    np.testing.assert_allclose(gradient, golden["gradient"], rtol=0, atol=1e-10)
    method = Adam(0.01, epsilon_inside=False)
    settings = {"epochs": GOLDEN["steps"], "batch_size": len(golden["x"])}
    train(net, golden["x"], golden["targets"], method, rng=rng, progress=False, **settings)
    np.testing.assert_allclose(net.parameters, golden["parameters_after_adam"], rtol=0, atol=1e-10)


# The gradient.


@pytest.mark.parametrize("training", [True, False])
def test_gradient_of_a_network_with_all_layers(training, rng):
    net = all_layers(rng)
    net.parameters = net.parameters + rng.normal(0, 0.2, net.size)
    x, targets = rng.normal(size=(7, 4)), rng.integers(0, 3, 7)
    assert gradient_check(net, x, targets, training=training) < 1e-7


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=5),
    rows=st.integers(3, 8),
    batch_norm=st.booleans(),
    squared=st.booleans(),
    seed=st.integers(0, 99),
)
def test_gradients_of_networks_of_all_shapes(sizes, rows, batch_norm, squared, seed):
    rng = np.random.default_rng(seed)
    loss = mean_squared_error if squared else softmax_cross_entropy
    net = mlp(sizes, rng, "tanh", "glorot_normal", batch_norm, loss=loss)
    x = rng.normal(size=(rows, sizes[0]))
    targets = rng.normal(size=(rows, sizes[-1])) if squared else rng.integers(0, sizes[-1], rows)
    _, gradient = net.loss_and_gradient(x, targets)
    assert gradient.shape == net.parameters.shape
    assert net.forward(x).shape == (rows, sizes[-1])
    # 1e-3 tells any wrong term. Where a feature before batch normalization hardly varies the
    # difference itself is off by that much; and a gradient of rounding size cannot be compared.
    if np.linalg.norm(gradient) > 1e-3:
        assert gradient_check(net, x, targets, tolerance=1e-3) < 1e-3


def test_the_gradient_is_new_at_every_call_and_nothing_is_changed(rng):
    net = all_layers(rng)
    x, targets = rng.normal(size=(7, 4)), rng.integers(0, 3, 7)
    kept = x.copy(), targets.copy(), net.parameters.copy()
    _, first = net.loss_and_gradient(x, targets)
    before = first.copy()
    net.loss_and_gradient(x + 1, targets)
    assert np.array_equal(first, before)
    for now, then in zip((x, targets, net.parameters), kept, strict=True):
        assert np.array_equal(now, then)


# The vector.


def test_parameters_go_layer_by_layer_weights_then_bias_row_major(rng):
    net = mlp([2, 3, 2], rng)
    first, second = net.layers[0], net.layers[2]
    parts = first.weights.ravel(), first.bias, second.weights.ravel(), second.bias
    assert np.array_equal(net.parameters, np.concatenate(parts))
    net.parameters[0] = 42
    assert first.weights[0, 0] == 42
    net.parameters = np.arange(17.0)
    assert second.weights.tolist() == [[9, 10], [11, 12], [13, 14]]
    second.bias[1] = -1
    assert net.parameters[16] == -1


def test_a_vector_of_another_length_is_refused_with_both_shapes(rng):
    with pytest.raises(ValueError, match=r"parameters must have shape \(17,\), got \(16,\)"):
        mlp([2, 3, 2], rng).parameters = np.zeros(16)


def test_a_copy_and_a_pickle_are_networks_of_their_own(rng):
    net = all_layers(rng)
    x, targets = rng.normal(size=(7, 4)), rng.integers(0, 3, 7)
    net.loss_and_gradient(x, targets)  # moves the running statistics
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert np.array_equal(other.forward(x), net.forward(x))
        assert np.array_equal(other.predict(x), net.predict(x))
        other.parameters[...] = 0
        assert not other.layers[3].layers[1].weights.any()
        assert net.layers[3].layers[1].weights.any()


def test_the_same_rng_gives_the_same_network():
    first, second = (all_layers(np.random.default_rng(2)).parameters for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, all_layers(np.random.default_rng(3)).parameters)


def test_float32_stays_float32(rng):
    net = all_layers(rng, np.float32)
    x, targets = rng.normal(size=(7, 4)), rng.integers(0, 3, 7)
    _, gradient = net.loss_and_gradient(x, targets)  # float64 data, too
    norm = net.layers[1]
    arrays = net.parameters, gradient, net.forward(x), norm.running_mean, norm.running_var
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


# What comes out.


def test_predict_gives_classes_or_the_outputs_themselves(rng):
    x = rng.normal(size=(9, 4))
    classifier = mlp([4, 5, 3], rng)
    assert np.array_equal(classifier.predict(x), classifier.forward(x).argmax(axis=1))
    regressor = mlp([4, 5, 3], rng, loss=mean_squared_error)
    assert np.array_equal(regressor.predict(x), regressor.forward(x))


def test_evaluate_is_loss_and_accuracy_at_test_time(rng):
    net = all_layers(rng)
    x, targets = rng.normal(size=(30, 4)), rng.integers(0, 3, 30)
    loss, accuracy = net.evaluate(x, targets)
    assert loss == pytest.approx(softmax_cross_entropy(net.forward(x), targets)[0], rel=1e-14)
    assert accuracy == pytest.approx(np.mean(net.predict(x) == targets))
    regressor = mlp([4, 2], rng, loss=mean_squared_error)
    loss, accuracy = regressor.evaluate(x, np.zeros((30, 2)))
    assert loss == pytest.approx(np.mean(regressor.forward(x) ** 2))
    assert np.isnan(accuracy)


def test_many_rows_go_through_in_pieces_with_the_same_result(rng, monkeypatch):
    net = all_layers(rng)
    x, targets = rng.normal(size=(25, 4)), rng.integers(0, 3, 25)
    whole, classes = net.evaluate(x, targets), net.predict(x)
    monkeypatch.setattr(network, "_CHUNK", 10)
    # The pieces are weighted by their rows: 10, 10 and 5. Only the order of the sum differs.
    assert net.evaluate(x, targets) == pytest.approx(whole, rel=1e-14)
    assert np.array_equal(net.predict(x), classes)


def test_a_diverged_network_shows_it_without_a_warning(rng):
    net = mlp([4, 5, 3], rng)
    net.parameters = np.full(net.size, 1e308)
    x, targets = rng.normal(size=(6, 4)), rng.integers(0, 3, 6)
    loss, gradient = net.loss_and_gradient(x, targets)
    assert np.isnan(loss)
    assert not np.isfinite(gradient).all()
    assert np.isnan(net.evaluate(x, targets)).all()


# mlp.


def test_mlp_puts_normalization_before_the_activation(rng):
    net = mlp([4, 6, 5, 3], rng, "tanh", "lecun_normal", batch_norm=True)
    kinds = ["Dense", "BatchNorm", "Activation"] * 2 + ["Dense"]
    assert [type(layer).__name__ for layer in net.layers] == kinds
    assert net.size == 4 * 6 + 6 * 5 + 5 * 3 + 3 + 2 * (6 + 5)
    assert str(net.layers[2]) == "Activation(tanh)"


def test_mlp_without_a_hidden_layer_is_a_linear_classifier(rng):
    net = mlp([4, 3], rng, initializer=constant(0.0))
    loss, _ = net.loss_and_gradient(rng.normal(size=(5, 4)), [0, 1, 2, 0, 1])
    assert loss == pytest.approx(np.log(3), rel=1e-15)


@pytest.mark.parametrize("sizes", [[], [4]])
def test_mlp_needs_features_and_outputs(sizes, rng):
    with pytest.raises(ValueError, match="at least the features and the outputs"):
        mlp(sizes, rng)


def test_mlp_refuses_what_it_does_not_know(rng):
    with pytest.raises(ValueError, match=r"sizes\[1\] must be a whole number, at least 1, got 0"):
        mlp([4, 0, 3], rng)
    with pytest.raises(ValueError, match=r"unknown activation 'rleu'.*Known: identity, sigmoid"):
        mlp([4, 5, 3], rng, activation="rleu")
    with pytest.raises(ValueError, match=r"unknown initializer 'xavier'\. Known: lecun_normal"):
        mlp([4, 5, 3], rng, initializer="xavier")
    with pytest.raises(ValueError, match=r"rng must be .*Generator, got 0"):
        mlp([4, 5, 3], 0)


# Bad data.

BAD_DATA = {
    "features": (np.zeros((6, 5)), np.zeros(6, int), r"\(batch, 4\) for Network.*got \(6, 5\)"),
    "one row": (np.zeros(4), np.zeros(1, int), r"x must have shape \(batch, 4\).*got \(4,\)"),
    "no rows": (np.zeros((0, 4)), np.zeros(0, int), r"at least one row, got shape \(0, 4\)"),
    "rows": (np.zeros((6, 4)), np.zeros(5, int), r"same number of rows, .*\(6, 4\) and \(5,\)"),
    "nan": (
        np.where(np.isin(np.arange(6), [2, 5])[:, None], np.nan, np.zeros((6, 4))),
        np.zeros(6, int),
        r"x must be finite, got nan or inf in 2 of 6 rows: 2, 5",
    ),
    "class": (np.zeros((6, 4)), [0, 1, 2, 3, 0, 0], "classes from 0 to 2, got 3 in row 3"),
    "negative class": (np.zeros((6, 4)), [0, -1, 2, 0, 0, 0], "from 0 to 2, got -1 in row 1"),
    "real class": (np.zeros((6, 4)), np.zeros(6), "targets must be whole numbers"),
    "text": ([["a"] * 4] * 6, np.zeros(6, int), "x must be an array of real numbers"),
}


@pytest.mark.parametrize(("x", "targets", "message"), BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_are_refused_with_the_reason(x, targets, message, rng):
    net = mlp([4, 5, 3], rng)
    for use in (net.loss_and_gradient, net.evaluate):
        with pytest.raises(ValueError, match=message):
            use(x, targets)


def test_a_number_too_large_for_float32_is_refused_without_a_warning(rng):
    net = mlp([4, 5, 3], rng, dtype=np.float32)
    with pytest.raises(ValueError, match="nan or inf in 1 of 6 rows: 2"):
        net.predict(np.where(np.arange(6)[:, None] == 2, 1e300, np.zeros((6, 4))))


def test_bad_targets_of_a_regression_are_refused_with_the_reason(rng):
    net = mlp([4, 2], rng, loss=mean_squared_error)
    with pytest.raises(ValueError, match=r"shape of outputs, \(6, 2\), got \(6, 3\)"):
        net.loss_and_gradient(np.zeros((6, 4)), np.zeros((6, 3)))
    with pytest.raises(
        ValueError, match="targets must be finite, got nan or inf in 1 of 6 rows: 0"
    ):
        net.loss_and_gradient(np.zeros((6, 4)), np.r_[[[np.nan, 0]], np.zeros((5, 2))])
