"""Exercises of notebook 08: dead, leaky and learned rectifiers (Sections 7.4.2 and 7.4.3)."""

import numpy as np

from coursekit.activations import relu
from coursekit.datasets import blobs
from coursekit.exercises.code import code_exercise
from coursekit.exercises.core import tune_exercise
from coursekit.layers import Dense

_CLOUDS = {"centres": ((-1.3, 0.4), (1.3, -0.4)), "std": 0.4}  # those of the playground


def active_points(state):
    """How many points of the left and of the right cloud the unit is active on."""
    points, cloud = blobs(200, np.random.default_rng(state["seed"]), **_CLOUDS)
    turn = np.radians(state["angle"])
    unit = Dense(2, 1).initialize(np.random.default_rng(0))
    unit.weights[:, 0] = np.cos(turn), np.sin(turn)
    unit.bias[0] = -np.dot(unit.weights[:, 0], state["foot"])
    active = relu.derivative(unit.forward(points))[:, 0]
    left, right = np.bincount(cloud, active)
    return int(left), int(right)


def _measure_gate(state):
    """Active on all of the left cloud, and on nothing of the right one."""
    left, right = active_points(state)
    if left + right == 0:
        return False, "Dead: active on no point, and no gradient will ever move this line."
    if left + right == 200:
        return False, "Active on all 200 points: a linear unit, which tells no point from another."
    counted = f"Active on {left} of 100 points on the left and {right} of 100 on the right"
    if (left, right) == (100, 0):
        return True, f"{counted}: it passes the gradients of one cloud and stops the other's."
    return False, f"{counted}; wanted are all on the left and none on the right."


tune_exercise(
    "place-the-hyperplane",
    section="7.4",
    title="Wake the unit, and make it a gate",
    question=(
        "This ReLU unit is dead: its line misses the data, with all of it on the inactive side. "
        "Move the line by its ring, and turn it at the tip of w, until the unit is active on every "
        "point of the left cloud and on no point of the right one."
    ),
    playground="Hyperplane",
    settings={"cloud": "two clouds", "seed": 0, "slope": 0.0, "foot": (1.2, 1.8), "angle": 60.0},
    goal=_measure_gate,
    solution={"foot": (-0.4, 0.0), "angle": 154.0},
    mistakes=[
        (
            {"foot": (1.2, 1.8), "angle": 60.0},
            "Dead: active on no point, and no gradient will ever move this line.",
        ),
        (
            {"foot": (-2.5, -1.5), "angle": 45.0},
            "Active on all 200 points: a linear unit, which tells no point from another.",
        ),
        (
            {"foot": (-0.4, 0.0), "angle": -26.0},
            "Active on 0 of 100 points on the left and 100 of 100 on the right; wanted are all on "
            "the left and none on the right.",
        ),
    ],
    hints=[
        "The unit is active on the side that w points to.",
        "Turn w to the left first, and then move the line into the gap between the clouds.",
    ],
)


def _layers(rng):
    def layer(rows, features, units, dead):
        x, weights = rng.uniform(-1, 1, (rows, features)), rng.normal(size=(features, units))
        bias = rng.normal(size=units)
        bias[:dead] = -1 - np.abs(weights[:, :dead]).sum(axis=0)  # out of reach for |x| ≤ 1
        return x, weights, bias

    yield layer(30, 4, 8, dead=3)
    yield layer(12, 3, 5, dead=0)
    yield layer(9, 2, 6, dead=6)
    yield layer(5, 5, 5, dead=1)
    x, weights, bias = layer(20, 6, 10, dead=4)
    yield x.astype(np.float32), weights.astype(np.float32), bias.astype(np.float32)
    weights[:, 5], bias[5] = 0, 0  # a unit that starts from zeros
    yield x, weights, bias


@code_exercise(
    "dead-fraction",
    section="7.4",
    title="Count the dead",
    trials=_layers,
    hints=[
        "The pre-activations are a = x W + b, of shape (examples, units).",
        "A unit is a column. It is dead if a ≤ 0 in all of its rows.",
        "`(a <= 0).all(axis=0)` says it of each column, and its mean is the fraction.",
    ],
)
def dead_fraction(x, weights, bias):
    """Return the fraction of the ReLU units that are dead on these data: a number from 0 to 1.

    x: (examples, features); weights: W, (features, units); bias: b, (units,).
    A unit is dead if it passes no gradient back on any example; at a = 0 it passes none.
    """
    a = x @ weights + bias
    return (a <= 0).all(axis=0).mean()


def _inactive(x, weights, bias):
    return x @ weights + bias <= 0


@dead_fraction.mistake(
    "That is the fraction of zero outputs. A unit that is off on some examples is doing its work; "
    "it is dead if it is off on all of them."
)
def _share_of_zeros(x, weights, bias):
    return _inactive(x, weights, bias).mean()


@dead_fraction.mistake(
    "Off on one example is not dead: use all of the examples, `all` instead of `any`."
)
def _any_example(x, weights, bias):
    return _inactive(x, weights, bias).any(axis=0).mean()


@dead_fraction.mistake(
    "The axes are exchanged: you count the examples on which all units are off. Rows are examples, "
    "and a unit is a column."
)
def _axes_exchanged(x, weights, bias):
    return _inactive(x, weights, bias).all(axis=1).mean()


@dead_fraction.mistake(
    "A unit with a = 0 on all examples, as one that starts from zeros, passes no gradient either: "
    "it is dead if a ≤ 0, not only if a < 0."
)
def _strictly_below(x, weights, bias):
    return (x @ weights + bias < 0).all(axis=0).mean()


@dead_fraction.mistake("The bias is missing: a = x W + b, and a low bias is what kills units.")
def _no_bias(x, weights, bias):
    return _inactive(x, weights, 0).all(axis=0).mean()


@dead_fraction.mistake("That is the number of dead units. Divide by the number of units.")
def _count(x, weights, bias):
    return _inactive(x, weights, bias).all(axis=0).sum()


@dead_fraction.mistake("You count the living: a dead unit is active on no example.")
def _alive(x, weights, bias):
    return 1 - _inactive(x, weights, bias).all(axis=0).mean()


@dead_fraction.mistake(
    "You look at the mean of a. A unit with a negative mean is alive if one example activates it."
)
def _by_the_mean(x, weights, bias):
    return ((x @ weights + bias).mean(axis=0) <= 0).mean()


@dead_fraction.mistake("You look at one example. Off on the first one, it may be on at another.")
def _first_example(x, weights, bias):
    return _inactive(x[:1], weights, bias).mean()


def _leaky_inputs(rng):
    yield np.array([-1000.0, -1.0, 0.0, 1.0, 1000.0]), np.array([3.0, -3.0, 0.0, -3.0, 3.0]), 0.01
    for shape, slope, dtype in [
        ((5,), 0.3, np.float64),
        ((6, 4), 0.0, np.float64),  # ReLU
        ((3, 7), 0.1, np.float32),
    ]:
        a, gradient = rng.normal(size=(2, *shape))
        yield a.astype(dtype), gradient.astype(dtype), slope


@code_exercise(
    "leaky-both-ways",
    section="7.4",
    title="A leak, forwards and backwards",
    trials=_leaky_inputs,
    hints=[
        "Forwards: the larger of c·a and a, for each element; `np.maximum`.",
        "Backwards: the slope is 1 where a > 0, else c. `np.where` takes one or the other.",
    ],
)
def leaky_both_ways(a, gradient, slope):
    """Return (z, ∂L/∂a) of leaky ReLU units, z = max(c·a, a).

    a: what goes into the units, an array; gradient: ∂L/∂z, of the shape of a; slope: c, from 0 to
    below 1. Exactly at a = 0 both slopes, c and 1, are right.
    """
    return np.maximum(slope * a, a), gradient * np.where(a > 0, 1, slope)


def _leaky_slope(a, slope):
    return np.where(a > 0, 1, slope)


@leaky_both_ways.mistake("Forwards you take the smaller: with c < 1 it is the larger of c·a and a.")
def _smaller(a, gradient, slope):
    return np.minimum(slope * a, a), gradient * _leaky_slope(a, slope)


@leaky_both_ways.mistake(
    "Forwards it leaks, and backwards nothing does: where a < 0, the gradient passes times c."
)
def _no_leak_backwards(a, gradient, slope):
    return np.maximum(slope * a, a), gradient * (a > 0)


@leaky_both_ways.mistake("Backwards all passes whole. Where a < 0, it is the gradient times c.")
def _all_passes(a, gradient, slope):
    return np.maximum(slope * a, a), 1.0 * gradient


@leaky_both_ways.mistake(
    "Backwards the sign of the gradient decides. It is the sign of a that does."
)
def _gated_by_the_gradient(a, gradient, slope):
    return np.maximum(slope * a, a), gradient * _leaky_slope(gradient, slope)


@leaky_both_ways.mistake("The two sides are exchanged: c belongs to a < 0, and 1 to a > 0.")
def _sides_exchanged(a, gradient, slope):
    return np.where(a > 0, slope * a, a), gradient * np.where(a > 0, slope, 1)


@leaky_both_ways.mistake(
    "Backwards you multiply by z. It is the slope that multiplies, 1 or c, whatever the size of a."
)
def _times_output(a, gradient, slope):
    return np.maximum(slope * a, a), gradient * np.maximum(slope * a, a)


@leaky_both_ways.mistake("The second value is the slope alone: multiply it by ∂L/∂z.")
def _slope_only(a, gradient, slope):
    return np.maximum(slope * a, a), _leaky_slope(a, slope)


@leaky_both_ways.mistake("The order: the output z first, then ∂L/∂a.")
def _order(a, gradient, slope):
    return gradient * _leaky_slope(a, slope), np.maximum(slope * a, a)


def _learned_slopes(rng):
    for shape, beta, dtype in [
        ((6, 4), (0.25, 0.1, 0.0, -0.5), np.float64),
        ((3, 2), (1.0, 0.3), np.float64),
        ((4, 4), (0.5, 2.0, 0.25, 3.0), np.float64),
        ((1, 3), (0.2, 0.25, 0.3), np.float64),
        ((8, 3), (0.25, 0.5, 1.5), np.float32),
    ]:
        a, gradient = rng.normal(size=(2, *shape))
        a[0, 0] = gradient[0, 0] = 0  # on the kink, where any slope is right
        yield a.astype(dtype), gradient.astype(dtype), np.array(beta, dtype)


@code_exercise(
    "prelu-gradient",
    section="7.4",
    title="The gradient of a learned slope",
    trials=_learned_slopes,
    hints=[
        "∂z/∂β is a where a ≤ 0, and 0 elsewhere: min(0, a).",
        "All examples share the unit's β, so that their gradients add up: a sum over axis 0.",
        "∂z/∂a is 1 where a > 0, else β, also when β is larger than 1.",
    ],
)
def prelu_gradient(a, gradient, beta):
    """Return (∂L/∂β, ∂L/∂a) of PReLU units, z = max(0, a) + β·min(0, a).

    a: (examples, units); gradient: ∂L/∂z, of the shape of a; beta: β, (units,), any numbers.
    ∂L/∂β has the shape of β, and ∂L/∂a that of a.
    """
    by_beta = (np.minimum(a, 0) * gradient).sum(axis=0)
    return by_beta, np.where(a > 0, 1, beta) * gradient


def _by_beta(a, gradient):
    return (np.minimum(a, 0) * gradient).sum(axis=0)


def _by_a(a, gradient, beta):
    return np.where(a > 0, 1, beta) * gradient


@prelu_gradient.mistake(
    "You follow max(βa, a), which for β > 1 takes the other branch: then βa is the larger one "
    "where a > 0. The sign of a decides, whatever β is."
)
def _branches_of_the_maximum(a, gradient, beta):
    bent = beta * a > a
    return (np.where(bent, a, 0) * gradient).sum(axis=0), np.where(bent, beta, 1) * gradient


@prelu_gradient.mistake(
    "∂L/∂β has a row for each example. They share one β a unit: add the rows up."
)
def _no_sum(a, gradient, beta):
    return np.minimum(a, 0) * gradient, _by_a(a, gradient, beta)


@prelu_gradient.mistake(
    "You average over the examples. If the loss is a mean, its 1/M is in ∂L/∂z already: add up."
)
def _mean(a, gradient, beta):
    return _by_beta(a, gradient) / len(a), _by_a(a, gradient, beta)


@prelu_gradient.mistake("That is one number for all units. Here each unit has a β of its own.")
def _shared(a, gradient, beta):
    return _by_beta(a, gradient).sum(), _by_a(a, gradient, beta)


@prelu_gradient.mistake("You sum over the units. The examples are the rows: sum over axis 0.")
def _summed_over_units(a, gradient, beta):
    return (np.minimum(a, 0) * gradient).sum(axis=1), _by_a(a, gradient, beta)


@prelu_gradient.mistake("β acts where a ≤ 0: ∂z/∂β is min(0, a), and you took the other side.")
def _positive_side(a, gradient, beta):
    return (np.maximum(a, 0) * gradient).sum(axis=0), _by_a(a, gradient, beta)


@prelu_gradient.mistake("∂z/∂β is a only where a ≤ 0. Where a > 0, z does not depend on β.")
def _no_mask(a, gradient, beta):
    return (a * gradient).sum(axis=0), _by_a(a, gradient, beta)


@prelu_gradient.mistake("∂L/∂β is the chain ∂L/∂z · ∂z/∂β: you left ∂L/∂z out.")
def _no_chain(a, gradient, beta):
    return np.minimum(a, 0).sum(axis=0), _by_a(a, gradient, beta)


@prelu_gradient.mistake("∂L/∂a is that of a ReLU: where a ≤ 0, it passes times β.")
def _closed(a, gradient, beta):
    return _by_beta(a, gradient), gradient * (a > 0)
