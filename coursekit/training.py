"""Training: mini-batches through a network, steps of an optimizer, and a record of both."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from coursekit.checks import Array, check_count, check_number, check_rng, quiet, unknown
from coursekit.losses import l2_penalty
from coursekit.network import Network, accuracy
from coursekit.normalization import BatchNorm
from coursekit.optimizers import METHODS, Optimizer
from coursekit.schedules import ReduceOnPlateau, rate_at

if TYPE_CHECKING:
    import pandas as pd

# A progress bar appears when training takes longer than this.
_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True)
class History:
    """What a run of ``train`` went through.

    ``loss``, ``accuracy``, ``learning_rate``: one a step; loss and accuracy are those of the batch
    before its step (with Nesterov, at the point looked ahead to). ``validation_loss``,
    ``validation_accuracy``: at the start and after each epoch, nan without validation data.
    Accuracy is nan where the targets are no classes. ``diverged_at``: the first step whose loss was
    not finite, or None; the run ends there, and all that would follow is nan. ``state``: the
    optimizer's after the last step.
    """

    loss: Array
    accuracy: Array
    learning_rate: Array
    validation_loss: Array
    validation_accuracy: Array
    steps_per_epoch: int
    diverged_at: int | None
    state: Any

    def frame(self, by: Literal["epoch", "step"] = "epoch") -> pd.DataFrame:
        """Return a tidy pandas table: epoch, step, data, loss, accuracy, learning_rate.

        By epoch: a row "train", the mean over the steps of the epoch, and a row "validation" (from
        epoch 0, the start). By step: a row "train" for each. Steps count from 0, as in schedules;
        with an epoch stands the number of steps taken.
        """
        import pandas as pd

        def table(data: str, epoch: Any, step: Any, *values: Array) -> pd.DataFrame:
            columns = dict(zip(("loss", "accuracy", "learning_rate"), values, strict=True))
            return pd.DataFrame({"epoch": epoch, "step": step, "data": data, **columns})

        steps, length = np.arange(len(self.loss)), self.steps_per_epoch
        if by == "step":
            values = self.loss, self.accuracy, self.learning_rate
            return table("train", 1 + steps // length, steps, *values)
        if by != "epoch":
            raise unknown("kind of table", by, ["epoch", "step"])
        epochs = np.arange(len(self.validation_loss))
        means = (v.reshape(-1, length).mean(axis=1) for v in (self.loss, self.accuracy))
        last_rates = self.learning_rate[length - 1 :: length]
        train = table("train", epochs[1:], epochs[1:] * length, *means, last_rates)
        if np.isnan(self.validation_loss).all():
            return train
        values = self.validation_loss, self.validation_accuracy, np.append(np.nan, last_rates)
        both = [train, table("validation", epochs, epochs * length, *values)]
        return pd.concat(both).sort_values("epoch", kind="stable", ignore_index=True)


@quiet
def train(
    network: Network,
    x: ArrayLike,
    targets: ArrayLike,
    optimizer: Optimizer,
    *,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    l2: float = 0.0,
    plateau: ReduceOnPlateau | None = None,
    on_epoch: Callable[[int, Network], None] | None = None,
    state: Any = None,
    progress: bool = True,
) -> History:
    """Train ``network`` in place on shuffled mini-batches and return what happened.

    ``rng`` shuffles the rows before each epoch; the last batch may be smaller. ``l2``: strength λ
    of the penalty ½λΣw² on weights (no bias, no γ, no β), which is not part of the recorded loss.
    ``plateau``: sets the learning rate of each epoch from the validation data: by their loss in
    mode "min", by their accuracy in mode "max"; the optimizer's own rate is then unused.
    ``on_epoch(epoch, network)`` looks at the network after each epoch, from 1. ``state``: of an
    earlier run, to go on from. The progress bar shows in long runs unless ``progress=False``.
    A diverging run ends at its first loss that is not finite, without a warning.
    """
    epochs = check_count("epochs", epochs)
    batch_size = check_count("batch_size", batch_size, at_least=1)
    check_rng(rng)
    check_number("l2", l2, at_least=0)
    if plateau is not None and validation is None:
        raise ValueError("plateau needs validation data to look at, got validation=None")
    x, targets = _checked(network, x, targets)
    held_out = None if validation is None else _checked(network, *validation)
    _check_last_batch(network, len(x), batch_size)

    steps_per_epoch = math.ceil(len(x) / batch_size)
    room = np.empty((min(batch_size, len(x)), *x.shape[1:]), x.dtype)
    batches = np.full((epochs * steps_per_epoch, 3), np.nan)  # loss, accuracy, learning rate
    ends = np.full((epochs + 1, 2), np.nan)  # loss, accuracy on the validation data
    if held_out:
        ends[0] = network.evaluate(*held_out)
    decayed = _weight_mask(network) if l2 else None
    watched: Any = plateau.init() if plateau else None
    # The six methods write over w and keep no gradient: a step then needs no copies. Where the
    # gradient is taken at w itself, w is the network's own vector.
    in_place = type(optimizer) in METHODS
    permission = {"in_place": True} if in_place else {}
    w = network.parameters
    state = optimizer.init(w) if state is None else deepcopy(state)
    if not in_place or optimizer.lookahead(w, state) is not w:
        w = w.copy()
    diverged_at, step = None, 0
    with _bar(len(batches), progress) as bar:
        for epoch in range(1, epochs + 1):
            if plateau:
                optimizer = _with_rate(optimizer, plateau.rate(watched))
            for rows in _shuffled(len(x), batch_size, rng):
                network.parameters = optimizer.lookahead(w, state)
                wanted = targets[rows]
                batch = x.take(rows, axis=0, out=room[: len(rows)], mode="clip")
                loss, outputs = network.propagate(batch, wanted)
                right = accuracy(loss, outputs, wanted)
                batches[step] = loss, right, _rate(optimizer, state)
                if not math.isfinite(loss):
                    diverged_at = step
                    break
                gradient = network.gradient if in_place else network.gradient.copy()
                if decayed is not None:
                    gradient += l2_penalty(network.parameters * decayed, l2)[1]
                w, state = optimizer.update(w, gradient, state, **permission)
                step += 1
                bar.update()
            network.parameters = w
            if diverged_at is not None:
                break
            if held_out:
                ends[epoch] = network.evaluate(*held_out)
            if plateau:
                watched = plateau.update(watched, ends[epoch, int(plateau.mode == "max")])
            if on_epoch:
                on_epoch(epoch, network)
    return History(
        loss=batches[:, 0],
        accuracy=batches[:, 1],
        learning_rate=batches[:, 2],
        validation_loss=ends[:, 0],
        validation_accuracy=ends[:, 1],
        steps_per_epoch=steps_per_epoch,
        diverged_at=diverged_at,
        state=state,
    )


def _checked(network: Network, x: ArrayLike, targets: ArrayLike) -> tuple[Array, np.ndarray]:
    """Return the data as the network takes them; the loss says what is wrong with the targets."""
    x, targets = network.checked(x, targets)
    network.loss(np.zeros((len(x), network.n_out or x.shape[1]), x.dtype), targets)
    return x, targets


def _check_last_batch(network: Network, rows: int, batch_size: int) -> None:
    last = rows % batch_size or batch_size
    if min(last, rows) == 1 and any(isinstance(p, BatchNorm) for _, p, _ in network.parts()):
        raise ValueError(
            f"batch_size={batch_size} cuts {rows} rows into batches of which the last is a single "
            "row: BatchNorm needs at least 2, for a single row has no variance"
        )


def _shuffled(rows: int, batch_size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    order = rng.permutation(rows)
    return (order[start : start + batch_size] for start in range(0, rows, batch_size))


def _weight_mask(network: Network) -> Array:
    """1 for each weight in the vector, 0 for all other parameters."""
    mask = np.zeros_like(network.parameters)
    for slot in network.slots():
        mask[slot.place] = slot.name.endswith("weights")
    return mask


def _rate(optimizer: Optimizer, state: Any) -> float:
    """The learning rate of the step to come; nan for a method that has none."""
    rate = getattr(optimizer, "learning_rate", math.nan)
    return rate_at(rate, state.step) if callable(rate) else float(rate)


def _with_rate(optimizer: Any, rate: float) -> Optimizer:
    """The same method at another rate; its state stays valid."""
    return replace(optimizer, learning_rate=rate)


def _bar(steps: int, progress: bool) -> Any:
    from tqdm import tqdm

    return tqdm(
        total=steps, unit="step", delay=_PATIENCE_SECONDS, leave=False, disable=not progress
    )
