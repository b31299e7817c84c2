"""Differently written right answers to the code exercises of notebook 02."""

import math

import numpy as np

from coursekit import schedules


def stairs_by_division(steps, initial, factor, every):
    return [initial * math.prod([factor] * divmod(int(n), every)[0]) for n in steps]


def by_logarithm(step, initial, factor, every):
    return np.float64(math.exp(math.log(initial) + step * math.log(factor) / every))


def by_periods(step, initial, decay, every):
    return initial * every / (every + decay * step)


def by_the_package(step, initial, final, steps):
    return schedules.cosine_decay(initial, steps, final)(step)


def by_plateau_state(losses, initial, factor, patience):
    plateau = schedules.ReduceOnPlateau(initial, factor, patience, threshold=0.0)
    state, rates = plateau.init(), []
    for loss in losses:
        state = plateau.update(state, loss)
        rates.append(plateau.rate(state))
    return np.array(rates)


OTHERS = {
    "step-decay": stairs_by_division,
    "exponential-decay": by_logarithm,
    "inverse-time-decay": by_periods,
    "cosine-decay": by_the_package,
    "reduce-on-plateau": by_plateau_state,
}
