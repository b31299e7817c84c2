"""What to look at when a network does not learn: gradients checked, layers and units measured.

Nothing here changes the network that it looks at.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursekit.checks import (
    Array,
    check_count,
    check_finite_rows,
    check_number,
    check_rng,
    float_array,
    quiet,
)
from coursekit.layers import Activation, Maxout, PReLU
from coursekit.network import Network, chunks
from coursekit.sequential import Layer

Function = Callable[[Array], float]


def central_difference(function: Function, point: ArrayLike, step: float | None = None) -> Array:
    """Numerical gradient: ∂f/∂wᵢ ≈ (f(w + h eᵢ) − f(w − h eᵢ)) / 2h, in float64.

    ``function``: takes an array of the shape of ``point``, whatever that is; returns a number.
    ``step``: h; by default 6e-6·max(1, |wᵢ|), the cube root of the rounding unit, where the error
    of the formula, ∝ h², and that of rounding, ∝ 1/h, are alike: about 1e-10 for f of size 1.

    >>> central_difference(lambda w: float(w @ w), [1.0, 3.0]).round(6).tolist()
    [2.0, 6.0]
    """
    point = np.array(point, np.float64)
    if step is not None:
        check_number("step", step, above=0)
    return _differences(function, point, np.arange(point.size), step).reshape(point.shape)


@quiet
def gradient_check(
    subject: Any,
    *data: ArrayLike,
    tolerance: float = 1e-7,
    training: bool = True,
    coordinates: int | None = None,
    rng: np.random.Generator | None = None,
) -> float:
    """Compare a gradient g with its central difference ĝ: return ‖g − ĝ‖/(‖g‖ + ‖ĝ‖).

    ``gradient_check(network, x, targets)``: the loss by all parameters;
    ``gradient_check(layer, x)``: a fixed sum of the outputs by the layer's parameters and by x;
    ``gradient_check(function, w)``: any function that returns (value, gradient).
    ``coordinates``: how many to try, drawn by ``rng``; all by default, two passes each.
    ``AssertionError`` unless the result is below ``tolerance``: it names the worst coordinate, its
    value and both derivatives. A kink (ReLU, Maxout) within 6e-6 of a point makes it fail too.
    """
    function, point, name = _as_function(subject, data, training)
    chosen = np.arange(point.size)
    if coordinates is not None:
        check_rng(rng)
        assert rng is not None
        count = min(check_count("coordinates", coordinates, at_least=1), point.size)
        chosen = rng.choice(point.size, count, replace=False)
    gradient = float_array("gradient", function(point)[1]).ravel()[chosen]
    numeric = _differences(lambda w: function(w)[0], point, chosen)
    gap = np.abs(gradient - numeric)
    scale = np.linalg.norm(gradient) + np.linalg.norm(numeric)
    error = 0.0 if scale == 0 else float(np.linalg.norm(gap) / scale)
    if not error < tolerance:
        worst = int(np.argmax(gap))
        raise AssertionError(
            f"gradient check failed: relative error {error:.3g}, allowed {tolerance:g}; worst at "
            f"{name(int(chosen[worst]))} = {point.flat[chosen[worst]]:.10g}: "
            f"derivative {gradient[worst]:.10g}, central difference {numeric[worst]:.10g}"
        )
    return error


class Summary(NamedTuple):
    """Mean and standard deviation of some numbers, and their histogram; nan and inf fall out."""

    mean: float
    std: float
    counts: NDArray[np.int64]
    edges: Array


@dataclass(frozen=True)
class LayerStatistics:
    """One layer over a batch.

    ``role``: "pre-activation" if the next layer is an activation, "activation", "output" of the
    network, or "inner". ``outputs``: what the layer gives. ``gradients``: ∂L/∂outputs, of the mean
    loss L, and ``weight_gradients``: ∂L/∂W; None without targets, or without weights.
    """

    name: str
    role: str
    outputs: Summary
    gradients: Summary | None
    weight_gradients: Summary | None


class LayerSignals(NamedTuple):
    """One layer over a batch as arrays, (batch, features); the names are those of the statistics.

    ``weight_gradients``: ∂L/∂W as a vector.
    """

    name: str
    role: str
    outputs: Array
    gradients: Array | None
    weight_gradients: Array | None


@quiet
def layer_signals(
    network: Network,
    x: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    training: bool = True,
) -> list[LayerSignals]:
    """Return what goes forward and, with targets, what comes back through each layer.

    With ``training=False`` batch normalization uses its running statistics.
    """
    network = copy.deepcopy(network)
    outputs = [network.checked_features(x)]
    for layer in network.layers:
        outputs.append(layer.forward(outputs[-1], training))
    gradients: list[Array] = []
    if targets is not None:
        _, gradient = network.loss(outputs[-1], network.checked(x, targets)[1])
        for layer in reversed(network.layers):
            gradients.insert(0, gradient)
            gradient = layer.backward(gradient)

    signals = []
    for i, layer in enumerate(network.layers):
        weights = [
            layer.gradient[slot.place] for slot in layer.slots() if slot.name.endswith("weights")
        ]
        signals.append(
            LayerSignals(
                f"{i}.{layer}",
                _role(network.layers, i),
                outputs[i + 1],
                gradients[i] if gradients else None,
                np.concatenate(weights) if gradients and weights else None,
            )
        )
    return signals


@quiet
def layer_statistics(
    network: Network,
    x: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    training: bool = True,
    bins: int = 50,
    limits: tuple[float, float] | None = None,
) -> list[LayerStatistics]:
    """Return how activations and gradients are spread in each layer (Figures 7.23 and 7.24).

    ``limits`` of the histograms of outputs: by default the range of each layer's numbers.
    With ``training=False`` batch normalization uses its running statistics.
    """

    def summary(values: Array, limits: tuple[float, float] | None = None) -> Summary:
        finite = values[np.isfinite(values)].astype(np.float64)
        counts, edges = np.histogram(finite, bins, limits)
        return Summary(
            float(values.mean(dtype=float)), float(values.std(dtype=float)), counts, edges
        )

    return [
        LayerStatistics(
            one.name,
            one.role,
            summary(one.outputs, limits),
            None if one.gradients is None else summary(one.gradients),
            None if one.weight_gradients is None else summary(one.weight_gradients),
        )
        for one in layer_signals(network, x, targets, training=training)
    ]


def spread_between_rows(outputs: ArrayLike) -> float:
    """Return what a layer still tells of its inputs: the std of each unit over the rows.

    It is the root mean square over the units. Unlike the std of all outputs it is 0 where each unit
    says the same to every row, however different the units are; 0 also for mere rounding.

    >>> spread_between_rows([[0.1, 0.9], [0.1, 0.9]])
    0.0
    """
    z = float_array("outputs", outputs)
    if z.ndim != 2 or not z.size:
        raise ValueError(f"outputs must have shape (rows, units), got {z.shape}")
    wide = z.astype(np.float64)  # squares of small numbers vanish in float32
    std = math.sqrt(wide.var(axis=0).mean())
    rounding = 16 * np.finfo(z.dtype).eps * math.sqrt(np.square(wide).mean())
    return std if std > rounding else 0.0


def flat_share(network: Network, x: ArrayLike, slope: float = 0.0) -> dict[str, Array]:
    """Return on what share of the rows of ``x`` |f'(a)| ≤ ``slope``, by unit of each activation.

    The rows go through as at test time. Keys are the layers' names, as in ``network.parts()``.
    """
    check_number("slope", slope, at_least=0)
    network = copy.deepcopy(network)
    x = network.checked_features(x)
    layers = [(name, part) for name, part, _ in network.parts() if isinstance(part, Activation)]
    flat: dict[str, Any] = {name: 0 for name, _ in layers}
    for rows in chunks(x):
        network.forward(rows)
        for name, layer in layers:
            flat[name] += np.count_nonzero(np.abs(layer.slope()) <= slope, axis=0)
    return {name: count / len(x) for name, count in flat.items()}


def dead_units(network: Network, x: ArrayLike) -> dict[str, NDArray[np.bool_]]:
    """Say of each unit of each activation layer whether its derivative is 0 on all rows of ``x``.

    Such a unit passes no gradient back, and with rectifiers it stays so for good while its inputs
    keep their range (Section 7.4.2): give the whole training set, not a batch.
    """
    return {name: share == 1 for name, share in flat_share(network, x).items()}


def saturated_units(
    network: Network, x: ArrayLike, slope: float = 0.01, share: float = 0.95
) -> dict[str, NDArray[np.bool_]]:
    """Say of each unit of each activation layer whether |f'(a)| ≤ ``slope`` on most rows of ``x``.

    "Most" is a ``share`` of them. The slope is at most ¼ for sigmoid and 1 for tanh, and 0.01 where
    |a| is 4.6 and 3.0.
    """
    check_number("share", share, above=0, at_most=1)
    return {name: flat >= share for name, flat in flat_share(network, x, slope).items()}


class Conditioning(NamedTuple):
    """Eigenvalues λ of a second moment, falling; the largest; λ_max/λ_min, inf if singular."""

    eigenvalues: Array
    largest: float
    condition_number: float


def input_conditioning(x: ArrayLike) -> Conditioning:
    """Return the spectrum of the inputs' second moment xᵀx/M, not centred (LeCun et al. 1998).

    It is the Hessian of a linear unit under half the mean squared error: gradient descent is stable
    for η < 2/λ_max, and slow in proportion to the condition number. An eigenvalue below the
    rounding error of the largest counts as 0.
    """
    x = float_array("x", x).astype(np.float64)
    if x.ndim != 2 or not x.size:
        raise ValueError(f"x must have shape (rows, features), got {x.shape}")
    check_finite_rows("x", x)
    eigenvalues = np.linalg.eigvalsh(x.T @ x / len(x))[::-1]
    largest, smallest = float(eigenvalues[0]), float(eigenvalues[-1])
    singular = smallest <= largest * x.shape[1] * np.finfo(np.float64).eps
    return Conditioning(eigenvalues, largest, np.inf if singular else largest / smallest)


def _differences(
    function: Function, point: Array, coordinates: NDArray[np.integer], step: float | None = None
) -> Array:
    """The central differences along some coordinates, counted row-major."""
    slopes = np.empty(len(coordinates))
    for i, coordinate in enumerate(coordinates):
        h = step or np.finfo(np.float64).eps ** (1 / 3) * max(1.0, abs(point.flat[coordinate]))
        there, back = point.copy(), point.copy()
        there.flat[coordinate] += h
        back.flat[coordinate] -= h
        taken = there.flat[coordinate] - back.flat[coordinate]  # 2h, but for rounding
        slopes[i] = (float(function(there)) - float(function(back))) / taken
    return slopes


def _as_function(
    subject: Any, data: tuple[ArrayLike, ...], training: bool
) -> tuple[Callable[[Array], tuple[float, Array]], Array, Callable[[int], str]]:
    """Return a function w -> (value, gradient), a point w, and what its coordinates are called."""
    if not isinstance(subject, Layer):
        (point,) = (np.array(w, np.float64) for w in data)
        return subject, point, lambda i: _entry("w", i, point.shape)
    layer = copy.deepcopy(subject)
    layer.bind(layer.parameters.astype(np.float64), np.zeros(layer.size))

    def name(i: int) -> str:
        for slot in layer.slots():
            if i < slot.place.stop:
                return f"{slot.layer}: {_entry(slot.name, i - slot.place.start, slot.shape)}"
        return _entry("x", i - layer.size, x.shape)

    if isinstance(layer, Network):
        x, targets = layer.checked(*data)

        def loss(w: Array) -> tuple[float, Array]:
            layer.parameters = w
            return layer.loss_and_gradient(x, targets, training)

        return loss, layer.parameters.copy(), name
    (x,) = (np.array(rows, np.float64) for rows in data)

    def projection(point: Array) -> tuple[float, Array]:
        layer.parameters, rows = point[: layer.size], point[layer.size :].reshape(x.shape)
        y = layer.forward(rows, training)
        direction = np.cos(np.arange(y.size)).reshape(y.shape)  # no layer is blind to all of it
        dx = layer.backward(direction)
        return float((direction * y).sum()), np.append(layer.gradient, dx)

    return projection, np.append(layer.parameters, x), name


def _entry(name: str, i: int, shape: tuple[int, ...]) -> str:
    return f"{name}[{', '.join(map(str, np.unravel_index(i, shape)))}]"


def _role(layers: tuple[Layer, ...], i: int) -> str:
    """What a layer's output is to the network."""
    activations = (Activation, PReLU, Maxout)
    if isinstance(layers[i], activations):
        return "activation"
    if i + 1 == len(layers):
        return "output"
    return "pre-activation" if isinstance(layers[i + 1], activations[:2]) else "inner"
