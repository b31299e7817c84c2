"""The ball playground: which side it ends on, when it rests, and how it is told."""

import math

import numpy as np
import pytest

from coursekit.widgets.ball import METHODS, SURFACES, Ball
from coursekit.widgets.scene import Handle, encode
from coursekit.widgets.static import png

FOLD = 2 / math.sqrt(27)


def handles(playground):
    """The handles of the frame, in their order."""
    items = (item for view in playground.frame().views.values() for item in view.items)
    return [item for item in items if isinstance(item, Handle)]


def said(ball):
    return "\n".join(ball.frame().readout)


def same(one, other):
    """Whether two frames travel as the same bytes."""
    (plain, buffers), (plain_2, buffers_2) = encode(one), encode(other)
    return plain == plain_2 and [bytes(b) for b in buffers] == [bytes(b) for b in buffers_2]


def test_momentum_crosses_the_barrier_and_plain_descent_stays():
    ball = Ball()
    assert (ball.final_side(), ball.final_side("SGD")) == ("left", "right")
    assert (ball.crossings(), ball.crossings("SGD")) == (1, 0)
    assert (ball.in_deepest_well(), ball.in_deepest_well("SGD")) == (True, False)
    crossing, staying = ball.frame().readout
    assert "crosses the barrier at step 10" in crossing
    assert "left well, the deeper one" in crossing
    assert "never crosses the barrier" in staying
    assert "right well, the shallower one" in staying


def test_a_run_is_the_loop_of_the_book():
    ball = Ball(tilt=-0.2, start=1.3, rate=0.1, momentum=0.7, steps=40)
    w, v, points = 1.3, 0.0, [1.3]
    for _ in range(40):
        v = 0.7 * v - 0.1 * (w**3 - w - 0.2)
        w += v
        points.append(w)
    assert ball.run().points[:, 0] == pytest.approx(points, abs=1e-12)
    ball.move(momentum=0.0)
    assert np.array_equal(ball.run().points, ball.run("SGD").points)


def test_on_the_shelf_plain_descent_creeps_as_one_over_the_steps():
    ball = Ball(surface="shelf", steps=200)
    level = ball.terrain()
    assert level.loss.gradient([level.barrier]) == pytest.approx(0, abs=1e-15)
    assert level.loss.tilt == pytest.approx(FOLD)
    assert list(level.wells) == ["minimum"]
    # Near the shelf the slope is √3 δ², so that δ falls as 1/(√3 η n) and never reaches 0.
    left = ball.run("SGD").points[-1].item() - level.barrier
    assert 0.8 < left * math.sqrt(3) * 0.05 * 200 < 1
    assert ball.final_side("SGD") == "right"
    assert ball.rests_from("SGD") == math.inf
    assert "never crosses the shelf, hardly moves on the shelf" in said(ball)
    assert ball.final_side() == "left"
    assert ball.in_deepest_well()


@pytest.mark.parametrize("rate", [0.05, 0.3, 1.9])
def test_in_the_bowl_the_rest_comes_when_the_closed_form_says(rate):
    ball = Ball(surface="bowl", method="SGD", start=1.5, rate=rate, steps=200)
    expected = math.ceil(math.log(0.01 / 1.5) / math.log(abs(1 - rate)))
    assert ball.rests_from() == expected
    assert f"stands still from step {expected} on in the minimum" in said(ball)
    assert ball.final_side() == ""
    assert ball.crossings() == 0


@pytest.mark.parametrize("tilt", [-0.3, 0.0, 0.2])
def test_the_barrier_and_the_wells_are_where_the_slope_is_zero(tilt):
    terrain = Ball(tilt=tilt).terrain()
    left, right = terrain.wells.values()
    assert left < terrain.barrier < right
    for w in (left, terrain.barrier, right):
        assert w**3 - w + tilt == pytest.approx(0, abs=1e-12)


def test_equal_wells_have_no_deeper_one():
    assert "in the right well (w" in said(Ball(tilt=0.0, method="SGD"))


def test_a_ball_on_the_very_top_belongs_to_no_side():
    ball = Ball(tilt=0.0, start=0.0)
    assert ball.final_side() == ""
    assert "hardly moves on the barrier (w = 0.00)" in said(ball)


def test_a_rate_too_large_is_said_and_warns_nobody():
    ball = Ball(method="SGD", rate=3.0, steps=200)
    assert not np.isfinite(ball.run().points).all()
    assert "leaves the picture for good at step 1: the rate is too large" in said(ball)
    assert ball.final_side() == ""
    assert ball.rests_from() == math.inf
    assert encode(ball.frame())[1]


def test_a_ball_may_cross_more_than_once():
    ball = Ball(tilt=0.0, start=1.7, rate=0.1, momentum=0.97, steps=200)
    sides = np.sign(ball.run().points[:, 0])
    changes = np.flatnonzero(np.diff(sides)) + 1
    assert ball.crossings() == len(changes) > 1
    assert f"crosses the barrier {len(changes)} times, first at step {changes[0]}" in said(ball)


def test_an_unfinished_run_says_where_it_is():
    assert "still moves after 4 steps" in said(Ball(steps=4))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("surface", SURFACES)
def test_every_state_is_drawn_and_comes_back_from_its_code(surface, method):
    ball = Ball(surface=surface, method=method, tilt=-0.123, momentum=0.5, compare=False)
    assert eval(ball.code()).state == ball.state
    names = {control.name for control in ball.controls()}
    assert ("tilt" in names) == (surface == "double well")
    assert ("momentum" in names) == (method in ("Momentum", "Nesterov"))
    assert ("compare" in names) == (method != "SGD")
    assert len(ball.frame().readout) == 1
    ball.move(compare=True)
    assert len(ball.frame().readout) == (1 if method == "SGD" else 2)


def test_the_frame_is_pure_and_has_a_picture():
    ball = Ball(tilt=0.05)
    state = dict(ball.state)
    assert same(ball.frame(), ball.frame())
    assert ball.state == state
    assert png(ball.frame()).startswith(b"\x89PNG")


def test_the_axes_stay_while_anything_moves():
    panels = [view.panel for view in Ball().frame().views.values()]
    ball = Ball(start=-1.1, rate=1.0, steps=7, tilt=0.3)
    assert [view.panel for view in ball.frame().views.values()] == panels


def test_the_start_is_dragged_along_the_curve():
    ball = Ball()
    ball.move(start=[-0.4, 12.0])
    assert ball.state["start"] == -0.4
    (handle,) = handles(ball)
    height = ball.terrain().loss.value([-0.4])
    assert (handle.name, handle.axis, handle.at) == ("start", "x", (-0.4, pytest.approx(height)))
    ball.press("reset")
    assert ball.state == Ball().state


def test_another_method_is_refused():
    with pytest.raises(ValueError, match="unknown method 'sgd'"):
        Ball().final_side("sgd")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"start": 1.8}, "start must be a finite number at least -1.7 and at most 1.7, got 1.8"),
        ({"start": "top"}, "start must be a finite number"),
        ({"tilt": 0.5}, "tilt must be a finite number at least -0.35"),
        ({"surface": "bowl", "tilt": 0.5}, "tilt must be a finite number at least -0.35"),
        ({"momentum": 1.0}, "momentum must be a finite number at least 0"),
        ({"method": "SGD", "momentum": 1.0}, "momentum must be a finite number at least 0"),
        ({"method": "SGD", "compare": 1}, "compare must be True or False, got 1"),
        ({"rate": 0.0}, "rate must be a finite number at least 0.001"),
        ({"steps": 0.5}, "steps must be a whole number"),
        ({"surface": "bowls"}, "unknown surface 'bowls'. Did you mean 'bowl'?"),
        ({"method": "adam"}, "unknown method 'adam'. Did you mean 'Adam'?"),
        ({"speed": 1}, "unknown setting of Ball 'speed'"),
    ],
)
def test_bad_settings_are_refused_by_name(settings, message):
    with pytest.raises(ValueError) as raised:
        Ball(**settings)
    assert message in str(raised.value)
