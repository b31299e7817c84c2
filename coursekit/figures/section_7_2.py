"""Figure 7.6: the training loss at four learning rates (Section 7.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib.figure
import numpy as np

from coursekit.checks import Array
from coursekit.datasets import digits
from coursekit.figures import style
from coursekit.figures.registry import figure
from coursekit.losses import mean_squared_error
from coursekit.network import mlp
from coursekit.optimizers import SGD
from coursekit.sweeps import sweep
from coursekit.training import train

PLAIN = style.METHODS["SGD"]


@dataclass(frozen=True)
class RateRuns:
    """One learning rate, several seeds.

    ``losses``: on all training data, at the start and after each epoch, (seeds, epochs + 1);
    ``batch_losses``: on the batch of each of the first steps, (seeds, steps).
    """

    rate: float
    losses: Array
    batch_losses: Array

    @property
    def median(self) -> Array:
        """The median over the seeds, of the losses by epoch."""
        return np.median(self.losses, axis=0)

    @property
    def end(self) -> float:
        """The median loss after the last epoch."""
        return float(self.median[-1])


@dataclass(frozen=True)
class LossByRate:
    """Four rates by their names; ``threshold``: 2/λ of the biases of the last layer."""

    runs: Mapping[str, RateRuns]
    seeds: int
    epochs: int
    batch_size: int
    threshold: float

    @property
    def starts(self) -> Array:
        """The loss of each seed before the first step."""
        return self.runs["good"].losses[:, 0]

    @property
    def rising(self) -> int:
        """How many seeds of the very high rate have a loss above 1000 within 12 steps."""
        return int(np.sum(np.nanmax(self.runs["very high"].batch_losses[:, :12], axis=1) > 1000))


@figure(
    "7.6",
    slug="loss-by-rate",
    caption="The training loss tells the rate: very high and it explodes, high and it stays on a "
    "plateau, low and it creeps, good and it falls fast and far.",
    alt="A network of 64, 32 and 10 units learns handwritten digits with squared loss, {d.seeds} "
    "seeds at each of four learning rates. Left, the loss on the training data by epoch, on a "
    "logarithmic axis; all start near {d.runs[good].median[0]:.2f}. Rate "
    "{d.runs[low].rate:g}, low: still falling slowly, at {d.runs[low].end:.2f} after "
    "{d.epochs} epochs. Rate {d.runs[high].rate:g}, high: down to "
    "{d.runs[high].median[1]:.2f} after one epoch, then a plateau, ending at "
    "{d.runs[high].end:.2f}. Rate {d.runs[good].rate:g}, good: {d.runs[good].end:.3f} "
    "at the end. Rate {d.runs[very high].rate:g}, very high: it leaves through the top. Right, the "
    "loss of the batch at the first 12 steps: at the very high rate it has passed 1000 in "
    "{d.rising} of {d.seeds} seeds, and goes on growing by a constant factor a step.",
)
def loss_by_rate() -> LossByRate:
    """Train one network on real digits at four rates, with the same seeds at each."""
    rates = {"very high": 16.0, "high": 4.0, "low": 5e-4, "good": 1.0}
    seeds, epochs, batch_size, first = 5, 12, 16, 12
    x, labels, *_ = digits()
    targets = np.eye(10)[labels]

    def run(seed: int, rate: float) -> dict[str, Any]:
        rng = np.random.default_rng(seed)
        # The squared loss: with cross-entropy a run at a high rate is chaotic, and its curve
        # another one on another processor.
        network = mlp([64, 32, 10], rng, loss=mean_squared_error)
        history = train(
            network,
            x,
            targets,
            SGD(rate),
            epochs=epochs if rate <= rates["high"] else 1,  # then the numbers have overflowed
            batch_size=batch_size,
            rng=rng,
            validation=(x, targets),
            progress=False,
        )
        by_step = history.loss[:first]
        return {"losses": (*history.validation_loss,), "batch_losses": (*by_step,)}

    table = sweep(run, {"rate": list(rates.values())}, range(seeds), progress=False)
    runs = {}
    for name, rate in rates.items():
        rows = table[table["rate"] == rate]
        losses, batch_losses = (np.array(list(rows[n])) for n in ("losses", "batch_losses"))
        runs[name] = RateRuns(rate, losses, batch_losses)
    # The mean of squares over 10 outputs bends like 2/10 along each output's bias.
    curvature = 2 / targets.shape[1]
    return LossByRate(runs, seeds, epochs, batch_size, 2 / curvature)


# One method at four rates: its colour, darker where the rate is higher.
_RATE_LOOKS = {
    "very high": style.Method("#0B2F4A", (0, (1, 0.9)), "s"),
    "high": style.Method("#0B4F7F", (0, (5, 1.2)), "o"),
    "good": style.Method(PLAIN.color, "-", "o"),
    "low": style.Method("#3A8DC6", (0, (5, 1.2, 1, 1.2)), "o"),
}


@loss_by_rate.draws
def _(data: LossByRate, width: float) -> matplotlib.figure.Figure:
    drawn, (epochs, steps) = style.panels(width, 2, page=3.2, column=6.0, ratios=[1.55, 1])
    top, top_step = 2.0, 1e6
    for name, run in data.runs.items():
        look = _RATE_LOOKS[name]
        line: dict[str, Any] = {"color": look.color, "linestyle": look.linestyle, "lw": 2.0}
        band: dict[str, Any] = {"color": look.color, "alpha": 0.18, "lw": 0}
        for axes, losses, limit in ((epochs, run.losses, top), (steps, run.batch_losses, top_step)):
            # A line to 1e96 is clipped by some programs and crashes others: end it above the top.
            losses = np.where(losses < 30 * limit, losses, 30 * limit)
            n = np.arange(losses.shape[1])
            axes.fill_between(n, losses.min(axis=0), losses.max(axis=0), **band)
            axes.plot(n, np.median(losses, axis=0), **line)
    words = {name: f"{name}: η = {run.rate:g}" for name, run in data.runs.items()}
    for name, side in (("low", "max"), ("high", "min"), ("good", "min")):
        edge = getattr(data.runs[name].losses[:, -1], side)()  # of the band
        offset = (0, 9 if side == "max" else -5)
        strong = _RATE_LOOKS[name].words
        style.label(epochs, words[name], (data.epochs, edge), offset, strong=strong, ha="right")
    dark = _RATE_LOOKS["very high"].words
    style.label(epochs, f"{words['very high']}\nup and out", (0.2, 1.9), (4, -1), strong=dark)
    style.label(steps, words["very high"], (11, 3e4), (0, 0), strong=dark, ha="right")
    style.label(steps, "the others", (11, 1.0), (0, 4), ha="right")
    epochs.set(xlim=(0, data.epochs), ylim=(0.005, top), yscale="log", xlabel="epoch")
    epochs.set(ylabel="training loss", title="By epoch", xticks=range(0, data.epochs + 1, 3))
    epochs.set_yticks([0.01, 0.1, 1], ["0.01", "0.1", "1"])
    last = data.runs["good"].batch_losses.shape[1] - 1
    steps.set(xlim=(0, last), ylim=(0.01, top_step), yscale="log", xticks=[0, 5, 10])
    steps.set(xlabel="step n", ylabel="loss of the batch", title=f"The first {last + 1} steps")
    steps.set_yticks([1e-2, 1, 1e2, 1e4, 1e6])
    for axes in (epochs, steps):
        axes.minorticks_off()
    style.subtitle(epochs, f"median of {data.seeds} seeds; band: all of them")
    style.subtitle(steps, "very high: it explodes at once")
    return drawn
