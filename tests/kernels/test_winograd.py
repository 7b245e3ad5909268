"""Winograd's identity, and how much precision of float32 it costs."""

import re

import numpy as np
import pytest

from minicnn import ops
from minicnn.kernels.winograd import shares_of
from minicnn.kernels.winograd_tiles import CHUNK, GROUP, Places, clear_absent
from minicnn.testing import tie_free

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


@pytest.mark.parametrize("algorithm", ["winograd2", "winograd4"])
@pytest.mark.parametrize("pixel", [1e6, np.inf, np.nan])
def test_one_huge_pixel_changes_only_the_outputs_that_see_it(algorithm: str, pixel: float) -> None:
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(shape).astype(np.float32) for shape in ((2, 32, 12, 12), (32, 32, 3, 3)))
    calm = ops.conv2d(x, w, padding=1, algorithm="direct")[0]
    x[1, 3, 5, 6] = pixel
    y, pullback = ops.conv2d(x, w, padding=1, algorithm=algorithm)
    seen = np.zeros(y.shape, bool)
    seen[1, :, 4:7, 5:8] = True
    assert np.abs((y - calm)[~seen]).max() < 1e-5 * np.abs(calm).max()
    assert (np.abs(y[seen]) > 1e3).all() or not np.isfinite(y[seen]).any()
    dy = np.zeros_like(y)
    dy[0, 2, 7, 7] = pixel  # the gradient of a single output
    dx = pullback(dy, wants=(True, False))[0]
    reached = np.zeros(dx.shape, bool)
    reached[0, :, 6:9, 6:9] = True
    assert not dx[~reached].any()


@pytest.mark.parametrize("algorithm", ["winograd2", "winograd4"])
def test_nor_does_one_in_the_last_tile_of_few_which_are_transformed_once_for_many_filters(algorithm: str) -> None:
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(shape).astype(np.float32) for shape in ((1, 32, 12, 12), (70, 32, 3, 3)))
    calm = ops.conv2d(x, w, padding=1, algorithm="direct")[0]
    x[0, 31, 10, 10] = 1e6
    y, _ = ops.conv2d(x, w, padding=1, algorithm=algorithm)
    assert np.abs((y - calm)[:, :, :9]).max() < 1e-5 * np.abs(calm).max() > np.abs((y - calm)[..., :9]).max()
    assert (np.abs(y[:, :, 9:, 9:]).max(axis=1) > 1e6).all()  # of 70 filters


@pytest.mark.parametrize(
    ("images", "channels", "filters", "shares"),
    [(9, 64, 64, 16), (1, 64, 64, 4), (9, 113, 64, 16), (9, 114, 64, 8), (9, 128, 128, 4), (9, 512, 512, 2)],
)
def test_a_weight_gradient_has_16_sums_but_16_megabytes_or_two_at_most(images, channels, filters, shares) -> None:
    """A sum is 36 numbers for each channel and filter; an image of 16 × 16 has four runs, so that it has four sums."""
    assert shares_of(images, 16, 16, 4, channels, filters, 4) == shares


def test_values_of_ordinary_range_are_left_to_it() -> None:
    """ReLU's zeros, black borders and images at other scales do not make Winograd fall back to "direct"."""
    from minicnn.kernels.winograd import forward
    from minicnn.ops.convolution import winograd

    rng = np.random.default_rng(0)
    x = np.maximum(rng.standard_normal((4, 16, 32, 32)).astype(np.float32) - 1.5, 0)
    x[:, :, :14], x[0], x[1] = 0, x[0] * 1000, x[1] / 1000
    stepped_back = []

    def watched(*args):
        stepped_back.append(forward(*args))
        return stepped_back[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(winograd.kernels, "forward", watched)
        ops.conv2d(x, np.ones((16, 16, 3, 3), np.float32), padding=1, algorithm="winograd4")
    assert stepped_back == [False]


def test_it_steps_back_at_the_range_that_the_docstring_tells() -> None:
    from minicnn.kernels.winograd_tiles import rough

    told = int(re.search(r"largest value is (\d+) times the mean", str(ops.conv2d.__doc__))[1])
    sums, size = np.array([64.0, 64.0, 32.0], np.float32), 64
    for largest, expected in ((told - 1, False), (told, False), (told + 0.5, True), (np.inf, True)):
        assert rough.py_func(np.array([largest, 1, 1], np.float32), sums, size) == expected
    assert not rough.py_func(np.array([1, 1, told / 2 + 1], np.float32), sums, size)  # the mean of all counts there
    assert rough.py_func(np.ones(3, np.float32), sums + np.inf, size)


@pytest.mark.parametrize("tiles", [0, 1, GROUP - 1, GROUP, GROUP + 5])
def test_tiles_that_a_group_lacks_are_zero(tiles: int) -> None:
    """Denormal numbers left there by earlier work would be multiplied, which takes far longer."""
    frequencies, depth, groups = 4, 2 * CHUNK, -(-tiles // GROUP)
    slab = GROUP * CHUNK
    places = Places(slab, CHUNK, 2 * frequencies * slab, frequencies * slab)
    v = np.full(groups * places.group, 1e-40, np.float32)
    clear_absent(v, places, tiles, frequencies, depth)
    found = v.reshape(groups, 2, frequencies, GROUP, CHUNK).transpose(0, 3, 1, 2, 4)
    found = found.reshape(groups * GROUP, 2 * frequencies * CHUNK)
    assert (found[:tiles] == np.float32(1e-40)).all() and not found[tiles:].any()


@pytest.mark.parametrize("algorithm", ["winograd2", "winograd4"])
@pytest.mark.parametrize("filters", [20, 72, 200])  # of one panel, a few, and many
@pytest.mark.parametrize("shape", [(1, 17, 9, 13), (2, 17, 12, 11), (1, 17, 28, 26), (3, 17, 26, 30)])
def test_few_tiles_are_divided_among_tasks_by_blocks_and_by_filters(shape, filters: int, algorithm: str) -> None:
    """Parts of the filters share a block's transformed tiles; the last block, and the last part, have fewer."""
    x, w = tie_free(shape, 0, dtype=np.float32), tie_free((filters, 17, 3, 3), 1, dtype=np.float32)
    y, pullback = ops.conv2d(x, w, padding=1, algorithm=algorithm)
    expected, expected_pullback = ops.conv2d(x, w, padding=1, algorithm="direct")
    dy = tie_free(y.shape, 2, dtype=np.float32)
    for found, exact in zip((y, *pullback(dy)), (expected, *expected_pullback(dy)), strict=True):
        np.testing.assert_allclose(found, exact, rtol=0, atol=5e-5 * np.abs(exact).max())
