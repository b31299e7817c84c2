# %% [markdown]
# # 1 · Issues with gradient descent
#
# *Section 7.1 · Figures 7.1 to 7.5 · about 45 minutes with the exercises, 20 without*
#
# Gradient descent is one line. This chapter is about what can go wrong with that line, and by how
# much. Afterwards you can
#
# - tell from the curvature alone whether a learning rate creeps, swings or explodes,
# - say how many steps a narrow valley will cost, before taking one of them,
# - recognize a saddle point, and compute how long it will hold you.
#
# You need derivatives, the eigenvalues of a 2 × 2 matrix, and a little NumPy.
#
# Run a cell with Shift + Enter. The cells under a **✎** are yours: fill them in, run them, and they
# answer. Nothing further down depends on your answers, so skip and return as you like.

# %%
# %config InlineBackend.figure_formats = ["retina"]
import matplotlib.pyplot as plt
import numpy as np

from coursekit import SGD, DoubleWell, Momentum, bowl, saddle, valley
from coursekit import check, claim, figures, first_step, minimize
from coursekit.figures import style
from coursekit.objectives import Beale

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
# Is the picture right? Three bowls, a thousand random starts on each, four learning rates. Watch
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
    "Each step goes against the slope, and so a convex bowl's minimum is reached.",
    f"{downhill:.0%} of the first steps go against the slope. Share of starts that arrive: "
    + ", ".join(f"{share:.0%} at η = {rate}/λ" for rate, share in arrived.items())
    + ".",
    condition="η < 2/λ, with λ the curvature of the bowl",
)

# %% exercise="gradient-step"

# %% [markdown]
# ## How long a step?
#
# On a bowl with curvature $\lambda$ and minimum $w^*$ everything about the learning rate follows
# from one line. The slope is $\lambda\,(w - w^*)$; put it into the update and subtract $w^*$:
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
# | $\eta < 1/\lambda$ | between 0 and 1 | creeps in from one side |
# | $\eta = 1/\lambda$ | 0 | one step, done |
# | $1/\lambda < \eta < 2/\lambda$ | between −1 and 0 | swings across, and still arrives |
# | $\eta = 2/\lambda$ | −1 | swings for ever |
# | $\eta > 2/\lambda$ | below −1 | explodes |
#
# Next we run all the rates, and name what happened by looking at the points alone. The picture below
# shows the number of steps until the distance has shrunk to a thousandth. (The cells that only draw
# are folded; a click on the dots opens them.)

# %% tags=["claim-7.1-b"]
curvature, reach = 2.5, 1e-3
shares = np.linspace(0.03, 2.39, 119)  # ηλ, passing by 1 and 2
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
assert agreeing == len(shares)
assert one_step == 0

claim(
    "7.1-b",
    "holds",
    "A small rate is slow, a large one oscillates, a larger one diverges.",
    f"{agreeing} of {len(shares)} runs behave as 1 − ηλ says: monotone below 1/λ, oscillating up "
    f"to 2/λ, diverging beyond. At η = 1/λ the first step ends at a distance of {one_step:.0f}. "
    f"To a thousandth ηλ = {shares[0]:.2f} creeps for {steps[0]:.0f} steps, ηλ = {shares[97]:.2f} "
    f"swings for {steps[97]:.0f}.",
)

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
    ax.axvspan(2, 2.4, color=style.GRID, lw=0)
    ax.axvline(1, color=style.MUTED, lw=0.8, ls=":")
    ax.plot(shares[shares < 2], steps[shares < 2], "o", ms=3, color=style.METHODS["SGD"].color)
    for name, at in (("monotone", 0.5), ("oscillating", 1.5), ("diverging", 2.2)):
        ax.text(at, 100, name, ha="center")
    ax.set(yscale="log", xlim=(0, 2.4), xlabel="learning rate η, in units of 1/λ")
    ax.set(ylabel="steps to a thousandth", title="Every rate from too small to too large")
    plt.show()

# %% [markdown]
# Two things are worth keeping. The best rate, $1/\lambda$, lies at half of the largest one that
# works at all: who tunes by raising $\eta$ until it breaks is a factor of two away. And both sides
# of the curve climb just as steeply: a swinging descent is no worse than a creeping one.

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
# Each coordinate is a bowl of its own. The steep one dictates $\eta < 2/\kappa$, and the shallow one
# has to live with it: a step shrinks $w_1$ by the factor $1-\eta$ only, which is nearly 1. The
# ratio $\kappa$ of the largest to the smallest curvature is the *condition number*.
#
# Before you look at a picture, commit yourself:

# %% exercise="valley"

# %% [markdown]
# Now run it, and count each coordinate by itself:

# %% tags=["claim-7.1-f"]
kappa, goal = 100.0, 1e-6
narrow = valley(kappa)
counts = {}
print("rate η   w₁ arrives after   w₂ arrives after   w₂ changes sides")
for rate in (0.0198, 0.0099):
    points = minimize(narrow, [1.0, 1.0], SGD(rate), steps=1600).points
    arrival = [first_step(np.abs(points[:, j]) <= goal) for j in (0, 1)]
    counts[rate] = max(arrival)
    crossings = np.sum(np.diff(np.sign(points[: arrival[1], 1])) != 0)
    print(f"{rate:.4f} {arrival[0]:12d} steps {arrival[1]:12d} steps {crossings:12d} times")
ratio = counts[0.0099] / counts[0.0198]
assert 1.95 < ratio < 2.05

claim(
    "7.1-f",
    "too strong",
    "The jumps between the walls are what makes the descent in a valley slow.",
    f"without any jump it takes {ratio:.1f} times the steps ({counts[0.0099]} against "
    f"{counts[0.0198]}).",
    condition="the walls only cap the rate; the steps are spent on the valley floor",
)

# %% [markdown]
# So what is the best one can do? Draw the steps that each coordinate needs against the rate. You pay
# for the slower of the two, so the best rate is where the curves cross, at
# $\eta = 2/(\lambda_{\min}+\lambda_{\max})$. There $w_2$ still jumps at every step.

# %%
rates = np.linspace(0.05, 1.99, 160) / kappa
needed = []
for rate in rates:
    points = minimize(narrow, [1.0, 1.0], SGD(rate), steps=4000).points
    needed.append(first_step(np.abs(points) <= goal))
needed = np.array(needed)
best = 2 / (1 + kappa)

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
    ax.plot(rates * kappa, needed.max(axis=1), color=style.GRID, lw=7)
    ax.plot(rates * kappa, needed[:, 0], color=style.UP)
    ax.plot(rates * kappa, needed[:, 1], color=style.DOWN, ls="--")
    ax.axvline(best * kappa, color=style.MUTED, lw=0.8, ls=":")
    ax.text(0.55, 2700, "shallow w₁: slow at every rate", color=style.UP)
    ax.text(0.75, 130, "steep w₂", color=style.DOWN)
    ax.text(best * kappa - 0.02, 2100, "best rate", ha="right")
    ax.set(xlim=(0, 2), ylim=(0, 4000), ylabel="steps to a millionth")
    ax.set(xlabel="learning rate η, in units of 1/κ", title="One rate for two curvatures (κ = 100)")
    plt.show()

# %% [markdown]
# The next figure shows the descent at that best rate, and beside it what the remedy of Section 7.3
# makes of the same valley in the same number of steps: *momentum*, also at its own best setting.

# %%
figures.show("7.3")

# %% [markdown]
# How much worse does it get as the valley gets narrower? For both methods the best setting is known
# in closed form (Polyak 1964), so the comparison is fair: plain descent at
# $\eta = 2/(\lambda_{\min}+\lambda_{\max})$, momentum at
# $\eta = \bigl(2/(\sqrt{\lambda_{\max}}+\sqrt{\lambda_{\min}})\bigr)^2$ and
# $\rho = \bigl((\sqrt\kappa-1)/(\sqrt\kappa+1)\bigr)^2$.


# %% tags=["claim-7.1-c"]
def best_settings(kappa):
    """Plain descent and momentum at their best on curvatures 1 and κ."""
    root = np.sqrt(kappa)
    heavy = Momentum((2 / (1 + root)) ** 2, momentum=((root - 1) / (root + 1)) ** 2)
    return {"SGD": SGD(2 / (1 + kappa)), "Momentum": heavy}


kappas = np.array([10, 100, 1000, 10_000])
counts = {"SGD": [], "Momentum": []}
crossed = {}  # share of the steps at which w₁ and w₂ change sides, in plain descent
for kappa in kappas:
    for name, method in best_settings(kappa).items():
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
    "holds",
    "In a steep narrow valley the steep coordinate oscillates while the shallow one creeps.",
    f"at the best rate w₂ changes sides at {crossed[100][1]:.0%} of the steps, w₁ at "
    f"{crossed[100][0]:.0%}. Steps for κ = 10, 100, 1000, 10000: "
    f"{', '.join(map(str, counts['SGD']))}, growing like κ^{power['SGD']:.2f}; with momentum "
    f"{', '.join(map(str, counts['Momentum']))}, like κ^{power['Momentum']:.2f}.",
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
    ax.set(title="The price of a narrow valley, each method at its best")
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
# Three saddles, their eigenvalues, and the proof by walking: a small step along each principal
# direction, and the sign of the change in the loss.

# %% tags=["claim-7.1-d"]
surfaces = {
    "L = ½(w₁² − w₂²)": saddle(),
    "double well": DoubleWell(dimension=2),
    "Beale's function": Beale(),
}
signs = {}
print("surface             slope   curvatures       loss along each direction")
for name, surface in surfaces.items():
    point = surface.saddles[0]
    curvature, directions = np.linalg.eigh(surface.hessian(point))
    change = surface.value(point + 1e-3 * directions.T) - surface.value(point)
    slope = np.linalg.norm(surface.gradient(point))
    words = ["falls" if c < 0 else "rises" for c in change]
    signs[name] = (np.sign(curvature) == np.sign(change)).all() and change[0] < 0 < change[1]
    print(f"{name:18} {slope:6.1f}   {curvature[0]:6.2f} {curvature[1]:6.2f}    {', '.join(words)}")
assert all(signs.values())

claim(
    "7.1-d",
    "holds",
    "A saddle is a minimum along one direction and a maximum along another.",
    f"at {sum(signs.values())} of {len(signs)} saddles one eigenvalue of the Hessian is negative and "
    "one positive, and the loss falls and rises along their directions.",
)

# %% exercise="hessian-signs"

# %% [markdown]
# ### Does the descent get stuck there?
#
# So the book says, and from the ridge exactly, it does. But look at what happens a millionth of a
# unit beside the ridge.

# %%
figures.show("7.5")

# %% [markdown]
# A saddle is an unstable place. Along the falling direction a step multiplies the distance $\delta$
# from the ridge by $1+\eta\,|\lambda_-|$, so after
#
# $$ n \approx \frac{\ln(1/\delta)}{\ln(1+\eta\,|\lambda_-|)} $$
#
# steps it has grown to 1. The logarithm is the good news: a start a thousand times nearer to the
# ridge costs the same handful of steps more, each time. A plateau in a loss curve, then a sudden
# fall: that is what it looks like.
#
# How rare is the ridge? Ten thousand random starts will tell. And in the last line the ridge
# is not parallel to an axis: on paper this start never leaves either.

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
    condition="stuck only from exactly on the ridge; from δ beside it about ln(1/δ)/ln(1+η|λ₋|) steps",
)

# %% [markdown]
# What remains true is the plateau: a descent that passes near a saddle loses time there, and with
# many parameters there are many saddles to pass. The proof that random starts do not end in a
# saddle is Lee et al. (2016).

# %% exercise="saddle-escape"

# %% [markdown]
# ## What to take along
#
# | trouble | its number | remedy |
# |---|---|---|
# | rate too small or too large | $\eta\lambda$: monotone below 1, diverging above 2 | Section 7.2, annealing |
# | narrow valley | condition number $\kappa$: steps grow like $\kappa$ | Section 7.3.1, momentum: like $\sqrt\kappa$ |
# | one rate for unequal scales | $2/\lambda_{\max}$ caps every coordinate | Sections 7.3.3 to 7.3.5, a rate for each parameter |
# | saddle | $\ln(1/\delta)/\ln(1+\eta\,\lvert\lambda_-\rvert)$ steps of plateau | a little noise, or momentum |
#
# **What the book says, and what was measured.** Claims 7.1-b, c and d hold as they stand. 7.1-a
# needs the condition $\eta < 2/\lambda$. Two are too strong: the zig-zag is not what costs the
# steps (7.1-f), and a saddle delays a descent but does not hold it (7.1-e). The formulas of this
# section are printed correctly.

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
