import numpy as np
import pytest

import minicnn as cnn
from viz.weights import filters


@pytest.fixture
def model():
    model = cnn.Sequential(conv1=cnn.Conv2d(3, 4, 5), relu=cnn.ReLU(), conv2=cnn.Conv2d(4, 2, 3))
    return model.initialize(seed=0)


def test_the_first_convolution_is_shown_unless_another_is_named(model):
    assert np.array_equal(filters(model), model["conv1"].weight)
    assert np.array_equal(filters(model, "conv2"), model["conv2"].weight)


def test_what_comes_is_a_copy(model):
    filters(model)[...] = 0
    assert model["conv1"].weight.any()


def test_a_network_of_blue_green_red_is_shown_in_red_green_blue(model):
    model.transform = cnn.data.Transform((0.0,) * 3, (1.0,) * 3, channels="BGR")
    assert np.array_equal(filters(model)[:, 0], model["conv1"].weight[:, 2])
    assert np.array_equal(filters(model, "conv2"), model["conv2"].weight)


def test_a_single_layer_has_filters_too():
    layer = cnn.Conv2d(1, 4, 3).initialize(seed=0)
    assert np.array_equal(filters(layer), layer.weight)


def test_a_layer_without_filters_is_refused(model):
    with pytest.raises(ValueError, match="filters: expected the path of a convolution, got 'relu'; there are conv1, "):
        filters(model, "relu")
    with pytest.raises(ValueError, match="the model has none"):
        filters(cnn.Dense(3, 2))
