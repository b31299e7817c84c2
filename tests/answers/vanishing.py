"""Differently written right answers to the code exercises of notebook 14: vanishing gradients."""

import numpy as np


def row_by_row(outputs, weights, gradient):
    firsts = []
    for row, delta in enumerate(gradient):
        for k in reversed(range(len(weights))):
            z = outputs[k + 1][row]
            delta = weights[k] @ np.diag(z - z * z) @ delta
        firsts.append(delta)
    return np.std([firsts, np.negative(firsts)]) / np.sqrt(np.sum(gradient**2) / gradient.size)


OTHERS = {"gradient-ratio": row_by_row}
