"""Losses: a value to lower and its gradient, in one call.

    loss, gradient = softmax_cross_entropy(outputs, targets)

Each loss is a mean over the batch, so that the learning rate does not depend on the batch size.
"""

import numpy as np
from numpy.typing import ArrayLike

from coursekit.checks import (
    Array,
    check_finite_rows,
    check_number,
    check_same_shape,
    float_array,
    quiet,
)


@quiet
def softmax(outputs: ArrayLike) -> Array:
    """The softmax eʸᵏ / Σⱼ eʸʲ along the last axis: probabilities that sum to 1.

    The largest output is subtracted first: nothing overflows, and the ratio is the same.

    >>> softmax([0.0, 1000.0]).tolist()
    [0.0, 1.0]
    """
    outputs = float_array("outputs", outputs)
    powers = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    powers /= powers.sum(axis=-1, keepdims=True)
    return powers


@quiet
def softmax_cross_entropy(outputs: ArrayLike, targets: ArrayLike) -> tuple[float, Array]:
    """Cross-entropy of the softmax: L = −(1/M) Σₘ ln softmax(y(m))ₜ with t the class of row m.

    ``outputs``: y before the softmax, shape (M, classes); ``targets``: M whole numbers from 0.
    Returns L and ∂L/∂y = (softmax(y) − onehot(t))/M, of the shape and dtype of ``outputs``.
    The same as PyTorch's ``cross_entropy`` and Keras's sparse one with ``from_logits=True``.
    """
    outputs = float_array("outputs", outputs)
    if outputs.ndim != 2 or not outputs.size:
        raise ValueError(f"outputs must have shape (M, classes), got {outputs.shape}")
    classes = _classes(targets, outputs)
    rows = np.arange(len(outputs))
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    sums = powers.sum(axis=1, keepdims=True)
    loss = (np.log(sums[:, 0]) - shifted[rows, classes]).sum() / len(rows)
    gradient = powers
    gradient /= sums
    gradient[rows, classes] -= 1
    gradient /= len(outputs)
    return float(loss), gradient


@quiet
def mean_squared_error(outputs: ArrayLike, targets: ArrayLike) -> tuple[float, Array]:
    """Mean squared error L = (1/n) Σ (y − t)², over all n entries of the batch.

    ``outputs``: y; ``targets``: t, finite and of the same shape, with the rows first.
    Returns L and ∂L/∂y = 2(y − t)/n, of the dtype of ``outputs``. There is no factor ½ and no sum
    over the features: as PyTorch's ``MSELoss`` and Keras's ``MeanSquaredError``.

    >>> mean_squared_error([[1.0, 2.0]], [[0.0, 0.0]])
    (2.5, array([[1., 2.]]))
    """
    outputs, targets = float_array("outputs", outputs), float_array("targets", targets)
    check_same_shape("targets", targets, "outputs", outputs)
    if not outputs.size:
        raise ValueError(f"outputs must have at least one entry, got shape {outputs.shape}")
    check_finite_rows("targets", targets)
    error = outputs - targets.astype(outputs.dtype, copy=False)
    return float(np.mean(error**2)), (2 / error.size) * error


@quiet
def l2_penalty(weights: ArrayLike, strength: float) -> tuple[float, Array]:
    """L2 penalty ½ λ Σ w², to be added to a loss, and its gradient λ w.

    ``strength``: λ ≥ 0. PyTorch's ``weight_decay`` adds the same gradient (under Adam too, unlike
    AdamW); Keras's ``L2(l)`` has no ½: its l is λ/2.
    """
    check_number("strength", strength, at_least=0)
    weights = float_array("weights", weights)
    return float(0.5 * strength * np.sum(weights**2)), float(strength) * weights


def _classes(targets: ArrayLike, outputs: Array) -> np.ndarray:
    """Return the targets as an integer array with one class of ``outputs`` a row."""
    classes = np.asarray(targets)
    if classes.dtype.kind not in "iu":
        raise ValueError(
            f"targets must be whole numbers, one class a row, got dtype {classes.dtype}"
        )
    if classes.shape != outputs.shape[:1]:
        raise ValueError(
            f"targets must have shape {outputs.shape[:1]} to go with outputs of shape "
            f"{outputs.shape}, got {classes.shape}"
        )
    known = outputs.shape[1]
    if classes.min() < 0 or classes.max() >= known:
        row = int(np.argmax((classes < 0) | (classes >= known)))
        raise ValueError(
            f"targets must be classes from 0 to {known - 1}, got {classes[row]} in row {row}"
        )
    return classes
