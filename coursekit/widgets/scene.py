"""What a playground shows, as values: panels, the items in them, and how they travel.

A ``Frame`` is computed by Python and drawn twice: live by ``canvas.js``, and by ``static.py`` as
the picture in a stored notebook.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from coursekit.checks import Array, quiet

Point = tuple[float, float]

# Colours by role, on a light and on a dark page. The methods' are those of the figures; on dark
# they are lightened until each keeps a contrast of 4.5.
COLOURS: dict[str, tuple[str, str]] = {
    "ink": ("#22262B", "#ECEFF2"),
    "muted": ("#5B626B", "#A9B2BC"),
    "grid": ("#DFE2E5", "#3A4047"),
    "paper": ("#FCFCFA", "#1B1E22"),
    "contour": ("#93A1AF", "#66727F"),
    "good": ("#2A8350", "#5FC98B"),
    "bad": ("#B3261E", "#FF8A80"),
    "star": ("#F0E442", "#F0E442"),
    "SGD": ("#0072B2", "#4FB3E8"),
    "Momentum": ("#D55E00", "#FF9447"),
    "Nesterov": ("#C8719F", "#E59AC4"),
    "AdaGrad": ("#005C42", "#3DBB94"),
    "RMSProp": ("#7B3FCF", "#B48AF2"),
    "Adam": ("#1F1F1F", "#F2F2F2"),
}
# Ramps of an ``Image``, from its lowest to its highest value, by three stops.
RAMPS: dict[str, tuple[tuple[str, str, str], tuple[str, str, str]]] = {
    "loss": (("#F8FAFB", "#E6EBF0", "#CBD5DE"), ("#20252B", "#2A3139", "#3B4550")),
    "density": (("#FCFCFA", "#8DB9D8", "#0072B2"), ("#1B1E22", "#2F5F80", "#6CC4F2")),
    "signed": (("#7A1F4B", "#F7F7F5", "#2A8350"), ("#E07BA6", "#24282D", "#5FC98B")),
}


@dataclass(frozen=True)
class Panel:
    """One pair of axes: its window, its labels, and its share of the width.

    ``log_y``: a decimal logarithmic axis, with a window of positive numbers. ``equal``: a unit is
    as long on both axes, so that right angles look right; the height then follows from the width.
    ``y_ticks``: whether the y axis has numbers and grid lines.
    """

    title: str = ""
    x: Point = (0.0, 1.0)
    y: Point = (0.0, 1.0)
    x_label: str = ""
    y_label: str = ""
    log_y: bool = False
    share: float = 1.0
    height: int = 300
    equal: bool = False
    y_ticks: bool = True


@dataclass(frozen=True)
class Image:
    """Shades behind everything: rows of values from 0 to 1, the lowest y first."""

    kind: ClassVar[str] = "image"
    values: ArrayLike
    ramp: str = "loss"


@dataclass(frozen=True)
class Path:
    """A line through points of shape (n, 2), broken at nan; ``marker`` stands at every point."""

    kind: ClassVar[str] = "path"
    points: ArrayLike
    color: str = "ink"
    width: float = 1.6
    dash: tuple[float, ...] = ()
    marker: str = ""
    alpha: float = 1.0


@dataclass(frozen=True)
class Points:
    """Marks at points of shape (n, 2): ``marker`` is one of o s D ^ v P *."""

    kind: ClassVar[str] = "points"
    points: ArrayLike
    color: str = "ink"
    marker: str = "o"
    size: float = 3.0
    alpha: float = 1.0


@dataclass(frozen=True)
class Area:
    """A filled polygon with corners of shape (n, 2)."""

    kind: ClassVar[str] = "area"
    points: ArrayLike
    color: str = "muted"
    alpha: float = 0.2


@dataclass(frozen=True)
class Bars:
    """Bars from ``base`` to the y of each point of shape (n, 2), ``width`` wide in units of x."""

    kind: ClassVar[str] = "bars"
    points: ArrayLike
    color: str = "muted"
    width: float = 0.8
    base: float = 0.0
    alpha: float = 1.0


@dataclass(frozen=True)
class Text:
    """Words at a point; with ``share`` it counts in shares of the panel, from the lower left."""

    kind: ClassVar[str] = "text"
    at: Point
    text: str
    color: str = "ink"
    align: str = "left"
    share: bool = False
    bold: bool = False


@dataclass(frozen=True)
class Handle:
    """A ring that the reader drags, or moves by arrow keys: ``name`` is its place in the state.

    ``axis``: "xy", or "x" or "y" where it moves along one axis only.
    """

    kind: ClassVar[str] = "handle"
    name: str
    at: Point
    label: str = ""
    color: str = "ink"
    axis: str = "xy"


Item = Image | Path | Points | Area | Bars | Text | Handle


@dataclass(frozen=True)
class View:
    """A panel with its items. What stands in ``back`` changes only when ``key`` does."""

    panel: Panel
    items: Sequence[Item]
    back: Sequence[Item] = ()
    key: str = ""


@dataclass(frozen=True)
class Frame:
    """All that is seen at once: views by name, and what was measured, as lines of text.

    ``goal``: what is to be reached, if anything is; ``met``: whether it is.
    """

    views: Mapping[str, View]
    readout: Sequence[str] = ()
    goal: str = ""
    met: bool = False


def encode(
    frame: Frame, known: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], list[memoryview]]:
    """A frame as a message: plain values, and its arrays as binary buffers.

    ``known``: the keys of the backgrounds that the other side has already; they are not sent again.
    """
    buffers: list[memoryview] = []
    views = {}
    for name, view in frame.views.items():
        sent: dict[str, Any] = {"panel": _plain(view.panel, buffers), "key": view.key}
        sent["items"] = [_plain(item, buffers) for item in view.items]
        if not view.key or (known or {}).get(name) != view.key:
            sent["back"] = [_plain(item, buffers) for item in view.back]
        views[name] = sent
    content = {"views": views, "readout": list(frame.readout), "goal": frame.goal}
    return content | {"met": frame.met}, buffers


def _plain(value: Any, buffers: list[memoryview]) -> dict[str, Any]:
    plain = {"kind": value.kind} if hasattr(value, "kind") else {}
    for part in fields(value):
        content = getattr(value, part.name)
        plain[part.name] = _buffered(content, buffers) if part.name in _ARRAYS else content
    return plain


_ARRAYS = ("points", "values")


@quiet  # what is beyond float32 is far beyond the panel: inf, and drawn so
def _buffered(array: ArrayLike, buffers: list[memoryview]) -> dict[str, Any]:
    packed = np.ascontiguousarray(array, dtype=np.float32)
    # A memoryview of no bytes cannot be cast, and an empty array needs no buffer to be empty.
    buffers.append(memoryview(packed.tobytes()))
    return {"buffer": len(buffers) - 1, "shape": list(packed.shape)}


def drawable(points: Array) -> Array:
    """Points that are far outside of every picture, and not finite ones, are left out."""
    return np.where((np.abs(points) < 1e3).all(axis=1, keepdims=True), points, np.nan)


def number(value: float, digits: int = 2) -> str:
    """A number in words of a readout: 0.0027, 35, 6·10⁻¹⁹, ∞."""
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "not a number")
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{float(f'{value:.{digits}g}'):g}".replace("-", "−")
    factor, power = f"{value:.{digits - 1}e}".split("e")
    raised = str(int(power)).translate(_SUPERSCRIPTS)
    factor = f"{float(factor):g}".replace("-", "−")
    return f"10{raised}" if factor == "1" else f"{factor}·10{raised}"


_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
