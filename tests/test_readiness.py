"""Warming up leaves no trace except compiled code."""

import numpy as np
import pytest

import minicnn as cnn


def test_a_model_stays_as_it_was() -> None:
    model = cnn.Sequential(
        conv=cnn.Conv2d(1, 2, 3), bn=cnn.BatchNorm2d(2), relu=cnn.ReLU(), flatten=cnn.Flatten(), fc=cnn.Dense(32, 3)
    ).initialize(seed=0)
    before = {name: array.copy() for name, array in model.state().items()}
    assert cnn.warmup(model, (1, 6, 6), batch_size=2) > 0
    assert all(np.array_equal(before[name], array) for name, array in model.state().items())


def test_a_network_of_the_zoo_is_named() -> None:
    assert cnn.warmup("seed", batch_size=1) > 0


def test_what_the_model_takes_must_be_known() -> None:
    with pytest.raises(ValueError, match="expected input_shape"):
        cnn.warmup(cnn.Dense(2, 2))
