"""Differently written right answers to the code exercises of notebook 01."""

import numpy as np


def looped_step(w, gradient, learning_rate):
    if np.ndim(w) == 0:
        return w - learning_rate * gradient
    return [looped_step(a, g, learning_rate) for a, g in zip(w, gradient, strict=True)]


def closed_form_steps(curvature, learning_rate, start, tolerance):
    if abs(start) <= tolerance:
        return 0
    factor = abs(1 - curvature * learning_rate)
    if factor >= 1:
        return float("inf")
    return 1 if factor == 0 else np.ceil(np.log(tolerance / abs(start)) / np.log(factor))


def by_minors(hessian):
    def positive_definite(matrix):
        return all(np.linalg.det(matrix[:k, :k]) > 0 for k in range(1, len(matrix) + 1))

    if positive_definite(hessian):
        return "Minimum"
    return "maximum" if positive_definite(-hessian) else "saddle"


def walked_escape(offset, curvature, learning_rate):
    w, steps = abs(offset), 0
    while w < 1:
        if w == 0:
            return np.inf
        w, steps = w - learning_rate * curvature * w, steps + 1
    return np.float64(steps)


OTHERS = {
    "gradient-step": looped_step,
    "steps-to-tolerance": closed_form_steps,
    "hessian-signs": by_minors,
    "saddle-escape": walked_escape,
}
