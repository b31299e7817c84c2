"""Figure 7.7: annealing under noise, and the schedules (Section 7.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes

from coursekit.annealing import mirrored_noise, noisy_runs, stationary_loss
from coursekit.checks import Array
from coursekit.datasets import digits
from coursekit.figures import style
from coursekit.figures.registry import figure
from coursekit.network import mlp
from coursekit.objectives import Quadratic, bowl
from coursekit.optimizers import SGD
from coursekit.schedules import (
    ReduceOnPlateau,
    Schedule,
    constant,
    cosine_decay,
    exponential_decay,
    inverse_time_decay,
    step_decay,
    warmup,
)
from coursekit.training import train

RATE = "learning rate η"
PLAIN = style.METHODS["SGD"]


@dataclass(frozen=True)
class NoisyDescent:
    """Runs with one schedule: points (steps + 1, runs, 2), mean loss over the runs (steps + 1,)."""

    schedule: Schedule
    points: Array
    losses: Array

    @property
    def end(self) -> float:
        """The mean loss over the last tenth of the steps."""
        return float(self.losses[-(len(self.losses) // 10) :].mean())

    @property
    def strides(self) -> Array:
        """The mean length of each step over the runs, (steps,)."""
        return np.linalg.norm(np.diff(self.points, axis=0), axis=-1).mean(axis=1)


@dataclass(frozen=True)
class Annealing:
    """A constant and an annealed rate under the same noise, and the schedules of the package.

    ``hovering``: the loss of the constant rate in the long run, by its formula; ``rates``: η by
    step of each schedule, the last one measured on a real run; ``falls``: after how many of its
    epochs the rate fell; ``accuracy``: what it watched, by epoch.
    """

    objective: Quadratic
    rate: float
    runs: Mapping[str, NoisyDescent]
    hovering: float
    rates: Mapping[str, Array]
    falls: list[int]
    accuracy: Array

    @property
    def steps(self) -> int:
        """The steps of a noisy run."""
        return len(self.runs["constant"].points) - 1

    @property
    def last_stride(self) -> float:
        """The mean length of the last step at the annealed rate."""
        return float(self.runs["annealed"].strides[-1])

    @property
    def halvings(self) -> int:
        """How often the rate fell in the real run."""
        return len(self.falls)


@figure(
    "7.7",
    slug="annealing",
    caption="With noisy gradients a constant rate hovers about the minimum while one that falls "
    "comes to rest there, and it may fall in many ways.",
    alt="Left, contours of a bowl with two paths of {d.steps} steps under the same noise. At the "
    "constant rate {d.rate:g} the path arrives and goes on "
    "wandering about the minimum; its mean loss at the end, over many such runs, is "
    "{d.runs[constant].end:.2f}. At a rate that falls exponentially the steps shrink from "
    "{d.runs[annealed].strides[0]:.2f} to {d.last_stride:.3f} and the loss to "
    "{d.runs[annealed].end:.3f}. Right, the rate by step for six schedules from the same initial "
    "rate {d.rates[step][0]:g}: a staircase; a smooth curve through its corners; 1/t, which falls "
    "fast and then slowly; half a cosine wave; a short rise before the cosine; and a plateau rule "
    "on real digits, which halved the rate {d.halvings} times.",
)
def annealing() -> Annealing:
    """Descend with the same noise at two schedules; tabulate the schedules; watch a plateau."""
    objective, steps, rate = bowl(1.0, 3.0), 60, 0.3
    noise = mirrored_noise(np.random.default_rng(0), steps, runs=2000)
    runs = {}
    for name, schedule in (
        ("constant", constant(rate)),
        ("annealed", exponential_decay(rate, factor=0.02, every=steps)),
    ):
        run = noisy_runs(objective, [-1.6, 1.2], SGD(schedule), noise)
        runs[name] = NoisyDescent(schedule, run.points, run.values.mean(axis=1))
    hovering = float(stationary_loss(objective, rate, std=1.0))

    learned, accuracy = _until_plateaus(0.4)
    n = len(learned)
    schedules: dict[str, Schedule] = {
        "step": step_decay(0.4, factor=0.5, every=n // 4),
        "exponential": exponential_decay(0.4, factor=0.5, every=n // 4),
        "1/t": inverse_time_decay(0.4, decay=15, every=n),
        "cosine": cosine_decay(0.4, steps=n),
        "warmup + cosine": warmup(cosine_decay(0.4, steps=n - n // 10), steps=n // 10),
    }
    rates = {name: np.array([f(step) for step in range(n)]) for name, f in schedules.items()}
    by_epoch = learned[:: n // len(accuracy)]
    falls = [int(epoch) for epoch in 1 + np.flatnonzero(np.diff(by_epoch))]
    rates["on plateaus"] = learned
    return Annealing(objective, rate, runs, hovering, rates, falls, accuracy)


def _until_plateaus(rate: float) -> tuple[Array, Array]:
    """Train on digits and halve the rate on plateaus: the rate by step, the accuracy by epoch."""
    x, labels, *_ = digits()
    held_out = len(x) // 5  # not the test data: what steers the training must not judge it
    rng = np.random.default_rng(0)
    history = train(
        mlp([64, 32, 10], rng),
        x[held_out:],
        labels[held_out:],
        SGD(rate),
        epochs=20,
        batch_size=32,
        rng=rng,
        validation=(x[:held_out], labels[:held_out]),
        plateau=ReduceOnPlateau(rate, factor=0.5, patience=2, threshold=0.0, mode="max"),
        progress=False,
    )
    return history.learning_rate, history.validation_accuracy[1:]


@annealing.draws
def _(data: Annealing, width: float) -> matplotlib.figure.Figure:
    column = style.is_column(width)
    drawn = matplotlib.figure.Figure(figsize=(width, 6.9 if column else 4.0), layout="constrained")
    names = list(data.rates)
    mosaic: Any
    rows = [names[i : i + 2] for i in (0, 2, 4)]
    if column:
        mosaic = [["constant", "annealed"], ["loss", "loss"], *rows]
        axes = drawn.subplot_mosaic(mosaic, height_ratios=[1.9, 1.2, 1, 1, 1])
    else:
        left = [["constant", "annealed"]] * 4 + [["loss", "loss"]] * 2
        mosaic = [[*part, *rows[i // 2]] for i, part in enumerate(left)]
        axes = drawn.subplot_mosaic(mosaic, width_ratios=[1.4, 1.4, 1, 1])
    for name, run in data.runs.items():
        _path_with_noise(axes[name], data.objective, run)
        axes[name].set_title(f"{name.capitalize()} rate")
    axes["annealed"].tick_params(labelleft=False)
    axes["constant"].set_ylabel("weight w₂", labelpad=0)
    _mean_loss(axes["loss"], data)
    for index, name in enumerate(names):
        _rate_by_step(axes[name], name, data.rates[name])
        if index % 2:
            axes[name].tick_params(labelleft=False)
        if index < len(names) - 2:
            axes[name].tick_params(labelbottom=False)
        else:
            axes[name].set_xlabel("step n", labelpad=0)
    axes[names[2]].set_ylabel(RATE)
    return drawn


def _path_with_noise(axes: Axes, objective: Quadratic, run: NoisyDescent) -> None:
    window = np.array([[-2.0, 1.4], [-1.7, 1.7]])
    style.contours(axes, objective, window, [0.1, 0.5, 1.2, 2.4, 4.0])
    path = run.points[:, 0]
    style.path(axes, path, PLAIN, markersize=2.6, linewidth=0.8, markeredgewidth=0.2)
    style.start_mark(axes, *path[0], markersize=5)
    style.minimum_mark(axes, 0, 0)
    axes.set(aspect="equal", xlabel="weight w₁", xticks=[-1, 0, 1], yticks=[-1, 0, 1])


def _mean_loss(axes: Axes, data: Annealing) -> None:
    axes.axhline(data.hovering, color=style.MUTED, lw=0.8, ls=":")
    pale = style.Method("#3A8DC6", (0, (5, 1.2)), "o")
    for (name, run), look in zip(data.runs.items(), (pale, PLAIN), strict=True):
        axes.plot(run.losses, color=look.color, linestyle=look.linestyle)
        words = f"{name}: {run.end:.2g}"
        at = (data.steps, float(run.losses[-1]))
        style.label(axes, words, at, (0, 8), strong=look.words, ha="right")
    axes.set(xlim=(0, data.steps), ylim=(0.007, 6), yscale="log", xlabel="step n")
    axes.set(ylabel="mean loss", xticks=[0, 20, 40, 60])
    axes.set_yticks([0.01, 0.1, 1], ["0.01", "0.1", "1"])
    axes.minorticks_off()


def _rate_by_step(axes: Axes, name: str, rates: Array) -> None:
    steps = np.arange(0, len(rates), max(1, len(rates) // 120))  # enough for the eye
    axes.fill_between(steps, rates[steps], step="post", color=PLAIN.color, alpha=0.15, lw=0)
    axes.plot(steps, rates[steps], color=PLAIN.color, drawstyle="steps-post")
    axes.set(xlim=(0, len(rates)), ylim=(0, 1.06 * rates.max()))
    axes.set(xticks=[0, len(rates)], yticks=[0, rates.max()])
    axes.set_yticklabels(["0", f"{rates.max():g}"])
    axes.set_title(name, fontsize=style.SMALL, fontweight="normal", pad=3)
