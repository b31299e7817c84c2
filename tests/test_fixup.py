import numpy as np
import pytest

from coursekit.datasets import digits
from coursekit.diagnostics import gradient_check
from coursekit.fixup import fixup, fixup_scale, residual_mlp
from coursekit.layers import Activation, Dense, Residual
from coursekit.network import Network, mlp
from coursekit.optimizers import SGD, Adam
from coursekit.training import train


@pytest.fixture
def rng():
    return np.random.default_rng(8)


@pytest.mark.parametrize(
    ("blocks", "layers", "scale"),
    [(1, 2, 1.0), (16, 2, 0.25), (100, 2, 0.1), (81, 3, 1 / 3), (64, 4, 0.5)],
)
def test_the_scale_is_the_root_of_the_number_of_blocks(blocks, layers, scale):
    assert fixup_scale(blocks, layers) == pytest.approx(scale, rel=1e-14)


def test_the_scale_needs_two_layers_in_a_branch():
    with pytest.raises(ValueError, match="layers must be a whole number, at least 2, got 1"):
        fixup_scale(4, 1)


def test_last_layers_start_at_zero_and_the_others_are_scaled(rng):
    network = residual_mlp(50, 100, 25, 10, rng)
    blocks = [layer for layer in network.layers if isinstance(layer, Residual)]
    dense = [[layer for layer in block.layers if isinstance(layer, Dense)] for block in blocks]
    assert len(blocks) == 25
    assert not any(last.weights.any() for _, last in dense)
    assert not network.layers[-1].weights.any()
    drawn = np.concatenate([first.weights.ravel() for first, _ in dense])
    # He's √(2/100) over √25; 250,000 draws: 4 standard errors are 0.6 %.
    assert drawn.std() == pytest.approx(np.sqrt(2 / 100) / 5, rel=0.006)
    # The layer that leads in is He's without the scale; 5,000 draws: 4 %.
    assert network.layers[0].weights.std() == pytest.approx(np.sqrt(2 / 50), rel=0.04)


def test_at_the_start_every_block_is_the_identity(rng):
    network = residual_mlp(6, 8, 30, 3, rng)
    x = rng.normal(size=(5, 6))
    after_first = network.layers[1].forward(network.layers[0].forward(x))
    inner = after_first
    for layer in network.layers[2:-2]:
        inner = layer.forward(inner)
    assert np.array_equal(inner, after_first)  # a ReLU output passes the ReLUs that follow
    assert network.loss_and_gradient(x, [0, 1, 2, 0, 1])[0] == pytest.approx(np.log(3), rel=1e-15)


def test_the_gradient_of_a_fixup_network(rng):
    network = residual_mlp(4, 5, 3, 3, rng, activation="tanh")
    network.parameters = network.parameters + rng.normal(0, 0.3, network.size)
    x, targets = rng.normal(size=(6, 4)), rng.integers(0, 3, 6)
    assert gradient_check(network, x, targets) < 1e-7


def change_of_outputs(blocks, fixup_start):
    """The root mean square change of the outputs by one small step of descent, over the rate."""
    rng = np.random.default_rng(0)
    network = residual_mlp(20, 32, blocks, 5, rng, fixup_start=fixup_start)
    x, targets = rng.normal(size=(40, 20)), rng.integers(0, 5, 40)
    before = network.forward(x)
    _, gradient = network.loss_and_gradient(x, targets)
    network.parameters = network.parameters - 1e-6 * gradient
    return np.sqrt(np.mean((network.forward(x) - before) ** 2)) / 1e-6


def test_a_step_moves_the_outputs_alike_at_all_depths():
    # The aim of Fixup (Zhang et al. 2019, Section 3): O(η) whatever the depth.
    shallow, deep = change_of_outputs(2, True), change_of_outputs(64, True)
    assert deep == pytest.approx(shallow, rel=0.5)
    assert change_of_outputs(16, False) > 1e3 * change_of_outputs(2, False)


@pytest.mark.parametrize("blocks", [2, 48])
def test_fixup_trains_where_the_plain_start_diverges(blocks):
    x_train, y_train, x_test, y_test = digits()
    mean = x_train.mean(axis=0)
    settings = {"epochs": 3, "batch_size": 64, "progress": False}
    network = residual_mlp(64, 24, blocks, 10, np.random.default_rng(0))
    train(network, x_train - mean, y_train, Adam(0.003), rng=np.random.default_rng(1), **settings)
    assert network.evaluate(x_test - mean, y_test)[1] > 0.7
    plain = residual_mlp(64, 24, blocks, 10, np.random.default_rng(0), fixup_start=False)
    history = train(
        plain, x_train - mean, y_train, SGD(0.1), rng=np.random.default_rng(1), **settings
    )
    assert (history.diverged_at is not None) == (blocks == 48)


def test_fixup_draws_an_existing_network_anew_and_keeps_its_dtype():
    first, second = (
        residual_mlp(4, 5, 3, 2, np.random.default_rng(seed), dtype=np.float32) for seed in (1, 2)
    )
    second.parameters[...] = 9
    fixup(second, np.random.default_rng(5))
    fixup(first, np.random.default_rng(5))
    assert np.array_equal(first.parameters, second.parameters)
    assert first.parameters.dtype == np.float32
    x = np.ones((3, 4), np.float32)
    assert first.forward(x).dtype == np.float32


def test_what_fixup_cannot_start_is_refused(rng):
    with pytest.raises(ValueError, match="must have Residual blocks and end in Dense"):
        fixup(mlp([4, 5, 3], rng), rng)
    thin = Network([Dense(4, 3), Residual([Dense(3, 3)], fixup=True), Dense(3, 2)], rng)
    start = thin.parameters.copy()
    with pytest.raises(ValueError, match="at least 2 Dense layers"):
        fixup(thin, rng)
    assert np.array_equal(thin.parameters, start)
    headless = Network([Residual([Dense(3, 3), Dense(3, 3)]), Activation("tanh")], rng)
    with pytest.raises(ValueError, match="end in Dense"):
        fixup(headless, rng)
