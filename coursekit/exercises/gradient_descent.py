"""Exercises of notebook 01, issues with gradient descent (Section 7.1): rates and valleys."""

import numpy as np

from coursekit.descent import first_step, minimize
from coursekit.exercises.code import code_exercise
from coursekit.exercises.core import number_exercise, predict_exercise, tune_exercise
from coursekit.objectives import valley
from coursekit.optimizers import SGD


def _random_points(rng):
    yield 2.0, 3.0, 0.1
    for shape, dtype in [((3,), np.float64), ((4, 2), np.float64), ((5,), np.float32)]:
        w, gradient = rng.normal(size=(2, *shape)).astype(dtype)
        yield w, gradient, float(rng.uniform(0.01, 0.5))


@code_exercise(
    "gradient-step",
    section="7.1",
    title="One step down the slope",
    trials=_random_points,
    hints=[
        "Which way does the loss fall: along the gradient, or against it?",
        "The length of the step is the learning rate times the gradient.",
        "Return the new point, not only the change.",
    ],
)
def gradient_step(w, gradient, learning_rate):
    """Return w after one step of gradient descent, w ← w − η ∂L/∂w.

    w and gradient: numbers, or arrays of one shape; learning_rate: η, a number.
    """
    return w - learning_rate * gradient


@gradient_step.mistake("You climb: the gradient points uphill, and w has to move against it.")
def _climbs(w, gradient, learning_rate):
    return w + learning_rate * gradient


@gradient_step.mistake("The learning rate is missing: the step is η times the gradient.")
def _no_rate(w, gradient, learning_rate):
    return w - gradient


@gradient_step.mistake("That is the step alone. Add it to w: the function returns the new point.")
def _step_only(w, gradient, learning_rate):
    return -learning_rate * gradient


@gradient_step.mistake("That is the step alone, and uphill: the new point is w minus that.")
def _uphill_step_only(w, gradient, learning_rate):
    return learning_rate * gradient


@gradient_step.mistake("The order is exchanged: it is w minus the step, not the step minus w.")
def _exchanged_order(w, gradient, learning_rate):
    return learning_rate * gradient - w


@gradient_step.mistake(
    "You normalize the gradient. Its length counts: where the slope is small the step is small."
)
def _unit_step(w, gradient, learning_rate):
    return w - learning_rate * gradient / np.linalg.norm(gradient)


@gradient_step.mistake("You use the sign of the gradient only. Its size belongs in the step.")
def _sign_step(w, gradient, learning_rate):
    return w - learning_rate * np.sign(gradient)


stable_rate = number_exercise(
    "stable-rate",
    section="7.1",
    title="Where stability ends",
    question=(
        "A loss has the formula L(w) = 3w² − 12w + 5. Gradient descent runs on it with a constant "
        "learning rate η. Above which η does it diverge, from every start but the minimum itself?"
    ),
    value=1 / 3,
    tolerance=0.02,
    why="L'' = 6 is the curvature λ, and the bound is 2/λ = 1/3, wherever the minimum lies.",
    mistakes={
        2 / 3: "You took 3 for the curvature. The curvature is the second derivative, L''(w).",
        1 / 6: "At 1/λ the descent needs a single step; above it oscillates, and still converges.",
        1 / 12: "Look at the factor of the distance, 1 − ηλ: how far below 0 may it go?",
        2.0: "That is where the minimum lies. The bound is on the rate, and w itself has no part.",
        3.0: "You inverted it: the bound is 2/λ, not λ/2.",
        6.0: "That is the curvature λ itself; the bound on the rate is 2/λ.",
        12.0: "You multiplied 2 and λ. A steeper bowl needs a smaller rate, not a larger one.",
    },
    hints=[
        "Write the distance to the minimum after one step as a factor times the distance before.",
        "The factor is 1 − ηλ with the curvature λ = L''(w). It has to stay between −1 and 1.",
    ],
)


def _bowls(rng):
    yield 2.0, 0.3, 1.0, 1e-3  # monotone
    yield 2.0, 0.8, 1.0, 1e-3  # from side to side
    yield 0.5, 0.02, 1.0, 1e-3  # slow
    yield 4.0, 0.1, -3.0, 0.05  # from the left
    yield 0.5, 1.5, -2.0, 0.01
    yield 4.0, 0.25, 5.0, 1e-6  # one step
    yield 1.0, 0.5, 0.01, 0.1  # there already
    yield 3.0, 0.9, 1.0, 1e-3  # diverges
    yield 4.0, 0.5, 1.0, 1e-3  # for ever between two points
    for _ in range(3):
        curvature = float(rng.uniform(0.5, 4))
        yield curvature, float(rng.uniform(0.1, 1.8)) / curvature, float(rng.normal()), 0.003


@code_exercise(
    "steps-to-tolerance",
    section="7.1",
    title="How many steps?",
    trials=_bowls,
    endless="From 2/λ on w never gets there: find that out before the loop, and return inf.",
    hints=[
        "The gradient of ½ λ w² is λ w.",
        "w may come from the left or jump across: compare its absolute value.",
        "Each step multiplies w by 1 − ηλ. When does that factor not shrink w?",
    ],
)
def steps_to_tolerance(curvature, learning_rate, start, tolerance):
    """Count the steps of gradient descent on L = ½ λ w² until |w| ≤ tolerance.

    curvature: λ; learning_rate: η; start: w(0), a number. Return 0 if the start is close
    enough already, and np.inf if w never gets there.
    """
    w, steps = start, 0
    while abs(w) > tolerance:
        if abs(1 - learning_rate * curvature) >= 1:
            return np.inf
        w = w - learning_rate * curvature * w
        steps += 1
    return steps


@steps_to_tolerance.mistake(
    "You wait for w ≤ tolerance. A w far on the negative side passes that test: take |w|."
)
def _no_absolute(curvature, learning_rate, start, tolerance):
    w, steps = start, 0
    while w > tolerance:
        w = w - learning_rate * curvature * w
        steps += 1
    return steps


@steps_to_tolerance.mistake(
    "You compare w itself: after a jump to the negative side it passes every test. Take |w|."
)
def _no_absolute_in_the_loop(curvature, learning_rate, start, tolerance):
    w, steps = start, 0
    while w > tolerance:
        if abs(1 - learning_rate * curvature) >= 1:
            return np.inf
        w = w - learning_rate * curvature * w
        steps += 1
    return steps


@steps_to_tolerance.mistake(
    "You give up too early: a small ηλ takes many steps. The factor 1 − ηλ decides, not a count."
)
def _gives_up_after_a_count(curvature, learning_rate, start, tolerance):
    steps = steps_to_tolerance.function(curvature, learning_rate, start, tolerance)
    return steps if steps < 500 else np.inf


@steps_to_tolerance.mistake(
    "One too few: after that many steps |w| is still above the tolerance. Round up."
)
def _rounds_down(curvature, learning_rate, start, tolerance):
    steps = steps_to_tolerance.function(curvature, learning_rate, start, tolerance)
    return max(steps - 1, 0)


@steps_to_tolerance.mistake(
    "One too many: you count points. The start is a point, and no step led to it."
)
def _counts_points(curvature, learning_rate, start, tolerance):
    return steps_to_tolerance.function(curvature, learning_rate, start, tolerance) + 1


@steps_to_tolerance.mistake(
    "You compare the loss ½ λ w² with the tolerance. It is meant for the distance |w|."
)
def _compares_loss(curvature, learning_rate, start, tolerance):
    reach = np.sqrt(2 * tolerance / curvature)
    return steps_to_tolerance.function(curvature, learning_rate, start, reach)


@steps_to_tolerance.mistake("The curvature is missing: the gradient of ½ λ w² is λ w, not w.")
def _no_curvature(curvature, learning_rate, start, tolerance):
    return steps_to_tolerance.function(1.0, learning_rate, start, tolerance)


@steps_to_tolerance.mistake(
    "Above 1/λ the factor 1 − ηλ is negative, and w jumps across the minimum; it still shrinks, "
    "up to η = 2/λ. Only from there on the answer is inf."
)
def _gives_up_at_one(curvature, learning_rate, start, tolerance):
    if abs(start) > tolerance and learning_rate * curvature > 1:
        return np.inf
    return steps_to_tolerance.function(curvature, learning_rate, start, tolerance)


def _run_in_the_valley():
    lines = ["rate η   w₁ arrives   w₂ arrives   w₂ changes sides"]
    for rate in (0.0198, 0.0099):
        points = minimize(valley(100.0), [1.0, 1.0], SGD(rate), steps=1600).points
        first, second = (first_step(np.abs(points[:, j]) <= 1e-6) for j in (0, 1))
        crossings = np.sum(np.diff(np.sign(points[: second + 1, 1])) != 0)
        lines.append(f"{rate}  {first:5d} steps  {second:5d} steps  {crossings:8d} times")
    return "\n".join(lines)


valley_prediction = predict_exercise(
    "valley",
    section="7.1",
    title="Is the zig-zag to blame?",
    question=(
        "The valley L(w) = ½ (w₁² + 100 w₂²), a start at (1, 1), and η = 0.0198: just below the "
        "bound 2/100, so that w₂ jumps from wall to wall at every step. About 700 steps bring the "
        "distance to the minimum below 10⁻⁶. Now η is halved, and w₂ goes straight to the middle, "
        "without any zig-zag. How many steps does it take now?"
    ),
    right="C",
    reveal=_run_in_the_valley,
    choices={
        "A": (
            "Far fewer: no step is wasted on the walls any more.",
            "The jumps looked like waste, but w₁ on the valley floor needs its 690 steps whatever "
            "w₂ does, and at half the rate twice as many.",
        ),
        "B": (
            "About as many: smaller steps, but straight ones.",
            "Straight in w₂, yes; but w₁ shrinks by the factor 1 − η a step, and took about 690 "
            "steps already: half the rate, twice the steps.",
        ),
        "C": (
            "About twice as many.",
            "w₁ decides: it shrinks by 1 − η a step, so that half the rate takes twice the steps. "
            "The zig-zag is what one sees; the narrow valley is what one pays for.",
        ),
        "D": (
            "It never arrives: the rate is too small for the valley floor.",
            "A small rate is slow, but never stuck on a bowl: w₁ shrinks by 1 − η at every step. "
            "Count how many of these are needed.",
        ),
    },
    hints=[
        "Look at the two coordinates apart: each is a bowl of its own, with curvature 1 and 100.",
        "By which factor does each coordinate shrink in a step, before and after?",
    ],
)


_TUNED = {"surface": "valley", "start": (-1.6, 1.2), "steps": 100}


def _measure_rate(state):
    """Steps until the loss of the valley ½ (w₁² + 20 w₂²) is below 10⁻⁶, at most 80."""
    rate = state["sgd_rate"]
    run = minimize(valley(20.0), state["start"], SGD(rate), steps=1000)
    count = first_step(run.values <= 1e-6)
    shallow, steep = abs(1 - rate), abs(1 - 20 * rate)
    if steep >= 1:
        return False, f"It never gets there: along w₂ a step multiplies by {steep:.3g}."
    keeps = f"a step keeps {shallow:.3g} of w₁ and {steep:.3g} of w₂"
    if count <= 80:
        return True, f"There in {count} steps: {keeps}."
    slower = "w₁ creeps" if shallow > steep else "w₂ swings from wall to wall"
    taken = f"{count} steps" if count < np.inf else "More than 1000 steps"
    return False, f"{taken}, and 80 are allowed: {keeps}, so that {slower}."


tune_rate = tune_exercise(
    "tune-rate",
    section="7.1",
    title="As fast as one rate can",
    question=(
        "The valley L(w) = ½ (w₁² + 20 w₂²), from the start that is shown. Find a learning rate "
        "with which plain descent brings the loss below 10⁻⁶ in at most 80 steps."
    ),
    playground="Descent",
    settings=_TUNED | {"sgd_rate": 0.01},
    goal=_measure_rate,
    solution={"sgd_rate": 0.093},
    mistakes=[
        (
            {"sgd_rate": 0.02},
            "349 steps, and 80 are allowed: a step keeps 0.98 of w₁ and 0.6 of w₂, so that w₁ "
            "creeps.",
        ),
        (
            {"sgd_rate": 0.099},
            "408 steps, and 80 are allowed: a step keeps 0.901 of w₁ and 0.98 of w₂, so that w₂ "
            "swings from wall to wall.",
        ),
        (
            {"sgd_rate": 0.11},
            "It never gets there: along w₂ a step multiplies by 1.2.",
        ),
    ],
    hints=[
        "Which coordinate is the slow one at this rate? The goal's line says it for every rate.",
        "One factor falls when the rate grows, the other rises: look where they meet.",
        "1 − η = 20η − 1 is where they meet: η = 2/21.",
    ],
)
