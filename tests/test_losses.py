import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from coursekit.losses import l2_penalty, mean_squared_error, softmax, softmax_cross_entropy

outputs_and_targets = st.tuples(st.integers(1, 6), st.integers(1, 5)).flatmap(
    lambda shape: st.tuples(
        arrays(np.float64, shape, elements=st.floats(-5, 5)),
        arrays(np.int64, shape[0], elements=st.integers(0, shape[1] - 1)),
    )
)


def central_difference(loss, y, h=1e-5):
    """∂ loss/∂y, entry by entry."""
    gradient = np.zeros_like(y)
    for index in np.ndindex(y.shape):
        step = np.zeros_like(y)
        step[index] = h
        gradient[index] = (loss(y + step) - loss(y - step)) / (2 * h)
    return gradient


@given(outputs_and_targets)
def test_cross_entropy_gradient_is_that_of_the_loss(case):
    outputs, targets = case
    _, gradient = softmax_cross_entropy(outputs, targets)
    numeric = central_difference(lambda y: softmax_cross_entropy(y, targets)[0], outputs)
    # truncation h²/6 = 2e-11; rounding of a loss up to 10 over h: 2e-10
    np.testing.assert_allclose(gradient, numeric, rtol=0, atol=1e-9)


@given(outputs_and_targets)
def test_cross_entropy_is_minus_the_mean_log_probability(case):
    outputs, targets = case
    loss, gradient = softmax_cross_entropy(outputs, targets)
    probabilities = softmax(outputs)
    own = probabilities[np.arange(len(targets)), targets]
    assert loss == pytest.approx(-np.log(own).mean(), abs=1e-13)  # logarithms up to 12
    assert loss >= 0
    onehot = np.eye(outputs.shape[1])[targets]
    expected = (probabilities - onehot) / len(outputs)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-15)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-14)


@given(outputs_and_targets, st.integers(-1000, 1000))
def test_a_constant_added_to_a_row_changes_nothing(case, shift):
    outputs, targets = case
    loss, gradient = softmax_cross_entropy(outputs, targets)
    moved_loss, moved_gradient = softmax_cross_entropy(outputs + shift, targets)
    # the sum with 1000 rounds to 1e-13
    assert moved_loss == pytest.approx(loss, abs=1e-12)
    np.testing.assert_allclose(moved_gradient, gradient, rtol=0, atol=1e-12)


@given(outputs_and_targets)
def test_a_batch_twice_has_the_same_mean_loss_and_half_the_gradient_a_row(case):
    outputs, targets = case
    loss, gradient = softmax_cross_entropy(outputs, targets)
    twice, shared = softmax_cross_entropy(np.tile(outputs, (2, 1)), np.tile(targets, 2))
    np.testing.assert_allclose(twice, loss, rtol=1e-14)
    np.testing.assert_array_equal(shared, np.tile(gradient / 2, (2, 1)))


def test_equal_outputs_cost_the_log_of_the_number_of_classes():
    loss, _ = softmax_cross_entropy(np.zeros((3, 10)), [0, 4, 9])
    assert loss == pytest.approx(math.log(10), abs=1e-14)


def test_huge_outputs_stay_exact_and_silent():
    with np.errstate(all="raise", under="ignore"):
        loss, gradient = softmax_cross_entropy([[1000.0, 0.0], [-1000.0, 0.0]], [1, 1])
    assert loss == 500.0
    np.testing.assert_array_equal(gradient, [[0.5, -0.5], [0.0, 0.0]])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("loss", [softmax_cross_entropy, mean_squared_error])
def test_diverged_outputs_give_a_visible_and_silent_loss(loss, bad):
    outputs = np.array([[bad, 0.0], [1.0, 2.0]])
    targets = np.array([0, 1]) if loss is softmax_cross_entropy else np.zeros((2, 2))
    with np.errstate(all="raise", under="ignore"):
        assert not np.isfinite(loss(outputs, targets)[0])
    with np.errstate(all="raise", under="ignore"):
        assert mean_squared_error([[1e200]], [[0.0]])[0] == np.inf


@given(
    arrays(np.float64, array_shapes(min_dims=1, max_dims=3, max_side=4), elements=st.floats(-5, 5))
)
def test_softmax_is_a_distribution(outputs):
    probabilities = softmax(outputs)
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, rtol=1e-14)


@given(arrays(np.float64, array_shapes(max_dims=3, max_side=4), elements=st.floats(-5, 5)))
def test_squared_error_value_and_gradient(outputs):
    targets = np.cos(np.arange(outputs.size)).reshape(outputs.shape)
    loss, gradient = mean_squared_error(outputs, targets)
    expected = ((outputs - targets) ** 2).sum() / outputs.size
    np.testing.assert_allclose(loss, expected, rtol=1e-14, atol=1e-300)
    numeric = central_difference(lambda y: mean_squared_error(y, targets)[0], outputs)
    # a parabola has no truncation error; rounding of a loss up to 36 over h: 7e-10
    np.testing.assert_allclose(gradient, numeric, rtol=0, atol=2e-9)


def test_squared_error_is_the_mean_over_rows_and_features():
    loss, gradient = mean_squared_error([[3.0, 0.0], [0.0, 0.0]], np.zeros((2, 2)))
    assert loss == 9 / 4
    np.testing.assert_array_equal(gradient, [[2 * 3 / 4, 0], [0, 0]])


@given(arrays(np.float64, 5, elements=st.floats(-5, 5)), st.floats(0, 3))
def test_l2_penalty_value_and_gradient(weights, strength):
    penalty, gradient = l2_penalty(weights, strength)
    expected = strength * (weights @ weights) / 2
    np.testing.assert_allclose(penalty, expected, rtol=1e-14, atol=1e-300)
    np.testing.assert_array_equal(gradient, strength * weights)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_loss_is_a_float_and_the_gradient_keeps_the_dtype(dtype):
    y = np.ones((4, 3), dtype)
    for loss, gradient in (
        softmax_cross_entropy(y, np.zeros(4, np.int64)),
        softmax_cross_entropy(y, np.zeros(4, np.uint8)),
        mean_squared_error(y, np.zeros((4, 3))),
        mean_squared_error(y, np.zeros((4, 3), int)),
        l2_penalty(y, np.float64(0.1)),
    ):
        assert type(loss) is float
        assert gradient.dtype == dtype
        assert gradient.shape == y.shape
    assert softmax(y).dtype == dtype


def test_arguments_are_not_changed():
    y, classes, values = np.ones((3, 2)), np.array([0, 1, 1]), np.zeros((3, 2))
    for array in (y, classes, values):
        array.flags.writeable = False
    for _, gradient in (
        softmax_cross_entropy(y, classes),
        mean_squared_error(y, values),
        l2_penalty(y, 1.0),
    ):
        assert not np.shares_memory(gradient, y)
    assert not np.shares_memory(softmax(y), y)


@pytest.mark.parametrize(
    ("outputs", "targets", "message"),
    [
        (np.zeros((3, 4)), [0, 4, 1], "targets must be classes from 0 to 3, got 4 in row 1"),
        (np.zeros((3, 4)), [0, 1, -1], "targets must be classes from 0 to 3, got -1 in row 2"),
        (np.zeros((3, 4)), [0, 1], r"targets must have shape \(3,\) .* \(3, 4\), got \(2,\)"),
        (np.zeros((3, 4)), np.eye(4, dtype=int)[:3], r"shape \(3,\) .* \(3, 4\), got \(3, 4\)"),
        (np.zeros((3, 4)), [0.0, 1.0, 2.0], "targets must be whole numbers.*float64"),
        (np.zeros((3, 4)), [True, False, True], "targets must be whole numbers.*bool"),
        (np.zeros(4), [0], r"outputs must have shape \(M, classes\), got \(4,\)"),
        (np.zeros((0, 4)), np.zeros(0, int), r"outputs must have shape .* got \(0, 4\)"),
    ],
)
def test_cross_entropy_refuses(outputs, targets, message):
    with pytest.raises(ValueError, match=message):
        softmax_cross_entropy(outputs, targets)


@pytest.mark.parametrize(
    ("outputs", "targets", "message"),
    [
        (np.zeros((3, 1)), np.zeros(3), r"targets must have .* outputs, \(3, 1\), got \(3,\)"),
        (np.zeros((0, 2)), np.zeros((0, 2)), r"outputs must have at least one entry.*\(0, 2\)"),
        (
            np.zeros((3, 2)),
            [[0, 1], [np.nan, 0], [0, np.inf]],
            "targets must be finite, got nan or inf in 2 of 3 rows: 1, 2",
        ),
    ],
)
def test_squared_error_refuses(outputs, targets, message):
    with pytest.raises(ValueError, match=message):
        mean_squared_error(outputs, targets)


def test_a_penalty_has_no_negative_strength():
    with pytest.raises(ValueError, match="strength must be a finite number at least 0, got -1"):
        l2_penalty(np.ones(2), -1)
