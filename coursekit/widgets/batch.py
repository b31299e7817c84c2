"""The batch playground: a batch-normalization layer on live batches of real digits (7.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar

import numpy as np

from coursekit.activations import ActivationFunction, relu, sigmoid, tanh
from coursekit.checks import Array, check_count, check_number
from coursekit.normalization import BatchNorm
from coursekit.widgets.batches import (
    BATCHES,
    LARGEST,
    UNITS,
    Statistics,
    batches,
    pre_activations,
    statistics,
)
from coursekit.widgets.playground import Choice, Control, Playground, Slider, point
from coursekit.widgets.scene import (
    Area,
    Bars,
    Frame,
    Handle,
    Item,
    Panel,
    Path,
    Point,
    Points,
    Text,
    View,
    number,
)

TRAINING, INFERENCE = "training", "inference"
# Each with the window of its outputs.
ACTIVATIONS: dict[str, tuple[ActivationFunction, Point]] = {
    "sigmoid": (sigmoid, (-0.15, 1.15)),
    "tanh": (tanh, (-1.25, 1.25)),
    "ReLU": (relu, (-0.8, 8.5)),
}
_FLAT = 0.01  # the slope at which an activation counts as saturated
_A = 8.0  # half the width of the window of pre-activations
_BIN = 0.25
_STORIES, _BASES = (0.0, 3.1), (2.1, 1.1, 0.1)  # of the three histograms
_BY_BATCH = (0.0, BATCHES + 2.0)


class Batch(Playground):
    """Batch normalization c = γ â + β of one unit's pre-activations a, batch after batch.

    The unit is one of 32 in a hidden layer at its start, with weights of N(0, ``std``²), on real
    digits. ``batch``: the last one drawn, of ``batch_size`` digits; ``sample``: the number of the
    marked digit, which is in every batch. ``mode``: "training" takes mean and variance of the
    batch, "inference" the running ones, which all batches up to this have moved (decay 0.9).
    There is no batch of one: it has no variance, â would be 0, and c = β whatever the digit.
    """

    title = "Batch normalization: draw batches, and watch the marked digit"
    alt = (
        "Histograms of a batch before and after normalization and after γ and β, the activation "
        "function with the batch on it, the marked digit's output and the statistics by batch."
    )
    defaults: ClassVar[dict[str, Any]] = {
        "batch_size": 16,
        "batch": 100,
        "gamma": 1.0,
        "beta": 0.0,
        "activation": "sigmoid",
        "mode": TRAINING,
        "std": 1.0,
        "unit": 1,
        "sample": 7,
    }

    def controls(self) -> Sequence[Control]:
        """The batch, the layer, and the unit; the marked digit is dragged."""
        return [
            Slider("batch_size", "Batch size B", 2, LARGEST, log=True, step=1),
            Slider("batch", "Batch", 1, BATCHES, step=1, play=True),
            Choice("mode", "Mode", (TRAINING, INFERENCE)),
            Slider("gamma", "γ", 0.0, 4.0),
            Slider("beta", "β", -4.0, 4.0),
            Choice("activation", "Activation", tuple(ACTIVATIONS)),
            Slider("std", "Std of the weights", 0.01, 10.0, log=True),
            Slider("unit", "Unit", 1, UNITS, step=1),
        ]

    def check_setting(self, name: str, value: Any) -> Any:
        """The marked digit as its number, or as a handle's point: then the one nearest to it."""
        if isinstance(value, tuple | list) and len(value) == 2:
            return self._nearest(point(name, value)[0])
        check_number(name, value, at_least=0, at_most=len(pre_activations(1)) - 1)
        return check_count(name, value)

    def pre_activations(self) -> Array:
        """The unit's a for each of the 1,438 digits of the training set."""
        return self.state["std"] * pre_activations(self.state["unit"])

    def batch(self) -> Array:
        """The unit's a for the digits of the batch, the marked one first, shape (B,)."""
        return self._batches()[:, self.state["batch"] - 1].copy()

    def normalized(self) -> Array:
        """The batch after normalization, â, by the statistics of the mode, shape (B,)."""
        return self._through(1.0, 0.0)

    def output(self) -> Array:
        """The batch after γ and β, c, shape (B,)."""
        return self._through(self.state["gamma"], self.state["beta"])

    def marked_outputs(self) -> Array:
        """The marked digit's c in training, in each of 200 batches."""
        everywhere = _layer(BATCHES, self.state["gamma"], self.state["beta"])
        return everywhere.forward(self._batches(), training=True)[0]

    def noise(self) -> float:
        """The std of the marked digit's output over 200 batches in training."""
        return float(self.marked_outputs().std())

    def statistics(self) -> Statistics:
        """Mean and std of each batch, and the running ones after it, up to the present batch."""
        return Statistics(*(part[: self.state["batch"]].copy() for part in self._statistics()))

    def flat_share(self, normalized: bool = True) -> float:
        """The share of the batch in the flat part of the activation, after or without the layer."""
        function = ACTIVATIONS[self.state["activation"]][0]
        values = self.output() if normalized else self.batch()
        return float((np.abs(function.derivative(values)) <= _FLAT).mean())

    def frame(self) -> Frame:
        """The batch on its way through the layer and the activation, and what batches do."""
        activation = self.state["activation"]
        items, window = self._of_batches()
        far = max(2.5 * self.state["gamma"], 0.5)
        middle = float(self._settled()[self.state["sample"]])
        across, output = (-_A, _A), ACTIVATIONS[activation][1]
        rows = _panel("The batch through the layer", across, _STORIES, "value")
        curve = _panel(f"Through the {activation}", across, output, "input", "output")
        marked = _panel(
            "The marked digit's c by batch", _BY_BATCH, (middle - far, middle + far), "batch"
        )
        statistics = _panel("Mean and std of a", _BY_BATCH, window, "batch")
        views = {
            "rows": View(rows, self._rows()),
            "curve": View(curve, self._on_curve(), _curve(activation), activation),
            "statistics": View(statistics, items),
            "marked": View(replace(marked, height=230), self._trace()),
        }
        return Frame(views, self._told())

    def _nearest(self, x: float) -> int:
        """The digit whose a is nearest to x; to one side of the marked one, the next at least."""
        a, now = self.pre_activations(), self.state["sample"]
        here = _within(float(a[now]))
        side = a > a[now] if x > here else a < a[now]
        if abs(x - here) < 1e-9 or not side.any():
            return int(now)
        return int(np.where(side, np.abs(a - x), np.inf).argmin())

    def _batches(self) -> Array:
        return batches(*(self.state[n] for n in ("unit", "std", "batch_size", "sample")))

    def _statistics(self) -> Statistics:
        return statistics(*(self.state[n] for n in ("unit", "std", "batch_size", "sample")))

    def _through(self, gamma: float, beta: float) -> Array:
        layer, found = _layer(1, gamma, beta), self.statistics()
        layer.running_mean = found.running_mean[-1:]
        layer.running_var = found.running_std[-1:] ** 2
        return layer.forward(self.batch()[:, np.newaxis], self.state["mode"] == TRAINING)[:, 0]

    def _settled(self) -> Array:
        """Every digit's c by the statistics of the whole training set."""
        layer = _layer(1, self.state["gamma"], self.state["beta"])
        return layer.set_statistics(self.pre_activations()[:, np.newaxis])[:, 0]

    def _running(self) -> Array:
        """The marked digit's c by the running statistics after each batch."""
        found = self.statistics()
        layer = _layer(len(found.mean), self.state["gamma"], self.state["beta"])
        layer.running_mean, layer.running_var = found.running_mean, found.running_std**2
        a = self.pre_activations()[self.state["sample"]]
        return layer.forward(np.full((1, len(found.mean)), a))[0]

    def _rows(self) -> list[Item]:
        """Three histograms, one above the other, and the marked digit's way through them."""
        items: list[Item] = []
        parts = (self.batch(), self.normalized(), self.output())
        looks = (("muted", "before: a"), ("SGD", "normalized: â"), ("SGD", "c = γ â + β"))
        for base, part, (role, words) in zip(_BASES, parts, looks, strict=True):
            items += _histogram(part, base, role)
            beyond = int((np.abs(part) > _A).sum())
            words += f", {beyond} beyond this scale" if beyond else ""
            items.append(Text((0.96 * _A, base + 0.85), words, role, "right", bold=True))
        way = [(_within(float(p[0])), y) for p, y in zip(parts, _BASES, strict=True)]
        return [
            *items,
            Path(way, "Momentum", 1.6),
            Points(way[1:], "Momentum", "D", 5.0),
            Handle("sample", way[0], "", "Momentum", "x"),
        ]

    def _on_curve(self) -> list[Item]:
        function = ACTIVATIONS[self.state["activation"]][0]
        items: list[Item] = []
        before, after = self.batch(), self.output()
        looks = ((before, "muted", "s", 2.4), (after, "SGD", "o", 3.4))
        for values, role, marker, size in looks:
            items.append(Points(_pairs(values, function(values)), role, marker, size, alpha=0.8))
        place = _pairs(after[:1], function(after[:1]))
        items.append(Points(place, "Momentum", "D", 5.0))
        words = (("● f(c)", "SGD"), ("■ f(a), without it", "muted"))
        for n, (text, role) in enumerate(words):
            items.append(Text((0.03, 0.94 - 0.08 * n), text, role, share=True, bold=True))
        return items

    def _trace(self) -> list[Item]:
        n, inference = self.state["batch"], self.state["mode"] == INFERENCE
        each = _pairs(np.arange(1, n + 1), self.marked_outputs()[:n])
        running = _pairs(np.arange(1, n + 1), self._running())
        words = (("● by its batch", "SGD"), ("- - by the running statistics", "good"))
        return [
            Path(each, "SGD", 0.7, alpha=0.6),
            Points(each, "SGD", "o", 2.0),
            Path(running, "good", 2.4, (6, 2)),
            Points((running if inference else each)[-1:], "Momentum", "D", 5.0),
            *(
                Text((0.03, 0.94 - 0.08 * k), text, role, share=True, bold=True)
                for k, (text, role) in enumerate(words)
            ),
        ]

    def _of_batches(self) -> tuple[list[Item], Point]:
        """The statistics by batch, and the window that all of them fit in."""
        found, all_of_them, a = self.statistics(), self._statistics(), self.pre_activations()
        ends = [0.0, a.mean(), a.std(), *all_of_them.mean, *all_of_them.std]
        low, high = min(ends), max(ends)
        room = 0.08 * (high - low)
        number_of = np.arange(1, len(found.mean) + 1)
        items: list[Item] = []
        parts = (
            ("mean", found.mean, found.running_mean, float(a.mean()), "SGD", (), "o"),
            ("std", found.std, found.running_std, float(a.std()), "ink", (6.0, 2.0), "^"),
        )
        for name, of_batch, running, whole, role, dash, marker in parts:
            items.append(Points(_pairs(number_of, of_batch), role, marker, 1.8, alpha=0.45))
            items.append(Path([(0, whole), (_BY_BATCH[1], whole)], "muted", 1.0, (2, 3)))
            items.append(Path(_pairs(number_of, running), role, 2.2, dash))
            side = whole - 1.4 * room if whole > (low + high) / 2 else whole + 1.4 * room
            items.append(Text((BATCHES, side), f"running {name}", role, "right", bold=True))
        return items, (float(low - room), float(high + room))

    def _told(self) -> list[str]:
        size, n, found = self.state["batch_size"], self.state["batch"], self.statistics()
        a, marked, c = self.pre_activations(), self.state["sample"], float(self.output()[0])
        first = (
            f"Batch {n} of B = {size}: mean {number(found.mean[-1])}, std {number(found.std[-1])}. "
            f"Running: {number(found.running_mean[-1])} and {number(found.running_std[-1])}. "
            f"All {len(a):,} digits: {number(a.mean())} and {number(a.std())}."
        )
        by = "batch" if self.state["mode"] == TRAINING else "running statistics"
        second = (
            f"The marked digit: a = {number(a[marked], 3)} becomes c = {number(c, 3)} by the {by}. "
            f"In training its c has a std of {number(self.noise())} over {BATCHES} batches."
        )
        flat = "f′ = 0" if self.state["activation"] == "ReLU" else f"|f′| ≤ {_FLAT}"
        shares = [f"{100 * self.flat_share(after):.0f} %" for after in (False, True)]
        third = f"In the flat part ({flat}): {shares[0]} of the batch without the layer, "
        third += f"{shares[1]} with it."
        told = [first, second, third]
        if size == 2 and self.state["mode"] == TRAINING:
            told.append(
                "Of two values one is always σ above the mean and one σ below: â = ±1 (but for ε) "
                "whatever the digits. Of one value nothing would be left but β: it is refused."
            )
        return told


def _layer(features: int, gamma: float, beta: float) -> BatchNorm:
    layer = BatchNorm(features)
    layer.gamma[...] = gamma
    layer.beta[...] = beta
    return layer


@cache
def _curve(activation: str) -> list[Item]:
    """The activation function, and its flat parts."""
    function, (low, high) = ACTIVATIONS[activation]
    a = np.linspace(-_A, _A, 1601)
    flat = np.abs(function.derivative(a)) <= _FLAT
    items: list[Item] = []
    for part in (a[flat & (a <= 0)], a[flat & (a > 0)]):
        if len(part):
            left, right = part[[0, -1]]
            corners = [(left, low), (right, low), (right, high), (left, high)]
            items.append(Area(corners, "bad", 0.1))
    return [*items, Path(_pairs(a, function(a)), "ink", 2.0)]


def _histogram(values: Array, base: float, role: str) -> list[Item]:
    """Bars on a base line, the highest 0.75."""
    edges = np.arange(-_A, _A + _BIN / 2, _BIN)
    counts, _ = np.histogram(values, edges)
    heights = base + 0.75 * counts / max(counts.max(), 1)
    some = counts > 0
    bars = Bars(_pairs(edges[:-1] + _BIN / 2, heights)[some], role, 0.9 * _BIN, base, 0.6)
    return [Path([(-_A, base), (_A, base)], "muted", 0.8), bars]


def _within(value: float) -> float:
    return min(_A, max(-_A, value))


def _panel(title: str, x: Point, y: Point, x_label: str, y_label: str = "") -> Panel:
    return Panel(title, x, y, x_label, y_label, share=1.2, height=290, y_ticks=y != _STORIES)


def _pairs(x: Any, y: Any) -> Array:
    return np.column_stack([x, y])
