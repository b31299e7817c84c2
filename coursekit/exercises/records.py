"""What is kept of one exercise, how two records of it become one, and their JSON text."""

import contextlib
import json
from dataclasses import dataclass, fields
from typing import Any

from coursekit.exercises import boards

STATUSES = ("right", "wrong", "raised", "not attempted")  # of an outcome

_FORMAT = "coursekit progress"
_VERSION = 2  # one more for every change of Record: an older course sets a newer file aside
_WITHOUT_BOARDS = 1  # what a file is as long as it has none: the older course can read it


@dataclass(frozen=True)
class Record:
    """What is kept of one exercise.

    ``hints``: the highest one seen; ``helped``: a hint or the solution was seen before it was
    solved; ``last``: the status of the last try; ``answer``: a locked prediction or an accepted
    number; ``first``, ``updated``: ISO times in UTC; ``board``: attempts at an open task.
    """

    tries: int = 0
    hints: int = 0
    solution: bool = False
    solved: bool = False
    helped: bool = False
    last: str = ""
    answer: Any = None
    first: str = ""
    updated: str = ""
    board: boards.Board = ()

    @property
    def state(self) -> str:
        """One of ``not attempted``, ``wrong``, ``right``, ``right with help``: solved is solved."""
        if self.solved:
            return "right with help" if self.helped else "right"
        return "wrong" if self.tries else "not attempted"


Records = dict[str, Record]

_DEFAULTS = {field.name: field.default for field in fields(Record)}


class ProgressFileError(ValueError):
    """The content of a file is no progress; ``word`` is the name under which it is set aside."""

    def __init__(self, reason: str, word: str = "damaged") -> None:
        super().__init__(reason)
        self.word = word


def merge(one: Record, other: Record) -> Record:
    """Return the best of two records, the same whichever comes first and however often."""
    early, late = sorted(
        (one, other), key=lambda r: (r.updated, r.tries, r.last, json.dumps(r.answer))
    )
    if one.solved == other.solved:
        # Solved on both sides, once without help: that counts.
        helped = (one.helped and other.helped) if one.solved else (one.helped or other.helped)
    else:
        helped = one.helped if one.solved else other.helped
    return Record(
        tries=max(one.tries, other.tries),
        hints=max(one.hints, other.hints),
        solution=one.solution or other.solution,
        solved=one.solved or other.solved,
        helped=helped,
        last=late.last or early.last,
        answer=early.answer if late.answer is None else late.answer,
        first=min(filter(None, (one.first, other.first)), default=""),
        updated=late.updated,
        board=boards.ranked(one.board + other.board),
    )


def parse(content: bytes) -> Records:
    """Return the records in a file's content, or raise ``ProgressFileError`` with the reason."""
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError):
        raise ProgressFileError("is not a whole JSON file") from None
    if not isinstance(whole, dict) or whole.get("format") != _FORMAT:
        raise ProgressFileError("is not a file of this course's progress")
    version, records = whole.get("version"), whole.get("exercises")
    if type(version) is int and version > _VERSION:
        raise ProgressFileError("was written by a newer version of the course", word="newer")
    if version not in (_WITHOUT_BOARDS, _VERSION) or not isinstance(records, dict):
        raise ProgressFileError("is damaged: its version or its exercises are missing")
    return {id: _record(id, values) for id, values in records.items()}


def _record(id: str, values: Any) -> Record:
    if isinstance(values, dict) and values.keys() <= _DEFAULTS.keys():
        free = ("answer", "board")
        typed = all(type(v) is type(_DEFAULTS[n]) for n, v in values.items() if n not in free)
        with contextlib.suppress(ValueError):  # of a board that is none
            record = Record(**values | {"board": boards.read(values.get("board", []))})
            if typed and record.tries >= 0 and record.hints >= 0 and record.last in ("", *STATUSES):
                return record
    raise ProgressFileError(f"is damaged: exercise {id!r} has values that it cannot have")


def to_text(records: Records) -> str:
    """Return the content of a file; what is as in an empty record is left out."""
    kept = {
        id: {name: value for name, value in vars(record).items() if value != _DEFAULTS[name]}
        for id, record in records.items()
    }
    version = _VERSION if any("board" in one for one in kept.values()) else _WITHOUT_BOARDS
    return json.dumps({"format": _FORMAT, "version": version, "exercises": kept}, indent=1) + "\n"
