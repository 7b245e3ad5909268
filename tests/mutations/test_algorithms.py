"""Mistakes in the optimised path: Winograd's matrices, one entry wrong at a time."""

import numpy as np
import pytest

from minicnn import ops
from minicnn.kernels import winograd
from minicnn.ops import correlation_wide
from minicnn.testing import tie_free


def dense(terms):
    """A transform's matrix, from the terms that the kernels take."""
    count, index, factor = terms
    matrix = np.zeros((len(count), 1 + max(index[r, : count[r]].max() for r in range(len(count)))))
    for r, n in enumerate(count):
        matrix[r, index[r, :n]] = factor[r, :n]
    return matrix


def altered(part, change, back=None):
    """Winograd's F(4×4, 3×3) with one matrix changed, and the one of the way back along with it (or alone)."""
    t = winograd.F4
    matrix = dense(getattr(t, part))
    change(matrix)
    wrong = {part: winograd.terms(matrix)}
    return t._replace(**wrong, **({back: winograd.terms(matrix.T)} if back else {}))


def sign_of_an_input_term():
    """one sign in the transform of the pictures is wrong"""

    def change(matrix):
        matrix[1, 2] *= -1

    return altered("inputs", change)


def factor_of_the_filters():
    """one row of the transform of the filters is twice as large, there and back"""

    def change(matrix):
        matrix[2] *= 2

    return altered("filters", change, back="filters_back")


def last_row_of_the_outputs():
    """the last row of outputs misses its last term, there and back"""

    def change(matrix):
        matrix[-1, -1] = 0

    return altered("outputs", change, back="outputs_back")


def way_back_of_the_filters():
    """the transform of the filters is right there, and wrong back"""

    def change(matrix):
        matrix[0, 1] += 0.25

    return altered("filters_back", change)


def way_back_of_the_outputs():
    """the gradient of the outputs is transformed by one wrong entry"""

    def change(matrix):
        matrix[1, 1] *= -1

    return altered("outputs_back", change)


MISTAKES = [
    sign_of_an_input_term,
    factor_of_the_filters,
    last_row_of_the_outputs,
    way_back_of_the_filters,
    way_back_of_the_outputs,
]


def caught() -> list[str]:
    """Which results of Winograd's algorithm are not those of the definition."""
    x, w, b = tie_free((2, 5, 9, 10)), tie_free((6, 5, 3, 3), 1), tie_free(6, 2)
    y, pullback = ops.conv2d(x, w, b, padding=1)
    single = (a.astype(np.float32) for a in (x, w, b))
    fast, fast_pullback = ops.conv2d(*single, padding=1, algorithm="winograd4")
    dy = tie_free(y.shape, 3)
    results = zip((y, *pullback(dy)), (fast, *fast_pullback(dy.astype(np.float32))), strict=True)
    names = ("the output agrees", "dx agrees", "dw agrees", "db agrees")
    return [
        name
        for name, (exact, found) in zip(names, results, strict=True)
        if not np.allclose(found, exact, rtol=0, atol=1e-3 * np.abs(exact).max())
    ]


def test_the_right_matrices_are_caught_by_nobody() -> None:
    assert not caught()


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_mistake_is_caught(mistake, caught_by, monkeypatch) -> None:
    monkeypatch.setitem(correlation_wide.TRANSFORMS, "winograd4", mistake())
    assert caught_by.record("conv2d by Winograd", mistake, caught())
