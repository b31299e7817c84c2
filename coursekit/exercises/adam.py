"""Exercises of notebook 07, Adam (Section 7.3.5): one step, and the first of them."""

import numpy as np

from coursekit.exercises.code import code_exercise
from coursekit.exercises.core import number_exercise


def _random_steps(rng):
    """Arrays of several shapes; n from 1, and an ε that is large enough to be seen."""
    kinds = [((3,), np.float64), ((2, 4), np.float64), ((5,), np.float32), ((), np.float64)]
    for shape, dtype in kinds:
        for n in (1, 2, 7):
            w, mean, gradient = rng.normal(size=(3, *shape)).astype(dtype)
            square = np.square(rng.normal(size=shape)).astype(dtype)
            if n == 1:
                mean, square = np.zeros_like(mean), np.zeros_like(square)
            if not shape:
                w, mean, square, gradient = map(np.float64, (w, mean, square, gradient))
            yield w, mean, square, gradient, n, float(rng.uniform(0.05, 0.5)), 0.8, 0.95, 0.02


@code_exercise(
    "adam-step",
    section="7.3.5",
    title="One step of Adam",
    trials=_random_steps,
    hints=[
        "First the two averages: each keeps β of itself and takes 1 − β of the new.",
        "Then the corrections, in new variables: Λ/(1 − β₁ⁿ) and Δ/(1 − β₂ⁿ). n is 1 at the first "
        "step.",
        "w moves by the corrected ones; the averages that you return are the uncorrected ones.",
    ],
)
def adam_step(w, mean, mean_square, gradient, n, learning_rate, beta1, beta2, epsilon):
    """Return the new (w, mean, mean_square) after step number n of Adam.

    mean: Λ, mean_square: Δ, both as they were before the step, of the shape of w (0 at first).
    n: the number of this step, 1 at the first. The last four: η, β₁, β₂, ε, numbers.

    Λ = β₁Λ + (1−β₁) g, Δ = β₂Δ + (1−β₂) g²; then with the corrected Λ̂ = Λ/(1−β₁ⁿ) and
    Δ̂ = Δ/(1−β₂ⁿ) the step is w ← w − η Λ̂ / √(Δ̂ + ε): ε inside the root, as in the book.
    """
    mean = beta1 * mean + (1 - beta1) * gradient
    mean_square = beta2 * mean_square + (1 - beta2) * gradient**2
    corrected_mean = mean / (1 - beta1**n)
    corrected_square = mean_square / (1 - beta2**n)
    w = w - learning_rate * corrected_mean / np.sqrt(corrected_square + epsilon)
    return w, mean, mean_square


def _averages(mean, mean_square, gradient, beta1, beta2):
    mean = beta1 * mean + (1 - beta1) * gradient
    return mean, beta2 * mean_square + (1 - beta2) * gradient**2


def _corrected(mean, mean_square, n, beta1, beta2):
    with np.errstate(divide="ignore", invalid="ignore"):
        return mean / np.float64(1 - beta1**n), mean_square / np.float64(1 - beta2**n)


@adam_step.mistake(
    "The bias correction is missing: divide Λ by 1 − β₁ⁿ and Δ by 1 − β₂ⁿ before the step. Without "
    "it the first steps are several times too long."
)
def _no_correction(w, mean, mean_square, gradient, n, learning_rate, beta1, beta2, epsilon):
    mean, square = _averages(mean, mean_square, gradient, beta1, beta2)
    return w - learning_rate * mean / np.sqrt(square + epsilon), mean, square


@adam_step.mistake(
    "You count the steps from 0. Then the first correction divides by 1 − β⁰ = 0. The n that you "
    "are given is 1 at the first step already: use it as it is."
)
def _counts_from_zero(w, mean, mean_square, gradient, n, learning_rate, beta1, beta2, epsilon):
    mean, square = _averages(mean, mean_square, gradient, beta1, beta2)
    m, s = _corrected(mean, square, n - 1, beta1, beta2)
    return w - learning_rate * m / np.sqrt(s + epsilon), mean, square


@adam_step.mistake(
    "You count one step too many: n is 1 at the first step already, so the powers are βⁿ."
)
def _counts_from_two(w, mean, mean_square, gradient, n, learning_rate, beta1, beta2, epsilon):
    mean, square = _averages(mean, mean_square, gradient, beta1, beta2)
    m, s = _corrected(mean, square, n + 1, beta1, beta2)
    return w - learning_rate * m / np.sqrt(s + epsilon), mean, square


@adam_step.mistake("You correct Λ only. Δ starts at 0 as well, and its bias is the larger one.")
def _first_hat_only(w, mean, mean_square, gradient, n, learning_rate, beta1, beta2, epsilon):
    mean, square = _averages(mean, mean_square, gradient, beta1, beta2)
    m, _ = _corrected(mean, square, n, beta1, beta2)
    return w - learning_rate * m / np.sqrt(square + epsilon), mean, square


@adam_step.mistake("You correct Δ only. Λ starts at 0 as well: without its hat you start too slow.")
def _second_hat_only(w, mean, mean_square, gradient, n, learning_rate, beta1, beta2, epsilon):
    mean, square = _averages(mean, mean_square, gradient, beta1, beta2)
    _, s = _corrected(mean, square, n, beta1, beta2)
    return w - learning_rate * mean / np.sqrt(s + epsilon), mean, square


@adam_step.mistake(
    "Your ε is added to the parameter, not to the divisor: a pair of parentheses is missing around "
    "the divisor, or the root ends before ε."
)
def _epsilon_on_w(w, mean, mean_square, gradient, n, learning_rate, beta1, beta2, epsilon):
    mean, square = _averages(mean, mean_square, gradient, beta1, beta2)
    m, s = _corrected(mean, square, n, beta1, beta2)
    return w - learning_rate * m / np.sqrt(s) + epsilon, mean, square


@adam_step.mistake(
    "Your ε stands outside the root, √Δ̂ + ε, as in the paper and in PyTorch. Here it is asked for "
    "inside, √(Δ̂ + ε), as in the book."
)
def _epsilon_outside(w, mean, mean_square, gradient, n, learning_rate, beta1, beta2, epsilon):
    mean, square = _averages(mean, mean_square, gradient, beta1, beta2)
    m, s = _corrected(mean, square, n, beta1, beta2)
    return w - learning_rate * m / (np.sqrt(s) + epsilon), mean, square


@adam_step.mistake(
    "β₁ and β₂ are exchanged: β₁ is for the average of the gradients, β₂ for that of their squares."
)
def _exchanged(w, mean, mean_square, gradient, n, learning_rate, beta1, beta2, epsilon):
    return adam_step.function(
        w, mean, mean_square, gradient, n, learning_rate, beta2, beta1, epsilon
    )


@adam_step.mistake(
    "You return the corrected averages. They are for this step only: fed back, they would be "
    "corrected once more at each step. Return Λ and Δ themselves."
)
def _fed_back(w, mean, mean_square, gradient, n, learning_rate, beta1, beta2, epsilon):
    mean, square = _averages(mean, mean_square, gradient, beta1, beta2)
    m, s = _corrected(mean, square, n, beta1, beta2)
    return w - learning_rate * m / np.sqrt(s + epsilon), m, s


@adam_step.mistake("Δ averages the squares of the gradients: g², not g.")
def _no_square(w, mean, mean_square, gradient, n, learning_rate, beta1, beta2, epsilon):
    mean = beta1 * mean + (1 - beta1) * gradient
    square = beta2 * mean_square + (1 - beta2) * gradient
    m, s = _corrected(mean, square, n, beta1, beta2)
    with np.errstate(invalid="ignore"):
        return w - learning_rate * m / np.sqrt(s + epsilon), mean, square


@adam_step.mistake("The root is missing: a step divides by √(Δ̂ + ε), a typical size of g, not g².")
def _no_root(w, mean, mean_square, gradient, n, learning_rate, beta1, beta2, epsilon):
    mean, square = _averages(mean, mean_square, gradient, beta1, beta2)
    m, s = _corrected(mean, square, n, beta1, beta2)
    return w - learning_rate * m / (s + epsilon), mean, square


@adam_step.mistake("You move by the gradient. That is RMSProp: Adam moves by the average, Λ̂.")
def _moves_by_the_gradient(w, mean, mean_square, gradient, n, learning_rate, beta1, beta2, epsilon):
    mean, square = _averages(mean, mean_square, gradient, beta1, beta2)
    _, s = _corrected(mean, square, n, beta1, beta2)
    return w - learning_rate * gradient / np.sqrt(s + epsilon), mean, square


@adam_step.mistake(
    "Your averages are sums: the new gradient enters with the weight 1 − β, its square likewise."
)
def _sums(w, mean, mean_square, gradient, n, learning_rate, beta1, beta2, epsilon):
    mean, square = beta1 * mean + gradient, beta2 * mean_square + gradient**2
    m, s = _corrected(mean, square, n, beta1, beta2)
    return w - learning_rate * m / np.sqrt(s + epsilon), mean, square


@adam_step.mistake("You climb: w moves against the average gradient, so the step is subtracted.")
def _climbs(w, mean, mean_square, gradient, n, learning_rate, beta1, beta2, epsilon):
    return adam_step.function(
        w, mean, mean_square, gradient, n, -learning_rate, beta1, beta2, epsilon
    )


first_step_length = number_exercise(
    "first-step",
    section="7.3.5",
    title="The first step, uncorrected",
    question=(
        "Adam without its bias correction, with β₁ = 0.8, β₂ = 0.99 and ε = 0. The first gradient "
        "of some parameter is g = −3. How far does the first step move the parameter, in units of "
        "η?"
    ),
    value=2.0,
    tolerance=0.01,
    why=(
        "Λ = 0.2 g and Δ = 0.01 g², so the step is 0.2 |g| / (0.1 |g|) = 2, in units of η: twice "
        "as long as it should be. The gradient's size cancels."
    ),
    mistakes={
        1.0: "That is the first step with the correction. Here Λ and Δ are used as they are.",
        6.0: "The size of the gradient is in Λ and in √Δ: it cancels.",
        0.2: "That is Λ/|g|. The step divides by √Δ, and Δ is biased as well.",
        0.6: "That is |Λ| alone. The step divides it by √Δ.",
        10.0: "That is RMSProp's first step, 1/√(1 − β₂): here the gradient is averaged, too.",
        20.0: "You divided by Δ. The step divides by its root.",
        0.5: "You inverted it: Λ stands above, √Δ below.",
        0.804: "You took β for 1 − β: the new gradient enters Λ with 1 − β₁ and Δ with 1 − β₂.",
        -2.0: "The length is asked for: a positive number.",
    },
    hints=[
        "Both averages start at 0: write down Λ and Δ after one gradient.",
        "Λ = (1 − β₁) g and Δ = (1 − β₂) g². Divide the first by the root of the second.",
    ],
)
