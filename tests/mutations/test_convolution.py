"""Mistakes in convolutions."""

import numpy as np

from minicnn import ops


def both(value):
    return value if isinstance(value, tuple) else (value, value)


def scatter(dcols, x, w, *, stride=1, padding=0, dilation=1, add=True, border=0, steps=True):
    """col2im in the plainest NumPy, (N, C, kh, kw, OH, OW) → x's shape, with three places to go wrong."""
    (sh, sw), (ph, pw), (dh, dw) = both(stride), both(padding), both(dilation)
    N, C, H, W = x.shape
    kh, kw, OH, OW = dcols.shape[2:]
    dx = np.zeros((N, C, H + 2 * ph + 9, W + 2 * pw + 9), x.dtype)
    for i in range(kh):
        for j in range(kw):
            across = np.arange(OH) * (sh if steps else 1) + i * dh, np.arange(OW) * (sw if steps else 1) + j * dw
            window = (slice(None), slice(None), *np.ix_(*across))
            dx[window] = dx[window] + dcols[:, :, i, j] if add else dcols[:, :, i, j]
    return dx[:, :, ph + border : ph + border + H, pw + border : pw + border + W]


def conv2d_by_scatter(x, w, b, options, **mistakes):
    """conv2d, its input gradient by the `scatter` above."""
    y, right = ops.conv2d(x, w, *b, **options)
    options = dict(options)
    groups = options.pop("groups", 1)

    def pullback(dy):
        (O, C), kernel = (w.shape[0] // groups, w.shape[1]), w.shape[2:]
        dcols = np.einsum(
            "gocij,ngoyx->ngcijyx", w.reshape(groups, O, C, *kernel), dy.reshape(len(x), groups, O, *dy.shape[2:])
        )
        dx = scatter(dcols.reshape(len(x), -1, *kernel, *dy.shape[2:]), x, w, **options, **mistakes)
        return dx, *right(dy)[1:]

    return y, pullback


def stride_forgotten_on_the_way_back(x, w, *b, **options):
    """col2im ignores the stride"""
    return conv2d_by_scatter(x, w, b, options, steps=False)


def border_off_by_one(x, w, *b, **options):
    """off by one at the border: one pixel too many is cut off with the padding"""
    return conv2d_by_scatter(x, w, b, options, border=1)


def overlap_overwritten(x, w, *b, **options):
    """col2im assigns where windows overlap, and should add"""
    return conv2d_by_scatter(x, w, b, options, add=False)


def kernel_flipped(x, w, *b, **options):
    """the kernel is flipped, as in mathematics"""
    y, right = ops.conv2d(x, w[:, :, ::-1, ::-1], *b, **options)

    def pullback(dy):
        dx, dw, *db = right(dy)
        return dx, dw[:, :, ::-1, ::-1], *db

    return y, pullback


def kernel_not_turned_on_the_way_back(x, w, *b, **options):
    """the input gradient uses the kernel without turning it around"""
    y, right = ops.conv2d(x, w, *b, **options)
    turned = ops.conv2d(x, w[:, :, ::-1, ::-1], *b, **options)[1]
    return y, lambda dy: (turned(dy)[0], *right(dy)[1:])


def dilation_forgotten_in_the_weight_gradient(x, w, *b, **options):
    """the weight gradient ignores the dilation"""
    y, right = ops.conv2d(x, w, *b, **options)

    def pullback(dy):
        dx, _, *db = right(dy)
        plain, undilated = ops.conv2d(x, w, *b, **{**options, "dilation": 1})
        padded = np.zeros_like(plain)
        padded[:, :, : dy.shape[2], : dy.shape[3]] = dy[:, :, : plain.shape[2], : plain.shape[3]]
        return dx, undilated(padded)[1], *db

    return y, pullback


def stride_and_padding_swap_directions(x, w, *b, **options):
    """(vertical, horizontal) is taken for (horizontal, vertical)"""
    swapped = {k: both(v)[::-1] if k in ("stride", "padding", "dilation") else v for k, v in options.items()}
    return ops.conv2d(x, w, *b, **swapped)


def bias_gradient_over_wrong_axes(x, w, *b, **options):
    """the bias gradient is summed over the wrong axes: one per image, and should be one per channel"""
    y, right = ops.conv2d(x, w, *b, **options)
    return y, lambda dy: (*right(dy)[:2], *(dy.sum(axis=(1, 2, 3)) for _ in b))


def bias_gradient_of_one_pixel(x, w, *b, **options):
    """the bias gradient is summed over the batch, but of one pixel alone"""
    y, right = ops.conv2d(x, w, *b, **options)
    return y, lambda dy: (*right(dy)[:2], *(dy[:, :, 0, 0].sum(axis=0) for _ in b))


def bias_gradient_averaged(x, w, *b, **options):
    """the bias gradient is a mean, and should be a sum"""
    y, right = ops.conv2d(x, w, *b, **options)
    return y, lambda dy: (*right(dy)[:2], *(dy.mean(axis=(0, 2, 3)) for _ in b))


def weight_gradient_averaged(x, w, *b, **options):
    """the weight gradient is divided by the batch size: the loss has done so already"""
    y, right = ops.conv2d(x, w, *b, **options)

    def pullback(dy):
        dx, dw, *db = right(dy)
        return dx, dw / len(x), *db

    return y, pullback


def weight_gradient_of_the_last_image(x, w, *b, **options):
    """the cache holds only the last image of the batch"""
    y, right = ops.conv2d(x, w, *b, **options)
    last = ops.conv2d(x[-1:], w, *b, **options)[1]
    return y, lambda dy: (right(dy)[0], last(dy[-1:])[1], *right(dy)[2:])


def groups_interleaved(x, w, *b, groups=1, **options):
    """groups mixed up: channel c goes to group c mod G, and should go to c // (C / G)"""
    order = np.argsort(np.arange(x.shape[1]) % groups, kind="stable")
    y, right = ops.conv2d(x[:, order], w, *b, groups=groups, **options)

    def pullback(dy):
        dx, *rest = right(dy)
        return dx[:, np.argsort(order)], *rest

    return y, pullback


def groups_mixed_up_on_the_way_back(x, w, *b, groups=1, **options):
    """groups mixed up in the backward pass: their weight gradients are in reverse order"""
    y, right = ops.conv2d(x, w, *b, groups=groups, **options)

    def pullback(dy):
        dx, dw, *db = right(dy)
        return dx, dw.reshape(groups, -1)[::-1].reshape(w.shape), *db

    return y, pullback


def size_rounded_up(x, w, *b, **options):
    """the output size is rounded up: a last window extends past the edge"""
    (sh, sw) = both(options.get("stride", 1))
    larger = np.pad(x, ((0, 0), (0, 0), (0, sh - 1), (0, sw - 1)))
    y, right = ops.conv2d(larger, w, *b, **options)

    def pullback(dy):
        dx, *rest = right(dy)
        return dx[:, :, : x.shape[2], : x.shape[3]], *rest

    return y, pullback


def transposed_with_padding_added(x, w, *b, padding=0, **options):
    """padding makes the output of a transposed convolution larger, and should make it smaller"""
    (ph, pw) = both(padding)
    y, right = ops.conv_transpose2d(x, w, *b, **options)
    around = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    return np.pad(y, around), lambda dy: right(dy[:, :, ph : ph + y.shape[2], pw : pw + y.shape[3]])


def output_padding_in_front(x, w, *b, output_padding=0, **options):
    """output_padding is added above and to the left, and belongs below and to the right"""
    (eh, ew) = both(output_padding)
    y, right = ops.conv_transpose2d(x, w, *b, output_padding=output_padding, **options)
    return np.roll(y, (eh, ew), (2, 3)), lambda dy: right(np.roll(dy, (-eh, -ew), (2, 3)))


def transposed_weight_gradient_transposed(x, w, *b, **options):
    """the weight gradient of a transposed convolution has its two channel axes confused"""
    y, right = ops.conv_transpose2d(x, w, *b, **options)

    def pullback(dy):
        dx, dw, *db = right(dy)
        return dx, dw.swapaxes(0, 1).reshape(w.shape), *db

    return y, pullback


def fused_relu_before_bias(x, w, *b, pool_size=1, pool_stride=None, **options):
    """the fused kernel adds the bias after ReLU"""
    z, conv = ops.conv2d(x, w, **options)
    a, relu = ops.relu(z)
    y, pool = ops.max_pool2d(a, pool_size, stride=pool_stride)

    def pullback(dy):
        return *conv(relu(*pool(dy))[0]), *(dy.sum(axis=(0, 2, 3)) for _ in b)

    return y + sum(bias[:, None, None] for bias in b), pullback


def fused_relu_forgotten_on_the_way_back(x, w, *b, pool_size=1, pool_stride=None, **options):
    """the fused pullback forgets ReLU's mask"""
    z, conv = ops.conv2d(x, w, *b, **options)
    y, pool = ops.max_pool2d(ops.relu(z)[0], pool_size, stride=pool_stride)
    return y, lambda dy: conv(*pool(dy))


def fused_switches_of_the_first_pixel(x, w, *b, pool_size=1, pool_stride=None, **options):
    """the fused pullback gives the gradient to each window's first pixel"""
    z, conv = ops.conv2d(x, w, *b, **options)
    a, relu = ops.relu(z)
    y, _ = ops.max_pool2d(a, pool_size, stride=pool_stride)
    falling = -np.arange(a[0, 0].size, dtype=a.dtype).reshape(a.shape[2:]) + np.zeros_like(a)
    first = ops.max_pool2d(falling, pool_size, stride=pool_stride)[1]
    return y, lambda dy: conv(*relu(*first(dy)))


def fused_remainder_dropped(x, w, *b, pool_size=1, pool_stride=None, **options):
    """the fused kernel skips the last row of windows"""
    y, right = ops.conv2d_relu_max_pool2d(x, w, *b, pool_size=pool_size, pool_stride=pool_stride, **options)
    y = y.copy()
    y[:, :, -1] = 0

    def pullback(dy):
        dy = dy.copy()
        dy[:, :, -1] = 0
        return right(dy)

    return y, pullback


MISTAKES = {
    "conv2d": [
        kernel_flipped,
        kernel_not_turned_on_the_way_back,
        stride_forgotten_on_the_way_back,
        border_off_by_one,
        overlap_overwritten,
        dilation_forgotten_in_the_weight_gradient,
        stride_and_padding_swap_directions,
        size_rounded_up,
        bias_gradient_over_wrong_axes,
        bias_gradient_of_one_pixel,
        bias_gradient_averaged,
        weight_gradient_averaged,
        weight_gradient_of_the_last_image,
        groups_interleaved,
        groups_mixed_up_on_the_way_back,
    ],
    "conv_transpose2d": [
        transposed_with_padding_added,
        output_padding_in_front,
        transposed_weight_gradient_transposed,
    ],
    "conv2d_relu_max_pool2d": [
        fused_relu_before_bias,
        fused_relu_forgotten_on_the_way_back,
        fused_switches_of_the_first_pixel,
        fused_remainder_dropped,
    ],
}


def test_the_right_op_is_caught_by_nobody(op, caught_by) -> None:
    assert not caught_by(op, getattr(ops, op))


def test_the_mistake_is_caught(op, mistake, caught_by) -> None:
    assert caught_by(op, mistake)


def test_the_scaffolding_of_the_mistakes_is_right(examples) -> None:
    for case in examples("conv2d"):
        x, w, *b = case.arrays()
        y, pullback = conv2d_by_scatter(x, w, b, case.options)
        np.testing.assert_allclose(pullback(y)[0], ops.conv2d(x, w, *b, **case.options)[1](y)[0], atol=1e-12)
