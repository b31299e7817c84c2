"""Small sets in the format of MNIST, for the tests of ``datasets`` and ``idx``."""

import gzip
import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from coursekit.datasets import MNIST_SHA256


class IdxSet(NamedTuple):
    folder: Path
    arrays: list[np.ndarray[Any, Any]]
    checksums: dict[str, str]


def idx_bytes(array):
    """The array as a gzipped IDX file of bytes."""
    heading = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return gzip.compress(heading + array.astype(np.uint8).tobytes(), mtime=0)


def write_idx_set(folder, rng):
    """Write four files, 30 training and 12 test images, and return what was written."""
    folder.mkdir()
    arrays, checksums = [], {}
    for name, n in zip(MNIST_SHA256, (30, 30, 12, 12), strict=True):
        shape, top = ((n, 28, 28), 256) if "images" in name else ((n,), 10)
        arrays.append(rng.integers(0, top, shape, dtype=np.uint8))
        content = idx_bytes(arrays[-1])
        checksums[name] = hashlib.sha256(content).hexdigest()
        (folder / name).write_bytes(content)
    return IdxSet(folder, arrays, checksums)
