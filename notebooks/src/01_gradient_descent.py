# %% [markdown]
# # 1 · Issues with gradient descent
#
# *Section 7.1 · Figures 7.1 to 7.5 · about 45 minutes with the exercises, 20 without*
#
# Gradient descent is one line. This chapter is about what can go wrong with that line, and by how
# much. Afterwards you can
#
# - tell from the curvature alone whether a learning rate is slow, oscillates or diverges,
# - say how many steps a narrow valley will cost, before taking one of them,
# - recognize a saddle point, and compute how long it will hold you.
#
# You need derivatives, the eigenvalues of a 2 × 2 matrix, and a little NumPy.
#
# Run a cell with Shift + Enter. The cells under a **✎** are yours; nothing further down depends on
# your answers, so skip and return as you like.

# %%
# %config InlineBackend.figure_formats = ["retina"]
import matplotlib.pyplot as plt
import numpy as np

from coursekit import SGD, DoubleWell, Momentum, bowl, saddle, valley
from coursekit import best_on_quadratic, check, claim, exercise, figures, first_step, minimize
from coursekit.figures import style
from coursekit.objectives import Beale
from coursekit.widgets import Ball

# %% [markdown]
# ## Walking downhill
#
# A network has many parameters and one number to be unhappy about, the loss $\mathcal L$. Take a
# single parameter $w$. The slope $\partial\mathcal L/\partial w$ says how the loss changes when $w$
# grows, so walk the other way:
#
# $$ w \leftarrow w - \eta\,\frac{\partial\mathcal L}{\partial w} $$
#
# The *learning rate* $\eta$ turns a slope into a length. To the right of a minimum the slope is
# positive and $w$ shrinks; to the left it is negative and $w$ grows. Either way the step leads
# towards the minimum, and it gets shorter as the ground gets flatter.

# %%
figures.show("7.1")

# %% [markdown]
# In the package this loop is `minimize`. It takes a loss surface, a start (or a whole batch of
# starts), an optimizer and a number of steps, and keeps every point on the way:

# %%
run = minimize(bowl(1.0), [4.0], SGD(learning_rate=0.5), steps=4)
run.points.ravel()

# %% [markdown]
# Is the picture right? Three bowls of the form $\tfrac12\lambda w^2$, where the *curvature* $\lambda$ is
# the second derivative, a thousand random starts on each, four learning rates. Watch
# the condition that the measurement adds: a step *towards* the minimum need not end *nearer* to it.

# %% tags=["claim-7.1-a"]
rng = np.random.default_rng(71)
starts = rng.uniform(-5, 5, size=(1000, 1))
downhill, arrived = [], {}
for share in (0.1, 1.0, 1.9, 2.1):  # the rate η, in units of 1/λ
    ends = []
    for curvature in (0.1, 1.0, 10.0):
        run = minimize(bowl(curvature), starts, SGD(share / curvature), steps=400)
        downhill.append(
            np.sign(run.points[1] - starts) == -np.sign(bowl(curvature).gradient(starts))
        )
        ends.append(np.abs(run.points[-1]) < 1e-6)
    arrived[share] = np.mean(ends)
downhill = np.mean(downhill)
assert downhill == 1
assert arrived == {0.1: 1, 1.0: 1, 1.9: 1, 2.1: 0}

claim(
    "7.1-a",
    "holds if",
    "Each step goes against the slope, and so a bowl's minimum is reached.",
    f"{downhill:.0%} of the first steps go against the slope. Within a millionth after 400 steps: "
    + ", ".join(f"{share:.0%} at η = {rate}/λ" for rate, share in arrived.items())
    + ".",
    condition="η < 2/λ, with λ the curvature of the bowl",
)

# %% exercise="gradient-step"

# %% [markdown]
# ## How long a step?
#
# A bowl is $\mathcal L(w) = \tfrac12\lambda\,(w - w^*)^2$, with its minimum at $w^*$ and the curvature
# $\lambda = \mathcal L''$. Everything about the learning rate follows from one line. The slope is
# $\lambda\,(w - w^*)$; put it into the update and subtract $w^*$:
#
# $$ w(n+1) - w^* = (1 - \eta\lambda)\,\bigl(w(n) - w^*\bigr) $$
#
# Each step multiplies the distance by the same factor $1-\eta\lambda$. Everything you can see in
# the next figure is this factor.

# %%
figures.show("7.2")

# %% [markdown]
# | rate | factor $1-\eta\lambda$ | what you see |
# |---|---|---|
# | $\eta < 1/\lambda$ | between 0 and 1 | *monotone*: arrives from one side |
# | $\eta = 1/\lambda$ | 0 | one step, done |
# | $1/\lambda < \eta < 2/\lambda$ | between −1 and 0 | *oscillating*: jumps across, and still arrives |
# | $\eta = 2/\lambda$ | −1 | jumps between two points for ever |
# | $\eta > 2/\lambda$ | below −1 | *diverging*: each jump is longer than the last |
#
# Now break it with your own hand. This bowl has $\lambda = 1$: drag the ball, then push the rate up, past
# 1 and past 2, and watch which line of the table you are in. Does the place of the start matter?

# %%
Ball(surface="bowl", method="SGD", rate=0.3, steps=30)

# %% [markdown]
# Next we run all the rates, and name what happened by looking at the points alone. The picture below
# shows the number of steps until the distance has shrunk to a thousandth. (The cells that only draw
# are folded; a click on the dots opens them.)

# %% tags=["claim-7.1-b"]
curvature, reach = 2.5, 1e-3
shares = np.linspace(0.03, 2.39, 119)  # ηλ, skipping exactly 1 and 2
runs = {
    share: minimize(bowl(curvature), [1.0], SGD(share / curvature), 500).points[:, 0]
    for share in shares
}
steps = np.array([first_step(np.abs(w) <= reach) for w in runs.values()])


def regime(w):
    """Name a run by its points."""
    if np.abs(w[20]) > np.abs(w[0]):
        return "diverging"
    return "oscillating" if w[1] < 0 else "monotone"


seen = [regime(w) for w in runs.values()]
theory = np.select([shares < 1, shares < 2], ["monotone", "oscillating"], "diverging")
agreeing = int(np.sum(seen == theory))
one_step = minimize(bowl(curvature), [1.0], SGD(1 / curvature), 1).points[-1, 0]
for_ever = minimize(bowl(curvature), [1.0], SGD(2 / curvature), 500).points[:, 0]
assert agreeing == len(shares)
assert one_step == 0
assert (np.abs(for_ever) == 1).all()

claim(
    "7.1-b",
    "holds",
    "A small rate is slow, a large one oscillates, a larger one diverges.",
    f"{agreeing} of {len(shares)} runs behave as 1 − ηλ says: monotone below 1/λ, oscillating up "
    f"to 2/λ, diverging beyond. At η = 1/λ the first step ends at a distance of {one_step:.0f}, and "
    f"at 2/λ all 500 steps keep it at {abs(for_ever[-1]):.0f}. Down to a thousandth takes "
    f"{steps[0]:.0f} steps at ηλ = {shares[0]:.2f} and {steps[97]:.0f} at {shares[97]:.2f}.",
)

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
    ax.axvspan(2, 2.4, color=style.GRID, lw=0)
    ax.axvline(1, color=style.MUTED, lw=0.8, ls=":")
    ax.plot(shares[shares < 2], steps[shares < 2], "o", ms=3, color=style.METHODS["SGD"].color)
    ax.plot(1, 1, "o", ms=6, color=style.METHODS["SGD"].color)
    ax.text(1.03, 1, "one step", va="center")
    for name, at in (("monotone", 0.5), ("oscillating", 1.5), ("diverging", 2.2)):
        ax.text(at, 100, name, ha="center")
    ax.set(yscale="log", xlim=(0, 2.4), xlabel="learning rate η, in units of 1/λ")
    ax.set(ylabel="steps to a thousandth", title="Every rate from too small to too large")
    plt.show()

# %% [markdown]
# Two things are worth keeping. The best rate, $1/\lambda$, lies at half of the largest one that
# works at all: whoever raises $\eta$ until it breaks is a factor of two away. And both sides
# of the curve climb just as steeply: an oscillating descent is no worse than a monotone one.

# %% exercise="stable-rate"

# %% exercise="steps-to-tolerance"

# %% [markdown]
# ## Down a narrow valley
#
# Two parameters, one learning rate. Let the loss be shallow along $w_1$ and $\kappa$ times as steep
# along $w_2$:
#
# $$ \mathcal L(w) = \tfrac12\,\bigl(w_1^2 + \kappa\,w_2^2\bigr) $$
#
# The ratio $\kappa$ of the largest to the smallest curvature is the *condition number*. Before you
# look at a picture, commit to an answer; the run appears when you have locked it in.

# %% exercise="valley"

# %% [markdown]
# Each coordinate is a bowl of its own. The steep one dictates $\eta < 2/\kappa$, and the shallow one
# has to live with it: a step shrinks $w_1$ by the factor $1-\eta$ only, which is nearly 1. Do the
# jumps between the walls have a part in the price? Here is a control: the same rate once more, from a
# start in the middle of the valley, where there are no walls to jump between.

# %% tags=["claim-7.1-f"]
kappa, goal = 100.0, 1e-6
narrow = valley(kappa)
arrival = {}
for rate, start in ((0.0198, [1, 1]), (0.0099, [1, 1]), (0.0198, [1, 0])):
    points = minimize(narrow, start, SGD(rate), steps=1600).points
    arrival[rate, start[1]] = first_step(np.abs(points[:, 0]) <= goal)  # of w₁, on the floor
zigzag, halved, control = arrival[0.0198, 1], arrival[0.0099, 1], arrival[0.0198, 0]
assert control == zigzag
assert 1.95 < halved / zigzag < 2.05

claim(
    "7.1-f",
    "too strong",
    "Jumping between the walls and creeping along the floor together make the descent slow.",
    f"without any jump the floor takes the same {control} steps at the same rate, and {halved} at "
    "half of it.",
    condition="the creeping alone takes as long; the walls only cap the rate",
)

# %% [markdown]
# So what is the best one can do? Look for it by hand first, in a valley that is not quite as narrow.

# %% exercise="tune-rate"

# %% [markdown]
# And now by formula. Draw the steps that each coordinate needs against the rate. You pay
# for the slower of the two, so the best rate is where the curves cross, at
# $\eta = 2/(\lambda_{\min}+\lambda_{\max})$. On a single bowl the best rate was half of the largest
# that works; in a valley it is the largest but for a hair, and $w_2$ jumps at every step. Both
# coordinates then shrink by $(\kappa-1)/(\kappa+1)$ a step, which gives the price before taking one of
# them: to shrink by a factor $\varepsilon$ takes
#
# $$ n \approx \tfrac12\,\kappa\,\ln(1/\varepsilon) $$
#
# steps.

# %%
best = 2 / (1 + kappa)
rates = np.sort(np.append(np.linspace(0.05, 1.99, 60) / kappa, best))
needed = []
for rate in rates:
    points = minimize(narrow, [1.0, 1.0], SGD(rate), steps=4000).points
    needed.append(first_step(np.abs(points) <= goal))
needed = np.array(needed)
at_best = needed[rates == best][0]
formula = kappa / 2 * np.log(1 / goal)
assert np.abs(at_best - formula).max() <= 1
print(f"at the best rate: w₁ {at_best[0]:.0f} steps, w₂ {at_best[1]:.0f}; formula {formula:.0f}")

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
    ax.plot(rates * kappa, needed.max(axis=1), color=style.GRID, lw=7)
    ax.plot(rates * kappa, needed[:, 0], color=style.UP)
    ax.plot(rates * kappa, needed[:, 1], color=style.DOWN, ls="--")
    ax.plot(best * kappa, at_best[0], "o", ms=6, color=style.INK)
    ax.text(best * kappa - 0.04, 330, f"best: {at_best[0]:.0f} steps", ha="right")
    ax.text(0.45, 4500, "shallow w₁: what you pay", color=style.UP)
    ax.text(0.3, 14, "steep w₂", color=style.DOWN)
    ax.set(xlim=(0, 2.03), ylim=(1, 15_000), yscale="log", ylabel="steps to a millionth")
    ax.set(xlabel="learning rate η, in units of 1/κ", title="One rate for two curvatures (κ = 100)")
    plt.show()

# %% [markdown]
# The next figure shows a wider valley, $\kappa = 25$, so that the path can be seen: plain descent at its
# best rate, and beside it what the remedy of Section 7.3, *momentum*, makes of the same valley in the
# same number of steps, at its own best setting.

# %%
figures.show("7.3")

# %% [markdown]
# How much worse does it get as the valley gets narrower? For both methods the setting with the best
# rate in the long run is known in closed form (Polyak 1964; in the package `best_on_quadratic`), and
# these two are compared: plain descent at $\eta = 2/(\lambda_{\min}+\lambda_{\max})$, momentum at
# $\eta = \bigl(2/(\sqrt{\lambda_{\max}}+\sqrt{\lambda_{\min}})\bigr)^2$ and
# $\rho = \bigl((\sqrt\kappa-1)/(\sqrt\kappa+1)\bigr)^2$. (For a fixed tolerance a search finds momentum
# settings that are somewhat faster still; and at this one the error falls like $n\,\sqrt\rho^{\,n}$, whose
# factor $n$ lifts the measured power a little above ½.)


# %% tags=["claim-7.1-c"]
kappas = np.array([10, 100, 1000, 10_000])
counts = {"SGD": [], "Momentum": []}
crossed = {}  # share of the steps at which w₁ and w₂ change sides, in plain descent
for kappa in kappas:
    for name, kind in {"SGD": SGD, "Momentum": Momentum}.items():
        method = best_on_quadratic(kind, 1, kappa)
        points = minimize(valley(kappa), [1.0, 1.0], method, steps=30 + 8 * int(kappa)).points
        count = first_step(np.linalg.norm(points, axis=-1) <= goal)
        counts[name].append(count)
        if name == "SGD":
            crossed[kappa] = np.mean(np.diff(np.sign(points[:count]), axis=0) != 0, axis=0)

# The power of κ by which the counts grow is a slope on doubly logarithmic paper.
power = {name: np.polyfit(np.log(kappas), np.log(n), 1)[0] for name, n in counts.items()}
assert all(np.array_equal(share, [0, 1]) for share in crossed.values())
assert abs(power["SGD"] - 1) < 0.02
assert abs(power["Momentum"] - 0.5) < 0.06

claim(
    "7.1-c",
    "holds if",
    "In a steep narrow valley the steep coordinate oscillates while the shallow one creeps.",
    f"at the best rate w₂ changes sides at {crossed[100][1]:.0%} of the steps, w₁ at "
    f"{crossed[100][0]:.0%}. Steps for κ = 10, 100, 1000, 10000: "
    f"{', '.join(map(str, counts['SGD']))}, growing like κ^{power['SGD']:.2f}; with momentum "
    f"{', '.join(map(str, counts['Momentum']))}, like κ^{power['Momentum']:.2f}.",
    condition="η > 1/λ_max; below that nothing oscillates, and the creeping stays",
)

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
    for name, law in (("SGD", kappas), ("Momentum", np.sqrt(kappas))):
        look = style.METHODS[name]
        ax.loglog(kappas, counts[name][-1] * law / law[-1], color=look.color, lw=1)
        ax.loglog(kappas, counts[name], look.marker, ms=6, color=look.color)
    ax.text(800, 12_000, "plain descent: like κ", ha="right", color=style.METHODS["SGD"].words)
    ax.text(1100, 160, "momentum: like √κ", color=style.METHODS["Momentum"].words)
    ax.set(xlabel="condition number κ", ylabel="steps to a millionth")
    ax.set(title="The price of a narrow valley, each at its best rate in the long run")
    plt.show()

# %% [markdown]
# ## Saddle points
#
# Where the slope is zero the descent stops, minimum or not. A *saddle* is such a place: a minimum
# along one direction, a maximum along another. The curvatures along the *principal directions* are
# the eigenvalues of the Hessian, the matrix of second derivatives; at a saddle both signs occur.

# %%
figures.show("7.4")

# %% [markdown]
# Three saddles, their eigenvalues, and a check by walking: a small step along each principal direction,
# and the sign of the change in the loss. Then the same along the axes: "one of the dimensions" must
# not be read as "one of the parameters".

# %% tags=["claim-7.1-d"]
surfaces = {
    "L = ½(w₁² − w₂²)": saddle(),
    "double well": DoubleWell(dimension=2),
    "Beale's function": Beale(),
}
agreeing = []
print("surface             slope   curvatures       loss along them   along the axes")
for name, surface in surfaces.items():
    point = surface.saddles[0]
    curvature, directions = np.linalg.eigh(surface.hessian(point))
    words = []
    for steps in (directions.T, np.eye(2)):
        change = surface.value(point + 1e-3 * steps) - surface.value(point)
        words += [{-1: "falls", 0: "stays", 1: "rises"}[int(sign)] for sign in np.sign(change)]
    slope = np.linalg.norm(surface.gradient(point))
    agreeing.append(words[:2] == ["falls", "rises"] and curvature[0] < 0 < curvature[1])
    print(
        f"{name:18} {slope:6.1f}   {curvature[0]:6.2f} {curvature[1]:6.2f}    "
        f"{words[0]}, {words[1]}      {words[2]}, {words[3]}"
    )
assert all(agreeing)
assert words[2:] == ["stays", "stays"]  # Beale's function

claim(
    "7.1-d",
    "holds if",
    "A saddle is a minimum along one dimension and a maximum along another.",
    f"at {sum(agreeing)} of {len(surfaces)} saddles one eigenvalue of the Hessian is negative and one "
    "positive, and the loss falls and rises along their directions; along the axes, the loss at the "
    "saddle of Beale's function does not change at all.",
    condition="the dimensions are the principal directions; the axes may show anything",
)

# %% exercise="hessian-signs"

# %% [markdown]
# ### Does the descent get stuck there?
#
# So says the book, the textbook chapter that this course follows. And from the *ridge*, the line of
# starts that run exactly into the saddle, it does. But look at what happens a millionth of a unit
# beside it.

# %%
figures.show("7.5")

# %% [markdown]
# A saddle is an unstable place. Along the falling direction a step multiplies the distance $\delta$
# from the ridge by $1+\eta\,|\lambda_-|$, so after
#
# $$ n \approx \frac{\ln(1/\delta)}{\ln(1+\eta\,|\lambda_-|)} $$
#
# steps it has grown to 1. The logarithm is the good news: at $\eta = 0.1$ a start a thousand times
# nearer to the ridge costs 72 steps more, each time the same. A plateau in a loss curve, then a
# sudden fall: that is what it looks like. (In Figure 7.5 the falling direction is $w_1$, and the steps
# are counted to 0.5 on a surface that bends: 67 and 139 there.)
#
# Do random starts get caught? Ten thousand of them are tried below. And in the last line the ridge
# is not parallel to an axis: in exact arithmetic this start would never leave.

# %% tags=["claim-7.1-e"]
rate, ridge = 0.1, saddle()  # curvatures +1 along w₁, −1 along w₂
offsets = [1e-2, 1e-4, 1e-8, 1e-16]
leaves, predicted = [], []
print("offset δ     steps until |w₂| ≥ 1     predicted")
for delta in offsets:
    points = minimize(ridge, [1.0, delta], SGD(rate), steps=500).points
    leaves.append(first_step(np.abs(points[:, 1]) >= 1))
    predicted.append(int(np.ceil(np.log(1 / delta) / np.log(1 + rate))))
    print(f"{delta:8.0e} {leaves[-1]:14d} {predicted[-1]:20d}")
assert leaves == predicted

on_ridge = minimize(ridge, [1.0, 0.0], SGD(rate), steps=10_000).points[-1]
print(f"       0          never: after 10000 steps it stands at w₂ = {on_ridge[1]:.0f}")
assert on_ridge[1] == 0

well = DoubleWell(dimension=2)
starts = np.random.default_rng(7).uniform(*well.window.T, size=(10_000, 2))
ends = minimize(well, starts, SGD(rate), steps=400).points[-1]
held = int(np.sum(np.linalg.norm(ends - well.saddles[0], axis=-1) < 0.5))
print(f"random starts held by the saddle of the double well: {held} of {len(starts)}")
assert held == 0

turned = saddle(rotation=np.pi / 6)
on_turned_ridge = turned.rotation[:, 0]  # exactly along the rising direction, but for rounding
falling = minimize(turned, on_turned_ridge, SGD(rate), steps=600).points @ turned.rotation[:, 1]
freed = first_step(np.abs(falling) >= 1)
print(f"on a ridge turned by 30°: leaves, within {'500' if freed < 500 else 'more than 500'} steps")
assert freed < 500

claim(
    "7.1-e",
    "too strong",
    "The iteration comes to a halt at a saddle and is stuck.",
    f"from δ = 10⁻¹⁶ it has left after {leaves[-1]} steps, as predicted; {held} of {len(starts)} "
    "random starts were held; a turned ridge loses its start by rounding alone.",
    condition="stuck only from exactly on the ridge; from δ beside it, where λ₋ < 0, about "
    "ln(1/δ)/ln(1+η|λ₋|) steps",
)

# %% [markdown]
# What remains true is the plateau: a descent that passes near a saddle loses time there. That random
# starts do not end in a saddle is proved by Lee et al. (2016), for saddles with a negative curvature
# and $\eta$ below $1/\lambda$ of the largest curvature anywhere.

# %% exercise="saddle-escape"

# %% [markdown]
# ## What to take away
#
# | trouble | its number | what helps |
# |---|---|---|
# | rate too small or too large | $\eta\lambda$: monotone below 1, diverging above 2 | $\eta$ near $1/\lambda$; Section 7.2 changes it on the way |
# | narrow valley: one rate for unequal curvatures | $\tfrac12\,\kappa\ln(1/\varepsilon)$ steps | momentum, which grows like $\sqrt\kappa$ (Section 7.3.1); a rate for each parameter (7.3.3 to 7.3.5) |
# | saddle | $\ln(1/\delta)/\ln(1+\eta\,\lvert\lambda_-\rvert)$ steps of plateau | momentum shortens it (Section 7.3.1) |
#
# **What the book says, and what was measured.** Claim 7.1-b holds as it stands. Three need a
# condition: 7.1-a ($\eta < 2/\lambda$), 7.1-c ($\eta > 1/\lambda_{\max}$) and 7.1-d (along principal
# directions). Two are too strong: a saddle delays a descent but does not hold it (7.1-e), and the
# jumps add nothing to the price of a valley (7.1-f). The one formula of this section is printed
# correctly.

# %% [markdown]
# ### The same elsewhere
#
# ```python
# # PyTorch
# optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
# loss_function(model(x), y).backward()
# optimizer.step()
# optimizer.zero_grad()
#
# # Keras
# model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.1), loss="mse")
# ```
#
# Both take the very step of this chapter: $w \leftarrow w - \eta\,g$.

# %% [markdown]
# ### Sources
#
# - Section 7.1 of *Training Neural Networks Part 1*, whose figures and symbols this notebook follows.
# - B. T. Polyak (1964), "Some methods of speeding up the convergence of iteration methods": the best
#   settings of gradient descent and momentum on a quadratic.
# - J. D. Lee, M. Simchowitz, M. I. Jordan, B. Recht (2016), "Gradient descent only converges to
#   minimizers": why a random start is not held by a saddle.
# - G. Goh (2017), "Why momentum really works", distill.pub: the factor $1-\eta\lambda$, explored at
#   length.
