"""Exercises of notebook 15: Fixup (the lecture)."""

import numpy as np

from coursekit.datasets import digits
from coursekit.exercises.code import code_exercise
from coursekit.exercises.core import number_exercise, predict_exercise
from coursekit.fixup import fixup, residual_mlp
from coursekit.layers import Activation, Dense, Residual
from coursekit.network import Network
from coursekit.optimizers import Momentum
from coursekit.training import train

fixup_scale = number_exercise(
    "fixup-scale",
    section="fixup",
    title="The scale of a branch",
    question=(
        "A residual network has 100 blocks, and each of their branches has 3 weight layers. Fixup "
        "sets the last of the three to 0. By which factor does it multiply the weights of the "
        "other two?"
    ),
    value=100**-0.25,
    why="L^(−1/(2m−2)) with L = 100 and m = 3 is 100^(−1/4): two layers share a factor 1/√L.",
    mistakes={
        100 ** (-1 / 6): "You took 1/(2m). The last layer is 0 and takes no share: 1/(2m − 2).",
        100 ** (-1 / 5): "You took 1/(2m − 1); of the 2m, two go away with the last layer.",
        0.1: "1/√L is right for branches of two layers. Here two layers share that factor.",
        0.01: "1/L is what a branch adds to the change of the output, not a factor of a weight.",
        100**0.25: "The exponent is negative: the more blocks, the smaller each branch starts.",
        300**-0.25: "L counts the blocks, 100, not the weight layers in them.",
    },
    hints=[
        "The formula is L^(−1/(2m−2)). What is L here, and what is m?",
        "A step changes the last layer by η times the product of the other factors, and that "
        "product scales the branch once more: (factor²)² = 1/L.",
    ],
)


def _branches(rng):
    for (blocks, layers, width, classes), dtype in [
        ((16, 2, 3, 2), np.float64),
        ((8, 3, 2, 4), np.float64),
        ((5, 4, 3, 3), np.float64),
        ((27, 2, 2, 2), np.float32),
        ((1, 2, 3, 2), np.float64),
    ]:
        weights = rng.normal(size=(blocks, layers, width, width)).astype(dtype)
        yield weights, rng.normal(size=(width, classes)).astype(dtype)


@code_exercise(
    "fixup-init",
    section="fixup",
    title="Fixup's start",
    trials=_branches,
    hints=[
        "weights.shape[:2] is (L, m): how many blocks there are, and how many layers in each.",
        "The factor is L^(−1/(2m−2)). All blocks get it, in all layers but the last.",
        "weights[:, -1] are the last layers of all branches; weights[-1] is the last block.",
    ],
)
def fixup_init(weights, classifier):
    """Return the start weights of a residual network by Fixup's first two rules.

    weights: shape (L, m, n, n), drawn by He's rule; weights[l, k] is layer k of the branch of
    block l. classifier: shape (n, c), the layer that leads out of the network. The last layer of
    each branch starts at 0, and so does the classifier; all other layers are multiplied by
    L^(−1/(2m−2)). Return both arrays.
    """
    blocks, layers = weights.shape[:2]
    weights = blocks ** (-1 / (2 * layers - 2)) * weights
    weights[:, -1] = 0
    return weights, np.zeros_like(classifier)


def _started(weights, exponent, last=0.0):
    scaled = weights.shape[0] ** (-exponent) * weights
    scaled[:, -1] = last * weights[:, -1]
    return scaled


@fixup_init.mistake("The exponent is −1/(2m − 2), not −1/(2m): the last layer takes no share.")
def _two_m(weights, classifier):
    return _started(weights, 1 / (2 * weights.shape[1])), np.zeros_like(classifier)


@fixup_init.mistake("1/√L is right where m = 2. With m layers the exponent is −1/(2m − 2).")
def _always_root(weights, classifier):
    return _started(weights, 1 / 2), np.zeros_like(classifier)


@fixup_init.mistake("m − 1 layers share the factor 1/√L: you let them share 1/L.")
def _m_minus_one(weights, classifier):
    return _started(weights, 1 / (weights.shape[1] - 1)), np.zeros_like(classifier)


@fixup_init.mistake("The last layer of each branch is drawn and scaled as well. It starts at 0.")
def _branch_not_zero(weights, classifier):
    exponent = 1 / (2 * weights.shape[1] - 2)
    return weights.shape[0] ** (-exponent) * weights, np.zeros_like(classifier)


@fixup_init.mistake(
    "The last layer of each branch is not 0 yet: it is as it was drawn, without the factor even."
)
def _last_as_drawn(weights, classifier):
    return _started(weights, 1 / (2 * weights.shape[1] - 2), last=1.0), np.zeros_like(classifier)


@fixup_init.mistake("The zeros are right, the scale is missing: the others times L^(−1/(2m−2)).")
def _no_scale(weights, classifier):
    return _started(weights, 0), np.zeros_like(classifier)


@fixup_init.mistake("The classifier starts at 0 too: its weights are as they were drawn.")
def _classifier_drawn(weights, classifier):
    return _started(weights, 1 / (2 * weights.shape[1] - 2)), classifier


@fixup_init.mistake(
    "You set the last block to 0. It is the last layer of every block: weights[:, -1]."
)
def _last_block(weights, classifier):
    scaled = weights.shape[0] ** (-1 / (2 * weights.shape[1] - 2)) * weights
    scaled[-1] = 0
    return scaled, np.zeros_like(classifier)


@fixup_init.mistake(
    "You set the first layer of each branch to 0. Then the last one never sees an input; it is the "
    "last that starts at 0."
)
def _first_layer(weights, classifier):
    scaled = weights.shape[0] ** (-1 / (2 * weights.shape[1] - 2)) * weights
    scaled[:, 0] = 0
    return scaled, np.zeros_like(classifier)


def _accuracy(blocks, scale=1.0, scalars=True, rate=0.1):
    """Train a Fixup network for 30 steps of momentum; return its test accuracy."""
    x, y, x_test, y_test = digits(dtype=np.float32)
    mean, rng = x.mean(axis=0), np.random.default_rng(0)
    network = residual_mlp(64, 24, blocks, 10, rng, dtype=np.float32)
    if not scalars:
        layers = [Dense(64, 24), Activation("relu")]
        for _ in range(blocks):
            branch = [Dense(24, 24, bias=False), Activation("relu"), Dense(24, 24, bias=False)]
            layers += [Residual(branch), Activation("relu")]
        network = Network([*layers, Dense(24, 10)], rng, dtype=np.float32)
        fixup(network, rng)
    for block in network.layers:
        if isinstance(block, Residual):
            next(part for part in block.layers if isinstance(part, Dense)).weights *= scale
    rows = np.concatenate([rng.permutation(len(x)), rng.permutation(len(x))])[: 30 * 64]
    options = {"epochs": 1, "batch_size": 64, "rng": rng, "progress": False}
    train(network, x[rows] - mean, y[rows], Momentum(rate), **options)
    return network.evaluate(x_test - mean, y_test)[1]


def _run_of_the_scalars():
    runs = {
        "2 blocks": (2, {}),
        "8 blocks": (8, {}),
        "128 blocks": (128, {}),
        "A  scale 1/L instead of 1/√L": (128, {"scale": 128**-0.5}),
        "B  scale 1 instead of 1/√L": (128, {"scale": 128**0.5}),
        "C  without the scalars": (128, {"scalars": False}),
        "D  as it is, at η = 0.01": (128, {"rate": 0.01}),
    }
    lines = [f"{'30 steps of momentum, η = 0.1':32} better than 70%"]
    for name, (blocks, options) in runs.items():
        lines.append(f"{name:32} {'yes' if _accuracy(blocks, **options) > 0.7 else 'no'}")
    return "\n".join(lines)


scalars = predict_exercise(
    "fixup-scalars",
    section="fixup",
    title="What holds it back?",
    question=(
        "A Fixup network of 128 blocks, with all three rules, is trained on the digits by momentum "
        "at η = 0.1. At this rate networks of 2 and of 8 blocks learn well. This one stays at "
        "guessing. What lets it learn at the same rate?"
    ),
    right="C",
    reveal=_run_of_the_scalars,
    choices={
        "A": (
            "A smaller scale in the branches: 1/L instead of 1/√L.",
            "The branches were small enough already. What moves the outputs too far is not in "
            "their weights.",
        ),
        "B": (
            "A larger scale in the branches: 1 instead of 1/√L, so that they learn faster.",
            "Then each block moves the outputs by as much as one block alone should, and 128 of "
            "them move them 128 times as far.",
        ),
        "C": (
            "To leave out rule 3, the scalar multipliers and biases.",
            "Rule 2 slows the weights down as the network gets deeper, and nothing slows the "
            "scalars. 512 of them in a row, four a block, move the outputs ever further.",
        ),
        "D": (
            "Nothing: a network this deep needs a smaller rate.",
            "A tenth of the rate gets it off the ground, and leaves it far behind. The promise of "
            "Fixup is a step that does not depend on the depth; one part of the network breaks it.",
        ),
    },
    hints=[
        "Rule 2 makes the change by one step independent of L. Of which parameters does it speak?",
        "A scalar bias in each block is added to all units. How far do L of them move the outputs?",
    ],
)
