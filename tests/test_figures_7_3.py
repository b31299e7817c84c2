"""Figure 7.8: the numbers behind it, against the loop written out and the law of energy."""

import numpy as np
import pytest

from coursekit import figures

ROUNDING = 1e-12  # a few hundred operations in float64 on numbers of size 1


@pytest.fixture
def d():
    return figures.get("7.8").data()


def test_the_momentum_run_is_the_loop_of_the_book(d):
    w, v, points = -1.75, 0.0, [-1.75]
    for _ in range(len(d.heavy.points) - 1):
        slope = 0.5 * (w + 1.2) * (w + 0.5) * (w - 0.5) ** 2 * (w - 1.6)
        v = d.momentum * v - d.learning_rate * slope
        w += v
        points.append(w)
    assert d.heavy.points[:, 0] == pytest.approx(points, abs=ROUNDING)


def test_the_places_are_what_they_are_called(d):
    local, barrier, shelf, lowest = d.places
    assert local < barrier < shelf < lowest
    level = dict(zip(d.places, d.levels, strict=True))
    assert level[barrier] > level[shelf] > level[local] > level[lowest] == pytest.approx(0)
    slopes = d.objective.gradient(np.array([[shelf - 0.05], [shelf], [shelf + 0.05]]))[:, 0]
    assert slopes[0] < 0 == slopes[1] > slopes[2]


def test_plain_descent_stops_and_creeps(d):
    local, barrier, shelf, _ = d.places
    first, second = d.plain.points[..., 0].T
    assert first[-1] == pytest.approx(local, abs=1e-6)
    assert (first < barrier).all()
    assert barrier < second[0]
    assert (second < shelf).all()
    # Near the shelf the slope is −½ L''' δ², so that 1/δ grows by ½ L''' η a step: δ never is 0.
    h = 1e-4
    third = (d.objective.hessian([shelf + h]) - d.objective.hessian([shelf - h])).item() / (2 * h)
    left = shelf - second
    growth = (1 / left[-1] - 1 / left[-101]) / 100
    assert growth == pytest.approx(-third / 2 * d.learning_rate, rel=0.15)


def test_momentum_passes_where_the_steps_say(d):
    _, barrier, shelf, lowest = d.places
    w = d.heavy.points[:, 0]
    for name, place in (("barrier", barrier), ("shelf", shelf)):
        assert w[d.passed[name] - 1] <= place < w[d.passed[name]]
    rest = d.passed["rest"]
    assert abs(w[rest - 1] - lowest) > 0.01
    assert (np.abs(w[rest:] - lowest) <= 0.01).all()


def test_the_energy_starts_at_the_loss_falls_and_clears_the_barrier(d):
    assert d.energy[0] == d.heavy.values[0]
    assert np.diff(d.energy).max() < ROUNDING
    assert (d.energy >= d.heavy.values).all()
    assert d.energy[-1] == pytest.approx(0, abs=1e-6)
    on_the_way = d.energy[: d.passed["barrier"] + 1]
    assert (on_the_way > d.level(d.places[1])).all()
    # The start is high enough even for the barrier's top, or no momentum could pass it.
    assert d.heavy.values[0] > d.level(d.places[1])
