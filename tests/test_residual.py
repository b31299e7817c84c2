"""Residual blocks, chains of layers, and a layer of one's own."""

import numpy as np
import pytest

from coursekit.activations import relu
from coursekit.checks import float_array
from coursekit.diagnostics import gradient_check
from coursekit.layers import (
    Activation,
    Dense,
    Residual,
)
from coursekit.sequential import Layer, Sequential


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def test_a_residual_block_adds_its_branch(rng):
    dense = Dense(3, 3)
    block = Residual([dense]).initialize(rng)
    x = rng.normal(size=(4, 3))
    assert np.array_equal(block.forward(x), x + dense.forward(x))
    dense.weights[...] = 0
    assert np.array_equal(block.forward(x), x)


def test_fixup_puts_scalars_before_each_layer_and_a_multiplier_at_the_end():
    block = Residual(
        [Dense(3, 3, bias=False), Activation(relu), Dense(3, 3, bias=False)], fixup=True
    )
    kinds = "ScalarBias Dense ScalarBias Activation ScalarBias Dense ScalarMultiplier ScalarBias"
    assert [type(layer).__name__ for layer in block.layers] == kinds.split()
    assert block.size == 2 * 9 + 5


def test_fixup_scalars_start_as_the_identity(rng):
    plain = Residual([Dense(3, 3), Activation("tanh"), Dense(3, 3)])
    scaled = Residual([Dense(3, 3), Activation("tanh"), Dense(3, 3)], fixup=True)
    x = rng.normal(size=(4, 3))
    outputs = (b.initialize(np.random.default_rng(1)).forward(x) for b in (plain, scaled))
    assert np.array_equal(*outputs)


def test_a_branch_must_keep_the_number_of_features():
    with pytest.raises(ValueError, match=r"got \(batch, 3\) in and \(batch, 2\) out"):
        Residual([Dense(3, 2)])
    with pytest.raises(ValueError, match="at least one layer"):
        Residual([], fixup=True)


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
    assert float_array("x", chain.forward(np.zeros((1, 3)))).tolist() == [[0, 0]]
