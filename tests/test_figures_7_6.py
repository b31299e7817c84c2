"""The numbers behind Figures 7.19 and 7.20: preprocessing."""

import numpy as np
import pytest

from coursekit import figures
from coursekit.datasets import digits
from coursekit.figures.section_7_6 import _needed, _runs, ink_spreads

ROUNDING = 1e-12  # a few dozen operations in float64


def data(id):
    return figures.get(id).data()


def test_the_features_are_the_variances_of_the_place_of_the_ink():
    pictures, spreads = digits().x_train.reshape(-1, 8, 8), ink_spreads()
    assert spreads.shape == (len(pictures), 2)
    assert (spreads > 0).all()
    for n in (0, 700):
        grains = np.round(16 * pictures[n]).astype(int)  # of ink, one by one
        rows, columns = (
            np.repeat(places.ravel(), grains.ravel()) for places in np.indices(grains.shape)
        )
        assert spreads[n] == pytest.approx([columns.var(), rows.var()], rel=ROUNDING)


# ---- 7.19


def test_7_19_the_same_points_raw_centred_and_scaled():
    raw, centred, scaled = data("7.19").clouds
    assert np.array_equal(raw.points, ink_spreads())
    assert (raw.mean > 3 * raw.std).all()
    assert centred.points == pytest.approx(raw.points - raw.mean, abs=ROUNDING)
    assert scaled.points * raw.std == pytest.approx(centred.points, abs=ROUNDING)
    assert (centred.mean.tolist(), scaled.mean.tolist()) == ([0, 0], [0, 0])
    assert centred.std == pytest.approx(raw.std, rel=ROUNDING)
    assert scaled.std == pytest.approx([1, 1], rel=ROUNDING)
    for cloud in (raw, centred, scaled):  # nothing lies outside of the panels
        assert cloud.points.min() > -3.8
        assert cloud.points.max() < 8.2


def test_7_19_scaling_to_one_leaves_other_deviations():
    raw = data("7.19").clouds[0]
    half = np.ptp(raw.points, axis=0) / 2
    assert data("7.19").min_max == pytest.approx(raw.std / half, rel=ROUNDING)


@pytest.mark.parametrize("width", [7.0, 3.4])
def test_7_19_equal_aspect_and_the_same_limits(width):
    drawn = figures.get("7.19").draw(width)
    boxes = [panel.get_position().bounds[2:] * drawn.get_size_inches() for panel in drawn.axes]
    assert {panel.get_xlim() for panel in drawn.axes} == {panel.get_ylim() for panel in drawn.axes}
    assert len({panel.get_xlim() for panel in drawn.axes}) == 1
    for wide, high in boxes:
        assert wide == pytest.approx(high)


# ---- 7.20


def test_7_20_positive_inputs_move_both_weights_the_same_way():
    raw, centred = data("7.20").descents
    assert raw.same_sign == 1
    assert 0.3 < centred.same_sign < 0.7
    moves = np.sign(np.diff(raw.points, axis=0))
    assert np.array_equal(moves[:, 0], moves[:, 1])
    moves = np.sign(np.diff(centred.points, axis=0))
    assert not np.array_equal(moves[:, 0], moves[:, 1])
    # The way from the start to the minimum is in neither of the two quadrants.
    assert np.sign(raw.loss.centre - raw.points[0]).tolist() == [1, -1]


@pytest.mark.parametrize("side", [0, 1])
def test_7_20_each_step_is_one_examples_gradient(side):
    """Each move is along an example: −ηδx with δ = (w − wanted)·x."""
    d = data("7.20").descents[side]
    assert len(d.points) == data("7.20").drawn + 1
    for before, after in zip(d.points, d.points[1:], strict=False):
        delta = (before - d.loss.centre) @ d.inputs.T
        steps = -d.rate * delta[:, np.newaxis] * d.inputs
        assert np.abs(steps - (after - before)).sum(axis=1).min() < ROUNDING


def test_7_20_both_runs_take_the_same_examples():
    raw, centred = data("7.20").descents
    assert centred.inputs == pytest.approx(raw.inputs - raw.inputs.mean(axis=0), abs=ROUNDING)
    taken = []
    for d in (raw, centred):
        rows = []
        for before, after in zip(d.points, d.points[1:], strict=False):
            delta = (before - d.loss.centre) @ d.inputs.T
            gaps = np.abs(-d.rate * delta[:, np.newaxis] * d.inputs - (after - before))
            rows.append(int(gaps.sum(axis=1).argmin()))
        taken.append(rows)
    assert taken[0] == taken[1]


def test_7_20_the_loss_is_that_of_a_linear_unit_on_the_data():
    w = np.array([[0.3, -2.0], [-1.0, 1.5]])
    for d in data("7.20").descents:
        targets = d.inputs @ [1, -1]
        loss = [((d.inputs @ one - targets) ** 2).mean() / 2 for one in w]
        assert d.loss.value(w) == pytest.approx(loss, rel=1e-9)
        assert d.loss.condition_number == pytest.approx(d.conditioning.condition_number, rel=1e-9)


def test_7_20_the_best_rates_are_interior_and_centring_wins():
    d = data("7.20")
    raw, centred = d.descents
    for descent in (raw, centred):
        assert 0 < descent.best < len(descent.rates) - 1
        assert descent.steps == descent.needed.min()
        assert (np.diff(descent.rates) > 0).all()
    assert raw.steps > 8 * centred.steps
    assert raw.conditioning.condition_number > 20 * centred.conditioning.condition_number
    assert centred.left < 0.2 < 0.6 < raw.left
    assert (d.near, d.orders) == (0.1, 99)


def test_7_20_what_centring_gives_is_the_larger_rate():
    """At one rate for both, raw inputs take no more steps than centred ones."""
    d = data("7.20")
    rate = d.descents[0].rates[2]
    medians = []
    for one in d.descents:
        points = _runs(one.inputs, one.loss.centre, one.points[0], rate, d.orders, 600)
        medians.append(np.median(_needed(points, one.loss.centre, d.near)))
    assert medians[0] <= medians[1] < 600
