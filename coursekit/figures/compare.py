"""Is a stored file still what the registry draws? Small differences between machines are none."""

import io
import re

import numpy as np
from matplotlib.image import imread

# The last digits of a number, and with them the smoothing of an edge, move with the processor and
# its libraries. A changed digit in a label is far above these bounds.
SVG_TOLERANCE = 0.02  # points
PNG_TOLERANCE = 12.0  # root mean square over the worst tile, in steps of 255
_TILE = 16  # pixels: about one letter

_RASTER = re.compile(r'"data:image/png;base64,[^"]*"')
_HASHED_ID = re.compile(r"\b[a-z][0-9a-f]{10}\b")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?")


def difference(format: str, stored: bytes, fresh: bytes) -> str:
    """Say how a stored file differs from a fresh one, or return "" if it does not."""
    if stored == fresh:
        return ""
    try:
        return {"svg": _svg_difference, "png": _png_difference}[format](stored, fresh)
    except (OSError, SyntaxError, ValueError):  # cut short, empty, or not of this format at all
        return f"cannot be read as {format}"


def _png_difference(stored: bytes, fresh: bytes) -> str:
    old, new = (255 * imread(io.BytesIO(data), format="png")[..., :3] for data in (stored, fresh))
    if old.shape != new.shape:
        return f"is {old.shape[1]}×{old.shape[0]} pixels, drawn {new.shape[1]}×{new.shape[0]}"
    square = ((old - new) ** 2).mean(axis=-1)
    rows, columns = (-(-n // _TILE) * _TILE for n in square.shape)
    padded = np.zeros((rows, columns))
    padded[: square.shape[0], : square.shape[1]] = square
    tiles = padded.reshape(rows // _TILE, _TILE, columns // _TILE, _TILE).mean(axis=(1, 3))
    worst = float(np.sqrt(tiles.max()))
    return f"looks different (by {worst:.0f} of 255)" if worst > PNG_TOLERANCE else ""


def _svg_difference(stored: bytes, fresh: bytes) -> str:
    old, new = (_normal(data.decode()) for data in (stored, fresh))
    if _NUMBER.sub("#", old) != _NUMBER.sub("#", new):
        return "has other shapes or other text"
    pairs = zip(_NUMBER.findall(old), _NUMBER.findall(new), strict=True)
    worst = max((abs(float(a) - float(b)) for a, b in pairs if a != b), default=0.0)
    return f"has a number that moved by {worst:g}" if worst > SVG_TOLERANCE else ""


def _normal(svg: str) -> str:
    """Without raster images, and with ids counted: they are hashes of the numbers they name."""
    names: dict[str, str] = {}
    svg = _RASTER.sub('"raster"', svg)
    return _HASHED_ID.sub(lambda found: names.setdefault(found[0], f"id-{len(names)}"), svg)
