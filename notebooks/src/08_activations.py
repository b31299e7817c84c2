# %% [markdown]
# # 8 · Units that saturate, and units that die
#
# *Sections 7.4 to 7.4.3 · Figures 7.9 to 7.15 · about 70 minutes with the exercises, 30 without*
#
# An activation function acts twice. Forwards it shapes the signal, backwards its slope multiplies the
# gradient. Where the slope is 0, learning ends. Afterwards you can
#
# - say how long a saturated sigmoid sleeps, and when it is dead for good,
# - say what a ReLU does to a gradient and what the weights do, and compute both at depth 20,
# - find dead units, name what killed them, and choose an activation by what was measured.
#
# You need the chain rule, notebook 01 (the rate $\eta$), and what a layer is: $a = xW + b$, $z = f(a)$.

# %%
# %config InlineBackend.figure_formats = ["retina"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from coursekit import SGD, Activation, Adam, Dense, Maxout, Network, PReLU, best, check, claim
from coursekit import exercise, figures, first_step, mlp, schedules, show_source, sweep, train
from coursekit.activations import ActivationFunction, leaky_relu, relu, sigmoid, tanh
from coursekit.datasets import digits, elongated_cloud
from coursekit.diagnostics import central_difference, dead_units, layer_signals, saturated_units
from coursekit.figures import style
from coursekit.initializers import he_normal, lecun_normal
from coursekit.losses import mean_squared_error
from coursekit.widgets import Hyperplane, Saturation

# %% [markdown]
# ## The sigmoid, backwards
#
# One unit: inputs $x$, weights $w$, a *pre-activation* $a = w\cdot x + b$, an output $z = \sigma(a)$
# with $\sigma(a) = 1/(1+e^{-a})$. On the way back the unit is handed $\partial\mathcal L/\partial z$, how
# the loss changes with its output, and passes on
#
# $$ \frac{\partial\mathcal L}{\partial a} = z(1-z)\,\frac{\partial\mathcal L}{\partial z} $$
#
# So the slope is known from the output alone. This is all that an activation layer does, in the
# package:

# %%
show_source(Activation._forward, Activation.slope, Activation._backward)

# %% [markdown]
# `_cache` keeps the output $z$ for the way back; `derivative_from_output` is $z(1-z)$ for the
# sigmoid. The figure sends the same gradient through a unit twice. The second time its weights are
# ten times as large.

# %%
figures.show("7.9")

# %% exercise="stable-sigmoid"

# %% exercise="sigmoid-slope"

# %% [markdown]
# How small does the slope get? Compare the formula with a difference quotient, and with $e^{-|a|}$.

# %% tags=["claim-7.4-a"]
a = np.linspace(-30, 30, 6001)
slope = sigmoid.derivative(a)
numeric = central_difference(lambda row: sigmoid(row).sum(), a[::100])
deep = np.linspace(5, 25, 200)
asleep, asleep_tanh = (a[(a > 0) & (f.derivative(a) <= 0.01)][0] for f in (sigmoid, tanh))
assert np.abs(slope[::100] - numeric).max() < 1e-9
assert slope.max() == slope[3000] == 0.25
assert (np.abs(sigmoid.derivative(deep) / np.exp(-deep) - 1) < 0.02).all()

claim(
    "7.4-a",
    "holds",
    "The slope of a sigmoid is z(1 − z), which comes near 0 where the unit is saturated.",
    f"{len(numeric)} difference quotients agree to 10⁻⁹. The slope is largest at a = 0, "
    f"{slope.max():.2f}; it is below 0.01 beyond |a| = {asleep:.1f}, and there it falls as e^−|a|, "
    "within 2%.",
)

# %% [markdown]
# Even at its best the unit lets only a quarter of a gradient through. The 0.01 is a convenient
# border, and this notebook calls a unit *asleep* beyond it.

# %% [markdown]
# ## Asleep, or dead?
#
# The book calls a saturated unit dead, and says that it stays so: its weights would have to change,
# and they cannot, because the gradient is 0. It is nearly 0. Guess what the difference is worth.

# %% exercise="wake-up"

# %% [markdown]
# Drag the unit out to $a = 10$ and read the lines below the picture. (Here $w$ learns as well as
# $b$, so that $a$ moves twice as far at each step: the rate of $\frac12$ is the 1 of the exercise.)
# Make the rate twenty times as large: is the unit awake within 2,000 steps? Then put the rate back and
# change the loss to *cross-entropy*. Guess the number of steps before you look.

# %%
Saturation(activation="sigmoid", a=6.0, rate=0.5)

# %% [markdown]
# A step is as long as the slope, $e^{-a}$, so the wait is about $e^a$ steps: $\mathrm da/\mathrm dn =
# -e^{-a}$ has the solution $n = e^a$. With the cross-entropy the slope cancels. The loss of a
# probability $z$ with target $t$ is $-t\ln z-(1-t)\ln(1-z)$. Its derivative by $z$ is
# $(z-t)/z(1-z)$, and times $z(1-z)$ that is $\partial\mathcal L/\partial a = z - t$. A unit that is
# completely wrong then gets a gradient of 1, however saturated it is.
#
# Both losses, run from many depths with target 0, where the bias alone learns at $\eta = 1$:


# %%
def steps_to_wake(starts, slope_cancels):
    """Steps of descent at η = 1 until a ≤ 0, for each start; the target is 0."""
    a, steps = np.array(starts, float), np.zeros(len(starts), int)
    while (a > 0).any():
        z = sigmoid(a)
        steps += a > 0
        a -= z if slope_cancels else z * z * (1 - z)
    return steps


depths = np.arange(2.0, 11.0)
squared, entropy = steps_to_wake(depths, False), steps_to_wake(depths, True)
growth = np.polyfit(depths[-4:], np.log(squared[-4:]), 1)[0]  # a slope on logarithmic paper
assert abs(growth - 1) < 0.02
assert (entropy <= depths + 2).all()

# %% [markdown]
# Is there a depth from which the unit really does not move at all? In exact arithmetic there is not.
# In a computer a step is lost when it is smaller than the spacing of the numbers near $a$, and
# further out $1-z$ itself is rounded to 0.

# %%
frozen = {}
for dtype, binary_digits in ((np.float64, 53), (np.float32, 24)):
    grid = np.arange(5, 40, 0.001).astype(dtype)
    slope = sigmoid.derivative(grid)
    frozen[dtype] = grid[grid - slope * sigmoid(grid) != grid][-1]
    rounded = grid[slope == 0][0]
    assert abs(rounded - binary_digits * np.log(2)) < 0.01
    print(
        f"{dtype.__name__}: a step is lost above {frozen[dtype]:.1f}, 1 − z is 0 above {rounded:.1f}"
    )

# %% [markdown]
# And in a network? The data are handwritten digits of 8 × 8 pixels, 1,438 to learn from and 359 for the
# test. All 64 hidden units are put to sleep at the start, by a bias of −8.

# %% tags=["claim-7.4-b"]
x, y, x_test, y_test = digits()
awake, reached = {}, {}
for setting in ((0.0, 1.0), (-8.0, 1.0), (-8.0, 4.0)):
    bias, rate = setting
    rng = np.random.default_rng(0)
    network = mlp([64, 64, 10], rng, sigmoid)
    network.layers[0].bias[...] = bias
    train(network, x, y, SGD(rate), epochs=20, batch_size=32, rng=rng, progress=False)
    (sleepers,) = saturated_units(network, x).values()
    awake[setting], reached[setting] = int((~sleepers).sum()), network.evaluate(x_test, y_test)[1]
assert awake[0.0, 1.0] == 64
assert awake[-8.0, 1.0] == 0 < awake[-8.0, 4.0] < 32
assert reached[-8.0, 1.0] < 0.15 < 0.95 < reached[0.0, 1.0]

claim(
    "7.4-b",
    "too strong",
    "A saturated sigmoid is dead and stays dead, because its weights get no gradient.",
    f"from a = 5, 7 and 10 it wakes after {squared[3]}, {squared[5]} and {squared[8]} steps, growing as "
    f"e^({growth:.2f} a); with the cross-entropy on its own output after {entropy[3]}, {entropy[5]} and "
    f"{entropy[8]}. In float64 a step at η = 1 moves nothing from a = {frozen[np.float64]:.1f} on, in "
    f"float32 from {frozen[np.float32]:.1f}. Of 64 hidden units of a real network "
    f"that start with bias −8, {awake[-8.0, 1.0]} wake in 900 steps at η = 1, and it is left guessing; at "
    "η = 4 the first few do.",
    condition="it sleeps for about e^|a|/η steps; dead is only one whose step is lost in rounding",
)

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
    ax.axvspan(frozen[np.float64], 40, color=style.GRID, lw=0)
    deep = np.linspace(0, frozen[np.float64], 50)
    ax.semilogy(deep, np.exp(deep), color=style.DOWN, lw=1, ls="--")
    ax.semilogy(depths, squared, "o", ms=5, color=style.DOWN)
    far = np.arange(2.0, 40.0, 2)
    ax.semilogy(far, steps_to_wake(far, True), "s", ms=4, color=style.UP)
    ax.axvline(frozen[np.float32], color=style.MUTED, lw=0.8, ls=":")
    ax.text(frozen[np.float32] + 0.3, 3e12, "in float32 dead from here", color=style.MUTED)
    ax.text(36.6, 1e10, "squared\nerror:\ndead", ha="center", va="center")
    ax.text(9, 1e6, "squared error: eᵃ", ha="right", color=style.DOWN)
    ax.text(15.5, 200, "cross-entropy: one step a unit", color=style.UP)
    ax.set(xlim=(0, 40), ylim=(1, 1e16), xlabel="pre-activation a at the start (target 0)")
    ax.set(ylabel="steps to a = 0, η = 1", title="How long a saturated sigmoid sleeps")
    plt.show()

# %% [markdown]
# Two lessons. An *output* unit need not sleep: give it the loss that cancels its slope, as every
# library does. A *hidden* unit has no such loss, and while most of its layer sleeps the network cannot
# learn. So the book's warning stands, for another reason: nobody waits $e^{\lvert a\rvert}$ steps.
# The cure is not to get there, by small pre-activations at the start (notebook 10).

# %% [markdown]
# ## tanh
#
# The other classical unit is the sigmoid in another coat. Which one?

# %% exercise="tanh-from-sigmoid"

# %%
figures.show("7.10")

# %% [markdown]
# The book sees one advantage in it: its output has mean 0. Figure 7.10 shows a second: at 0 its slope
# is 1 instead of $\frac14$. Which of the two matters can be tested with a function between them:
# $\tanh a + 1 = 2\sigma(2a)$ has the slopes of tanh, but its outputs are positive, like a sigmoid's.
#
# The race that follows is used again at the end of this notebook. A network with two hidden layers of
# 32 units learns the digits in 15 epochs; the rate falls along a cosine (Section 7.2), so that the end
# of a run is not a matter of luck. All weights start at a scale that fits the slope at 0, `gain`
# (Section 7.5). Each function is judged by the mean loss over its last epoch, at its own best of a row
# of rates, with four seeds.


# %%
class RaisedTanh(ActivationFunction):
    """tanh a + 1 = 2σ(2a)."""

    def __call__(self, a):
        return np.tanh(a) + 1

    def derivative_from_output(self, z):
        return z * (2 - z)


functions = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "tanh + 1": RaisedTanh(),
    "ReLU": relu,
    "leaky ReLU": leaky_relu(0.1),
}
widths = {"Maxout, narrow": 20}  # all others 32
epochs, steps_per_epoch = 15, 23


def hidden(name, n_in, n_out):
    """The layers of one hidden layer."""
    if name == "PReLU":
        return [Dense(n_in, n_out), PReLU(n_out)]
    if name.startswith("Maxout"):
        return [Maxout(n_in, n_out, pieces=2, initializer=lecun_normal)]
    function = functions[name]
    return [Dense(n_in, n_out, lecun_normal.scaled(function.gain)), Activation(function)]


def race(seed, name, rate):
    """One training run on the digits."""
    rng, wide = np.random.default_rng(seed), widths.get(name, 32)
    layers = [*hidden(name, 64, wide), *hidden(name, wide, wide), Dense(wide, 10, lecun_normal)]
    network = Network(layers, rng)
    method = SGD(schedules.cosine_decay(rate, epochs * steps_per_epoch))
    history = train(network, x, y, method, epochs=epochs, batch_size=64, rng=rng, progress=False)
    by_epoch = history.loss.reshape(epochs, -1).mean(axis=1)
    right = int((network.predict(x_test) == y_test).sum()) if np.isfinite(by_epoch[-1]) else 0
    return {"loss": by_epoch[-1], "right": right, "parameters": network.size}


def best_of(name, rates):
    """The four runs at the best rate, which must be neither the smallest nor the largest."""
    table = sweep(race, {"name": [name], "rate": rates}, seeds=range(4), progress=False)
    winner = best(table, by="loss", statistic="mean")
    assert winner.is_interior
    return table[table["rate"] == winner.point["rate"]]


raced = [
    best_of("sigmoid", [2.0, 4.0, 8.0]),
    best_of("tanh", [0.5, 1.0, 2.0]),
    best_of("tanh + 1", [0.5, 1.0, 2.0]),
]

# %% tags=["claim-7.4.1-a"]
a = np.concatenate([np.linspace(-40, 40, 8001), np.random.default_rng(741).normal(size=10_000)])
apart = np.abs(tanh(a) - (2 * sigmoid(2 * a) - 1)).max()
loss = pd.concat(raced).groupby("name")["loss"]
ratio = loss.median()["sigmoid"] / loss.median()["tanh"]
assert apart < 1e-15
assert loss.max()["tanh"] < loss.min()["sigmoid"]
assert 1.2 < ratio < 2

claim(
    "7.4.1-a",
    "holds",
    "tanh has the shape of a sigmoid, and saturates in the same way.",
    f"tanh a and 2σ(2a) − 1 differ by less than 10⁻¹⁵ at {len(a)} points. It is asleep sooner: its "
    f"slope is below 0.01 from |a| = {asleep_tanh:.1f} on, that of the sigmoid from {asleep:.1f}. On the "
    "digits it trains faster, each at its best rate: after 15 epochs its loss is between a half and "
    "five sixths of the sigmoid's, and below it with all four seeds.",
)

# %% tags=["claim-7.4.1-b"]
raised = loss.median()["tanh + 1"]
assert loss.max()["tanh"] < loss.min()["tanh + 1"]
assert abs(np.log(raised / loss.median()["sigmoid"])) < np.log(1.25)

claim(
    "7.4.1-b",
    "holds",
    "The one advantage of tanh over the sigmoid is that its outputs are centred about 0.",
    "tanh + 1, as steep as tanh but not centred, ends with a larger loss than tanh in all four seeds, "
    "and within 25% of the sigmoid. The steepness is made up for by the weights and the rate.",
)

# %% [markdown]
# The runs are drawn with all others in the last picture of this notebook. Why centring helps is a matter
# of what the next layer gets for its input, and so of preprocessing: notebook 12.

# %% [markdown]
# ## ReLU: a switch
#
# The rectified linear unit is $z = \max(0, a)$. On the positive side it never saturates.

# %%
figures.show("7.11")

# %% [markdown]
# Its slope is 1 or 0, so that a layer of them is a row of switches. The forward pass sets the switches,
# and the backward pass finds them as they were left: each gradient passes whole or not at all.

# %%
figures.show("7.12")

# %% exercise="relu-backward"

# %% tags=["claim-7.4.2-a"]
a, gradient = np.random.default_rng(742).normal(size=(2, 4000, 50))
layer = Activation("relu")
mask = layer.forward(a) > 0
passed = layer.backward(gradient)
agreeing = int(np.sum(passed == gradient * mask))
negative = np.mean(passed < 0)
assert agreeing == a.size
assert 0.24 < negative < 0.26

claim(
    "7.4.2-a",
    "holds",
    "Backwards a ReLU is a gate that its own input has opened or closed.",
    f"{agreeing} of {a.size} gradients are exactly the incoming one times the mask z > 0 of the "
    f"forward pass. The sign of the gradient has no say: {negative:.0%} of all came through "
    "as negative numbers.",
)

# %% [markdown]
# ## Twenty layers down
#
# From there the book concludes that gradients pass through a ReLU network undiminished, if all units
# are active. Before you believe it, write down one layer:
#
# $$ \frac{\partial\mathcal L}{\partial x} =
#    \Bigl(\frac{\partial\mathcal L}{\partial z}\circ f'(a)\Bigr)\,W^\top $$
#
# The activation contributes $f'$, and that is 1 for an active ReLU. But $W$ is there as well. So here
# are 20 hidden layers of 64 units, several scales of the weights, and the size of
# $\partial\mathcal L/\partial a$ in every layer. In the last of them the biases are so large that every
# unit is active, as the book asks.


# %% tags=["claim-7.4.2-b"]
def gradient_sizes(function, rule, all_active, seed):
    """The root mean square of ∂L/∂a by layer, divided by that of the last hidden layer."""
    network, z = mlp([64] * 21 + [10], np.random.default_rng(seed), function, rule), centred[:128]
    for layer in network.layers[:-1] if all_active else ():
        if isinstance(layer, Dense):
            layer.bias[...] = 1 - layer.forward(z).min(axis=0)
        z = layer.forward(z)
    signals = layer_signals(network, centred[:128], y[:128])
    sizes = [np.sqrt(np.mean(s.gradients**2)) for s in signals if s.role == "pre-activation"]
    active = [np.mean(s.outputs > 0) for s in signals if s.role == "pre-activation"]
    return np.array(sizes) / sizes[-1], np.mean(active)


centred = (x - x.mean(axis=0)) / (x.std(axis=0) + 0.1)
settings = {  # function, weights, all units active
    "sigmoid, 1/√n": (sigmoid, lecun_normal, False),
    "sigmoid, 4/√n": (sigmoid, lecun_normal.scaled(4), False),
    "tanh, 1/√n": (tanh, lecun_normal, False),
    "ReLU, ½/√n": (relu, lecun_normal.scaled(0.5), False),
    "ReLU, 1/√n": (relu, lecun_normal, False),
    "ReLU, √2/√n (He)": (relu, he_normal, False),
    "ReLU, √2/√n, all active": (relu, he_normal, True),
}
profiles, shares, first = {}, {}, {}
for name, setting in settings.items():
    runs = [gradient_sizes(*setting, seed) for seed in range(3)]
    profiles[name] = np.exp(np.mean([np.log(sizes) for sizes, _ in runs], axis=0))
    first[name], shares[name] = profiles[name][0], np.mean([share for _, share in runs])
assert first["sigmoid, 1/√n"] < 1e-11
assert first["ReLU, ½/√n"] < 1e-7 < 1e-4 < first["ReLU, 1/√n"] < 1e-2 < first["tanh, 1/√n"]
assert 0.5 < first["ReLU, √2/√n (He)"] < 2
assert first["ReLU, √2/√n, all active"] > 100
assert 0.45 < shares["ReLU, √2/√n (He)"] < 0.55
assert shares["ReLU, √2/√n, all active"] == 1
loss_a_layer = first["ReLU, 1/√n"] ** (1 / 19)

claim(
    "7.4.2-b",
    "too strong",
    "If all units are active, gradients go through a ReLU network undiminished.",
    f"in the first of 20 layers, with weights of 1/√n, {first['ReLU, 1/√n']:.1g} of it is left "
    f"({loss_a_layer:.2f} a layer, nearly √½), less than the {first['tanh, 1/√n']:.1g} of tanh; at half "
    "that scale it is "
    f"{first['ReLU, ½/√n']:.0e}. With He's √2/√n it is about 1 while half of the units are off, and "
    f"with all of them on it grows to {first['ReLU, √2/√n, all active']:.0f} times.",
    condition="the activation passes it whole or not at all; W scales it, and √2/√n makes up for the "
    "half that is off",
)

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
    for (name, sizes), line in zip(profiles.items(), ("-", "-", "--", *"----"), strict=True):
        color = style.MUTED if "ReLU" not in name else style.METHODS["Momentum"].color
        ax.semilogy(np.arange(1, 21), sizes, color=color, ls=line)
        shift = {"ReLU, √2/√n (He)": 3, "tanh, 1/√n": 0.4, "ReLU, 1/√n": 2, "sigmoid, 4/√n": 0.6}
        height = sizes[0] * shift.get(name, 1)  # no label on another
        ax.text(0.7, height, name, ha="right", va="center", fontsize=8, color=color)
    ax.set(xlim=(-6.5, 20), ylim=(1e-13, 1e5), xticks=[1, 5, 10, 15, 20])
    ax.set(xlabel="hidden layer (the loss is to the right)", ylabel="size of ∂L/∂a, last layer = 1")
    ax.set_title("Which scale the weights have matters as much as the function")
    plt.show()

# %% [markdown]
# The lowest line loses a little more than a factor of 4 a layer, nineteen times. That is no fault of
# saturation: it is the slope at its very best. Weights four times as large make up for it at $a = 0$,
# but then the units do not stay at 0. For ReLU with weights of $1/\sqrt n$ half of the switches are
# off, which halves the *square* of the gradient, hence a factor $\sqrt{\frac12}$ a layer. With all of
# them on, He's weights are too large by $\sqrt2$ a layer. Also note what the book's condition would
# mean: with all units active, a ReLU network is an affine map, and no better than a single layer.
#
# ## The dead ReLU
#
# A slope that is exactly 0 has its price. Take a unit whose pre-activation is negative on *every*
# training example. All its gradients are 0, not small, and nothing will move it again. In the space of
# its inputs, the line $w\cdot x + b = 0$ misses the cloud of the data.

# %%
figures.show("7.13")

# %% [markdown]
# Drag the line off the cloud. There are two sides where it can go. On which of them does the unit
# die, and what is it on the other? (How a line gets there by itself, you can see in the first
# playground: choose ReLU, $a = 6$, target 1 and a rate of 0.9. One step is enough.)

# %%
Hyperplane(cloud="one cloud")

# %% exercise="place-the-hyperplane"

# %% [markdown]
# Three units like those of Figure 7.13, put to work: each is to learn what another ReLU unit, a
# *teacher*, says about the same 150 points. Two thousand steps of plain descent at $\eta = 0.1$.

# %% tags=["claim-7.4.2-c"]
points = elongated_cloud(150, np.random.default_rng(22), std=(1.0, 0.38), angle=np.pi / 9)
wanted = relu(points @ [-0.4, 0.9] + 0.3)[:, np.newaxis]


def learn(bias, function=relu, steps=2000):
    """Descent of one unit: (w₁, w₂, b), loss and number of active points, by step."""
    layers = [Dense(2, 1), Activation(function)]
    unit = Network(layers, np.random.default_rng(0), loss=mean_squared_error)
    unit.parameters = [np.cos(0.9), np.sin(0.9), bias]
    seen = []
    for _ in range(steps):
        loss, gradient = unit.loss_and_gradient(points, wanted)
        active = int((unit.layers[0].forward(points) > 0).sum())
        seen.append((unit.parameters.copy(), loss, active))
        unit.parameters = unit.parameters - 0.1 * gradient
    return tuple(map(np.array, zip(*seen, strict=True)))


lives = {"alive": learn(0.2), "dead": learn(-2.4), "always on": learn(2.4)}
path, _, active = lives["dead"]
assert (path == path[0]).all()
assert (active == 0).all()
path, losses, active = lives["always on"]
affine = points @ path[0, :2] + path[0, 2]
back = first_step(active < 150)
assert np.array_equal(relu(affine), affine)
assert back < 50
assert max(losses[-1], lives["alive"][1][-1]) < 1e-20

claim(
    "7.4.2-c",
    "holds if",
    "A unit whose hyperplane misses the data cloud outputs 0 for ever and stops all gradients.",
    "with the cloud on its negative side not one bit of its parameters changed in 2000 steps. With the "
    f"cloud on its positive side it is a linear unit on all 150 points, its gradients pass, and after "
    f"{back} steps its line is back in the cloud; it learns the teacher as well as the unit that "
    "was alive from the start.",
    condition="the cloud is on the negative side; on the other side the unit is linear, and not lost",
)

# %% tags=["hide-input"]
with style.context():
    fig, panels = plt.subplots(1, 3, figsize=(7, 2.4), layout="constrained", sharey=True)
    for ax, (name, (path, losses, _)) in zip(panels, lives.items(), strict=True):
        ax.plot(*points.T, ".", ms=3, color=style.PALE)
        along = np.array([-9.0, 9.0])
        for (w1, w2, b), line in ((path[0], ":"), (path[-1], "-")):
            ax.plot(along, -(w1 * along + b) / w2, color=style.INK, ls=line)
        ax.set(
            xlim=(-3, 3),
            ylim=(-4, 4),
            xticks=[-2, 0, 2],
            xlabel="x₁",
            title=f"{name.capitalize()} at first",
        )
        style.subtitle(ax, f"loss {losses[0]:.2f} → {losses[-1]:.2f}")
    panels[1].text(-2.8, -3.6, "never moved", fontsize=8)
    panels[0].set_ylabel("x₂")
    panels[0].text(-2.8, 2.5, "dotted: first line\nsolid: last line", fontsize=8)
    plt.show()

# %% [markdown]
# The book writes the hyperplane as $\sum w_i z_i$, without the bias. That would be a line through the
# origin. For centred data the difference is one between life and death:

# %% tags=["claim-7.4.2-e"]
rng = np.random.default_rng(7)
directions = rng.normal(0, np.sqrt(2 / 64), size=(64, 4000))  # 4000 random units
around_zero = x - x.mean(axis=0)
biases = (0, -0.75, -1, -1.5)
dead = [np.mean((around_zero @ directions + b <= 0).all(axis=0)) for b in biases]
assert dead[0] == 0
assert (np.diff(dead) > 0.01).all()

claim(
    "7.4.2-e",
    "misprint",
    "The unit is dead if the hyperplane Σ wᵢ zᵢ does not meet the cloud.",
    f"without a bias, {dead[0]:.0%} of 4000 random units are dead on the centred digits, and none can "
    "be: what averages to 0 over the data is positive somewhere. With a bias of −¾, −1 and −1½ it is "
    + ", ".join(f"{share:.0%}" for share in dead[1:])
    + ".",
    condition="the hyperplane is Σ wᵢ zᵢ + b = 0",
)

# %% [markdown]
# ## What kills units in a real network
#
# `dead_units` looks at a network with the whole training set, not with a batch: a unit that is off on
# 32 examples may be on at the 33rd.

# %% exercise="dead-fraction"

# %% [markdown]
# Now two suspects: the learning rate, and the bias at the start. The network has two hidden layers of 64,
# He's weights, 6 epochs. Then follow 6 more epochs at a mild rate of 0.1. Does anyone come back to
# life?


# %%
def deaths(seed, rate, bias):
    """Dead units before, between and after two trainings, in both hidden layers."""
    rng = np.random.default_rng(seed)
    network = mlp([64, 64, 64, 10], rng)
    for layer in network.layers[:-1:2]:
        layer.bias[...] = bias
    seen = [dead_units(network, x)]
    for eta in (rate, 0.1):
        train(network, x, y, SGD(eta), epochs=6, batch_size=32, rng=rng, progress=False)
        seen.append(dead_units(network, x))
    result = {"right": np.mean(network.predict(x_test) == y_test)}
    for place, born, dead, later in zip(("first", "second"), *map(dict.values, seen), strict=True):
        result |= {f"born {place}": int(born.sum()), f"dead {place}": int(dead.sum())}
        result[f"back {place}"] = int((dead & ~later).sum())
    return result


rates, biases = [0.05, 0.2, 0.4, 0.6, 0.8, 1.2], [0.5, 0.0, -0.5, -1.0, -2.0]
by_rate = sweep(deaths, {"rate": rates, "bias": [0.0]}, seeds=range(3), progress=False)
by_bias = sweep(deaths, {"rate": [0.1], "bias": biases}, seeds=range(3), progress=False)

# %% tags=["claim-7.4.2-d"]
mild, wild = by_rate[by_rate["rate"] <= 0.4], by_rate[by_rate["rate"] >= 0.8]
low, both = by_bias[by_bias["bias"] <= -1], pd.concat([by_rate, by_bias])
assert mild[["dead first", "dead second"]].max().max() < 16
assert mild["right"].min() > 0.95
assert wild["dead first"].min() > 16
assert (low["born second"] == 64).all()
assert low["right"].max() < 0.15
assert both["back first"].sum() == 0
assert both["dead first"].sum() > 300
assert both["back second"].sum() > 0

claim(
    "7.4.2-d",
    "holds if",
    "In training, whole sections of a network can die and take no part any more.",
    "up to η = 0.4 fewer than a quarter of the units of either layer are dead, and every run is right on "
    "more than 95% of the test digits; from 0.8 on more than a quarter of the first layer is dead in "
    "every run. At a starting bias of −1 or lower all of the second layer is dead at birth, and the "
    f"network guesses. Of more than 300 dead units of the first layer {both['back first'].sum()} came "
    "back; of those of the second layer some did.",
    condition="the rate is about twice one that works well, or the bias at the start is clearly negative",
)

# %% tags=["hide-input"]
with style.context():
    fig, panels = plt.subplots(1, 2, figsize=(7, 2.6), layout="constrained", sharey=True)
    spread = {"errorbar": ("pi", 100), "err_style": "bars"}
    for ax, table, by in zip(panels, (by_rate, by_bias), ("rate", "bias"), strict=True):
        for place, look in (("first", style.METHODS["SGD"]), ("second", style.METHODS["Momentum"])):
            dots = {"color": look.color, "marker": look.marker, "ls": look.linestyle}
            sns.lineplot(table, x=by, y=f"dead {place}", ax=ax, **spread, **dots)
    panels[0].text(0.76, 46, "first layer", ha="right", color=style.METHODS["SGD"].words)
    panels[0].text(0.87, 8, "second layer", color=style.METHODS["Momentum"].words)
    panels[0].set(ylim=(-2, 67), xlabel="learning rate η, bias 0", ylabel="dead units of 64")
    panels[0].set_title("Killed by the rate: three seeds")
    panels[1].set(xlabel="bias at the start, η = 0.1", title="Dead at birth")
    panels[1].invert_xaxis()
    plt.show()

# %% [markdown]
# Dead is for ever in the first layer only, whose inputs are the data. Deeper down the cloud moves when
# the layers before it learn, and may move onto a dead unit's good side.
#
# The book blames bad initializations for most deaths. Look at the left panel: these networks had a
# good start.

# %% tags=["claim-7.4.2-f"]
born = by_rate["born first"] + by_rate["born second"]
after = by_rate[by_rate["rate"] == 0.8]["dead first"]
assert born.max() < 13
assert after.mean() > 26

claim(
    "7.4.2-f",
    "too strong",
    "Dead units mostly come from a bad initialization.",
    "at a good start, He's weights and no bias, fewer than 10% are dead in every network; 6 epochs at "
    "η = 0.8, twice a rate that works well, leave more than 40% of the first layer dead on average.",
    condition="a good start prevents death at birth; too large a rate kills just as well",
)

# %% [markdown]
# ### Dead at birth
#
# There is one more way to die, and no training is needed for it. If all units of one layer are off, the
# network outputs a constant, and nothing reaches the layers before. In a narrow network that is a matter
# of coin tosses. Take one input $x$ and biases of 0. For $x > 0$ each unit's $a$ has a random sign, so
# that a layer of $n$ units is off with probability $2^{-n}$, and $h$ layers let something through with
# probability $s = (1-2^{-n})^h$. The same holds for $x < 0$, and so the probability to be alive
# on at least one side lies between $s$ and $2s$.

# %% tags=["claim-7.4.2-g"]
rng, trials = np.random.default_rng(2019), 4000
born_dead = {}
for n in (2, 3, 4, 8):
    start = rng.normal(0, np.sqrt(2), size=(trials, 1, n))
    z = relu(np.concatenate([start, -start], axis=1))  # for x = 1 and x = −1
    born_dead[n] = [np.mean((z == 0).all(axis=(1, 2)))]
    for _ in range(48):
        z = relu(z @ rng.normal(0, np.sqrt(2 / n), size=(trials, n, n)))
        born_dead[n].append(np.mean((z == 0).all(axis=(1, 2))))
print("share of networks that are dead at birth")
print("width   5 layers   10 layers   20 layers   50 layers   (the last of them the output)")
for n, share in born_dead.items():
    print(f"{n:5}" + "".join(f"{share[layers - 2]:11.0%}" for layers in (5, 10, 20, 50)))
    alive = (1 - 0.5**n) ** np.arange(1, 50)
    assert (1 - 2 * alive - 0.03 < share).all()
    assert (share < 1 - alive + 0.03).all()
assert 0.85 < born_dead[2][8] < 0.93

claim(
    "7.4.2-g",
    "holds if",
    "A good initialization keeps a network from being dead.",
    f"with He's weights and no bias, {born_dead[2][8]:.0%} of networks of width 2 and 10 layers are dead "
    f"at birth, {born_dead[4][8]:.0%} of width 4, {born_dead[8][8]:.0%} of width 8; all of it within the "
    "bounds of the coin tosses.",
    condition="the layers are wide: the danger grows as depth times 2^−width",
    paper="Lu et al. 2019",
    reported="The probability to be born dead grows with the depth and falls with the width.",
)

# %% [markdown]
# ## A leak
#
# The remedy is one number: $z = \max(c\,a, a)$. Where $a < 0$ the gradient passes times $c$.

# %%
figures.show("7.14")

# %% exercise="leaky-both-ways"

# %% [markdown]
# The dead unit once more, with the same teacher and the same start, and a leak. How does the
# time until it is awake depend on $c$?

# %% tags=["claim-7.4.3-a"]
leaks = [0.3, 0.1, 0.03, 0.01, 0.003, 0.0]
waits = [
    first_step(learn(-2.4, leaky_relu(c), steps=int(7 / c) if c else 2000)[2] > 0) for c in leaks
]
print("leak c            " + "".join(f"{c:>8g}" for c in leaks))
print("active from step  " + "".join(f"{wait:>8}" for wait in waits[:-1]) + "   never")
power = np.polyfit(np.log(leaks[1:-1]), np.log(waits[1:-1]), 1)[0]
assert waits[-1] == np.inf
assert abs(power + 1) < 0.05

leaky_deaths = []
for seed in range(3):
    rng = np.random.default_rng(seed)
    network = mlp([64, 64, 64, 10], rng, leaky_relu(0.1))
    train(network, x, y, SGD(0.8), epochs=6, batch_size=32, rng=rng, progress=False)
    leaky_deaths.append(sum(int(units.sum()) for units in dead_units(network, x).values()))
    assert network.evaluate(x_test, y_test)[1] > 0.9
assert sum(leaky_deaths) == 0

claim(
    "7.4.3-a",
    "holds if",
    "A leaky ReLU, with 0 ≤ c < 1, does not die, because a gradient of c passes.",
    f"the dead unit wakes after {waits[0]}, {waits[1]} and {waits[3]} steps with c = 0.3, 0.1 and 0.01: "
    f"as 1/c. At η = 0.8, where ReLU lost a large part of a layer, the network with c = 0.1 has "
    f"{sum(leaky_deaths)} dead units in three seeds and is right on more than 90% of the test digits.",
    condition="c > 0: the printed range includes c = 0, which is ReLU. What passes is c times the "
    "gradient, so that the sleep lasts 1/c times as long",
)

# %% [markdown]
# A leak of 0.001 is a sigmoid at $a = 7$. In this light a dead ReLU is only the limit of a sleeping
# unit, and a leak puts a floor under the slope.
#
# ## A learned leak
#
# Why choose $c$? Make it a parameter of each unit, and let the gradient find it. That is PReLU:
#
# $$ z = \max(0, a) + \beta\,\min(0, a), \qquad
#    \frac{\partial\mathcal L}{\partial\beta} = \sum_{m}\min(0, a(m))\,
#    \frac{\partial\mathcal L}{\partial z(m)} $$
#
# with a sum over the batch, since all examples share one $\beta$.

# %%
figures.show("7.15")

# %%
show_source(PReLU._forward, PReLU._backward)

# %% exercise="prelu-gradient"

# %% [markdown]
# The book writes PReLU as $z = \max(\beta a, a)$, with the gradient
# $a\,\partial\mathcal L/\partial z$ for $a\le0$ and 0 otherwise. For $\beta\le1$ that is the same. For
# $\beta>1$ the maximum takes the *other* branch, and function and gradient no longer belong together.
# Nothing keeps a learned $\beta$ below 1.


# %% tags=["claim-7.4.3-b"]
def as_printed(a, beta):
    """max(βa, a), and the printed ∂z/∂β."""
    return np.maximum(beta * a, a), np.where(a <= 0, a, 0)


def as_proposed(a, beta):
    """The form of He et al. (2015), and ∂z/∂β."""
    return np.maximum(a, 0) + beta * np.minimum(a, 0), np.minimum(a, 0)


def slope_is_right(form, beta):
    """Whether a form's mean ∂z/∂β is the difference quotient of its mean z."""
    (quotient,) = central_difference(lambda b: form(a, b[0])[0].mean(), [beta])
    return abs(quotient - form(a, beta)[1].mean()) < 1e-8


a = np.random.default_rng(743).normal(size=1000)
tried = (-0.5, 0.25, 0.9, 1.1, 2.0)
printed_right = [beta for beta in tried if slope_is_right(as_printed, beta)]
assert printed_right == [-0.5, 0.25, 0.9]
assert all(slope_is_right(as_proposed, beta) for beta in tried)

goal, learned = as_proposed(a, 1.5)[0], {}
for form in (as_printed, as_proposed):
    beta, path = 0.25, []
    for _ in range(200):
        path.append(beta)
        z, slope = form(a, beta)
        beta -= 0.1 * np.mean((z - goal) * slope)
    learned[form] = np.array(path)
pace = np.diff(learned[as_printed])[-1]
assert abs(learned[as_proposed][-1] - 1.5) < 0.01
assert learned[as_printed][-1] > 3
assert (np.diff(learned[as_printed]) > 0.01).all()

claim(
    "7.4.3-b",
    "misprint",
    "PReLU is z = max(βa, a), with ∂z/∂β = a for a ≤ 0 and 0 otherwise.",
    f"the printed gradient is that of the printed function at β = "
    f"{', '.join(map(str, printed_right))}, but not at 1.1 and 2.0. Asked to learn β = 1.5, the pair "
    f"stands at {learned[as_printed][-1]:.1f} after 200 steps and gains {pace:.3f} at each, for ever; "
    f"He's form arrives at {learned[as_proposed][-1]:.2f}.",
    condition="z = max(0, a) + β min(0, a), for any β; for β ≤ 1 both are the same",
)

# %% tags=["hide-input"]
line = np.linspace(-2, 2, 201)
with style.context():
    fig, panels = plt.subplots(1, 3, figsize=(7, 2.4), layout="constrained")
    for ax, beta in zip(panels, (0.25, 2.0), strict=False):
        ax.plot(line, as_proposed(line, beta)[0], color=style.UP, lw=4, alpha=0.5)
        ax.plot(line, as_printed(line, beta)[0], color=style.DOWN, ls="--")
        ax.set(xlabel="a", ylabel="z", ylim=(-4.2, 4.2), title=f"β = {beta:g}")
    panels[1].text(-1.95, 0.4, "max(βa, a)", color=style.DOWN)
    panels[1].text(0.0, -3.6, "He et al.", color=style.UP)
    for form, color, ls in ((as_proposed, style.UP, "-"), (as_printed, style.DOWN, "--")):
        panels[2].plot(learned[form], color=color, ls=ls)
    panels[2].axhline(1, color=style.MUTED, lw=0.8, ls=":")
    panels[2].set(xlabel="step", ylabel="β", title="Learning β = 1.5")
    plt.show()

# %% [markdown]
# And what is learned on real data? One hidden layer of 32 PReLU units on the digits, then three, with
# Adam and four seeds.

# %%
for depth in (1, 3):
    slopes = []  # (seed, layer, unit)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        layers = [part for n_in in (64, 32, 32)[:depth] for part in (Dense(n_in, 32), PReLU(32))]
        network = Network([*layers, Dense(32, 10)], rng)
        train(network, x, y, Adam(0.01), epochs=15, batch_size=32, rng=rng, progress=False)
        slopes.append([layer.beta for layer in network.layers[1:-1:2]])
    means, above = np.mean(slopes, axis=2), (np.array(slopes) > 1).mean(axis=(0, 2))
    low, high = (0.4, 0.9) if depth == 1 else (0.2, 0.5)
    assert ((low < means) & (means < high)).all()
    assert (above > 0.03).all() if depth == 1 else (above < 0.1).all()
    some = "some" if above.max() > 0.03 else "few or none"
    print(f"{depth} hidden: mean β between {low} and {high} in each layer and seed; {some} above 1")

# %% [markdown]
# They started at 0.25. The single layer raises its slopes and has units on the wrong side of 1: there
# the printed formula would fail in earnest, as for two of the 24 units of Figure 7.15. In the deeper
# network the mean hardly moves.
#
# ## Does any of it beat ReLU?
#
# The book says that nothing offered since does so by much. The race of the tanh section once more,
# with the rest of the field: ReLU, leaky ReLU, PReLU, and two entries of Maxout, the unit of the next
# notebook, which takes the larger of two affine maps. At width 32 that doubles the weights; at width 20
# it has about as many parameters as the others. The bill is counted in *multiply-adds*, one a weight and
# example. (Seconds are another matter, and differ by machine: `python -m tests.benchmarks units`
# times an epoch with each unit on yours, beside ReLU.)

# %% tags=["claim-7.4.3-c"]
grids = {"leaky ReLU": [0.25, 0.5, 1.0, 2.0]}
for name in ("ReLU", "leaky ReLU", "PReLU", "Maxout", "Maxout, narrow"):
    raced.append(best_of(name, grids.get(name, [0.25, 0.5, 1.0])))
field = pd.concat(raced)
order = ["sigmoid", "tanh + 1", "tanh", "ReLU", "leaky ReLU", "PReLU", "Maxout, narrow", "Maxout"]
print("unit             parameters   multiply-adds")
for name in order:
    parameters = field[field["name"] == name]["parameters"].iloc[0]
    wide, pieces = widths.get(name, 32), 1 + name.startswith("Maxout")
    print(f"{name:15} {parameters:11} {pieces * (64 + wide) * wide + wide * 10:15}")
field["accuracy"] = field["right"] / len(y_test)
accuracy = field.groupby("name")["accuracy"].mean()
losses = field.groupby("name")["loss"]
gap = (accuracy - accuracy["ReLU"]).drop("ReLU")
noise = np.sqrt(2 * 0.03 * 0.97 / len(y_test))  # of a difference, at 3% of errors
assert (gap.abs() < 0.015).all()
assert 2 * noise > 0.015
assert losses.max()["Maxout"] < losses.min()["ReLU"]
middle = losses.median() / losses.median()["ReLU"]
assert (middle[["Maxout, narrow", "tanh"]] < 0.9).all()
assert ((middle[["leaky ReLU", "PReLU"]] > 0.8) & (middle[["leaky ReLU", "PReLU"]] < 1.25)).all()

claim(
    "7.4.3-c",
    "holds if",
    "No activation function offered since gives a significant benefit over ReLU.",
    "no test accuracy is further than 1.5 percentage points from ReLU's, and with "
    f"{len(y_test)} test digits two standard errors of a difference are {200 * noise:.1f} points. The "
    "training losses of ReLU, leaky ReLU and PReLU lie within 25%. Maxout's is lower than ReLU's in every "
    "run at equal width, and by more than a tenth in the median at equal parameters; so is that of tanh.",
    condition="the test accuracy decides, and each function has its own best rate",
)

# %% tags=["hide-input"]
with style.context():
    fig, panels = plt.subplots(1, 2, figsize=(7, 2.8), layout="constrained", sharey=True)
    look = {"color": style.METHODS["SGD"].color, "linestyle": "none", "errorbar": ("pi", 100)}
    for ax, column in zip(panels, ("loss", "accuracy"), strict=True):
        sns.pointplot(field, x=column, y="name", order=order, ax=ax, **look)
        ax.set_ylabel("")
    panels[0].set(xlabel="training loss", xlim=(0, 0.09), title="Mean and range of four seeds")
    panels[1].set(xlabel="test accuracy", xlim=(0.94, 1.0))
    plt.show()

# %% [markdown]
# PReLU buys its flexibility with 64 more parameters of 3,466, one a unit, which is next to nothing.
#
# Mind what was measured: shallow networks, well-scaled weights, a best rate for each. In that setting
# even the sigmoid keeps up on the test digits, and tanh has a lower training loss than ReLU. The large
# differences of this notebook were elsewhere: at depth 20, at bad starts, at rates that are too
# large. An activation is chosen for what happens when things are *not* tuned.
#
# ## What to take away
#
# | unit | slope | trouble | remedy |
# |---|---|---|---|
# | sigmoid | at most ¼ | sleeps $e^{\lvert a\rvert}$ steps; ¼ a layer; not centred | as an output with cross-entropy only |
# | tanh | at most 1 | sleeps too, from $\lvert a\rvert = 3$ | small weights at the start |
# | ReLU | 1 or 0 | dead if $a\le0$ on all data | bias 0 or above, He's weights, a rate well below one that kills |
# | leaky ReLU | 1 or $c$ | sleeps $1/c$ times as long | $c$ of 0.01 to 0.3 |
# | PReLU | 1 or $\beta$ | none new | write it as $\max(0,a)+\beta\min(0,a)$ |
#
# **What the book says, and what was measured.** These hold: 7.4-a, 7.4.1-a, 7.4.1-b (centring is the
# point of tanh), 7.4.2-a. With a condition: 7.4.2-c (only the negative side kills), 7.4.2-d
# (too large a rate, or a low bias), 7.4.2-g (wide layers), 7.4.3-a ($c>0$), 7.4.3-c (by test
# accuracy). Too strong: a saturated sigmoid sleeps, and is not dead (7.4-b); a gradient is also scaled
# by the weights (7.4.2-b); a bad start is not the only killer (7.4.2-f). Misprints: a hyperplane
# without its bias (7.4.2-e), and PReLU as a maximum (7.4.3-b). One date is late as well: rectified units
# were not first proposed in 2010. Fukushima used them in 1969; Nair and Hinton made them common.

# %% [markdown]
# ### The same elsewhere
#
# ```python
# # PyTorch
# torch.nn.LeakyReLU()                # c = 0.01
# torch.nn.PReLU()                    # one β for all units, from 0.25
# torch.nn.PReLU(num_parameters=32)   # one for each unit, as here
# torch.nn.BCEWithLogitsLoss()        # takes a, not z: the sigmoid is inside, and its slope cancels
#
# # Keras
# keras.layers.LeakyReLU()            # c = 0.3
# keras.layers.PReLU()                # one β for each unit, from 0
# keras.losses.BinaryCrossentropy(from_logits=True)
# ```
#
# The two libraries differ by a factor of 30 in $c$ when nothing is said: by claim 7.4.3-a, in how long a
# unit sleeps. Both write PReLU in the form of He et al., and both use slope 0 of ReLU at $a = 0$. Keep
# weight decay away from $\beta$: it would pull every unit towards ReLU.

# %% [markdown]
# ### Sources
#
# - Sections 7.4 to 7.4.3 of *Training Neural Networks Part 1*, whose symbols this notebook follows.
# - K. Fukushima (1969), "Visual feature extraction by a multilayered network of analog threshold
#   elements": rectified units.
# - X. Glorot, Y. Bengio (2010), "Understanding the difficulty of training deep feedforward neural
#   networks": saturation of sigmoid and tanh units, layer by layer.
# - V. Nair, G. Hinton (2010), "Rectified linear units improve restricted Boltzmann machines".
# - A. Maas, A. Hannun, A. Ng (2013), "Rectifier nonlinearities improve neural network acoustic
#   models": leaky ReLU.
# - K. He, X. Zhang, S. Ren, J. Sun (2015), "Delving deep into rectifiers": PReLU, its gradient, and the
#   weights of $\sqrt{2/n}$.
# - L. Lu, Y. Shin, Y. Su, G. Karniadakis (2019), "Dying ReLU and initialization: theory and numerical
#   examples": networks that are dead at birth.
# - The digits: E. Alpaydin, C. Kaynak (1998), "Optical recognition of handwritten digits", UCI.
