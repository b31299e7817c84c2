"""Clouds of points in the plane."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose

from coursekit.datasets import blobs, elongated_cloud, moons, spirals

CLOUDS = {
    blobs: 2,
    partial(blobs, centres=[[0, 0], [4, 0], [0, 4]], std=[0.1, 0.2, 0.3]): 3,
    moons: 2,
    spirals: 2,
    partial(spirals, classes=5): 5,
}


@pytest.mark.parametrize(("cloud", "classes"), CLOUDS.items())
@pytest.mark.parametrize("n", [1, 7, 300])
def test_clouds_have_equal_classes_in_random_order(cloud, classes, n):
    points, labels = cloud(n, np.random.default_rng(0))
    assert points.shape == (n, 2)
    assert points.dtype == np.float64
    assert labels.dtype == np.int64
    sizes = np.bincount(labels, minlength=classes)
    assert sizes.max() - sizes.min() <= 1
    if n == 300:
        assert np.mean(np.diff(labels) != 0) > 1 / 3


@pytest.mark.parametrize("cloud", [*CLOUDS, elongated_cloud])
def test_clouds_come_from_the_rng_alone(cloud):
    first, again, other = (cloud(20, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert str(first) == str(again) != str(other)
    with pytest.raises(ValueError, match="rng"):
        cloud(20, 1)
    with pytest.raises(ValueError, match="n must be a whole number, at least 1"):
        cloud(0, np.random.default_rng(0))


def test_blobs_lie_about_their_centres():
    centres, std = np.array([[1.0, 2.0, 3.0], [-5.0, 0.0, 5.0]]), [0.5, 2.0]
    points, labels = blobs(20_000, np.random.default_rng(0), centres, std)
    for label in (0, 1):
        part = points[labels == label]
        # Standard errors at 10,000 points: 0.01·std of a mean, 0.007·std of a std; 5 of them.
        assert_allclose(part.mean(axis=0), centres[label], atol=0.05 * std[label])
        assert_allclose(part.std(axis=0), std[label], rtol=0.036)


def test_the_elongated_cloud_has_the_stated_covariance():
    angle, std, mean = 0.7, np.array([3.0, 0.5]), [4.0, -1.0]
    points = elongated_cloud(40_000, np.random.default_rng(0), mean, std, angle)
    axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    along = (points - mean) @ axes.T  # coordinates on the two axes of the cloud
    # 5 standard errors: std/√n of a mean, √2/√n of a variance, 1/√n of a correlation.
    assert_allclose(along.mean(axis=0), 0, atol=0.025 * 3)
    assert_allclose(along.var(axis=0), std**2, rtol=0.036)
    assert abs(np.corrcoef(along.T)[0, 1]) < 0.025


def test_moons_without_noise_are_half_circles():
    points, labels = moons(200, np.random.default_rng(0), noise=0)
    upper, lower = points[labels == 0], points[labels == 1]
    # Rounding of a cosine and a sine, and one subtraction.
    assert_allclose(np.hypot(*upper.T), 1, atol=1e-15)
    assert_allclose(np.hypot(*(lower - [1, 0.5]).T), 1, atol=1e-15)
    assert upper[:, 1].min() >= 0
    assert lower[:, 1].max() <= 0.5


def test_spirals_without_noise_turn_with_their_radius():
    points, labels = spirals(300, np.random.default_rng(0), classes=3, turns=0.5, noise=0)
    radius, angle = np.hypot(*points.T), np.arctan2(points[:, 1], points[:, 0])
    expected = np.pi * radius + 2 * np.pi * labels / 3
    # The angle up to whole turns; rounding grows near the centre, where atan2 is ill-conditioned.
    assert_allclose(radius * np.exp(1j * angle), radius * np.exp(1j * expected), atol=1e-14)
    assert radius.max() <= 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (partial(blobs, centres=[1.0, 2.0]), r"centres must have shape \(classes, d\), got \(2,\)"),
        (partial(blobs, std=[1, 2, 3]), "std must be one number, at least 0, or 2 of them"),
        (partial(blobs, std=-1), "std"),
        (partial(elongated_cloud, mean=[1, 2, 3]), r"mean must have shape \(2,\), got \(3,\)"),
        (partial(elongated_cloud, std=[np.nan, 1]), "std"),
        (partial(elongated_cloud, angle=np.inf), "angle"),
        (partial(moons, noise=-0.1), "noise"),
        (partial(spirals, classes=0), "classes"),
        (partial(spirals, noise=-1), "noise"),
        (partial(spirals, turns="two"), "turns"),
    ],
)
def test_impossible_clouds_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(10, np.random.default_rng(0))
