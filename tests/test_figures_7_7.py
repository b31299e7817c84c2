"""The numbers behind Figures 7.21 and 7.22: batch normalization."""

import numpy as np
import pytest

from coursekit import figures
from coursekit.diagnostics import central_difference

ROUNDING = 1e-12  # a few dozen operations in float64


def data(id):
    return figures.get(id).data()


# ---- 7.21


def test_7_21_normalized_to_mean_zero_and_std_one():
    for unit in data("7.21").units:
        variance = unit.before.var()
        exact = (unit.before - unit.before.mean()) / np.sqrt(variance + 1e-5)
        assert unit.normalized == pytest.approx(exact, abs=1e-10)
        assert unit.normalized.mean() == pytest.approx(0, abs=ROUNDING)
        # The ε below the root takes a little from the standard deviation.
        assert unit.normalized.std() == pytest.approx(np.sqrt(variance / (variance + 1e-5)))


def test_7_21_the_output_has_mean_beta_and_std_gamma():
    for unit in data("7.21").units:
        assert unit.after == pytest.approx(unit.gamma * unit.normalized + unit.beta, abs=ROUNDING)
        assert unit.after.mean() == pytest.approx(unit.beta, abs=1e-9)
        assert unit.after.std() == pytest.approx(unit.gamma, rel=1e-4)


def test_7_21_the_parameters_are_learned_and_the_units_differ():
    d = data("7.21")
    assert d.accuracy > 0.93
    assert len({unit.name for unit in d.units}) == 3
    lowest, highest, shifted = d.units
    assert lowest.before_mean < -1
    assert highest.before_mean > 1
    assert shifted.beta > 0.3
    assert all(abs(unit.gamma - 1) > 0.05 for unit in d.units)
    assert d.shapes == {name: (d.batch, 64 if name == "x" else 32) for name in d.shapes}
    for unit in d.units:  # nothing falls out of the histograms
        assert {len(stage) for stage in unit.stages} == {d.batch}
        assert max(np.abs(stage).max() for stage in unit.stages) < 6


# ---- 7.22


def forward(a, gamma, beta, epsilon):
    std = np.sqrt(a.var() + epsilon)
    return gamma * (a - a.mean()) / std + beta


def loss_from(name, d):
    """The loss by the value of one node, everything behind it computed from there.

    The loss is linear in c, with the gradients of the figure. A node is moved alone: what else
    depends on the batch stays as it is.
    """
    n = {key: node.value for key, node in d.nodes.items()}
    gradient = d.nodes["c"].gradient
    hat_from = {
        "a − μ": lambda v: v / np.sqrt((v**2).mean() + d.epsilon),
        "(a − μ)²": lambda v: n["a − μ"] / np.sqrt(v.mean() + d.epsilon),
        "σ²": lambda v: n["a − μ"] / np.sqrt(v + d.epsilon),
        "s": lambda v: n["a − μ"] / v,
        "1/s": lambda v: n["a − μ"] * v,
        "â": lambda v: v,
    }

    def loss(v):
        if name == "a":
            c = forward(v, n["γ"], n["β"], d.epsilon)
        elif name == "μ":
            moved = n["a"] - v
            c = n["γ"] * moved / np.sqrt((moved**2).mean() + d.epsilon) + n["β"]
        elif name in hat_from:
            c = n["γ"] * hat_from[name](v) + n["β"]
        else:
            c = {
                "γ": lambda: v * n["â"] + n["β"],
                "γ â": lambda: v + n["β"],
                "β": lambda: n["γ â"] + v,
                "c": lambda: v,
            }[name]()
        return float(gradient @ c)

    return loss


NODES = ["a", "μ", "a − μ", "(a − μ)²", "σ²", "s", "1/s", "â", "γ", "γ â", "β", "c"]


@pytest.mark.parametrize("name", NODES)
def test_7_22_every_gradient_is_the_derivative_by_that_node(name):
    """Central differences of the loss by each node; for a this checks BatchNorm.backward too."""
    d = data("7.22")
    node = d.nodes[name]
    numeric = central_difference(loss_from(name, d), node.value)
    assert node.gradient == pytest.approx(numeric, abs=1e-8)


def test_7_22_every_node_is_there_and_forward_is_the_books_formula():
    d = data("7.22")
    assert list(d.nodes) == NODES
    n = {key: node.value for key, node in d.nodes.items()}
    assert n["μ"] == n["a"].mean() == 1
    assert n["σ²"] == pytest.approx(n["a"].var(), rel=ROUNDING)
    assert n["s"] == pytest.approx(np.sqrt(n["σ²"] + d.epsilon), rel=ROUNDING)
    assert n["c"] == pytest.approx(forward(n["a"], n["γ"], n["β"], d.epsilon), abs=ROUNDING)
    assert d.a is d.nodes["a"]
    assert not hasattr(d, "missing")


def test_7_22_three_ways_add_up():
    d = data("7.22")
    assert list(d.ways) == ["direct", "σ²", "μ"]
    total = sum(d.ways.values())
    assert total == pytest.approx(d.a.gradient, abs=ROUNDING)
    assert d.a.gradient.sum() == pytest.approx(0, abs=ROUNDING)
    assert d.a.gradient @ d.nodes["â"].value == pytest.approx(0, abs=1e-4)  # but for ε
    direct = d.gamma.value * d.c.gradient / d.nodes["s"].value
    assert d.ways["direct"] == pytest.approx(direct, rel=ROUNDING)
    # What is left out would matter: the direct way alone is far from the whole.
    assert np.abs(d.ways["direct"] - d.a.gradient).max() > 0.3
    # The printed numbers add up as printed.
    printed = sum(np.round(way, 2) for way in d.ways.values())
    assert printed == pytest.approx(np.round(d.a.gradient, 2), abs=0.0101)
