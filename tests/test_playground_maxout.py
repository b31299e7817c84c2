"""The Maxout playground: its errors against closed forms, and how it is told."""

import math

import numpy as np
import pytest

from coursekit import activations
from coursekit.widgets.maxout import MOST, TARGETS, Maxout
from coursekit.widgets.scene import Handle, Path, encode
from coursekit.widgets.static import png

X = np.linspace(-1, 1, 1681)
FUNCTIONS = {
    "x²": X**2,
    "|x|": abs(X),
    "max(0, x)": np.maximum(0, X),
    "(2x² − 1)²": (2 * X**2 - 1) ** 2,
}
PIECES = range(1, MOST + 1)


def handles(playground):
    """The handles of the frame, in their order."""
    items = (item for view in playground.frame().views.values() for item in view.items)
    return [item for item in items if isinstance(item, Handle)]


def said(playground):
    return "\n".join(playground.frame().readout)


def scattered(function, k, rng):
    """A playground with rings anywhere in the picture."""
    x, y = rng.uniform(-1.1, 1.1, k), rng.uniform(-0.5, 1.3, k)
    rings = {
        f"piece_{n}": (float(a), float(b)) for n, (a, b) in enumerate(zip(x, y, strict=True), 1)
    }
    return Maxout(function=function, pieces=k, **rings)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_errors_are_the_largest_line_minus_the_function(function):
    playground = scattered(function, 5, np.random.default_rng(1))
    lines = [y + 2 * x * (X - x) for x, y in playground.rings()]
    errors = np.max(lines, axis=0) - FUNCTIONS[function]
    assert playground.errors() == pytest.approx(errors, abs=1e-12)
    assert playground.largest_error() == pytest.approx(abs(errors).max())
    assert playground.rms_error() == pytest.approx(math.sqrt((errors**2).mean()))
    winners = sorted(set(np.argmax(lines, axis=0) + 1))
    assert playground.used() == winners


@pytest.mark.parametrize("k", PIECES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_best_lines_reach_the_smallest_possible_error(function, k):
    playground = Maxout(function=function, pieces=k)
    playground.press("best")
    assert playground.largest_error() == pytest.approx(playground.least_error(), abs=1e-12)
    assert playground.state["pieces"] == k
    assert eval(playground.code()).state == playground.state


@pytest.mark.parametrize("k", PIECES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_nothing_else_comes_nearer(function, k):
    rng = np.random.default_rng(k)
    best = Maxout(function=function, pieces=k)
    best.press("best")
    # A measurement at single points may miss a hundred-thousandth of the largest error.
    least = best.least_error() - 1e-5
    assert all(scattered(function, k, rng).largest_error() >= least for _ in range(50))
    for _ in range(50):
        near = Maxout(**best.state)
        moved = best.rings() + rng.normal(0, 0.02, (k, 2))
        moved = np.clip(moved, (-1.1, -0.5), (1.1, 1.3))
        near.move(**{f"piece_{n}": tuple(ring) for n, ring in enumerate(moved.tolist(), 1)})
        assert near.largest_error() >= least


def test_the_error_on_a_parabola_falls_as_one_over_k_squared():
    least = TARGETS["x²"].least
    assert least(1) == 0.5
    for k in (1, 2, 3, 4):
        assert least(2 * k) == pytest.approx(least(k) / 4)


def test_plain_tangents_leave_twice_the_error():
    playground = Maxout(pieces=4)
    playground.press("best")
    x = playground.rings()[:, 0].tolist()
    playground.move(**{f"piece_{n}": (t, t * t) for n, t in enumerate(x, 1)})
    assert playground.largest_error() == pytest.approx(2 * playground.least_error())


def test_a_relu_is_two_lines_exactly():
    playground = Maxout()
    playground.press("relu")
    assert playground.largest_error() == 0
    unit = playground.unit().forward(X[:, np.newaxis])[:, 0]
    assert np.array_equal(unit, activations.relu(X))
    assert "Largest error 0: exact, rms 0: exact" in said(playground)


def test_what_is_not_convex_stays_half_away():
    playground = Maxout(function="(2x² − 1)²", pieces=8)
    assert {TARGETS["(2x² − 1)²"].least(k) for k in PIECES} == {0.5}
    assert "no convex function comes nearer than ½" in said(playground)


def test_a_line_that_never_wins_is_named():
    playground = Maxout(pieces=2, piece_1=(0.0, 0.5), piece_2=(0.0, 0.1))
    assert playground.used() == [1]
    assert "Never the largest, so of no use here: 2." in said(playground)
    playground.move(piece_2=(0.5, 0.9))
    assert playground.used() == [1, 2]
    assert "Never the largest" not in said(playground)


def test_a_ring_sideways_turns_its_line_and_upwards_lifts_it():
    playground = Maxout(pieces=1, piece_1=(0.5, 0.25))
    assert playground.lines().tolist() == [[1.0, -0.25]]
    playground.move(piece_1=[0.5, 0.75])
    assert playground.lines().tolist() == [[1.0, 0.25]]
    playground.move(piece_1=[-0.5, 0.75])
    assert playground.lines()[0, 0] == -1.0


def test_the_thick_line_is_the_largest_and_each_ring_is_on_its_line():
    playground = Maxout(pieces=4)
    items = playground.frame().views["fit"].items
    thick = max((item for item in items if isinstance(item, Path)), key=lambda path: path.width)
    assert thick.points[:, 1] - FUNCTIONS["x²"] == pytest.approx(playground.errors(), abs=1e-12)
    assert [handle.name for handle in handles(playground)] == [f"piece_{n}" for n in range(1, 5)]
    for handle, (slope, intercept) in zip(handles(playground), playground.lines(), strict=True):
        assert slope * handle.at[0] + intercept == pytest.approx(handle.at[1])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_state_is_drawn_and_comes_back_from_its_code(function):
    playground = Maxout(function=function, pieces=2, piece_2=(0.4, 0.3), piece_7=(0.1, 0.1))
    code = playground.code()
    assert eval(code).state == playground.state
    assert "piece_2=(0.4, 0.3)" in code
    assert "piece_7" in code  # moved, though not in use
    assert "piece_3" not in code
    state = dict(playground.state)
    one, other = (encode(playground.frame()) for _ in range(2))
    assert one[0] == other[0]
    assert [bytes(b) for b in one[1]] == [bytes(b) for b in other[1]]
    assert playground.state == state
    assert png(playground.frame()).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pieces": 9}, "pieces must be a finite number at least 1 and at most 8, got 9"),
        ({"pieces": 0}, "pieces must be a finite number at least 1"),
        ({"pieces": 2.5}, "pieces must be a whole number"),
        ({"function": "x^2"}, "unknown function 'x^2'"),
        ({"piece_1": (2.0, 0.0)}, "piece_1 must lie within x (-1.1, 1.1) and y (-0.5, 1.3)"),
        ({"piece_1": 0.5}, "piece_1 must be a point (x, y), got 0.5"),
        ({"piece_9": (0, 0)}, "unknown setting of Maxout 'piece_9'"),
    ],
)
def test_bad_settings_are_refused_by_name(settings, message):
    with pytest.raises(ValueError) as raised:
        Maxout(**settings)
    assert message in str(raised.value)


def test_another_button_is_refused():
    with pytest.raises(ValueError, match="unknown button 'jump'"):
        Maxout().press("jump")
