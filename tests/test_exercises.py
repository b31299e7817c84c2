"""Exercises: every solution passes, every mistake is told apart, and no answer breaks anything."""

import html
import re
import signal
import sys
import threading
import time
import warnings
from itertools import combinations

import numpy as np
import pytest

from coursekit import check, exercise, exercises
from coursekit.exercises import core, trials
from coursekit.exercises.timeout import TimeUp, call_within

ALL = [exercises.get(id) for id in exercises.ids()]
CODE = [e for e in ALL if e.kind == "code"]
every = pytest.mark.parametrize("e", ALL, ids=lambda e: e.id)
every_code = pytest.mark.parametrize("e", CODE, ids=lambda e: e.id)
step = exercises.get("gradient-step")


def cell(source):
    """What a reader's cell defines."""
    names = {"np": np, "check": check}
    exec(source, names)
    return names


@every
def test_the_solution_is_right_as_the_cell_that_is_shown(e):
    outcome = e.check(cell(e.solution)[e.name])
    assert outcome.status == "right", outcome
    assert outcome.message
    assert not outcome.remark


@every
def test_the_blank_is_not_attempted(e):
    assert e.check(cell(e.blank)[e.name]).status == "not attempted"


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
    assert e.section.startswith("7.")
    assert repr(e).startswith(e.title)
    assert f"Hint {len(e.hints)} of {len(e.hints)}" in e._repr_html_()
    assert exercise(e.id) is e


@every
def test_the_card_tells_how_to_see_the_solution(e, capsys):
    command = re.search(r"Run <code>(.*?)</code> in a cell", e._repr_html_())[1]
    exec(html.unescape(command), {})
    assert capsys.readouterr().out.strip() == e.solution


# Differently written right answers, one for each code exercise.


def looped_step(w, gradient, learning_rate):
    if np.ndim(w) == 0:
        return w - learning_rate * gradient
    return [looped_step(a, g, learning_rate) for a, g in zip(w, gradient, strict=True)]


def closed_form_steps(curvature, learning_rate, start, tolerance):
    if abs(start) <= tolerance:
        return 0
    factor = abs(1 - curvature * learning_rate)
    if factor >= 1:
        return float("inf")
    return 1 if factor == 0 else np.ceil(np.log(tolerance / abs(start)) / np.log(factor))


def by_minors(hessian):
    def positive_definite(matrix):
        return all(np.linalg.det(matrix[:k, :k]) > 0 for k in range(1, len(matrix) + 1))

    if positive_definite(hessian):
        return "Minimum"
    return "maximum" if positive_definite(-hessian) else "saddle"


def walked_escape(offset, curvature, learning_rate):
    w, steps = abs(offset), 0
    while w < 1:
        if w == 0:
            return np.inf
        w, steps = w - learning_rate * curvature * w, steps + 1
    return np.float64(steps)


OTHERS = {
    "gradient-step": looped_step,
    "steps-to-tolerance": closed_form_steps,
    "hessian-signs": by_minors,
    "saddle-escape": walked_escape,
}


@every_code
def test_a_differently_written_answer_is_right(e):
    assert e.check(OTHERS[e.id]).status == "right"


@pytest.mark.parametrize("answer", [1 / 3, np.float32(1 / 3), np.array(1 / 3), 0.3333])
def test_a_number_is_accepted_in_any_form(answer):
    assert check("stable-rate", answer).status == "right"


@pytest.mark.parametrize("answer", ["1/3", np.nan, [1 / 3], True])
def test_what_is_no_number_is_told_so(answer):
    assert "A finite number is wanted" in check("stable-rate", answer).message


def test_a_number_of_no_known_mistake_is_too_large_or_too_small():
    assert check("stable-rate", 0.4).message == "0.4 is too large."
    assert check("stable-rate", np.float64(0.3)).message == "0.3 is too small."
    assert check("stable-rate", 0.33).status == "right"
    assert check("stable-rate", "1/3").message.endswith("Write it without quotes.")


def test_a_prediction_is_a_letter():
    assert check("valley", " c ").status == "right"
    assert check("valley", "E").message == "Choose one of A, B, C, D, got 'E'."
    assert check("valley", 3).status == "wrong"


# Answers that are no answers.


class Rude:
    def __repr__(self):
        raise RuntimeError("no")


def raises(w, gradient, learning_rate):
    return 1 / 0


def leaves(w, gradient, learning_rate):
    sys.exit()


def recurses(w, gradient, learning_rate):
    return recurses(w, gradient, learning_rate)


def other_blank(w, gradient, learning_rate):
    raise NotImplementedError("momentum-step")


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (None, "wrong", "wants the function itself, got None"),
        (np.zeros(3), "wrong", "wants the function itself, got [0., 0., 0.]"),
        (Rude(), "wrong", "wants the function itself, got a Rude"),
        (lambda w: w, "wrong", "called with (w, gradient, learning_rate), but it takes (w)"),
        (lambda w, g, r: None, "wrong", "returned None. Is a return missing?"),
        (lambda w, g, r: "up", "wrong", "got 'up', expected numbers: 1.7"),
        (lambda w, g, r: [[1], [1, 2]], "wrong", "expected numbers"),
        (lambda w, g, r: Rude(), "wrong", "got a Rude, expected numbers"),
        (lambda w, g, r: np.zeros(7), "wrong", "got shape (7,), expected shape ()"),
        (lambda w, g, r: (w - r * g) * 1.001, "wrong", "got 1.7017, expected 1.7"),
        (lambda w, g, r: w * np.nan, "wrong", "got nan, expected 1.7"),
        (raises, "raised", "ZeroDivisionError: division by zero for w=2"),
        (leaves, "raised", "SystemExit"),
        (recurses, "raised", "RecursionError"),
        (other_blank, "raised", "NotImplementedError: momentum-step"),
    ],
)
def test_garbage_is_told_so_in_one_line(answer, status, words):
    outcome = step.check(answer)
    assert outcome.status == status
    assert words in outcome.message
    assert "\n" not in outcome.message


def test_a_builtin_can_be_tried():
    assert "ValueError" in step.check(max).message


def test_what_a_right_answer_does_besides_is_remarked():
    def talkative(w, gradient, learning_rate):
        sys.stdout.write("stepping " * 1_000)
        warnings.warn("slippery", stacklevel=1)
        w -= learning_rate * gradient
        return w

    outcome = step.check(talkative)
    assert outcome.status == "right"
    assert "changes its argument w in place" in outcome.remark
    assert "It warns: UserWarning: slippery" in outcome.remark
    assert "It prints: stepping" in outcome.remark
    assert len(outcome.remark) < 600
    assert outcome.remark in repr(outcome)
    assert "Remark." in outcome._repr_html_()


def test_the_readers_own_stop_is_not_swallowed():
    def stopped(w, gradient, learning_rate):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        step.check(stopped)


# Answers that never end.


def for_ever(w, gradient, learning_rate):
    while True:
        pass


def stubborn(w, gradient, learning_rate):
    while True:
        try:  # noqa: SIM105
            for_ever(w, gradient, learning_rate)
        except:  # noqa: E722
            pass


def sleeps(w, gradient, learning_rate):
    time.sleep(60)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(core.CodeExercise, "time_limit", 0.2)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("answer", [for_ever, stubborn, sleeps])
def test_an_endless_answer_is_stopped(answer):
    outcome = step.check(answer)
    assert outcome.status == "raised"
    assert "Stopped: no answer within 0.2 s for w=2" in outcome.message
    assert "loop that never ends" in outcome.message


@pytest.mark.usefixtures("impatient")
def test_an_endless_answer_is_stopped_in_a_thread_too():
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(step.check(for_ever)), daemon=True)
    thread.start()
    thread.join(timeout=30)
    assert "Stopped" in outcomes[0].message


@pytest.mark.usefixtures("impatient")
def test_an_exercise_may_say_what_the_endless_loop_is_where_the_answer_is_inf():
    assert "From 2/λ on w never gets there" in check("steps-to-tolerance", endless_count).message
    message = check("steps-to-tolerance", lambda c, r, s, t: for_ever(c, r, s)).message
    assert "Expected is 8. Is there a loop that never ends?" in message


def endless_count(curvature, learning_rate, start, tolerance):
    steps = 0
    while abs(start) > tolerance:
        start, steps = start - learning_rate * curvature * start, (steps + 1) % 1000
    return steps


def test_a_limit_that_is_kept_leaves_nothing_behind():
    before = signal.getsignal(signal.SIGALRM), sys.gettrace()
    assert call_within(0.05, max, 1, 2) == 2
    results = []
    thread = threading.Thread(target=lambda: results.append(call_within(0.05, max, 1, 2)))
    thread.start()
    thread.join()
    time.sleep(0.1)  # a strike that was not taken back would arrive here
    assert results == [2]
    with pytest.raises(TimeUp):
        call_within(0.05, lambda: time.sleep(10))
    assert (signal.getsignal(signal.SIGALRM), sys.gettrace()) == before


def test_in_a_browser_there_is_no_limit(monkeypatch):
    monkeypatch.setattr(sys, "platform", "emscripten")
    call_within(0.01, time.sleep, 0.05)


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

    make = core.code_exercise("some-id", section="7.1", title="T", trials=lambda rng: [], hints=[])
    with pytest.raises(ValueError, match="must be named some_id"):
        make(other)
    with pytest.raises(ValueError, match="needs a docstring"):
        make(bare)
    assert "some-id" not in exercises.ids()
