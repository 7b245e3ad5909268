"""Which layers are run as one op, and that it makes no visible difference."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn import ops
from minicnn.layers.fusion import fused
from minicnn.testing import tie_free

WIDE, NARROW = {"in_channels": 32, "out_channels": 32}, {"in_channels": 3, "out_channels": 8}


def network(channels: dict[str, int], *pool: int, ceil_mode: bool = False) -> cnn.Sequential:
    return cnn.Sequential(
        conv=cnn.Conv2d(**channels, kernel_size=3, padding=1),
        relu=cnn.ReLU(),
        pool=cnn.MaxPool2d(*pool, ceil_mode=ceil_mode),
    ).initialize(seed=0)


@pytest.mark.parametrize(
    ("channels", "pool", "runs"),
    [
        (NARROW, (2,), ["conv"]),
        (NARROW, (3, 2), ["conv"]),
        (WIDE, (2,), ["conv"]),
        (WIDE, (3, 2), ["conv", "pool"]),  # fused, it could not use Winograd
    ],
)
def test_pooling_is_fused_where_it_does_not_cost_winograd(channels, pool, runs) -> None:
    layers = network(channels, *pool).children
    assert list(fused(layers, cnn.Pass())) == runs


@pytest.mark.parametrize("size", [(17, 15), (16, 14), (17, 14), (16, 15)])  # windows of 3 in steps of 2 fit, or not
@pytest.mark.parametrize("pool", [(2,), (3, 2)])
@pytest.mark.parametrize("channels", [NARROW, WIDE])
def test_watched_and_unwatched_the_network_is_the_same(channels, pool, size) -> None:
    model = network(channels, *pool, ceil_mode=True)
    x = np.random.default_rng(0).standard_normal((2, channels["in_channels"], *size)).astype(np.float32)
    y, pullback = model.forward(x)
    apart, pullback_apart = model.forward(x, cnn.Pass(watch=cnn.Watch("conv", "relu")))
    np.testing.assert_allclose(y, apart, rtol=0, atol=1e-5 * np.abs(apart).max())  # the wide ones use Winograd
    dy = np.random.default_rng(1).standard_normal(y.shape).astype(np.float32)
    dx, grads = pullback(dy)
    dx_apart, grads_apart = pullback_apart(dy)
    np.testing.assert_allclose(dx, dx_apart, atol=1e-4)
    for name, gradient in grads.items():
        np.testing.assert_allclose(gradient, grads_apart[name], rtol=1e-4, atol=1e-3)


def one_by_one(x, w, window, step, **options):
    maps, conv = ops.conv2d(x, w, **options)
    rectified, relu = ops.relu(maps)
    y, pool = ops.max_pool2d(np.ascontiguousarray(rectified), window, stride=step)  # channels-first: another kernel
    return y, lambda dy: conv(*relu(*pool(dy)))


CUT = [(3, 2), (3, 1), ((2, 3), (3, 1)), (5, 3), (2, 3)]  # windows that a block's first or last row may cut


@pytest.mark.parametrize(
    ("channels", "kernel_size", "window", "step"), [(40, 1, *pool) for pool in CUT] + [(3, 3, 3, 2), (40, 3, 3, 2)]
)
def test_blocks_of_a_wide_convolution_lose_nothing_of_its_windows(channels, kernel_size, window, step) -> None:
    x, w = tie_free((2, channels, 37, 41), 0), tie_free((48, channels, kernel_size, kernel_size), 1)
    options = {"padding": kernel_size // 2}
    y, pullback = ops.conv2d_relu_max_pool2d(x, w, pool_size=window, pool_stride=step, **options)
    expected, expected_pullback = one_by_one(x, w, window, step, **options)
    np.testing.assert_allclose(y, expected, rtol=1e-10)
    dy = tie_free(y.shape, 2)
    for ours, theirs in zip(pullback(dy), expected_pullback(dy), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9 * np.abs(theirs).max())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("filters", [1, 7, 11, 14, 27, 30, 52, 60])
def test_a_last_register_that_is_not_full_touches_no_other_pixel(filters: int, dtype) -> None:
    """Whatever a register's width: outputs of these filters fill one or two and a part of the next."""
    x, w = tie_free((2, 3, 9, 11), 0, dtype=dtype), tie_free((filters, 3, 3, 3), 1, dtype=dtype)
    y, pullback = ops.conv2d_relu_max_pool2d(x, w, pool_size=2)
    expected, expected_pullback = one_by_one(x, w, 2, 2)
    np.testing.assert_allclose(y, expected, rtol=1e-5)
    dy = tie_free(y.shape, 2, dtype=dtype)
    for ours, theirs in zip(pullback(dy), expected_pullback(dy), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max())


def test_of_equals_the_first_wins_in_a_wide_convolution_too() -> None:
    x = np.random.default_rng(0).choice([np.nan, 1.0, 2.0], size=(2, 1, 31, 33), p=[0.04, 0.48, 0.48])
    w = np.ones((33, 1, 1, 1))
    y, pullback = ops.conv2d_relu_max_pool2d(x, w, pool_size=3, pool_stride=2)
    expected, expected_pullback = one_by_one(x, w, 3, 2)
    np.testing.assert_array_equal(y, expected)
    dy = np.where(np.isnan(y), 0, tie_free(y.shape, 2))
    np.testing.assert_allclose(pullback(dy, (True, False))[0], expected_pullback(dy)[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("ceil_mode", [False, True])
def test_an_image_without_a_batch_is_refused_by_name(ceil_mode: bool) -> None:
    with pytest.raises(ValueError, match=r"expected x of shape \(N, C, H, W\)"):
        network(NARROW, 2, ceil_mode=ceil_mode)(np.zeros((3, 17, 15), np.float32))


def test_a_pooling_window_larger_than_the_map_pools_what_there_is() -> None:
    model = network(NARROW, 3, 2, ceil_mode=True)
    x = tie_free((1, 3, 2, 2)).astype(np.float32)  # a map of 2 × 2, under a window of 3 × 3
    y, pullback = model.forward(x)
    expected, expected_pullback = model.forward(x, cnn.Pass(watch=cnn.Watch("relu")))
    assert y.shape == expected.shape and y.shape[2:] == (1, 1)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(pullback(y)[0], expected_pullback(y)[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "pool", [{"kernel_size": 2, "dilation": 2}, {"kernel_size": 17}, {"kernel_size": 3, "padding": 1}]
)
def test_a_pooling_that_the_fused_op_does_not_know_runs_by_itself(pool) -> None:
    model = cnn.Sequential(conv=cnn.Conv2d(3, 8, 3), relu=cnn.ReLU(), pool=cnn.MaxPool2d(**pool)).initialize(0)
    x = tie_free((2, 3, 20, 21)).astype(np.float32)
    y, pullback = model.forward(x)
    expected, expected_pullback = model.forward(x, cnn.Pass(watch=cnn.Watch("conv", "relu")))
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(pullback(y)[0], expected_pullback(y)[0], rtol=1e-4, atol=1e-5)
