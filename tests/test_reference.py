"""The reference that everything else is compared with, checked against examples worked out by hand and SciPy."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from scipy import ndimage, signal, special

from minicnn import ops, reference
from minicnn.testing import conv2d_cases, images, tie_free


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def image(rows):
    return np.array(rows, float)[None, None]


def test_every_op_has_a_textbook_forward() -> None:
    assert all(callable(getattr(reference, op)) for op in ops.__all__)


@pytest.mark.parametrize("op", ops.__all__)
def test_an_option_that_is_not_given_means_the_same_to_the_reference(op: str) -> None:
    mine, theirs = (
        {name: p.default for name, p in inspect.signature(function).parameters.items() if p.default is not p.empty}
        for function in (getattr(reference, op), getattr(ops, op))
    )
    assert mine == {name: theirs[name] for name in mine}


# Convolution


def test_a_convolution_by_hand() -> None:
    x = image([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    w = image([[1, 0], [0, 2]])
    close(reference.conv2d(x, w, np.array([0.5])), image([[11.5, 14.5], [20.5, 23.5]]))
    close(reference.conv2d(x, w, stride=2, padding=1), image([[2, 6], [14, 23]]))
    close(reference.conv2d(x, w, dilation=2), image([[19]]))


def test_patches_as_columns_by_hand() -> None:
    x = image([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    columns = reference.im2col(x, 2)
    close(columns, [[[1, 2, 4, 5], [2, 3, 5, 6], [4, 5, 7, 8], [5, 6, 8, 9]]])
    close(reference.col2im(columns, x.shape, 2), x * np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]))
    close(reference.im2col(x, 1, stride=2, padding=1), [[[0, 0, 0, 0, 5, 0, 0, 0, 0]]])
    close(reference.im2col(x, (1, 2), dilation=2, stride=2), [[[1, 7], [3, 9]]])
    close(reference.col2im(np.ones((1, 1, 9)), x.shape, 1, stride=2, padding=1), image([[0] * 3, [0, 1, 0], [0] * 3]))


@given(case=conv2d_cases())
def test_col2im_is_the_transpose_of_im2col_and_their_product_the_convolution(case) -> None:
    x, w, *b = case.arrays()
    y = reference.conv2d(x, w, *b, **case.options)
    by_columns = reference.conv2d_by_columns(x, w, b[0] if b else None, y, **case.options)[0]
    np.testing.assert_allclose(by_columns, y, rtol=1e-9, atol=1e-9)
    options = {name: value for name, value in case.options.items() if name != "groups"}
    columns = reference.im2col(x, w.shape[2:], **options)
    other = tie_free(columns.shape, 1)
    inner = np.vdot(x, reference.col2im(other, x.shape, w.shape[2:], **options))
    np.testing.assert_allclose(np.vdot(columns, other), inner, rtol=1e-9, atol=1e-9)


def test_groups_see_only_themselves() -> None:
    x = np.stack([image([[1, 2]])[0, 0], image([[10, 20]])[0, 0]])[None]
    close(reference.conv2d(x, np.array([1.0, 3.0]).reshape(2, 1, 1, 1), groups=2)[0, :, 0], [[1, 2], [30, 60]])


@given(x=images(least=3))
def test_convolution_is_scipys_correlation_summed_over_channels(x) -> None:
    w = tie_free((2, x.shape[1], 3, 2), 1)
    expected = [[sum(map(lambda a, k: signal.correlate2d(a, k, "valid"), n, o)) for o in w] for n in x]
    close(reference.conv2d(x, w), expected)


def test_a_transposed_convolution_by_hand() -> None:
    x, w = image([[1, 2], [3, 4]]), image([[1, 10], [100, 1000]])
    close(reference.conv_transpose2d(x, w), image([[1, 12, 20], [103, 1234, 2040], [300, 3400, 4000]]))
    close(reference.conv_transpose2d(x, w, padding=1), image([[1234]]))
    apart = [[1, 10, 2, 20, 0], [100, 1000, 200, 2000, 0], [3, 30, 4, 40, 0], [300, 3000, 400, 4000, 0], [0] * 5]
    close(reference.conv_transpose2d(x, w, stride=2, output_padding=1), image(apart))


# Pooling


def test_max_pooling_by_hand() -> None:
    x = image([[1, 5, 2], [9, 3, 4], [6, 7, 8]])
    close(reference.max_pool2d(x, 2), image([[9]]))
    close(reference.max_pool2d(x, 2, ceil_mode=True), image([[9, 4], [7, 8]]))
    close(reference.max_pool2d(x, 2, padding=1), image([[1, 5], [9, 8]]))
    y, indices = reference.max_pool2d(x, 2, stride=1, return_indices=True)
    assert indices[0, 0].tolist() == [[3, 1], [3, 8]]
    close(reference.max_unpool2d(y, indices, 2, stride=1), image([[0, 5, 0], [9, 0, 0], [0, 0, 8]]))


def test_average_pooling_by_hand() -> None:
    x = image([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    close(reference.avg_pool2d(x, 2), image([[3]]))
    close(reference.avg_pool2d(x, 2, padding=1), image([[0.25, 1.25], [2.75, 7]]))
    close(reference.avg_pool2d(x, 2, padding=1, count_include_pad=False), image([[1, 2.5], [5.5, 7]]))
    close(reference.avg_pool2d(x, 2, ceil_mode=True), image([[3, 4.5], [7.5, 9]]))
    close(reference.global_avg_pool2d(x), [[5]])
    close(reference.adaptive_avg_pool2d(x, 2), image([[3, 4], [6, 7]]))


@given(x=images(least=3))
def test_pooling_is_scipys_filter(x) -> None:
    inside = (..., slice(1, -1), slice(1, -1))
    close(reference.max_pool2d(x, 3, stride=1), ndimage.maximum_filter(x, (1, 1, 3, 3))[inside])
    close(reference.avg_pool2d(x, 3, stride=1), ndimage.uniform_filter(x, (1, 1, 3, 3))[inside])


# Normalization, elementwise functions, losses


def test_normalization_by_hand() -> None:
    x = np.array([1.0, 3.0]).reshape(2, 1, 1, 1)
    one = np.ones(1)
    close(reference.batch_norm2d(x, 10 * one, 5 * one, training=True, eps=0).ravel(), [-5, 15])
    close(reference.batch_norm2d(x, one, 0 * one, 2 * one, 3 * one, eps=1).ravel(), [-0.5, 0.5])
    maps = np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1)
    expected = [1 / (1 + 5 / 3), 2 / (1 + 14 / 3), 3 / (1 + 13 / 3)]
    close(reference.local_response_norm(maps, 3, alpha=1, beta=1, k=1).ravel(), expected)


def test_functions_of_single_values() -> None:
    x = np.array([[-2.0, 0.0, 3.0]])
    close(reference.relu(x), [[0, 0, 3]])
    close(reference.leaky_relu(x, negative_slope=0.5), [[-1, 0, 3]])
    close(reference.clip(x, -1, 2), [[-1, 0, 2]])
    close(reference.sigmoid(x), special.expit(x))
    close(reference.softmax(x), special.softmax(x, axis=-1))
    close(reference.log_softmax(x), special.log_softmax(x, axis=-1))


def test_dropout_keeps_or_doubles() -> None:
    x = np.ones((40, 5))
    y = reference.dropout(x, 0.5, rng=0)
    assert set(np.unique(y)) == {0, 2} and 0.3 < (y == 0).mean() < 0.7
    assert reference.dropout(x, 0.5, training=False, rng=0) is x
    maps = reference.dropout2d(np.ones((6, 5, 2, 2)), 0.5, rng=0)
    assert np.all(maps == maps[:, :, :1, :1])


@pytest.mark.parametrize(("reduction", "expected"), [("none", [1, 9]), ("sum", 10), ("mean", 5)])
def test_squared_errors_by_hand(reduction: str, expected: object) -> None:
    close(reference.mse(np.array([1.0, 4.0]), np.array([0.0, 1.0]), reduction=reduction), expected)


def test_cross_entropy_by_hand() -> None:
    p = np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
    losses = -np.log([0.25, 0.8])
    close(reference.cross_entropy(np.log(p) + 7, np.array([2, 1]), reduction="none"), losses)
    close(reference.cross_entropy(np.log(p), np.array([2, 1])), losses.mean())
    close(reference.cross_entropy(np.log(p), p, reduction="sum"), -(p * np.log(p)).sum())
    smooth = 0.7 * np.eye(3)[[2, 1]] + 0.1
    close(reference.cross_entropy(np.log(p), np.array([2, 1]), label_smoothing=0.3), -(smooth * np.log(p)).sum() / 2)


# Shapes and sums


def test_shapes_and_sums() -> None:
    x = np.arange(8.0).reshape(2, 2, 2)
    close(reference.flatten(x), [[0, 1, 2, 3], [4, 5, 6, 7]])
    close(reference.concat(x, x + 1), np.concatenate([x, x + 1], axis=1))
    close(reference.add(x, x, x), 3 * x)
    close(reference.dense(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), np.array([5.0])), [[16]])
    close(reference.pad(image([[1]]), (1, 0, 0, 1), value=9), image([[9, 1], [9, 9]]))
    w = image([[1]])
    close(reference.conv2d_relu_max_pool2d(image([[-1, -2], [3, -4]]), w, pool_size=(1, 2)), image([[0], [3]]))


SIDES = [(1, 2, 3, 0), (0, 3, 1, 2), (2, 0, 0, 1)]
PADDED = [(sides, mode) for sides in SIDES for mode in ("constant", "reflect", "replicate", "circular")]
PADDED += [((1, 0, 2, 3, 2, 1), "constant"), ((0, 0, 0, 0, 1, 3), "constant")]


@pytest.mark.parametrize(("sides", "mode"), PADDED)
def test_padding_is_numpys(sides: tuple[int, ...], mode: str) -> None:
    """Left, right, top, bottom; and with numbers, before and behind the channels."""
    left, right, top, bottom, front, back = (*sides, 0, 0)[:6]
    x = np.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5)
    around = ((0, 0), (front, back), (top, bottom), (left, right))
    theirs = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}[mode]
    options = {"constant_values": 7.0} if mode == "constant" else {}
    np.testing.assert_array_equal(reference.pad(x, sides, value=7.0, mode=mode), np.pad(x, around, theirs, **options))
