"""Exercises of notebook 02, learning-rate annealing (Section 7.2): read curves, tune a schedule."""

from copy import deepcopy

import numpy as np

from coursekit.annealing import STEPS, SURFACES, runs_of, schedule_of, stationary_loss, tail_loss
from coursekit.datasets import digits
from coursekit.diagnostics import dead_units
from coursekit.exercises.core import predict_exercise, tune_exercise
from coursekit.network import mlp
from coursekit.optimizers import SGD
from coursekit.training import train

RATES = {"A": 0.003, "B": 2.0, "C": 0.5, "D": 0.1}


def cut_or_kept(rate, seed):
    """Train four epochs at a rate, then four more at the same rate, and four at a tenth of it.

    Returns the mean loss of the fourth epoch and of the last one, kept and cut, and how many of
    the 32 hidden units answered to any digit when the rate was cut.
    """
    data = digits()
    x, y = data.x_train[:480], data.y_train[:480]
    rng = np.random.default_rng(seed)
    network = mlp([64, 32, 10], rng)
    settings = {"epochs": 4, "batch_size": 4, "progress": False}
    first = train(network, x, y, SGD(rate), rng=rng, **settings)
    ends = []
    for later in (rate, rate / 10):
        branch, same = deepcopy(network), np.random.default_rng(seed)  # the same batches for both
        ends.append(train(branch, x, y, SGD(later), rng=same, **settings).loss[-120:].mean())
    (dead,) = dead_units(network, x).values()
    return first.loss[-120:].mean(), *ends, int((~dead).sum())


def _cut_all():
    lines = ["run   rate η   epoch 4   epoch 8, kept   epoch 8, cut   units"]
    for letter, rate in RATES.items():
        before, kept, cut, alive = np.mean([cut_or_kept(rate, seed) for seed in (0, 1)], axis=0)
        losses = f"{before:10.2f}{kept:16.2f}{cut:15.2f}"
        lines.append(f"{letter}     {rate:<6g}{losses}{alive:8.0f}")
    lines.append("Training loss, means of two runs; cut: at a tenth of the rate.")
    lines.append("Units: those of the 32 that answer to any digit at epoch 4.")
    return "\n".join(lines)


read_the_curves = predict_exercise(
    "read-the-curves",
    section="7.2",
    title="Which plateau is worth a lower rate?",
    question=(
        "One network with 32 rectified hidden units learns 480 digits in batches of 4, at four "
        "constant rates. Its training loss in the first four epochs:\n"
        "A falls slowly, by about 0.1 an epoch, from 2.3 to 2.0.\n"
        "B rises in its first steps, and then lies at 2.4, nearly level.\n"
        "C falls fast, to somewhat below 1, and goes up and down there.\n"
        "D falls fast, to 0.3, and goes on falling, ever slower.\n"
        "Now the rate is divided by ten, and four more epochs follow. For which run is the loss at "
        "the end lower by a third or more than it would be without the cut?"
    ),
    right="C",
    reveal=_cut_all,
    choices={
        "A": (
            "The slow one: it needs help the most.",
            "A creeps because its rate is too small. A smaller one makes it creep more: it ends "
            "higher than without the cut.",
        ),
        "B": (
            "The one that lies at 2.4: its rate is plainly too high.",
            "The rate was too high, and now it is too late. The first steps have thrown all hidden "
            "units where they answer to no digit, and there their gradient is 0: no rate moves "
            "them (Section 7.4.2). A smaller one only gets to ln 10 = 2.30, the loss of giving "
            "each digit a tenth.",
        ),
        "C": (
            "The one that goes up and down: it makes no more progress.",
            "C has learned, and now noise of the batches carries it about: with smaller steps it "
            "settles, at about half of the loss that it has without the cut. B is stuck higher "
            "up, but there is nothing that smaller steps could settle: its hidden units are dead.",
        ),
        "D": (
            "The one that slows down: now is the time for smaller steps.",
            "D slows down because its slope gets smaller. Noise does not hold it up yet: at a "
            "tenth of the rate it makes less progress in these epochs, and ends higher.",
        ),
    },
    hints=[
        "A lower rate takes away noise, and it takes away speed. Which run has noise to lose?",
        "ln 10 = 2.30 is the loss of a network that gives every digit the probability 1/10.",
    ],
)


ALLOWED = 0.0045
_VALLEY = SURFACES["valley"]
_NOISY = {"surface": "valley", "start": (-1.6, 1.2), "noise": 1.0, "seed": 0}


def _measure_schedule(state):
    """The mean loss over the last 40 of all 200 steps, and why it is not lower."""
    found = tail_loss(_VALLEY, runs_of({**state, "steps": STEPS}))
    schedule = schedule_of(state)
    rates = np.array([schedule(n) for n in range(STEPS)])
    then = rates[-found.span]  # when the last fifth begins
    measured = f"Mean loss {_short(found.loss)} over the last {found.span} of {STEPS} steps"
    if found.loss <= ALLOWED:
        parts = f"{_short(found.left)} for the way still to go, {_short(found.noise)} for noise"
        return True, f"{measured}: {parts}."
    if rates.max() >= 0.1 and not found.loss < 1:
        factor = f"{1 - 20 * rates.max():.2g}".replace("-", "−")
        return False, f"It diverges: at η = {rates.max():.2g} a step multiplies w₂ by {factor}."
    measured += f", and {ALLOWED} is allowed"
    if found.left > found.noise:
        share = f"the {STEPS} steps leave {np.prod(1 - rates):.2g} of the distance along w₁"
        if then < rates.max() / 2:
            return False, f"{measured}. The rate falls before the way is done: {share}."
        return False, f"{measured}. The rate is too small to arrive: {share}."
    if found.noise > 2 * stationary_loss(_VALLEY, then, _NOISY["noise"]):
        return False, (
            f"{measured}. That is noise of larger rates, frozen in: the rate is down to "
            f"{_short(then)} when these steps begin, too small to take it away."
        )
    return False, (
        f"{measured}. It has arrived, and noise keeps it hovering: the rate is still "
        f"{_short(then)} when these steps begin."
    )


def _short(value):
    return f"{value:.2g}" if value >= 1e-4 else "less than 0.0001"


tune_schedule = tune_exercise(
    "tune-schedule",
    section="7.2",
    title="Fast first, quiet at the end",
    question=(
        "The valley L(w) = ½ (w₁² + 20 w₂²) from the start that is shown, in 200 steps, each on a "
        "gradient with noise, σ = 1. The mean loss of 64 runs over the last 40 steps is measured. "
        "The best constant rate brings it to 0.011. Find a schedule that brings it to 0.0045."
    ),
    playground="Annealing",
    settings=_NOISY
    | {"schedule": "constant", "rate": 0.05, "factor": 0.5, "every": 100, "decay": 0.1}
    | {"warmup": 20, "over": STEPS, "steps": STEPS, "zoom": False},
    goal=_measure_schedule,
    solution={
        "schedule": "step",
        "rate": 0.06,
        "factor": 0.5,
        "every": 40,
        "decay": 0.1,
        "warmup": 20,
        "over": STEPS,
        "steps": STEPS,
        "zoom": False,
    },
    mistakes=[
        (
            {"schedule": "constant", "rate": 0.08},
            "Mean loss 0.12 over the last 40 of 200 steps, and 0.0045 is allowed. It has arrived, "
            "and noise keeps it hovering: the rate is still 0.08 when these steps begin.",
        ),
        (
            {"schedule": "exponential", "rate": 0.08, "factor": 0.1, "every": 40},
            "Mean loss 0.075 over the last 40 of 200 steps, and 0.0045 is allowed. The rate falls "
            "before the way is done: the 200 steps leave 0.23 of the distance along w₁.",
        ),
        (
            {"schedule": "constant", "rate": 0.005},
            "Mean loss 0.21 over the last 40 of 200 steps, and 0.0045 is allowed. The rate is too "
            "small to arrive: the 200 steps leave 0.37 of the distance along w₁.",
        ),
        (
            {"schedule": "step", "rate": 0.1, "factor": 0.1, "every": 50},
            "Mean loss 0.0068 over the last 40 of 200 steps, and 0.0045 is allowed. That is noise "
            "of larger rates, frozen in: the rate is down to 0.0001 when these steps begin, too "
            "small to take it away.",
        ),
        (
            {"schedule": "constant", "rate": 0.12},
            "It diverges: at η = 0.12 a step multiplies w₂ by −1.4.",
        ),
    ],
    hints=[
        "Two parts make up the loss: the way still to go, and noise. The goal's line says which "
        "one is the larger; large rates lower the first, small rates the second.",
        "Start about as fast as is stable, below η = 0.1, and let the rate fall about tenfold, not "
        "a thousandfold, by the time the last 40 steps begin.",
        "Halve the rate every 40 steps, from a start between 0.05 and 0.09.",
    ],
)
