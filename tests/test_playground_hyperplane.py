"""The hyperplane playground: who is active, what a gradient does, and how it is told."""

import math

import numpy as np
import pytest

from coursekit.widgets.hyperplane import CLOUDS, POINTS, Hyperplane
from coursekit.widgets.scene import Handle, Image, Path, Points, encode
from coursekit.widgets.static import picture, png

ANGLES = [(0.0, (2.9, 0.0)), (90.0, (0.0, 2.1)), (180.0, (-2.9, 0.0)), (-90.0, (0.0, -2.1))]


def handles(playground):
    """The handles of the frame, in their order."""
    items = (item for view in playground.frame().views.values() for item in view.items)
    return [item for item in items if isinstance(item, Handle)]


def said(playground):
    return "\n".join(playground.frame().readout)


def by_hand(playground):
    """Pre-activations, from the foot and the angle alone."""
    turn = math.radians(playground.state["angle"])
    offsets = playground.points() - playground.state["foot"]
    return offsets[:, 0] * math.cos(turn) + offsets[:, 1] * math.sin(turn)


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("slope", [0.0, 0.25])
def test_fraction_and_gradient_are_those_of_the_formula(cloud, slope):
    playground = Hyperplane(cloud=cloud, slope=slope, seed=3, foot=(-0.4, 0.7), angle=-130.0)
    active = by_hand(playground) > 0
    assert 0 < active.sum() < POINTS
    assert playground.active_fraction() == active.mean()
    factor = np.where(active, 1.0, slope)
    ones = np.column_stack([playground.points(), np.ones(POINTS)])
    assert playground.gradient() == pytest.approx((factor[:, None] * ones).mean(axis=0), abs=1e-12)
    assert playground.status() == "alive"
    assert f"Alive: {100 * active.mean():g} % active" in said(playground)


def test_the_start_is_alive_with_a_part_of_the_points():
    playground = Hyperplane()
    assert 0.2 < playground.active_fraction() < 0.5
    assert playground.status() == "alive"
    assert "an inactive one passes none" in said(playground)


@pytest.mark.parametrize("seed", range(21))
@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_line_can_leave_every_cloud_on_all_sides(cloud, seed):
    for angle, foot in ANGLES:
        playground = Hyperplane(cloud=cloud, seed=seed, angle=angle, foot=foot)
        assert playground.status() == "dead"
        assert playground.active_fraction() == 0
        assert not playground.gradient().any()
        playground.press("turn")
        assert playground.status() == "always on"
        assert playground.active_fraction() == 1


def test_dead_always_on_and_leaky_are_told():
    playground = Hyperplane(angle=0.0, foot=(2.9, 0.0))
    assert "Dead: no point is active, all gradients are exactly 0" in said(playground)
    assert "by w (0, 0), by b 0." in said(playground)
    playground.move(slope=0.1)
    assert playground.status() == "alive"
    assert "No point is active, yet it is alive: each passes 0.1 of its gradient" in said(
        playground
    )
    assert playground.gradient()[2] == pytest.approx(0.1)
    playground.press("turn")
    assert "Always on: every point is active" in said(playground)


def test_the_marks_are_the_active_and_the_inactive_points():
    playground = Hyperplane(seed=5, slope=0.2)
    a = by_hand(playground)
    for view, height in (("plane", None), ("unit", np.where(a > 0, a, 0.2 * a))):
        items = playground.frame().views[view].items
        inactive, active = (item for item in items if isinstance(item, Points))
        assert (inactive.marker, active.marker) == ("s", "o")
        places = playground.points() if height is None else np.column_stack([a, height])
        assert active.points == pytest.approx(places[a > 0], abs=1e-12)
        assert inactive.points == pytest.approx(places[a <= 0], abs=1e-12)


def test_w_stands_upright_on_the_line():
    playground = Hyperplane(foot=(1.0, -0.5), angle=77.0)
    w1, w2, b = playground.weights()
    assert math.hypot(w1, w2) == pytest.approx(1)
    view = playground.frame().views["plane"]
    assert picture(playground.frame()).axes[0].get_aspect() == 1
    line, arrow = (np.array(item.points) for item in view.items if isinstance(item, Path))
    assert line @ [w1, w2] + b == pytest.approx([0, 0], abs=1e-12)
    assert arrow[0] == pytest.approx((1.0, -0.5))
    assert (arrow[1] - arrow[0]) @ (line[1] - line[0]) == pytest.approx(0, abs=1e-12)


def test_the_shades_are_the_output_of_the_unit():
    playground = Hyperplane(angle=0.0, foot=(0.0, 0.0))
    (image,) = (i for i in playground.frame().views["plane"].items if isinstance(i, Image))
    assert (image.values[:, :21] == 0.5).all()
    assert (np.diff(image.values[:, 20:], axis=1) > 0).all()
    assert image.values.max() <= 1


def test_the_handles_move_and_turn():
    playground = Hyperplane(foot=(0.5, 0.5))
    foot, angle = handles(playground)
    assert (foot.name, foot.at) == ("foot", (0.5, 0.5))
    w1, w2, _ = playground.weights()
    assert (angle.name, angle.at) == ("angle", pytest.approx((0.5 + w1, 0.5 + w2)))
    playground.move(angle=[0.5, 2.5])
    assert playground.state["angle"] == 90.0
    playground.move(angle=[0.5, 0.52])  # on the foot there is no direction
    assert playground.state["angle"] == 90.0
    playground.move(foot=[4.0, -3.2])
    assert playground.state["foot"] == (2.9, -2.1)
    for handle in handles(playground):
        (x0, x1), (y0, y1) = (getattr(playground.frame().views["plane"].panel, n) for n in "xy")
        assert x0 <= handle.at[0] <= x1
        assert y0 <= handle.at[1] <= y1
    playground.press("reset")
    assert playground.state["foot"] == (0.5, 0.5)


def test_points_come_from_the_seed_and_stay_the_playgrounds_own():
    assert not np.array_equal(Hyperplane(seed=1).points(), Hyperplane(seed=2).points())
    Hyperplane().points()[:] = 0
    assert Hyperplane().points().any()


@pytest.mark.parametrize("cloud", CLOUDS)
def test_every_state_is_drawn_and_comes_back_from_its_code(cloud):
    playground = Hyperplane(cloud=cloud, angle=12.3, foot=(0.125, -1.0), slope=0.33, seed=7)
    assert eval(playground.code()).state == playground.state
    state = dict(playground.state)
    one, other = (encode(playground.frame()) for _ in range(2))
    assert one[0] == other[0]
    assert [bytes(b) for b in one[1]] == [bytes(b) for b in other[1]]
    assert playground.state == state
    assert png(playground.frame()).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"foot": (3.5, 0.0)}, "foot must lie within ±2.9 and ±2.1, got (3.5, 0.0)"),
        ({"foot": 1.0}, "foot must be a point (x, y), got 1.0"),
        ({"angle": math.nan}, "angle must be a finite number, got nan"),
        ({"angle": "up"}, "angle must be a"),
        ({"slope": 0.7}, "slope must be a finite number at least 0 and at most 0.5, got 0.7"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"cloud": "moon"}, "unknown cloud 'moon'. Did you mean 'moons'?"),
        ({"w": (1, 0)}, "unknown setting of Hyperplane 'w'"),
    ],
)
def test_bad_settings_are_refused_by_name(settings, message):
    with pytest.raises(ValueError) as raised:
        Hyperplane(**settings)
    assert message in str(raised.value)


def test_another_button_is_refused():
    with pytest.raises(ValueError, match="unknown button 'jump'"):
        Hyperplane().press("jump")
