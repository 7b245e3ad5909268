"""The edges of what an op accepts: empty arrays, sizes of one, windows beyond the image, ties."""

import itertools

import numpy as np
import pytest

from minicnn import gradcheck, layout, ops, reference
from minicnn.testing import in_order, tie_free
from minicnn.testing.arrays import MEMORY_ORDERS

EMPTY = {
    "conv2d": lambda x: ops.conv2d(x, tie_free((4, 3, 2, 2))),
    "conv2d_relu_max_pool2d": lambda x: ops.conv2d_relu_max_pool2d(x, tie_free((4, 3, 2, 2)), pool_size=2),
    "conv_transpose2d": lambda x: ops.conv_transpose2d(x, tie_free((3, 4, 2, 2))),
    "max_pool2d": lambda x: ops.max_pool2d(x, 2),
    "avg_pool2d": lambda x: ops.avg_pool2d(x, 2),
    "global_avg_pool2d": ops.global_avg_pool2d,
    "adaptive_avg_pool2d": lambda x: ops.adaptive_avg_pool2d(x, 2),
    "local_response_norm": ops.local_response_norm,
    "batch_norm2d": lambda x: ops.batch_norm2d(x, np.ones(3), np.ones(3), np.zeros(3), np.ones(3)),
    "relu": ops.relu,
    "leaky_relu": ops.leaky_relu,
    "clip": lambda x: ops.clip(x, 0, 6),
    "sigmoid": ops.sigmoid,
    "tanh": ops.tanh,
    "erf": ops.erf,
    "elu": ops.elu,
    "silu": ops.silu,
    "gelu": ops.gelu,
    "hardsigmoid": ops.hardsigmoid,
    "hardswish": ops.hardswish,
    "prelu": lambda x: ops.prelu(x, np.ones(3)),
    "affine": lambda x: ops.affine(x, np.ones(3), np.ones(1)),
    "mul": lambda x: ops.mul(x, x[:, :, :1, :1]),
    "permute": lambda x: ops.permute(x, (0, 2, 3, 1)),
    "reshape": lambda x: ops.reshape(x, (4, 12)),
    "slice_axis": lambda x: ops.slice_axis(x, 1, 1),
    "interpolate2d": lambda x: ops.interpolate2d(x, (3, 9), mode="bilinear"),
    "global_max_pool2d": ops.global_max_pool2d,
    "dropout": lambda x: ops.dropout(x, rng=0),
    "dropout2d": lambda x: ops.dropout2d(x, rng=0),
    "flatten": ops.flatten,
    "pad": lambda x: ops.pad(x, (1, 1, 1, 1)),
    "softmax": ops.softmax,
    "log_softmax": ops.log_softmax,
    "concat": lambda x: ops.concat(x, x),
    "add": lambda x: ops.add(x, x),
    "dense": lambda x: ops.dense(x.reshape(0, 48), tie_free((2, 48))),
    "cross_entropy": lambda x: ops.cross_entropy(x[:, :, 0, 0], np.zeros(0, int), reduction="sum"),
    "mse": lambda x: ops.mse(x, x, reduction="sum"),
}


@pytest.mark.parametrize("op", EMPTY)
def test_an_empty_batch_is_a_batch(op: str) -> None:
    x = np.zeros((0, 3, 4, 4))
    y, pullback = EMPTY[op](x)
    gradients = pullback(np.ones_like(y))
    assert gradients[0].size == 0
    assert all(np.all(gradient == 0) for gradient in gradients)
    whole = EMPTY[op](np.zeros((1, 3, 4, 4)))[0] if op not in ("dense", "cross_entropy") else y
    assert y.shape[1:] == whole.shape[1:]


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (5, 1)])
def test_images_of_one_pixel_row_or_column(size: tuple[int, int]) -> None:
    x = tie_free((1, 2, *size))
    assert gradcheck(ops.conv2d, x, tie_free((3, 2, 3, 3), 1), tie_free(3, 2), padding=1) < 1e-7
    assert gradcheck(ops.conv2d, x, tie_free((3, 2, *size), 1)) < 1e-7  # a kernel as large as the image
    assert gradcheck(ops.max_pool2d, x, size) < 1e-7
    assert gradcheck(ops.avg_pool2d, x, 3, stride=2, padding=1) < 1e-7


def test_a_stride_far_beyond_the_kernel_skips_pixels() -> None:
    x = tie_free((1, 1, 9, 9))
    y, pullback = ops.conv2d(x, np.ones((1, 1, 1, 1)), stride=4)
    np.testing.assert_array_equal(y, x[:, :, ::4, ::4])
    assert np.count_nonzero(pullback(np.ones_like(y))[0]) == 9


@pytest.mark.parametrize("filters", [3, 33])  # channels-first, and channels-last
def test_a_stride_so_far_that_only_padding_is_seen(filters: int) -> None:
    x, w, b = tie_free((1, 2, 4, 4)), tie_free((filters, 2, 3, 3), 1), tie_free(filters, 2)
    y, pullback = ops.conv2d(x, w, b, stride=12, padding=5)
    np.testing.assert_array_equal(y, b[None, :, None, None])
    dx, dw, _ = pullback(np.ones_like(y))
    assert dx.shape == x.shape and not dx.any() and not dw.any()


def test_pixels_that_no_window_covers_have_gradient_zero() -> None:
    (dx,) = ops.max_pool2d(tie_free((1, 1, 5, 5)), 2)[1](np.ones((1, 1, 2, 2)))
    assert np.all(dx[..., 4, :] == 0) and np.all(dx[..., :, 4] == 0)


def test_of_equal_maxima_the_first_wins_row_by_row_and_alone_is_rewarded() -> None:
    (y, indices), pullback = ops.max_pool2d(np.ones((1, 1, 4, 4)), 3, stride=1, return_indices=True)
    np.testing.assert_array_equal(indices[0, 0], [[0, 1], [4, 5]])
    np.testing.assert_array_equal(pullback(y)[0][0, 0, :2, :2], [[1, 1], [1, 1]])


def test_the_four_rules_of_relus_backward_pass() -> None:
    x, dy = np.array([1.0, 1.0, -1.0, -1.0]), np.array([2.0, -2.0, 2.0, -2.0])
    ways = {rule: ops.relu(x, rule=rule)[1](dy)[0].tolist() for rule in ("plain", "deconv", "guided", "linear")}
    assert ways == {"plain": [2, -2, 0, 0], "deconv": [2, 0, 2, 0], "guided": [2, 0, 0, 0], "linear": [2, -2, 2, -2]}
    assert ops.relu(x, rule="guided")[1](dy, (False,)) == (None,)


def test_dropout_draws_from_the_generator_it_is_given() -> None:
    rng = np.random.default_rng(3)
    first, second = (ops.dropout(np.ones(100), rng=rng)[0] for _ in range(2))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, ops.dropout(np.ones(100), rng=3)[0])


def test_dropout2d_drops_whole_maps() -> None:
    y = ops.dropout2d(np.ones((20, 10, 3, 3)), rng=0)[0]
    assert np.all(y == y[:, :, :1, :1]) and 0.3 < (y == 0).mean() < 0.7


def test_a_batch_moves_the_running_statistics_by_the_momentum() -> None:
    x = tie_free((4, 3, 2, 2))
    mean, var = np.full(3, 5.0), np.full(3, 7.0)
    ops.batch_norm2d(x, np.ones(3), np.zeros(3), mean, var, training=True, momentum=0.25)
    np.testing.assert_allclose(mean, 0.75 * 5 + 0.25 * x.mean(axis=(0, 2, 3)))
    np.testing.assert_allclose(var, 0.75 * 7 + 0.25 * x.var(axis=(0, 2, 3), ddof=1))


@pytest.mark.parametrize("order", ["C", "channels_last"])
def test_batch_normalization_and_max_pooling_return_channels_last_memory(order: str) -> None:
    x = in_order(tie_free((2, 3, 4, 5)), order)
    for y, pullback in (ops.batch_norm2d(x, np.ones(3), np.zeros(3), training=True), ops.max_pool2d(x, 2)):
        assert layout.is_channels_last(y) and layout.is_channels_last(pullback(y)[0])


@pytest.mark.parametrize("order", ["C", "channels_last"])
def test_a_variance_is_sound_however_far_the_mean_is_from_zero(order: str) -> None:
    far = in_order(tie_free((4, 3, 80, 80)) + 1000, order).astype(np.float32, order="K")
    var = np.zeros(3, np.float32)
    ops.batch_norm2d(far, *np.ones((2, 3), np.float32), None, var, training=True, momentum=1)
    np.testing.assert_allclose(var, far.astype(np.float64).var(axis=(0, 2, 3), ddof=1), rtol=1e-5)


def test_a_lonely_pixel_divides_an_average_by_what_it_covers() -> None:
    x = np.ones((1, 1, 2, 2))
    np.testing.assert_allclose(ops.avg_pool2d(x, 2, stride=2, padding=1)[0], 0.25)
    np.testing.assert_allclose(ops.avg_pool2d(x, 2, stride=2, padding=1, count_include_pad=False)[0], 1)


@pytest.mark.parametrize("op", ["conv2d", "conv_transpose2d", "avg_pool2d"])
def test_linear_ops_act_on_real_and_imaginary_parts_alike(op: str) -> None:
    apply = {"avg_pool2d": EMPTY[op]}.get(op, lambda x: getattr(ops, op)(x, tie_free((3, 3, 2, 2), 1).astype(x.dtype)))
    real, imaginary = tie_free((2, 3, 5, 4)), tie_free((2, 3, 5, 4), 2)
    expected = apply(real)[0] + 1j * apply(imaginary)[0]
    np.testing.assert_allclose(apply(real + 1j * imaginary)[0], expected, rtol=1e-12)


@pytest.mark.parametrize("kernel_size", [(2, 3), (3, 2)])
@pytest.mark.parametrize("stride", [None, (1, 3), (3, 1), (2, 3)])
@pytest.mark.parametrize("padding", [0, (1, 0), (0, 1)])
def test_unpooling_restores_the_size_where_pooling_had_no_remainder(kernel_size, stride, padding) -> None:
    steps, (pad_h, pad_w) = stride or kernel_size, (padding, padding) if padding == 0 else padding
    H, W = (3 * s + k - 2 * p for s, k, p in zip(steps, kernel_size, (pad_h, pad_w), strict=True))
    x = tie_free((1, 2, H, W))
    pooling = {"stride": stride, "padding": padding}
    (y, indices), _ = ops.max_pool2d(x, kernel_size, return_indices=True, **pooling)
    assert ops.max_unpool2d(y, indices, kernel_size, **pooling)[0].shape == x.shape


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "channels_last"])
@pytest.mark.parametrize("shape", [(3, 2, 5, 7), (7, 2, 60, 61)])
def test_a_constant_channel_becomes_its_bias_to_the_last_bit(shape, order: str, dtype) -> None:
    x = np.empty(shape, dtype)
    x[:, 0], x[:, 1] = 0.1, -1234.5678
    bias = np.array([0.3, -4], dtype)
    mean, var = np.zeros((2, 2), dtype)
    y, pullback = ops.batch_norm2d(in_order(x, order), np.ones(2, dtype), bias, mean, var, training=True, momentum=1)
    assert np.array_equal(y, np.broadcast_to(bias[:, None, None], shape))
    assert np.array_equal(mean, x[0, :, 0, 0]) and not var.any()
    assert not pullback(tie_free(shape, 1, dtype))[1].any()  # x̂ is 0, and so is its factor


@pytest.mark.parametrize("order", MEMORY_ORDERS)
def test_of_windows_that_share_a_switch_the_last_one_stays_in_any_memory_order(order: str) -> None:
    x, indices = tie_free((2, 3, 3, 2)), np.array([[[[4, 4], [4, 6], [9, 6]]]]).repeat(2, 0).repeat(3, 1)
    expected = reference.max_unpool2d(x, indices, 2, stride=1)
    for values, switches in itertools.product((x, in_order(x, order)), (indices, in_order(indices, order))):
        y, pullback = ops.max_unpool2d(values, switches, 2, stride=1)
        np.testing.assert_array_equal(y, expected)
        (dx,) = pullback(in_order(1 + y, order))
        np.testing.assert_array_equal(dx, np.where([[0, 0], [1, 0], [1, 1]], 1 + x, 0))


@pytest.mark.parametrize("place", [(0, 0), (14, 16)])
def test_a_pooling_window_of_as_many_pixels_as_it_may_have(place) -> None:
    x, at = np.zeros((1, 1, 17, 17)), (0, 0, *place)
    x[at] = 3
    y, pullback = ops.conv2d_relu_max_pool2d(x, np.full((1, 1, 1, 1), 2.0), pool_size=(15, 17))
    dx, dw = pullback(np.full_like(y, 5))
    assert (y.item(), dx[at], dx.sum(), dw.item()) == (6, 10, 10, 15)


@pytest.mark.parametrize("taps", [256, 257])  # a byte counts to 255
def test_of_a_window_of_many_taps_the_last_may_win(taps: int) -> None:
    x = np.zeros((1, 1, taps, 2), np.float32)
    x[0, 0, -1, 1] = 3
    (y, indices), pullback = ops.max_pool2d(x, (taps, 1), return_indices=True)
    assert y.ravel().tolist() == [0, 3] and indices.ravel().tolist() == [0, 2 * taps - 1]
    (dx,) = pullback(np.array([5.0, 7.0]).reshape(y.shape))
    assert (dx[0, 0, 0, 0], dx[0, 0, -1, 1], dx.sum()) == (5, 7, 12)


def test_unpooling_takes_every_place_of_the_output_and_no_other() -> None:
    x = np.ones((1, 1, 1, 1))
    for place in (0, 23):
        y, pullback = ops.max_unpool2d(x, np.full(x.shape, place), 2, output_size=(4, 6))
        assert y.ravel().nonzero()[0].tolist() == [place] and pullback(y)[0].item() == 1
    for place in (-1, 24):
        with pytest.raises(ValueError, match=f"indices run from {place} to {place}, but .* has positions 0 to 23"):
            ops.max_unpool2d(x, np.full(x.shape, place), 2, output_size=(4, 6))


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_is_the_number_of_a_class(label: int) -> None:
    logits = np.zeros((2, 3))
    for good in (0, 2):
        np.testing.assert_allclose(ops.cross_entropy(logits, np.array([good, good]))[0], np.log(3))
    with pytest.raises(ValueError, match="cross_entropy: expected labels from 0 to 2, got"):
        ops.cross_entropy(logits, np.array([1, label]))


@pytest.mark.parametrize("smoothing", [-0.1, 1.1])
def test_all_of_a_label_may_be_smoothed_but_not_more(smoothing: float) -> None:
    logits = tie_free((2, 3))
    for good in (0, 1):
        expected = reference.cross_entropy(logits, np.array([0, 2]), label_smoothing=good)
        np.testing.assert_allclose(ops.cross_entropy(logits, np.array([0, 2]), label_smoothing=good)[0], expected)
    with pytest.raises(ValueError, match="cross_entropy: expected label_smoothing from 0 to 1, got"):
        ops.cross_entropy(logits, np.array([0, 2]), label_smoothing=smoothing)


def test_an_empty_shard_of_a_batch_has_the_statistics_of_the_others() -> None:
    others = np.array([4, *(4 * np.array([1.0, 2.0]))]), np.array([4, *(4 * np.array([0.5, 0.25]))])
    turns = iter(others)
    running_mean, running_var = np.zeros(2), np.ones(2)
    arrays = np.zeros((0, 2, 3, 3)), np.ones(2), np.zeros(2), running_mean, running_var
    y, _ = ops.batch_norm2d(*arrays, training=True, momentum=1.0, total=lambda own: own + next(turns))
    assert y.shape == (0, 2, 3, 3) and running_mean.tolist() == [1, 2]
    np.testing.assert_allclose(running_var, np.array([0.5, 0.25]) * 4 / 3)


def test_examples_without_values_take_any_shape_without_values() -> None:
    y, pullback = ops.reshape(np.zeros((2, 3, 0)), (0, 4))
    assert y.shape == (2, 0, 4) and pullback(y)[0].shape == (2, 3, 0)
    with pytest.raises(ValueError, match="expected a shape of 0 values"):
        ops.reshape(np.zeros((2, 3, 0)), (0, -1))
