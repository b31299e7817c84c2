import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from coursekit.preprocessing import (
    Center,
    ChannelMean,
    MeanImage,
    MinMax,
    NotFittedError,
    Standardize,
)

TABLES, IMAGES = [Center, Standardize, MinMax], [MeanImage, ChannelMean]
each = pytest.mark.parametrize("kind", TABLES + IMAGES)
numbers = st.floats(-1e3, 1e3).map(lambda value: round(value, 6))
tables = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=8), elements=numbers)
images = arrays(np.float64, array_shapes(min_dims=4, max_dims=4, max_side=4), elements=numbers)


def data(kind, seed=0, rows=6):
    """Random examples of the shape that a transformer takes."""
    shape = (rows, 5) if kind in TABLES else (rows, 4, 4, 3)
    return np.random.default_rng(seed).normal(3.0, 2.0, shape)


@given(tables)
def test_center_and_standardize_equal_scikit_learn(x):
    for ours, theirs in [
        (Center(), StandardScaler(with_std=False)),
        (Standardize(), StandardScaler()),
    ]:
        got, expected = ours.fit_transform(x), theirs.fit_transform(x)
        # Two ways to sum a dozen numbers of 1e3; a spread may be as small as 1e-6.
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)


@given(tables)
def test_min_max_equals_scikit_learn_but_for_constant_features(x):
    varied = x.max(axis=0) > x.min(axis=0)
    got = MinMax().fit_transform(x)
    expected = MinMaxScaler(feature_range=(-1, 1)).fit_transform(x)
    np.testing.assert_allclose(got[:, varied], expected[:, varied], rtol=0, atol=1e-6)
    assert (got[:, ~varied] == 0).all()


def test_scikit_learn_to_rounding_on_ordinary_data_and_new_data():
    train, new = data(Standardize, 1, rows=300), data(Standardize, 2)
    for ours, theirs in [
        (Center(), StandardScaler(with_std=False)),
        (Standardize(), StandardScaler()),
        (MinMax(), MinMaxScaler(feature_range=(-1, 1))),
    ]:
        ours.fit(train)
        theirs.fit(train)
        np.testing.assert_allclose(ours.transform(new), theirs.transform(new), atol=1e-13)
        np.testing.assert_allclose(
            ours.inverse_transform(new), theirs.inverse_transform(new), atol=1e-13
        )


@given(tables)
def test_what_the_transformed_training_set_looks_like(x):
    scale = np.abs(x).max() + 1
    np.testing.assert_allclose(Center().fit_transform(x).mean(axis=0), 0, atol=1e-14 * scale)
    varied = x.max(axis=0) > x.min(axis=0)
    standard = Standardize().fit_transform(x)
    np.testing.assert_allclose(standard.std(axis=0), varied, atol=1e-6)
    ends = MinMax().fit_transform(x)
    np.testing.assert_allclose(ends.max(axis=0), varied, atol=1e-6)
    np.testing.assert_allclose(-ends.min(axis=0), varied, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e9, 255.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_constant_feature_becomes_zero_and_comes_back(value, dtype):
    x = np.column_stack([np.full(10, value), np.arange(10)]).astype(dtype)
    for kind in TABLES:
        transformer = kind().fit(x)
        # the mean of equal numbers may be off in its last place
        done = transformer.transform(x)
        np.testing.assert_allclose(done[:, 0], 0, atol=np.spacing(dtype(abs(value))))
        np.testing.assert_allclose(transformer.inverse_transform(done), x, rtol=1e-6)
    assert Standardize().fit(x).scale_[0] == 1


@given(images)
def test_mean_image_is_the_mean_of_the_images(x):
    transformer = MeanImage().fit(x)
    assert transformer.mean_.shape == x.shape[1:]
    np.testing.assert_array_equal(
        transformer.mean_, Center().fit(x.reshape(len(x), -1)).mean_.reshape(x.shape[1:])
    )
    np.testing.assert_allclose(transformer.transform(x).mean(axis=0), 0, atol=1e-11)


@given(images)
def test_channel_mean_runs_over_all_pixels_of_all_images(x):
    transformer = ChannelMean().fit(x)
    assert transformer.mean_.shape == (x.shape[-1],)
    by_channel = x.reshape(-1, x.shape[-1])
    np.testing.assert_allclose(
        transformer.mean_, by_channel.sum(axis=0) / len(by_channel), atol=1e-11
    )
    np.testing.assert_allclose(transformer.transform(x).mean(axis=(0, 1, 2)), 0, atol=1e-11)


@each
@given(seed=st.integers(0, 99))
def test_inverse_undoes_transform(kind, seed):
    train, new = data(kind, seed), data(kind, seed + 1)
    transformer = kind().fit(train)
    for x in (train, new):
        back = transformer.inverse_transform(transformer.transform(x))
        np.testing.assert_allclose(back, x, rtol=0, atol=1e-14 * 20)


@each
def test_statistics_are_of_the_training_set_alone(kind):
    train, new = data(kind, 1), data(kind, 2) + 100
    transformer = kind().fit(train)
    learned = {name: value.copy() for name, value in vars(transformer).items() if name[-1] == "_"}
    assert learned
    whole = transformer.transform(new)
    np.testing.assert_array_equal(transformer.transform(new[:1]), whole[:1])
    assert whole.min() > 5  # new data are not centred by themselves
    for name, value in learned.items():
        np.testing.assert_array_equal(getattr(transformer, name), value)
        assert value.dtype == np.float64


@each
def test_fit_returns_itself_and_fit_transform_is_both(kind):
    x, transformer = data(kind), kind()
    assert transformer.fit(x) is transformer
    np.testing.assert_array_equal(kind().fit_transform(x), transformer.transform(x))


@each
def test_fitting_again_forgets_the_first_training_set(kind):
    again = kind().fit(data(kind, 1)).fit(data(kind, 2))
    x = data(kind, 3)
    np.testing.assert_array_equal(again.transform(x), kind().fit(data(kind, 2)).transform(x))


@each
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept_and_the_data_unchanged(kind, dtype):
    x = data(kind).astype(dtype)
    x.flags.writeable = False
    transformer = kind().fit(x)
    for result in (transformer.transform(x), transformer.inverse_transform(x)):
        assert result.dtype == dtype
        assert result.shape == x.shape
        assert not np.shares_memory(result, x)


@each
def test_bytes_become_float64(kind):
    x = np.abs(data(kind) * 20).astype(np.uint8)
    assert kind().fit_transform(x).dtype == np.float64


def test_statistics_of_float32_are_taken_in_float64():
    """A running sum in float32 drifts: 1e-4 of the mean here."""
    x = np.full((200_000, 2), 0.1, np.float32)
    expected = float(np.float32(0.1))
    assert x.mean(axis=0)[0] != pytest.approx(expected, rel=1e-6)
    assert Center().fit(x).mean_ == pytest.approx(expected, rel=1e-11)


@each
def test_transform_before_fit_is_refused(kind):
    for call in (kind().transform, kind().inverse_transform):
        with pytest.raises(NotFittedError, match=rf"{kind.__name__}\(\) is not fitted: call fit"):
            call(data(kind))
    assert issubclass(NotFittedError, ValueError)


@each
def test_a_failed_fit_does_not_count(kind):
    transformer = kind()
    with pytest.raises(ValueError, match="finite"):
        transformer.fit(data(kind) * np.nan)
    with pytest.raises(NotFittedError):
        transformer.transform(data(kind))


@each
def test_nan_in_the_data_says_which_rows(kind):
    x = data(kind, rows=9)
    fitted = kind().fit(x)
    bad = x.copy()
    bad[2].flat[0] = np.nan
    bad[7].flat[-1] = np.inf
    for call in (kind().fit, fitted.transform):
        with pytest.raises(
            ValueError, match=r"x must be finite, got nan or inf in 2 of 9 rows: 2, 7$"
        ):
            call(bad)
    with pytest.raises(ValueError, match=r"in 9 of 9 rows: 0, 1, 2, 3, 4, …$"):
        kind().fit(x * np.nan)


@each
def test_examples_of_another_shape_are_refused_with_both_shapes(kind):
    x = data(kind)
    fitted = kind().fit(x)
    other = x[:, :-1]
    old, new = re.escape(str(x.shape[1:])), re.escape(str(other.shape[1:]))
    for call in (fitted.transform, fitted.inverse_transform):
        with pytest.raises(ValueError, match=f"examples of shape {old}, .* got {new}"):
            call(other)


@each
def test_data_of_another_rank_are_refused(kind):
    wanted = r"\(M, N\)" if kind in TABLES else r"\(M, N, N, channels\)"
    for x in (np.zeros(5), np.zeros((2, 3, 4)), data(kind)[:0]):
        with pytest.raises(ValueError, match=rf"x must have shape {wanted} .*got"):
            kind().fit(x)


@each
def test_repr(kind):
    assert repr(kind()) == f"{kind.__name__}()"
