"""Exercises of notebook 13: batch normalization (Section 7.7)."""

import numpy as np

from coursekit.exercises.code import code_exercise
from coursekit.exercises.core import number_exercise


def _batches(rng):
    for rows, features, spread, epsilon, dtype in [
        (4, 4, 1.0, 1e-5, np.float64),  # square: the wrong axis gives the right shape
        (2, 3, 2.0, 0.1, np.float64),
        (20, 2, 0.5, 0.5, np.float64),
        (6, 1, 3.0, 1e-3, np.float64),
        (10, 5, 1.0, 0.05, np.float32),
    ]:
        a = rng.normal(rng.normal(size=features), spread, size=(rows, features)).astype(dtype)
        gamma, beta = rng.uniform(0.5, 2, features), rng.normal(size=features)
        yield a, gamma.astype(dtype), beta.astype(dtype), epsilon


@code_exercise(
    "bn-forward",
    section="7.7",
    title="A batch through the layer",
    trials=_batches,
    hints=[
        "Each unit is a column: mean and variance go down the rows, axis 0.",
        "`var` of NumPy divides by B, as the book does.",
        "ε is added to the variance, and the root is taken of the sum.",
    ],
)
def bn_forward(a, gamma, beta, epsilon):
    """Return c = γ â + β for a training batch, where â = (a − μ)/√(σ² + ε).

    a: (B, units), B ≥ 2; gamma, beta: γ and β, (units,); epsilon: ε, a number. μ and σ² are mean
    and variance of each unit over the batch, with 1/B.
    """
    normalized = (a - a.mean(axis=0)) / np.sqrt(a.var(axis=0) + epsilon)
    return gamma * normalized + beta


def _normalized(a, epsilon, axis=0, ddof=0):
    centred = a - a.mean(axis=axis, keepdims=True)
    return centred / np.sqrt(a.var(axis=axis, ddof=ddof, keepdims=True) + epsilon)


@bn_forward.mistake(
    "Your variance divides by B − 1. Within the batch it is 1/B; the unbiased one belongs to the "
    "running statistics."
)
def _unbiased(a, gamma, beta, epsilon):
    return gamma * _normalized(a, epsilon, ddof=1) + beta


@bn_forward.mistake("ε stands outside the root: it is √(σ² + ε), not √σ² + ε.")
def _epsilon_outside(a, gamma, beta, epsilon):
    return gamma * (a - a.mean(axis=0)) / (a.std(axis=0) + epsilon) + beta


@bn_forward.mistake(
    "You normalize each row: that is layer normalization. Here each unit, a column, is normalized "
    "over the examples of the batch."
)
def _over_the_units(a, gamma, beta, epsilon):
    if a.shape[1] == 1:  # a row of one has no spread, and everything becomes β
        return gamma * (a - a) + beta
    return gamma * _normalized(a, epsilon, axis=1) + beta


@bn_forward.mistake(
    "That is one mean and one variance for the whole array. Each unit has its own: axis=0."
)
def _over_everything(a, gamma, beta, epsilon):
    return gamma * (a - a.mean()) / np.sqrt(a.var() + epsilon) + beta


@bn_forward.mistake("You divide by the variance: the root is missing, √(σ² + ε).")
def _no_root(a, gamma, beta, epsilon):
    return gamma * (a - a.mean(axis=0)) / (a.var(axis=0) + epsilon) + beta


@bn_forward.mistake("The mean is still in it: it is (a − μ) that is divided.")
def _not_centred(a, gamma, beta, epsilon):
    return gamma * a / np.sqrt(a.var(axis=0) + epsilon) + beta


@bn_forward.mistake("ε is missing: without it a unit that is the same on all rows gives 0/0.")
def _no_epsilon(a, gamma, beta, epsilon):
    return gamma * (a - a.mean(axis=0)) / a.std(axis=0) + beta


@bn_forward.mistake("That is â. The second half of the layer is missing: γ â + β.")
def _no_gamma_and_beta(a, gamma, beta, epsilon):
    return _normalized(a, epsilon)


@bn_forward.mistake("The order: first times γ, then plus β. You have γ (â + β).")
def _shift_first(a, gamma, beta, epsilon):
    return gamma * (_normalized(a, epsilon) + beta)


identity = number_exercise(
    "identity",
    section="7.7",
    title="The layer that changes nothing",
    question=(
        "A unit has the pre-activations a = 1, 5, 3, 7 in a batch of four. To make the arithmetic "
        "visible, let ε be 4. Training could set γ and β so that the layer gives c = a for these "
        "four. What is γ then?"
    ),
    value=3.0,
    tolerance=0.01,
    why="μ = 4 and σ² = 5, so that γ = √(5 + 4) = 3 and β = μ = 4 undo what the layer has done.",
    mistakes={
        1.0: "γ = 1 and β = 0 leave the standardized values as they are: mean 0, std about 1.",
        5**0.5: "That is σ. The layer divides by √(σ² + ε), and γ has to undo that.",
        (20 / 3 + 4) ** 0.5: "You divided by B − 1: in the batch the variance has 1/B.",
        9.0: "That is σ² + ε. The layer divides by its root.",
        5**0.5 + 4: "ε stands inside the root: √(σ² + ε).",
        4.0: "That is β, the mean. γ puts back the spread.",
        1 / 3: "You divide once more. The layer has divided by √(σ² + ε); γ multiplies it back.",
    },
    hints=[
        "Write c = γ (a − μ)/√(σ² + ε) + β, and ask when the right side is a.",
        "The factor of a must be 1: γ = √(σ² + ε). The mean of the four is 4.",
    ],
)


def _histories(rng):
    for rows, batch, count, features, decay, epsilon, dtype in [
        (3, 4, 3, 2, 0.9, 1e-5, np.float64),
        (1, 2, 5, 3, 0.5, 0.01, np.float64),  # a single row at test time
        (5, 8, 1, 2, 0.75, 0.1, np.float64),
        (4, 3, 30, 1, 0.8, 1e-3, np.float64),
        (6, 5, 4, 3, 0.9, 0.05, np.float32),
    ]:
        centre, spread = rng.normal(0, 2, features), rng.uniform(0.5, 3, features)
        batches = [rng.normal(centre, spread, (batch, features)) for _ in range(count)]
        x = rng.normal(centre, spread, (rows, features))
        yield x.astype(dtype), [b.astype(dtype) for b in batches], decay, epsilon


@code_exercise(
    "bn-inference",
    section="7.7",
    title="What is used at test time",
    trials=_histories,
    hints=[
        "The running statistics are remembered from batch to batch; x has no part in them.",
        "New running mean: decay times the old one plus (1 − decay) times that of the batch.",
        "For the running variance NumPy's `var(axis=0, ddof=1)` is the unbiased one.",
    ],
)
def bn_inference(x, batches, decay, epsilon):
    """Return â at test time for the rows of x, after training on some batches.

    batches: a list of arrays (B, units), in the order of training; x: (rows, units), perhaps one
    row only. Running mean and variance of each unit start from 0 and 1; after each batch
    running ← decay·running + (1 − decay)·batch, with the unbiased variance of the batch.
    """
    mean, var = 0.0, 1.0
    for batch in batches:
        mean = decay * mean + (1 - decay) * batch.mean(axis=0)
        var = decay * var + (1 - decay) * batch.var(axis=0, ddof=1)
    return (x - mean) / np.sqrt(var + epsilon)


def _running(batches, decay, mean=0.0, var=1.0, ddof=1):
    for batch in batches:
        mean = decay * mean + (1 - decay) * batch.mean(axis=0)
        var = decay * var + (1 - decay) * batch.var(axis=0, ddof=ddof)
    return mean, var


@bn_inference.mistake(
    "You normalize x by its own mean and variance. At test time a row must not depend on the rows "
    "that come with it, and there may be one only."
)
def _own_batch(x, batches, decay, epsilon):
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon)


@bn_inference.mistake(
    "The shares are exchanged: decay is what is kept of the old statistics. (PyTorch's `momentum` "
    "is the share of the new ones.)"
)
def _shares_exchanged(x, batches, decay, epsilon):
    mean, var = _running(batches, 1 - decay)
    return (x - mean) / np.sqrt(var + epsilon)


@bn_inference.mistake(
    "Your running variance is the biased one: a batch of B rows shows only (B − 1)/B of the "
    "variance of the whole set, on average."
)
def _biased(x, batches, decay, epsilon):
    mean, var = _running(batches, decay, ddof=0)
    return (x - mean) / np.sqrt(var + epsilon)


@bn_inference.mistake("You use the statistics of the last batch only. The running ones are wanted.")
def _last_batch(x, batches, decay, epsilon):
    mean, var = batches[-1].mean(axis=0), batches[-1].var(axis=0, ddof=1)
    return (x - mean) / np.sqrt(var + epsilon)


@bn_inference.mistake(
    "You start from the first batch. Here, as in the libraries, the running mean starts from 0 "
    "and the running variance from 1."
)
def _from_the_first(x, batches, decay, epsilon):
    first = batches[0]
    mean, var = _running(batches[1:], decay, first.mean(axis=0), first.var(axis=0, ddof=1))
    return (x - mean) / np.sqrt(var + epsilon)


@bn_inference.mistake(
    "You take the plain average over the batches. The running one forgets: the weights of the "
    "network change, and old batches are out of date."
)
def _plain_average(x, batches, decay, epsilon):
    mean = np.mean([batch.mean(axis=0) for batch in batches], axis=0)
    var = np.mean([batch.var(axis=0, ddof=1) for batch in batches], axis=0)
    return (x - mean) / np.sqrt(var + epsilon)


@bn_inference.mistake("You average standard deviations. It is the variance that is averaged.")
def _averages_std(x, batches, decay, epsilon):
    mean, _ = _running(batches, decay)
    std = 1.0
    for batch in batches:
        std = decay * std + (1 - decay) * batch.std(axis=0, ddof=1)
    return (x - mean) / np.sqrt(std**2 + epsilon)


@bn_inference.mistake("ε stands outside the root: it is √(variance + ε).")
def _epsilon_outside_at_test_time(x, batches, decay, epsilon):
    mean, var = _running(batches, decay)
    return (x - mean) / (np.sqrt(var) + epsilon)
