"""IDX files, the format of MNIST: fetch from where the caller says, check, keep a copy, read."""

import contextlib
import gzip
import hashlib
import math
import os
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from coursekit.files import write_whole

Place = str | os.PathLike[str]


def cache_folder(name: str, cache: bool | Place, source: Place) -> Path | None:
    """Where copies of this source are kept, if they are; two sources never share a folder.

    ``cache``: False, True for the user's cache folder, or a folder.
    """
    if cache is False:
        return None
    if cache is True:
        from platformdirs import user_cache_path

        cache = user_cache_path("coursekit", appauthor=False) / name
    place = os.fspath(source)
    place = place if _is_url(place) else str(Path(place).absolute())
    return Path(cache) / hashlib.sha256(place.encode()).hexdigest()[:16]


def idx_file(
    source: Place, name: str, checksum: str | None, folder: Path | None
) -> NDArray[np.uint8]:
    """Return the array in one gzipped IDX file of bytes, from ``folder`` if a copy is there.

    ``source``: a folder or URL; ``checksum``: SHA-256 of the gzipped file, None to take any.
    Raises ``OSError`` where it cannot be read, ``ValueError`` where it is not the right file.
    """
    copy = None if folder is None else folder / name
    if copy is not None and copy.is_file():
        with contextlib.suppress(ValueError):  # a damaged copy is fetched anew
            return read_idx(name, copy.read_bytes(), checksum)
    content = _fetch(os.fspath(source), name)
    array = read_idx(name, content, checksum)
    if copy is not None:
        copy.parent.mkdir(parents=True, exist_ok=True)
        write_whole(copy, content)
    return array


def read_idx(name: str, content: bytes, checksum: str | None = None) -> NDArray[np.uint8]:
    """Return the array in the gzipped bytes of an IDX file; ``name`` is for the errors.

    The format: two zero bytes, the type (8: bytes), the number of axes, the length of each as four
    bytes, highest first, then the numbers in row-major order.
    """
    found = hashlib.sha256(content).hexdigest()
    if checksum not in (None, found):
        raise ValueError(f"{name} must have the SHA-256 {checksum}, got {found}")
    try:
        raw = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{name} must be a whole gzip file: {error}") from None
    axes = raw[3] if raw[:3] == b"\x00\x00\x08" and len(raw) > 3 else 0
    start = 4 + 4 * axes
    shape = [int.from_bytes(raw[i : i + 4], "big") for i in range(4, start, 4)]
    if not axes or len(raw) != start + math.prod(shape):
        raise ValueError(f"{name} must be a whole IDX file of bytes")
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)


def _is_url(place: str) -> bool:
    return place.lower().startswith(("http://", "https://", "file:"))


def _fetch(source: str, name: str) -> bytes:
    from http.client import HTTPException
    from urllib.request import urlopen

    try:
        if not _is_url(source):
            return (Path(source) / name).read_bytes()
        with urlopen(f"{source.rstrip('/')}/{name}", timeout=60) as answer:
            return answer.read()
    except (OSError, HTTPException) as error:
        raise OSError(f"{name} cannot be read from source {source!r}: {error}") from error
