"""The surfaces of the playgrounds by name, and their shades and contour lines."""

from __future__ import annotations

from functools import cache
from typing import Any

import contourpy
import numpy as np
from contourpy import LineType

from coursekit.checks import Array
from coursekit.objectives import Beale, DoubleWell, Objective, Rosenbrock, bowl, saddle, valley
from coursekit.widgets.scene import Image, Item, Path, Point

# Each with its goal: the loss above its minimum that counts as arrived.
SURFACES: dict[str, Objective] = {
    "bowl": bowl(1.0, 2.0),
    "valley": valley(20.0),
    "steep valley": valley(100.0),
    "tilted valley": valley(20.0, rotation=np.pi / 6),
    "saddle": saddle(),
    "double well": DoubleWell(tilt=0.1, dimension=2),
    "Rosenbrock": Rosenbrock(),
    "Beale": Beale(),
}
_BANDS = 12
_GRID = 141


def window(name: str) -> tuple[Point, Point]:
    """The window of a surface: the ends of both axes."""
    (x0, x1), (y0, y1) = SURFACES[name].window.tolist()
    return (x0, x1), (y0, y1)


def floor(name: str) -> float:
    """The lowest loss of a surface; −inf where it falls without end."""
    surface = SURFACES[name]
    return float(surface.value(surface.minima).min()) if len(surface.minima) else -np.inf


@cache
def background(name: str) -> tuple[Item, ...]:
    """Shades and contour lines of a surface, each band between two lines of the same area."""
    (x0, x1), (y0, y1) = window(name)
    x, y = np.linspace(x0, x1, _GRID), np.linspace(y0, y1, _GRID)
    loss = SURFACES[name].value(np.stack(np.meshgrid(x, y), axis=-1))
    levels = np.quantile(loss, np.linspace(0, 1, _BANDS + 1)[1:-1])
    contours = contourpy.contour_generator(x, y, loss, line_type=LineType.Separate)
    lines: list[Any] = [line for level in levels for line in contours.lines(level)]
    shades = Image(np.searchsorted(levels, loss) / (_BANDS - 1))
    return shades, Path(_joined(lines), "contour", 0.7)


def _joined(lines: list[Array]) -> Array:
    """Many lines as one that is broken at nan."""
    gap = np.full((1, 2), np.nan)
    return np.concatenate([part for line in lines for part in (line, gap)])
