"""Loss surfaces with exact gradients and Hessians, on which a descent can be watched.

Each takes points w of shape (..., d) and returns a value of shape (...), a gradient (..., d) and a
Hessian (..., d, d); each knows its minima and saddles, shape (k, d), and a window to plot it in.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from coursekit.checks import Array, check_count, check_number, float_array, quiet


class Objective:
    """A loss surface: the checks at the door; the formulas are in the subclasses."""

    dimension: int
    minima: Array  # (k, d); empty where there is none
    saddles: Array  # (k, d)
    window: Array  # (d, 2): lower and upper end of each axis

    @quiet
    def value(self, w: ArrayLike) -> Array:
        """Return the loss L at each point, shape (...)."""
        return self._value(self._points(w))

    @quiet
    def gradient(self, w: ArrayLike) -> Array:
        """Return ∂L/∂w at each point, shape (..., d)."""
        return self._gradient(self._points(w))

    @quiet
    def hessian(self, w: ArrayLike) -> Array:
        """Return ∂²L/∂w∂w at each point, shape (..., d, d)."""
        return self._hessian(self._points(w))

    def _points(self, w: ArrayLike) -> Array:
        points = float_array("w", w)
        if points.ndim == 0 or points.shape[-1] != self.dimension:
            raise ValueError(f"w must have shape (..., {self.dimension}), got {points.shape}")
        return points

    def _value(self, w: Array) -> Any:
        raise NotImplementedError

    def _gradient(self, w: Array) -> Array:
        raise NotImplementedError

    def _hessian(self, w: Array) -> Array:
        raise NotImplementedError


class Quadratic(Objective):
    """L(w) = ½ (w − m)ᵀ R diag(λ) Rᵀ (w − m): a bowl, a valley or a saddle.

    ``curvatures``: λ, one a dimension: all positive is a bowl, both signs a saddle.
    ``rotation``: an angle in radians (two dimensions) or an orthogonal matrix R of shape (d, d),
    whose columns are the principal directions. ``centre``: m, by default the origin.
    """

    def __init__(
        self, curvatures: ArrayLike, rotation: float | ArrayLike = 0.0, centre: ArrayLike = 0.0
    ) -> None:
        self.curvatures = float_array("curvatures", curvatures)
        if self.curvatures.ndim != 1 or not self.curvatures.size:
            raise ValueError(f"curvatures must be a list of numbers, got {curvatures!r}")
        if not np.isfinite(self.curvatures).all():
            raise ValueError(f"curvatures must be finite, got {curvatures!r}")
        self.dimension = self.curvatures.size
        self.rotation = self._rotation_matrix(rotation)
        self._aligned = np.array_equal(self.rotation, np.eye(self.dimension))
        self.centre = np.broadcast_to(float_array("centre", centre), (self.dimension,))
        stationary = self.centre[np.newaxis]
        none = np.empty((0, self.dimension))
        self.minima = stationary if (self.curvatures > 0).all() else none
        both_signs = (self.curvatures > 0).any() and (self.curvatures < 0).any()
        self.saddles = stationary if both_signs else none
        self.window = self.centre[:, np.newaxis] + np.array([-2.0, 2.0])

    def __repr__(self) -> str:
        return f"Quadratic(curvatures={self.curvatures.tolist()})"

    @property
    def condition_number(self) -> float:
        """κ = max |λ| / min |λ|."""
        size = np.abs(self.curvatures)
        with np.errstate(divide="ignore"):
            return float(size.max() / size.min())

    def _rotation_matrix(self, rotation: float | ArrayLike) -> Array:
        matrix = float_array("rotation", rotation)
        if matrix.ndim == 0:
            check_number("rotation", matrix.item())
            if matrix == 0:
                return np.eye(self.dimension)
            if self.dimension != 2:
                raise ValueError(
                    f"rotation by an angle needs two dimensions, got {self.dimension}; "
                    "pass an orthogonal matrix"
                )
            cos, sin = np.cos(matrix), np.sin(matrix)
            return np.array([[cos, -sin], [sin, cos]])
        d = self.dimension
        if matrix.shape != (d, d) or not np.allclose(matrix.T @ matrix, np.eye(d), atol=1e-6):
            raise ValueError(f"rotation must be an angle or an orthogonal matrix of shape {(d, d)}")
        return matrix

    def _along_axes(self, w: Array) -> Array:
        offset = w - self.centre.astype(w.dtype)
        # Without a rotation no coordinate may touch another: 0 · inf would spread a nan.
        return offset if self._aligned else offset @ self.rotation.astype(w.dtype)

    def _value(self, w: Array) -> Any:
        offset = self._along_axes(w)
        return (0.5 * self.curvatures.astype(w.dtype) * offset**2).sum(axis=-1)

    def _gradient(self, w: Array) -> Array:
        slopes = self.curvatures.astype(w.dtype) * self._along_axes(w)
        return slopes if self._aligned else slopes @ self.rotation.T.astype(w.dtype)

    def _hessian(self, w: Array) -> Array:
        hessian = (self.rotation * self.curvatures) @ self.rotation.T
        hessian = (hessian + hessian.T) / 2  # symmetric to the bit
        return np.broadcast_to(hessian.astype(w.dtype), (*w.shape, self.dimension)).copy()


def bowl(*curvatures: float, rotation: float | ArrayLike = 0.0) -> Quadratic:
    """A bowl with the given positive curvatures, one a dimension; ``bowl()`` is L = ½ w².

    >>> bowl(3.0).gradient([2.0])
    array([6.])
    """
    for curvature in curvatures:
        check_number("curvature", curvature, above=0)
    return Quadratic(curvatures or (1.0,), rotation)


def valley(condition_number: float = 20.0, rotation: float = 0.0) -> Quadratic:
    """A narrow valley: L = ½ (w₁² + κ w₂²), shallow along w₁, steep along w₂ (Figure 7.3)."""
    check_number("condition_number", condition_number, at_least=1)
    return Quadratic((1.0, condition_number), rotation)


def saddle(up: float = 1.0, down: float = 1.0, rotation: float = 0.0) -> Quadratic:
    """A saddle: L = ½ (up·w₁² − down·w₂²), a minimum along w₁, a maximum along w₂ (Figure 7.4)."""
    check_number("up", up, above=0)
    check_number("down", down, above=0)
    return Quadratic((up, -down), rotation)


class DoubleWell(Objective):
    """L(w) = ¼ (w₁² − 1)² + tilt·w₁ + ½ Σ_{j≥2} w_j²: two wells with a barrier between them.

    In one dimension the barrier's top is a maximum; in more it is a saddle. A positive tilt makes
    the left well the deeper one; beyond |tilt| = 2/√27 one well is left.
    """

    def __init__(self, tilt: float = 0.0, dimension: int = 1) -> None:
        check_number("tilt", tilt)
        self.tilt = float(tilt)
        self.dimension = check_count("dimension", dimension, at_least=1)
        roots: Any = np.roots([1.0, 0.0, -1.0, self.tilt])  # of ∂L/∂w₁
        roots = np.sort(roots[np.abs(roots.imag) < 1e-9].real)
        wells = 3 * roots**2 > 1  # L'' > 0
        self.minima = self._on_axis(roots[wells])
        self.saddles = self._on_axis(roots[~wells] if self.dimension > 1 else roots[:0])
        self.window = np.tile([-1.8, 1.8], (self.dimension, 1))

    def __repr__(self) -> str:
        return f"DoubleWell(tilt={self.tilt}, dimension={self.dimension})"

    def _on_axis(self, first: Array) -> Array:
        return np.pad(first[:, np.newaxis], [(0, 0), (0, self.dimension - 1)])

    def _value(self, w: Array) -> Any:
        x = w[..., 0]
        return 0.25 * (x**2 - 1) ** 2 + self.tilt * x + 0.5 * (w[..., 1:] ** 2).sum(axis=-1)

    def _gradient(self, w: Array) -> Array:
        gradient = w.copy()
        x = w[..., 0]
        gradient[..., 0] = x * (x**2 - 1) + self.tilt
        return gradient

    def _hessian(self, w: Array) -> Array:
        hessian = np.zeros((*w.shape, self.dimension), w.dtype)
        hessian[...] = np.eye(self.dimension)
        hessian[..., 0, 0] = 3 * w[..., 0] ** 2 - 1
        return hessian


class Landscape(Objective):
    """A loss over one weight by the places where it is level: ∂L/∂w = steepness · Πᵢ (w − sᵢ).

    ``stationary``: the sᵢ, an odd number of them, so that L rises without end on both sides. Where
    the slope changes sign there is a minimum or a maximum; a place given twice is a shelf, level
    but no extremum. The lowest minimum has L = 0.

    >>> Landscape([-1.0, 0.0, 0.0, 1.0, 2.0]).shelves
    array([0.])
    """

    dimension = 1
    saddles = np.empty((0, 1))

    def __init__(self, stationary: ArrayLike, steepness: float = 1.0) -> None:
        places = float_array("stationary", stationary)
        if places.ndim != 1 or not places.size % 2 or not np.isfinite(places).all():
            raise ValueError(f"stationary must be an odd number of places, got {stationary!r}")
        check_number("steepness", steepness, above=0)
        self.stationary, self.steepness = np.sort(places), float(steepness)
        slope = self.steepness * np.polynomial.Polynomial.fromroots(self.stationary)
        self._loss, self._bend = slope.integ(), slope.deriv()
        where, times = np.unique(self.stationary, return_counts=True)
        to_the_right = times[::-1].cumsum()[::-1]  # of how many places a point is at most the place
        odd = times % 2 == 1
        self.minima = where[odd & (to_the_right % 2 == 1), np.newaxis]
        self.maxima = where[odd & (to_the_right % 2 == 0), np.newaxis]
        self.shelves = where[~odd]
        self._loss = self._loss - self._loss(self.minima).min()
        self.window = np.array([[where[0] - 0.6, where[-1] + 0.6]])

    def __repr__(self) -> str:
        return f"Landscape({self.stationary.tolist()}, steepness={self.steepness})"

    def _value(self, w: Array) -> Any:
        return _polynomial(self._loss, w[..., 0])

    def _gradient(self, w: Array) -> Array:
        slope = np.prod(w - self.stationary.astype(w.dtype), axis=-1, keepdims=True)
        return w.dtype.type(self.steepness) * slope

    def _hessian(self, w: Array) -> Array:
        return _polynomial(self._bend, w)[..., np.newaxis]


def _polynomial(polynomial: Any, w: Array) -> Array:
    """A polynomial in the type of w, and inf instead of nan far away (Horner's scheme)."""
    return np.polynomial.polynomial.polyval(w, polynomial.coef.astype(w.dtype))


class Rosenbrock(Objective):
    """L(w) = (a − w₁)² + b (w₂ − w₁²)²: a curved valley, minimum at (a, a²).

    Rosenbrock (1960), with the usual a = 1, b = 100.
    """

    dimension = 2
    saddles = np.empty((0, 2))
    window = np.array([[-2.0, 2.0], [-1.0, 3.0]])

    def __init__(self, a: float = 1.0, b: float = 100.0) -> None:
        check_number("a", a)
        check_number("b", b, above=0)
        self.a, self.b = float(a), float(b)
        self.minima = np.array([[self.a, self.a**2]])

    def __repr__(self) -> str:
        return f"Rosenbrock(a={self.a}, b={self.b})"

    def _value(self, w: Array) -> Any:
        x, y = w[..., 0], w[..., 1]
        return (self.a - x) ** 2 + self.b * (y - x**2) ** 2

    def _gradient(self, w: Array) -> Array:
        x, y = w[..., 0], w[..., 1]
        above = y - x**2
        return np.stack([-2 * (self.a - x) - 4 * self.b * x * above, 2 * self.b * above], axis=-1)

    def _hessian(self, w: Array) -> Array:
        x, y = w[..., 0], w[..., 1]
        mixed = -4 * self.b * x
        first = np.stack([2 - 4 * self.b * (y - 3 * x**2), mixed], axis=-1)
        return np.stack([first, np.stack([mixed, np.full_like(x, 2 * self.b)], axis=-1)], axis=-2)


class Beale(Objective):
    """L(w) = Σₖ (cₖ − w₁ + w₁ w₂ᵏ)², k = 1…3: flat plains and steep walls, minimum at (3, ½).

    Beale (1958), with c = (1.5, 2.25, 2.625); its saddle is at (0, 1).
    """

    dimension = 2
    minima = np.array([[3.0, 0.5]])
    saddles = np.array([[0.0, 1.0]])
    window = np.array([[-1.0, 4.5], [-1.5, 1.8]])
    _terms = ((1.5, 1), (2.25, 2), (2.625, 3))

    def __repr__(self) -> str:
        return "Beale()"

    def _value(self, w: Array) -> Any:
        x, y = w[..., 0], w[..., 1]
        return sum((c - x + x * y**k) ** 2 for c, k in self._terms)

    def _gradient(self, w: Array) -> Array:
        x, y = w[..., 0], w[..., 1]
        dx, dy = np.zeros_like(x), np.zeros_like(x)
        for c, k in self._terms:
            residual = c - x + x * y**k
            dx = dx + 2 * residual * (y**k - 1)
            dy = dy + 2 * residual * k * x * y ** (k - 1)
        return np.stack([dx, dy], axis=-1)

    def _hessian(self, w: Array) -> Array:
        x, y = w[..., 0], w[..., 1]
        hessian = np.zeros((*w.shape, 2), w.dtype)
        for c, k in self._terms:
            residual = c - x + x * y**k
            rx, ry = y**k - 1, k * x * y ** (k - 1)
            rxy = k * y ** (k - 1)
            ryy = k * (k - 1) * x * y ** (k - 2) if k > 1 else np.zeros_like(x)
            mixed = 2 * (rx * ry + residual * rxy)
            hessian[..., 0, 0] += 2 * rx**2
            hessian[..., 0, 1] += mixed
            hessian[..., 1, 0] += mixed
            hessian[..., 1, 1] += 2 * (ry**2 + residual * ryy)
        return hessian
