"""Exercises of notebook 02, learning-rate annealing (Section 7.2): cosine and plateau."""

import numpy as np

from coursekit.exercises.code import code_exercise


def _waves(rng):
    yield 0, 0.5, 0.1, 10
    yield 10, 0.5, 0.1, 10
    yield 13, 0.5, 0.1, 10  # after the end
    yield 40, 0.3, 0.0, 30
    yield 5, 0.8, 0.0, 20
    for _ in range(4):
        steps = int(rng.integers(5, 40))
        initial = float(rng.uniform(0.1, 1))
        yield int(rng.integers(1, steps)), initial, initial * float(rng.uniform(0.1, 0.5)), steps


@code_exercise(
    "cosine-decay",
    section="7.2",
    title="Half a wave down",
    trials=_waves,
    hints=[
        "cos goes from 1 to −1 while its angle goes from 0 to π. Which n is to have the angle π?",
        "½ (1 + cos) goes from 1 to 0. What does it have to multiply, and what is added?",
        "From n = steps on the angle stays π: `min(step / steps, 1)`.",
    ],
)
def cosine_decay(step, initial, final, steps):
    """Return the rate of one step, η(n) = final + (initial − final) · ½ (1 + cos(π n/steps)).

    step: n, counted from 0; initial: η(0); steps: how many the way down takes; final: the rate
    at n = steps. From then on the rate stays final.
    """
    done = min(step / steps, 1)
    return final + (initial - final) * 0.5 * (1 + np.cos(np.pi * done))


def _wave(angle, initial, final):
    return final + (initial - final) * 0.5 * (1 + np.cos(angle))


@cosine_decay.mistake("The half is missing: 1 + cos goes from 2 to 0, and η(0) has to be initial.")
def _no_half(step, initial, final, steps):
    return final + (initial - final) * (1 + np.cos(np.pi * min(step / steps, 1)))


@cosine_decay.mistake(
    "A whole wave: with 2π the rate is back at its initial value after `steps` steps. Half a wave "
    "goes down, and that is π."
)
def _whole_wave(step, initial, final, steps):
    return _wave(2 * np.pi * min(step / steps, 1), initial, final)


@cosine_decay.mistake(
    "Half of the way only: the angle has to go up to π in `steps` steps, not to π/2."
)
def _half_the_way(step, initial, final, steps):
    return _wave(np.pi / 2 * min(step / steps, 1), initial, final)


@cosine_decay.mistake(
    "A quarter of a wave: cos itself, from 1 to 0, leaves the end at full speed. ½ (1 + cos) is "
    "level at both ends."
)
def _quarter_wave(step, initial, final, steps):
    return final + (initial - final) * np.cos(np.pi / 2 * min(step / steps, 1))


@cosine_decay.mistake(
    "It rises again after its end: the cosine goes on. From n = steps on the rate stays final."
)
def _goes_on(step, initial, final, steps):
    return _wave(np.pi * step / steps, initial, final)


@cosine_decay.mistake(
    "One step early: you divide by steps − 1, but the end is n = steps, not the last of a list."
)
def _ends_early(step, initial, final, steps):
    return _wave(np.pi * min(step / (steps - 1), 1), initial, final)


@cosine_decay.mistake("One step ahead: steps count from 0, and the first rate is initial.")
def _one_ahead(step, initial, final, steps):
    return _wave(np.pi * min((step + 1) / steps, 1), initial, final)


@cosine_decay.mistake(
    "The wave goes between initial and final: its height is initial − final, or η(0) is too high."
)
def _too_high(step, initial, final, steps):
    return final + initial * 0.5 * (1 + np.cos(np.pi * min(step / steps, 1)))


@cosine_decay.mistake("`final` is missing: the wave has to end there, not at 0.")
def _down_to_zero(step, initial, final, steps):
    return _wave(np.pi * min(step / steps, 1), initial, 0)


@cosine_decay.mistake("After the end you return 0. The rate stays final.")
def _zero_after_the_end(step, initial, final, steps):
    return _wave(np.pi * step / steps, initial, final) if step <= steps else 0.0


def _histories(rng):
    yield np.array([1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]), 0.4, 0.5, 3
    yield np.array([1.0, 0.8, 0.85, 0.82, 0.7, 0.75, 0.72, 0.74, 0.71]), 1.0, 0.1, 2
    yield np.array([1.0, np.nan, np.nan, 0.9, np.nan, np.nan, np.nan, 0.95]), 0.4, 0.5, 2
    yield np.array([0.5, 0.7, 0.6, 0.55, 0.52, 0.51, 0.49, 0.6]), 0.8, 0.3, 4
    for patience in (1, 2, 3):
        losses = np.round(1 / np.arange(1, 25) ** 0.3 + 0.08 * rng.normal(size=24), 3)
        yield losses, float(rng.uniform(0.1, 1)), float(rng.uniform(0.1, 0.4)), patience


@code_exercise(
    "reduce-on-plateau",
    section="7.2",
    title="Lower the rate when it no longer helps",
    trials=_histories,
    hints=[
        "Three things have to be kept from epoch to epoch: the rate, the best loss, the wait.",
        "An epoch either betters the best loss, and the wait is over, or the wait grows by one.",
        "When the wait reaches the patience: lower the rate, and begin to wait anew.",
    ],
)
def reduce_on_plateau(losses, initial, factor, patience):
    """Return the rate after each epoch, lowered whenever the loss has stopped falling.

    losses: the validation loss of each epoch. An epoch is in vain if its loss is not below the
    best one so far; a nan is never below. After `patience` of them in a row the rate falls to
    factor · rate, and the count starts anew. initial: the rate of the first epoch.
    Return as many rates as there are losses: the first is the one after the first epoch.
    """
    rate, best, waited = initial, np.inf, 0
    rates = []
    for loss in losses:
        if loss < best:
            best, waited = loss, 0
        else:
            waited += 1
        if waited == patience:
            rate, waited = factor * rate, 0
        rates.append(rate)
    return rates


def _watched(losses, initial, factor, patience, betters, best=np.inf, forgets=False):
    rate, waited, rates = initial, 0, []
    for loss in losses:
        waited += 1
        if betters(loss, best):
            best, waited = loss, 0
        if waited == patience:
            rate, waited = factor * rate, 0
            best = np.inf if forgets else best
        rates.append(rate)
    return rates


def _below(loss, best):
    return loss < best


@reduce_on_plateau.mistake(
    "You wait one epoch too long: the rate falls in the epoch in which the wait reaches the "
    "patience, not in the one after. (PyTorch counts like you, Keras as here.)"
)
def _waits_longer(losses, initial, factor, patience):
    return _watched(losses, initial, factor, patience + 1, _below)


@reduce_on_plateau.mistake(
    "One epoch too early: an epoch that betters the best loss is not in vain. The wait is 0 then."
)
def _waits_shorter(losses, initial, factor, patience):
    rate, best, waited, rates = initial, np.inf, 1, []
    for loss in losses:
        best, waited = (loss, 1) if loss < best else (best, waited + 1)
        if waited >= patience:
            rate, waited = factor * rate, 1
        rates.append(rate)
    return rates


@reduce_on_plateau.mistake(
    "Once the patience is over, the rate falls at every epoch: set the wait back to 0 when it does."
)
def _never_resets(losses, initial, factor, patience):
    rate, best, waited, rates = initial, np.inf, 0, []
    for loss in losses:
        best, waited = (loss, 0) if loss < best else (best, waited + 1)
        if waited >= patience:
            rate = factor * rate
        rates.append(rate)
    return rates


@reduce_on_plateau.mistake(
    "You count all epochs in vain. They have to come in a row: a better loss sets the wait to 0."
)
def _not_in_a_row(losses, initial, factor, patience):
    rate, best, waited, rates = initial, np.inf, 0, []
    for loss in losses:
        best, waited = (loss, waited) if loss < best else (best, waited + 1)
        if waited == patience:
            rate, waited = factor * rate, 0
        rates.append(rate)
    return rates


@reduce_on_plateau.mistake(
    "You compare with the epoch before. A loss that only swings betters that one every other "
    "time: keep the best so far."
)
def _no_best(losses, initial, factor, patience):
    rate, before, waited, rates = initial, np.inf, 0, []
    for loss in losses:
        waited = 0 if loss < before else waited + 1
        before = loss
        if waited == patience:
            rate, waited = factor * rate, 0
        rates.append(rate)
    return rates


@reduce_on_plateau.mistake(
    "An equal loss is no improvement: a loss that stands still would never lower the rate."
)
def _equal_betters(losses, initial, factor, patience):
    return _watched(losses, initial, factor, patience, lambda loss, best: loss <= best)


@reduce_on_plateau.mistake(
    "A nan counts as an improvement, since `loss >= best` is False for it, and then nothing is "
    "ever below the best. Ask for `loss < best`."
)
def _nan_betters(losses, initial, factor, patience):
    return _watched(losses, initial, factor, patience, lambda loss, best: not loss >= best)


@reduce_on_plateau.mistake(
    "You forget the best loss when the rate falls. It stays: the lower rate has to better it."
)
def _forgets_the_best(losses, initial, factor, patience):
    return _watched(losses, initial, factor, patience, _below, forgets=True)


@reduce_on_plateau.mistake("The rate falls once only: it is factor times the rate that it has now.")
def _falls_once(losses, initial, factor, patience):
    rates = np.array(reduce_on_plateau.function(losses, initial, factor, patience))
    return np.where(rates < initial, factor * initial, initial)


@reduce_on_plateau.mistake(
    "You return the rate with which each epoch ran. Wanted is the one after it: look at its loss "
    "first, then note the rate."
)
def _noted_before(losses, initial, factor, patience):
    return [initial, *reduce_on_plateau.function(losses, initial, factor, patience)[:-1]]


@reduce_on_plateau.mistake(
    "You wait for a greater value, as for an accuracy. The best loss is the least one."
)
def _for_an_accuracy(losses, initial, factor, patience):
    return _watched(losses, initial, factor, patience, lambda a, best: a > best, best=-np.inf)
