"""How exercises and outcomes look: as plain text, and as HTML that needs no widget.

The colours read on a light and on a dark page (a contrast of 4 to both), and are plain values:
JupyterLab strips variables from the outputs of a notebook it does not trust yet. A state is always
told by a sign and a word as well.
"""

from __future__ import annotations

import html
import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coursekit.exercises import boards
from coursekit.exercises.records import Record

if TYPE_CHECKING:
    from coursekit.exercises.core import Exercise, Outcome

_NOTHING = Record()
_SIGNS = {"right": "✓", "wrong": "✗", "raised": "⚠", "not attempted": "○"}
_COLOURS = {
    "right": "#00875a",
    "wrong": "#d6402f",
    "raised": "#b8660b",
    "not attempted": "#767676",
}
_BOX = "padding:0.1em 0.9em;margin:0.3em 0;max-width:46em;line-height:1.5"
_PART = "margin:.3em 0"
_CODE = "margin:.2em 0;padding:.1em .8em;overflow-x:auto;line-height:1.4;white-space:pre"
_BOARD = "Your attempts, best first:"
_ATTEMPTS = 10  # that are shown in a card
_VERBS = {"code": "Write it", "number": "Work it out", "predict": "Predict", "tune": "Tune it"}


@dataclass(frozen=True)
class Card:
    """All that stands in a card.

    ``record``: what the reader has done before; ``given``: the answer, as it is shown again;
    ``asks``: with the question; ``run``: what an experiment returned; ``unfolded``: the solution.
    """

    outcome: Outcome
    record: Record = _NOTHING
    given: str = ""
    asks: bool = False
    run: Any = None
    unfolded: bool = False

    @property
    def state(self) -> str:
        """The status of this answer; a right one may be right with help."""
        helped = self.outcome.status == "right" and self.record.helped
        return "right with help" if helped else self.outcome.status

    @property
    def before(self) -> str:
        """What stays true of an exercise that was solved before this answer."""
        if not self.record.solved or self.outcome.status == "right":
            return ""
        return f"You have solved this before ({self.record.state}); that stands."

    @property
    def hints(self) -> dict[str, str]:
        """The hints that were opened, by their names."""
        return dict(list(hint_names(self.outcome.exercise).items())[: self.record.hints])

    def text(self) -> str:
        """Plain text: the state with the title, then the sentence for this answer."""
        outcome, exercise = self.outcome, self.outcome.exercise
        lines = [f"{_SIGNS[outcome.status]} {self.state} — {exercise.title}"]
        if self.asks:
            lines.append(textwrap.indent(exercise.question, "  "))
            for letter, text in choices(exercise).items():
                lines.append(f"  {letter}. {text}")
        if self.given:
            lines.append(f"  Your answer: {self.given}")
        lines.append(f"  {outcome.message}")
        if outcome.remark:
            lines.append(f"  Remark: {outcome.remark}")
        if self.record.board:
            lines.append(f"  {_BOARD}")
            board = boards.text(self.record.board, _ATTEMPTS, outcome.attempt)
            lines += [f"    {line}" for line in board]
        if self.run is not None:
            lines += ["", textwrap.indent(str(self.run), "  "), ""]
        lines += [f"  {said}" for said in (self.before,) if said]
        lines += [f"  {name}: {hint}" for name, hint in self.hints.items()]
        if self.record.solution:
            lines += ["  Solution:", textwrap.indent(exercise.solution, "    ")]
        return "\n".join(lines)

    def html(self) -> str:
        """The same as a card with a coloured edge."""
        outcome, exercise = self.outcome, self.outcome.exercise
        colour, sign = _COLOURS[outcome.status], _SIGNS[outcome.status]
        coloured = f'<strong style="color:{colour}">{{}}</strong>'
        parts = [_head(coloured.format(f"{sign} {self.state}"), exercise)]
        if self.asks:
            parts += [_question(exercise), _choices(exercise, self.given)]
        said = _inline(outcome.message)
        if self.asks and outcome.status != "not attempted":  # the state above is far away
            said = f"{coloured.format(sign)} {said}"
        if self.given and exercise.kind == "number":
            said = f"<em>Your answer: {html.escape(self.given)}</em><br>{said}"
        parts.append(said)
        if outcome.remark:
            parts.append(f"<em>Remark.</em> {_inline(outcome.remark)}")
        if self.record.board:
            board = boards.table(self.record.board, _ATTEMPTS, outcome.attempt)
            parts.append(f"<em>{_BOARD}</em>{board}")
        if self.run is not None:
            parts.append(f"<em>The run.</em>{_run(self.run)}")
        parts.append(self.before)
        parts += [f"<strong>{name}.</strong> {_inline(hint)}" for name, hint in self.hints.items()]
        if self.record.solution:
            parts.append(_fold("Solution", highlighted(exercise.solution), self.unfolded))
        return _box(colour, parts)


def exercise_text(exercise: Exercise) -> str:
    """The title, the question and the choices."""
    lines = [f"{exercise.title} ({exercise.kind}, {exercise.place})", exercise.question]
    lines += [f"  {letter}. {text}" for letter, text in choices(exercise).items()]
    return "\n".join(lines)


def exercise_html(exercise: Exercise) -> str:
    """The question as a card."""
    head = _head(f"<strong>{exercise.place}</strong>", exercise)
    return _box(_COLOURS["not attempted"], [head, _question(exercise), _choices(exercise)])


def exercise_markdown(exercise: Exercise) -> str:
    """The heading above the cell in which an exercise is answered; the question is in the cell."""
    return f"#### ✎ {_VERBS[exercise.kind]}: {exercise.title}"


def help_text(exercise: Exercise) -> str:
    """How to answer and to be helped where there are no buttons, in two lines."""
    call = f'exercise("{exercise.id}")'
    return f"Without buttons: {_how(exercise)}{call}.hint() for a hint, then .show_solution()."


def help_html(exercise: Exercise) -> str:
    """The same with the hints folded in, each inside the one before it: they open one at a time."""
    command = f'exercise("{exercise.id}").show_solution()'
    folded = _fold("Solution", f"Run <code>{html.escape(command)}</code> in a cell of its own.")
    for name, hint in reversed(hint_names(exercise).items()):
        folded = _fold(name, _inline(hint) + folded)
    how = html.escape(_how(exercise).rstrip("; "))
    answer = f'<div style="{_PART}">Without buttons: <code>{how}</code></div>' if how else ""
    return f'<div style="{_BOX}">{answer}{folded}</div>'


def hint_names(exercise: Exercise) -> dict[str, str]:
    """The hints by the names under which they are offered."""
    count = len(exercise.hints)
    return {f"Hint {n} of {count}": hint for n, hint in enumerate(exercise.hints, start=1)}


def choices(exercise: Exercise) -> dict[str, str]:
    """The choices of a prediction; none for the other kinds."""
    return dict(getattr(exercise, "choices", {}))


def highlighted(source: str) -> str:
    """Code as it can be copied, in colours where Pygments is there."""
    try:
        from pygments import highlight
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import PythonLexer

        from coursekit.exercises.colours import CodeStyle
    except ImportError:
        code = html.escape(source)
    else:
        formatter = HtmlFormatter(style=CodeStyle, noclasses=True, nowrap=True)
        code = highlight(source, PythonLexer(), formatter).rstrip()
    return f'<pre style="{_CODE}">{code}</pre>'


def _how(exercise: Exercise) -> str:
    """The call that answers, with a place for the answer; code is answered in its cell anyway."""
    places = {"number": "…", "predict": '"…"', "tune": "{…}"}
    place = places.get(exercise.kind)
    return f'check("{exercise.id}", {place}); ' if place else ""


def _question(exercise: Exercise) -> str:
    return "<br>".join(_inline(exercise.question).split("\n"))


def _choices(exercise: Exercise, given: str = "") -> str:
    lines = []
    for letter, text in choices(exercise).items():
        line = f"<strong>{letter}.</strong> {_inline(text)}"
        lines.append(f"{line} <em>← your answer</em>" if letter == given else line)
    return "<br>".join(lines)


def _head(state: str, exercise: Exercise) -> str:
    title = f"<strong>{html.escape(exercise.title)}</strong>"
    return f'{state} · {title} <span style="color:#767676">· {exercise.kind}</span>'


def _run(result: Any) -> str:
    """The result of an experiment: its own HTML if it has any, else its text as it stands."""
    own = getattr(result, "_repr_html_", lambda: None)()
    return own or f'<pre style="{_CODE}">{html.escape(str(result))}</pre>'


def _box(colour: str, parts: list[str]) -> str:
    inner = "".join(f'<div style="{_PART}">{part}</div>' for part in parts if part)
    return f'<div style="border-left:5px solid {colour};{_BOX}">{inner}</div>'


def _fold(summary: str, body: str, unfolded: bool = False) -> str:
    state = " open" if unfolded else ""
    return (
        f'<details{state} style="{_PART}"><summary style="cursor:pointer">{summary}</summary>'
        f'<div style="margin-left:1.1em">{body}</div></details>'
    )


def _inline(text: str) -> str:
    """Escape, and keep the one mark-up that sentences use: `code`."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
