"""The code of the package, shown in a notebook from its source."""

import ast
import inspect
import textwrap
from typing import Any


class Listing:
    """Source code that shows itself: highlighted in a notebook, plain elsewhere."""

    def __init__(self, source: str) -> None:
        self.source = source

    def __repr__(self) -> str:
        return self.source

    def _repr_markdown_(self) -> str:
        return f"```python\n{self.source}\n```"


def show_source(*objects: Any) -> Listing:
    """Show the source of functions, methods or classes, without their docstrings.

    >>> from coursekit import Momentum, show_source
    >>> show_source(Momentum.lookahead)
    def lookahead(self, w: Array, state: Any) -> Array:
        return w
    """
    return Listing("\n\n".join(map(_without_docstring, objects)))


def _without_docstring(shown: Any) -> str:
    source = textwrap.dedent(inspect.getsource(shown))
    definition = ast.parse(source).body[0]
    if not isinstance(definition, ast.FunctionDef | ast.ClassDef):
        raise ValueError(f"show_source needs functions, methods or classes, got {shown!r}")
    lines = ["", *source.splitlines()]  # counted from 1, as the parser does
    left_out: set[int] = set()
    for node in ast.walk(definition):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            docstring = node.body[0]
            assert docstring.end_lineno
            after = docstring.end_lineno + 1
            gap = after < len(lines) and not lines[after]
            left_out.update(range(docstring.lineno, after + gap))
    kept = (n for n in range(definition.lineno, len(lines)) if n not in left_out)
    return "\n".join(lines[n] for n in kept)
