"""Exercises of notebook 05, AdaGrad (Section 7.3.3)."""

import numpy as np

from coursekit.descent import first_step, minimize
from coursekit.exercises.code import code_exercise
from coursekit.exercises.core import predict_exercise
from coursekit.objectives import valley
from coursekit.optimizers import SGD, AdaGrad


def _sums_so_far(rng):
    yield 2.0, 9.0, 4.0, 0.1, 1e-7
    for shape, dtype in [((3,), np.float64), ((4, 2), np.float64), ((5,), np.float32)]:
        w, gradient = rng.normal(size=(2, *shape)).astype(dtype)
        total = rng.uniform(0.5, 4.0, size=shape).astype(dtype)
        yield w, total, gradient, float(rng.uniform(0.1, 1.0)), float(rng.uniform(0.1, 0.5))


@code_exercise(
    "adagrad-step",
    section="7.3.3",
    title="One step of AdaGrad",
    trials=_sums_so_far,
    hints=[
        "First add the square of the gradient to the sum, each coordinate for itself.",
        "The denominator is the root of the new sum plus ε: ε stands under the root.",
        "Return two things: the new point, and the new sum for the next step.",
    ],
)
def adagrad_step(w, sum_of_squares, gradient, learning_rate, epsilon):
    """Return the new (w, sum_of_squares) after one step of AdaGrad, Eq. 7.4.

    w(n+1) = w(n) − η g(n) / √(Σ g(i)² + ε), where the sum runs over i = 0 … n.
    w, sum_of_squares, gradient: numbers, or arrays of one shape; sum_of_squares: of all gradients
    before this one; learning_rate: η; epsilon: ε.
    """
    sum_of_squares = sum_of_squares + gradient**2
    return w - learning_rate * gradient / np.sqrt(sum_of_squares + epsilon), sum_of_squares


@adagrad_step.mistake("The square is missing: what is summed is g², not |g|.")
def _no_square(w, sum_of_squares, gradient, learning_rate, epsilon):
    total = sum_of_squares + np.abs(gradient)
    return w - learning_rate * gradient / np.sqrt(total + epsilon), total


@adagrad_step.mistake(
    "You sum the gradients themselves. They change sign and cancel; their squares do not."
)
def _sums_gradients(w, sum_of_squares, gradient, learning_rate, epsilon):
    total = sum_of_squares + gradient
    with np.errstate(invalid="ignore"):
        return w - learning_rate * gradient / np.sqrt(total + epsilon), total


@adagrad_step.mistake(
    "The root is missing. Without it, a gradient twice as large gives a step half as long."
)
def _no_root(w, sum_of_squares, gradient, learning_rate, epsilon):
    total = sum_of_squares + gradient**2
    return w - learning_rate * gradient / (total + epsilon), total


@adagrad_step.mistake(
    "Your ε stands beside the root, as in PyTorch. In Eq. 7.4 it stands under it: √(Σ g² + ε)."
)
def _epsilon_beside_the_root(w, sum_of_squares, gradient, learning_rate, epsilon):
    total = sum_of_squares + gradient**2
    return w - learning_rate * gradient / (np.sqrt(total) + epsilon), total


@adagrad_step.mistake(
    "Your ε stands outside of the fraction, where it adds to the rate. It belongs under the root."
)
def _epsilon_outside_the_fraction(w, sum_of_squares, gradient, learning_rate, epsilon):
    total = sum_of_squares + gradient**2
    return w - (learning_rate / np.sqrt(total) + epsilon) * gradient, total


@adagrad_step.mistake(
    "You keep Σ g² + ε for the next step: ε is added anew each time, and the sum collects it."
)
def _keeps_epsilon(w, sum_of_squares, gradient, learning_rate, epsilon):
    total = sum_of_squares + gradient**2 + epsilon
    return w - learning_rate * gradient / np.sqrt(total), total


@adagrad_step.mistake(
    "You add the square twice, before the step and after it. Each gradient counts once."
)
def _accumulates_twice(w, sum_of_squares, gradient, learning_rate, epsilon):
    total = sum_of_squares + gradient**2
    w = w - learning_rate * gradient / np.sqrt(total + epsilon)
    return w, total + gradient**2


@adagrad_step.mistake(
    "You move with the old sum. The sum of Eq. 7.4 has the gradient of this step in it; without "
    "it, the first step would be divided by √ε alone."
)
def _moves_first(w, sum_of_squares, gradient, learning_rate, epsilon):
    step = learning_rate * gradient / np.sqrt(sum_of_squares + epsilon)
    return w - step, sum_of_squares + gradient**2


@adagrad_step.mistake(
    "The step is right, but you return the old sum: the next step has to know this gradient too."
)
def _forgets_to_keep(w, sum_of_squares, gradient, learning_rate, epsilon):
    total = sum_of_squares + gradient**2
    return w - learning_rate * gradient / np.sqrt(total + epsilon), sum_of_squares


@adagrad_step.mistake(
    "You use this gradient alone and forget the sum so far: that is a step of η, whatever g is."
)
def _forgets_the_past(w, sum_of_squares, gradient, learning_rate, epsilon):
    total = gradient**2
    return w - learning_rate * gradient / np.sqrt(total + epsilon), total


@adagrad_step.mistake(
    "You sum over the coordinates, which gives all of them one rate. Each has a sum of its own."
)
def _one_sum_for_all(w, sum_of_squares, gradient, learning_rate, epsilon):
    total = sum_of_squares + np.sum(gradient**2)
    return w - learning_rate * gradient / np.sqrt(total + epsilon), total


@adagrad_step.mistake("You climb: the step goes against the gradient, whatever it is divided by.")
def _climbs(w, sum_of_squares, gradient, learning_rate, epsilon):
    total = sum_of_squares + gradient**2
    return w + learning_rate * gradient / np.sqrt(total + epsilon), total


def _overshoot():
    start = [-1.6, 1.2]
    lines = ["rate η    first three points                               loss below 10⁻⁶"]
    for rate in (0.1, 1.0, 10.0, 1000.0):
        run = minimize(valley(), start, AdaGrad(rate), steps=600)
        way = "  ".join(f"({a:6.1f}, {b:6.1f})" for a, b in run.points[1:4])
        lines.append(f"{rate:6g}    {way}    {first_step(run.values <= 1e-6):4d} steps")
    plain = minimize(valley(), start, SGD(0.11), steps=600).values[-1]
    lines.append(f"plain descent at η = 0.11: a loss of {plain:.0e} after 600 steps")
    return "\n".join(lines)


giant_rate = predict_exercise(
    "giant-rate",
    section="7.3.3",
    title="A rate of ten",
    question=(
        "On the valley L(w) = ½ (w₁² + 20 w₂²) plain descent diverges above η = 0.1. Now AdaGrad "
        "starts at (−1.6, 1.2) with η = 10. Its first step is 10 in both coordinates, far beyond "
        "the picture. And then?"
    ),
    right="C",
    reveal=_overshoot,
    choices={
        "A": (
            "It diverges: each jump is longer than the one before.",
            "No step can be longer than η: a gradient is divided by a root that is at least its "
            "own size. Look at what the second step is divided by.",
        ),
        "B": (
            "It creeps back: the giant gradient out there stays in the sum and holds the rate "
            "down, so that hundreds of steps are needed.",
            "The giant gradient does stay in the sum. But the rate it leaves is η divided by λη, "
            "which is 1/λ: on a bowl of curvature λ there is no better one.",
        ),
        "C": (
            "It is back at once, and the loss is below 10⁻⁶ within ten steps.",
            "At a distance of η the gradient is about λη, and from then on the rate is about "
            "η/(λη) = 1/λ, the best there is, in each coordinate. The overshoot has measured the "
            "curvature. This is a gift of quadratic bowls: a network has none to make.",
        ),
        "D": (
            "It swings between two points for ever.",
            "The sum grows at each swing, so that no step is as long as the one before. Which rate "
            "is left when the gradient out there, about 10 λ, is in the sum?",
        ),
    },
    hints=[
        "After the first step w is about 10 away in each coordinate. How large is the gradient λw?",
        "The second step is η g(1) / √(g(0)² + g(1)²), and g(0) is small beside g(1).",
        "From then on the rate is about η/|g(1)|. Put |g(1)| = λη in.",
    ],
)


def _walk_on_a_slope():
    rates = 0.1 / np.sqrt(np.arange(1, 10_001))
    way = np.cumsum(rates)
    lines = ["steps      rate now      distance"]
    for steps in (100, 1000, first_step(way >= 10 * way[99]) + 1):
        lines.append(f"{steps:5d}      {rates[steps - 1]:.4f}      {way[steps - 1]:7.2f}")
    return "\n".join(lines)


shrinking_rate = predict_exercise(
    "shrinking-rate",
    section="7.3.3",
    title="Ten times as far",
    question=(
        "AdaGrad with η = 0.1 walks down a steady slope: the gradient is 1 at every step, and so "
        "the rate is 0.1/√n at the n-th step. The first 100 steps have brought it 1.86 units far. "
        "How many steps does it need, from the start, to come ten times as far?"
    ),
    right="D",
    reveal=_walk_on_a_slope,
    choices={
        "A": (
            "It never gets there: the rates fall to zero, and their sum has a bound.",
            "The rates fall to zero, but Σ 1/√n has no bound: it grows like 2√n.",
        ),
        "B": (
            "1,000: ten times as many.",
            "That would be a constant rate. After 1,000 steps the rate has fallen to a third of "
            "what it was after 100.",
        ),
        "C": (
            "About 3,000: √10 times as many for each factor of √10.",
            "It is the distance that grows like a root of the steps, not the steps like a root of "
            "the distance.",
        ),
        "D": (
            "About 9,000.",
            "The distance grows like 2η√n: ten times as far costs nearly a hundred times the "
            "steps. That is a high price, and no halt.",
        ),
    },
    hints=[
        "How far has it come after n steps? Add up 0.1/√1 + 0.1/√2 + … + 0.1/√n.",
        "The sum of 1/√k up to n is about 2√n.",
    ],
)
