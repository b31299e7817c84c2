"""The live side, without a browser: what is sent to the page, and what its messages do."""

import numpy as np
import pytest
from playgrounds import Listener, Toy, unpacked

from coursekit.widgets.canvas import Canvas
from coursekit.widgets.scene import COLOURS, RAMPS


@pytest.fixture
def page():
    """A page that has just said hello to a toy, and has heard the answer."""
    page = Listener(Toy(ground="shaded").widget())
    page.says(type="hello", seq=1)
    return page


def toy_of(page):
    return page.canvas.playground


def backs(frame):
    """The names of the views whose background is in a message."""
    return [name for name, view in frame["views"].items() if "back" in view]


def test_a_widget_has_its_title_and_the_colours():
    canvas = Toy().widget()
    assert isinstance(canvas, Canvas)
    assert canvas.title == "A toy"
    assert Toy().only("steps").widget().title == ""
    assert canvas.look == {"colours": COLOURS, "ramps": RAMPS, "alt": canvas.playground.alt}
    assert repr(canvas) == f"Canvas({canvas.playground.code()})"


def test_hello_gets_everything(page):
    frame, buffers = page.heard[-1]
    assert (frame["type"], frame["seq"]) == ("frame", 1)
    assert frame["state"] == toy_of(page).state
    assert frame["code"] == toy_of(page).code()
    assert frame["readout"] == ["at 0.25"]
    names = [control["name"] for control in frame["controls"]]
    assert names == ["rate", "steps", "ground", "twice", "zero"]
    assert backs(frame) == ["plane"]
    line, handle = frame["views"]["plane"]["items"]
    assert unpacked(line["points"], buffers).tolist() == [[0.0, 0.0], [0.25, 0.5]]
    assert handle["at"] == (0.25, 0.5)


def test_a_move_changes_the_state_and_is_answered_with_its_number(page):
    frame = page.says(type="move", changes={"place": [0.75, 0.5], "steps": 5}, seq=7)
    assert (frame["type"], frame["seq"]) == ("frame", 7)
    assert frame["state"] == toy_of(page).state
    assert frame["state"]["place"] == (0.75, 0.5)
    line = frame["views"]["plane"]["items"][0]
    points = unpacked(line["points"], page.heard[-1][1])
    assert np.array_equal(points, [(0, 0), (0.75, 0.5)])
    assert len(page.heard) == 2


def test_what_the_page_has_is_not_sent_again(page):
    frame = page.says(type="move", changes={"steps": 5}, seq=2)
    assert backs(frame) == []
    assert "controls" not in frame
    assert len(page.heard[-1][1]) == 1, "the line alone"


def test_another_background_is_sent_and_then_is_known(page):
    assert backs(page.says(type="move", changes={"ground": "plain"}, seq=2)) == ["plane"]
    assert backs(page.says(type="move", changes={"steps": 5}, seq=3)) == []


def test_a_view_that_comes_back_brings_its_background(page):
    assert backs(page.says(type="move", changes={"twice": True}, seq=2)) == ["second"]
    assert backs(page.says(type="move", changes={"twice": False}, seq=3)) == []
    assert backs(page.says(type="move", changes={"twice": True}, seq=4)) == ["second"]


def test_controls_are_sent_when_they_are_others(page):
    frame = page.says(type="move", changes={"twice": True}, seq=2)
    assert "more" in [control["name"] for control in frame["controls"]]
    assert "controls" not in page.says(type="move", changes={"more": 0.5}, seq=3)


def test_a_new_page_gets_everything_again(page):
    page.says(type="move", changes={"twice": True}, seq=2)
    frame = page.says(type="hello", seq=1)
    assert backs(frame) == ["plane", "second"]
    assert len(frame["controls"]) == 6
    assert frame["state"]["twice"] is True


def test_buttons(page):
    page.says(type="move", changes={"steps": 5}, seq=2)
    frame = page.says(type="press", name="zero", seq=3)
    assert (frame["seq"], frame["state"]["place"]) == (3, (0.0, 0.0))
    frame = page.says(type="press", name="reset", seq=4)
    assert frame["state"] == toy_of(page).start == Toy(ground="shaded").state


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"type": "move", "changes": {"steps": 99}}, "steps must be a finite number"),
        ({"type": "move", "changes": {"pace": 1}}, "unknown setting 'pace'"),
        ({"type": "press", "name": "zro"}, "unknown button 'zro'"),
    ],
)
def test_errors_reach_the_page_and_are_raised(page, message, words):
    before = dict(toy_of(page).state)
    with pytest.raises(ValueError, match=words):
        page.canvas.receive({**message, "seq": 9})
    answer, _ = page.heard[-1]
    assert (answer["type"], answer["seq"]) == ("error", 9)
    assert words in answer["text"]
    assert toy_of(page).state == before
    assert page.says(type="move", changes={"steps": 5}, seq=10)["type"] == "frame"


def test_a_frame_that_cannot_be_computed_says_why_and_the_next_one_comes(page):
    with pytest.raises(ArithmeticError, match="too far"):
        page.canvas.receive({"type": "move", "changes": {"place": (10, 0)}, "seq": 2})
    assert page.heard[-1][0] == {"type": "error", "seq": 2, "text": "too far to the right"}
    frame = page.says(type="press", name="reset", seq=3)
    assert (frame["type"], frame["state"]["place"]) == ("frame", (0.25, 0.5))


def test_a_background_counts_as_known_only_once_it_was_sent(page, monkeypatch):
    toy = toy_of(page)
    monkeypatch.setattr(toy, "code", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        page.canvas.receive({"type": "move", "changes": {"twice": True}, "seq": 2})
    monkeypatch.undo()
    frame = page.says(type="move", changes={"steps": 5}, seq=3)
    assert backs(frame) == ["second"]
    assert "more" in [control["name"] for control in frame["controls"]]


def test_on_frame_hears_of_every_frame():
    heard = []
    toy = Toy()
    toy.on_frame = lambda frame: heard.append(toy.state["steps"])
    page = Listener(toy.widget())
    page.says(type="hello", seq=1)
    page.says(type="move", changes={"steps": 5}, seq=2)
    assert heard == [3, 5]
    with pytest.raises(ValueError, match="steps"):
        page.canvas.receive({"type": "move", "changes": {"steps": 99}, "seq": 3})
    assert heard == [3, 5]


def test_a_state_changed_by_code_is_shown_on_request(page):
    toy_of(page).move(steps=8)
    page.canvas.refresh()
    frame, _ = page.heard[-1]
    assert (frame["type"], frame["seq"], frame["state"]["steps"]) == ("frame", 0, 8)


def test_what_is_held_fast_has_no_control_on_the_page():
    toy = Toy().only("rate")
    toy.goal = lambda state: (state["rate"] > 0.5, "a rate above 0.5")
    page = Listener(toy.widget())
    frame = page.says(type="hello", seq=1)
    assert [control["name"] for control in frame["controls"]] == ["rate"]
    assert [item["kind"] for item in frame["views"]["plane"]["items"]] == ["path", "points"]
    assert (frame["goal"], frame["met"]) == ("a rate above 0.5", False)
    assert page.says(type="move", changes={"rate": 0.6}, seq=2)["met"] is True
