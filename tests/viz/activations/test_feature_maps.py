import numpy as np
import pytest

import minicnn as cnn
import viz


@pytest.fixture
def model():
    model = cnn.Sequential(
        conv=cnn.Conv2d(1, 2, 3),
        block=cnn.Sequential(relu=cnn.ReLU(), pool=cnn.MaxPool2d(2)),
        flatten=cnn.Flatten(),
        fc=cnn.Dense(8, 3),
    )
    return model.initialize(seed=0)


X = np.random.default_rng(0).standard_normal((1, 1, 6, 6)).astype(np.float32)


def test_the_maps_are_what_the_layers_put_out(model):
    maps = viz.feature_maps(model, X, "conv", "block.relu")
    y = model["conv"](X)[0]
    assert list(maps) == ["conv", "block.relu"]
    assert np.array_equal(maps["conv"], y)
    assert np.array_equal(maps["block.relu"], np.maximum(y, 0))


def test_without_names_all_outer_layers_that_have_maps(model):
    assert {path: y.shape for path, y in viz.feature_maps(model, X).items()} == {"conv": (2, 4, 4), "block": (2, 2, 2)}


def test_what_has_no_maps_is_refused(model):
    with pytest.raises(ValueError, match=r"feature_maps: fc outputs \(1, 3\), which are not maps"):
        viz.feature_maps(model, X, "fc")
    with pytest.raises(ValueError, match=r"feature_maps: expected x \(1, C, H, W\), one image, got shape \(2, 1"):
        viz.feature_maps(model, np.concatenate([X, X]))
