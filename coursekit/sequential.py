"""What all layers share: their weights are views into one flat vector, and so is the gradient.

    y = layer.forward(x, training=True)
    dx = layer.backward(dy)

``x``: (batch, features), one row an example; ``dy``: ∂L/∂y, and ``dx``: ∂L/∂x, alike.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from coursekit.checks import Array, check_same_shape, float_array, quiet

Rng = np.random.Generator


class Slot(NamedTuple):
    """The place of one array in a vector: ``vector[place].reshape(shape)``."""

    layer: str
    name: str
    place: slice
    shape: tuple[int, ...]


class Parameter:
    """A named array of a layer, a view into the layer's vector; assigning copies into the view."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, layer: "Layer", owner: type | None = None) -> Array:
        try:
            return layer._arrays[self.name]
        except KeyError:
            layer._bound()  # says so if there are no parameters at all yet
            raise AttributeError(f"{layer} has no {self.name}") from None

    def __set__(self, layer: "Layer", value: ArrayLike) -> None:
        view, array = self.__get__(layer), float_array(self.name, value)
        check_same_shape(self.name, array, f"{layer}.{self.name}", view)
        view[...] = array


class Layer:
    """A function of a batch with a backward pass, and the checks at its door.

    ``arrays``, ``gradients``: the parameters and ∂L/∂parameters by name, views into the vectors
    ``parameters`` and ``gradient``: array after array, each row-major.
    ``n_in``, ``n_out``: features in and out; None where any number passes and stays.
    A layer computes in the dtype it was initialized with, and remembers its last forward pass.
    To write one: ``_forward`` and ``_backward``; with parameters ``Parameter`` and ``_draw`` too.
    """

    n_in: int | None = None
    n_out: int | None = None

    def __init__(self, **shapes: tuple[int, ...]) -> None:
        self.shapes = shapes
        self.size = sum(map(math.prod, shapes.values()))  # how many parameters there are
        self._vectors: tuple[Array, Array] | None = None
        self._arrays: dict[str, Array] = {}
        self._gradients: dict[str, Array] = {}
        self._output_shape: tuple[int, ...] | None = None
        self._cache: Any = None  # what _backward needs of the last _forward

    @property
    def parameters(self) -> Array:
        """All parameters as one writable vector; assigning copies into it."""
        return self._bound()[0]

    @parameters.setter
    def parameters(self, value: Array) -> None:
        vector = self._bound()[0]
        if np.shape(value) != vector.shape:
            raise ValueError(f"parameters must have shape {vector.shape}, got {np.shape(value)}")
        if value is not vector:
            vector[...] = value

    @property
    def gradient(self) -> Array:
        """∂L/∂parameters as one vector, overwritten by every backward pass."""
        return self._bound()[1]

    @property
    def arrays(self) -> dict[str, Array]:
        """The parameters by name."""
        self._bound()
        return self._arrays

    @property
    def gradients(self) -> dict[str, Array]:
        """∂L/∂parameters by name."""
        self._bound()
        return self._gradients

    def parts(self) -> Iterator[tuple[str, "Layer", int]]:
        """The layers that compute, as (name, layer, where its parameters start in the vector)."""
        yield str(self), self, 0

    def slots(self) -> Iterator["Slot"]:
        """Where each array stands in the vector."""
        for layer_name, layer, start in self.parts():
            for name, shape in layer.shapes.items():
                stop = start + math.prod(shape)
                yield Slot(layer_name, name, slice(start, stop), shape)
                start = stop

    def initialize(self, rng: Rng | None = None, dtype: DTypeLike = np.float64) -> Self:
        """Draw the parameters into a new vector; return the layer, ready for use on its own."""
        if np.dtype(dtype).kind != "f":
            raise ValueError(f"dtype must be a floating-point type, got {dtype!r}")
        self.bind(np.zeros(self.size, dtype), np.zeros(self.size, dtype))
        self._draw(rng)
        return self

    def bind(self, parameters: Array, gradient: Array) -> None:
        """Make two vectors of length ``size`` the home of the parameters and of their gradient."""
        self._vectors = parameters, gradient
        self._arrays, self._gradients, start = {}, {}, 0
        for name, shape in self.shapes.items():
            stop = start + math.prod(shape)
            self._arrays[name] = parameters[start:stop].reshape(shape)
            self._gradients[name] = gradient[start:stop].reshape(shape)
            start = stop

    @quiet
    def forward(self, x: ArrayLike, training: bool = False) -> Array:
        """Return the output for each row of ``x``: (batch, n_in) to (batch, n_out)."""
        return self._through(self.checked_features(x), training)

    @quiet
    def backward(self, gradient: ArrayLike) -> Array:
        """Return ∂L/∂x from ∂L/∂y of the last forward pass, and fill ``gradients``."""
        return self._backward(self._output_gradient(gradient))

    def set_statistics(self, x: ArrayLike) -> Array:
        """Take what is normalized with at test time from all of ``x``; return the output."""
        return self.forward(x)

    def checked_features(self, x: ArrayLike) -> Array:
        """Return ``x`` in the dtype of the layer; ``ValueError`` where its shape does not fit."""
        x = float_array("x", x)
        if x.ndim != 2 or self.n_in not in (None, x.shape[1]):
            wanted = "features" if self.n_in is None else self.n_in
            raise ValueError(f"x must have shape (batch, {wanted}) for {self}, got {x.shape}")
        return x.astype(self.parameters.dtype, copy=False) if self.size else x

    def _through(self, x: Array, training: bool) -> Array:
        """The forward pass inside the door: what stands in a row fits, and is not asked again."""
        y = self._forward(x, training)
        self._output_shape = y.shape
        return y

    def _forward(self, x: Array, training: bool) -> Array:
        raise NotImplementedError

    def _backward(self, gradient: Array) -> Array:
        raise NotImplementedError

    def _fill_gradients(self, gradient: Array) -> None:
        """The backward pass of a first layer, whose ∂L/∂x nobody needs."""
        self._backward(gradient)

    def _draw(self, rng: Rng | None) -> None:
        """Set the parameters to their first values; they are zeros before."""

    def _bound(self) -> tuple[Array, Array]:
        if self._vectors is None:
            raise ValueError(
                f"{self} has no parameters yet: call initialize(rng), or put it into a Network"
            )
        return self._vectors

    def _output_gradient(self, gradient: ArrayLike) -> Array:
        gradient = float_array("gradient", gradient)
        if self._output_shape is None:
            raise ValueError(f"{self} has no forward pass to go back through: call forward first")
        if gradient.shape != self._output_shape:
            raise ValueError(
                f"gradient must have the shape of the output of {self}, {self._output_shape}, "
                f"got {gradient.shape}"
            )
        return gradient.astype(self.parameters.dtype, copy=False) if self.size else gradient

    def __getstate__(self) -> dict[str, Any]:
        # Views would come back as copies of their own: they are made again, the cache is not kept.
        state = {**self.__dict__, "_cache": None, "_output_shape": None}
        return {k: v for k, v in state.items() if k not in ("_arrays", "_gradients")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self._vectors is not None:
            self.bind(*self._vectors)


class Sequential(Layer):
    """Layers one after the other, as one layer whose vector is theirs end to end."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        super().__init__()
        self.layers = tuple(layers)
        for i, layer in enumerate(self.layers):
            if not isinstance(layer, Layer):
                raise ValueError(f"layers[{i}] must be a layer, got {layer!r}")
        if not self.layers:
            raise ValueError("layers must hold at least one layer, got none")
        members = [id(part) for _, part, _ in self.parts()]
        if len(set(members)) < len(members):
            raise ValueError("layers must be different objects: one layer came twice")
        self._check_widths()
        self.size = sum(layer.size for layer in self.layers)

    def _check_widths(self) -> None:
        before = ""
        for i, layer in enumerate(self.layers):
            if layer.n_in is None:
                continue
            if self.n_in is None:
                self.n_in = layer.n_in
            elif layer.n_in != self.n_out:
                raise ValueError(
                    f"layers[{i}] {layer} takes (batch, {layer.n_in}), "
                    f"but {before} before it gives (batch, {self.n_out})"
                )
            self.n_out, before = layer.n_out, str(layer)

    def __repr__(self) -> str:
        return f"{type(self).__name__}([{', '.join(map(str, self.layers))}])"

    def parts(self) -> Iterator[tuple[str, Layer, int]]:
        """The layers that compute, as (name, layer, where its parameters start in the vector)."""
        start = 0
        for i, layer in enumerate(self.layers):
            for name, part, offset in layer.parts():
                yield f"{i}.{name}", part, start + offset
            start += layer.size

    def bind(self, parameters: Array, gradient: Array) -> None:
        """Give each layer its slice of the two vectors."""
        super().bind(parameters, gradient)
        start = 0
        for layer in self.layers:
            stop = start + layer.size
            layer.bind(parameters[start:stop], gradient[start:stop])
            start = stop

    def set_statistics(self, x: ArrayLike) -> Array:
        """Take what is normalized with at test time from all of ``x``, layer by layer."""
        x = self.checked_features(x)
        for layer in self.layers:
            x = layer.set_statistics(x)
        return x

    def _draw(self, rng: Rng | None) -> None:
        for layer in self.layers:
            layer._draw(rng)

    def _forward(self, x: Array, training: bool) -> Array:
        for layer in self.layers:
            x = layer._through(x, training)
        return x

    def _backward(self, gradient: Array) -> Array:
        for layer in reversed(self.layers):
            gradient = layer._backward(gradient)
        return gradient

    def _fill_gradients(self, gradient: Array) -> None:
        for layer in reversed(self.layers[1:]):
            gradient = layer._backward(gradient)
        self.layers[0]._fill_gradients(gradient)
