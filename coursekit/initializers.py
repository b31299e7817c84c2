"""Start weights of a layer: ``init(n_in, n_out, rng) -> array (n_in, n_out)`` (Section 7.5).

The scaled rules draw from N(0, std²), or from U(−r, r) with r = √3·std, which has the same std:

    rule          std                        keeps the signal's size for
    lecun         √(1 / n_in)                linear units, forward (LeCun et al. 1998)
    glorot        √(2 / (n_in + n_out))      tanh, between both ways (Glorot & Bengio 2010)
    he            √(2 / n_in)                ReLU, forward (He et al. 2015)
    book_relu     √(4 / (n_in + n_out))      ReLU, as the book prints it: he where n_in = n_out

Biases start at zero and are not drawn here. Arrays are float64.
"""
# ruff: noqa: N801 — an initializer with a parameter is called like a function: normal(0.01)

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from coursekit.checks import Array, check_count, check_number, check_rng, unknown


class Initializer:
    """What all initializers offer."""

    def __call__(self, n_in: int, n_out: int, rng: np.random.Generator) -> Array:
        """Return new weights, shape (n_in, n_out), drawn from ``rng``."""
        n_in = check_count("n_in", n_in, at_least=1)
        n_out = check_count("n_out", n_out, at_least=1)
        check_rng(rng)
        return self._draw(n_in, n_out, rng)

    def _draw(self, n_in: int, n_out: int, rng: np.random.Generator) -> Array:
        raise NotImplementedError


@dataclass(frozen=True, repr=False)
class ScaledInitializer(Initializer):
    """A rule whose std follows from the fans: std = factor · √(scale / fan).

    ``fan``: "in" for n_in, "mean" for (n_in + n_out)/2. The normal rules are not truncated: as in
    PyTorch; Keras cuts its draws at two std and widens them to make up.
    """

    name: str
    scale: float
    fan: Literal["in", "mean"]
    distribution: Literal["normal", "uniform"]
    factor: float = 1.0

    def std(self, n_in: int, n_out: int) -> float:
        """Return the standard deviation of the weights between n_in and n_out units.

        >>> glorot_normal.std(100, 100)
        0.1
        """
        fan = n_in if self.fan == "in" else (n_in + n_out) / 2
        return self.factor * math.sqrt(self.scale / fan)

    def scaled(self, gain: float) -> "ScaledInitializer":
        """Return this rule with its std times ``gain``, as in ``glorot_normal.scaled(tanh.gain)``.

        ``lecun_normal.scaled(relu.gain)`` draws what ``he_normal`` draws.
        """
        check_number("gain", gain, above=0)
        return replace(self, factor=self.factor * float(gain))

    def _draw(self, n_in: int, n_out: int, rng: np.random.Generator) -> Array:
        std = self.std(n_in, n_out)
        if self.distribution == "normal":
            return rng.normal(0.0, std, (n_in, n_out))
        limit = math.sqrt(3) * std
        return rng.uniform(-limit, limit, (n_in, n_out))

    def __repr__(self) -> str:
        return self.name if self.factor == 1 else f"{self.name}.scaled({self.factor:g})"


@dataclass(frozen=True)
class normal(Initializer):
    """Weights from N(0, std²). ``std``: the standard deviation, not the variance."""

    std: float

    def __post_init__(self) -> None:
        check_number("std", self.std, at_least=0)

    def _draw(self, n_in: int, n_out: int, rng: np.random.Generator) -> Array:
        return rng.normal(0.0, self.std, (n_in, n_out))


@dataclass(frozen=True)
class uniform(Initializer):
    """Weights from U(−range, range), whose standard deviation is range/√3."""

    range: float

    def __post_init__(self) -> None:
        check_number("range", self.range, at_least=0)

    def _draw(self, n_in: int, n_out: int, rng: np.random.Generator) -> Array:
        return rng.uniform(-self.range, self.range, (n_in, n_out))


@dataclass(frozen=True)
class constant(Initializer):
    """All weights the same: the start that keeps units equal (Section 7.5)."""

    value: float

    def __post_init__(self) -> None:
        check_number("value", self.value)

    def _draw(self, n_in: int, n_out: int, rng: np.random.Generator) -> Array:
        return np.full((n_in, n_out), float(self.value))


@dataclass(frozen=True)
class orthogonal(Initializer):
    """A random matrix with orthonormal rows or columns, whichever are fewer, times ``gain``.

    Uniform over such matrices (the QR factors of a normal one, signs fixed). It keeps the length of
    a signal exactly in a square linear layer. Saxe, McClelland & Ganguli (2014).
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        check_number("gain", self.gain, above=0)

    def _draw(self, n_in: int, n_out: int, rng: np.random.Generator) -> Array:
        tall = rng.standard_normal((max(n_in, n_out), min(n_in, n_out)))
        q, r = np.linalg.qr(tall)
        q *= np.where(np.diag(r) < 0, -self.gain, self.gain)
        return q if n_in >= n_out else q.T.copy()


lecun_normal = ScaledInitializer("lecun_normal", 1.0, "in", "normal")
lecun_uniform = ScaledInitializer("lecun_uniform", 1.0, "in", "uniform")
glorot_normal = ScaledInitializer("glorot_normal", 1.0, "mean", "normal")
glorot_uniform = ScaledInitializer("glorot_uniform", 1.0, "mean", "uniform")
he_normal = ScaledInitializer("he_normal", 2.0, "in", "normal")
he_uniform = ScaledInitializer("he_uniform", 2.0, "in", "uniform")
book_relu_normal = ScaledInitializer("book_relu_normal", 2.0, "mean", "normal")
book_relu_uniform = ScaledInitializer("book_relu_uniform", 2.0, "mean", "uniform")

_KNOWN: dict[str, Initializer] = {
    rule.name: rule
    for rule in (
        lecun_normal,
        lecun_uniform,
        glorot_normal,
        glorot_uniform,
        he_normal,
        he_uniform,
        book_relu_normal,
        book_relu_uniform,
    )
}
_KNOWN["orthogonal"] = orthogonal()


def get(initializer: Any) -> Initializer:
    """Return the initializer of a name; an initializer itself is returned as it is.

    ``normal``, ``uniform`` and ``constant`` have no name to look up: they need their number.

    >>> get("he_normal")
    he_normal
    """
    if isinstance(initializer, Initializer):
        return initializer
    if isinstance(initializer, str) and initializer in _KNOWN:
        return _KNOWN[initializer]
    raise unknown(
        "initializer", initializer, [*_KNOWN, "normal(std)", "uniform(range)", "constant(value)"]
    )
