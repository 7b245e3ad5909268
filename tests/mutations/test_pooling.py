"""Mistakes in pooling."""

import numpy as np

from minicnn import ops
from minicnn.ops.geometry import sides


def scattered(x, indices, dy, add):
    """dy written to the indices, in planes of x's size."""
    dx = np.zeros((x.shape[0] * x.shape[1], x.shape[2] * x.shape[3]), x.dtype)
    planes = np.arange(len(dx))[:, None]
    if add:
        np.add.at(dx, (planes, indices.reshape(len(dx), -1)), dy.reshape(len(dx), -1))
    else:
        dx[planes, indices.reshape(len(dx), -1)] = dy.reshape(len(dx), -1)
    return dx.reshape(x.shape)


def every_tied_maximum_rewarded(x, kernel_size, **options):
    """all tied maxima of a window receive its whole gradient"""
    y, right = ops.max_pool2d(x, kernel_size, **options)

    def pullback(dy):
        (dx,) = right(dy)
        backwards = ops.max_pool2d(x[:, :, ::-1, ::-1], kernel_size, **options)
        if backwards[0].shape == dy.shape and np.array_equal(backwards[0], y[:, :, ::-1, ::-1]):
            last = backwards[1](dy[:, :, ::-1, ::-1])[0][:, :, ::-1, ::-1]
            return (np.where(dx == 0, last, dx),)
        return (dx,)

    return y, pullback


def overlap_overwritten(x, kernel_size, **options):
    """a pixel that wins several windows receives the last one's gradient alone"""
    (y, indices), _ = ops.max_pool2d(x, kernel_size, return_indices=True, **options)
    return y, lambda dy: (scattered(x, indices, dy, add=False),)


def padding_with_zeros(x, kernel_size, *, padding=0, **options):
    """padding is 0, and should be −∞: negative values at the border are lost"""
    padded, cut = ops.pad(x, sides("pad", padding))
    y, right = ops.max_pool2d(padded, kernel_size, **options)
    return y, lambda dy: cut(*right(dy))


def ceil_mode_ignored(x, kernel_size, *, ceil_mode=False, **options):
    """ceil_mode changes nothing: the remainder is dropped"""
    return ops.max_pool2d(x, kernel_size, **options)


def gradient_to_the_first_pixel(x, kernel_size, **options):
    """each window's gradient goes to its first pixel, and should go to its largest"""
    y, _ = ops.max_pool2d(x, kernel_size, **options)
    falling = np.zeros_like(x) - np.arange(x[0, 0].size, dtype=x.dtype).reshape(x.shape[2:])
    return y, ops.max_pool2d(falling, kernel_size, **options)[1]


def largest_magnitude(x, kernel_size, **options):
    """the largest absolute value wins"""
    (_, indices), _ = ops.max_pool2d(np.abs(x), kernel_size, return_indices=True, **options)
    values = np.take_along_axis(x.reshape(*x.shape[:2], -1), indices.reshape(*x.shape[:2], -1), axis=2)
    return values.reshape(indices.shape), lambda dy: (scattered(x, indices, dy, add=True),)


def not_a_number_swallowed(x, kernel_size, **options):
    """a NaN is never the largest: `value > best` is false for it"""
    _, right = ops.max_pool2d(x, kernel_size, **options)
    return ops.max_pool2d(np.where(np.isnan(x), -np.inf, x), kernel_size, **options)[0], right


def divided_by_the_whole_window(x, kernel_size, *, count_include_pad=True, **options):
    """count_include_pad=False changes nothing"""
    return ops.avg_pool2d(x, kernel_size, **options)


def divided_by_what_hangs_over(x, kernel_size, *, count_include_pad=True, ceil_mode=False, **options):
    """with ceil_mode the area counts pixels past the edge of the padding"""
    if not ceil_mode:
        return ops.avg_pool2d(x, kernel_size, count_include_pad=count_include_pad, **options)
    y, right = ops.avg_pool2d(x, kernel_size, ceil_mode=True, count_include_pad=count_include_pad, **options)
    whole = x.dtype.type(np.prod(kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)))
    options = {**options, "ceil_mode": True}
    share = ops.avg_pool2d(np.ones_like(x), kernel_size, count_include_pad=True, **options)[1]
    area = 1 / np.maximum(share(np.ones_like(y))[0].max(), 1 / whole)
    return y * area / whole, lambda dy: right(dy * area / whole)


def gradient_not_divided(x, kernel_size, **options):
    """every pixel under a window receives its whole gradient, and should receive a share"""
    y, right = ops.avg_pool2d(x, kernel_size, **options)
    area = x.dtype.type(np.prod(kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)))
    return y, lambda dy: (right(dy)[0] * area,)


def stride_taken_for_the_kernel(x, kernel_size, *, stride=None, **options):
    """the stride is always the kernel size"""
    return ops.avg_pool2d(x, kernel_size, **options)


def global_average_not_divided(x):
    """the gradient of a mean over the plane is that of a sum"""
    y, right = ops.global_avg_pool2d(x)
    return y, lambda dy: (right(dy)[0] * x[0, 0].size,)


def windows_rounded_down(x, output_size):
    """adaptive windows end at ⌊(o + 1)·H / OH⌋: they never overlap, and may be empty"""
    OH, OW = output_size if isinstance(output_size, tuple) else (output_size, output_size)

    def averaging(outputs, inputs):
        A = np.zeros((outputs, inputs), x.dtype)
        for o in range(outputs):
            first = o * inputs // outputs
            last = max((o + 1) * inputs // outputs, first + 1)
            A[o, first:last] = 1 / (last - first)
        return A

    A, B = averaging(OH, x.shape[2]), averaging(OW, x.shape[3])
    return A @ x @ B.T, lambda dy: (A.T @ dy @ B,)


def shared_switches_added(x, indices, kernel_size, **options):
    """two values with the same switch are added, and the last should stay"""
    y, right = ops.max_unpool2d(x, indices, kernel_size, **options)
    return scattered(y, indices, x, add=True), right


def shared_switches_all_rewarded(x, indices, kernel_size, **options):
    """a value that was overwritten receives a gradient too"""
    y, _ = ops.max_unpool2d(x, indices, kernel_size, **options)

    def pullback(dy):
        planes = dy.reshape(*dy.shape[:2], -1)
        return (np.take_along_axis(planes, indices.reshape(*x.shape[:2], -1), axis=2).reshape(x.shape),)

    return y, pullback


MISTAKES = {
    "max_pool2d": [
        every_tied_maximum_rewarded,
        overlap_overwritten,
        padding_with_zeros,
        ceil_mode_ignored,
        gradient_to_the_first_pixel,
        largest_magnitude,
        not_a_number_swallowed,
    ],
    "avg_pool2d": [
        divided_by_the_whole_window,
        divided_by_what_hangs_over,
        gradient_not_divided,
        stride_taken_for_the_kernel,
    ],
    "global_avg_pool2d": [global_average_not_divided],
    "adaptive_avg_pool2d": [windows_rounded_down],
    "max_unpool2d": [shared_switches_added, shared_switches_all_rewarded],
}


def test_the_right_op_is_caught_by_nobody(op, caught_by) -> None:
    assert not caught_by(op, getattr(ops, op))


def test_the_mistake_is_caught(op, mistake, caught_by) -> None:
    assert caught_by(op, mistake)
