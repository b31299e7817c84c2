"""Exercises of notebook 11: layer-wise pre-training (the lecture)."""

import copy

import numpy as np

from coursekit import datasets
from coursekit.activations import sigmoid
from coursekit.exercises.code import code_exercise
from coursekit.exercises.core import number_exercise, predict_exercise
from coursekit.initializers import normal
from coursekit.network import mlp
from coursekit.optimizers import Adam
from coursekit.pretraining import pretrain
from coursekit.schedules import cosine_decay
from coursekit.training import train


def _coders(rng):
    for (rows, n_in, n_hidden), dtype in [
        ((5, 4, 3), np.float64),
        ((3, 6, 2), np.float64),
        ((7, 3, 5), np.float64),  # more units than inputs
        ((4, 5, 2), np.float32),
    ]:
        shapes = (rows, n_in), (n_in, n_hidden), (n_hidden,), (n_in,)
        yield tuple(rng.normal(size=shape).astype(dtype) for shape in shapes)


@code_exercise(
    "encode-decode",
    section="pre-training",
    title="There and back",
    trials=_coders,
    hints=[
        "The code is a dense layer with a sigmoid: σ(a) with a = xW + b.",
        "W has shape (n_in, n_hidden). The way back needs shape (n_hidden, n_in), and other bias.",
        "The decoder is linear: it must be able to return any number, not only one in (0, 1).",
    ],
)
def encode_decode(x, weights, bias, decoder_bias):
    """Return the code z = σ(xW + b) of a tied autoencoder, and what it decodes, x̂ = zWᵀ + c.

    x: (batch, n_in); weights: W, (n_in, n_hidden); bias: b, (n_hidden,); decoder_bias: c, (n_in,).
    *Tied* means that the decoder's weights are the encoder's, transposed. σ(a) = 1/(1 + e⁻ᵃ).
    """
    z = 1 / (1 + np.exp(-(x @ weights + bias)))
    return z, z @ weights.T + decoder_bias


def _coded(code, weights, decoder_bias):
    return code, code @ weights.T + decoder_bias


@encode_decode.mistake("The bias b of the encoder is missing: a = xW + b.")
def _no_bias(x, weights, bias, decoder_bias):
    return _coded(sigmoid(x @ weights), weights, decoder_bias)


@encode_decode.mistake(
    "The bias c of the decoder is missing. Without it, x̂ has no mean of its own."
)
def _no_decoder_bias(x, weights, bias, decoder_bias):
    return _coded(sigmoid(x @ weights + bias), weights, 0)


@encode_decode.mistake(
    "`reshape` is no transpose: it has the right shape, with the numbers in the wrong places. "
    "Use W.T."
)
def _reshaped(x, weights, bias, decoder_bias):
    return _coded(sigmoid(x @ weights + bias), weights.reshape(weights.shape[::-1]).T, decoder_bias)


@encode_decode.mistake(
    "A sigmoid at the output as well: then x̂ stays between 0 and 1. This decoder is linear."
)
def _sigmoid_twice(x, weights, bias, decoder_bias):
    z, decoded = encode_decode.function(x, weights, bias, decoder_bias)
    return z, sigmoid(decoded)


@encode_decode.mistake("The code is xW + b without the sigmoid. That is the linear autoencoder.")
def _linear(x, weights, bias, decoder_bias):
    return _coded(x @ weights + bias, weights, decoder_bias)


@encode_decode.mistake(
    "You subtract b before decoding. A decoder does not undo the steps of the encoder: it is one "
    "more layer, which learns to give x back."
)
def _undoes_the_bias(x, weights, bias, decoder_bias):
    z = sigmoid(x @ weights + bias)
    return z, (z - bias) @ weights.T + decoder_bias


def _clouds(rng):
    for (rows, features, k), dtype in [
        ((30, 4, 2), np.float64),
        ((12, 6, 3), np.float64),
        ((25, 3, 1), np.float64),
        ((40, 5, 2), np.float32),
    ]:
        turn = np.linalg.qr(rng.normal(size=(features, features)))[0]
        x = rng.normal(size=(rows, features)) * 0.5 ** np.arange(features) @ turn
        yield (x + 2 * rng.normal(size=features)).astype(dtype), k


@code_exercise(
    "pca-subspace",
    section="pre-training",
    title="The subspace of most variance",
    trials=_clouds,
    hints=[
        "The directions of most variance are about the mean: subtract it first.",
        "`np.linalg.svd(centred, full_matrices=False)` returns U, s, Vᵀ, the largest s first.",
        "The directions live in the space of the features: they are the rows of Vᵀ.",
        "With the first k of them as columns of P, the projection is P Pᵀ.",
    ],
)
def pca_subspace(x, k):
    """Return the projection P Pᵀ onto the first k principal directions of x.

    x: (rows, features), not centred; k: how many. P holds the directions of most variance as
    orthonormal columns, (features, k). P itself is unique up to signs only; P Pᵀ is one matrix,
    (features, features).
    """
    directions = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)[2][:k].T
    return directions @ directions.T


def _onto(basis):
    return basis @ basis.T


@pca_subspace.mistake(
    "x is not centred: your first direction points from 0 to the mean, whatever the variance is."
)
def _not_centred(x, k):
    return _onto(np.linalg.svd(x, full_matrices=False)[2][:k].T)


@pca_subspace.mistake(
    "You centre each row. The mean to subtract is that of each feature, over the rows: axis=0."
)
def _centred_rows(x, k):
    return _onto(np.linalg.svd(x - x.mean(axis=1, keepdims=True))[2][:k].T)


@pca_subspace.mistake(
    "These are the left singular vectors, U: they have an entry for each example. The directions "
    "have one for each feature: they are the right ones."
)
def _left(x, k):
    return _onto(np.linalg.svd(x - x.mean(axis=0), full_matrices=False)[0][:, :k])


@pca_subspace.mistake(
    "`np.linalg.svd` returns Vᵀ. Its rows are the directions; you have taken columns."
)
def _columns(x, k):
    return _onto(np.linalg.svd(x - x.mean(axis=0), full_matrices=False)[2][:, :k])


@pca_subspace.mistake(
    "That is the subspace of *least* variance: `np.linalg.eigh` sorts its eigenvalues upwards."
)
def _ascending(x, k):
    return _onto(np.linalg.eigh(np.cov(x, rowvar=False))[1][:, :k])


@pca_subspace.mistake(
    "You standardize the features first. That is PCA of the correlations, with other directions."
)
def _standardized(x, k):
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    return _onto(np.linalg.svd(z, full_matrices=False)[2][:k].T)


number_exercise(
    "price-of-pre-training",
    section="pre-training",
    title="What pre-training costs",
    question=(
        "A network 64–32–32–32–32–32–10 has five hidden layers. Before it is trained, each of them "
        "is the encoder of an autoencoder for an epoch, one after the other. A step costs three "
        "products with each weight matrix (one forward, two back); count these, and neither the "
        "biases nor the way to the codes. How many epochs of training the whole network cost as "
        "much as that one epoch for each autoencoder?"
    ),
    value=2 * (64 * 32 + 4 * 32 * 32) / (64 * 32 + 4 * 32 * 32 + 32 * 10),
    tolerance=0.01,
    why=(
        "The encoders have 64·32 + 4·32·32 = 6,144 weights, the decoders as many, the network "
        "6,464: 12,288/6,464 = 1.90. The three products stand above and below."
    ),
    mistakes={
        6144 / 6464: "You have counted the encoders. Each is trained together with its decoder.",
        5.0: "Five autoencoders, but each of them is small: count the weights.",
        12288 / 6144: "The output layer, 32·10, belongs to the network too.",
        12288 / 4416: "The network has five hidden layers: 64·32 + 4·32·32 weights, and 32·10.",
        6464 / 12288: "The other way round: pre-training is the dearer one.",
        3 * 12288 / 6464: "The three products are the price of a step of either kind: they cancel.",
    },
    hints=[
        "How many weights has the network, layer by layer? And the five autoencoders?",
        "An autoencoder 64–32–64 has 2·64·32 weights, each 32–32–32 has 2·32·32.",
    ],
)


def fit(codes, n):
    """Stand in for a training run: weights and bias that follow from the codes alone."""
    feature, unit = np.arange(1, codes.shape[1] + 1), np.arange(1, n + 1)
    weights = np.cos(np.outer(feature, unit)) / (0.2 + codes.std(axis=0))[:, np.newaxis]
    return weights.astype(codes.dtype), 0.3 - codes.mean(axis=0) @ weights


def _stacks(rng):
    for (rows, n_in), sizes, dtype in [
        ((6, 4), (3, 2), np.float64),
        ((5, 3), (3, 3, 3), np.float64),
        ((8, 2), (4,), np.float64),
        ((4, 5), (2, 3, 2), np.float32),
    ]:
        yield rng.normal(size=(rows, n_in)).astype(dtype), sizes, fit, sigmoid


@code_exercise(
    "greedy-stack",
    section="pre-training",
    title="One layer after the other",
    trials=_stacks,
    hints=[
        "A loop over sizes. What does the second autoencoder get as its data?",
        "After fit: codes = activation(codes @ W + b).",
        "Collect each (W, b) in a list, and return them all.",
    ],
)
def greedy_stack(x, sizes, fit, activation):
    """Pre-train layer after layer; return the pairs (W, b), one a layer, in a tuple or a list.

    x: the data, (rows, n_in); sizes: the number of units of each layer; fit(codes, n): trains an
    autoencoder with n units on codes, returns its W and b; activation: f in z = f(xW + b). Each
    autoencoder learns from what the layers before it make of x.
    """
    codes, layers = x, []
    for n in sizes:
        weights, bias = fit(codes, n)
        layers.append((weights, bias))
        codes = activation(codes @ weights + bias)
    return tuple(layers)


def _stacked(x, sizes, fit, encode):
    layers, codes = [], x
    for n in sizes:
        layers.append(fit(codes, n))
        codes = encode(codes, *layers[-1])
    return tuple(layers)


@greedy_stack.mistake(
    "Every layer is fitted to x itself. The second layer will never see x: it is to encode the "
    "codes of the first."
)
def _all_on_x(x, sizes, fit, activation):
    return _stacked(x, sizes, fit, lambda codes, w, b: codes)


@greedy_stack.mistake("The activation is left out between the layers: z = f(xW + b).")
def _no_activation(x, sizes, fit, activation):
    return _stacked(x, sizes, fit, lambda codes, w, b: codes @ w + b)


@greedy_stack.mistake("The bias is left out of the codes: z = f(xW + b).")
def _codes_without_bias(x, sizes, fit, activation):
    return _stacked(x, sizes, fit, lambda codes, w, b: activation(codes @ w))


@greedy_stack.mistake(
    "You go on with what is decoded. The next layer of the network gets the code; the decoder is "
    "thrown away."
)
def _goes_on_with_the_decoded(x, sizes, fit, activation):
    return _stacked(x, sizes, fit, lambda codes, w, b: activation(codes @ w + b) @ w.T)


@greedy_stack.mistake("The last layer is missing: sizes lists the layers, not the layers and x.")
def _no_last(x, sizes, fit, activation):
    return greedy_stack.function(x, sizes[:-1], fit, activation)


def _shuffle_and_train():
    x, y, x_test, y_test = datasets.digits(dtype=np.float32)
    rng = np.random.default_rng(1)
    learned = mlp([64, 32, 32, 32, 32, 32, 10], rng, sigmoid, normal(0.1), dtype=np.float32)
    options = {"batch_size": 32, "rng": rng, "progress": False}
    pretrain(learned, x, Adam(0.01), epochs=15, **options)
    shuffled = copy.deepcopy(learned)
    for layer in shuffled.layers[:-1:2]:
        layer.weights = rng.permutation(layer.weights.ravel()).reshape(layer.weights.shape)
    lines = ["weights                test digits that are right"]
    for name, network in (("pre-trained", learned), ("the same, shuffled", shuffled)):
        method = Adam(cosine_decay(0.01, 15 * 45))
        train(network, x, y, method, epochs=15, **options)
        lines.append(f"{name:18} {network.evaluate(x_test, y_test)[1]:17.0%}")
    return "\n".join(lines)


predict_exercise(
    "shuffled-weights",
    section="pre-training",
    title="The same numbers in another order",
    question=(
        "Five sigmoid layers, pre-trained; 15 epochs of training then bring the network to about "
        "94% of the test digits. From N(0, 0.1²) the same training leaves it at 10%, which is "
        "guessing. Now take the pre-trained weights and shuffle the entries inside each matrix: "
        "the same numbers, all that was arranged is gone. Where do 15 epochs get from there?"
    ),
    right="C",
    reveal=_shuffle_and_train,
    choices={
        "A": (
            "To guessing: what the autoencoders have learned is the arrangement.",
            "The arrangement is gone, and training works all the same: the shuffled weights are "
            "two to four times as large as those of the start, and let a larger signal through.",
        ),
        "B": (
            "To the same 94%: all that counts is how large the weights are.",
            "Most of it is the size, but not all: shuffled, each layer lets through less of what "
            "differs between the digits, and the training is slower.",
        ),
        "C": (
            "In between: clearly better than guessing, clearly below 94%.",
            "The size of the weights is a good part of the rescue, and the arrangement the rest. "
            "Which part needs the other is measured below.",
        ),
        "D": (
            "Above 94%: the size is kept, and what was fitted to another task is gone.",
            "What the autoencoders have arranged is no burden: it lets more of the differences "
            "between the digits through than the same numbers at random.",
        ),
    },
    hints=[
        "Why does N(0, 0.1²) fail? Recall how the signal fades from layer to layer.",
        "Shuffling keeps the standard deviation of the weights. What does it not keep?",
    ],
)
