"""Exercises of notebook 08, saturating and rectified units (Sections 7.4 to 7.4.2)."""

import numpy as np

from coursekit.activations import relu, sigmoid
from coursekit.descent import first_step
from coursekit.exercises.code import code_exercise
from coursekit.exercises.core import predict_exercise


def _inputs(rng):
    for a in (0.0, 0.7, -2.5):
        yield (a,)
    yield (np.array([-1000.0, -40.0, -0.0, 0.5, 40.0, 1000.0]),)
    yield (np.array([-1000, -3, 0, 2, 1000], dtype=np.float32),)
    for shape, dtype in [((5,), np.float64), ((3, 4), np.float64), ((2, 3), np.float32)]:
        yield ((2 * rng.normal(size=shape)).astype(dtype),)


@code_exercise(
    "stable-sigmoid",
    section="7.4",
    title="A sigmoid that never overflows",
    trials=_inputs,
    hints=[
        "e¹⁰⁰⁰ is no float64: the largest is about e⁷⁰⁹. What is the sign of a when e⁻ᵃ overflows?",
        "e^−|a| is at most 1, whatever a is. For a ≥ 0 the formula needs nothing else.",
        "For a < 0, write 1/(1 + e⁻ᵃ) as eᵃ/(1 + eᵃ); `np.where` takes one or the other.",
    ],
)
def stable_sigmoid(a):
    """Return σ(a) = 1/(1 + e⁻ᵃ) for each element of a.

    a: a number or an array, from −1000 to 1000. Typed as it stands, the formula is right, but warns
    of an overflow at −1000: find a form that never does.
    """
    small = np.exp(-np.abs(a))  # at most 1
    return np.where(a >= 0, 1, small) / (1 + small)


@stable_sigmoid.mistake(
    "At a = 1000 your formula is inf/inf, which is nan. eᵃ/(1 + eᵃ) is for negative a only."
)
def _infinite_quotient(a):
    return np.exp(a) / (1 + np.exp(a))


@stable_sigmoid.mistake("The sign in the exponent: yours falls with a. It is e⁻ᵃ.")
def _falls(a):
    return 1 / (1 + np.exp(a))


@stable_sigmoid.mistake("Parentheses: `1 / 1 + np.exp(-a)` divides first. It is 1/(1 + e⁻ᵃ).")
def _no_parentheses(a):
    return 1 / 1 + np.exp(-a)


@stable_sigmoid.mistake("1 − e⁻ᵃ in the denominator is 0 at a = 0. It is a sum, 1 + e⁻ᵃ.")
def _difference(a):
    return 1 / (1 - np.exp(-a))


@stable_sigmoid.mistake("That is tanh, between −1 and 1. The sigmoid runs from 0 to 1.")
def _tanh(a):
    return np.tanh(a)


@stable_sigmoid.mistake(
    "(1 + tanh a)/2 is σ(2a), twice as steep. With tanh(a/2) this form is right, and never "
    "overflows."
)
def _too_steep(a):
    return (1 + np.tanh(a)) / 2


@stable_sigmoid.mistake(
    "That is the softmax: it divides by the sum over all elements. The sigmoid is of each alone."
)
def _softmax(a):
    powers = np.exp(a - np.max(a))
    return powers / np.sum(powers)


@stable_sigmoid.mistake("That is the derivative, z(1 − z). The value itself is wanted.")
def _derivative(a):
    return sigmoid.derivative(a)


@stable_sigmoid.mistake(
    "The hard sigmoid is three straight lines, an approximation. Use the exponential."
)
def _hard(a):
    return np.clip(0.2 * a + 0.5, 0, 1)


def _backward_inputs(rng):
    yield 0.5, 2.0
    yield 1.0, 3.0  # saturated
    yield np.array([0.0, 1e-12, 0.25, 0.5, 1.0]), np.array([1.0, 1.0, -2.0, 0.0, 5.0])
    for shape, dtype in [((5,), np.float64), ((3, 4), np.float64), ((2, 3), np.float32)]:
        z, gradient = rng.uniform(size=shape), rng.normal(size=shape)
        yield z.astype(dtype), gradient.astype(dtype)


@code_exercise(
    "sigmoid-slope",
    section="7.4",
    title="Backwards through a sigmoid",
    trials=_backward_inputs,
    hints=[
        "The chain rule: ∂L/∂a = ∂L/∂z · dz/da.",
        "dz/da = z(1 − z), from the output alone; the input a is not needed any more.",
    ],
)
def sigmoid_slope(z, gradient):
    """Return ∂L/∂a of a sigmoid unit, from its output.

    z: the output σ(a), a number or an array; gradient: ∂L/∂z, of the shape of z.
    """
    return z * (1 - z) * gradient


@sigmoid_slope.mistake(
    "That is dz/da, half of the chain. Multiply by the ∂L/∂z that arrives from above."
)
def _no_chain(z, gradient):
    return z * (1 - z)


@sigmoid_slope.mistake("You take the sigmoid of z. z has been through it already: use z(1 − z).")
def _twice(z, gradient):
    return sigmoid.derivative(z) * gradient


@sigmoid_slope.mistake("1 − z² is the slope of tanh. The sigmoid's is z(1 − z).")
def _slope_of_tanh(z, gradient):
    return (1 - z**2) * gradient


@sigmoid_slope.mistake("The factor 1 − z is missing: a unit at z ≈ 1 is saturated, too.")
def _no_upper_end(z, gradient):
    return z * gradient


@sigmoid_slope.mistake("The factor z is missing: a unit at z ≈ 0 is saturated, too.")
def _no_lower_end(z, gradient):
    return (1 - z) * gradient


@sigmoid_slope.mistake("The sign: it is 1 − z, not z − 1. A sigmoid rises everywhere.")
def _negative(z, gradient):
    return z * (z - 1) * gradient


@sigmoid_slope.mistake("You divide by the slope. On the way back it multiplies.")
def _divides(z, gradient):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(gradient) / np.asarray(z * (1 - z))


def _wake():
    starts = np.array([5.0, 7.5, 10.0])
    a, path = starts, [starts]
    while (a > 0).any():
        z = sigmoid(a)
        a = a - z * (z * (1 - z))  # ∂L/∂b = z · z(1 − z), and η = 1
        path.append(a)
    lines = ["start   slope z(1 − z)   steps to a = 0"]
    for start, steps in zip(starts, first_step(np.array(path) <= 0), strict=True):
        lines.append(f"{start:5}   {sigmoid.derivative(start):14.6f}   {steps:14,.0f}")
    return "\n".join(lines)


predict_exercise(
    "wake-up",
    section="7.4",
    title="How long does it sleep?",
    question=(
        "One sigmoid unit, one example. The target is 0, the loss ½ z², and the bias alone learns, "
        "at η = 1. But the unit has got stuck at the wrong end: a = 5, z = 0.993. Gradient descent "
        "needs 168 steps to bring it back to a = 0. How many does it need from a = 10?"
    ),
    right="C",
    reveal=_wake,
    choices={
        "A": (
            "About 330: twice the way.",
            "The way is twice as long, but the pace is not the same: where a step starts, the "
            "slope is z(1 − z), and it falls by the factor e with each unit of a.",
        ),
        "B": (
            "About 700: four times as many.",
            "That would be a pace that falls in proportion to a. This one falls as e⁻ᵃ, for "
            "z(1 − z) ≈ e⁻ᵃ.",
        ),
        "C": (
            "About 22,000.",
            "A step moves a by about e⁻ᵃ, so that the wait grows as eᵃ: five units further out it "
            "is some e⁵ ≈ 150 times as long.",
        ),
        "D": (
            "It never comes back: it is dead.",
            "Its slope is small, 0.000045, and not 0: the unit moves. In float64 the slope is "
            "exactly 0 only above a ≈ 36.7, and there it never moves indeed.",
        ),
    },
    hints=[
        "For large a, 1 − z is about e⁻ᵃ, and z is about 1. How long is one step, then?",
        "da/dn ≈ −e⁻ᵃ. Integrate it.",
    ],
)


def _sigmoid_inputs(rng):
    for (a,) in _inputs(rng):
        yield a, sigmoid


@code_exercise(
    "tanh-from-sigmoid",
    section="7.4",
    title="tanh out of a sigmoid",
    trials=_sigmoid_inputs,
    hints=[
        "Two changes: the values from (0, 1) to (−1, 1), and the steepness at 0 from ¼ to 1.",
        "Twice a sigmoid, minus 1, runs from −1 to 1. Its slope at 0 is ½: half as steep as tanh.",
        "tanh a = (eᵃ − e⁻ᵃ)/(eᵃ + e⁻ᵃ). Divide above and below by eᵃ, and compare.",
    ],
)
def tanh_from_sigmoid(a, sigmoid):
    """Return tanh a for each element of a, made from the function sigmoid alone.

    a: a number or an array; sigmoid: a function that returns 1/(1 + e⁻ᵃ) for each element.
    """
    return 2 * sigmoid(2 * a) - 1


@tanh_from_sigmoid.mistake(
    "2σ(a) − 1 is tanh(a/2), half as steep at 0. A factor is missing inside, too."
)
def _no_factor_inside(a, sigmoid):
    return 2 * sigmoid(a) - 1


@tanh_from_sigmoid.mistake("That runs from −1 to 0. The factor 2 outside is missing.")
def _no_factor_outside(a, sigmoid):
    return sigmoid(2 * a) - 1


@tanh_from_sigmoid.mistake("That runs from 0 to 2: the shift by −1 is missing.")
def _no_shift(a, sigmoid):
    return 2 * sigmoid(2 * a)


@tanh_from_sigmoid.mistake("Twice as steep, but still from 0 to 1: stretch it to (−1, 1), too.")
def _steeper_only(a, sigmoid):
    return sigmoid(2 * a)


@tanh_from_sigmoid.mistake("Inside, 2 multiplies: dividing makes it four times too flat at 0.")
def _flatter(a, sigmoid):
    return 2 * sigmoid(np.asarray(a) / 2) - 1


@tanh_from_sigmoid.mistake("The sign: yours is −tanh a, which falls.")
def _falling(a, sigmoid):
    return 1 - 2 * sigmoid(2 * a)


@tanh_from_sigmoid.mistake("2(σ(2a) − 1) runs from −2 to 0: double first, then subtract 1.")
def _shift_doubled(a, sigmoid):
    return 2 * (sigmoid(2 * a) - 1)


@tanh_from_sigmoid.mistake("That is zero-centred, but runs from −½ to ½ only: stretch it as well.")
def _centred_only(a, sigmoid):
    return sigmoid(a) - 0.5


def _gated(rng):
    yield np.array([[-1000.0, -1e-9, 0.0, 1e-9, 1000.0]]), np.array([[3.0, -3.0, 0.0, -3.0, 3.0]])
    for shape, dtype in [((5,), np.float64), ((6, 4), np.float64), ((3, 7), np.float32)]:
        a, gradient = rng.normal(size=(2, *shape))
        yield a.astype(dtype), gradient.astype(dtype)


@code_exercise(
    "relu-backward",
    section="7.4",
    title="The gate on the way back",
    trials=_gated,
    hints=[
        "The slope of max(0, a) is 1 for a > 0 and 0 for a < 0.",
        "So each gradient passes whole, or not at all. Whose sign decides, a's or the gradient's?",
        "`a > 0` is an array of True and False, and counts as 1 and 0 in a product.",
    ],
)
def relu_backward(a, gradient):
    """Return ∂L/∂a of a layer of ReLU units, z = max(0, a).

    a: what went into the units, an array; gradient: ∂L/∂z, of the shape of a. Exactly at a = 0
    both slopes, 0 and 1, are right.
    """
    return gradient * (a > 0)


@relu_backward.mistake(
    "You rectify the gradient. A negative gradient is welcome: the gate is opened by a > 0."
)
def _rectified_gradient(a, gradient):
    return np.maximum(gradient, 0)


@relu_backward.mistake(
    "You close the gate for negative gradients, too. That is guided backpropagation, which draws "
    "pictures; to train, the sign of a alone decides."
)
def _guided(a, gradient):
    return gradient * (a > 0) * (gradient > 0)


@relu_backward.mistake("That is the output times the gradient. The slope is 1 or 0, not z.")
def _times_output(a, gradient):
    return gradient * np.maximum(a, 0)


@relu_backward.mistake("All gradients pass. Where a < 0, the output does not depend on a.")
def _open(a, gradient):
    return 1.0 * gradient


@relu_backward.mistake("That is the slope alone. Multiply by the ∂L/∂z that arrives from above.")
def _slope_only(a, gradient):
    return relu.derivative(a)


@relu_backward.mistake("The gate is the wrong way round: units with a > 0 pass their gradient.")
def _exchanged(a, gradient):
    return gradient * (a < 0)


@relu_backward.mistake(
    "z/a is the slope, but at a = 0 it is 0/0, which is nan. Compare a with 0 instead."
)
def _quotient(a, gradient):
    with np.errstate(invalid="ignore"):
        return gradient * (np.maximum(a, 0) / a)
