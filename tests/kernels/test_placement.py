"""The bits of an element do not depend on where the arrays are in memory.

A compiled loop has a vector form and a scalar form, and takes the scalar one where arrays lie close together. If it is
free to reassociate, the compiler may order the terms of an expression differently in the two.
"""

import numpy as np
import pytest

from minicnn.kernels import norm, update

SIZE = 12
NUMBERS = np.random.default_rng(0).standard_normal((5, SIZE))
mean, factor, shift, slope, bias = np.full((5, SIZE), [[0.1], [0.7], [0.3], [0.2], [0.5]])

LOOPS = {
    "normalize": lambda x, y: norm.normalize(x[None], mean, factor, bias, y[None]),
    "input_gradient": lambda x, y: norm.input_gradient(x[None], NUMBERS[1][None], mean, factor, shift, slope, y[None]),
    "sgd": lambda x, y: update.sgd(y, x, 0.1, 0.3),
    "momentum": lambda x, y: update.momentum(y, x, NUMBERS[2].copy(), 0.1, 0.9, 0.3, False),
    "nesterov": lambda x, y: update.momentum(y, x, NUMBERS[2].copy(), 0.1, 0.9, 0.3, True),
    "adam": lambda x, y: update.adam(
        y, x, NUMBERS[2].copy(), NUMBERS[3] ** 2, 1e-3, 0.1, 0.999, 0.001, 1e-8, 0.7, 0.3, 0.99
    ),
}


@pytest.mark.parametrize("loop", LOOPS)
def test_near_or_far_the_bits_are_the_same(loop: str) -> None:
    memory = np.zeros(200)
    results = set()
    for start in range(SIZE, 100):
        source, target = memory[:SIZE], memory[start : start + SIZE]
        source[...], target[...] = NUMBERS[0], NUMBERS[4]
        LOOPS[loop](source, target)
        results.add(target.tobytes())
    assert len(results) == 1
