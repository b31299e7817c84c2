"""The saturation playground: how long a neuron sleeps, what kills it, and how it is told."""

import math

import numpy as np
import pytest

from coursekit import SGD, minimize
from coursekit.diagnostics import central_difference
from coursekit.widgets.saturation import (
    ACTIVATIONS,
    ASLEEP,
    ENTROPY,
    MOST,
    SQUARED,
    Neuron,
    Saturation,
)
from coursekit.widgets.scene import Area, Handle, encode
from coursekit.widgets.static import png

LOSSES = [(name, loss) for name in ACTIVATIONS for loss in (SQUARED, ENTROPY)]
each = pytest.mark.parametrize(("activation", "loss"), LOSSES)


def handles(playground):
    """The handles of the frame, by the panel they are in."""
    views = playground.frame().views.items()
    return {name: item for name, v in views for item in v.items if isinstance(item, Handle)}


def said(playground):
    return "\n".join(playground.frame().readout)


def walked(a, rate, gradient):
    """Steps until a sigmoid's slope is above 0.01 again, one by one."""
    steps = 0
    while ACTIVATIONS["sigmoid"].derivative(a) <= ASLEEP:
        a, steps = a - 2 * rate * float(gradient(a)), steps + 1
    return steps


@each
@pytest.mark.parametrize("a", [-9.0, -0.3, 2.0, 37.5])
def test_the_run_is_that_of_coursekit(activation, loss, a):
    playground = Saturation(activation=activation, loss=loss, a=a, target=0.7, rate=0.4, steps=300)
    expected = minimize(playground.neuron(), [a, 0.0], SGD(0.4), steps=300).points.sum(axis=1)
    assert playground.run() == pytest.approx(expected, rel=1e-9, abs=1e-9)


@each
@pytest.mark.parametrize("a", [-3.0, 0.4, 2.5])
def test_the_gradient_is_that_of_the_loss(activation, loss, a):
    neuron = Saturation(activation=activation, loss=loss, target=0.3).neuron()
    point = np.array([a - 1, 1.0])
    numerical = central_difference(lambda w: float(neuron.value(w)), point)
    assert neuron.gradient(point) == pytest.approx(numerical, abs=1e-8)
    batch = np.stack([point, 2 * point])
    assert neuron.gradient(batch).shape == (2, 2)
    assert neuron.value(batch).shape == (2,)


@pytest.mark.parametrize(("target", "a"), [(0.1, -1.2), (0.5, 0.7), (0.9, 3.0)])
def test_the_cross_entropy_is_the_one_of_the_probability(target, a):
    z, odds = 1 / (1 + math.exp(-a)), math.tanh(a)
    expected = -target * math.log(z) - (1 - target) * math.log(1 - z)
    assert Neuron("sigmoid", ENTROPY, target).value([a, 0.0]) == pytest.approx(expected)
    p, q = (1 + target) / 2, (1 + odds) / 2
    expected = -p * math.log(q) - (1 - p) * math.log(1 - q)
    assert Neuron("tanh", ENTROPY, target).value([0.0, a]) == pytest.approx(expected)


def test_a_sleeper_wakes_when_its_steps_have_been_walked():
    playground = Saturation()
    awake = playground.wakes_at()
    assert isinstance(awake, int)
    assert awake == walked(6.0, 0.5, playground.neuron().delta)
    assert f"awake from step {awake} on" in said(playground)
    (asleep,) = (i for i in playground.frame().views["output"].items if isinstance(i, Area))
    assert max(x for x, _ in asleep.points) == awake


@pytest.mark.parametrize("a", [9.0, 10.0])
def test_beyond_the_run_the_time_of_the_flow_is_close(a):
    playground = Saturation(a=a, rate=2.0)
    steps = playground.wakes_at()
    assert steps > MOST
    assert steps == pytest.approx(walked(a, 2.0, playground.neuron().delta), rel=2e-3)
    assert "it would wake after about" in said(playground)


def test_the_wait_grows_as_the_exponential():
    waits = [Saturation(a=a).wakes_at() for a in (15.0, 16.0, 20.0)]
    assert waits[1] / waits[0] == pytest.approx(math.e, rel=1e-3)
    assert waits[2] / waits[1] == pytest.approx(math.exp(4), rel=1e-3)
    closed = math.exp(20.0)  # of ∫ da / (2η z²(1 − z)), the largest part, with η = ½
    assert waits[2] == pytest.approx(closed, rel=1e-3)
    assert Saturation(a=15.0, rate=5.0).wakes_at() == pytest.approx(waits[0] / 10, rel=1e-3)
    # tanh is a sigmoid of 2a: it sleeps so at half the distance.
    tanh = [Saturation(activation="tanh", a=a).wakes_at() for a in (9.0, 10.0)]
    assert tanh[1] / tanh[0] == pytest.approx(math.exp(2), rel=1e-3)


def test_the_cross_entropy_wakes_it_at_once():
    entropy, squared = Saturation(loss=ENTROPY, a=6.0), Saturation(a=6.0)
    assert entropy.wakes_at() == 2  # two steps of almost 1
    assert squared.wakes_at() > 100
    assert Saturation(loss=ENTROPY, a=38.0).wakes_at() == 34


def test_exactly_0_is_never():
    dead = Saturation(a=36.8)
    assert dead.wakes_at() == math.inf
    assert dead.dies_at() == 0
    assert (dead.run() == 36.8).all()
    assert "Dead: the gradient is exactly 0 in float64" in said(dead)
    # On the left 1 − z is 1, and z never rounds to 0 before a ≈ −709.
    left = Saturation(a=-36.8, target=1.0)
    assert left.dies_at() == math.inf
    assert "more than 10¹⁴ steps" in said(left)
    assert Saturation(a=36.7).dies_at() == math.inf
    assert Saturation(activation="tanh", a=-20.0).dies_at() == 0


def test_a_dead_relu_stays_and_a_leaky_one_comes_back():
    dead = Saturation(activation="ReLU", a=-3.0, target=1.0)
    assert "Dead: the gradient is exactly 0, and" in said(dead)
    assert dead.run()[-1] == -3.0
    leaky = Saturation(activation="leaky ReLU", a=-3.0, target=1.0)
    assert leaky.run()[-1] == pytest.approx(1.0)
    assert "Awake from the start" in said(leaky)


def test_a_step_too_long_kills_a_relu():
    killed = Saturation(activation="ReLU", a=6.0, target=1.0, rate=0.7)
    assert killed.dies_at() == 1
    assert killed.run()[1] == pytest.approx(6 - 2 * 0.7 * 5)
    assert "Killed at step 1" in said(killed)
    alive = Saturation(activation="ReLU", a=6.0, target=1.0, rate=0.4)
    assert alive.dies_at() == math.inf
    assert alive.run()[-1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"target": 1.0}, "for ever: its target is in the same flat part"),
        ({"target": 0.997, "a": 8.0}, "for ever: its target is in the same flat part"),
        ({"target": 1.0, "a": 38.0}, "The output is the target"),
        ({"activation": "ReLU", "a": -1.0}, "The output is the target"),
        ({"a": 0.0}, "Awake from the start"),
        ({"a": 10.0}, "z = 1 − 4.5·10⁻⁵"),
        ({"activation": "tanh", "a": -10.0}, "z = −1 + 4.1·10⁻⁹"),
        ({"activation": "leaky ReLU", "a": 9.0, "rate": 10.0}, "After 600 steps"),
    ],
)
def test_what_happens_is_told(settings, words):
    playground = Saturation(**settings)
    assert words in said(playground)
    assert "−0 " not in said(playground)
    assert encode(playground.frame())[1]


@each
def test_every_state_is_drawn_and_comes_back_from_its_code(activation, loss):
    playground = Saturation(activation=activation, loss=loss, a=-1.25, target=0.3, steps=50)
    assert eval(playground.code()).state == playground.state
    names = [control.name for control in playground.controls()]
    assert ("loss" in names) == (activation in ("sigmoid", "tanh"))
    assert len(playground.run()) == 51
    assert png(playground.frame()).startswith(b"\x89PNG")


def test_the_frame_is_pure():
    playground = Saturation(a=2.0)
    state = dict(playground.state)
    (one, first), (two, second) = (encode(playground.frame()) for _ in range(2))
    assert one == two
    assert [bytes(b) for b in first] == [bytes(b) for b in second]
    assert playground.state == state
    playground.run()[:] = 0
    assert playground.run()[0] == 2.0


def test_the_axes_stay_while_anything_but_the_steps_moves():
    panels = [view.panel for view in Saturation().frame().views.values()]
    moved = Saturation(a=-37.0, target=0.4, rate=9.0, loss=ENTROPY)
    assert [view.panel for view in moved.frame().views.values()] == panels


def test_backgrounds_are_named_by_all_that_they_show():
    states = [{}, {"loss": ENTROPY}, {"target": 0.5}, {"activation": "tanh"}]
    for name, different in (("curve", 2), ("sizes", 4)):
        views = [Saturation(**state).frame().views[name] for state in states]
        assert len({view.key for view in views}) == different
    moved = Saturation(a=-3.0, rate=5.0, steps=20).frame().views["sizes"]
    assert moved.key == Saturation().frame().views["sizes"].key


def test_the_neuron_is_dragged_in_both_panels():
    playground = Saturation()
    playground.move(a=[-2.5, 0.9])
    assert playground.state["a"] == -2.5
    found = handles(playground)
    assert list(found) == ["curve", "sizes"]
    slope = ACTIVATIONS["sigmoid"].derivative(-2.5)
    z = float(ACTIVATIONS["sigmoid"](-2.5))
    assert found["curve"].at == (-2.5, pytest.approx(z))
    assert found["sizes"].at == (-2.5, pytest.approx(z * slope))
    assert {handle.axis for handle in found.values()} == {"x"}
    playground.move(a=38.5)  # beyond the first panel
    assert list(handles(playground)) == ["sizes"]
    assert handles(playground)["sizes"].at[1] > 0
    playground.press("reset")
    assert playground.state == Saturation().state


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"a": 41.0}, "a must be a finite number at least -39 and at most 39, got 41.0"),
        ({"a": "left"}, "a must be a finite number"),
        ({"activation": "relu"}, "unknown activation 'relu'. Known: sigmoid, tanh, ReLU, leaky"),
        ({"loss": "hinge"}, "unknown loss 'hinge'"),
        ({"activation": "ReLU", "loss": "hinge"}, "unknown loss 'hinge'"),
        ({"target": 1.5}, "target must be a finite number at least 0 and at most 1"),
        ({"rate": 0.0}, "rate must be a finite number at least 0.01"),
        ({"steps": 5}, "steps must be a finite number at least 10"),
        ({"speed": 1}, "unknown setting of Saturation 'speed'"),
    ],
)
def test_bad_settings_are_refused_by_name(settings, message):
    with pytest.raises(ValueError) as raised:
        Saturation(**settings)
    assert message in str(raised.value)
