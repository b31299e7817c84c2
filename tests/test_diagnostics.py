import copy

import numpy as np
import pytest

from coursekit.diagnostics import (
    central_difference,
    dead_units,
    flat_share,
    gradient_check,
    input_conditioning,
    layer_signals,
    layer_statistics,
    saturated_units,
    spread_between_rows,
)
from coursekit.initializers import constant, normal
from coursekit.layers import Activation, Dense, Residual
from coursekit.losses import mean_squared_error
from coursekit.network import Network, mlp
from coursekit.normalization import BatchNorm
from coursekit.objectives import Beale, Rosenbrock, valley
from coursekit.optimizers import SGD
from coursekit.training import train


@pytest.fixture
def rng():
    return np.random.default_rng(21)


# Central differences.


def test_central_difference_is_exact_on_a_quadratic_but_for_rounding():
    point = np.array([[1.0, -2.0], [0.0, 100.0]])
    kept = point.copy()
    slopes = central_difference(lambda w: float((3 * w**2 + w).sum()), point)
    # The rounding of f, 3e4·1e-16, over 2h = 1e-5 of the smallest step.
    np.testing.assert_allclose(slopes, 6 * point + 1, atol=1e-5)
    np.testing.assert_allclose(slopes[1, 1], 601, rtol=1e-9)
    assert np.array_equal(point, kept)


def test_the_error_of_central_difference_is_quadratic_in_the_step():
    errors = [abs(central_difference(np.exp, 0.0, step) - 1) for step in (0.1, 0.05)]
    # (e^h − e^−h)/2h − 1 = h²/6 + h⁴/120: the ratio is 4 up to h²/20·¾.
    assert errors[0] / errors[1] == pytest.approx(4, rel=1e-3)
    with pytest.raises(ValueError, match="step must be a finite number above 0, got 0"):
        central_difference(np.exp, 1.0, step=0)


# Gradient check. More of it in the tests of layers, normalization and networks.


@pytest.mark.parametrize("surface", [Rosenbrock(), Beale(), valley(30.0)], ids=repr)
def test_a_surface_passes_the_gradient_check(surface):
    check = gradient_check(lambda w: (surface.value(w), surface.gradient(w)), [-1.2, 0.7])
    assert 0 <= check < 1e-7


def test_a_failed_check_shows_the_point_and_both_derivatives():
    def wrong(w):
        return float((w**2).sum()), 2 * w * [[1, 1, 1], [1, 1, 0.5]]

    with pytest.raises(
        AssertionError,
        match=r"relative error 0\.\d+, allowed 1e-07; worst at w\[1, 2\] = 3: derivative 3, "
        r"central difference (6|5\.99999|6\.00000)",
    ):
        gradient_check(wrong, [[1.0, 1.0, 1.0], [1.0, 1.0, 3.0]])


def test_a_nan_fails_the_check():
    with pytest.raises(AssertionError, match="relative error nan"):
        gradient_check(lambda w: (float(w.sum()), w * np.nan), [1.0, 2.0])


def test_a_gradient_of_zero_passes():
    assert gradient_check(lambda w: (1.0, np.zeros_like(w)), [1.0, 2.0]) == 0


def test_tolerance_is_what_the_error_must_be_below():
    def near(w):
        return float((w**2).sum()), 2 * w * (1 + 1e-5)

    assert gradient_check(near, [1.0, 2.0], tolerance=1e-4) == pytest.approx(5e-6, rel=1e-3)
    with pytest.raises(AssertionError):
        gradient_check(near, [1.0, 2.0])


def test_some_coordinates_of_a_large_network_will_do(rng):
    net = mlp([30, 20, 5], rng, "tanh")
    x, targets = rng.normal(size=(8, 30)), rng.integers(0, 5, 8)
    assert gradient_check(net, x, targets, coordinates=10, rng=rng) < 1e-7
    with pytest.raises(ValueError, match=r"rng must be .*Generator, got None"):
        gradient_check(net, x, targets, coordinates=10)


def test_a_float32_network_is_checked_in_float64_and_stays_as_it_is(rng):
    net = mlp([4, 5, 3], rng, "tanh", batch_norm=True, dtype=np.float32)
    kept = copy.deepcopy(net)
    x, targets = rng.normal(size=(8, 4)).astype(np.float32), rng.integers(0, 3, 8)
    assert gradient_check(net, x, targets) < 1e-7
    assert net.parameters.dtype == np.float32
    assert np.array_equal(net.parameters, kept.parameters)
    assert np.array_equal(net.layers[1].running_mean, kept.layers[1].running_mean)


# Layers.


def test_statistics_of_each_layer_are_those_of_its_outputs(rng):
    net = mlp([6, 5, 4, 3], rng, "tanh")
    x = rng.normal(size=(40, 6))
    statistics = layer_statistics(net, x)
    roles = ["pre-activation", "activation"] * 2 + ["output"]
    assert [layer.role for layer in statistics] == roles
    names = [layer.name for layer in statistics]
    assert names[:2] == ["0.Dense(6, 5)", "1.Activation(tanh)"]
    inner = x
    for layer, found in zip(net.layers, statistics, strict=True):
        inner = layer.forward(inner)
        assert found.outputs.mean == pytest.approx(inner.mean(), rel=1e-12)
        assert found.outputs.std == pytest.approx(inner.std(), rel=1e-12)
        assert found.outputs.counts.sum() == inner.size
        assert found.outputs.edges[[0, -1]] == pytest.approx([inner.min(), inner.max()])
        assert found.gradients is None
        assert found.weight_gradients is None


def test_signals_of_each_layer_are_its_outputs_and_gradients(rng):
    net = mlp([6, 5, 3], rng, "tanh")
    x, targets = rng.normal(size=(10, 6)), rng.integers(0, 3, 10)
    first, hidden, output = layer_signals(net, x, targets)
    net.loss_and_gradient(x, targets)
    assert np.array_equal(output.outputs, net.forward(x))
    assert np.array_equal(hidden.outputs, np.tanh(first.outputs))
    assert hidden.gradients == pytest.approx(output.gradients @ net.layers[2].weights.T)
    assert first.gradients == pytest.approx(hidden.gradients * (1 - hidden.outputs**2))
    for layer, found in ((net.layers[0], first), (net.layers[2], output)):
        assert found.weight_gradients == pytest.approx(layer.gradients["weights"].ravel())
    assert hidden.weight_gradients is None
    assert layer_signals(net, x)[0].gradients is None


def test_gradients_of_each_layer_are_the_derivatives_of_the_loss(rng):
    net = mlp([6, 5, 3], rng, "tanh")
    x, targets = rng.normal(size=(10, 6)), rng.integers(0, 3, 10)
    statistics = layer_statistics(net, x, targets)
    net.loss_and_gradient(x, targets)
    weights = net.layers[0].gradients["weights"]
    assert statistics[0].weight_gradients.mean == pytest.approx(weights.mean(), rel=1e-12)
    assert statistics[0].weight_gradients.std == pytest.approx(weights.std(), rel=1e-12)
    assert statistics[1].weight_gradients is None
    # ∂L/∂a of the first layer, by differences.
    head = Network(net.layers[1:], rng)
    head.parameters = net.parameters[35:]
    slopes = central_difference(
        lambda a: head.loss_and_gradient(a, targets)[0], net.layers[0].forward(x)
    )
    assert statistics[0].gradients.std == pytest.approx(slopes.std(), rel=1e-6)


def test_batch_norm_is_measured_as_in_training_and_not_changed(rng):
    net = mlp([6, 5, 3], rng, batch_norm=True)
    x = rng.normal(3, 2, (40, 6))
    assert [layer.role for layer in layer_statistics(net, x)][:2] == ["inner", "pre-activation"]
    normalized = layer_statistics(net, x)[1].outputs
    assert normalized.mean == pytest.approx(0, abs=1e-12)
    assert normalized.std == pytest.approx(1, rel=1e-4)  # ε
    running = layer_statistics(net, x, training=False)[1].outputs
    assert running.std > 1.5  # nothing is known yet of the spread of x
    assert not net.layers[1].running_mean.any()


def test_histograms_take_limits_and_leave_out_what_is_not_finite(rng):
    net = mlp([2, 3], rng, initializer=constant(1.0))
    statistics = layer_statistics(net, np.eye(2), limits=(0, 4), bins=4)
    assert statistics[0].outputs.counts.tolist() == [0, 6, 0, 0]
    assert statistics[0].outputs.edges.tolist() == [0, 1, 2, 3, 4]
    net.parameters = np.full(net.size, np.inf)
    diverged = layer_statistics(net, np.eye(2), [0, 1])[0]
    assert not np.isfinite(diverged.outputs.mean)
    assert diverged.outputs.counts.sum() == 0


def test_what_is_left_of_the_difference_between_rows():
    z = np.array([[0.0, 1.0], [2.0, 1.0]])  # stds of the units: 1 and 0
    assert spread_between_rows(z) == pytest.approx(np.sqrt(1 / 2))
    assert z.std() == pytest.approx(np.sqrt(1 / 2))
    # Units that differ, but say the same to every row: a spread of all values, none between rows.
    alike = np.tile([0.1, 0.5, 0.9], (20, 1))
    assert alike.std() > 0.3
    assert spread_between_rows(alike) == 0
    assert spread_between_rows(alike + 1e-9 * np.eye(20, 3)) > 0


def test_rounding_is_no_difference_and_small_squares_are_not_lost(rng):
    z = 0.5 + np.finfo(float).eps * rng.integers(-1, 2, (50, 4))
    assert z.std() > 0
    assert spread_between_rows(z) == 0
    tiny = rng.normal(size=(50, 4)).astype(np.float32)
    shrunk = spread_between_rows(np.float32(1e-30) * tiny)  # squares of 1e-60
    assert shrunk == pytest.approx(1e-30 * spread_between_rows(tiny), rel=1e-5)


@pytest.mark.parametrize("outputs", [np.zeros(3), np.zeros((0, 3)), np.zeros((2, 2, 2))])
def test_a_spread_needs_rows_and_units(outputs):
    with pytest.raises(ValueError, match=r"outputs must have shape \(rows, units\), got"):
        spread_between_rows(outputs)


# Units.


def test_a_unit_whose_hyperplane_misses_the_cloud_is_dead(rng):
    dense = Dense(2, 4)
    net = Network([dense, Activation("relu"), Dense(4, 2)], rng)
    x = rng.uniform(-1, 1, (3000, 2))  # more rows than go through at once
    x[2500] = [9.0, 0.0]
    dense.weights = [[1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
    dense.bias = [0.0, -5.0, -20.0, 5.0]  # cuts the cloud; active on one row; misses; always active
    assert dead_units(net, x)["1.Activation(relu)"].tolist() == [False, False, True, False]
    share = flat_share(net, x)["1.Activation(relu)"]
    assert share[1] == pytest.approx(2999 / 3000)
    assert share[2:].tolist() == [1, 0]
    assert share[0] == pytest.approx(0.5, abs=0.04)  # 4 standard errors of 3000 tosses


def test_a_dead_unit_gets_no_gradient_and_stays_dead(rng):
    dense = Dense(2, 3)
    net = Network([dense, Activation("relu"), Dense(3, 2)], rng)
    dense.bias = [0.0, -50.0, 0.0]
    x, targets = rng.uniform(-1, 1, (40, 2)), rng.integers(0, 2, 40)
    start = dense.weights.copy()
    train(net, x, targets, SGD(0.5), epochs=5, batch_size=10, rng=rng, progress=False)
    assert np.array_equal(dense.weights[:, 1], start[:, 1])
    assert not np.array_equal(dense.weights[:, 0], start[:, 0])
    assert dead_units(net, x)["1.Activation(relu)"][1]


def test_large_weights_saturate_sigmoid_and_tanh(rng):
    x = rng.normal(size=(100, 50))
    for name in ("sigmoid", "tanh"):
        small, large = (mlp([50, 20, 2], rng, name, normal(std)) for std in (0.01, 50.0))
        (healthy,) = saturated_units(small, x).values()
        (saturated,) = saturated_units(large, x, share=0.9).values()
        assert not healthy.any()
        # a ~ N(0, (50·√50)²): |a| < 4.6 has probability 2·4.6/(353·√2π) = 1 %.
        assert saturated.all()


def test_saturation_is_where_the_slope_is_small(rng):
    net = mlp([1, 1, 2], rng, "tanh", constant(1.0))
    x = np.array([[0.0], [2.9], [3.1], [-5.0]])  # 1 − tanh² is 0.01 at 2.99
    assert flat_share(net, x, slope=0.01)["1.Activation(tanh)"].tolist() == [0.5]
    assert saturated_units(net, x, share=0.5)["1.Activation(tanh)"].tolist() == [True]
    assert saturated_units(net, x, share=0.6)["1.Activation(tanh)"].tolist() == [False]


def test_units_inside_of_residual_blocks_are_counted(rng):
    block = Residual([Dense(3, 4), Activation("relu"), Dense(4, 3)])
    net = Network([Dense(2, 3), block, Activation("tanh")], rng)
    shares = flat_share(net, rng.normal(size=(20, 2)))
    assert {name: len(share) for name, share in shares.items()} == {
        "1.1.Activation(relu)": 4,
        "2.Activation(tanh)": 3,
    }


def test_looking_changes_nothing(rng):
    net = Network([Dense(2, 3), BatchNorm(3), Activation("relu"), Dense(3, 2)], rng)
    x, targets = rng.normal(size=(20, 2)), rng.integers(0, 2, 20)
    net.loss_and_gradient(x, targets)
    kept = copy.deepcopy(net)
    layer_statistics(net, x, targets)
    dead_units(net, x)
    gradient_check(net.layers[0], x)
    assert np.array_equal(net.parameters, kept.parameters)
    assert np.array_equal(net.gradient, kept.gradient)
    assert np.array_equal(net.layers[1].running_var, kept.layers[1].running_var)


# Inputs.


def test_conditioning_by_hand():
    found = input_conditioning([[2.0, 0.0], [0.0, 1.0]])
    assert found.eigenvalues == pytest.approx([2, 0.5])
    assert found.largest == pytest.approx(2)
    assert found.condition_number == pytest.approx(4)


def test_a_mean_makes_the_largest_eigenvalue(rng):
    x = rng.uniform(0, 1, (500, 20))
    raw, centred = input_conditioning(x), input_conditioning(x - x.mean(axis=0))
    # Raw: 20·¼ + 1/12 along the mean; centred: 1/12 with the spread of 500 samples.
    assert raw.largest == pytest.approx(20 / 4 + 1 / 12, rel=0.05)
    assert centred.largest < 2 / 12
    assert raw.condition_number > 20 * centred.condition_number


def test_a_constant_zero_feature_is_infinitely_badly_conditioned(rng):
    x = rng.normal(size=(30, 3))
    x[:, 1] = 0
    assert input_conditioning(x).condition_number == np.inf


def test_the_largest_eigenvalue_bounds_the_learning_rate(rng):
    # A linear unit under mean_squared_error has the Hessian 2·xᵀx/M: stable for η < 1/λ_max.
    x = rng.normal(size=(50, 3)) + 1
    largest = input_conditioning(x).largest
    for factor, settles in ((0.95, True), (1.05, False)):
        net = Network([Dense(3, 1, bias=False)], np.random.default_rng(0), loss=mean_squared_error)
        settings = {"epochs": 300, "batch_size": 50, "rng": rng, "progress": False}
        history = train(net, x, np.zeros((50, 1)), SGD(factor / largest), **settings)
        assert (history.loss[-1] < history.loss[0]) == settles


@pytest.mark.parametrize("x", [np.zeros(3), np.zeros((0, 3))])
def test_conditioning_needs_rows_and_features(x):
    with pytest.raises(ValueError, match=r"x must have shape \(rows, features\)"):
        input_conditioning(x)
