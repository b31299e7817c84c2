"""The features playground: its curvature in closed form, its descent step by step."""

import math
from itertools import pairwise

import numpy as np
import pytest
from playgrounds import check_drawing_and_code

from coursekit import SGD, minimize
from coursekit.diagnostics import central_difference
from coursekit.objectives import Quadratic
from coursekit.preprocessing import Center, Standardize
from coursekit.widgets.features import ARRIVED, MINIMUM, POINTS, Features
from coursekit.widgets.scene import Area, Handle, Path, Points

STATES = [
    {},
    {"preprocessing": "Center", "correlation": 0.7},
    {"preprocessing": "Standardize", "scale1": 0.1, "scale2": 3.0},
    {"mean": (4.0, 4.0), "scale1": 0.1, "scale2": 0.1, "correlation": 0.95},
    {"per_example": True, "mean": (-1.0, 0.5)},
    {"per_example": True, "best_rate": False, "rate": 3.0, "steps": 300},
    {"best_rate": False, "rate": 3.0, "mean": (4.0, -4.0), "steps": 300},
]
each = pytest.mark.parametrize("state", STATES, ids=str)


def said(playground):
    return "\n".join(playground.frame().readout)


def items_of(playground, view, kind):
    return [item for item in playground.frame().views[view].items if isinstance(item, kind)]


def loss(playground, w):
    """½ mean (y − t)² over the inputs."""
    x = playground.inputs()
    return 0.5 * np.mean((x @ w - x @ np.array(MINIMUM)) ** 2)


# What is measured.


def test_the_inputs_have_exactly_the_statistics_of_the_state():
    playground = Features(mean=(1.5, -2.0), scale1=0.3, scale2=2.0, correlation=-0.6)
    x = playground.raw()
    assert x.shape == (POINTS, 2)
    assert x.mean(axis=0) == pytest.approx([1.5, -2.0])
    assert x.std(axis=0) == pytest.approx([0.3, 2.0])
    assert np.corrcoef(x.T)[0, 1] == pytest.approx(-0.6)
    assert np.array_equal(playground.inputs(), x)


def test_the_second_moment_is_covariance_plus_the_square_of_the_mean():
    playground = Features(mean=(1.5, -2.0), scale1=0.3, scale2=2.0, correlation=-0.6)
    covariance = np.array([[0.09, -0.36], [-0.36, 4.0]])
    moment = covariance + np.outer((1.5, -2.0), (1.5, -2.0))
    low, high = np.linalg.eigvalsh(moment)
    assert playground.surface().curvatures == pytest.approx([low, high])
    assert playground.surface().hessian([0.0, 0.0]) == pytest.approx(moment)
    assert playground.condition_number() == pytest.approx(high / low)


@each
def test_the_surface_is_the_loss_of_the_neuron(state):
    playground = Features(**state)
    w = np.array([0.4, 1.1])
    surface = playground.surface()
    assert float(surface.value(w)) == pytest.approx(loss(playground, w))
    numerical = central_difference(lambda w: float(loss(playground, w)), w)
    assert surface.gradient(w) == pytest.approx(numerical, rel=1e-6)
    assert surface.value(np.array(MINIMUM)) == 0


@pytest.mark.parametrize(
    ("name", "make"), [("Center", Center), ("Standardize", Standardize)], ids=str
)
def test_the_preprocessing_is_the_packages(name, make):
    playground = Features(preprocessing=name, scale1=0.4, correlation=0.5)
    assert np.array_equal(playground.inputs(), make().fit_transform(playground.raw()))


def test_what_each_preprocessing_leaves():
    cloud = {"mean": (3.0, 2.5), "scale1": 0.5, "scale2": 1.0, "correlation": 0.6}
    raw, centred, standard = (
        Features(preprocessing=name, **cloud).condition_number()
        for name in ("none", "Center", "Standardize")
    )
    assert raw > centred > standard
    assert standard == pytest.approx(1.6 / 0.4)
    # Of a standardized input only the correlation is left.
    straight = Features(preprocessing="Standardize", **cloud | {"correlation": 0.0})
    assert straight.condition_number() == pytest.approx(1)
    assert straight.steps_to_arrive() == 1


def test_a_bias_does_not_mend_a_mean():
    for mean in ((2.5, 2.0), (4.0, -1.0), (0.5, 0.5)):
        playground = Features(mean=mean)
        x = np.column_stack([playground.inputs(), np.ones(POINTS)])
        values = np.linalg.eigvalsh(x.T @ x / POINTS)
        assert playground.condition_number(bias=True) == pytest.approx(values[-1] / values[0])
        assert playground.condition_number(bias=True) > playground.condition_number()
    standard = Features(preprocessing="Standardize")
    assert standard.condition_number(bias=True) == pytest.approx(1)


def test_a_mean_can_even_out_what_the_scales_do_not():
    playground = Features(mean=(math.sqrt(3.0), 0.0), scale1=1.0, scale2=2.0)
    assert playground.condition_number() == pytest.approx(1)


def test_centring_alone_can_condition_worse_but_never_raises_the_largest_curvature():
    cloud = {"mean": (3.0, 1.0), "scale1": 0.5, "scale2": 1.5, "correlation": 0.6}
    raw, centred = (Features(preprocessing=name, **cloud) for name in ("none", "Center"))
    assert centred.condition_number() > 2 * raw.condition_number()
    assert centred.surface().curvatures[-1] < raw.surface().curvatures[-1]
    assert centred.condition_number(bias=True) < raw.condition_number(bias=True)


def test_the_share_of_equal_signs_and_the_condition_are_two_things():
    alike, opposed = Features(mean=(2.5, 2.0)), Features(mean=(2.5, -2.0))
    assert (alike.same_sign_share(), opposed.same_sign_share()) == (1.0, 0.0)
    assert alike.condition_number() == pytest.approx(opposed.condition_number())
    assert Features(preprocessing="Center").same_sign_share() == 0.5
    updates = alike.inputs() * -0.3
    assert (np.sign(updates[:, 0]) == np.sign(updates[:, 1])).all()


# The descent.


def test_the_path_of_the_batch_is_gradient_descent():
    playground = Features(steps=40, best_rate=False, rate=0.12)
    expected = minimize(playground.surface(), [-1.2, 1.2], SGD(0.12), 40)
    assert np.array_equal(playground.path(), expected.points)


def test_the_path_of_single_examples_is_made_of_single_steps():
    playground = Features(per_example=True, steps=180)
    x, rate, path = playground.inputs(), playground.learning_rate(), playground.path()
    assert path.shape == (181, 2)
    seen = []
    for w, moved in pairwise(path):
        steps = w - rate * (x @ (w - MINIMUM))[:, np.newaxis] * x
        distances = np.abs(steps - moved).max(axis=1)
        assert distances.min() < 1e-12
        seen.append(int(distances.argmin()))
    assert all(sorted(seen[n : n + POINTS]) == list(range(POINTS)) for n in (0, 60, 120))


def test_the_best_rate_of_the_batch_is_the_best():
    best = Features()
    low, high = best.surface().curvatures
    assert best.learning_rate() == pytest.approx(2 / (low + high))
    for factor in (0.8, 0.95, 1.03):
        other = Features(best_rate=False, rate=factor * best.learning_rate())
        assert other.steps_to_arrive() > best.steps_to_arrive()


def test_the_rate_of_single_examples_overshoots_none():
    playground = Features(per_example=True)
    left = 1 - playground.learning_rate() * (playground.inputs() ** 2).sum(axis=1)
    assert left.min() == pytest.approx(0)
    assert left.max() < 1


@pytest.mark.parametrize("state", [*STATES[:3], {"per_example": True}], ids=str)
def test_it_arrives_when_its_path_does(state):
    playground = Features(**state | {"steps": 300})
    arrived = playground.steps_to_arrive()
    distance = np.hypot(*(playground.path() - MINIMUM).T)
    assert arrived == np.argmax(distance <= ARRIVED)
    assert f"after {arrived:.0f} step" in said(playground)


def test_far_arrivals_are_found_without_walking():
    playground = Features(best_rate=False, rate=0.001, scale1=0.3, scale2=0.3, start=(-0.6, 1.4))
    low, high = playground.surface().curvatures
    offset = (np.array([-0.6, 1.4]) - MINIMUM) @ playground.surface().rotation
    steps = playground.steps_to_arrive()
    assert steps > 10_000
    far = [np.hypot(*offset * (1 - 0.001 * np.array([low, high])) ** n) for n in (steps - 1, steps)]
    assert far[0] > ARRIVED >= far[1]


def test_beyond_the_limit_it_never_arrives():
    high = Features().surface().curvatures[-1]
    assert Features(best_rate=False, rate=1.99 / high).steps_to_arrive() < math.inf
    diverging = Features(best_rate=False, rate=2.01 / high)
    assert diverging.steps_to_arrive() == math.inf
    assert "∞, it never arrives: η·λmax = 2.01" in said(diverging)
    single = Features(per_example=True, best_rate=False, rate=3.0)
    assert single.steps_to_arrive() == math.inf
    assert "∞, not within 0.01 of the minimum in 100 passes" in said(single)
    assert Features(start=MINIMUM).steps_to_arrive() == 0


def test_centring_saves_steps_both_ways():
    for per_example in (False, True):
        raw, centred = (
            Features(per_example=per_example, preprocessing=name).steps_to_arrive()
            for name in ("none", "Center")
        )
        assert centred < raw / 5


# What is shown.


def test_signs_are_told_by_marker_and_colour():
    marks = items_of(Features(preprocessing="Center"), "inputs", Points)
    raw, same, opposite = marks
    assert len(raw.points) == POINTS
    assert (same.points.prod(axis=1) > 0).all()
    assert (opposite.points.prod(axis=1) < 0).all()
    assert len(same.points) + len(opposite.points) == POINTS
    assert same.marker != opposite.marker
    assert len(items_of(Features(), "inputs", Points)) == 2


def test_the_quadrants_are_shaded_as_much_as_they_are_used():
    def shades(**state):
        areas = items_of(Features(**state), "weights", Area)
        return {
            tuple(np.sign(np.subtract(a.points[2], Features().state["start"]))): a.alpha
            for a in areas
            if a.color == "Momentum"
        }

    assert shades() == {}
    both = shades(per_example=True)
    assert both[1, 1] == both[-1, -1] > 0
    assert both[1, -1] == both[-1, 1] == 0
    centred = shades(per_example=True, preprocessing="Center")
    assert len(set(centred.values())) == 1
    assert "Shaded: where an example can move the start to" in said(Features(per_example=True))


def test_a_contour_line_is_level_and_one_goes_through_the_start():
    playground = Features(correlation=0.4)
    surface = playground.surface()
    lines = [p for p in items_of(playground, "weights", Path) if p.color == "contour"]
    heights = []
    for line in lines:
        values = surface.value(line.points)
        assert values == pytest.approx(np.full(len(values), values[0]))
        heights.append(values[0])
    start = float(surface.value(np.array(playground.state["start"])))
    assert start == pytest.approx(heights[3])
    assert np.diff(np.sqrt(heights)) == pytest.approx(np.full(6, -math.sqrt(start) / 4))


def test_the_axes_stay_while_the_inputs_change():
    panels = [
        [v.panel for v in Features(mean=m, scale1=s).frame().views.values()]
        for m, s in (((0.0, 0.0), 0.1), ((4.0, -4.0), 3.0))
    ]
    assert panels[0] == panels[1]


@each
def test_every_state_is_drawn_and_comes_back_from_its_code(state):
    playground = Features(**state)
    check_drawing_and_code(playground)
    assert "nan" not in said(playground)
    assert "not a number" not in said(playground)


def test_no_one_can_change_what_is_kept():
    playground = Features(per_example=True)
    playground.path()[:] = 0
    playground.raw()[:] = 0
    assert playground.path()[0] == pytest.approx([-1.2, 1.2])
    assert playground.raw().mean() == pytest.approx(2.25)
    assert isinstance(playground.surface(), Quadratic)


# State.


def test_mean_and_start_are_dragged_and_stop_at_the_edge():
    playground = Features()
    playground.move(mean=[0.5, -1.0])
    assert playground.state["mean"] == (0.5, -1.0)
    playground.move(mean=[5.5, -6.0], start=[9.0, 0.0])
    assert playground.state["mean"] == (4.0, -4.0)
    assert playground.state["start"] == (2.5, 0.0)
    handles = [items_of(playground, view, Handle) for view in ("inputs", "weights")]
    assert [(h.name, h.at) for (h,) in handles] == [("mean", (4.0, -4.0)), ("start", (2.5, 0.0))]


def test_the_slider_of_the_rate_is_there_without_the_formula():
    playground = Features()
    assert "rate" not in {control.name for control in playground.controls()}
    playground.move(best_rate=False, rate=0.2)
    assert "rate" in {control.name for control in playground.controls()}
    assert playground.learning_rate() == 0.2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mean": (5.0, 0.0)}, "mean must lie within ±4, got (5.0, 0.0)"),
        ({"start": (0.0, -3.0)}, "start must lie within ±2.5, got (0.0, -3.0)"),
        ({"mean": 1.0}, "mean must be a point (x, y), got 1.0"),
        ({"scale1": 0.0}, "scale1 must be a finite number at least 0.1 and at most 3, got 0.0"),
        ({"correlation": 1.0}, "correlation must be a finite number at least -0.95"),
        ({"preprocessing": "center"}, "unknown preprocessing 'center'. Did you mean 'Center'"),
        ({"rate": 5.0}, "rate must be a finite number at least 0.001 and at most 3, got 5.0"),
        ({"per_example": 1}, "per_example must be True or False, got 1"),
        ({"steps": 301}, "steps must be a finite number at least 1 and at most 300, got 301"),
        ({"bias": True}, "unknown setting of Features 'bias'"),
    ],
)
def test_bad_settings_are_refused_by_name(settings, message):
    with pytest.raises(ValueError) as raised:
        Features(**settings)
    assert message in str(raised.value)
