"""Code exercises: write a function, which is tried beside the solution."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from coursekit.exercises import sources, trials
from coursekit.exercises.core import Exercise, Mistake, Outcome, register

Trials = Callable[[np.random.Generator], Iterable[tuple[Any, ...]]]


class CodeExercise(Exercise):
    """Write a function. It is tried beside the solution on seeded inputs of several kinds."""

    kind = "code"
    invitation = "Fill in the cell and run it again."
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

    @property
    def check_line(self) -> str:
        """The last line of the reader's cell."""
        return f'check("{self.id}", {self.name})'

    def cell(self, *, solved: bool = False) -> str:
        """The function, blank or solved, and the line that checks it."""
        return f"{super().cell(solved=solved)}\n\n\n{self.check_line}"

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
            return self.not_attempted()
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
