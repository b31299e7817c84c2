import math
import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit import initializers
from coursekit.activations import leaky_relu, relu, sigmoid, tanh
from coursekit.initializers import (
    book_relu_normal,
    book_relu_uniform,
    constant,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
    normal,
    orthogonal,
    uniform,
)

# Each rule and its standard deviation, as the papers and the book print them.
RULES = [
    (lecun_normal, lambda n_in, n_out: math.sqrt(1 / n_in)),
    (lecun_uniform, lambda n_in, n_out: math.sqrt(1 / n_in)),
    (glorot_normal, lambda n_in, n_out: math.sqrt(2 / (n_in + n_out))),
    (glorot_uniform, lambda n_in, n_out: math.sqrt(2 / (n_in + n_out))),
    (he_normal, lambda n_in, n_out: math.sqrt(2 / n_in)),
    (he_uniform, lambda n_in, n_out: math.sqrt(2 / n_in)),
    (book_relu_normal, lambda n_in, n_out: math.sqrt(4 / (n_in + n_out))),
    (book_relu_uniform, lambda n_in, n_out: math.sqrt(4 / (n_in + n_out))),
]
LIMITS = {  # the uniform ranges r, as printed
    glorot_uniform: lambda n_in, n_out: math.sqrt(6 / (n_in + n_out)),
    book_relu_uniform: lambda n_in, n_out: math.sqrt(12 / (n_in + n_out)),
    he_uniform: lambda n_in, n_out: math.sqrt(6 / n_in),
    lecun_uniform: lambda n_in, n_out: math.sqrt(3 / n_in),
}
ALL = [*(rule for rule, _ in RULES), normal(0.3), uniform(0.3), constant(0.3), orthogonal()]
NAMES = [*(rule.name for rule, _ in RULES), "orthogonal"]
each = pytest.mark.parametrize("init", ALL, ids=repr)
fans = st.integers(1, 40)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("init", "std"), RULES, ids=NAMES[:-1])
@pytest.mark.parametrize("shape", [(300, 200), (900, 60), (60, 900)])
def test_mean_and_variance_for_unequal_fans(init, std, shape):
    weights = init(*shape, rng())
    expected = std(*shape)
    assert init.std(*shape) == pytest.approx(expected, abs=1e-14)
    # 54,000 draws: the mean errs by std/232, the std by std/329 at most; six such errors allowed
    assert abs(weights.mean()) < 6 * expected / 232
    assert weights.std() == pytest.approx(expected, rel=6 / 329)


@pytest.mark.parametrize(("init", "limit"), LIMITS.items(), ids=map(repr, LIMITS))
def test_uniform_rules_fill_their_range_and_no_more(init, limit):
    weights, r = init(300, 150, rng()), limit(300, 150)
    assert 0.999 * r < np.abs(weights).max() <= r * (1 + 1e-15)
    assert r == pytest.approx(math.sqrt(3) * init.std(300, 150), abs=1e-14)


@each
@given(n_in=fans, n_out=fans, seed=st.integers(0, 99))
def test_same_generator_same_weights(init, n_in, n_out, seed):
    weights = init(n_in, n_out, rng(seed))
    assert weights.shape == (n_in, n_out)
    assert weights.dtype == np.float64
    assert weights.flags.c_contiguous
    np.testing.assert_array_equal(weights, init(n_in, n_out, rng(seed)))


@each
def test_draws_advance_the_generator(init):
    generator = rng()
    first, second = init(4, 5, generator), init(4, 5, generator)
    assert (first == second).all() == isinstance(init, constant)


def test_normal_uniform_and_constant_are_what_they_say():
    drawn = normal(0.01)(200, 250, rng())
    assert drawn.std() == pytest.approx(0.01, rel=0.02)  # six times 1/√(2·50,000)
    flat = uniform(0.05)(200, 250, rng())
    assert 0.0499 < np.abs(flat).max() <= 0.05
    assert flat.std() == pytest.approx(0.05 / math.sqrt(3), rel=0.02)
    assert (constant(-2)(3, 4, rng()) == -2.0).all()


@given(fans, fans, st.floats(0.1, 10))
def test_orthogonal_has_orthonormal_rows_or_columns(n_in, n_out, gain):
    weights = orthogonal(gain)(n_in, n_out, rng()) / gain
    product = weights.T @ weights if n_in >= n_out else weights @ weights.T
    np.testing.assert_allclose(product, np.eye(min(n_in, n_out)), atol=1e-13)


def test_orthogonal_is_uniform_over_rotations_and_reflections():
    """Without the fixed signs the first entry of Q would never be positive."""
    first = [orthogonal()(3, 3, rng(seed))[0, 0] for seed in range(400)]
    # of a random direction in three dimensions each coordinate is uniform in (−1, 1)
    assert abs(np.mean(first)) < 6 / math.sqrt(3 * 400)
    assert np.std(first) == pytest.approx(1 / math.sqrt(3), abs=0.08)


def test_he_is_lecun_with_the_gain_of_relu_and_the_book_is_glorot_with_it():
    for scaled, expected in [
        (lecun_normal.scaled(relu.gain), he_normal),
        (glorot_uniform.scaled(relu.gain), book_relu_uniform),
    ]:
        np.testing.assert_allclose(scaled(7, 5, rng()), expected(7, 5, rng()), rtol=1e-14)


def test_the_books_rule_is_hes_for_a_square_layer_only():
    assert book_relu_normal.std(64, 64) == he_normal.std(64, 64)
    assert book_relu_normal.std(64, 16) > he_normal.std(64, 16)


def spread_through_depth(f, init, sizes):
    """Mean square of the pre-activations of the last layer over that of the first, and the same of
    the gradient with respect to them, from last to first."""
    generator = rng(1)
    x = generator.normal(size=(200, sizes[0]))
    weights = [init(n_in, n_out, generator) for n_in, n_out in pairwise(sizes)]
    inputs = []
    for w in weights:
        inputs.append(x @ w)
        x = f(inputs[-1])
    delta = generator.normal(size=inputs[-1].shape)
    first = np.mean(delta**2)
    for a, w in zip(inputs[-2::-1], weights[:0:-1], strict=True):
        delta = (delta @ w.T) * f.derivative(a)
    return np.mean(inputs[-1] ** 2) / np.mean(inputs[0] ** 2), np.mean(delta**2) / first


@pytest.mark.parametrize(
    ("f", "init"),
    [
        (relu, he_normal),
        (relu, he_uniform),
        (relu, book_relu_normal),
        (leaky_relu(0.3), lecun_normal.scaled(leaky_relu(0.3).gain)),
    ],
    ids=repr,
)
def test_signal_and_gradient_keep_their_size_over_fifty_square_layers(f, init):
    forward, backward = spread_through_depth(f, init, [200] * 51)
    # Fifty random factors near 1: over eight seeds 0.07 to 4. Without the gain it is 2^−49.
    assert 1 / 30 < forward < 30
    assert 1 / 30 < backward < 30


def test_without_the_gain_of_relu_fifty_layers_lose_the_signal():
    forward, backward = spread_through_depth(relu, lecun_normal, [200] * 51)
    # a half is lost in each of 49 layers, 2^−49 = 2e-15
    assert forward < 1e-13
    assert backward < 1e-13


def test_in_a_tapering_network_only_the_fan_in_keeps_the_forward_size():
    sizes = [800, 400, 200, 100, 50]
    he, _ = spread_through_depth(relu, he_normal, sizes)
    book, _ = spread_through_depth(relu, book_relu_normal, sizes)
    assert 0.5 < he < 2
    # n_in/(n_in + n_out) is 2/3 where ½ is wanted: 4/3 a layer, over the three layers between
    assert book / he == pytest.approx((4 / 3) ** 3, rel=1e-9)


def test_sigmoid_needs_its_gain_of_four_to_keep_a_small_signal():
    generator = rng(2)
    x = 0.01 * generator.normal(size=(500, 300))
    for gain, ratio in [(1.0, 1 / 16), (sigmoid.gain, 1.0)]:
        a = x @ lecun_normal.scaled(gain)(300, 300, generator)
        assert np.var(sigmoid(a)) / np.var(x) == pytest.approx(ratio, rel=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_is_found_by_name(name):
    found = initializers.get(name)
    assert repr(found).startswith(name)
    assert initializers.get(found) is found


@pytest.mark.parametrize("unknown", ["xavier", "normal", None, 0.1, normal])
def test_an_unknown_name_lists_the_known(unknown):
    with pytest.raises(ValueError, match="unknown initializer .*" + ", ".join(NAMES)):
        initializers.get(unknown)


@each
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 3, rng()), "n_in must be a whole number, at least 1, got 0"),
        ((3, 2.5, rng()), "n_out must be a whole number, at least 1, got 2.5"),
        ((3, 3, 42), "rng must be a numpy.random.Generator, got 42"),
        ((3, 3, np.random), "rng must be a numpy.random.Generator"),
    ],
)
def test_arguments_are_checked(init, arguments, message):
    with pytest.raises(ValueError, match=message):
        init(*arguments)


@pytest.mark.parametrize(
    ("make", "parameter"),
    [
        (lambda: normal(-0.1), "std"),
        (lambda: uniform(-0.1), "range"),
        (lambda: constant(math.nan), "value"),
        (lambda: orthogonal(0.0), "gain"),
        (lambda: he_normal.scaled(0.0), "gain"),
    ],
)
def test_parameters_are_checked_by_name(make, parameter):
    with pytest.raises(ValueError, match=f"^{parameter} must be a finite number"):
        make()


def test_reprs():
    assert repr(he_normal) == "he_normal"
    assert repr(glorot_normal.scaled(sigmoid.gain)) == "glorot_normal.scaled(4)"
    assert repr(normal(0.01)) == "normal(std=0.01)"
    assert repr(glorot_normal.scaled(tanh.gain)) == "glorot_normal"


@each
def test_an_initializer_is_a_value(init):
    assert pickle.loads(pickle.dumps(init)) == init
