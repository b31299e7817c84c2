"""What an exercise is: question, known mistakes, hints, and the outcome of an answer."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np

from coursekit.checks import check_known, is_number
from coursekit.exercises import cards, sources, trials

Status = Literal["right", "wrong", "raised", "not attempted"]
Trials = Callable[[np.random.Generator], Iterable[tuple[Any, ...]]]
E = TypeVar("E", bound="Exercise")

_registry: dict[str, Exercise] = {}


@dataclass(frozen=True)
class Outcome:
    """What became of one answer: ``status``, the ``message`` for it, and a ``remark`` if any."""

    exercise: Exercise
    status: Status
    message: str
    remark: str = ""

    def __repr__(self) -> str:
        return cards.outcome_text(self)

    def _repr_html_(self) -> str:
        return cards.outcome_html(self)


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

    def __repr__(self) -> str:
        return cards.exercise_text(self)

    def _repr_html_(self) -> str:
        return cards.exercise_html(self)

    @property
    def name(self) -> str:
        """The reader's variable; no cell of the narrative uses it."""
        return "answer"

    @property
    def solution(self) -> str:
        """The cell that solves the exercise, without the check."""
        raise NotImplementedError

    @property
    def blank(self) -> str:
        """The cell as the reader finds it, without the check."""
        raise NotImplementedError

    @property
    def check_line(self) -> str:
        """The last line of the reader's cell."""
        return f'check("{self.id}", {self.name})'

    def check(self, answer: Any) -> Outcome:
        """Judge an answer; never raises, whatever the answer is."""
        raise NotImplementedError

    def _outcome(self, status: Status, message: str, remark: str = "") -> Outcome:
        return Outcome(self, status, message, remark)

    def _not_attempted(self) -> Outcome:
        return self._outcome("not attempted", "Fill in the cell and run it again.")


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


class CodeExercise(Exercise):
    """Write a function. It is tried beside the solution on seeded inputs of several kinds."""

    kind = "code"
    time_limit = 2.0  # seconds for all trials of one answer

    def __init__(
        self, function: Callable[..., Any], trials: Trials, *, endless: str = "", **shared: Any
    ) -> None:
        super().__init__(question=sources.docstring(function), **shared)
        self.function = function
        self.trials = trials
        self.endless = endless
        if function.__name__ != self.name:
            raise ValueError(f"the solution of {self.id!r} must be named {self.name}")

    @property
    def solution(self) -> str:
        """The source of the solution."""
        return sources.function_source(self.function)

    @property
    def blank(self) -> str:
        """Signature and docstring, and a loud error for a body."""
        return sources.blank(self.function, self.id)

    @property
    def name(self) -> str:
        """The reader's function: the id as a Python name."""
        return self.id.replace("-", "_")

    def inputs(self) -> list[tuple[Any, ...]]:
        """The trial inputs: the same at each call, so that an answer is judged the same twice."""
        return list(self.trials(np.random.default_rng(zlib.crc32(self.id.encode()))))

    def mistake(self, sentence: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorate a wrong answer that is to be recognized, with the sentence for it."""

        def add(function: Callable[..., Any]) -> Callable[..., Any]:
            self.mistakes.append(Mistake(sentence, function))
            return function

        return add

    def check(self, answer: Any) -> Outcome:
        """Try the answer on every input; recognize it, or say where it first goes wrong."""
        if not callable(answer):
            return self._outcome(
                "wrong",
                f"This exercise wants the function itself, got {trials.short(answer)}. "
                f"End the cell with `{self.check_line}`, no parentheses after the name.",
            )
        inputs = self.inputs()
        names = sources.parameters(self.function)
        problem = sources.signature_problem(answer, names)
        if problem:
            return self._outcome("wrong", problem)
        expected = [trials.run(self.function, args) for args in inputs]
        got = trials.run_all(answer, inputs, self.time_limit)
        if any(g.blank_of == self.id for g in got):
            return self._not_attempted()
        for args, g, e in zip(inputs, got, expected, strict=False):
            if g.timed_out:
                words = self._why_endless(e.value)
                where = trials.call_text(names, args)
                limit = f"{self.time_limit:g} s"
                return self._outcome(
                    "raised", f"Stopped: no answer within {limit} for {where}. {words}"
                )
            if g.raised:
                where = trials.call_text(names, args)
                return self._outcome("raised", f"{g.raised} for {where}.")
        problems = [
            trials.difference(g, e, args) for g, e, args in zip(got, expected, inputs, strict=True)
        ]
        if not any(problems):
            return self._outcome("right", "Right on every trial.", trials.remarks(got, names))
        for mistake in self.mistakes:
            known = [trials.run(mistake.answer, args) for args in inputs]
            if not any(map(trials.difference, got, known, inputs)):
                return self._outcome("wrong", mistake.sentence)
        args, problem = next((a, p) for a, p in zip(inputs, problems, strict=True) if p)
        return self._outcome("wrong", f"For {trials.call_text(names, args)}: {problem}")

    def _why_endless(self, expected: Any) -> str:
        """What to say to a loop that did not end: a hint where the answer is inf."""
        if isinstance(expected, int | float) and not math.isfinite(expected) and self.endless:
            return self.endless
        return f"Expected is {trials.short(expected)}. Is there a loop that never ends?"


def code_exercise(
    id: str, *, section: str, title: str, trials: Trials, hints: Iterable[str], endless: str = ""
) -> Callable[[Callable[..., Any]], CodeExercise]:
    """Decorate the solution of a code exercise; its docstring is the question.

    ``trials``: a function of a Generator that yields tuples of arguments; ``endless``: what to say
    when the answer never returns and should have returned inf.
    """

    def make(function: Callable[..., Any]) -> CodeExercise:
        return register(
            CodeExercise(
                function,
                trials,
                endless=endless,
                id=id,
                section=section,
                title=title,
                hints=tuple(hints),
            )
        )

    return make


@dataclass(repr=False)
class NumberExercise(Exercise):
    """Derive a value; any number within ``tolerance`` (relative) of it is right."""

    value: float = math.nan
    tolerance: float = 0.01
    why: str = ""
    kind = "number"

    @property
    def solution(self) -> str:
        """The assignment with the right value."""
        return f"{self.name} = {self.value!r}"

    @property
    def blank(self) -> str:
        """The assignment, empty."""
        return f"{self.name} = None  # a number"

    def check(self, answer: Any) -> Outcome:
        """Compare with the value, then with the values of the known mistakes."""
        if answer is None:
            return self._not_attempted()
        if isinstance(answer, np.ndarray) and answer.shape == ():
            answer = answer.item()
        if not is_number(answer):
            quotes = " Write it without quotes." if isinstance(answer, str) else ""
            return self._outcome(
                "wrong", f"A finite number is wanted here, got {trials.short(answer)}.{quotes}"
            )
        if self._close(answer, self.value):
            return self._outcome("right", self.why)
        for mistake in self.mistakes:
            if self._close(answer, mistake.answer):
                return self._outcome("wrong", mistake.sentence)
        side = "large" if answer > self.value else "small"
        return self._outcome("wrong", f"{trials.short(answer)} is too {side}.")

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
    """Commit to one of several choices before the run that shows which is right."""

    choices: Mapping[str, str] = field(default_factory=dict)
    right: str = ""
    why: str = ""
    kind = "predict"

    @property
    def solution(self) -> str:
        """The assignment with the right letter."""
        return f'{self.name} = "{self.right}"'

    @property
    def blank(self) -> str:
        """The assignment, empty."""
        letters = ", ".join(f'"{letter}"' for letter in self.choices)
        return f"{self.name} = None  # one of {letters}"

    def check(self, answer: Any) -> Outcome:
        """Say whether the letter is the right one, and why."""
        if answer is None:
            return self._not_attempted()
        letter = answer.strip().upper() if isinstance(answer, str) else answer
        if letter == self.right:
            return self._outcome("right", self.why)
        for mistake in self.mistakes:
            if letter == mistake.answer:
                return self._outcome("wrong", mistake.sentence)
        letters = ", ".join(self.choices)
        return self._outcome("wrong", f"Choose one of {letters}, got {trials.short(answer)}.")


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
