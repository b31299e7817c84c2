"""Preprocessing of data: centring and scaling, learned from the training set (Section 7.6).

    scaler = Standardize().fit(x_train)
    x_train, x_test = scaler.transform(x_train), scaler.transform(x_test)

The habits are scikit-learn's. The first axis of x counts the M examples. Statistics are kept in
float64, in attributes that end in ``_``; transformed data keep their dtype.
"""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from coursekit.checks import Array, check_finite_rows, float_array


class NotFittedError(ValueError):
    """A transformer was used before ``fit``."""


class Transformer:
    """What all transformers offer: x ← (x − shift)/scale and the way back."""

    _wanted = "(M, N)"
    _example_shape: tuple[int, ...] | None = None

    def fit(self, x: ArrayLike) -> Self:
        """Learn the statistics of the training set x; return the transformer itself."""
        x = self._data(x)
        check_finite_rows("x", x)
        self._learn(x)
        self._example_shape = x.shape[1:]
        return self

    def transform(self, x: ArrayLike) -> Array:
        """Return a new array: x transformed by the statistics that ``fit`` learned."""
        x = self._data(x)
        check_finite_rows("x", x)
        shift, scale = self._statistics_for(x)
        return (x - shift) / scale

    def fit_transform(self, x: ArrayLike) -> Array:
        """Return ``fit(x).transform(x)``."""
        return self.fit(x).transform(x)

    def inverse_transform(self, x: ArrayLike) -> Array:
        """Return a new array: the data that ``transform`` makes into x."""
        x = self._data(x)
        shift, scale = self._statistics_for(x)
        return x * scale + shift

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def _learn(self, x: Array) -> None:
        raise NotImplementedError

    def _shift_and_scale(self) -> tuple[Array, Array]:
        raise NotImplementedError

    def _data(self, x: ArrayLike) -> Array:
        x = float_array("x", x)
        rank = self._wanted.count(",") + 1
        if x.ndim != rank or not x.size:
            raise ValueError(f"x must have shape {self._wanted} and M ≥ 1 examples, got {x.shape}")
        return x

    def _statistics_for(self, x: Array) -> tuple[Array, Array]:
        if self._example_shape is None:
            raise NotFittedError(f"{self!r} is not fitted: call fit(x) on the training set first")
        if x.shape[1:] != self._example_shape:
            raise ValueError(
                f"x must have examples of shape {self._example_shape}, as the training set, "
                f"got {x.shape[1:]}"
            )
        shift, scale = self._shift_and_scale()
        return shift.astype(x.dtype, copy=False), scale.astype(x.dtype, copy=False)


class Center(Transformer):
    """Centring: x ← x − mean, for each of the N features (Figure 7.19).

    ``mean_``: shape (N,). scikit-learn's ``StandardScaler(with_std=False)``.

    >>> Center().fit_transform([[1.0, 5.0], [3.0, 5.0]]).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """

    mean_: Array

    def _learn(self, x: Array) -> None:
        self.mean_ = x.mean(axis=0, dtype=np.float64)

    def _shift_and_scale(self) -> tuple[Array, Array]:
        return self.mean_, np.ones(())


class Standardize(Center):
    """Standardizing: x ← (x − mean)/σ, for each of the N features (Section 7.6).

    The book's formula carries a second minus sign: a misprint. ``mean_``, ``scale_``: shape (N,);
    σ is the population's (divisor M), 1 for a constant feature, which thus becomes 0.
    scikit-learn's ``StandardScaler``.
    """

    scale_: Array

    def _learn(self, x: Array) -> None:
        super()._learn(x)
        std = x.std(axis=0, dtype=np.float64)
        # The std of a constant feature may come out as a rounding error instead of 0.
        constant = (x.max(axis=0) == x.min(axis=0)) | (std == 0)
        self.scale_ = np.where(constant, 1.0, std)

    def _shift_and_scale(self) -> tuple[Array, Array]:
        return self.mean_, self.scale_


class MinMax(Transformer):
    """Scaling to [−1, 1]: the least value of each feature becomes −1, the largest 1 (Section 7.6).

    ``data_min_``, ``data_max_``: shape (N,). New data may lie outside. A constant feature becomes
    0; otherwise scikit-learn's ``MinMaxScaler(feature_range=(-1, 1))``, which makes it −1.
    """

    data_min_: Array
    data_max_: Array

    def _learn(self, x: Array) -> None:
        self.data_min_ = x.min(axis=0).astype(np.float64)
        self.data_max_ = x.max(axis=0).astype(np.float64)

    def _shift_and_scale(self) -> tuple[Array, Array]:
        half_width = (self.data_max_ - self.data_min_) / 2
        middle = self.data_min_ + half_width
        return middle, np.where(half_width == 0, 1.0, half_width)


class MeanImage(Center):
    """Subtract the mean image: one mean for each pixel and channel (Section 7.6).

    For images of shape (M, N, N, channels). ``mean_``: the mean image, shape (N, N, channels).
    """

    _wanted = "(M, N, N, channels)"


class ChannelMean(Center):
    """Subtract the channel mean: one mean for each channel, over all pixels of all images.

    For images of shape (M, N, N, channels). ``mean_``: shape (channels,). The sum runs over M·N²
    values; the book's formula divides it by M alone: a misprint (Section 7.6).
    """

    _wanted = "(M, N, N, channels)"

    def _learn(self, x: Array) -> None:
        self.mean_ = x.mean(axis=(0, 1, 2), dtype=np.float64)
