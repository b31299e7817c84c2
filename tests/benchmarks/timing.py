"""Timing of rivals side by side, and tables."""

import time
from collections.abc import Callable, Mapping, Sequence

Task = Callable[[], object]


def best_times(tasks: Mapping[str, Task], rounds: int) -> dict[str, float]:
    """Return the shortest time of each task in seconds.

    The tasks take turns, so that a busy moment of the machine hits all of them; the first round
    warms up and is not counted.
    """
    best = dict.fromkeys(tasks, float("inf"))
    for n in range(rounds + 1):
        for name, task in tasks.items():
            start = time.perf_counter()
            task()
            if n:
                best[name] = min(best[name], time.perf_counter() - start)
    return best


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows of text and numbers under their headings, the first column to the left."""
    cells = [list(columns), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    print(f"\n{title}")
    for first, *others in cells:
        numbers = (cell.rjust(w) for cell, w in zip(others, widths[1:], strict=True))
        print("  ".join([first.ljust(widths[0]), *numbers]))


def _text(cell: object) -> str:
    if not isinstance(cell, float):
        return str(cell)
    return f"{cell:,.0f}" if cell >= 100 else f"{cell:.3g}"
