"""The run behind the capstone: a deep network trained for a budget of steps, and watched.

Everything that is said of a run afterwards is measured here.
"""

from __future__ import annotations

import copy
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, TextIO

import numpy as np

from coursekit import datasets
from coursekit.checks import Array, is_number, quiet
from coursekit.layers import Activation, Dense, Residual
from coursekit.losses import mean_squared_error
from coursekit.network import Network
from coursekit.normalization import BatchNorm
from coursekit.training import train

LAYERS, STEPS, LARGEST_BATCH, GOAL, SEEDS = 30, 300, 64, 0.93, (0, 1, 2)
EVERY = 10  # steps between two looks at the test digits
_CLASSES, _PIXELS = 10, 64
_DELAY = 1.0  # seconds before a bar appears

Tick = Callable[[], None]


@dataclass(frozen=True)
class Setting:
    """What an answer returned: a network, how it is trained, and what is done to the pixels."""

    network: Network
    optimizer: Any
    batch_size: int
    preprocessing: Any


@dataclass(frozen=True)
class Run:
    """What one training showed, all of it measured.

    ``accuracy``: on the test digits, at the start and after every ten steps, 0 where it diverged;
    ``train_accuracy``: at the end; ``settled``: then on the test digits, with BatchNorm's
    statistics taken from the whole training set;
    ``gradients``: rms of ∂L/∂W at the end, first and last weight layer; ``dead``: the first hidden
    layer that is off for all digits, from 1, or 0; ``moved``: how far the weights went, as a share
    of their size; ``start_loss``: before the first step.
    """

    accuracy: tuple[float, ...]
    train_accuracy: float
    settled: float
    gradients: tuple[float, float]
    dead: int
    moved: float
    start_loss: float
    diverged_at: int | None

    @property
    def met(self) -> bool:
        """Whether the goal is met after the last step, by what was learned in the run."""
        return self.accuracy[-1] >= GOAL and not self.knows_already

    @property
    def knows_already(self) -> bool:
        """Whether the network knew the digits before the first step."""
        return self.accuracy[0] >= 0.5

    @property
    def steps(self) -> int:
        """The steps until the goal was met for the first time; 0 if it never was."""
        return next((EVERY * i for i, a in enumerate(self.accuracy) if a >= GOAL), 0)


@cache
def _digits() -> datasets.Dataset:
    return datasets.digits()


def weight_layers(network: Network) -> int:
    """How many layers with weights lie one after the other, branches of residual blocks too."""
    return sum("weights" in layer.shapes for _, layer, _ in network.parts())


def setting_of(value: Any) -> Setting | str:
    """Return what an answer gave, or say what is wrong with it."""
    wanted = "network, optimizer, batch_size, preprocessing"
    if not isinstance(value, tuple | list) or len(value) != 4:
        return f"Return four values: {wanted}."
    network, optimizer, batch_size, preprocessing = value
    if not isinstance(network, Network):
        return f"The first value must be a Network, got a {type(network).__name__}."
    if (network.n_in, network.n_out) != (_PIXELS, _CLASSES):
        return (
            f"The network must take {_PIXELS} pixels and give {_CLASSES} outputs, "
            f"got {network.n_in} and {network.n_out}."
        )
    if network.loss is mean_squared_error:
        return "The digits are classes: the network's loss must be a cross-entropy."
    if not all(hasattr(optimizer, name) for name in ("init", "lookahead", "update")):
        return f"The second value must be an optimizer, got a {type(optimizer).__name__}."
    if not is_number(batch_size) or int(batch_size) != batch_size or batch_size < 1:
        return "The third value, batch_size, must be a whole number, at least 1."
    if batch_size > LARGEST_BATCH:
        return f"The budget is {STEPS} steps of at most {LARGEST_BATCH} digits: a smaller batch."
    if not all(hasattr(preprocessing, n) for n in ("fit", "transform")) and preprocessing:
        return (
            "The fourth value must be None or have fit and transform, as Standardize() has, "
            f"got a {type(preprocessing).__name__}."
        )
    count = weight_layers(network)
    if count < LAYERS:
        return f"Your network has {count} weight layers; the task begins at {LAYERS}."
    return Setting(network, optimizer, int(batch_size), preprocessing)


@quiet
def run(setting: Setting, seed: int, tick: Tick = lambda: None) -> Run:
    """Train for the budget and measure; ``tick`` is called after every ten steps."""
    network, x, y, x_test, y_test = setting.network, *_digits()
    if setting.preprocessing:
        x = setting.preprocessing.fit(x).transform(x)
        x_test = setting.preprocessing.transform(x_test)
    network = copy.deepcopy(network)
    start = network.parameters.copy()
    start_loss, _ = network.propagate(*network.checked(x, y))
    first = network.evaluate(x_test, y_test)[1]
    accuracy, state, diverged_at = [first], None, None
    rng = np.random.default_rng(1000 + seed)
    size = EVERY * setting.batch_size
    order = np.concatenate(
        [rng.permutation(len(x)) for _ in range(math.ceil(STEPS * size / len(x)))]
    )
    for done in range(0, STEPS, EVERY):
        rows = order[done * setting.batch_size :][:size]
        options: dict[str, Any] = {"epochs": 1, "batch_size": setting.batch_size, "state": state}
        history = train(
            network, x[rows], y[rows], setting.optimizer, rng=rng, progress=False, **options
        )
        state = history.state
        if history.diverged_at is not None:
            diverged_at = done + history.diverged_at
            accuracy.append(0.0)
            break
        accuracy.append(network.evaluate(x_test, y_test)[1])
        tick()
    finite = bool(np.isfinite(network.parameters).all())
    settled = copy.deepcopy(network)
    if finite:
        settled.set_statistics(x)
    moved = network.parameters.astype(float) - start
    return Run(
        tuple(0.0 if math.isnan(a) else a for a in accuracy),
        network.evaluate(x, y)[1],
        settled.evaluate(x_test, y_test)[1],
        _weight_gradients(network, x, y),
        _dead_layer(network, x) if finite else 0,
        float(np.linalg.norm(moved) / np.linalg.norm(start.astype(float))),
        start_loss,
        diverged_at,
    )


def _weight_gradients(network: Network, x: Array, y: datasets.Labels) -> tuple[float, float]:
    network = copy.deepcopy(network)
    network.propagate(*network.checked(x, y), training=False)
    slots = [slot for slot in network.slots() if slot.name.endswith("weights")]
    first, last = (network.gradient[slot.place].astype(float) for slot in (slots[0], slots[-1]))
    return float(np.sqrt(np.mean(first**2))), float(np.sqrt(np.mean(last**2)))


def _dead_layer(network: Network, x: Array) -> int:
    """The first activation layer whose slope is 0 for all digits, counted from 1; 0 if none is."""
    network = copy.deepcopy(network)
    network.forward(x)
    layers = [layer for _, layer, _ in network.parts() if isinstance(layer, Activation)]
    dead = (n for n, layer in enumerate(layers, start=1) if not layer.slope().any())
    return next(dead, 0)


# What is said of a run.


def diagnosis(setting: Setting, seen: Run) -> str:
    """Say what kept a run from the goal, by what was measured."""
    final, (first, last) = seen.accuracy[-1], seen.gradients
    if seen.knows_already:
        return "It knows the digits before the first step: what it learned there is not counted."
    if seen.diverged_at is not None or not math.isfinite(seen.start_loss):
        if seen.start_loss > 10 * math.log(_CLASSES) or math.isnan(seen.start_loss):
            return (
                "It diverges, and the cause is its start: the signal grows from layer to layer, so "
                "that the outputs are far too large before the first step."
            )
        return "It diverges from a reasonable start: the learning rate is too high for this depth."
    if seen.dead:
        return (
            "A whole layer is dead: all its units are off for every digit, and nothing passes it "
            "in either direction. Steps that are too long do that."
        )
    if final < 0.3 and first < 1e-6 * last:
        return (
            "The gradient vanishes: in the first layer it is less than a millionth of that in the "
            "last. Look at the activation and at the scale of the start weights."
        )
    if seen.moved < 0.01:
        return "The weights have hardly moved in the whole budget: the learning rate is too small."
    if seen.settled >= GOAL and seen.settled > final:
        return (
            "It has learned, but the running statistics of its BatchNorm lag behind: with those "
            "of the training set it meets the goal. Look at decay."
        )
    if seen.train_accuracy >= 0.98:
        return (
            "It has learned the training digits, but the test digits not well enough: overfitted."
        )
    if final < 0.3:
        return (
            "It stays near guessing, although gradients arrive in every layer: the digits look "
            "alike to the last layers, or the steps are too long."
        )
    if final >= GOAL - 0.05:
        return "Nearly there. A rate that falls towards the end may be enough, or a better start."
    return (
        "It learns, but too slowly for this budget. At this depth the start or the layers have to "
        "help more, or the rate is not yet at its best."
    )


def description(setting: Setting) -> str:
    """The setting in one line, made from the network and the optimizer themselves."""
    network = setting.network
    parts = [layer for _, layer, _ in network.parts()]
    residual = [layer for layer in network.layers if isinstance(layer, Residual)]
    widths = sorted({p.n_out or 0 for p in parts if "weights" in p.shapes} - {_CLASSES})
    rules = {str(layer.initializer) for layer in parts if isinstance(layer, Dense)}
    words = [f"{weight_layers(network)} layers", f"{', '.join(map(str, widths))} wide"]
    words += [f"{len(residual)} residual blocks"] if residual else []
    words += ["Fixup"] if any(block.fixup for block in residual) else sorted(rules)
    words += ["BatchNorm"] if any(isinstance(layer, BatchNorm) for layer in parts) else []
    words += sorted({str(p.function) for p in parts if isinstance(p, Activation)})
    words += sorted({type(p).__name__ for p in parts if type(p).__name__ in ("PReLU", "Maxout")})
    how = type(setting.preprocessing).__name__ if setting.preprocessing else "raw pixels"
    line = f"{', '.join(words)}; {_call(setting.optimizer)}, batch {setting.batch_size}; {how}"
    return line if len(line) <= 160 else f"{line[:159]}…"


def _call(value: Any) -> str:
    """An optimizer as the call that makes it; what is as by default is left out."""
    if not is_dataclass(value):
        return type(value).__name__
    given = [f for f in fields(value) if getattr(value, f.name) != f.default]
    return f"{type(value).__name__}({', '.join(_word(getattr(value, f.name)) for f in given)})"


def _word(value: Any) -> str:
    return _call(value) if is_dataclass(value) else str(value)


class Bar:
    """A progress bar that leaves nothing behind, on a page or in a terminal, unlike tqdm's."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.began = total, 0, time.monotonic()
        self.stream: TextIO = sys.stderr  # what is printed in an answer's run is kept elsewhere
        self.place: Any = None

    def tick(self) -> None:
        """Count one, and show how far it is."""
        self.done += 1
        if time.monotonic() - self.began >= _DELAY:
            self._show(f"{self.done / self.total:.0%} of {len(SEEDS)} × {STEPS} steps")

    def close(self) -> None:
        """Take it away."""
        if self.place is not None:
            self.place.update({"text/plain": "", "text/html": ""}, raw=True)
        elif self.stream.isatty():
            self.stream.write("\r" + 40 * " " + "\r")

    def _show(self, words: str) -> None:
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython else None
        if getattr(shell, "kernel", None) is None:
            if self.stream.isatty():
                self.stream.write(f"\r{words}")
                self.stream.flush()
            return
        from IPython.display import display

        meter = f'<progress style="vertical-align:middle" value="{self.done}" max="{self.total}">'
        meter += f"</progress> {words}"
        bundle = {"text/plain": words, "text/html": meter}
        if self.place is None:
            self.place = display(bundle, raw=True, display_id=True)
        else:
            self.place.update(bundle, raw=True)
