"""Run an answer on one input, safely, and say in words how it differs from what was expected."""

import contextlib
import copy
import io
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from coursekit.exercises.timeout import TimeUp, call_within

_PRINTED = 200  # characters of an answer's output that are kept


@dataclass(frozen=True)
class Behaviour:
    """What a function did with one input."""

    value: Any = None
    raised: str = ""
    blank_of: str = ""  # the exercise whose untouched blank was called
    timed_out: bool = False
    changed: tuple[int, ...] = ()  # positions of arguments changed in place
    warned: str = ""
    printed: str = ""


class _Bounded(io.TextIOBase):
    """A stream that keeps the beginning of what is printed and drops the rest."""

    def __init__(self) -> None:
        self.kept = ""

    def write(self, text: str) -> int:
        self.kept += text[: _PRINTED - len(self.kept)]
        return len(text)


@contextlib.contextmanager
def _staying() -> Iterator[None]:
    """Let a notebook's ``exit`` raise SystemExit: it would stop the kernel behind our back."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None:
        yield
        return
    before = shell.ask_exit
    shell.ask_exit = sys.exit
    try:
        yield
    finally:
        shell.ask_exit = before


def run(function: Callable[..., Any], args: tuple[Any, ...], limit: float = 2.0) -> Behaviour:
    """Call ``function`` on a copy of ``args``; whatever it does stays inside."""
    own = copy.deepcopy(args)
    printed = _Bounded()
    with warnings.catch_warnings(record=True) as caught, contextlib.ExitStack() as stack:
        warnings.simplefilter("always")
        stack.enter_context(_staying())
        stack.enter_context(contextlib.redirect_stdout(printed))
        stack.enter_context(contextlib.redirect_stderr(printed))
        try:
            value = call_within(limit, function, *own)
        except TimeUp:
            return Behaviour(timed_out=True)
        except KeyboardInterrupt:
            raise
        except NotImplementedError as error:
            return Behaviour(raised=error_text(error), blank_of=str(error))
        except SystemExit:
            return Behaviour(raised="SystemExit: an answer may not end Python")
        except BaseException as error:  # nothing else in the notebook may break
            return Behaviour(raised=error_text(error))
    changed = tuple(i for i, (a, b) in enumerate(zip(own, args, strict=True)) if not _same(a, b))
    warned = f"{caught[0].category.__name__}: {caught[0].message}" if caught else ""
    return Behaviour(value, changed=changed, warned=warned, printed=printed.kept)


def run_all(
    function: Callable[..., Any], inputs: Iterable[tuple[Any, ...]], limit: float
) -> list[Behaviour]:
    """Call ``function`` on each input, all within ``limit`` seconds; stop where it fails."""
    end = time.monotonic() + limit
    done: list[Behaviour] = []
    for args in inputs:
        done.append(run(function, args, max(0.05, end - time.monotonic())))
        if done[-1].raised or done[-1].timed_out:
            break
    return done


def remarks(behaviours: Sequence[Behaviour], names: Sequence[str]) -> str:
    """What is worth saying of an answer that is right."""
    said = []
    changed = {names[i] for b in behaviours for i in b.changed}
    if changed:
        which = ", ".join(n for n in names if n in changed)
        said.append(
            f"It changes its argument {which} in place; return a new array, "
            "or a cell run twice gives two results."
        )
    warned = next((b.warned for b in behaviours if b.warned), "")
    if warned:
        said.append(f"It warns: {warned}.")
    printed = next((b.printed.strip() for b in behaviours if b.printed.strip()), "")
    if printed:
        said.append(f"It prints: {printed}")
    return " ".join(said)


def difference(got: Behaviour, expected: Behaviour, args: tuple[Any, ...]) -> str:
    """Say how two behaviours on the same input differ; empty if they agree."""
    if got.raised or expected.raised:
        same = got.raised.split(":")[0] == expected.raised.split(":")[0]
        return "" if same else f"{got.raised or short(got.value)}"
    return _difference(got.value, expected.value, _tolerance(args))


def _difference(got: Any, expected: Any, tolerance: float) -> str:
    if got is None:
        return "your function returned None. Is a return missing?"
    if isinstance(expected, str):
        same = isinstance(got, str) and got.strip().lower() == expected.lower()
        return "" if same else f"got {short(got)}, expected {short(expected)}."
    if isinstance(expected, tuple):
        if not isinstance(got, tuple | list | np.ndarray) or len(got) != len(expected):
            return f"got {short(got)}, expected {len(expected)} values: {short(expected)}."
        for i, (g, e) in enumerate(zip(got, expected, strict=True), start=1):
            problem = _difference(g, e, tolerance)
            if problem:
                return f"value {i} of {len(expected)}: {problem}"
        return ""
    try:
        array = np.asarray(got)
    except ValueError:  # a ragged list
        array = np.asarray(None)
    if array.dtype.kind not in "fiub":
        return f"got {short(got)}, expected numbers: {short(expected)}."
    wanted = np.asarray(expected)
    if array.shape != wanted.shape:
        return f"got shape {array.shape}, expected shape {wanted.shape}."
    size = np.abs(wanted[np.isfinite(wanted)]).max(initial=0.0)
    close = np.allclose(
        array, wanted, rtol=tolerance, atol=tolerance * (size or 1.0), equal_nan=True
    )
    return "" if close else f"got {short(got)}, expected {short(expected)}."


def _tolerance(args: tuple[Any, ...]) -> float:
    """Rounding of a few operations in the narrowest type among the inputs."""
    single = any(isinstance(a, np.ndarray) and a.dtype == np.float32 for a in args)
    return 1e-4 if single else 1e-9


def _same(a: Any, b: Any) -> bool:
    if isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(b, np.ndarray):
        return np.array_equal(a, b, equal_nan=b.dtype.kind == "f")
    return a is b or bool(a == b)


def error_text(error: BaseException) -> str:
    """The kind of an error and the first line of its text."""
    text = str(error).strip().split("\n")[0].rstrip(".")
    return f"{type(error).__name__}: {text}" if text not in ("", "None") else type(error).__name__


def call_text(names: Sequence[str], args: Sequence[Any]) -> str:
    """The arguments of a trial as a reader would type them, shortened."""
    return ", ".join(f"{n}={short(a)}" for n, a in zip(names, args, strict=True))


def short(value: Any) -> str:
    """A value in at most about 80 characters; never raises."""
    try:
        if isinstance(value, tuple):
            return "(" + ", ".join(map(short, value)) + ")"
        if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "fiub":
            text = np.array2string(
                np.asarray(value), precision=4, threshold=8, edgeitems=2, separator=", "
            )
            text = " ".join(text.split())
        elif isinstance(value, float):
            text = f"{value:.6g}"
        elif callable(value) and hasattr(value, "__name__"):
            text = f"the function {value.__name__}"
        else:
            text = " ".join(repr(value).split())
    except Exception:  # a broken __repr__ is the reader's, too
        text = f"a {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "…"
