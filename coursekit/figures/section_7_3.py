"""Figure 7.8: momentum carries a descent past a minimum and a shelf (Section 7.3.1)."""

from dataclasses import dataclass
from typing import Any

import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes

from coursekit.checks import Array
from coursekit.descent import Trajectory, first_step, minimize
from coursekit.figures import style
from coursekit.figures.registry import figure
from coursekit.objectives import Landscape
from coursekit.optimizers import SGD, Momentum

PLAIN, HEAVY = style.METHODS["SGD"], style.METHODS["Momentum"]
SHADE = "#F6DFCC"  # the kinetic energy: a tint of momentum's colour


@dataclass(frozen=True)
class MomentumEscapes:
    """Plain descent from two starts, and momentum from the first of them, on one landscape.

    ``energy``: of the momentum run, L + v²/2η with the mean of the steps to and from each point as
    v: a step lasts √η, so that v/√η is the speed. ``passed``: the steps at which that run is beyond
    the barrier, beyond the shelf, and within 0.01 of the lowest minimum for good.
    """

    objective: Landscape
    learning_rate: float
    momentum: float
    plain: Trajectory
    heavy: Trajectory
    energy: Array
    passed: dict[str, int]

    @property
    def places(self) -> tuple[float, float, float, float]:
        """The local minimum, the barrier, the shelf and the lowest minimum."""
        (local, lowest), (barrier,) = self.objective.minima[:, 0], self.objective.maxima[:, 0]
        return float(local), float(barrier), float(self.objective.shelves[0]), float(lowest)

    def level(self, w: float) -> float:
        """The loss at one place."""
        return float(self.objective.value([w]))

    @property
    def levels(self) -> list[float]:
        """The loss at each of the places."""
        return [self.level(place) for place in self.places]

    @property
    def ends(self) -> Array:
        """Where plain descent stands after the last step, from the first and the second start."""
        return self.plain.points[-1, :, 0]


@figure(
    "7.8",
    slug="momentum-escapes",
    caption="Plain descent stops in the first minimum and creeps on the shelf, while momentum "
    "passes both because its velocity still holds the energy of the way down.",
    alt="Left, a loss over one weight: from a high start at w = {d.plain.points[0][0][0]:g} it "
    "falls to a local minimum at {d.places[0]:g}, rises to a barrier at {d.places[1]:g}, falls to "
    "a shelf at {d.places[2]:g}, where it is level, and on to the lowest minimum at "
    "{d.places[3]:g}. Plain descent at learning rate {d.learning_rate:g} stops in the local "
    "minimum; from a second start beyond the barrier it comes to w = {d.ends[1]:.2f}, just before "
    "the shelf. Momentum {d.momentum:g} at the same rate passes the barrier at step "
    "{d.passed[barrier]} and the shelf at step {d.passed[shelf]}. A line above the loss shows its "
    "energy, {d.energy[0]:.2f} at first and falling by friction; it is {d.levels[1]:.2f} high at "
    "the barrier's top or more until the ball is over it. Right, the weight by step: momentum "
    "stays near the lowest minimum from step {d.passed[rest]} on.",
)
def momentum_escapes() -> MomentumEscapes:
    """Run plain descent and momentum at one rate past a local minimum and a shelf."""
    objective = Landscape([-1.2, -0.5, 0.5, 0.5, 1.6], steepness=0.5)
    rate, rho, steps = 0.03, 0.9, 400
    start, second = -1.75, -0.35
    plain = minimize(objective, [[start], [second]], SGD(rate), steps)
    heavy = minimize(objective, [start], Momentum(rate, rho), steps)
    w = heavy.points[:, 0]
    moves = np.diff(w, append=w[-1])
    velocity = np.append(0, (moves[1:] + moves[:-1]) / 2)  # at rest at first
    energy = heavy.values + velocity**2 / (2 * rate)
    barrier, shelf = objective.maxima[0, 0], objective.shelves[0]
    away = np.abs(w - objective.minima[-1, 0]) > 0.01
    passed = {
        "barrier": first_step(w > barrier),
        "shelf": first_step(w > shelf),
        "rest": int(np.flatnonzero(away)[-1]) + 1,
    }
    return MomentumEscapes(objective, rate, rho, plain, heavy, energy, passed)


@momentum_escapes.draws
def _(data: MomentumEscapes, width: float) -> matplotlib.figure.Figure:
    drawn, (hills, weights) = style.panels(width, 2, page=3.3, column=5.6, ratios=[1.45, 1])
    _hills(hills, data)
    _weights(weights, data)
    return drawn


def _hills(axes: Axes, data: MomentumEscapes) -> None:
    """The loss, the balls on it, and the energy of the heavy one above it."""
    w = np.linspace(-1.9, 2.1, 400)
    axes.plot(w, data.objective.value(w[:, np.newaxis]), color=style.PALE, lw=3, zorder=2)
    # Up to the first turn each place is passed once: there the energy is a curve over w.
    places = data.heavy.points[:, 0]
    turn = int(np.flatnonzero(np.diff(places) < 0)[0]) + 1
    over, energy = places[:turn], data.energy[:turn]
    axes.fill_between(over, data.heavy.values[:turn], energy, color=SHADE, lw=0, zorder=1)
    style.path(axes, np.column_stack([over, energy]), HEAVY, markersize=4)
    for n in range(2):
        points, values = data.plain.points[:, n, 0], data.plain.values[:, n]
        apart = _thinned(points, 0.06)
        on_curve: dict[str, Any] = {"color": PLAIN.color, "mec": style.PAPER, "linestyle": ""}
        axes.plot(points[apart], values[apart], PLAIN.marker, ms=4, mew=0.4, zorder=5, **on_curve)
        axes.plot(points[-1], values[-1], PLAIN.marker, ms=9, mew=0.4, zorder=6, **on_curve)
    style.start_mark(axes, over[0], data.heavy.values[0])
    style.minimum_mark(axes, data.places[3], data.levels[3])
    local, barrier, shelf, lowest = zip(data.places, data.levels, strict=True)
    style.label(axes, "start", (over[0], data.heavy.values[0]), (8, 3))
    style.label(axes, "local minimum:\nplain stops", local, (0, -9), color=PLAIN.words)
    style.label(axes, "barrier", barrier, (0, -6))
    style.label(axes, "shelf:\nplain creeps", shelf, (-6, -9), ha="center", color=PLAIN.words)
    style.label(axes, "lowest\nminimum", lowest, (0, -8))
    at = (float(over[3]), float(energy[3]))
    style.label(axes, "energy L + v²/2η,\nfalls by friction", at, (8, 0), strong=HEAVY.words)
    style.label(axes, "kinetic\npart", (-1.15, 0.55), (0, 1), color=HEAVY.words)
    axes.set(xlabel="weight w", ylabel="loss L, energy", title="The energy carries it over")
    axes.set(ylim=(-0.33, 1.5), yticks=[0, 0.5, 1, 1.5], xlim=(-2.0, 2.2))
    settings = f"η = {data.learning_rate:g} for both; momentum with ρ = {data.momentum:g}"
    style.subtitle(axes, settings)


def _thinned(points: Array, apart: float) -> Array:
    """The first of the points, and each that is further than ``apart`` from the last one taken."""
    taken = [0]
    for n, place in enumerate(points):
        if abs(place - points[taken[-1]]) > apart:
            taken.append(n)
    return np.array(taken)


def _weights(axes: Axes, data: MomentumEscapes) -> None:
    """The weight by step, with a line at each place where the slope is 0."""
    steps = np.arange(len(data.heavy.points))
    for place in data.places:
        axes.axhline(place, color=style.GRID, lw=0.9, zorder=0)
    looks = [
        (data.plain.points[:, 0, 0], PLAIN),
        (data.plain.points[:, 1, 0], PLAIN),
        (data.heavy.points[:, 0], HEAVY),
    ]
    for w, look in looks:
        axes.plot(steps, w, color=look.color, linestyle=look.linestyle, lw=1.8)
        axes.plot(0, w[0], look.marker, color=look.color, ms=5)
    end = float(steps[-1])
    local, _, shelf, lowest = data.places
    style.label(axes, "momentum", (end, lowest), (0, 4), strong=HEAVY.words, ha="right")
    second = "plain, from a start\nbeyond the barrier"
    style.label(axes, second, (end, shelf), (0, -11), strong=PLAIN.words, ha="right")
    style.label(axes, "plain descent", (end, local), (0, 4), strong=PLAIN.words, ha="right")
    axes.set_yticks(data.places, ["local min.", "barrier", "shelf", "lowest min."])
    axes.set(xlabel="step n", title="Who gets where", ylim=(-2.0, 2.1), xlim=(-4, end))
    style.subtitle(axes, f"momentum over the shelf at step {data.passed['shelf']}")
