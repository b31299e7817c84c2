"""Differently written right answers to the code exercises of notebook 13: the way forward."""

import numpy as np


def column_by_column(a, gamma, beta, epsilon):
    columns = []
    for j, column in enumerate(a.T):
        mean = sum(column) / len(column)
        var = sum((value - mean) ** 2 for value in column) / len(column)
        columns.append([gamma[j] * (v - mean) / (var + epsilon) ** 0.5 + beta[j] for v in column])
    return np.array(columns).T


def by_weights_of_the_past(x, batches, decay, epsilon):
    ages = np.arange(len(batches))[::-1]
    shares = (1 - decay) * decay**ages
    mean = sum(s * batch.mean(axis=0) for s, batch in zip(shares, batches, strict=True))
    var = sum(
        s * np.cov(b.T, ddof=1).reshape(b.shape[1], -1).diagonal()
        for s, b in zip(shares, batches, strict=True)
    )
    return (x - mean) / (var + decay ** len(batches) + epsilon) ** 0.5


OTHERS = {"bn-forward": column_by_column, "bn-inference": by_weights_of_the_past}
