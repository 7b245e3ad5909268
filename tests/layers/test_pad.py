"""A separate padding layer gives the same as the padding of the layer after it."""

import numpy as np
import pytest

from minicnn import Conv2d, MaxPool2d, Pad, Sequential
from minicnn.receptive_field import receptive_fields
from minicnn.testing import tie_free


def test_before_a_convolution_it_is_the_convolutions_padding() -> None:
    conv = Conv2d(2, 3, 3, padding=(2, 1)).initialize().astype(np.float64)
    bare = Conv2d(2, 3, 3).astype(np.float64)
    bare.load_state(conv.state())
    padded = Sequential(pad=Pad((1, 1, 2, 2)), conv=bare)
    x = tie_free((2, 2, 5, 4))
    assert np.allclose(padded(x), conv(x))
    assert receptive_fields(padded)["conv"] == receptive_fields(Sequential(conv=conv))["conv"]


def test_of_minus_infinity_before_a_pooling_it_is_the_poolings_padding() -> None:
    padded = Sequential(pad=Pad((1, 1, 1, 1), -np.inf), pool=MaxPool2d(3, 2))
    x = tie_free((1, 2, 5, 6))
    y, pullback = padded.forward(x)
    expected, expected_pullback = MaxPool2d(3, 2, padding=1).forward(x)
    assert np.array_equal(y, expected)
    assert np.array_equal(pullback(y)[0], expected_pullback(y)[0])


def test_a_border_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="Pad: expected padding to be 4 or 6 ints"):
        Pad((1, 1))
