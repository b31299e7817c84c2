import json
import math
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit import activations
from coursekit.activations import elu, identity, leaky_relu, relu, sigmoid, softplus, tanh

GOLDEN = json.loads((Path(__file__).parent / "goldens" / "activations.json").read_text("utf-8"))
ALL = [identity, sigmoid, tanh, relu, leaky_relu(), leaky_relu(0.3), softplus, elu(), elu(0.5)]
each = pytest.mark.parametrize("f", ALL, ids=repr)
NAMES = ["identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "elu"]


@pytest.mark.parametrize("name", GOLDEN["functions"])
def test_values_and_derivatives_of_pytorch(name):
    f, golden, inputs = activations.get(name), GOLDEN["functions"][name], GOLDEN["inputs"]
    # All are of size 1 or exact multiples of the input: rounding only.
    np.testing.assert_allclose(f(inputs), golden["value"], rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(f.derivative(inputs), golden["derivative"], rtol=1e-14, atol=1e-15)


@each
@given(st.floats(-20, 20).filter(lambda a: abs(a) > 1e-4))
def test_derivative_is_that_of_the_function(f, a):
    h = 1e-5
    slope = (f(a + h) - f(a - h)) / (2 * h)
    # the central difference errs by f'''h²/6 < 1e-11 and by rounding, ulp(20)/h = 4e-10
    assert f.derivative(a) == pytest.approx(slope, abs=2e-9)


@each
def test_derivative_from_the_output_is_the_derivative(f):
    a = np.linspace(-10, 10, 101)
    np.testing.assert_array_equal(f.derivative_from_output(f(a)), f.derivative(a))


@each
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 4)])
def test_shape_and_dtype_are_kept_and_the_input_unchanged(f, dtype, shape):
    a = np.full(shape, -0.5, dtype)
    a.flags.writeable = False
    for result in (f(a), f.derivative(a), f.derivative_from_output(a)):
        assert result.shape == shape
        assert result.dtype == dtype
        assert not np.shares_memory(result, a)


@each
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_is_said_at_a_thousand_or_beyond(f, dtype):
    with np.errstate(all="raise", under="ignore"):
        extreme = np.array([-np.inf, -1e30, -1000, 1000, 1e30, np.inf], dtype)
        assert not np.isnan(f(extreme)).any()
        assert np.isfinite(f.derivative(extreme)).all()
        assert np.isnan(f(np.array([np.nan], dtype))).all()


@each
def test_lists_and_integers_become_float64(f):
    assert f([1, 2]).dtype == f.derivative([1, 2]).dtype == np.float64


@each
def test_a_word_is_refused(f):
    with pytest.raises(ValueError, match="a must be an array of real numbers"):
        f("large")


def test_sigmoid_at_the_extremes():
    np.testing.assert_array_equal(sigmoid([-1000.0, 0.0, 1000.0]), [0.0, 0.5, 1.0])
    # far out on the left it is the exponential, to rounding, not yet 0
    np.testing.assert_allclose(sigmoid(-700.0), math.exp(-700), rtol=1e-14)
    assert sigmoid.derivative(36.0) > 0
    assert sigmoid.derivative(37.0) == 0  # 1 − z has rounded to 0


@given(st.floats(-30, 30))
def test_sigmoid_symmetry_bound_and_tanh(a):
    assert sigmoid(a) + sigmoid(-a) == pytest.approx(1, abs=1e-15)
    assert 0 < sigmoid.derivative(a) <= sigmoid.derivative(0.0) == 0.25
    assert tanh(a) == pytest.approx(2 * sigmoid(2 * a) - 1, abs=1e-15)


@given(st.floats(-1e6, 1e6), st.floats(0, 0.99))
def test_rectifiers_are_a_maximum(a, slope):
    assert relu(a) == max(0.0, a)
    assert leaky_relu(slope)(a) == max(slope * a, a)
    assert leaky_relu(0.0)(a) == relu(a)


def test_derivatives_at_zero_are_those_of_the_left():
    assert relu.derivative(0.0) == 0
    assert leaky_relu(0.2).derivative(0.0) == 0.2
    assert elu(0.5).derivative(0.0) == 0.5


@given(st.floats(-700, 700))
def test_softplus_lies_between_relu_and_relu_plus_ln_2(a):
    assert relu(a) <= softplus(a) <= relu(a) + math.log(2) + 1e-13
    assert softplus(a) - softplus(-a) == pytest.approx(a, abs=1e-12)
    np.testing.assert_allclose(softplus.derivative(a), sigmoid(a), rtol=1e-13)


def test_elu_falls_to_minus_alpha():
    assert elu(1.7)(-1000.0) == -1.7
    assert elu(1.7)(3.0) == 3.0


def test_gains():
    assert [f.gain for f in (identity, sigmoid, tanh)] == [1, 4, 1]
    assert relu.gain == leaky_relu(0.0).gain == math.sqrt(2)
    assert leaky_relu(0.2).gain == pytest.approx(math.sqrt(2 / 1.04), abs=1e-14)
    assert softplus.gain == pytest.approx(2, abs=1e-14)
    assert elu().gain == 1


@each
def test_gain_keeps_the_spread_of_a_small_signal(f):
    small = 1e-4 * np.random.default_rng(0).normal(size=20_000)
    symmetric = np.concatenate([small, -small])
    signal = f.gain * (f(symmetric) - f(0.0))
    # the mean square, as rectifiers shift the mean; curvature matters to 1e-4 of it
    assert np.mean(signal**2) / np.mean(symmetric**2) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_every_activation_is_found_by_name(name):
    found = activations.get(name)
    assert repr(found).partition("(")[0] == name
    assert activations.get(found) is found


@pytest.mark.parametrize("unknown", ["rleu", "", None, 3, leaky_relu, np.tanh])
def test_an_unknown_name_lists_the_known(unknown):
    with pytest.raises(ValueError, match=r"unknown activation .*Known: " + ", ".join(NAMES)):
        activations.get(unknown)


def test_a_near_miss_is_guessed():
    with pytest.raises(ValueError, match="Did you mean 'sigmoid'"):
        activations.get("sigmiod")


@pytest.mark.parametrize("slope", [-0.1, 1.0, math.nan, "0.1"])
def test_a_leaky_slope_is_in_range(slope):
    with pytest.raises(ValueError, match="slope must be a finite number at least 0 and below 1"):
        leaky_relu(slope)


@pytest.mark.parametrize("alpha", [0.0, -1.0, math.inf])
def test_an_elu_alpha_is_positive(alpha):
    with pytest.raises(ValueError, match="alpha must be a finite number above 0"):
        elu(alpha)


@each
def test_an_activation_is_a_value(f):
    assert pickle.loads(pickle.dumps(f)) == f
    assert len({*ALL}) == len(ALL)
