"""Which algorithm computes a convolution, and in how many sums."""

import numpy as np
import pytest

from minicnn import ops
from minicnn.kernels.vector import REGISTER
from minicnn.ops.convolution.direct import sums_of
from minicnn.ops.convolution.problem import Filters, problem
from minicnn.testing import tie_free

GENERAL = ["direct", "im2col"]  # which take every convolution
FULL = REGISTER // 4  # channels in float32 that fill a register
WIDE = max(FULL + 1, 16)  # and as many as Winograd asks for, on either side: 16, and more than a register on one
CHOSEN = {  # shapes on either side of each threshold: images, filters, what computes y and dx, and what else could
    "enough tiles of 4 × 4": ((1, 16, 16, 16), (WIDE, 16, 3, 3), "winograd4", "winograd4", "direct"),
    "enough tiles of 2 × 2 alone": ((1, 16, 15, 12), (WIDE, 16, 3, 3), "winograd2", "winograd2", "winograd4"),
    "just enough tiles of 2 × 2": ((1, 16, 8, 8), (WIDE, 16, 3, 3), "winograd2", "winograd2", "direct"),
    "and of two images": ((2, 16, 8, 4), (WIDE, 16, 3, 3), "winograd2", "winograd2", "direct"),
    "too few tiles": ((1, 16, 8, 6), (WIDE, 16, 3, 3), "direct", "direct", "winograd2"),
    "too few channels in": ((1, 15, 16, 16), (WIDE, 15, 3, 3), "direct", "direct", "winograd4"),
    "too few channels out": ((1, WIDE, 16, 16), (15, WIDE, 3, 3), "direct", "direct", "winograd4"),
    "a first layer": ((2, 4, 6, 7), (37, 4, 3, 3), "direct", "im2col", None),
    "a second layer": ((2, 5, 6, 7), (37, 5, 3, 3), "direct", "direct", None),
}
if FULL >= 16:
    CHOSEN["a register's channels"] = ((1, FULL, 16, 16), (FULL, FULL, 3, 3), "direct", "direct", "winograd4")


@pytest.mark.parametrize("case", CHOSEN)
def test_which_algorithm_computes_a_convolution_follows_from_its_shapes(case: str) -> None:
    """To the last bit: another one would be as right, but slower."""
    images, filters, forward, backward, other = CHOSEN[case]
    x, w = tie_free(images, 0, np.float32), tie_free(filters, 1, np.float32)
    y, pullback = ops.conv2d(x, w, padding=1)
    dy = tie_free(y.shape, 2, np.float32)
    apart = {name: ops.conv2d(x, w, padding=1, algorithm=name) for name in {forward, backward, other} - {None}}
    assert np.array_equal(y, apart[forward][0])
    assert np.array_equal(pullback(dy)[0], apart[backward][1](dy)[0])
    if other:
        assert not np.array_equal(y, apart[other][0])
    else:
        left = "direct" if backward == "im2col" else "im2col"
        dx = ops.conv2d(x, w, padding=1, algorithm=left)[1](dy)[0]
        assert not np.array_equal(pullback(dy)[0], dx)


@pytest.mark.parametrize(("height", "width", "algorithm"), [(1, 11, "im2col"), (1, 12, "direct"), (3, 4, "direct")])
def test_few_outputs_are_gathered_and_a_tile_of_them_is_not(height: int, width: int, algorithm: str) -> None:
    x, w = tie_free((3, 7, height + 2, width + 2), 0, np.float32), tie_free((9, 7, 3, 3), 1, np.float32)
    y, pullback = ops.conv2d(x, w)
    (dx, _), dy = pullback(y), y  # in the outputs both may agree to the last bit
    as_found = {name: np.array_equal(dx, ops.conv2d(x, w, algorithm=name)[1](dy)[0]) for name in GENERAL}
    assert as_found == {name: name == algorithm for name in GENERAL}


def test_an_unknown_algorithm_is_refused_for_complex_numbers_too() -> None:
    with pytest.raises(ValueError, match="expected algorithm to be one of direct"):
        ops.conv2d(np.ones((1, 1, 3, 3), complex), np.ones((1, 1, 3, 3), complex), algorithm="fft")


@pytest.mark.parametrize(
    ("images", "megabytes", "shares"), [(9, 1, 9), (20, 1, 16), (20, 18, 3), (20, 64, 1), (20, 65, 1), (20, 32, 2)]
)
def test_a_weight_gradient_has_a_sum_for_each_image_but_16_and_64_megabytes_at_most(images, megabytes, shares) -> None:
    filters = REGISTER // 2  # a panel
    channels = megabytes * (1 << 20) // (4 * filters)
    x, w = np.empty((images, channels, 1, 1), np.float32), np.empty((filters, channels, 1, 1), np.float32)
    sums, biases = sums_of(problem("conv2d", x, Filters(w), 1, 0, 1, 1))
    assert sums.shape == (shares, 1, channels, filters) and biases.shape == (shares, 1, filters)
