import numpy as np
import pytest

from coursekit.activations import relu
from coursekit.diagnostics import gradient_check
from coursekit.layers import Activation, Dense, Residual
from coursekit.sequential import Layer, Sequential


@pytest.fixture
def rng():
    return np.random.default_rng(7)


# The weights as views.


def test_assigning_an_array_copies_into_the_vector(rng):
    layer = Dense(2, 3).initialize(rng)
    weights = np.arange(6.0).reshape(2, 3)
    layer.weights, layer.bias = weights, [7, 8, 9]
    assert layer.parameters.tolist() == [0, 1, 2, 3, 4, 5, 7, 8, 9]
    weights[...] = 0
    assert layer.weights[1, 2] == 5
    with pytest.raises(ValueError, match=r"\(2, 3\), got \(3, 2\)"):
        layer.weights = np.zeros((3, 2))
    with pytest.raises(ValueError, match=r"parameters must have shape \(9,\), got \(8,\)"):
        layer.parameters = np.zeros(8)


def test_a_layer_without_weights_says_how_to_get_them():
    for use in (lambda layer: layer.weights, lambda layer: layer.forward(np.zeros((1, 2)))):
        with pytest.raises(
            ValueError, match=r"Dense\(2, 3\) has no parameters yet: call initialize"
        ):
            use(Dense(2, 3))
    with pytest.raises(ValueError, match=r"rng must be .*Generator, got None"):
        Dense(2, 3).initialize()


def test_dtype_must_be_a_floating_point_type(rng):
    with pytest.raises(ValueError, match="dtype must be a floating-point type"):
        Dense(2, 3).initialize(rng, dtype=int)


def test_slots_name_every_entry(rng):
    block = Residual([Dense(2, 2, bias=False)], fixup=True)
    slots = list(Sequential([Dense(1, 2), block]).slots())
    assert [(slot.layer, slot.name) for slot in slots] == [
        ("0.Dense(1, 2)", "weights"),
        ("0.Dense(1, 2)", "bias"),
        ("1.0.ScalarBias()", "bias"),
        ("1.1.Dense(2, 2)", "weights"),
        ("1.2.ScalarMultiplier()", "scale"),
        ("1.3.ScalarBias()", "bias"),
    ]
    assert slots[3] == ("1.1.Dense(2, 2)", "weights", slice(5, 9), (2, 2))


# Chains.


def test_layers_that_do_not_fit_are_refused_with_both_shapes():
    with pytest.raises(
        ValueError,
        match=r"layers\[2\] Dense\(4, 2\) takes \(batch, 4\), but Dense\(5, 3\) before it gives "
        r"\(batch, 3\)",
    ):
        Sequential([Dense(5, 3), Activation("tanh"), Dense(4, 2)])


def test_a_layer_may_come_only_once():
    layer = Activation("tanh")
    with pytest.raises(ValueError, match="one layer came twice"):
        Sequential([layer, Residual([Dense(2, 2), layer])])


def test_only_layers_make_a_chain():
    with pytest.raises(ValueError, match=r"layers\[1\] must be a layer, got relu"):
        Sequential([Dense(2, 2), relu])


def test_a_layer_of_ones_own_needs_two_methods(rng):
    class Square(Layer):
        def _forward(self, x, training):
            self._cache = x
            return x**2

        def _backward(self, gradient):
            return 2 * self._cache * gradient

    chain = Sequential([Dense(3, 2), Square().initialize()]).initialize(rng)
    assert gradient_check(chain, rng.normal(size=(4, 3))) < 1e-7
    assert chain.forward(np.zeros((1, 3))).tolist() == [[0, 0]]
