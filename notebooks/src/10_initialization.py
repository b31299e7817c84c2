# %% [markdown]
# # 10 · Initialization
#
# *Section 7.5 · about 60 minutes with the exercises, 30 without*
#
# Before the first step the weights have to be something. Which numbers they are decides whether a
# deep network learns at all. Afterwards you can
#
# - say which units of a layer stay equal for ever, and what the smallest difference between them is worth,
# - predict what arrives at layer 50 of a network, and what comes back to layer 1, before building it,
# - choose the scale of the weights from the activation and the widths, and say what a wrong one costs.
#
# You need variances of sums and products of random numbers, and from notebook 08 what an activation
# does to a gradient.

# %%
# %config InlineBackend.figure_formats = ["retina"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from coursekit import SGD, Adam, Momentum, Standardize, best, check, claim, exercise
from coursekit import initializers, mlp, schedules, show_source, sweep, train
from coursekit.activations import relu, sigmoid, tanh
from coursekit.datasets import digits
from coursekit.diagnostics import flat_share, layer_signals
from coursekit.figures import style
from coursekit.initializers import constant, glorot_normal, glorot_uniform, he_normal, lecun_normal
from coursekit.initializers import ScaledInitializer, normal, uniform
from coursekit.widgets import Depth

# %% [markdown]
# ## Not all the same
#
# Why not start all weights at 0, or all at 0.1? Because a layer is of use only if its units differ.
# The gradient of the incoming weights of the hidden unit $j$ is
#
# $$ \frac{\partial\mathcal L}{\partial w_{ij}} = x_i\;f'(a_j)\sum_k W_{jk}\,\delta_k $$
#
# with its outgoing weights $W_{jk}$ and the gradients $\delta_k$ of the units behind it. Two units
# that agree in everything on the right get the same step, and agree after it. Look at what
# "everything" includes, before you answer.

# %% exercise="symmetry"

# %% [markdown]
# Now a whole training: 32 hidden tanh units on the digits, all weights of the network 0.1 at the
# start, 1,800 steps of plain descent in batches of 32. Three variants of that start: exactly equal;
# with half of the hidden weights, at random, changed in the last bit that a float64 has; and with equal
# hidden weights but random outgoing ones. What do you expect of the last bit?

# %% tags=["claim-7.5-a"]
digit_data = digits()
scaler = Standardize().fit(digit_data.x_train)
x, x_test = scaler.transform(digit_data.x_train), scaler.transform(digit_data.x_test)
y, y_test = digit_data.y_train, digit_data.y_test


def apart(network):
    """How far the units of the first layer are from their mean, root mean square."""
    return np.sqrt(network.layers[0].weights.var(axis=1).sum())


def watch(variant):
    """The distance of the units before each of 1,800 steps, and the test accuracy at the end."""
    rng, distance = np.random.default_rng(0), []
    network = mlp([64, 32, 10], rng, tanh, constant(0.1))
    first, last = network.layers[0], network.layers[-1]
    w = first.weights.copy()
    if variant == "last bit":
        first.weights = np.where(rng.random(w.shape) < 0.5, w, np.nextafter(w, 1))
    elif variant == "outgoing":
        last.weights = glorot_normal(32, 10, rng)
    for _ in range(1800):
        distance.append(apart(network))
        rows = rng.integers(len(x), size=32)
        network.parameters -= 0.1 * network.loss_and_gradient(x[rows], y[rows])[1]
    return np.array(distance), network.evaluate(x_test, y_test)[1]


watched = {name: watch(name) for name in ("equal", "last bit", "outgoing")}
equal, bit, outgoing = (distance for distance, _ in watched.values())
accuracy = {name: reached for name, (_, reached) in watched.items()}
growth = np.exp(np.polyfit(np.arange(200, 600), np.log(bit[200:600]), 1)[0])
assert (equal == 0).all()
assert accuracy.pop("equal") < 0.5 < 0.9 < min(accuracy.values())
assert bit[0] < 1e-15 < 0.1 < bit[-1]
assert 1.02 < growth < 1.05
assert outgoing[0] == 0 < 0.01 < outgoing[1]

claim(
    "7.5-a",
    "holds if",
    "Units with the same inputs must start from different weights, or they change in lock step.",
    f"with all weights equal, 32 hidden units are the same to the last bit after {len(equal)} steps, "
    "and the network is right on less than half of the test digits. With random outgoing weights "
    f"the units are {outgoing[1]:.2f} apart after one step, and more than 90% are right.",
    condition="their outgoing weights are equal too, and nothing disturbs them: a change of the last bit "
    f"grows by 2 to 5% a step, and within {len(bit)} steps the units are free",
)

# %% tags=["hide-input", "training-picture"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 2.7), layout="constrained")
    ax.plot(outgoing, color=style.UP, ls="-")
    ax.plot(bit, color=style.DOWN, ls="-.")
    ax.set(yscale="log", ylim=(1e-18, 30), xlim=(-15, 1800), xlabel="step")
    ax.text(120, 2.2, "outgoing weights differ", color=style.UP)
    ax.text(430, 1e-13, "the last bit of half of the weights", color=style.DOWN)
    ax.text(1790, 2e-18, "exactly equal: 0 at every step", ha="right", color=style.MUTED)
    ax.set_ylabel("distance of the units")
    ax.set_title("The smallest difference sets equal units free")
    plt.show()

# %% [markdown]
# The straight line is an old acquaintance: equal units are like the ridge that leads to a saddle
# (notebook 01). Along the ridge, where the units agree, the descent goes down. Across it, it is
# unstable, and the time to leave grows with the logarithm of the offset. Only an exact tie is for
# ever. Do not count on rounding to break one: whether a computer adds up two equal units in the
# same order may depend on the width of the layer and on the processor.
#
# A start with 0 is worse still:

# %% tags=["claim-7.5-f"]
moved = {}
for function in (tanh, relu, sigmoid):
    network = mlp([64, 32, 10], np.random.default_rng(0), function, constant(0.0))
    rng = np.random.default_rng(0)
    train(network, x, y, SGD(0.1), epochs=5, batch_size=32, rng=rng, progress=False)
    moved[function] = (
        np.count_nonzero(network.parameters),
        np.count_nonzero(network.layers[-1].bias),
    )
    assert apart(network) == 0
assert moved[tanh] == moved[relu] == (10, 10)
assert moved[sigmoid][0] > 2000

claim(
    "7.5-f",
    "holds",
    "A start with all weights 0 is a bad start, whatever the activation.",
    f"with tanh and ReLU the {moved[tanh][1]} biases of the output are all that has moved after 5 epochs, "
    "for the hidden units give 0 and get 0 back. With sigmoid, whose f(0) is ½, the weights move, and "
    "all 32 units in lock step.",
)

# %% [markdown]
# So the weights are drawn at random. From which distribution? The shape of it hardly matters, as
# you will see; the *scale* does.
#
# ## Too small, too large
#
# Fifty layers of 100 tanh units, and 64 digits, standardized and scaled to the same length. Nothing
# is trained here. What is measured in each layer is the *signal*, by how much a unit's output $z$
# differs between the digits (its standard deviation over the digits), and the *gradient*, the size
# of $\partial\mathcal L/\partial z$. *Size* is short for the root of the mean square, and both are
# averaged in this way over the units.


# %%
pictures = x[:64] / np.sqrt(np.mean(x[:64] ** 2, axis=1, keepdims=True))
classes = y[:64]


def passes(function, rule, widths, seeds=3):
    """By layer, root mean square over seeds: the signal, the size of a, the gradient ∂L/∂z."""
    runs = []
    for seed in range(seeds):
        network = mlp([64, *widths, 10], np.random.default_rng(seed), function, rule)
        signals = layer_signals(network, pictures, classes)
        a, z = signals[0:-1:2], signals[1:-1:2]
        signal = [one.outputs.var(axis=0).mean() for one in z]
        size = [np.mean(one.outputs**2) for one in a]
        gradient = [np.mean(one.gradients**2) for one in z]
        runs.append((signal, size, gradient))
    return np.sqrt(np.mean(runs, axis=0))


# %% [markdown]
# The course follows a second text from here on, the lecture *Impediments to learning*; the numbers of
# its claims begin with an L. It warns that too small as well as too large weights push the activations
# to where the slope is nearly 0, so that no gradient is left. See whether that is what happens
# (*saturated* means a slope below 0.01, as in notebook 08).

# %% tags=["claim-L-a"]
deep = [100] * 50
asleep, signal_left, gradient_left = {}, {}, {}
print("std     saturated   signal, layer 50 / layer 1   gradient, layer 1 / layer 50")
for std in (0.05, 0.1, 0.4):
    signal, size, gradient = passes(tanh, normal(std), deep, seeds=1)
    network = mlp([64, *deep, 10], np.random.default_rng(0), tanh, normal(std))
    asleep[std] = np.mean(list(flat_share(network, pictures, slope=0.01).values()))
    signal_left[std], gradient_left[std] = signal[-1] / signal[0], gradient[0] / gradient[-1]
    print(f"{std:4} {asleep[std]:12.0%} {signal_left[std]:20.0e} {gradient_left[std]:28.0e}")
assert asleep[0.05] == 0 < 0.2 < asleep[0.4]
assert gradient_left[0.05] < 1e-13
assert gradient_left[0.4] > 1e7

claim(
    "L-a",
    "too strong",
    "Too small or too large weights push the activations into flat regions, and no gradient is left.",
    f"with std 0.05 {asleep[0.05]:.0%} of the activations of 50 tanh layers have a slope below 0.01, and "
    f"the gradient is multiplied by {gradient_left[0.05] ** (1 / 49):.2f} a layer on its way back. With "
    f"std 0.4 {asleep[0.4]:.0%} have such a slope, and the gradient grows, by "
    f"{gradient_left[0.4] ** (1 / 49):.1f} a layer.",
    condition="a layer multiplies by its slopes and by its weights; what counts is the product",
)

# %% [markdown]
# Weights half as large as the 0.1 in the middle, and nothing arrives. Four times as large, and the
# gradient explodes. The right scale lies between, and it can be computed.
#
# ## One dot product
#
# A pre-activation is a sum of products, $a = \sum_{i=1}^{n} w_i x_i$. What is the variance of a
# product? For independent $X$ and $Y$
#
# $$ \mathrm{Var}(XY) = E(X)^2\,\mathrm{Var}(Y) + E(Y)^2\,\mathrm{Var}(X)
#    + \mathrm{Var}(X)\,\mathrm{Var}(Y) $$
#
# Test it with three pairs, among them one that is not independent.

# %% tags=["claim-L-b"]
rng, draws = np.random.default_rng(75), 1_000_000
normal_draws = rng.normal(size=draws)
trials = {
    "means 1 and −2": (1 + 2 * normal_draws, -2 + rng.normal(size=draws)),
    "uniform and ReLU": (rng.uniform(-1, 1, draws), relu(normal_draws)),
    "X with itself": (normal_draws, normal_draws),
}
off = {}
for name, (first, second) in trials.items():
    rule = first.mean() ** 2 * second.var() + second.mean() ** 2 * first.var()
    rule += first.var() * second.var()
    off[name] = np.var(first * second) / rule - 1
assert max(abs(off[name]) for name in list(trials)[:2]) < 0.01
assert abs(off["X with itself"] - 1) < 0.05

claim(
    "L-b",
    "holds if",
    "The variance of a product is E(X)²Var(Y) + E(Y)²Var(X) + Var(X)Var(Y).",
    f"over {draws} draws it holds within 1% for normal numbers of means 1 and −2, and for a uniform number "
    "times the ReLU of a normal one. A normal X times itself has twice as much, within 5%.",
    condition="the two factors are independent, as weights at the start and their inputs are",
)

# %% [markdown]
# Weights have mean 0, so that one of the terms falls away and the other two join to the mean
# *square* of the input: $\mathrm{Var}(wx) = \sigma^2\,E(x^2)$, with $\sigma$ the standard deviation
# of the weights. And the products are uncorrelated, so that the variances add:
#
# $$ \mathrm{Var}(a) = n_{in}\,\sigma^2\,E(x^2) $$

# %% exercise="variance-of-a-sum"

# %% tags=["claim-L-c"]
variances, scaled = {}, {}
for n in (1, 10, 100):
    w, inputs = rng.normal(size=(2, 1_000_000 // n, n))
    variances[n] = np.var((w * inputs).sum(axis=1))
    scaled[n] = np.var((w / np.sqrt(n) * inputs).sum(axis=1))
assert all(abs(variances[n] / n - 1) < 0.02 for n in variances)
assert all(abs(scaled[n] - 1) < 0.02 for n in scaled)

claim(
    "L-c",
    "holds",
    "A dot product of n independent terms of unit variance has variance n; scaling by 1/√n makes it 1.",
    "for n = 1, 10 and 100 the variance is n within 2%, and with weights of std 1/√n it is 1 within 2%.",
)

# %% [markdown]
# A standard deviation of $1/\sqrt{n_{in}}$ therefore keeps the size of a signal through a linear
# layer. That is the rule of LeCun et al. (1998). It says nothing about the shape of the
# distribution: any with mean 0 will do. A uniform number between $-r$ and $r$ has the variance
# $r^2/3$, hence $r = \sqrt3\,\sigma$, and this is how the package draws all its rules:

# %%
show_source(ScaledInitializer.std, ScaledInitializer._draw)

# %% tags=["claim-7.5-b"]
fans = (300, 200)
same = {}
for name in ("glorot", "book_relu", "he", "lecun"):
    bell, flat = (initializers.get(f"{name}_{shape}") for shape in ("normal", "uniform"))
    pair = [rule(*fans, np.random.default_rng(1)).std() for rule in (bell, flat)]
    same[name] = max(abs(std / bell.std(*fans) - 1) for std in pair)
through = [passes(tanh, rule, deep)[0][-1] for rule in (glorot_normal, glorot_uniform)]
assert max(same.values()) < 0.02
for name, above in (("glorot", 6), ("book_relu", 12)):  # the book's ranges
    std = initializers.get(f"{name}_normal").std(*fans)
    assert np.isclose(np.sqrt(above / sum(fans)), np.sqrt(3) * std)
assert 0.5 < through[0] / through[1] < 2

claim(
    "7.5-b",
    "holds",
    "The ranges √(6/(n_in+n_out)) and √(12/(n_in+n_out)) go with √(2/(n_in+n_out)) and √(4/(n_in+n_out)).",
    f"both ranges are √3 times the std. Drawn either way, {np.prod(fans)} weights of {len(same)} rules have "
    "the std of their formula within 2%, and through 50 tanh layers the signals of normal and uniform "
    "weights end within a factor of two.",
)

# %% [markdown]
# ## And back again
#
# On the way back the same matrix is used from its other side. The gradient of an input is a sum
# over the $n_{out}$ units that it feeds, $\partial\mathcal L/\partial x_i = \sum_j
# w_{ij}\,\delta_j$, and so
#
# $$ \text{forwards}\quad n_{in}\,\sigma^2 = 1, \qquad\quad
#    \text{backwards}\quad n_{out}\,\sigma^2 = 1 $$
#
# Both hold only if the layer is square. Glorot and Bengio (2010) took a compromise, and this is the
# book's rule: for $n$ the mean of $n_{in}$ and $n_{out}$, the *fan-in* and the *fan-out*,
#
# $$ \sigma = \sqrt{\frac{1}{(n_{in}+n_{out})/2}} = \sqrt{\frac{2}{n_{in}+n_{out}}} $$

# %% exercise="glorot"

# %% [markdown]
# What did they replace? In 2010 the *standard* start was $U(-1/\sqrt n, 1/\sqrt n)$. Its standard
# deviation is $1/\sqrt{3n}$: too small by $\sqrt3$. Their own they called *normalized*. Here are both
# in five layers of 200 tanh units, after their Figures 6 to 8 (theirs had 1,000 units). The third panel
# shows why the fault is easy to miss.


# %% tags=["claim-7.5-g"]
def standard(n_in, n_out, rng):
    """The start before 2010."""
    return uniform(1 / np.sqrt(n_in))(n_in, n_out, rng)


by_layer = {}
for name, rule in (("standard", standard), ("normalized", glorot_uniform)):
    runs = []
    for seed in range(3):
        network = mlp([64, *[200] * 5, 10], np.random.default_rng(seed), tanh, rule)
        signals = layer_signals(network, pictures, classes)
        a, z = signals[0:-1:2], signals[1:-1:2]
        activations = [one.outputs.std() for one in z]
        gradients = [one.gradients.std() for one in a]
        runs.append((activations, gradients, [one.weight_gradients.std() for one in a]))
    by_layer[name] = np.array(runs)  # (seed, what, layer)
forward, backward, on_weights = {}, {}, {}
for name, runs in by_layer.items():
    second, fifth = runs.mean(axis=0)[:, [1, 4]].T
    forward[name] = fifth[0] / second[0]
    backward[name], on_weights[name] = second[1:] / fifth[1:]
assert max(forward["standard"], backward["standard"]) < 0.25
assert min(forward["normalized"], backward["normalized"]) > 0.5
assert abs(on_weights["standard"] - 1) < 0.1

claim(
    "7.5-g",
    "holds",
    "With the standard start U(−1/√n, 1/√n) activations and back-propagated gradients shrink from layer "
    "to layer, the gradients of the weights do not; with the normalized start they shrink far less.",
    f"of the std in layer 2 the activations have {forward['standard']:.2f} left in layer 5, and of that in "
    f"layer 5 the gradients have {backward['standard']:.2f} left in layer 2 (three factors of 1/√3 are "
    f"{3**-1.5:.2f}). The gradients of the weights are equal there within 10%. With the normalized "
    f"start {forward['normalized']:.2f} and {backward['normalized']:.2f} are left.",
    paper="Glorot and Bengio 2010, Figures 6 to 8",
    reported="From the standard start activations shrink upwards and back-propagated "
    "gradients downwards, weight gradients do not; the normalized start keeps them.",
)

# %% tags=["hide-input"]
with style.context():
    fig, panels = plt.subplots(1, 3, figsize=(7, 2.5), layout="constrained")
    titles = ("Activations z", "Gradients ∂L/∂a", "Gradients ∂L/∂W")
    looks = {"standard": (style.DOWN, "s", "--"), "normalized": (style.UP, "o", "-")}
    for what, (ax, title) in enumerate(zip(panels, titles, strict=True)):
        for name, (color, marker, ls) in looks.items():
            runs = by_layer[name][:, what]
            long = pd.DataFrame(runs.T, index=range(1, 6)).melt(ignore_index=False).reset_index()
            look = {"color": color, "marker": marker, "ls": ls, "errorbar": ("pi", 100)}
            sns.lineplot(long, x="index", y="value", ax=ax, **look)
        ax.set(yscale="log", xlabel="layer", ylabel="", title=title, xticks=range(1, 6))
    panels[0].set(ylabel="standard deviation", ylim=(0.03, 1))
    panels[1].set_ylim(2e-5, 2e-2)
    panels[2].set_ylim(2e-5, 2e-2)
    panels[0].text(1.1, 0.7, "normalized", color=style.UP)
    panels[0].text(1.1, 0.12, "standard", color=style.DOWN)
    plt.show()

# %% [markdown]
# A weight's gradient is the input from below times the gradient from above. Where the one has
# shrunk often the other has shrunk rarely, so that their product is the same in all layers. It is
# only too small, and whoever looks at the weights alone sees nothing unusual. This start has not
# died out: PyTorch's `Linear` layer still begins with it when nothing else is said.
#
# ## Through an activation
#
# So far the layers were linear, or nearly so. Now the whole layer, with nothing left out but the
# fluctuations of a finite width. In a wide layer each pre-activation is a sum of many independent
# terms, and so a normal number. Split it in two: a *shared* part, the same for all digits, and an
# *own* part for each digit. Two variances are all there is to know, and the activation turns them
# into two new ones:


# %%
grid = np.linspace(-6, 6, 121)
density = np.exp(-(grid**2) / 2) / np.exp(-(grid**2) / 2).sum()


def next_layer(function, shared, own):
    """Variances of the shared and the own part behind an activation, and its mean squared slope."""
    a = np.sqrt(shared) * grid[:, np.newaxis] + np.sqrt(own) * grid
    z = function(a)
    mean = z @ density  # over the own part
    slope = density @ function.derivative(a) ** 2 @ density
    return density @ mean**2, density @ ((z - mean[:, np.newaxis]) ** 2 @ density), slope


def predicted(function, gain, layers=50):
    """Signal and gradient by layer, for weights of standard deviation gain/√n."""
    alike = np.mean(pictures.mean(axis=0) ** 2)  # the input's shared part
    shared, own = gain**2 * alike, gain**2 * (1 - alike)
    signal, factor = [], []
    for _ in range(layers):
        shared, own, slope = next_layer(function, shared, own)
        signal.append(np.sqrt(own))
        factor.append(gain * np.sqrt(slope))  # what a gradient is multiplied by on its way back
        shared, own = gain**2 * shared, gain**2 * own
    gradient = np.append(np.cumprod(factor[:0:-1])[::-1], 1)
    return np.array(signal), gradient


# %% [markdown]
# No constant in it is fitted. Below, the lines are this arithmetic and the dots are networks, mean of
# three seeds: three activations, 50 layers of 100 units, several scales. (Where all layers are equally
# wide, Glorot's rule is $1/\sqrt{n_{in}}$.) Left: what arrives from the digits. Right: what comes back
# of the gradient.

# %%
settings = {
    "tanh": (tanh, {"½ Glorot": 0.5, "Glorot": 1.0, "4 Glorot": 4.0}),
    "sigmoid": (sigmoid, {"Glorot": 1.0, "4 Glorot": 4.0, "12 Glorot": 12.0}),
    "ReLU": (relu, {"Glorot": 1.0, "He": np.sqrt(2), "√2 He": 2.0}),
}
layers = np.arange(1, 51)
found, lines = {}, {}
for unit, (function, gains) in settings.items():
    for name, gain in gains.items():
        signal, size, gradient = passes(function, lecun_normal.scaled(gain), deep)
        found[unit, name] = signal, gradient / gradient[-1], size
        lines[unit, name] = predicted(function, gain)

# %% tags=["hide-input"]
small, right, large = ("s", style.DOWN), ("o", style.UP), ("^", style.MUTED)
looks = {("tanh", "Glorot"): right, ("ReLU", "He"): right, ("sigmoid", "12 Glorot"): large}
looks |= {("tanh", "4 Glorot"): large, ("ReLU", "√2 He"): large}
with style.context():
    fig, panels = plt.subplots(3, 2, figsize=(7, 7.2), layout="constrained")
    for key, dots in found.items():
        row, (marker, color) = panels[list(settings).index(key[0])], looks.get(key, small)
        for ax, measured, line, end in zip(row, dots, lines[key], (-1, 0), strict=False):
            ax.plot(layers, line, color=color, lw=1)
            ax.plot(layers[::4], measured[::4], marker, ms=4, color=color)
            words = {"va": "center", "ha": ("left", "right")[end + 1], "fontsize": 8}
            ax.text((-1, 52)[-end], measured[end], key[1], color=color, **words)
    for unit, row in zip(settings, panels, strict=True):
        row[0].set(title=f"{unit}: signal, forwards", xlim=(-1, 76), ylabel="size")
        row[1].set(title=f"{unit}: gradient, backwards", xlim=(-25, 52))
        for ax in row:
            ax.plot([1, 50], [1, 1], color=style.GRID, lw=4, zorder=0)
            ax.set(yscale="log", xticks=[1, 10, 20, 30, 40, 50])
    panels[1, 0].text(40, 1e-14, "rounding", ha="center", fontsize=8, color=style.MUTED)
    for ax in panels[-1]:
        ax.set_xlabel("layer")
    plt.show()

# %% [markdown]
# Most curves are straight lines on this logarithmic scale: a factor a layer, fifty times. Half of the
# right scale for tanh is wrong by $2^{50}$ at the end. (The grey bars are at 1. Near $10^{-16}$ a
# sigmoid has nothing but rounding left.) The right scales, in green, deserve a closer look, and so does
# the sigmoid, whose panels have no green.
#
# **tanh.** With Glorot's rule the signal does not stay, but fades slowly. For a small $a$, $\tanh^2
# a \approx a^2 - \tfrac23 a^4$; and for a normal number of variance $q$, $E(a^4) = 3q^2$. A layer
# turns $q$ into $q - 2q^2$, so that $1/q$ grows by 2 a layer, and after $l$ layers the variance is
# about $1/(2l)$.

# %% tags=["claim-7.5-c"]
signal, gradient = found["tanh", "Glorot"][:2]
law = 1 / np.sqrt(2 * layers)
worst = np.abs(np.log(signal / law)[9:]).max()
half_left = [pair[-1] / pair[0] for pair in (found["tanh", "½ Glorot"][0], signal)]
assert worst < np.log(1.4)
assert half_left[0] < 1e-14
assert 0.05 < half_left[1] < 0.3
assert 0.1 < gradient[0] < 0.4

claim(
    "7.5-c",
    "too strong",
    "In a tanh network Glorot's rule keeps the variance, forwards and backwards.",
    f"in layer 50 the signal is {half_left[1]:.2f} of that in layer 1, and back there the gradient is "
    f"{gradient[0]:.1f} of that in layer 50; with half the scale the signal is {half_left[0]:.0e}. From "
    "layer 10 on it follows 1/√(2l) within 40%.",
    condition="it does in square linear layers; through tanh the variance falls as 1/(2l), with a power "
    "of the depth, not exponentially",
)

# %% [markdown]
# **Sigmoid.** The lecture has tanh and sigmoid both act like the identity near 0, so that one rule
# serves them both. But near 0 a sigmoid is $\tfrac12 + \tfrac14 a$. The slope of ¼ asks for weights
# four times as large. And the ½ is the same for all digits: times a random weight, summed over 100
# units, it becomes a random offset of each unit, $4\cdot\tfrac12 = 2$ in size, and away from 0 the
# slope is less than ¼. At 12 times Glorot's the signal comes through, and you will see below at which
# price. A better remedy is a bias of $-\tfrac12\sum_i w_{ij}$, which takes the ½ away. Since a sigmoid
# is $\tfrac12 + \tfrac12\tanh(a/2)$, this *is* the tanh network of Glorot's rule.

# %% tags=["claim-L-e"]
twin = mlp([64, *deep, 10], np.random.default_rng(0), tanh, lecun_normal)
centred = mlp([64, *deep, 10], np.random.default_rng(0), sigmoid, lecun_normal.scaled(4))
centred.layers[0].weights /= 2  # in front of the first layer stands no sigmoid,
centred.layers[-1].weights /= 2  # and none behind the last
for layer in centred.layers[2::2]:
    layer.bias = -0.5 * layer.weights.sum(axis=0)
gap = np.abs(centred.forward(pictures) - twin.forward(pictures)).max()
arrives = {gain: found["sigmoid", gain][0] for gain in ("Glorot", "4 Glorot", "12 Glorot")}
arrives = {gain: signal[-1] / signal[0] for gain, signal in arrives.items()}
near_zero = sigmoid(0.0), sigmoid.derivative(0.0)
assert near_zero == (0.5, 0.25)
assert gap < 1e-12
assert arrives["Glorot"] < 1e-13 < arrives["4 Glorot"] < 1e-8 < 0.1 < arrives["12 Glorot"]

claim(
    "L-e",
    "too strong",
    "Near 0 the sigmoid, like tanh, is the identity, so that Glorot's rule fits both.",
    "over 50 sigmoid layers the signal falls to less than 10⁻¹³ with Glorot's rule and to "
    f"{arrives['4 Glorot']:.0e} with four times its weights. With four times its weights and a bias of "
    "−½Σw the outputs are those of a tanh network under Glorot's rule, to 10⁻¹².",
    condition=f"the sigmoid has the slope {near_zero[1]} there and the value {near_zero[0]}: it needs four "
    "times the weights, and a bias that takes the offset away",
)

# %% [markdown]
# **ReLU.** If the pre-activations are distributed alike on both sides of 0, a ReLU lets half of the
# mean *square* through: $E(z^2) = \tfrac12 E(a^2)$, however large they are. In the sum for the next
# $a$ half of the terms are missing, hence the rule of He et al. (2015):
#
# $$ \sigma = \sqrt{\frac{2}{n_{in}}} $$

# %% tags=["claim-L-f"]
sizes = {name: found["ReLU", name][2] for name in ("Glorot", "He")}
kept = {name: (size[-1] / size[0]) ** (1 / 49) for name, size in sizes.items()}
network = mlp([64, *deep, 10], np.random.default_rng(0), relu, he_normal)
z = [one.outputs for one in layer_signals(network, pictures) if one.role == "activation"]
lift = np.mean([one.mean() / np.sqrt(np.mean(one**2)) for one in z])
share = [np.sqrt(one.var(axis=0).mean() / np.mean(one**2)) for one in (z[0], z[-1])]
assert abs(kept["He"] - 1) < 0.03
assert abs(kept["Glorot"] * np.sqrt(2) - 1) < 0.03
assert 0.5 < lift < 0.6
assert share[1] < 0.5 * share[0]

claim(
    "L-f",
    "holds if",
    "He's rule is Glorot's for half of the inputs, and keeps unit variance through ReLUs.",
    f"the size of the pre-activations changes by less than 3% a layer over 50 layers; with Glorot's rule "
    f"{kept['Glorot']:.2f} a layer are left, which is √½.",
    condition="variance means the mean square. The outputs have a mean, about "
    f"{lift:.2f} of their size, that all digits share, and what differs between the digits falls from "
    f"{share[0]:.1f} to {share[1]:.1f} of the size",
)

# %% exercise="he"

# %% [markdown]
# ## Layers that are not square
#
# He's rule has $n_{in}$ alone, and the book prints $\sqrt{4/(n_{in}+n_{out})}$ for ReLU. In a
# square layer it is the same number. To see the difference, take two networks that are not square:
# one that tapers, each layer half as wide as the one before, from 1024 to 16; and one of 50 layers
# that are 100 and 400 wide in turn, as in the blocks of many modern networks.
#
# A third candidate comes out of the lecture. It calls Glorot's factor the average of the two
# factors $1/\sqrt{n_{in}}$ and $1/\sqrt{n_{out}}$, and then prints the root of the mean *fan*. That
# is not the same number. All are taken with the $\sqrt2$ for ReLU.

# %%
rules = {
    "fan-in (He)": lambda n_in, n_out: np.sqrt(2 / n_in),
    "fan-out": lambda n_in, n_out: np.sqrt(2 / n_out),
    "mean fan (book)": lambda n_in, n_out: np.sqrt(4 / (n_in + n_out)),
    "mean factor": lambda n_in, n_out: (n_in**-0.5 + n_out**-0.5) / np.sqrt(2),
}
shapes = {
    "taper": ([1024, 512, 256, 128, 64, 32, 16], ["fan-in (He)", "fan-out", "mean fan (book)"]),
    "in turn": ([100, 400] * 25, ["fan-in (He)", "mean factor", "mean fan (book)"]),
}


def drawn(std):
    """An initializer of normal weights with the standard deviation std(n_in, n_out)."""
    return lambda n_in, n_out, rng: rng.normal(0, std(n_in, n_out), (n_in, n_out))


measured, expected = {}, {}
for shape, (widths, names) in shapes.items():
    n_in, n_out = np.array(widths[:-1]), np.array(widths[1:])
    for name in names:
        signal, size, gradient = passes(relu, drawn(rules[name]), widths)
        measured[shape, name] = size / size[0], gradient / gradient[-1]
        squares = [n * rules[name](n_in, n_out) ** 2 / 2 for n in (n_in, n_out)]
        forwards = np.append(1, np.sqrt(np.cumprod(squares[0])))
        backwards = np.append(np.sqrt(np.cumprod(squares[1][::-1]))[::-1], 1)
        expected[shape, name] = forwards, backwards

# %% tags=["hide-input"]
looks = {
    "fan-in (He)": (style.UP, "o"),
    "fan-out": (style.METHODS["SGD"].color, "v"),
    "mean fan (book)": (style.METHODS["Momentum"].color, "s"),
    "mean factor": (style.DOWN, "^"),
}
with style.context():
    fig, panels = plt.subplots(2, 2, figsize=(7, 4.6), layout="constrained")
    for (shape, name), pair in measured.items():
        row, every, places = panels[0], 1, (0.8, 7.2)
        if shape == "in turn":
            row, every, places = panels[1], 6, (-1, 50.5)
        color, marker = looks[name]
        for ax, dots, line, end in zip(row, pair, expected[shape, name], (-1, 0), strict=True):
            number = np.arange(1, len(line) + 1)
            ax.plot(number[::every], line[::every], color=color, lw=1)
            ax.plot(number[::every], dots[::every], marker, ms=4, color=color)
            words = {"va": "center", "ha": ("right", "left")[end], "fontsize": 8}
            ax.text(places[end], dots[::every][end], name, color=color, **words)
    for shape, row in zip(("1024 … 16", "100, 400, 100 …"), panels, strict=True):
        row[0].set(title=f"{shape}: forwards", ylabel="pre-activations, layer 1 = 1")
        row[1].set(title=f"{shape}: backwards", ylabel="gradient, last layer = 1")
        for ax in row:
            ax.set(yscale="log", xlabel="layer")
            ax.axhline(1, color=style.GRID, lw=4, zorder=0)
    for ax, limits in zip(panels.flat, ((0.7, 11), (-3, 7.4), (-1, 78), (-28, 51)), strict=True):
        ax.set(xlim=limits, xticks=[1, 3, 5, 7] if limits[1] < 12 else [1, 10, 20, 30, 40, 50])
        ax.set_ylim((0.08, 12) if limits[1] < 12 else (0.003, 50))
    plt.show()

# %% tags=["claim-7.5-d"]
arrived = {key: (forwards[-1], backwards[0]) for key, (forwards, backwards) in measured.items()}
predicted_ends = {key: (line[0][-1], line[1][0]) for key, line in expected.items()}
for key, pair in arrived.items():
    assert np.abs(np.log(np.divide(pair, predicted_ends[key]))).max() < np.log(2)
ratio = [rules["mean fan (book)"](n, n) / rules["fan-in (He)"](n, n) for n in (10, 100, 1000)]
assert np.allclose(ratio, 1)
taper, turns = (
    {name: pair for (shape, name), pair in arrived.items() if shape == which} for which in shapes
)
assert 0.8 < taper["fan-in (He)"][0] < 1.3
assert 0.8 < taper["fan-out"][1] < 1.3
assert max(turns["mean fan (book)"]) < 0.02
assert max(turns["fan-in (He)"]) < 3

claim(
    "7.5-d",
    "holds if",
    "For ReLU the book's √(4/(n_in+n_out)) is the rule of He et al.",
    f"from 1024 to 16 units He's n_in keeps the pre-activations and leaves {taper['fan-in (He)'][1]:.2f} of "
    f"the gradient, n_out keeps the gradient and multiplies the pre-activations by "
    f"{taper['fan-out'][0]:.0f}, the book's rule lies between. Where 100 and 400 units take turns the "
    f"book's leaves {turns['mean fan (book)'][0]:.3f} of the pre-activations and "
    f"{turns['mean fan (book)'][1]:.3f} of the gradient in 50 layers, and He's keeps both within a factor "
    "of three.",
    condition="the layers are square; He et al. have n_in alone (or n_out alone)",
)

# %% [markdown]
# The lines are the arithmetic again: a layer multiplies the mean square by $n_{in}\sigma^2/2$ on the
# way forward and by $n_{out}\sigma^2/2$ on the way back. Fan-in loses nothing for good: what a
# narrowing layer takes from the gradient a widening one gives back, since the factors
# $n_{out}/n_{in}$ of a chain cancel. He et al. note this, and that either fan will do. A *mean* does
# not cancel. A layer from 100 to 400 and one from 400 to 100 together multiply the mean square by
#
# $$ \frac{n_{in}\,n_{out}}{\bigl((n_{in}+n_{out})/2\bigr)^2} = \frac{100\cdot400}{250^2} = 0.64, $$
#
# forwards as well as backwards, and any other pair by less than 1, too: a geometric mean is at most
# the arithmetic one. The mean of the factors errs to the other side. What does that do to the lecture's
# version?

# %% tags=["claim-L-d"]
pairs = {}
for fans in ((100, 100), (64, 32), (784, 100), (784, 10)):
    pairs[fans] = (fans[0] ** -0.5 + fans[1] ** -0.5) / 2 / glorot_normal.std(*fans)
drift = turns["mean factor"]
assert abs(pairs[100, 100] - 1) < 1e-12
assert all(excess > 1 for excess in list(pairs.values())[1:])
assert pairs[784, 10] > 3
assert min(drift) > 10

claim(
    "L-d",
    "misprint",
    "Glorot's factor is the average of the two scaling factors 1/√n_in and 1/√n_out.",
    f"the average of the factors is {pairs[100, 100]:.2f} times the printed root for 100 → 100 units, "
    f"{pairs[64, 32]:.2f} times for 64 → 32, {pairs[784, 100]:.2f} for 784 → 100 and {pairs[784, 10]:.1f} "
    f"for 784 → 10. With widths of 100 and 400 in turn it multiplies the pre-activations by {drift[0]:.0f} "
    f"and the gradient by {drift[1]:.0f} in 50 layers.",
    condition="the fans are averaged: 1/√((n_in+n_out)/2), as the formula itself has it",
)

# %% [markdown]
# ## Now you
#
# The playground sends 64 digits through a network as it is drawn, and the gradient back. Three things
# to try, each with a guess first:
#
# - Choose *Glorot* and change the number of units between 10 and 200. Then the same with *normal* at
#   0.1. Which of the two pictures depends on the width?
# - tanh, *normal*, 50 layers of 100 units, std 0.2: the activations on the left look perfect. What does
#   the gradient do?
# - *sigmoid*, *normal*, 50 layers of 100 units. Is there any std at which signal and gradient both
#   arrive? Look at the saturated share when you have found it.

# %%
Depth(activation="tanh", std=0.05, depth=30)

# %% exercise="keep-it-alive"

# %% [markdown]
# ## What it is worth in training
#
# The book says that the start decides whether a training converges at all, and also how fast, to
# which loss, and with which accuracy on new data. A network of moderate depth, then: 6 hidden
# layers of 32 tanh units, 10 epochs of 23 steps, plain descent in batches of 64, the rate falling along
# a cosine (Section 7.2). Four starts, each at its own best rate by the loss of its last epoch, three
# seeds.


# %%
x32, x_test32 = x.astype(np.float32), x_test.astype(np.float32)
starts = {"standard": standard, "Glorot": glorot_normal, "He": he_normal}
starts["3 Glorot"] = glorot_normal.scaled(3)
methods = {  # the last three are for the next section
    "descent": lambda rate: SGD(schedules.cosine_decay(rate, 230)),
    "momentum": Momentum,
    "Adam, ε outside": lambda rate: Adam(rate, epsilon_inside=False),
    "Adam, ε inside": Adam,
}


def trained(seed, depth, function, start, method, rate):
    """One training; ``steps`` counts until the loss of a batch is below ½."""
    rng, widths = np.random.default_rng(seed), [64, *[32] * depth, 10]
    network = mlp(widths, rng, function, starts[start], dtype=np.float32)
    settings = {"epochs": 10, "batch_size": 64, "rng": rng, "progress": False}
    loss = train(network, x32, y, methods[method](rate), **settings).loss
    return {
        "loss": float(loss[-23:].mean()),
        "fitted": network.evaluate(x32, y)[1],
        "accuracy": network.evaluate(x_test32, y_test)[1],
        "steps": int(np.argmax(loss < 0.5)) if loss.min() < 0.5 else 230,
    }


def tried(depth, function, start, method, rates):
    """All runs of one combination: some rates and three seeds each."""
    grid = {"depth": [depth], "function": [function], "start": [start], "method": [method]}
    return sweep(trained, grid | {"rate": rates}, seeds=range(3), progress=False)


at_best = []
for start in starts:
    table = tried(6, "tanh", start, "descent", [0.1, 0.3, 1.0, 3.0])
    winner = best(table, by="loss", statistic="mean")
    assert winner.is_interior
    at_best.append(table[table["rate"] == winner.point["rate"]])
at_best = pd.concat(at_best)

# %% tags=["claim-7.5-e"]
of_start = at_best.groupby("start")
steps, losses, fitted, score = (
    of_start[column].mean() for column in ("steps", "loss", "fitted", "accuracy")
)
assert max(steps["Glorot"], steps["He"]) < 34 < 40 < min(steps["standard"], steps["3 Glorot"])
assert losses["standard"] > 2 * losses["Glorot"]
assert losses["3 Glorot"] > 3 * losses["Glorot"]
assert fitted.min() > 0.96
assert score["3 Glorot"] < 0.91 < 0.935 < score.drop("3 Glorot").min()

claim(
    "7.5-e",
    "holds",
    "The start decides the speed of a training, its final loss and the accuracy on new data.",
    "in six tanh layers, each start at its best rate, a batch's loss is below ½ within 34 steps from "
    "Glorot's and He's start, after more than 40 from U(−1/√n, 1/√n) and from 3 times Glorot's weights, "
    "whose final losses are more than twice and three times Glorot's. All four fit more than 96% of the "
    "training digits; of the test digits 3 times Glorot's gets less than 91% right, the others more "
    "than 93%.",
)

# %% tags=["hide-input", "training-picture"]
with style.context():
    fig, panels = plt.subplots(1, 3, figsize=(7, 2.2), layout="constrained", sharey=True)
    look = {"color": style.METHODS["SGD"].color, "linestyle": "none", "errorbar": ("pi", 100)}
    names = ("steps to a loss of ½", "final training loss", "test accuracy")
    for ax, column, name in zip(panels, ("steps", "loss", "accuracy"), names, strict=True):
        sns.pointplot(at_best, x=column, y="start", order=list(starts), ax=ax, **look)
        ax.set(xlabel=name, ylabel="")
    panels[0].set(xlim=(0, 90), title="Mean and range of three seeds")
    panels[1].set(xscale="log", xlim=(0.005, 0.2))
    panels[2].set(xlim=(0.8, 1), xticks=[0.85, 0.9, 0.95])
    plt.show()

# %% [markdown]
# The last column is the one to remember. The network with large weights fits the training digits
# nearly like the others, and the test digits worse. A likely reason: much of what it computes is still
# the random function that it began with. And He's rule, made for ReLU, does no harm to these six layers
# of tanh; a little more than Glorot's scale was also what the exercise above asked for.
#
# ## Thirty layers
#
# He et al. (2015) trained networks of 22 and 30 ReLU layers from their start and from Glorot's,
# which they call Xavier's. At 22 layers both learned, theirs earlier; at 30 only theirs did. By now
# you know the arithmetic: with Glorot's weights signal and gradient both lose $\sqrt{1/2}$ a layer,
# which over 30 layers is $2^{-15}$, or 0.00003, each way.
#
# In small: ReLU layers of 32 units, the digits, momentum 0.9 as in the paper, but 230 steps only. With
# so few, Glorot's start falls behind at 14 layers already, and that is the shallower network here. At 30
# layers it gets the rate that is best for He's start, and one 75 times as large.

# %%
by_depth = {
    (14, "He"): tried(14, "relu", "He", "momentum", [0.0015, 0.008, 0.04]),
    (14, "Glorot"): tried(14, "relu", "Glorot", "momentum", [0.004, 0.02, 0.1]),
    (30, "He"): tried(30, "relu", "He", "momentum", [0.001, 0.008, 0.06]),
    (30, "Glorot"): tried(30, "relu", "Glorot", "momentum", [0.008, 0.6]),
}

# %% [markdown]
# There is a loophole in the argument. A gradient that is too small by a known factor is not lost,
# as long as the step does not shrink with it; and Adam's step does not (notebook 07). So a control:
# Glorot's start, 30 layers, Adam at $\eta = 0.001$. Once with $\epsilon = 10^{-8}$ outside of
# the root, as in the paper on Adam, once inside, as the book has it: $\sqrt{\hat\Delta + 10^{-8}}$
# is never below $10^{-4}$. What do you expect?

# %% tags=["claim-7.5-h"]
control = {
    method: tried(30, "relu", "Glorot", method, [0.001])["loss"] for method in list(methods)[2:]
}
guessing = np.log(10)
reached = {}
for key in ((14, "He"), (14, "Glorot"), (30, "He")):
    winner = best(by_depth[key], by="loss", statistic="mean")
    assert winner.is_interior
    reached[key] = winner.value
stuck = by_depth[30, "Glorot"]["loss"]
assert reached[14, "He"] < 0.65 < reached[14, "Glorot"] < 1.7
assert reached[30, "He"] < 1.9
assert stuck.min() > guessing - 0.01
assert control["Adam, ε outside"].max() < 1.7
assert control["Adam, ε inside"].min() > guessing - 0.01

claim(
    "7.5-h",
    "holds if",
    "A ReLU network of moderate depth learns from Glorot's start too, later than from He's; one of 30 "
    "layers learns from He's start only.",
    "after 230 steps with momentum at the best rate the mean loss at 14 layers is below 0.65 from He's "
    "start, and between 0.65 and 1.7 from Glorot's. At 30 layers it is below 1.9 from He's, and none of "
    f"Glorot's {len(stuck)} runs (η = 0.008 and 0.6) gets more than 0.01 below that of guessing, "
    f"{guessing:.2f}. With Adam (η = 0.001) all three seeds from Glorot's get below 1.7 if ε is outside of "
    "the root, and none learns if it is inside.",
    condition="the step shrinks with the gradient, as it does with momentum",
    paper="He et al. 2015, Figures 2 and 3",
    reported="At 22 layers both starts converge, theirs earlier; at 30 layers only theirs does.",
)

# %% tags=["hide-input", "training-picture"]
with style.context():
    fig, panels = plt.subplots(1, 2, figsize=(7, 2.7), layout="constrained", sharey=True)
    looks = {"He": (style.UP, "o", "-"), "Glorot": (style.DOWN, "s", "--")}
    for (depth, start), table in by_depth.items():
        look = dict(zip(("color", "marker", "ls"), looks[start], strict=True))
        table = table.assign(loss=table["loss"].fillna(np.inf).clip(upper=2.5))
        ax = panels[int(depth == 30)]
        sns.lineplot(
            table, x="rate", y="loss", ax=ax, errorbar=("pi", 100), err_style="bars", **look
        )
        ax.set(xscale="log", xlabel="learning rate η", title=f"{depth} layers, momentum")
    for ax in panels:
        ax.axhline(guessing, color=style.MUTED, lw=0.8, ls=":")
    panels[0].set(ylim=(0, 2.6), ylabel="training loss after 230 steps")
    panels[0].text(0.0015, 2.4, "2.5 or diverged", fontsize=8, color=style.MUTED)
    panels[0].text(0.0032, 0.2, "He", color=style.UP)
    panels[0].text(0.04, 1.0, "Glorot", color=style.DOWN)
    panels[1].text(0.0015, 1.6, "He", color=style.UP)
    panels[1].text(0.6, 2.08, "Glorot", color=style.DOWN, ha="right")
    panels[1].text(0.0009, 2.36, "guessing", fontsize=8, color=style.MUTED)
    plt.show()

# %% [markdown]
# So a bad start alone does not stop a training. It takes an optimizer that cannot make up for it,
# and a constant as small as $\epsilon$ may decide.
#
# ## What to take away
#
# | activation | standard deviation of the weights | what it keeps |
# |---|---|---|
# | none | $1/\sqrt{n_{in}}$ | everything, forwards |
# | tanh | $\sqrt{2/(n_{in}+n_{out})}$ | both ways, down to $1/\sqrt{2l}$ after $l$ layers; a tenth more for 50 layers |
# | sigmoid | $4\sqrt{2/(n_{in}+n_{out})}$, bias $-\tfrac12\sum w$ | the same; without the bias 0.6 of the signal a layer |
# | ReLU | $\sqrt{2/n_{in}}$ | the mean square, not what differs between the examples |
# | leaky ReLU | $\sqrt{2/((1+c^2)\,n_{in})}$ | the same |
#
# - Other biases start at 0. Equal units must differ somewhere, if only in the last bit.
# - A layer multiplies the signal by a factor and the gradient by a factor, and depth raises both to a power.
#   That is all of it; compute them before you train.
# - A start that is too small is slow or stuck. One that is too large may train, and then generalizes badly.
#
# **What the book says, and what was measured.** These hold: 7.5-b (ranges), 7.5-e (the start
# decides), 7.5-f (no zeros), 7.5-g (the standard start fades), L-c (variance $n$). With a
# condition: 7.5-a (outgoing weights equal as well), 7.5-d (square layers), 7.5-h (the step shrinks
# with the gradient), L-b (independence), L-f (the mean square). Too strong: 7.5-c (tanh loses
# slowly), L-a (small weights leave no unit in a flat region), L-e (a sigmoid is no identity). A
# misprint: L-d (the mean of the fans, not of the factors).

# %% [markdown]
# ### The same elsewhere
#
# ```python
# # PyTorch: the weights of Linear are W transposed, (n_out, n_in)
# layer = torch.nn.Linear(n_in, n_out)                 # U(−1/√n_in, 1/√n_in), bias too
# torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")   # He, fan-in
# torch.nn.init.xavier_normal_(layer.weight)           # Glorot
# torch.nn.init.zeros_(layer.bias)
#
# # Keras: Glorot's uniform rule and bias 0 when nothing is said
# keras.layers.Dense(n_out, activation="relu", kernel_initializer="he_normal")
# ```
#
# Two conventions differ. "Kaiming" is He and "Xavier" is Glorot: first names and last names of the
# same people. And Keras cuts its normal draws at two standard deviations, then widens them to make
# up for it, while PyTorch and this package do not cut; claim 7.5-b says how little the shape
# matters.

# %% [markdown]
# ### Sources
#
# - Section 7.5 of *Training Neural Networks Part 1*, and the part on initialization of the lecture
#   *Impediments to learning*, whose claims are tested here.
# - Y. LeCun, L. Bottou, G. Orr, K.-R. Müller (1998), "Efficient BackProp": weights of $1/\sqrt n$.
# - X. Glorot, Y. Bengio (2010), "Understanding the difficulty of training deep feedforward neural
#   networks": both ways at once, and their Figures 6 and 7.
# - K. He, X. Zhang, S. Ren, J. Sun (2015), "Delving deep into rectifiers": ReLU, and their Figures 2 and 3.
# - B. Poole, S. Lahiri, M. Raghu, J. Sohl-Dickstein, S. Ganguli (2016), "Exponential expressivity in deep
#   neural networks through transient chaos", and S. Schoenholz, J. Gilmer, S. Ganguli, J. Sohl-Dickstein
#   (2017), "Deep information propagation": the arithmetic of the two variances.
# - The digits: E. Alpaydin, C. Kaynak (1998), "Optical recognition of handwritten digits", UCI.
