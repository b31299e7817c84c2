"""The batch playground: its numbers are those of the package's layer, batch after batch."""

from itertools import pairwise

import numpy as np
import pytest
from playgrounds import check_drawing_and_code

from coursekit import datasets
from coursekit.activations import relu, sigmoid, tanh
from coursekit.initializers import normal
from coursekit.network import mlp
from coursekit.normalization import BatchNorm
from coursekit.widgets.batch import ACTIVATIONS, Batch
from coursekit.widgets.batches import BATCHES, UNITS
from coursekit.widgets.scene import Area, Bars, Handle, Path, Points

STATES = [
    {},
    {"mode": "inference", "batch": 1},
    {"batch_size": 2, "batch": 200},
    {"batch_size": 256, "activation": "ReLU", "std": 10.0, "unit": 31},
    {"std": 0.01, "activation": "tanh", "gamma": 0.0, "beta": -4.0},
    {"gamma": 4.0, "beta": 4.0, "sample": 1437, "unit": 32},
]
each = pytest.mark.parametrize("state", STATES, ids=str)


def said(playground):
    return "\n".join(playground.frame().readout)


def layer_of(playground):
    layer = BatchNorm(1)
    layer.gamma[...] = playground.state["gamma"]
    layer.beta[...] = playground.state["beta"]
    return layer


def items_of(playground, view, kind):
    view = playground.frame().views[view]
    return [item for item in [*view.back, *view.items] if isinstance(item, kind)]


# What is measured.


def test_the_unit_is_one_of_a_network_at_its_start():
    playground = Batch(unit=5, std=0.3)
    network = mlp([64, UNITS, 10], np.random.default_rng(0), initializer=normal(0.3))
    a = network.layers[0].forward(datasets.digits().x_train)
    assert playground.pre_activations() == pytest.approx(a[:, 4])


@each
def test_the_batch_goes_through_the_packages_layer(state):
    """All batches up to the present one pass a layer one after the other, as in training."""
    playground = Batch(**state)
    layer, last = layer_of(playground), playground.state["batch"]
    marked, found = [], playground.statistics()
    for n in range(1, last + 1):
        column = Batch(**state | {"batch": n}).batch()[:, np.newaxis]
        out = layer.forward(column, training=True)
        marked.append(out[0, 0])
        assert found.mean[n - 1] == pytest.approx(column.mean())
        assert found.std[n - 1] == pytest.approx(column.std())
        assert found.running_mean[n - 1] == pytest.approx(layer.running_mean[0])
        assert found.running_std[n - 1] ** 2 == pytest.approx(layer.running_var[0])
    if playground.state["mode"] == "inference":
        out = layer.forward(column)
    assert len(found.mean) == last
    assert playground.output() == pytest.approx(out[:, 0])
    assert playground.marked_outputs()[:last] == pytest.approx(marked)
    assert playground.marked_outputs().shape == (BATCHES,)


@pytest.mark.parametrize("size", [2, 3, 16, 256])
def test_a_batch_is_of_different_digits_and_the_marked_one_is_the_first(size):
    playground = Batch(batch_size=size, sample=700)
    a, batch = playground.pre_activations(), playground.batch()
    assert batch.shape == (size,)
    assert batch[0] == a[700]
    assert len(set(batch)) == size
    assert np.isin(batch, a).all()
    smaller = Batch(batch_size=2, sample=700).batch()
    assert np.array_equal(batch[:2], smaller)


def test_after_the_layer_mean_and_std_are_beta_and_gamma():
    playground = Batch(gamma=2.5, beta=-1.5)
    assert playground.normalized().mean() == pytest.approx(0, abs=1e-12)
    assert playground.normalized().std() == pytest.approx(1, abs=1e-4)  # ε beside the variance
    assert playground.output().mean() == pytest.approx(-1.5)
    assert playground.output().std() == pytest.approx(2.5, rel=1e-4)
    assert playground.output() == pytest.approx(2.5 * playground.normalized() - 1.5)


def test_the_scale_of_the_weights_does_not_come_through():
    small, large = Batch(std=0.3), Batch(std=3.0)
    assert large.batch() == pytest.approx(10 * small.batch())
    assert large.output() == pytest.approx(small.output(), abs=1e-3)
    assert large.noise() == pytest.approx(small.noise(), rel=1e-3)


def test_the_noise_falls_as_the_root_of_the_batch_size():
    noises = [Batch(batch_size=size).noise() for size in (16, 64, 256)]
    # To first order in 1/√B; and 256 of 1,438 digits differ less than with replacement.
    assert noises[0] / noises[2] == pytest.approx(4, rel=0.25)
    assert noises[0] / noises[1] == pytest.approx(2, rel=0.25)
    assert Batch(gamma=3.0).noise() == pytest.approx(3 * Batch().noise())
    assert Batch(gamma=0.0).noise() == 0


def test_in_inference_the_other_digits_do_not_matter():
    """The marked digit's output moves with the running statistics only, and those move slowly."""
    outputs = {
        mode: np.array([Batch(mode=mode, batch=n).output()[0] for n in range(100, 130)])
        for mode in ("training", "inference")
    }
    steps = {mode: np.abs(np.diff(values)).mean() for mode, values in outputs.items()}
    assert steps["inference"] < steps["training"] / 5


def test_of_two_values_nothing_but_the_order_is_left():
    for batch in range(1, 20):
        values = Batch(batch_size=2, batch=batch, std=3.0).normalized()
        assert sorted(values) == pytest.approx([-1, 1], abs=0.01)
    assert "â = ±1 (but for ε) whatever the digits" in said(Batch(batch_size=2))
    assert "±1" not in said(Batch(batch_size=3))
    assert "±1" not in said(Batch(batch_size=2, mode="inference"))


@pytest.mark.parametrize(
    ("name", "flat"),
    [
        ("sigmoid", lambda a: sigmoid(a) * (1 - sigmoid(a)) <= 0.01),
        ("tanh", lambda a: 1 - tanh(a) ** 2 <= 0.01),
        ("ReLU", lambda a: relu(a) == 0),
    ],
)
def test_the_share_in_the_flat_part(name, flat):
    playground = Batch(activation=name, batch_size=100, gamma=2.0)
    assert playground.flat_share() == flat(playground.output()).mean()
    assert playground.flat_share(normalized=False) == flat(playground.batch()).mean()
    edges = np.concatenate([a.points[:, 0] for a in map(as_array, areas(playground))])
    inside = [0.0] if name == "ReLU" else [edges[edges > 0].min(), edges[edges < 0].max()]
    for edge in inside:
        assert flat(np.array([1.01 * edge, 0.98 * edge]))[0]


def areas(playground):
    return items_of(playground, "curve", Area)


def as_array(area):
    return Area(np.asarray(area.points), area.color)


# What is shown.


def test_the_marked_digit_is_followed_through_all_panels():
    playground = Batch(std=0.5, gamma=2.0, beta=1.0, sample=33)
    a, normalized, c = (
        f()[0] for f in (playground.batch, playground.normalized, playground.output)
    )
    (handle,) = items_of(playground, "rows", Handle)
    assert (handle.name, handle.axis, handle.at[0]) == ("sample", "x", a)
    (way,) = (p for p in items_of(playground, "rows", Path) if p.color == "Momentum")
    assert [x for x, _ in way.points] == [a, normalized, c]
    for view, place in (("curve", (c, sigmoid(c))), ("marked", (100, c))):
        (mark,) = (p for p in items_of(playground, view, Points) if p.color == "Momentum")
        assert mark.points[0] == pytest.approx(place)


def test_the_histograms_hold_the_whole_batch():
    playground = Batch(batch_size=50, std=0.5)
    rows = items_of(playground, "rows", Bars)
    parts = (playground.batch(), playground.normalized(), playground.output())
    for bars, part in zip(rows, parts, strict=True):
        counts, _ = np.histogram(part, np.arange(-8, 8.1, 0.25))
        heights = bars.points[:, 1] - bars.base
        assert heights == pytest.approx(0.75 * counts[counts > 0] / counts.max())
    assert "beyond" not in str(playground.frame().views["rows"].items)
    far = Batch(batch_size=50, std=3.0, unit=31).frame()
    assert "before: a, 50 beyond this scale" in str(far.views["rows"].items)


def test_the_digit_is_chosen_by_dragging():
    playground = Batch(std=0.5)
    a = playground.pre_activations()
    for x in (-3.0, -1.0, 0.4):
        playground.move(sample=[x, 2.1])
        assert abs(playground.batch()[0] - x) == np.abs(a - x).min()
    here = playground.state["sample"]
    playground.move(sample=[float(a[here]), 2.1])
    assert playground.state["sample"] == here


def test_keys_reach_every_digit():
    """A key that moves the ring by less than the way to the next digit still takes that one."""
    playground = Batch(std=3.0)
    playground.move(sample=[0.0, 2.1])
    seen = [playground.batch()[0]]
    for _ in range(100):
        playground.move(sample=[seen[-1] + 0.001, 2.1])
        seen.append(playground.batch()[0])
    last = playground.pre_activations().max()
    assert seen[-1] == last
    assert all(b > a or a == last for a, b in pairwise(seen))


def test_the_axes_stay_while_batches_are_drawn_and_their_size_changes():
    panels = [[v.panel for v in Batch(batch=n).frame().views.values()] for n in (1, 100, 200)]
    assert panels[0] == panels[1] == panels[2]
    windows = [Batch(batch_size=n).frame().views["marked"].panel for n in (2, 64)]
    assert windows[0] == windows[1]


@each
def test_every_state_is_drawn_and_comes_back_from_its_code(state):
    playground = Batch(**state)
    check_drawing_and_code(playground)
    assert "nan" not in said(playground)


def test_no_one_can_change_what_is_kept():
    playground = Batch()
    kept = playground.output()
    playground.batch()[:] = 0
    playground.pre_activations()[:] = 0
    playground.statistics().running_mean[:] = 0
    assert np.array_equal(playground.output(), kept)
    assert playground.statistics().running_mean[-1] != 0


# State.


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 1}, "batch_size must be a finite number at least 2 and at most 256, got 1"),
        ({"batch_size": 2.5}, "batch_size must be a whole number"),
        ({"batch": 0}, "batch must be a finite number at least 1 and at most 200, got 0"),
        ({"mode": "test"}, "unknown mode 'test'. Known: training, inference"),
        ({"activation": "relu"}, "unknown activation 'relu'"),
        ({"gamma": -1.0}, "gamma must be a finite number at least 0 and at most 4, got -1.0"),
        ({"std": 0.0}, "std must be a finite number at least 0.01"),
        ({"unit": 33}, "unit must be a finite number at least 1 and at most 32, got 33"),
        ({"sample": 1438}, "sample must be a finite number at least 0 and at most 1437, got 1438"),
        ({"sample": 2.5}, "sample must be a whole number"),
        ({"sample": ("a", 1)}, "sample must be a point (x, y), got ('a', 1)"),
        ({"decay": 0.9}, "unknown setting of Batch 'decay'"),
    ],
)
def test_bad_settings_are_refused_by_name(settings, message):
    with pytest.raises(ValueError) as raised:
        Batch(**settings)
    assert message in str(raised.value)


def test_the_activations_are_the_packages():
    assert [function for function, _ in ACTIVATIONS.values()] == [sigmoid, tanh, relu]
