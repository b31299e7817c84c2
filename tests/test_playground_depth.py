"""The depth playground: its numbers are those of the package's diagnostics and of theory."""

import numpy as np
import pytest

from coursekit import datasets, initializers
from coursekit.activations import leaky_relu, relu, sigmoid, tanh
from coursekit.diagnostics import dead_units, layer_statistics
from coursekit.layers import Activation
from coursekit.network import mlp
from coursekit.preprocessing import Standardize
from coursekit.widgets.depth import ROWS, RULES, WINDOWS, Depth
from coursekit.widgets.scene import Bars, Image, Path, Text, encode
from coursekit.widgets.static import png


def network_of(activation, rule, sizes, batch_norm=False, seed=0):
    return mlp(sizes, np.random.default_rng(seed), activation, rule, batch_norm)


def digits(standardize):
    data = datasets.digits()
    x = Standardize().fit(data.x_train).transform(data.x_train) if standardize else data.x_train
    return x[:ROWS], data.y_train[:ROWS]


# What is measured.


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize(
    ("settings", "activation", "rule"),
    [
        ({"activation": "sigmoid", "std": 1.5}, sigmoid, initializers.normal(1.5)),
        ({"activation": "tanh", "initialization": "Glorot"}, tanh, "glorot_normal"),
        ({"activation": "ReLU", "initialization": "He"}, relu, "he_normal"),
        ({"activation": "leaky ReLU", "initialization": "LeCun"}, leaky_relu(), "lecun_normal"),
    ],
    ids=lambda value: str(value),
)
def test_all_numbers_are_those_of_the_diagnostics(
    settings, activation, rule, batch_norm, standardize
):
    shape = {"depth": 6, "width": 30, "seed": 4}
    playground = Depth(batch_norm=batch_norm, standardize=standardize, **shape, **settings)
    found = playground.measure()
    x, y = digits(standardize)
    network = network_of(activation, rule, [64, *[30] * 6, 10], batch_norm, seed=4)
    window = WINDOWS[playground.state["activation"]]
    statistics = layer_statistics(network, x, y, bins=40, limits=window)
    hidden = [one for one in statistics if one.role == "activation"]
    assert found.spread == pytest.approx([one.outputs.std for one in hidden])
    assert found.gradient == pytest.approx([one.gradients.std for one in hidden])
    weights = [one.weight_gradients.std for one in statistics if one.weight_gradients]
    assert found.weights == pytest.approx(weights[:-1])
    assert np.array_equal(found.counts, [one.outputs.counts for one in hidden])
    network.set_statistics(x)
    if activation in (sigmoid, tanh):
        network.forward(x)
        slopes = [layer.slope() for layer in network.layers if isinstance(layer, Activation)]
        flat = [np.mean(np.abs(slope) <= 0.01) for slope in slopes]
    else:
        flat = [units.mean() for units in dead_units(network, x).values()]
    assert found.flat == pytest.approx(flat)
    assert playground.flat_share() == pytest.approx(found.flat.mean())


def test_what_differs_between_digits():
    found = Depth(activation="sigmoid", std=0.5, depth=3, width=20).measure()
    x, _ = digits(True)
    z, signal = x, []
    for layer in network_of(sigmoid, initializers.normal(0.5), [64, 20, 20, 20, 10]).layers[:-1]:
        z = layer.forward(z)
        signal.append(np.sqrt(np.mean((z - z.mean(axis=0)) ** 2)))
    assert found.signal == pytest.approx(signal[1::2])
    assert (found.signal < found.spread).all()


def test_in_a_linear_network_every_layer_multiplies_by_std_times_root_width():
    # Var(Σ w z) = n std² E[z²], both ways; of a finite width, hence the band.
    playground = Depth(activation="linear", std=0.2, width=200, depth=11)
    wanted = (0.2 * np.sqrt(200)) ** 10
    for ratio in (playground.activation_ratio(), playground.signal_ratio()):
        assert ratio ** (1 / 10) == pytest.approx(wanted ** (1 / 10), rel=0.05)
    assert playground.gradient_ratio() ** (1 / 10) == pytest.approx(wanted ** (1 / 10), rel=0.05)


@pytest.mark.parametrize(("activation", "rule"), [("ReLU", "He"), ("linear", "LeCun")])
def test_the_rule_made_for_an_activation_keeps_both_ways(activation, rule):
    ratios = [
        (run.activation_ratio(), run.gradient_ratio())
        for seed in range(5)
        for run in [Depth(activation=activation, initialization=rule, seed=seed)]
    ]
    forward, backward = np.exp(np.mean(np.log(ratios), axis=0))
    assert 0.5 < forward < 2
    assert 0.5 < backward < 2


def test_the_rules_are_those_of_their_name():
    for name, rule in RULES.items():
        playground = Depth(initialization=name, depth=2, width=40, activation="ReLU")
        network = network_of(relu, rule, [64, 40, 40, 10])
        x, y = digits(True)
        (first, *_) = [s for s in layer_statistics(network, x, y) if s.role == "activation"]
        assert playground.measure().spread[0] == pytest.approx(first.outputs.std)
    assert {rule.name for rule in RULES.values()} == {
        "lecun_normal",
        "glorot_normal",
        "he_normal",
        "book_relu_normal",
    }


def test_small_weights_lose_the_digits_and_keep_the_mean_of_sigmoids():
    """Claim 7.8-a: the variance over the data vanishes, the activations do not go to 0."""
    playground = Depth(activation="sigmoid", std=0.05, depth=10)
    assert playground.signal_ratio() < 1e-6
    assert playground.activation_ratio() > 0.1
    (strip,) = playground.frame().views["histograms"].back
    bins = np.asarray(strip.values)[:, -1].nonzero()[0]
    assert bins.min() >= 10, "all about one half"
    assert bins.max() < 30


def test_what_is_only_rounding_counts_as_nothing():
    playground = Depth(activation="sigmoid", std=0.01, depth=50)
    assert playground.signal_ratio() == 0
    assert 0 < playground.gradient_ratio() < 1e-60
    forward, *_ = playground.frame().readout
    assert "is lost on the way: layer 50 has 0 times" in forward


def test_batch_normalization_makes_the_scale_of_the_weights_irrelevant():
    small, large = (Depth(std=std, batch_norm=True, depth=8) for std in (0.1, 1.0))
    # ε = 1e-5 is small beside the variance, about 100·0.01, but not nothing.
    assert small.measure().spread == pytest.approx(large.measure().spread, rel=1e-3)
    assert 0.5 < small.signal_ratio() < 2


def test_large_weights_saturate_tanh():
    flat = [Depth(std=std).flat_share() for std in (0.1, 1.0, 2.0)]
    assert flat[0] == 0
    # |f′| ≤ 0.01 where |a| ≥ 3, and a is about N(0, 100 std² z²) with z² near 1.
    assert flat[1] == pytest.approx(0.75, abs=0.05)
    assert flat[2] == pytest.approx(0.88, abs=0.05)


def test_deep_narrow_rectifiers_die_and_leaky_ones_do_not():
    narrow = {"initialization": "He", "depth": 30, "width": 10}
    assert Depth(activation="ReLU", **narrow).flat_share() > 0.2
    assert Depth(activation="leaky ReLU", **narrow).flat_share() == 0


def test_the_seed_draws_the_weights_and_the_std_counts_for_normal_only():
    first, again, other = (Depth(depth=3, seed=seed).measure() for seed in (1, 1, 2))
    assert np.array_equal(first.spread, again.spread)
    assert not np.array_equal(first.spread, other.spread)
    he = [Depth(initialization="He", std=std, depth=3).measure() for std in (0.1, 1.0)]
    assert np.array_equal(he[0].gradient, he[1].gradient)


# What is shown.


def test_the_first_state_vanishes_both_ways_and_says_so():
    forward, back, flat = Depth().frame().readout
    found = Depth().measure()
    factor = (found.signal[-1] / found.signal[0]) ** (1 / 19)
    assert f"shrinks by a factor {factor:.3g} a layer" in forward
    assert "nearly alike" in forward
    assert "layer 1 has" in back
    assert "weights hardly move" in back
    assert flat == "Saturated activations (|f′| ≤ 0.01): none."


def test_a_healthy_state_says_so():
    forward, back, flat = Depth(initialization="He", activation="ReLU", seed=3).frame().readout
    assert "keeps its size" in forward
    assert "alike" not in forward
    assert "hardly" not in back
    assert flat.startswith("Dead units (f′ = 0 on all 64 digits): ")


def test_growth_is_said_and_what_is_beyond_the_scale_too():
    frame = Depth(initialization="normal", activation="ReLU", std=0.5).frame()
    assert all("grows by a factor" in line for line in frame.readout[:2])
    (words,) = (item.text for item in frame.views["histograms"].items)
    assert words.startswith("beyond this scale: ")


def test_the_items_hold_what_was_measured():
    playground = Depth(activation="ReLU", std=0.3, depth=7)
    found, frame = playground.measure(), playground.frame()
    layers = np.arange(1, 8)
    for view, lines in (
        ("activations", (found.spread, found.signal)),
        ("gradients", (found.gradient, found.weights)),
    ):
        paths = [item for item in frame.views[view].items if isinstance(item, Path)]
        for path, heights in zip(paths, lines, strict=True):
            assert np.array_equal(path.points, np.column_stack([layers, heights]))
        words = [item.text for item in frame.views[view].items if isinstance(item, Text)]
        assert len(words) == 2, "a name for each line, not a colour alone"
    (bars,) = (item for item in frame.views["flat"].items if isinstance(item, Bars))
    assert np.array_equal(bars.points, np.column_stack([layers, 100 * found.flat]))
    (strip,) = frame.views["histograms"].back
    assert isinstance(strip, Image)
    assert np.shape(strip.values) == (40, 7)
    assert np.max(strip.values, axis=0) == pytest.approx(np.ones(7))
    assert strip.values[0] == pytest.approx(np.ones(7)), "the zeros of the rectifiers, lowest"


def test_the_axes_stay_while_a_slider_of_weights_moves():
    panels = [
        [(p.x, p.y) for p in (view.panel for view in Depth(std=std).frame().views.values())]
        for std in (0.001, 0.1, 2.0)
    ]
    assert panels[0] == panels[1] == panels[2]


@pytest.mark.parametrize(("std", "above"), [(0.05, True), (0.1, False), (1.0, False)])
def test_the_names_of_the_lines_keep_out_of_their_way(std, above):
    frame = Depth(std=std, depth=50).frame()
    for view in ("activations", "gradients"):
        words = [item for item in frame.views[view].items if isinstance(item, Text)]
        assert [word.at[1] > 0.5 for word in words] == [above] * 2


def test_a_line_below_the_axis_is_told():
    words = [str(Depth(depth=depth).frame().views["gradients"].items) for depth in (20, 50)]
    assert ["weights, ∂L/∂W, below this scale" in text for text in words] == [False, True]
    assert "units, ∂L/∂z, below" not in words[1]


@pytest.mark.parametrize(
    "settings",
    [
        {"activation": "linear", "std": 2.0, "width": 200, "depth": 50},
        {"activation": "ReLU", "std": 0.001, "width": 10, "depth": 50, "standardize": False},
        {"activation": "sigmoid", "std": 0.001, "depth": 2, "batch_norm": True},
    ],
    ids=lambda settings: settings["activation"],
)
def test_extreme_states_are_drawn_without_a_warning(settings):
    frame = Depth(**settings).frame()
    encode(frame)
    assert png(frame).startswith(b"\x89PNG")
    assert not any("nan" in line for line in frame.readout)


# State.


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"initialization": "Xavier"}, "unknown initialization 'Xavier'. Known: normal, LeCun"),
        ({"activation": "relu"}, "unknown activation 'relu'. Known: sigmoid, tanh"),
        ({"std": 0.0}, "std must be a finite number at least 0.001 and at most 2, got 0.0"),
        ({"std": 3.0, "initialization": "He"}, "std must be a finite number"),
        ({"depth": 1}, "depth must be a finite number at least 2 and at most 50, got 1"),
        ({"depth": 2.5}, "depth must be a whole number"),
        ({"width": 1000}, "width must be a finite number at least 10 and at most 200"),
        ({"seed": -1}, "seed must be a whole number, at least 0, got -1"),
        ({"batch_norm": "yes"}, "batch_norm must be True or False, got 'yes'"),
        ({"standardize": None}, "standardize must be True or False, got None"),
        ({"layers": 3}, "unknown setting of Depth 'layers'"),
    ],
)
def test_bad_settings_are_refused_by_name(settings, words):
    with pytest.raises(ValueError, match=words):
        Depth(**settings)
    if "layers" not in settings:
        with pytest.raises(ValueError, match=words):
            Depth().move(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"initialization": "He", "std": 0.7, "activation": "leaky ReLU", "batch_norm": True},
        {"standardize": False, "depth": 3, "width": 12, "seed": 99},
    ],
)
def test_code_makes_the_state_again(settings):
    playground = Depth(**settings)
    again = eval(playground.code())
    assert again.state == playground.state
    assert again.frame().readout == playground.frame().readout


def test_the_frame_is_pure():
    playground = Depth(depth=4)
    before = dict(playground.state)
    first, second = (encode(playground.frame()) for _ in range(2))
    assert first[0] == second[0]
    assert [bytes(b) for b in first[1]] == [bytes(b) for b in second[1]]
    assert playground.state == before
    playground.move(depth=5)
    playground.move(depth=4)
    assert encode(playground.frame())[0] == first[0]


def test_the_slider_of_the_std_is_there_with_normal_weights_only():
    playground = Depth()
    assert "std" in {control.name for control in playground.controls()}
    playground.move(initialization="Glorot")
    assert "std" not in {control.name for control in playground.controls()}
    playground.move(initialization="normal", std=0.2)
    assert playground.state["std"] == 0.2
