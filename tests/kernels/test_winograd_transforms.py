"""Winograd's constant matrices times many short vectors at a time."""

import numpy as np
import pytest

from minicnn.kernels.linear import MATRICES, linear
from minicnn.kernels.winograd import F2, F4

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
    linear(which, y.ravel() if in_place else x.ravel(), np.arange(6) * APART, y.ravel(), rows, size)
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-4 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("transforms", [F2, F4])
def test_together_they_are_a_convolution(transforms) -> None:
    """Y = Aᵀ · [(G · g · Gᵀ) ⊙ (Bᵀ · d · B)] · A, the definition."""
    inputs, filters, outputs = (MATRICES[which] for which in transforms[:3])
    rng = np.random.default_rng(0)
    d, g = rng.standard_normal((len(inputs), len(inputs))), rng.standard_normal((3, 3))
    y = outputs @ ((filters @ g @ filters.T) * (inputs @ d @ inputs.T)) @ outputs.T
    windows = np.lib.stride_tricks.sliding_window_view(d, (3, 3))
    np.testing.assert_allclose(y, np.einsum("yxij,ij->yx", windows, g), atol=1e-12)
    for which, transposed in ((1, 3), (2, 4)):
        assert np.array_equal(MATRICES[transforms[which]].T, MATRICES[transforms[transposed]])
