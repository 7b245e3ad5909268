"""The error of an op names the op, what was expected, and what it got."""

import numpy as np
import pytest

from minicnn import ops

x = np.ones((2, 3, 5, 4))
w = np.ones((4, 3, 3, 3))
b = np.ones(4)
rows = np.ones((2, 3))
channels = np.ones(3)
labels = np.array([0, 2])

REFUSED = {
    "mul: expected shapes that differ only in axes of length 1, got (2, 3, 5, 4), (2, 3, 1, 2)": lambda: ops.mul(
        x, x[:, :, :1, :2]
    ),
    "mul: expected at least one array, got none": lambda: ops.mul(),
    "affine: expected weight of shape (3,) or (1,) for x (2, 3, 5, 4), got (4,)": lambda: ops.affine(x, b),
    "affine: expected bias of shape (3,) or (1,) for x (2, 3, 5, 4), got (4,)": lambda: ops.affine(x, channels, b),
    "prelu: expected x of shape (N, C, …), got (3,)": lambda: ops.prelu(channels, channels),
    "permute: expected axes to name each of 0 to 3 once, got (0, 1, 1, 2)": lambda: ops.permute(x, (0, 1, 1, 2)),
    "reshape: expected a shape of 60 values for x (2, 3, 5, 4), got (3, 5)": lambda: ops.reshape(x, (3, 5)),
    "slice_axis: x of shape (2, 3, 5, 4) has no axis 4": lambda: ops.slice_axis(x, 4),
    "slice_axis: expected a range of at least one of 3 along axis 1": lambda: ops.slice_axis(x, 1, 3),
    "interpolate2d: expected mode nearest, or bilinear with or without align_corners, got 'cubic'": lambda: (
        ops.interpolate2d(x, 2, mode="cubic")
    ),
    "interpolate2d: expected size to be an int or a pair of ints, at least 1, got 0": lambda: ops.interpolate2d(x, 0),
    "global_max_pool2d: expected maps with pixels, got x (2, 3, 0, 4)": lambda: ops.global_max_pool2d(x[:, :, :0]),
    "gelu: expected approximate to be one of none, tanh, got 'fast'": lambda: ops.gelu(x, approximate="fast"),
    "pad: expected mode to be one of constant, reflect, replicate, circular, got 'edge'": lambda: ops.pad(
        x, (1, 1, 1, 1), mode="edge"
    ),
    "pad: mode reflect takes a border of at most 3 along a length of 4, got 4": lambda: ops.pad(
        x, (4, 0, 0, 0), mode="reflect"
    ),
    "pad: channels can be padded only with a constant": lambda: ops.pad(x, (0, 0, 0, 0, 1, 0), mode="circular"),
    "conv2d: expected x of shape (N, C, H, W), got (2, 3)": lambda: ops.conv2d(rows, w),
    "conv2d: expected x to be float32 or float64, got int64": lambda: ops.conv2d(x.astype(int), w),
    "conv2d: x is float64, but w is float32": lambda: ops.conv2d(x, w.astype(np.float32)),
    "conv2d: expected filters w of shape (out, in/groups, kh, kw), got (3, 3, 3)": lambda: ops.conv2d(x, w[0]),
    "conv2d: x has 3 channels, but w (4, 2, 3, 3) takes 2": lambda: ops.conv2d(x, w[:, :2]),
    "conv2d: x has 3 channels, but w (4, 3, 3, 3) takes 3 in each of 2 groups": lambda: ops.conv2d(x, w, groups=2),
    "conv2d: expected groups to be an int that divides the 4 filters, got 3": lambda: ops.conv2d(x, w, groups=3),
    "conv2d: expected b of shape (4,) for w (4, 3, 3, 3), got (3,)": lambda: ops.conv2d(x, w, channels),
    "conv2d: expected stride to be an int or a pair of ints, at least 1, got 0": lambda: ops.conv2d(x, w, stride=0),
    "conv2d: expected padding to be an int or a pair of ints, at least 0, got (1, 2, 3)": lambda: ops.conv2d(
        x, w, padding=(1, 2, 3)
    ),
    "conv2d: expected dilation to be an int or a pair of ints, at least 1, got 1.5": lambda: ops.conv2d(
        x, w, dilation=1.5
    ),
    "conv2d: a window of 5 does not fit into width 4 with padding 0": lambda: ops.conv2d(x, w, dilation=2),
    "conv2d: expected dy of the output's shape (2, 4, 3, 2), got (2, 4, 3, 3)": lambda: ops.conv2d(x, w)[1](
        np.ones((2, 4, 3, 3))
    ),
    "conv2d_relu_max_pool2d: expected a pooling window of at most 255 pixels, got 16 x 16": lambda: (
        ops.conv2d_relu_max_pool2d(np.ones((1, 1, 17, 17)), np.ones((1, 1, 1, 1)), pool_size=16)
    ),
    "conv2d_relu_max_pool2d: a window of 4 does not fit into height 3": lambda: ops.conv2d_relu_max_pool2d(
        x, w, pool_size=4
    ),
    "conv_transpose2d: expected filters w of shape (in, out/groups, kh, kw), got (4,)": lambda: ops.conv_transpose2d(
        x, b
    ),
    "conv_transpose2d: x has 3 channels, but w (4, 3, 3, 3) takes 4": lambda: ops.conv_transpose2d(x, w),
    "conv_transpose2d: expected groups to be an int that divides 3 channels, got 2": lambda: ops.conv_transpose2d(
        x, w[:3], groups=2
    ),
    "conv_transpose2d: expected b of shape (3,) for w (3, 3, 3, 3), got (4,)": lambda: ops.conv_transpose2d(
        x, w[:3], b
    ),
    "conv_transpose2d: expected output_padding below the stride or the dilation, got 1": lambda: ops.conv_transpose2d(
        x, w[:3], output_padding=1
    ),
    "conv_transpose2d: padding 5 leaves an output of -3 x -4": lambda: ops.conv_transpose2d(x, w[:3], padding=5),
    "max_pool2d: expected padding below the kernel size (2, 2), got 2": lambda: ops.max_pool2d(x, 2, padding=2),
    "max_pool2d: with padding 1 and dilation 2 a window sees only padding along a length of 1": (
        lambda: ops.max_pool2d(x[:, :, :1], 2, padding=(1, 0), dilation=2)
    ),
    "max_pool2d: a window of 6 does not fit into height 5": lambda: ops.max_pool2d(x, (6, 1)),
    "avg_pool2d: expected kernel_size to be an int or a pair of ints, at least 1, got 0": lambda: ops.avg_pool2d(x, 0),
    "max_unpool2d: expected integer indices of x's shape (2, 3, 5, 4), got float64 (2, 3, 5, 4)": (
        lambda: ops.max_unpool2d(x, x, 2)
    ),
    "max_unpool2d: indices run from 99 to 99, but an output of 10 x 8 has positions 0 to 79": lambda: ops.max_unpool2d(
        x, np.full(x.shape, 99), 2
    ),
    "global_avg_pool2d: expected maps with pixels, got x (2, 3, 0, 4)": lambda: ops.global_avg_pool2d(x[:, :, :0]),
    "adaptive_avg_pool2d: expected maps with pixels, got x (2, 3, 0, 4)": lambda: ops.adaptive_avg_pool2d(
        x[:, :, :0], 1
    ),
    "local_response_norm: expected size to be an int of at least 1, got 0": lambda: ops.local_response_norm(x, 0),
    "batch_norm2d: x has 3 channels, but weight has shape (4,)": lambda: ops.batch_norm2d(
        x, b, channels, training=True
    ),
    "batch_norm2d: expected more than one value per channel in training, got x (1, 3, 1, 1)": lambda: ops.batch_norm2d(
        x[:1, :, :1, :1], channels, channels, training=True
    ),
    "batch_norm2d: expected running_mean and running_var outside training, got None": lambda: ops.batch_norm2d(
        x, channels, channels
    ),
    "dropout: expected p to be a number of at least 0 and at most 1, got 1.5": lambda: ops.dropout(x, 1.5, rng=0),
    "dropout2d: expected rng (a numpy Generator or a seed) in training, got None": lambda: ops.dropout2d(x),
    "relu: expected rule to be one of plain, guided, deconv, linear, got 'guide'": lambda: ops.relu(x, rule="guide"),
    "clip: expected low not above high, got 1 and 0": lambda: ops.clip(x, 1, 0),
    "pad: expected padding to be 4 or 6 ints of at least 0, got (1, 2)": lambda: ops.pad(x, (1, 2)),
    "dense: expected x of shape (N, inputs), got (2, 3, 5, 4); flatten images first": lambda: ops.dense(x, rows),
    "dense: x (2, 3) has 3 inputs, but w (3, 2) takes 2": lambda: ops.dense(rows, rows.T),
    "dense: expected b of shape (2,) for w (2, 3), got (3,)": lambda: ops.dense(rows, rows, channels),
    "flatten: expected x of shape (N, …), got a scalar": lambda: ops.flatten(np.array(1.0)),
    "softmax: expected at least one value along axis 2, got x of shape (2, 3)": lambda: ops.softmax(rows, axis=2),
    "log_softmax: expected at least one value along axis -1, got x of shape (2, 0)": lambda: ops.log_softmax(
        rows[:, :0]
    ),
    "cross_entropy: expected logits of shape (N, classes), got (3,)": lambda: ops.cross_entropy(channels, labels),
    "cross_entropy: expected label_smoothing from 0 to 1, got 2": lambda: ops.cross_entropy(
        rows, labels, label_smoothing=2
    ),
    "cross_entropy: expected labels of shape (2,), got (3,)": lambda: ops.cross_entropy(rows, np.zeros(3, int)),
    "cross_entropy: expected labels from 0 to 2, got 0 to 3": lambda: ops.cross_entropy(rows, np.array([0, 3])),
    "cross_entropy: expected distributions of the logits' shape (2, 3), got (3, 2)": lambda: ops.cross_entropy(
        rows, rows.T
    ),
    "cross_entropy: expected reduction to be one of mean, sum, none, got 'avg'": lambda: ops.cross_entropy(
        rows, labels, reduction="avg"
    ),
    "cross_entropy: an empty batch has no mean": lambda: ops.cross_entropy(rows[:0], labels[:0]),
    "mse: expected target of the prediction's shape (2, 3), got (3, 2)": lambda: ops.mse(rows, rows.T),
    "concat: expected at least one array, got none": lambda: ops.concat(),
    "concat: array 0 of shape (2, 3) has no axis 2": lambda: ops.concat(rows, axis=2),
    "concat: expected shapes that differ only along axis 1, got array 0 (2, 3) and array 1 (3, 2)": lambda: ops.concat(
        rows, rows.T
    ),
    "add: expected at least one array, got none": lambda: ops.add(),
    "add: expected arrays of one shape, got array 0 (2, 3) and array 1 (3, 2)": lambda: ops.add(rows, rows.T),
}


@pytest.mark.parametrize("message", REFUSED)
def test_it_is_refused(message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        REFUSED[message]()
    assert str(refusal.value).startswith(message)
    assert "\n" not in str(refusal.value)
