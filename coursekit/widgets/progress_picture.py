"""The reader's progress as a picture: one square an exercise, one row a notebook."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from coursekit.exercises import progress
from coursekit.figures import style
from coursekit.guide import Chapter

# Face, edge, and a sign, so that the colour is never alone.
STATES = {
    "right": (style.UP, style.UP, "✓"),
    "right with help": ("#A9CDB7", style.UP, "✓"),
    "wrong": (style.PAPER, style.DOWN, "✗"),
    "not attempted": (style.PAPER, style.PALE, ""),
}
_LEFT, _SIDE, _DPI = 2.75, 0.2, 200  # inches; where the squares begin, how large they are


def show_progress(chapters: Sequence[Chapter]) -> None:
    """Show what you have solved, notebook by notebook."""
    from IPython.display import display

    rows = _states(chapters)
    png = {"image/png": b64encode(_png(draw(rows))).decode(), "text/plain": told(rows)}
    width = round(100 * style.PAGE)
    display(png, metadata={"image/png": {"width": width, "alt": told(rows)}}, raw=True)


def _states(chapters: Sequence[Chapter]) -> dict[str, list[str]]:
    """The states of the exercises of each notebook, by its title."""
    table = progress.table()
    return {
        f"{one.name[:2]} {one.title}": [row.state for row in table if row.section == one.section]
        for one in chapters
    }


def told(rows: dict[str, list[str]]) -> str:
    """Return the picture in words."""
    states = [state for row in rows.values() for state in row]
    solved = sum(state.startswith("right") for state in states)
    begun = ", ".join(
        f"{sum(state.startswith('right') for state in row)} of {len(row)} in {title}"
        for title, row in rows.items()
        if set(row) != {"not attempted"}
    )
    return f"{solved} of {len(states)} exercises solved" + (f": {begun}." if begun else ".")


def draw(rows: dict[str, list[str]]) -> Figure:
    """Draw the rows of squares, with what each kind of square means."""
    step = 1.25 * _SIDE
    height = step * (len(rows) + 2)
    with style.context():
        figure = Figure(figsize=(style.PAGE, height))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, style.PAGE), ylim=(height, 0))
        axes.set_axis_off()
        for number, (title, states) in enumerate(rows.items()):
            y = step * (number + 0.5)
            axes.text(_LEFT - 0.1, y, title, ha="right", va="center", fontsize=style.SMALL)
            for place, state in enumerate(states):
                _square(axes, _LEFT + step * place, y, state)
            solved = sum(state.startswith("right") for state in states)
            words = f"{solved} of {len(states)}"
            axes.text(6.2, y, words, ha="right", va="center", fontsize=style.SMALL)
        y = height - 0.7 * step
        for state, x in zip(STATES, (0, 0.75, 2.0, 2.8), strict=True):
            _square(axes, _LEFT + x, y, state)
            look: dict[str, Any] = {"fontsize": 7, "color": style.MUTED, "va": "center"}
            axes.text(_LEFT + x + 1.3 * _SIDE, y, state, **look)
    return figure


def _square(axes: Any, x: float, y: float, state: str) -> None:
    face, edge, sign = STATES[state]
    corner = (x + 0.03, y - _SIDE / 2 + 0.03)
    inner = _SIDE - 0.06
    box = FancyBboxPatch(corner, inner, inner, "round,pad=0.03", fc=face, ec=edge, lw=1)
    axes.add_patch(box)
    ink = style.PAPER if face == style.UP else edge
    axes.text(x + _SIDE / 2, y, sign, color=ink, ha="center", va="center", fontsize=8)


def _png(figure: Figure) -> bytes:
    figure.dpi = _DPI
    file = io.BytesIO()
    with style.context():
        FigureCanvasAgg(figure).print_png(file)
    return file.getvalue()
