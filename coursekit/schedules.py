"""Learning-rate schedules: pure functions from the step to the rate (Section 7.2)."""

from collections.abc import Callable

from coursekit.checks import is_number

Schedule = Callable[[int], float]


def check_learning_rate(learning_rate: object) -> None:
    """Raise ``ValueError`` unless ``learning_rate`` is a positive number or a schedule."""
    if callable(learning_rate):
        return
    if not is_number(learning_rate) or learning_rate <= 0:
        raise ValueError(
            f"learning_rate must be a positive number or a schedule, got {learning_rate!r}"
        )


def rate_at(learning_rate: float | Schedule, step: int) -> float:
    """The rate η of one step, counted from 0.

    Always a Python float: a NumPy float64 would turn float32 parameters into float64.
    """
    return float(learning_rate(step) if callable(learning_rate) else learning_rate)
