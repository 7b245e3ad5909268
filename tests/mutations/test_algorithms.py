"""Mistakes in the optimized path: Winograd's matrices, one wrong entry at a time, and the code around them."""

import numpy as np
import pytest

from minicnn import ops
from minicnn.ops.convolution.problem import Filters
from minicnn.ops.convolution.winograd import Winograd
from minicnn.testing import tie_free

from ..kernels.test_winograd_transforms import matrix_of

PARTS = ("inputs", "filters", "outputs", "filters_transposed", "outputs_transposed")


def matrices(m: int) -> dict[str, np.ndarray]:
    """The matrices of F(m × m, 3 × 3), as the engine's transforms multiply by them."""
    return {part: matrix_of(part.replace("s", f"s{m}", 1) if "_" in part else f"{part}{m}") for part in PARTS}


def sign_of_an_input_term(m):
    """one sign in the transform of the images is wrong"""
    m["inputs"][1, 2] *= -1


def factor_of_the_filters(m):
    """one row of the transform of the filters is twice as large, there and back"""
    m["filters"][2] *= 2
    m["filters_transposed"][:, 2] *= 2


def last_row_of_the_outputs(m):
    """the last row of outputs misses its last term, there and back"""
    m["outputs"][-1, -1] = 0
    m["outputs_transposed"][-1, -1] = 0


def transposed_filters(m):
    """the transform of the filters is right, and its transpose wrong"""
    m["filters_transposed"][0, 1] += 0.25


def transposed_outputs(m):
    """the gradient of the outputs is transformed by one wrong entry"""
    m["outputs_transposed"][1, 1] *= -1


def caught_in(m: dict[str, np.ndarray]) -> list[str]:
    """Which identities fail for these matrices: Y = Aᵀ · [(G · g · Gᵀ) ⊙ (Bᵀ · d · B)] · A, and the transposes."""
    rng = np.random.default_rng(0)
    inputs, filters, outputs = m["inputs"], m["filters"], m["outputs"]
    d, g = rng.standard_normal((len(inputs), len(inputs))), rng.standard_normal((3, 3))
    y = outputs @ ((filters @ g @ filters.T) * (inputs @ d @ inputs.T)) @ outputs.T
    seen = np.lib.stride_tricks.sliding_window_view(d, (3, 3))
    checks = {
        "together they are a convolution": np.allclose(y, np.einsum("yxij,ij->yx", seen, g), atol=1e-5),
        "the filters' second transform is the transpose": np.allclose(m["filters_transposed"], filters.T, atol=1e-7),
        "the outputs' second transform is the transpose": np.array_equal(m["outputs_transposed"], outputs.T),
    }
    return [name for name, holds in checks.items() if not holds]


@pytest.mark.parametrize("m", [2, 4])
def test_the_right_matrices_are_caught_by_nobody(m: int) -> None:
    assert not caught_in(matrices(m))


@pytest.mark.parametrize(
    "mistake",
    [
        sign_of_an_input_term,
        factor_of_the_filters,
        last_row_of_the_outputs,
        transposed_filters,
        transposed_outputs,
    ],
)
def test_a_wrong_matrix_is_caught(mistake, caught_by) -> None:
    wrong = matrices(4)
    mistake(wrong)
    assert caught_by.record("Winograd's matrices", mistake, caught_in(wrong))


slide, transformed, weight_gradient = Winograd._slide, Winograd._transformed, Winograd.weight_gradient


def bias_is_forgotten(self, source, u, bias, pad_h, pad_w, result):
    """the bias is not added"""
    return slide(self, source, u, np.zeros_like(bias), pad_h, pad_w, result)


def padding_is_off_by_one(self, source, u, bias, pad_h, pad_w, result):
    """the input is shifted by one pixel to the right"""
    return slide(self, source, u, bias, pad_h, pad_w + 1, result)


def filters_are_turned(self, filters, turned):
    """the filters are turned around in the forward pass, and not for the input gradient"""
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
    """Which results of Winograd's algorithm differ from the definition."""
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
