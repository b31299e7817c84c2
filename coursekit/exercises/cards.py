"""How an exercise and an outcome look: as plain text, and as HTML that needs no widget.

The colours read on a light and on a dark page (a contrast of 4 to both), and are plain values:
JupyterLab strips variables from the outputs of a notebook it does not trust yet. A state is always
told by a sign and a word as well.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coursekit.exercises.core import Exercise, Outcome

_SIGNS = {"right": "✓", "wrong": "✗", "raised": "⚠", "not attempted": "○"}
_COLOURS = {
    "right": "#00875a",
    "wrong": "#d6402f",
    "raised": "#b8660b",
    "not attempted": "#767676",
}
_BOX = "padding:0.4em 0.9em;margin:0.3em 0;max-width:46em;line-height:1.5"


def outcome_text(outcome: Outcome) -> str:
    """Two lines: the state with the title, then the sentence for this answer."""
    sign = _SIGNS[outcome.status]
    said = [f"{sign} {outcome.status} — {outcome.exercise.title}", f"  {outcome.message}"]
    if outcome.remark:
        said.append(f"  Remark: {outcome.remark}")
    return "\n".join(said)


def outcome_html(outcome: Outcome) -> str:
    """The same as a card, with the hints folded in while the answer is not right."""
    colour = _COLOURS[outcome.status]
    remark = f"<div><em>Remark.</em> {_inline(outcome.remark)}</div>" if outcome.remark else ""
    help_ = "" if outcome.status == "right" else _folded_hints(outcome.exercise)
    return (
        f'<div role="status" style="border-left:5px solid {colour};{_BOX}">'
        f'<div><strong style="color:{colour}">{_SIGNS[outcome.status]} {outcome.status}</strong>'
        f" · {html.escape(outcome.exercise.title)}</div>"
        f"<div>{_inline(outcome.message)}</div>{remark}{help_}</div>"
    )


def exercise_text(exercise: Exercise) -> str:
    """The title, the question and the choices."""
    lines = [f"{exercise.title} ({exercise.kind}, Section {exercise.section})", exercise.question]
    lines += [f"  {letter}. {text}" for letter, text in choices(exercise).items()]
    return "\n".join(lines)


def exercise_html(exercise: Exercise) -> str:
    """The question as a card, with the hints folded in."""
    items = "".join(
        f"<div><strong>{letter}.</strong> {_inline(text)}</div>"
        for letter, text in choices(exercise).items()
    )
    return (
        f'<div style="border-left:5px solid {_COLOURS["not attempted"]};{_BOX}">'
        f"<div><strong>{html.escape(exercise.title)}</strong> · {exercise.kind}</div>"
        f"<div>{_inline(exercise.question)}</div>{items}{_folded_hints(exercise)}</div>"
    )


def exercise_markdown(exercise: Exercise) -> str:
    """The question as a notebook cell, above the cell in which it is answered."""
    verb = {"code": "Write it", "number": "Work it out", "predict": "Predict"}[exercise.kind]
    lines = [f"#### ✎ {verb}: {exercise.title}", ""]
    if exercise.kind != "code":  # the question of a code exercise is the blank's docstring
        lines += [exercise.question, ""]
    lines += [f"- **{letter}.** {text}" for letter, text in choices(exercise).items()]
    return "\n".join(lines).strip()


def choices(exercise: Exercise) -> dict[str, str]:
    """The choices of a prediction; none for the other kinds."""
    return dict(getattr(exercise, "choices", {}))


def _folded_hints(exercise: Exercise) -> str:
    """Each hint inside the one before it: they open one at a time, the solution's place last."""
    command = f'from coursekit import exercise; print(exercise("{exercise.id}").solution)'
    folded = _fold("Solution", f"Run <code>{html.escape(command)}</code> in a cell of its own.")
    for number, hint in reversed(list(enumerate(exercise.hints, start=1))):
        folded = _fold(f"Hint {number} of {len(exercise.hints)}", _inline(hint) + folded)
    return folded


def _fold(summary: str, body: str) -> str:
    return (
        f'<details style="margin-top:.3em"><summary style="cursor:pointer">{summary}</summary>'
        f'<div style="margin-left:1.1em">{body}</div></details>'
    )


def _inline(text: str) -> str:
    """Escape, and keep the one mark-up that sentences use: `code`."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
