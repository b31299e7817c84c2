# %% [markdown]
# # 3 · Momentum
#
# *Section 7.3.1 · Figures 7.3 and 7.8 · about 50 minutes with the exercises, 25 without*
#
# Plain descent looks at one gradient and forgets it. Momentum remembers, and that costs one more
# vector and one more number, $\rho$. Afterwards you can
#
# - write the step, and read its velocity as a fading sum of past gradients,
# - say from $\eta\lambda$ and $\rho$ whether a run creeps, swings or flies apart, and choose both,
# - say when momentum crosses a barrier, and when it only makes a learning rate look larger.
#
# You need notebook 01: the factor $1-\eta\lambda$, the condition number $\kappa$, and what a saddle is.

# %%
# %config InlineBackend.figure_formats = ["retina"]
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.colors import ListedColormap

from coursekit import SGD, Beale, DoubleWell, Momentum, Rosenbrock, bowl, saddle, valley
from coursekit import best, best_on_quadratic, check, claim, datasets, exercise, figures, first_step
from coursekit import minimize, mlp, settled_step, show_source, sweep, train
from coursekit.figures import style
from coursekit.widgets import Ball, Descent

# %% [markdown]
# ## What the gradients know
#
# In a narrow valley one learning rate serves two curvatures badly: the steep direction caps it, the
# shallow one creeps. Here are the gradients of such a run, plain descent at its best rate in the
# valley $\kappa = 20$, one bar a step.

# %% tags=["hide-input"]
narrow, start = valley(), [-1.6, 1.2]
slopes = narrow.gradient(minimize(narrow, start, SGD(2 / 21), steps=24).points)

with style.context():
    fig, panels = plt.subplots(1, 2, figsize=(7, 2.3), layout="constrained")
    titles = "shallow: always the same sign", "steep: never twice the same sign"
    for ax, slope, title, index in zip(panels, slopes.T, titles, "₁₂", strict=True):
        ax.bar(np.arange(25), slope, 0.6, color=np.where(slope > 0, style.UP, style.DOWN))
        ax.axhline(0, color=style.MUTED, lw=0.8)
        ax.set(title=f"g{index} {title}", xlabel="step n", ylabel=f"gradient g{index}")
    plt.show()

# %% [markdown]
# No single bar tells you that you are in a valley. All of them together do. On the left 25 gradients
# agree, and a bolder walker would have gone further each time. On the right they contradict each
# other, and the truth lies in the middle.
#
# So add them up. In a sum, what agrees grows and what alternates cancels. A plain sum would never
# forget the walls it has left behind, so let the old terms fade.

# %% [markdown]
# ## The step
#
# Keep a *velocity* $v$, of the shape of $w$. At each step it loses a little and gains a push
# downhill, and then it moves $w$:
#
# $$ v(n) = \rho\,v(n-1) - \eta\,g(n), \qquad w(n+1) = w(n) + v(n) \tag{7.1} $$
#
# with $v(0) = -\eta\,g(0)$, which is the same as starting at rest. $\rho$, between 0 and 1, is the
# *momentum*: what is left of the velocity after a step. This is all of it, from the package:

# %%
show_source(Momentum.update)

# %% [markdown]
# `np.multiply` and the line after it are the first equation, `np.add` is the second. The rest is
# housekeeping: `_matched` compares shapes, `rate_at` reads $\eta$ from a number or a schedule, and
# `_new_or` says where the result is written.
#
# Three steps on the bowl $\tfrac12 w^2$, whose gradient is $w$. Check the second line in your head:

# %%
method, w = Momentum(learning_rate=0.1, momentum=0.9), np.array([10.0])
state = method.init(w)
for n in range(3):
    w, state = method.update(w, w, state)  # the gradient is w
    print(f"v({n}) = {state.velocity[0]:6.2f}    w({n + 1}) = {w[0]:5.2f}")

# %% exercise="momentum-step"

# %% [markdown]
# With $\rho = 0$ nothing is remembered, and plain descent should come out. To the last bit?

# %% tags=["claim-7.3.1-b"]
same = [
    np.array_equal(
        minimize(surface, at, Momentum(rate, momentum=0.0), 500).points,
        minimize(surface, at, SGD(rate), 500).points,
    )
    for surface, at, rate in (
        (narrow, start, 0.09),
        (Rosenbrock(), [-1.2, 1.0], 0.001),
        (Beale(), [1.0, 1.0], 0.01),
    )
]
assert all(same)

claim(
    "7.3.1-b",
    "holds",
    "Without momentum, ρ = 0, the method is plain gradient descent.",
    f"on {sum(same)} of {len(same)} surfaces all 500 points are equal, bit for bit.",
)

# %% [markdown]
# ## A memory that fades
#
# Put the recursion into itself: $v(1) = -\eta\,g(1) - \rho\,\eta\,g(0)$, and so on. Each step
# multiplies all that is old by $\rho$ once more:
#
# $$ v(n) = -\eta\sum_{i=0}^{n} \rho^{\,n-i}\, g(i) \tag{7.2} $$
#
# $$ w(n+1) = w(n) - \eta\sum_{i=0}^{n} \rho^{\,n-i}\, g(i) \tag{7.3} $$
#
# A gradient $k$ steps old still counts $\rho^k$. At $\rho = 0.9$ that falls to a third in about ten
# steps; at 0.99 in a hundred. Does the loop do what the sum says, for any gradients at all?


# %% tags=["claim-7.3.1-a"]
def velocities(gradients, rho):
    """The velocities of the package's method under given gradients, at η = 1."""
    w, kept = np.zeros_like(gradients[0]), []
    state = Momentum(1.0, momentum=rho).init(w)
    for gradient in gradients:
        w, state = Momentum(1.0, momentum=rho).update(w, gradient, state)
        kept.append(state.velocity)
    return np.array(kept)


rng = np.random.default_rng(731)
gradients = rng.normal(size=(300, 50))  # 300 steps, 50 parameters
errors = []
for rho in (0.5, 0.9, 0.99):
    age = np.arange(300)[:, np.newaxis] - np.arange(300)  # n − i
    weights = np.where(age >= 0, rho ** np.maximum(age, 0), 0)
    errors.append(np.abs(velocities(gradients, rho) + weights @ gradients).max())
assert max(errors) < 1e-12

claim(
    "7.3.1-a",
    "holds",
    "The recursion and the closed sum (Eq. 7.2) give the same velocity.",
    f"{gradients.size} random gradients, ρ = 0.5, 0.9 and 0.99: no two differ by more than 10⁻¹².",
)

# %% exercise="unrolled-sum"

# %% [markdown]
# Now the two cases of the valley. A steady gradient $g$ is multiplied by
# $1 + \rho + \rho^2 + \dots = 1/(1-\rho)$; one that changes its sign at every step by
# $1 - \rho + \rho^2 - \dots = 1/(1+\rho)$.

# %% tags=["claim-7.3.1-c"]
pushes = np.stack([np.ones(120), (-1.0) ** np.arange(120)], axis=1)  # steady, alternating
for rho in (0.5, 0.99, 0.9):
    larger, smaller = np.abs(velocities(pushes, rho)[-1])
    exact = (1 - rho**120) / (1 - rho), (1 - rho**120) / (1 + rho)
    assert np.allclose([larger, smaller], exact, rtol=1e-12)

claim(
    "7.3.1-c",
    "holds",
    "Gradients that keep changing their sign make short steps, those that keep it make long ones.",
    f"at ρ = 0.9 a step is {larger:.1f} times that of plain descent under a steady gradient, and "
    f"{smaller:.2f} times under an alternating one. The contradiction is never more than halved: "
    f"nearly all of the ratio of {larger / smaller:.0f} is speed gained, not swinging lost.",
)

# %% tags=["hide-input"]
signed = -velocities(pushes, 0.9)[:41]
with style.context():
    fig, panels = plt.subplots(1, 2, figsize=(7, 2.4), layout="constrained")
    for ax, made, kind in zip(panels, signed.T, ("steady", "alternating"), strict=True):
        ax.bar(np.arange(41), made, 0.6, color=np.where(made > 0, style.UP, style.DOWN))
        for plain in (1, -1) if kind == "alternating" else (1,):
            ax.axhline(plain, color=style.METHODS["SGD"].color, ls="--", lw=1.2)
        ax.axhline(0, color=style.MUTED, lw=0.8)
        ax.set(xlabel="step n", ylabel="step −v / ηg", title=f"{kind} gradient, ρ = 0.9")
    panels[1].text(40, 1.08, "plain descent", ha="right", color=style.METHODS["SGD"].words)
    panels[1].set_ylim(-1.4, 1.4)
    plt.show()

# %% [markdown]
# The left panel also shows that the tenfold step of $\rho = 0.9$ is not there at once. And it is the
# longest: if no gradient is larger than $g_{\max}$, no sequence of them gets past $g_{\max}/(1-\rho)$.

# %% tags=["claim-7.3.1-d"]
rho = 0.9
bounded = rng.uniform(-1, 1, size=(400, 2000))  # 2000 parameters whose gradients are at most 1
largest = np.abs(velocities(bounded, rho)).max()
growth = velocities(np.ones((400, 1)), rho)[:, 0]
nine_tenths = first_step(np.abs(growth) >= 9) + 1
assert largest < np.abs(growth).max() <= 1 / (1 - rho) * (1 + 1e-12)
assert np.abs(growth[-1]) > 9.999999

claim(
    "7.3.1-d",
    "holds",
    "The sum of the faded gradients is at most g_max/(1 − ρ).",
    f"at ρ = 0.9 a steady gradient comes to 10 g_max and no further, nine tenths of it after "
    f"{nine_tenths} steps. Random gradients of up to g_max come to {largest:.1f} g_max at most, in "
    f"{bounded.size} steps.",
)

# %% [markdown]
# So $\eta/(1-\rho)$ is the rate that momentum walks with where the ground is even. Call it the
# *effective rate*. It is the first thing to compute whenever $\rho$ is changed.

# %% exercise="effective-rate"

# %% [markdown]
# ## A question before the theory
#
# Here is the valley with momentum. Slide *Momentum η* from 0.1 down to 0.01, a tenth, and leave
# $\rho = 0.9$ alone. Plain descent needs ten times as many steps at a tenth of the rate. How many does
# momentum need? Guess first. The line below the picture counts them.

# %%
Descent(momentum=True, momentum_rate=0.1, sgd_rate=0.09, steps=150)

# %%
print("rate η   plain   momentum, ρ = 0.9")
for rate in (0.09, 0.05, 0.02, 0.01, 0.005):
    arrived = [
        first_step(minimize(narrow, start, method, steps=2000).values <= 1e-6)
        for method in (SGD(rate), Momentum(rate, momentum=0.9))
    ]
    print(f"{rate:5} {arrived[0]:8} {arrived[1]:10}")
    assert 100 < arrived[1] < 150

# %% [markdown]
# The rate hardly matters. Over a range in which plain descent slows down by a factor of more than 18,
# momentum always takes between 100 and 150 steps. To see why, look at a single curvature.

# %% [markdown]
# ## Creep, swing, zig-zag
#
# On the bowl $\tfrac12\lambda w^2$ the gradient is $\lambda w$, and one step is a matrix:
#
# $$ \begin{pmatrix} w(n+1) \\ v(n) \end{pmatrix} =
#    \begin{pmatrix} 1-\eta\lambda & \rho \\ -\eta\lambda & \rho \end{pmatrix}
#    \begin{pmatrix} w(n) \\ v(n-1) \end{pmatrix} $$
#
# What becomes of a run is told by the eigenvalues, the two roots of
# $z^2 - (1+\rho-\eta\lambda)\,z + \rho = 0$. Their product is $\rho$. That is the key: if the roots
# are complex they are as large as each other, so *both have the size* $\sqrt\rho$, whatever $\eta$ and
# $\lambda$ are. They are complex for $(1-\sqrt\rho)^2 < \eta\lambda < (1+\sqrt\rho)^2$. Below, both are
# positive; above, both negative, and beyond $\eta\lambda = 2(1+\rho)$ one has left the unit circle.
#
# Four regimes, then. Three are those of notebook 01, where the roots are $1-\eta\lambda$ and 0: its
# *monotone* run creeps, its *oscillating* one zig-zags, across the minimum at every step, and its
# *diverging* one keeps its name. New is the *swinging* of complex roots. We run 1,600 pairs $(\eta\lambda, \rho)$
# from rest at $w = 1$ and name each by its points alone.


# %% tags=["claim-7.3.1-h"]
def regime(w):
    """Name a run by its points."""
    side = np.sign(w)
    if not np.abs(w[-1]) <= 1:
        return "diverging"
    if (side >= 0).all():
        return "creeping"
    return "zig-zag" if (side[1:] * side[:-1] <= 0).all() else "swinging"


def predicted(share, rho):
    """Name it by the roots; share is ηλ."""
    if share > 2 * (1 + rho):
        return "diverging"
    if share > (1 + np.sqrt(rho)) ** 2:
        return "zig-zag"
    return "swinging" if share > (1 - np.sqrt(rho)) ** 2 else "creeping"


shares, rhos = np.linspace(0.03, 2.05, 50) ** 2, np.linspace(0.012, 0.973, 32)
seen, told = [], []
for rho in rhos:  # 50 bowls at once: one with 50 curvatures
    points = minimize(bowl(*shares), np.ones(50), Momentum(1.0, momentum=rho), steps=800).points
    seen.append([regime(w) for w in points.T])
    told.append([predicted(share, rho) for share in shares])
seen, told = np.array(seen), np.array(told)
agreeing = int((seen == told).sum())
gentle = minimize(bowl(1.0), [1.0], Momentum(0.0025, momentum=0.9), steps=5000).points
assert agreeing == seen.size
assert (gentle >= 0).all()

claim(
    "7.3.1-h",
    "holds if",
    "The larger effective gradient makes a parameter overshoot its minimum and swing back.",
    f"{agreeing} of {seen.size} runs behave as the roots say. At ρ = 0.9 and ηλ = 0.0025 the "
    "effective gradient is ten times the gradient, and nothing overshoots in 5000 steps.",
    condition="ρ > (1 − √(ηλ))², for ηλ up to 1 and from rest; with less momentum it only creeps "
    "(beyond ηλ = 1 even plain descent overshoots)",
)

# %% tags=["hide-input"]
tints = {"creeping": "#C9DFEF", "swinging": "#F6DFCC", "zig-zag": "#9CC7B8", "diverging": "#E4E6E8"}
fine = np.linspace(0, 1, 200)
with style.context():
    fig, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
    kinds = np.select([seen == name for name in tints], range(4))
    ax.pcolormesh(np.sqrt(shares), rhos, kinds, cmap=ListedColormap(list(tints.values())))
    for border in (1 - np.sqrt(fine), 1 + np.sqrt(fine), np.sqrt(2 * (1 + fine))):
        ax.plot(border, fine, color=style.INK)
    ax.text(0.24, 0.2, "creeping\nfrom one side", ha="center", va="center")
    ax.text(1.0, 0.6, "swinging:\na step keeps √ρ", ha="center", va="center")
    ax.text(1.325, 0.045, "zig-zag", ha="center", va="center")
    ax.text(1.85, 0.3, "diverging", ha="center", va="center")
    at = [0, 0.01, 0.1, 0.25, 0.5, 1, 2, 3, 4]
    ax.set_xticks(np.sqrt(at), [f"{value:g}" for value in at])
    ax.set(xlabel="ηλ (drawn by its square root)", ylabel="momentum ρ", ylim=(0, 1), xlim=(0, 2.05))
    ax.set_title("Four regimes: 1,600 runs, a cell each, and the roots (lines)")
    plt.show()

# %% [markdown]
# The left line is $\rho = (1-\sqrt{\eta\lambda})^2$, *critical damping*: with more momentum than
# that, $w$ overshoots. The right line, $\eta\lambda = 2(1+\rho)$, is the end of stability: momentum
# allows rates up to twice as large as plain descent does.
#
# Now count steps along four horizontal lines of this map. If you remember one picture of this
# notebook, take this one.


# %%
shares, counts = np.geomspace(2e-3, 3.9, 44), {}
print("   ρ   floor: steps to a millionth   its width, as κ")
for rho in (0.0, 0.5, 0.9, 0.99):
    points = minimize(bowl(*shares), np.ones(44), Momentum(1.0, momentum=rho), steps=7000).points
    counts[rho] = settled_step(np.abs(points) <= 1e-6)  # from there on to the end
    if rho:
        floor = np.log(1e6) / -np.log(np.sqrt(rho))
        width = ((1 + np.sqrt(rho)) / (1 - np.sqrt(rho))) ** 2
        swinging = np.abs(1 + rho - shares) < 2 * np.sqrt(rho)
        assert (np.abs(counts[rho][swinging] / floor - 1) < 0.55).all()
        print(f"{rho:4} {floor:14.0f} {width:29,.0f}")

# %% tags=["hide-input"]
looks = {  # the more momentum, the darker
    0.0: (style.METHODS["SGD"].color, "o", "-"),
    0.5: ("#F2A25C", "v", ":"),
    0.9: (style.METHODS["Momentum"].color, "s", "--"),
    0.99: ("#7A3500", "D", "-."),
}
with style.context():
    fig, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
    for rho, (color, marker, _) in looks.items():
        dense = np.geomspace(2e-3, 3.97, 600)
        half = (1 + rho - dense) / 2
        kept = np.abs(half + np.sign(half) * np.emath.sqrt(half**2 - rho))  # the larger root
        kept = np.where((kept < 1) & (kept > 0.02), kept, np.nan)
        ax.plot(dense, np.log(1e6) / -np.log(kept), color=color, lw=1.2)
        ax.plot(shares, counts[rho], marker, ms=3, color=color)
    ax.text(0.0035, 4600, "ρ = 0: plain", color=style.METHODS["SGD"].words)
    ax.text(0.25, 3300, "ρ = 0.99", color="#7A3500")
    ax.text(0.25, 315, "ρ = 0.9", color=style.METHODS["Momentum"].words)
    ax.text(0.7, 52, "ρ = 0.5", color="#B5651D")
    ax.set(xscale="log", yscale="log", xlabel="ηλ", ylabel="steps to a millionth", ylim=(3, 10_000))
    ax.set_title("Momentum has a floor: there all curvatures take about the same time")
    plt.show()

# %% [markdown]
# Plain descent has one best curvature, the dip at $\eta\lambda = 1$; to its left the steps grow like
# $1/\eta\lambda$. With momentum the curve has a *floor*, from $(1-\sqrt\rho)^2$ to $(1+\sqrt\rho)^2$. On
# it every curvature takes the same time, give or take a swing. A valley $\kappa$ is two points in this
# picture, one $\kappa$ times as far to the right as the other, and a factor in $\eta$ shifts both. In the
# playground both stayed on the floor: that is why the rate did not matter.
#
# More momentum makes the floor wider, and higher. At $\rho = 0.9$ a valley up to $\kappa = 1442$ fits on
# it; 0.99 is ten times as slow, and a waste wherever 0.9 will do. The best $\rho$ makes the floor just
# as wide as the valley. Set the ratio of its ends equal to $\kappa$, and out come Polyak's settings,
# which notebook 01 took on trust:
#
# $$ \frac{1+\sqrt\rho}{1-\sqrt\rho} = \sqrt\kappa
#    \quad\Rightarrow\quad \sqrt\rho = \frac{\sqrt\kappa-1}{\sqrt\kappa+1},
#    \qquad \eta = \frac{(1+\sqrt\rho)^2}{\lambda_{\max}} $$
#
# Figure 7.3 shows both methods so tuned, for $\kappa = 25$.

# %%
figures.show("7.3")

# %% exercise="tune-momentum"

# %% [markdown]
# ### The price of a valley, once more
#
# Notebook 01 found $\kappa$ against $\sqrt\kappa$. But there $\eta$ and $\rho$ were tuned to each valley,
# and who knows $\kappa$? So a third contender keeps $\rho = 0.9$ throughout and tunes $\eta$ alone, as
# most people do.


# %% tags=["claim-7.3.1-e"]
def steps_to_goal(kappa, method, steps):
    points = minimize(valley(kappa), [1.0, 1.0], method, steps=steps).points
    return settled_step(np.hypot(*points.T) <= 1e-6)


kappas = [10, 100, 1000, 10_000]
needed = {"SGD": [], "Momentum": [], "ρ = 0.9": []}
for kappa in kappas:
    for name, kind in {"SGD": SGD, "Momentum": Momentum}.items():
        needed[name].append(steps_to_goal(kappa, best_on_quadratic(kind, 1, kappa), 8 * kappa + 30))
    tries = [  # in units of 3.8/κ, where stability ends
        steps_to_goal(kappa, Momentum(share * 3.8 / kappa, momentum=0.9), 400 + kappa // 2)
        for share in (0.002, 0.02, 0.1, 0.3, 0.6, 0.9, 0.97, 0.99, 0.999, 1.01)
    ]
    assert 0 < np.argmin(tries) < len(tries) - 1
    needed["ρ = 0.9"].append(min(tries))

power = {name: np.polyfit(np.log(kappas), np.log(n), 1)[0] for name, n in needed.items()}
gain = needed["SGD"][-1] / needed["ρ = 0.9"][-1]
assert abs(power["SGD"] - 1) < 0.02
assert abs(power["Momentum"] - 0.5) < 0.06
assert 18 < gain < 21

claim(
    "7.3.1-e",
    "holds if",
    "Momentum speeds up the way through a narrow valley.",
    "steps for κ = 10, 100, 1000, 10000: "
    + "; ".join(f"{name} {', '.join(f'{n:.0f}' for n in row)}" for name, row in needed.items())
    + f". Tuned to each valley it grows like κ^{power['Momentum']:.2f}; with ρ fixed at 0.9 it is "
    f"slower than plain descent at κ = 10, and {gain:.0f} times as fast at κ = 10000.",
    condition="ρ fits κ: then √κ replaces κ; a fixed ρ saves at best a factor of about "
    "(1 + ρ)/(1 − ρ)",
)

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 3.0), layout="constrained")
    wide = np.array([10, 20_000])
    for law, words in ((wide, "½ κ ln 10⁶"), (np.sqrt(wide), "½ √κ ln 10⁶")):
        ax.plot(wide, law / 2 * np.log(1e6), color=style.PALE, lw=3)
        ax.text(22_000, law[-1] / 2 * np.log(1e6), words, va="center", color=style.MUTED)
    for name, row in needed.items():
        look = style.METHODS.get(name, style.METHODS["Momentum"])
        open_mark = {"mfc": style.PAPER} if name == "ρ = 0.9" else {}
        ls = ":" if name == "ρ = 0.9" else look.linestyle
        ax.loglog(kappas, row, marker=look.marker, ls=ls, ms=6, color=look.color, **open_mark)
    ax.text(2000, 8000, "plain descent", color=style.METHODS["SGD"].words)
    ax.text(11_500, 3100, "ρ = 0.9, η tuned", color=style.METHODS["Momentum"].words)
    ax.text(260, 52, "momentum, tuned", color=style.METHODS["Momentum"].words)
    ax.set(xlim=(8, 130_000), xlabel="condition number κ", ylabel="steps to a millionth")
    ax.set_title("Tuning ρ changes the power, a fixed ρ only the factor")
    plt.show()

# %% [markdown]
# The dotted line is flat as long as the valley fits on the floor of $\rho = 0.9$, up to
# $\kappa = 1442$. Beyond it rises like plain descent's, with a factor between them that tends to
# $(1+\rho)/(1-\rho) = 19$: the ratio of steady to alternating steps that you saw above. (The grey lines
# are the rates in the long run; tuned momentum lies above its own by the factor $n$ of notebook 01.)

# %% [markdown]
# ## A ball with friction
#
# The other promise of momentum is to escape: what has speed does not stop where the slope is 0. The
# picture behind it is a ball, with $v$ for its velocity and $1-\rho$ for its friction.

# %%
figures.show("7.8")

# %% [markdown]
# The line above the curve is the ball's energy, the loss plus $v^2/2\eta$. Friction lowers it at every
# step. The ball passes a barrier if the line stays above the top until the ball is there.
#
# Why $v^2/2\eta$? Newton's law is a change of velocity by $-g\,\mathrm dt$ and of place by velocity
# times $\mathrm dt$. Compare with Eq. 7.1: the gradient moves $w$ by $\eta g$, so one step lasts
# $\mathrm dt = \sqrt\eta$, and the speed is $v/\sqrt\eta$. The share $1-\rho$ of the speed is lost in
# this time, so the friction of the real ball is $\gamma = (1-\rho)/\sqrt\eta$.
#
# That has a consequence you may not expect. This ball crosses. Now be careful: take smaller
# steps, $\eta = 0.02$ instead of 0.05, on the same curve with the same $\rho$. A smaller step should follow
# the ball's true path more closely. Does it still cross?

# %%
Ball(rate=0.05, momentum=0.9, steps=150)

# %% [markdown]
# It does not: a smaller $\eta$ at the same $\rho$ is *more friction*, $\gamma$ has grown from 0.45 to
# 0.71. To watch the same ball in slower motion, $1-\rho$ must shrink like $\sqrt\eta$.


# %% tags=["claim-7.3.1-i"]
def drop(rate, rho, time):
    """The ball's place by step, from rest at 1.55 in the tilted double well."""
    steps = round(time / np.sqrt(rate))
    return minimize(DoubleWell(tilt=0.15), [1.55], Momentum(rate, rho), steps).points[:, 0]


ball = drop(0.01, 0.95, time=20.0)  # γ = 0.5
# At a quarter of the rate a step lasts half as long. γ = 0.5 again, and 1:
kept, lost = (np.abs(ball - drop(0.0025, rho, time=20.0)[::2]) for rho in (0.975, 0.95))
coasting = -velocities(np.append(1.0, np.zeros(30)), 0.9)  # one push, then level ground
assert np.allclose(coasting, 0.9 ** np.arange(31), rtol=1e-12)
assert kept.max() < 0.05
assert lost[-1] > 1.5

claim(
    "7.3.1-i",
    "holds if",
    "v is like a velocity, and 1 − ρ is like a coefficient of friction.",
    "on level ground each step keeps 0.9 of the velocity, at ρ = 0.9. A ball with η = 0.01 and "
    "ρ = 0.95 crosses; at a quarter of the rate and the same ρ it ends in the other well. With "
    f"1 − ρ halved as well it stays within {kept.max():.2f} of the first at all times n√η.",
    condition="time is counted in steps; in units of its own time the friction is (1 − ρ)/√η",
)

# %% [markdown]
# So one number, $\gamma$, should decide whether a barrier is crossed. Here is a grid of both $\eta$ and
# $\rho$, over a factor of 100 in $\eta$, in the well of the playground. And since few starts are as high
# as this one, 2000 random starts as well.

# %% tags=["claim-7.3.1-f"]
well = DoubleWell(tilt=0.15)
top = DoubleWell(tilt=0.15, dimension=2).saddles[0, 0]
rates, frictions = np.geomspace(1e-3, 0.1, 13), np.geomspace(0.01, 1, 20)


def crosses(rate, rho):
    return bool((drop(rate, rho, time=8.0) < top).any())


over = np.array([[crosses(rate, 1 - friction) for rate in rates] for friction in frictions])
gammas = np.arange(0.4, 0.8, 0.005)
critical = [max(g for g in gammas if crosses(rate, 1 - g * np.sqrt(rate))) for rate in rates]
spread = max(critical) / min(critical)
assert spread < 1.05

starts = np.random.default_rng(73).uniform(-1.7, 1.7, size=(2000, 1))
deep, _ = well.minima[:, 0]
good = {}  # whether each start ends in the deeper well
for rho in (0, 0.9, 0.99):
    ends = minimize(well, starts, Momentum(0.05, rho), steps=3000).points[-1, :, 0]
    good[rho] = np.abs(ends - deep) < 0.01
freed = {rho: np.mean(good[rho][~good[0]]) for rho in (0.9, 0.99)}
lost = {rho: np.mean(~good[rho][good[0]]) for rho in (0.9, 0.99)}
assert 0.1 < freed[0.9] < freed[0.99] < 0.3
assert lost[0.9] == 0 < lost[0.99] < 0.05

claim(
    "7.3.1-f",
    "holds if",
    "Momentum carries a run out of a local minimum.",
    f"from w = 1.55 the barrier is crossed for (1 − ρ)/√η below {np.mean(critical):.2f}, the same "
    f"within {spread - 1:.0%} for rates from 0.001 to 0.1. Of 2000 random starts plain descent leaves "
    f"{np.mean(~good[0]):.0%} in the shallower well; momentum frees {freed[0.9]:.0%} of these at "
    f"ρ = 0.9 and {freed[0.99]:.0%} at 0.99, where it also takes {lost[0.99]:.0%} of the others out of "
    "the deeper one.",
    condition="(1 − ρ)/√η is below a value that start and barrier set; most random starts stay",
)

# %% tags=["hide-input"]
with style.context():
    fig, ax = plt.subplots(figsize=(7, 3.0), layout="constrained")
    ax.pcolormesh(rates, frictions, over, cmap=ListedColormap(["#C9DFEF", "#F6DFCC"]))
    ax.plot(rates, np.mean(critical) * np.sqrt(rates), color=style.INK)
    ax.text(0.003, 0.2, "stays", ha="center", color=style.METHODS["SGD"].words)
    ax.text(0.06, 0.025, "crosses", ha="center", color=style.METHODS["Momentum"].words)
    ax.text(0.0125, 0.0815, f"1 − ρ = {np.mean(critical):.2f} √η", ha="right")
    ax.set(xscale="log", yscale="log", xlabel="learning rate η", ylabel="friction 1 − ρ")
    ax.set_title("One barrier, one start: which settings cross, and the line of equal γ")
    plt.show()

# %% exercise="cross-the-barrier"

# %% [markdown]
# ### And saddles?
#
# At a saddle nothing has to be climbed. Notebook 01 found that plain descent leaves it after about
# $\ln(1/\delta)/\ln(1+\eta|\lambda_-|)$ steps, where $\delta$ is the offset from the ridge. With momentum
# the growth per step is the larger root of the same equation as before, now with a negative $\lambda$.

# %% tags=["claim-7.3.1-j"]
ridge = saddle()  # curvatures +1 along w₁, −1 along w₂
print("rate η   offset δ   plain   ρ = 0.9   ratio by the roots")
sooner = {}
for rate in (0.1, 0.001):
    ratio = np.log(max(np.roots([1, -(1.9 + rate), 0.9]))) / np.log(1 + rate)
    for delta in (1e-4, 1e-8):
        limit = int(1.1 * np.log(1 / delta) / rate)
        leaves = [
            first_step(np.abs(minimize(ridge, [1, delta], method, limit).points[:, 1]) >= 1)
            for method in (SGD(rate), Momentum(rate, momentum=0.9))
        ]
        print(f"{rate:5} {delta:11.0e} {leaves[0]:8} {leaves[1]:8} {ratio:15.1f}")
        sooner[rate, delta] = leaves[0] / leaves[1]
        assert 0.85 < sooner[rate, delta] / ratio < 1
on_ridge = minimize(ridge, [1.0, 0.0], Momentum(0.1, momentum=0.99), 10_000).points[:, 1]
assert (on_ridge == 0).all()

claim(
    "7.3.1-j",
    "too strong",
    "Momentum prevents a run from getting stuck at a saddle.",
    f"from δ = 10⁻⁸ with ρ = 0.9 it leaves {sooner[0.1, 1e-8]:.1f} times as soon at η = 0.1, and "
    f"{sooner[0.001, 1e-8]:.1f} times at 0.001. The steps still grow like ln(1/δ), and from exactly "
    "on the ridge it never leaves either.",
    condition="it shortens the plateau by a factor of at most 1/(1 − ρ)",
)

# %% [markdown]
# Nothing was stuck there to begin with. Where momentum does what plain descent cannot is the level
# *shelf* of Figure 7.8: it has no direction of growth, plain descent comes nearer like $1/n$ and never
# passes, and a ball rolls across.

# %% [markdown]
# ## A misprint in the batch gradient
#
# For mini-batches of $B$ samples the book prints
#
# $$ g(n) = \frac{\eta}{B}\sum_{m=nB}^{(n+1)B}\frac{\partial\mathcal L(m)}{\partial w} $$
#
# Read it against Eq. 7.1: the velocity multiplies $g(n)$ by $\eta$, so that the rate is applied twice. And
# the sum runs from $nB$ to $(n+1)B$ inclusive, which are $B+1$ samples; each last one is the first one
# of the next batch. Right is $\frac1B$ in front and $(n+1)B-1$ on top. Here are both, literally, on a
# network for handwritten digits.

# %% tags=["claim-7.3.1-g"]
x_train, y_train, x_test, y_test = datasets.digits()


def steps_to_half(printed, rate=0.05, size=32):
    """Steps of momentum until the loss of all training data is below 0.5."""
    network, method = mlp([64, 32, 10], np.random.default_rng(5)), Momentum(rate, momentum=0.9)
    state = method.init(network.parameters)
    n = 0
    while network.evaluate(x_train, y_train)[0] >= 0.5:
        for _ in range(5):
            first = n % (len(x_train) // size - 1) * size
            rows = slice(first, first + size + printed)  # as printed, one sample more
            _, mean = network.loss_and_gradient(x_train[rows], y_train[rows])
            gradient = rate / size * (size + 1) * mean if printed else mean
            network.parameters, state = method.update(network.parameters, gradient, state)
            n += 1
    return n


right, twice = steps_to_half(printed=False), steps_to_half(printed=True)
assert 9 < twice / right < 16

claim(
    "7.3.1-g",
    "misprint",
    "The gradient of a batch is η/B times the sum over m = nB … (n+1)B.",
    f"at η = 0.05 the training loss falls below 0.5 after {right} steps with the right gradient, and "
    f"after {twice} with the printed one, whose rate is η²: twenty times too small.",
    condition="1/B times the sum up to (n+1)B − 1; η is in Eq. 7.1 already",
)

# %% [markdown]
# The harm hides: at $\eta = 1$ there is none, and whoever tunes the rate finds a good one anyway, the
# square root of the right one.

# %% [markdown]
# ## On a real network
#
# So far every surface was smooth and known. Now the network for digits, trained in two ways: with
# mini-batches of 32 for five epochs, and with all 1,438 samples at once for 60 steps. Each $\rho$ is run at
# many rates with three seeds, and each is judged by the same number, the loss of all training data
# at the end.


# %%
def run(seed, rho, effective, batch):
    rng = np.random.default_rng(seed)
    network = mlp([64, 32, 10], rng)
    method = Momentum(effective * (1 - rho), momentum=rho)
    epochs = 5 if batch == 32 else 60
    options = {"epochs": epochs, "batch_size": batch, "rng": rng, "progress": False}
    train(network, x_train, y_train, method, **options)
    accuracy = network.evaluate(x_test, y_test)[1]
    return {"loss": network.evaluate(x_train, y_train)[0], "accuracy": accuracy}


grid = {"rho": [0.0, 0.5, 0.9, 0.99], "effective": [0.05, 0.1, 0.2, 0.5, 1, 2, 5], "batch": [32]}
noisy = sweep(run, grid, seeds=[0, 1, 2], progress=False)
grid = {"rho": [0.0, 0.9], "effective": [0.5, 1, 2, 5, 10, 20], "batch": [len(x_train)]}
exact = sweep(run, grid, seeds=[0, 1, 2], progress=False)

# %% tags=["hide-input"]
spread = {"estimator": "median", "errorbar": ("pi", 100), "err_style": "bars"}
with style.context():
    fig, panels = plt.subplots(1, 3, figsize=(7, 2.9), layout="constrained", sharey=True)
    for ax, table, axis in (
        (panels[0], noisy, "rate"),
        (panels[1], noisy, "effective"),
        (panels[2], exact, "effective"),
    ):
        table = table.assign(rate=table["effective"] * (1 - table["rho"]))
        for rho, group in table.groupby("rho"):
            drawn = dict(zip(("color", "marker", "ls"), looks[rho], strict=True), ms=4, mew=0)
            drawn |= spread | {"label": f"ρ = {rho:g}", "legend": ax is panels[0]}
            sns.lineplot(group, x=axis, y="loss", ax=ax, **drawn)
        ax.set(xscale="log", yscale="log", ylim=(0.01, 3))
    panels[0].set(title="batches of 32", xlabel="rate η", ylabel="training loss at the end")
    panels[1].set(title="batches of 32", xlabel="effective rate η/(1 − ρ)")
    panels[2].set(title="all data at once", xlabel="effective rate η/(1 − ρ)")
    plt.show()

# %% [markdown]
# Medians of three seeds, with their range. On the left, the usual comparison at one shared rate: at
# $\eta = 0.05$ momentum 0.9 looks like a great success, and 0.99 like a failure. In the middle are the
# *same runs*, drawn over the effective rate, and up to 0.2 the curves fall on one another. There
# momentum is another way to write a larger learning rate. ($\rho = 0.99$ lies higher: its velocity
# needs a hundred steps to build up, and the whole run has 225.)
#
# On the right there is no noise, only curvature. Again the curves agree at first. But plain descent
# breaks down beyond an effective rate of 1, and momentum goes on to 10. That is its own contribution:
# the end of stability $2(1+\rho)/\lambda$, as an effective rate, is $(1+\rho)/(1-\rho) = 19$ times that
# of plain descent. On mini-batches noise ends momentum's climb sooner, and little of this is left.

# %% tags=["claim-7.3.1-k"]
losses = noisy.groupby(["rho", "effective"])["loss"].median().unstack()
shared = [losses[rate][rho] for rho, rate in ((0, 0.05), (0.5, 0.1), (0.9, 0.5), (0.99, 5))]
tuned = {rho: best(table, "loss") for rho, table in noisy.groupby("rho")}
full = {rho: best(table, "loss") for rho, table in exact.groupby("rho")}
assert all(found.is_interior for found in [*tuned.values(), *full.values()])
three = [tuned[rho].value for rho in (0, 0.5, 0.9)]
agreeing = losses.loc[[0, 0.5, 0.9], [0.05, 0.1, 0.2]]
assert max(shared) > 5 * min(shared)
assert max(three) < 2.5 * min(three)
assert (agreeing.max() < 1.25 * agreeing.min()).all()
assert full[0].value > 3 * full[0.9].value

claim(
    "7.3.1-k",
    "holds if",
    "Momentum improves the speed of convergence of training.",
    "batches of 32: at the shared rate η = 0.05 the losses for ρ = 0 to 0.99 differ by more than a "
    "factor of 5. At the same effective rate, up to 0.2, those for ρ = 0, 0.5 and 0.9 agree within a "
    "quarter; each at its own best rate they differ by less than a factor of 2.5. All data at once: "
    "ρ = 0.9 at its best rate ends with less than a third of plain descent's loss.",
    condition="curvature limits the rate, not the noise of small batches; there η/(1 − ρ) is what "
    "counts",
    paper="Shallue et al. 2019, on batch sizes",
    reported="Tuned plain descent keeps up with momentum at small batches and falls behind at large ones.",
)

# %% [markdown]
# This agrees with what others found on large networks: at the batch sizes where noise rules, tuned
# plain descent keeps up, and momentum pays as batches grow (Kidambi et al. 2018; Shallue et al. 2019).
# Either way $\rho = 0.9$ is a good default: it keeps up where noise rules, and wins where curvature does.
#
# ## Two forms that part
#
# PyTorch keeps the sum of gradients and multiplies by $\eta$ outside:
# $v \leftarrow \rho v + g$, $w \leftarrow w - \eta v$. While $\eta$ is constant that is the same. When a
# schedule cuts $\eta$ to a tenth, the book's velocity still holds the old, long steps, and coasts;
# PyTorch's is cut at once. How far does it coast, on a steady slope?

# %%
cut = np.repeat([[0.1], [0.01]], 200, axis=0)  # η falls to a tenth at step 200
book = velocities(cut, 0.9).cumsum()  # a gradient of 1, times η inside the velocity
torch_form = (cut * velocities(np.ones_like(cut), 0.9)).cumsum()  # and outside
farther = torch_form[-1] - book[-1]
assert np.allclose(book[:200], torch_form[:200], rtol=1e-12)
assert abs(farther - 0.09 * 0.9 / (1 - 0.9) ** 2) < 1e-6
print("up to the cut the two forms agree to rounding")
print(f"then the book's coasts {farther:.1f} further: {farther / 0.1:.0f} steps at the new rate")

# %% [markdown]
# ## What to take away
#
# | to know | its number |
# |---|---|
# | how long a gradient is remembered | about $1/(1-\rho)$ steps |
# | the rate on even ground | the effective rate $\eta/(1-\rho)$: hold it when you change $\rho$ |
# | regime on a curvature $\lambda$ | $\eta\lambda$: creeping below $(1-\sqrt\rho)^2$, swinging up to $(1+\sqrt\rho)^2$, zig-zag up to $2(1+\rho)$, then diverging |
# | speed where it swings | a step keeps $\sqrt\rho$, whatever $\eta$ is |
# | how wide a valley $\rho$ serves | up to $\kappa = \bigl((1+\sqrt\rho)/(1-\sqrt\rho)\bigr)^2$: 34 at $\rho = 0.5$, 1442 at 0.9 |
# | friction of the ball | $(1-\rho)/\sqrt\eta$: a smaller rate needs more $\rho$ to cross the same barrier |
#
# **What the book says, and what was measured.** Claims 7.3.1-a, b, c and d hold as they stand: the sum,
# $\rho = 0$, steady against alternating gradients, the bound. Five need a condition: the speed in a valley
# ($\rho$ fits $\kappa$, 7.3.1-e), the way out of a local minimum (little friction, f), the overshoot
# ($\rho$ above $(1-\sqrt{\eta\lambda})^2$, h), friction (per step, i) and faster training (curvature is
# what limits the rate, k). One is too strong: at a saddle momentum shortens the plateau, and that is
# all (j).
#
# **One misprint** (7.3.1-g). Printed: $g(n) = \frac{\eta}{B}\sum_{m=nB}^{(n+1)B}$. Right:
# $g(n) = \frac1B\sum_{m=nB}^{(n+1)B-1}$. The printed one applies the rate twice: about twelve times as
# many steps in our run.

# %% [markdown]
# ### The same elsewhere
#
# ```python
# # PyTorch: v ← ρ v + (1 − dampening) g, w ← w − η v; the very first v is g, never dampened
# optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, dampening=0)
#
# # Keras: v ← ρ v − η g, w ← w + v, as in the book
# optimizer = keras.optimizers.SGD(learning_rate=0.01, momentum=0.9)
# ```
#
# | form | the book's $\eta$ that takes the same steps |
# |---|---|
# | Keras; Sutskever et al. (2013) | the same |
# | PyTorch, `dampening=0` | the same while $\eta$ is constant; after a change the book's coasts, as measured above |
# | averaging, $v \leftarrow \rho v + (1-\rho)\,g$ (Adam's first average; `dampening=ρ` but for the first step) | theirs times $1-\rho$ |
#
# A rate copied from the averaging form into one of the others is too large by $1/(1-\rho)$: ten times
# at the usual $\rho$.

# %% [markdown]
# ### Sources
#
# - Section 7.3.1 of *Training Neural Networks Part 1*, whose figures and symbols this notebook follows.
# - B. T. Polyak (1964), "Some methods of speeding up the convergence of iteration methods": the method,
#   and its best settings on a quadratic.
# - N. Qian (1999), "On the momentum term in gradient descent learning algorithms": the ball with mass
#   and friction, critical damping.
# - I. Sutskever, J. Martens, G. Dahl, G. Hinton (2013), "On the importance of initialization and momentum
#   in deep learning".
# - G. Goh (2017), "Why momentum really works", distill.pub: the eigenvalues and the regimes, explored
#   at length.
# - R. Kidambi, P. Netrapalli, P. Jain, S. Kakade (2018), "On the insufficiency of existing momentum
#   schemes for stochastic optimization"; C. Shallue et al. (2019), "Measuring the effects of data
#   parallelism on neural network training": momentum against batch size.
# - The digits: E. Alpaydin, C. Kaynak (1998), "Optical recognition of handwritten digits", UCI.
