"""Exercises of notebook 14: the vanishing gradient problem (Section 7.8)."""

from functools import lru_cache
from itertools import pairwise

import numpy as np

from coursekit import activations
from coursekit.datasets import digits
from coursekit.diagnostics import flat_share, layer_signals, spread_between_rows
from coursekit.exercises.code import code_exercise
from coursekit.exercises.core import predict_exercise
from coursekit.initializers import glorot_normal
from coursekit.layers import Activation, Dense
from coursekit.network import Network, mlp
from coursekit.optimizers import Adam
from coursekit.preprocessing import Standardize
from coursekit.training import train


def _sigmoid_networks(rng):
    shapes = [(8, [4, 4, 4]), (5, [3, 8, 2]), (16, [6, 5, 5, 7, 4]), (3, [5, 2]), (6, [3, 3, 6])]
    for rows, widths in shapes:
        outputs = [activations.sigmoid(2 * rng.normal(size=(rows, n))) for n in widths]
        weights = [rng.normal(size=pair) for pair in pairwise(widths)]
        gradient = 0.1 + rng.normal(size=(rows, widths[-1]))
        if rows == 6:
            outputs = [z.astype(np.float32) for z in outputs]
            weights = [w.astype(np.float32) for w in weights]
            gradient = gradient.astype(np.float32)
        yield outputs, weights, gradient


@code_exercise(
    "gradient-ratio",
    section="7.8",
    title="What is left in the first layer",
    trials=_sigmoid_networks,
    hints=[
        "One layer back is two steps: ∂L/∂a = ∂L/∂z · z(1 − z), then ∂L/∂z of the layer below.",
        "a = z W + b, so that ∂L/∂z of the layer below is ∂L/∂a times W transposed.",
        "Start with `gradient` and the last pair, weights[-1] and outputs[-1]; outputs[0] has no "
        "part.",
    ],
)
def gradient_ratio(outputs, weights, gradient):
    """Return the size of ∂L/∂z in the first hidden layer, divided by that in the last.

    outputs: z of each hidden layer, first to last, sigmoid units, each (rows, units); weights: W
    between them, one less: weights[k] leads from outputs[k] to outputs[k + 1] by a = z W + b;
    gradient: ∂L/∂z of the last hidden layer. Size: the root mean square of all elements.
    """
    first = gradient
    for w, z in zip(weights[::-1], outputs[:0:-1], strict=True):
        first = (first * z * (1 - z)) @ w.T
    return np.sqrt(np.mean(first**2)) / np.sqrt(np.mean(gradient**2))


def _back(outputs, weights, gradient, slope=lambda z: z * (1 - z)):
    for w, z in zip(weights[::-1], outputs[:0:-1], strict=True):
        gradient = (gradient * slope(z)) @ w.T
    return gradient


def _rms(g):
    return np.sqrt(np.mean(np.square(g)))


@gradient_ratio.mistake(
    "The slopes are missing: before W, multiply ∂L/∂z by z(1 − z). That is where it vanishes."
)
def _no_slope(outputs, weights, gradient):
    return _rms(_back(outputs, weights, gradient, np.ones_like)) / _rms(gradient)


@gradient_ratio.mistake("1 − z² is the slope of tanh. These units are sigmoids: z(1 − z).")
def _slope_of_tanh(outputs, weights, gradient):
    return _rms(_back(outputs, weights, gradient, lambda z: 1 - z**2)) / _rms(gradient)


@gradient_ratio.mistake(
    "You take the sigmoid of z once more. z is the output already: its slope is z(1 − z)."
)
def _sigmoid_twice(outputs, weights, gradient):
    first = _back(outputs, weights, gradient, activations.sigmoid.derivative)
    return _rms(first) / _rms(gradient)


@gradient_ratio.mistake(
    "The slope belongs to the layer that the gradient comes from, before W: you multiply by that "
    "of the layer where it arrives, after W."
)
def _slope_of_the_layer_below(outputs, weights, gradient):
    first = gradient
    for w, z in zip(weights[::-1], outputs[-2::-1], strict=True):
        first = (first @ w.T) * z * (1 - z)
    return _rms(first) / _rms(gradient)


@gradient_ratio.mistake(
    "One slope too many: what is asked for is ∂L/∂z of the first layer, not its ∂L/∂a."
)
def _one_slope_too_many(outputs, weights, gradient):
    first, z = _back(outputs, weights, gradient), outputs[0]
    return _rms(first * z * (1 - z)) / _rms(gradient)


@gradient_ratio.mistake("It is upside down: the first layer over the last.")
def _upside_down(outputs, weights, gradient):
    return _rms(gradient) / _rms(_back(outputs, weights, gradient))


@gradient_ratio.mistake(
    "You compare norms. A norm grows with the number of units; the root mean square does not."
)
def _norms(outputs, weights, gradient):
    return np.linalg.norm(_back(outputs, weights, gradient)) / np.linalg.norm(gradient)


@gradient_ratio.mistake("The root is missing: that is the ratio of the mean squares.")
def _no_root(outputs, weights, gradient):
    return (_rms(_back(outputs, weights, gradient)) / _rms(gradient)) ** 2


@gradient_ratio.mistake(
    "Gradients of both signs cancel in a mean. Square them first: the root mean square is the size."
)
def _means(outputs, weights, gradient):
    return np.abs(np.mean(_back(outputs, weights, gradient)) / np.mean(gradient))


@gradient_ratio.mistake("That is the factor for one layer. Asked for is the whole way, no root.")
def _a_layer(outputs, weights, gradient):
    return (_rms(_back(outputs, weights, gradient)) / _rms(gradient)) ** (1 / len(weights))


# The network that `diagnose` asks about.
SHOWN = (1, 7, 14, 20)
_RULE = glorot_normal.scaled(4)


@lru_cache(maxsize=1)
def _standardized_digits():
    data = digits()
    return Standardize().fit_transform(data.x_train), data.y_train


def _patient(seed=0):
    return mlp([64, *[100] * 20, 10], np.random.default_rng(seed), "sigmoid", _RULE)


def patients_activations():
    """The activations of 128 digits in some hidden layers of the network in question, by layer."""
    x, _ = _standardized_digits()
    hidden = [one for one in layer_signals(_patient(), x[:128]) if one.role == "activation"]
    return {layer: hidden[layer - 1].outputs for layer in SHOWN}


def _examine():
    x, y = _standardized_digits()
    network = _patient()
    hidden = [one for one in layer_signals(network, x[:128], y[:128]) if one.role == "activation"]
    flat = list(flat_share(network, x[:128], 0.01).values())
    lines = ["layer   std of all values   between digits   saturated"]
    for layer in SHOWN:
        z = hidden[layer - 1].outputs
        between = spread_between_rows(z)
        lines.append(f"{layer:5}{z.std():20.2f}{between:17.1g}{flat[layer - 1].mean():12.0%}")
    guessing = []
    for rate in (0.001, 0.003, 0.01, 0.03):
        network, rng = _patient(), np.random.default_rng(1)
        settings = {"epochs": 3, "batch_size": 64, "rng": rng, "progress": False}
        loss = train(network, x, y, Adam(rate), **settings).loss[-23:].mean()
        guessing.append(bool(loss > 2.25))
    lines.append(f"Adam, 3 epochs: left guessing at {sum(guessing)} of {len(guessing)} rates.")
    return "\n".join(lines)


diagnose = predict_exercise(
    "diagnose",
    section="7.8",
    title="Four histograms, and no learning",
    question=(
        "A network of 20 layers of 100 sigmoid units, as it starts: the picture above shows what "
        "its units say to 128 digits, in four of the layers. All four histograms are broad, from "
        "0 to 1. And yet it does not learn: after three epochs it still guesses, at any rate. What "
        "is wrong with it?"
    ),
    right="D",
    reveal=_examine,
    choices={
        "A": (
            "The weights are too small: the activations shrink from layer to layer.",
            "Then the histograms would shrink to a spike at ½. Their std falls by a fifth in 20 "
            "layers.",
        ),
        "B": (
            "The weights are too large: the units are saturated.",
            "Then most values would lie at the two ends. The table counts those with a slope below "
            "0.01: a small part, and fewer in the deep layers than in the first.",
        ),
        "C": (
            "Nothing is wrong with this start; the fault must be elsewhere.",
            "That is what such histograms suggest. They mix two things, however: how much the "
            "units differ from each other, and how much a unit differs from digit to digit.",
        ),
        "D": (
            "Each deep unit says the same to every digit; only the units differ.",
            "A histogram of all values cannot tell. The spread between the digits is lost layer "
            "by layer, and what is left is a spread between the units.",
        ),
    },
    hints=[
        "Two things make a histogram broad: units that differ from each other, and units that "
        "answer differently to different digits. Which of them does the last layer need?",
    ],
)


def bottleneck_run(width_inside, seed, function="relu"):
    """Nineteen ReLU layers of 64 units with one other in the middle: what passes it backwards.

    Returns the size of ∂L/∂z just before it over that just behind, how many independent directions
    the gradients of 128 digits have there, and for how many digits they are 0.
    """
    x, y = _standardized_digits()
    sizes = [64] * 21 + [10]
    sizes[10] = width_inside
    layers = []
    for k in range(20):
        inside = function if k == 9 else "relu"
        layers += [Dense(sizes[k], sizes[k + 1]), Activation(inside)]
    network = Network([*layers, Dense(64, 10)], np.random.default_rng(seed))
    hidden = [one for one in layer_signals(network, x[:128], y[:128]) if one.role == "activation"]
    before, behind = hidden[8].gradients, hidden[10].gradients
    scale = np.linalg.norm(before)
    directions = np.linalg.matrix_rank(before, tol=1e-9 * scale) if scale else 0
    cut_off = int((before == 0).all(axis=1).sum())
    return _rms(before) / _rms(behind), int(directions), cut_off


def _compare_bottlenecks():
    lines = ["layer 10     size before/behind   directions   digits cut off"]
    for name, width, function in (
        ("64 ReLU", 64, "relu"),
        ("2 ReLU", 2, "relu"),
        ("64 sigmoid", 64, "sigmoid"),
    ):
        runs = [bottleneck_run(width, seed, function) for seed in range(20)]
        ratio, directions, lost = np.median(runs, axis=0)
        most = max(lost for _, _, lost in runs)
        cut_off = f"{lost:.0f}, at most {most}"
        lines.append(f"{name:10}{ratio:20.2f}{directions:13.0f}{cut_off:>18}")
    return "\n".join([*lines, "Medians of 20 starts; of 128 digits, in the layer before."])


predict_exercise(
    "bottleneck",
    section="7.8",
    title="Two units in the middle",
    question=(
        "A network of 20 ReLU layers of 64 units, with He's weights, √(2/n_in). In its tenth layer "
        "only two of the units are kept. A backward pass: how large is ∂L/∂z in the layer before "
        "these two, compared with the layer behind them?"
    ),
    right="B",
    reveal=_compare_bottlenecks,
    choices={
        "A": (
            "About 1/32 of it: two units of 64 let it through.",
            "Each of the two collects the gradients of all 64 units behind it, and through weights "
            "that He's rule makes large, √(2/2). There the gradient grows, and then it falls back.",
        ),
        "B": (
            "About the same.",
            "Into the two, weights of √(2/2) make the gradient √32 times as large; out of them, a "
            "sum over two instead of 64 makes it √32 times as small. What is lost is another "
            "thing: the gradients of all digits have two directions left, and a digit for which "
            "both units are off has none. (One sigmoid layer costs a factor, once.)",
        ),
        "C": (
            "Far larger: all of the gradient is squeezed into two units.",
            "In the two units themselves it is √32 times as large. But each unit before them hears "
            "from two units instead of 64, and that takes it back.",
        ),
        "D": (
            "Zero: a layer of two ReLUs is dead.",
            "Two units can both be off, and a digit on which they are gets no gradient. The last "
            "column counts such digits: none in most starts, nearly all in a few.",
        ),
    },
    hints=[
        "The variance of ∂L/∂z before a layer is n_out · Var(W) · ½ of that behind it.",
        "For the step into the two units n_out is 64 and Var(W) = 2/2. And for the next one?",
    ],
)
