"""Winograd's constant matrices times many short vectors at a time. (That they are the right ones: tests/mutations.)"""

import numpy as np
import pytest

from minicnn.kernels.winograd_transforms import MATRICES, transform

APART = 50  # numbers between two rows


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [0, 1, 8, 9, 33, APART])
@pytest.mark.parametrize("which", range(len(MATRICES)))
@pytest.mark.parametrize("in_place", [False, True])
def test_it_is_the_product_with_each_column(dtype, size: int, which: int, in_place: bool) -> None:
    matrix = MATRICES[which]
    rng = np.random.default_rng(0)
    x = rng.standard_normal((6, APART)).astype(dtype)
    y = x.copy() if in_place else rng.standard_normal((7, APART)).astype(dtype)
    rows = np.arange(6) * APART if in_place else (1 + np.arange(6)[::-1]) * APART  # in any order
    expected = y.copy()
    expected.reshape(-1, APART)[rows[: len(matrix)] // APART, :size] = matrix @ x[: matrix.shape[1], :size]
    transform(which, y.ravel() if in_place else x.ravel(), np.arange(6) * APART, y.ravel(), rows, size)
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-4 if dtype == np.float32 else 1e-12)
