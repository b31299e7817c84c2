import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.activations import leaky_relu, relu, sigmoid
from coursekit.diagnostics import gradient_check
from coursekit.initializers import constant, normal
from coursekit.layers import (
    Activation,
    Dense,
    Maxout,
    PReLU,
    Residual,
    ScalarBias,
    ScalarMultiplier,
)
from coursekit.losses import mean_squared_error
from coursekit.network import Network
from coursekit.normalization import BatchNorm
from coursekit.sequential import Sequential

GOLDEN = json.loads((Path(__file__).parent / "goldens" / "network.json").read_text("utf-8"))

# name -> a new layer that takes ``n`` features; for most it gives ``n`` or ``n + 1``.
LAYERS = {
    "dense": lambda n: Dense(n, n + 1),
    "dense-without-bias": lambda n: Dense(n, n + 1, bias=False),
    "tanh": lambda n: Activation("tanh"),
    "relu": lambda n: Activation(relu),
    "prelu": lambda n: PReLU(n),
    "maxout": lambda n: Maxout(n, n + 1, pieces=3),
    "batch-norm": lambda n: BatchNorm(n),
    "scalar-bias": lambda n: ScalarBias(),
    "scalar-multiplier": lambda n: ScalarMultiplier(),
    "residual": lambda n: Residual([Dense(n, 3), Activation("tanh"), Dense(3, n)]),
    "fixup-block": lambda n: Residual([Dense(n, 3), Activation("relu"), Dense(3, n)], fixup=True),
    "sequential": lambda n: Sequential([Dense(n, 2), BatchNorm(2), Activation("sigmoid")]),
}


@pytest.fixture
def rng():
    return np.random.default_rng(7)


each_layer = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)


def stirred(layer, rng, dtype=np.float64):
    """Initialize a layer, then move every parameter off its start: zeros and ones hide mistakes."""
    layer.initialize(rng, dtype)
    layer.parameters = layer.parameters + rng.normal(0, 0.3, layer.size)
    return layer


# All layers.


@each_layer
@pytest.mark.parametrize("training", [True, False])
def test_backward_is_the_derivative_of_forward(make, training, rng):
    # 1e-7 is far above the error of central differences, 1e-10, and far below any wrong term.
    x = rng.normal(size=(6, 4))
    assert gradient_check(stirred(make(4), rng), x, training=training) < 1e-7


@each_layer
@settings(max_examples=20, deadline=None)
@given(rows=st.integers(2, 9), n=st.integers(1, 6), seed=st.integers(0, 99))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shape_and_dtype_are_kept_and_nothing_is_changed(make, dtype, rows, n, seed):
    rng = np.random.default_rng(seed)
    layer = stirred(make(n), rng, dtype)
    x = rng.normal(size=(rows, n)).astype(dtype)
    kept, weights = x.copy(), layer.parameters.copy()
    for training in (False, True):
        y = layer.forward(x, training)
        assert y.shape == (rows, layer.n_out or n)
        assert y.dtype == dtype
        gradient = np.ones_like(y)
        dx = layer.backward(gradient)
        assert dx.shape == x.shape
        assert dx.dtype == layer.gradient.dtype == dtype or layer.size == 0
        assert np.array_equal(gradient, np.ones_like(y))
    assert np.array_equal(x, kept)
    assert np.array_equal(layer.parameters, weights)


@each_layer
def test_the_vector_holds_the_arrays_row_major(make, rng):
    layer = stirred(make(4), rng)
    assert layer.parameters.shape == layer.gradient.shape == (layer.size,)
    parts = [part for _, part, _ in layer.parts()]
    arrays = [array.ravel() for part in parts for array in part.arrays.values()]
    assert np.array_equal(np.concatenate([*arrays, []]), layer.parameters)
    for slot in layer.slots():
        layer.parameters[slot.place] = 5.0
    assert all((array == 5.0).all() for part in parts for array in part.arrays.values())


@each_layer
def test_a_copy_and_a_pickle_keep_the_views(make, rng):
    layer = stirred(make(4), rng)
    x = rng.normal(size=(5, 4))
    expected = layer.forward(x)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert np.array_equal(other.forward(x), expected)
        other.parameters[...] = 0
        arrays = [array for _, part, _ in other.parts() for array in part.arrays.values()]
        assert not any(array.any() for array in arrays)
        assert not np.shares_memory(other.parameters, layer.parameters)
    assert np.array_equal(layer.forward(x), expected)


@each_layer
def test_the_same_rng_draws_the_same_weights(make):
    first, second = (make(4).initialize(np.random.default_rng(3)).parameters for _ in range(2))
    assert np.array_equal(first, second)


@each_layer
def test_inf_and_nan_pass_without_a_warning(make, rng):
    layer = stirred(make(4), rng)
    y = layer.forward(np.full((3, 4), np.inf), training=True)
    layer.backward(np.full(y.shape, np.inf))
    assert not np.isfinite(layer.forward(np.full((3, 4), np.nan), training=True)).any()


def test_a_wrong_number_of_features_is_refused_with_both_shapes(rng):
    with pytest.raises(
        ValueError, match=r"x must have shape \(batch, 3\) for Dense\(3, 2\), got \(5, 4\)"
    ):
        Dense(3, 2).initialize(rng).forward(np.zeros((5, 4)))
    with pytest.raises(ValueError, match=r"x must have shape \(batch, features\) .* got \(5,\)"):
        Activation(relu).forward(np.zeros(5))


def test_a_wrong_gradient_is_refused_with_both_shapes(rng):
    layer = Dense(3, 2).initialize(rng)
    with pytest.raises(ValueError, match="call forward first"):
        layer.backward(np.zeros((5, 2)))
    layer.forward(np.zeros((5, 3)))
    with pytest.raises(ValueError, match=r"Dense\(3, 2\), \(5, 2\), got \(4, 2\)"):
        layer.backward(np.zeros((4, 2)))


# Dense.


def test_dense_by_hand(rng):
    layer = Dense(2, 2).initialize(rng)
    layer.weights, layer.bias = [[1.0, 2.0], [3.0, 4.0]], [10.0, 20.0]
    assert layer.forward([[1, 1], [0, 2]]).tolist() == [[14, 26], [16, 28]]
    assert layer.backward([[1, 0], [1, 1]]).tolist() == [[1, 3], [3, 7]]
    assert layer.gradients["weights"].tolist() == [[1, 0], [3, 2]]
    assert layer.gradients["bias"].tolist() == [2, 1]


def test_an_initializer_may_be_a_rule_a_name_or_any_function(rng):
    assert (Dense(3, 2, constant(0.5)).initialize(rng).weights == 0.5).all()
    assert Dense(3, 2, "glorot_uniform").initialize(rng).weights.any()
    ones = Dense(3, 2, lambda n_in, n_out, rng: np.ones((n_in, n_out))).initialize(rng)
    assert (ones.weights == 1).all()
    assert (ones.bias == 0).all()
    with pytest.raises(ValueError, match=r"weights must .* \(3, 2\), got \(2, 3\)"):
        Dense(3, 2, lambda n_in, n_out, rng: np.ones((n_out, n_in))).initialize(rng)


@pytest.mark.parametrize("initializer", ["he_norml", normal, None])
def test_an_unknown_initializer_lists_the_known(initializer):
    with pytest.raises(ValueError, match=r"unknown initializer .*he_normal"):
        Dense(3, 2, initializer)


@pytest.mark.parametrize("sizes", [(0, 2), (2, -1), (2.5, 2), (True, 2)])
def test_a_size_must_be_a_positive_whole_number(sizes):
    for layer in (Dense, Maxout):
        with pytest.raises(ValueError, match="must be a whole number, at least 1"):
            layer(*sizes)


def test_a_dense_layer_without_bias_says_so(rng):
    layer = Dense(2, 3, bias=False).initialize(rng)
    assert not hasattr(layer, "bias")
    with pytest.raises(AttributeError, match=r"Dense\(2, 3\) has no bias"):
        layer.bias = [0.0, 0.0, 0.0]


# Activation.


@pytest.mark.parametrize("function", [relu, sigmoid, leaky_relu(0.2)])
def test_an_activation_layer_is_its_function(function, rng):
    a = rng.normal(size=(4, 3))
    layer = Activation(function)
    assert np.array_equal(layer.forward(a), function(a))
    assert np.array_equal(layer.slope(), function.derivative(a))
    assert np.array_equal(layer.backward(np.full((4, 3), 2.0)), 2 * function.derivative(a))


def test_an_unknown_activation_lists_the_known():
    with pytest.raises(ValueError, match=r"unknown activation 'relo'\. Did you mean 'relu'\?"):
        Activation("relo")


# PReLU.


def test_prelu_agrees_with_pytorch():
    golden = GOLDEN["prelu"]
    layer = PReLU(3)
    layer.beta = golden["beta"]
    # Rounding: one product an element, one sum of 8.
    np.testing.assert_allclose(layer.forward(golden["x"]), golden["output"], rtol=0, atol=1e-10)
    dx = layer.backward(golden["upstream"])
    np.testing.assert_allclose(dx, golden["gradient"]["x"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(
        layer.gradients["beta"], golden["gradient"]["beta"], rtol=0, atol=1e-10
    )


def test_prelu_is_the_maximum_only_up_to_a_slope_of_one():
    a = np.array([[-2.0, -2.0, 3.0, 3.0]])
    layer = PReLU(4)
    layer.beta = [0.5, 1.5, 0.5, 1.5]
    assert layer.forward(a).tolist() == [[-1, -3, 3, 3]]
    assert np.maximum(layer.beta * a, a).tolist() == [[-1, -2, 3, 4.5]]  # as the book prints it


def test_prelu_starts_at_a_quarter_or_where_it_is_told(rng):
    assert (PReLU(3).beta == 0.25).all()
    assert (PReLU(3, start=-1.0).initialize(rng).beta == -1).all()
    with pytest.raises(ValueError, match="start must be a finite number, got nan"):
        PReLU(3, start=float("nan"))


# Maxout.


def test_maxout_with_a_zero_piece_is_relu_of_the_other(rng):
    maxout, dense = Maxout(4, 3).initialize(rng), Dense(4, 3).initialize(rng)
    maxout.weights[..., 0], maxout.bias[...] = dense.weights, 0
    maxout.weights[..., 1] = 0
    x = rng.normal(size=(20, 4))
    assert np.array_equal(maxout.forward(x), relu(dense.forward(x)))


def test_maxout_of_a_map_and_its_multiple_is_leaky_relu(rng):
    maxout, dense = Maxout(4, 3).initialize(rng), Dense(4, 3).initialize(rng)
    maxout.weights = np.stack([dense.weights, 0.25 * dense.weights], axis=-1)
    x = rng.normal(size=(20, 4))
    # A factor of ¼ is exact; the two products may round apart in the last place.
    expected = leaky_relu(0.25)(dense.forward(x))
    np.testing.assert_allclose(maxout.forward(x), expected, rtol=0, atol=1e-14)


def test_maxout_by_hand(rng):
    layer = Maxout(1, 1, pieces=3).initialize(rng)
    layer.weights, layer.bias = [[[-1.0, 0.0, 2.0]]], [[0.0, 1.0, 1.0]]
    assert layer.parameters.tolist() == [-1, 0, 2, 0, 1, 1]
    assert layer.forward([[-3.0], [0.0], [2.0]]).tolist() == [[3], [1], [5]]
    # At x = 0 the pieces 1 and 2 are equal: the first of them gets the gradient.
    assert layer.backward([[1.0], [1.0], [1.0]]).tolist() == [[-1], [0], [2]]
    assert layer.gradients["weights"].tolist() == [[[-3, 0, 2]]]
    assert layer.gradients["bias"].tolist() == [[1, 1, 1]]


def test_maxout_as_a_first_layer_fills_the_same_gradients(rng):
    first, later = Maxout(3, 2, pieces=4), Maxout(3, 2, pieces=4)
    chain = Network([first], np.random.default_rng(0), loss=mean_squared_error)
    later.initialize(np.random.default_rng(0))
    x, targets = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    _, gradient = chain.loss_and_gradient(x, targets)
    later.backward(mean_squared_error(later.forward(x), targets)[1])
    assert np.array_equal(gradient, later.gradient)


def test_maxout_draws_each_piece_by_the_rule():
    rng = np.random.default_rng(0)
    layer = Maxout(200, 100, pieces=4, initializer=normal(0.1)).initialize(rng)
    # 20,000 draws a piece: the standard error of a std is std/√(2·20000) = 0.5 %; 4 of them.
    np.testing.assert_allclose(layer.weights.std(axis=(0, 1)), 0.1, rtol=0.02)
    assert not layer.bias.any()


# Residual blocks.


def test_a_residual_block_adds_its_branch(rng):
    dense = Dense(3, 3)
    block = Residual([dense]).initialize(rng)
    x = rng.normal(size=(4, 3))
    assert np.array_equal(block.forward(x), x + dense.forward(x))
    dense.weights[...] = 0
    assert np.array_equal(block.forward(x), x)


def test_fixup_puts_scalars_before_each_layer_and_a_multiplier_at_the_end():
    block = Residual(
        [Dense(3, 3, bias=False), Activation(relu), Dense(3, 3, bias=False)], fixup=True
    )
    kinds = "ScalarBias Dense ScalarBias Activation ScalarBias Dense ScalarMultiplier ScalarBias"
    assert [type(layer).__name__ for layer in block.layers] == kinds.split()
    assert block.size == 2 * 9 + 5


def test_fixup_scalars_start_as_the_identity(rng):
    plain = Residual([Dense(3, 3), Activation("tanh"), Dense(3, 3)])
    scaled = Residual([Dense(3, 3), Activation("tanh"), Dense(3, 3)], fixup=True)
    x = rng.normal(size=(4, 3))
    outputs = (b.initialize(np.random.default_rng(1)).forward(x) for b in (plain, scaled))
    assert np.array_equal(*outputs)


def test_a_full_pass_sets_the_statistics_inside_of_a_branch(rng):
    norm = BatchNorm(3)
    block = Residual([Dense(3, 3), norm]).initialize(rng)
    x = rng.normal(2, 3, (20, 3))
    output = block.set_statistics(x)
    assert np.array_equal(output, block.forward(x))
    np.testing.assert_allclose(norm.running_mean, block.layers[0].forward(x).mean(axis=0))


def test_a_branch_must_keep_the_number_of_features():
    with pytest.raises(ValueError, match=r"got \(batch, 3\) in and \(batch, 2\) out"):
        Residual([Dense(3, 2)])
    with pytest.raises(ValueError, match="at least one layer"):
        Residual([], fixup=True)
