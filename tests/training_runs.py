"""Short runs of training that the tests share."""

import numpy as np

from coursekit.optimizers import SGD
from coursekit.training import train


def rng(seed=0):
    return np.random.default_rng(seed)


def clouds(rows=60, seed=4):
    """Three well-parted clouds in the plane: features and classes."""
    generator = rng(seed)
    targets = np.arange(rows) % 3
    centres = np.array([[3.0, 0.0], [-2.0, 2.0], [-2.0, -2.0]])
    return centres[targets] + generator.normal(0, 0.4, (rows, 2)), targets


def fit(network, method=None, **settings):
    x, targets = clouds()
    settings = {"epochs": 3, "batch_size": 16, "rng": rng(1), "progress": False} | settings
    return train(network, x, targets, method or SGD(0.1), **settings)
