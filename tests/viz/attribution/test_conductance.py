"""Conductance: integrated gradients, seen at a hidden layer."""

import numpy as np
import pytest

import minicnn as cnn
import viz

MODEL = cnn.zoo.build("seed", seed=2)
for name, array in MODEL.parameters().items():
    if name.endswith("bias"):  # without, the gradient would be the same all the way from zero
        array[...] = np.random.default_rng(7).uniform(-0.2, 0.2, array.shape)
X = np.random.default_rng(0).standard_normal((2, 1, 28, 28)).astype(np.float32)


@pytest.mark.parametrize("layer", ["conv1", "pool2", "fc1"])
def test_conductances_sum_to_the_rise_of_the_score(layer):
    shares = viz.layer_attribution(MODEL, X, 3, layer=layer, method="conductance", baseline=-0.5, steps=200)
    assert shares.shape == MODEL.forward(X, cnn.Pass(until=layer))[0].shape
    rise = MODEL(X)[:, 3] - MODEL(np.full_like(X, -0.5))[:, 3]
    np.testing.assert_allclose(shares.reshape(2, -1).sum(axis=1), rise, rtol=0.01, atol=0.01)


def test_an_op_that_moves_nothing_receives_the_integrated_gradients_of_the_pixels():
    model = cnn.Sequential({"first": cnn.Dropout(0.5)} | MODEL.children)
    conductance = viz.layer_attribution(model, X, 3, layer="first", method="conductance", steps=300)
    pixels = viz.integrated_gradients(model, X, 3, steps=300)
    np.testing.assert_allclose(conductance, pixels, atol=0.02 * np.abs(pixels).max())
