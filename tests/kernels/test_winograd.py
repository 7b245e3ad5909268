"""Winograd's identity, and how much of float32 it costs."""

import numpy as np
import pytest

from minicnn import ops
from .test_winograd_transforms import matrix_of

ERROR = {
    "winograd2": 3e-6,
    "winograd4": 3e-5,
    "im2col": 2e-6,
    "direct": 2e-6,
}  # of the largest value, for hundreds of channels


@pytest.mark.parametrize("m", [2, 4])
def test_the_second_frequency_of_a_gradient_is_its_sum(m: int) -> None:
    assert np.array_equal(matrix_of(f"outputs{m}_transposed")[1], np.ones(m))


@pytest.mark.parametrize("algorithm", ERROR)
def test_the_error_of_float32_is_bounded(algorithm: str) -> None:
    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal((2, 256, 12, 12)), rng.standard_normal((64, 256, 3, 3)) / 48, rng.standard_normal(64)
    dy = rng.standard_normal((2, 64, 12, 12))

    def results(dtype, algorithm):
        y, pullback = ops.conv2d(*(a.astype(dtype) for a in (x, w, b)), padding=1, algorithm=algorithm)
        return y, *pullback(dy.astype(dtype))

    for found, exact in zip(results(np.float32, algorithm), results(np.float64, "im2col"), strict=True):
        assert np.abs(found - exact).max() < ERROR[algorithm] * np.abs(exact).max()


def test_float64_never_uses_it() -> None:
    x, w = np.ones((8, 32, 16, 16)), np.ones((32, 32, 3, 3))
    assert np.array_equal(ops.conv2d(x, w)[0], ops.conv2d(x, w, algorithm="direct")[0])
    with pytest.raises(ValueError, match="winograd4 takes float32"):
        ops.conv2d(x, w, algorithm="winograd4")


@pytest.mark.parametrize("options", [{"stride": 2}, {"dilation": 2}, {"groups": 2}])
def test_other_geometries_are_refused_where_it_is_asked_for(options) -> None:
    x = np.ones((1, 4, 8, 8), np.float32)
    w = np.ones((4, 4 // options.get("groups", 1), 3, 3), np.float32)
    with pytest.raises(ValueError, match="winograd2 takes 3×3 filters"):
        ops.conv2d(x, w, algorithm="winograd2", **options)


def test_an_unknown_algorithm_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(ValueError, match="direct, im2col, winograd4, winograd2 or None, got 'fft'"):
        ops.conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3)), algorithm="fft")
