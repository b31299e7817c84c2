"""Batch normalization (Section 7.7)."""

import numpy as np
from numpy.typing import ArrayLike

from coursekit.checks import Array, check_count, check_number
from coursekit.sequential import Layer, Parameter, Rng


class BatchNorm(Layer):
    """Batch normalization: c = γ â + β with â = (a − μ)/√(σ² + ε) (Section 7.7, Figure 7.22).

    In training μ and σ² are mean and variance (over B, biased) of each feature in the batch, of at
    least two rows; otherwise the running statistics, which every training pass moves:
    running ← decay·running + (1 − decay)·batch, with the unbiased variance. Ioffe & Szegedy (2015).
    ``gamma``, ``beta``: γ from 1 and β from 0, learned; ``running_mean``, ``running_var``: from 0
    and 1, not part of the flat vector.
    Conventions: decay 0.9 is PyTorch's ``momentum=0.1``, Keras's ``momentum=0.9``.
    """

    gamma = Parameter()
    beta = Parameter()

    def __init__(self, features: int, epsilon: float = 1e-5, decay: float = 0.9) -> None:
        self.n_in = self.n_out = check_count("features", features, at_least=1)
        check_number("epsilon", epsilon, above=0)
        check_number("decay", decay, at_least=0, below=1)
        self.epsilon, self.decay = float(epsilon), float(decay)
        super().__init__(gamma=(features,), beta=(features,))
        self.initialize()

    def __repr__(self) -> str:
        return f"BatchNorm({self.n_in})"

    def _draw(self, rng: Rng | None) -> None:
        self.gamma[...] = 1
        self.beta[...] = 0
        self.running_mean = self.beta.copy()
        self.running_var = self.gamma.copy()

    def set_statistics(self, x: ArrayLike) -> Array:
        """Replace the running statistics by mean and unbiased variance of ``x``, the whole set."""
        self.running_mean, _, self.running_var = self._batch_statistics(self.checked_features(x))
        return self.forward(x)

    def _forward(self, x: Array, training: bool) -> Array:
        if training:
            mean, var, unbiased = self._batch_statistics(x)
            kept, new = self.decay, 1 - self.decay
            self.running_mean = kept * self.running_mean + new * mean
            self.running_var = kept * self.running_var + new * unbiased
        else:
            mean, var = self.running_mean, self.running_var
        std = np.sqrt(var + self.epsilon)
        normalized = (x - mean) / std
        self._cache = normalized, std, training
        return self.gamma * normalized + self.beta

    def _backward(self, gradient: Array) -> Array:
        normalized, std, training = self._cache
        by_gamma, by_beta = self.gradients["gamma"], self.gradients["beta"]
        (gradient * normalized).sum(axis=0, out=by_gamma)
        gradient.sum(axis=0, out=by_beta)
        scale = self.gamma / std
        if not training:  # the running statistics do not depend on x
            return scale * gradient
        # The means over the batch that come back through μ and σ² are the two sums above, over B.
        through_mean = by_beta / len(gradient)
        through_variance = normalized * (by_gamma / len(gradient))
        return scale * (gradient - through_mean - through_variance)

    def _batch_statistics(self, x: Array) -> tuple[Array, Array, Array]:
        """Return mean, biased and unbiased variance of each feature."""
        if len(x) < 2:
            raise ValueError(
                f"{self} needs at least 2 rows in a training batch, got {len(x)}: a single row has "
                "no variance, and its output would be beta whatever the row"
            )
        rows = len(x)
        mean = x.sum(axis=0) / rows
        squares = np.square(x - mean).sum(axis=0)
        return mean, squares / rows, squares / (rows - 1)
