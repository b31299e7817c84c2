"""Differently written right answers to the code exercises of notebook 12: centring and scaling."""

import numpy as np


def feature_by_feature(train, test):
    means = [sum(column) / len(column) for column in train.T]
    columns = range(len(means))
    return tuple(np.transpose([data[:, j] - means[j] for j in columns]) for data in (train, test))


def scale_where_it_varies(train, test):
    mean = np.mean(train, axis=0)
    root = np.sqrt(np.mean((train - mean) ** 2, axis=0))
    root[root == 0] = 1
    return [np.divide(data - mean, root) for data in (train, test)]


def stretched(train, test):
    low, width = train.min(axis=0), np.ptp(train, axis=0)
    varies = width > 0
    share = [(data - low) / np.where(varies, width, 1) for data in (train, test)]
    return tuple(np.where(varies, 2 * part - 1, part) for part in share)


OTHERS = {
    "center": feature_by_feature,
    "standardize": scale_where_it_varies,
    "min-max": stretched,
}
