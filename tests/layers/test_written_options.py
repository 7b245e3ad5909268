"""A layer as the call that makes it: what it needs by position, what differs from its default by name."""

from typing import Any

import numpy as np
import pytest

import minicnn as cnn
from minicnn.layers import written_options


class Scaled(cnn.Sequential):
    """Takes an option before its layers, which a call cannot name, and one behind them."""

    def __init__(self, factor: int = 2, *layers: Any, bias: bool = True) -> None:
        self.factor, self.bias = factor, bias
        super().__init__(*layers)


class Own(cnn.Layer):
    def __init__(self, size: Any, rate: float = 0.5, *, needed: int) -> None:
        self.size, self.rate, self.needed = size, rate, needed


class Bare(cnn.Layer):
    """Keeps no array for its bias, and does not say that it could."""

    def __init__(self, bias: bool = True) -> None:
        self.bias = np.zeros(1) if bias else None


WRITTEN = [
    (cnn.ReLU(), [], []),
    (cnn.Conv2d(1, 10, 3, padding=1), ["1", "10", "3"], ["padding=1"]),
    (cnn.Conv2d(1, 10, (3, 5), 1, 0), ["1", "10", "(3, 5)"], []),
    (cnn.Conv2d(1, 10, (3, 3), (1, 2)), ["1", "10", "3"], ["stride=(1, 2)"]),
    (cnn.Conv2d(1, 10, 3, bias=False), ["1", "10", "3"], ["bias=False"]),
    (cnn.Dense(2, 3), ["2", "3"], []),
    (cnn.Dense(2, 3, bias=False), ["2", "3"], ["bias=False"]),
    (cnn.MaxPool2d(2), ["2"], []),
    (cnn.MaxPool2d(2, stride=2), ["2"], []),
    (cnn.MaxPool2d((2, 3)), ["(2, 3)"], []),
    (cnn.MaxPool2d((2, 3), 2), ["(2, 3)"], ["stride=2"]),
    (cnn.AvgPool2d(3, 1, ceil_mode=True), ["3"], ["stride=1", "ceil_mode=True"]),
    (cnn.MaxPool2d(2, padding=(1, 1)), ["2"], ["padding=1"]),
    (cnn.Reshape((3, 3)), ["(3, 3)"], []),  # no pair: it takes a sequence alone
    (cnn.Upsample((3, 3)), [], ["size=3"]),
    (cnn.Clip(np.float64(0.5)), [], ["low=0.5"]),
    (Scaled(2, cnn.ReLU()), ["2"], []),
    (Scaled(3, cnn.ReLU(), bias=False), ["3"], ["bias=False"]),
    (Bare(), [], []),
    (Bare(False), [], ["bias=False"]),
    (Own((2, 2), needed=3), ["(2, 2)"], ["needed=3"]),
    (Own(4, 0.25, needed=3), ["4"], ["rate=0.25", "needed=3"]),
]


@pytest.mark.parametrize(("layer", "positional", "named"), WRITTEN)
def test_a_layer_is_written_as_the_call_that_makes_it(layer: Any, positional: list[str], named: list[str]) -> None:
    assert written_options(layer) == (positional, named)
