"""Loss surfaces: exact derivatives, known minima and saddles, batches, silence on overflow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit import Beale, DoubleWell, Quadratic, Rosenbrock, bowl, saddle, valley
from coursekit.objectives import Landscape

SURFACES = [
    bowl(2.5),
    bowl(1.0, 3.0, 0.2),
    valley(50.0),
    valley(50.0, rotation=0.4),
    saddle(2.0, 0.5, rotation=-1.1),
    Quadratic([1.0, -2.0, 3.0], rotation=np.linalg.qr(np.arange(9.0).reshape(3, 3) ** 2)[0]),
    Quadratic([3.0, 1.0], centre=[1.0, -2.0]),
    DoubleWell(),
    DoubleWell(tilt=0.2, dimension=3),
    Landscape([-1.2, -0.6, 0.4, 0.4, 1.5], steepness=0.5),
    Rosenbrock(),
    Beale(),
]
surfaces = pytest.mark.parametrize("surface", SURFACES, ids=repr)


def differences(function, w, h):
    """Central differences of an array-valued function, along a new last axis."""
    steps = h * np.eye(w.size)
    return np.stack([(function(w + s) - function(w - s)) / (2 * h) for s in steps], axis=-1)


@surfaces
def test_derivatives_are_the_central_differences(surface):
    rng = np.random.default_rng(0)
    for w in rng.uniform(*surface.window.T, size=(5, surface.dimension)):
        # With h = 1e-5 the difference has an error of about h² = 1e-10 times a third derivative
        # and 1e-16 / h = 1e-11 times the value: 1e-6 of the scale leaves room for Beale's walls.
        gradient, hessian = surface.gradient(w), surface.hessian(w)
        scale = 1 + np.abs(hessian).max() + np.abs(surface.value(w))
        assert np.abs(gradient - differences(surface.value, w, 1e-5)).max() < 1e-6 * scale
        assert np.abs(hessian - differences(surface.gradient, w, 1e-5)).max() < 1e-6 * scale
        assert np.array_equal(hessian, hessian.T)


@surfaces
def test_minima_and_saddles_are_what_they_are_called(surface):
    for point in surface.minima:
        assert np.allclose(surface.gradient(point), 0, atol=1e-12)
        assert (np.linalg.eigvalsh(surface.hessian(point)) > 0).all()
    for point in surface.saddles:
        assert np.allclose(surface.gradient(point), 0, atol=1e-12)
        curvatures = np.linalg.eigvalsh(surface.hessian(point))
        assert curvatures.min() < 0 < curvatures.max()
    for point in [*surface.minima, *surface.saddles]:
        assert ((surface.window[:, 0] <= point) & (point <= surface.window[:, 1])).all()


@surfaces
def test_no_point_of_the_window_is_below_the_lowest_minimum(surface):
    if not len(surface.minima):
        return
    points = np.random.default_rng(1).uniform(*surface.window.T, size=(2000, surface.dimension))
    assert surface.value(points).min() >= surface.value(surface.minima).min() - 1e-12


@surfaces
def test_a_batch_is_its_points_one_by_one(surface):
    w = np.random.default_rng(2).normal(size=(2, 3, surface.dimension))
    for method in (surface.value, surface.gradient, surface.hessian):
        one_by_one = np.array([[method(point) for point in row] for row in w])
        assert method(w).shape == one_by_one.shape
        # A matrix product may sum in another order for a batch.
        assert np.allclose(method(w), one_by_one, rtol=1e-13, atol=1e-13)


@surfaces
def test_float32_stays_float32_and_nothing_is_changed(surface):
    w = np.full((4, surface.dimension), 0.5, np.float32)
    w.flags.writeable = False
    for method in (surface.value, surface.gradient, surface.hessian):
        assert method(w).dtype == np.float32
        assert method(np.zeros(surface.dimension, int)).dtype == np.float64


@surfaces
def test_far_away_it_overflows_in_silence(surface):
    value = surface.value(np.full(surface.dimension, 1e200))
    assert not np.isfinite(value)


@given(st.floats(-3, 3), st.floats(0.1, 10), st.floats(0.1, 10))
def test_rotation_keeps_the_curvatures(angle, first, second):
    hessian = Quadratic([first, second], rotation=angle).hessian([0.0, 0.0])
    assert np.allclose(np.linalg.eigvalsh(hessian), sorted([first, second]), rtol=1e-9)


def test_without_rotation_the_coordinates_do_not_touch():
    gradient = valley(10).gradient([np.inf, 1.0])
    assert gradient[0] == np.inf
    assert gradient[1] == 10


def test_quadratic_is_the_formula():
    surface = Quadratic([2.0, 8.0], centre=[1.0, 1.0])
    assert surface.value([2.0, 3.0]) == 0.5 * (2 * 1 + 8 * 4)
    assert surface.condition_number == 4
    assert Quadratic([1.0, 0.0]).condition_number == np.inf
    assert surface.window.tolist() == [[-1.0, 3.0], [-1.0, 3.0]]


def test_double_well_keeps_one_well_when_tilted_far():
    assert len(DoubleWell(tilt=0.38).minima) == 2  # 2/√27 = 0.3849
    assert len(DoubleWell(tilt=0.39).minima) == 1
    assert DoubleWell(dimension=2).saddles.tolist() == [[0, 0]]


def test_a_landscape_is_level_where_it_was_told():
    land = Landscape([0.4, 1.5, -1.2, 0.4, -0.6], steepness=0.5)
    assert (land.gradient(land.stationary[:, np.newaxis]) == 0).all()
    assert land.minima.ravel().tolist() == [-1.2, 1.5]
    assert land.maxima.ravel().tolist() == [-0.6]
    assert land.shelves.tolist() == [0.4]
    assert land.value(land.minima).min() == pytest.approx(0, abs=1e-15)
    # On both sides of the shelf the slope has the same sign, and at it no curvature.
    assert np.sign(land.gradient([[0.3], [0.5]])).ravel().tolist() == [-1, -1]
    assert land.hessian([0.4]) == pytest.approx(0, abs=1e-15)
    assert Landscape([2.0]).gradient([5.0]) == 3


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: bowl(0.0), "curvature must be a finite number above 0, got 0.0"),
        (lambda: valley(0.5), "condition_number must be a finite number at least 1, got 0.5"),
        (lambda: saddle(up=-1.0), "up must be"),
        (lambda: Quadratic([]), "curvatures must be a list of numbers"),
        (lambda: Quadratic([1.0, np.nan]), "curvatures must be finite"),
        (lambda: Quadratic([1.0, 2.0], rotation=np.ones((2, 2))), "orthogonal"),
        (lambda: Quadratic([1.0, 2.0, 3.0], rotation=0.3), "rotation by an angle needs two"),
        (lambda: Landscape([0.0, 1.0]), "stationary must be an odd number of places"),
        (lambda: Landscape([0.0], steepness=0.0), "steepness must be a finite number above 0"),
        (lambda: DoubleWell(dimension=0), "dimension must be a whole number, at least 1, got 0"),
        (lambda: bowl(1.0).value([1.0, 2.0]), r"w must have shape \(..., 1\), got \(2,\)"),
        (lambda: valley().gradient(3.0), r"w must have shape \(..., 2\), got \(\)"),
        (lambda: valley().gradient("here"), "w must be an array of real numbers, got 'here'"),
        (lambda: valley().gradient([[1.0], [1.0, 2.0]]), "w must be an array of numbers"),
    ],
)
def test_bad_input_is_named(make, words):
    with pytest.raises(ValueError, match=words):
        make()
