"""The Maxout playground: the largest of k lines against a function (Section 7.4.4)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from coursekit import layers
from coursekit.activations import relu
from coursekit.checks import Array
from coursekit.objectives import DoubleWell, bowl
from coursekit.widgets.playground import Button, Choice, Control, Playground, Slider, point
from coursekit.widgets.scene import (
    Area,
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

MOST = 8
_X, _Y = (-1.1, 1.1), (-0.5, 1.3)
# A step of 1/840: with 1 to 8 equal parts all the knots and the centres are on it.
_GRID = np.linspace(-1.0, 1.0, 1681)
_EXACT = 1e-9  # an error below is rounding
_FLOOR = 1e-3  # the lower end of the panel of errors
_PARABOLA, _MODULUS, _RELU, _WAVE = "x²", "|x|", "max(0, x)", "(2x² − 1)²"


@dataclass(frozen=True)
class Target:
    """A function to fit on [−1, 1], and the rings of k lines with the smallest largest error.

    ``value``: of points of shape (n,); ``least``: that error, by k.
    """

    value: Callable[[Array], Array]
    rings: Callable[[int], list[Point]]
    least: Callable[[int], float]


class Maxout(Playground):
    """The largest of ``pieces`` lines, a Maxout unit with one input, against ``function``.

    ``piece_1`` … ``piece_8``: a ring each, which its line goes through with slope 2x: dragged
    sideways it turns the line, up and down it moves it. Every slope from −2.2 to 2.2 is there, and
    a ring on the curve x² makes a tangent.
    """

    title = "Maxout: drag the rings; sideways turns a line, up and down lifts it"
    alt = (
        "A function, straight lines, and the largest of the lines drawn thick; beside it the "
        "largest error against the smallest possible one, by number of lines."
    )
    defaults: ClassVar[dict[str, Any]] = {
        "function": _PARABOLA,
        "pieces": 3,
        "piece_1": (-0.8, 0.3),
        "piece_2": (0.1, 0.2),
        "piece_3": (0.5, 0.25),
        "piece_4": (-0.35, 0.1),
        "piece_5": (0.8, 0.6),
        "piece_6": (-0.6, 0.4),
        "piece_7": (0.3, 0.05),
        "piece_8": (-0.15, 0.0),
    }

    def controls(self) -> Sequence[Control]:
        """Function and pieces, and two ways to put all rings into place."""
        return [
            Choice("function", "Function", tuple(TARGETS)),
            Slider("pieces", "Lines k", 1, MOST, step=1),
            Button("best", "Best lines in closed form"),
            Button("relu", "As ReLU"),
        ]

    def check_setting(self, name: str, value: Any) -> Any:
        """A ring within the picture."""
        x, y = point(name, value)
        if not (_X[0] <= x <= _X[1] and _Y[0] <= y <= _Y[1]):
            raise ValueError(f"{name} must lie within x {_X} and y {_Y}, got {value!r}")
        return x, y

    def press(self, name: str) -> None:
        """Put the rings in place: the best lines for the function, or those of a ReLU."""
        if name == "best":
            rings = TARGETS[self.state["function"]].rings(self.state["pieces"])
            self.move(**{f"piece_{n}": ring for n, ring in enumerate(rings, 1)})
        elif name == "relu":
            self.move(function=_RELU, pieces=2, piece_1=(0.0, 0.0), piece_2=(0.5, 0.5))
        else:
            super().press(name)

    def code(self) -> str:
        """The line that makes this state; rings not in use are left out where nobody moved them."""
        hidden = {f"piece_{n}" for n in range(self.state["pieces"] + 1, MOST + 1)}
        unmoved = {name for name in hidden if self.state[name] == self.defaults[name]}
        return self.literal({n: value for n, value in self.state.items() if n not in unmoved})

    def rings(self) -> Array:
        """The rings in use, shape (k, 2)."""
        return np.array([self.state[f"piece_{n + 1}"] for n in range(self.state["pieces"])])

    def lines(self) -> Array:
        """Slope and intercept of each line, shape (k, 2)."""
        x, y = self.rings().T
        return np.column_stack([2 * x, y - 2 * x * x])

    def unit(self) -> layers.Maxout:
        """The lines as a Maxout layer with one input and one output."""
        slopes, intercepts = self.lines().T
        unit = layers.Maxout(1, 1, pieces=len(slopes))
        unit.bind(np.concatenate([slopes, intercepts]), np.zeros(unit.size))
        return unit

    def errors(self) -> Array:
        """Unit minus function, at equally spaced x from −1 to 1."""
        given = self.unit().forward(_GRID[:, np.newaxis])[:, 0]
        return given - TARGETS[self.state["function"]].value(_GRID)

    def largest_error(self) -> float:
        """The largest distance between unit and function on [−1, 1]."""
        return float(np.abs(self.errors()).max())

    def rms_error(self) -> float:
        """The root of the mean squared error on [−1, 1]."""
        return float(np.sqrt((self.errors() ** 2).mean()))

    def least_error(self) -> float:
        """The smallest largest error that this number of lines allows."""
        return TARGETS[self.state["function"]].least(self.state["pieces"])

    def used(self) -> list[int]:
        """The numbers of the lines that are the largest somewhere on [−1, 1]."""
        slopes, intercepts = self.lines().T
        winner = np.argmax(_GRID[:, np.newaxis] * slopes + intercepts, axis=1)
        return [int(n) + 1 for n in np.unique(winner)]

    def frame(self) -> Frame:
        """Function, lines and their maximum, and the largest error by number of lines."""
        fit = Panel("The largest of the lines", _X, _Y, "x", "z", share=1.6, height=360)
        error = Panel(
            "Largest error",
            (0.4, MOST + 0.6),
            (_FLOOR, 2.0),
            "lines k",
            log_y=True,
            share=1.3,
            height=360,
        )
        views = {"fit": View(fit, self._fit()), "error": View(error, self._scale())}
        return Frame(views, self._told())

    def _fit(self) -> list[Item]:
        errors = self.errors()
        wanted = np.column_stack([_GRID, TARGETS[self.state["function"]].value(_GRID)])
        given = wanted + np.column_stack([np.zeros_like(errors), errors])
        worst = int(np.abs(errors).argmax())
        items: list[Item] = [Area(np.concatenate([given, wanted[::-1]]), "bad", 0.18)]
        for slope, intercept in self.lines():
            ends = [(x, slope * x + intercept) for x in (-2.0, 2.0)]
            items.append(Path(ends, "muted", 1.1, alpha=0.8))
        items += [Path(given, "good", 3.6), Path(wanted, "ink", 1.8, (5, 3))]
        if abs(errors[worst]) > _EXACT:
            items.append(Path([wanted[worst], given[worst]], "bad", 3.0))
        words = ((f"- - {self.state['function']}", "ink"), ("━ largest line", "good"))
        items += _legend(words, 0.5, "center")
        rings = self.rings().tolist()
        items += [Handle(f"piece_{n}", (x, y), str(n)) for n, (x, y) in enumerate(rings, 1)]
        return items

    def _scale(self) -> list[Item]:
        target, k = TARGETS[self.state["function"]], self.state["pieces"]
        counts = np.arange(1, MOST + 1)
        least = np.array([max(target.least(int(n)), _FLOOR) for n in counts])
        reached, possible = self.largest_error(), self.least_error()
        color = "good" if reached <= possible + _EXACT else "bad"
        words = ((f"yours: {_number(reached)}", color), ("smallest possible", "good"))
        return [
            Path(np.column_stack([counts, least]), "good", 1.6, (4, 3), "D"),
            Points([(k, max(reached, _FLOOR))], color, "o", 8.0),
            *_legend(words, 0.97, "right"),
        ]

    def _told(self) -> list[str]:
        errors, k, used = self.errors(), self.state["pieces"], self.used()
        reached, least = self.largest_error(), self.least_error()
        where = float(_GRID[np.abs(errors).argmax()])
        place = f" (at x = {where:.2f})".replace("-", "−") if reached > _EXACT else ""
        lines = f"{k} line" if k == 1 else f"{k} lines"
        measured = (
            f"Largest error {_number(reached)}{place}, rms {_number(self.rms_error())}; "
            f"the smallest possible with {lines} is {_number(least)}."
        )
        idle = [str(n) for n in range(1, k + 1) if n not in used]
        told = [measured]
        if self.state["function"] == _WAVE:
            told.append("A maximum of lines is convex, and no convex function comes nearer than ½.")
        elif idle:
            told.append(f"Never the largest, so of no use here: {', '.join(idle)}.")
        return told


def _tangents(k: int) -> list[Point]:
    """Tangents of x² at the centres of k equal parts, all lifted by half of their largest error."""
    centres = (2 * np.arange(k) + 1) / k - 1
    return [(t, t * t + _parabola_error(k)) for t in centres.tolist()]


def _parabola_error(k: int) -> float:
    return 1 / (2 * k * k)


def _fan(low: float, high: float, k: int, alone: Point) -> list[Point]:
    """Lines through the origin with slopes of 2·low to 2·high; one line alone is another."""
    if k == 1:
        return [alone]
    return [(x, 2 * x * x) for x in np.linspace(low, high, k).tolist()]


def _below_one_half(k: int) -> list[Point]:
    """One level line at ½, and lines that touch it at ±1 only."""
    turned = [0.1 * math.ceil(n / 2) * (-1) ** n for n in range(k)]
    return [(x, 0.5 + 2 * x * x - 2 * abs(x)) for x in turned]


# Smallest largest errors: on an interval of length l a line comes within l²/8 of x² and no nearer;
# |x| and the ReLU are two lines; (2x² − 1)² is 1 at 0 between two zeros, where a convex function is
# at most the mean of its values at those.
TARGETS: dict[str, Target] = {
    _PARABOLA: Target(lambda x: bowl(2.0).value(x[:, np.newaxis]), _tangents, _parabola_error),
    _MODULUS: Target(np.abs, lambda k: _fan(-0.5, 0.5, k, (0.0, 0.5)), lambda k: 0.5 * (k == 1)),
    _RELU: Target(relu, lambda k: _fan(0.0, 0.5, k, (0.25, 0.375)), lambda k: 0.25 * (k == 1)),
    _WAVE: Target(
        lambda x: 4 * DoubleWell().value(math.sqrt(2) * x[:, np.newaxis]),
        _below_one_half,
        lambda k: 0.5,
    ),
}


def _legend(words: Sequence[tuple[str, str]], x: float, align: str) -> list[Item]:
    """Lines of text with their colours, from the top of a panel downwards."""
    return [
        Text((x, 0.95 - 0.06 * n), text, color, align, share=True, bold=True)
        for n, (text, color) in enumerate(words)
    ]


def _number(error: float) -> str:
    return "0: exact" if error < _EXACT else number(error)
