"""Differently written right answers to the code exercises of notebook 07."""

import numpy as np


def by_effective_rate(w, mean, mean_square, gradient, n, learning_rate, beta1, beta2, epsilon):
    """Both corrections drawn into the rate and into ε; the averages as steps towards the new."""
    mean = mean + (1 - beta1) * (gradient - mean)
    mean_square = mean_square + (1 - beta2) * (np.square(gradient) - mean_square)
    unseen = beta2**n
    rate = learning_rate * (1 - unseen) ** 0.5 / (1 - beta1**n)
    return [w - rate * mean * (mean_square + epsilon * (1 - unseen)) ** -0.5, mean, mean_square]


OTHERS = {"adam-step": by_effective_rate}
