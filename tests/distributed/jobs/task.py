"""What the jobs train: a network with everything that could differ between processes, and a data set."""

import numpy as np

import minicnn as cnn


def stripes(count=60):
    """Class k has a bright row 2k, in noise."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, count)
    images = rng.integers(0, 120, (count, 1, 8, 8), dtype=np.uint8)
    images[np.arange(count), 0, 2 * labels] += 60
    return cnn.data.Dataset(images, labels, ["row 0", "row 2", "row 4"])


def network(drop=0.2, norm=True):
    norms = {"norm": cnn.BatchNorm2d(4)} if norm else {}
    return cnn.Sequential(
        conv=cnn.Conv2d(1, 4, 3, bias=not norm), **norms, relu=cnn.ReLU(), pool=cnn.MaxPool2d(2),
        flatten=cnn.Flatten(), drop=cnn.Dropout(drop), fc=cnn.Dense(36, 3),
    ).initialize(0)  # fmt: skip
