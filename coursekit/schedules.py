"""Learning-rate schedules: pure functions from the step to the rate (Section 7.2).

    schedule = warmup(cosine_decay(0.1, steps=900), steps=100)
    schedule(0), schedule(500)

A step is one update, counted from 0: to decay by epochs, give ``every`` as a number of steps.
Reading a schedule changes nothing; a schedule prints as the call that made it.
"""
# ruff: noqa: N801 — a schedule is made by what reads as a function call: step_decay(0.1, 0.5, 10)

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from coursekit.checks import check_count, check_number, is_number

Schedule = Callable[[int], float]


def check_learning_rate(learning_rate: object) -> None:
    """Raise ``ValueError`` unless ``learning_rate`` is a positive number or a schedule."""
    if callable(learning_rate):
        return
    if not is_number(learning_rate) or learning_rate <= 0:
        raise ValueError(
            f"learning_rate must be a positive number or a schedule, got {learning_rate!r}"
        )


def rate_at(learning_rate: float | Schedule, step: int) -> float:
    """The rate η of one step, counted from 0.

    Always a Python float: a NumPy float64 would turn float32 parameters into float64.
    """
    return float(learning_rate(step) if callable(learning_rate) else learning_rate)


@dataclass(frozen=True)
class constant:
    """The same rate at every step: η(n) = rate."""

    rate: float

    def __post_init__(self) -> None:
        check_number("rate", self.rate, above=0)

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""
        check_count("step", step)
        return float(self.rate)


@dataclass(frozen=True)
class step_decay:
    """A staircase: η(n) = initial · factor^⌊n/every⌋.

    ``factor``: in (0, 1], applied after each ``every`` steps. PyTorch's ``StepLR``.

    >>> schedule = step_decay(1.0, factor=0.5, every=10)
    >>> [schedule(step) for step in (0, 9, 10, 20)]
    [1.0, 1.0, 0.5, 0.25]
    """

    initial: float
    factor: float
    every: int

    def __post_init__(self) -> None:
        check_number("initial", self.initial, above=0)
        check_number("factor", self.factor, above=0, at_most=1)
        check_count("every", self.every, at_least=1)

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""
        return float(self.initial * self.factor ** (check_count("step", step) // self.every))


@dataclass(frozen=True)
class exponential_decay:
    """The smooth curve through the staircase: η(n) = initial · factor^(n/every).

    ``factor``: in (0, 1]. η(n) = initial · e^(−kn) is factor = e^(−k), every = 1. Keras's
    ``ExponentialDecay``; PyTorch's ``ExponentialLR`` with every = 1.
    """

    initial: float
    factor: float
    every: int = 1

    def __post_init__(self) -> None:
        check_number("initial", self.initial, above=0)
        check_number("factor", self.factor, above=0, at_most=1)
        check_count("every", self.every, at_least=1)

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""
        return float(self.initial * self.factor ** (check_count("step", step) / self.every))


@dataclass(frozen=True)
class inverse_time_decay:
    """A hyperbola: η(n) = initial / (1 + decay · n/every).

    ``decay`` ≥ 0. With every = 1, Ση diverges and Ση² converges, as Robbins & Monro (1951) ask.
    Keras's ``InverseTimeDecay``.
    """

    initial: float
    decay: float
    every: int = 1

    def __post_init__(self) -> None:
        check_number("initial", self.initial, above=0)
        check_number("decay", self.decay, at_least=0)
        check_count("every", self.every, at_least=1)

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""
        return float(self.initial / (1 + self.decay * check_count("step", step) / self.every))


@dataclass(frozen=True)
class cosine_decay:
    """Half a cosine wave: η(n) = final + (initial − final) · ½ (1 + cos(π n/steps)), then final.

    ``final``: in [0, initial], kept from n = ``steps`` on. Loshchilov & Hutter (2017, Eq. 5)
    without restarts; PyTorch's ``CosineAnnealingLR`` up to n = steps, after which that rises again.
    """

    initial: float
    steps: int
    final: float = 0.0

    def __post_init__(self) -> None:
        check_number("initial", self.initial, above=0)
        check_count("steps", self.steps, at_least=1)
        check_number("final", self.final, at_least=0, at_most=self.initial)

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""
        done = min(check_count("step", step) / self.steps, 1.0)
        return float(
            self.final + (self.initial - self.final) * 0.5 * (1 + math.cos(math.pi * done))
        )


@dataclass(frozen=True)
class warmup:
    """A linear rise, then any schedule: η(n) = (n + 1)/(steps + 1) · η₀ for n < steps.

    ``learning_rate``: what follows, a number or a schedule; its own count starts after the rise,
    η(n) = learning_rate(n − steps), and η₀ is its first rate. No step has rate 0.

    >>> [warmup(0.8, steps=3)(step) for step in range(5)]
    [0.2, 0.4, 0.6000000000000001, 0.8, 0.8]
    """

    learning_rate: float | Schedule
    steps: int

    def __post_init__(self) -> None:
        check_learning_rate(self.learning_rate)
        check_count("steps", self.steps)

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""
        after = check_count("step", step) - self.steps
        if after >= 0:
            return rate_at(self.learning_rate, after)
        return rate_at(self.learning_rate, 0) * (step + 1) / (self.steps + 1)


class PlateauState(NamedTuple):
    """The rate now, the best metric so far, and for how many epochs it was not bettered."""

    rate: float
    best: float
    waited: int


@dataclass(frozen=True)
class ReduceOnPlateau:
    """Lower the rate when a validation metric stops improving: rate ← max(factor · rate, minimum).

    Used once an epoch: ``state = plateau.init()``, then train an epoch at ``plateau.rate(state)``
    and call ``state = plateau.update(state, metric)``. After ``patience`` epochs in a row without
    improvement the rate falls and the count starts anew: as Keras; PyTorch waits one epoch more.
    ``mode``: "min" for a loss, "max" for an accuracy. An improvement betters the best value by more
    than ``threshold`` (absolute, Keras's ``min_delta``). A nan is never an improvement.
    """

    initial: float
    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    mode: Literal["min", "max"] = "min"
    minimum: float = 0.0

    def __post_init__(self) -> None:
        check_number("initial", self.initial, above=0)
        check_number("factor", self.factor, above=0, below=1)
        check_count("patience", self.patience, at_least=1)
        check_number("threshold", self.threshold, at_least=0)
        if self.mode not in ("min", "max"):
            raise ValueError(f"mode must be 'min' or 'max', got {self.mode!r}")
        check_number("minimum", self.minimum, at_least=0, at_most=self.initial)

    def init(self) -> PlateauState:
        """Return the state before the first epoch."""
        worst = math.inf if self.mode == "min" else -math.inf
        return PlateauState(float(self.initial), worst, waited=0)

    def update(self, state: PlateauState, metric: float) -> PlateauState:
        """Return the state after an epoch that ended with ``metric``."""
        metric = float(metric)
        gained = state.best - metric if self.mode == "min" else metric - state.best
        if gained > self.threshold:
            return state._replace(best=metric, waited=0)
        if state.waited + 1 < self.patience:
            return state._replace(waited=state.waited + 1)
        return state._replace(rate=max(self.factor * state.rate, float(self.minimum)), waited=0)

    def rate(self, state: PlateauState) -> float:
        """Return the rate of the epoch to come."""
        return state.rate
