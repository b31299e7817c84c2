"""Differently written right answers to the code exercises of notebook 09."""

import numpy as np


def piece_by_piece(x, weights, bias):
    pieces = [x @ weights[:, :, j] + bias[:, j] for j in range(weights.shape[-1])]
    return np.maximum.reduce(pieces)


def example_by_example(x, weights, bias, gradient):
    result = np.zeros_like(x)
    for n, row in enumerate(x):
        for i in range(len(bias)):
            a = row @ weights[:, i] + bias[i]
            (*_, last) = np.flatnonzero(a == a.max())  # of equals
            result[n] += gradient[n, i] * weights[:, i, last]
    return result


OTHERS = {"maxout-forward": piece_by_piece, "maxout-backward": example_by_example}
