"""Products of parts of matrices, added to what is there."""

import numpy as np
import pytest

from minicnn.kernels.matmul import DEPTH, LANES, ROWS, multiply, multiply_panels, pack, panels_of

DTYPES = [np.float32, np.float64, np.complex64, np.complex128]
SHAPES = [
    (1, 1, 1),
    (3, 5, 2),
    (ROWS, LANES, 7),
    (ROWS + 1, LANES + 1, 3),
    (5 * ROWS - 1, 3 * LANES, 2 * DEPTH + 3),
    (70, 130, 300),
    (0, 4, 3),
    (4, 0, 3),
    (4, 3, 0),
    (40, 3, 0),
]


def factors(dtype, M: int, N: int, K: int, transposed: bool = False):
    rng = np.random.default_rng(0)
    a, b, c = (rng.standard_normal(shape).astype(dtype) for shape in ((K, M) if transposed else (M, K), (K, N), (M, N)))
    if np.iscomplexobj(c):
        a = a + 1j * a[::-1]
    return a.T if transposed else a, b, c


def tolerance(dtype) -> float:
    return 2e-4 if np.finfo(dtype).bits == 32 else 1e-12


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("add", [False, True])
def test_it_is_the_matrix_product(dtype, shape, transposed: bool, add: bool) -> None:
    a, b, c = factors(dtype, *shape, transposed)
    expected = a @ b + (c if add else 0)
    multiply(a, b, c, add)
    np.testing.assert_allclose(c, expected, rtol=0, atol=tolerance(dtype))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("add", [False, True])
def test_a_factor_in_panels_gives_the_same_bits(dtype, shape, add: bool) -> None:
    a, b, c = factors(dtype, *shape)
    _, N, K = shape
    panels = np.full((panels_of(N), K, LANES), np.nan, dtype)
    pack(b, panels)
    expected = c.copy()
    multiply(a, b, expected, add)
    multiply_panels(a, panels, c, add)
    assert np.array_equal(c, expected)


def test_what_is_not_added_to_is_not_read() -> None:
    a, b, _ = factors(np.float32, 20, 40, 9)
    c = np.full((20, 40), np.nan, np.float32)
    multiply(a, b, c, False)
    assert np.isfinite(c).all()


@pytest.mark.parametrize("rows", [4, 60])
def test_columns_are_read_and_written_in_place(rows: int) -> None:
    rng = np.random.default_rng(0)
    a, b, c = rng.standard_normal((rows, 9)), rng.standard_normal((3, 80)), np.zeros((rows, 80))
    multiply(a[:, 2:5], b[:, 1:70], c[:, 1:70], False)
    np.testing.assert_allclose(c[:, 1:70], a[:, 2:5] @ b[:, 1:70])
    assert not c[:, [0, *range(70, 80)]].any()


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_a_number_that_is_not_finite_touches_only_what_it_belongs_to(odd: float) -> None:
    a, b, c = factors(np.float32, 3 * ROWS + 1, LANES + 3, 5)
    a[2, 1] = odd
    multiply(a, b, c, False)
    assert not np.isfinite(c[2]).any()
    assert np.isfinite(np.delete(c, 2, axis=0)).all()
