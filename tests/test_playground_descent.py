"""The descent playground: its paths are those of the package, its words are true."""

import math

import numpy as np
import pytest
from playgrounds import drawn, of_colour

from coursekit.descent import minimize
from coursekit.objectives import Beale, Quadratic, Rosenbrock, bowl, saddle, valley
from coursekit.optimizers import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSProp
from coursekit.widgets.descent import GOAL, METHODS, Descent
from coursekit.widgets.scene import COLOURS, Handle, Path, encode, number
from coursekit.widgets.static import picture
from coursekit.widgets.surfaces import SURFACES, floor, window

ALL = {name.lower(): True for name in METHODS}
QUADRATICS = [name for name, s in SURFACES.items() if isinstance(s, Quadratic) and len(s.minima)]


def line(frame, view, name):
    """The line of a method in a panel."""
    (found,) = (i for i in frame.views[view].items if isinstance(i, Path) and i.color == name)
    return found.points


# Paths.


@pytest.mark.parametrize(
    ("name", "settings", "optimizer"),
    [
        ("SGD", {"sgd_rate": 0.03}, SGD(0.03)),
        ("Momentum", {"momentum_rate": 0.01, "momentum_momentum": 0.8}, Momentum(0.01, 0.8)),
        ("Nesterov", {"nesterov_rate": 0.01, "nesterov_momentum": 0.7}, Nesterov(0.01, 0.7)),
        ("AdaGrad", {"adagrad_rate": 0.3}, AdaGrad(0.3)),
        ("RMSProp", {"rmsprop_rate": 0.02, "rmsprop_decay": 0.95}, RMSProp(0.02, 0.95)),
        ("Adam", {"adam_rate": 0.1, "adam_beta1": 0.8, "adam_beta2": 0.99}, Adam(0.1, 0.8, 0.99)),
    ],
)
@pytest.mark.parametrize(
    ("surface", "objective", "least"),
    [("valley", valley(20.0), 0.0), ("Rosenbrock", Rosenbrock(), 0.0), ("Beale", Beale(), 0.0)],
)
def test_a_path_is_the_run_of_minimize(name, settings, optimizer, surface, objective, least):
    chosen = {"sgd": False, name.lower(): True}
    shown = Descent(surface=surface, start=(-0.5, 0.7), steps=25, **chosen, **settings).frame()
    run = minimize(objective, (-0.5, 0.7), optimizer, 25)
    np.testing.assert_array_equal(line(shown, "plane", name), run.points)  # nan where it diverges
    steps, loss = line(shown, "loss", name).T
    assert steps.tolist() == list(range(26))
    np.testing.assert_allclose(loss, np.maximum(run.values - least, 1e-12))


def test_six_methods_at_once():
    frame = Descent(**ALL).frame()
    assert [text.split(":")[0] for text in frame.readout] == list(METHODS)
    for view in ("plane", "loss"):
        lines = {i.color: i for i in frame.views[view].items if isinstance(i, Path)}
        assert set(METHODS) <= set(lines)
        dashes = {lines[name].dash for name in METHODS}
        assert len(dashes) == len(METHODS), "told apart without colour, too"


def test_no_method_is_said_and_not_an_error():
    frame = Descent(sgd=False).frame()
    assert frame.readout == ["Choose at least one method."]
    assert [type(item) for item in frame.views["loss"].items] == [Path]


def test_the_start_is_a_handle_and_the_frame_is_pure():
    playground = Descent(start=(0.5, -0.25))
    handle = playground.frame().views["plane"].items[-1]
    assert isinstance(handle, Handle)
    assert (handle.name, handle.at) == ("start", (0.5, -0.25))
    before = dict(playground.state)
    first, second = (encode(playground.frame()) for _ in range(2))
    assert first[0] == second[0]
    assert [bytes(b) for b in first[1]] == [bytes(b) for b in second[1]]
    assert playground.state == before


@pytest.mark.parametrize("surface", SURFACES)
def test_every_surface_has_a_window_a_floor_and_a_background(surface):
    frame = Descent(surface=surface).frame()
    panel = frame.views["plane"].panel
    assert (panel.x, panel.y) == window(surface)
    image, lines = frame.views["plane"].back
    assert (np.min(image.values), np.max(image.values)) == (0.0, 1.0)
    x, y = np.asarray(lines.points).T
    assert np.nanmin(x) >= panel.x[0] - 1e-9
    assert np.nanmax(y) <= panel.y[1] + 1e-9
    rows = np.random.default_rng(3).uniform(*np.transpose(window(surface)), size=(2000, 2))
    values = SURFACES[surface].value(rows)
    assert floor(surface) <= values.min()


def test_contour_lines_are_level():
    _, lines = Descent(surface="bowl").frame().views["plane"].back
    pieces = np.split(lines.points, np.flatnonzero(np.isnan(lines.points[:, 0])))
    for piece in pieces[:-1]:
        values = bowl(1.0, 2.0).value(piece[1:] if np.isnan(piece[0, 0]) else piece)
        # Straight between grid points 4/140 apart: f'' h²/8, with f'' = 2, is 2e-4.
        assert np.ptp(values) < 5e-4


# Settings.


def test_another_surface_brings_its_own_start():
    playground = Descent()
    playground.move(surface="Rosenbrock")
    (x0, x1), (y0, y1) = window("Rosenbrock")
    x, y = playground.state["start"]
    assert x0 < x < x1
    assert y0 < y < y1
    assert playground.state["start"] != Descent.defaults["start"]
    playground.move(surface="bowl", start=(1.0, 1.0))
    assert playground.state["start"] == (1.0, 1.0)
    playground.press("reset")
    assert playground.state == Descent.defaults


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"surface": "vally"}, "unknown surface 'vally'. Did you mean 'valley'"),
        ({"steps": 0}, "steps must be a finite number at least 1 and at most 300, got 0"),
        ({"sgd_rate": 0}, "sgd_rate must be a finite number at least 0.0001 and at most 3, got 0"),
        ({"momentum_momentum": 1.0}, "momentum_momentum must be a finite number at least 0"),
        ({"adam_rate": 50.0}, "adam_rate must be a finite number"),
        ({"adam": "yes"}, "adam must be True or False, got 'yes'"),
        ({"start": (0, math.nan)}, "start must be finite"),
        ({"sgd_momentum": 0.9}, "unknown setting of Descent 'sgd_momentum'"),
    ],
)
def test_bad_settings_are_refused_by_name(settings, words):
    with pytest.raises(ValueError, match=words):
        Descent(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"surface": "Beale", "start": (-3.0, 1.25), "steps": 17},
        {"sgd": False, "adam": True, "adam_rate": 0.123, "adam_beta1": 0.5},
        {**ALL, "momentum_momentum": 0.33, "rmsprop_decay": 0.5},
    ],
)
def test_code_makes_the_state_again(settings):
    playground = Descent(**settings)
    assert eval(playground.code()).state == playground.state


def test_code_leaves_out_what_does_not_run():
    playground = Descent(sgd=False, adam=True, momentum_rate=0.5)
    assert "momentum" not in playground.code()
    again = eval(playground.code())
    assert encode(again.frame())[0] == encode(playground.frame())[0]


def test_there_are_sliders_for_what_runs():
    names = {control.name for control in Descent(adam=True).controls()}
    assert {"sgd_rate", "adam_rate", "adam_beta1", "adam_beta2"} <= names
    assert "momentum_rate" not in names
    labels = [control.label for control in Descent(adam=True).controls()]
    assert "Adam β₁" in labels


# The best settings in closed form.


def radius(optimizer, curvatures):
    """By what factor a long run shrinks a step, on the worst curvature: measured on runs.

    On one curvature a run obeys w(t+1) = a w(t) + b w(t−1); its factor is the larger root.
    """
    largest = 0.0
    for curvature in curvatures:
        w = minimize(bowl(float(curvature)), [1.0], optimizer, 3).points[:, 0]
        if isinstance(optimizer, SGD):
            roots = [w[1] / w[0]]
        else:
            a, b = np.linalg.solve([[w[1], w[0]], [w[2], w[1]]], [w[2], w[3]])
            roots = np.roots([1, -a, -b])
        largest = max(largest, float(np.abs(roots).max()))
    return largest


def made(playground, name, rate=1.0, momentum=0.0):
    """A method with the playground's settings, its rate times a factor, its momentum moved."""
    prefix = name.lower()
    settings = [rate * playground.state[f"{prefix}_rate"]]
    if name != "SGD":
        settings.append(playground.state[f"{prefix}_momentum"] + momentum)
    return METHODS[name].make(*settings)


@pytest.mark.parametrize("surface", QUADRATICS)
@pytest.mark.parametrize("name", ["SGD", "Momentum", "Nesterov"])
def test_no_neighbour_of_the_best_settings_is_faster_in_the_long_run(surface, name):
    playground = Descent(surface=surface, **{"sgd": False, name.lower(): True})
    assert "best" in {control.name for control in playground.controls()}
    playground.press("best")
    curvatures = SURFACES[surface].curvatures
    best = radius(made(playground, name), curvatures)
    assert best < 1
    for rate in (0.7, 0.9, 0.97, 0.99, 1.01, 1.03, 1.1):
        for momentum in (0.0,) if name == "SGD" else (-0.05, -0.01, 0.0, 0.01, 0.05):
            if momentum < -playground.state.get(f"{name.lower()}_momentum", 0.0):
                continue
            neighbour = radius(made(playground, name, rate, momentum), curvatures)
            # Two equal roots are found to the square root of the rounding, 1e-8, and somewhat less.
            assert neighbour > best - 1e-6, (rate, momentum)


def test_the_best_factors_are_those_of_theory():
    playground = Descent(surface="steep valley", momentum=True, nesterov=True)
    playground.press("best")
    # κ = 100: (κ−1)/(κ+1), (√κ−1)/(√κ+1), 1 − 2/√(3κ+1).
    wanted = {"SGD": 99 / 101, "Momentum": 9 / 11, "Nesterov": 1 - 2 / math.sqrt(301)}
    for name, factor in wanted.items():
        assert radius(made(playground, name), [1.0, 100.0]) == pytest.approx(factor, abs=1e-6)


def test_the_button_moves_the_methods_that_run_and_no_other():
    playground = Descent(surface="valley", adam=True)
    before = dict(playground.state)
    playground.press("best")
    changed = {name for name in before if playground.state[name] != before[name]}
    assert changed == {"sgd_rate"}


@pytest.mark.parametrize(
    "settings", [{"surface": "saddle"}, {"surface": "Beale"}, {"sgd": False, "adam": True}]
)
def test_there_is_no_button_where_there_is_no_closed_form(settings):
    assert "best" not in {control.name for control in Descent(**settings).controls()}


# Words.


def test_steps_to_the_goal():
    # On the axis of curvature 1, f = w²/2 shrinks by 0.9² a step from 1/2.
    playground = Descent(surface="valley", start=(1.0, 0.0), steps=300, sgd_rate=0.1)
    wanted = math.ceil(math.log(GOAL / 0.5) / math.log(0.81))
    assert playground.steps_to_goal("SGD") == wanted
    assert f"after {wanted} steps" in playground.frame().readout[0]
    playground.move(steps=wanted - 1)
    assert playground.steps_to_goal("SGD") == math.inf
    assert "not there yet" in playground.frame().readout[0]


def test_growth_is_said():
    playground = Descent(surface="valley", steps=20, sgd_rate=0.11)  # stable below 2/20
    assert ", growing" in playground.frame().readout[0]


def test_a_saddle_has_no_minimum_to_be_above():
    frame = Descent(surface="saddle", start=(0.5, 0.5), steps=10).frame()
    run = minimize(saddle(), (0.5, 0.5), SGD(0.05), 10)
    assert frame.readout == [f"SGD: loss {number(run.values[-1])} after 10 steps"]
    assert "no minimum" in frame.views["loss"].panel.title


def test_divergence_is_said_and_nothing_is_drawn_beyond_the_panel():
    playground = Descent(surface="Rosenbrock", start=(-1.5, 2.0), sgd_rate=0.5, steps=300)
    (said,) = playground.frame().readout
    values = minimize(Rosenbrock(), (-1.5, 2.0), SGD(0.5), 300).values
    step = int(np.argmax(~np.isfinite(values)))
    assert said == f"SGD: diverges, not finite from step {step} on"
    encode(playground.frame())  # without a warning
    figure = picture(playground.frame())
    blue = of_colour(drawn(figure), COLOURS["SGD"][0])
    assert blue.any()
    for axes in figure.axes:
        box = axes.get_window_extent()
        top, bottom = len(blue) - math.ceil(box.y1) - 1, len(blue) - math.floor(box.y0) + 1
        blue[top:bottom, math.floor(box.x0) - 1 : math.ceil(box.x1) + 1] = False
    assert not blue.any()
