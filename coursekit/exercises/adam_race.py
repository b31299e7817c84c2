"""Exercises of notebook 07, Adam (Section 7.3.5): a misprint, a return, and a race."""

import math
from collections.abc import Iterator

import numpy as np

from coursekit.descent import first_step, minimize
from coursekit.exercises.core import predict_exercise
from coursekit.objectives import valley
from coursekit.optimizers import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSProp

_START = [-1.6, 1.2]


def _run_as_printed():
    rates = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0]
    lines = ["rate η        " + "".join(f"{rate:>8}" for rate in rates)]
    settings = {"0.9, 0.999": Adam, "0.999, 10⁻⁸": lambda rate: Adam(rate, 0.999, 1e-8)}
    for name, make in settings.items():
        counts = [
            first_step(minimize(valley(), _START, make(rate), steps=2000).values <= 1e-6)
            for rate in rates
        ]
        words = [f"{count:8}" if math.isfinite(count) else "   never" for count in counts]
        lines.append(f"{name:14}" + "".join(words))
    return "Steps until the loss of the valley is below 10⁻⁶, of 2000:\n" + "\n".join(lines)


find_the_misprint = predict_exercise(
    "find-the-misprint",
    section="7.3.5",
    title="Find the misprint",
    question=(
        "Four statements of the book about Adam, in its own letters: β belongs to Λ, the average "
        "of the gradients, and α to Δ, the average of their squares; n = 1, 2, 3, … Three of them "
        "may be run as they stand. Which one may not?"
    ),
    right="D",
    reveal=_run_as_printed,
    choices={
        "A": (
            "Λ(n) = β Λ(n−1) + (1−β) g(n)",
            "That is a running average, and right: the weights β and 1 − β sum to 1.",
        ),
        "B": (
            "Δ̂(n) = Δ(n) / (1−αⁿ)",
            "That is right. With n from 1 the weights in Δ(n) sum to 1 − αⁿ, and so the division "
            "makes an average of them.",
        ),
        "C": (
            "w(n+1) = w(n) − η Λ̂(n) / √(Δ̂(n)+ε)",
            "The paper has ε outside the root, but either place works: a convention, not an error.",
        ),
        "D": (
            "Usual values: α = 10⁻⁸ and β = 0.999",
            "0.999 looks familiar, but it belongs to the squares: α = 0.999 and β = 0.9. The "
            "number 10⁻⁸ is ε. As printed, Λ remembers a thousand gradients and Δ a single one.",
        ),
    },
    hints=[
        "Which average should be the longer one, that of the gradients or that of the squares?",
        "Which of the numbers in the four lines would you expect to be an ε?",
    ],
)


def _run_on():
    values = minimize(valley(), _START, Adam(0.2), steps=8000).values
    lines = ["steps             smallest loss   largest loss"]
    for low, high in [(0, 125), (126, 1000), (1001, 4000), (4001, 8000)]:
        part = values[low : high + 1]
        lines.append(f"{low:4} to {high:4}  {_power(part.min()):>15}  {_power(part.max()):>13}")
    return "\n".join(lines)


def _power(value):
    return f"10^{math.log10(value):.0f}" if value > 0 else "0"


adam_stays = predict_exercise(
    "adam-stays",
    section="7.3.5",
    title="Arrived. And then?",
    question=(
        "Adam at the constant rate η = 0.2, the usual β₁, β₂ and ε, in the valley "
        "½ (w₁² + 20 w₂²), from the start of all these notebooks. The gradients are exact, without "
        "any noise. After 125 steps the loss is below 10⁻⁶. It goes on for 8000 steps. What "
        "happens to the loss?"
    ),
    right="C",
    reveal=_run_on,
    choices={
        "A": (
            "It hovers somewhere around 10⁻⁶: the steps have the length η whatever the gradient.",
            "So it would if Δ forgot at once. But Δ remembers the large gradients of the way down "
            "for a thousand steps, and the steps shrink with the gradient.",
        ),
        "B": (
            "It shrinks for good, until it is 0 but for rounding.",
            "For thousands of steps, yes. But all that time Δ forgets, and the divisor with it.",
        ),
        "C": (
            "It falls below 10⁻¹⁰⁰, and later it is back above 0.1.",
            "Δ forgets while nothing happens. The rate η/√(Δ̂+ε) of each coordinate grows until it "
            "is too large for the curvature; then the oscillation grows without a limit, until it "
            "is large enough to be remembered.",
        ),
        "D": (
            "It falls to about 10⁻⁸, where ε takes over, and stays there.",
            "With ε the divisor the method becomes momentum at the rate η/√ε = 2000. Would "
            "momentum stay in this valley at such a rate?",
        ),
    },
    hints=[
        "What is Δ after a thousand steps with next to no gradient?",
        "How large is the rate of a coordinate, η/√(Δ̂+ε), when Δ̂ has shrunk to nothing?",
    ],
)

_PLAIN = {"SGD": SGD, "Momentum": Momentum, "Nesterov": Nesterov}
_ADAPTIVE = {"AdaGrad": AdaGrad, "RMSProp": RMSProp, "Adam": Adam}


def _at_its_best() -> Iterator[tuple[float, float, str]]:
    """The steps of each method, a mean over the starts, at the best of nine rates."""
    tilted = valley(20.0, rotation=np.pi / 6)
    starts = np.random.default_rng(1).uniform(-2, 2, size=(16, 2))
    for name, make in (_PLAIN | _ADAPTIVE).items():
        centre = -1.5 if name in _PLAIN else -0.5
        found = []
        for rate in (10 ** (centre + np.arange(-4, 5) / 3)).tolist():
            values = minimize(tilted, starts, make(rate), steps=300).values
            found.append((float(np.minimum(first_step(values <= 1e-4), 300).mean()), rate, name))
        yield min(found)


def _run_the_race():
    lines = ["          mean of the steps   best rate η"]
    lines += [f"{name:9} {mean:13.0f} {rate:16.3f}" for mean, rate, name in sorted(_at_its_best())]
    return "\n".join(lines)


race = predict_exercise(
    "race",
    section="7.3.5",
    title="Place your bet",
    question=(
        "The valley ½ (w₁² + 20 w₂²), tilted by 30° so that no method has its axes for free. "
        "Sixteen random starts; the goal is a loss below 10⁻⁴ within 300 steps, and who does not "
        "get there counts as 300. Each method runs at its own best rate of nine, the other "
        "settings as usual. Whose mean number of steps is the smallest?"
    ),
    right="B",
    reveal=_run_the_race,
    choices={
        "A": (
            "Adam's: it has momentum and a rate for each coordinate.",
            "Adam needs about as many steps as plain momentum here. In a tilted valley both "
            "coordinates have gradients of a similar size, so that Δ has little to even out.",
        ),
        "B": (
            "Nesterov's.",
            "On a quadratic the look ahead damps the steep direction, and the shallow one still "
            "has the full momentum. That is this valley exactly.",
        ),
        "C": (
            "RMSProp's: it divides by the size of the gradient at once.",
            "It is fast at first, but then its steps jump around the minimum. At a rate small "
            "enough to come below 10⁻⁴ from most starts it is the slowest of the six.",
        ),
        "D": (
            "Momentum's, as in Figure 7.3.",
            "In Figure 7.3 ρ was chosen for the valley as well. At the usual 0.9 it overshoots, "
            "and needs no fewer steps than plain descent here.",
        ),
    },
    hints=[
        "The loss is a quadratic, the best that momentum can wish for.",
        "What does a rate for each coordinate help when the valley is not along a coordinate?",
    ],
)
