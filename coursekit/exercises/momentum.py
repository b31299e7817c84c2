"""Exercises of notebook 03, momentum (Section 7.3.1): the step, its sum, the effective rate."""

import numpy as np

from coursekit.exercises.code import code_exercise
from coursekit.exercises.core import number_exercise


def _moving_points(rng):
    yield 2.0, -0.5, 3.0, 0.1, 0.9
    yield 1.0, 0.0, -4.0, 0.2, 0.5  # at rest
    for shape, dtype in [((3,), np.float64), ((4, 2), np.float64), ((5,), np.float32)]:
        w, v, gradient = rng.normal(size=(3, *shape)).astype(dtype)
        yield w, v, gradient, float(rng.uniform(0.01, 0.5)), float(rng.uniform(0.3, 0.99))
    yield np.array([1.0, 2.0]), np.array([0.3, -0.1]), np.array([1.0, -2.0]), 0.1, 0.0


@code_exercise(
    "momentum-step",
    section="7.3.1",
    title="One step of momentum",
    trials=_moving_points,
    hints=[
        "First the velocity: what is left of the old one, and what does the slope add to it?",
        "The velocity points where w will go, so that the gradient enters it with a minus.",
        "Then w moves by the new velocity. Return both: `return w, v`.",
    ],
)
def momentum_step(w, v, gradient, learning_rate, momentum):
    """Return w(n+1) and v(n), one step of Eq. 7.1: v(n) = ρ v(n−1) − η g(n), w(n+1) = w(n) + v(n).

    w, v and gradient: numbers, or arrays of one shape, with v the velocity before the step;
    learning_rate: η; momentum: ρ. Return the new w and the new v, in this order.
    """
    v = momentum * v - learning_rate * gradient
    return w + v, v


@momentum_step.mistake(
    "Your velocity is an average, with 1 − ρ before the gradient. The book adds the whole step: at "
    "ρ = 0.9 yours are ten times shorter."
)
def _averages(w, v, gradient, learning_rate, momentum):
    v = momentum * v - (1 - momentum) * learning_rate * gradient
    return w + v, v


@momentum_step.mistake(
    "Your velocity points uphill: the gradient enters it with a minus, for w is to fall."
)
def _climbs(w, v, gradient, learning_rate, momentum):
    v = momentum * v + learning_rate * gradient
    return w + v, v


@momentum_step.mistake(
    "Your w moves against its velocity. The minus is inside v already: w(n+1) = w(n) + v(n)."
)
def _moves_backwards(w, v, gradient, learning_rate, momentum):
    v = momentum * v - learning_rate * gradient
    return w - v, v


@momentum_step.mistake(
    "Two signs are turned: your v points uphill, and w moves against it. Your w is right only "
    "when the v handed in is turned, too; the book's v is the step itself."
)
def _uphill_velocity(w, v, gradient, learning_rate, momentum):
    v = momentum * v + learning_rate * gradient
    return w - v, v


@momentum_step.mistake(
    "You move w by the velocity from before. Update v first; w moves by the new one."
)
def _moves_by_the_old_velocity(w, v, gradient, learning_rate, momentum):
    return w + v, momentum * v - learning_rate * gradient


@momentum_step.mistake(
    "The new velocity is not kept: you return the old one, and the next step would not remember."
)
def _keeps_the_old_velocity(w, v, gradient, learning_rate, momentum):
    return w + momentum * v - learning_rate * gradient, v


@momentum_step.mistake(
    "That is plain descent: your velocity forgets the one before. Its part ρ v is missing."
)
def _forgets(w, v, gradient, learning_rate, momentum):
    v = -learning_rate * gradient
    return w + v, v


@momentum_step.mistake(
    "That is PyTorch's form, whose velocity is a sum of gradients without η. It is a method of its "
    "own as soon as η changes: here v holds the steps, η included."
)
def _rate_outside(w, v, gradient, learning_rate, momentum):
    v = momentum * v + gradient
    return w - learning_rate * v, v


@momentum_step.mistake("ρ shrinks the old velocity only. You let it shrink the new gradient, too.")
def _shrinks_the_sum(w, v, gradient, learning_rate, momentum):
    v = momentum * (v - learning_rate * gradient)
    return w + v, v


@momentum_step.mistake("The learning rate is missing: the gradient enters the velocity as −η g.")
def _no_rate(w, v, gradient, learning_rate, momentum):
    v = momentum * v - gradient
    return w + v, v


@momentum_step.mistake(
    "You take the old velocity whole: without the factor ρ there is no friction."
)
def _no_friction(w, v, gradient, learning_rate, momentum):
    v = v - learning_rate * gradient
    return w + v, v


@momentum_step.mistake(
    "The gradient counts twice: it is in the velocity already, and w moves by that alone."
)
def _twice(w, v, gradient, learning_rate, momentum):
    v = momentum * v - learning_rate * gradient
    return w - learning_rate * gradient + v, v


@momentum_step.mistake("Both are right, in the other order: return w first, then v.")
def _exchanged(w, v, gradient, learning_rate, momentum):
    v = momentum * v - learning_rate * gradient
    return v, w + v


def _histories(rng):
    yield np.array([3.0]), 0.1, 0.9  # the first step alone
    yield np.array([1.0, 2.0, 4.0]), 0.1, 0.5
    yield np.array([1.0, -2.0, 4.0]), 0.3, 0.0
    for shape, dtype in [((12,), np.float64), ((6, 3), np.float64), ((9, 2), np.float32)]:
        gradients = rng.normal(size=shape).astype(dtype)
        yield gradients, float(rng.uniform(0.01, 0.5)), float(rng.uniform(0.5, 0.95))


@code_exercise(
    "unrolled-sum",
    section="7.3.1",
    title="The velocity as a sum",
    trials=_histories,
    hints=[
        "Which gradient is multiplied by ρ once more at every step: the newest or the oldest?",
        "With n = `len(gradients) - 1`, the weight of g(i) is ρ to the power n − i.",
        "Gradients may have more than one parameter: sum over the first axis only.",
    ],
)
def unrolled_sum(gradients, learning_rate, momentum):
    """Return the velocity v(n) = −η Σᵢ₌₀ⁿ ρⁿ⁻ⁱ g(i) of Eq. 7.2, without a recursion.

    gradients: an array of shape (n+1,) or (n+1, d), g(0) first; learning_rate: η; momentum: ρ.
    Return a number, or an array of shape (d,).
    """
    n = len(gradients) - 1
    weights = momentum ** (n - np.arange(n + 1))
    return -learning_rate * weights @ gradients


def _weighted(weights, gradients):
    return np.tensordot(weights, gradients, axes=(0, 0))


def _powers(count, momentum):
    return momentum ** np.arange(count - 1, -1, -1)


@unrolled_sum.mistake(
    "Your weights run the wrong way: the newest gradient, g(n), has the weight 1, and the oldest "
    "has been multiplied by ρ n times."
)
def _oldest_first(gradients, learning_rate, momentum):
    return -learning_rate * _weighted(_powers(len(gradients), momentum)[::-1], gradients)


@unrolled_sum.mistake("The minus is missing: the velocity points downhill.")
def _no_minus(gradients, learning_rate, momentum):
    return learning_rate * _weighted(_powers(len(gradients), momentum), gradients)


@unrolled_sum.mistake("One ρ too many: the newest gradient has the weight ρ⁰ = 1.")
def _one_power_more(gradients, learning_rate, momentum):
    weights = momentum * _powers(len(gradients), momentum)
    return -learning_rate * _weighted(weights, gradients)


@unrolled_sum.mistake(
    "You average, with 1 − ρ before the sum. Here the gradients add up: that is the whole point."
)
def _average(gradients, learning_rate, momentum):
    weights = (1 - momentum) * _powers(len(gradients), momentum)
    return -learning_rate * _weighted(weights, gradients)


@unrolled_sum.mistake(
    "You divide by the sum of the weights. They add up to nearly 1/(1 − ρ), and stay as they are."
)
def _normalized(gradients, learning_rate, momentum):
    weights = _powers(len(gradients), momentum)
    return -learning_rate * _weighted(weights / weights.sum(), gradients)


@unrolled_sum.mistake("The learning rate is missing: the sum is multiplied by −η.")
def _no_rate_in_the_sum(gradients, learning_rate, momentum):
    return -_weighted(_powers(len(gradients), momentum), gradients)


@unrolled_sum.mistake("The sum goes up to i = n: the newest gradient counts, with the weight 1.")
def _newest_left_out(gradients, learning_rate, momentum):
    weights = _powers(len(gradients), momentum)
    return -learning_rate * _weighted(weights[:-1], gradients[:-1])


@unrolled_sum.mistake(
    "You sum over the parameters as well. Each has a velocity of its own: sum over the first axis."
)
def _over_everything(gradients, learning_rate, momentum):
    weights = _powers(len(gradients), momentum)
    return -learning_rate * np.sum(_weighted(weights, gradients))


@unrolled_sum.mistake(
    "That is where all the steps together lead, Σ v, not the last velocity alone: that is one sum."
)
def _displacement(gradients, learning_rate, momentum):
    count = len(gradients)
    return sum(
        -learning_rate * _weighted(_powers(n, momentum), gradients[:n]) for n in range(1, count + 1)
    )


effective_rate = number_exercise(
    "effective-rate",
    section="7.3.1",
    title="The same steps with momentum",
    question=(
        "A network trains well by plain descent with η = 0.4. You switch to momentum with "
        "ρ = 0.95. Which learning rate takes the same steps as before, wherever the gradient stays "
        "about the same?"
    ),
    value=0.02,
    tolerance=0.02,
    why="A steady gradient is added up to 1/(1 − ρ) = 20 times: η = 0.4/20 makes the same steps.",
    mistakes={
        8.0: "The other way round: momentum makes each step longer, so that η has to shrink.",
        0.38: "You multiplied by ρ. How many times does a steady gradient count in Σ ρⁱ?",
        0.4: "With the same η the steps grow to 1/(1 − ρ) times those of plain descent.",
        0.04: "That would be right at ρ = 0.9, where steps grow tenfold. Here ρ is 0.95.",
        0.4 / 1.95: "1/(1 + ρ) is the factor of gradients that alternate. These here are steady.",
        0.421: "You divided by ρ. The gradient counts 1 + ρ + ρ² + … times.",
        0.78: "1 + ρ is only the start of the sum 1 + ρ + ρ² + …, and η has to shrink, not grow.",
    },
    hints=[
        "Put g(i) = g for all i into Eq. 7.2 and let n grow.",
        "1 + ρ + ρ² + … = 1/(1 − ρ).",
    ],
)
