"""Exercises of notebook 10: initialization (Section 7.5)."""

import numpy as np

from coursekit import initializers
from coursekit.activations import tanh
from coursekit.datasets import digits
from coursekit.exercises.code import code_exercise
from coursekit.exercises.core import number_exercise, predict_exercise
from coursekit.network import mlp


def _run_twins():
    x, y, *_ = digits()
    lines = ["largest distance between two of the 16 units", "outgoing weights   step 0   1   10"]
    for name in ("equal", "at random"):
        rng = np.random.default_rng(0)
        network = mlp([64, 16, 10], rng, tanh, initializers.constant(0.1))
        if name == "at random":
            network.layers[2].weights = initializers.glorot_normal(16, 10, rng)
        seen = []
        for _ in range(11):
            units = network.layers[0].weights
            seen.append(float(np.abs(units - units[:, :1]).max()))
            network.parameters = network.parameters - 0.5 * network.loss_and_gradient(x, y)[1]
        lines.append(f"{name:16} {seen[0]:.4f}   {seen[1]:.4f}   {seen[10]:.4f}")
    return "\n".join(lines)


symmetry = predict_exercise(
    "symmetry",
    section="7.5",
    title="Sixteen times the same unit",
    question=(
        "A hidden layer of 16 tanh units is to learn the digits. All 16 start with the same "
        "incoming weights and the same bias, so that they give the same output. Only their "
        "outgoing weights are drawn at random. Plain descent over the whole training set. What "
        "becomes of the 16 columns of incoming weights?"
    ),
    right="B",
    reveal=_run_twins,
    choices={
        "A": (
            "They stay equal for ever: same inputs, same weights, same updates.",
            "Same outputs, but not the same gradients. What comes back to a unit is weighted with "
            "its own outgoing weights, Σ Wⱼₖ δₖ, and these differ.",
        ),
        "B": (
            "They differ after the first step.",
            "A unit's gradient is its inputs times f'(a) Σ Wⱼₖ δₖ: the outgoing weights are in it, "
            "and one step is enough. Units stay equal only if both their incoming and their "
            "outgoing weights are.",
        ),
        "C": (
            "They differ later: first the outgoing weights have to learn.",
            "The outgoing weights differ before anything has learned, and they are in the gradient "
            "of the incoming ones from the first step on.",
        ),
        "D": (
            "They differ by rounding errors alone, in the last digits.",
            "Look at the size of it: the gradient that a unit gets is Σ Wⱼₖ δₖ, and Wⱼₖ is as "
            "different between two units as any two draws.",
        ),
    },
    hints=[
        "Write down ∂L/∂a of one hidden unit. Which weights appear in it?",
        "∂L/∂aⱼ = f'(aⱼ) Σₖ Wⱼₖ δₖ, where Wⱼₖ are the outgoing weights of unit j.",
    ],
)


variance_of_a_sum = number_exercise(
    "variance-of-a-sum",
    section="7.5",
    title="The spread of a pre-activation",
    question=(
        "A unit has 200 inputs. Each input has mean 1 and standard deviation 2, as after a ReLU "
        "whose outputs are not centred. The weights are drawn independently of them, with mean 0 "
        "and standard deviation 0.1; the bias is 0. What is the variance of the pre-activation "
        "a = Σ wᵢxᵢ?"
    ),
    value=10.0,
    tolerance=0.005,
    why="Var(wx) = E(x)²Var(w) + Var(w)Var(x) = 0.01·(1 + 4) = 0.05, and there are 200 of them.",
    mistakes={
        8.0: "You left out the mean of the inputs: E(x)² Var(w) is a term, too.",
        2.0: "You left out the variance of the inputs: Var(w) Var(x) is a term, too.",
        10**0.5: "That is the standard deviation. The variance is asked for.",
        0.05: "That is the variance of one product. 200 of them are added.",
        100.0: "The variance of the weights is 0.1², not 0.1.",
        6.0: "The variance of the inputs is 2², not 2.",
        802.0: "You added the variances of w and x. For a product it is another rule.",
        2000.0: "The sum of n independent terms has n times the variance of one, not n² times.",
    },
    hints=[
        "Var(XY) = E(X)² Var(Y) + E(Y)² Var(X) + Var(X) Var(Y), for independent X and Y.",
        "E(w) = 0, so that one of the three terms falls away: which one?",
        "0.05 for one product; the products are uncorrelated, and so their variances add.",
    ],
)


def _fans(rng):
    yield 100, 100
    yield 784, 10
    yield 1, 2
    yield 30, 300
    for _ in range(4):
        yield tuple(int(n) for n in rng.integers(2, 600, size=2))


@code_exercise(
    "glorot",
    section="7.5",
    title="Glorot's rule, normal and uniform",
    trials=_fans,
    hints=[
        "Forward asks for a variance of 1/n_in, backward for 1/n_out. Average the two fans.",
        "The variance is 1 divided by (n_in + n_out)/2; the standard deviation is its root.",
        "A uniform number between −r and r has the variance r²/3.",
    ],
)
def glorot(n_in, n_out):
    """Return (std, r) of Glorot's rule for the weights between n_in and n_out units.

    std: the standard deviation of normal weights, 1/variance = (n_in + n_out)/2;
    r: the range of weights that are uniform in (−r, r) and have the same standard deviation.
    """
    std = np.sqrt(2 / (n_in + n_out))
    return std, np.sqrt(3) * std


@glorot.mistake("2/(n_in + n_out) is the variance. The standard deviation is its root.")
def _variance(n_in, n_out):
    variance = 2 / (n_in + n_out)
    return variance, np.sqrt(3) * variance


@glorot.mistake("You use n_in alone: that is LeCun's rule, and it keeps the forward pass only.")
def _fan_in(n_in, n_out):
    return np.sqrt(1 / n_in), np.sqrt(3 / n_in)


@glorot.mistake("You use n_out alone: that keeps the backward pass only.")
def _fan_out(n_in, n_out):
    return np.sqrt(1 / n_out), np.sqrt(3 / n_out)


@glorot.mistake("The std is right. With r = std, uniform weights spread less: by a factor of √3.")
def _range_is_std(n_in, n_out):
    std = np.sqrt(2 / (n_in + n_out))
    return std, std


@glorot.mistake("The std is right. The variance of a uniform number is r²/3: r is √3 std, not 3.")
def _three(n_in, n_out):
    std = np.sqrt(2 / (n_in + n_out))
    return std, 3 * std


@glorot.mistake("The std is right. √12 std is the whole length of the interval, from −r to r.")
def _whole_length(n_in, n_out):
    std = np.sqrt(2 / (n_in + n_out))
    return std, np.sqrt(12) * std


@glorot.mistake("The 2 is missing: the mean of the fans is (n_in + n_out)/2.")
def _sum_of_fans(n_in, n_out):
    std = np.sqrt(1 / (n_in + n_out))
    return std, np.sqrt(3) * std


@glorot.mistake("That is the book's rule for ReLU. Glorot's has a 2 under the root, not a 4.")
def _for_relu(n_in, n_out):
    std = np.sqrt(4 / (n_in + n_out))
    return std, np.sqrt(3) * std


@glorot.mistake("You average the factors 1/√n_in and 1/√n_out. The fans are averaged, not these.")
def _mean_of_factors(n_in, n_out):
    std = (n_in**-0.5 + n_out**-0.5) / 2
    return std, np.sqrt(3) * std


@glorot.mistake("The order is exchanged: the std comes first, then the range.")
def _exchanged(n_in, n_out):
    std = np.sqrt(2 / (n_in + n_out))
    return np.sqrt(3) * std, std


def _draws(rng):
    cases = [((2, 3), 0.0), ((6, 2), 0.25), ((1, 4), 0.1), ((5, 5), 1.0), ((9, 1), 0.5)]
    for shape, slope in cases:
        yield rng.normal(size=shape), slope
    yield rng.normal(size=(4, 7)).astype(np.float32), 0.3


@code_exercise(
    "he",
    section="7.5",
    title="He's rule, with a leak",
    trials=_draws,
    hints=[
        "`draws` have variance 1. Multiply them by the standard deviation that is wanted.",
        "Solve n_in σ² (1 + c²)/2 = 1 for σ.",
        "Every column of W is a unit, and has n_in weights: n_in is the number of rows.",
    ],
)
def he(draws, slope):
    """Return the weights W of a layer before leaky ReLUs of slope c, by He's rule.

    draws: numbers from N(0, 1), shape (n_in, n_out); slope: c, which is 0 for ReLU. A leaky ReLU
    keeps (1 + c²)/2 of the mean square, and the mean square of the pre-activations shall stay:
    n_in σ² (1 + c²)/2 = 1, with σ the standard deviation of W.
    """
    return draws * np.sqrt(2 / ((1 + slope**2) * len(draws)))


@he.mistake("Your fan is the number of columns, n_out. In this layout n_in is that of the rows.")
def _columns(draws, slope):
    return draws * np.sqrt(2 / ((1 + slope**2) * draws.shape[1]))


@he.mistake("Your fan is the number of all weights. A unit adds up n_in of them.")
def _all_weights(draws, slope):
    return draws * np.sqrt(2 / ((1 + slope**2) * draws.size))


@he.mistake("You average the fans, as the book does. He's rule has n_in alone.")
def _mean_fan(draws, slope):
    return draws * np.sqrt(4 / ((1 + slope**2) * sum(draws.shape)))


@he.mistake("You multiply by the variance σ². The standard deviation σ scales the weights.")
def _variance_of_he(draws, slope):
    return draws * 2 / ((1 + slope**2) * len(draws))


@he.mistake("The 2 is missing: the ReLU takes half of the mean square, and σ makes up for it.")
def _no_two(draws, slope):
    return draws / np.sqrt((1 + slope**2) * len(draws))


@he.mistake("The leak is missing: what passes below 0 adds c² to the mean square.")
def _no_leak(draws, slope):
    return draws * np.sqrt(2 / len(draws))


@he.mistake("The leak counts as c², not as c: it is the square of the signal that is kept.")
def _slope_not_squared(draws, slope):
    return draws * np.sqrt(2 / ((1 + slope) * len(draws)))


@he.mistake("1 + c² belongs below the line: a leak lets more through, so that W is smaller.")
def _leak_above(draws, slope):
    return draws * np.sqrt(2 * (1 + slope**2) / len(draws))


@he.mistake("That is σ alone. Return the weights: the draws times σ.")
def _std_alone(draws, slope):
    return np.sqrt(2 / ((1 + slope**2) * len(draws)))
