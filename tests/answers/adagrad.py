"""Differently written right answers to the code exercises of notebook 05."""

import math

import numpy as np


def by_the_effective_rate(w, sum_of_squares, gradient, learning_rate, epsilon):
    if np.ndim(w):
        pairs = [
            by_the_effective_rate(*of_one, learning_rate, epsilon)
            for of_one in zip(w, sum_of_squares, gradient, strict=True)
        ]
        return [[pair[0] for pair in pairs], [pair[1] for pair in pairs]]
    total = sum_of_squares + gradient * gradient
    return w - learning_rate / math.sqrt(total + epsilon) * gradient, total


OTHERS = {"adagrad-step": by_the_effective_rate}
