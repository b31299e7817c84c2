# %% [markdown]
# # 2 · Learning-rate annealing
#
# *Section 7.2 · Figures 7.6 and 7.7 · about 60 minutes with the exercises, 25 without*
#
# In notebook 01 the learning rate was one number for the whole run. This chapter lets it fall on
# the way, and asks when that pays. Afterwards you can
#
# - read from a loss curve whether the rate was too high, too low or good,
# - say at which loss noisy gradients hold up a constant rate, and which schedule is the best
#   there,
# - choose between lowering the rate by plan and lowering it on a plateau, and know when to do
#   neither.
#
# You need notebook 01 (the factor $1-\eta\lambda$) and expected values.

# %%
# %config InlineBackend.figure_formats = ["retina"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from coursekit import SGD, AdaGrad, ReduceOnPlateau, bowl, first_step, minimize, mlp, train, valley
from coursekit import best, check, claim, datasets, exercise, figures, schedules, show_source, sweep
from coursekit.annealing import SCHEDULES, mirrored_noise, noisy_runs, stationary_loss
from coursekit.figures import style
from coursekit.losses import mean_squared_error, softmax_cross_entropy
from coursekit.widgets import Annealing

# %% [markdown]
# ## The loss curve tells the rate
#
# The surfaces of notebook 01 were smooth, and every slope was exact. A network is trained on
# batches: each step sees a few samples and takes the mean of their gradients for the gradient of
# the whole training set. That is right on average and wrong every time. Before we ask what this
# means for the rate, look at what a rate does to a real network. It has 64 inputs, 32 hidden units
# and 10 outputs, and it learns handwritten digits; the hidden units are rectified, that is, a
# negative sum gives 0 (Section 7.4). An *epoch* is one pass through the training set.

# %%
figures.show("7.6")

# %% [markdown]
# | the training loss | the rate is | what to do |
# |---|---|---|
# | rises at once, or jumps to the level of guessing | very high | divide it by ten |
# | falls fast, then lies on a plateau far above the others | high | lower it: now, or on the way |
# | falls evenly and slowly, and is still falling at the end | low | raise it threefold |
# | falls fast and goes on falling | good | |
#
# Why does a rate of 16 explode? Notebook 01 has the answer. The first steps are so large that they
# push every hidden unit to where it is rectified to 0 for all digits. What is left to learn are
# the ten biases of the last layer. In this loss, the mean of ten squares, each of them is a bowl
# of curvature $\lambda = 2/10$. So the limit is $2/\lambda = 10$, and at $\eta = 16$ each step
# multiplies the loss by $(1-0.2\cdot 16)^2 = 4.84$.
#
# The figure uses the squared loss. Most of the course uses the cross-entropy, which cannot grow
# that fast, so the sweep below repeats the experiment with it: eleven rates, three seeds. A run is
# a function of its seed and its settings, and `sweep` makes one row of a table from each.


# %%
x, y, x_test, y_test = datasets.digits()


def at_one_rate(seed, rate):
    """Train for ten epochs at a constant rate."""
    rng = np.random.default_rng(seed)
    network = mlp([64, 32, 10], rng)  # with cross-entropy
    history = train(network, x, y, SGD(rate), epochs=10, batch_size=32, rng=rng, progress=False)
    spread = np.ptp(network.forward(x), axis=0).max()  # of an output, over the digits
    jump = history.loss[:20].max() / history.loss[0]
    return {"loss": network.evaluate(x, y)[0], "jump": jump, "spread": spread}


ladder = [0.003, 0.01, 0.03, 0.1, 0.3, 0.6, 1.0, 1.5, 2.5, 5.0, 15.0]
by_rate = sweep(at_one_rate, {"rate": ladder}, seeds=range(3), progress=False)

# %% tags=["hide-input", "training-picture"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 2.9), layout="constrained")
    look = {"color": style.METHODS["SGD"].color, "marker": "o", "ms": 5}
    sns.lineplot(by_rate, x="rate", y="loss", errorbar=("pi", 100), estimator="median", **look)
    ax.axhline(np.log(10), color=style.MUTED, lw=0.8, ls=":")
    ax.text(0.0028, 2.5, "guessing: ln 10", va="bottom", color=style.MUTED)
    for rate, height, words in (
        (0.012, 0.5, "low:\nstill on its way"),
        (0.5, 0.12, "good"),
        (6.0, 1.2, "very high:\nguessing, or worse"),
    ):
        ax.text(rate, height, words, ha="center", va="center")
    ax.set(xscale="log", yscale="log", ylim=(0.03, 5), xlabel="learning rate η, constant")
    ax.set(
        ylabel="training loss", title="After ten epochs, with cross-entropy: median and all seeds"
    )
    ax.set_yticks([0.1, 1], ["0.1", "1"])
    plt.show()

# %% [markdown]
# Here the very high rate does not explode. The loss jumps in the first steps, the hidden units
# die, and from then on the network gives the same answer to every digit. So a level line at
# $\ln 10 = 2.30$ or above, in a task with ten classes, may come from a rate that *was* too high;
# lowering it now is too late. And as in notebook 01, the best rate lies close to the edge.

# %% tags=["claim-7.2-a"]
seen = figures.get("7.6").data()  # the numbers behind the figure
curves = {name: run.losses for name, run in seen.runs.items()}  # (seeds, epochs + 1)
early, middle = 1, seen.epochs // 2
left = {
    name: np.median(c[:, -1] / c[:, middle]) for name, c in curves.items() if len(c[0]) > middle
}
assert seen.rising == seen.seeds
assert (curves["high"][:, early] < 0.5 * seen.starts).all()
assert left["high"] > 0.9 > left["low"] > left["good"]
assert (curves["high"][:, -1] > 2 * curves["good"][:, -1]).all()
assert (curves["low"][:, -1] > 5 * curves["good"][:, -1]).all()

targets = np.eye(10)[y]
growth = []
for seed in range(seen.seeds):
    rng = np.random.default_rng(seed)
    network = mlp([64, 32, 10], rng, loss=mean_squared_error)
    settings = {"epochs": 1, "batch_size": seen.batch_size, "progress": False}
    losses = train(network, x, targets, SGD(seen.runs["very high"].rate), rng=rng, **settings).loss
    growth.append(losses[61:80] / losses[60:79])
assert np.allclose(growth, (1 - 0.2 * seen.runs["very high"].rate) ** 2, rtol=1e-6)

dead = by_rate[by_rate["rate"] >= 2.5]
assert (dead["spread"] < 1e-9).all()
assert (dead["loss"] > 0.99 * np.log(10)).all()
assert (dead["jump"] > 1).all()
at_best = best(by_rate, "loss")
after = ladder[ladder.index(at_best.point["rate"]) + 1]
assert at_best.is_interior
assert by_rate[by_rate["rate"] == after]["loss"].median() > 1

claim(
    "7.2-a",
    "holds if",
    "Four rates show four loss curves: rising, stuck on a high plateau, slow, and good.",
    f"squared loss, {seen.seeds} seeds: at η = 16 the loss passes 1000 within 12 steps in "
    f"{seen.rising} of them, and then grows by {np.mean(growth):.2f} a step; at 4 it halves in one "
    f"epoch, but keeps {left['high']:.0%} of its loss in the second half of the run; at 0.0005 it "
    f"keeps {left['low']:.0%}, at 1 it keeps {left['good']:.0%} and ends lowest. Cross-entropy: in "
    f"all {len(dead)} runs at η ≥ 2.5 the loss jumps, and every digit gets the same answer. "
    f"At {at_best.point['rate']:g}, the best rate tried, it learns; at {after:g} it hardly does.",
    condition="the loss can explode; with cross-entropy a very high rate ends level, at guessing",
)

# %% [markdown]
# ## What holds up a constant rate
#
# The usual story is that a large step overshoots when the minimum comes near, so that the rate has
# to get smaller there. On a smooth bowl that is not so. You know the equation:
#
# $$ w(n+1) - w^* = (1-\eta\lambda)\,\bigl(w(n)-w^*\bigr) $$
#
# The factor is the same far away and near. Where the ground is flatter the slope is smaller, and
# the step shrinks by itself. What does *not* shrink is the noise. Say that a batch gives the slope
# with an error of standard deviation $\sigma$:
#
# $$ g(n) = \lambda\,w(n) + \sigma\,\xi(n), \qquad \xi(n)\ \text{with mean 0 and variance 1} $$
#
# Far from the minimum the slope drowns the noise. Near it, the noise drowns the slope, and most
# steps lead away. Both are measured here: the factor without noise at distances from 10 down to
# $10^{-8}$, and the share of 120,000 noisy steps that end nearer than they began.

# %% tags=["claim-7.2-f"]
rng = np.random.default_rng(72)
factors = []
for rate in (0.2, 0.5, 1.9):
    distance = np.abs(minimize(bowl(1.0), [10.0], SGD(rate), steps=30).points[:, 0])
    factors.append(np.ptp(distance[1:] / distance[:-1]))
assert max(factors) < 1e-12

noise = mirrored_noise(rng, steps=60, runs=2000, dimension=1)  # and −ξ for each ξ, so exact means
distance = np.abs(noisy_runs(bowl(1.0), [20.0], SGD(0.2), noise).points[..., 0])
nearer = distance[1:] < distance[:-1]
share = {}
for low, high in ((5, 20), (1, 5), (0.1, 1), (0, 0.1)):
    there = (distance[:-1] >= low) & (distance[:-1] < high)
    share[high] = nearer[there].mean()
    print(f"distance {low:4} to {high:3}: {share[high]:4.0%} of the steps end nearer")
assert share[20] > 0.99
assert share[0.1] < 0.25

claim(
    "7.2-f",
    "too strong",
    "A large step overshoots as the minimum comes near, so the rate has to fall there.",
    f"without noise the factor of a step changes by less than 10⁻¹² over 30 steps, at each of "
    f"{len(factors)} rates. With noise (σ = 1, η = 0.2) {share[20]:.0%} of the steps end nearer at "
    f"a distance above 5, and fewer than a quarter below 0.1.",
    condition="on a bowl it is the noise that calls for a smaller rate, not the nearness",
)

# %% [markdown]
# How near does a constant rate get? Square the noisy step and take the mean. The noise of this
# step is independent of where you stand, so the mixed term vanishes:
#
# $$ \mathbb E[w^2(n+1)] = (1-\eta\lambda)^2\,\mathbb E[w^2(n)] + \eta^2\sigma^2 $$
#
# In the long run both sides are equal. Solve, and multiply by $\tfrac12\lambda$ to get the loss at
# which the descent *hovers*:
#
# $$ \mathbb E[\mathcal L] = \frac{\eta\,\sigma^2}{4\,(1-\eta\lambda/2)} \;\approx\; \tfrac14\,\eta\,\sigma^2 $$
#
# Half the rate, half the loss, for small rates. No constant rate arrives. The package has the
# formula as `stationary_loss`; here it is compared with runs.

# %%
levels, counted = {}, {}
print("rate η     loss of 400 runs     formula")
for rate in (0.05, 0.1, 0.2, 0.5, 1.0, 1.5):
    noise = mirrored_noise(rng, steps=600, runs=400, dimension=1)
    counted[rate] = noisy_runs(bowl(1.0), [0.0], SGD(rate), noise).values[-400:].mean()
    levels[rate] = rate / (4 * (1 - rate / 2))  # λ = 1, σ = 1
    assert np.isclose(levels[rate], stationary_loss(bowl(1.0), rate, std=1.0), rtol=1e-12)
    assert np.isclose(counted[rate], levels[rate], rtol=0.05)
    print(f"{rate:5} {counted[rate]:18.3f} {levels[rate]:15.3f}")

# %% [markdown]
# So a constant rate has to be two things at once: large, to cover the distance, and small, to be
# let in at the end. A rate that falls can be the one first and the other later. That is
# *annealing*, named after the slow cooling of metal and glass.

# %%
figures.show("7.7")

# %% [markdown]
# ## The schedules
#
# | schedule | $\eta(n)$ | shape |
# |---|---|---|
# | step | $\eta_0\,r^{\lfloor n/s\rfloor}$ | a staircase: times $r$ after each $s$ steps |
# | exponential | $\eta_0\,r^{\,n/s}$ | the smooth curve through its corners |
# | $1/t$ | $\eta_0/(1+d\,n/s)$ | falls fast, then ever more slowly |
# | cosine | $\eta_1+(\eta_0-\eta_1)\,\tfrac12\,(1+\cos(\pi n/N))$ | level at both ends, down to $\eta_1$ at step $N$ |
# | warmup | $\eta_0\,(n+1)/(m+1)$ for $n<m$, then another schedule | a short rise before the fall |
#
# The book names the idea and leaves the formulas out; these are the common ones. In the package a
# schedule is a value with one method, from the step to the rate. It keeps no count of its own:
# asked twice for the same step, it gives the same rate, and it can be drawn before the training
# begins. (Warmup is for the fragile first steps of very large networks and batches, and is not
# measured here; see Goyal et al. 2017.) Wherever an optimizer takes a rate it takes a schedule: at
# each step it asks `rate_at`, with the number of steps taken so far.

# %%
show_source(schedules.cosine_decay.__call__, schedules.rate_at)

# %% [markdown]
# Steps count updates, not epochs: with 1,438 digits in batches of 32 an epoch is 45 steps. Mind
# which of the two a library counts. PyTorch's schedulers count how often you call
# `scheduler.step()`, which most programs do once an epoch; Keras's count updates.

# %% exercise="step-decay"

# %% exercise="exponential-decay"

# %% exercise="inverse-time-decay"

# %% exercise="cosine-decay"

# %% [markdown]
# Now play. The loss panel has the mean of 64 runs. Choose the constant schedule first: find the
# level at which it hovers, halve the rate, and see whether the level halves. Then make each
# schedule end below it. At last take the valley, with the noise at 0 and the rate at 0.09, just
# below the dotted line. Which schedule now gets below $10^{-4}$, the lower edge of the loss panel,
# in the fewest steps? Guess before you try.

# %%
Annealing()

# %% [markdown]
# ### The best schedule there is
#
# On the noisy bowl the best rate of a single step can be computed. Let $m(n) = \mathbb E[w^2(n)]$.
# The next one, $(1-\eta\lambda)^2 m + \eta^2\sigma^2$, is a parabola in $\eta$, and lowest at
#
# $$ \eta(n) = \frac{\lambda\,m(n)}{\lambda^2 m(n)+\sigma^2}, \qquad\text{where}\qquad
# \frac1{m(n+1)} = \frac1{m(n)} + \frac{\lambda^2}{\sigma^2} $$
#
# The reciprocal grows by the same amount at each step. Put it into the rate, and out comes
#
# $$ \eta(n) = \frac{\eta_0}{1+\lambda\,\eta_0\,n} $$
#
# This is the schedule $1/t$. It is more than a habit: a smaller $m$ now is a smaller $m$ later, at
# every rate, so that the best single steps are also the best run. On a noisy bowl no other schedule
# ends lower, however long the run, and the loss falls like $\sigma^2/(2\lambda n)$. To see what the
# others cost, the cell below gives every schedule its own best initial rate out of 80, on a budget
# of 200 steps. No dice are needed: the equation for $\mathbb E[w^2]$ gives the expected loss
# exactly.

# %%
budget = 200


def expected_loss(schedule, second=25.0):
    """The expected loss by step on a bowl with λ = σ = 1, from E[w²] = 25."""
    moments = [second]
    for n in range(budget):
        rate = schedule(n)
        moments.append((1 - rate) ** 2 * moments[-1] + rate**2)
    return 0.5 * np.array(moments)


families = {
    "constant": schedules.constant,
    "step, ×0.1 twice": lambda rate: schedules.step_decay(rate, 0.1, every=67),
    "exponential, to 1 %": lambda rate: schedules.exponential_decay(rate, 0.01, every=budget),
    "cosine, to 0": lambda rate: schedules.cosine_decay(rate, steps=budget),
    "1/t": lambda rate: schedules.inverse_time_decay(rate, decay=rate),  # λ = 1
}
grid = np.geomspace(0.005, 1.6, 80)
on_bowl = {}
print("schedule              best η(0)     expected loss at the end")
perfect = schedules.inverse_time_decay(25 / 26, decay=25 / 26)  # η(0) = λm/(λ²m + σ²)
lowest_curve = expected_loss(perfect)
for name, family in families.items():
    by_step = np.array([expected_loss(family(rate)) for rate in grid])
    assert (by_step >= lowest_curve * (1 - 1e-12)).all()
    ends = by_step[:, -1]
    assert 0 < ends.argmin() < len(grid) - 1
    on_bowl[name] = ends.min()
    print(f"{name:22} {grid[ends.argmin()]:8.2f} {ends.min():17.5f}")

floor = 0.5 / (1 / 25 + budget)
assert np.isclose(lowest_curve[-1], floor, rtol=1e-12)
assert max(on_bowl, key=on_bowl.get) == "constant"

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 3.0), layout="constrained")
    n = np.arange(1, budget + 1)
    for rate, shade, dashes, at, height in (
        (0.5, "#0B2F4A", (0, (1, 1)), 7, 5),
        (0.1, "#0B4F7F", (0, (5, 1.2, 1, 1.2)), 45, -12),
        (0.02, "#3A8DC6", (0, (5, 1.2)), 12, 5),
    ):
        curve = expected_loss(schedules.constant(rate))
        ax.loglog(n, curve[1:], color=shade, ls=dashes)
        place = {"xytext": (0, height), "textcoords": "offset points"}
        ax.annotate(f"constant η = {rate:g}", (at, curve[at]), color=shade, **place)
    ax.loglog(n, lowest_curve[1:], color=style.METHODS["SGD"].color, lw=2.6)
    ax.text(14, 0.016, "1/t", color=style.METHODS["SGD"].words, fontweight="bold")
    ax.set(xlabel="step n", ylabel="expected loss", xlim=(1, budget), ylim=(0.001, 20))
    ax.set(title="A noisy bowl: 1/t lies below every constant rate, at every step")
    plt.show()

# %% [markdown]
# The 1/t curve is nowhere above any of the 400 runs tried. But it has to know $\lambda$ and
# $\sigma$, and in a network there are many curvatures at once: a decay that is right for the steep
# ones is nearly over before the shallow ones have moved.
#
# And without noise? Then nothing hovers, and a rate that falls should only be slower. First the
# question of the playground, then 60 exact steps in the same valley ($\kappa = 20$), where each
# schedule again gets its own best initial rate.

# %%
first = {}
for name in SCHEDULES:
    losses = Annealing(surface="valley", schedule=name, rate=0.09, noise=0.0).run().values[:, 0]
    first[name] = first_step(losses < 1e-4)
    when = f"after {first[name]} steps" if first[name] <= 200 else "not within 200 steps"
    print(f"{name:16} from η = 0.09: below 10⁻⁴ {when}")
assert min(first, key=first.get) == "constant"
print()

narrow, start = valley(20.0), [-1.6, 1.2]
fine, without_noise = np.geomspace(0.01, 2, 200), {}
bound = 2 / narrow.condition_number
print("initial rate:              below 2/λ_max       any")
for name, family in {
    "constant": schedules.constant,
    "step, ×0.1 twice": lambda rate: schedules.step_decay(rate, 0.1, every=20),
    "exponential, to 1 %": lambda rate: schedules.exponential_decay(rate, 0.01, every=60),
    "cosine, to 0": lambda rate: schedules.cosine_decay(rate, steps=60),
    "1/t, to 1/20": lambda rate: schedules.inverse_time_decay(rate, decay=19, every=60),
}.items():
    ends = np.array([minimize(narrow, start, SGD(family(r)), 60).values[-1] for r in fine])
    without_noise[name] = ends[fine < bound].min(), ends.min()
    print(f"{name:22} {ends[fine < bound].min():17.0e} {ends.min():13.0e}")
stable = {name: ends for name, (ends, _) in without_noise.items()}
assert all(stable[name] > 100 * stable["constant"] for name in stable if name != "constant")
assert without_noise["exponential, to 1 %"][1] < 0.2 * stable["constant"]

# %% [markdown]
# In the playground the constant rate is first, and if each may choose a stable initial rate, it
# wins by a factor of more than a hundred. The last column has a surprise: some schedules win after
# all if they begin *above* the bound of notebook 01, where a constant rate would diverge. Their
# first steps are right for the shallow direction and throw the steep one far out; the later ones
# are right for the steep direction and bring it back. On a quadratic without noise this works
# (Young 1953 knew the best such sequence); a network would not come back from such first steps, as
# Figure 7.6 shows.

# %% exercise="read-the-curves"

# %% [markdown]
# ## On real digits
#
# Does the noise of real batches matter? That depends on what is left of it at the minimum. Two
# models on the same digits:
#
# - **linear**: 64 inputs, 10 outputs, squared loss, batches of 8. It cannot fit all digits. At its
#   minimum each sample still pulls in its own direction, and the noise stays. The lowest loss that
#   it can reach is known from linear least squares.
# - **network**: with 32 hidden units, cross-entropy, batches of 32. It can fit every training
#   digit. Where the loss is 0 for each sample, each gradient is 0, and so is the noise.
#
# First this is checked: the noise of a batch gradient, as the mean of
# $\lVert g_{\text{batch}}-g\rVert^2$ over the batches, before, during and after a training at a
# constant rate.


# %%
one_hot = np.eye(10)


def squared(outputs, labels):
    """The squared loss with classes for targets."""
    return mean_squared_error(outputs, one_hot[labels])


held_out = len(x) // 5  # a fifth of the training set, to steer by; the test set only judges
x_fit, y_fit, x_held, y_held = x[held_out:], y[held_out:], x[:held_out], y[:held_out]
models = {"linear": ([64, 10], squared, 8), "network": ([64, 32, 10], softmax_cross_entropy, 32)}


def noise_left(seed, model):
    """The noise of a batch gradient after 0, 10 and 40 epochs."""
    sizes, loss, batch = models[model]
    rng = np.random.default_rng(seed)
    network = mlp(sizes, rng, loss=loss)
    method, found = SGD({"linear": 0.2, "network": 0.8}[model]), {}
    settings = {"batch_size": batch, "rng": rng, "progress": False}
    for epoch, more in ((0, 0), (10, 10), (40, 30)):
        train(network, x_fit, y_fit, method, epochs=more, **settings)
        exact = network.loss_and_gradient(x_fit, y_fit)[1].copy()
        rows = rng.permutation(len(x_fit))[: len(x_fit) // batch * batch].reshape(-1, batch)
        errors = [network.loss_and_gradient(x_fit[r], y_fit[r])[1] - exact for r in rows]
        found[f"epoch {epoch}"] = float(np.mean([error @ error for error in errors]))
    return found | {"right": network.evaluate(x_fit, y_fit)[1]}


left_over = sweep(noise_left, {"model": list(models)}, seeds=range(3), progress=False)
middle = left_over.groupby("model").median(numeric_only=True)  # of the seeds
noise_share = middle[["epoch 10", "epoch 40"]].div(middle["epoch 0"], axis=0)
assert 0.05 < noise_share.loc["linear", "epoch 40"] < 0.15
assert noise_share.loc["linear", "epoch 40"] > 0.8 * noise_share.loc["linear", "epoch 10"]
assert noise_share.loc["network", "epoch 40"] < 0.01
assert middle.loc["linear", "right"] < 0.98
assert middle.loc["network", "right"] > 0.998
for model, row in noise_share.iterrows():
    words = "less than 1 %" if row["epoch 40"] < 0.01 else f"{row['epoch 40']:.0%}"
    print(
        f"{model:8} after 40 epochs {middle.loc[model, 'right']:4.0%} right, {words} of the noise left"
    )

# %% [markdown]
# In the linear model the noise has stopped falling after ten epochs. In the network it fades away
# with the loss.
#
# Now the race: eight epochs, each schedule at four initial rates, three seeds, and for each seed
# the same start and the same batches for all. The staircase goes down to 0.3 of the rate after
# each third of the run; the exponential decay ends at 10 % and a steep one at 1 %, $1/t$ at 20 %,
# the cosine at 0. The *plateau* rule, explained below, watches the accuracy on a held-out fifth of
# the training set; all runs do without this fifth, so that they learn from the same samples. Each
# schedule is judged at its own best initial rate, by the training loss at the end.

# %%
epochs = 8
ENDS = {
    "constant": lambda rate, steps: schedules.constant(rate),
    "step": lambda rate, steps: schedules.step_decay(rate, 0.3, every=-(-steps // 3)),
    "exponential": lambda rate, steps: schedules.exponential_decay(rate, 0.1, every=steps),
    "steep": lambda rate, steps: schedules.exponential_decay(rate, 0.01, every=steps),
    "1/t": lambda rate, steps: schedules.inverse_time_decay(rate, decay=4, every=steps),
    "cosine": lambda rate, steps: schedules.cosine_decay(rate, steps=steps),
    "plateau": lambda rate, steps: rate,  # the rule sets it, epoch by epoch
}


def with_schedule(seed, model, schedule, rate):
    """Train one of the two models with a schedule that starts from a rate."""
    sizes, loss, batch = models[model]
    rng = np.random.default_rng(seed)
    network = mlp(sizes, rng, loss=loss)
    steps = epochs * -(-len(x_fit) // batch)
    settings = {"epochs": epochs, "batch_size": batch, "progress": False}
    if schedule == "plateau":
        rule = ReduceOnPlateau(rate, factor=0.3, patience=2, threshold=0.0, mode="max")
        settings |= {"validation": (x_held, y_held), "plateau": rule}
    train(network, x_fit, y_fit, SGD(ENDS[schedule](rate, steps)), rng=rng, **settings)
    accuracy = network.evaluate(x_test, y_test)[1]
    return {"loss": network.evaluate(x_fit, y_fit)[0], "accuracy": accuracy}


rates = {"linear": [0.2, 0.4, 0.8, 1.2], "network": [0.4, 0.8, 1.1, 1.6]}
races = {}
for model in models:
    grid = {"model": [model], "schedule": list(ENDS), "rate": rates[model]}
    races[model] = sweep(with_schedule, grid, seeds=range(3), progress=False)

# The linear model's losses, in per cent above the minimum, which is known from least squares.
design = np.column_stack([x_fit, np.ones(len(x_fit))])
weights = np.linalg.lstsq(design, np.eye(10)[y_fit], rcond=None)[0]
lowest = squared(design @ weights, y_fit)[0]

tops = {}
for model, table in races.items():
    for schedule, rows in table.groupby("schedule", sort=False):
        top = best(rows, "loss")
        assert top.is_interior
        chosen = rows[rows["rate"] == top.point["rate"]].copy()
        chosen["excess"] = 100 * (chosen["loss"] / lowest - 1)
        tops[model, schedule] = chosen
finals = pd.concat(tops.values())

# %% tags=["hide-input"]
with style.context():
    fig, axes = plt.subplots(1, 2, figsize=(7, 2.9), layout="constrained", sharey=True)
    for ax, model, column in zip(axes, models, ("excess", "loss"), strict=True):
        rows = finals[finals["model"] == model]
        middle = rows[rows["schedule"] == "constant"][column].median()
        ax.axvline(middle, color=style.MUTED, lw=0.8, ls=":")
        look = {"color": style.METHODS["SGD"].color, "size": 6, "alpha": 0.8, "jitter": False}
        sns.stripplot(rows, x=column, y="schedule", ax=ax, **look)
        ax.set(
            ylabel="",
            title=f"{model.capitalize()}: noise {'stays' if model == 'linear' else 'fades'}",
        )
    axes[0].set(xlim=(0, 25), xlabel="training loss above the minimum, %")
    axes[1].set(xlim=(0, 0.18), xlabel="training loss", xticks=[0, 0.05, 0.1, 0.15])
    fig.suptitle("Each at its best initial rate; a dot is a seed", fontsize=style.TEXT)
    plt.show()

# %% tags=["claim-7.2-b"]
excess = finals[finals["model"] == "linear"].groupby("schedule")["excess"].median()
network_loss = finals[finals["model"] == "network"].groupby("schedule")["loss"].median()
by_plan = ["step", "exponential", "1/t", "cosine"]
assert excess[by_plan].max() < 0.75 * excess["constant"]
assert excess["steep"] > 0.85 * excess["constant"]
assert (network_loss[by_plan] > network_loss["constant"]).all()
assert finals.query("model == 'network'")["accuracy"].min() > 0.93

claim(
    "7.2-b",
    "holds if",
    "A rate that falls beats every constant rate.",
    "noisy bowl, 200 steps: the best constant rate ends at "
    f"{on_bowl['constant'] / floor:.1f} times the expected loss of 1/t. Linear model: "
    f"{excess['constant']:.0f} % above its minimum with the best constant rate, "
    f"{excess[by_plan].min():.0f} to {excess[by_plan].max():.0f} % with step, exponential, 1/t and "
    f"cosine, but {excess['steep']:.0f} % with the steep one. Without noise (valley, stable starts) "
    "the constant rate ends more than 100 times lower than any schedule. Network, whose noise "
    f"fades: training loss {network_loss['constant']:.2f} with the constant rate, "
    f"{network_loss[by_plan].min():.2f} to {network_loss[by_plan].max():.2f} with these four, and "
    "all test accuracies between 93 and 99 %.",
    condition="noise is left at the minimum, and the rate does not fall before the way is done",
)

# %% [markdown]
# Where the noise stays, every schedule but one ends far below the best constant rate, and which one
# it is matters less than how deep it goes: the steep exponential decay spends too much of its
# budget on small steps. (That depth was set by hand; only the initial rate was tuned.) Where the
# noise fades, the constant rate learns the training set better than any plan, and the plateau
# rule, which lets it be for longest, does as well. On new digits the differences are of a per cent
# or two there, about as much as between seeds. So look at your own training loss: does it go
# towards 0?
#
# One thing more is in these runs. A schedule that falls from the first step on forgives a rate that
# was chosen too high:

# %%
too_high = races["network"].query("rate == 1.6").groupby("schedule")["loss"].median()
assert too_high["constant"] > 2
assert too_high[["exponential", "1/t"]].max() < 0.5
print("From the rate 1.6 the network guesses (loss above 2) when the rate is constant, and learns")
print("(loss below 0.5) with the exponential decay and with 1/t.")

# %% [markdown]
# ## When to lower it: by plan or by plateau
#
# The schedules above are fixed before the training starts: they go by the number of steps or
# epochs. The other way is to look. Measure the accuracy on data that is held out, after each
# epoch; when it has not improved for some epochs, the *patience*, multiply the rate by a factor.

# %%
show_source(ReduceOnPlateau.update)

# %% [markdown]
# The state is a value: the rate, the best metric so far, and for how many epochs it was not
# bettered. The metric must come neither from the training samples nor from the test set. On
# training samples the loss may fall for ever while nothing is gained; and if the test set steers
# the training, it is no longer a test. That is why a fifth was held out.

# %% exercise="reduce-on-plateau"

# %%
rng = np.random.default_rng(0)
watched = mlp([64, 10], rng, loss=squared)
rule = ReduceOnPlateau(0.8, factor=0.3, patience=2, threshold=0.0, mode="max")
settings = {"epochs": 24, "batch_size": 8, "validation": (x_held, y_held), "progress": False}
observed = train(watched, x_fit, y_fit, SGD(0.8), rng=rng, plateau=rule, **settings).frame()

# %% tags=["hide-input"]
with style.context():
    fig, axes = plt.subplots(1, 3, figsize=(7, 2.4), layout="constrained")
    held = observed[observed["data"] == "validation"].iloc[1:]
    fitted = observed[observed["data"] == "train"]
    falls = held["epoch"].to_numpy()[1:][np.diff(held["learning_rate"]) < 0] - 0.5
    panels = (
        (held, "accuracy", "accuracy, held out"),
        (held, "learning_rate", "rate η of the epoch"),
        (fitted, "loss", "training loss"),
    )
    for ax, (rows, column, words) in zip(axes, panels, strict=True):
        for at in falls:
            ax.axvline(at, color=style.MUTED, lw=0.8, ls=":")
        look = {"color": style.METHODS["SGD"].color, "marker": "o", "ms": 3.5}
        drawing = "steps-mid" if column == "learning_rate" else "default"
        ax.plot(rows["epoch"], rows[column], drawstyle=drawing, **look)
        ax.set(title=words, xlabel="epoch", xticks=[0, 8, 16, 24])
    axes[2].set_ylim(0, None)
    plt.show()

# %% [markdown]
# This is the linear model, started at 0.8, which is too high for it. Each dotted line is a fall of
# the rate, after two epochs without a better accuracy. With the first one the training loss drops at
# once: such a cliff is what a fall of the rate looks like in the curves of published trainings.


# %% tags=["claim-7.2-c"]
def seen_in(model, column, *names):
    """One column of all runs with some schedules, each at its best rate."""
    return finals.query("model == @model and schedule in @names")[column]


def right(model, *names):
    """The test digits right, as a range over the seeds, in whole per cent."""
    accuracy = seen_in(model, "accuracy", *names)
    return f"{accuracy.min():.0%} to {accuracy.max():.0%}"


same_start = races["linear"].query("rate == 0.8")
at_08 = 100 * (same_start.groupby("schedule")["loss"].median() / lowest - 1)
assert at_08["plateau"] < 0.25 * at_08["constant"]
assert excess["plateau"] < 0.75 * excess["constant"]
pair = [seen_in("network", "loss", name) for name in ("plateau", "constant")]
assert max(losses.min() for losses in pair) < min(losses.max() for losses in pair)
lost = races["network"].query("rate == 1.6 and schedule == 'plateau'")["accuracy"]
assert lost.max() < 0.5

claim(
    "7.2-c",
    "holds if",
    "Lowering the rate when the validation accuracy stops rising works.",
    f"linear model, from the same rate 0.8: {at_08['plateau']:.0f} % above the minimum instead of "
    f"{at_08['constant']:.0f} %; each at its best rate {excess['plateau']:.0f} % against "
    f"{excess['constant']:.0f} %, and on test digits {right('linear', 'plateau')} right against "
    f"{right('linear', 'constant')}. Network: the training losses of plateau rule and constant "
    "rate overlap. From η = 1.6, where the network ends at guessing, the rule brings no run to "
    "half of the digits.",
    condition="noise is what makes the plateau; the rule cannot revive a run that has died, and "
    "where the noise fades it changes little",
)

# %% tags=["claim-7.2-d"]
ratios = network_loss[by_plan] / network_loss["constant"]
ahead, plain = (seen_in("linear", "accuracy", *names) for names in (by_plan, ["constant"]))
assert ahead.median() > plain.median()
assert ratios.min() > 1

claim(
    "7.2-d",
    "holds if",
    "Lowering the rate by the number of epochs works.",
    f"same budget as 7.2-c. Linear model, above the minimum: step {excess['step']:.0f} %, "
    f"exponential {excess['exponential']:.0f} %, 1/t {excess['1/t']:.0f} %, cosine "
    f"{excess['cosine']:.0f} %; plateau rule {excess['plateau']:.0f} %, constant "
    f"{excess['constant']:.0f} %. Test digits right: {right('linear', *by_plan)} with the four "
    f"plans, {right('linear', 'constant')} with the constant rate. Network: training loss "
    f"{ratios.min():.1f} to {ratios.max():.1f} times that of the constant rate, test digits "
    f"{right('network', *by_plan)} against {right('network', 'constant')}.",
    condition="noise is what limits the run, and the plan leaves time for large steps",
)

# %% [markdown]
# By plan or by plateau? In the linear model the cosine ends lowest. It needs no held-out data, but
# it must know the end of the run in advance. The plateau rule needs no end, and waits as long as
# there is progress: in the network it came out with the constant rate, while every plan began to
# fall too early for this budget.

# %% exercise="tune-schedule"

# %% [markdown]
# ## One rate for each parameter
#
# A schedule changes the rate in time. In a narrow valley you would rather change it in *space*: a
# small rate across, a large one along. The methods from Section 7.3.3 on do so. Each parameter
# gets a rate of its own from the gradients that it has met; in AdaGrad the rate of a parameter
# after $n$ steps is
#
# $$ \frac{\eta}{\sqrt{\sum_{i<n} g(i)^2 + \epsilon}} $$
#
# The steep direction of the valley ($\kappa = 20$) has large gradients, and so a low rate.
# But "direction" must mean an axis. Turn the valley by 30°, and both weights take part in the
# steep direction.

# %% tags=["claim-7.2-e"]
ratio, method = {}, AdaGrad(learning_rate=0.5)
for name, surface in (("along the axes", narrow), ("turned by 30°", valley(20.0, np.pi / 6))):
    for steps in (1, 100):
        state = minimize(surface, start, method, steps).state
        own_rates = method.learning_rate / np.sqrt(state.sum_of_squares + method.epsilon)
        ratio[name, steps] = own_rates[0] / own_rates[1]
slopes = np.abs(narrow.gradient(np.array(start)))
assert np.isclose(ratio["along the axes", 1], slopes[1] / slopes[0])
assert ratio["along the axes", 100] > 10
assert ratio["turned by 30°", 100] < 2

claim(
    "7.2-e",
    "holds if",
    "With a rate for each parameter, parameters with steep gradients get lower rates.",
    "AdaGrad in the valley gives the shallow weight "
    f"{ratio['along the axes', 1]:.0f} times the rate of the steep one after one step, and "
    f"{ratio['along the axes', 100]:.0f} times after 100; in the valley turned by 30° it is "
    f"{ratio['turned by 30°', 100]:.1f} times.",
    condition="the steep direction is that of a parameter; between the axes the rates are nearly "
    "equal",
)

# %% [markdown]
# The ratio after one step is that of the two slopes at the start, $24/1.6$. Whether such rates
# speed up the descent, and what becomes of them in a long run, is the matter of notebook 05.

# %% [markdown]
# ## What to take away
#
# | question | answer |
# |---|---|
# | which rate was it? | rising or level at guessing: very high; a plateau far up: high; evenly slow: low |
# | why does a constant rate not arrive? | noise: it hovers at $\mathcal L \approx \tfrac14\,\eta\,\sigma^2$ a direction |
# | which schedule is best? | on one noisy bowl $1/t$, with $\sigma^2/(2\lambda n)$; on digits all are close, and a fall that is too deep loses |
# | when does annealing pay? | when noise is left at the minimum; and a fall from the first step forgives a high first rate |
# | by plan or by plateau? | a plan has to know the end; a plateau rule needs held-out data, and revives no dead units |
#
# **What the book says, and what was measured.** None of the statements of this section holds as it
# stands; five need a condition. The four curves appear (7.2-a), but with cross-entropy the highest
# rate ends level. Annealing beats constant rates (7.2-b), by plateau (7.2-c) or by epochs (7.2-d),
# if noise is left at the minimum; a network that fits its training set did so better at a constant
# rate than by any plan. Rates for each parameter are lower in steep directions (7.2-e) if these are
# axes. One is too strong: not nearness but noise calls for smaller steps (7.2-f). The section
# prints no formula, and so no misprint.

# %% [markdown]
# ### The same elsewhere
#
# ```python
# # PyTorch: one call of scheduler.step() an epoch here, so that 30 means epochs. One of:
# optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
# scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=30, gamma=0.1)
# scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=90)
# scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=10)
# # after each epoch: scheduler.step(), or scheduler.step(validation_loss) with the last one
#
# # Keras: schedules count updates, so that 90 epochs are 90 * steps_per_epoch. Either a schedule:
# rate = keras.optimizers.schedules.CosineDecay(0.1, decay_steps=90 * steps_per_epoch)
# model.compile(optimizer=keras.optimizers.SGD(rate), loss="mse")
# model.fit(x, y, epochs=90)
# # or a number, and a rule that watches the validation loss:
# model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
# rule = keras.callbacks.ReduceLROnPlateau(factor=0.1, patience=10)
# model.fit(x, y, epochs=90, validation_split=0.2, callbacks=[rule])
# ```
#
# Three differences to know. PyTorch's cosine rises again when it is called after `T_max`; ours and
# Keras's stay at the end. PyTorch's plateau rule lowers the rate when `patience` is exceeded, one
# epoch later than ours and Keras's. With momentum, PyTorch applies the rate to the finished velocity,
# so that a fall of the rate also shortens what was gathered before (notebook 03).

# %% [markdown]
# ### Sources
#
# - Section 7.2 of *Training Neural Networks Part 1*, whose figures and symbols this notebook
#   follows.
# - H. Robbins, S. Monro (1951), "A stochastic approximation method": rates with
#   $\sum\eta = \infty$ and $\sum\eta^2 < \infty$, such as $1/t$, arrive in spite of noise.
# - D. Young (1953), "On Richardson's method for solving linear systems with positive definite
#   matrices": the best sequence of rates on a quadratic without noise.
# - I. Loshchilov, F. Hutter (2017), "SGDR: stochastic gradient descent with warm restarts": the
#   cosine.
# - P. Goyal et al. (2017), "Accurate, large minibatch SGD: training ImageNet in 1 hour": warmup.
# - S. Ma, R. Bassily, M. Belkin (2018), "The power of interpolation": where a model fits all of
#   its samples, a constant rate arrives.
# - The digits: E. Alpaydin, C. Kaynak (1998), "Optical recognition of handwritten digits", UCI.
