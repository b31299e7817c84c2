"""Tune exercises that measure a state by themselves: they see what their playground shows."""

import pytest

from coursekit import exercises, widgets
from coursekit.exercises.activations_gradients import active_points
from coursekit.exercises.deep_starts import start_of
from coursekit.exercises.maxout import largest_error
from coursekit.exercises.preprocessing_images import steps_to_arrive


def grounds(id):
    """The playground of an exercise in each state that the exercise knows."""
    exercise = exercises.get(id)
    make = getattr(widgets, exercise.playground)
    states = [{}, exercise.solved_state, *(m.answer for m in exercise.mistakes)]
    return [make(**exercise.settings | state) for state in states]


@pytest.mark.parametrize("ground", grounds("place-the-hyperplane"), ids=lambda g: str(g.state))
def test_the_hyperplanes_points_are_counted_alike(ground):
    left, right = active_points(ground.state)
    active = ground.unit().layers[0].forward(ground.points())[:, 0] > 0
    assert (left + right) / 200 == ground.active_fraction()
    on_the_left = ground.points()[:, 0] < 0
    # Some points of each cloud lie beyond the middle.
    assert left == pytest.approx((active & on_the_left).sum(), abs=3)
    assert (ground.status() == "dead") == (left + right == 0)


@pytest.mark.parametrize("ground", grounds("fit-convex"), ids=lambda g: str(g.state))
def test_the_largest_error_of_the_lines_is_measured_alike(ground):
    assert largest_error(ground.state)[0] == pytest.approx(ground.largest_error(), abs=1e-12)


@pytest.mark.parametrize("ground", grounds("rescue-the-network"), ids=lambda g: str(g.state))
def test_what_is_left_of_signal_and_gradient_is_measured_alike(ground):
    shown = ground.signal_ratio(), ground.gradient_ratio(), ground.flat_share()
    assert start_of(**ground.state) == pytest.approx(shown, rel=1e-9)


@pytest.mark.parametrize("ground", grounds("equalize"), ids=lambda g: str(g.state))
def test_the_descent_on_the_features_arrives_alike(ground):
    steps, condition = steps_to_arrive(ground.state)
    assert steps == ground.steps_to_arrive()
    assert condition == pytest.approx(ground.condition_number())


@pytest.mark.parametrize("ground", grounds("keep-it-alive"), ids=lambda g: str(g.state))
def test_what_arrives_at_the_ends_is_measured_alike(ground):
    signal, gradient, flat = start_of(**ground.state)
    assert signal == pytest.approx(ground.signal_ratio(), rel=1e-6)
    assert gradient == pytest.approx(ground.gradient_ratio(), rel=1e-6)
    assert flat == pytest.approx(ground.flat_share(), abs=1e-12)
