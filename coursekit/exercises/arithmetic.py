"""Numbers as people type them: ``1/3``, ``0.33``, ``1e-3``. Arithmetic only, nothing is run."""

import ast
import math
import operator
import re
import warnings
from collections.abc import Callable
from typing import Any

_LONGEST = 80  # characters
_TYPOGRAPHY = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "⁄": "/"})
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}


def read_number(text: str) -> float:
    """Return the number that a text means; ``ValueError`` says kindly what cannot be read."""
    short = text.strip()
    if len(short) > _LONGEST:
        raise ValueError(f"A number of at most {_LONGEST} characters is wanted, got {len(short)}.")
    plain = short.translate(_TYPOGRAPHY).replace("^", "**")
    if re.fullmatch(r"[-+]?\d*,\d+", plain):
        raise ValueError(f"Write the decimals after a point: {plain.replace(',', '.')}")
    if re.fullmatch(r"[^%]+%", plain):
        raise ValueError(f"Write per cent as a fraction: {plain[:-1].strip()}/100")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's opinion of a text that is no program
            value = _value(ast.parse(plain, mode="eval").body)
    except ZeroDivisionError:
        raise ValueError(f"{short} divides by zero.") from None
    except OverflowError:
        raise ValueError(f"{short} is too large for a number here.") from None
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ValueError(
            f"{short!r} cannot be read as a number. Write it like 0.29, 2/7 or 2.9e-1."
        ) from None
    if not isinstance(value, float) or not math.isfinite(value):  # (-1)**0.5, 1e999
        raise ValueError(f"{short} is no finite real number.")
    return value


def _value(node: ast.expr) -> Any:
    """Floats all the way, so that 9**9**9 overflows at once instead of being computed."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_value(left), _value(right))
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _UNARY:
            return _UNARY[type(sign)](_value(operand))
    raise ValueError("no arithmetic")
