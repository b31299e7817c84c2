# %% [markdown]
# # 9 · Maxout
#
# *Section 7.4.4 · Figures 7.16 to 7.18 · about 50 minutes with the exercises, 25 without*
#
# All activation functions so far have a shape that somebody chose. A Maxout unit learns its shape.
# Afterwards you can
#
# - write a Maxout layer, forward and back, with its three-dimensional array of weights,
# - say which functions one unit can come near to, how fast the error falls with the number of
#   pieces, and which functions it will never reach,
# - judge whether the shape is worth its parameters.
#
# You need notebook 08 (ReLU, leaky ReLU, PReLU, dead units) and the idea of a convex function.

# %%
# %config InlineBackend.figure_formats = ["retina"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from coursekit import Activation, Adam, Dense, Maxout, Network, best, check, claim, exercise
from coursekit import figures, mlp, schedules, show_source, sweep, train
from coursekit.activations import leaky_relu
from coursekit.datasets import digits
from coursekit.diagnostics import dead_units
from coursekit.figures import style
from coursekit.initializers import uniform
from coursekit.losses import mean_squared_error
from coursekit.widgets import Maxout as MaxoutPlayground

# %% [markdown]
# ## From a leak to two planes
#
# The leaky ReLU is $z = \max(ca, a)$, and $a$ is an affine function of the inputs: $a = \sum_j w_j x_j + b$.
# Written out, the unit is the larger of two planes:
#
# $$ z = \max\Bigl(\textstyle\sum_j c\,w_j x_j + c\,b,\;\; \sum_j w_j x_j + b\Bigr) $$
#
# The first plane has no freedom. It is the second, scaled by a $c$ that somebody set to 0.01. PReLU
# learns that one number. Maxout lets go of the rest as well: the two planes get weights and biases of
# their own. (Where the book writes $z_j$ for the inputs of a layer and $z'_i$ for its outputs, here
# they are $x$ and $z$.)

# %%
figures.show("7.16")

# %% [markdown]
# If the second plane happens to be $c$ times the first, we are back at the leaky ReLU. That is a claim
# about real arrays, so here it is tried on them: a dense layer of 32 units with its activation, and a
# Maxout layer with the weights that it should have, on all digits of the training set, forward and
# back.

# %% tags=["claim-7.4.4-a"]
x, y, x_test, y_test = digits()
rng = np.random.default_rng(9)
dense, maxout = Dense(64, 32).initialize(rng), Maxout(64, 32, pieces=2).initialize(rng)
dense.bias = rng.normal(size=32)
arriving = rng.normal(size=(len(x), 32))  # a gradient ∂L/∂z
apart = {}
for slope in (0.0, 0.25, 0.01):  # a slope of 0 is ReLU
    maxout.weights = np.stack([dense.weights, slope * dense.weights], axis=-1)
    maxout.bias = np.stack([dense.bias, slope * dense.bias], axis=-1)
    activation = Activation(leaky_relu(slope))
    forward = activation.forward(dense.forward(x)) - maxout.forward(x)
    back = dense.backward(activation.backward(arriving)) - maxout.backward(arriving)
    apart[slope] = max(np.abs(forward).max(), np.abs(back).max())
assert apart[0.0] < 1e-12
assert apart[0.25] < 1e-12
assert apart[0.01] < 1e-12

claim(
    "7.4.4-a",
    "holds",
    "Maxout contains ReLU and leaky ReLU.",
    f"with a second plane of c times the first, the outputs for {len(x)} digits and the gradients "
    "that come back are those of ReLU (c = 0) and of leaky ReLU (c = 0.25, 0.01), all to within "
    "10⁻¹².",
)

# %% exercise="as-relu"

# %% [markdown]
# ## The layer
#
# With $k$ planes in place of two, and $m$ units instead of one, all fed by the same $d$ inputs:
#
# $$ a_{ij} = x^\top W_{\cdot ij} + b_{ij}, \qquad z_i = \max_{1\le j\le k} a_{ij},
# \qquad 1\le i\le m,\; 1\le j\le k $$
#
# $W$ has the shape $d \times m \times k$, and $b$ the shape $m \times k$. The dot in $W_{\cdot ij}$ stands
# for all $d$ inputs. $i$ is the unit and $j$ the *piece*.

# %%
figures.show("7.17")

# %% [markdown]
# In the package, the way forward and the heart of the way back:

# %%
show_source(Maxout._forward, Maxout._fill)

# %% [markdown]
# All $m \cdot k$ planes are one matrix product; what is left is to reshape and to look for the largest.
# `winner` is remembered for the way back: the output depends on the piece that won and on no other, so
# the whole gradient goes to that piece. It is the switch of the ReLU, with $k$ positions.

# %% exercise="maxout-forward"

# %% exercise="maxout-backward"

# %% [markdown]
# ### The indices as printed
#
# The book describes the planes as $k$ additional layers between inputs and outputs, and $a_{ij}$ as the
# value at "the $i$-th node of the $k$-th hidden layer". The layer meant is the $j$-th. Taken at its word,
# every $a_{ij}$ comes from the last layer, the maximum is over $k$ equal numbers, and the unit is affine.
# "Layers in between" misleads too: the planes stand side by side. In a row, one fed by the other, $k$
# affine layers are one affine map. (The printed $W_{\_ij}$ is $W_{\cdot ij}$. And in the formula for two
# planes the book's $j$ counts the inputs, in the one for $k$ planes it counts the pieces.)
#
# Whether a unit bends can be tested at midpoints. Take two images, and their average: the output
# of an affine unit for the average is the average of its two outputs, and that of a convex unit lies
# on it or below.

# %% tags=["claim-7.4.4-d"]
rng = np.random.default_rng(4)
layer = Maxout(64, 32, pieces=3).initialize(rng)
row = rng.normal(0, 0.2, (3, 64, 64))  # three affine layers, one fed by the other


def bends(function):
    """The shares of image pairs and units where the midpoint lies below, and above, the chord."""
    one, other = x[:700], x[700:1400]
    gap = function((one + other) / 2) - (function(one) + function(other)) / 2
    return np.mean(gap < -1e-9), np.mean(gap > 1e-9)


side_by_side, in_a_row = bends(layer.forward), bends(lambda x: x @ row[0] @ row[1] @ row[2])
as_printed = bends(lambda x: x @ layer.weights[..., -1] + layer.bias[..., -1])
assert side_by_side[0] > 0.2
assert side_by_side[1] == 0
assert as_printed == in_a_row == (0, 0)

claim(
    "7.4.4-d",
    "misprint",
    "a_ij is the value at the i-th node of the k-th of k additional hidden layers.",
    f"side by side, three planes bend between two digits in {side_by_side[0]:.0%} of the cases, "
    "always upwards. With every a_ij from the k-th layer, or with the layers in a row, the units "
    f"bend in {as_printed[0]:.0%}.",
    condition="the i-th node of the j-th of k affine layers, which stand side by side",
)

# %% [markdown]
# ## Which shapes can one unit take?
#
# A plane is convex, and the maximum of convex functions is convex. So every Maxout unit is convex,
# whatever its weights. What about the other direction?

# %%
figures.show("7.18")

# %% [markdown]
# The kinked shapes are met exactly. The parabola is met nearly, by the best of twelve trained units.
# How near can three lines come? Try it by hand.

# %% exercise="fit-convex"

# %% [markdown]
# For a smooth convex function $f$ the best lines are known. Cut the interval into $k$ parts. Over each
# part draw the chord, and lower it by half of its largest distance to $f$: the error is then the same
# in the middle and at both ends. Move the cuts until it is the same in all parts. For $x^2$ a chord
# over a length $h$ is off by $h^2/4$; with $k$ equal parts of $[-1, 1]$, $h = 2/k$, and half of it is
#
# $$ E(k) = \frac{1}{2k^2} $$
#
# Twice the lines, a quarter of the error. In general $E(k) \approx \bigl(\int\!\sqrt{f''}\,dx\bigr)^2 / 16k^2$.
# Here are $x^2$ and $e^x$, and then a bowl over two inputs, $x_1^2 + x_2^2$, made of planes that touch
# it on a square grid.


# %% tags=["claim-7.4.4-b"]
def best_lines(function, touch, k):
    """Slopes and intercepts of the k best lines on [−1, 1]; ``touch``: where f has a slope."""
    cuts = np.linspace(-1, 1, k + 1)
    for _ in range(200):
        slope = np.diff(function(cuts)) / np.diff(cuts)
        there = touch(slope)
        error = (function(cuts[:-1]) + slope * (there - cuts[:-1]) - function(there)) / 2
        lines = slope, function(cuts[:-1]) - slope * cuts[:-1] - error.max()
        so_far = np.append(0, np.cumsum(np.sqrt(error)))  # and now move the cuts
        cuts = np.interp(np.linspace(0, so_far[-1], k + 1), so_far, cuts)
    return lines


def unit_of(slope, intercept):
    """A Maxout unit with these lines; slopes of shape (inputs, k)."""
    slope = np.atleast_2d(slope)
    made = Maxout(len(slope), 1, pieces=slope.shape[1]).initialize(np.random.default_rng(0))
    made.weights, made.bias = slope[:, np.newaxis], intercept[np.newaxis]
    return made


line = np.linspace(-1, 1, 1681)[:, np.newaxis]
shapes = {"x²": (np.square, lambda s: s / 2), "eˣ": (np.exp, np.log)}
pieces = np.array([2, 4, 8, 16, 32])


def largest_errors(function, touch):
    units = [unit_of(*best_lines(function, touch, k)) for k in pieces]
    return np.array([np.abs(one.forward(line) - function(line)).max() for one in units])


errors = {name: largest_errors(*shape) for name, shape in shapes.items()}

square = np.stack(np.meshgrid(*[np.linspace(-1, 1, 97)] * 2), axis=-1).reshape(-1, 2)
in_a_plane = {}
for side in (2, 4, 8):  # k = side² planes
    middle = (2 * np.arange(side) + 1) / side - 1
    touching = np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2)
    lifted = 1 / side**2 - (touching**2).sum(axis=1)
    error = unit_of(2 * touching.T, lifted).forward(square)[:, 0] - (square**2).sum(axis=1)
    in_a_plane[side**2] = np.abs(error).max()


def power_of(counts, values):
    """The power of k by which the errors fall: a slope on doubly logarithmic paper."""
    return np.polyfit(np.log(list(counts)), np.log(list(values)), 1)[0]


power = {name: power_of(pieces, error) for name, error in errors.items()}
power["two inputs"] = power_of(in_a_plane, in_a_plane.values())
modulus = np.abs(unit_of([-1.0, 1.0], np.zeros(2)).forward(line) - np.abs(line)).max()
assert modulus == 0
assert np.allclose(errors["x²"], 1 / (2 * pieces**2), rtol=1e-3)
assert np.allclose(errors["eˣ"][1:] * pieces[1:] ** 2, np.sinh(0.5) ** 2, rtol=0.01)
assert abs(power["eˣ"] + 2) < 0.01
assert abs(power["two inputs"] + 1) < 0.01

claim(
    "7.4.4-b",
    "holds if",
    "One Maxout unit comes as near as you like to any convex function.",
    f"the largest error on [−1, 1] with k = {', '.join(map(str, pieces))} lines is "
    f"{', '.join(f'{error:.2g}' for error in errors['x²'])} for x², falling like "
    f"k^{power['x²']:.1f}; for eˣ it falls like k^{power['eˣ']:.1f} too. |x| takes 2 lines, exactly. "
    f"With two inputs it falls like k^{power['two inputs']:.1f}.",
    condition="it may have pieces enough: with d inputs the error of a smooth function falls like "
    "k^(−2/d)",
)

# %% [markdown]
# The condition is worth a thought. In two dimensions a quarter of the error takes four times the
# planes, twice as many along each input. With the 64 inputs of a digit, two planes along each
# input would be $2^{64}$ pieces. A Maxout unit with 2 or 5 pieces is no approximation of any given
# convex function of 64 inputs. It is a bend or a few, put where they help.
#
# ## What training finds
#
# The book adds that the shape is learned in the course of training. That good lines exist does not
# mean that a descent finds them. Two starts, on $x^2$, twelve units each, Adam at the better of two
# rates for each number of lines:
#
# - the *usual* start: random slopes, biases of 0. All lines pass through the origin, and only the
#   steepest rising and the steepest falling one ever win;
# - a *spread* start: the same slopes, with each line lowered until it touches $x^2$ from below
#   ($b = -w^2/4$). Every line wins somewhere.
#
# A perfect fit in the sense of the mean squared error has a largest error of $2/3k^2$, so do not
# expect $1/2k^2$.


# %% tags=["claim-7.4.4-e"]
def trained_units(k, start, rate, units=12, steps=400):
    """Largest errors on x² of trained units, and how many lines of each are used."""
    layer = Maxout(1, units, pieces=k, initializer=uniform(2.0))
    network = Network([layer], np.random.default_rng(9), loss=mean_squared_error)
    if start == "spread":
        layer.bias = -(layer.weights[0] ** 2) / 4
    points = line[::8]
    wanted = np.tile(points**2, units)
    rng = np.random.default_rng(0)
    method = Adam(schedules.cosine_decay(rate, steps))
    options = {"epochs": steps, "batch_size": len(points), "rng": rng, "progress": False}
    train(network, points, wanted, method, **options)
    off = np.abs(network.forward(line) - line**2).max(axis=0)
    won = (line[:, :, np.newaxis] * layer.weights[0] + layer.bias).argmax(axis=-1)
    return off, np.array([len(np.unique(column)) for column in won.T])


rows = []
for start in ("usual", "spread"):
    for k in (2, 4, 8, 16):
        tried = [trained_units(k, start, rate) for rate in (0.03, 0.1)]
        off, used = min(tried, key=lambda pair: np.median(pair[0]))
        rows += [(start, k, *pair) for pair in zip(off, used, strict=True)]
fitted = pd.DataFrame(rows, columns=["start", "lines", "error", "used"])
middle = fitted.groupby(["start", "lines"])[["error", "used"]].median()
worth = np.sqrt(1 / (2 * middle["error"]))  # the best lines that do as well
least_squares = 2 / 3 / 4**2
assert (fitted["error"] > 1 / (2 * fitted["lines"] ** 2)).all()
assert middle.loc[("spread", 4), "error"] < 1.3 * least_squares
assert middle.loc[("usual", 4), "error"] > 1.5 * least_squares
assert middle.loc[("usual", 16), "error"] > 1.5 * middle.loc[("spread", 16), "error"]
assert worth["usual", 16] < 6
assert worth["spread", 16] < 10
assert (fitted.query("start == 'usual' and lines == 16")["used"] <= 8).all()

claim(
    "7.4.4-e",
    "holds if",
    "The shape of the unit is learned in training.",
    "with 4 lines from the spread start the median of twelve units is within 30% of a perfect "
    "least-squares fit, from the usual start it is more than 50% above. With 16 lines, "
    "units from the usual start use half of them or less, and come no nearer than 6 well-placed "
    "lines would; from the spread start no nearer than 10. No unit reaches 1/2k².",
    condition="it has few lines, and each of them wins somewhere at the start",
)

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 3.0), layout="constrained")
    for start, color, marker in (("usual", style.DOWN, "v"), ("spread", style.UP, "^")):
        by_lines = fitted[fitted["start"] == start].groupby("lines")["error"]
        ks = by_lines.median().index
        ax.fill_between(ks, by_lines.min(), by_lines.max(), color=color, alpha=0.13, lw=0)
        ax.plot(ks, by_lines.median(), marker=marker, ms=7, color=color)
    ax.plot(ks, 1 / (2 * ks**2), color=style.INK, lw=1.2, ls="--")
    style.label(ax, "best lines, 1/2k²", (6, 1 / 72), (-4, -9))
    style.label(ax, "trained from the usual start", (9, 0.055), (0, 10), strong=style.DOWN)
    style.label(ax, "trained from the spread start", (12, 0.0102), (0, -2), strong=style.UP)
    ax.set(xscale="log", yscale="log", xlabel="lines k", ylabel="largest error on x²")
    ax.set_xticks([2, 4, 8, 16], ["2", "4", "8", "16"])
    ax.minorticks_off()
    ax.set_title("What twelve trained units make of their lines: median and range")
    plt.show()

# %% [markdown]
# The gradient goes to the winner. A line that wins nowhere on the data gets none and stays where it
# is, until the winners move out of its way. From the usual start most of 16 lines are paid for and never
# used.
#
# ## A shape with two valleys

# %% exercise="lines-for-a-wave"

# %% [markdown]
# Convexity alone decides it. Call the unit $u$ and the valleys $\pm v$. Because $u$ is convex,
# $u(0) \le \tfrac12\,(u(-v) + u(v))$, while the function is 1 at 0 and 0 at $\pm v$. If $u$ is within $E$ of
# it at all three, then $1 - E \le E$. So $E \ge \tfrac12$, and the level line at ½ is as good as any.
#
# The repair is a second unit and a minus sign. Goodfellow et al. (2013) prove that a difference of two
# Maxout units can come near to every continuous function. Here the two units can be written down: add
# and subtract $4x^2$,
#
# $$ (2x^2-1)^2 = (4x^4 + 1) - 4x^2 $$
#
# and both brackets are convex. A Maxout layer with two units, and behind it a dense layer with the
# weights $+1$ and $-1$, is an ordinary small network.


# %% tags=["claim-7.4.4-f"]
def wave(x):
    """(2x² − 1)², which has a hill in the middle."""
    return (2 * x**2 - 1) ** 2


def difference(k):
    """A network of two Maxout units with k lines each: one minus the other."""
    network = Network([Maxout(1, 2, pieces=k), Dense(2, 1)], np.random.default_rng(0))
    first = best_lines(lambda x: 4 * x**4 + 1, lambda s: np.cbrt(s / 16), k)
    second = best_lines(lambda x: 4 * x**2, lambda s: s / 8, k)
    layer, output = network.layers
    layer.weights = np.stack([first[0], second[0]])[np.newaxis]
    layer.bias = np.stack([first[1], second[1]])
    output.weights, output.bias = [[1.0], [-1.0]], [0.0]
    return network


alone = []
for k in (2, 8, 32):
    layer = Maxout(1, 12, pieces=k, initializer=uniform(2.0))
    network = Network([layer], np.random.default_rng(9), loss=mean_squared_error)
    options = {"epochs": 300, "batch_size": 211, "progress": False}
    wanted, method = np.tile(wave(line[::8]), 12), Adam(schedules.cosine_decay(0.05, 300))
    train(network, line[::8], wanted, method, rng=np.random.default_rng(0), **options)
    alone.append(np.abs(network.forward(line) - wave(line)).max(axis=0).min())
together = [np.abs(difference(k).forward(line) - wave(line)).max() for k in pieces]
power_together = power_of(pieces[1:], together[1:])
assert min(alone) >= 0.5
assert max(alone) < 0.6
assert abs(power_together + 2) < 0.15
assert together[-1] < 0.01

claim(
    "7.4.4-f",
    "holds",
    "A function that is not convex needs two Maxout units, and two are enough (Goodfellow et al.).",
    "one trained unit of 2, 8 or 32 lines, the best of twelve, is off by 0.5 to 0.6 on (2x² − 1)². "
    f"The difference of two with k = {', '.join(map(str, pieces))} lines each is off by "
    f"{', '.join(f'{error:.2g}' for error in together)}, falling like k^{power_together:.1f}.",
)

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 2.6), layout="constrained")
    ax.plot(line, wave(line), color=style.PALE, lw=6)
    ax.plot(line, difference(4).forward(line), color=style.DOWN, ls="--", lw=1.4)
    ax.plot(line, difference(16).forward(line), color=style.INK, lw=1.4)
    ax.axhline(0.5, color=style.MUTED, lw=1, ls=":")
    style.label(ax, "one unit at best: the level line", (0, 0.5), (0, -4))
    style.label(ax, "two units of 4 lines each", (-0.67, -0.27), (8, 0), strong=style.DOWN)
    style.label(ax, "two units of 16 each", (0.16, 0.95), (12, 4), strong=style.INK)
    ax.set(xlabel="input x", title="(2x² − 1)², one unit, and the difference of two")
    plt.show()

# %% [markdown]
# In the playground you have up to eight lines, and the dashed curve on the right is the smallest error
# that is possible. **Guess first:** with $(2x^2-1)^2$ and five lines, how many does the best solution
# in closed form make use of? Press the button, and count. Then go to $x^2$ and press it again. (In code
# it is `coursekit.widgets.Maxout`; here it goes by another name than the layer.)

# %% tags=["nbval-ignore-output"]
MaxoutPlayground(function="(2x² − 1)²", pieces=5)

# %% [markdown]
# ## Can a Maxout unit die?
#
# A ReLU that is negative on all data gets no gradient, and stays that way. A Maxout unit cannot end
# there: for every input one of its pieces wins, and is given the gradient. But the pieces can lose. Three
# networks on the digits, 32 hidden units, Adam at $\eta$ = 0.01, three seeds. Then the same with all biases
# of the hidden layer starting at −3. For ReLU that is fatal. To a Maxout unit it changes nothing in who
# wins: all pieces are lowered alike.


# %% tags=["claim-7.4.4-g"]
def hidden(kind, width, rng):
    """A network of one hidden layer: "relu", or "maxout" and the number of pieces."""
    if kind == "relu":
        return mlp([64, width, 10], rng)
    return Network([Maxout(64, width, pieces=int(kind[-1])), Dense(width, 10)], rng)


def winning(network):
    """Which pieces win on at least one image of the training set, shape (units, pieces)."""
    layer = network.layers[0]
    winner = (np.tensordot(x, layer.weights, axes=1) + layer.bias).argmax(axis=-1)
    return np.stack([(winner == j).any(axis=0) for j in range(layer.pieces)], axis=1)


def life(seed, kind, bias):
    """Train on the digits: accuracy, and the shares of dead units and of idle pieces."""
    rng = np.random.default_rng(seed)
    network = hidden(kind, 32, rng)
    network.layers[0].bias[...] = bias
    train(network, x, y, Adam(0.01), epochs=10, batch_size=64, rng=rng, progress=False)
    if kind == "relu":
        (dead,) = dead_units(network, x).values()
        idle = dead
    else:
        idle = ~winning(network)
        dead = idle.all(axis=1)
    accuracy = network.evaluate(x_test, y_test)[1]
    return {"accuracy": accuracy, "dead": float(dead.mean()), "idle": float(idle.mean())}


kinds = ["relu", "maxout 2", "maxout 5"]
lives = sweep(life, {"kind": kinds, "bias": [0.0, -3.0]}, seeds=range(3), progress=False)
is_relu, lowered = lives["kind"] == "relu", lives["bias"] < 0
idle = lives[~lowered].groupby("kind")["idle"].mean()
assert (lives[~is_relu]["dead"] == 0).all()
assert (lives[is_relu & ~lowered]["dead"] > 0.05).all()
assert (lives[is_relu & lowered]["accuracy"] < 0.3).all()
assert (lives[~is_relu & lowered]["accuracy"] > 0.9).all()
assert idle["maxout 2"] < 0.1
assert 0.15 < idle["maxout 5"] < 0.35

claim(
    "7.4.4-g",
    "holds",
    "Maxout units do not die (Goodfellow et al.).",
    "no Maxout unit of any run is without gradient on the training set; of the ReLUs more than 5% "
    "are, in every run. With biases that start at −3 every ReLU network stays below 30% test "
    "accuracy, and every Maxout network exceeds 90%. Single pieces do idle: less than a tenth of "
    "them win on no image with k = 2, between 15% and 35% with k = 5.",
    paper="Goodfellow et al. 2013, on saturation",
    reported="Units whose maximum includes a constant 0 die in training, Maxout units do not.",
)

# %% [markdown]
# A dead ReLU waits for a change in its inputs. An idle piece waits for the piece in front of it to
# move, and that one is being trained.
#
# Has such a unit learned an *activation function*, as the book calls it? For that its planes would have
# to be parallel, so that the output depends on one number $a$. They are not:

# %%
rng = np.random.default_rng(0)
network = hidden("maxout 2", 32, rng)
train(network, x, y, Adam(0.01), epochs=10, batch_size=64, rng=rng, progress=False)
first, second = np.moveaxis(network.layers[0].weights, -1, 0)
cosine = (first * second).sum(axis=0)
cosine /= np.linalg.norm(first, axis=0) * np.linalg.norm(second, axis=0)
assert np.median(np.abs(cosine)) < 0.3
assert np.abs(cosine).max() < 0.7
print("cosine between the two planes of a unit: median size below 0.3, largest of 32 below 0.7")

# %% [markdown]
# A trained Maxout unit is a convex function of all its inputs, and not a function of one number.
#
# ## What does it cost, and is it worth it?
#
# A Maxout layer has $k\,(dm + m)$ parameters, exactly $k$ times those of a dense layer, and as many times
# the multiplications. The question is what else the same parameters could buy. So each Maxout network is
# measured against two others: a ReLU network of the same *width*, and one of the same *number of
# parameters*, which is wider. Three splits of the digits into training and test data, four rates, each
# network judged at its own best rate by its mean test loss.

# %% tags=["claim-7.4.4-c"]
wider = {2: 60, 3: 88, 5: 143}  # ReLU units with the parameters of 32 Maxout units
networks = ["relu 32"]
for k, width in wider.items():
    networks += [f"maxout {k}", f"relu {width}"]
splits = [digits(seed=seed) for seed in range(3)]


def judged(seed, name, rate):
    """Train on one split; parameters, loss and accuracy on its test part."""
    kind, number = name.split()
    rng, (images, classes, *held_out) = np.random.default_rng(seed), splits[seed]
    network = hidden(kind if kind == "relu" else name, int(number) if kind == "relu" else 32, rng)
    options = {"epochs": 10, "batch_size": 64, "rng": rng, "progress": False}
    train(network, images, classes, Adam(rate), **options)
    loss, accuracy = network.evaluate(*held_out)
    return {"parameters": network.size, "loss": loss, "accuracy": accuracy}


grid = {"name": networks, "rate": [0.003, 0.01, 0.03, 0.1]}
table = sweep(judged, grid, seeds=range(3), progress=False)
winners = {name: best(part, "loss", statistic="mean") for name, part in table.groupby("name")}
assert all(winner.is_interior for winner in winners.values())
at_best = pd.concat(
    table[(table["name"] == name) & (table["rate"] == winners[name].point["rate"])]
    for name in networks
)
per_split = {name: np.array(winners[name].values) for name in networks}
narrow = per_split["relu 32"]
gain = {k: 1 - per_split[f"maxout {k}"].mean() / narrow.mean() for k in wider}
spread = np.ptp(narrow)
rivals = [
    (per_split[f"maxout {k}"] - per_split[f"relu {width}"]).mean() for k, width in wider.items()
]
sizes = {k: Maxout(64, 32, pieces=k).size / Dense(64, 32).size for k in wider}
assert sizes == {2: 2, 3: 3, 5: 5}
assert (at_best["accuracy"] > 0.93).all()
assert gain[5] > 0.15
assert np.abs(rivals).max() < spread

claim(
    "7.4.4-c",
    "holds",
    "Maxout works quite well, at the expense of many parameters.",
    "layers of k = 2, 3 and 5 pieces have exactly 2, 3 and 5 times the parameters. On the digits, each "
    "at its best rate, every network is above 93% on every split. At equal width, k = 5 lowers the mean "
    "test loss by more than 15%. Against a ReLU network with as many parameters, the mean "
    "difference is smaller than that between two splits, for k = 2, 3 and 5.",
)

# %% tags=["hide-input"]
shown = at_best.assign(kind=at_best["name"].str.split().str[0])
looks = {"relu": style.METHODS["SGD"], "maxout": style.METHODS["Momentum"]}
with style.context():
    fig, ax = plt.subplots(figsize=(7, 3.0), layout="constrained")
    for (kind, look), shift in zip(looks.items(), (0.985, 1.015), strict=True):
        part = shown[shown["kind"] == kind].groupby("parameters")["loss"]
        middle, at = part.mean(), part.mean().index * shift
        ax.vlines(at, part.min(), part.max(), color=look.color, lw=5, alpha=0.25)
        ax.plot(at, middle, look.marker, ls=look.linestyle, color=look.color, ms=7)
    style.label(ax, "ReLU, 32 to 143 units", (2410, 0.105), (12, 8), strong=looks["relu"].words)
    words = "32 Maxout units,\nk = 2, 3, 5"
    style.label(ax, words, (7600, 0.088), (0, 12), strong=looks["maxout"].words, halo=True)
    ax.set(xscale="log", ylim=(0, None), xlabel="parameters of the network", ylabel="test loss")
    ax.set_xticks([2410, 4500, 6600, 10730], ["2,410", "4,500", "6,600", "10,730"])
    ax.minorticks_off()
    ax.set_title("Digits, each at its own best rate: mean and range of three splits")
    plt.show()

# %% [markdown]
# Compare the two marks at each number of parameters: their distance is small against the bars, which
# are the luck of the split. That Maxout works well is true, and so is the remark on its price. What
# this measurement does not show is an advantage of the *shape* over more units of a plain one; three
# splits cannot decide between them. These are small networks on small images, and Goodfellow et al.
# made Maxout for training with dropout, which is not used here.
#
# ## What to take away
#
# | | |
# |---|---|
# | unit | $z_i = \max_j\,(x^\top W_{\cdot ij} + b_{ij})$: $k$ planes, side by side |
# | gradient | to the piece that won, whole; to the others nothing |
# | contains | ReLU (second plane 0), leaky ReLU (second plane $c$ times the first), $\lvert x\rvert$ |
# | can reach | any convex function: error $1/2k^2$ for $x^2$, in general like $k^{-2/d}$ |
# | cannot reach | anything with a hill, whatever $k$; the difference of two units can |
# | units | do not die; pieces can idle, and come back |
# | start | biases of 0 leave most of many lines unused when there is one input |
# | price | $k$ times the parameters; on the digits a wider ReLU layer does about as well for it |
#
# **What the book says, and what was measured.** That Maxout contains ReLU and leaky ReLU (7.4.4-a), and that
# it works well at the cost of parameters (7.4.4-c), holds as it stands. That one unit approximates
# any convex function needs pieces enough, very many of them when there are many inputs (7.4.4-b), and
# that training finds the shape needs a good start (7.4.4-e). The indices of the layer have a misprint, and
# the $k$ layers stand side by side (7.4.4-d). Two statements are from Goodfellow et al., and hold: two
# units are enough for what is not convex (7.4.4-f), and no unit dies (7.4.4-g).

# %% [markdown]
# ### The same elsewhere
#
# ```python
# # PyTorch has no Maxout layer: a linear layer of m·k outputs, and two lines
# self.planes = torch.nn.Linear(d, m * k)
# z = self.planes(x).reshape(-1, m, k).max(dim=-1).values
#
# # Keras neither
# planes = keras.layers.Dense(m * k)(x)
# z = keras.ops.max(keras.layers.Reshape((m, k))(planes), axis=-1)
# ```
#
# Here the piece is the last axis, as in `coursekit.Maxout`. A `reshape` to `(-1, k, m)` raises no
# error either: it only mixes the planes of different units. PyTorch's `Linear` and Keras's `Dense` draw
# their weights by other rules than the He rule of this notebook.

# %% [markdown]
# ### Sources
#
# - Section 7.4.4 of *Training Neural Networks Part 1*, whose figures and symbols this notebook follows.
# - I. J. Goodfellow, D. Warde-Farley, M. Mirza, A. Courville, Y. Bengio (2013), "Maxout networks":
#   the unit, the proof for the difference of two, and why the units do not die.
# - The digits: E. Alpaydin, C. Kaynak (1998), "Optical recognition of handwritten digits", UCI.
