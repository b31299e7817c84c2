"""Tune exercises that measure a state by themselves: they see what their playground shows."""

import pytest

from coursekit import exercises, widgets
from coursekit.exercises.activations_gradients import active_points
from coursekit.exercises.maxout import largest_error


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
