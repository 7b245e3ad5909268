"""Every word of the vocabulary against its scalar twin, and the register tile against NumPy's product."""

import numpy as np
import pytest

from minicnn.kernels.dense import multiply
from minicnn.kernels.panels import KC, Runs, sweep
from minicnn.kernels.vector import (
    MR,
    MR_NARROW,
    NR_BYTES,
    REGISTER,
    Terms,
    above,
    address,
    as_integers,
    at_most,
    beats,
    load,
    load_like,
    load_some,
    magnitude,
    places_of,
    same,
    spread,
    store,
    where,
    width,
    zeros_of,
)
from minicnn.threads import jit

DTYPES = [np.float32, np.float64]
SPECIAL = [0.0, -0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 2.0]


@jit
def _words(a, b, out):
    """One row of `out` for each word, over one register."""
    n = width(a)
    x, y = load(a, 0), load(b, 0)
    zero = zeros_of(a)
    store(out, 0, x + y)
    store(out, n, where(beats(x, y), x, y))
    store(out, 2 * n, where(above(x, y), x, zero))
    store(out, 3 * n, where(at_most(x, y), x, zero))
    store(out, 4 * n, spread(3, x))
    store(out, 5 * n, load_some(a, 0, 2))
    store(out, 6 * n, magnitude(x))


@jit
def _winners(a, b, out):
    won = places_of(load(a, 0))
    store(out, 0, as_integers(where(above(load(a, 0), load(b, 0)), spread(255, won), spread(7, won)), out))


@pytest.mark.parametrize("dtype", DTYPES)
def test_each_word_is_its_scalar_twin(dtype) -> None:
    n = REGISTER // np.dtype(dtype).itemsize
    pairs = np.array([(a, b) for a in SPECIAL for b in SPECIAL], dtype)
    for first in range(0, len(pairs), n):
        part = np.resize(pairs[first : first + n], (n, 2))
        a, b = (np.ascontiguousarray(column) for column in part.T)
        out = np.empty(7 * n, dtype)
        _words(a, b, out)
        with np.errstate(invalid="ignore"):
            wins = (a > b) | np.isnan(a)
            some = np.where(np.arange(n) < 2, a, 0)
            twins = [
                a + b,
                np.where(wins, a, b),
                np.where(a > b, a, 0),
                np.where(a <= b, a, 0),
                np.full(n, 3),
                some,
                np.abs(a),
            ]
        for found, twin in zip(out.reshape(7, n), twins, strict=True):
            np.testing.assert_allclose(found, twin, rtol=1e-6)
        for kind in (np.uint8, np.int32):
            winners = np.empty(n, kind)
            _winners(a, b, winners)
            assert np.array_equal(winners, np.where(a > b, 255, 7))


@jit
def _where_three(bytes_, values, out):
    x = load(values, 0)
    won = load_like(bytes_, 1, x)
    store(out, 0, where(same(won, spread(3, won)), x, zeros_of(values)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_bytes_choose_among_numbers_beside_them(dtype) -> None:
    n = REGISTER // np.dtype(dtype).itemsize
    bytes_, values = (np.arange(n + 1) % 5 + 1).astype(np.uint8), np.arange(1, n + 1).astype(dtype)
    out = np.empty(n, dtype)
    _where_three(bytes_, values, out)
    assert np.array_equal(out, np.where(bytes_[1:] == 3, values, 0)) and out.any()


@jit
def _swept(x, taps, places, panel, depth, start, runs, y, floor, narrow):
    for _ in range(1):  # in a loop, as addresses do not keep arrays alive
        terms = Terms(address(taps, 0), address(places, 0), len(taps), depth)
        weights, begin = address(panel, 0), address(start, 0)
        sweep(address(x, 0), terms, weights, begin, runs, address(y, 0), floor, narrow, x.itemsize)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("depth", [0, 1, 7, KC, KC + 1, 3 * KC + 5])
@pytest.mark.parametrize("size", [1, MR_NARROW, MR_NARROW + 1, 5 * MR + 4])
@pytest.mark.parametrize(
    ("number", "taps", "floor"), [(1, 1, -np.inf), (1, 3, 0.0), (3, 1, 0.0), (3, 3, -np.inf), (3, 3, 0.0)]
)
def test_a_sweep_is_the_matrix_product(dtype, narrow, depth: int, size: int, number: int, taps: int, floor) -> None:
    """Of several runs with a gap between them, and of taps in another order in the panel than in x."""
    rng = np.random.default_rng(0)
    NR, lanes = NR_BYTES // np.dtype(dtype).itemsize, NR_BYTES // np.dtype(dtype).itemsize // (2 if narrow else 1)
    K, gap = taps * depth, 2
    rows = number * (size + gap) + MR_NARROW
    x, panel, start = (rng.standard_normal(shape).astype(dtype) for shape in ((rows, K), (K, NR), NR))
    y = np.full((rows + 1, NR), np.nan, dtype)
    begins, places = np.arange(taps) * depth, np.arange(taps)[::-1] * (depth * NR)
    runs = Runs(number, size, K, (size + gap) * K, NR, (size + gap) * NR)
    _swept(x.ravel(), begins, places.copy(), panel.ravel(), depth, start, runs, y.reshape(-1), floor, narrow)
    turned = panel.reshape(taps, depth, NR)[::-1].reshape(K, NR)
    expected = np.maximum(x.astype(float) @ turned.astype(float) + start, floor)
    for first in range(0, number * (size + gap), size + gap):
        found, exact = (array[first : first + size, :lanes] for array in (y, expected))
        np.testing.assert_allclose(found, exact, rtol=0, atol=4e-4 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [1, MR - 1, MR, 2 * MR + 1])
@pytest.mark.parametrize("columns", [1, 20, 70])
@pytest.mark.parametrize("transposed", [False, True])
def test_a_dense_product_writes_its_own_columns_alone(dtype, rows: int, columns: int, transposed: bool) -> None:
    rng = np.random.default_rng(0)
    K, line, first = 9, 80, 5
    a, b = rng.standard_normal((rows, K)).astype(dtype), rng.standard_normal((K, line)).astype(dtype)
    c = np.full((rows, line), 7, dtype)
    flat, row, step = (np.ascontiguousarray(a.T).ravel(), 1, rows) if transposed else (a.ravel(), K, 1)
    multiply(flat, 0, row, step, rows, K, b.ravel(), first, columns, line, c.reshape(-1), first)
    expected = np.full((rows, line), 7.0)
    expected[:, first : first + columns] = (a.astype(float) @ b.astype(float))[:, first : first + columns]
    np.testing.assert_allclose(c, expected, rtol=0, atol=1e-5 if dtype == np.float32 else 1e-12)
