"""The depth playground: how signal and gradient pass a deep network at its start (7.5, 7.8)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from coursekit.checks import Array
from coursekit.diagnostics import spread_between_rows
from coursekit.exercises.deep_starts import (
    FLAT,
    FUNCTIONS,
    ROWS,
    RULES,
    SATURATING,
    drawn,
    flat_units,
)
from coursekit.widgets.playground import Choice, Control, Playground, Slider, Toggle
from coursekit.widgets.scene import Bars, Frame, Image, Item, Panel, Path, Point, Text, View, number

NORMAL = "normal"
WINDOWS: dict[str, Point] = {  # of the histograms
    "sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "ReLU": (0.0, 3.0),
    "leaky ReLU": (-1.0, 3.0),
    "linear": (-3.0, 3.0),
}
_BINS = 40
_SIZES: Point = (1e-12, 1e4)  # the axis of what grows or shrinks by layer
_STD = Slider("std", "Their std", 1e-3, 2.0, log=True)


class Measured(NamedTuple):
    """What each hidden layer z = f(a) shows at the start, the first layer first.

    ``spread``: the std of all its activations; ``signal``: of each unit over the digits, root mean
    square over the units; ``gradient``, ``weights``: of ∂L/∂z and of ∂L/∂W; ``flat``: the share of
    its activations that are saturated, or of its units that are dead; ``counts``: the histograms,
    (layers, bins).
    """

    spread: Array
    signal: Array
    gradient: Array
    weights: Array
    flat: Array
    counts: NDArray[np.int64]


class Depth(Playground):
    """One pass forward and back through a network as it is drawn, before any training.

    The input is real digits, the loss their mean cross-entropy. ``std`` counts with the
    initialization "normal" only, N(0, std²).
    """

    title = "Depth: does the signal reach the last layer, and the gradient the first?"
    alt = "Spread of activations and of gradients by layer, flat units, and histograms by layer."
    defaults: ClassVar[dict[str, Any]] = {
        "initialization": NORMAL,
        "std": 0.05,
        "activation": "tanh",
        "batch_norm": False,
        "standardize": True,
        "depth": 20,
        "width": 100,
        "seed": 0,
    }

    def controls(self) -> Sequence[Control]:
        """How the weights start, what the layers are, and how many."""
        return [
            Choice("initialization", "Weights", (NORMAL, *RULES)),
            *([_STD] if self.state["initialization"] == NORMAL else []),
            Choice("activation", "Activation", tuple(FUNCTIONS)),
            Toggle("batch_norm", "Batch normalization"),
            Toggle("standardize", "Standardized input"),
            Slider("depth", "Layers", 2, 50, step=1),
            Slider("width", "Units", 10, 200, step=1),
            Slider("seed", "Seed", 0, 99, step=1),
        ]

    def check_setting(self, name: str, value: Any) -> Any:
        """The std as its slider wants it, also while another rule draws the weights."""
        return _STD.check(value)

    def measure(self) -> Measured:
        """What each hidden layer shows in this state."""
        free = self.state["initialization"] == NORMAL
        # More threads gain nothing on so few rows, and wait for the core that the browser is on.
        with _blas().limit(limits=1):
            return _measure(**self.state | ({} if free else {"std": 0.0}))

    def activation_ratio(self) -> float:
        """The spread of the last hidden layer's activations, in that of the first."""
        return _ratio(self.measure().spread[::-1])

    def signal_ratio(self) -> float:
        """The same for what differs between digits: what is left of them at the end."""
        return _ratio(self.measure().signal[::-1])

    def gradient_ratio(self) -> float:
        """The spread of ∂L/∂z in the first hidden layer, in that of the last."""
        return _ratio(self.measure().gradient)

    def flat_share(self) -> float:
        """The share of saturated activations, or of dead units, in all hidden layers."""
        return float(self.measure().flat.mean())

    def frame(self) -> Frame:
        """Activations, gradients and flat units by layer, the histograms below."""
        found = self.measure()
        depth, activation = self.state["depth"], self.state["activation"]
        layers = np.arange(1, depth + 1)
        flat = "Saturated activations" if activation in SATURATING else "Dead units"
        window = WINDOWS[activation]
        values = {"all values": found.spread, "between digits": found.signal}
        slopes = {"units, ∂L/∂z": found.gradient, "weights, ∂L/∂W": found.weights}
        shades = np.sqrt(found.counts.T / np.maximum(found.counts.max(axis=1), 1))
        strip: list[Item] = []
        beyond = 1 - found.counts.sum(axis=1) / (ROWS * self.state["width"])
        if beyond.max() >= 0.005:
            words = f"beyond this scale: {_percent(beyond.max())} in layer {beyond.argmax() + 1}"
            strip.append(Text((0.99, 0.9), words, align="right", share=True))
        bars: list[Item] = [Bars(np.column_stack([layers, 100 * found.flat]), "bad")]
        if not found.flat.any():
            bars.append(Text((0.5, 0.5), "none", "muted", "center", share=True))
        views = {
            "activations": _by_layer("Activations: std", values, "left"),
            "gradients": _by_layer("Gradient: std", slopes, "right"),
            "flat": View(
                Panel(f"{flat}, %", _span(depth), (0, 100), "layer", height=230),
                bars,
            ),
            "histograms": View(
                Panel(
                    "Histograms of the activations, a column for each layer",
                    _span(depth),
                    window,
                    "layer",
                    share=3.6,
                    height=170,
                ),
                strip,
                [Image(shades, "density")],
            ),
        }
        return Frame(views, self._told(found, flat))

    def _told(self, found: Measured, flat: str) -> list[str]:
        """What goes forward, what comes back, and what is flat."""
        depth = self.state["depth"]
        signal, gradient = self.signal_ratio(), self.gradient_ratio()
        forward = f"Forward, what differs between digits {_trend(signal, depth)}"
        forward += f": layer {depth} has {number(signal)} times that of layer 1"
        back = f"Backward, the gradient {_trend(gradient, depth)}"
        back += f": layer 1 has {number(gradient)} times that of layer {depth}"
        if signal < 0.01:
            forward += ", and there they look nearly alike"
        if found.weights[0] < 1e-4:
            back += f", and with {number(found.weights[0])} its weights hardly move"
        means = f"f′ = 0 on all {ROWS} digits" if flat == "Dead units" else f"|f′| ≤ {FLAT}"
        worst = int(found.flat.argmax())
        share = f"{_percent(found.flat.mean())}, most in layer {worst + 1}: "
        share = share + _percent(found.flat[worst]) if found.flat[worst] else "none"
        return [f"{forward}.", f"{back}.", f"{flat} ({means}): {share}."]


@cache
def _blas() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@lru_cache(maxsize=8)
def _measure(
    initialization: str,
    std: float,
    activation: str,
    batch_norm: bool,
    standardize: bool,
    depth: int,
    width: int,
    seed: int,
) -> Measured:
    network, x, signals = drawn(
        initialization, std, activation, batch_norm, standardize, depth, width, seed
    )
    hidden = [one for one in signals if one.role == "activation"]
    weights = [one.weight_gradients for one in signals if one.weight_gradients is not None]
    if batch_norm:
        flat = flat_units(network, x, activation, batch_norm)
    else:  # the same numbers without a second pass
        flat = np.array([_flat_part(activation, one.outputs) for one in hidden])
    return Measured(
        np.array([one.outputs.std() for one in hidden]),
        np.array([spread_between_rows(one.outputs) for one in hidden]),
        np.array([one.gradients.std() for one in hidden if one.gradients is not None]),
        np.array([gradient.std() for gradient in weights[:depth]]),
        flat,
        np.array([_histogram(one.outputs, WINDOWS[activation]) for one in hidden]),
    )


def _flat_part(activation: str, z: Array) -> float:
    """The share of saturated activations, or of units that are flat on all rows."""
    slope = np.abs(FUNCTIONS[activation].derivative_from_output(z))
    saturating = activation in SATURATING
    return float((slope <= FLAT).mean() if saturating else (slope == 0).all(axis=0).mean())


def _histogram(z: Array, window: Point) -> NDArray[np.int64]:
    """``np.histogram``, four times as fast."""
    low, high = window
    inside = z[(low <= z) & (z <= high)]
    bins = ((inside - low) * (_BINS / (high - low))).astype(np.int64)
    return np.bincount(np.minimum(bins, _BINS - 1), minlength=_BINS)


def _by_layer(title: str, lines: dict[str, Array], side: str) -> View:
    """Two lines on a logarithmic axis, their names on one side, above or below the lines."""
    looks: list[Any] = [("SGD", 2.0, ()), ("Momentum", 1.8, (6, 2))]
    items: list[Item] = []
    ends = [
        (line[0], line[-1]) if side == "left" else (line[-1], line[0]) for line in lines.values()
    ]
    top = 0.93 if any(far < 1e-3 * near for near, far in ends) else 0.17
    for n, (name, heights) in enumerate(lines.items()):
        color, width, dash = looks[n]
        beyond = ", below this scale" if heights.max() < _SIZES[0] else ""
        heights = np.where(heights > 0, heights, np.nan)  # 0 has no place on this axis
        points = np.column_stack([np.arange(1, len(heights) + 1), heights])
        items.append(Path(points, color, width, dash))
        place = (0.03 if side == "left" else 0.97, top - 0.1 * n)
        items.append(Text(place, name + beyond, color, side, share=True))
    span = _span(max(map(len, lines.values())))
    return View(Panel(title, span, _SIZES, "layer", log_y=True, height=230), items)


def _span(depth: int) -> Point:
    return 0.5, depth + 0.5


def _ratio(layers: Array) -> float:
    """The first number over the last."""
    return float(layers[0] / layers[-1])


def _trend(ratio: float, depth: int) -> str:
    """How a ratio between the ends comes about, layer by layer."""
    if not ratio:
        return "is lost on the way"
    factor = ratio ** (1 / (depth - 1))
    if 1 / 3 <= ratio <= 3:
        return f"keeps its size, a factor {factor:.3g} a layer"
    return f"{'shrinks' if ratio < 1 else 'grows'} by a factor {factor:.3g} a layer"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
