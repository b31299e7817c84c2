"""Differently written right answers to the code exercises of notebook 08: sigmoid, tanh, ReLU."""

import numpy as np


def by_tanh(a):
    return 0.5 + 0.5 * np.tanh(0.5 * a)


def one_by_one(z, gradient):
    return np.vectorize(lambda z, g: (z - z * z) * g)(z, gradient)


def odd_part(a, sigmoid):
    return sigmoid(2 * a) - sigmoid(-2 * a)


def open_at_zero(a, gradient):
    passed = np.zeros_like(gradient)
    passed[a >= 0] = gradient[a >= 0]
    return passed


OTHERS = {
    "stable-sigmoid": by_tanh,
    "sigmoid-slope": one_by_one,
    "tanh-from-sigmoid": odd_part,
    "relu-backward": open_at_zero,
}
