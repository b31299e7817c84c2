"""The outcomes of a sweep, kept in a file as they come, so that a killed sweep can go on."""

import json
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

Point = dict[str, Any]
Outcome = dict[str, Any]  # {"result": a dict of plain values} or {"error": a text}
Run = Callable[..., Mapping[str, Any]]

_PLAIN = (bool, int, float, str, type(None))


def plain(value: Any, sequence: type[list[Any]] | type[tuple[Any, ...]] = list) -> Any:
    """Return the value as JSON gives it back, exactly: floats to the last bit, nan and inf.

    NumPy's numbers become Python's, arrays and tuples become ``sequence``. Raises ``TypeError``.
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return sequence(plain(item, sequence) for item in value)
    if type(value) not in _PLAIN:
        raise TypeError(f"numbers, strings and lists of them, got {type(value).__name__}")
    return value


def run_key(point: Point, seed: int) -> str:
    """The text that names one run, the same whatever the order of the grid's names."""
    return json.dumps([point, seed], sort_keys=True)


class Journal:
    """The outcomes so far by key, and their file: a heading, then one line of JSON a run.

    ``path``: None keeps nothing. Half a line at the end, left by a kill, is dropped.
    A file that is not of this ``run`` and these ``runs`` is refused and left as it is.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        run: Run,
        runs: Mapping[str, tuple[Point, int]],
    ) -> None:
        self.done: dict[str, Outcome] = {}
        self._runs = runs
        self._path = None if path is None else Path(path)
        if self._path is None:
            return
        names = sorted(next(iter(runs.values()))[0])
        heading = json.dumps({"sweep of": describe(run), "over": names})
        start = f"{heading}\n".encode()
        content = self._path.read_bytes() if self._path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if whole.startswith(start):
            self._read(whole[len(start) :])
        elif not start.startswith(content):
            first = content.split(b"\n")[0][:200].decode(errors="replace")
            raise ValueError(
                "results must be a new file or that of this sweep, which would begin with "
                f"{heading}; {path} begins with {first}"
            )
        if whole != content:
            os.truncate(self._path, len(whole))
        if not whole:
            self._write(start)

    def add(self, key: str, outcome: Outcome) -> None:
        """Keep the outcome of one run; it is on the disk when this returns."""
        self.done[key] = outcome
        point, seed = self._runs[key]
        self._write(f"{json.dumps({'point': point, 'seed': seed, **outcome})}\n".encode())

    def _read(self, lines: bytes) -> None:
        for number, line in enumerate(lines.splitlines(), start=2):
            try:
                row = json.loads(line)
                key = run_key(row["point"], row["seed"])
                outcome = {name: row[name] for name in ("result", "error") if name in row}
            except (ValueError, KeyError, TypeError):
                raise ValueError(f"results: line {number} of {self._path} is damaged") from None
            if key not in self._runs:
                raise ValueError(
                    "results must be a new file or that of this sweep; "
                    f"{self._path} has a run that is not in grid and seeds: {key}"
                )
            self.done[key] = outcome

    def _write(self, line: bytes) -> None:
        if self._path is not None:
            with self._path.open("ab") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())


def describe(run: Run) -> str:
    """The name of a function, with what ``functools.partial`` has fixed."""
    if isinstance(run, partial):
        texts = [
            f"{name}={value!r}" if type(value) in _PLAIN else f"{name}: {type(value).__name__}"
            for name, value in [*enumerate(run.args), *run.keywords.items()]
        ]
        return f"{describe(run.func)} with {', '.join(texts)}"
    return f"{run.__module__}.{getattr(run, '__qualname__', type(run).__name__)}"
