"""Trials: whatever an answer does, it is told in one line and nothing else breaks."""

import os
import signal
import sys
import threading
import time
import warnings

import numpy as np
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from coursekit import exercises
from coursekit.exercises import code
from coursekit.exercises.timeout import TimeUp, call_within

step = exercises.get("gradient-step")
counting = exercises.get("steps-to-tolerance")

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
        (leaves, "raised", "SystemExit: an answer may not end Python for w=2"),
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
    monkeypatch.setattr(code.CodeExercise, "time_limit", 0.2)


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
    assert "From 2/λ on w never gets there" in counting.check(endless_count).message
    message = counting.check(lambda c, r, s, t: for_ever(c, r, s)).message
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


# In a notebook ``exit`` is IPython's own object, which asks the kernel to end.

LEAVING = """
def gradient_step(w, gradient, learning_rate):
    {}

check("gradient-step", gradient_step)"""


def test_no_answer_can_stop_the_kernel(tmp_path):
    attempts = ["exit()", "quit()", "exit(True)", "get_ipython().ask_exit()", "raise SystemExit"]
    cells = ["from coursekit import check", *map(LEAVING.format, attempts), "'still here'"]
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    client = NotebookClient(
        notebook, timeout=60, kernel_name="python3", extra_arguments=["--log-level=ERROR"]
    )
    client.execute(env={**os.environ, "COURSEKIT_DATA": str(tmp_path)})
    *_, last = notebook.cells
    for cell in notebook.cells[1:-1]:
        said = cell.outputs[0].data["text/plain"]
        assert said.startswith("⚠ raised"), cell.source
        assert "SystemExit: an answer may not end Python" in said
    assert last.outputs[0].data["text/plain"] == "'still here'"
