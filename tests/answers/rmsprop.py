"""Differently written right answers to the code exercises of notebook 06."""

import numpy as np


def by_the_change(w, mean_square, gradient, learning_rate, decay, epsilon):
    gradient = np.asarray(gradient)
    average = 0.0 * gradient if mean_square is None else mean_square
    average = average + (1.0 - decay) * (gradient * gradient - average)
    return [w - learning_rate * (average + epsilon) ** -0.5 * gradient, average]


OTHERS = {"rmsprop-step": by_the_change}
