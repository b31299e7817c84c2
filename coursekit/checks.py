"""The questions asked at the door of every public call, in one place and one wording."""

import math
from collections.abc import Sequence
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating[Any]]

# A diverging run is a lesson: inf and nan stay in the result, and nothing is said on stderr.
quiet = np.errstate(divide="ignore", over="ignore", invalid="ignore")


def is_number(value: object) -> TypeGuard[float]:
    """True for a finite real number; a bool is a mistake here, not a number."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def check_number(
    name: str,
    value: object,
    *,
    above: float = -math.inf,
    at_least: float = -math.inf,
    below: float = math.inf,
    at_most: float = math.inf,
) -> None:
    """Raise ``ValueError`` unless ``value`` is a finite number within the bounds."""
    if is_number(value) and above < value < below and at_least <= value <= at_most:
        return
    bounds = {"above": above, "at least": at_least, "below": below, "at most": at_most}
    wanted = " and ".join(f"{word} {x:g}" for word, x in bounds.items() if math.isfinite(x))
    raise ValueError(f"{name} must be a finite number {wanted}".rstrip() + f", got {value!r}")


def check_count(name: str, value: object, *, at_least: int = 0) -> int:
    """Return ``value`` as an int; raise ``ValueError`` unless it is a whole number in range."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < at_least:
        raise ValueError(f"{name} must be a whole number, at least {at_least}, got {value!r}")
    return int(value)


def float_array(name: str, value: ArrayLike) -> Array:
    """Return ``value`` as a floating-point array: float32 stays float32, integers become float64.

    Not a copy where none is needed: callers never write into the result.
    """
    try:
        array = np.asarray(value)
    except ValueError:  # a ragged list
        raise ValueError(f"{name} must be an array of numbers, got {value!r}") from None
    if array.dtype.kind in "iu":
        return array.astype(np.float64)
    if array.dtype.kind != "f":
        raise ValueError(f"{name} must be an array of real numbers, got {value!r}")
    return array


def check_same_shape(name: str, array: Array, other_name: str, other: Array) -> None:
    """Raise ``ValueError`` with both shapes where they differ, instead of broadcasting."""
    if array.shape != other.shape:
        raise ValueError(
            f"{name} must have the shape of {other_name}, {other.shape}, got {array.shape}"
        )


def check_finite_rows(name: str, array: Array) -> None:
    """Raise ``ValueError`` with the rows (first axis) that hold nan or inf, if any do."""
    finite = np.atleast_1d(np.isfinite(array))
    if finite.all():
        return
    rows = np.flatnonzero(~finite.reshape(len(finite), -1).all(axis=1))
    listed = ", ".join(str(row) for row in rows[:5]) + (", …" if len(rows) > 5 else "")
    raise ValueError(
        f"{name} must be finite, got nan or inf in {len(rows)} of {len(finite)} rows: {listed}"
    )


def check_rng(rng: object) -> None:
    """Raise ``ValueError`` unless ``rng`` is a NumPy random generator."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng must be a numpy.random.Generator, got {rng!r}")


def unknown(kind: str, value: object, known: Sequence[str]) -> ValueError:
    """The error for a name that does not exist: what came, the nearest name, all names."""
    near = get_close_matches(str(value), known, n=1)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    return ValueError(f"unknown {kind} {value!r}.{guess} Known: {', '.join(known) or 'none'}")


def check_known(kind: str, name: str, known: Sequence[str]) -> str:
    """Return ``name``; raise the error of ``unknown`` unless it is one of the known."""
    if name not in known:
        raise unknown(kind, name, known)
    return name
