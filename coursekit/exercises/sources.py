"""From a solution's source: the blank that a reader finds, the question, the parameters."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any


def docstring(function: Callable[..., Any]) -> str:
    """The docstring, which is the question of a code exercise."""
    text = inspect.getdoc(function)
    if not text:
        raise ValueError(f"{function.__name__} needs a docstring: it is the exercise's question")
    return text


def parameters(function: Callable[..., Any]) -> list[str]:
    """The names of the parameters."""
    return list(inspect.signature(function).parameters)


def signature_problem(answer: Callable[..., Any], names: list[str]) -> str:
    """Say why ``answer`` can't be called with these parameters; empty if it can."""
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # a builtin that tells nothing about itself
        return ""
    try:
        signature.bind(*names)
    except TypeError:
        wanted, got = ", ".join(names), ", ".join(signature.parameters)
        return f"Your function is called with ({wanted}), but it takes ({got})."
    return ""


def function_source(function: Callable[..., Any]) -> str:
    """The source of a function, without its decorators."""
    return _lines(function, only_head=False)


def blank(function: Callable[..., Any], id: str) -> str:
    """The signature and the docstring, then an error that names the exercise."""
    return _lines(function, only_head=True) + f'\n    raise NotImplementedError("{id}")'


def _lines(function: Callable[..., Any], *, only_head: bool) -> str:
    source = textwrap.dedent(inspect.getsource(function))
    definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.FunctionDef)
    last = definition.body[0].end_lineno if only_head else definition.end_lineno
    return "\n".join(source.splitlines()[definition.lineno - 1 : last])
