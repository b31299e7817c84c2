"""Exercises of notebook 12: centring and scaling (Section 7.6)."""

import numpy as np

from coursekit.exercises.code import code_exercise
from coursekit.exercises.core import number_exercise


def _two_sets(rng):
    yield np.array([[1.0, 10.0], [3.0, 30.0], [8.0, 20.0]]), np.array([[5.0, 0.0], [6.0, 90.0]])
    for rows, others, features, dtype in [
        (6, 4, 3, np.float64),
        (4, 1, 4, np.float64),  # a single new example
        (12, 5, 5, np.float32),
    ]:
        mean, std = rng.uniform(-3, 5, features), rng.uniform(0.5, 3, features)
        train, test = (rng.normal(mean, std, (n, features)) for n in (rows, others))
        yield train.astype(dtype), (test + 1).astype(dtype)


@code_exercise(
    "center",
    section="7.6",
    title="Centre two sets",
    trials=_two_sets,
    hints=[
        "Rows are examples, columns are features. Each feature has a mean of its own.",
        "`train.mean(axis=0)` has the shape (features,), and is subtracted from every row.",
        "The test set is moved by the same numbers: it stands for data that are not there yet.",
    ],
)
def center(train, test):
    """Return (train, test), both centred: subtract from each feature its mean.

    train: the training set, (M, features); test: new examples, (any number, features). The mean is
    learned from the training set alone.
    """
    mean = train.mean(axis=0)
    return train - mean, test - mean


@center.mistake("You centre each example: that is the mean over axis 1. A feature is a column.")
def _by_row(train, test):
    return train - train.mean(axis=1, keepdims=True), test - test.mean(axis=1, keepdims=True)


@center.mistake("That is one mean for all the numbers. Each feature has its own: axis 0.")
def _one_mean(train, test):
    return train - train.mean(), test - train.mean()


@center.mistake(
    "You centre the test set by its own mean. A single new example would become 0, whatever it is: "
    "use the mean of the training set."
)
def _test_by_itself(train, test):
    return train - train.mean(axis=0), test - test.mean(axis=0)


@center.mistake(
    "You take the mean over both sets. What is learned must come from the training set alone."
)
def _mean_of_both(train, test):
    mean = np.concatenate([train, test]).mean(axis=0)
    return train - mean, test - mean


@center.mistake(
    "The test set has not moved. It must be moved as the training set is; if you take the mean "
    "after centring, it is 0."
)
def _test_left(train, test):
    return train - train.mean(axis=0), test


@center.mistake("You add the mean, as the book's misprint has it: the data end twice as far out.")
def _adds(train, test):
    return train + train.mean(axis=0), test + train.mean(axis=0)


@center.mistake(
    "You divide by the standard deviation as well. Here the data are centred and nothing else."
)
def _standardized(train, test):
    mean, std = train.mean(axis=0), train.std(axis=0)
    return (train - mean) / std, (test - mean) / std


def _sets_with_a_constant(rng):
    yield from _two_sets(rng)
    train, test = rng.normal(2, 3, (7, 4)), rng.normal(2, 3, (3, 4))
    train[:, 2], test[:, 2] = 5.0, [5.0, 6.0, 3.0]
    yield train, test


@code_exercise(
    "standardize",
    section="7.6",
    title="Standardize, also what is constant",
    trials=_sets_with_a_constant,
    hints=[
        "`std(axis=0)` divides by M unless told otherwise.",
        "Where a feature is constant, divide by 1: `np.where(np.ptp(train, axis=0) == 0, 1, std)`.",
        "Mean and σ are both those of the training set, for the test set too.",
    ],
)
def standardize(train, test):
    """Return (train, test) with x ← (x − mean)/σ for each feature.

    train: (M, features); test: (any number, features). Mean and σ are those of the training set, σ
    with the divisor M. A feature that is constant in the training set is centred and not scaled.
    """
    mean, std = train.mean(axis=0), train.std(axis=0)
    scale = np.where(train.max(axis=0) == train.min(axis=0), 1, std)
    return (train - mean) / scale, (test - mean) / scale


def _scaled(train, test, scale):
    """Centred by the training set, and divided."""
    mean = train.mean(axis=0)
    with np.errstate(all="ignore"):
        return (train - mean) / scale, (test - mean) / scale


def _safe(std):
    return np.where(std == 0, 1, std)


@standardize.mistake("A constant feature gives 0/0 = nan. Where σ is 0, divide by 1.")
def _divides_by_zero(train, test):
    return _scaled(train, test, train.std(axis=0))


@standardize.mistake(
    "A small ε beside σ saves the training set. But a constant feature that differs in the test "
    "set, if only by 1, becomes 1/ε there: divide by 1 instead."
)
def _epsilon(train, test):
    return _scaled(train, test, train.std(axis=0) + 1e-8)


@standardize.mistake(
    "A small ε inside the root saves the training set. But a constant feature that differs in the "
    "test set, if only by 1, becomes 1/√ε there: divide by 1 instead."
)
def _epsilon_in_the_root(train, test):
    return _scaled(train, test, np.sqrt(train.var(axis=0) + 1e-8))


@standardize.mistake("Your σ has the divisor M − 1; here it is M. For large M both are the same.")
def _unbiased(train, test):
    return _scaled(train, test, _safe(train.std(axis=0, ddof=1)))


@standardize.mistake("You divide by the variance. Its root is σ.")
def _by_variance(train, test):
    return _scaled(train, test, _safe(train.var(axis=0)))


@standardize.mistake("That is one σ for all features. Each has its own, which is the point.")
def _one_scale(train, test):
    return _scaled(train, test, train.std())


@standardize.mistake(
    "The test set is standardized by itself, which hides from the network what is different in it. "
    "Use mean and σ of the training set."
)
def _test_by_its_own(train, test):
    centred = test - test.mean(axis=0)
    return _scaled(train, test, _safe(train.std(axis=0)))[0], centred / _safe(test.std(axis=0))


@standardize.mistake("You scale without centring: the mean is subtracted first.")
def _not_centred(train, test):
    scale = _safe(train.std(axis=0))
    return train / scale, test / scale


@standardize.mistake("You add the mean: that is the misprint, a second minus sign.")
def _as_printed(train, test):
    scale, mean = _safe(train.std(axis=0)), train.mean(axis=0)
    return (train + mean) / scale, (test + mean) / scale


@code_exercise(
    "min-max",
    section="7.6",
    title="To the range from −1 to 1",
    trials=_sets_with_a_constant,
    hints=[
        "First to 0 … 1: (x − min)/(max − min). Then stretch by 2 and move by −1.",
        "Or centre on the middle, (min + max)/2, and divide by half of the width.",
        "Both ends are those of the training set; the test set may go beyond them.",
    ],
)
def min_max(train, test):
    """Return (train, test) such that the training set fills −1 … 1 in each feature.

    train: (M, features); test: (any number, features), by the same formula, and free to lie
    outside of −1 … 1. A feature that is constant in the training set: subtract it, do not scale.
    """
    low, high = train.min(axis=0), train.max(axis=0)
    middle, half = (low + high) / 2, (high - low) / 2
    half = np.where(half == 0, 1, half)
    return (train - middle) / half, (test - middle) / half


def _between(train, test, low, high):
    half = _safe((high - low) / 2)
    return (train - (low + high) / 2) / half, (test - (low + high) / 2) / half


@min_max.mistake("That is the range from 0 to 1. The book's goes from −1 to 1: twice that, less 1.")
def _to_one(train, test):
    low, width = train.min(axis=0), _safe(np.ptp(train, axis=0))
    return (train - low) / width, (test - low) / width


@min_max.mistake(
    "The test set has its own least and largest value here. The same pixel would mean two things: "
    "use those of the training set."
)
def _own_range(train, test):
    mine = _between(train, test, train.min(axis=0), train.max(axis=0))[0]
    return mine, _between(test, test, test.min(axis=0), test.max(axis=0))[0]


@min_max.mistake("You took the range of both sets together: learn it from the training set alone.")
def _range_of_both(train, test):
    both = np.concatenate([train, test])
    return _between(train, test, both.min(axis=0), both.max(axis=0))


@min_max.mistake(
    "You cut off the test set at ±1. What lies outside is new, and the network may know."
)
def _cut_off(train, test):
    first, second = _between(train, test, train.min(axis=0), train.max(axis=0))
    return first, np.clip(second, -1, 1)


@min_max.mistake("That is one range for all features. Each feature has its own: axis 0.")
def _one_range(train, test):
    return _between(train, test, train.min(), train.max())


@min_max.mistake(
    "You centre on the mean. Then only one end reaches ±1; the middle of the range is needed."
)
def _around_the_mean(train, test):
    return _scaled(train, test, _safe(np.ptp(train, axis=0) / 2))


@min_max.mistake("You divide by the largest absolute value: that scales, but fills only one side.")
def _by_the_largest(train, test):
    largest = _safe(np.abs(train).max(axis=0))
    return train / largest, test / largest


@min_max.mistake(
    "A constant feature becomes −1 in yours, as in scikit-learn. Here it is subtracted, hence 0."
)
def _constant_at_the_end(train, test):
    low, width = train.min(axis=0), _safe(np.ptp(train, axis=0))
    return 2 * (train - low) / width - 1, 2 * (test - low) / width - 1


@min_max.mistake("A constant feature gives 0/0 = nan. Subtract it, and divide by 1.")
def _no_width(train, test):
    low, high = train.min(axis=0), train.max(axis=0)
    with np.errstate(all="ignore"):
        return 2 * (train - low) / (high - low) - 1, 2 * (test - low) / (high - low) - 1


number_exercise(
    "room-for-the-rate",
    section="7.6",
    title="Room for a larger rate",
    question=(
        "A linear unit has 100 inputs. They are independent, each with mean 1 and standard "
        "deviation 1. Descent is stable for η < 2/λmax, with λmax of the second moment C + m mᵀ. "
        "By which factor does that bound grow when the inputs are centred?"
    ),
    value=101,
    tolerance=0.005,
    why=(
        "C is the identity, m is a vector of 100 ones, and m mᵀ has the eigenvalue ‖m‖² = 100 "
        "along m. So λmax = 1 + 100 before and 1 after."
    ),
    mistakes={
        2.0: "That is the second moment of one input. The means of all of them add up: ‖m‖².",
        10.0: "That is the length of m. In m mᵀ it stands squared.",
        11.0: "That has the length of m in it, 10. In m mᵀ it stands squared.",
        100.0: "That is m mᵀ alone. The spread C adds its 1 in the same direction.",
        200.0: "C is the identity: its eigenvalues are 1, not the sum of all, 100.",
        1.0: "The mean counts: the second moment is taken about 0, not about the mean.",
        1 / 101: "You inverted it: the bound is 2/λmax, and λmax gets smaller.",
    },
    hints=[
        "What are the eigenvalues of m mᵀ? It has one direction only.",
        "Multiply (C + m mᵀ) by m itself, with C the identity.",
    ],
)
