"""A board of attempts: what a reader has tried on an open task, and how well it went."""

import html
import math
from collections.abc import Iterable
from typing import Any, NamedTuple

MOST = 50  # attempts that are kept of one exercise
_MARK = "← this one"
_CELL = "vertical-align:top;line-height:1.4;padding:.1em .8em .1em 0"


class Attempt(NamedTuple):
    """One line of a board.

    ``accuracy``: what was reached; ``steps``: until the goal was met, 0 if it was not;
    ``setting``: what was tried, in words.
    """

    accuracy: float
    steps: int
    setting: str


Board = tuple[Attempt, ...]


def ranked(attempts: Iterable[Attempt]) -> Board:
    """Return the best attempts, best first; one that was made twice stands once."""
    order = sorted(set(attempts), key=lambda a: (-a.accuracy, a.steps or math.inf, a.setting))
    return tuple(order[:MOST])


def read(rows: Any) -> Board:
    """Return the board that a file's JSON holds; ``ValueError`` if it is none."""
    if not isinstance(rows, list):
        raise ValueError(f"a board must be a list of attempts, got {rows!r}")
    return ranked(map(_attempt, rows))


def _attempt(row: Any) -> Attempt:
    if isinstance(row, list) and list(map(type, row)) == [float, int, str]:
        attempt = Attempt(*row)
        if 0 <= attempt.accuracy <= 1 and attempt.steps >= 0:
            return attempt
    raise ValueError(f"an attempt must be accuracy, steps and setting, got {row!r}")


def text(board: Board, most: int = MOST, latest: Attempt | None = None) -> list[str]:
    """The lines of a board as plain text, the first ``most`` attempts, and the latest marked."""
    lines = [f"{'accuracy':>8}  {'steps':>5}  setting"]
    for attempt in _shown(board, most, latest):
        mark = f"  {_MARK}" if attempt == latest else ""
        lines.append(f"{_percent(attempt):>8}  {_steps(attempt):>5}  {attempt.setting}{mark}")
    return lines + ([f"and {len(board) - most} more"] if len(board) > most else [])


def table(board: Board, most: int = MOST, latest: Attempt | None = None) -> str:
    """The same as an HTML table."""
    right, left = (f'style="text-align:{side};{_CELL}"' for side in ("right", "left"))
    rows = [f"<tr><th {right}>accuracy</th><th {right}>steps</th><th {left}>setting</th></tr>"]
    for attempt in _shown(board, most, latest):
        mark = f" <strong>{_MARK}</strong>" if attempt == latest else ""
        rows.append(
            f"<tr><td {right}>{_percent(attempt)}</td><td {right}>{_steps(attempt)}</td>"
            f"<td {left}>{html.escape(attempt.setting)}{mark}</td></tr>"
        )
    rest = f"and {len(board) - most} more" if len(board) > most else ""
    return f'<table style="margin:.2em 0">{"".join(rows)}</table>{rest}'


def _shown(board: Board, most: int, latest: Attempt | None) -> Board:
    """The first ``most``, the last of them giving way to the latest where that is further down."""
    below = latest is not None and latest in board[most:]
    return (*board[: most - 1], latest) if latest and below else board[:most]


def _percent(attempt: Attempt) -> str:
    return f"{attempt.accuracy:.1%}"


def _steps(attempt: Attempt) -> str:
    return str(attempt.steps or "–")
