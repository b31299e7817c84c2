# %% [markdown]
# # 13 · Batch normalization
#
# *Section 7.7 and the lecture · Figures 7.21 and 7.22 · about 75 minutes with the exercises, 35 without*
#
# Initialization sets the scale of a network once, at the start. Batch normalization sets it again in
# every layer and at every step. Afterwards you can
#
# - write the layer forward, backward and for the test, and say why each is different,
# - say what it makes indifferent (rates, starts, the size of weights), and where that ends,
# - tell which of its reputed benefits show in a measurement, and which need a condition.
#
# You need notebooks 08 (saturation), 10 (the scale of the weights) and 12 (standardized inputs).

# %%
# %config InlineBackend.figure_formats = ["retina"]
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from coursekit import SGD, Activation, BatchNorm, Dense, Network, best, check, claim, exercise
from coursekit import figures, mlp, show_source, sweep, train
from coursekit.activations import relu, sigmoid, tanh
from coursekit.datasets import digits, mnist_subset
from coursekit.diagnostics import central_difference, gradient_check, layer_signals
from coursekit.figures import style
from coursekit.initializers import he_normal, lecun_normal, normal
from coursekit.widgets import Batch, Depth

# %% [markdown]
# ## What a hidden unit sees
#
# The inputs of a network stand still: their mean and spread can be computed once, before training
# (notebook 12). The inputs of a hidden layer do not. They come from weights that change at every step.
#
# How much do they move? Here is the network of Ioffe and Szegedy (2015, Section 4.1): three hidden
# layers of 100 sigmoid units, batches of 60, small random weights, here N(0, 0.1²), and 4,000 images of
# MNIST. Every 25 steps we stop, send 400 test images through, and note the accuracy and what arrives at
# one unit of the last hidden layer: the value below which 15% of the images lie, the median, and the
# value below which 85% lie. Three rates, three seeds, 200 steps.

# %%
x, y, x_test, y_test = mnist_subset(dtype=np.float32)
seen = {}  # what was noted in each run: step, accuracy, three percentiles


def three_layers(seed, batch_norm, rate):
    """200 steps; the mean of the test accuracies on the way."""
    rng = np.random.default_rng(seed)
    sizes, start = [784, 100, 100, 100, 10], normal(0.1)
    network = mlp(sizes, rng, sigmoid, start, batch_norm=batch_norm, dtype=np.float32)
    noted = []
    for step in range(201):
        if step % 25 == 0:
            arriving = x_test[:400]
            for layer in network.layers[:-2]:
                arriving = layer.forward(arriving)
            outputs = network.layers[-1].forward(network.layers[-2].forward(arriving))
            accuracy = np.mean(outputs.argmax(axis=1) == y_test[:400])
            noted.append((step, accuracy, *np.percentile(arriving[:, 0], [15, 50, 85])))
        rows = rng.integers(0, len(x), 60)
        _, gradient = network.loss_and_gradient(x[rows], y[rows])
        network.parameters -= rate * gradient
    seen[seed, batch_norm, rate] = np.array(noted)
    return {"accuracy": float(np.mean([row[1] for row in noted]))}


rates = [0.1, 2.0, 16.0]
grid = {"batch_norm": [False], "rate": rates}
plain = sweep(three_layers, grid, seeds=range(3), progress=False)
best_plain = best(plain, "accuracy", mode="max", statistic="mean")
assert best_plain.is_interior
at_best = np.array([seen[seed, False, best_plain.point["rate"]] for seed in range(3)])
_, _, low, middle, high = at_best[:, 1].T  # after 25 steps
assert (np.abs(middle) > 1.5).all()
assert (high - low < 1).all()
assert 0.2 < at_best[:, -1, 1].mean() < 0.6

# %% tags=["hide-input"]
BN = "#0072B2"


def percentiles(ax, batch_norm, rate, color):
    """The three percentiles of the unit's input by step, first seed."""
    step, _, low, middle, high = seen[0, batch_norm, rate].T
    ax.fill_between(step, low, high, color=color, alpha=0.15, lw=0)
    ax.plot(step, middle, color=color, ls="-" if batch_norm else "--")
    for line, name in ((low, "15%"), (middle, "median"), (high, "85%")):
        ax.plot(step, line, color=color, lw=0.8)
        ax.text(203, line[-1], name, va="center", fontsize=8, color=color)
    ax.set(xlim=(0, 240), xticks=range(0, 201, 50), ylim=(-5.5, 2.5), xlabel="step")


with style.context():
    fig, ax = plt.subplots(figsize=(7, 2.5), layout="constrained")
    percentiles(ax, False, best_plain.point["rate"], style.MUTED)
    ax.set(ylabel="input a of one unit", title="What arrives at a unit of the third hidden layer")
    plt.show()

# %% [markdown]
# At the start the unit is in the middle of its sigmoid. The first steps push it far to one side, with
# all images in a narrow bundle: whatever the image, the unit says nearly the same, and its slope is
# small (notebook 08). Only then does the bundle open. After 200 steps at its best rate the network is
# still below 60% on the test images.
#
# ## Normalize the inside
#
# What if each unit's input were standardized like the input of the network? There is no whole training
# set to take mean and variance from, because the weights change before it has passed. But while one
# batch passes they stand still. So take them from the batch. For one unit, with pre-activations
# $a(1), \dots, a(B)$ over a batch of $B$ examples (Section 7.7, step 1):
#
# $$ \mu_B = \frac1B \sum_{m=1}^{B} a(m) \qquad
#    \sigma_B^2 = \frac1B \sum_{m=1}^{B} \bigl(a(m)-\mu_B\bigr)^2 $$
#
# $$ \hat a(m) = \frac{a(m)-\mu_B}{\sqrt{\sigma_B^2+\epsilon}} \qquad\qquad
#    c(m) = \gamma\,\hat a(m) + \beta $$
#
# $\hat a$ has mean 0 and variance 1. Then $\gamma$ and $\beta$, one of each a unit, give it another
# spread and mean; they are learned like weights. $\epsilon$ is a small number, here $10^{-5}$. The layer
# stands between the affine map and the activation.

# %%
figures.show("7.21")

# %% [markdown]
# In the package:

# %%
show_source(BatchNorm._forward, BatchNorm._batch_statistics)

# %% [markdown]
# `unbiased` and the running statistics are for the test, further down. What does $\epsilon$ do? Here
# $\sigma$ is made smaller and smaller.

# %% tags=["claim-7.7-a"]
x, y, x_test, y_test = digits()
a = mlp([64, 32, 10], np.random.default_rng(7)).layers[0].forward(x[:50])
layer = BatchNorm(32)
layer.gamma, layer.beta = np.linspace(-2, 2, 32), np.linspace(-1, 1, 32)
shares = {}
for scale in (1.0, 0.1, 0.01, 0.001):
    c = layer.forward(scale * a, training=True)
    assert np.allclose(c.mean(axis=0), layer.beta)
    shares[scale] = np.median(c.std(axis=0) / np.abs(layer.gamma))
    spread = scale * a.std(axis=0)
    formula = np.abs(layer.gamma) * spread / np.sqrt(spread**2 + layer.epsilon)
    assert np.allclose(c.std(axis=0), formula)
assert shares[1.0] > 0.999 > 0.3 > shares[0.001]
typical = np.median(a.std(axis=0))

claim(
    "7.7-a",
    "holds if",
    "The layer's output has mean β and standard deviation γ.",
    f"the mean is β at every scale. With pre-activations of std {typical:.1f} the output's is "
    f"{shares[1.0]:.3f} |γ|; with a tenth, a hundredth and a thousandth of it {shares[0.1]:.3f}, "
    f"{shares[0.01]:.2f} and {shares[0.001]:.2f} |γ|, which is σ/√(σ² + ε).",
    condition="σ² is large against ε; and the standard deviation is |γ|, since γ may be negative",
)

# %% [markdown]
# The lecture says that $\epsilon$ prevents a division by 0 and does nothing else. But a unit with $\sigma$ near
# $\sqrt\epsilon = 0.003$ or below is normalized in part only. That will matter (claim 7.7-f).
#
# Now try the layer. One unit meets batch after batch of real digits, and one digit, the marked one,
# is in all of them. **Guess first:** at a batch size of 2, what will $\hat a$ of the marked digit be?
# Then move the standard deviation of the weights from one end to the other, and watch the outputs.

# %%
Batch(batch_size=16)

# %% exercise="bn-forward"

# %% [markdown]
# ### Two numbers to undo it
#
# Why normalize, and then let $\gamma$ and $\beta$ give another mean and spread? It cannot hurt, says the
# lecture, because the identity is among the choices; and that, it adds, is the standardization. It is not:

# %% exercise="identity"

# %% tags=["claim-L-l"]
layer = BatchNorm(32)
changed = np.abs(layer.forward(a, training=True) - a).max()
layer.gamma, layer.beta = np.sqrt(a.var(axis=0) + layer.epsilon), a.mean(axis=0)
undone = np.abs(layer.forward(a, training=True) - a).max()
other = np.abs(layer.forward(2 * a + 1, training=True) - a).max()
assert undone < 1e-12 < 1e-3 < 0.5 < changed
assert other < 1e-3

claim(
    "L-l",
    "misprint",
    "γ and β can make the layer the identity, which is the plain standardization.",
    "γ = 1 and β = 0 move some pre-activations of the batch by more than 0.5; γ = √(σ² + ε) and β = μ "
    "leave all within 10⁻¹². With 2a + 1 in place of a, the same γ and β still give a, to 10⁻³.",
    condition="γ = 1, β = 0 is the standardization; the identity, for one batch, is γ = √(σ² + ε), β = μ",
)

# %% [markdown]
# The last sentence of the measurement is the point. $\gamma$ and $\beta$ do not take the normalization
# back. They alone decide what mean and spread the unit has: no change of the weights before it moves these.
#
# ## The way back
#
# Forward, one row of $a$ has an effect on all rows of $c$, since it moves $\mu_B$ and $\sigma_B$.
# Backward, the gradient has to take all these paths.

# %%
figures.show("7.22")

# %% [markdown]
# Go through the graph from the right. Handed over are $\partial\mathcal L/\partial c(m)$ for all rows.
# $\gamma$ and $\beta$ are shared by the rows, so that their gradients are sums:
#
# $$ \frac{\partial\mathcal L}{\partial\beta} = \sum_m \frac{\partial\mathcal L}{\partial c(m)}
#    \qquad
#    \frac{\partial\mathcal L}{\partial\gamma} = \sum_m \frac{\partial\mathcal L}{\partial c(m)}\,\hat a(m)
#    \qquad
#    e(m) := \frac{\partial\mathcal L}{\partial\hat a(m)} = \gamma\,\frac{\partial\mathcal L}{\partial c(m)} $$
#
# Write $s=\sqrt{\sigma_B^2+\epsilon}$. All $\hat a(m)$ contain $\sigma_B^2$ and $\mu_B$:
#
# $$ \frac{\partial\mathcal L}{\partial\sigma_B^2} = -\frac{1}{2s^2}\sum_m e(m)\,\hat a(m)
#    \qquad\qquad
#    \frac{\partial\mathcal L}{\partial\mu_B} = -\frac1s\sum_m e(m) $$
#
# ($\sigma_B^2$ contains $\mu_B$ too, but its slope in it is $-\frac2B\sum(a-\mu_B) = 0$.) One $a(m)$
# reaches the loss on three paths: by itself, through $\sigma_B^2$ and through $\mu_B$.
#
# $$ \frac{\partial\mathcal L}{\partial a(m)} = \frac{e(m)}{s}
#    + \frac{2\,(a(m)-\mu_B)}{B}\,\frac{\partial\mathcal L}{\partial\sigma_B^2}
#    + \frac1B\,\frac{\partial\mathcal L}{\partial\mu_B}
#    = \frac1s\Bigl(e(m) - \overline{e} - \hat a(m)\,\overline{e\hat a}\Bigr) $$
#
# The bars are means over the batch. And these two means are known already. $\gamma$ is the same in all rows,
# so $\overline e = \frac{\gamma}{B}\,\partial\mathcal L/\partial\beta$ and
# $\overline{e\hat a} = \frac{\gamma}{B}\,\partial\mathcal L/\partial\gamma$:
#
# $$ \frac{\partial\mathcal L}{\partial a(m)} = \frac{\gamma}{s}\Bigl(
#    \frac{\partial\mathcal L}{\partial c(m)} - \frac1B\,\frac{\partial\mathcal L}{\partial\beta}
#    - \frac{\hat a(m)}{B}\,\frac{\partial\mathcal L}{\partial\gamma}\Bigr) $$
#
# The path through $\mu_B$ takes off the gradient of $\beta$, and the path through $\sigma_B^2$ that of $\gamma$,
# each shared out over the rows. Each step can be tried by numbers: wiggle one node, hold what stands beside
# it, and compare.

# %%
rng = np.random.default_rng(722)
gamma, beta, epsilon, arriving = 1.5, 0.2, 1e-5, rng.normal(size=16)
unit = a[:16, 0]


def loss_of(a, mean=None, var=None):
    """A loss with ∂L/∂c = arriving; mean and variance from the batch, or held where given."""
    mean = a.mean() if mean is None else mean
    var = np.mean((a - mean) ** 2) if var is None else var
    return float(arriving @ (gamma * (a - mean) / np.sqrt(var + epsilon) + beta))


mean, var = unit.mean(), unit.var()
s, e = np.sqrt(var + epsilon), gamma * arriving
hat = (unit - mean) / s
by_var, by_mean = -(e @ hat) / (2 * s**2), -e.sum() / s
by_paths = e / s + 2 * (unit - mean) / len(unit) * by_var + by_mean / len(unit)
by_beta, by_gamma = arriving.sum(), arriving @ hat
by_sums = gamma / s * (arriving - by_beta / len(unit) - hat * by_gamma / len(unit))
numeric = central_difference(loss_of, unit)
assert abs(by_var - central_difference(lambda v: loss_of(unit, mean, v[0]), [var])[0]) < 1e-8
assert abs(by_mean - central_difference(lambda m: loss_of(unit, m[0]), [mean])[0]) < 1e-8
assert np.abs(by_paths - numeric).max() < 1e-8
assert np.abs(by_sums - numeric).max() < 1e-8
print("∂L/∂σ², ∂L/∂μ and both forms of ∂L/∂a agree with difference quotients to 10⁻⁸")

# %% [markdown]
# The package computes the last line. The two sums are needed for $\beta$ and $\gamma$ in any case, so the paths
# through $\mu_B$ and $\sigma_B^2$ cost no sum of their own:

# %%
show_source(BatchNorm._backward)

# %% [markdown]
# What leaves the layer has lost two things. It has no mean over the batch, and (but for $\epsilon$) no part
# along $\hat a$: what a common shift or a common stretch of the batch would change, the layer undoes. Two
# consequences to keep. The gradient of a *bias* before the layer is a sum over the batch, so it is 0 and
# the bias is useless; $\beta$ does its work. And the gradient of the *weights* before it is at right angles
# to the weights, because a longer $w$ only stretches $a$.
#
# ### The tempting shortcut
#
# By steps 2 and 3 of the book, backprop runs for each sample, and the gradients are averaged. Read quickly,
# this is a loop over samples that takes $\mu_B$ and $\sigma_B$ for constants, and passes on $e/s$ alone: a
# common mistake. Below are the layer, and shortcuts around one path or both. First the gradient check of the
# layer, then training: three hidden layers of 32 ReLU units on the digits, 3 epochs, four rates, each judged
# at its best, three seeds.


# %% tags=["claim-7.7-b"]
class Shortcut(BatchNorm):
    """Batch normalization that forgets paths on its way back."""

    def __init__(self, features, forgets):
        super().__init__(features)
        self.forgets = forgets

    def _backward(self, gradient):
        normalized, std, _ = self._cache
        back, share = super()._backward(gradient), self.gamma / std / len(gradient)
        if "μ" in self.forgets:
            back += share * self.gradients["beta"]
        if "σ" in self.forgets:
            back += share * normalized * self.gradients["gamma"]
        if "γ" in self.forgets:  # for later: γ and β are not learned
            self.gradient[...] = 0
        return back


def stack(rng, hidden, normalization, function=relu, rule=he_normal, bias=True, dtype=np.float32):
    """Hidden layers of 32 units for the digits; ``normalization()`` makes what follows each map."""
    parts = []
    for n_in in [64] + [32] * (hidden - 1):
        parts.append(Dense(n_in, 32, rule, bias))
        parts += [normalization()] if normalization else []
        parts.append(Activation(function))
    return Network([*parts, Dense(32, 10)], rng, dtype=dtype)


def with_shortcut(seed, forgets, rate, function=relu):
    rng = np.random.default_rng(seed)
    network = stack(rng, 3, partial(Shortcut, 32, forgets), function)
    history = train(network, x, y, SGD(rate), epochs=3, batch_size=64, rng=rng, progress=False)
    accuracy = network.evaluate(x_test, y_test)[1]
    network.set_statistics(x)  # mean and variance of each layer from one pass of all images
    return {
        "accuracy": accuracy,
        "full pass": network.evaluate(x_test, y_test)[1],
        "bias": float(np.mean([np.linalg.norm(part.bias) for part in network.layers[0:9:3]])),
        "loss": float(history.loss[-23:].mean()),  # of the last epoch
    }


kinds = ["nothing", "σ", "μ and σ"]
errors = {kind: gradient_check(Shortcut(4, kind), a[:, :4], tolerance=2) for kind in (*kinds, "μ")}
grid = {"forgets": kinds, "rate": [0.03, 0.1, 0.3, 1.0]}
table = sweep(with_shortcut, grid, seeds=range(3), progress=False)
winners = {
    kind: best(part, "accuracy", mode="max", statistic="mean")
    for kind, part in table.groupby("forgets")
}
reached = {kind: winner.value for kind, winner in winners.items()}
walked = table.groupby("forgets")["bias"]
fast = table[(table["forgets"] == "μ and σ") & (table["rate"] == 1.0)]
assert all(winner.is_interior for winner in winners.values())
assert errors["nothing"] < 1e-8 < 1e-3 < min(errors["σ"], errors["μ"], errors["μ and σ"])
assert abs(reached["nothing"] - reached["σ"]) < 0.015
assert reached["μ and σ"] < reached["nothing"] - 0.05
assert walked.max()[["nothing", "σ"]].max() < 1e-5
assert walked.min()["μ and σ"] > 0.2
assert fast["accuracy"].max() < 0.85
assert fast["full pass"].min() > 0.9

claim(
    "7.7-b",
    "holds if",
    "Backprop goes sample by sample, and the gradients of the batch are averaged.",
    "the relative error of the gradient is below 10⁻⁸ with all paths, and above 10⁻³ without the one "
    "through μ, the one through σ, or both. Trained without both, the network stays more than 5 points "
    "below the right one, each at its best rate; without σ alone the difference is below 1.5 points.",
    condition="each sample's loss goes back through the mean and the variance of the whole batch",
)

# %% [markdown]
# The check fails for all three shortcuts; training tells them apart. The path through $\sigma$ is hardly missed.
# The one through $\mu$ is, and the biases show why. With the right gradient they stay at 0, as they have to;
# with the shortcut they walk away at every step. The batch takes the walk out again, so the loss goes
# down as if nothing had happened. But the *running* mean, which the test uses, lags behind: at $\eta = 1$ the
# shortcut is below 85% on the test images with it, and above 90% with the same weights and statistics from
# one full pass. (Ioffe and Szegedy describe this bias, which grows and changes nothing, in their Section 2.)

# %% exercise="bn-backward"

# %% [markdown]
# ## At test time
#
# In training a digit is normalized with the company it happens to come in. A test should not depend on
# company, and there may be none. The book's step 5 takes mean and variance of the whole training set.
# There are two ways to get them: one full pass at the end (`set_statistics`), or running averages on
# the way, which cost nothing: the two lines with `kept` and `new` above.
#
# A batch of $B$ shows too little variance, since it is measured from the batch's own mean: on average
# $\frac{B-1}{B}$ of that of the set. So what is averaged is $\frac{B}{B-1}\,\sigma_B^2$.

# %% exercise="bn-inference"

# %% [markdown]
# A network with two hidden layers, 6 epochs with batches of 64, and then the test with the running
# statistics, with those of a full pass, and as in training, by the company of 2, 10 or 100 test images:


# %% tags=["claim-7.7-c"]
def tested(seed):
    """Test accuracy of one network, by where its means and variances come from."""
    rng = np.random.default_rng(seed)
    network = mlp([64, 32, 32, 10], rng, batch_norm=True)
    train(network, x, y, SGD(0.3), epochs=6, batch_size=64, rng=rng, progress=False)
    found = {"running": network.evaluate(x_test, y_test)[1]}
    for size in (2, 10, 100):
        parts = [slice(i, i + size) for i in range(0, len(x_test) - size + 1, size)]
        classes = [network.forward(x_test[part], training=True).argmax(axis=1) for part in parts]
        found[size] = np.mean(np.concatenate(classes) == y_test[: parts[-1].stop])
    network.set_statistics(x)
    found["full pass"] = network.evaluate(x_test, y_test)[1]
    return found


accuracy = pd.DataFrame([tested(seed) for seed in range(3)])
rng = np.random.default_rng(7)
a = mlp([64, 32, 10], rng).layers[0].forward(x)
shown = {}  # the share of the variance of the whole set that a batch shows
for size in (2, 5, 64):
    batches = a[rng.integers(0, len(a), (4000, size))]
    shown[size] = np.mean(batches.var(axis=1).mean(axis=0) / a.var(axis=0))
    assert abs(shown[size] - (size - 1) / size) < 0.02
assert (accuracy["running"] - accuracy["full pass"]).abs().max() < 0.01
assert accuracy["running"].min() > 0.95
assert accuracy[10].max() < accuracy["running"].min() - 0.04
assert accuracy[2].max() < 0.6
assert (accuracy[100] - accuracy["running"]).abs().max() < 0.03

claim(
    "7.7-c",
    "holds",
    "At test time mean and variance come from the whole training set, not from a batch.",
    "running averages and a full pass agree within 1 point of test accuracy, above 95% in all three "
    "seeds. Normalized by the company of 100 test images it is within 3 points of that, of 10 more than "
    f"4 points below, of 2 below 60%. Batches of 2, 5 and 64 show {shown[2]:.0%}, {shown[5]:.0%} and "
    f"{shown[64]:.0%} of the variance of the set.",
)

# %% [markdown]
# ### A batch of one
#
# The lecture asks what to do in the test, when all batches are of size 1. That is answered. In
# *training* a batch of one is another matter, and easily happens: 1,438 digits in batches of 479 leave
# a single one over. (`train` says so before it starts.) Guess what the bare formulas make of it.

# %% exercise="batch-of-one"

# %% tags=["claim-L-n"]
layer = BatchNorm(64)
layer.beta = np.linspace(-1, 1, 64)
twice = layer.forward(x[[0, 0]], training=True)  # two rows, and no variance
try:
    layer.forward(x[:1], training=True)
except ValueError as error:
    print(refusal := str(error))
assert (twice == layer.beta).all()
assert "no variance" in refusal

claim(
    "L-n",
    "holds",
    "Mean and standard deviation of a training batch need more than one example.",
    "of the same image twice, as of one, â is 0 and the output is β, to the last bit. The package refuses a "
    "training batch of one row.",
)

# %% [markdown]
# Batches of two are allowed, and nearly as bad: of two values one is always $\sigma$ above the mean and
# the other $\sigma$ below, so that $\hat a=\pm1$ whatever the digits. You saw it in the playground. A
# unit can say then which of two images has the larger $a$, and no more.
#
# ## What it buys: sigmoids
#
# Back to the three sigmoid layers: the same starts, batches and rates, and batch normalization in each.

# %% tags=["claim-L-m"]
x, y, x_test, y_test = mnist_subset(dtype=np.float32)
grid = {"batch_norm": [True], "rate": rates}
normed = sweep(three_layers, grid, seeds=range(3), progress=False)
best_normed = best(normed, "accuracy", mode="max", statistic="mean")
means = [table.groupby("rate")["accuracy"].mean() for table in (plain, normed)]
at_best = {  # test accuracy by seed and moment, at the best rate
    kind: np.array([seen[seed, kind, winner.point["rate"]][:, 1] for seed in range(3)])
    for kind, winner in ((False, best_plain), (True, best_normed))
}
assert best_normed.is_interior
assert (means[1] > means[0] + 0.3).all()
assert at_best[True][:, -1].min() > 0.84
assert (at_best[True][:, 2] > at_best[False][:, -1]).all()

claim(
    "L-m",
    "holds",
    "Batch normalization makes saturating activations usable.",
    "each at its best rate, the three sigmoid layers with it are above 84% on the test images after 200 "
    "steps, in all three seeds; without it the mean is below 60%. With it, every seed is further after 50 "
    "steps than its twin without it after 200. At each of the three rates, the same for both, its mean "
    "over the run is higher by more than 30 points.",
    paper="Ioffe and Szegedy 2015, Section 4.1",
    reported="Three sigmoid layers on MNIST train faster and end more accurate with the layer.",
)

# %% tags=["hide-input"]
with style.context():
    fig, panels = plt.subplots(1, 2, figsize=(7, 2.6), layout="constrained")
    for kind, color, ls in ((True, BN, "-"), (False, style.MUTED, "--")):
        noted = pd.DataFrame(at_best[kind], columns=range(0, 201, 25)).melt(var_name="step")
        look = {"color": color, "linestyle": ls, "errorbar": ("pi", 100)}
        sns.lineplot(noted, x="step", y="value", ax=panels[0], **look)
    panels[0].text(195, 0.78, "with", ha="right", color=BN)
    panels[0].text(10, 0.19, "without", color=style.MUTED)
    panels[0].set(ylim=(0, 1), ylabel="test accuracy", title="Three seeds, each at its best rate")
    percentiles(panels[1], True, best_normed.point["rate"], BN)
    panels[1].set(ylabel="input of one unit", title="The unit from above, with the layer")
    plt.show()

# %% [markdown]
# On the right is the unit of the first picture, on the same scale. Now the images lie spread over the
# steep part of the sigmoid, from 25 steps after the start. (Ioffe and Szegedy take the stable distribution
# for the cause of the faster training. That is disputed: Santurkar et al. (2018) put noise behind the layer,
# which makes the distributions move again, and training stays fast.)
#
# ## Rates and starts
#
# The book lists two more benefits: higher learning rates, and less dependence on the start. Both have the
# same reason. Multiply the weights before the layer by any number: $a$, $\mu_B$ and $\sigma_B$ are
# multiplied by it too, and $\hat a$ is what it was. The loss depends on the *direction* of $w$ alone,
# $\mathcal L(kw)=\mathcal L(w)$. Differentiate:
#
# $$ k\,\nabla\mathcal L(kw) = \nabla\mathcal L(w) \qquad\qquad w\cdot\nabla\mathcal L(w) = 0 $$
#
# Ten times the weights, a tenth of the gradient; and the step is at right angles to $w$, so that by
# Pythagoras every step makes the weights *longer*:
# $\lVert w(n+1)\rVert^2 = \lVert w(n)\rVert^2 + \eta^2\lVert g(n)\rVert^2$, with $g$ the gradient. For the
# direction, a step of $\eta$ counts $\eta/\lVert w\rVert^2$. That is the *effective rate*. A rate that is too
# large takes one long step, the weights get long, and the next step counts less.
#
# Now all of it at once: 8 hidden layers of 32 ReLU units on the digits, He's weights times a scale (the
# output layer keeps He's own), four rates, 48 steps, three seeds.

# %%
x, y, x_test, y_test = digits(dtype=np.float32)


def deep(seed, batch_norm, rate, scale=1.0, epsilon=1e-5, hidden=8, function="ReLU"):
    """48 steps, batches of 120: test accuracy, and the effective rate before and after."""
    rng, (function, rule) = np.random.default_rng(seed), kinds[function]
    norm = partial(BatchNorm, 32, epsilon) if batch_norm else None
    network = stack(rng, hidden, norm, function, rule.scaled(scale), bias=not batch_norm)
    maps = [part for part in network.layers[:-1] if isinstance(part, Dense)]

    def effective_rate():
        return float(np.mean([rate / np.sum(part.weights.astype(float) ** 2) for part in maps]))

    before, options = effective_rate(), {"epochs": 4, "batch_size": 120, "progress": False}
    history = train(network, x, y, SGD(rate), rng=rng, **options)
    diverged = history.diverged_at is not None
    accuracy = 0.1 if diverged else network.evaluate(x_test, y_test)[1]
    return {"accuracy": accuracy, "before": before, "after": effective_rate()}


kinds = {"ReLU": (relu, he_normal), "sigmoid": (sigmoid, lecun_normal)}
scales, rates = [1e-4, 0.1, 1.0, 10.0], [0.02, 0.1, 1.0, 10.0]
grid = {"batch_norm": [False, True], "scale": scales, "rate": rates}
table = sweep(deep, grid, seeds=range(3), progress=False)
winners = {
    key: best(part, "accuracy", mode="max", statistic="mean")
    for key, part in table.groupby(["batch_norm", "scale"])
}

# %% tags=["hide-input", "training-picture"]
with style.context():
    fig, panels = plt.subplots(1, 2, figsize=(7, 2.7), layout="constrained", sharey=True)
    for ax, batch_norm in zip(panels, (False, True), strict=True):
        of_kind = table[table["batch_norm"] == batch_norm]
        cells = of_kind.pivot_table(index="scale", columns="rate", values="accuracy") * 100
        look = {"vmin": 0, "vmax": 100, "cmap": "Blues", "fmt": ".0f", "cbar": False}
        sns.heatmap(cells, annot=True, ax=ax, linewidths=1, linecolor=style.PAPER, **look)
        ax.set(xlabel="learning rate η", ylabel="" if batch_norm else "He's weights times")
        ax.set_title("with batch normalization" if batch_norm else "Test accuracy in %: without")
        ax.tick_params(length=0)
        ax.set_xticklabels([f"{rate:g}" for rate in rates])
        ax.set_yticklabels(["10⁻⁴", "0.1", "1", "10"], rotation=0)
    plt.show()

# %% tags=["claim-7.7-d"]
mean = table[table["scale"] == 1.0].groupby(["batch_norm", "rate"]).mean(numeric_only=True)
learns = {kind: max(mean.query("accuracy > 0.3").loc[kind].index) for kind in (False, True)}
growth = mean.loc[(True, 10.0)] / mean.loc[(True, 1.0)]
assert winners[False, 1.0].is_interior
assert winners[True, 1.0].is_interior
assert learns[True] >= 5 * learns[False]
assert winners[True, 1.0].value > winners[False, 1.0].value + 0.2
assert growth["after"] < 4 < 9.99 < growth["before"] < 10.01

claim(
    "7.7-d",
    "holds",
    "Higher learning rates are possible, and they speed up the training.",
    f"from He's own weights the largest rate at which the mean accuracy passes 30% is at least 5 times as "
    "large with the layer as without; each at its best rate, it is more than 20 points ahead after 48 "
    f"steps. From η = 1 to 10 the effective rate is {growth['before']:.0f} times as large before training, and "
    "less than 4 times after it: the weights have grown longer.",
)

# %% tags=["claim-7.7-f"]
slow = table[table["batch_norm"] & (table["rate"] == 0.02)].groupby("scale")["accuracy"].mean()
rescued = [deep(seed, True, 0.3, 1e-4, epsilon=1e-30)["accuracy"] for seed in range(3)]
assert all(winners[True, scale].is_interior for scale in (0.1, 1.0, 10.0))
assert min(winners[True, scale].value for scale in (0.1, 1.0, 10.0)) > 0.65
assert max(winners[False, scale].value for scale in (1e-4, 0.1, 10.0)) < 0.2
assert slow[0.1] > slow[1.0] + 0.15 > slow[10.0] + 0.3
assert winners[True, 1e-4].value < 0.2
assert min(rescued) > 0.3

claim(
    "7.7-f",
    "holds if",
    "There is less dependence on the scale of the first weights.",
    "with a tenth of He's weights, with He's own and with ten times them it passes 65% after 48 steps, each "
    "at its best rate; without the layer nothing but He's own is above 20%. At one rate the start still "
    "counts: at η = 0.02 each of the three is more than 15 points ahead of the next larger one. With 10⁻⁴ "
    "times He's weights it fails at all rates; with ε = 10⁻³⁰ in place of 10⁻⁵ all three seeds pass 30%.",
    condition="the pre-activations are large against √ε, and the rate is chosen for the scale",
)

# %% [markdown]
# With $10^{-4}$ times He's weights $\sigma^2$ is about $10^{-9}$, far below $\epsilon$: each layer gives out a
# hundredth of what it should (claim 7.7-a).
#
# ## Depth
#
# The book's next benefit: gradients travel better, and so there may be more layers. First the gradient, at
# the start: 30 hidden layers of 64 units, sigmoids and ReLUs, the latter with He's weights and with half of
# them. Then 48 steps that are hopeless without the layer: twenty hidden layers of sigmoids, three rates.


# %% tags=["claim-7.7-e"]
def factor(function, rule, batch_norm):
    """By how much ∂L/∂z grows on its way back through one layer: geometric mean of three starts."""
    ratios = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        network = mlp([64] * 31 + [10], rng, function, rule, batch_norm)
        signals = layer_signals(network, x[:128] - x.mean(axis=0), y[:128])
        sizes = [np.linalg.norm(s.gradients) for s in signals if s.role == "activation"]
        ratios.append(sizes[0] / sizes[-1])
    return np.prod(ratios) ** (1 / 3 / 29)


cases = {**kinds, "ReLU, half": (relu, he_normal.scaled(0.5))}
a_layer = {(name, norm): factor(*cases[name], norm) for name in cases for norm in (False, True)}
grid = {"batch_norm": [False, True], "rate": [0.02, 0.1, 0.5]}
grid |= {"hidden": [20], "function": ["sigmoid"]}
table = sweep(deep, grid, seeds=range(3), progress=False)
best_deep = best(table[table["batch_norm"]], "accuracy", mode="max", statistic="mean")
assert 0.22 < a_layer["sigmoid", False] < 0.25
assert 0.49 < a_layer["ReLU, half", False] < 0.51
assert 0.97 < a_layer["ReLU", False] < 1.03
assert 1.02 < a_layer["sigmoid", True] < 1.06
assert 1.18 < a_layer["ReLU", True] < 1.25
assert 1.18 < a_layer["ReLU, half", True] < 1.25
assert table[~table["batch_norm"]]["accuracy"].max() < 0.15
assert best_deep.is_interior
assert min(best_deep.values) > 0.6

claim(
    "7.7-e",
    "holds if",
    "Gradients propagate better, and so networks may have more hidden layers.",
    f"going back one layer multiplies the gradient by {a_layer['sigmoid', False]:.2f} with sigmoids and "
    f"{a_layer['ReLU, half', False]:.2f} with ReLUs that start too small; with normalization by "
    f"{a_layer['sigmoid', True]:.2f} and {a_layer['ReLU, half', True]:.2f}. Twenty layers of sigmoids stay at "
    "guessing without it, and with it pass 60% in every seed, in 48 steps. But for ReLUs with He's "
    f"weights the factor is {a_layer['ReLU', False]:.1f} without it, and {a_layer['ReLU', True]:.2f} with it.",
    condition="the gradient would vanish otherwise; from a good start the layer makes it grow",
    paper="Yang et al. 2019",
    reported="With batch normalization and ReLU the gradient grows by √(π/(π − 1)) = 1.21 a layer.",
)

# %% [markdown]
# The factor of 1.21 has a closed form. The activation passes half of the squared gradient, the division
# by $\sigma$ makes up for it *and* for the mean that was taken out: Yang et al. (2019) found
# $\sqrt{\pi/(\pi-1)} = 1.211$ for wide layers. No choice of the weights changes it, since their scale
# cancels. Over 50 layers that is a factor of 10⁴. Yang et al. conclude that very deep networks with batch
# normalization need shortcuts around their layers (notebook 15).
#
# In the playground are 50 ReLU layers with He's weights. **Guess:** switch batch normalization on; what
# becomes of the gradient at the first layer? Then try to repair it with the weights, and at last with tanh
# in place of ReLU.

# %%
Depth(initialization="He", activation="ReLU", depth=50)

# %% [markdown]
# ## Noise
#
# The output for one image depends on the others in the batch. The book calls this the same as noise, and
# says that it works as a regularizer. The noise can be measured: one trained network, five test images,
# each sent through in 60 random companies.
#
# For the regularizer the noise must be changed and nothing else. So the batch of a step always has 50
# rows, and only for mean and variance it is cut into groups: a small group is a noisy one ("ghost
# batches", Hoffer et al. 2017). 400 digits to learn from, the rest for the test; once with right labels,
# and once with three in ten replaced by a random class, so that there is something a network should
# *not* learn. One rate, 0.1, for all.


# %%
class Groups(BatchNorm):
    """Batch normalization by the statistics of groups of rows within the batch."""

    def __init__(self, features, rows):
        super().__init__(features)
        self.rows = rows

    def _grouped(self, values):  # (rows, groups, features)
        return values.reshape(-1, self.rows, self.n_in).swapaxes(0, 1)

    def _forward(self, x, training):
        if not training:
            return super()._forward(x, training)
        return super()._forward(self._grouped(x), training).swapaxes(0, 1).reshape(x.shape)

    def _backward(self, gradient):
        normalized, std, _ = self._cache
        arriving = self._grouped(gradient)
        self.gradients["gamma"][...] = (arriving * normalized).sum(axis=(0, 1))
        self.gradients["beta"][...] = arriving.sum(axis=(0, 1))
        through_variance = normalized * (arriving * normalized).mean(axis=0)
        back = self.gamma / std * (arriving - arriving.mean(axis=0) - through_variance)
        return back.swapaxes(0, 1).reshape(gradient.shape)


def grouped(seed, rows, wrong):
    """35 epochs on 400 digits: accuracies on them, as they are labelled, and on the others."""
    rng = np.random.default_rng(seed)
    few, labels, others, true_labels = digits(seed=seed, test_fraction=0.77, dtype=np.float32)
    few, labels = few[:400], labels[:400]
    labels = np.where(rng.random(400) < wrong, rng.integers(0, 10, 400), labels)
    network = stack(rng, 2, partial(Groups, 32, rows) if rows else None)
    train(network, few, labels, SGD(0.1), epochs=35, batch_size=50, rng=rng, progress=False)
    network.set_statistics(few)
    learned, general = network.evaluate(few, labels), network.evaluate(others, true_labels)
    return {"learned": learned[1], "test": general[1]}


assert gradient_check(Groups(4, 5), a[:20, :4]) < 1e-7
grid = {"wrong": [0.0, 0.3], "rows": [2, 5, 50, 0]}  # 0: without the layer
table = sweep(grouped, grid, seeds=range(3), progress=False)

# %% tags=["claim-7.7-g"]
rng = np.random.default_rng(0)
network = mlp([64, 32, 32, 10], rng, batch_norm=True)
train(network, x, y, SGD(0.3), epochs=10, batch_size=64, rng=rng, progress=False)
sizes, noise = np.array([2, 5, 10, 50, 200]), []
for size in sizes:
    outputs = np.empty((5, 60, 10))
    for one, trial in np.ndindex(5, 60):
        company = x[rng.integers(0, len(x), size - 1)]
        outputs[one, trial] = network.forward(np.vstack([x_test[one], company]), training=True)[0]
    noise.append(outputs.std(axis=1).mean())
power = np.polyfit(np.log(sizes[2:]), np.log(noise[2:]), 1)[0]

result = table.groupby(["wrong", "rows"])[["learned", "test"]]
mean, low, high = result.mean(), result.min(), result.max()
assert abs(power + 0.5) < 0.06
assert low.loc[(0.3, 50), "learned"] > high.loc[(0.3, 5), "learned"] + 0.03
assert mean.loc[(0.3, 5), "test"] > mean.loc[(0.3, 50), "test"] + 0.04
assert abs(mean.loc[(0.0, 5), "test"] - mean.loc[(0.0, 50), "test"]) < 0.02
assert high.loc[(0.0, 2), "test"] < low.loc[(0.0, 5), "test"] - 0.05
assert mean.loc[(0.3, 0), "test"] > mean.loc[(0.3, 50), "test"] + 0.02

claim(
    "7.7-g",
    "holds if",
    "That the output depends on the batch is noise, and it regularizes the network.",
    f"the std of an output over batches falls like B^({power:.1f}) from B = 10 to 200. With 30% random labels, "
    "groups of 5 learn fewer of them by heart than groups of 50 and are more than 4 points better on the "
    "test images, but so is the network without the layer, at the same rate, by more than 2. With right "
    "labels 5 and 50 are within 2 points, and groups of 2 lose more than 5.",
    condition="the groups are small, 5 rather than 50, and there is something to overfit; the layer as "
    "such does not regularize",
)

# %% tags=["hide-input", "training-picture"]
with style.context():
    fig, panels = plt.subplots(1, 3, figsize=(7, 2.8), layout="constrained")
    ax = panels[0]
    ax.loglog(sizes, noise[2] * np.sqrt(10 / sizes), color=style.MUTED, lw=1, ls=":")
    ax.loglog(sizes, noise, "o-", color=BN)
    ax.text(12, 1.5, "like 1/√B", fontsize=8, color=style.MUTED)
    ax.set(xlabel="batch size B", ylabel="std of an output over batches", title="Noise")
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.set_yticks([0.3, 1, 3], ["0.3", "1", "3"])
    ax.minorticks_off()
    for ax, wrong in zip(panels[1:], (0.0, 0.3), strict=True):
        part = table[table["wrong"] == wrong]
        for column, color, marker in (("learned", style.MUTED, "v"), ("test", BN, "o")):
            look = {"color": color, "markers": marker, "errorbar": ("pi", 100), "linestyle": "none"}
            sns.pointplot(
                part, x="rows", y=column, order=[2, 5, 50, 0], ax=ax, markersize=4, **look
            )
        ax.set(ylim=(0.3, 1.03), xlabel="rows in a group", ylabel="accuracy")
        ax.set_xticks(range(4), ["2", "5", "50", "none"])
        ax.set_title("30% random labels" if wrong else "Right labels")
    panels[1].text(3.3, 0.6, "▼ on its own labels", ha="right", fontsize=8, color=style.MUTED)
    panels[1].text(3.3, 0.53, "● on the test images", ha="right", fontsize=8, color=BN)
    plt.show()

# %% [markdown]
# Read the two right-hand pictures together. The triangles are what is learned by heart, and they rise
# with the size of the groups; the network without the layer learns more slowly at this rate, and so learns
# less of what is wrong. So whether batch normalization regularizes depends on what it is compared with.
#
# ## What do γ and β add?
#
# The book puts much of the power of the method into the learned mean and spread. The lecture has a reason:
# standardized inputs lie where the activation is active, and there it is nearly a straight line; $\beta$ can
# lead out. So: how much of $f(\hat a)$ is a straight line, if $\hat a$ is N(0, 1)? And what is lost if
# $\gamma=1$ and $\beta=0$ for good? Three hidden layers of 32 on the digits, 3 epochs, judged by the training
# loss of the last one, each at the best of three rates.

# %% tags=["claim-L-r"]
functions = {"sigmoid": sigmoid, "tanh": tanh, "ReLU": relu}
standard = np.random.default_rng(0).normal(size=200_000)
straight = {
    name: np.corrcoef(standard, function(standard))[0, 1] ** 2
    for name, function in functions.items()
}
assert straight["sigmoid"] > 0.97 > 0.95 > straight["tanh"] > 0.9 > 0.8 > straight["ReLU"]

claim(
    "L-r",
    "holds if",
    "Standardized inputs lie where the activation is active, and this makes the layer linear.",
    f"of the variance of f(â) with â from N(0, 1), a straight line takes {straight['sigmoid']:.0%} for the "
    f"sigmoid, {straight['tanh']:.0%} for tanh and {straight['ReLU']:.0%} for ReLU.",
    condition="the activation is a sigmoid, or nearly so; and then it is a loss, since it is the "
    "non-linear transformations that are more powerful",
)


# %% tags=["claim-7.7-h"]
winners = {}
for function in ("sigmoid", "ReLU"):
    run = partial(with_shortcut, function=functions[function])
    grid = {"forgets": ["nothing", "γ and β"], "rate": [0.25, 1.2, 10.0]}
    table = sweep(run, grid, seeds=range(3), progress=False)
    for kind, part in table.groupby("forgets"):
        winners[function, kind] = best(part, "loss")
assert all(winner.is_interior for winner in winners.values())
assert max(winners["sigmoid", "nothing"].values) < min(winners["sigmoid", "γ and β"].values)
assert 2 / 3 < winners["ReLU", "nothing"].value / winners["ReLU", "γ and β"].value < 3 / 2

claim(
    "7.7-h",
    "too strong",
    "The method owes much of its power to the mean and the spread that γ and β learn.",
    "left at 1 and 0, they cost the sigmoid network training loss, in every seed; for the ReLU network the "
    "loss differs by less than a factor of 1.5 either way.",
    condition="for these networks the power is in the normalization; γ and β help the sigmoids somewhat",
)

# %% [markdown]
# With ReLUs $\gamma$ does nothing that the weights of the next layer could not do, since
# $\max(0,\gamma c)=\gamma\max(0,c)$ for $\gamma>0$.
#
# ## The penalty that is no penalty
#
# L2 regularization adds $\frac12\lambda\lVert w\rVert^2$ to the loss, to keep the weights small and so the
# function simple. You have seen that the size of weights before the layer does not change the function.
# What does the penalty do then?

# %% exercise="l2-scale"

# %% [markdown]
# With the penalty a step is $w(n+1) = (1-\eta\lambda)\,w(n) - \eta\,g(w(n))$. Set
# $v(n) = (1-\eta\lambda)^{-n}\,w(n)$, the same direction at another length. By $g(kw)=g(w)/k$,
#
# $$ v(n+1) = v(n) - \eta\,(1-\eta\lambda)^{-(2n+1)}\,g(v(n)) $$
#
# There is no penalty in this line. So training with L2 *is* training without it, at a rate that grows
# exponentially (Li and Arora 2020). That is an exact statement, so it can be tested to the last digits.
# Two hidden layers, $\eta = 0.3$, $\lambda = 0.01$ on their weights; the output layer, $\gamma$ and $\beta$ are
# trained at a constant 0.3 in all runs. A third run starts from ten times the weights, with $100\,\eta$
# and $\lambda/100$.


# %%
def descend(seed, l2, rate_at, scale=1.0, dtype=np.float64):
    """By step: loss, ‖w‖² and ‖∂L/∂w‖ of the hidden layers; test accuracy (from step 80 on)."""
    rng = np.random.default_rng(seed)
    network = stack(rng, 2, partial(BatchNorm, 32, 1e-12), bias=False, dtype=dtype)
    w, gradient = network.parameters, network.gradient
    hidden = np.zeros_like(w)  # 1 for the weights of hidden layers
    for slot in network.slots():
        hidden[slot.place] = slot.name == "weights" and slot.shape != (32, 10)
    w *= 1 + (scale - 1) * hidden
    noted, accuracies = [], []
    for step in range(160):
        rows = rng.integers(0, len(x), 64)
        loss, _ = network.propagate(x[rows], y[rows])
        noted.append((loss, hidden @ w**2, np.linalg.norm(hidden * gradient)))
        w -= (0.3 + (rate_at(step) - 0.3) * hidden) * (gradient + l2 * hidden * w)
        if step >= 80 and step % 8 == 7:
            network.set_statistics(x[:400])
            accuracies.append(network.evaluate(x_test, y_test)[1])
    return *np.transpose(noted), float(np.mean(accuracies))


x, y, x_test, y_test = digits()
runs = {
    "penalty": descend(0, 0.01, lambda step: 0.3),
    "rising rate": descend(0, 0.0, lambda step: 0.3 * (1 - 0.003) ** -(2 * step + 1)),
    "100 η, λ/100": descend(0, 1e-4, lambda step: 30.0, scale=10.0),
    "neither": descend(0, 0.0, lambda step: 0.3),
}
apart = {name: np.abs(run[0] - runs["penalty"][0]).max() for name, run in runs.items()}
longer = {name: run[1][-1] / run[1][0] for name, run in runs.items()}
rise = (1 - 0.003) ** -(2 * 159 + 1)
assert max(apart["rising rate"], apart["100 η, λ/100"]) < 1e-8 < 0.01 < apart["neither"]
assert np.allclose(10 * runs["100 η, λ/100"][2], runs["penalty"][2], rtol=1e-6)
assert runs["penalty"][3] == runs["rising rate"][3] == runs["100 η, λ/100"][3]
assert longer["penalty"] < 0.5 < 1 < longer["neither"]
print(f"rate raised {rise:.1f} times, or penalty: the same 160 losses, to 10⁻⁸")

# %% [markdown]
# With the penalty $\lVert w\rVert^2$ has fallen to less than half, without it it has grown; so the penalty has
# raised the effective rate $\eta/\lVert w\rVert^2$. Where does that end? The steps make the weights longer, the
# penalty makes them shorter. With $G$ the size of the gradient at length 1, so that
# $\lVert g\rVert = G/\lVert w\rVert$, the two are in balance (for small $\eta\lambda$) at
#
# $$ \eta^2\,\frac{G^2}{\lVert w\rVert^2} = 2\,\eta\lambda\,\lVert w\rVert^2 \qquad\text{so that}\qquad
#    \frac{\eta}{\lVert w\rVert^2} = \frac{\sqrt{2\,\eta\lambda}}{G} $$
#
# The start is forgotten, and only the *product* $\eta\lambda$ is left. **Guess:** four penalties, four rates,
# 160 steps, three seeds. Will the test accuracy follow $\lambda$?


# %% tags=["claim-L-k"]
x, x_test = x.astype(np.float32), x_test.astype(np.float32)


def penalized(seed, l2, rate):
    _, squares, _, accuracy = descend(seed, l2, lambda step: rate, dtype=np.float32)
    return {"accuracy": accuracy, "effective": rate / squares[-1], "product": round(l2 * rate, 6)}


grid = {"l2": [0.01, 0.03, 0.09, 0.27], "rate": [0.05, 0.15, 0.45, 1.35]}
table = sweep(penalized, grid, seeds=range(3), progress=False)
mean = table.groupby(["l2", "rate"], as_index=False).mean()
by_product, by_l2 = (mean.groupby(name)["accuracy"] for name in ("product", "l2"))
same_product = (by_product.max() - by_product.min()).max()
same_l2 = by_l2.max() - by_l2.min()
settled = mean[mean["product"] > 0.03].groupby("product")["effective"]
assert same_product < 0.05
assert same_l2[0.27] > 0.25
assert (settled.max() < 1.5 * settled.min()).all()

claim(
    "L-k",
    "holds if",
    "With batch normalization an L2 penalty does not regularize: it scales the weights, and so the "
    "learning rate.",
    f"160 losses with the penalty are, to 10⁻⁸, those without it at a rate that rises {rise:.1f} times. "
    "They are also those from ten times the weights with 100 η and λ/100, where each gradient is a tenth. "
    "On a grid of four λ and four η the test accuracy differs by less than 5 points where ηλ is the same, "
    "and by more than 25 between the rates at the largest λ.",
    condition="the weights stand before the layer; not for the output layer, γ or β",
    paper="van Laarhoven 2017",
    reported="L2 has no regularizing effect beside normalization; it acts through the "
    "effective rate.",
)

# %% tags=["hide-input", "training-picture"]
with style.context():
    fig, panels = plt.subplots(1, 2, figsize=(7, 2.8), layout="constrained", sharey=True)
    for (rate, part), marker in zip(table.groupby("rate"), "ovsD", strict=True):
        color = plt.get_cmap("Blues")(0.45 + 0.25 * np.log10(rate / 0.05))
        for ax, name in zip(panels, ("l2", "product"), strict=True):
            look = {"color": color, "marker": marker, "errorbar": ("pi", 100), "label": f"{rate:g}"}
            sns.lineplot(part, x=name, y="accuracy", ax=ax, legend=False, **look)
    panels[0].legend(title="rate η", fontsize=8, loc="lower left")
    panels[0].set(xscale="log", xlabel="penalty λ", ylabel="test accuracy", ylim=(0.5, 1))
    panels[1].set(xscale="log", xlabel="product ηλ", title="The same 16 points by ηλ: one curve")
    panels[0].set_title("Accuracy by λ: four curves")
    plt.show()

# %% [markdown]
# It is the product that counts. From $\eta\lambda = 0.04$ on, where 160 steps are long enough for the balance,
# the effective rates at the end agree within a factor of 1.5, with $\eta$ up to nine times apart. And what a
# large penalty does to the accuracy here is what a large rate does. So where a weight decay "helps" weights
# before batch normalization, it helps as a schedule of the rate. That it acts through the effective rate was
# shown by van Laarhoven (2017), to whom the lecture refers. In the long run the two need not be tuned apart.
#
# ## What to take away
#
# | | |
# |---|---|
# | forward | $\hat a = (a-\mu_B)/\sqrt{\sigma_B^2+\epsilon}$ over the batch, by unit; then $c = \gamma\hat a+\beta$ |
# | backward | three paths: $\bigl(e - \overline e - \hat a\,\overline{e\hat a}\bigr)/s$ with $e=\gamma\,\partial\mathcal L/\partial c$; without the one through $\mu$ biases walk away |
# | test | running mean and unbiased variance, or a full pass |
# | bias before it | useless: leave it out |
# | size of the weights before it | does not count, down to $\sigma\approx\sqrt\epsilon$; the effective rate is $\eta/\lVert w\rVert^2$ |
# | rates and starts | a wider range of both |
# | depth | sigmoids: nothing vanishes; ReLUs: the gradient grows by 1.21 a layer |
# | batch | 1 is refused, 2 gives signs only, 5 is noisy |
# | L2 | a rate schedule, and no penalty: $\eta\lambda$ decides |
#
# **What the book and the lecture say, and what was measured.** These hold: training-set statistics for the
# test (7.7-c), higher rates (7.7-d), sigmoids become usable (L-m), no batch of one (L-n). With a condition:
# the output's mean and spread (7.7-a), backprop sample by sample (7.7-b), gradients in depth (7.7-e),
# independence of the start (7.7-f), noise that regularizes (7.7-g), linear units (L-r), L2 (L-k). Too strong:
# that much of the power lies in $\gamma$ and $\beta$ (7.7-h); and $\epsilon$ does more than prevent a division
# by 0 (7.7-a, 7.7-f). One misprint: the identity is $\gamma=\sqrt{\sigma^2+\epsilon}$, $\beta=\mu$, and not the
# standardization (L-l).

# %% [markdown]
# ### The same elsewhere
#
# ```python
# # PyTorch
# torch.nn.Linear(64, 32, bias=False)
# torch.nn.BatchNorm1d(32, eps=1e-5, momentum=0.1)  # decay 0.9 here: momentum is the new share
# model.train()   # statistics of the batch
# model.eval()    # running statistics
#
# # Keras
# keras.layers.Dense(32, use_bias=False)
# keras.layers.BatchNormalization(epsilon=1e-3, momentum=0.99)  # momentum is the old share: our decay
# ```
#
# The two `momentum`s are opposites. Keras's 0.99 has a long memory: after $n$ steps $0.99^n$ of the running
# statistics is still the start, mean 0 and variance 1, and after 100 steps that is 37%. An early test is
# then far below one with a full pass, and nothing is wrong with the network.
#
# Keras's $\epsilon$ is a hundred times ours, so that a spread below 0.03 is no longer fully normalized
# (claim 7.7-a). Both libraries use the biased variance in the batch. For the running one PyTorch takes the
# unbiased, as here, and Keras 3 the biased.
#
# ### Sources
#
# - Section 7.7 of *Training Neural Networks Part 1*, whose figures and symbols this notebook follows, and
#   the lecture *Impediments to learning*.
# - S. Ioffe, C. Szegedy (2015), "Batch normalization: accelerating deep network training by reducing
#   internal covariate shift": the layer, the bias that walks, the three sigmoid layers.
# - T. van Laarhoven (2017), "L2 regularization versus batch and weight normalization": the effective rate.
# - E. Hoffer, I. Hubara, D. Soudry (2017), "Train longer, generalize better": ghost batches.
# - S. Santurkar, D. Tsipras, A. Ilyas, A. Madry (2018), "How does batch normalization help
#   optimization?": doubts about the reason.
# - G. Yang, J. Pennington, V. Rao, J. Sohl-Dickstein, S. Schoenholz (2019), "A mean field theory of batch
#   normalization": the growth of the gradient with depth.
# - Z. Li, S. Arora (2020), "An exponential learning rate schedule for deep learning": weight decay as a
#   rising rate.
# - The digits: E. Alpaydin, C. Kaynak (1998), "Optical recognition of handwritten digits", UCI. MNIST:
#   Y. LeCun, C. Cortes, C. Burges; a choice of 5,000 images.
