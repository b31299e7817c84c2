"""Exercises of notebook 09, Maxout (Section 7.4.4)."""

import numpy as np

from coursekit.exercises.code import code_exercise
from coursekit.exercises.core import number_exercise, predict_exercise, tune_exercise
from coursekit.initializers import uniform
from coursekit.layers import Maxout
from coursekit.losses import mean_squared_error
from coursekit.network import Network
from coursekit.optimizers import Adam
from coursekit.schedules import cosine_decay


def _layers(rng):
    for rows, features, units, pieces, dtype in [
        (5, 3, 4, 2, np.float64),
        (4, 2, 3, 3, np.float64),  # as many units as pieces
        (6, 4, 1, 5, np.float64),
        (3, 2, 2, 1, np.float64),  # one piece: an affine layer
        (7, 3, 5, 4, np.float32),
    ]:
        x, bias = rng.normal(size=(rows, features)), rng.normal(size=(units, pieces))
        weights = rng.normal(size=(features, units, pieces))
        yield x.astype(dtype), weights.astype(dtype), bias.astype(dtype)


@code_exercise(
    "maxout-forward",
    section="7.4.4",
    title="The largest of k affine maps",
    trials=_layers,
    hints=[
        "First all the affine maps: a, of shape (examples, m, k).",
        "`np.tensordot(x, weights, axes=1)` sums over the features and keeps the other axes.",
        "Then the largest along the last axis, the one of the pieces.",
    ],
)
def maxout_forward(x, weights, bias):
    """Return the outputs z of a Maxout layer: zᵢ = maxⱼ aᵢⱼ, aᵢⱼ = Σ_d x_d W_dij + bᵢⱼ.

    x: (examples, d); weights: W, (d, m, k); bias: b, (m, k): m units of k pieces each.
    z has the shape (examples, m).
    """
    a = np.tensordot(x, weights, axes=1) + bias
    return a.max(axis=-1)


def _affine(x, weights, bias):
    return np.tensordot(x, weights, axes=1) + bias


@maxout_forward.mistake(
    "The maximum is over the wrong axis: axis 1 counts the units. The pieces are the last axis."
)
def _over_the_units(x, weights, bias):
    return _affine(x, weights, bias).max(axis=1)


@maxout_forward.mistake("The bias is missing: each piece is an affine map, x W + b.")
def _no_bias(x, weights, bias):
    return _affine(x, weights, 0).max(axis=-1)


@maxout_forward.mistake(
    "You take the largest absolute value. A piece at −3 loses against one at 1: the sign counts."
)
def _largest_size(x, weights, bias):
    return np.abs(_affine(x, weights, bias)).max(axis=-1)


@maxout_forward.mistake(
    "There is a ReLU too many: without a piece of zeros, a Maxout unit may well be negative."
)
def _rectified(x, weights, bias):
    return np.maximum(_affine(x, weights, bias).max(axis=-1), 0)


@maxout_forward.mistake(
    "The largest of the weights and the largest of the biases make one affine map, which is no "
    "piece at all. Which piece wins depends on x: compute all of them first."
)
def _largest_weights(x, weights, bias):
    return x @ weights.max(axis=-1) + bias.max(axis=-1)


@maxout_forward.mistake("The bias belongs to its piece: add it before the maximum is taken.")
def _bias_after(x, weights, bias):
    return _affine(x, weights, 0).max(axis=-1) + bias.max(axis=-1)


@maxout_forward.mistake(
    "The pieces are mixed up: in W of shape (d, m, k) the piece is the last axis, so that a matrix "
    "product gives columns to be read as (m, k), not as (k, m)."
)
def _reshaped(x, weights, bias):
    units, pieces = bias.shape
    a = x @ weights.reshape(len(weights), -1) + bias.reshape(-1)
    return a.reshape(len(x), pieces, units).max(axis=1)


def _on_the_way_back(rng):
    for x, weights, bias in _layers(rng):
        gradient = rng.normal(size=(len(x), len(bias))).astype(x.dtype)
        yield x, weights, bias, gradient
    # Whole numbers, so that equal pieces are exactly equal: whichever of them wins is right.
    x, gradient = rng.integers(-3, 4, (6, 2)) * 1.0, rng.integers(-3, 4, (6, 3)) * 1.0
    weights, bias = rng.integers(-2, 3, (2, 3, 3)) + 0.0, rng.integers(-2, 3, (3, 3)) + 0.0
    weights[..., 2], bias[:, 2] = weights[..., 0], bias[:, 0]
    bias[:, 1] += 0.5  # never equal to another piece
    yield x, weights, bias, gradient


@code_exercise(
    "maxout-backward",
    section="7.4.4",
    title="The winner takes the gradient",
    trials=_on_the_way_back,
    hints=[
        "z is the a of the piece that won, and depends on no other: it gets all of the gradient.",
        "∂L/∂a, of shape (examples, m, k), is ∂L/∂z at the winner and 0 elsewhere.",
        "`np.eye(k)[winner]` makes ones at the winners; ties go to one of the equals.",
        "∂L/∂x is the sum of ∂L/∂a · W over the units and the pieces.",
    ],
)
def maxout_backward(x, weights, bias, gradient):
    """Return ∂L/∂x of a Maxout layer, zᵢ = maxⱼ aᵢⱼ, aᵢⱼ = Σ_d x_d W_dij + bᵢⱼ.

    x: (examples, d); weights: W, (d, m, k); bias: b, (m, k); gradient: ∂L/∂z, (examples, m).
    ∂L/∂x has the shape of x. Where two pieces are equal, either one may be the winner.
    """
    a = np.tensordot(x, weights, axes=1) + bias
    won = np.eye(weights.shape[-1])[a.argmax(axis=-1)]  # (examples, m, k)
    return np.einsum("nm,nmk,dmk->nd", gradient, won, weights)


def _through(share, weights, gradient):
    """∂L/∂x where each piece gets a share of the gradient."""
    return np.einsum("nm,nmk,dmk->nd", gradient, share, weights)


def _won(a):
    return np.eye(a.shape[-1])[a.argmax(axis=-1)]


@maxout_backward.mistake(
    "All the pieces get the gradient. z does not depend on those that lost: theirs is 0."
)
def _to_all(x, weights, bias, gradient):
    return _through(np.ones((len(x), *bias.shape)), weights, gradient)


@maxout_backward.mistake("The gradient is not shared out: the winner gets all of it.")
def _shared(x, weights, bias, gradient):
    return _through(np.full((len(x), *bias.shape), 1 / bias.shape[-1]), weights, gradient)


@maxout_backward.mistake(
    "You look for the winner among the units. Each unit has one of its own, among its pieces."
)
def _among_the_units(x, weights, bias, gradient):
    a = _affine(x, weights, bias)
    return _through(_won(a.swapaxes(1, 2)).swapaxes(1, 2), weights, gradient)


@maxout_backward.mistake(
    "Where two pieces are equal, both get the whole gradient, and it counts twice: `a == z` finds "
    "all the equals, `argmax` the first of them."
)
def _all_the_equals(x, weights, bias, gradient):
    a = _affine(x, weights, bias)
    return _through(a == a.max(axis=-1, keepdims=True), weights, gradient)


@maxout_backward.mistake("You choose the winner without the bias. It is the largest x W + b.")
def _chosen_without_bias(x, weights, bias, gradient):
    return _through(_won(_affine(x, weights, 0)), weights, gradient)


@maxout_backward.mistake(
    "You gate by the sign of z, as a ReLU does. Here a winner passes its gradient with any sign."
)
def _gated(x, weights, bias, gradient):
    a = _affine(x, weights, bias)
    return _through(_won(a), weights, gradient * (a.max(axis=-1) > 0))


number_exercise(
    "as-relu",
    section="7.4.4",
    title="A Maxout unit that leaks",
    question=(
        "A Maxout unit has two inputs and two pieces. The first piece is a = 3x₁ − 2x₂ + 1.5. With "
        "the right second piece the unit is a leaky ReLU of a, with slope c = 0.2: z = max(0.2·a, "
        "a) for every x. What is the bias of the second piece?"
    ),
    value=0.3,
    tolerance=0.01,
    why=(
        "The second piece is 0.2·a = 0.6x₁ − 0.4x₂ + 0.3: weights and bias, all times c. The two "
        "planes then meet exactly where a = 0. With c = 0 it is a ReLU: a piece of zeros."
    ),
    mistakes={
        1.5: "With the bias copied, the planes meet where 2.4x₁ − 1.6x₂ = 0, and not where a = 0. "
        "The slope c multiplies the whole of a.",
        7.5: "You divide by c. The second piece is c·a, flatter than the first.",
        -0.3: "The sign: the second piece is +0.2·a, and 0.2·1.5 is positive.",
        0.2: "That is c itself. The bias of 0.2·a is c times the bias of a.",
        0.6: "That is the first weight of the second piece; its bias is wanted.",
        -0.4: "That is the second weight of the second piece; its bias is wanted.",
        1.2: "That is the difference of the two biases, 1.5 − b. The bias b itself is wanted.",
    },
    hints=[
        "max(c·a, a) is a maximum of two affine maps already. Which are they?",
        "Write c·a out: 0.2·(3x₁ − 2x₂ + 1.5).",
    ],
)


_GRID = np.linspace(-1, 1, 1681)[:, np.newaxis]  # that of the playground


def _rings(*places):
    return {f"piece_{n}": place for n, place in enumerate(places, 1)}


def largest_error(state):
    """The largest distance between x² and the three lines, and the x where it is."""
    rings = np.array([state[f"piece_{n}"] for n in (1, 2, 3)])
    unit = Maxout(1, 1, pieces=3).initialize(np.random.default_rng(0))
    unit.weights[0, 0] = 2 * rings[:, 0]
    unit.bias[0] = rings[:, 1] - 2 * rings[:, 0] ** 2
    error = np.abs(unit.forward(_GRID) - _GRID**2)[:, 0]
    first = np.argmax(error > error.max() - 1e-9)  # of equals, whatever the rounding
    return float(error.max()), float(_GRID[first, 0])


def _measure_fit(state):
    """The largest error, which is to be at most 0.07."""
    error, x = largest_error(state)
    said = f"Largest error {error:.3f} at x = {x:.2f}".replace("-", "−")
    if error <= 0.07:
        return True, f"{said}: three lines cannot come nearer than 1/18 ≈ 0.056."
    return False, f"{said}; wanted is at most 0.07."


tune_exercise(
    "fit-convex",
    section="7.4.4",
    title="A parabola out of three lines",
    question=(
        "One Maxout unit with three pieces, and the function x² on [−1, 1]. A ring dragged "
        "sideways turns its line, up and down it lifts it. Bring the largest error to 0.07 or "
        "below. Tangents are a good start, and not good enough: why?"
    ),
    playground="Maxout",
    settings={"function": "x²", "pieces": 3} | _rings((-0.5, 0.6), (0.1, 0.3), (0.4, -0.1)),
    goal=_measure_fit,
    solution=_rings((-0.67, 0.5), (0.0, 0.055), (0.67, 0.5)),
    mistakes=[
        (
            _rings((-0.5, 0.25), (0.0, 0.0), (0.5, 0.25)),
            "Largest error 0.250 at x = −1.00; wanted is at most 0.07.",
        ),
        (
            _rings((-0.65, 0.42), (0.0, 0.0), (0.65, 0.42)),
            "Largest error 0.125 at x = −1.00; wanted is at most 0.07.",
        ),
        (
            _rings((-0.5, 0.5), (0.0, -0.2), (0.5, 0.5)),
            "Largest error 0.250 at x = −0.50; wanted is at most 0.07.",
        ),
    ],
    hints=[
        "Tangents touch at the middles of three equal parts, x = −2/3, 0 and 2/3.",
        "A tangent lies below the curve on both sides. Lift it until the errors above and below "
        "are alike: by 1/18.",
    ],
)


_SHAPES = {"x²": lambda x: x**2, "(2x² − 1)²": lambda x: (2 * x**2 - 1) ** 2}


def _trained_error(shape, pieces):
    """The largest error of a trained unit, the best of three."""
    x, least = _GRID[::4], np.inf
    wanted = _SHAPES[shape](x)
    for seed in range(3):
        unit = Maxout(1, 1, pieces, initializer=uniform(2.0))
        network = Network([unit], np.random.default_rng(seed), loss=mean_squared_error)
        optimizer, w = Adam(cosine_decay(0.05, 400)), network.parameters.copy()
        state = optimizer.init(w)
        for _ in range(400):
            w, state = optimizer.update(w, network.loss_and_gradient(x, wanted)[1], state)
            network.parameters = w
        least = min(least, float(np.abs(network.forward(x) - wanted).max()))
    return least


def _train_both():
    lines = ["lines k   largest error on x²   on (2x² − 1)²"]
    for pieces in (2, 8, 32):
        parabola, wave = (_trained_error(shape, pieces) for shape in _SHAPES)
        lines.append(f"{pieces:7}   {parabola:19.2f}   {wave:13.2f}")
    return "\n".join(lines)


predict_exercise(
    "lines-for-a-wave",
    section="7.4.4",
    title="How many lines for a wave?",
    question=(
        "On [−1, 1] the function (2x² − 1)² looks like a W: 1 at both ends, 0 at x = ±0.71, and 1 "
        "again in the middle. One Maxout unit with k lines is to come within 0.1 of it everywhere, "
        "as x² is met with k = 3. Which is the smallest k that is enough?"
    ),
    right="D",
    reveal=_train_both,
    choices={
        "A": (
            "k = 4: a W has four strokes.",
            "The strokes are lines, but their maximum is no W: prolonged, a stroke of one valley "
            "lies above the other valley.",
        ),
        "B": (
            "k = 6: three for each of the two valleys.",
            "The lines that rise out of one valley run on, and lie above the other one.",
        ),
        "C": (
            "Some k above 10: the error falls as 1/k², only later.",
            "It falls as 1/k² for x², which is convex. Here it has a floor of ½, which no k "
            "undercuts.",
        ),
        "D": (
            "None.",
            "A maximum of lines is convex: in the middle it is at most the mean of its values at "
            "±0.71. The function is 1 there and 0 at both, so that the unit is off by ½ at one of "
            "the three, whatever k is. A sum of several units, with signs, can do it.",
        ),
    },
    hints=[
        "Draw any number of lines. Can their maximum have a hill in the middle?",
        "What is the largest value a convex function may have halfway between two points?",
    ],
)
