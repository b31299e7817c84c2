import numpy as np
import pytest

from coursekit.activations import sigmoid, tanh
from coursekit.datasets import digits
from coursekit.diagnostics import gradient_check
from coursekit.initializers import glorot_normal, normal
from coursekit.layers import Activation, Dense
from coursekit.losses import mean_squared_error
from coursekit.network import Network, mlp
from coursekit.optimizers import Adam, Momentum
from coursekit.pretraining import (
    Autoencoder,
    autoencoder,
    pretrain,
    principal_angles,
    principal_components,
)
from coursekit.schedules import cosine_decay
from coursekit.training import train


@pytest.fixture
def rng():
    return np.random.default_rng(13)


both = pytest.mark.parametrize("tied", [False, True], ids=["untied", "tied"])


# Autoencoders.


@both
@pytest.mark.parametrize("activation", ["identity", "sigmoid", "tanh"])
def test_the_gradient_of_an_autoencoder(tied, activation, rng):
    network = autoencoder(4, 3, rng, activation=activation, tied=tied)
    network.parameters = network.parameters + rng.normal(0, 0.3, network.size)
    x = rng.normal(size=(6, 4))
    assert gradient_check(network, x, x) < 1e-7
    assert gradient_check(network.layers[0], x) < 1e-7


def test_an_untied_autoencoder_is_two_dense_layers(rng):
    coder = autoencoder(4, 3, rng, activation=tanh).layers[0]
    encoder, decoder = Dense(4, 3), Dense(3, 4)
    chain = Network([encoder, Activation(tanh), decoder], rng, loss=mean_squared_error)
    encoder.weights, encoder.bias = coder.weights, rng.normal(size=3)
    decoder.weights, decoder.bias = coder.decoder_weights, rng.normal(size=4)
    coder.bias, coder.decoder_bias = encoder.bias, decoder.bias
    x = rng.normal(size=(5, 4))
    # The same products in the same order.
    np.testing.assert_allclose(coder.forward(x), chain.forward(x), rtol=1e-14)
    np.testing.assert_allclose(coder.encode(x), tanh(encoder.forward(x)), rtol=1e-14)


def test_a_tied_autoencoder_decodes_by_the_transpose(rng):
    coder = Autoencoder(4, 3, sigmoid, tied=True).initialize(rng)
    coder.bias, coder.decoder_bias = rng.normal(size=3), rng.normal(size=4)
    x = rng.normal(size=(5, 4))
    expected = coder.encode(x) @ coder.weights.T + coder.decoder_bias
    assert np.array_equal(coder.forward(x), expected)
    assert coder.size == 4 * 3 + 3 + 4
    assert Autoencoder(4, 3).size == 2 * 4 * 3 + 3 + 4


@both
def test_a_linear_autoencoder_spans_the_principal_subspace(tied, rng):
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    x = rng.normal(size=(200, 6)) * [4.0, 3.5, 3.0, 1.0, 0.9, 0.8] @ rotation + 1.0
    network = autoencoder(6, 3, rng, tied=tied)
    method = Momentum(cosine_decay(0.03, 3000))
    train(network, x, x, method, epochs=3000, batch_size=200, rng=rng, progress=False)
    components = principal_components(x, 3)
    # Descent ends in the minimum up to what 3000 steps leave of the slowest direction.
    assert principal_angles(components, network.layers[0].weights)[0] < 1e-6
    # The least loss there is: the variance outside of the subspace, a mean over 6 features.
    outside = (x - x.mean(axis=0)) @ (np.eye(6) - components @ components.T)
    assert network.evaluate(x, x)[0] == pytest.approx(np.mean(outside**2), rel=1e-9)


# Subspaces.


def test_principal_components_are_the_directions_of_most_variance(rng):
    x = rng.normal(size=(500, 3)) * [1.0, 5.0, 0.1] + [9.0, 0.0, 4.0]
    components = principal_components(x, 2)
    np.testing.assert_allclose(components.T @ components, np.eye(2), atol=1e-14)
    # The directions are the axes up to the correlation of 500 samples, about 0.2/√500 = 1e-2.
    assert principal_angles(np.eye(3)[:, [1, 0]], components)[0] < 0.05
    assert abs(components[1, 0]) > 0.99


@pytest.mark.parametrize("angle", [0.0, 1e-9, 0.3, np.pi / 2])
def test_principal_angles_by_hand(angle):
    a = np.array([[2.0, 1.0], [0.0, 1.0], [0.0, 0.0]])  # the x-y plane
    b = np.array([[1.0, 0.0], [0.0, np.cos(angle)], [0.0, np.sin(angle)]])
    # An arcsine near 1 loses half of the digits.
    np.testing.assert_allclose(principal_angles(a, b), [angle, 0], atol=1e-7, rtol=0)
    if angle == 1e-9:
        assert principal_angles(a, b)[0] == pytest.approx(1e-9, rel=1e-5)


@pytest.mark.parametrize(("a", "b"), [((3, 2), (4, 2)), ((3, 1), (3, 2)), ((3,), (3, 1))])
def test_spaces_that_do_not_fit_are_refused_with_both_shapes(a, b):
    with pytest.raises(ValueError, match="a and b must be") as error:
        principal_angles(np.ones(a), np.ones(b))
    assert f"{a}, {b}" in str(error.value)


@pytest.mark.parametrize("count", [0, 3])
def test_there_are_as_many_components_as_features(count):
    with pytest.raises(ValueError, match=rf"at least count={count} of each, got \(5, 2\)"):
        principal_components(np.zeros((5, 2)), count)


# Layer-wise.


@both
def test_each_layer_becomes_the_encoder_of_what_comes_to_it(tied):
    x = np.random.default_rng(0).normal(size=(40, 6))
    network = mlp([6, 5, 4, 3], np.random.default_rng(1), "tanh", glorot_normal)
    last = network.layers[-1].weights.copy()
    settings = {"epochs": 3, "batch_size": 10}
    histories = pretrain(
        network, x, Adam(0.01), rng=np.random.default_rng(2), tied=tied, progress=False, **settings
    )
    assert len(histories) == 2
    assert np.array_equal(network.layers[-1].weights, last)
    # The same by hand, with the same generator.
    rng, codes = np.random.default_rng(2), x
    for dense, history in zip((network.layers[0], network.layers[2]), histories, strict=True):
        options = {"activation": tanh, "tied": tied, "initializer": glorot_normal}
        coder = autoencoder(dense.n_in, dense.n_out, rng, **options)
        expected = train(coder, codes, codes, Adam(0.01), rng=rng, progress=False, **settings)
        assert np.array_equal(history.loss, expected.loss)
        assert np.array_equal(dense.weights, coder.layers[0].weights)
        assert np.array_equal(dense.bias, coder.layers[0].bias)
        codes = coder.layers[0].encode(codes)


def test_pretraining_rescues_a_deep_sigmoid_network():
    x_train, y_train, x_test, y_test = digits()
    scores = []
    for pretrained in (False, True):
        rng = np.random.default_rng(3)
        network = mlp([64, 32, 32, 32, 32, 32, 10], rng, "sigmoid", normal(0.1))
        settings = {"batch_size": 64, "rng": rng, "progress": False}
        if pretrained:
            pretrain(network, x_train, Adam(0.01), epochs=10, **settings)
        train(network, x_train, y_train, Adam(0.005), epochs=20, **settings)
        scores.append(network.evaluate(x_test, y_test)[1])
    # Ten classes: without pre-training it stays at guessing.
    assert scores[0] < 0.2
    assert scores[1] > 0.5


def test_float32_and_the_data_are_kept(rng):
    network = mlp([6, 5, 4, 3], rng, "sigmoid", dtype=np.float32)
    x = rng.normal(size=(20, 6))
    kept = x.copy()
    pretrain(network, x, Adam(), epochs=1, batch_size=10, rng=rng, progress=False)
    assert network.parameters.dtype == np.float32
    assert np.array_equal(x, kept)


def test_other_layers_than_dense_and_activation_are_refused(rng):
    settings = {"epochs": 1, "batch_size": 10, "rng": rng, "progress": False}
    normalized = mlp([6, 5, 3], rng, batch_norm=True)
    linear = mlp([6, 3], rng)
    odd = Network([Dense(6, 5), Activation("tanh"), Dense(5, 4), Dense(4, 3)], rng)
    for network in (normalized, linear, odd):
        with pytest.raises(ValueError, match="network must be Dense and Activation in turn"):
            pretrain(network, np.zeros((20, 6)), Adam(), **settings)
