"""What all playgrounds share: a state that takes what is allowed, and the code that makes it."""

import base64
import dataclasses

import numpy as np
import pytest
from playgrounds import Toy

from coursekit.widgets.playground import Button, Choice, Control, Playground, Slider, Toggle, point
from coursekit.widgets.scene import Handle, Points

# The state.


def test_a_new_playground_has_the_defaults_and_its_own_copy_of_them():
    toy = Toy()
    assert toy.state == Toy.defaults
    toy.move(steps=9)
    assert Toy.defaults["steps"] == 3
    assert Toy().state["steps"] == 3


def test_settings_are_kept_as_plain_values():
    toy = Toy(place=np.array([1, 2]), rate=np.float64(0.5), steps=np.int64(4))
    assert toy.state["place"] == (1.0, 2.0)
    assert [type(toy.state[name]) for name in ("rate", "steps")] == [float, int]
    assert type(toy.state["place"][0]) is float


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"rate": 0.0}, "rate must be a finite number at least 0.001 and at most 1, got 0.0"),
        ({"rate": 1.01}, "rate must be a finite number at least 0.001 and at most 1, got 1.01"),
        ({"rate": "fast"}, "rate must be a finite number .* got 'fast'"),
        ({"rate": float("nan")}, "rate must be a finite number .* got nan"),
        ({"steps": 2.5}, "steps must be a whole number, at least 0, got 2.5"),
        ({"steps": 11}, "steps must be a finite number at least 1 and at most 10, got 11"),
        ({"steps": True}, "steps must be a whole number, at least 0, got True"),
        ({"ground": "shade"}, "unknown ground 'shade'. Did you mean 'shaded'"),
        ({"ground": ["shaded"]}, r"unknown ground \['shaded'\]"),
        ({"twice": 1}, "twice must be True or False, got 1"),
        ({"place": 3}, r"place must be a point \(x, y\), got 3"),
        ({"place": (1, 2, 3)}, r"place must be a point \(x, y\), got \(1, 2, 3\)"),
        ({"place": ("a", "b")}, r"place must be a point \(x, y\), got \('a', 'b'\)"),
        ({"place": (0, float("inf"))}, "place must be finite"),
        ({"more": 3.0}, "more must be a finite number at least 0 and at most 2, got 3.0"),
        ({"rte": 0.1}, "unknown setting.* 'rte'. Did you mean 'rate'"),
        ({"zero": True}, "unknown setting.* 'zero'"),
    ],
    ids=str,
)
def test_what_is_not_allowed_is_refused_by_name(settings, words):
    with pytest.raises(ValueError, match=words):
        Toy(**settings)
    toy = Toy()
    with pytest.raises(ValueError, match=words):
        toy.move(**settings)
    assert toy.state == Toy.defaults


def test_a_move_is_all_or_nothing():
    toy = Toy()
    with pytest.raises(ValueError, match="steps"):
        toy.move(rate=0.5, steps=99)
    assert toy.state == Toy.defaults
    toy.move(rate=0.5, steps=9)
    assert (toy.state["rate"], toy.state["steps"]) == (0.5, 9)


def test_a_setting_without_its_control_is_still_checked_and_kept():
    toy = Toy(more=0.5)
    assert "more" not in {control.name for control in toy.controls()}
    toy.move(twice=True)
    assert "more" in {control.name for control in toy.controls()}
    assert toy.state["more"] == 0.5


class Branching(Toy):
    """Controls that look the choice up, as a playground with several surfaces does."""

    def controls(self):
        own = {"plain": [], "shaded": [Button("light", "Light")]}
        return super().controls() + own[self.state["ground"]]


def test_an_unknown_choice_is_refused_before_the_controls_that_depend_on_it_are_made():
    with pytest.raises(ValueError, match="unknown ground 'mud'"):
        Branching(ground="mud")
    assert Branching(ground="shaded").controls()[-1].name == "light"


# Buttons.


def test_reset_goes_back_to_the_state_it_was_made_in():
    toy = Toy(steps=7)
    toy.move(steps=2, place=(5, 5))
    toy.press("reset")
    assert toy.state == Toy.defaults | {"steps": 7}
    toy.move(steps=1)
    toy.press("reset")
    assert toy.state["steps"] == 7


def test_a_button_does_what_the_playground_says():
    toy = Toy()
    toy.press("zero")
    assert toy.state["place"] == (0.0, 0.0)
    with pytest.raises(ValueError, match="unknown button 'zro'"):
        toy.press("zro")


# Code.


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"rate": 1 / 3},
        {"steps": 10},
        {"ground": "shaded"},
        {"twice": True, "more": 0.125},
        {"place": (-1e-9, 123456.789)},
    ],
    ids=str,
)
def test_the_line_of_code_makes_the_same_state_again(settings):
    toy = Toy(**settings)
    made = eval(toy.code())
    assert made.state == toy.state
    assert made.frame().readout == toy.frame().readout
    assert repr(toy) == toy.code()


def test_the_line_follows_the_moves():
    toy = Toy()
    toy.move(rate=0.7, ground="shaded", twice=True, place=[1, 1], steps=5)
    assert eval(toy.code()).state == toy.state


# Controls.


def test_a_control_travels_as_plain_values():
    slider = Slider("rate", "η", 1e-3, 1.0, log=True)
    assert slider.plain() == {
        "kind": "slider",
        "name": "rate",
        "label": "η",
        "color": "",
        "low": 1e-3,
        "high": 1.0,
        "log": True,
        "step": 0.0,
        "play": False,
    }
    kinds = [control.plain()["kind"] for control in Toy().controls()]
    assert kinds == ["slider", "slider", "choice", "toggle", "button"]


def test_a_control_of_something_has_its_name_and_colour():
    slider = Slider("rate", "η", 0.0, 1.0).of("Adam")
    assert (slider.label, slider.color, slider.name) == ("Adam η", "Adam", "rate")


def test_checks_return_what_is_kept():
    assert Slider("a", "A", 0.0, 1.0).check(1) == 1.0
    assert isinstance(Slider("a", "A", 0.0, 1.0).check(1), float)
    assert isinstance(Slider("a", "A", 0, 5, step=1).check(np.int32(2)), int)
    assert Choice("c", "C", ("x", "y")).check("y") == "y"
    assert Toggle("t", "T").check(False) is False
    assert point("p", [1, 2]) == (1.0, 2.0)


def test_a_control_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Toggle("t", "T").name = "u"


def test_what_a_playground_must_have_is_asked_for():
    with pytest.raises(NotImplementedError):
        Playground()
    with pytest.raises(NotImplementedError):
        Playground.frame(Toy())
    with pytest.raises(NotImplementedError):
        Control("a", "A").check(1)


# What an exercise holds fast, and its goal.


def test_only_what_is_free_moves():
    toy = Toy().only("rate", "zero")
    assert [control.name for control in toy.offered()] == ["rate", "zero"]
    toy.move(rate=0.5)
    with pytest.raises(ValueError, match="steps is fixed here; what may be moved: rate, zero"):
        toy.move(rate=0.6, steps=4)
    assert toy.state == Toy.defaults | {"rate": 0.5}
    toy.press("reset")
    assert toy.state["rate"] == 0.1


def test_a_handle_that_is_held_is_a_mark():
    def handles(toy):
        return [i for v in toy.shown().views.values() for i in v.items if isinstance(i, Handle)]

    assert [handle.name for handle in handles(Toy())] == ["place"]
    assert [handle.name for handle in handles(Toy().only("place"))] == ["place"]
    held = Toy().only("rate")
    assert handles(held) == []
    marks = [i for i in held.shown().views["plane"].items if isinstance(i, Points)]
    assert [mark.points for mark in marks] == [[(0.25, 0.5)]]


def test_a_goal_is_measured_on_the_state():
    toy = Toy()
    assert (toy.shown().goal, toy.shown().met) == ("", False)
    toy.goal = lambda state: (state["steps"] > 5, f"more than 5 steps, now {state['steps']}")
    assert (toy.shown().goal, toy.shown().met) == ("more than 5 steps, now 3", False)
    toy.move(steps=6)
    assert (toy.shown().goal, toy.shown().met) == ("more than 5 steps, now 6", True)


# In a notebook.


def test_the_bundle_holds_a_widget_a_picture_and_the_line_of_code():
    toy = Toy(steps=4)
    bundle = toy._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/plain", "image/png"}
    line, said = bundle["text/plain"].splitlines()
    assert eval(line).state == toy.state
    assert said == "at 0.25"
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG\r\n")
    model = bundle["application/vnd.jupyter.widget-view+json"]["model_id"]
    again = toy._repr_mimebundle_()["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert again == model, "showing it twice makes no second widget"


def test_the_picture_is_of_the_state():
    toy = Toy()
    before = toy._repr_mimebundle_()["image/png"]
    assert toy._repr_mimebundle_()["image/png"] == before
    toy.move(place=(0.9, 0.1))
    assert toy._repr_mimebundle_()["image/png"] != before
