# %% [markdown]
# # 11 · Layer-wise pre-training
#
# *The lecture, "Layer-wise pre-training" · no figure of the book · about 50 minutes with the
# exercises, 25 without*
#
# For a few years, from 2006 on, deep networks were trained in two stages: first each layer by
# itself, without labels, then the whole. Hardly anybody still does it that way, and it is worth
# knowing why it worked. Afterwards you can
#
# - write an autoencoder, and say how much of PCA is in its weights (less than is often said),
# - pre-train a stack of layers, and count what that costs,
# - tell by experiment which part of the benefit is the size of the weights, and which is what they
#   have learned.
#
# You need notebooks 08 (the sigmoid's slope is at most ¼) and 10 (the scale of a start), and the
# singular value decomposition.

# %%
# %config InlineBackend.figure_formats = ["retina"]
import copy
import math
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from coursekit import SGD, Activation, Adam, Dense, Momentum, Network, best, check, claim
from coursekit import exercise, mlp, schedules, show_source, sweep, train
from coursekit.datasets import digits
from coursekit.diagnostics import layer_signals
from coursekit.figures import style
from coursekit.initializers import glorot_normal, normal
from coursekit.losses import mean_squared_error
from coursekit.pretraining import Autoencoder, autoencoder, pretrain
from coursekit.pretraining import principal_angles, principal_components
from coursekit.widgets import Depth

# %% [markdown]
# ## Five layers that do not learn
#
# Five hidden layers of 32 sigmoid units, the digits of notebook 08, and weights from $N(0, 0.1^2)$,
# a start that looks harmless. How much of the digits reaches the last layer? Take the standard
# deviation of each unit *over the digits*: whatever is the same for all of them tells nothing about
# the class.

# %%
x, y, x_test, y_test = digits(dtype=np.float32)


def signal(network):
    """The std of a unit over the digits, root mean square over the units, by hidden layer."""
    outputs = [one.outputs for one in layer_signals(network, x) if one.role == "activation"]
    return [math.sqrt(z.var(axis=0, dtype=np.float64).mean()) for z in outputs]


drawn = mlp([64, 32, 32, 32, 32, 32, 10], np.random.default_rng(0), "sigmoid", normal(0.1))
fading = np.array(signal(drawn))
factor = (fading[0] / fading[-1]) ** (1 / 4)
assert 6 < factor < 9
print("std over the digits, layers 1 to 5:", *(f"{value:.1g}" for value in fading))
print(f"a factor of {factor:.1f} is lost from layer to layer")

# %% [markdown]
# In the last layer two different digits differ in the fifth decimal. The gradient that comes back
# has to pass the same small slopes and small weights. You will see below that
# training does not get this network beyond guessing.
#
# Today you would ask how large the weights should be (notebook 10). In 2006 the answer was another:
# do not draw the weights, *learn* them, one layer after the other. A layer by itself is shallow, and
# shallow networks can be trained. All that a layer needs is a task.
#
# ## A task without labels
#
# The task is to give the input back. An *autoencoder* has two parts,
#
# $$ z = f(xW + b), \qquad \hat x = zV + c, $$
#
# an encoder, which makes a *code* $z$ of the input, and a decoder, which is to return $x$ from it. The
# loss is the mean squared error of $\hat x$ against $x$, so the examples are
# $\langle X, X\rangle$: the targets are the inputs, and no label is used. In the package:

# %%
show_source(Autoencoder._encode, Autoencoder._decoder, Autoencoder._forward)

# %% [markdown]
# Two forms are common. $V$ may have weights of its own, or it is *tied* to the encoder, $V = W^\top$, at
# half the number of weights.

# %% exercise="encode-decode"

# %% [markdown]
# ## The linear case is PCA. Which part of it?
#
# Let the code be smaller than the input, four numbers for 64 pixels. Then not everything can be given
# back, and the autoencoder has to choose. With $f(a) = a$ the best choice is known. $\hat x$ lies in a
# subspace of four dimensions, and the one that loses least is spanned by the first four *principal
# directions*, those of the largest variance.

# %% exercise="pca-subspace"

# %% [markdown]
# Does descent find it? Here are 300 digits, centred, and very small weights at the start. In each
# direction $v$ one can ask how much the autoencoder gives back of it: $v^\top W V v$ is 0 at the
# start and 1 when the direction has been learned.


# %%
pixels = x[:300].astype(float) - x[:300].mean(axis=0)
variance = np.linalg.svd(pixels)[1] ** 2 / len(pixels)
directions = principal_components(pixels, 6)
steps, given_back = 140, []  # (seed, step, direction)
for seed in range(5):
    network = autoencoder(64, 4, np.random.default_rng(seed), initializer=normal(0.01))
    run = []

    def look(step, network, run=run):
        coder = network.layers[0]
        run.append(np.diag(directions.T @ coder.weights @ coder.decoder_weights @ directions))

    rng = np.random.default_rng(seed)
    options = {"batch_size": 300, "rng": rng, "progress": False, "on_epoch": look}
    train(network, pixels, pixels, SGD(8.0), epochs=steps, **options)
    given_back.append(run)
given_back = np.array(given_back)
half = 1 + (given_back > 0.5).argmax(axis=1)[:, :4]  # the step after which half is given back
assert (half[:, 3] > half[:, :3].max(axis=1)).all()
assert (np.abs(given_back[:, -1, :4] - 1) < 0.1).all()
assert (given_back[:, :, 4:] < 0.5).all()
assert (np.abs(given_back[:, -1, 4:]) < 0.1).all()
print("variances of directions 1 to 6: ", *(f"{value:.2f}" for value in variance[:6]))
halves = np.median(half, axis=0).astype(int)
print("half learned after (5 starts):  ", *halves, "steps; never; never")

# %% tags=["hide-input"]
lines = [("#0072B2", "-"), ("#D55E00", "--"), ("#005C42", "-."), (style.INK, ":")]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
    patch = {"bbox": {"fc": style.PAPER, "ec": "none", "pad": 1}, "fontsize": style.TEXT}
    for number, (color, line) in enumerate(lines):
        ax.plot(1 + np.arange(steps), given_back[0, :, number], color=color, ls=line)
        place = (half[0, number], 0.5)
        style.label(ax, str(number + 1), place, (0, 0), strong=color, **patch)
    ax.plot(1 + np.arange(steps), given_back[0, :, 4:], color=style.DOWN, lw=1)
    style.label(ax, "5", (69, 0.25), (0, 3), strong=style.DOWN)
    style.label(ax, "6", (69, 0.01), (0, -4), strong=style.DOWN)
    ax.set(xlabel="step", ylabel="share given back", ylim=(-0.15, 1.15), xlim=(0, steps))
    ax.set_title("Four units learn the four directions of most variance, each at its own pace")
    plt.show()

# %% [markdown]
# From a small start the pace grows with the variance (Saxe et al. 2014): the second and the third
# direction, with nearly the same variance, come close together, and the fourth is the last in every
# run. In the run that is drawn the fifth makes an attempt. It is pushed out when the fourth takes the
# last unit.
#
# So a linear autoencoder "is PCA", the textbooks say. Look closer. Three things could agree with PCA:
# the four rows of the decoder $V$ and the four columns of the encoder $W$, each with the principal
# directions, and the codes $xW$ of all digits with the codes that PCA gives them. *Principal angles*
# say how far two subspaces are apart; if the largest is 0, they are one. This time the weights start
# at their usual size, with both forms of the decoder.


# %% tags=["claim-L-g"]
leading = directions[:, :4]
scores = pixels @ leading
outside = np.mean((pixels - scores @ leading.T) ** 2)  # the least possible error
empty = pixels.std(axis=0) == 0
most = principal_components(pixels, 44)
rows, within = [], []
for tied in (False, True):
    for seed in range(3):
        network = autoencoder(64, 4, np.random.default_rng(seed), tied=tied)
        drawn = network.layers[0].weights.copy()

        def look(step, network, tied=tied, seed=seed):
            if step % 25 and step > 25:
                return
            coder = network.layers[0]
            spans = {"encoder": coder.weights, "codes": pixels @ coder.weights}
            spans["decoder"] = coder.weights if tied else coder.decoder_weights.T
            for part, span in spans.items():
                goal = scores if part == "codes" else leading
                rows.append((tied, seed, step, part, principal_angles(goal, span)[0]))

        rng = np.random.default_rng(seed)
        options = {"batch_size": 300, "rng": rng, "progress": False, "on_epoch": look}
        train(network, pixels, pixels, Momentum(4.0), epochs=400 if tied else 1000, **options)
        excess = network.evaluate(pixels, pixels)[0] / outside - 1
        assert excess < (1e-10 if tied else 1e-4)
        if not tied:
            coder = network.layers[0]
            assert np.array_equal(coder.weights[empty], drawn[empty])
            within.append(principal_angles(leading, most @ (most.T @ coder.weights))[0])
angles = pd.DataFrame(rows, columns=["tied", "seed", "step", "part", "angle"])
last = angles.groupby(["tied", "seed", "part"])["angle"].last().unstack()
free, bound = last.loc[False], last.loc[True]
share = variance[:44].sum() / variance.sum()
assert (free["decoder"] < 1e-3).all()
assert (free["codes"] < 0.02).all()
assert (free["encoder"] > 0.5).all()
assert (bound < 1e-6).all(axis=None)
assert max(within) < 0.002

claim(
    "L-g",
    "holds if",
    "A linear autoencoder with a small code finds the subspace of the principal components.",
    "after 1,000 steps the error is within 10⁻⁴ of PCA's, which is the least there is, the decoder's "
    "subspace within 0.001 radians of the principal one, the codes within 0.02; with tied weights all "
    "angles are below 10⁻⁶ after 400. Untied, the encoder's subspace is more than 0.5 radians (29°) "
    f"away in all three runs. In the 44 directions with {share:.1%} of the variance it is within 0.002; "
    f"{empty.sum()} of the 64 pixels never change, and the weights from there are still, bit for bit, "
    "those of the start.",
    condition="it is the decoder's subspace, or the weights are tied; the encoder finds it only in "
    "directions in which the data vary",
    paper="Baldi and Hornik 1989",
    reported="The minimum of a linear autoencoder is the projection onto the principal subspace.",
)

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 3.0), layout="constrained")
    parts = {"encoder": (style.DOWN, "-"), "codes": ("#D55E00", "--"), "decoder": (style.UP, "-.")}
    spread = {"errorbar": ("pi", 100), "ax": ax, "legend": False}
    for part, (color, line) in parts.items():
        own = angles[(angles["part"] == part) & ~angles["tied"]]
        sns.lineplot(own, x="step", y="angle", color=color, linestyle=line, **spread)
    own = angles[(angles["part"] == "encoder") & angles["tied"]]
    sns.lineplot(own, x="step", y="angle", color=style.INK, linestyle=":", **spread)
    style.label(ax, "encoder", (800, 0.9), (0, 5), strong=style.DOWN)
    style.label(ax, "codes", (800, 8e-3), (0, 5), strong="#D55E00")
    style.label(ax, "decoder", (800, 2e-4), (0, -7), strong=style.UP)
    style.label(ax, "tied: all of them", (290, 2e-6), (6, 0), strong=style.INK)
    ax.set(yscale="log", ylim=(1e-10, 6), xlabel="step", ylabel="largest angle to PCA, radians")
    ax.set_title("How far from the principal subspace? Mean and range of three starts")
    plt.show()


# %% tags=["hide-input"]
def mosaic(ax, rows, **look):
    """Rows of 8 × 8 images, a name for each row, in one picture."""
    gap, lines = np.full((8, 1), np.nan), []
    for images in rows.values():
        line = [part for image in images for part in (image.reshape(8, 8), gap)]
        lines += [np.hstack(line), np.full((1, 9 * len(images)), np.nan)]
    ax.imshow(np.vstack(lines), **look)
    ax.set(xticks=[], yticks=9 * np.arange(len(rows)) + 3.5, yticklabels=rows)
    ax.tick_params(length=0, labelsize=style.TEXT)
    ax.spines[:].set_visible(False)


with style.context():
    fig, ax = plt.subplots(figsize=(4.4, 2.9), layout="constrained")
    three = {"PCA": leading.T, "decoder": coder.decoder_weights, "encoder": coder.weights.T}
    even = {name: rows / np.abs(rows).max(axis=1, keepdims=True) for name, rows in three.items()}
    mosaic(ax, even, cmap="gray")
    ax.set_title("Four directions of 8 × 8 pixels")
    plt.show()

# %% [markdown]
# No picture of the second row equals one above it. PCA's directions are orthogonal and ordered; any
# four that span the same subspace give the same error, and the autoencoder takes some. Only the *span*
# is PCA's. And the third row has noise at its edges, where the digits have no ink: the start, untouched.
# The gradient says why. With the covariance matrix $C$ of the digits and the identity $I$ it is
#
# $$ \frac{\partial\mathcal L}{\partial W} = \frac{2}{64}\, C\,(WV - I)\,V^\top . $$
#
# $C$ stands in front. In a direction of variance $\lambda$ it multiplies by $\lambda$: where the data
# hardly vary $W$ hardly moves, and where they never vary it keeps what it was drawn with, for good.
# The error cannot tell, because these weights multiply zeros. Tied weights are different. As a decoder
# they would put ink where there never is any, that costs, and descent removes it. Pre-training
# throws the decoder away; what it keeps is the encoder, with whatever noise is left in it.
#
# ## With a sigmoid
#
# Does a nonlinear code hold more? The encoder of a layer of our network has sigmoid units. Eight
# of them, against eight principal directions, and against a *deep* autoencoder, with a hidden layer of
# 64 ReLUs on each side of eight linear codes.


# %% tags=["claim-L-o"]
def with_pca(images):
    """Images as eight principal directions give them back."""
    mean, basis = x.mean(axis=0), principal_components(x, 8)
    return mean + (images - mean) @ basis @ basis.T


def coder_of(kind, rng):
    if kind == "sigmoid":
        return autoencoder(64, 8, rng, activation="sigmoid", dtype=np.float32)
    ways = [Dense(64, 64), Activation("relu"), Dense(64, 8)]
    ways += [Dense(8, 64), Activation("relu"), Dense(64, 64)]
    return Network(ways, rng, loss=mean_squared_error, dtype=np.float32)


kept = {}


def reconstruct(seed, kind, rate):
    """Train one autoencoder: its error, as a multiple of PCA's."""
    rng = np.random.default_rng(seed)
    network = coder_of(kind, rng)
    options = {"epochs": 40, "batch_size": 64, "rng": rng, "progress": False}
    train(network, x, x, Adam(schedules.cosine_decay(rate, 40 * 23)), **options)
    kept[kind, rate] = network
    errors = [np.mean((decoded - x) ** 2) for decoded in (network.forward(x), with_pca(x))]
    return {"ratio": float(errors[0] / errors[1])}


tables = [
    sweep(reconstruct, {"kind": [kind], "rate": rates}, seeds=range(2), progress=False)
    for kind, rates in (("sigmoid", [0.003, 0.01, 0.03]), ("deep", [0.01]))
]
one_layer, deep = (table["ratio"] for table in tables)
assert one_layer.min() > 1
assert one_layer.min() < 1.2
assert deep.max() < 0.9

claim(
    "L-o",
    "holds if",
    "An autoencoder's code of reduced dimension is much like principal components.",
    f"with one sigmoid layer and a linear decoder, none of {len(one_layer)} runs has a smaller "
    "error than eight principal components; the best is within 20%. A deep autoencoder with the same eight "
    "numbers for a code goes more than 10% below.",
    condition="the decoder is linear, also where the encoder is not; it may be worse, and never better",
)

# %% tags=["hide-input"]
some = np.array([x_test[y_test == number][0] for number in range(10)])
back = {"digit": some, "PCA": with_pca(some), "sigmoid": kept["sigmoid", 0.01].forward(some)}
back["deep"] = kept["deep", 0.01].forward(some)
with style.context():
    fig, ax = plt.subplots(figsize=(7, 2.9), layout="constrained")
    mosaic(ax, back, cmap="gray_r", vmin=0, vmax=1)
    ax.set_title("Test digits, and what is given back of them from eight numbers")
    plt.show()

# %% [markdown]
# For the sigmoid layer this is a theorem (Bourlard and Kamp 1988). Whatever the encoder does, a
# linear decoder of eight codes returns points of an eight-dimensional flat, and PCA has the best flat. To
# beat it the *decoder* must bend, as in the last row.
#
# ## The stack
#
# Now the layers of the network can learn, one by one:
#
# 1. train an autoencoder 64–32–64 on the digits; its encoder becomes layer 1;
# 2. send the digits through layer 1, train an autoencoder 32–32–32 on the codes; its encoder becomes
#    layer 2;
# 3. and so on to the last hidden layer. The decoders are thrown away, the output layer stays as it was
#    drawn;
# 4. train the whole network with the labels, from there. This is called *fine-tuning*.
#
# Hinton, Osindero and Teh began this in 2006 with another kind of layer, restricted Boltzmann machines;
# Bengio et al. (2007) did it with autoencoders, as here. It is *greedy*: each layer does the best for
# itself, and none asks what the next one needs. Note also that from layer 2 on the code is as large as
# its input. Nothing is compressed there.

# %% exercise="greedy-stack"

# %% [markdown]
# The package's version takes the layers of a network and leaves them in it, trained:

# %%
show_source(pretrain)

# %% exercise="price-of-pre-training"

# %% [markdown]
# That is the price, and a fair comparison pays it on both sides. Three ways to train one, three and
# five layers:
#
# - *as drawn*: $N(0, 0.1^2)$, no pre-training, but as many epochs more as the pre-training would have
#   cost, in products;
# - *pre-trained*: the same start, $n$ epochs for each autoencoder, $n$ epochs of training;
# - *Glorot × 4*: Glorot's rule times 4 for the sigmoid's slope of ¼ (notebook 10), $n$ epochs of
#   training, and nothing instead of the pre-training.
#
# $n$ is 8 for one and three layers, which is enough for them, and 15 for five. Adam everywhere, with a
# rate that falls along a cosine in the training proper; each way at its own best of three rates (two
# where none trains), judged by the training loss of the last epoch. Two seeds for each, and three for
# the five layers that train.


# %%
budget = {1: 8, 2: 15, 3: 8, 5: 15}  # epochs by depth, for each autoencoder and for the training


def price(depth):
    """Epochs of training that cost as much as the pre-training."""
    encoders = 64 * 32 + (depth - 1) * 32 * 32
    return math.ceil(budget[depth] * 2 * encoders / (encoders + 32 * 10))


@cache
def start(way, depth, seed):
    """A network before it is trained."""
    if way in ("shuffled", "shrunk"):  # these two come later
        return changed(way, depth, seed)
    rng = np.random.default_rng(seed)
    rule = glorot_normal.scaled(4.0) if way == "Glorot × 4" else normal(0.1)
    network = mlp([64, *[32] * depth, 10], rng, "sigmoid", rule, dtype=np.float32)
    if way == "pre-trained":
        options = {"epochs": budget[depth], "batch_size": 32, "rng": rng, "progress": False}
        pretrain(network, x, Adam(0.01), **options)
    return network


def finish(seed, way, depth, rate):
    """Train it: the loss of the last epoch, and the accuracy on the test digits."""
    network, rng = copy.deepcopy(start(way, depth, seed)), np.random.default_rng(seed)
    epochs = budget[depth] + (price(depth) if way == "as drawn" else 0)
    method = Adam(schedules.cosine_decay(rate, epochs * 45))  # 45 steps an epoch
    options = {"epochs": epochs, "batch_size": 32, "rng": rng, "progress": False}
    loss = train(network, x, y, method, **options).loss[-45:].mean()
    return {"loss": float(loss), "accuracy": network.evaluate(x_test, y_test)[1]}


def raced(way, depth, rates, seeds=3):
    """All runs of one way, and those at its best rate."""
    grid = {"way": [way], "depth": [depth], "rate": rates}
    table = sweep(finish, grid, seeds=range(seeds), progress=False)
    winner = best(table, by="loss")
    return table, winner, table[table["rate"] == winner.point["rate"]]


# %% tags=["claim-L-h"]
order = ["as drawn", "pre-trained", "Glorot × 4"]
one, three, five = [0.02, 0.08, 0.3], [0.01, 0.04, 0.12], [0.006, 0.02, 0.06]
at_best = {}
for depth, rates in ((1, one), (3, three), (5, five)):
    for way in order:
        if (way, depth) == ("as drawn", 5):
            table, _, at_best[way, depth] = raced(way, depth, [0.006, 0.03], seeds=2)
            assert (table["accuracy"] < 0.15).all()  # at both rates
            continue
        some_rates = five if (way, depth) == ("as drawn", 3) else rates
        _, winner, at_best[way, depth] = raced(way, depth, some_rates, seeds=3 if depth == 5 else 2)
        assert winner.is_interior
accuracy = {key: runs["accuracy"] for key, runs in at_best.items()}
assert all(accuracy[way, depth].min() > 0.92 for way in order for depth in (1, 3))
assert accuracy["pre-trained", 5].min() > 0.88
assert accuracy["Glorot × 4", 5].min() > 0.94

claim(
    "L-h",
    "holds if",
    "Layer-wise pre-training makes deep networks trainable.",
    "with one and with three sigmoid layers all three ways come above 92% in every run. Five layers "
    f"from N(0, 0.1²) stay at guessing (below 15%) at both rates tried, with {15 + price(5)} epochs; "
    "pre-trained, they come above 88% in every run with 15. Glorot × 4 comes above 94% in every run, in "
    "the same 15 epochs and without the pre-training.",
    condition="the network is so deep, and its weights so small, that nothing gets through as they "
    "are drawn; weights of the right size do as well, for a third of the cost",
    paper="Bengio et al. 2007",
    reported="On MNIST a deep network errs less with autoencoder pre-training than without.",
)

# %% tags=["hide-input"]
looks = {"as drawn": style.DOWN, "pre-trained": "#0072B2", "Glorot × 4": style.UP}
marks = {"as drawn": "v", "pre-trained": "o", "Glorot × 4": "^"}
with style.context():
    fig, panels = plt.subplots(1, 3, figsize=(7, 2.2), layout="constrained", sharey=True)
    for ax, depth in zip(panels, (1, 3, 5), strict=True):
        ax.axvline(0.1, color=style.MUTED, lw=0.8, ls=":")
        for height, way in enumerate(reversed(order)):
            runs, own = accuracy[way, depth], {"color": looks[way], "marker": marks[way]}
            ax.plot(runs, np.full(len(runs), height), ms=7, ls="none", alpha=0.8, **own)
        ax.set(xlim=(0, 1.05), ylim=(-0.5, 2.5), xlabel="test accuracy")
        ax.set(yticks=range(3), yticklabels=reversed(order))
        ax.set_title(f"{depth} sigmoid layer{'s' if depth > 1 else ''}")
    style.label(panels[0], "guessing", (0.1, 0.5), (4, 0), color=style.MUTED)
    plt.show()

# %% [markdown]
# So the rescue is real. It is also narrow. One and three layers need no rescue if they get the same work,
# and with five a better start does, in a third of the work. (Pre-training may be given longer; here
# the cost was fixed.) This is how the method ended. Glorot and Bengio looked in 2010 for the reason
# why deep networks fail from the usual small weights, found the scale, and proposed their rule. A year
# later came deep networks of ReLUs that did without pre-training (Glorot, Bordes and Bengio 2011).
#
# Look for that scale by hand. The picture below is our network at its start. Glorot's rule without the 4
# draws the weights between two layers of 32 units with a std of 0.18. **Guess first:** how much of the
# differences between digits that layer 1 has arrives at layer 5 then? Set it, and read the lines below the
# picture. Which std brings a tenth? At the right end of the slider still more arrives.
# What is the price?

# %%
Depth(initialization="normal", std=0.1, activation="sigmoid", depth=5, width=32, standardize=False)

# %% [markdown]
# ## What did it learn?
#
# The lecture offers a reason, with a "perhaps", why the weights of an autoencoder are better than
# random ones: they have discovered some structure of the input. The race above does not show
# that. The weights have also *grown*. Is it the structure that helps, or the size? A control experiment
# can take the two apart.

# %% exercise="shuffled-weights"

# %% [markdown]
# Two more starts, made of the pre-trained one:
#
# - *shuffled*: the entries of each weight matrix, and of each bias, in random order. Same numbers, so
#   the same size, but no structure;
# - *shrunk*: the weights and biases of each layer times one number, so that the std of the weights is
#   that of the draw again. All structure, but the old size.


# %%
def changed(way, depth, seed):
    """The pre-trained network without its structure, or without its size."""
    network, rng = copy.deepcopy(start("pre-trained", depth, seed)), np.random.default_rng(seed)
    before = start("as drawn", depth, seed)
    for layer, small in zip(network.layers[:-1:2], before.layers[:-1:2], strict=True):
        if way == "shuffled":
            layer.weights = rng.permutation(layer.weights.ravel()).reshape(layer.weights.shape)
            layer.bias = rng.permutation(layer.bias)
        else:
            back = small.weights.std() / layer.weights.std()
            layer.weights, layer.bias = layer.weights * back, layer.bias * back
    return network


# %% tags=["claim-L-p"]
_, winner, at_best["shuffled", 5] = raced("shuffled", 5, [0.003, 0.01, 0.03])
assert winner.is_interior
shrunk, _, at_best["shrunk", 5] = raced("shrunk", 5, [0.006, 0.03])
assert (shrunk["accuracy"] < 0.15).all()  # at both rates
learned, mixed = (at_best[way, 5]["accuracy"].to_numpy() for way in ("pre-trained", "shuffled"))
assert (mixed > 0.2).all()
assert (learned > mixed).all()
assert learned.mean() > mixed.mean() + 0.1
assert mixed.mean() - 0.1 > (learned.mean() - 0.1) / 2
ways = ["as drawn", "shrunk", "shuffled", "pre-trained", "Glorot × 4"]
rows = [
    (way, layer, value)
    for way in ways
    for seed in range(3)
    for layer, value in enumerate(signal(start(way, 5, seed)), start=1)
]
arriving = pd.DataFrame(rows, columns=["way", "layer", "std"])
at_the_end = arriving[arriving["layer"] == 5].groupby("way")["std"]
low, high = at_the_end.min(), at_the_end.max()
nothing = at_the_end.mean()["as drawn"]
assert 5 * nothing < low["shrunk"] < high["shrunk"] < 15 * nothing
assert 50 * nothing < low["shuffled"] < high["shuffled"] < 200 * nothing
assert low["pre-trained"] > 800 * nothing
middle = arriving.groupby(["way", "layer"])["std"].mean()
alike = (middle["pre-trained"] / middle["Glorot × 4"] - 1).abs().max()
assert at_best["Glorot × 4", 5]["loss"].max() < at_best["pre-trained", 5]["loss"].min()
assert alike < 0.2
sizes = {
    way: [layer.weights.std() for seed in range(3) for layer in start(way, 5, seed).layers[:-1:2]]
    for way in ("pre-trained", "Glorot × 4")
}
assert min(sizes["pre-trained"]) > 0.15
assert max(sizes["pre-trained"]) < 0.5
assert min(sizes["Glorot × 4"]) > 0.55

claim(
    "L-p",
    "too strong",
    "Pre-trained weights are better than random ones because they have discovered structure.",
    "before training, structure at the old size lets 5 to 15 times as much of what differs between "
    "digits through five layers as the draw does, size without structure 50 to 200 times, both more "
    "than 800 times. After 15 epochs structure alone is at guessing, at both rates tried; size alone is "
    "above 20% in every run and in the mean more than half of the way to both, which lead with each "
    "seed, in the mean by more than 10 points. Glorot × 4, larger and without structure, lets as much "
    "through as both (within 20% in every layer), and trains to a lower loss in every run.",
    condition="structure helps only at a size that lets it through, and what it adds there, larger "
    "random weights add as well",
    paper="Erhan et al. 2010, Table 1",
    reported="Pre-trained weights do better than weights of the same sizes without their "
    "structure.",
)

# %% tags=["hide-input"]
looks |= {"shuffled": "#D55E00", "shrunk": style.MUTED}
marks |= {"shuffled": "D", "shrunk": "s"}
with style.context():
    fig, panels = plt.subplots(1, 2, figsize=(7, 3.2), layout="constrained", width_ratios=(1, 0.9))
    for way in ways:
        own = {"color": looks[way], "marker": marks[way], "ms": 6, "errorbar": ("pi", 100)}
        one = arriving[arriving["way"] == way]
        sns.lineplot(one, x="layer", y="std", ax=panels[0], legend=False, **own)
    panels[0].set(yscale="log", xticks=range(1, 6))
    panels[0].set(xlabel="hidden layer", ylabel="std over the digits")
    panels[0].set_title("What arrives, before training")
    for height, way in enumerate(reversed(ways)):
        runs = at_best[way, 5]["accuracy"]
        own = {"color": looks[way], "marker": marks[way]}
        panels[1].plot(runs, np.full(len(runs), height), ms=7, ls="none", **own)
        place = (0.98, height + 0.26) if runs.mean() > 0.5 else (0.16, height)
        side = {"ha": "right", "va": "bottom"} if runs.mean() > 0.5 else {"va": "center"}
        panels[1].text(*place, way, color=looks[way], fontsize=style.SMALL, weight="bold", **side)
    panels[1].set(xlim=(0, 1.03), ylim=(-0.5, 4.8), yticks=[], xlabel="accuracy on the test digits")
    panels[1].set_title("What becomes of it, by seed")
    plt.show()

# %% [markdown]
# Both panels put the five starts in nearly the same order. The further the differences between the
# digits reach, the better the network trains. Size does most of that. The structure adds to it: with
# weights of a std below 0.5 in each layer the pre-trained network lets through what takes Glorot × 4 a
# std above 0.55. An autoencoder cannot give back what it does not let through, so each one arranges its
# weights along the directions in which its input varies, and makes them as large as that takes. That
# is a way to find the right scale from data. Since 2010 the scale comes from a formula.
#
# Erhan et al. (2010, Table 1) made a control like this one, with another outcome. On MNIST, with one
# and two layers, weights drawn from the histograms of the pre-trained ones did little or nothing for
# the test error, and pre-training did. But their networks trained well from the usual start; there was
# no scale to rescue, and what remained was the advantage on new digits. That is the next question.
#
# ## Few labels
#
# One use is left, the one for which the lecture compares it to transfer learning: weights from one
# task start another. Pre-training looks at no label. Where there are many digits and few labels, it can
# learn from all of them, and training alone cannot. Take 1, 5 or 20 labels for each of the ten digits
# and two sigmoid layers. The pre-training sees all 1,438 digits, then each start gets 150 steps with
# the labelled ones. Five draws of labels, the same for all ways, each way at its own best rate by the
# mean test loss. And the control of the last section once more: the pre-trained weights, shuffled.


# %% tags=["claim-L-q"]
def few_labels(seed, way, count, rate):
    """Train on ``count`` labelled digits of each class, for 150 steps."""
    draw = np.random.default_rng(seed)
    chosen = [draw.permutation(np.flatnonzero(y == label))[:count] for label in range(10)]
    chosen = np.concatenate(chosen)
    network, batch = copy.deepcopy(start(way, 2, seed)), min(len(chosen), 50)
    epochs = 150 * batch // len(chosen)
    options = {"epochs": epochs, "batch_size": batch, "rng": draw, "progress": False}
    train(network, x[chosen], y[chosen], Adam(schedules.cosine_decay(rate, 150)), **options)
    loss, right = network.evaluate(x_test, y_test)
    return {"loss": loss, "accuracy": right}


rivals = ["Glorot × 4", "shuffled", "pre-trained"]
few = []
for way in rivals:
    up = 1.5 if way == "Glorot × 4" else 1.0  # its best rates are higher
    for count, rate in ((1, 0.006), (5, 0.012), (20, 0.03)):
        rates = [up * rate / 3, up * rate, up * rate * 3]
        grid = {"way": [way], "count": [count], "rate": rates}
        table = sweep(few_labels, grid, seeds=range(5), progress=False)
        winner = best(table, by="loss", statistic="mean")
        assert winner.is_interior
        few.append(table[table["rate"] == winner.point["rate"]])
few = pd.concat(few)
loss = few.pivot(index=["count", "seed"], columns="way", values="loss")
points = 100 * few.pivot(index=["count", "seed"], columns="way", values="accuracy")
wins = (loss["pre-trained"] < loss["Glorot × 4"]).groupby("count").sum()
gained = (points["pre-trained"] - points["Glorot × 4"]).groupby("count").mean()
mean = loss.groupby("count").mean()
stays = (mean["Glorot × 4"] - mean["shuffled"]) / (mean["Glorot × 4"] - mean["pre-trained"])
assert (wins >= 4).all()
assert gained[1] > 3
assert 0.5 < gained[20] < 3
assert gained[5] > 1
assert (mean["pre-trained"] < mean["shuffled"]).all()
assert stays[1] > 0.5

claim(
    "L-q",
    "holds",
    "Unsupervised pre-training helps where labels are few.",
    "with one label a class it adds more than 3 points to the accuracy of Glorot × 4, with 5 more than "
    "1, with 20 between half a point and 3, in the mean over five draws. The test loss is lower in at "
    "least four of the five each time. Shuffled, the pre-trained weights keep more than half of the gain "
    "in loss with one label; unshuffled they are better each time.",
)

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
    ax.axhline(0, color=looks["Glorot × 4"], ls="--", lw=1.2)
    more = points[rivals[1:]].sub(points["Glorot × 4"], axis=0).melt(ignore_index=False)
    more = more.reset_index().astype({"count": str})
    own = {"x": "count", "y": "value", "hue": "way", "hue_order": rivals[1:], "palette": looks}
    own |= {"markers": [marks[way] for way in rivals[1:]], "linestyle": "none", "dodge": 0.3}
    sns.pointplot(more, errorbar=("pi", 100), ax=ax, legend=False, **own)
    for way, side, ha in (("shuffled", -0.22, "right"), ("pre-trained", 0.22, "left")):
        ax.text(side, 8, way, color=looks[way], ha=ha, fontsize=style.SMALL, weight="bold")
    style.label(ax, "Glorot × 4", (0.5, 0), (0, -3), strong=looks["Glorot × 4"])
    ax.set(xlabel="labels for each of the ten digits", ylabel="points above Glorot × 4")
    ax.set_xlim(-0.7, 2.5)
    ax.set_title("Accuracy with few labels against Glorot × 4: mean and range of five draws")
    plt.show()

# %% [markdown]
# The gain is largest where there is least to learn from, and fades as labels come in. With one label
# most of it is, once more, not knowledge of digits: weights of that size in random places have it too.
#
# This use has survived. The large models of language and images are pre-trained on data without labels,
# for the same reason: there is far more of it. What has not survived is the layer-wise part. They are
# trained whole, with other tasks than giving back the input, from weights drawn at the right scale.
#
# ## What to take away
#
# | | |
# |---|---|
# | autoencoder | $z = f(xW + b)$, $\hat x = zV + c$, trained to return $x$; no labels |
# | linear | error, decoder and codes become those of PCA; the encoder only if tied, or where data vary |
# | one sigmoid layer, linear decoder | never below PCA's error; a deep autoencoder is |
# | layer-wise | five sigmoid layers from $N(0, 0.1^2)$: guessing without it, trained with it |
# | price | with five layers 1.9 epochs of training for each epoch of pre-training |
# | why it works | weights of the right size first, arranged along the data second |
# | today | the size is drawn (notebook 10); pre-training is for data without labels |
#
# **What the lecture says, and what was measured.** That a linear autoencoder is similar to PCA holds for
# its decoder or with tied weights (L-g), and with a linear decoder a sigmoid layer is no better than
# PCA (L-o). That layer-wise pre-training makes deep networks trainable holds where the weights as drawn
# let nothing through (L-h). That its weights are better because they know structure is too strong: most
# of it is their size (L-p). That pre-training helps with few labels, which is not in the lecture, holds
# (L-q).
# The lecture's one formula, $\langle X, y\rangle = \langle X, X\rangle$, is printed correctly.

# %% [markdown]
# ### The same elsewhere
#
# ```python
# # PyTorch
# encoder = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.Sigmoid())
# decoder = torch.nn.Linear(32, 64)
# loss = torch.nn.functional.mse_loss(decoder(encoder(x)), x)
# tied = torch.nn.functional.linear(encoder(x), encoder[0].weight.T, bias)
#
# # Keras
# model = keras.Sequential([keras.layers.Dense(32, "sigmoid"), keras.layers.Dense(64)])
# model.compile(optimizer="adam", loss="mse")
# model.fit(x, x)
# ```
#
# PyTorch keeps the weights of a linear layer as (out, in), the transpose of $W$ here and in Keras. Both
# take the mean of the squared error over examples *and* features, as `mean_squared_error` does
# here; a sum over the features, which some texts use, needs a 64 times smaller rate with plain descent.

# %% [markdown]
# ### Sources
#
# - The lecture *Impediments to learning*, section "Layer-wise pre-training".
# - H. Bourlard, Y. Kamp (1988), "Auto-association by multilayer perceptrons and singular value
#   decomposition": why one nonlinear layer does not beat PCA.
# - P. Baldi, K. Hornik (1989), "Neural networks and principal component analysis: learning from examples
#   without local minima".
# - G. Hinton, S. Osindero, Y.-W. Teh (2006), "A fast learning algorithm for deep belief nets": the
#   beginning, with restricted Boltzmann machines instead of autoencoders.
# - Y. Bengio, P. Lamblin, D. Popovici, H. Larochelle (2007), "Greedy layer-wise training of deep
#   networks": with autoencoders, as here.
# - D. Erhan, Y. Bengio, A. Courville, P.-A. Manzagol, P. Vincent, S. Bengio (2010), "Why does
#   unsupervised pre-training help deep learning?": its explanation is a regularizer.
# - X. Glorot, Y. Bengio (2010), "Understanding the difficulty of training deep feedforward neural
#   networks": the scale of the start.
# - X. Glorot, A. Bordes, Y. Bengio (2011), "Deep sparse rectifier neural networks".
# - A. Saxe, J. McClelland, S. Ganguli (2014), "Exact solutions to the nonlinear dynamics of learning in
#   deep linear neural networks": the pace of each direction.
# - The digits: E. Alpaydin, C. Kaynak (1998), "Optical recognition of handwritten digits", UCI.
