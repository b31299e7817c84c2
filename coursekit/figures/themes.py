"""A figure on a dark page, or in the grey of a printer: every colour turned as it is drawn.

Each theme is an affine map of RGB. Affine, so that what shines through, a smoothed edge or a colour
in between becomes what the turned colours would have made of it.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.colors import to_hex, to_rgba, to_rgba_array
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from coursekit.checks import Array, check_known


class Theme(NamedTuple):
    """rgb ← matrix · rgb + shift, cut to 0 … 1."""

    matrix: Array
    shift: Array

    def turn(self, colors: ArrayLike) -> Array:
        """Turn colours, (..., 3), or (..., 4) with an opacity that stays."""
        colors = np.array(colors, float)
        turned = colors[..., :3] @ self.matrix.T + self.shift
        colors[..., :3] = np.clip(turned, 0, 1)
        return colors


_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_GREY = np.array([0.299, 0.587, 0.114])  # of a printer, and of a PNG made grey
# Light becomes dark and the hue stays: rgb is taken from white, then reflected at the grey axis.
_REFLECTION = 2 * np.outer(np.ones(3), _LUMINANCE) - np.eye(3)
_NIGHT, _SPAN = 0.07, 0.86  # the darkest grey, and from there to the lightest

THEMES = {
    "light": Theme(np.eye(3), np.zeros(3)),
    "dark": Theme(-_SPAN * _REFLECTION, _SPAN * _REFLECTION.sum(axis=1) + _NIGHT),
    "grey": Theme(np.outer(np.ones(3), _GREY), np.zeros(3)),
}


def check_theme(theme: str) -> Theme:
    """Return the theme of this name; ``ValueError`` lists the known ones."""
    return THEMES[check_known("theme", theme, list(THEMES))]


def apply(figure: Figure, theme: str) -> None:
    """Let a figure be drawn in the colours of a theme, whatever file it is saved to."""
    turned = check_theme(theme)
    if theme == "light":
        return
    draw = figure.draw

    def draw_turned(renderer: Any) -> None:
        passing: Any = _Turned(renderer, turned)
        draw(passing)

    figure.draw = draw_turned  # type: ignore[method-assign]


_APART = 0.04  # the least difference of two greys that print shows side by side


def alike_in_grey(figure: Figure) -> str:
    """Name two lines of one panel that differ in their colour only, and not in grey; else ""."""
    grey = THEMES["grey"]
    for axes in figure.axes:
        lines = [
            line for line in axes.lines if line.get_visible() and np.size(line.get_xdata()) > 1
        ]
        for one, two in combinations(lines, 2):
            colors = [to_hex(line.get_color()) for line in (one, two)]
            looks = [
                (vars(line)["_dash_pattern"], line.get_marker(), line.get_linewidth())
                for line in (one, two)
            ]
            greys = [grey.turn(to_rgba(color))[0] for color in colors]
            if (
                colors[0] != colors[1]
                and looks[0] == looks[1]
                and abs(greys[0] - greys[1]) < _APART
            ):
                return " and ".join(colors)
    return ""


class _Rgba(tuple[float, ...]):
    """A colour that is turned already: a text with a halo fills its letters with its pen's."""


class _Turned:
    """A renderer in front of another: what passes through has the theme's colours."""

    def __init__(self, renderer: Any, theme: Theme) -> None:
        vars(self).update(_renderer=renderer, _theme=theme)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._renderer, name)

    def __setattr__(self, name: str, value: Any) -> None:  # matplotlib counts rasterized parts here
        setattr(self._renderer, name, value)

    def new_gc(self) -> GraphicsContextBase:
        gc = self._renderer.new_gc()
        foreground, hatch = gc.set_foreground, gc.set_hatch_color

        def set_foreground(color: Any, isRGBA: bool = False) -> None:  # noqa: N803
            foreground(self._turned(color), True)
            gc._rgb = _Rgba(gc._rgb)

        gc.set_foreground = set_foreground
        gc.set_hatch_color = lambda color: hatch(self._turned(color))
        return gc

    def _turned(self, color: Any) -> Any:
        """One colour, or None for no colour."""
        if color is None or isinstance(color, _Rgba):
            return color
        return _Rgba(self._theme.turn(to_rgba(color)).tolist())

    def draw_path(self, gc: Any, path: Any, transform: Any, rgbFace: Any = None) -> None:  # noqa: N803
        self._renderer.draw_path(gc, path, transform, self._turned(rgbFace))

    def draw_markers(
        self,
        gc: Any,
        marker_path: Any,
        marker_trans: Any,
        path: Any,
        trans: Any,
        rgbFace: Any = None,  # noqa: N803
    ) -> None:
        face = self._turned(rgbFace)
        self._renderer.draw_markers(gc, marker_path, marker_trans, path, trans, face)

    def draw_path_collection(self, *args: Any, **options: Any) -> None:
        *where, faces, edges, widths, styles, smooth, urls, position = args
        faces, edges = (self._theme.turn(to_rgba_array(colors)) for colors in (faces, edges))
        rest = (widths, styles, smooth, urls, position)
        if options.get("hatchcolors") is not None:
            options["hatchcolors"] = self._theme.turn(to_rgba_array(options["hatchcolors"]))
        self._renderer.draw_path_collection(*where, faces, edges, *rest, **options)

    def draw_quad_mesh(self, *args: Any) -> None:
        *where, faces, smooth, edges = args
        faces, edges = (self._theme.turn(to_rgba_array(colors)) for colors in (faces, edges))
        self._renderer.draw_quad_mesh(*where, faces, smooth, edges)

    def draw_image(self, gc: Any, x: float, y: float, im: Array, *rest: Any) -> None:
        turned = self._theme.turn(im / 255)
        self._renderer.draw_image(gc, x, y, np.round(255 * turned).astype(np.uint8), *rest)
