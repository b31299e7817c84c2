"""Exercises of notebook 01, issues with gradient descent (Section 7.1): saddles."""

import numpy as np

from coursekit.exercises.code import code_exercise


def _stationary_points(rng):
    spectra = [[1, 3], [-2, -0.5], [2, -1], [0.2, -3], [4, 1, 0.3], [-1, -2, -5], [5, -1, -2]]
    spectra += [[3, 2, 1, -0.1], [-3, -2, -1, -0.4, 0.2]]
    yield (np.array([[1.0, 2.0], [2.0, 1.0]]),)  # a saddle with a positive diagonal
    for spectrum in spectra:
        axes = np.linalg.qr(rng.normal(size=(len(spectrum), len(spectrum))))[0]
        hessian = axes * np.array(spectrum) @ axes.T
        yield ((hessian + hessian.T) / 2,)


@code_exercise(
    "hessian-signs",
    section="7.1",
    title="Minimum, maximum or saddle?",
    trials=_stationary_points,
    hints=[
        "Along a principal direction the loss bends up where the eigenvalue is positive.",
        "`np.linalg.eigvalsh` gives the eigenvalues of a symmetric matrix.",
        "All positive, all negative, or both signs: three answers.",
    ],
)
def hessian_signs(hessian):
    """Say what a point of zero gradient is: "minimum", "maximum" or "saddle".

    hessian: a symmetric array of shape (d, d), without zero eigenvalues.
    """
    curvatures = np.linalg.eigvalsh(hessian)
    if (curvatures > 0).all():
        return "minimum"
    if (curvatures < 0).all():
        return "maximum"
    return "saddle"


@hessian_signs.mistake(
    "You read the diagonal. It holds the curvatures along the axes, and a saddle can fall away "
    "between them: [[1, 2], [2, 1]] does. Use the eigenvalues."
)
def _diagonal(hessian):
    return hessian_signs.function(np.diag(np.diag(hessian)))


@hessian_signs.mistake("All negative is a maximum: a saddle needs both signs.")
def _any_negative_is_a_saddle(hessian):
    return "minimum" if (np.linalg.eigvalsh(hessian) > 0).all() else "saddle"


@hessian_signs.mistake("You look at two eigenvalues. There are d, and each one counts.")
def _first_two(hessian):
    curvatures = np.linalg.eigvalsh(hessian)
    return hessian_signs.function(np.diag(curvatures[:2]))


@hessian_signs.mistake(
    "You compare the entries of the matrix. Its eigenvalues decide, and they are no entries."
)
def _entries(hessian):
    if (hessian > 0).all():
        return "minimum"
    return "maximum" if (hessian < 0).all() else "saddle"


@hessian_signs.mistake(
    "The determinant decides in two dimensions only: with three, two negative curvatures make it "
    "positive again. Use the eigenvalues."
)
def _determinant(hessian):
    if np.linalg.det(hessian) < 0:
        return "saddle"
    return "minimum" if hessian[0, 0] > 0 else "maximum"


@hessian_signs.mistake(
    "The trace is the sum of the curvatures: a large positive one hides a negative one."
)
def _trace(hessian):
    return "minimum" if np.trace(hessian) > 0 else "maximum"


@hessian_signs.mistake(
    "Minimum and maximum are exchanged: positive curvature bends up, which is a minimum."
)
def _exchanged(hessian):
    return hessian_signs.function(-hessian)


@hessian_signs.mistake(
    "One positive curvature is not enough for a minimum: a single negative one is a way down."
)
def _any_positive(hessian):
    return "minimum" if (np.linalg.eigvalsh(hessian) > 0).any() else "maximum"


def _ridges(rng):
    yield 1e-3, -1.0, 0.1
    yield -1e-6, -1.0, 0.1
    yield 1e-12, -0.5, 0.3
    yield 0.0, -1.0, 0.1
    for _ in range(4):
        offset = float(10 ** rng.uniform(-9, -2))
        yield offset, -float(rng.uniform(0.2, 3)), float(rng.uniform(0.05, 0.3))


@code_exercise(
    "saddle-escape",
    section="7.1",
    title="How long does a saddle hold you?",
    trials=_ridges,
    endless="From exactly on the ridge, offset 0, it never leaves: return np.inf before the loop.",
    hints=[
        "One step multiplies w by 1 − ηλ, and λ is negative.",
        "After n steps |w| = |offset| · growthⁿ. Which n makes that 1?",
        "Round up: a step is whole. And what if the offset is 0?",
    ],
)
def saddle_escape(offset, curvature, learning_rate):
    """Count the steps of gradient descent from w = offset to |w| ≥ 1, on L = ½ λ w² with λ < 0.

    offset: the start, |offset| < 1; curvature: λ, negative; learning_rate: η.
    Return np.inf if it never leaves.
    """
    if offset == 0:
        return np.inf
    growth = 1 - learning_rate * curvature
    return int(np.ceil(np.log(1 / abs(offset)) / np.log(growth)))


def _escape(offset, growth):
    return np.inf if offset == 0 else int(np.ceil(np.log(1 / abs(offset)) / np.log(growth)))


@saddle_escape.mistake(
    "You let w shrink: with λ negative the factor 1 − ηλ is above 1, and w grows at every step."
)
def _shrinks(offset, curvature, learning_rate):
    return _escape(offset, 1 + learning_rate * curvature)


@saddle_escape.mistake(
    "You solved the continuous flow, e^(η|λ|n). A step multiplies by 1 + η|λ|, which is less."
)
def _continuous(offset, curvature, learning_rate):
    return _escape(offset, np.exp(-learning_rate * curvature))


@saddle_escape.mistake("The learning rate is missing: a step multiplies w by 1 − ηλ.")
def _no_rate(offset, curvature, learning_rate):
    return _escape(offset, 1 - curvature)


@saddle_escape.mistake("The logarithm's sign: it is ln(1/|δ|), a positive number, not ln |δ|.")
def _negative_count(offset, curvature, learning_rate):
    if offset == 0:
        return np.inf
    return int(np.ceil(np.log(abs(offset)) / np.log(1 - learning_rate * curvature)))


@saddle_escape.mistake("One too many: you count points. The start is one, and no step led to it.")
def _counts_points(offset, curvature, learning_rate):
    return saddle_escape.function(offset, curvature, learning_rate) + 1


@saddle_escape.mistake("A step is whole: round the number up.")
def _not_rounded(offset, curvature, learning_rate):
    if offset == 0:
        return np.inf
    return np.log(1 / abs(offset)) / np.log(1 - learning_rate * curvature)


@saddle_escape.mistake(
    "You keep the first step's speed. The slope grows with w, so that every step is longer than "
    "the one before: the growth is exponential."
)
def _constant_speed(offset, curvature, learning_rate):
    if offset == 0:
        return np.inf
    first = -learning_rate * curvature * abs(offset)
    return int(np.ceil((1 - abs(offset)) / first))


@saddle_escape.mistake("One too few: after that many steps |w| is still below 1. Round up.")
def _rounds_down(offset, curvature, learning_rate):
    return saddle_escape.function(offset, curvature, learning_rate) - 1
