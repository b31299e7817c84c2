"""Exercises of notebook 02, learning-rate annealing (Section 7.2): stairs and curves."""

import numpy as np

from coursekit.exercises.code import code_exercise


def _stairs(rng):
    yield np.arange(12), 0.8, 0.3, 4
    yield np.array([9, 0, 3, 9, 3, 27, 0]), 1.0, 0.1, 3  # in any order, some of them twice
    yield np.arange(10, 25, 5), 0.5, 0.8, 10
    for _ in range(3):
        every = int(rng.integers(2, 9))
        steps = rng.permutation(5 * every)
        yield steps, float(rng.uniform(0.05, 1)), float(rng.uniform(0.1, 0.4)), every


@code_exercise(
    "step-decay",
    section="7.2",
    title="A staircase, read in any order",
    trials=_stairs,
    hints=[
        "How many times has the rate fallen before step n? Whole stages only.",
        "`//` divides and rounds down: 9 // 4 is 2.",
        "Each fall multiplies by the factor, so that k of them multiply by its k-th power.",
    ],
)
def step_decay(steps, initial, factor, every):
    """Return the rate of each step, η(n) = initial · factor^⌊n/every⌋.

    steps: an array of whole numbers n, counted from 0, in any order, some of them twice;
    initial: η(0); factor: what the rate is multiplied by after each `every` steps.
    Return an array of the shape of steps, or a list.
    """
    return initial * factor ** (steps // every)


@step_decay.mistake(
    "It decays once only. After 2 · every steps the factor counts twice, then three times: a power."
)
def _once(steps, initial, factor, every):
    return np.where(steps >= every, factor * initial, initial)


@step_decay.mistake(
    "Each fall comes one step late. Steps count from 0: step n = every is the first of the second "
    "stage, and has the lower rate."
)
def _late(steps, initial, factor, every):
    return initial * factor ** (np.maximum(steps - 1, 0) // every)


@step_decay.mistake(
    "Each fall comes one step early. Steps count from 0: step every − 1 is the last of the first "
    "stage, and still has the initial rate."
)
def _early(steps, initial, factor, every):
    return initial * factor ** ((steps + 1) // every)


@step_decay.mistake(
    "Reading the rate changes it: you keep a rate and lower it at each n that ends a stage. Read "
    "twice, or in another order, it falls too often. The rate has to follow from n alone."
)
def _changed_by_reading(steps, initial, factor, every):
    rate, rates = initial, []
    for n in steps:
        if n > 0 and n % every == 0:
            rate *= factor
        rates.append(rate)
    return rates


@step_decay.mistake(
    "You lower a rate as you read it, and n % every is 0 at step 0 too, so that even the first "
    "rate is too low. Let the rate follow from n alone."
)
def _changed_by_reading_from_0(steps, initial, factor, every):
    rate, rates = initial, []
    for n in steps:
        if n % every == 0:
            rate *= factor
        rates.append(rate)
    return rates


@step_decay.mistake(
    "That is the smooth curve through the stairs: `/` keeps the fraction, `//` rounds it down."
)
def _smooth(steps, initial, factor, every):
    return initial * factor ** (steps / every)


@step_decay.mistake("You round to the nearest whole number. The stage changes at its end: floor.")
def _rounds(steps, initial, factor, every):
    return initial * factor ** np.round(steps / every)


@step_decay.mistake(
    "n % every is the place within a stage, and starts anew with each. The number of stages that "
    "are over is n // every."
)
def _remainder(steps, initial, factor, every):
    return initial * factor ** (steps % every)


@step_decay.mistake("You forgot `every`: the rate falls at each step instead of at each stage.")
def _each_step(steps, initial, factor, every):
    return initial * factor**steps


@step_decay.mistake(
    "You take off the share `factor` at each stage. The factor is what is left: 0.1 keeps a tenth."
)
def _takes_off(steps, initial, factor, every):
    return initial * (1 - factor) ** (steps // every)


def _times(rng):
    yield 0, 0.5, 0.3, 10
    yield 10, 0.5, 0.3, 10
    yield 7, 1.0, 0.9, 1
    for _ in range(4):
        every = int(rng.integers(3, 20))
        step = int(rng.integers(1, 5 * every))
        yield step, float(rng.uniform(0.05, 1)), float(rng.uniform(0.2, 0.4)), every


@code_exercise(
    "exponential-decay",
    section="7.2",
    title="The curve through the stairs",
    trials=_times,
    hints=[
        "At n = every the rate is factor · initial, at n = 2 · every it is factor² · initial.",
        "Between them the power is no whole number: half a stage is the power ½.",
    ],
)
def exponential_decay(step, initial, factor, every):
    """Return the rate of one step, η(n) = initial · factor^(n/every).

    step: n, counted from 0; initial: η(0); factor: what is left of the rate after `every` steps.
    """
    return initial * factor ** (step / every)


@exponential_decay.mistake(
    "That is the staircase: `//` rounds down. Here the rate falls at every step, by a little."
)
def _staircase(step, initial, factor, every):
    return initial * factor ** (step // every)


@exponential_decay.mistake(
    "You forgot `every`: the whole factor is due after `every` steps, not after each."
)
def _every_missing(step, initial, factor, every):
    return initial * factor**step


@exponential_decay.mistake(
    "You took the factor for the k of e^(−kn/every). The base is the factor itself: "
    "k would be −ln(factor)."
)
def _factor_as_k(step, initial, factor, every):
    return initial * np.exp(-factor * step / every)


@exponential_decay.mistake("You count steps from 1. They count from 0: the first rate is initial.")
def _from_one(step, initial, factor, every):
    return initial * factor ** ((step + 1) / every)


@exponential_decay.mistake("The factor is what is left of the rate, not what is taken off it.")
def _one_minus_factor(step, initial, factor, every):
    return initial * (1 - factor) ** (step / every)


@exponential_decay.mistake(
    "You multiply by factor · n/every. The factor multiplies again with each stage: it is a power."
)
def _product(step, initial, factor, every):
    return initial * factor * step / every


@exponential_decay.mistake(
    "The initial rate belongs in front of the power: factor · initial has to be what is left "
    "after one stage."
)
def _initial_in_the_power(step, initial, factor, every):
    return (initial * factor) ** (step / every)


@exponential_decay.mistake(
    "You go down by equal amounts. By equal factors it never gets to 0, and never below."
)
def _straight(step, initial, factor, every):
    return initial * (1 - (1 - factor) * step / every)


def _slow_times(rng):
    yield 0, 0.5, 0.2, 10
    yield 5, 1.0, 1.0, 1
    yield 300, 0.5, 0.1, 20
    for _ in range(4):
        every = int(rng.integers(2, 20))
        step = int(rng.integers(1, 6 * every))
        yield step, float(rng.uniform(0.05, 1)), float(rng.uniform(0.1, 2)), every


@code_exercise(
    "inverse-time-decay",
    section="7.2",
    title="One over the time",
    trials=_slow_times,
    hints=[
        "At n = 0 the denominator is 1. How does it grow with n?",
        "The initial rate is divided by 1 + decay · n/every, all of it: mind the parentheses.",
    ],
)
def inverse_time_decay(step, initial, decay, every):
    """Return the rate of one step, η(n) = initial / (1 + decay · n/every).

    step: n, counted from 0; initial: η(0); decay: how much the denominator grows in `every` steps.
    """
    return initial / (1 + decay * step / every)


@inverse_time_decay.mistake(
    "You divide the rate of the step before once more, at each step. What is divided is always "
    "the initial rate."
)
def _compounds(step, initial, decay, every):
    rate = initial
    for n in range(1, step + 1):
        rate = rate / (1 + decay * n / every)
    return rate


@inverse_time_decay.mistake(
    "You divide by 1 + decay/every at each step. That makes a power, the exponential decay, which "
    "falls far faster."
)
def _exponential(step, initial, decay, every):
    return initial / (1 + decay / every) ** step


@inverse_time_decay.mistake(
    "The parentheses: the sum is the denominator. Without them you divide by 1, and then add."
)
def _no_parentheses(step, initial, decay, every):
    return initial / 1 + decay * step / every


@inverse_time_decay.mistake("It grows: divide by 1 + decay · n/every instead of multiplying.")
def _grows(step, initial, decay, every):
    return initial * (1 + decay * step / every)


@inverse_time_decay.mistake("You round n/every down. Here the rate falls at every step: use `/`.")
def _in_stages(step, initial, decay, every):
    return initial / (1 + decay * (step // every))


@inverse_time_decay.mistake("You forgot `every`: the denominator grows by decay in `every` steps.")
def _time_unit_missing(step, initial, decay, every):
    return initial / (1 + decay * step)


@inverse_time_decay.mistake("That falls as one over the root of the time: there is no root here.")
def _root(step, initial, decay, every):
    return initial / (1 + decay * step / every) ** 0.5


@inverse_time_decay.mistake("You count steps from 1. They count from 0: the first rate is initial.")
def _counts_from_one(step, initial, decay, every):
    return initial / (1 + decay * (step + 1) / every)
