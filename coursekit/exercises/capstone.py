"""The capstone of notebook 15: thirty layers, real digits, a budget of steps."""

import time
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from coursekit.exercises import deep_run, sources, trials
from coursekit.exercises.boards import Attempt
from coursekit.exercises.code import CodeExercise
from coursekit.exercises.core import register
from coursekit.fixup import residual_mlp
from coursekit.initializers import normal
from coursekit.layers import Activation, Dense, Residual
from coursekit.network import Network, mlp
from coursekit.normalization import BatchNorm
from coursekit.optimizers import SGD, Adam, Momentum


class TrainingExercise(CodeExercise):
    """Write a function that sets up a network. It is trained for a budget, from three seeds."""

    invitation = "Fill in the cell and run it again; a run takes a few seconds."
    setup_limit = 15.0  # seconds for the answer itself, for one seed
    time_limit = 60.0  # for all of it

    def check(self, answer):
        """Train what the answer sets up; the first seed that misses the goal ends it."""
        if not callable(answer):
            return super().check(answer)
        problem = sources.signature_problem(answer, sources.parameters(self.function))
        if problem:
            return self._outcome("wrong", problem)
        bar = deep_run.Bar(len(deep_run.SEEDS) * deep_run.STEPS // deep_run.EVERY)
        try:
            with threadpool_limits(limits=1):
                return self._outcome_of_runs(answer, bar.tick)
        finally:
            bar.close()

    def _outcome_of_runs(self, answer, tick):
        end, tried, runs = time.monotonic() + self.time_limit, [], []
        for seed in deep_run.SEEDS:
            tried.append(trials.run(answer, (seed,), self.setup_limit))
            if tried[-1].blank_of == self.id:
                return self.not_attempted()
            late = f"your function has not returned within {self.setup_limit:g} s. "
            if failed := self._failure(tried[-1], late + "Does a loop never end?"):
                return failed
            setting = deep_run.setting_of(tried[-1].value)
            if isinstance(setting, str):
                return self._outcome("wrong", setting)
            left = max(0.05, end - time.monotonic())
            tried.append(trials.run(partial(deep_run.run, setting, seed, tick), (), left))
            late = f"not trained within {self.time_limit:g} s. "
            if failed := self._failure(tried[-1], late + "A smaller network will do."):
                return failed
            runs.append(tried[-1].value)
            if not runs[-1].met:
                break
        return self._judged(setting, runs, trials.remarks(tried, []))

    def _failure(self, tried, late):
        """The outcome of what was stopped, being late, or raised; else None."""
        if tried.timed_out:
            return self._outcome("raised", f"Stopped: {late}")
        return self._outcome("raised", f"{tried.raised}.") if tried.raised else None

    def _judged(self, setting, runs, remarks):
        lowest = min(run.accuracy[-1] for run in runs)
        met = all(run.met for run in runs)
        steps = max(run.steps for run in runs) if met else 0
        attempt = Attempt(lowest, steps, deep_run.description(setting))
        if met:
            said = (
                f"{lowest:.1%} of the test digits after {deep_run.STEPS} steps, the lowest of "
                f"{len(runs)} seeds; the goal was met within {steps} steps."
            )
            return self._outcome("right", said, remarks, attempt)
        seen = runs[-1]
        first, last = seen.gradients
        measured = f"Measured with seed {deep_run.SEEDS[len(runs) - 1]}: "
        measured += f"loss at the start {seen.start_loss:.3g}"
        if seen.diverged_at is None:
            measured += f"; test accuracy {seen.accuracy[-1]:.1%}, on the training digits "
            measured += f"{seen.train_accuracy:.1%}; gradient in the first layer {first:.1g}, "
            measured += f"in the last {last:.1g}."
        else:
            measured += f"; no finite loss at step {seen.diverged_at}."
        said = deep_run.diagnosis(setting, seen)
        return self._outcome("wrong", said, f"{measured} {remarks}".strip(), attempt)


_HINTS = (
    "Begin with what the notebooks 10 to 14 say of the start: which activation, with which scale "
    "of the weights, keeps signal and gradient alive over 30 layers?",
    "`mlp([64, *[32] * 29, 10], rng, …)` has 30 weight layers. With 14 residual blocks of two "
    "layers each, one layer before them and one behind, there are 30 as well.",
    "Fixup, or residual blocks with BatchNorm, or tanh with orthogonal weights and standardized "
    "pixels: each can do it, at a rate that you have to find.",
)


def _training_exercise(function):
    return register(
        TrainingExercise(
            function,
            lambda rng: [(seed,) for seed in deep_run.SEEDS],
            id="capstone",
            section="fixup",
            title="Thirty layers, three hundred steps",
            hints=_HINTS,
        )
    )


@_training_exercise
def capstone(seed):
    """Set up a network of at least 30 weight layers that learns the digits in 300 steps.

    seed: an integer, for np.random.default_rng. Return four values: the network, 64 pixels in and
    10 classes out; the optimizer; the batch size, at most 64; and what is done to the pixels
    before (Center(), Standardize() …, fitted on the training digits for you), or None. It is
    trained from the seeds 0, 1 and 2, and is to know 93% of the test digits each time.
    """
    import numpy as np

    from coursekit.fixup import residual_mlp
    from coursekit.optimizers import Momentum
    from coursekit.preprocessing import Center

    network = residual_mlp(64, 32, 14, 10, np.random.default_rng(seed), dtype=np.float32)
    return network, Momentum(0.1), 64, Center()


def _plain(seed, **options):
    return mlp([64, *[32] * 29, 10], np.random.default_rng(seed), dtype=np.float32, **options)


@capstone.mistake("Your network has 20 weight layers; the task begins at 30.")
def _not_deep(seed):
    return mlp([64, *[32] * 19, 10], np.random.default_rng(seed)), Adam(0.001), 64, None


@capstone.mistake("The budget is 300 steps of at most 64 digits: a smaller batch.")
def _large_batch(seed):
    return *capstone.function(seed)[:2], 1000, None


@capstone.mistake(
    "The gradient vanishes: in the first layer it is less than a millionth of that in the last. "
    "Look at the activation and at the scale of the start weights."
)
def _small_sigmoid(seed):
    return _plain(seed, activation="sigmoid", initializer=normal(0.1)), SGD(0.1), 64, None


@capstone.mistake(
    "A whole layer is dead: all its units are off for every digit, and nothing passes it in either "
    "direction. Steps that are too long do that."
)
def _long_steps(seed):
    return _plain(seed), Adam(0.1), 64, None


@capstone.mistake(
    "It diverges, and the cause is its start: the signal grows from layer to layer, so that the "
    "outputs are far too large before the first step."
)
def _plain_residual(seed):
    rng = np.random.default_rng(seed)
    return residual_mlp(64, 32, 14, 10, rng, fixup_start=False), SGD(0.1), 64, None


@capstone.mistake(
    "It has learned, but the running statistics of its BatchNorm lag behind: with those of the "
    "training set it meets the goal. Look at decay."
)
def _slow_statistics(seed):
    layers = [Dense(64, 32)]
    for _ in range(14):
        branch = [BatchNorm(32, decay=0.999), Activation("relu"), Dense(32, 32)]
        branch += [BatchNorm(32, decay=0.999), Activation("relu"), Dense(32, 32)]
        layers.append(Residual(branch))
    layers += [BatchNorm(32, decay=0.999), Activation("relu"), Dense(32, 10)]
    return Network(layers, np.random.default_rng(seed)), Momentum(0.03), 64, None
