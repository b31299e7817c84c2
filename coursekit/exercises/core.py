"""What an exercise is: question, known mistakes, hints, and the outcome of an answer.

Here are the three kinds that are answered in their panel; ``code`` has the fourth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np

from coursekit.checks import check_known, is_number
from coursekit.exercises import cards, trials
from coursekit.exercises.arithmetic import read_number
from coursekit.exercises.boards import Attempt

Status = Literal["right", "wrong", "raised", "not attempted"]
E = TypeVar("E", bound="Exercise")

_registry: dict[str, Exercise] = {}


@dataclass(frozen=True)
class Outcome:
    """What became of one answer: ``status``, the ``message`` for it, and a ``remark`` if any.

    ``attempt``: what it adds to the board of an open task.
    """

    exercise: Exercise
    status: Status
    message: str
    remark: str = ""
    attempt: Attempt | None = None

    def __repr__(self) -> str:
        return cards.Card(self).text()

    def _repr_html_(self) -> str:
        return cards.Card(self).html()


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people give, and the sentence that helps them."""

    sentence: str
    answer: Any


@dataclass
class Exercise:
    """The part that all kinds share. ``id`` is one for text, blank, check and test."""

    id: str
    section: str
    title: str
    question: str = ""
    hints: tuple[str, ...] = ()
    mistakes: list[Mistake] = field(default_factory=list)
    kind: ClassVar[str]
    invitation: ClassVar[str]  # what is said before there is an answer

    def __repr__(self) -> str:
        return cards.exercise_text(self)

    def _repr_html_(self) -> str:
        return cards.exercise_html(self)

    @property
    def place(self) -> str:
        """Where the course tells it: a section of the book, or a topic of the lecture alone."""
        return f"{'Section' if self.section[0].isdigit() else 'Lecture,'} {self.section}"

    @property
    def solution(self) -> str:
        """The code that answers the exercise."""
        raise NotImplementedError

    @property
    def blank(self) -> str:
        """The code in its place, as the reader finds it."""
        return f'exercise("{self.id}")'

    def cell(self, *, solved: bool = False) -> str:
        """The whole cell in the notebook: as the reader finds it, or solved."""
        return self.solution if solved else self.blank

    def check(self, answer: Any) -> Outcome:
        """Judge an answer; never raises, whatever the answer is."""
        raise NotImplementedError

    def not_attempted(self, message: str = "") -> Outcome:
        """The outcome where there is no answer: the invitation to give one, or why it is none."""
        return self._outcome("not attempted", message or self.invitation)

    def to_keep(self, outcome: Outcome, answer: Any) -> Any:
        """The answer as a JSON value, where it is shown again the next time; else None."""
        return None

    def _outcome(
        self, status: Status, message: str, remark: str = "", attempt: Attempt | None = None
    ) -> Outcome:
        return Outcome(self, status, message, remark, attempt)


def register(exercise: E) -> E:
    """Make an exercise known under its id."""
    if exercise.id in _registry:
        raise ValueError(f"exercise id {exercise.id!r} is taken")
    _registry[exercise.id] = exercise
    return exercise


def get(id: str) -> Exercise:
    """Return the exercise of this id; ``ValueError`` lists the known ones."""
    return _registry[check_known("exercise", id, ids())]


def ids() -> list[str]:
    """Return all ids in the order of the course."""
    return list(_registry)


def _is_empty(answer: Any) -> bool:
    return answer is None or (isinstance(answer, str) and not answer.strip())


@dataclass(repr=False)
class NumberExercise(Exercise):
    """Derive a value; any number within ``tolerance`` (relative) of it is right."""

    value: float = math.nan
    tolerance: float = 0.01
    why: str = ""
    kind = "number"
    invitation = "Work it out, and give the number as you like: 0.29, 2/7 or 2.9e-1."

    @property
    def solution(self) -> str:
        """The check with the right value."""
        return f'check("{self.id}", {self.value:.6g})'

    def check(self, answer: Any) -> Outcome:
        """Compare with the value, then with the values of the known mistakes."""
        if _is_empty(answer):
            return self.not_attempted()
        if isinstance(answer, np.ndarray) and answer.shape == ():
            answer = answer.item()
        if isinstance(answer, str):
            try:
                answer = read_number(answer)
            except ValueError as error:
                return self.not_attempted(str(error))
        if not is_number(answer):
            return self.not_attempted(f"A finite number is wanted, got {trials.short(answer)}.")
        if self._close(answer, self.value):
            return self._outcome("right", self.why)
        for mistake in self.mistakes:
            if self._close(answer, mistake.answer):
                return self._outcome("wrong", mistake.sentence)
        side = "large" if answer > self.value else "small"
        return self._outcome("wrong", f"{trials.short(answer)} is too {side}.")

    def to_keep(self, outcome: Outcome, answer: Any) -> Any:
        """A right number, as it was typed."""
        if outcome.status != "right":
            return None
        return answer.strip() if isinstance(answer, str) else float(answer)

    def _close(self, answer: float, value: float) -> bool:
        return math.isclose(answer, value, rel_tol=self.tolerance)


def number_exercise(
    id: str, *, mistakes: Mapping[float, str], hints: Iterable[str], **shared: Any
) -> NumberExercise:
    """Register a number exercise; ``mistakes`` maps a wrong value to its sentence."""
    known = [Mistake(sentence, value) for value, sentence in mistakes.items()]
    return register(NumberExercise(id, mistakes=known, hints=tuple(hints), **shared))


@dataclass(repr=False)
class PredictExercise(Exercise):
    """Commit to one of several choices before the run that shows which is right.

    ``reveal``: makes that run; returns text, or an object with ``_repr_html_``.
    """

    choices: Mapping[str, str] = field(default_factory=dict)
    right: str = ""
    why: str = ""
    reveal: Callable[[], Any] | None = None
    kind = "predict"
    invitation = "Choose one and lock it in; what happens is shown after that."

    @property
    def solution(self) -> str:
        """The check with the right letter."""
        return f'check("{self.id}", "{self.right}")'

    def check(self, answer: Any) -> Outcome:
        """Say whether the letter is the right one, and why."""
        if _is_empty(answer):
            return self.not_attempted()
        letter = _letter(answer)
        if letter == self.right:
            return self._outcome("right", self.why)
        for mistake in self.mistakes:
            if letter == mistake.answer:
                return self._outcome("wrong", mistake.sentence)
        letters = ", ".join(self.choices)
        return self.not_attempted(f"Choose one of {letters}, got {trials.short(answer)}.")

    def to_keep(self, outcome: Outcome, answer: Any) -> Any:
        """The letter, right or wrong: a prediction is made once."""
        return None if outcome.status == "not attempted" else _letter(answer)


def _letter(answer: Any) -> str:
    return answer.strip().upper() if isinstance(answer, str) else ""


def predict_exercise(
    id: str,
    *,
    right: str,
    choices: Mapping[str, tuple[str, str]],
    hints: Iterable[str],
    **shared: Any,
) -> PredictExercise:
    """Register a prediction; ``choices`` maps a letter to its text and what to say to it."""
    wrong = [Mistake(said, letter) for letter, (_, said) in choices.items() if letter != right]
    texts = {letter: text for letter, (text, _) in choices.items()}
    return register(
        PredictExercise(
            id,
            choices=texts,
            right=right,
            why=choices[right][1],
            mistakes=wrong,
            hints=tuple(hints),
            **shared,
        )
    )


@dataclass(repr=False)
class TuneExercise(Exercise):
    """Move the controls of a live picture until a measured goal is met.

    ``playground``: the name of its class in ``coursekit.widgets``, started with ``settings``; the
    reader moves what is in ``free`` alone. ``goal(state)`` measures a state: whether it meets the
    goal, and the sentence that says what was measured.
    """

    playground: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    free: tuple[str, ...] = ()
    goal: Callable[[dict[str, Any]], tuple[bool, str]] | None = None
    solved_state: Mapping[str, Any] = field(default_factory=dict)
    kind = "tune"
    invitation = "Move the controls until the goal is met."

    @property
    def solution(self) -> str:
        """The check with a state that meets the goal."""
        return f'check("{self.id}", {dict(self.solved_state)!r})'

    def to_keep(self, outcome: Outcome, answer: Any) -> Any:
        """What the reader has set, once it meets the goal."""
        state = _state_of(answer)
        if outcome.status != "right" or state is None:
            return None
        return {name: state[name] for name in self.free if name in state}

    def check(self, answer: Any) -> Outcome:
        """Measure a playground or its state; what is missing in it is as at the start."""
        if _is_empty(answer) or answer == {}:
            return self.not_attempted()
        state = _state_of(answer)
        if state is None or self.goal is None:
            wanted = "A playground is wanted, or its state as a dict"
            return self.not_attempted(f"{wanted}, got {trials.short(answer)}.")
        fixed = [name for name in state if state[name] != self.settings.get(name, state[name])]
        fixed = [name for name in fixed if name not in self.free]
        if fixed:
            return self.not_attempted(f"{fixed[0]} is fixed here; set {', '.join(self.free)}.")
        try:
            met, said = self.goal({**self.settings, **state})
        except Exception as error:  # a state that some hand has typed
            reason = trials.error_text(error)
            return self.not_attempted(f"This state cannot be measured ({reason}).")
        return self._outcome("right" if met else "wrong", said)


def _state_of(answer: Any) -> Mapping[str, Any] | None:
    state = answer if isinstance(answer, Mapping) else getattr(answer, "state", None)
    return state if isinstance(state, Mapping) else None


def tune_exercise(
    id: str,
    *,
    solution: Mapping[str, Any],
    mistakes: Iterable[tuple[Mapping[str, Any], str]],
    hints: Iterable[str],
    **shared: Any,
) -> TuneExercise:
    """Register a tune exercise.

    ``solution``: what to set so that the goal is met; the reader moves these settings alone.
    ``mistakes``: settings that do not, each with the sentence by which the goal answers it.
    """
    known = [Mistake(sentence, dict(state)) for state, sentence in mistakes]
    own: dict[str, Any] = {"mistakes": known, "hints": tuple(hints), "solved_state": solution}
    return register(TuneExercise(id, free=tuple(solution), **own, **shared))
