import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from idx_files import idx_bytes
from numpy.testing import assert_array_equal

from coursekit.idx import cache_folder, read_idx

SHAPES = arrays.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=6)


@given(arrays.arrays(np.uint8, SHAPES))
def test_an_array_comes_back(array):
    back = read_idx("a", idx_bytes(array))
    assert back.dtype == np.uint8
    assert_array_equal(back, array, strict=True)


def test_the_lengths_are_highest_byte_first():
    # 0x0102 = 258 numbers on one axis, written by hand.
    content = gzip.compress(bytes([0, 0, 8, 1, 0, 0, 1, 2]) + bytes(range(256)) + b"\x07\x09")
    array = read_idx("a", content)
    assert array.shape == (258,)
    assert array[-2:].tolist() == [7, 9]


@given(st.binary(max_size=40))
def test_any_other_bytes_are_refused_by_name(content):
    with pytest.raises(ValueError, match=r"^some-file must be a whole (gzip|IDX) file"):
        read_idx("some-file", content)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\x00\x08",
        b"\x00\x00\x08\x00",  # no axes
        b"\x00\x00\x08\x01\x00\x00",  # a length cut off
        b"\x00\x00\x08\x01\x00\x00\x00\x03ab",  # one number missing
        b"\x00\x00\x08\x01\x00\x00\x00\x03abcd",  # one too many
        b"\x00\x00\x0d\x01\x00\x00\x00\x01abcd",  # floats
        b"<html>",
    ],
)
def test_what_is_not_idx_is_refused(raw):
    with pytest.raises(ValueError, match="some-file must be a whole IDX file of bytes"):
        read_idx("some-file", gzip.compress(raw))


def test_every_cut_is_refused():
    content = idx_bytes(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
    for length in range(len(content)):
        with pytest.raises(ValueError, match="whole"):
            read_idx("a", content[:length])


def test_a_checksum_guards_the_gzipped_bytes():
    content = idx_bytes(np.zeros(3))
    with pytest.raises(ValueError, match=r"a must have the SHA-256 0000, got [0-9a-f]{64}"):
        read_idx("a", content, "0000")


def test_the_folder_of_copies(tmp_path, monkeypatch):
    assert cache_folder("mnist", False, "anywhere") is None
    monkeypatch.chdir(tmp_path)
    relative, absolute = (cache_folder("mnist", "c", p) for p in ("here", tmp_path / "here"))
    assert relative == absolute
    assert relative.parent.name == "c"
    assert cache_folder("mnist", "c", "file:///here") != relative
