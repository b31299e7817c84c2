import runpy
import threading
from collections import Counter
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from idx_files import idx_bytes, write_idx_set
from numpy.testing import assert_allclose, assert_array_equal

from coursekit.datasets import (
    MNIST_SHA256,
    digits,
    mnist,
    mnist_subset,
    photo_tiles,
)

DATA = files("coursekit") / "data"
IMAGES = {
    # loader: (shape of one sample, samples, classes, largest number in the file)
    digits: ((64,), 1797, 10, 16),
    mnist_subset: ((784,), 5000, 10, 255),
    photo_tiles: ((32, 32, 3), 120, 2, 255),
    partial(photo_tiles, 16): ((16, 16, 3), 520, 2, 255),
}


def stored(name):
    with (DATA / f"{name}.npz").open("rb") as file:
        return dict(np.load(file))


def rows(x, y):
    """The samples as a multiset of (bytes, class), whatever their order."""
    return Counter((sample.tobytes(), int(label)) for sample, label in zip(x, y, strict=True))


@pytest.mark.parametrize(("loader", "facts"), IMAGES.items())
def test_shape_range_and_classes(loader, facts):
    shape, samples, classes, largest = facts
    data = loader()
    for x, y in (data[:2], data[2:]):
        assert x.shape == (len(y), *shape)
        assert x.dtype == np.float64
        assert y.dtype == np.int64
        assert x.min() >= 0
        assert x.max() <= 1
        assert_array_equal(np.unique(y), range(classes))
        # Whole numbers over the largest: exact in float64 to half an ulp, hence 1e-12.
        assert_allclose(x * largest, np.rint(x * largest), atol=1e-12)
    assert len(data.y_train) + len(data.y_test) == samples
    assert data.x_train.max() == 1


@pytest.mark.parametrize("loader", IMAGES)
@pytest.mark.parametrize("fraction", [0.2, 0.5, 0.0])
def test_the_split_takes_the_same_fraction_of_every_class(loader, fraction):
    data = loader(test_fraction=fraction)
    train = np.bincount(data.y_train)
    test = np.bincount(data.y_test, minlength=len(train))
    assert_array_equal(test, [round(fraction * n) for n in train + test])


@pytest.mark.parametrize("loader", IMAGES)
def test_a_class_always_keeps_one_sample_to_train_on(loader):
    data = loader(test_fraction=0.9999)
    assert set(np.bincount(data.y_train)) == {1}


@pytest.mark.parametrize("loader", IMAGES)
def test_every_sample_is_in_one_part_with_its_own_label(loader):
    data, whole = loader(), loader(test_fraction=0)
    assert len(whole.y_test) == 0
    assert rows(data.x_train, data.y_train) + rows(data.x_test, data.y_test) == rows(*whole[:2])


@pytest.mark.parametrize(("name", "loader"), [("digits", digits), ("mnist_subset", mnist_subset)])
def test_the_samples_are_those_of_the_file(name, loader):
    file, data = stored(name), loader(test_fraction=0)
    images = file["images"].reshape(len(file["labels"]), -1)
    largest = images.max()
    assert rows(images, file["labels"]) == rows(
        np.rint(data.x_train * largest).astype(np.uint8), data.y_train
    )


def test_tiles_put_together_are_the_photographs():
    photos = stored("photos")["photos"]
    data = photo_tiles(20, test_fraction=0)
    tiles = [
        (photo[i : i + 20, j : j + 20] / 255, label)
        for label, photo in enumerate(photos)
        for i in range(0, 200, 20)
        for j in range(0, 320, 20)
    ]
    expected = rows(*(np.array(part) for part in zip(*tiles, strict=True)))
    assert rows(data.x_train, data.y_train) == expected


@pytest.mark.parametrize("loader", IMAGES)
def test_shuffled_the_same_way_at_every_call(loader):
    first, second, other = loader(), loader(), loader(seed=1)
    for a, b in zip(first, second, strict=True):
        assert_array_equal(a, b)
        assert not np.shares_memory(a, b)
    assert not np.array_equal(first.y_train, other.y_train)


@pytest.mark.parametrize("loader", [digits, mnist_subset])
def test_every_stretch_of_the_training_part_holds_all_classes(loader):
    y = loader().y_train
    for start in range(0, len(y) - 100, 100):
        # 10 of each are expected, with standard deviation 3: 5 of these are 25.
        counts = np.bincount(y[start : start + 100], minlength=10)
        assert counts.min() > 0
        assert counts.max() <= 25


def test_the_order_is_that_of_every_numpy():
    # Recorded once: raw PCG64 and a stable sort are promised to stay as they are.
    assert digits().y_train[:10].tolist() == [5, 4, 2, 1, 9, 8, 0, 4, 1, 6]
    assert mnist_subset().y_train[:10].tolist() == [2, 8, 4, 1, 0, 6, 7, 1, 2, 1]


@pytest.mark.parametrize("loader", IMAGES)
def test_float32_is_the_same_data_rounded_once(loader):
    wide, narrow = loader(), loader(dtype=np.float32)
    assert narrow.x_train.dtype == narrow.x_test.dtype == np.float32
    # One division rounded to float32: half an ulp, 2⁻²⁴ below 1.
    assert_allclose(narrow.x_train, wide.x_train, atol=2**-24, rtol=0)


def test_digits_have_three_constant_pixels():
    x = digits(test_fraction=0).x_train
    assert_array_equal(np.flatnonzero(x.std(axis=0) == 0), [0, 32, 39])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"test_fraction": 1}, "test_fraction"),
        ({"test_fraction": -0.1}, "test_fraction"),
        ({"dtype": int}, "dtype must be a floating-point type"),
        ({"dtype": "nonsense"}, "dtype must be a floating-point type"),
        ({"seed": -1}, "seed"),
        ({"seed": 0.5}, "seed"),
    ],
)
@pytest.mark.parametrize("loader", [digits, mnist_subset, photo_tiles])
def test_bad_arguments_are_named(loader, arguments, message):
    with pytest.raises(ValueError, match=message):
        loader(**arguments)


@pytest.mark.parametrize("size", [0, -3, 2.5, 214, 1000])
def test_tiles_of_no_size_are_refused(size):
    with pytest.raises(ValueError, match="size"):
        photo_tiles(size)


def test_the_script_makes_the_files():
    script = Path(__file__).parent / "data" / "make_data.py"
    makers = runpy.run_path(str(script))["FILES"]
    assert {f"{name}.npz" for name in ("digits", "mnist_subset", "photos")} == set(makers)
    for name, make in makers.items():
        committed, made = stored(name.removesuffix(".npz")), make()
        assert set(committed) == set(made)
        for key, array in made.items():
            assert committed[key].dtype == array.dtype == np.uint8
            assert_array_equal(committed[key], array)


def test_the_files_are_small_and_attributed():
    names = {file.name for file in DATA.iterdir() if file.name.endswith(".npz")}
    text = (DATA / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert all(f"## {name}" in text for name in names)
    assert (DATA / "mnist_subset.npz").stat().st_size < 900_000
    assert (DATA / "photos.npz").stat().st_size < 500_000


# The full MNIST, on small files of the same format.


@pytest.fixture
def source(tmp_path):
    """A folder with the four files, and what they hold."""
    return write_idx_set(tmp_path / "source", np.random.default_rng(3))


def test_mnist_reads_a_folder(source):
    data = mnist(source.folder, checksums=source.checksums, dtype=np.float32)
    assert data.x_train.shape == (30, 784)
    assert data.x_test.shape == (12, 784)
    assert data.x_train.dtype == np.float32
    scaled = np.float32(source.arrays[0].reshape(30, 784)) / np.float32(255)
    assert rows(data.x_train, data.y_train) == rows(scaled, source.arrays[1])
    assert not np.array_equal(data.y_train, source.arrays[1])  # shuffled
    again = mnist(str(source.folder), checksums=source.checksums, dtype=np.float32)
    assert_array_equal(again.x_train, data.x_train)


def test_mnist_reads_urls(source):
    handler = partial(QuietHandler, directory=source.folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        address = f"http://127.0.0.1:{server.server_port}"
        try:
            served = mnist(f"{address}/", checksums=source.checksums)
            with pytest.raises(OSError, match=r"train-images.*cannot be read.*404"):
                mnist(f"{address}/nowhere", checksums=None)
        finally:
            server.shutdown()
    filed = mnist(source.folder.as_uri(), checksums=source.checksums)
    for a, b, c in zip(served, filed, mnist(source.folder, checksums=None), strict=True):
        assert_array_equal(a, b)
        assert_array_equal(a, c)


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def test_mnist_is_the_published_files_unless_told_otherwise(source):
    assert len(MNIST_SHA256) == 4
    with pytest.raises(
        ValueError, match=r"train-images-idx3-ubyte.gz must have the SHA-256 440fcab"
    ):
        mnist(source.folder)


def test_no_copy_is_kept_unless_asked(source, tmp_path, monkeypatch):
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *a, **k: tmp_path / "user")
    mnist(source.folder, checksums=None)
    assert not (tmp_path / "user").exists()
    mnist(source.folder, checksums=None, cache=True)
    assert len(list((tmp_path / "user" / "mnist").rglob("*.gz"))) == 4


def test_a_copy_is_read_instead_of_the_source(source, tmp_path):
    load = partial(mnist, source.folder, checksums=source.checksums, cache=tmp_path / "cache")
    first = load()
    for file in source.folder.iterdir():
        file.unlink()
    for a, b in zip(first, load(), strict=True):
        assert_array_equal(a, b)


def test_a_damaged_copy_is_fetched_anew(source, tmp_path):
    load = partial(mnist, source.folder, checksums=None, cache=tmp_path / "cache")
    first = load()
    copies = sorted((tmp_path / "cache").rglob("*.gz"))
    whole = [copy.read_bytes() for copy in copies]
    for copy, content in zip(copies, whole, strict=True):
        copy.write_bytes(content[:-10])
    for a, b in zip(first, load(), strict=True):
        assert_array_equal(a, b)
    assert [copy.read_bytes() for copy in copies] == whole


def test_two_sources_have_two_copies(source, tmp_path):
    other = write_idx_set(tmp_path / "other", np.random.default_rng(4))
    cache = tmp_path / "cache"
    mnist(source.folder, checksums=None, cache=cache)
    data = mnist(other.folder, checksums=None, cache=cache)
    assert_array_equal(np.sort(data.y_train), np.sort(other.arrays[1]))


def test_nothing_wrong_is_kept(source, tmp_path, monkeypatch):
    (source.folder / "train-images-idx3-ubyte.gz").write_bytes(b"<html>log in first</html>")
    cache = tmp_path / "cache"
    with pytest.raises(ValueError, match="whole gzip file"):
        mnist(source.folder, checksums=None, cache=cache)
    assert not list(cache.rglob("*.*"))


def test_a_copy_is_there_whole_or_not_at_all(source, tmp_path, monkeypatch):
    def full_disk(self, target):
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(OSError, match="no space left"):
        mnist(source.folder, checksums=None, cache=tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(OSError, match=r"train-images.* cannot be read from source"):
        mnist(tmp_path)


def test_labels_that_do_not_match_are_refused(source):
    wrong = idx_bytes(np.zeros(7, np.uint8))
    (source.folder / "t10k-labels-idx1-ubyte.gz").write_bytes(wrong)
    with pytest.raises(ValueError, match=r"\(12, 28, 28\) and labels \(7,\)"):
        mnist(source.folder, checksums=None)


def test_checksums_must_name_every_file(source):
    with pytest.raises(ValueError, match="checksums must have an entry for t10k-labels"):
        mnist(source.folder, checksums=dict(list(source.checksums.items())[:3]))


# Clouds of points.
