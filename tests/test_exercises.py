"""Exercises: every solution passes, and every mistake is told apart."""

import ast
import html
import re
from importlib import import_module
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from coursekit import exercises
from coursekit.exercises import code, core, trials
from coursekit.exercises.arithmetic import read_number

ALL = [exercises.get(id) for id in exercises.ids()]
CODE = [e for e in ALL if e.kind == "code"]
every = pytest.mark.parametrize("e", ALL, ids=lambda e: e.id)
every_code = pytest.mark.parametrize("e", CODE, ids=lambda e: e.id)
step = exercises.get("gradient-step")


def check(id, answer):
    """The outcome alone: nothing is recorded or shown."""
    return exercises.get(id).check(answer)


def last_outcome(source):
    """What the last line of a reader's cell says, with the outcome instead of the panel."""
    names = {"np": np, "check": check, "exercise": lambda id: check(id, None)}
    *before, last = ast.parse(source).body
    exec(compile(ast.Module(before, []), "cell", "exec"), names)
    return eval(ast.unparse(last), names)


@every
def test_the_solved_cell_is_right(e):
    outcome = last_outcome(e.cell(solved=True))
    assert outcome.exercise is e
    assert outcome.status == "right", outcome
    assert outcome.message
    assert not outcome.remark


@every
def test_the_blank_cell_is_not_attempted(e):
    outcome = last_outcome(e.cell())
    assert (outcome.status, outcome.message) == ("not attempted", e.invitation)


@every
def test_each_mistake_is_answered_by_its_own_sentence(e):
    assert len(e.mistakes) >= 3
    assert len({m.sentence for m in e.mistakes}) == len(e.mistakes)
    for mistake in e.mistakes:
        outcome = e.check(mistake.answer)
        assert (outcome.status, outcome.message) == ("wrong", mistake.sentence)


@every_code
def test_no_two_mistakes_behave_alike(e):
    inputs = e.inputs()
    seen = {m.answer.__name__: [trials.run(m.answer, i) for i in inputs] for m in e.mistakes}
    for one, other in combinations(seen, 2):
        assert any(map(trials.difference, seen[one], seen[other], inputs)), (one, other)


@every_code
def test_trials_are_the_same_each_time(e):
    assert repr(e.inputs()) == repr(e.inputs())


@every
def test_the_texts_are_there(e):
    assert e.hints
    assert e.question
    assert re.fullmatch(r"7\.\d(\.\d)?|pre-training|fixup", e.section)  # one word: it is a column
    assert e.place in (f"Section {e.section}", f"Lecture, {e.section}")
    assert repr(e).startswith(e.title)
    assert e.question.split("\n")[0] in html.unescape(e._repr_html_())


# Differently written right answers, one for each code exercise: a module for each notebook.
OTHERS = {
    id: answer
    for path in sorted((Path(__file__).parent / "answers").glob("*.py"))
    for id, answer in import_module(f"answers.{path.stem}").OTHERS.items()
}


@every_code
def test_a_differently_written_answer_is_right(e):
    assert e.check(OTHERS[e.id]).status == "right"


@pytest.mark.parametrize("answer", [1 / 3, np.float32(1 / 3), np.array(1 / 3), 0.3333])
def test_a_number_is_accepted_in_any_form(answer):
    assert check("stable-rate", answer).status == "right"


@pytest.mark.parametrize("answer", [np.nan, [1 / 3], True, np.inf, {}, 1j, np.array([1 / 3])])
def test_what_is_no_number_is_told_so_and_counts_as_no_try(answer):
    outcome = check("stable-rate", answer)
    assert outcome.status == "not attempted"
    assert "A finite number is wanted" in outcome.message


def test_a_number_of_no_known_mistake_is_too_large_or_too_small():
    assert check("stable-rate", 0.4).message == "0.4 is too large."
    assert check("stable-rate", np.float64(0.3)).message == "0.3 is too small."
    assert check("stable-rate", 0.33).status == "right"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/3", 1 / 3),
        (" 2/6 ", 1 / 3),
        ("0.33", 0.33),
        (".5", 0.5),
        ("1e-3", 1e-3),
        ("−1/2", -0.5),
        ("+2", 2.0),
        ("-(2 + 1) * 4", -12.0),
        ("3·2", 6.0),
        ("2^-3", 0.125),
        ("2**0.5", 2**0.5),
        ("1_000", 1000.0),
    ],
)
def test_a_number_is_read_as_people_type_it(text, value):
    assert read_number(text) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("abc", "'abc' cannot be read as a number"),
        ("1/3 m", "cannot be read"),
        ("1is", "cannot be read"),
        ("True", "cannot be read"),
        ("1j", "cannot be read"),
        ("'1'", "cannot be read"),
        ("7 % 4", "cannot be read"),
        ("[1][0]", "cannot be read"),
        ("__import__('os').getcwd()", "cannot be read"),
        ("\x00", "cannot be read"),
        ("(" * 79, "cannot be read"),
        ("0,33", "after a point: 0.33"),
        ("33 %", "as a fraction: 33/100"),
        ("1/0", "divides by zero"),
        ("9**9**9**9", "too large"),
        ("(-1)**0.5", "no finite real number"),
        ("1e999", "no finite real number"),
        ("9" * 81, "at most 80 characters is wanted, got 81"),
    ],
)
def test_what_cannot_be_read_is_told_so_kindly(text, words):
    outcome = check("stable-rate", text)
    assert outcome.status == "not attempted"
    assert words in outcome.message


def test_a_prediction_is_a_letter():
    assert check("valley", " c ").status == "right"
    for no_letter in ("E", 3, [], "AB", np.zeros(2)):
        outcome = check("valley", no_letter)
        assert outcome.status == "not attempted"
        assert outcome.message.startswith("Choose one of A, B, C, D, got ")


# Tuning: a goal that is measured.


class Playground:
    state: dict[str, float] = {"rate": 0.4}  # noqa: RUF012


@pytest.fixture
def tuned(monkeypatch):
    monkeypatch.setattr(core, "_registry", {})
    return core.tune_exercise(
        "tune-rate",
        section="7.1",
        title="Fast enough",
        question="Bring the loss below a tenth.",
        playground="Descent",
        settings={"rate": 0.2, "start": 1},
        goal=lambda state: (state["rate"] > 0.3, f"At {state['rate']} the loss is what it is."),
        solution={"rate": 0.4},
        mistakes=[({"rate": 0.1}, "At 0.1 the loss is what it is.")],
        hints=["Faster."],
    )


def test_a_tuned_state_is_measured(tuned):
    assert tuned.cell() == 'exercise("tune-rate")'
    assert tuned.cell(solved=True) == """check("tune-rate", {'rate': 0.4})"""
    assert last_outcome(tuned.cell(solved=True)).status == "right"
    assert tuned.check(Playground()).status == "right"
    assert tuned.check({"rate": 0.4, "start": 2}).message == "start is fixed here; set rate."
    assert tuned.to_keep(tuned.check({"rate": 0.4}), {"rate": 0.4, "start": 1}) == {"rate": 0.4}
    assert tuned.to_keep(tuned.check({"rate": 0.1}), {"rate": 0.1}) is None
    for nothing in (None, {}):
        assert tuned.check(nothing).message == tuned.invitation
    (mistake,) = tuned.mistakes
    assert tuned.check(mistake.answer).message == mistake.sentence


@pytest.mark.parametrize("answer", [3, "fast", object(), {"rate": "fast"}])
def test_a_state_that_is_none_is_told_so(tuned, answer):
    outcome = tuned.check(answer)
    assert outcome.status == "not attempted"
    assert "is wanted" in outcome.message or "cannot be measured" in outcome.message


# The registry.


def test_unknown_ids_name_the_known_ones():
    with pytest.raises(ValueError, match="unknown exercise 'gradient-stop'"):
        check("gradient-stop", None)


def test_an_id_is_taken_once():
    with pytest.raises(ValueError, match="'gradient-step' is taken"):
        core.register(step)


def test_a_solution_carries_the_name_and_the_question():
    def other(w):
        """Do it."""

    def bare(w):
        return w

    make = code.code_exercise("some-id", section="7.1", title="T", trials=lambda rng: [], hints=[])
    with pytest.raises(ValueError, match="must be named some_id"):
        make(other)
    with pytest.raises(ValueError, match="needs a docstring"):
        make(bare)
    assert "some-id" not in exercises.ids()
