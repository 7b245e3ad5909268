"""Products of parts of matrices, added to what is there."""

import numpy as np
import pytest

from minicnn.kernels.blas import SMALL, multiply


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 2), (70, 130, 300), (0, 4, 3), (4, 3, 0)])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("add", [False, True])
def test_it_is_the_matrix_product(dtype, shape, transposed: bool, add: bool) -> None:
    M, N, K = shape
    rng = np.random.default_rng(0)
    a, b, c = (rng.standard_normal(s).astype(dtype) for s in ((K, M) if transposed else (M, K), (K, N), (M, N)))
    expected = (a.T if transposed else a) @ b + (c if add else 0)
    multiply(a, b, c, transposed, add)
    np.testing.assert_allclose(c, expected, rtol=0, atol=1e-4 if np.finfo(dtype).bits == 32 else 1e-12)


def test_a_product_too_large_for_one_call_is_cut_in_every_direction() -> None:
    shape = (130, 140, 500)
    assert np.prod(shape) > SMALL
    rng = np.random.default_rng(0)
    a, b, c = rng.standard_normal((130, 500)), rng.standard_normal((500, 140)), np.full((130, 140), np.nan)
    multiply(a, b, c, False, False)
    np.testing.assert_allclose(c, a @ b, rtol=0, atol=1e-11)


def test_columns_are_read_and_written_in_place() -> None:
    rng = np.random.default_rng(0)
    a, b, c = rng.standard_normal((4, 9)), rng.standard_normal((3, 8)), np.zeros((4, 8))
    multiply(a[:, 2:5], b[:, 1:7], c[:, 1:7], False, False)
    np.testing.assert_allclose(c[:, 1:7], a[:, 2:5] @ b[:, 1:7])
    assert not c[:, [0, 7]].any()


def test_a_single_row_may_have_any_stride() -> None:
    a, b, c = np.ones((2, 1)), np.arange(5.0).reshape(5, 1).T, np.zeros((2, 5))
    multiply(a, b, c, False, False)
    assert np.array_equal(c, [np.arange(5)] * 2)
