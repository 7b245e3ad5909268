"""A task that small networks learn in a moment, and networks with all the state that resuming must restore."""

import numpy as np
import pytest

import minicnn as cnn


@pytest.fixture
def stripes():
    """Builds a data set: class k has a bright row 2k, in noise."""

    def build(count=60, classes=3, seed=0):
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, classes, count)
        images = rng.integers(0, 120, (count, 1, 8, 8), dtype=np.uint8)
        images[np.arange(count), 0, 2 * labels] += 60
        return cnn.data.Dataset(images, labels, [f"row {2 * k}" for k in range(classes)])

    return build


@pytest.fixture
def network():
    """Builds a network with batch normalization and dropout for such images."""

    def build(classes=3, seed=0):
        return cnn.Sequential(
            conv=cnn.Conv2d(1, 4, 3), norm=cnn.BatchNorm2d(4), relu=cnn.ReLU(), pool=cnn.MaxPool2d(2),
            flatten=cnn.Flatten(), drop=cnn.Dropout(0.2), fc=cnn.Dense(36, classes),
        ).initialize(seed)  # fmt: skip

    return build


@pytest.fixture
def same():
    """Whether two models hold the same arrays, bit for bit."""

    def compare(one, other):
        a, b = one.state(), other.state()
        return a.keys() == b.keys() and all(a[name].tobytes() == b[name].tobytes() for name in a)

    return compare
