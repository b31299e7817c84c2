"""More exercises of notebook 13: the way back, and what the batch does."""

import numpy as np

from coursekit.datasets import digits
from coursekit.exercises.code import code_exercise
from coursekit.exercises.core import predict_exercise
from coursekit.layers import Activation, Dense
from coursekit.network import Network
from coursekit.normalization import BatchNorm


def _ways_back(rng):
    for rows, features, epsilon, dtype in [
        (4, 4, 1e-5, np.float64),
        (2, 3, 0.5, np.float64),
        (12, 2, 0.1, np.float64),
        (5, 1, 1e-3, np.float64),
        (8, 3, 0.05, np.float32),
    ]:
        a, gradient = rng.normal(size=(2, rows, features))
        gamma = rng.uniform(0.5, 2, features)
        a = rng.normal(size=features) + rng.uniform(0.5, 2, features) * a
        yield gradient.astype(dtype), a.astype(dtype), gamma.astype(dtype), epsilon


def _parts(a, epsilon):
    std = np.sqrt(a.var(axis=0) + epsilon)
    return (a - a.mean(axis=0)) / std, std


@code_exercise(
    "bn-backward",
    section="7.7",
    title="The way back through the layer",
    trials=_ways_back,
    hints=[
        "γ and β are shared by all rows: their gradients are sums over the batch.",
        "Call e = γ ∂L/∂c, the gradient at â. Divided by √(σ² + ε) it is the direct path alone.",
        "The path through μ takes off the mean of e; that through σ takes off â times the mean of "
        "e·â. Both means are over the batch.",
    ],
)
def bn_backward(gradient, a, gamma, epsilon):
    """Return (∂L/∂a, ∂L/∂γ, ∂L/∂β) of c = γ â + β with â = (a − μ)/√(σ² + ε), in training.

    gradient: ∂L/∂c, (B, units); a: (B, units); gamma: γ, (units,); epsilon: ε, a number. μ and σ²
    are mean and variance of the batch (with 1/B), and depend on a. ∂L/∂a has the shape of a, the
    other two that of γ.
    """
    std = np.sqrt(a.var(axis=0) + epsilon)
    normalized = (a - a.mean(axis=0)) / std
    direct = gradient * gamma
    through_mean = direct.mean(axis=0)
    through_variance = normalized * (direct * normalized).mean(axis=0)
    by_a = (direct - through_mean - through_variance) / std
    return by_a, (gradient * normalized).sum(axis=0), gradient.sum(axis=0)


def _variants(gradient, a, gamma, epsilon, *, mean=1.0, variance=1.0):
    normalized, std = _parts(a, epsilon)
    direct = gradient * gamma
    by_a = direct - mean * direct.mean(axis=0)
    by_a = by_a - variance * normalized * (direct * normalized).mean(axis=0)
    return by_a / std, (gradient * normalized).sum(axis=0), gradient.sum(axis=0)


@bn_backward.mistake(
    "You hold μ and σ constant. Each a moves the mean and the variance of its batch, and through "
    "them the outputs of all rows."
)
def _both_held(gradient, a, gamma, epsilon):
    return _variants(gradient, a, gamma, epsilon, mean=0, variance=0)


@bn_backward.mistake(
    "You hold μ constant. Each a moves the mean, by 1/B: the mean of γ ∂L/∂c over the batch has to "
    "come off."
)
def _mean_held(gradient, a, gamma, epsilon):
    return _variants(gradient, a, gamma, epsilon, mean=0)


@bn_backward.mistake(
    "You hold σ constant. Each a moves the variance: a term −â · mean(γ ∂L/∂c · â) is missing."
)
def _variance_held(gradient, a, gamma, epsilon):
    return _variants(gradient, a, gamma, epsilon, variance=0)


@bn_backward.mistake("The paths through μ and σ have the wrong sign: both take something off.")
def _signs(gradient, a, gamma, epsilon):
    return _variants(gradient, a, gamma, epsilon, mean=-1, variance=-1)


@bn_backward.mistake(
    "The paths through μ and σ have sums where means belong: each a moves the mean by 1/B only."
)
def _sums(gradient, a, gamma, epsilon):
    return _variants(gradient, a, gamma, epsilon, mean=len(a), variance=len(a))


@bn_backward.mistake(
    "Your ∂L/∂γ and ∂L/∂β are means. If the loss is a mean, its 1/B is in ∂L/∂c already: add up."
)
def _means_of_the_parameters(gradient, a, gamma, epsilon):
    by_a, by_gamma, by_beta = bn_backward.function(gradient, a, gamma, epsilon)
    return by_a, by_gamma / len(a), by_beta / len(a)


@bn_backward.mistake("γ is missing on the way to a: the gradient at â is γ ∂L/∂c.")
def _no_gamma(gradient, a, gamma, epsilon):
    return bn_backward.function(gradient, a, np.ones_like(gamma), epsilon)


@bn_backward.mistake("1/√(σ² + ε) is missing: the layer has divided by it, and so does its slope.")
def _not_divided(gradient, a, gamma, epsilon):
    by_a, by_gamma, by_beta = bn_backward.function(gradient, a, gamma, epsilon)
    return by_a * _parts(a, epsilon)[1], by_gamma, by_beta


@bn_backward.mistake("∂L/∂γ: γ multiplies â, not a. Sum ∂L/∂c · â over the batch.")
def _raw_input(gradient, a, gamma, epsilon):
    by_a, _, by_beta = bn_backward.function(gradient, a, gamma, epsilon)
    return by_a, (gradient * a).sum(axis=0), by_beta


class _Naive(BatchNorm):
    """Without the question at the door: a batch of one has variance 0."""

    def _batch_statistics(self, x):
        var = x.var(axis=0)
        return x.mean(axis=0), var, var


def _one_by_one():
    x, y, x_test, y_test = digits()
    rng = np.random.default_rng(0)
    norm = _Naive(32)
    network = Network([Dense(64, 32), norm, Activation("relu"), Dense(32, 10)], rng)
    for i in rng.permutation(len(x)):
        _, gradient = network.loss_and_gradient(x[i : i + 1], y[i : i + 1])
        network.parameters = network.parameters - 0.01 * gradient
    outputs = np.vstack([network.forward(x[i : i + 1], training=True) for i in range(100)])
    loss, _ = network.loss(outputs, y[:100])
    return (
        f"After {len(x)} steps, one for each image: the outputs for 100 of the images differ by "
        f"{np.ptp(outputs, axis=0).max():.1g}.\nTheir mean loss is {loss:.1f}; that of guessing is "
        f"ln 10 = {np.log(10):.1f}.\nTest accuracy: {network.evaluate(x_test, y_test)[1]:.0%}."
    )


batch_of_one = predict_exercise(
    "batch-of-one",
    section="7.7",
    title="A training batch of one",
    question=(
        "A layer of batch normalization is written by the formulas and nothing else, with ε = "
        "10⁻⁵ and no check of the batch size. A network with one such hidden layer is trained on "
        "the digits with batches of one image. What happens?"
    ),
    right="C",
    reveal=_one_by_one,
    choices={
        "A": (
            "It stops at once: 0/0, and everything is nan.",
            "Without ε it would. With it the quotient is 0/√ε = 0: a number like any other, and "
            "nothing warns you.",
        ),
        "B": (
            "It learns, with much noise: plain stochastic gradient descent.",
            "Noise would need something to vary. Of one row the mean is the row itself, so "
            "that a − μ = 0 for every image.",
        ),
        "C": (
            "It runs without complaint, and the output is the same for every image.",
            "a − μ = 0, so that c = β whatever the image. Nothing of the input gets past the "
            "layer, and no gradient reaches the weights before it.",
        ),
        "D": (
            "It learns as if the layer were not there.",
            "The layer is there: it takes off the mean of the batch, and of one row that is the "
            "row itself.",
        ),
    },
    hints=["Compute μ for a batch of one row a. What is a − μ, and what is c?"],
)


def _turned(scale):
    """The angle by which one step turns the weights before the layer, and the loss before it."""
    x, y, _, _ = digits()
    dense, norm = Dense(64, 32, bias=False), BatchNorm(32, epsilon=1e-12)
    network = Network([dense, norm, Activation("relu"), Dense(32, 10)], np.random.default_rng(0))
    dense.weights = scale * dense.weights
    before = dense.weights.ravel().copy()
    loss, gradient = network.loss_and_gradient(x[:64], y[:64])
    network.parameters = network.parameters - 0.001 * gradient
    after = dense.weights.ravel()
    along = before @ after / (before @ before)
    return np.arctan(np.linalg.norm(after / along - before) / np.linalg.norm(before)), loss


def _at_three_scales():
    start = _turned(1.0)[0]
    lines = ["scale of the weights   loss    the step turns them by"]
    for scale in (1.0, 0.1, 10.0):
        angle, loss = _turned(scale)
        lines.append(f"{scale:12g} {loss:16.4f}   {angle:.2g} radians, {angle / start:.2g} times")
    return "\n".join(lines)


l2_scale = predict_exercise(
    "l2-scale",
    section="7.7",
    title="What a penalty on the weights does",
    question=(
        "A dense layer stands before batch normalization (ε negligible). An L2 penalty has, in the "
        "course of training, brought all of its weights down to a tenth, and changed nothing else. "
        "Now one step of plain gradient descent is taken, at the same rate η and without the "
        "penalty. How does it compare with the same step on the weights as they were?"
    ),
    right="D",
    reveal=_at_three_scales,
    choices={
        "A": (
            "The network is a simpler, smoother function now; its steps are smaller.",
            "It is the same function to the last digit: the layer divides by σ, and σ has become "
            "a tenth as well.",
        ),
        "B": (
            "Nothing has changed: the outputs are the same, and so is the step.",
            "The outputs are the same. But L(w/10) = L(w) for all w, and differentiating that "
            "gives a gradient at w/10 that is ten times as large.",
        ),
        "C": (
            "It turns the weights about 10 times as far.",
            "The gradient is ten times as large, that is right. Now compare it with the weights, "
            "which are a tenth.",
        ),
        "D": (
            "It turns the weights about 100 times as far.",
            "The gradient is ten times as large and the weights are a tenth. Only the direction of "
            "w counts, and for it the rate is η/‖w‖².",
        ),
    },
    hints=[
        "Which of the numbers a, μ, σ, â, c change when all weights are multiplied by 1/10?",
        "Differentiate L(w/10) = L(w) by w: how do the two gradients compare?",
        "What counts is the step relative to the length of w.",
    ],
)
