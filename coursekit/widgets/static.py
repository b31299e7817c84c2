"""The picture of a playground for the stored notebook: its frame, drawn by matplotlib."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from coursekit.figures import style
from coursekit.widgets import scene

_DOTS_PER_INCH = 100
_WIDEST = 4.0  # as on a page of 980 pixels, where a share of 1 takes 240 at least


def picture(frame: scene.Frame) -> Figure:
    """Draw a frame as a matplotlib figure in the light colours, its panels in rows as on a page."""
    rows = _rows(list(frame.views.values()))
    heights = [max(view.panel.height for view in row) / 85 for row in rows]
    with style.context():
        size = (9.0, sum(heights))
        figure = Figure(figsize=size, dpi=_DOTS_PER_INCH, layout="constrained")
        parts = figure.subfigures(len(rows), 1, squeeze=False, height_ratios=heights)[:, 0]
        for part, row in zip(parts, rows, strict=True):
            shares = {"width_ratios": [view.panel.share for view in row]}
            axes = part.subplots(1, len(row), squeeze=False, gridspec_kw=shares)[0]
            for view, one in zip(row, axes, strict=True):
                _draw(one, view)
    return figure


def _rows(views: list[scene.View]) -> list[list[scene.View]]:
    """The panels that stand side by side: shares of at most ``_WIDEST`` together."""
    rows: list[list[scene.View]] = []
    room = 0.0
    for view in views:
        if not rows or view.panel.share > room:
            rows.append([])
            room = _WIDEST
        rows[-1].append(view)
        room -= view.panel.share
    return rows


def png(frame: scene.Frame) -> bytes:
    """The picture as a PNG file."""
    file = io.BytesIO()
    with style.context():
        FigureCanvasAgg(picture(frame)).print_png(file)
    return file.getvalue()


def _draw(axes: Axes, view: scene.View) -> None:
    panel = view.panel
    axes.set(title=panel.title, xlabel=panel.x_label, ylabel=panel.y_label)
    if panel.log_y:
        axes.set_yscale("log")
    axes.set(xlim=panel.x, ylim=panel.y)
    axes.locator_params(axis="x" if panel.log_y else "both", steps=[1, 2, 5, 10])
    if not panel.y_ticks:
        axes.set_yticks([])
    axes.spines[["top", "right"]].set_visible(True)
    for order, item in enumerate([*view.back, *view.items]):
        _DRAWERS[item.kind](axes, item, panel, order)
    if panel.equal:  # after the images, which set an aspect of their own
        axes.set_aspect("equal")


def _colour(role: str) -> str:
    return scene.COLOURS[role][0] if role in scene.COLOURS else role


def _image(axes: Axes, item: Any, panel: scene.Panel, order: int) -> None:
    ramp = LinearSegmentedColormap.from_list(item.ramp, list(scene.RAMPS[item.ramp][0]))
    window = (*panel.x, *panel.y)
    look: dict[str, Any] = {"vmin": 0, "vmax": 1, "aspect": "auto", "origin": "lower"}
    axes.imshow(item.values, cmap=ramp, extent=window, zorder=-1, **look)


def _path(axes: Axes, item: Any, panel: scene.Panel, order: int) -> None:
    dash: Any = (0, tuple(d / item.width for d in item.dash)) if item.dash else "-"
    look = {"color": _colour(item.color), "alpha": item.alpha, "zorder": 2 + 0.01 * order}
    axes.plot(
        *np.asarray(item.points).T,
        linestyle=dash,
        linewidth=item.width,
        marker=item.marker or None,
        markersize=2 * item.width + 1,
        **look,
    )


def _points(axes: Axes, item: Any, panel: scene.Panel, order: int) -> None:
    edge = style.INK if item.marker == "*" else style.PAPER
    axes.plot(
        *np.asarray(item.points).reshape(-1, 2).T,
        linestyle="none",
        marker=item.marker,
        markersize=2 * item.size,
        color=_colour(item.color),
        markeredgecolor=edge,
        markeredgewidth=0.5,
        alpha=item.alpha,
        zorder=2 + 0.01 * order,
    )


def _area(axes: Axes, item: Any, panel: scene.Panel, order: int) -> None:
    look: dict[str, Any] = {"alpha": item.alpha, "linewidth": 0, "zorder": 2 + 0.01 * order}
    axes.fill(*np.asarray(item.points).T, color=_colour(item.color), **look)


def _bars(axes: Axes, item: Any, panel: scene.Panel, order: int) -> None:
    x, y = np.asarray(item.points).reshape(-1, 2).T
    base = max(item.base, panel.y[0]) if panel.log_y else item.base
    look: dict[str, Any] = {"alpha": item.alpha, "zorder": 2 + 0.01 * order}
    axes.bar(x, y - base, item.width, base, color=_colour(item.color), **look)


def _text(axes: Axes, item: Any, panel: scene.Panel, order: int) -> None:
    x, y = item.at
    axes.text(
        x,
        y,
        item.text,
        color=_colour(item.color),
        ha=item.align,
        va="center",
        fontsize=style.SMALL,
        fontweight="bold" if item.bold else "normal",
        transform=axes.transAxes if item.share else axes.transData,
        clip_on=True,
        zorder=8,
    )


def _handle(axes: Axes, item: Any, panel: scene.Panel, order: int) -> None:
    ring: dict[str, Any] = {"markersize": 9, "markerfacecolor": style.PAPER, "zorder": 7}
    axes.plot(*item.at, "o", markeredgecolor=_colour(item.color), markeredgewidth=2, **ring)
    if item.label:
        style.label(axes, item.label, item.at, (8, 0), color=_colour(item.color))


_DRAWERS: dict[str, Callable[[Axes, Any, scene.Panel, int], None]] = {
    "image": _image,
    "path": _path,
    "points": _points,
    "area": _area,
    "bars": _bars,
    "text": _text,
    "handle": _handle,
}
