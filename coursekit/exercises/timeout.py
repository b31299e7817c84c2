"""A time limit for a reader's code that works in a notebook, in a thread and on Windows."""

import ctypes
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

_AGAIN = 0.02  # seconds between strikes, for code that catches everything


class TimeUp(BaseException):
    """Raised inside code that took too long; no ``except Exception`` swallows it."""


def call_within(seconds: float, function: Callable[..., Any], *args: Any) -> Any:
    """Return ``function(*args)``, or raise ``TimeUp`` inside it once ``seconds`` have passed.

    A signal does it where there is one, and reaches a sleep and a bare ``except`` too; elsewhere
    a second thread does, which a loop around a bare ``except`` can withstand.
    """
    if sys.platform == "emscripten":  # neither signals nor threads: a browser has its own Stop
        return function(*args)
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        return _by_signal(seconds, function, *args)
    return _by_thread(seconds, function, *args)


def _by_signal(seconds: float, function: Callable[..., Any], *args: Any) -> Any:
    here, traced, running = sys._getframe(), sys.gettrace(), True

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        # Not at an exception or a return: raising there would end the tracing itself.
        if event == "line":
            raise TimeUp
        return None if event == "call" else trace

    def strike(signum: int, frame: FrameType | None) -> None:
        if not running or frame is here:  # it has returned just now
            return
        # What catches this exception shall not run one line further: not a bare except either.
        caller = frame
        while caller is not None and caller is not here:
            caller.f_trace = trace
            caller = caller.f_back
        sys.settrace(trace)
        raise TimeUp

    before = signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        return function(*args)
    finally:
        running = False
        sys.settrace(traced)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _by_thread(seconds: float, function: Callable[..., Any], *args: Any) -> Any:
    target = ctypes.c_ulong(threading.get_ident())
    throw = ctypes.pythonapi.PyThreadState_SetAsyncExc
    # Bare locks: each call on them is one step, which nothing thrown from outside can split.
    running, throwing = threading.Lock(), threading.Lock()
    running.acquire()

    def watch() -> None:
        wait = seconds
        while not running.acquire(timeout=wait):
            with throwing:
                if running.locked():
                    throw(target, ctypes.py_object(TimeUp))
            wait = _AGAIN

    threading.Thread(target=watch, daemon=True).start()
    try:
        return function(*args)
    finally:
        while True:
            try:
                if running.locked():
                    running.release()
                with throwing:
                    pass
                for _ in range(10):  # what was thrown at the last moment arrives in these lines
                    pass
                break
            except TimeUp:
                continue
