# %% [markdown]
# # 14 · The vanishing gradient problem
#
# *Section 7.8 · Figures 7.23 and 7.24 · about 65 minutes with the exercises, 30 without*
#
# For twenty years deep networks did not learn, and Section 7.8 says why. This notebook takes the story
# apart: what vanishes, what does not, and which of the remedies of notebooks 08 to 13 is needed.
# Afterwards you can
#
# - compute, before the first step, by what factor signal and gradient change in each layer,
# - say which remedy is enough alone, which needs another, and which two do not go together,
# - find out what is wrong with a deep network that does not learn, in five measured lines.
#
# You need notebook 08 (slopes), 10 (the scale of the weights), 12 (standardized input) and 13 (batch
# normalization).

# %%
# %config InlineBackend.figure_formats = ["retina"]
import copy
import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from coursekit import SGD, Adam, Standardize, best, check, claim, exercise, figures, mlp, schedules
from coursekit import show_source, sweep, train
from coursekit.datasets import digits
from coursekit.diagnostics import layer_signals, saturated_units, spread_between_rows
from coursekit.exercises.vanishing import patients_activations
from coursekit.figures import style
from coursekit.initializers import glorot_normal, he_normal, normal
from coursekit.widgets import Depth

# %% [markdown]
# ## What the tenth layer hears
#
# Take ten hidden layers and start them as it was done for a long time, with weights from a narrow
# normal distribution. The book writes $N(0, 0.01)$. That can mean two things, and they are a factor of
# ten apart: a standard deviation of 0.01, or a variance of 0.01 and so a standard deviation
# $\sigma_w$ of 0.1. This notebook measures both. The figure has the first.

# %%
figures.show("7.23")

# %% [markdown]
# On the right are two spreads. The units of a layer differ from each other, and a unit differs from
# digit to digit. The std of all values, which the book looks at, has both in it. Only the second, the
# spread *between digits* (in the figure: over the digits), tells the next layer which digit it is. In
# the package it is


# %%
show_source(spread_between_rows)

# %% [markdown]
# Here are both in numbers, for the two readings, with 100 units a layer. The data are the digits of
# notebook 08, standardized. (The *size* of an array is its root mean square throughout.)

# %%
data = digits()
scaler = Standardize().fit(data.x_train)
x, y = scaler.transform(data.x_train), data.y_train
shown, answers = x[:128], y[:128]


def hidden_layers(function, rule, depth=10, width=100, seed=0, **settings):
    """The signals of a network's hidden activations as it starts, the first layer first."""
    sizes = [64, *[width] * depth, 10]
    network = mlp(sizes, np.random.default_rng(seed), function, rule, **settings)
    return [s for s in layer_signals(network, shown, answers) if s.role == "activation"]


def rms(numbers):
    """The size of an array: its root mean square, in float64."""
    return np.sqrt(np.mean(np.square(numbers, dtype=float)))


def factor(sizes):
    """By what a row of sizes is multiplied from one to the next, on average."""
    return (sizes[-1] / sizes[0]) ** (1 / (len(sizes) - 1))


layers, n = np.arange(1, 11), 100
mean, spread, between = {}, {}, {}
for name, std in itertools.product(("sigmoid", "tanh"), (0.01, 0.1)):
    hidden = [s.outputs for s in hidden_layers(name, normal(std))]
    mean[name, std] = np.array([z.mean() for z in hidden])
    spread[name, std] = np.array([z.std() for z in hidden])
    between[name, std] = np.array([spread_between_rows(z) for z in hidden])

# %% tags=["claim-7.8-a"]
for std in (0.01, 0.1):
    assert np.abs(mean["sigmoid", std] - 0.5).max() < 0.05
    assert np.abs(mean["tanh", std]).max() < 0.01
    assert spread["sigmoid", std][-1] > 0.5 * spread["sigmoid", std][0]  # all values: stays
    assert factor(between["sigmoid", std][:8]) < 0.3
assert between["tanh", 0.01][-1] < 1e-8 * between["tanh", 0.01][0]
assert 0.3 < between["tanh", 0.1][-1] / between["tanh", 0.1][0] < 0.6

claim(
    "7.8-a",
    "too strong",
    "From N(0, 0.01) the mean and the variance of the activations fall to 0 with depth.",
    f"ten sigmoid layers keep a mean of {mean['sigmoid', 0.01][-1]:.1f}, and the std of all values goes "
    f"from {spread['sigmoid', 0.1][0]:.2f} to {spread['sigmoid', 0.1][-1]:.2f} (std of the weights 0.1); "
    f"only the spread between digits is multiplied by {factor(between['sigmoid', 0.1]):.2f} in each layer "
    f"({factor(between['sigmoid', 0.01][:8]):.3f} at std 0.01). With tanh the mean is 0 from the first "
    f"layer on, and a layer multiplies the spread by {factor(between['tanh', 0.01]):.3f} at std 0.01, but "
    f"by {factor(between['tanh', 0.1]):.2f} at std 0.1.",
    condition="with sigmoids what vanishes is the difference between inputs, and the mean is ½; with "
    "tanh it depends on the reading: a variance of 0.01 is Glorot's rule for 100 units",
)

# %% [markdown]
# A sigmoid of 0 is ½, in every layer: the mean does not fall. The sigmoid's spread of all values stays,
# too, but it is one between units; with $\sigma_w = 0.01$ all digits agree in layer 10 but for rounding.
# And the reading of 0.01 decides. With $\sigma_w = 0.1$ and 100 units, $\sigma_w\sqrt n = 1$, and a tanh
# network is healthy; with 10 units the same 0.1 shrinks a signal to 0.3 in each layer, and with 1000 it
# saturates. No fixed number can be right for all widths.
#
# ### The factor of a layer
#
# "Small weights, multiplied over and over": that can be computed. A small difference $\Delta z$ between two
# digits goes through a layer as
#
# $$ \Delta z_{\,l+1} \approx f'(a)\;\Delta z_{\,l}\,W
#    \qquad\text{and so}\qquad
#    \text{std}_{\,l+1} \approx f'(0)\,\sigma_w\sqrt n\;\,\text{std}_{\,l} $$
#
# since a sum of $n$ terms with random weights has $n$ times the variance of one (notebook 10). At 0 the
# slope is 1 for tanh and $\frac14$ for the sigmoid. How far does this carry? Twenty-four networks of five
# layers:

# %% tags=["claim-7.8-f"]
slope = {"sigmoid": 0.25, "tanh": 1.0}
multiplied = []
for name, std, width in itertools.product(slope, (0.003, 0.01, 0.03, 0.1, 0.3, 1.0), (50, 200)):
    hidden = hidden_layers(name, normal(std), depth=5, width=width)
    predicted = slope[name] * std * np.sqrt(width)
    found = factor([spread_between_rows(s.outputs) for s in hidden])
    multiplied.append({"function": name, "predicted": predicted, "found": found})
multiplied = pd.DataFrame(multiplied)
small = multiplied[multiplied["predicted"] < 0.25]
off = np.abs(small["found"] / small["predicted"] - 1)
assert off.max() < 0.1
assert multiplied["found"].max() < 1.1

claim(
    "7.8-f",
    "holds",
    "The signal dies because each layer multiplies it by small weights once more.",
    f"in {len(small)} networks with f′(0) σ √n below ¼ a layer multiplies the difference between digits "
    "by that number, within 10%: ¼ σ √n for the sigmoid, σ √n for tanh.",
)

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
    ax.axhline(1, color=style.MUTED, lw=0.8, ls=":")
    ax.loglog([0.004, 20], [0.004, 20], color=style.MUTED, lw=0.8)
    for name, marker, color in (("sigmoid", "o", style.DOWN), ("tanh", "s", style.UP)):
        part = multiplied[multiplied["function"] == name]
        ax.loglog(part["predicted"], part["found"], marker, ms=5, color=color)
    ax.text(0.006, 0.12, "arithmetic:\nfound = predicted", color=style.MUTED, va="center")
    ax.text(1.0, 0.35, "sigmoid", color=style.DOWN)
    ax.text(0.6, 1.4, "tanh", color=style.UP, ha="right")
    ax.set(xlim=(0.004, 20), ylim=(0.004, 3), xlabel="predicted: f′(0) σ √n", ylabel="found")
    ax.set_title("What a layer multiplies the difference between digits by")
    plt.show()

# %% [markdown]
# On the left all is arithmetic. On the right the units saturate, and no factor is above 1.1: what fills
# $(-1, 1)$ already cannot grow. With the same small weights the sigmoid loses four times as much in each
# layer as tanh. That comes from its slope.
#
# ## The way back
#
# The gradient takes the same way backwards. With $\delta = \partial\mathcal L/\partial a$,
#
# $$ \frac{\partial\mathcal L}{\partial w} = z\,\delta, \qquad
#    \frac{\partial\mathcal L}{\partial z_{\,l}} =
#    \Bigl(\frac{\partial\mathcal L}{\partial z_{\,l+1}}\circ f'(a_{\,l+1})\Bigr)\,W^\top $$
#
# Write the second one as a loop.

# %% exercise="gradient-ratio"

# %% [markdown]
# A layer multiplies by $f'(0)\,\sigma_w\sqrt n$ on this way, too. But the first formula holds a
# surprise. The book concludes: $z$ goes to 0, hence $z\delta$ does. In which layers is it worst, the
# first or the last? Think of tanh, where $z$ is smallest in the last layer, and $\delta$ in the first.

# %%
by_units, by_weights = {}, {}
for name in slope:
    network = mlp([64, *[n] * 10, 10], np.random.default_rng(0), name, normal(0.01))
    signals = layer_signals(network, shown, answers)
    by_units[name] = np.array([rms(s.gradients) for s in signals if s.role == "activation"])
    by_weights[name] = np.array([rms(s.weight_gradients) for s in signals[:-1:2]])

# %% tags=["hide-input"]
with style.context():
    fig, panels = plt.subplots(1, 2, figsize=(7, 2.8), layout="constrained", sharey=True)
    for ax, name in zip(panels, slope, strict=True):
        ax.semilogy(layers, by_units[name], "o-", ms=4, color=style.METHODS["SGD"].color)
        ax.semilogy(layers, by_weights[name], "s--", ms=4, color=style.METHODS["Momentum"].color)
        ax.set(xlabel="hidden layer", xticks=[1, 4, 7, 10], title=f"{name}, σ = 0.01")
    panels[0].set_ylabel("size of the gradient")
    panels[0].text(7.2, 1e-10, "∂L/∂z", color=style.METHODS["SGD"].words)
    panels[0].text(4.4, 3e-10, "∂L/∂W", ha="right", color=style.METHODS["Momentum"].words)
    panels[1].text(6.7, 1e-6, "∂L/∂z", ha="right", color=style.METHODS["SGD"].words)
    words = "∂L/∂W: equally small in all layers"
    panels[1].text(10, 1e-14, words, ha="right", color=style.METHODS["Momentum"].words)
    plt.show()

# %% tags=["claim-7.8-b"]
back = {name: factor(sizes[::-1]) for name, sizes in by_units.items()}
level = by_weights["tanh"].max() / by_weights["tanh"].min()
assert abs(back["sigmoid"] / 0.025 - 1) < 0.05
assert abs(back["tanh"] / 0.1 - 1) < 0.05
assert level < 2
assert by_weights["tanh"].max() < 1e-11
assert by_weights["sigmoid"][0] < 1e-16 < 1e-5 < by_weights["sigmoid"][-1]

claim(
    "7.8-b",
    "too strong",
    "The gradients ∂L/∂w = zδ go to 0 because the activations z do.",
    f"a layer multiplies ∂L/∂z by {back['sigmoid']:.3f} with sigmoids and {back['tanh']:.3f} with tanh "
    "(¼ σ √n and σ √n). With sigmoids z is about ½ everywhere and δ alone decides: ∂L/∂W goes from "
    f"{by_weights['sigmoid'][-1]:.0e} in layer 10 down to {by_weights['sigmoid'][0]:.0e} in layer 1. With "
    "tanh z shrinks on the way in as δ does on the way back, and the product is equally small in all "
    f"layers, about {np.median(by_weights['tanh']):.0e}.",
    condition="the gradients do vanish; with sigmoids by the slope ¼ and small weights, not by z; with "
    "tanh by both, and then in the last layer as much as in the first",
)

# %% [markdown]
# So "the first layers learn slowest" is true of the sigmoids here, and not of tanh. And the last layers
# of the sigmoid network, which do have a gradient, cannot use it: they hear the same for every digit.
#
# ### Small, or zero?
#
# A small gradient could be made up for by a large rate. There is an end to that. The smallest number above
# 0 is $1.4\cdot10^{-45}$ in float32 and $4.9\cdot10^{-324}$ in float64.

# %%
for dtype, depth in ((np.float32, 40), (np.float64, 220)):
    hidden = hidden_layers("sigmoid", normal(0.01), depth=depth, dtype=dtype)
    zero = sum(not s.gradients.any() for s in hidden)
    smallest = np.log(np.finfo(dtype).smallest_subnormal) - np.log(rms(hidden[-1].gradients))
    expected = depth - 1 - int(smallest / np.log(0.25 * 0.01 * np.sqrt(n)))
    assert abs(zero - expected) <= 2
    print(f"{dtype.__name__}, {depth} layers: no gradient at all in the first {zero}")

# %% [markdown]
# In float32 the gradient comes 26 layers far and not one further, whatever the rate.
#
# ## Large weights
#
# Then take large weights. The book warns of $N(0, 1)$: the sigmoids saturate, and the gradient is killed.
# The first half is true. For the second, count what a layer does to the *square* of the gradient. It
# sums over $n$ units; each passes its $f'(a)^2$, and the weight adds a factor $\sigma_w^2$:
#
# $$ \text{factor}^2 = n\,\sigma_w^2\,\overline{f'(a)^2} $$
#
# With large weights $a$ is spread over a width of about $\sigma_w\sqrt{n/2}$, and only a unit near 0 has
# a slope. The share of such units falls as $1/(\sigma_w\sqrt n)$, more slowly than $n\sigma_w^2$ grows.
# For the sigmoid, $\int f'^2\,\mathrm da = \frac16$ gives
# $\overline{f'^2}\approx 1/(10\,\sigma_w\sqrt n)$, and so
#
# $$ \text{factor} \approx \sqrt{\sigma_w\sqrt n\,/\,10} $$
#
# Before you read on: the playground shows a tanh network of 20 layers. Move the std up to 1, where about
# three quarters of its activations are saturated. Does the gradient of the first layer vanish?

# %%
Depth(activation="tanh", std=0.1, depth=20, width=100)


# %%
def trained(seed):
    """Test accuracy of ten layers of 32 sigmoids that start from N(0, 1), after 8 epochs of Adam."""
    rng = np.random.default_rng(seed)
    network = mlp([64, *[32] * 10, 10], rng, "sigmoid", normal(1.0), dtype=np.float32)
    train(network, x, y, Adam(0.01), epochs=8, batch_size=64, rng=rng, progress=False)
    return network.evaluate(scaler.transform(data.x_test), data.y_test)[1]


large = [
    {"function": name, "width": width, "factor": factor([rms(s.gradients) for s in hidden[::-1]])}
    | {"flat": np.mean([f(s.outputs) <= 0.01 for s in hidden])}
    for name, f in (("sigmoid", lambda z: z * (1 - z)), ("tanh", lambda z: 1 - z * z))
    for width in (10, 32, 100, 300)
    for seed in range(3)
    for hidden in [hidden_layers(name, normal(1.0), width=width, seed=seed)]
]
large = pd.DataFrame(large)

# %% tags=["claim-7.8-c"]
middle = large.groupby(["function", "width"])[["factor", "flat"]].median()
wide = np.array([10, 32, 100, 300])
formula = np.sqrt(np.sqrt(wide) / 10)
assert np.abs(middle.loc["sigmoid", "factor"] / formula - 1).max() < 0.15
assert (middle.loc["tanh", "factor"] > 1.2).all()
assert middle.loc[("sigmoid", 100), "flat"] > 0.4
assert min(trained(seed) for seed in range(3)) > 0.5

claim(
    "7.8-c",
    "too strong",
    "N(0, 1) saturates the sigmoids, and that kills the gradient as well.",
    f"of 100 sigmoids {middle.loc[('sigmoid', 100), 'flat']:.0%} are saturated, and a layer multiplies the "
    f"gradient by {middle.loc[('sigmoid', 100), 'factor']:.1f}; with 10 units it is "
    f"{middle.loc[('sigmoid', 10), 'factor']:.1f}, with 300 {middle.loc[('sigmoid', 300), 'factor']:.1f}. "
    f"With tanh it grows at every width, by {middle.loc[('tanh', 100), 'factor']:.1f} with 100 units. Ten "
    "layers of 32 sigmoids that start from N(0, 1) are right on more than half of the test digits after 8 "
    "epochs, with each of three seeds.",
    condition="the units do saturate; but the gradient shrinks only where σ √n is below about 10 "
    "(sigmoid), and far more slowly than with small weights",
)

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
    ax.axhline(1, color=style.MUTED, lw=0.8, ls=":")
    line = np.geomspace(8, 400, 50)
    ax.plot(line, np.sqrt(np.sqrt(line) / 10), color=style.DOWN, lw=0.9)
    looks = {"sigmoid": ("o", style.DOWN), "tanh": ("s", style.UP)}
    for name, (marker, color) in looks.items():
        part = large[large["function"] == name]
        ax.loglog(part["width"], part["factor"], marker, ms=4, color=color)
        for width in wide:
            share = f"{middle.loc[(name, width), 'flat']:.0%}"
            top = part.loc[part["width"] == width, "factor"].max()
            style.label(ax, share, (width, top), (0, 5))
    ax.text(36, 2.6, "tanh", ha="right", color=style.UP)
    ax.text(36, 0.5, "sigmoid, and √(σ√n/10)", color=style.DOWN)
    ax.set(xlim=(8, 400), ylim=(0.4, 5), xticks=wide, xticklabels=wide, yticks=[0.5, 1, 2, 4])
    ax.set_yticklabels(["0.5", "1", "2", "4"])
    ax.minorticks_off()
    ax.set(xlabel="units in a layer", ylabel="factor of ∂L/∂z, a layer back")
    ax.set_title("Weights from N(0, 1): the gradient grows with the width (%: saturated)")
    plt.show()

# %% [markdown]
# The mirror image has a name of its own, the *exploding* gradient. A factor of 2.3 in each of 50 layers
# makes $10^{18}$ of 1. What helps against it is not the remedy for vanishing: *clipping* scales a
# gradient down when its norm exceeds a limit, and leaves its direction.
#
# ## A healthy spread
#
# Figure 7.24 shows the network that works: ReLU, He's weights, standardized input.

# %%
figures.show("7.24")

# %% [markdown]
# The book reads from such a picture that the network goes on learning. Be the doctor. Here are the
# activations of another network, in four of its layers.

# %% tags=["hide-input"]
patient = patients_activations()
with style.context():
    fig, panels = plt.subplots(1, 4, figsize=(7, 1.8), layout="constrained", sharey=True)
    for ax, (layer, z) in zip(panels, patient.items(), strict=True):
        ax.hist(z.ravel(), bins=25, range=(0, 1), color=style.PALE, edgecolor=style.MUTED, lw=0.4)
        ax.set(xlabel="z", xticks=[0, 0.5, 1], yticks=[], title=f"layer {layer}")
    panels[0].set_ylabel("how often")
    plt.show()

# %% exercise="diagnose"

# %% [markdown]
# One healthy-looking patient is enough to refute the rule. A second one, of another kind, is known from
# notebook 13: batch normalization gives every pre-activation mean 0 and variance 1 on every batch. No
# histogram can be healthier, and the gradient of ReLUs grows on its way back all the same. Both, and a
# network that is healthy indeed, in one table:

# %% tags=["claim-7.8-e"]
starts = {  # function, weights, batch normalization; 30 layers of 100 units
    "sigmoid, 4 × Glorot": ("sigmoid", glorot_normal.scaled(4), False),
    "ReLU, batch norm": ("relu", he_normal, True),
    "ReLU, He": ("relu", he_normal, False),
}
print("last layer over first  all values   between digits   ∂L/∂z, a layer back")
seen = {}
for name, (function, rule, norm) in starts.items():
    hidden = hidden_layers(function, rule, depth=30, batch_norm=norm)
    ends = hidden[-1].outputs, hidden[0].outputs
    ratios = [np.divide(*map(measure, ends)) for measure in (np.std, spread_between_rows)]
    seen[name] = *ratios, factor([rms(s.gradients) for s in hidden[::-1]])
    print(f"{name:20}" + "{:13.1f}{:17.1g}{:23.2f}".format(*seen[name]))
assert seen["sigmoid, 4 × Glorot"][0] > 0.5
assert seen["sigmoid, 4 × Glorot"][1] < 1e-6
assert 1.15 < seen["ReLU, batch norm"][2] < 1.25
assert 0.9 < seen["ReLU, batch norm"][1] < 1.2
assert 0.95 < seen["ReLU, He"][2] < 1.05

claim(
    "7.8-e",
    "too strong",
    "A good spread of the activations in deep layers shows that the network goes on learning.",
    f"sigmoids from 4 × Glorot's weights have {seen['sigmoid, 4 × Glorot'][0]:.0%} of the spread of layer "
    f"1 in layer 30, and {seen['sigmoid, 4 × Glorot'][1]:.0e} of the difference between digits. ReLUs with "
    "batch normalization keep both, and their gradient grows by "
    f"{seen['ReLU, batch norm'][2]:.2f} a layer, {seen['ReLU, batch norm'][2] ** 29:.0f}-fold in all.",
    condition="the spread must be one between inputs, and the gradient has to be looked at as well; both "
    "say that a network can learn, not that it does",
)

# %% [markdown]
# Keep the 1.2 in mind; it will be seen again below. What does a single bad layer do? Guess first.

# %% exercise="bottleneck"

# %% [markdown]
# ## Four remedies, all combinations
#
# The book ends its story with three remedies: the initialization of Section 7.5, ReLU instead of the
# sigmoid, preprocessing. The previous section had a fourth, batch normalization. They came together, and
# so it was never said which of them did it. That is a question for a factorial experiment: all 16
# combinations, at 10 and at 30 layers of 32 units.
#
# | remedy | without | with |
# |---|---|---|
# | weights | $N(0, 0.1^2)$ | He's for ReLU; for the sigmoid Glorot's × 4, which makes up for its slope of ¼ (notebook 10) |
# | activation | sigmoid | ReLU |
# | input | grey values, 0 to 255 | standardized |
# | batch normalization | no | yes |
#
# Each of the 32 cells gets 45 steps of Adam on batches of 96, with a rate that falls along a cosine. Its
# rate is chosen with one seed, by the loss of the last ten steps, from three a factor of 2 apart
# (4 with batch normalization, which is dearer and less particular); where the best lies at the edge, more
# are tried on that side. At its best rate it is judged by three seeds. A cell that still guesses at all
# three rates (a loss above 2.25, where $\ln 10 = 2.30$) is given up.

# %%
inputs = {False: (255 * data.x_train, 255 * data.x_test), True: (x, scaler.transform(data.x_test))}
rules = {"sigmoid": glorot_normal.scaled(4), "relu": he_normal}


def cell_run(seed, rule, rectified, standardized, batch_norm, depth, rate, epochs=3):
    """One run of the factorial, of 15 steps an epoch."""
    rng = np.random.default_rng(seed)
    function = "relu" if rectified else "sigmoid"
    start = rules[function] if rule else normal(0.1)
    network = mlp([64, *[32] * depth, 10], rng, function, start, batch_norm, dtype=np.float32)
    pixels, unseen = inputs[standardized]
    method = Adam(schedules.cosine_decay(rate, 15 * epochs))
    settings = {"epochs": epochs, "batch_size": 96, "rng": rng, "progress": False}
    history = train(network, pixels, y, method, **settings)
    network.set_statistics(pixels[:512])
    right = network.evaluate(unseen, data.y_test)[1]
    return {"loss": history.loss[-10:].mean(), "right": right}


def tried(rates, seeds, cell):
    """Runs of one cell as a table."""
    grid = {name: [value] for name, value in cell.items()} | {"rate": rates}
    return sweep(cell_run, grid, seeds, progress=False)


def judged(**cell):
    """The runs of one cell at its best rate, and whether it was given up."""
    apart, rates = (4, [0.01, 0.04, 0.16]) if cell["batch_norm"] else (2, [0.005, 0.01, 0.02])
    table = tried(rates, [0], cell)
    if table["loss"].min() > 2.25:
        return table.assign(given_up=True)
    while not (winner := best(table, by="loss")).is_interior:
        edge = winner.point["rate"]
        further = edge / apart if edge == table["rate"].min() else edge * apart
        table = pd.concat([table, tried([further], [0], cell)], ignore_index=True)
    chosen = winner.point["rate"]
    again = tried([chosen], [1, 2], cell)
    return pd.concat([table[table["rate"] == chosen], again]).assign(given_up=False)


remedies = ["batch_norm", "standardized", "rectified", "rule"]
choices = itertools.product((10, 30), *[[False, True]] * 4)
field = [judged(**dict(zip(["depth", *remedies], chosen, strict=True))) for chosen in choices]
by_cell = pd.concat(field).groupby(["depth", *remedies])
cells = by_cell["right"].mean()

# %% tags=["hide-input", "training-picture"]
no_yes = list(itertools.product([False, True], repeat=2))


def words(*cell):
    """Mean and range of a cell over its seeds, or that it was given up."""
    part = by_cell.get_group(cell)
    low, high = 100 * part["right"].min(), 100 * part["right"].max()
    told = f"{part['right'].mean():.0%}\n{low:.0f} to {high:.0f}"
    return "guesses" if part["given_up"].any() else told


with style.context():
    fig, panels = plt.subplots(1, 2, figsize=(7, 3.4), layout="constrained", sharey=True)
    shade = sns.light_palette(style.UP, as_cmap=True)
    for ax, depth in zip(panels, (10, 30), strict=True):
        grid = [[cells[depth, *right, *down] for right in no_yes] for down in no_yes]
        told = [[words(depth, *right, *down) for right in no_yes] for down in no_yes]
        look = {"vmin": 0, "vmax": 1.15, "cmap": shade, "cbar": False}
        sns.heatmap(grid, ax=ax, annot=told, fmt="", annot_kws={"fontsize": 8}, **look)
        ax.axvline(2, color=style.PAPER, lw=5)
        ax.axhline(2, color=style.PAPER, lw=5)
        ax.set_xticklabels(["grey\nvalues", "standard-\nized"] * 2, rotation=0)
        ax.set_yticklabels(["sigmoid, N", "sigmoid, rule", "ReLU, N", "ReLU, rule"], rotation=0)
        ax.set_xlabel("no batch norm            batch norm")
        ax.set_title(f"{depth} layers: digits right after 45 steps")
        ax.tick_params(length=0)
    plt.show()

# %% [markdown]
# Read the left half of each panel first: that is the book's story, without batch normalization.

# %% tags=["claim-7.8-g"]
sigmoids = cells.xs((False, False), level=("batch_norm", "rectified"))
narrow = cells.loc[:, False, True, True, False]  # ReLU on standardized input
assert sigmoids.max() < 0.35
assert sigmoids[30].max() < 0.2
assert narrow.max() < 0.35
assert cells[10, False, False, True, False] > narrow[10] + 0.05

claim(
    "7.8-g",
    "too strong",
    "The main reason for vanishing gradients was bad initialization combined with sigmoids.",
    "without batch normalization no sigmoid network, whatever its start and its input, is right on more "
    "than 35% of the digits at 10 layers, or 20% at 30, after 45 steps. ReLU from N(0, 0.1²) on "
    "standardized input is right on at most 35%, at both depths.",
    condition="no combination is needed: either alone is enough to hold a network up, at least for these "
    "45 steps",
)

# %% [markdown]
# At 30 layers the whole left half is pale, the three remedies together included. Is that a dead end, or
# only a long way? The cell of the three gets six times as many steps.

# %% tags=["claim-7.8-d"]
trio = cells.loc[:, False, True, True, True]
others = cells.loc[10, False].drop((True, True, True))
alone = cells.loc[:, True, False, False, False]
both = [cells.loc[30, True, :, rectified, True] for rectified in (False, True)]
gain = cells.loc[:, True, True] - cells.loc[:, True, False]
remedied = {"depth": 30, "batch_norm": False, "standardized": True, "rectified": True, "rule": True}
longer = tried([0.004], range(3), remedied | {"epochs": 18})["right"]
hidden = hidden_layers("relu", he_normal)
kept = spread_between_rows(hidden[-1].outputs) / spread_between_rows(hidden[0].outputs)
assert 0.85 > trio[10] > 0.55 > others.max()
assert cells.loc[30, False].max() == trio[30] < 0.4
assert longer.mean() > 0.6
assert alone[10] > 0.7
assert alone[30] > trio[30]
assert both[0].min() > 0.7
assert both[1].max() < 0.5
assert (both[0] - cells.loc[30, True, :, False, False]).min() > 0.1
assert -0.15 < gain.mean() < 0.05

claim(
    "7.8-d",
    "holds if",
    "Good initialization, ReLU and preprocessing together give a healthy spread, and put the problem to "
    "rest.",
    f"layer 10 has {kept:.1f} of the spread between digits in layer 1, and after 45 steps the three together "
    "are right on 55 to 85% of the digits, no other combination without batch normalization on as many. At "
    "30 layers they stay below 40%, but pass 60% in 270 steps. Batch normalization alone is above 70% at "
    "10 layers and beats the three at 30, where with it the sigmoid and its rule pass 70%, while ReLU and "
    "its own stay below 50%.",
    condition="there is time: at 10 layers they are enough, at 30 they need several times as many steps, "
    "and batch normalization with sigmoids does not",
)

# %% [markdown]
# Five things that the book's story does not tell:
#
# - **The three need each other.** In the left half the best cell of each panel is the one with all three,
#   at 10 layers by far.
# - **Preprocessing can do harm.** At 10 layers ReLU with narrow weights learns something from raw grey
#   values, and next to nothing from standardized input: values of up to 255 had made up for the weights.
# - **Batch normalization is enough alone**, at 10 layers, even for sigmoids from $N(0, 0.1^2)$. It sets
#   the scale in each layer anew, at each step; the others do it once, at the start. At 30 layers the
#   sigmoids want their rule as well.
# - **Beside it, preprocessing gains nothing** on average. The first normalization layer does its work.
# - **Beside it, ReLU is the worse choice** at 30 layers, by a wide margin. A gradient that grows by 1.2 a
#   layer, 200-fold in all, would explain it.
#
# The effect of one remedy is the change from a cell without it to the one with it. For each of the book's
# three there are eight such pairs at each depth, four of them beside batch normalization. If the remedies
# were independent, the eight would agree.

# %% tags=["hide-input", "training-picture"]
with style.context():
    fig, panels = plt.subplots(1, 2, figsize=(7, 2.4), layout="constrained", sharey=True)
    for ax, depth in zip(panels, (10, 30), strict=True):
        ax.axvline(0, color=style.MUTED, lw=0.8, ls=":")
        for height, remedy in enumerate(remedies[1:]):
            points = 100 * (cells.xs(True, level=remedy) - cells.xs(False, level=remedy))[depth]
            ax.plot(points[True], [height - 0.15] * 4, "D", ms=5, color="#0072B2", alpha=0.7)
            ax.plot(points[False], [height + 0.15] * 4, "o", ms=5, color=style.MUTED, alpha=0.7)
        ax.set(xlim=(-75, 80), xlabel="gain in points", title=f"{depth} layers", ylim=(-0.5, 2.5))
        ax.set(yticks=range(3), yticklabels=["input", "ReLU", "weights"])
    panels[0].text(78, 1.5, "◆ beside batch norm", ha="right", va="center", color="#0072B2")
    panels[0].text(78, 0.5, "● without it", ha="right", va="center", color=style.MUTED)
    plt.show()

# %% [markdown]
# They do not agree. No remedy has an effect of its own: it depends on what else is there.
#
# ## While it trains
#
# Does a broken network recover by itself, given more than 45 steps? Three networks of 10 layers learn 480
# digits for 240 steps of Adam, and every eight steps the size of $\partial\mathcal L/\partial W$ is taken
# in each layer.


# %%
def film(function, rule, method, seed):
    """The size of ∂L/∂W by look and layer, and the loss by step."""
    rng = np.random.default_rng(seed)
    network = mlp([64, *[32] * 10, 10], rng, function, rule, dtype=np.float32)
    looks = []

    def look(epoch, network):
        signals = layer_signals(network, shown, answers)
        looks.append([rms(s.weight_gradients) for s in signals if s.weight_gradients is not None])

    look(0, network)
    settings = {"epochs": 30, "batch_size": 60, "rng": rng, "progress": False}
    history = train(network, x[:480], y[:480], method, on_epoch=look, **settings)
    return np.array(looks), history.loss


kinds = {
    "sigmoid, N(0, 0.1²)": ("sigmoid", normal(0.1)),
    "ReLU, N(0, 0.1²)": ("relu", normal(0.1)),
    "ReLU, He": ("relu", he_normal),
}
films = {
    name: [film(*kind, Adam(0.003), seed) for seed in range(3)] for name, kind in kinds.items()
}

# %% tags=["hide-input", "training-picture"]
with style.context():
    fig, panels = plt.subplots(
        2, 3, figsize=(7, 3.6), layout="constrained", sharex=True, height_ratios=[2, 1]
    )
    for (top, below), name in zip(panels.T, films, strict=True):
        looks, loss = films[name][0]
        look = {"vmin": -11, "vmax": -1, "aspect": "auto", "origin": "lower"}
        logs = np.log10(np.maximum(looks.T, 1e-12))
        image = top.imshow(logs, extent=(-4, 244, 0.5, 11.5), interpolation="nearest", **look)
        top.set(yticks=[1, 4, 7, 10], title=name)
        below.plot(np.arange(240), loss, color=style.INK, lw=1)
        below.set(xlabel="step", ylim=(0, 2.6), xticks=[0, 100, 200])
    for ax in panels[:, 1:].flat:
        ax.set_yticklabels([])
    panels[0, 0].set_ylabel("layer")
    panels[1, 0].set_ylabel("loss")
    bar = fig.colorbar(image, ax=panels[0], ticks=[-10, -6, -2])
    bar.set_ticklabels(["10⁻¹⁰", "10⁻⁶", "10⁻²"])
    bar.ax.set_title("∂L/∂W", fontsize=8, fontweight="normal", loc="center")
    plt.show()

# %% tags=["claim-7.8-h"]
sigmoids, recovering, healthy = films.values()
never = [f[:, 0].max() < 1e-8 and loss[-40:].mean() > 2.2 for f, loss in sigmoids]
later = [f[0, 0] < 1e-4 < f[-1, 0] and loss[-40:].mean() < 1.5 for f, loss in recovering]
faded = [np.median(f[-1]) < 0.2 * np.median(f[0]) for f, loss in healthy]
plain = [film("relu", normal(0.1), SGD(rate), 0)[1] for rate in (0.1, 1.0, 10.0)]
assert all(never + later + faded)
assert max(loss[-40:].mean() for _, loss in healthy) < 0.2
assert min(loss[-40:].mean() for loss in plain) > 2.2

claim(
    "7.8-h",
    "too strong",
    "In large models the gradients died away before the training was complete.",
    "with sigmoids from N(0, 0.1²) the gradient in layer 1 of 10 is below 10⁻⁸ before the first step, and "
    f"for all 240 ({sum(never)} of 3 seeds). ReLUs from the same weights start below 10⁻⁴ and come to life "
    f"by themselves with Adam ({sum(later)} of 3), but not with plain descent at η = 0.1, 1 or 10. From "
    f"He's weights the gradient does die away, to less than a fifth ({sum(faded)} of 3), because the loss "
    "comes near 0.",
    condition="where the start is bad it is gone before the first step; one that dies away later may be a "
    "sign of success",
)

# %% [markdown]
# The middle network is the interesting one. Adam divides each gradient by its own size, as long as that is
# above $\sqrt\epsilon = 10^{-4}$; below, the step shrinks with the gradient (notebook 07). At $10^{-6}$
# the steps are small, but every layer takes them, the weights grow, and with them the gradient. At
# $10^{-10}$, in the first layers of the sigmoid network, they are nothing. So one network vanishes and
# recovers, and the other does not: compare a gradient with the $\epsilon$ of the optimizer.
#
# ## Rescue one

# %% exercise="rescue-the-network"

# %% [markdown]
# ## When a deep network does not learn
#
# Five lines to measure before you change anything, all at the start, on one batch of 128 training
# examples. `examine` takes them.


# %%
def examine(network, rows, targets):
    """Five measurements of a network that does not learn; it is left as it was."""
    network = copy.deepcopy(network)
    loss, _ = network.loss_and_gradient(rows, targets)
    hidden = [s for s in layer_signals(network, rows, targets) if s.role == "activation"]
    ends = hidden[-1].outputs, hidden[0].outputs
    network.set_statistics(rows)
    flat = max(units.mean() for units in saturated_units(network, rows, share=1).values())
    signal = np.divide(*map(spread_between_rows, ends))
    gradient = rms(hidden[0].gradients) / rms(hidden[-1].gradients)
    settings = {"epochs": 60, "batch_size": 32, "rng": np.random.default_rng(0), "progress": False}
    by_heart = train(network, rows[:32], targets[:32], Adam(0.003), **settings).loss[-1]
    return {
        "loss at the start / ln 10": f"{loss / np.log(10):.1f}",
        "signal between digits, last/first": f"{signal:.0e}",
        "∂L/∂z, first/last": f"{gradient:.0e}",
        "units flat on all rows, worst layer": f"{flat:.0%}",
        "32 digits by heart, 60 steps": "yes" if by_heart < 0.5 else "no",
    }


kinds = {
    "healthy": ("relu", he_normal),
    "sigmoid": ("sigmoid", normal(0.1)),
    "1.5 × He": ("relu", he_normal.scaled(1.5)),
    "4 × Glorot": ("sigmoid", glorot_normal.scaled(4)),
    "low bias": ("relu", he_normal),
}
sizes = [64, *[64] * 12, 10]
patients = {name: mlp(sizes, np.random.default_rng(4), *kind) for name, kind in kinds.items()}
for layer in patients["low bias"].layers[:-1:2]:
    layer.bias[...] = -1
chart = pd.DataFrame({name: examine(one, shown, answers) for name, one in patients.items()})
assert list(chart.loc["32 digits by heart, 60 steps"]) == ["yes", "no", "yes", "no", "no"]
print(chart.to_string())

# %% [markdown]
# | line | healthy | if not |
# |---|---|---|
# | loss at the start, in units of $\ln(\text{classes})$ | 1 to 2 | far above: the outputs are too large; scale weights or input (notebooks 10, 12) |
# | signal between inputs, last over first layer | 0.1 to 10 | the deep layers hear nothing, or shout: weights, or batch normalization (10, 13) |
# | gradient, first over last layer | 0.1 to 10 | vanishing or exploding: activation and weights (08, 10) |
# | units with no slope on any row, worst layer | the lesser part | near 100 %: dead or saturated (08) |
# | one batch by heart | yes | the fault is in the start or in the code; if yes, it is in the rate or the data |
#
# Read all five before you act. A dead layer, in line 4, makes lines 2 and 3 fail as well, as for the last
# patient. And line 5 alone acquits nobody: the third patient explodes, and learns its 32 digits all the
# same.

# %% [markdown]
# ## What to take away
#
# | what | its number |
# |---|---|
# | a layer multiplies the signal, and the gradient on its way back, by | $f'(0)\,\sigma_w\sqrt n$ with small weights |
# | slope at 0 | ¼ for sigmoid, 1 for tanh; for ReLU $\sqrt{1/2}$ takes its place (notebook 08) |
# | a saturated sigmoid layer multiplies the gradient by | $\sqrt{\sigma_w\sqrt n/10}$ |
# | ReLU with batch normalization multiplies it by | 1.2 (notebook 13) |
#
# - Look at the spread *between inputs*, and at the gradient. A histogram of all values mixes two things.
# - Good weights, ReLU and standardized input: all three, or little is gained; enough at 10 layers, and at
#   30 with patience. Batch normalization is enough alone at 10; at 30 it wants the sigmoid and its rule.
# - A residual path changes the arithmetic altogether: that is the next notebook.
#
# **What the book says, and what was measured.** One claim holds: the layers multiply (7.8-f). One needs a
# condition, time: the three remedies put the problem to rest (7.8-d). Six are too strong: what vanishes
# with sigmoids is the difference between inputs, while the mean is ½ (7.8-a); the slope and not $z$ is the
# cause (7.8-b); saturation does not kill the gradient (7.8-c); a good spread does not show learning
# (7.8-e); sigmoids or small weights, either is enough for the damage (7.8-g); and the gradient is gone
# from the start, it does not die away (7.8-h). $N(0, 0.01)$ leaves open whether 0.01 is a variance or a
# standard deviation.

# %% [markdown]
# ### The same elsewhere
#
# ```python
# # PyTorch
# loss.backward()
# for name, p in model.named_parameters():
#     print(name, p.grad.square().mean().sqrt())           # ∂L/∂W by layer
# layer.register_forward_hook(lambda m, i, z: print(z.var(dim=0).mean().sqrt()))   # between rows
# layer.register_full_backward_hook(lambda m, gi, go: print(go[0].square().mean().sqrt()))
# torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
#
# # Keras
# with tf.GradientTape() as tape:
#     loss = loss_function(y, model(x, training=True))
# gradients = tape.gradient(loss, model.trainable_variables)
# keras.optimizers.Adam(clipnorm=1.0)      # of each variable alone; global_clipnorm: of all together
# ```
#
# PyTorch's clipping takes one norm over all parameters, Keras's `clipnorm` one for each. Their Adam adds
# $\epsilon$ outside of the root (notebook 07), so that it damps gradients below $10^{-8}$ in PyTorch and
# $10^{-7}$ in Keras; here, inside, those below $10^{-4}$.

# %% [markdown]
# ### Sources
#
# - Section 7.8 of *Training Neural Networks Part 1*, whose figures and symbols this notebook follows.
# - S. Hochreiter (1991), "Untersuchungen zu dynamischen neuronalen Netzen"; Y. Bengio, P. Simard,
#   P. Frasconi (1994), "Learning long-term dependencies with gradient descent is difficult": the vanishing
#   gradient, first in recurrent networks.
# - X. Glorot, Y. Bengio (2010), "Understanding the difficulty of training deep feedforward neural
#   networks": activations and gradients layer by layer.
# - B. Poole et al. (2016), "Exponential expressivity in deep neural networks through transient chaos", and
#   S. Schoenholz et al. (2017), "Deep information propagation": when inputs grow alike, and gradients grow.
# - R. Pascanu, T. Mikolov, Y. Bengio (2013), "On the difficulty of training recurrent neural networks":
#   exploding gradients and clipping.
# - The digits: E. Alpaydin, C. Kaynak (1998), "Optical recognition of handwritten digits", UCI.
