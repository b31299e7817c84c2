"""Exercises of notebook 06, RMSProp (Section 7.3.4)."""

import numpy as np

from coursekit.descent import first_step, minimize
from coursekit.exercises.code import code_exercise
from coursekit.exercises.core import number_exercise, predict_exercise, tune_exercise
from coursekit.objectives import valley
from coursekit.optimizers import RMSProp


def _averages_so_far(rng):
    yield 2.0, 9.0, 4.0, 0.1, 0.9, 1e-7
    yield 2.0, None, 4.0, 0.1, 0.9, 1e-7
    for shape, dtype in [((3,), np.float64), ((4, 2), np.float64), ((5,), np.float32)]:
        w, gradient = rng.normal(size=(2, *shape)).astype(dtype)
        average = rng.uniform(0.5, 4.0, size=shape).astype(dtype)
        rate, decay, epsilon = rng.uniform([0.1, 0.6, 0.1], [1.0, 0.95, 0.5]).tolist()
        yield w, average, gradient, rate, decay, epsilon
        yield w, None, gradient, rate, decay, epsilon


@code_exercise(
    "rmsprop-step",
    section="7.3.4",
    title="One step of RMSProp",
    trials=_averages_so_far,
    hints=[
        "The past keeps the share ρ, this gradient's square gets the share 1 − ρ.",
        "Before the first step the average is 0, and no special case of the formula is needed.",
        "The rest is AdaGrad, with the average in the place of the sum.",
    ],
)
def rmsprop_step(w, mean_square, gradient, learning_rate, decay, epsilon):
    """Return the new (w, mean_square) after one step of RMSProp, Eq. 7.5.

    E(n) = ρ E(n−1) + (1 − ρ) g(n)², then w(n+1) = w(n) − η g(n) / √(E(n) + ε).
    w, gradient: numbers, or arrays of one shape; mean_square: E(n−1), of that shape too, or None
    before the first step, where E is 0; learning_rate: η; decay: ρ; epsilon: ε.
    """
    if mean_square is None:
        mean_square = np.zeros_like(gradient)
    mean_square = decay * mean_square + (1 - decay) * gradient**2
    return w - learning_rate * gradient / np.sqrt(mean_square + epsilon), mean_square


def _stepped(w, average, gradient, learning_rate, epsilon):
    return w - learning_rate * gradient / np.sqrt(average + epsilon), average


@rmsprop_step.mistake(
    "ρ and 1 − ρ are exchanged: the past keeps ρ, which is near 1; the new square gets the rest."
)
def _exchanged(w, mean_square, gradient, learning_rate, decay, epsilon):
    return rmsprop_step.function(w, mean_square, gradient, learning_rate, 1 - decay, epsilon)


@rmsprop_step.mistake("You sum the squares, as AdaGrad does. RMSProp forgets: it takes an average.")
def _sums(w, mean_square, gradient, learning_rate, decay, epsilon):
    before = 0.0 if mean_square is None else mean_square
    return _stepped(w, before + gradient**2, gradient, learning_rate, epsilon)


@rmsprop_step.mistake(
    "The factor 1 − ρ is missing. Without it E is a sum, 1/(1 − ρ) times as large as an average."
)
def _no_share(w, mean_square, gradient, learning_rate, decay, epsilon):
    before = 0.0 if mean_square is None else mean_square
    return _stepped(w, decay * before + gradient**2, gradient, learning_rate, epsilon)


@rmsprop_step.mistake(
    "You start from ones, as TensorFlow once did. In Eq. 7.5 the average before the first step "
    "is 0."
)
def _from_ones(w, mean_square, gradient, learning_rate, decay, epsilon):
    before = np.ones_like(gradient) if mean_square is None else mean_square
    return rmsprop_step.function(w, before, gradient, learning_rate, decay, epsilon)


@rmsprop_step.mistake(
    "You take the first square for the whole average at the start. The average starts at 0, so "
    "that it is (1 − ρ) g² after the first gradient."
)
def _from_the_first_square(w, mean_square, gradient, learning_rate, decay, epsilon):
    before = gradient**2 if mean_square is None else mean_square
    return rmsprop_step.function(w, before, gradient, learning_rate, decay, epsilon)


@rmsprop_step.mistake("The square is missing: the average is of g², not of |g|.")
def _no_square(w, mean_square, gradient, learning_rate, decay, epsilon):
    before = 0.0 if mean_square is None else mean_square
    average = decay * before + (1 - decay) * np.abs(gradient)
    return _stepped(w, average, gradient, learning_rate, epsilon)


@rmsprop_step.mistake(
    "The root is missing: without it, a loss twice as large gives steps half as long."
)
def _no_root(w, mean_square, gradient, learning_rate, decay, epsilon):
    before = 0.0 if mean_square is None else mean_square
    average = decay * before + (1 - decay) * gradient**2
    return w - learning_rate * gradient / (average + epsilon), average


@rmsprop_step.mistake(
    "Your ε stands beside the root, as in PyTorch. In the book it stands under it: √(E + ε)."
)
def _epsilon_beside_the_root(w, mean_square, gradient, learning_rate, decay, epsilon):
    before = 0.0 if mean_square is None else mean_square
    average = decay * before + (1 - decay) * gradient**2
    return w - learning_rate * gradient / (np.sqrt(average) + epsilon), average


@rmsprop_step.mistake(
    "You move with the old average. E(n) has the gradient of this step in it already."
)
def _moves_first(w, mean_square, gradient, learning_rate, decay, epsilon):
    before = np.zeros_like(gradient) if mean_square is None else mean_square
    step = learning_rate * gradient / np.sqrt(before + epsilon)
    return w - step, decay * before + (1 - decay) * gradient**2


@rmsprop_step.mistake(
    "The step is right, but you return the old average: the next step needs the new one."
)
def _forgets_to_keep(w, mean_square, gradient, learning_rate, decay, epsilon):
    before = np.zeros_like(gradient) if mean_square is None else mean_square
    average = decay * before + (1 - decay) * gradient**2
    return _stepped(w, average, gradient, learning_rate, epsilon)[0], before


@rmsprop_step.mistake(
    "You average over the coordinates, too. Each of them has an average of its own."
)
def _one_for_all(w, mean_square, gradient, learning_rate, decay, epsilon):
    before = np.zeros_like(gradient) if mean_square is None else mean_square
    average = decay * before + (1 - decay) * np.mean(gradient**2)
    return _stepped(w, average, gradient, learning_rate, epsilon)


@rmsprop_step.mistake("You climb: the step goes against the gradient.")
def _climbs(w, mean_square, gradient, learning_rate, decay, epsilon):
    return rmsprop_step.function(w, mean_square, gradient, -learning_rate, decay, epsilon)


window = number_exercise(
    "window",
    section="7.3.4",
    title="How much is in the window?",
    question=(
        "RMSProp with ρ = 0.98 has run for a long time. Its window is said to be 1/(1 − ρ) = 50 "
        "gradients long. Which share of the weight in E do the last 50 gradients have, as a "
        "number between 0 and 1?"
    ),
    value=1 - 0.98**50,
    tolerance=0.01,
    why="The last k gradients weigh 1 − ρᵏ together: 1 − 0.98⁵⁰ ≈ 0.64, near 1 − 1/e for any ρ.",
    mistakes={
        1.0: "That would be a window with an edge. The weights fade: older gradients still count.",
        0.98**50: "That is the share of all older gradients: what has faded to ρ⁵⁰.",
        0.98: "That is the share of all gradients but the newest. The weights add up to 1.",
        0.02: "That is the weight of the newest gradient alone, 1 − ρ. Add the other 49.",
        0.5: "Half of the weight is in after ln ½ / ln 0.98 = 34 gradients already.",
        50.0: "That is the length of the window. How much of the weight lies in it?",
    },
    hints=[
        "The gradient k steps ago has the weight (1 − ρ) ρᵏ.",
        "Add up the weights for k = 0 … 49: a geometric series.",
        "(1 − ρ)(1 − ρ⁵⁰)/(1 − ρ) is what is left of it.",
    ],
)


def _distance_by_step():
    run = minimize(valley(), [-1.6, 1.2], RMSProp(0.1), steps=1000)
    distance = np.linalg.norm(run.points, axis=-1)
    lines = ["step    distance from the minimum"]
    lines += [f"{n:4d}    {distance[n]:.0e}" for n in (0, 20, 40, 60, 70, 80, 100, 200, 999)]
    last = "  ".join(f"({a:+.3f}, {b:+.3f})" for a, b in run.points[-3:])
    return "\n".join([*lines, f"the last three points: {last}"])


after_arrival = predict_exercise(
    "after-arrival",
    section="7.3.4",
    title="It has arrived. And then?",
    question=(
        "RMSProp with η = 0.1 and ρ = 0.9 runs down the valley L(w) = ½ (w₁² + 20 w₂²), without "
        "any noise. After 60 steps it is nearer than 10⁻¹² to the minimum, where the gradient is "
        "all but 0. Where is it after 1,000?"
    ),
    right="D",
    reveal=_distance_by_step,
    choices={
        "A": (
            "Where it was: no gradient, no step.",
            "The step is the gradient divided by the root of recent squares. When all of these "
            "are tiny, the quotient is not.",
        ),
        "B": (
            "Nearer still: each step takes away a share of what is left.",
            "So it goes as long as the large gradients of the way are remembered. After that, E "
            "shrinks with the gradients, and the rate grows without end.",
        ),
        "C": (
            "Far away: it diverges.",
            "It is thrown out, but not far: a step is never longer than η/√(1 − ρ), here 0.32.",
        ),
        "D": (
            "About 0.07 away, jumping between two points.",
            "It forgets how steep the way was, the rate rises above 2/λ, and it is thrown out. In "
            "the end |g| is constant, each step has the length η, and w jumps between −η/2 and "
            "η/2 in each coordinate: η/√2 = 0.07 away.",
        ),
    },
    hints=[
        "What is E when all recent gradients are about as large as this one, however small?",
        "If |g| stays constant, E = g², and the step is η. Where can w jump back and forth by η?",
    ],
)


_TUNED = {
    "surface": "valley",
    "start": (-1.6, 1.2),
    "steps": 300,
    "sgd": False,
    "rmsprop": True,
}
_ALLOWED, _LEVEL = 100, 5e-3


def _measure_settling(state):
    """When the loss first is below the level, and whether it is there in the last 50 steps."""
    rate = state["rmsprop_rate"]
    run = minimize(valley(), state["start"], RMSProp(rate), steps=300)
    arrived, high = first_step(run.values <= _LEVEL), run.values[-50:].max()
    if high <= _LEVEL and arrived <= _ALLOWED:
        return True, f"There after {arrived} steps; at the end it keeps below {high:.2g}."
    if high <= _LEVEL:
        return False, f"It stays in the end, but takes {arrived} steps: {_ALLOWED} are allowed."
    if np.sign(run.points[-1, 0]) == np.sign(run.points[:, 0]).mean():
        return False, f"Still on its way: after 250 steps the loss is {run.values[250]:.2g}."
    return False, f"It does not stay: in the last 50 steps the loss still reaches {high:.2g}."


tune_rmsprop = tune_exercise(
    "tune-rmsprop",
    section="7.3.4",
    title="Fast, and yet it stays",
    question=(
        "RMSProp with ρ = 0.9 in the valley L(w) = ½ (w₁² + 20 w₂²). Find a rate with which the "
        "loss is below 0.005 after at most 100 steps, and keeps below it in the last 50 of the "
        "300 steps that are shown."
    ),
    playground="Descent",
    settings=_TUNED | {"rmsprop_rate": 0.1},
    goal=_measure_settling,
    solution={"rmsprop_rate": 0.03},
    mistakes=[
        ({"rmsprop_rate": 0.003}, "Still on its way: after 250 steps the loss is 2.4."),
        (
            {"rmsprop_rate": 0.01},
            "It stays in the end, but takes 163 steps: 100 are allowed.",
        ),
        (
            {"rmsprop_rate": 0.1},
            "It does not stay: in the last 50 steps the loss still reaches 0.026.",
        ),
    ],
    hints=[
        "At a large rate it is there soon, and then it jumps about. How far?",
        "In the end w jumps between −η/2 and η/2 in each coordinate: which loss is that?",
        "½ · 21 · (η/2)² ≤ 0.005 gives η ≤ 0.043; and the way is 1.6 long, in steps of about η.",
    ],
)
