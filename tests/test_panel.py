"""Panels: what is answered, opened and forgotten, on the card, in the bar and in the progress."""

import html
import re
import subprocess
import sys

import IPython.display
import pytest

from coursekit import check, exercise, exercises
from coursekit.exercises import cards, progress
from coursekit.exercises.records import Record

pytestmark = pytest.mark.usefixtures("data_folder")

STEP = exercises.get("gradient-step")
VIEW = "application/vnd.jupyter.widget-view+json"


def climbs(w, gradient, learning_rate):
    return w + learning_rate * gradient


@pytest.fixture
def page(monkeypatch):
    """What reaches the page: (bundle, display id) in order; an update replaces its bundle."""
    shown = []

    def display(bundle, raw=False, display_id=None):
        shown.append((bundle, display_id))

    def update(bundle, raw, display_id):
        places = [i for i, (_, known) in enumerate(shown) if known == display_id]
        assert places
        for i in places:
            shown[i] = (bundle, display_id)

    monkeypatch.setattr(IPython.display, "display", display)
    monkeypatch.setattr(IPython.display, "update_display", update)
    return shown


def test_check_says_and_records_the_outcome():
    panel = check("gradient-step", climbs)
    assert repr(panel) == "✗ wrong — One step down the slope\n  " + STEP.mistakes[0].sentence
    assert (panel.status, panel.message) == ("wrong", STEP.mistakes[0].sentence)
    assert panel.outcome == STEP.check(climbs)
    assert progress.get("gradient-step").state == "wrong"
    assert check("gradient-step", STEP.function).state == "right"
    assert progress.get("gradient-step").tries == 2
    assert progress.get("gradient-step").state == "right"


def test_the_same_functions_are_found_beside_the_exercises():
    assert exercises.check is check
    assert exercises.exercise is exercise
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        exercises.chekc  # noqa: B018


@pytest.mark.parametrize("call", [exercise, lambda id: check(id, None)])
def test_unknown_ids_name_the_known_ones(call):
    with pytest.raises(ValueError, match=r"unknown exercise 'vally'\. Did you mean 'valley'"):
        call("vally")


def test_nothing_that_is_no_answer_counts_as_a_try():
    for answer in (None, "", "  ", "1/3 m", "0,33"):
        assert check("stable-rate", answer).status == "not attempted"
    assert check("valley", "E").status == "not attempted"
    assert progress.everything() == {}


def test_a_question_stands_in_the_panel_unless_it_stands_in_the_cell():
    for id in exercises.ids():
        e = exercises.get(id)
        first = e.question.split("\n")[0]
        assert first in repr(exercise(id))
        assert first in html.unescape(exercise(id)._repr_html_())
        assert (first in repr(check(id, lambda: None))) == (e.kind != "code")


# Help.


def test_hints_open_one_at_a_time_and_stay_open():
    panel = exercise("gradient-step")
    assert STEP.hints[0] not in repr(panel)
    for number, hint in enumerate(STEP.hints, start=1):
        assert panel.view()["hint"] == f"Hint {number} of 3"
        assert panel.hint() is panel
        assert panel.view()["said"] == f"Hint {number} of 3: {hint}"
        assert f"Hint {number} of 3: {hint}" in repr(panel)
        assert html.escape(hint) in panel._repr_html_()
    panel.hint()
    assert panel.view()["hint"] == "All hints open"
    assert progress.get("gradient-step").hints == 3
    assert STEP.hints[2] in repr(check("gradient-step", climbs))


def test_right_after_a_hint_is_right_with_help():
    exercise("gradient-step").hint()
    panel = check("gradient-step", STEP.function)
    assert (panel.status, panel.state) == ("right", "right with help")
    assert repr(panel).startswith("✓ right with help — ")
    assert "✓ right with help" in panel._repr_html_()
    assert panel.view()["said"].startswith("Right with help: ")


def test_a_hint_after_the_solving_takes_nothing_away():
    check("gradient-step", STEP.function)
    exercise("gradient-step").hint()
    assert check("gradient-step", STEP.function).state == "right"
    worse = check("gradient-step", climbs)
    assert "You have solved this before (right); that stands." in repr(worse)
    assert "that stands" in worse._repr_html_()


def test_the_solution_is_asked_for_twice():
    panel = exercise("gradient-step").ask_solution()
    assert panel.view()["question"] == "Show the solution? It counts as help."
    assert not progress.get("gradient-step").solution
    panel.dismiss()
    assert panel.view()["question"] == panel.view()["solution"] == ""
    assert "Solution:" not in repr(panel)
    panel.ask_solution().show_solution()
    assert panel.view()["asking"] == ""
    assert panel.view()["solution"] == STEP.solution
    assert "    return w - learning_rate * gradient" in repr(panel)
    assert "<details open" in panel._repr_html_()
    assert check("gradient-step", STEP.function).state == "right with help"
    # From now on it is there, folded, and nothing is asked.
    again = exercise("gradient-step")
    assert "<details style" in again._repr_html_()
    assert again.ask_solution().view()["asking"] == ""
    assert "<details open" in again._repr_html_()


@pytest.mark.parametrize("id", exercises.ids())
def test_the_solution_is_shown_as_code_to_copy(id):
    panel = exercise(id).show_solution()
    shown = re.search(r"<pre[^>]*>(.*?)</pre>", panel._repr_html_(), re.DOTALL)[1]
    assert html.unescape(re.sub(r"<.*?>", "", shown)) == exercises.get(id).solution
    assert "<span style" in shown


def test_code_is_shown_without_pygments_too(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygments", None)
    assert cards.highlighted("a < b").endswith(">a &lt; b</pre>")


def test_reset_asks_where_something_would_be_lost():
    panel = exercise("gradient-step").hint().ask_reset()
    assert progress.everything() == {}
    assert STEP.hints[0] not in repr(panel)
    check("gradient-step", STEP.function)
    panel = exercise("gradient-step").ask_reset()
    assert panel.view()["asking"] == "reset"
    assert progress.get("gradient-step").solved
    panel.reset()
    assert progress.everything() == {}
    assert panel.status == "not attempted"
    assert panel.view()["asking"] == ""


# Numbers and predictions.


def test_a_right_number_is_kept_as_it_was_typed():
    panel = exercise("stable-rate")
    panel.judge("2/3")
    assert panel.view()["given"] == "2/3"
    assert "Your answer: 2/3" in repr(panel)
    assert exercise("stable-rate").status == "not attempted"
    panel.judge(" 2/6 ")
    again = exercise("stable-rate")
    assert (again.status, again.view()["given"]) == ("right", "2/6")
    check("stable-rate", 0.333)
    assert exercise("stable-rate").view()["given"] == "0.333"
    assert check("stable-rate", 12).status == "wrong"
    assert exercise("stable-rate").status == "right"


def test_a_prediction_is_made_once():
    panel = exercise("valley").judge("b")
    assert panel.view()["locked"]
    assert panel.view()["given"] == "B"
    again = exercise("valley")
    assert again.outcome == panel.outcome
    assert "← your answer" in again._repr_html_()
    other = check("valley", "C")
    assert other.status == "wrong"
    assert "B is locked in" in other.outcome.remark
    assert progress.get("valley").tries == 1
    assert not check("valley", "B").outcome.remark
    again.reset()
    assert not again.view()["locked"]
    assert check("valley", "C").status == "right"


def test_the_run_is_made_after_the_lock_in_and_once(monkeypatch):
    runs = []
    monkeypatch.setattr(exercises.get("valley"), "reveal", lambda: runs.append(1) or "1 < 2")
    panel = exercise("valley")
    repr(panel), panel._repr_html_(), panel.hint(), panel.judge("no letter")
    assert not runs
    panel.judge("A")
    assert "\n  1 < 2\n" in repr(panel)
    assert "1 &lt; 2</pre>" in panel._repr_html_()
    assert len(runs) == 1
    assert "1 < 2" in repr(exercise("valley"))


def test_the_run_in_the_valley_shows_what_the_question_asks():
    table = exercises.get("valley").reveal()
    counts = [[int(n) for n in re.findall(r" (\d+) ", row)] for row in table.splitlines()[1:]]
    assert counts == [[691, 684, 684], [1389, 3, 0]]


def test_a_run_may_bring_its_own_html():
    class Table:
        def _repr_html_(self):
            return "<table></table>"

    card = cards.Card(exercises.get("valley").check("A"), run=Table())
    assert "<table></table>" in card.html()


# On a page.


def test_the_page_gets_a_card_and_below_it_a_bar(page):
    panel = check("gradient-step", climbs)
    panel._ipython_display_()
    (card, display_id), (bar, none) = page
    assert display_id
    assert none is None
    assert card == {"text/plain": repr(panel), "text/html": panel._repr_html_()}
    assert set(bar) == {VIEW, "text/plain", "text/html"}
    assert STEP.hints[0] in html.unescape(bar["text/html"])
    panel.hint()
    assert STEP.hints[0] in page[0][0]["text/plain"]
    assert len(page) == 2


def test_the_bar_hands_on_what_the_reader_does(page):
    panel = exercise("valley")
    panel._ipython_display_()
    bar = panel._bar
    assert repr(bar) == "Bar('Is the zig-zag to blame?')"

    def press(act, **value):
        turn = bar.view["turn"]
        bar._handle_custom_msg({"act": act, **value}, [])
        assert bar.view == panel.view()
        assert bar.view["turn"] == turn + 1  # by this the page knows that it was heard

    press("hint")
    press("solution")
    assert bar.view["asking"] == "solution"
    press("no")
    press("solution")
    press("yes")
    assert bar.view["solution"]
    press("answer", value="")
    assert panel.status == "not attempted"
    press("answer", value="D")
    assert "✗ wrong" in page[0][0]["text/plain"]
    assert bar.view["said"].startswith("Wrong: A small rate is slow")
    press("reset")
    press("yes")
    assert progress.everything() == {}
    with pytest.raises(ValueError, match="unknown act 'sing'"):
        panel.receive("sing")


def test_where_widgets_are_broken_the_outcome_stands(page, monkeypatch):
    monkeypatch.setitem(sys.modules, "coursekit.widgets.bar", None)
    panel = check("gradient-step", climbs)
    panel._ipython_display_()
    (card, _), (below, _) = page
    assert STEP.mistakes[0].sentence in card["text/plain"]
    assert VIEW not in below
    assert "Hint 3 of 3" in below["text/html"]
    panel.hint()
    assert STEP.hints[0] in page[0][0]["text/plain"]


@pytest.mark.parametrize("id", exercises.ids())
def test_without_buttons_there_are_calls_that_do_the_same(id):
    e = exercises.get(id)
    text, folded = cards.help_text(e), html.unescape(cards.help_html(e))
    assert ("check(" in text) == ("check(" in folded) == (e.kind != "code")
    assert all(hint.split("`")[0] in folded for hint in e.hints)
    command = re.search(r"Run <code>(.*?)</code> in a cell", folded)[1]
    assert e.solution.splitlines()[-1] in repr(eval(command))
    assert progress.get(id).solution


def test_a_tuned_playground_stands_under_its_card(page):
    panel = exercise("tune-rate")
    panel._ipython_display_()
    _, (ground, _), _ = page
    assert [control.name for control in ground.offered()] == ["sgd_rate"]
    canvas = ground.widget()
    canvas.receive({"type": "move", "changes": {"sgd_rate": 0.02}, "seq": 1})
    assert progress.get("tune-rate").state == "not attempted"  # on the way there
    for n in range(3):  # held where the goal is met, it is met once
        canvas.receive({"type": "move", "changes": {"sgd_rate": 0.093}, "seq": n})
    assert progress.get("tune-rate").tries == 1
    assert progress.get("tune-rate").state == "right"
    assert page[0][0]["text/plain"].startswith("✓ right")
    assert "There in 73 steps" in page[0][0]["text/plain"]
    assert "{…}" in cards.help_text(panel.exercise)
    # Another day it starts where it was left, and counts nothing anew.
    again = exercise("tune-rate")
    assert again.status == "right"
    ground = again._playground(again.exercise)
    assert ground.state["sgd_rate"] == 0.093
    assert ground.shown().met
    ground.widget().receive({"type": "hello", "seq": 1})
    assert progress.get("tune-rate").tries == 1


def test_a_card_escapes_what_it_is_given():
    record = Record(tries=1, last="wrong")
    card = cards.Card(exercises.get("stable-rate").check("<b>"), record, given="<b>", asks=True)
    assert "<b>" not in card.html()
    assert "&lt;b&gt;" in card.html()


def test_a_panel_in_plain_python_needs_no_widgets():
    script = "from coursekit import check; import sys; print(check('valley', 'B').status)"
    script += "; print('ipywidgets' in sys.modules, 'IPython' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["wrong", "False", "False"]
