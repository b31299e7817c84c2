"""Exercises of notebook 04, Nesterov momentum (Section 7.3.2)."""

import numpy as np

from coursekit.descent import minimize
from coursekit.exercises.code import code_exercise
from coursekit.exercises.core import number_exercise, predict_exercise
from coursekit.objectives import bowl
from coursekit.optimizers import Momentum, Nesterov


def steep_bowl(w):
    """The gradient of 2 w²."""
    return 4 * np.asarray(w)


def quartic(w):
    """The gradient of ¼ w⁴."""
    return np.asarray(w) ** 3


def waves(w):
    """The gradient of −cos w."""
    return np.sin(w)


def _surfaces(rng):
    yield 1.5, -0.4, steep_bowl, 0.1, 0.9
    yield 1.5, 0.0, quartic, 0.1, 0.9  # at rest: there is nothing to look ahead to
    yield 0.5, 0.3, waves, 0.2, 0.0  # no momentum: plain descent
    for shape, gradient, dtype in [
        ((3,), waves, np.float64),
        ((4, 2), quartic, np.float64),
        ((2, 3, 2), steep_bowl, np.float64),
        ((5,), waves, np.float32),
    ]:
        w, v = rng.normal(size=(2, *shape)).astype(dtype)
        yield w, v, gradient, float(rng.uniform(0.05, 0.4)), float(rng.uniform(0.5, 0.99))


@code_exercise(
    "nesterov-step",
    section="7.3.2",
    title="One step, with a look ahead",
    trials=_surfaces,
    hints=[
        "First the point ahead: where would the velocity alone take w?",
        "`gradient` is a function: call it once, at the point ahead.",
        "The point ahead is for the gradient only. w itself moves by the new velocity.",
    ],
)
def nesterov_step(w, v, gradient, learning_rate, momentum):
    """Return (w(n+1), v(n)) after v(n) = ρ v(n−1) − η g(w(n) + ρ v(n−1)), w(n+1) = w(n) + v(n).

    w and v: w(n) and v(n−1), numbers or arrays of one shape; gradient: a function that returns
    the gradient g at any point; learning_rate: η; momentum: ρ.
    """
    slope = gradient(w + momentum * v)
    v = momentum * v - learning_rate * slope
    return w + v, v


@nesterov_step.mistake(
    "You take the gradient at w: that is plain momentum. Take it at w + ρv, the point ahead."
)
def _gradient_at_w(w, v, gradient, learning_rate, momentum):
    v = momentum * v - learning_rate * gradient(w)
    return w + v, v


@nesterov_step.mistake(
    "You look ahead along the new velocity, which needs a gradient of its own. The look ahead uses "
    "the old velocity, v(n−1), and one gradient is all a step costs."
)
def _new_velocity_ahead(w, v, gradient, learning_rate, momentum):
    ahead = w + momentum * v - learning_rate * gradient(w)
    v = momentum * v - learning_rate * gradient(ahead)
    return w + v, v


@nesterov_step.mistake(
    "You look ahead along ρ times the new velocity. It is ρ times the old one, v(n−1), which is "
    "known before any gradient."
)
def _damped_new_velocity_ahead(w, v, gradient, learning_rate, momentum):
    tried = momentum * v - learning_rate * gradient(w)
    v = momentum * v - learning_rate * gradient(w + momentum * tried)
    return w + v, v


@nesterov_step.mistake("You look back: the point ahead is w plus ρv, not w minus ρv.")
def _looks_back(w, v, gradient, learning_rate, momentum):
    v = momentum * v - learning_rate * gradient(w - momentum * v)
    return w + v, v


@nesterov_step.mistake(
    "You move from the point ahead, and so by ρv twice. It is there to take the gradient; w moves "
    "from where it stands."
)
def _moves_from_ahead(w, v, gradient, learning_rate, momentum):
    ahead = w + momentum * v
    v = momentum * v - learning_rate * gradient(ahead)
    return ahead + v, v


@nesterov_step.mistake(
    "You look ahead by the whole v. Of the old velocity only ρv is left in the next step: that is "
    "how far to look."
)
def _looks_too_far(w, v, gradient, learning_rate, momentum):
    v = momentum * v - learning_rate * gradient(w + v)
    return w + v, v


@nesterov_step.mistake(
    "The look ahead is right, but the velocity keeps all of its past: it is ρ v(n−1), not v(n−1)."
)
def _no_friction(w, v, gradient, learning_rate, momentum):
    v = v - learning_rate * gradient(w + momentum * v)
    return w + v, v


@nesterov_step.mistake("You climb: the gradient has to be subtracted from the velocity.")
def _climbs(w, v, gradient, learning_rate, momentum):
    v = momentum * v + learning_rate * gradient(w + momentum * v)
    return w + v, v


@nesterov_step.mistake(
    "w is right, and the velocity is the old one. Return v(n), or the next step starts wrong."
)
def _velocity_not_kept(w, v, gradient, learning_rate, momentum):
    return w + momentum * v - learning_rate * gradient(w + momentum * v), v


@nesterov_step.mistake("The order is exchanged: return w first, then v.")
def _exchanged(w, v, gradient, learning_rate, momentum):
    w, v = nesterov_step.function(w, v, gradient, learning_rate, momentum)
    return v, w


@nesterov_step.mistake(
    "You return the next point ahead. That is what the libraries keep; here it is w(n+1) itself."
)
def _next_point_ahead(w, v, gradient, learning_rate, momentum):
    w, v = nesterov_step.function(w, v, gradient, learning_rate, momentum)
    return w + momentum * v, v


forget_the_velocity = number_exercise(
    "forget-the-velocity",
    section="7.3.2",
    title="The rate that forgets the velocity",
    question=(
        "A loss has the formula L(w) = 2w² + 3w − 1, and Nesterov momentum runs on it with "
        "ρ = 0.9. At one learning rate η a single step lands on the minimum, from any w and with "
        "any velocity v. Which η?"
    ),
    value=0.25,
    tolerance=0.01,
    why="The effective momentum is ρ(1 − ηλ) with λ = L'' = 4: at η = 1/4 nothing of v is left, "
    "and 1/λ is also the rate of the single step without momentum.",
    mistakes={
        0.5: "That is 2/4, or 1/2 with 2 for the curvature. The curvature is L'' = 4, and the "
        "factor 1 − ηλ has to vanish.",
        0.025: "That is (1 − ρ)/λ, which makes a steady slope's step as long as plain descent's. "
        "Here the factor before v has to vanish, whatever ρ is.",
        0.9: "That is ρ. The factor before v is ρ(1 − ηλ): which η makes it 0?",
        0.1: "That is 1 − ρ. The factor before v is ρ(1 − ηλ): which η makes it 0?",
        0.95: "That is 2(1 + ρ)/λ, where plain momentum starts to diverge.",
        19 / 56: "That is 2(1 + ρ)/((1 + 2ρ)λ), where Nesterov starts to diverge.",
        4.0: "You inverted it: the rate is 1/λ, not λ.",
        1.0: "That holds for curvature 1. Here it is L'' = 4.",
    },
    hints=[
        "In a bowl of curvature λ the method is momentum with ρ(1 − ηλ) in the place of ρ.",
        "Which η makes the factor before the velocity 0? The curvature is the second derivative.",
    ],
)


def _library_states(rng):
    yield 2.0, 0.0, 3.0, 0.1, 0.9  # the first step
    yield 2.0, -1.5, 0.4, 0.1, 0.9
    for shape, dtype in [((3,), np.float64), ((4, 2), np.float64), ((5,), np.float32)]:
        phi, buffer, gradient = rng.normal(size=(3, *shape)).astype(dtype)
        yield phi, buffer, gradient, float(rng.uniform(0.05, 0.4)), float(rng.uniform(0.5, 0.99))


@code_exercise(
    "library-form",
    section="7.3.2",
    title="The step inside PyTorch",
    trials=_library_states,
    hints=[
        "Two lines: the buffer first, then φ by means of the new buffer.",
        "The buffer collects bare gradients; η stands only where φ moves.",
        "φ moves by −η times (the gradient plus ρ times the new buffer).",
    ],
)
def library_form(phi, buffer, gradient, learning_rate, momentum):
    """Return (φ, buffer) after one step of PyTorch's SGD with nesterov=True.

    The buffer becomes ρ · buffer + g; then φ becomes φ − η (g + ρ · buffer), with the new buffer.
    phi: φ, the point that the library calls its weights, a number or an array; buffer: of the same
    shape; gradient: g, taken at φ, of the same shape; learning_rate: η; momentum: ρ.
    """
    buffer = momentum * buffer + gradient
    return phi - learning_rate * (gradient + momentum * buffer), buffer


@library_form.mistake(
    "φ moves by −η times the new buffer (with the old one in the bracket it comes to the same): "
    "that is plain momentum. Put the new buffer into the bracket."
)
def _plain_momentum(phi, buffer, gradient, learning_rate, momentum):
    buffer = momentum * buffer + gradient
    return phi - learning_rate * buffer, buffer


@library_form.mistake("The new buffer enters with a factor of ρ: the bracket is g + ρ · buffer.")
def _no_rho(phi, buffer, gradient, learning_rate, momentum):
    buffer = momentum * buffer + gradient
    return phi - learning_rate * (gradient + buffer), buffer


@library_form.mistake("The gradient itself is missing: the bracket is g + ρ · buffer.")
def _no_gradient(phi, buffer, gradient, learning_rate, momentum):
    buffer = momentum * buffer + gradient
    return phi - learning_rate * momentum * buffer, buffer


@library_form.mistake(
    "The learning rate acts twice: the buffer holds bare gradients, and η stands in φ's line only."
)
def _rate_twice(phi, buffer, gradient, learning_rate, momentum):
    buffer = momentum * buffer + learning_rate * gradient
    return phi - learning_rate * (gradient + momentum * buffer), buffer


@library_form.mistake(
    "That is Keras's form: a velocity with η and the minus sign in it. PyTorch's buffer has "
    "neither."
)
def _keras_form(phi, buffer, gradient, learning_rate, momentum):
    velocity = momentum * buffer - learning_rate * gradient
    return phi + momentum * velocity - learning_rate * gradient, velocity


@library_form.mistake(
    "You average: there is no factor 1 − ρ before the gradient (PyTorch calls it dampening, and "
    "has none here)."
)
def _averages(phi, buffer, gradient, learning_rate, momentum):
    buffer = momentum * buffer + (1 - momentum) * gradient
    return phi - learning_rate * (gradient + momentum * buffer), buffer


@library_form.mistake("You climb: φ moves against the bracket, by minus η times it.")
def _climbs_phi(phi, buffer, gradient, learning_rate, momentum):
    buffer = momentum * buffer + gradient
    return phi + learning_rate * (gradient + momentum * buffer), buffer


@library_form.mistake("φ is right, and the buffer is the old one: the next step needs the new.")
def _buffer_not_kept(phi, buffer, gradient, learning_rate, momentum):
    moved = momentum * buffer + gradient
    return phi - learning_rate * (gradient + momentum * moved), buffer


@library_form.mistake("The learning rate is missing: φ moves by −η times the bracket.")
def _no_rate(phi, buffer, gradient, learning_rate, momentum):
    buffer = momentum * buffer + gradient
    return phi - (gradient + momentum * buffer), buffer


def _race_to_the_edge():
    lines = ["rate η   momentum |w|   Nesterov |w|   after 200 steps from w = 1"]
    for rate in (1.0, 1.3, 1.4, 2.0, 3.7, 3.9):
        ends = [
            abs(minimize(bowl(1.0), [1.0], method, 200).points[-1, 0])
            for method in (Momentum(rate, 0.9), Nesterov(rate, 0.9))
        ]
        words = ["grows" if end > 1 else "shrinks" for end in ends]
        lines.append(f"{rate:6.1f}   {words[0]:12}   {words[1]:12}")
    return "\n".join(lines)


look_ahead_limit = predict_exercise(
    "look-ahead-limit",
    section="7.3.2",
    title="Does looking ahead allow a larger rate?",
    question=(
        "The bowl L(w) = ½ w², curvature 1, and ρ = 0.9. With plain momentum the descent stays "
        "stable up to η = 3.8 and diverges beyond. Nesterov momentum looks ahead, and brakes "
        "before it is too late. Up to which η does it stay stable?"
    ),
    right="D",
    reveal=_race_to_the_edge,
    choices={
        "A": (
            "Further than 3.8: it brakes in time.",
            "It brakes with a force that grows with η too: the slope ahead is steeper than the one "
            "at w, and −η times it throws w back beyond where it came from. Nesterov diverges from "
            "η = 1.36 on.",
        ),
        "B": (
            "3.8 as well: the two differ in speed only.",
            "The effective momentum ρ(1 − ηλ) changes with η, and the bound with it. Nesterov "
            "diverges from η = 1.36 on.",
        ),
        "C": (
            "1.9, half of it.",
            "Less still. Put ρ(1 − η) for ρ into momentum's bound, η < 2(1 + ρ), and solve for η: "
            "2(1 + ρ)/(1 + 2ρ) = 1.36.",
        ),
        "D": (
            "1.36, about a third of it.",
            "Momentum's bound with ρ(1 − η) for ρ is η < 2 + 2ρ(1 − η), and solved for η it is "
            "2(1 + ρ)/(1 + 2ρ) = 1.36. Plain descent manages 2: the look ahead makes the steepest "
            "direction a danger sooner.",
        ),
    },
    hints=[
        "In a bowl the look ahead makes the effective momentum ρ(1 − ηλ). What is that at η = 2?",
        "Momentum is stable for ηλ < 2(1 + ρ). Put the effective momentum in the place of ρ.",
    ],
)
