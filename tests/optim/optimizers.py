"""Every optimizer, and helpers to take steps with them, for the tests of this folder."""

import numpy as np
import pytest

from minicnn.optim import SGD, Adam, AdamW

OPTIMIZERS = {
    "sgd": lambda: SGD(0.1),
    "sgd, weight decay": lambda: SGD(0.1, weight_decay=0.01),
    "momentum": lambda: SGD(0.1, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda: SGD(0.1, momentum=0.9, nesterov=True),
    "adam": lambda: Adam(0.01, weight_decay=0.1),
    "adamw": lambda: AdamW(0.01),
}
every_optimizer = pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())


def random_arrays(seed, dtype=np.float64):
    rng = np.random.default_rng(seed)
    shapes = {"conv.weight": (4, 3, 3, 3), "conv.bias": (4,), "scale": ()}
    return {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}


def run(optimizer, parameters, steps):
    for step in steps:
        optimizer.step(parameters, random_arrays(1000 + step, parameters["scale"].dtype))
    return parameters


def identical(a, b):
    return a.keys() == b.keys() and all(a[k].dtype == b[k].dtype and a[k].tobytes() == b[k].tobytes() for k in a)
