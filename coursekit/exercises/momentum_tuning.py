"""Exercises of notebook 03, momentum (Section 7.3.1): two playgrounds with a goal."""

import math

import numpy as np

from coursekit.descent import minimize, settled_step
from coursekit.exercises.core import tune_exercise
from coursekit.objectives import DoubleWell, valley
from coursekit.optimizers import Momentum

_VALLEY = {"surface": "steep valley", "start": (-1.6, 1.2), "steps": 150}
_VALLEY |= {"sgd": False, "momentum": True}


def _measure_momentum(state):
    """Steps until the loss of the valley ½ (w₁² + 100 w₂²) stays below 10⁻⁶, at most 90."""
    rate, rho = state["momentum_rate"], state["momentum_momentum"]
    if 100 * rate >= 2 * (1 + rho):
        bound = 2 * (1 + rho)
        return False, f"It never gets there: along w₂, ηλ = {100 * rate:.3g} is above {bound:.3g}."
    run = minimize(valley(100.0), state["start"], Momentum(rate, rho), steps=1000)
    count = settled_step(run.values <= 1e-6)
    taken = f"{count} steps" if count < math.inf else "More than 1000 steps"
    # The larger root of z² − (1 + ρ − ηλ) z + ρ, along each coordinate: what a step keeps.
    kept = [max(abs(np.roots([1, -(1 + rho - rate * c), rho]))) for c in (1, 100)]
    keeps = f"in the long run a step keeps {kept[0]:.3g} of w₁ and {kept[1]:.3g} of w₂"
    if count <= 90:
        return True, f"There for good in {taken}: {keeps}."
    if kept[0] > kept[1] * 1.001:
        why = "w₁ creeps"
    elif kept[1] > kept[0] * 1.001:
        why = "w₂ jumps from wall to wall"
    else:
        why = "both swing, and only friction stops that"
    return False, f"{taken}, and 90 are allowed: {keeps}; {why}."


tune_momentum = tune_exercise(
    "tune-momentum",
    section="7.3.1",
    title="Two numbers for a steep valley",
    question=(
        "The valley L(w) = ½ (w₁² + 100 w₂²), from the start that is shown. Find η and ρ with "
        "which momentum brings the loss below 10⁻⁶ for good in at most 90 steps. Plain descent at "
        "its best rate needs about 350."
    ),
    playground="Descent",
    settings=_VALLEY | {"momentum_rate": 0.01, "momentum_momentum": 0.9},
    goal=_measure_momentum,
    solution={"momentum_rate": 0.033, "momentum_momentum": 0.67},
    mistakes=[
        (
            {"momentum_rate": 0.01, "momentum_momentum": 0.9},
            "173 steps, and 90 are allowed: in the long run a step keeps 0.949 of w₁ and 0.949 of "
            "w₂; both swing, and only friction stops that.",
        ),
        (
            {"momentum_rate": 0.019, "momentum_momentum": 0.3},
            "253 steps, and 90 are allowed: in the long run a step keeps 0.973 of w₁ and 0.548 of "
            "w₂; w₁ creeps.",
        ),
        (
            {"momentum_rate": 0.03, "momentum_momentum": 0.3},
            "It never gets there: along w₂, ηλ = 3 is above 2.6.",
        ),
        (
            {"momentum_rate": 0.05, "momentum_momentum": 0.5},
            "It never gets there: along w₂, ηλ = 5 is above 3.",
        ),
    ],
    hints=[
        "Too much momentum swings too long, too little lets w₁ creep: the goal's line says which.",
        "Where both swing, a step keeps √ρ of both, whatever η is. Which ρ is small enough for 90?",
        "The smallest ρ at which both still swing is ((√κ − 1)/(√κ + 1))² = 0.669, with κ = 100.",
    ],
)


_BALL = {"surface": "double well", "tilt": 0.15, "start": 1.3, "method": "Momentum", "steps": 150}


def _measure_crossing(state):
    """Whether the ball crosses once, and stands still in the deeper well from step 60 on."""
    loss, barrier = DoubleWell(state["tilt"]), DoubleWell(state["tilt"], dimension=2).saddles[0, 0]
    optimizer = Momentum(state["rate"], state["momentum"])
    w = minimize(loss, [state["start"]], optimizer, state["steps"]).points[:, 0]
    friction = (1 - state["momentum"]) / math.sqrt(state["rate"])
    so = f"at friction (1 − ρ)/√η = {friction:.2g}"
    if not np.isfinite(w).all() or abs(w[-1]) > 2:
        return False, "It flies off: η is too large for the slopes here."
    crossings = int(np.sum(np.diff(w < barrier) != 0))
    if not crossings:
        return False, f"It does not come over the barrier, {so}."
    if crossings > 1:
        return False, f"It comes over the barrier {crossings} times, {so}: once is wanted."
    rests = settled_step(np.abs(w - loss.minima[0, 0]) <= 0.01)
    if rests <= 60:
        return True, f"Over the barrier once, and still from step {rests} on, {so}."
    at_rest = rests < state["steps"] - 20  # not just slow in the last steps
    when = f"still from step {rests} on" if at_rest else "still moving at the end"
    return False, f"Over the barrier once, and {when}, {so}: it is to be still by step 60."


cross_the_barrier = tune_exercise(
    "cross-the-barrier",
    section="7.3.1",
    title="Over the barrier, and no further",
    question=(
        "The ball starts low, at w = 1.3. Choose η and ρ so that it crosses the barrier exactly "
        "once and stands still in the deeper well, on the left, from step 60 on at the latest."
    ),
    playground="Ball",
    settings=_BALL | {"rate": 0.05, "momentum": 0.9},
    goal=_measure_crossing,
    solution={"rate": 0.5, "momentum": 0.82},
    mistakes=[
        (
            {"rate": 0.05, "momentum": 0.9},
            "It does not come over the barrier, at friction (1 − ρ)/√η = 0.45.",
        ),
        (
            {"rate": 0.05, "momentum": 0.98},
            "Over the barrier once, and still moving at the end, at friction (1 − ρ)/√η = 0.089: "
            "it is to be still by step 60.",
        ),
        (
            {"rate": 0.5, "momentum": 0.97},
            "It comes over the barrier 3 times, at friction (1 − ρ)/√η = 0.042: once is wanted.",
        ),
        (
            {"rate": 2.0, "momentum": 0.9},
            "It flies off: η is too large for the slopes here.",
        ),
    ],
    hints=[
        "More momentum carries it over, but then it swings for long. What else helps it over?",
        "What counts for the barrier is (1 − ρ)/√η: a larger η does the same as a larger ρ.",
        "The swings die out like √ρ a step: keep ρ small, and raise η instead.",
    ],
)
