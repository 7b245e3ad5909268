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


@pytest.mark.parametrize(
    ("kink", "steps", "share"), [(0.3, 1, 1), (0.7, 1, 1), (0.3, 2, 1.5), (0.7, 2, 0.5), (0.3, 4, 1.25)]
)
def test_each_piece_of_the_way_counts_with_the_mean_of_the_gradients_at_its_ends(kink, steps, share):
    """Of S = relu(x − 2 kink) on the way from 0 to 2; also where the pieces are in batches."""
    model = cnn.Sequential(conv=cnn.Conv2d(1, 1, 1), relu=cnn.ReLU(), flat=cnn.Flatten(), fc=cnn.Dense(1, 1))
    model["conv"].weight[...], model["conv"].bias[...], model["fc"].weight[...] = 1, -2 * kink, 1
    x = np.full((1, 1, 1, 1), 2, np.float32)
    for batch_size in (1, 2, 32):
        found = viz.layer_attribution(
            model, x, 0, layer="conv", method="conductance", steps=steps, batch_size=batch_size
        )
        assert found.item() == pytest.approx(share)
