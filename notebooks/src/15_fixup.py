# %% [markdown]
# # 15 · Fixup and the capstone
#
# *The end of the lecture · about 75 minutes with the exercises, 25 without*
#
# Notebook 13 put a layer into the network that mends the signal at every step. The lecture ends with
# a start so good that the layer can go. Afterwards you can
#
# - say why a residual network explodes although each of its layers keeps the size of its input,
# - start one of 512 blocks so that it learns without any normalization, and say what each rule of that
#   start is good for,
# - build a network of thirty layers that learns the digits in three hundred steps.
#
# You need the initializers of notebook 10, batch normalization (notebook 13), vanishing gradients
# (notebook 14), and momentum (notebook 03). The book has no figures on this.

# %%
# %config InlineBackend.figure_formats = ["retina"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from coursekit import Activation, BatchNorm, Dense, Momentum, Network, Residual
from coursekit import best, check, claim, exercise, show_source, sweep, train
from coursekit.datasets import digits
from coursekit.figures import style
from coursekit.fixup import fixup, fixup_scale, residual_mlp
from coursekit.sequential import Layer
from coursekit.widgets import Depth

# %% [markdown]
# ## A way past each block
#
# A *residual block* adds what its layers compute to what it was given. With $x_l$ for the input of block
# $l$ and $F_l$ for its *branch*,
#
# $$ x_{l+1} = f\bigl(x_l + F_l(x_l)\bigr), \qquad F_l(x) = W_l^{(2)} f\bigl(W_l^{(1)} x\bigr) $$
#
# with $f$ the ReLU. The sum leaves a way through the whole network on which nothing is multiplied by
# weights (He et al. 2015a). In the package a block is a row of layers with one addition, on the way
# forward and on the way back:

# %%
show_source(Residual._forward, Residual._backward)

# %% [markdown]
# He's rule gives each of the two layers weights that keep the mean square of the signal (notebook 10).
# The lecture says it so: a good start ensures a good distribution of the outputs of a layer, given one
# of its inputs. So should the network be in order? Count. Behind $W^{(1)}$ and its ReLU the signal has the
# mean square of $x$. $W^{(2)}$ doubles it, because He's rule counts on a ReLU that would take away one
# half, and here none comes before the sum. The branch is random, so it is uncorrelated with
# $x$, and the mean squares add: three times that of $x$, a factor of $\sqrt3$ in size. The ReLU behind
# the sum takes some of it away, but at most half of the mean square: $x$ is not negative, the branch
# is as likely to be $F$ as $-F$, and the larger of $\lvert x+F\rvert$ and $\lvert x-F\rvert$ gets
# through. So a block multiplies the size by between $\sqrt{1.5} = 1.22$ and $\sqrt3 = 1.73$, and $L$
# blocks raise that to the power of $L$.
#
# A usual repair is to divide each sum by $\sqrt2$, as one would for two equal uncorrelated terms. Here is
# a layer for that, and a function that builds all the networks of this notebook: 64 pixels, some
# units, ten classes, no biases in the branches unless Fixup brings its own.


# %%
class Shrink(Layer):
    """y = x/√2."""

    def _forward(self, x, training):
        return x * x.dtype.type(np.sqrt(0.5))

    def _backward(self, gradient):
        return gradient * gradient.dtype.type(np.sqrt(0.5))


def deep(kind, blocks, rng, width=16, dtype=np.float32):
    """A residual network for the digits; ``kind``: how its blocks are built and started."""
    if kind == "Fixup":
        return residual_mlp(64, width, blocks, 10, rng, dtype=dtype)
    layers = [Dense(64, width), Activation("relu")]
    for _ in range(blocks):
        branch = [Dense(width, width, bias=False), Activation("relu")]
        branch += [Dense(width, width, bias=False)]
        if kind.startswith("BatchNorm"):
            branch = [branch[0], BatchNorm(width), branch[1], branch[2], BatchNorm(width)]
        layers += [Residual(branch), *([Shrink()] if kind == "√½" else []), Activation("relu")]
    network = Network([*layers, Dense(width, 10)], rng, dtype=dtype)
    if kind == "no scalars":
        fixup(network, rng)
    if kind == "BatchNorm, γ = 0":
        for block in blocks_of(network):
            block.layers[-1].gamma[...] = 0
    return network


def blocks_of(network):
    return [layer for layer in network.layers if isinstance(layer, Residual)]


x, y, x_test, y_test = digits(dtype=np.float32)
mean = x.mean(axis=0)
x, x_test = x - mean, x_test - mean

# %% [markdown]
# Now 100 digits through 64 blocks of 50 units, as they are drawn. Two numbers are measured after each
# block: the size of the signal, and the share of it that *differs between digits*. The second one is what
# the classifier lives on.


# %%
def after_each_block(kind, seed, blocks=64):
    """The size of the signal by block, and the share of it that differs between digits."""
    network, z, rows = deep(kind, blocks, np.random.default_rng(seed), width=50), x[:100], []
    for layer, following in zip(network.layers, network.layers[1:], strict=False):
        z = layer.forward(z)
        if isinstance(layer, Activation) and isinstance(following, Residual | Dense):
            size = np.sqrt(np.mean(z**2, dtype=float))
            rows.append((size, np.sqrt(z.var(axis=0, dtype=float).mean()) / size))
    size, share = np.array(rows[: blocks + 1]).T
    return size / size[0], share


kinds = ("He", "√½", "no scalars")
start = {kind: [after_each_block(kind, seed) for seed in range(3)] for kind in kinds}

# %% tags=["hide-input"]
looks = {
    "He": (style.DOWN, "--"),
    "√½": (style.MUTED, (0, (1, 1.2))),
    "no scalars": ("#7B3FCF", "-"),
}
with style.context():
    fig, (left, right) = plt.subplots(1, 2, figsize=(7, 2.9), layout="constrained")
    number = np.arange(65)
    left.fill_between(number, 1.5 ** (number / 2), 3 ** (number / 2), color=style.GRID, lw=0)
    for kind, runs in start.items():
        color, line = looks[kind]
        for size, share in runs:
            left.semilogy(number, size, color=color, ls=line, lw=1.2)
            right.plot(number, share, color=color, ls=line, lw=1.2)
    style.label(left, "He", (51, 1e7), (0, 0), strong=style.DOWN)
    left.text(36, 1e12, "by count:\n√1.5 to √3 a block", ha="right", fontsize=8, color=style.MUTED)
    style.label(left, "divided by √2", (52, 300), (0, 3), strong=style.MUTED)
    style.label(left, "Fixup", (52, 1), (0, -4), strong="#7B3FCF")
    style.label(right, "Fixup", (40, 0.82), (0, 5), strong="#7B3FCF")
    style.label(right, "He, and divided by √2", (36, 0.3), (0, 6), strong=style.DOWN)
    left.set(xlabel="block", title="Size of the signal, first layer = 1", ylim=(1e-3, 1e16))
    right.set(xlabel="block", title="Share that differs between digits", ylim=(0, 1))
    plt.show()

# %% tags=["claim-L-s"]
growth = np.array([size[-1] ** (1 / 64) for size, _ in start["He"]])
divided = np.array([size[-1] for size, _ in start["√½"]])
share = {kind: np.array([run[1] for run in runs]) for kind, runs in start.items()}
ends = share["He"][:, [0, -1]]
assert ((growth > 1.45) & (growth < np.sqrt(3))).all()
assert ((divided > 30) & (divided < 1000)).all()
assert (ends[:, 0] > 0.8).all()
assert (ends[:, 1] < 0.4).all()
assert np.allclose(share["He"], share["√½"], rtol=1e-3)
assert np.allclose(share["no scalars"], share["no scalars"][:, :1])

claim(
    "L-s",
    "too strong",
    "Where the start of each layer keeps a good spread of its inputs, the whole network has one.",
    f"with He's rule in all layers a block multiplies the signal by {growth.min():.1f} to "
    f"{growth.max():.1f}, which makes 10¹¹ times and more after 64 blocks. The share that differs between "
    "digits falls from above 80% to below 40%. Dividing each sum by √2 leaves a factor of "
    f"{growth.min() / np.sqrt(2):.1f} a block, and the same shares to the third digit.",
    condition="true of layers in a row; where a branch is added to its input, the mean squares add, "
    "and the size is not all that has to pass",
)

# %% [markdown]
# The division by $\sqrt2$ slows the growth down and changes nothing else. It cannot:
# without biases, ReLU layers only pass a factor on, so the two networks compute the same function at
# two scales, and the curves on the right are the same to the line. The input has a smaller
# part in every sum, the rest comes out of random layers with a ReLU, and the digits look more and
# more alike. The shortcut is there, but less and less of the input is left on it.
#
# ## Fixup
#
# Zhang et al. (2019) take the shortcut at its word: at the start, each block should *be* the identity.
# Three rules:
#
# 1. The last layer of each branch starts at 0, and so does the classifier.
# 2. The other layers of the branches start by He's rule, multiplied by $L^{-1/(2m-2)}$, with $L$ blocks
#    of $m$ weight layers each.
# 3. Each branch gets a scalar multiplier, and a scalar bias before each of its layers and activations.
#
# With rule 1, every $F_l$ is 0, the signal passes the network unchanged (the flat lines above), and no
# digit is lost. Rule 2 looks arbitrary until you take one step of descent. Take $m=2$ and write $s$ for
# the scale of the first layer. With $W^{(2)} = 0$ the gradient stops at that layer: it is
# $\delta\,z^\top$, with $z = f(W^{(1)}x)$ of size $s\,|x|$ and $\delta$ what comes back. After the step,
#
# $$ F(x) = W^{(2)}z = -\eta\,\delta\,(z^\top z) \;\propto\; \eta\,s^2 $$
#
# and $L$ of them move the output by $\eta\,L\,s^2$. To make this $\eta$, whatever the depth, $s$ has to be
# $L^{-1/2}$. With $m$ layers, $m-1$ of them carry a factor $s$, so $s^{2(m-1)} = 1/L$: that is the exponent.

# %%
show_source(fixup_scale, fixup)

# %% exercise="fixup-scale"

# %% exercise="fixup-init"

# %% [markdown]
# The aim of the rules is thus one sentence: *a step of descent shall move the outputs by $O(\eta)$,
# independent of $L$*. Before it is measured, here is a network that does not behave.

# %% exercise="fixup-scalars"

# %% [markdown]
# ### How far does one step move the outputs?
#
# The measurement: one gradient from 64 digits, a step so short that the loss changes by a millionth, and the
# change of the outputs divided by $\eta$. One thing has to be arranged. Where the classifier is 0,
# nothing comes back from it, and the first step moves the classifier alone. So here it is drawn by
# He's rule, in all networks, and we look at what the blocks do. For Fixup the step is taken twice: once
# with the weights only, once with the scalars only.


# %%
def moved(kind, blocks, seed):
    """The change of the outputs by a short step, over η: of the weights, and of the scalars."""
    rng = np.random.default_rng(seed)
    network = deep("Fixup" if kind == "rule 1" else kind, blocks, rng, dtype=np.float64)
    ends = np.random.default_rng(100 + seed)  # at every depth the same layers lead in and out
    for layer in (network.layers[0], network.layers[-1]):
        layer.weights = layer.initializer(layer.n_in, layer.n_out, ends)
    if kind == "rule 1":  # no rule 2
        for block in blocks_of(network):
            first = next(layer for layer in block.layers if isinstance(layer, Dense))
            first.weights /= fixup_scale(blocks, 2)
    before, w = network.forward(x[:64]), network.parameters.copy()
    value, gradient = network.loss_and_gradient(x[:64], y[:64])
    is_scalar = np.zeros(network.size, bool)
    for slot in network.slots():
        is_scalar[slot.place] = "Scalar" in slot.layer
    result = []
    for part in (~is_scalar, is_scalar) if is_scalar.any() else (~is_scalar,):
        rate = 1e-6 * value / np.sum(gradient[part] ** 2)
        network.parameters = w - rate * gradient * part
        result.append(np.sqrt(np.mean((network.forward(x[:64]) - before) ** 2)) / rate)
    return result


depths = np.array([2, 8, 32, 128, 512])
change = {
    kind: np.array([[moved(kind, L, seed)[0] for seed in range(3)] for L in depths[:count]])
    for kind, count in {"He": 3, "√½": 4, "rule 1": 5}.items()
}
both = np.array([[moved("Fixup", L, seed) for seed in range(3)] for L in depths])
change |= {"weights": both[..., 0], "scalars": both[..., 1]}

# %% tags=["hide-input"]
styles = {
    "He": (style.DOWN, "--", "v", "He", (5, 2e2), (-6, 4)),
    "√½": (style.MUTED, (0, (1, 1.2)), "D", "divided by √2", (32, 150), (-8, 6)),
    "rule 1": ("#D55E00", "-.", "^", "rule 1 alone: weights", (512, 12), (-2, -8)),
    "weights": ("#7B3FCF", "-", "o", "rules 1 and 2: weights", (120, 0.2), (0, -8)),
    "scalars": ("#7B3FCF", ":", "s", "rule 3: its scalars", (128, 30), (-8, 8)),
}
with style.context():
    fig, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
    for name, (color, line, marker, words, place, offset) in styles.items():
        rows = change[name]
        at = depths[: len(rows)]
        ax.fill_between(at, rows.min(axis=1), rows.max(axis=1), color=color, alpha=0.15, lw=0)
        ax.loglog(at, np.exp(np.log(rows).mean(axis=1)), ls=line, marker=marker, color=color)
        style.label(ax, words, place, offset, strong=color)
    ax.set(ylim=(0.03, 1e4), xlim=(1.7, 620), xlabel="blocks L", ylabel="change of the outputs / η")
    ax.set_xticks(depths, depths)
    ax.minorticks_off()
    ax.set_title("One step of descent: mean and range of three networks")
    plt.show()

# %% tags=["claim-L-u"]
middle = {name: np.exp(np.log(rows).mean(axis=1)) for name, rows in change.items()}
power = {
    name: np.polyfit(np.log(depths[1:]), np.log(middle[name][1:]), 1)[0]
    for name in ("rule 1", "weights", "scalars")
}
low, high = middle["weights"].min(), middle["weights"].max()
assert 0.2 < low < high < 0.25
assert abs(power["weights"]) < 0.05
assert 0.85 < power["rule 1"] < 1.1
assert 0.85 < power["scalars"] < 1.1
assert middle["√½"][3] > 1e4 * middle["√½"][0]
assert middle["He"][2] > 1e6 * middle["He"][0]

claim(
    "L-u",
    "holds if",
    "With Fixup one step of descent moves the outputs by O(η), whatever the depth (Zhang et al.).",
    f"the change by the weights is {low:.2f} η to {high:.2f} η at all depths from 2 to 512 blocks. "
    f"Without rule 2 it grows like L^{power['rule 1']:.1f}, and so does the change by the scalars of "
    "rule 3. With He's rule it grows more than a million times from 2 to 32 blocks, and with sums "
    "divided by √2 more than ten thousand times from 2 to 128.",
    condition="it is a step of the weights; the scalars take steps that grow with the depth",
)

# %% [markdown]
# So that is what held the network of the exercise back. Rule 2 makes all *weights* of the branches smaller,
# the deeper the network. A scalar bias has nothing of the kind: it is added to all units of the
# signal, there are four in each block, and each is moved by the sum of everything that comes back. Zhang et
# al. train theirs with a tenth of the rate for the scalars. The measurement says more precisely what
# they need: the rate divided by $L$. In SGD and momentum a rate for some parameters is the same thing
# as a factor on their gradients, so a few lines do it:


# %%
class SlowScalars:
    """SGD or momentum in which the scalars of a Fixup network have a share of the rate."""

    def __init__(self, optimizer, network, share):
        self.optimizer = optimizer
        self.init, self.lookahead = optimizer.init, optimizer.lookahead
        self.shares = np.ones_like(network.parameters)
        for slot in network.slots():
            if "Scalar" in slot.layer:
                self.shares[slot.place] = share

    def update(self, w, gradient, state):
        return self.optimizer.update(w, self.shares * gradient, state)


# %% [markdown]
# ## From 2 to 512 blocks
#
# The experiment of this notebook. Residual networks of 16 units, momentum 0.9, and a budget of only 30
# steps of 64 digits: a network that is in order learns a good deal in that time. Each kind runs at
# several rates and is shown at its best one. A run whose test loss ends above that of guessing,
# $\ln 10$, or is not finite, counts as guessing. For Fixup with slow scalars there is an exception, and it is the
# harder test: its rate is chosen at 2, 8 and 32 blocks, and *the same rate* is used for 128 and 512.


# %%
def learned(seed, kind, blocks, rate, steps=30, start=deep, slow=True):
    """Train for a few steps of momentum; loss and accuracy on the test digits."""
    network, rng = start(kind, blocks, np.random.default_rng(seed)), np.random.default_rng(seed)
    optimizer = Momentum(rate)
    if kind == "Fixup" and slow:
        optimizer = SlowScalars(optimizer, network, 1 / blocks)
    rows = np.concatenate([rng.permutation(len(x)) for _ in range(steps * 64 // len(x) + 1)])
    rows = rows[: steps * 64]
    options = {"epochs": 1, "batch_size": 64, "rng": rng, "progress": False}
    history = train(network, x[rows], y[rows], optimizer, **options)
    if history.diverged_at is None and kind.startswith("BatchNorm"):
        network.set_statistics(x)  # 30 steps are few for a running average
    loss, accuracy = network.evaluate(x_test, y_test)
    if not loss < np.log(10):  # nan too
        return {"loss": np.log(10), "accuracy": 0.1}
    return {"loss": loss, "accuracy": accuracy}


def fast_scalars(seed, kind, blocks, rate):
    return learned(seed, "Fixup", blocks, rate, slow=False)


def at_best(run, kind, blocks, rates):
    """The rows of a sweep at its best rate; where something is learned, it must be interior."""
    grid = {"kind": [kind], "blocks": [blocks], "rate": rates}
    table = sweep(run, grid, seeds=range(3), progress=False)
    winner = best(table, "loss", statistic="mean")
    assert winner.value > 1.9 or len(rates) == 1 or winner.is_interior, (kind, blocks, winner)
    return table[table["rate"] == winner.point["rate"]]


parts = [at_best(learned, "He", L, [0.003, 0.01, 0.03, 0.1, 0.3, 1.0]) for L in (2, 8, 32)]
parts += [at_best(learned, "√½", L, [0.01, 0.03, 0.1, 0.3, 1.0]) for L in (2, 8, 32)]
parts += [at_best(fast_scalars, "Fixup, one rate", L, [0.03, 0.1, 0.3, 1.0]) for L in (2, 8, 32)]
chosen = [at_best(learned, "Fixup", L, [0.1, 0.3, 1.0]) for L in (2, 8, 32)]
(same_rate,) = {rate for part in chosen for rate in part["rate"]}
chosen += [at_best(learned, "Fixup", L, [same_rate]) for L in (128, 512)]
results = pd.concat([*parts, *chosen], ignore_index=True)

# %% tags=["hide-input"]
series = {
    "Fixup": ("#7B3FCF", "-", "o", "Fixup, scalars at η/L", (128, 0.9), (0, 9)),
    "Fixup, one rate": ("#7B3FCF", ":", "s", "Fixup, scalars at η", (32, 0.74), (8, 0)),
    "√½": (style.MUTED, (0, (1, 1.2)), "D", "divided by √2", (8, 0.25), (8, 6)),
    "He": (style.DOWN, "--", "v", "He", (3.9, 0.5), (-8, -6)),
}
with style.context():
    fig, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
    ax.axhline(0.1, color=style.GRID, lw=5)
    ax.text(560, 0.125, "guessing", ha="right", fontsize=8, color=style.MUTED)
    for kind, (color, line, marker, words, place, offset) in series.items():
        rows = results[results["kind"] == kind]
        sns.lineplot(
            rows,
            x="blocks",
            y="accuracy",
            ax=ax,
            color=color,
            marker=marker,
            linestyle=line,
            errorbar=("pi", 100),
            err_kws={"lw": 0},
            markeredgewidth=0,
            markersize=6,
        )
        style.label(ax, words, place, offset, strong=color, halo=True)
    ax.set(xscale="log", ylim=(0, 1.02), xlabel="blocks L", ylabel="test accuracy")
    ax.set_xticks(depths, depths)
    ax.minorticks_off()
    ax.set_title("After 30 steps, each at its best rate: mean and range of three seeds")
    plt.show()

# %% tags=["claim-L-i"]
accuracy = results.groupby(["kind", "blocks"])["accuracy"]
lowest, highest = accuracy.min(), accuracy.max()
assert (lowest["Fixup"] > 0.8).all()
assert min(lowest["He", 2], lowest["√½", 2]) > 0.5
assert highest["He", 8] < 0.5
assert highest["He", 32] < 0.25
assert highest["√½", 8] < 0.5
assert highest["√½", 32] < 0.25
assert highest["Fixup, one rate", 32] < lowest["Fixup", 32]
layers = 2 * depths.max() + 2

claim(
    "L-i",
    "holds",
    "A good start makes normalization layers unnecessary, in very deep networks too.",
    f"with Fixup, networks of 2, 8, 32, 128 and 512 blocks ({layers} layers) all know more than 80% of "
    f"the test digits after 30 steps, every seed, at one and the same rate of {same_rate:.1f}. With "
    "He's rule 2 blocks learn, 8 stay below 50% and 32 below 25%, whether the sums are divided by √2 "
    "or not.",
    paper="Zhang et al. 2019, Figure 3",
    reported="After one epoch on CIFAR-10 Fixup keeps up with batch normalization to "
    "10,000 layers, and scaling by √½ fails beyond about 100.",
)

# %% [markdown]
# A thousand layers, at the rate of a network of six. The dotted line shows what the scalars cost when
# they go at full rate: at 32 blocks every seed is behind, and at 128 the network of the exercise did
# not learn at all at $\eta = 0.1$.
#
# ## Which rules are needed?
#
# Take them away one at a time, at 32 blocks, and give each variant its own best rate again. The first
# rule speaks of two places, so there are four things to take away.


# %% tags=["claim-L-v"]
def without(rule, blocks, rng):
    """A Fixup network in which one rule is not kept."""
    network = deep("no scalars" if rule == "rule 3" else "Fixup", blocks, rng)
    for block in blocks_of(network):
        first, last = (layer for layer in block.layers if isinstance(layer, Dense))
        if rule == "rule 1":
            last.weights = last.initializer(16, 16, rng)
        if rule == "rule 2":
            first.weights /= fixup_scale(blocks, 2)
    if rule == "zero classifier":
        network.layers[-1].weights = network.layers[-1].initializer(16, 10, rng)
    return network


def ablated(seed, kind, blocks, rate):
    def start(_, blocks, rng):
        return without(kind, blocks, rng)

    return learned(seed, "no scalars" if kind == "rule 3" else "Fixup", blocks, rate, start=start)


variants = {
    "rule 1": [0.03, 0.1, 0.3],
    "rule 2": [0.01, 0.03, 0.1],
    "rule 3": [0.1, 0.3, 1.0],
    "zero classifier": [0.1, 0.3, 1.0],
}
ablation = pd.concat([at_best(ablated, rule, 32, rates) for rule, rates in variants.items()])
full = results[(results["kind"] == "Fixup") & (results["blocks"] == 32)].assign(kind="none")
ablation = pd.concat([full, ablation], ignore_index=True)
worst, top = (ablation.groupby("kind")["accuracy"].agg(how) for how in ("min", "max"))
assert top["rule 1"] < 0.65
assert top["rule 2"] < 0.65
assert worst[["none", "rule 3", "zero classifier"]].min() > 0.8

claim(
    "L-v",
    "too strong",
    "Fixup needs its three rules.",
    "32 blocks, 30 steps, each at its best rate of three. Without zeros in the branches, or without "
    "the scale, no seed gets beyond 65% of the test digits. Without the scalars, or with a classifier "
    "drawn by He's rule, every seed is above 80%, as it is with all rules.",
    condition="to learn at depth, zeros in the branches and the scale are needed; the scalars, which Zhang et al. "
    "add to match the training of normalized networks, are not",
)

# %% tags=["hide-input"]
names = {
    "none": "all rules",
    "rule 3": "no scalars",
    "zero classifier": "classifier by He",
    "rule 2": "no scale",
    "rule 1": "no zeros in the branches",
}
with style.context():
    fig, ax = plt.subplots(figsize=(7, 2.3), layout="constrained")
    shown = ablation.assign(kind=ablation["kind"].map(names))
    palette = dict(zip(names.values(), [*["#7B3FCF"] * 3, *[style.DOWN] * 2], strict=True))
    sns.stripplot(
        shown,
        x="accuracy",
        y="kind",
        order=list(palette),
        hue="kind",
        palette=palette,
        ax=ax,
        size=8,
        jitter=False,
        alpha=0.75,
        legend=False,
    )
    ax.axvline(0.1, color=style.GRID, lw=5, zorder=0)
    ax.set(xlim=(0, 1), ylabel="", xlabel="test accuracy after 30 steps")
    ax.set_title("32 blocks, each variant at its best rate: three seeds")
    plt.show()

# %% [markdown]
# ## Beside batch normalization
#
# "No longer necessary" should also mean: no worse. So eight blocks, 60 steps, and three
# networks: Fixup; batch normalization behind each layer of the branches; and the same with one number
# changed. That one is the $\gamma$ of the last normalization in each branch, set to 0 at the start, so that here
# too each block begins as the identity (Goyal et al. 2017). Guess what it is worth.


# %% tags=["claim-L-w"]
def for_long(seed, kind, blocks, rate):
    return learned(seed, kind, blocks, rate, steps=60)


rivals = {
    "Fixup": [0.1, 0.3, 1.0],
    "BatchNorm": [0.01, 0.03, 0.1],
    "BatchNorm, γ = 0": [0.03, 0.1, 0.3],
}
race = pd.concat([at_best(for_long, kind, 8, rates) for kind, rates in rivals.items()])
loss = race.groupby("kind")["loss"].mean()
reached = race.groupby("kind")["accuracy"].min()
size = {kind: deep(kind, 8, np.random.default_rng(0)).size for kind in rivals}
assert reached[["Fixup", "BatchNorm, γ = 0"]].min() > 0.88
assert reached["BatchNorm"] > 0.65
assert loss["Fixup"] < loss["BatchNorm"]
assert loss["BatchNorm, γ = 0"] < 0.75 * loss["BatchNorm"]
extra = {kind: size[kind] - deep("He", 8, np.random.default_rng(0)).size for kind in rivals}
assert extra == {"Fixup": 8 * 5 + 1, "BatchNorm": 8 * 64, "BatchNorm, γ = 0": 8 * 64}

claim(
    "L-w",
    "holds if",
    "With a start of this kind, networks do as well without normalization.",
    "8 blocks, 60 steps, three seeds, each kind at its best rate: with Fixup every network knows more "
    "than 88% of the test digits, at a lower mean loss than with batch normalization. With γ = 0 in "
    "the last normalization of each branch that loss falls by more than a quarter, and every network "
    f"is above 88% too. A block has {extra['Fixup'] // 8} more parameters with Fixup, and "
    f"{extra['BatchNorm'] // 8} more with batch normalization.",
    condition="one looks at learning, and on small images; Zhang et al. need stronger "
    "regularization in place of what the noise of the batches did",
    paper="Zhang et al. 2019",
    reported="With Fixup residual networks reach the accuracy of normalized ones, given "
    "other regularization.",
)

# %% [markdown]
# What separates the two starts of batch normalization is rule 1 of Fixup. It is the blocks'
# being the identity at the start that counts, more than the way by which it is achieved.
#
# And the price of a step? A residual block of $n$ units on $B$ rows costs about $6Bn^2$ multiplications for
# its two layers, forward and back. Batch normalization passes over the $2Bn$ numbers many times more,
# Fixup a few times. For wide layers both are small beside $6Bn^2$; at 16 units they are not. How long
# it takes depends on the machine, so only the order is printed:

# %% tags=["nbval-ignore-output"]
import time

from threadpoolctl import threadpool_limits


def seconds(kind, width):
    """The shortest of several steps, without the update."""
    network, taken = deep(kind, 4, np.random.default_rng(0), width=width), []
    for _ in range(9):
        began = time.perf_counter()
        network.loss_and_gradient(x[:64], y[:64])
        taken.append(time.perf_counter() - began)
    return min(taken)


with threadpool_limits(limits=1):
    price = {kind: seconds(kind, 16) for kind in ("He", "Fixup", "BatchNorm")}
print(f"from the cheapest step to the dearest, 16 units: {', '.join(sorted(price, key=price.get))}")

# %% [markdown]
# Two more things follow from having no statistics of the batch: a batch of one row is a batch like any
# other, and there is no difference between training and test time (notebook 13 has both troubles).
#
# ## What decides whether a deep network trains
#
# This is the end of the course's main line. In one table, what has to be right, the number to look
# at *before* the first step, and where it was told:
#
# | what has to pass | its number at the start | what helps | told in |
# |---|---|---|---|
# | the signal, forward | size by layer, share that differs between digits | scale of the weights by fan-in; identity blocks | 10, 14, 15 |
# | the gradient, back | size by layer, first over last | slope of the activation times scale; ReLU or tanh at its gain; shortcuts | 08, 10, 14 |
# | the units | dead or saturated share | leaks, smaller steps, centred inputs | 08, 09 |
# | the inputs | mean, and spread of the eigenvalues | centring, scaling | 12 |
# | the step | change of the outputs by one step, over $\eta$ | rate below $2/\lambda$; momentum, Adam; batch normalization; Fixup | 01 to 07, 13, 15 |
#
# The last line joins the two halves of the course. A learning rate is too large or too small for
# a *curvature*, and the curvature of a deep network is made by its start.
#
# Try it on a network of the size that the capstone below asks for: 29 hidden layers of 32 tanh units and
# no shortcuts, before any training. The std is that of LeCun's rule, $1/\sqrt{32} = 0.177$, and
# less than a fifth of the signal and of the gradient arrives. **Guess first:** is there a std at which
# both arrive whole? Move it up, and watch the curve *between digits* and the gradient.

# %% tags=["nbval-ignore-output"]
row = {"activation": "tanh", "depth": 29, "width": 32, "standardize": True}
Depth(initialization="normal", std=32**-0.5, **row)

# %%
arrives = {}
for share in (1.0, 1.2, 1.5):
    plays = [
        Depth(initialization="normal", std=share * 32**-0.5, seed=seed, **row) for seed in range(5)
    ]
    signal = np.mean([play.signal_ratio() for play in plays])
    gradient = np.mean([play.gradient_ratio() for play in plays])
    arrives[share] = signal, gradient
    print(f"std {share:.1f}/√32: the signal times {signal:.1f}, the gradient times {gradient:.1f}")
assert max(arrives[1.0]) < 0.2
assert arrives[1.2][0] < 0.7
assert 0.9 < arrives[1.2][1] < 1.3
assert arrives[1.5][0] < 0.9
assert arrives[1.5][1] > 4

# %% [markdown]
# No: when the gradient arrives whole, nearly half of the signal is missing, and before the signal is there
# the gradient explodes. With random numbers in the matrices the scale is the only thing to choose. To do
# better takes matrices of another kind, or a way past them.
#
# ## The capstone
#
# Thirty weight layers, three hundred steps of at most 64 digits, and 93% of the test digits right, from
# three seeds. Everything in the course is allowed: any layers of any width, any initializer, optimizer,
# schedule and preprocessing. Your function is run and its network is trained on the spot, which takes a few
# seconds. If it misses the goal, the check measures why: where it diverged, whether the gradient
# vanishes, whether a layer is dead, how far the weights moved. Each attempt is entered on your board,
# best first, and stays there with your progress.
#
# These starts meet the goal, among others, and each of them with something left to find:
#
# - a residual network with Fixup,
# - residual blocks with batch normalization before each activation,
# - a plain row of tanh layers. It takes the right matrices, and the right pixels.
#
# An answer looks like the one below, a plain row of ReLU layers. It falls short: give it to the check
# first, as `check("capstone", plain_row)` in a cell of its own, and see what is said of it. It can be
# brought over the line too, without shortcuts and without normalization. `SGD`, `Center` and
# `Standardize` are in `coursekit`, orthogonal matrices in `coursekit.initializers`, rates that change on
# the way in `coursekit.schedules`.

# %%
from coursekit import Adam, mlp


def plain_row(seed):
    """Thirty layers in a row, 32 ReLU units each, the pixels as they are."""
    network = mlp([64, *[32] * 29, 10], np.random.default_rng(seed), dtype=np.float32)
    return network, Adam(), 64, None


# %% exercise="capstone"

# %% [markdown]
# Then look at the second column of the board: how many *steps* until the goal? And when you have met it
# in one way, meet it in another.

# %% [markdown]
# ## What to take away
#
# | | |
# |---|---|
# | residual block | $x + F(x)$: the mean squares add, and with He's rule the signal grows by half at each block |
# | dividing by $\sqrt2$ | nearly keeps the size; the network computes the same at another scale |
# | Fixup, rule 1 | last layers 0: each block starts as the identity, nothing is lost on the way |
# | rule 2 | the others times $L^{-1/(2m-2)}$: a step moves the outputs alike at every depth |
# | rule 3 | scalars: not needed to learn, and they want the rate divided by $L$ |
# | batch normalization | learns as well with $\gamma = 0$ at the end of each branch |
#
# **What the lecture says, and what was measured.** That a start can be so good that normalization is
# not needed holds, up to a thousand layers (L-i). That networks do as well without holds for learning on
# these small images (L-w). That good layers make a good network is too strong where branches are
# added (L-s). Of the paper behind the lecture: the step of $O(\eta)$ holds for the weights (L-u), and of the
# three rules two carry the network (L-v). The lecture states no formulas of Fixup, so there are no misprints.

# %% [markdown]
# ### The same elsewhere
#
# ```python
# # PyTorch: no Fixup in the library; in a block with two linear layers, for L blocks
# torch.nn.init.kaiming_normal_(self.first.weight)
# self.first.weight.data.mul_(L ** -0.5)
# torch.nn.init.zeros_(self.last.weight)
#
# # the scalars at a rate of their own
# torch.optim.SGD([{"params": weights, "lr": 0.3}, {"params": scalars, "lr": 0.3 / L}], momentum=0.9)
#
# # Keras: a zero start is an argument, a group of parameters with a rate of its own is not
# keras.layers.Dense(n, kernel_initializer="zeros")
# keras.layers.BatchNormalization(gamma_initializer="zeros")
# ```
#
# PyTorch's `kaiming_normal_` is He's rule for ReLU by default, as here; `Linear` without it starts
# smaller. In torchvision's residual networks, $\gamma = 0$ is the option `zero_init_residual`.

# %% [markdown]
# ### Sources
#
# - The end of the lecture *Impediments to learning*, which names the idea and the paper.
# - H. Zhang, Y. N. Dauphin, T. Ma (2019), "Fixup initialization: residual learning without
#   normalization": the rules, and the derivation of the exponent.
# - K. He, X. Zhang, S. Ren, J. Sun (2015a), "Deep residual learning for image recognition": the block.
# - P. Goyal et al. (2017), "Accurate, large minibatch SGD: training ImageNet in 1 hour": $\gamma = 0$ at the
#   end of each block.
# - The digits: E. Alpaydin, C. Kaynak (1998), "Optical recognition of handwritten digits", UCI.
