"""The panel of an exercise: its card, and below it the bar with everything that can be done.

The card is plain HTML that stays in the file; only the bar is a widget. Each action is a method
and returns the panel, so that in a cell without buttons `exercise("valley").hint()` does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any
from uuid import uuid4

from coursekit.checks import check_known
from coursekit.exercises import cards, core, progress


def check(id: str, answer: Any) -> Panel:
    """Try an answer and show the outcome: the last line of an answer's cell.

    ``ValueError`` if there is no exercise of this id; whatever the answer does stays inside.
    """
    return Panel(core.get(id)).judge(answer)


def exercise(id: str) -> Panel:
    """Show an exercise: its question, what was answered before, and the hints that were opened.

    ``ValueError`` if there is no exercise of this id.
    """
    return Panel(core.get(id))


class Panel:
    """One exercise with the latest answer; a notebook shows it, elsewhere it is a text.

    ``outcome``, ``status`` and ``message`` tell of that answer, ``state`` counts the help.
    """

    def __init__(self, exercise: core.Exercise) -> None:
        self.exercise = exercise
        self.outcome = exercise.not_attempted()
        self._asks = True
        self._asking = ""  # "solution" or "reset", while one more yes is wanted
        self._unfolded = False
        self._said = ""
        self._turn = 0  # how often the bar was answered
        self._bar: Any = None
        self._display_id = ""  # once it is on a page
        self._given = progress.get(exercise.id).answer
        if self._given is not None:
            self.outcome = exercise.check(self._given)

    @property
    def status(self) -> str:
        """``right``, ``wrong``, ``raised`` or ``not attempted``."""
        return self.outcome.status

    @property
    def message(self) -> str:
        """The sentence for this answer."""
        return self.outcome.message

    @property
    def state(self) -> str:
        """The status, or ``right with help``."""
        return self._card().state

    # What the reader can do.

    def judge(self, answer: Any) -> Panel:
        """Try an answer; a prediction that was made stands, whatever comes after it."""
        made = progress.get(self.exercise.id).answer
        if self.exercise.kind == "predict" and made is not None:
            self.outcome, self._given = self.exercise.check(made), made
            if self.exercise.to_keep(self.exercise.check(answer), answer) != made:
                again = f'`exercise("{self.exercise.id}").reset()`'
                remark = f"{made} is locked in; the button Reset or {again} takes it back."
                self.outcome = replace(self.outcome, remark=remark)
        else:
            self._take(self.exercise.check(answer), answer)
        self._asks = self.exercise.kind != "code"  # its question stands in the reader's cell
        return self._say_outcome()

    def hint(self) -> Panel:
        """Open one hint more; it counts as help."""
        names = cards.hint_names(self.exercise)
        number = min(progress.get(self.exercise.id).hints + 1, len(names))
        if not names:
            return self._say("There are no hints for this exercise.")
        progress.saw_hint(self.exercise.id, number)
        name = list(names)[number - 1]
        return self._say(f"{name}: {names[name]}")

    def ask_solution(self) -> Panel:
        """Ask whether the solution shall be shown; a second time there is nothing to ask."""
        if progress.get(self.exercise.id).solution:
            return self.show_solution()
        self._asking = "solution"
        return self._say(_QUESTIONS["solution"])

    def show_solution(self) -> Panel:
        """Show the solution; it counts as help."""
        self._asking, self._unfolded = "", True
        progress.saw_solution(self.exercise.id)
        return self._say("The solution is shown above.")

    def ask_reset(self) -> Panel:
        """Forget what was answered and opened; asks first where something would be lost."""
        record = progress.get(self.exercise.id)
        if not record.solved and record.answer is None and not record.board:
            return self.reset()
        self._asking = "reset"
        return self._say(_QUESTIONS["reset"])

    def reset(self) -> Panel:
        """Forget this exercise's progress."""
        self._asking, self._unfolded, self._given = "", False, None
        progress.reset(self.exercise.id)
        self.outcome = self.exercise.not_attempted()
        return self._say(f"Reset. {self.message}")

    def dismiss(self) -> Panel:
        """Answer no to what was asked."""
        self._asking = ""
        return self._say("Nothing was changed.")

    def receive(self, act: str, value: str = "") -> None:
        """Do what the bar reports; ``ValueError`` names an act that is none."""
        acts: Mapping[str, Callable[[], Any]] = {
            "answer": lambda: self.judge(value),
            "hint": self.hint,
            "solution": self.ask_solution,
            "reset": self.ask_reset,
            "yes": self.show_solution if self._asking == "solution" else self.reset,
            "no": self.dismiss,
        }
        acts[check_known("act", act, list(acts))]()

    # How it looks.

    def __repr__(self) -> str:
        return self._card().text()

    def _repr_html_(self) -> str:
        return self._card().html()

    def _ipython_display_(self) -> None:
        from IPython.display import display

        self._display_id = self._display_id or uuid4().hex
        display(self._bundle(), raw=True, display_id=self._display_id)
        if isinstance(self.exercise, core.TuneExercise):
            display(self._playground(self.exercise))
        below = {
            "text/plain": cards.help_text(self.exercise),
            "text/html": cards.help_html(self.exercise),
        }
        display(self._bar_view() | below, raw=True)

    def view(self) -> dict[str, Any]:
        """What the bar shows, as plain values; ``said`` is for the ears."""
        record = progress.get(self.exercise.id)
        names = list(cards.hint_names(self.exercise))
        left = names[record.hints :]
        return {
            "title": self.exercise.title,
            "kind": self.exercise.kind,
            "hint": left[0] if left else "All hints open" if names else "",
            "choices": cards.choices(self.exercise),
            "given": "" if self._given is None else str(self._given),
            "locked": self.exercise.kind == "predict" and record.answer is not None,
            "solution": self.exercise.solution if record.solution else "",
            "asking": self._asking,
            "question": _QUESTIONS.get(self._asking, ""),
            "said": self._said,
            "turn": self._turn,
        }

    def _take(self, outcome: core.Outcome, answer: Any) -> None:
        kept = self.exercise.to_keep(outcome, answer)
        progress.tried(self.exercise.id, outcome.status, kept, outcome.attempt)
        typed = answer if isinstance(answer, str) else None
        self.outcome, self._given = outcome, typed if kept is None else kept

    def _say_outcome(self) -> Panel:
        return self._say(f"{self.state.capitalize()}: {self.message} {self.outcome.remark}".strip())

    def _say(self, words: str) -> Panel:
        """Show what has become of it, on the page and to a screen reader."""
        self._said, self._turn = words, self._turn + 1
        if self._bar:
            self._bar.view = self.view()
        if self._display_id:
            from IPython.display import update_display

            update_display(self._bundle(), raw=True, display_id=self._display_id)
        return self

    def _card(self) -> cards.Card:
        record = progress.get(self.exercise.id)
        return cards.Card(
            self.outcome,
            record,
            given="" if self._given is None else str(self._given),
            asks=self._asks,
            run=self._run if record.answer is not None else None,
            unfolded=self._unfolded,
        )

    @cached_property
    def _run(self) -> Any:
        """The run that a prediction was about."""
        reveal = getattr(self.exercise, "reveal", None)
        return reveal() if reveal else None

    def _bundle(self) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def _bar_view(self) -> dict[str, Any]:
        """What shows the bar; nothing where widgets are missing or broken."""
        self._bar = self._bar or _make_bar(self)
        if self._bar is None:
            return {}
        from coursekit.widgets.bundle import view_of

        return view_of(self._bar)

    def _playground(self, exercise: core.TuneExercise) -> Any:
        from coursekit.widgets.tune import playground_of

        return playground_of(exercise, self.judge, self._given)


_QUESTIONS = {
    "solution": "Show the solution? It counts as help.",
    "reset": "Forget your answer and what you have opened?",
}


def _make_bar(panel: Panel) -> Any:
    """The tool bar; None where widgets are missing or broken, and the card has to do."""
    try:
        from coursekit.widgets.bar import Bar

        return Bar(panel)
    except Exception:  # of whatever kind: no outcome may be lost over a tool bar
        return None
