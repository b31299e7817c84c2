"""Annealing on noisy gradients, g = ∂L/∂w + σξ with ξ ~ N(0, I), a model of mini-batches (7.2).

The noise is drawn before the run, so that two schedules can be compared on the same noise. What the
playground ``Annealing`` shows and its exercise measures is computed here, from their ``state``.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from coursekit.checks import (
    Array,
    check_count,
    check_known,
    check_number,
    check_rng,
    float_array,
    quiet,
)
from coursekit.descent import Differentiable, Trajectory, minimize
from coursekit.objectives import Quadratic, bowl, valley
from coursekit.optimizers import SGD, Optimizer
from coursekit.schedules import (
    Schedule,
    constant,
    cosine_decay,
    exponential_decay,
    inverse_time_decay,
    step_decay,
    warmup,
)

SURFACES: dict[str, Quadratic] = {"bowl": bowl(1.0, 2.0), "valley": valley(20.0)}
STEPS = 200  # of the longest run; a shorter one is its beginning
RUNS = 64
# By name, each with the settings that it reads beside the rate.
SCHEDULES: dict[str, tuple[tuple[str, ...], Callable[..., Schedule]]] = {
    "constant": ((), constant),
    "step": (("factor", "every"), step_decay),
    "exponential": (("factor", "every"), exponential_decay),
    "1/t": (("decay",), inverse_time_decay),
    "cosine": (("over",), cosine_decay),
    "warmup + cosine": (
        ("warmup", "over"),
        lambda rate, rise, fall: warmup(cosine_decay(rate, fall), rise),
    ),
}


def schedule_of(state: Mapping[str, Any]) -> Schedule:
    """Make the schedule of ``state["schedule"]`` from its ``rate`` and its own settings.

    >>> schedule_of({"schedule": "step", "rate": 0.1, "factor": 0.5, "every": 50})
    step_decay(initial=0.1, factor=0.5, every=50)
    """
    settings, make = SCHEDULES[check_known("schedule", state["schedule"], list(SCHEDULES))]
    return make(state["rate"], *(state[name] for name in settings))


def runs_of(state: Mapping[str, Any]) -> Trajectory:
    """Make the 64 runs of a state, points of shape (steps+1, 64, 2).

    ``surface``, ``start``, ``noise`` (σ), ``seed`` and ``steps`` are read, and the schedule.
    """
    steps = check_count("steps", state["steps"], at_least=1)
    check_number("steps", steps, at_most=STEPS)
    start = tuple(map(float, state["start"]))
    whole = _runs(state["surface"], start, schedule_of(state), state["noise"], state["seed"])
    points, values = whole.points[: steps + 1], whole.values[: steps + 1]
    return Trajectory(points, values, whole.state._replace(step=steps))


@lru_cache(maxsize=16)
def _runs(
    surface: str, start: tuple[float, ...], schedule: Schedule, std: float, seed: int
) -> Trajectory:
    run = noisy_runs(SURFACES[surface], start, SGD(schedule), std * _noise(seed))
    run.points.flags.writeable = run.values.flags.writeable = False  # for they are shared
    return run


@lru_cache(maxsize=16)
def _noise(seed: int) -> Array:
    return mirrored_noise(np.random.default_rng(seed), STEPS, RUNS)


class NoisyGradient:
    """An objective whose gradient carries noise; its value does not.

    ``noise``: shape (steps, ..., d), one entry for each call of ``gradient``: serves one run.
    """

    def __init__(self, objective: Differentiable, noise: Array) -> None:
        self.objective, self.dimension = objective, objective.dimension
        self._noise = iter(noise)

    def value(self, w: Array) -> Array:
        """Return the loss without noise."""
        return self.objective.value(w)

    def gradient(self, w: Array) -> Array:
        """Return the gradient and the noise of this step."""
        return self.objective.gradient(w) + next(self._noise)


def mirrored_noise(
    rng: np.random.Generator, steps: int, runs: int, dimension: int = 2, std: float = 1.0
) -> Array:
    """Draw σξ for an even number of runs, shape (steps, runs, d): the later half mirrors the first.

    The mean of the runs is then the run without noise, exactly where the gradient is linear in w.
    What a step draws does not depend on how many follow.
    """
    check_rng(rng)
    check_number("std", std, at_least=0)
    if check_count("runs", runs, at_least=2) % 2:
        raise ValueError(f"runs must be even, got {runs}")
    half = std * rng.normal(size=(steps, runs // 2, dimension))
    return np.concatenate([half, -half], axis=1)


def noisy_runs(
    objective: Differentiable, start: ArrayLike, optimizer: Optimizer, noise: Array
) -> Trajectory:
    """Run once for each column of ``noise``, (steps, runs, d), all from one start."""
    starts = np.tile(np.asarray(start, np.float64), (noise.shape[1], 1))
    return minimize(NoisyGradient(objective, noise), starts, optimizer, len(noise))


def stationary_loss(objective: Quadratic, rate: ArrayLike, std: float) -> Any:
    """The mean loss above the minimum that SGD keeps at each constant rate in the long run.

    ½ σ² Σᵢ η/(2 − ηλᵢ) on a bowl of curvatures λᵢ, from E[w²] ← (1 − ηλ)² E[w²] + η²σ²; inf where
    a λᵢ reaches 2/η. About proportional to η while η is small.

    >>> stationary_loss(Quadratic([1.0]), [0.1, 0.2, 2.0], std=1.0).round(4).tolist()
    [0.0263, 0.0556, inf]
    """
    rates = float_array("rate", rate)
    if not (rates >= 0).all():
        raise ValueError(f"rate must be at least 0, got {rate!r}")
    check_number("std", std, at_least=0)
    if (objective.curvatures <= 0).any():
        raise ValueError(f"the objective must be a bowl, got {objective!r}")
    room = 2 - rates[..., np.newaxis] * objective.curvatures
    with np.errstate(divide="ignore", invalid="ignore"):
        losses = 0.5 * std**2 * (rates[..., np.newaxis] / room).sum(axis=-1)
    return np.where((room > 0).all(axis=-1), losses, np.inf)[()]


class TailLoss(NamedTuple):
    """The mean loss over the last fifth of the steps, and its two parts.

    ``left``: the loss of the runs' mean point, the way that is not yet done; ``noise``: the rest,
    by which the runs scatter around it. ``span``: the number of steps that count.
    """

    loss: float
    left: float
    noise: float
    span: int


@quiet
def tail_loss(objective: Differentiable, run: Trajectory) -> TailLoss:
    """Measure the last fifth of a batch of runs, points (steps+1, runs, d)."""
    span = max(1, (len(run.points) - 1) // 5)
    loss = float(run.values[-span:].mean())
    left = float(objective.value(run.points[-span:].mean(axis=1)).mean())
    return TailLoss(loss, left, loss - left, span)
