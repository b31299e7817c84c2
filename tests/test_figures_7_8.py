"""The numbers behind Figures 7.23 and 7.24: activations by layer."""

import numpy as np
import pytest

from coursekit import figures
from coursekit.activations import relu, sigmoid, tanh
from coursekit.datasets import digits
from coursekit.initializers import he_normal, normal


def data(id):
    return figures.get(id).data()


def activations(function, initializer):
    """Ten layers by hand, drawn as a network draws them."""
    x = digits().x_train
    spread = x.std(axis=0)
    z = (x - x.mean(axis=0)) / np.where(spread == 0, 1, spread)
    rng, layers = np.random.default_rng(0), []
    for n_in in [64] + 9 * [100]:
        z = function(z @ initializer(n_in, 100, rng))
        layers.append(z)
    return layers


@pytest.mark.parametrize(
    ("network", "function", "initializer"),
    [
        (lambda: data("7.23").small[0], sigmoid, normal(0.01)),
        (lambda: data("7.23").small[1], tanh, normal(0.01)),
        (lambda: data("7.23").large[1], tanh, normal(0.1)),
        (lambda: data("7.24").depth, relu, he_normal),
    ],
)
def test_the_statistics_are_those_of_ten_layers(network, function, initializer):
    depth, layers = network(), activations(function, initializer)
    assert len(depth.mean) == len(layers) == 10
    assert depth.mean == pytest.approx([z.mean() for z in layers], abs=1e-10)
    assert depth.std == pytest.approx([z.std() for z in layers], rel=1e-9)
    over_data = [np.sqrt(z.var(axis=0).mean()) for z in layers]
    assert depth.over_data == pytest.approx(over_data, rel=1e-3, abs=3e-14)
    low, high = depth.edges[[0, -1]]
    inside = [np.mean((z >= low) & (z <= high)) for z in layers]
    assert depth.shares.sum(axis=1) == pytest.approx(inside, abs=1e-12)


def test_7_23_the_mean_goes_to_a_half_or_to_zero():
    by_sigmoid, by_tanh = data("7.23").small
    assert by_sigmoid.mean == pytest.approx(0.5, abs=0.01)
    assert np.abs(by_tanh.mean).max() < 1e-3
    assert abs(by_tanh.mean[-1]) < 1e-9


def test_7_23_the_spread_over_the_data_vanishes_by_what_the_weights_do():
    d = data("7.23")
    by_sigmoid, by_tanh = d.small
    # A layer multiplies differences by std·√n times the slope: ¼ at 0 for the sigmoid, 1 for tanh.
    assert by_tanh.division == pytest.approx(1 / (d.std * np.sqrt(100)), rel=0.1)
    assert by_sigmoid.division == pytest.approx(4 / (d.std * np.sqrt(100)), rel=0.1)
    assert by_sigmoid.last_layer < 10 == by_tanh.last_layer
    assert (by_sigmoid.told, by_tanh.told) == ("10⁻¹³", "10⁻¹⁰")
    # The units of a sigmoid layer differ from each other, and go on doing so.
    assert by_sigmoid.std.min() > 0.01
    assert by_tanh.std == pytest.approx(by_tanh.over_data, rel=0.01)


def test_7_23_read_as_a_variance_tanh_keeps_its_spread():
    d = data("7.23")
    assert d.other**2 == pytest.approx(d.std)
    by_sigmoid, by_tanh = d.large
    assert by_tanh.last > 0.15
    assert by_tanh.told == f"{by_tanh.last:.1f}"
    assert by_sigmoid.last < 1e-5


def test_7_24_every_layer_is_healthy():
    d = data("7.24").depth
    assert d.std.min() > 0.5
    assert d.over_data.min() > 0.3
    assert (abs(d.at_zero - 0.5) < 0.1).all()
    beyond = d.shares[:, d.edges[:-1] > 1.9]
    assert (beyond.sum(axis=1) > 0.01).all()
    assert d.shares[:, d.edges[1:] < -0.04].sum() == 0
    assert data("7.24").before is data("7.23").small


@pytest.mark.parametrize("width", [7.0, 3.4])
def test_the_two_figures_have_the_same_axes(width):
    vanishing, healthy = (figures.get(id).draw(width).axes for id in ("7.23", "7.24"))
    for n, panel in enumerate(vanishing):
        assert panel.get_xlim() == healthy[n % 2].get_xlim()
        assert panel.get_ylim() == healthy[n % 2].get_ylim()
        assert panel.get_yscale() == healthy[n % 2].get_yscale()
