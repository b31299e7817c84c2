# %% [markdown]
# # 7 · Adam, and a race of six
#
# *Section 7.3.5 · about 65 minutes with the exercises, 30 without*
#
# Adam is what most people use and few could write down. This notebook takes it apart, runs the
# book's formulas exactly as they are printed, and then lets it race against the five methods before
# it, under rules that favour nobody. Afterwards you can
#
# - write Adam from memory, and say what each of its four numbers does,
# - tell what the bias correction is for, and what happens without it,
# - judge a comparison of optimizers, above all one that flatters its favourite.
#
# You need momentum (notebook 03) and RMSProp (notebook 06).

# %%
# %config InlineBackend.figure_formats = ["retina"]
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from coursekit import SGD, AdaGrad, Adam, DoubleWell, Momentum, Nesterov, RMSProp, Rosenbrock
from coursekit import best, check, claim, datasets, exercise, first_step, minimize, mlp
from coursekit import show_source, sweep, train, valley
from coursekit.figures import style
from coursekit.widgets import Descent

narrow, start = valley(), [-1.6, 1.2]  # κ = 20: the valley of notebooks 03 to 07
tilted = valley(20.0, rotation=np.pi / 6)

# %% [markdown]
# ## Two memories
#
# A narrow valley has two troubles at once. The direction is wrong: the slope points at the wall and
# not along the floor. And the scale is wrong: one rate has to serve a steep coordinate and a shallow
# one. Momentum mends the first (Figure 7.3). It remembers past gradients, so that what alternates cancels
# and what persists adds up. RMSProp mends the second. It remembers past *squares*, and divides each coordinate by its own
# typical size. Neither memory replaces the other. Adam keeps both, each as a running average:
#
# $$ \Lambda(n) = \beta_1\Lambda(n-1) + (1-\beta_1)\,g(n) \qquad
#    \Delta(n) = \beta_2\Delta(n-1) + (1-\beta_2)\,g(n)^2 $$
#
# $\Lambda$ is where to go, $\Delta$ is how large the gradients are, coordinate by coordinate. Both start
# at 0, which makes them too small in the beginning. So each is *corrected*, divided by the sum of the
# weights that it has handed out so far:
#
# $$ \hat\Lambda(n) = \frac{\Lambda(n)}{1-\beta_1^n} \qquad
#    \hat\Delta(n) = \frac{\Delta(n)}{1-\beta_2^n} \qquad\text{with}\quad n = 1, 2, 3, \dots $$
#
# and the step is
#
# $$ w(n+1) = w(n) - \eta\,\frac{\hat\Lambda(n)}{\sqrt{\hat\Delta(n)+\epsilon}} $$
#
# The usual values are $\beta_1 = 0.9$, $\beta_2 = 0.999$, $\epsilon = 10^{-8}$ and $\eta = 0.001$. The
# book writes $\beta$ and $\alpha$ for $\beta_1$ and $\beta_2$, and this page of it has several misprints;
# their turn comes. Here is the package's own code:

# %%
show_source(Adam.update)

# %% [markdown]
# The helpers are those of notebook 06: `_average` is one step of a running average, and `_moved` takes
# the step, with the correction of $\Delta$ pulled out of the root to save an array. Without such
# thrift it is five lines. Write them.

# %% exercise="adam-step"

# %% [markdown]
# ## Take one memory away
#
# If Adam is momentum and RMSProp together, then each must come back when the other's part is
# switched off, and the correction with it. To switch off $\Lambda$, set $\beta_1 = 0$. To switch off
# $\Delta$, let $\epsilon$ be so large that the root is a constant: Adam then moves by
# $\eta(1-\beta_1)/\sqrt\epsilon$ times the sum of momentum (Eq. 7.2).
# And with $\beta_1 = \beta_2 = 0$ only the sign of the gradient is left.


# %% tags=["claim-7.3.5-f"]
def furthest(one, other, steps=300):
    """The largest distance between two methods' paths, in the valley and in the tilted one."""
    runs = [[minimize(v, start, m, steps).points for m in (one, other)] for v in (narrow, tilted)]
    return max(np.abs(a - b).max() for a, b in runs)


bare = partial(Adam, bias_correction=False)
to_rmsprop = furthest(
    bare(0.05, beta1=0, beta2=0.9, epsilon=1e-7), RMSProp(0.05, decay=0.9, epsilon=1e-7)
)
to_momentum = furthest(bare(0.02 * 1e8 / 0.1, beta1=0.9, epsilon=1e16), Momentum(0.02, 0.9))

w = np.array(start)
walk = [w := w - 0.01 * np.sign(tilted.gradient(w)) for _ in range(100)]
signs = minimize(tilted, start, Adam(0.01, beta1=0, beta2=0, epsilon=0), steps=100).points[1:]
to_signs = np.abs(signs - walk).max()
assert to_rmsprop == 0
assert to_momentum < 1e-9
assert to_signs < 1e-12

claim(
    "7.3.5-f",
    "holds",
    "Adam is momentum and RMSProp in one method.",
    "over 300 steps in two valleys, β₁ = 0 without correction is RMSProp to the last bit "
    f"(difference {to_rmsprop:.0f}), and ε = 10¹⁶ without correction is momentum to rounding (below "
    "10⁻⁹). With β₁ = β₂ = ε = 0 each step is η times the sign of the gradient.",
)

# %% [markdown]
# The last of these is worth remembering. Adam is a smoothed version of "take a step of $\eta$ in
# every coordinate, up or down": its rate is a length in the space of the weights, not a factor of the
# gradient. This decides a lot further down.
#
# ## The first thousand steps
#
# Now the correction. Both averages begin at 0 and are too small at first. Are the first steps
# too short, then? Compute one case before you see the general one.

# %% exercise="first-step"

# %% [markdown]
# To see how large the bias is, feed Adam ten thousand coordinates whose gradients are random, with
# mean 1 and mean square 2. Then a steady gradient of 1, to see what the bias does to the steps.


# %% tags=["claim-7.3.5-a"]
def step_lengths(method, steps):
    """The lengths of the steps, in units of η = 1, under a gradient of 1 at every step."""
    w, state, lengths = np.zeros(1), method.init(np.zeros(1)), []
    for _ in range(steps):
        after, state = method.update(w, np.ones(1), state)
        lengths.append((w - after).item())
        w = after
    return np.array(lengths)


rng = np.random.default_rng(735)
adam = Adam()
w = np.zeros(10_000)
state = adam.init(w)
print("   n    Λ     Λ̂       Δ      Δ̂      in units of the true averages")
for n in range(1, 1001):
    w, state = adam.update(w, rng.normal(1, 1, w.shape), state)
    if n in (1, 10, 100, 1000):
        raw = np.array([state.mean.mean(), state.mean_square.mean() / 2])
        hats = raw / [1 - adam.beta1**n, 1 - adam.beta2**n]
        print(f"{n:4}  {raw[0]:5.3f}  {hats[0]:4.2f}   {raw[1]:5.3f}  {hats[1]:5.2f}")
        assert np.abs(hats - 1).max() < 0.05

lengths = {}  # of the uncorrected steps
for beta2 in (0.9, 0.99, 0.999, 0.9999):
    count = np.arange(1, 20_001)
    lengths[beta2] = (1 - 0.9**count) / np.sqrt(1 - beta2**count)
    measured = step_lengths(bare(1.0, beta2=beta2, epsilon=0), 500)
    assert np.allclose(measured, lengths[beta2][:500], rtol=1e-9)
    assert np.allclose(step_lengths(Adam(1.0, beta2=beta2, epsilon=0), 500), 1, rtol=1e-12)
firsts = {beta2: v[0] for beta2, v in lengths.items()}
longest = {beta2: v.max() for beta2, v in lengths.items()}
lasts = {beta2: 1 + np.flatnonzero(np.abs(v - 1) > 0.1)[-1] for beta2, v in lengths.items()}
assert 1700 < lasts[0.999] < 1800

claim(
    "7.3.5-a",
    "holds",
    "Starting at 0 biases both averages towards 0, and the correction removes the bias.",
    "uncorrected, the first step is "
    + ", ".join(f"{v:.3g}" for v in firsts.values())
    + " η at β₂ = 0.9, 0.99, 0.999, 0.9999: short only at the first. At 0.999 the longest is "
    f"{longest[0.999]:.1f} η, at 0.9999 {longest[0.9999]:.1f} η, and it takes {lasts[0.999]} and "
    f"{lasts[0.9999]} steps until they are within 10% of η. Corrected, every step is η.",
)

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
    lines = dict(zip(lengths, [":", "-.", "--", "-"], strict=True))
    for beta2, values in lengths.items():
        ax.loglog(count, values, lines[beta2], color=style.METHODS["Adam"].color)
    ax.axhline(1, color=style.UP, lw=3, alpha=0.5, zorder=0)
    ax.text(18_000, 0.9, "corrected", color=style.UP, ha="right", va="top", fontweight="bold")
    for beta2, at, height in ((0.9, 2.6, 0.36), (0.99, 4.2, 1.25), (0.999, 20, 7)):
        ax.text(at, height, f"β₂ = {beta2}")
    ax.text(40, 20, "β₂ = 0.9999")
    ax.set(xlabel="step n", ylabel="length of the step, in η", xlim=(1, 20_000), ylim=(0.25, 32))
    ax.set(title="A steady gradient, without bias correction")
    plt.show()

# %% [markdown]
# The first steps are not too short. $\Lambda$ begins at a tenth of its proper value, but $\Delta$ begins
# at a thousandth, and it stands *below*, under a root. With the usual values the steps are too **long**:
# three times too long at first, more than six times around the twelfth, and still a quarter too long
# after a thousand.
#
# ### What it costs
#
# Does that spoil a training? We train a small network on the 8 × 8 digits, at six rates, with and
# without correction. The rules are the same for all that is trained on the digits here: the learning
# rate is chosen by the loss on 288 held-out images, which are not trained on, and the last word is the
# accuracy on 359 others.

# %%
x, y, x_test, y_test = datasets.digits()
x_held, y_held = x[1150:], y[1150:]
x, y = x[:1150], y[:1150]


def train_digits(optimizer, seed, epochs=5):
    """Train 64-32-10 on the digits; return the loss and the accuracy at the end."""
    rng = np.random.default_rng(seed)
    network = mlp([64, 32, 10], rng)
    train(network, x, y, optimizer, epochs=epochs, batch_size=32, rng=rng, progress=False)
    return {
        "held-out loss": network.evaluate(x_held, y_held)[0],
        "accuracy": 100 * network.evaluate(x_test, y_test)[1],
    }


def run_digits(seed, variant, rate):
    return train_digits(variants[variant](rate), seed)


def tuned(run, rates, seeds, by="held-out loss"):
    """Sweep all variants over the rates; return the table, and each one's best rate."""
    table = sweep(run, {"variant": list(variants), "rate": rates}, seeds, progress=False)
    chosen = {v: best(t, by) for v, t in table.groupby("variant", sort=False)}
    assert all(choice.is_interior for choice in chosen.values())
    return table, {v: choice.point["rate"] for v, choice in chosen.items()}


# %% tags=["claim-7.3.5-h"]
variants = {
    "corrected": Adam,
    "uncorrected": bare,
    "uncorrected, β₂ = 0.9999": partial(bare, beta2=0.9999),
}
rates = [3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1]
table, own_rate = tuned(run_digits, rates, seeds=[0, 1, 2])
means = table.groupby(["variant", "rate"])["accuracy"].mean()
own = {v: means[v, rate] for v, rate in own_rate.items()}
usual, large = ({v: means[v, rate] for v in variants} for rate in (0.001, 0.03))
assert min(own.values()) > 94
assert max(own.values()) - min(own.values()) < 2.5
assert large["corrected"] > 94
assert large["uncorrected, β₂ = 0.9999"] < 60
assert min(usual["uncorrected"], usual["uncorrected, β₂ = 0.9999"]) > usual["corrected"] + 1

claim(
    "7.3.5-h",
    "holds if",
    "The biases at the start have to be counteracted.",
    "at η = 0.03 the corrected Adam gets above 94% of the test images right, the uncorrected one with "
    "β₂ = 0.9999 fewer than 60%. But each at its own best rate, all three end within 2.5 points of "
    "each other, above 94%; and at η = 0.001 the uncorrected ones are ahead.",
    condition="the rate is near the largest that works; the long first steps lower that limit",
    paper="Kingma and Ba 2015, Figure 4",
    reported="Without the correction training gets unstable at larger rates, the more so the nearer β₂ is to 1.",
)

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 2.9), layout="constrained")
    looks = dict(zip(variants, [style.METHODS["Adam"].color, style.UP, style.DOWN], strict=True))
    sns.lineplot(
        table, x="rate", y="held-out loss", hue="variant", style="variant", palette=looks,
        markers=["P", "o", "s"], errorbar=("pi", 100), err_style="bars", estimator="median",
        mec="none", ax=ax,
    )  # fmt: skip
    ax.legend(frameon=False, loc=(0.36, 0.66))
    ax.set(xscale="log", yscale="log", xlabel="learning rate η", ylabel="loss on held-out images")
    ax.set(title="Digits: three seeds, median and range")
    plt.show()

# %% [markdown]
# Without correction the curve moves to the left: the long first steps act like a larger rate.
# Whoever tunes the rate loses nothing; whoever takes a rate from elsewhere gets another method than
# expected. The failures that Kingma and Ba (2015, Section 6.4) report for $\beta_2$ near 1 are here,
# too, at the right end.
#
# ## How large can the averages be?
#
# The book bounds $\Lambda$ by $g_{\max}/(1-\rho)$. The bound stands there for the velocity of momentum
# as well, whose gradients enter with their full size. Those of $\Lambda$ enter with weights that
# sum to $1-\beta_1^n$, so that $\Lambda$ cannot be larger than the largest gradient. Try to get it
# there: the worst case is a gradient that never changes.

# %% tags=["claim-7.3.5-c"]
rng = np.random.default_rng(1)
largest = {}  # of |Λ|; the largest |g| is 1
for name, signs in (("random signs", [-1.0, 1.0]), ("the same sign", [1.0])):
    w = np.zeros(1000)
    state, sizes = adam.init(w), []
    for _ in range(500):
        w, state = adam.update(w, rng.choice(signs, size=1000), state)
        sizes.append(np.abs(state.mean).max())
    largest[name] = max(sizes)
assert max(largest.values()) <= 1
assert largest["the same sign"] > 1 - 1e-12
w, state = adam.update(np.zeros(1), np.array([-0.5]), adam.init(np.zeros(1)))
assert state.mean[0] > -0.5  # the only gradient is −0.5, and Λ is above it

claim(
    "7.3.5-c",
    "misprint",
    "The average Λ of the gradients is at most g_max/(1−ρ).",
    "the largest |Λ|, in units of the largest |g|: "
    + ", ".join(f"{value:.2f} with {name}" for name, value in largest.items())
    + ". The printed bound is 10: true, ten times too large, and never reached.",
    condition="|Λ| ≤ max |g|, and the decay is β, not ρ; without the bars it fails when all gradients "
    "are negative",
)

# %% [markdown]
# ## Where to put ε
#
# The book writes $\sqrt{\hat\Delta+\epsilon}$, the paper $\sqrt{\hat\Delta}+\epsilon$. It looks like a
# matter of taste. But inside the root $\epsilon = 10^{-8}$ is compared with the *square* of a gradient,
# and so begins to matter at $|g| \approx \sqrt\epsilon = 10^{-4}$; outside it waits until
# $|g| \approx 10^{-8}$. Keras has it outside, at $10^{-7}$, but beside the uncorrected $\sqrt\Delta$.
# Below are the first steps of all three, and then the gradients of a real network, before training
# and after.

# %% tags=["claim-7.3.5-e"]
sizes = 10.0 ** np.arange(-2, -10, -1)
conventions = {
    "book": Adam(1.0),
    "PyTorch": Adam(1.0, epsilon_inside=False),
    "Keras": Adam(1.0, epsilon=1e-7 / np.sqrt(1 - 0.999), epsilon_inside=False),  # at n = 1
}
origin = np.zeros(len(sizes))
table = {k: -m.update(origin, sizes, m.init(origin))[0] for k, m in conventions.items()}
ratio = table["PyTorch"] / table["book"]
print("gradient   first step, in η:   book   PyTorch    Keras    PyTorch/book")
for row in zip(sizes, *table.values(), ratio, strict=True):
    print("{:8.0e} {:24.4f} {:9.4f} {:8.4f} {:15.3g}".format(*row))
assert np.allclose(ratio, np.sqrt(1 + 1e-8 / sizes**2) / (1 + 1e-8 / sizes))
assert ratio[0] < 1.001
assert 99 < ratio[4] < 100  # at a gradient of 10⁻⁶

rng = np.random.default_rng(0)
network = mlp([64, 32, 10], rng)
small = []  # the share of a batch's gradients, apart from exact zeros, that is below √ε
for _ in range(2):
    gradient = np.abs(network.loss_and_gradient(x[:32], y[:32])[1])
    small.append(np.mean(gradient[gradient > 0] < 1e-4))
    train(network, x, y, Adam(0.01), epochs=24, batch_size=32, rng=rng, progress=False)
assert small[0] < 0.04
assert small[1] > 0.12

claim(
    "7.3.5-e",
    "holds if",
    "ε belongs under the root.",
    f"at a gradient of 10⁻² the two steps agree to 0.1%, at 10⁻⁴ they differ by a factor of "
    f"{ratio[2]:.2f}, at 10⁻⁶ by {ratio[4]:.0f}. Of the digits' gradients, fewer than 4% are below "
    "10⁻⁴ at the start and more than 12% after 24 epochs.",
    condition="ε is chosen for it: a convention, in which 10⁻⁸ inside acts like 10⁻⁴ outside",
)

# %% [markdown]
# ## What the page says
#
# Before you read on, try your eye.

# %% exercise="find-the-misprint"

# %% [markdown]
# ### A letter and a count
#
# The book prints $\hat\Gamma(n) = \Gamma(n)/(1-\beta^n)$. There is no $\Gamma$ anywhere else, and the step
# uses a $\hat\Lambda$ that nothing defines: read $\Lambda$ for $\Gamma$. More treacherous is $n$. The book's sums
# begin at $i = 0$, with the first gradient $g(0)$. Take the correction at its word there.


# %% tags=["claim-7.3.5-b"]
def as_printed(first, steps, rate=0.1, beta=0.9, alpha=0.999, epsilon=1e-8):
    """The formulas of the page with Λ for Γ, counting n from ``first``."""
    w, mean, mean_square = np.array(start), np.zeros(2), np.zeros(2)
    points = [w]
    for n in range(first, first + steps):
        g = narrow.gradient(w)
        mean = beta * mean + (1 - beta) * g
        mean_square = alpha * mean_square + (1 - alpha) * g**2
        with np.errstate(divide="ignore", invalid="ignore"):
            mean_hat = mean / (1 - beta**n)
            mean_square_hat = mean_square / (1 - alpha**n)
            w = w - rate * mean_hat / np.sqrt(mean_square_hat + epsilon)
        points.append(w)
    return np.array(points)


from_zero, from_one = as_printed(0, steps=100), as_printed(1, steps=100)
reference = minimize(narrow, start, Adam(0.1), steps=100).points
lost = first_step(np.isnan(from_zero).all(axis=1))
apart = np.abs(from_one - reference).max()
assert lost == 1
assert apart < 1e-9

claim(
    "7.3.5-b",
    "misprint",
    "The corrected average is Γ(n)/(1−βⁿ), in sums that count from 0.",
    f"with n from 0, w is nan after step {lost}, and remains so: the first correction divides by "
    "1 − β⁰ = 0. With n from 1 it is the package's Adam for 100 steps, to rounding (below 10⁻⁹).",
    condition="Λ(n)/(1−βⁿ) with n = 1 at the first step; counted from 0 it is 1 − βⁿ⁺¹",
)

# %% [markdown]
# ### Two numbers in the wrong place
#
# The usual values are printed as $\alpha = 10^{-8}$ and $\beta = 0.999$. The first of them is $\epsilon$,
# and the second belongs to the other average. Would you notice? Run as printed, $\Lambda$ remembers a
# thousand gradients and $\Delta$ only one, so the step is an old direction divided by the size of
# today's gradient: it is longest where the ground is flat. First the valley, then the digits, at six
# rates each.

# %% tags=["claim-7.3.5-d"]
swapped = partial(Adam, beta1=0.999, beta2=1e-8)
arrived, ends = {"usual": 0, "printed": 0}, []
for rate in (0.003, 0.01, 0.03, 0.1, 0.3, 1.0):
    for name, method in (("usual", Adam), ("printed", swapped)):
        values = minimize(narrow, start, method(rate), steps=2000).values
        arrived[name] += bool((values <= 1e-6).any())
        if name == "printed":
            ends.append(np.median(values[1000:]))
lowest_end, highest_end = min(ends), max(ends)
assert arrived == {"usual": 6, "printed": 0}
assert lowest_end > 0.5
assert np.isfinite(highest_end)

variants = {"printed": swapped}
rates = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2]
table, own_rate = tuned(run_digits, rates, seeds=[0, 1, 2])
means = table.groupby("rate")["accuracy"].mean()
assert own["corrected"] > 94  # from claim 7.3.5-h, by the same rules
assert means[own_rate["printed"]] < 85
assert means[0.01] < 30

claim(
    "7.3.5-d",
    "misprint",
    "The usual values are α = 10⁻⁸ and β = 0.999.",
    f"in the valley the usual values arrive at {arrived['usual']} of 6 rates, the printed ones at "
    f"{arrived['printed']}: they circle, at a loss above 0.5 but finite. On the digits, "
    "the usual ones get above 94% at their best rate, the printed ones below 85% at theirs, and below "
    "30% at η = 0.01.",
    condition="β₁ = 0.9 for the gradients, β₂ = 0.999 for the squares, and 10⁻⁸ is ε",
)

# %% tags=["hide-input"]
with style.context():
    fig, axes = plt.subplots(1, 2, figsize=(7, 2.3), layout="constrained", sharey=True)
    for ax, method, title in zip(axes, (Adam, swapped), ("as usual", "as printed"), strict=True):
        style.contours(ax, narrow, narrow.window, [0.2, 1, 3, 8, 16, 30])
        points = minimize(narrow, start, method(0.03), steps=600).points
        ax.plot(*points.T, color=style.METHODS["Adam"].color, lw=1.2)
        style.start_mark(ax, *start)
        style.minimum_mark(ax, 0, 0)
        ax.set(title=f"β₁, β₂ {title}: 600 steps at η = 0.03", xlabel="w₁")
    axes[0].set(ylabel="w₂")
    plt.show()

# %% [markdown]
# ## Does it stay?
#
# RMSProp forgets within ten steps, so that it never comes to rest: near the minimum its steps are as
# long as ever (Section 7.3.4). Adam's $\Delta$ remembers a thousand steps. Is that long enough?

# %% exercise="adam-stays"

# %% [markdown]
# The rate of a coordinate is $\eta/\sqrt{\hat\Delta+\epsilon}$. While the gradients vanish, $\Delta$ shrinks by
# 0.999 a step and this rate grows. Momentum in its averaging form is stable on a curvature $\lambda$ up
# to the rate
#
# $$ \frac{2\,(1+\beta_1)}{(1-\beta_1)\,\lambda} = \frac{38}{\lambda} $$
#
# and beyond that it diverges. If this is the explanation, it predicts two things: the turning point
# lies where the rate passes $38/\lambda$; and an $\epsilon$ that keeps the rate below it for ever,
# $\epsilon > (\eta\lambda_{\max}/38)^2$, lets Adam stay.

# %%
eta, steep = 0.2, narrow.curvatures.max()
method, w = Adam(eta), np.array(start)
state, walk, strengths = method.init(w), [w], []
for n in range(1, 8001):
    w, state = method.update(w, narrow.gradient(w), state)
    spread = state.mean_square / (1 - method.beta2**n) + method.epsilon
    walk.append(w)
    strengths.append(eta / np.sqrt(spread))
loss = narrow.value(np.array(walk))
turning = int(np.argmin(loss))
at_turning = strengths[turning - 1][1] * steep
limit = (eta * steep / 38) ** 2
after = {
    share: minimize(narrow, start, Adam(eta, epsilon=share * limit), 12_000).values[2000:].max()
    for share in (0.8, 1.25)
}
assert 36 < at_turning < 40
assert loss[turning] < 1e-100
assert 5000 < turning < 5700
assert loss[turning:].max() > 0.1
assert after[0.8] > 1e-3
assert after[1.25] < 1e-50
print(f"the loss turns when the rate is {at_turning:.0f}/λ; predicted 38/λ")
print(f"ε to keep it below: {limit:.3f}; largest loss in steps 2000 to 12000:")
for share, value in after.items():
    print(f"  ε = {share:4} × that: {'above 10⁻³' if value > 1e-3 else 'below 10⁻⁵⁰'}")

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 2.6), layout="constrained")
    ax.semilogy(np.maximum(loss, 1e-300), color=style.METHODS["Adam"].color, lw=1)
    ax.axhline(1e-6, color=style.MUTED, lw=0.8, ls=":")
    ax.text(250, 1e4, "10⁻⁶, reached after 125 steps", va="bottom")
    ax.annotate("here the rate passes 38/λ", (turning, loss[turning]), (-14, -4),
                textcoords="offset points", ha="right", va="center")  # fmt: skip
    ax.set(xlabel="step", ylabel="loss", xlim=(0, 8000), yticks=[1, 1e-50, 1e-100, 1e-150, 1e-200])
    ax.set(ylim=(1e-275, 1e40), title="Adam at a constant rate, without noise")
    plt.show()

# %% [markdown]
# Both predictions hold, and not in valleys only: Cohen et al. (2022) find networks that Adam trains on
# all data at once living just at this bound. So a constant rate is no more enough for Adam than for
# RMSProp (claim 7.3.4-c) or, with noise, for plain descent (notebook 02).
#
# ## The best default?
#
# The book ends the section by naming Adam the default choice, since it combines what the others do
# best. Pictures that say so are easy to make: take six methods and one learning rate for all. Here
# this is done twice, at 0.001, Adam's usual value, and at 0.3. The third comparison takes the usual
# rate of each method: 0.001 for RMSProp and Adam, 0.01 for the others (Keras's defaults, and PyTorch's
# for AdaGrad). The fourth has more work in it: each method at its own best rate, the best of eight by
# the held-out images, then three fresh seeds.

# %% tags=["claim-7.3.5-g"]
methods = {
    "SGD": SGD,
    "Momentum": Momentum,
    "Nesterov": Nesterov,
    "AdaGrad": AdaGrad,
    "RMSProp": RMSProp,
    "Adam": Adam,
}


def again(run, own_rate, seeds):
    """Run each variant once more at its own best rate, with other seeds."""
    grids = [{"variant": [v], "rate": [rate]} for v, rate in own_rate.items()]
    return pd.concat([sweep(run, g, seeds, progress=False) for g in grids], ignore_index=True)


recent = ["RMSProp", "Adam"]  # which divide by the size of recent gradients
others = [name for name in methods if name not in recent]
usual_rate = dict.fromkeys(others, 0.01) | dict.fromkeys(recent, 0.001)
variants = methods
table, own_rate = tuned(run_digits, [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0], seeds=[0, 1, 2])
rules = {
    "all at 0.001": table[table["rate"] == 0.001],
    "all at 0.3": table[table["rate"] == 0.3],
    "usual rates": table[table["rate"] == table["variant"].map(usual_rate)],
    "own best rates": again(run_digits, own_rate, seeds=[10, 11, 12]),
}
small, large, common, own = (t.groupby("variant")["accuracy"].mean() for t in rules.values())
assert small[recent].min() > 75
assert small[others].max() < 65
assert large[recent].max() < 50
assert large[others].min() > 80
assert common[["Momentum", "Nesterov"]].min() > common["Adam"] + 1
assert own.min() > 93
assert own.max() - own.min() < 2.5

claim(
    "7.3.5-g",
    "too strong",
    "Adam is the best default, because it combines the best of the others.",
    "test accuracy, six methods: all at η = 0.001, Adam and RMSProp are above 75%, the other four "
    "below 65%. All at η = 0.3, these two are below 50%, the other four above 80%. At the usual rates "
    "momentum, with Nesterov or without, is ahead of Adam. Each at its own best rate, all six are "
    "above 93%, within 2.5 points of each other.",
    condition="tuned, the six are level; untuned, the choice of the rates decides the ranking",
)

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
    ax.vlines([0.001, 0.3], 0, 100, color=style.MUTED, lw=0.8, ls=":")
    for name, results in table.groupby("variant", sort=False):
        look = style.METHODS[name]
        sns.lineplot(
            results, x="rate", y="accuracy", errorbar=("pi", 100), err_style="bars",
            estimator="median", color=look.color, marker=look.marker, mec="none", label=name, ax=ax,
        )  # fmt: skip
        usual = results[results["rate"] == usual_rate[name]]["accuracy"].median()
        ax.plot(usual_rate[name], usual, "o", ms=13, mfc="none", mec=look.color)
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set(xscale="log", ylim=(0, 102), xlabel="learning rate η", ylabel="test accuracy, %")
    ax.set(title="Six methods on the digits (three seeds, median and range; rings: usual rates)")
    plt.show()

# %% [markdown]
# Whoever wants Adam to win chooses 0.001; whoever wants it to lose chooses 0.3 (the dotted lines). The
# tops are level, and no method wins there by a margin worth the name.
#
# ### What a default is good for
#
# What differs is where the tops lie, and what moves them. So far the loss was the *mean* over a batch
# of 32. Some code takes the sum, and every gradient is 32 times as large. Here is something harder:
# each parameter's gradient gets a factor of its own, at random between 1/100 and 100. Each method keeps
# the rate that was best for it above:


# %% tags=["claim-7.3.5-i"]
class Scaled:
    """A method that gets the gradient of each parameter times a factor."""

    def __init__(self, method, factors):
        self.method, self.init, self.lookahead = method, method.init, method.lookahead
        self.factors = factors

    def update(self, w, gradient, state):
        return self.method.update(w, self.factors * gradient, state)


adaptive, plain = ["AdaGrad", "RMSProp", "Adam"], ["SGD", "Momentum", "Nesterov"]
rng = np.random.default_rng(7)
factors = 100 ** rng.uniform(-1, 1, size=mlp([64, 32, 10], rng).size)
scaled = {}
for name, rate in own_rate.items():
    runs = [train_digits(Scaled(methods[name](rate), factors), seed) for seed in (10, 11, 12)]
    scaled[name] = np.mean([run["accuracy"] for run in runs])
assert min(scaled[name] for name in adaptive) > 93
assert max(scaled[name] for name in plain) < 60

claim(
    "7.3.5-i",
    "holds if",
    "Adam varies the effective rate of each parameter by itself.",
    "with a factor between 1/100 and 100 on each parameter's gradient, and the rates that were best "
    "without, AdaGrad, RMSProp and Adam stay above 93%, and SGD, momentum and Nesterov fall below 60% "
    "(mean of three seeds).",
    condition="what varies is the size of the gradients; the rate η itself has still to be found",
)

# %% [markdown]
# That is the case for a default. The rate of Adam, RMSProp and AdaGrad is a length, so it
# does not depend on the unit of the loss, and a value that worked on one problem is a fair first guess
# on the next. Adam is a good place to start. On these digits it is not a better place to arrive at.
#
# ### The comparison in the paper
#
# Kingma and Ba (2015, Figure 1) compare Adam, AdaGrad and Nesterov momentum by the training loss of
# a logistic regression on MNIST, in batches of 128 and at the rate $\eta/\sqrt t$ in step $t$. They find
# Adam and Nesterov alike, and both ahead of AdaGrad. Here is the same on 2,000 images for ten epochs,
# with six values of $\eta$ each. (The paper has all 60,000 images, an L2 penalty and a longer run.)
# Two entries are ours, AdaGrad and Adam at a constant rate: AdaGrad's divisor grows like $\sqrt t$ by
# itself, so that the schedule anneals it twice.

# %% tags=["claim-7.3.5-j"]
images, labels, *_ = datasets.mnist_subset(dtype=np.float32)
images, labels = images[:2000], labels[:2000]


def annealed(method):
    return lambda rate: method(lambda step: rate / np.sqrt(step + 1))


variants = {f"{m.__name__}, η/√t": annealed(m) for m in (Adam, Nesterov, AdaGrad)}
variants |= {"AdaGrad, constant": AdaGrad, "Adam, constant": Adam}


def regression(seed, variant, rate):
    rng = np.random.default_rng(seed)
    network = mlp([784, 10], rng, dtype=np.float32)
    options = {"epochs": 10, "batch_size": 128, "rng": rng, "progress": False}
    history = train(network, images, labels, variants[variant](rate), **options)
    by_epoch = history.loss.reshape(10, -1).mean(axis=1)
    return {str(epoch): value for epoch, value in enumerate(by_epoch.tolist(), 1)}


_, own_rate = tuned(regression, [0.05 * 2**k for k in range(6)], seeds=[0], by="10")
runs = again(regression, own_rate, seeds=[1, 2, 3])
final = runs.groupby("variant")["10"].mean()
lead = final["AdaGrad, η/√t"] / final["Adam, η/√t"]
lead_constant = final["AdaGrad, constant"] / final["Adam, constant"]
assert lead > 1.8
assert 1.2 < lead_constant < lead
assert 0.8 < final["Nesterov, η/√t"] / final["AdaGrad, η/√t"] < 1
assert final["AdaGrad, constant"] < final["Adam, η/√t"]

claim(
    "7.3.5-j",
    "too strong",
    "In logistic regression Adam and Nesterov train alike, and both faster than AdaGrad (the paper).",
    "training loss after ten epochs, each at its best η, mean of three seeds: with η/√t, AdaGrad's is "
    "more than 1.8 times Adam's, and Nesterov's is below AdaGrad's by less than a fifth. At constant "
    "rates Adam is still ahead, by less, and AdaGrad overtakes the Adam of the paper.",
    condition="Adam is ahead of AdaGrad; but the annealing costs AdaGrad more than Adam, and Nesterov "
    "is not like Adam in so short a run",
    paper="Kingma and Ba 2015, Figure 1",
    reported="On MNIST with η/√t Adam trains like Nesterov's method, and both faster than AdaGrad.",
    agrees=False,
)

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
    epochs = [str(epoch) for epoch in range(1, 11)]
    tidy = runs.melt(["variant", "seed"], epochs, "epoch", "training loss").astype({"epoch": int})
    for name, results in tidy.groupby("variant", sort=False):
        look = style.METHODS[name.split(",")[0]]
        sns.lineplot(
            results, x="epoch", y="training loss", errorbar=("pi", 100), err_style="bars",
            color=look.color, linestyle=":" if "constant" in name else "-", marker=look.marker,
            mec="none", ax=ax,
        )  # fmt: skip
        side = {"AdaGrad, η/√t": "bottom", "Nesterov, η/√t": "top"}.get(name, "center")
        ax.text(10.2, final[name], name, va=side, color=look.words)
    ax.set(yscale="log", xlim=(0.7, 13), xticks=range(1, 11))
    ax.set(title="Logistic regression on 2,000 images, each at its own best rate")
    plt.show()

# %% [markdown]
# ## The race
#
# Networks are hard to look at. So let the six run on four surfaces that fit on a page, sixteen
# random starts each, to a loss within $10^{-4}$ of the lowest. Every method has nine rates, a factor
# of $10^{1/3}$ apart, and the best counts; all other settings are the usual ones. The valley comes
# first, and you are asked to bet.

# %% exercise="race"

# %% [markdown]
# The other three: the double well from beside its *saddle*, where a flat start has to be left and a
# minimum found; a *double well* of unequal depth, from the wrong side; and *Rosenbrock's* curved valley.
# (A bare saddle would not do: the larger the rate, the sooner any method has left it, and the best
# rate would lie nowhere.)
#
# Each panel shows the path from one start, at the method's best rate; below it stands the mean number
# of steps over all sixteen starts, and how many of these arrived.

# %%
courses = {  # surface, corners of the starts, steps at most, middle of the rates: plain, adaptive
    "tilted valley": (tilted, [-2, -2], [2, 2], 300, 10**-1.5, 10**-0.5),
    "saddle": (DoubleWell(dimension=2), [-0.01, -1.8], [0.01, 1.8], 150, 10**-0.5, 10**-1),
    "double well": (DoubleWell(0.1, dimension=2), [0.5, -1.8], [1.8, 1.8], 150, 10**-0.5, 1.0),
    "Rosenbrock": (Rosenbrock(), [-2, -1], [2, 3], 1000, 10**-3, 10**-0.5),
}


def run_race(seed, course, method, power):
    surface, low, high, steps, plain_rate, adaptive_rate = courses[course]
    rate = (adaptive_rate if method in adaptive else plain_rate) * 10 ** (power / 3)
    starts = np.random.default_rng(seed).uniform(low, high, size=(16, 2))
    values = minimize(surface, starts, methods[method](rate), steps).values
    counts = first_step(values - surface.value(surface.minima).min() <= 1e-4)
    return {
        "rate": rate,
        "steps": np.minimum(counts, steps).mean(),  # who does not arrive counts as all of them
        "arrived": int(np.isfinite(counts).sum()),
    }


field = {"course": list(courses), "method": list(methods), "power": list(range(-4, 5))}
laps = sweep(run_race, field, [1], progress=False)
fastest = laps.groupby(["course", "method"])["steps"].idxmin()
winners = laps.loc[fastest].set_index(["method", "course"])
mean_steps, arrivals = winners["steps"].unstack(), winners["arrived"].unstack()
first = mean_steps.idxmin()
assert ((winners["power"].abs() < 4) | (winners["arrived"] == 0)).all()  # the best is interior
assert first["tilted valley"] == "Nesterov"
assert first["double well"] == first["Rosenbrock"] == "Adam"
assert mean_steps.loc["Adam", "tilted valley"] > 3 * mean_steps["tilted valley"].min()
assert mean_steps.loc["Adam", "saddle"] > 3 * mean_steps["saddle"].min()
assert arrivals.loc["Adam"].min() >= 13
assert arrivals.drop("Adam")["double well"].max() <= 8
assert arrivals.loc[["Momentum", "Nesterov"], "Rosenbrock"].min() >= 4
assert arrivals.loc[["SGD", "AdaGrad", "RMSProp"], "Rosenbrock"].max() <= 3

# %% tags=["hide-input"]
starts = dict(zip(courses, [start, [0.01, 1.5], [1.4, 1.2], start], strict=True))
with style.context():
    fig, axes = plt.subplots(4, 6, figsize=(7, 5), layout="constrained")
    for row, (course, (surface, _, _, steps, *_)) in zip(axes, courses.items(), strict=True):
        across, up, points = style.grid_of(surface.window, 61)
        loss = surface.value(points)
        lines = np.quantile(loss, [0.03, 0.2, 0.6])
        row[0].set_ylabel(course)
        for ax, name in zip(row, methods, strict=True):
            look = style.METHODS[name]
            ax.contour(across, up, loss, levels=lines, colors=style.PALE, linewidths=0.6,
                       linestyles="-")  # fmt: skip
            method = methods[name](winners["rate"][name, course])
            run = minimize(surface, starts[course], method, steps)
            arrival = first_step(run.values - surface.value(surface.minima).min() <= 1e-4)
            path = run.points[: min(arrival, steps) + 1]
            ax.plot(*path.T, color=look.color, lw=1.1)
            ax.plot(*path[-1], look.marker, ms=3, color=look.color, zorder=5)
            ax.plot(*starts[course], "o", ms=4, mfc=style.PAPER, mec=style.INK)
            ax.plot(*surface.minima.T, "*", ms=6, mfc=style.HIGHLIGHT, mec=style.INK, mew=0.6)
            ax.set(xlim=surface.window[0], ylim=surface.window[1], xticks=[], yticks=[])
            count = arrivals.loc[name, course]
            mean = f"{mean_steps.loc[name, course]:.0f} ({count} of 16)" if count else "none of 16"
            ax.set_xlabel(mean, labelpad=2, color=style.INK if count > 8 else style.MUTED)
            if course == "tilted valley":
                ax.set_title(name, color=look.words)
    plt.show()

# %% [markdown]
# Adam is first on the two hard courses and far from first on the two easy ones. On a quadratic a
# momentum of 0.9 overshoots, and in a tilted valley $\Delta$ has little to even out. Into the deeper of
# the two wells it gets from nearly every start, and no other method from more than half of them. In
# Rosenbrock's curved valley the two memories part: with the first alone, momentum and Nesterov, some
# starts arrive; with the second alone, AdaGrad and RMSProp, next to none; Adam has both. Four courses
# are few, and these are flat pictures of two parameters. They show that "the best optimizer" has no
# meaning before you say: on what, and tuned by whom.
#
# The race, live: press the play button beside *Steps*. Then drag the start to the right-hand side of
# the window, into the steep part. Which of the six is lost first, and which is hardest to lose? Place
# your bet before you drag. When you are done, choose the surface *valley* with Adam alone at
# $\eta = 0.2$ and 300 steps. A shorter memory would notice sooner that the slopes have become small:
# will Adam come closer to the minimum at $\beta_2 = 0.99$, and at 0.9?

# %%
Descent(
    surface="Rosenbrock", steps=150,
    sgd=True, momentum=True, nesterov=True, adagrad=True, rmsprop=True, adam=True,
    sgd_rate=0.001, momentum_rate=0.001, nesterov_rate=0.0005,
    adagrad_rate=1.0, rmsprop_rate=0.07, adam_rate=0.7,
)  # fmt: skip

# %% [markdown]
# ## What to take away
#
# The family, with $g$ the gradient, all products coordinate by coordinate. *Memory* counts vectors
# of the size of $w$, beside $w$ and $g$.
#
# | method | remembers | step | mends | memory |
# |---|---|---|---|---|
# | SGD | nothing | $-\eta\,g$ | | 0 |
# | Momentum (7.3.1) | velocity | $v \leftarrow \rho v - \eta g$ | the narrow valley | 1 |
# | Nesterov (7.3.2) | velocity | $v \leftarrow \rho v - \eta\,g(w+\rho v)$ | momentum's overshoot | 1 |
# | AdaGrad (7.3.3) | all squares | $-\eta\,g/\sqrt{\sum g^2+\epsilon}$ | unequal scales | 1 |
# | RMSProp (7.3.4) | recent squares | $-\eta\,g/\sqrt{E[g^2]+\epsilon}$ | AdaGrad's vanishing rate | 1 |
# | Adam (7.3.5) | recent gradients and squares | $-\eta\,\hat\Lambda/\sqrt{\hat\Delta+\epsilon}$ | RMSProp's start, and its short sight | 2 |
#
# - Adam's $\eta$ is a length: about how far each weight moves in a step. That makes a default possible.
# - Without the correction the first hundred steps are three to seven times too long, not too short.
# - At a constant rate Adam does not stay at a minimum, even without noise, unless $\epsilon$ is large
#   enough.
# - A comparison at one shared rate shows the rate. Give each method its own, with an interior best.
#
# **What the book says, and what was measured.**
#
# Two claims hold as they stand: the start at 0 biases the averages, and the correction removes it
# (7.3.5-a), and Adam is momentum and RMSProp in one (7.3.5-f). Three are misprints:
#
# - $\hat\Gamma = \Gamma/(1-\beta^n)$ for $\hat\Lambda = \Lambda/(1-\beta^n)$, with $n$ from 1; from 0 the
#   first step is nan (7.3.5-b);
# - $\Lambda \le g_{\max}/(1-\rho)$ for $\lvert\Lambda\rvert \le \max\lvert g\rvert$ (7.3.5-c);
# - $\alpha = 10^{-8}$ and $\beta = 0.999$ for $\beta_1 = 0.9$, $\beta_2 = 0.999$, $\epsilon = 10^{-8}$; as
#   printed, Adam circles the minimum (7.3.5-d).
#
# Three need a condition: $\epsilon$ under the root has to be chosen for its place (7.3.5-e), the bias must
# be counteracted when the rate is near the largest that works (7.3.5-h), and what Adam varies by itself
# is the answer to the size of the gradients, while $\eta$ has still to be found (7.3.5-i). Two are too
# strong: tuned, all six methods are level (7.3.5-g), and in a short run of the paper's logistic
# regression Nesterov is not like Adam (7.3.5-j).

# %% [markdown]
# ### The same elsewhere
#
# ```python
# # PyTorch: ε outside the root, √Δ̂ + ε; Adam(lr, epsilon_inside=False) here
# optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
#
# # Keras: ε outside as well, but beside the uncorrected √Δ, and 1e-7
# optimizer = keras.optimizers.Adam(learning_rate=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-7)
# ```
#
# In full, Keras moves by $\eta\,\sqrt{1-\beta_2^n}/(1-\beta_1^n)\cdot\Lambda/(\sqrt\Delta+\epsilon)$: PyTorch's
# step with $\epsilon/\sqrt{1-\beta_2^n}$ for $\epsilon$, at first 32 times as large (the table above claim
# 7.3.5-e).
#
# AdamW is Adam with the weight decay taken out of the gradient: $w \leftarrow w - \eta\lambda w$ beside the
# step, so that the decay is not divided by $\sqrt{\hat\Delta}$ (Loshchilov and Hutter 2019).

# %% [markdown]
# ### Sources
#
# - Section 7.3.5 of *Training Neural Networks Part 1*, whose symbols this notebook follows where they
#   are not misprinted.
# - D. P. Kingma, J. Ba (2015), "Adam: a method for stochastic optimization", ICLR: the method
#   (Algorithm 1), logistic regression (Figure 1), the bias correction (Section 6.4).
# - J. M. Cohen et al. (2022), "Adaptive gradient methods at the edge of stability", arXiv:2207.14484:
#   the bound of 38 and how trainings with Adam meet it.
# - I. Loshchilov, F. Hutter (2019), "Decoupled weight decay regularization", ICLR: AdamW.
# - The digits: E. Alpaydin, C. Kaynak (1998), "Optical recognition of handwritten digits", UCI. MNIST:
#   Y. LeCun, C. Cortes, C. Burges.
