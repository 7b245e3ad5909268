"""Mistakes in the optimised path: Winograd's matrices, one entry wrong at a time, and what is done around them."""

import numpy as np
import pytest

from minicnn import ops
from minicnn.kernels.winograd_transforms import F2, F4, MATRICES
from minicnn.ops.convolution.problem import Filters
from minicnn.ops.convolution.winograd import Winograd
from minicnn.testing import tie_free

PARTS = F4._fields


def matrices(transforms) -> dict[str, np.ndarray]:
    return {part: MATRICES[which].copy() for part, which in zip(PARTS, transforms, strict=True)}


def sign_of_an_input_term(m):
    """one sign in the transform of the pictures is wrong"""
    m["inputs"][1, 2] *= -1


def factor_of_the_filters(m):
    """one row of the transform of the filters is twice as large, there and back"""
    m["filters"][2] *= 2
    m["filters_back"][:, 2] *= 2


def last_row_of_the_outputs(m):
    """the last row of outputs misses its last term, there and back"""
    m["outputs"][-1, -1] = 0
    m["outputs_back"][-1, -1] = 0


def way_back_of_the_filters(m):
    """the transform of the filters is right there, and wrong back"""
    m["filters_back"][0, 1] += 0.25


def way_back_of_the_outputs(m):
    """the gradient of the outputs is transformed by one wrong entry"""
    m["outputs_back"][1, 1] *= -1


def caught_in(m: dict[str, np.ndarray]) -> list[str]:
    """What is not so of these matrices: Y = Aᵀ · [(G · g · Gᵀ) ⊙ (Bᵀ · d · B)] · A, and transposes on the way back."""
    rng = np.random.default_rng(0)
    inputs, filters, outputs = m["inputs"], m["filters"], m["outputs"]
    d, g = rng.standard_normal((len(inputs), len(inputs))), rng.standard_normal((3, 3))
    y = outputs @ ((filters @ g @ filters.T) * (inputs @ d @ inputs.T)) @ outputs.T
    windows = np.lib.stride_tricks.sliding_window_view(d, (3, 3))
    checks = {
        "together they are a convolution": np.allclose(y, np.einsum("yxij,ij->yx", windows, g), atol=1e-12),
        "the filters' way back is transposed": np.array_equal(m["filters_back"], filters.T),
        "the outputs' way back is transposed": np.array_equal(m["outputs_back"], outputs.T),
    }
    return [name for name, holds in checks.items() if not holds]


@pytest.mark.parametrize("transforms", [F2, F4])
def test_the_right_matrices_are_caught_by_nobody(transforms) -> None:
    assert not caught_in(matrices(transforms))


@pytest.mark.parametrize(
    "mistake",
    [
        sign_of_an_input_term,
        factor_of_the_filters,
        last_row_of_the_outputs,
        way_back_of_the_filters,
        way_back_of_the_outputs,
    ],
)
def test_a_wrong_matrix_is_caught(mistake, caught_by) -> None:
    wrong = matrices(F4)
    mistake(wrong)
    assert caught_by.record("Winograd's matrices", mistake, caught_in(wrong))


slide, transformed, weight_gradient = Winograd._slide, Winograd._transformed, Winograd.weight_gradient


def bias_is_forgotten(self, source, u, bias, pad_h, pad_w, result):
    """the bias is not added"""
    slide(self, source, u, np.zeros_like(bias), pad_h, pad_w, result)


def padding_is_off_by_one(self, source, u, bias, pad_h, pad_w, result):
    """what comes in lies one pixel too far to the right"""
    slide(self, source, u, bias, pad_h, pad_w + 1, result)


def filters_are_turned(self, filters, turned):
    """the filters are turned around forward, and not for the input gradient"""
    return transformed(self, Filters(np.ascontiguousarray(filters.w[:, :, ::-1, ::-1]), filters.b), turned)


def gradient_is_turned(self, p, x, dy):
    """the gradient of the filters is turned around"""
    dw, db = weight_gradient(self, p, x, dy)
    return dw[:, :, ::-1, ::-1], db


MISTAKES = {
    "_slide": [bias_is_forgotten, padding_is_off_by_one],
    "_transformed": [filters_are_turned],
    "weight_gradient": [gradient_is_turned],
}


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


def test_the_right_path_is_caught_by_nobody() -> None:
    assert not caught()


@pytest.mark.parametrize(("where", "mistake"), [(where, mistake) for where in MISTAKES for mistake in MISTAKES[where]])
def test_a_mistake_around_them_is_caught(where, mistake, caught_by, monkeypatch) -> None:
    monkeypatch.setattr(Winograd, where, mistake)
    assert caught_by.record("conv2d by Winograd", mistake, caught())
