"""What a reader has tried, seen and solved: one small JSON file in the reader's data folder.

A change is read, made and written under a lock, so that two kernels lose nothing; a reading takes
no lock, because the file is always whole. Where the folder cannot be written, changes wait in
memory and the course works on; they are stored as soon as that is possible.
"""

import contextlib
import json
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from coursekit.checks import check_count, check_known
from coursekit.exercises.boards import Attempt, ranked
from coursekit.exercises.records import (
    STATUSES,
    ProgressFileError,
    Record,
    Records,
    merge,
    parse,
    to_text,
)
from coursekit.files import write_whole

_PATIENCE = 3.0  # seconds to wait for another kernel; a change takes it about 5 ms


class Row(NamedTuple):
    """One line of the table; ``section`` and ``kind`` are empty where the course has no such id."""

    id: str
    section: str
    kind: str
    state: str
    tries: int
    hints: str


class Imported(NamedTuple):
    """How many exercises of a file were new here, changed what was here, or changed nothing."""

    new: int
    changed: int
    same: int


Change = Callable[[Records], Records]

_parse_once = lru_cache(maxsize=1)(parse)  # most readings find what the last one found
_waiting: list[Change] = []  # what could not be stored yet
_threads = threading.RLock()
_warned = False


def path() -> Path:
    """Return where progress is kept: in ``$COURSEKIT_DATA``, else in the user's data folder.

    ``FileNotFoundError`` if there is no home folder for it.
    """
    from platformdirs import user_data_path

    chosen = os.environ.get("COURSEKIT_DATA")
    with contextlib.suppress(RuntimeError):  # of a "~" that stands for nothing
        if chosen:
            return Path(chosen).expanduser().absolute() / "progress.json"
        folder = user_data_path("coursekit", appauthor=False)
        if folder.is_absolute():
            return folder / "progress.json"
    raise FileNotFoundError("there is no home folder")


def get(id: str) -> Record:
    """Return what is known of one exercise."""
    return everything().get(_checked(id), Record())


def everything() -> Records:
    """Return what is known of every exercise that was tried or looked into, by id."""
    with _threads:
        try:
            return _with_waiting(_read())
        except OSError as problem:
            _warn_once(problem)
            return _with_waiting({})


def tried(id: str, status: str, answer: Any = None, attempt: Attempt | None = None) -> Record:
    """Count one try and keep its status; "not attempted" changes nothing.

    ``answer``: a JSON value to keep, such as a locked prediction; None keeps the one before.
    ``attempt``: a new line of the exercise's board.
    """
    check_known("status", status, STATUSES)
    if status == "not attempted":
        return get(id)
    value = _json_value(answer)

    def change(old: Record) -> Record:
        return replace(
            old,
            tries=old.tries + 1,
            solved=old.solved or status == "right",
            last=status,
            answer=old.answer if value is None else value,
            board=old.board if attempt is None else ranked((*old.board, attempt)),
        )

    return _change_one(id, change)


def saw_hint(id: str, number: int) -> Record:
    """Remember that the hint of this number, from 1, was seen, and those before it."""
    check_count("number", number, at_least=1)
    return _change_one(
        id,
        lambda old: replace(old, hints=max(number, old.hints), helped=old.helped or not old.solved),
    )


def saw_solution(id: str) -> Record:
    """Remember that the solution was shown."""
    return _change_one(
        id, lambda old: replace(old, solution=True, helped=old.helped or not old.solved)
    )


def reset(*ids: str, keep: bool = False) -> Path | None:
    """Forget these exercises; without ids all of them.

    With ``keep``, and always without ids, the old records stay in a file beside, whose path is
    returned (None if there were none); ``OSError`` where that cannot be written.
    """
    gone = [_checked(id) for id in ids]

    def forget(records: Records) -> Records:
        return {id: record for id, record in records.items() if gone and id not in gone}

    if gone and not keep:
        _update(forget)
        return None
    with _threads, _locked(place := path()):
        records = _with_waiting(_load_or_set_aside(place))
        kept = _free_name(place, "before-reset") if records else None
        if kept is not None:
            write_whole(kept, to_text(records))
            write_whole(place, to_text(forget(records)))
        _waiting.clear()
        return kept


def export(path: str | os.PathLike[str]) -> int:
    """Write all progress to a new file and return how many exercises it holds.

    ``FileExistsError`` if there is a file of this name already, ``OSError`` where progress cannot
    be read or the file not be written.
    """
    if Path(path).exists():
        raise FileExistsError(f"path must be a new file, {os.fspath(path)} exists already")
    with _threads:
        records = _with_waiting(_read())
    write_whole(Path(path), to_text(records))
    return len(records)


def import_(path: str | os.PathLike[str]) -> Imported:
    """Add the progress in a file that ``export`` wrote; a second time it changes nothing.

    Of an exercise known on both sides the best of both is kept. ``ValueError`` for another file,
    ``OSError`` where it cannot be read or the result not be stored: then nothing has changed.
    """
    try:
        theirs = parse(Path(path).read_bytes())
    except ProgressFileError as problem:
        raise ValueError(
            f"path must be a file written by export, but {os.fspath(path)} {problem}"
        ) from None
    ours: Records = {}

    def add(records: Records) -> Records:
        ours.update(_with_waiting(records))
        both = {id: merge(ours[id], theirs[id]) for id in theirs.keys() & ours.keys()}
        return {**ours, **theirs, **both}

    with _threads:
        now = _store(add)
        _waiting.clear()
    new = len(theirs.keys() - ours.keys())
    same = sum(now[id] == ours.get(id) for id in theirs)
    return Imported(new, len(theirs) - new - same, same)


def table() -> list[Row]:
    """Return one row an exercise in the order of the course, then the ids it does not know."""
    from coursekit import exercises

    records, rows = everything(), []
    for one in map(exercises.get, exercises.ids()):
        record = records.pop(one.id, Record())
        hints = "solution" if record.solution else f"{record.hints} of {len(one.hints)}"
        rows.append(Row(one.id, one.section, one.kind, record.state, record.tries, hints))
    for id, record in records.items():
        hints = "solution" if record.solution else str(record.hints)
        rows.append(Row(id, "", "", record.state, record.tries, hints))
    return rows


def _checked(id: str) -> str:
    if not isinstance(id, str) or not id:
        raise ValueError(f"id must be the id of an exercise, got {id!r}")
    return id


def _json_value(answer: Any) -> Any:
    try:
        # NumPy's numbers and arrays know how to become Python's.
        return json.loads(json.dumps(answer, allow_nan=False, default=lambda a: a.tolist()))
    except (TypeError, ValueError, AttributeError, RecursionError):
        raise ValueError(
            f"answer must be finite numbers, strings and lists of them, got {answer!r}"
        ) from None


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _change_one(id: str, change: Callable[[Record], Record]) -> Record:
    _checked(id)
    now = _now()

    def change_all(records: Records) -> Records:
        old = records.get(id, Record())
        new = change(old)
        if new == old:
            return records
        return {**records, id: replace(new, first=old.first or now, updated=now)}

    return _update(change_all).get(id, Record())


def _update(change: Change) -> Records:
    """Make a change on the disk, or in memory with one warning; return all records after it."""
    with _threads:
        _waiting.append(change)
        try:
            records = _store(_with_waiting)
            _waiting.clear()
            return records
        except OSError as problem:
            _warn_once(problem)
            return everything()


def _store(change: Change) -> Records:
    with _locked(place := path()):
        old = _load_or_set_aside(place)
        new = change(old)
        if new != old:
            write_whole(place, to_text(new))
        return new


def _with_waiting(records: Records) -> Records:
    for change in _waiting:
        records = change(records)
    return records


@contextlib.contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Hold the lock of a progress file; its folder is made where there is none."""
    from filelock import FileLock

    place.parent.mkdir(parents=True, exist_ok=True)
    # With changes waiting already, a cell shall not wait again.
    patience = _PATIENCE if len(_waiting) <= 1 else _PATIENCE / 10
    try:
        held = FileLock(place.with_suffix(".lock")).acquire(patience, poll_interval=0.01)
    except NotImplementedError as error:  # a file system without locks
        raise OSError(str(error)) from error
    with held:
        yield


def _read() -> Records:
    place = path()
    try:
        return _load(place)
    except ProgressFileError:
        with _locked(place):
            return _load_or_set_aside(place)  # another kernel may have done it meanwhile


def _load(place: Path) -> Records:
    try:
        return dict(_parse_once(place.read_bytes()))
    except FileNotFoundError:
        return {}


def _load_or_set_aside(place: Path) -> Records:
    """Read the file; one that is no progress gets another name. The lock must be held."""
    try:
        return _load(place)
    except ProgressFileError as problem:
        aside = place.rename(_free_name(place, problem.word))
        warnings.warn(
            f"{place} {problem}. It is kept as {aside.name}, and progress begins anew.",
            stacklevel=2,
        )
        return {}


def _free_name(place: Path, word: str) -> Path:
    names = (place.with_name(f"{place.stem}.{word}-{n}.json") for n in count(1))
    return next(name for name in names if not os.path.lexists(name))


def _warn_once(problem: Exception) -> None:
    global _warned
    if _warned:
        return
    _warned = True
    reason = getattr(problem, "strerror", None) or problem
    where = ""
    with contextlib.suppress(OSError):
        where = f" in {path().parent}"
    warnings.warn(
        f"Progress cannot be kept{where}: {reason}. It stays in memory until Python ends, and the "
        "course works on. The environment variable COURSEKIT_DATA may name another folder.",
        stacklevel=2,
    )
