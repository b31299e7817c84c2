"""The numbers behind Figures 7.9 to 7.18, against closed forms, and the style of the diagrams."""

import math

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb

from coursekit import figures
from coursekit.figures import diagrams, style

ROUNDING = 1e-12  # a few dozen operations in float64


def data(id):
    return figures.get(id).data()


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


# ---- 7.9 to 7.11: sigmoid, tanh, ReLU


@pytest.mark.parametrize("state", ["active", "saturated"])
def test_7_9_the_neurons_numbers_are_the_chain_rule(state):
    n = getattr(data("7.9"), state)
    assert n.a == pytest.approx(n.weights @ n.x + n.bias, rel=ROUNDING)
    assert n.z == pytest.approx(sigmoid(n.a), rel=ROUNDING)
    assert n.by_a == pytest.approx(n.z * (1 - n.z) * n.incoming, rel=ROUNDING)
    assert n.by_a == pytest.approx(np.exp(-n.a) / (1 + np.exp(-n.a)) ** 2, rel=1e-9)
    assert n.by_bias == n.by_a
    assert n.by_weights == pytest.approx(n.x * n.by_a, rel=ROUNDING)
    assert n.by_x == pytest.approx(n.weights * n.by_a, rel=ROUNDING)


def test_7_9_ten_times_the_weights_saturate():
    d = data("7.9")
    assert d.saturated.weights == pytest.approx(d.factor * d.active.weights)
    assert d.saturated.a == pytest.approx(d.factor * d.active.a)
    assert np.array_equal(d.saturated.x, d.active.x)
    assert d.saturated.incoming == d.active.incoming
    assert abs(d.active.a) < d.edge < d.saturated.a
    assert d.loss_of_gradient == pytest.approx(638, abs=0.5)
    assert d.loss_of_gradient == pytest.approx(
        (np.cosh(d.saturated.a / 2) / np.cosh(d.active.a / 2)) ** 2, rel=1e-9
    )


def test_7_9_slope_and_zones():
    d = data("7.9")
    assert d.slope.max() == d.slope[200] == 0.25
    assert d.a[200] == 0
    assert d.slope == pytest.approx(0.25 / np.cosh(d.a / 2) ** 2, rel=1e-9)
    assert np.gradient(d.z, d.a)[1:-1] == pytest.approx(d.slope[1:-1], abs=1e-4)
    assert sigmoid(d.edge) * (1 - sigmoid(d.edge)) == pytest.approx(d.least, rel=1e-9)
    assert ((d.slope < d.least) == (np.abs(d.a) > d.edge)).all()


def test_7_10_tanh_is_a_stretched_sigmoid():
    d = data("7.10")
    assert d.tanh == pytest.approx(2 * sigmoid(2 * d.a) - 1, abs=ROUNDING)
    assert d.sigmoid == pytest.approx(sigmoid(d.a), abs=ROUNDING)
    assert d.tanh_slope == pytest.approx(1 / np.cosh(d.a) ** 2, abs=ROUNDING)
    assert d.sigmoid_slope == pytest.approx(0.25 / np.cosh(d.a / 2) ** 2, abs=ROUNDING)
    assert (d.tanh_slope.max(), d.sigmoid_slope.max(), d.ratio) == (1, 0.25, 4)
    assert d.means == pytest.approx((0, 0.5), abs=1e-9)


def test_7_10_beyond_the_crossing_tanh_is_the_flatter_one():
    d = data("7.10")
    assert d.crossing == pytest.approx(1.6629, abs=1e-4)
    flatter = d.tanh_slope < d.sigmoid_slope
    assert (flatter == (np.abs(d.a) > d.crossing)).all()
    assert 0 < flatter.sum() < len(d.a)


def test_7_11_the_rectifier_and_its_slope():
    d = data("7.11")
    assert np.array_equal(d.z, np.where(d.a > 0, d.a, 0))
    assert np.array_equal(d.slope, np.where(d.a > 0, 1, 0))
    assert d.at_zero == 0
    assert set(d.slope) == {0, 1}


# ---- 7.12 to 7.14: gates


def test_7_12_the_backward_mask_is_the_forward_one():
    d = data("7.12")
    assert d.a == pytest.approx(d.x @ d.weights, rel=ROUNDING)
    assert d.open == [True, False, True, False]
    assert np.array_equal(d.z, d.a * d.open)
    assert np.array_equal(d.by_a, d.by_z * d.open)
    assert not np.signbit(d.by_a[~np.array(d.open)]).any()
    assert d.by_weights == pytest.approx(np.outer(d.x, d.by_a), rel=ROUNDING)
    assert (d.by_weights[:, ~np.array(d.open)] == 0).all()
    assert (d.by_weights[:, d.open] != 0).all()
    assert d.by_x == pytest.approx(d.weights @ d.by_a, rel=ROUNDING)
    # Each of the four cases of the signs of a and of ∂L/∂z is there.
    assert len(set(zip(np.sign(d.a), np.sign(d.by_z), strict=True))) == 4


def test_7_13_active_points_and_gradients():
    d = data("7.13")
    for unit in d.units:
        a = d.points @ unit.weights + unit.bias
        assert np.array_equal(unit.active, a > 0)
        assert unit.count == (a > 0).sum()
        assert unit.share == (a > 0).mean()
        with_one = np.column_stack([d.points, np.ones(len(a))])
        mean = (with_one * (a > 0)[:, np.newaxis]).mean(axis=0)
        assert unit.gradient == pytest.approx(mean, abs=ROUNDING)
    alive, dead, always = d.units
    assert 0.4 < alive.share < 0.6
    assert (dead.count, always.count) == (0, len(d.points))
    assert (dead.gradient == 0).all()
    assert all(np.array_equal(unit.weights, alive.weights) for unit in d.units)
    assert np.linalg.norm(alive.weights) == pytest.approx(1)
    assert f"of {len(d.points)} points" in figures.get("7.13").alt


def test_7_14_the_slope_left_of_zero_is_c():
    d = data("7.14")
    assert [curve.slope for curve in d.curves] == [0.01, 0.1, 0.3]
    for curve in d.curves:
        assert np.array_equal(curve.z, np.where(d.a > 0, d.a, curve.slope * d.a))
        assert np.array_equal(curve.derivative, np.where(d.a > 0, 1, curve.slope))


# ---- 7.15 and 7.18: learned shapes


def test_7_15_each_unit_learns_a_slope_of_its_own():
    d = data("7.15")
    assert (d.before == d.start).all()
    assert len(set(d.after)) == len(d.after) == 24
    assert np.abs(d.after - d.start).max() > 0.5
    for z, beta in ((d.z_before, d.before), (d.z_after, d.after)):
        a = d.a[:, np.newaxis]
        assert z == pytest.approx(np.where(a > 0, a, beta * a), abs=ROUNDING)
    assert (d.lowest, d.highest) == (min(d.after), max(d.after))
    assert d.above_one == sum(beta > 1 for beta in d.after)
    assert d.accuracy > 0.95


def largest_of(lines, x):
    return (x[:, np.newaxis] * lines[:, 0] + lines[:, 1]).max(axis=1)


def test_7_18_the_drawn_fit_is_the_largest_line():
    d = data("7.18")
    assert d.starts == 12  # as the caption says
    exact = [lambda x: np.maximum(x, 0), np.abs, np.square]
    assert [fit.pieces for fit in d.fits] == [2, 2, 5]
    for fit, function in zip(d.fits, exact, strict=True):
        assert np.array_equal(fit.wanted, function(fit.x))
        assert fit.given == pytest.approx(largest_of(fit.lines, fit.x), abs=1e-8)
        assert fit.error == np.abs(fit.given - fit.wanted).max()
        assert len(fit.errors) == d.starts
        assert fit.error in fit.errors
        assert fit.error >= fit.least
        slopes, intercepts = fit.lines.T
        kinks = -np.diff(intercepts) / np.diff(slopes)
        assert (np.diff([-1, *kinks, 1]) > 0).all()  # no line is idle


def test_7_18_two_lines_are_exact_and_five_come_near_the_best():
    rectifier, modulus, parabola = data("7.18").fits
    assert rectifier.error < 1e-9
    assert rectifier.lines == pytest.approx(np.array([[0, 0], [1, 0]]), abs=1e-8)
    assert modulus.error < 1e-9
    assert modulus.lines == pytest.approx(np.array([[-1, 0], [1, 0]]), abs=1e-8)
    assert (rectifier.least, modulus.least) == (0, 0)
    assert (rectifier.told, parabola.told) == ("below 10⁻⁹", f"{parabola.error:.3f}")
    # Least squares on k equal parts of width h has its largest error, h²/6, at their ends.
    h = 2 / parabola.pieces
    assert parabola.error == pytest.approx(h**2 / 6, rel=0.15)


def test_7_18_the_least_error_is_that_of_lifted_tangents():
    fit = data("7.18").fits[2]
    k = fit.pieces
    assert fit.least == pytest.approx(1 / (2 * k**2))
    centres = (2 * np.arange(k) + 1) / k - 1
    tangents = np.column_stack([2 * centres, fit.least - centres**2])
    errors = largest_of(tangents, fit.x) - fit.wanted
    assert np.abs(errors).max() == pytest.approx(fit.least, rel=1e-9)
    rng = np.random.default_rng(0)
    for _ in range(200):  # no lines nearby are better
        moved = tangents + rng.normal(0, 0.01, tangents.shape)
        assert np.abs(largest_of(moved, fit.x) - fit.wanted).max() > fit.least - 1e-6


# ---- 7.16 and 7.17: Maxout


def test_7_16_the_larger_line_gets_the_gradient():
    d = data("7.16")
    assert d.a == pytest.approx(d.weights * d.x + d.bias, rel=ROUNDING)
    assert d.z == max(d.a) == d.a[d.winner]
    assert d.by_a.tolist() == [d.by_z * (n == d.winner) for n in range(2)]
    assert d.by_weights == pytest.approx(d.by_a * d.x, rel=ROUNDING)
    assert d.by_x == pytest.approx(d.by_a @ d.weights, rel=ROUNDING)
    lines = d.grid[:, np.newaxis] * d.weights + d.bias
    assert d.graph == pytest.approx(lines.max(axis=1), abs=ROUNDING)
    x, z = d.kink
    assert d.weights * x + d.bias == pytest.approx([z, z])
    assert d.grid[d.graph.argmin()] == pytest.approx(x, abs=0.01)


def test_7_17_shapes_and_maxima():
    d = data("7.17")
    assert (d.d, d.m, d.k) == (4, 2, 3)
    assert d.shapes == {
        "x": (d.batch, d.d),
        "W": (d.d, d.m, d.k),
        "b": (d.m, d.k),
        "a": (d.batch, d.m, d.k),
        "z": (d.batch, d.m),
    }
    assert d.z == pytest.approx(d.a.max(axis=1), rel=ROUNDING)
    assert d.dense_parameters == d.d * d.m + d.m
    assert d.parameters == d.k * d.dense_parameters
    # What is printed with one decimal shows which unit is the largest.
    assert all((np.round(row, 1) == np.round(row, 1).max()).sum() == 1 for row in d.a)


# ---- the style of the diagrams


def test_a_number_in_print():
    numbers = [diagrams.number(value, 1) for value in (0.25, -1.0, 0.0, -0.0)]
    assert numbers == ["0.2", "−1.0", "0", "0"]
    assert diagrams.number(0.000335, 4) == "0.0003"


def test_a_canvas_counts_in_points():
    with style.context():
        sheet = diagrams.sheet(3.4, 100)
        axes = diagrams.canvas(sheet, 10, 20, 200, 60)
        FigureCanvasAgg(sheet).draw()
        corners = axes.transData.transform([(0, 0), (200, 60)]) * 72 / sheet.dpi
    assert corners == pytest.approx(np.array([(10, 20), (210, 80)]))
    assert sheet.get_size_inches() == pytest.approx((3.4, 100 / 72))


def test_an_edge_ends_at_its_gaps():
    with style.context():
        axes = diagrams.canvas(diagrams.sheet(3.4, 100), 0, 0, 200, 100)
        diagrams.edge(axes, (10, 10), (90, 70), gaps=(5, 15), head=False)
        FigureCanvasAgg(axes.figure).draw()
        (line,) = axes.patches

        places = line.get_path().vertices[[0, -1]]
    first, last = places
    assert math.dist(first, (10, 10)) == pytest.approx(5)
    assert math.dist(last, (90, 70)) == pytest.approx(15)
    assert math.dist(first, last) == pytest.approx(80)


def test_forward_and_backward_differ_in_grey_too():
    with style.context():
        axes = diagrams.canvas(diagrams.sheet(3.4, 100), 0, 0, 200, 100)
        diagrams.values(axes, (100, 50), "a = 0.5", "0.1", cut=40)
        above, below = axes.texts
    assert (above.get_text(), below.get_text()) == ("a = 0.5", "← 0.1")
    assert above.get_position()[1] > 50 > below.get_position()[1]
    assert (above.get_style(), below.get_style()) == ("normal", "italic")
    assert above.get_color() != below.get_color()


def test_words_stand_out_from_what_is_behind_them():
    def luminance(color):
        srgb = np.array(to_rgb(color))
        light = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
        return [0.2126, 0.7152, 0.0722] @ light

    for words in (diagrams.FORWARD, diagrams.BACKWARD, style.INK):
        for behind in (style.PAPER, diagrams.ZONE, diagrams.OPEN):
            assert (luminance(behind) + 0.05) / (luminance(words) + 0.05) >= 4.5  # WCAG 2
