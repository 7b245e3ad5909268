"""Two-dimensional convolution, alone and with ReLU and max pooling: two ops with one body, `_convolve`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .contract import COMPLEX, Array, Pair, Pullback, arrays_of_one_dtype, upstream
from .convolution.choice import choose
from .convolution.problem import Filters, Problem, gradient, images, problem
from .max_pool2d import max_pool2d
from .relu import relu


def conv2d(
    x: Array,
    w: Array | Filters,
    b: Array | None = None,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
    algorithm: str | None = None,
) -> tuple[Array, Pullback]:
    """Slide filters over images.

        y[n, o, oy, ox] = b[o] + Σ_{c, i, j} w[o, c, i, j] · x[n, c, iy, ix]
        where iy = oy·stride + i·dilation − padding, ix = ox·stride + j·dilation − padding, and x is 0 outside

    It is linear in x and in w, so its gradients are sums of the same products:

        dx[n, c, iy, ix] = Σ_{o, i, j} w[o, c, i, j] · dy[n, o, oy, ox]
        dw[o, c, i, j]   = Σ_{n, oy, ox} x[n, c, iy, ix] · dy[n, o, oy, ox]
        db[o]            = Σ_{n, oy, ox} dy[n, o, oy, ox]

    In dx, (oy, ox) is the output that sees the pixel through tap (i, j); where there is none, the term is left out. The
    filter is not flipped: mathematics calls this cross-correlation, deep learning convolution. In `minicnn.reference`
    it is plain loops (`conv2d`), and all three sums are products of matrices (`conv2d_by_columns`).

    Args:
        x: images (N, C, H, W), in any memory order.
        w: filters (O, C/groups, kh, kw); or `Filters`, which hold the bias too and cache packed forms.
        b: one number for each filter (O,), or None.
        stride, padding, dilation: an int, or (vertical, horizontal); padding is with zeros.
        groups: the number of groups that channels and filters are split into; each filter sees its own group only.
        algorithm: one of `convolution.choice.ALGORITHMS`, or None to choose by shape. "winograd4" and "winograd2" are
            for float32 and 3×3 filters in steps of 1, with errors of about 1e-5 and 1e-6 of the largest output, and a
            few times that in the weight gradient. Where the largest value is 1024 times the mean around it, or
            infinite, "direct" steps in: they would round every output of a tile to the precision of the largest.

    Returns:
        y (N, O, OH, OW) with OH = ⌊(H + 2·padding − dilation·(kh−1) − 1) / stride⌋ + 1, and the pullback
        dy → (dx, dw, db), or (dx, dw) without a bias.

    Raises:
        ValueError: shapes, dtypes or options do not fit together.

    Source: LeCun et al. (1998), Gradient-based learning applied to document recognition, section II;
    Dumoulin & Visin (2016), A guide to convolution arithmetic for deep learning.
    """
    x, filters = _checked("conv2d", x, w, b)
    p = problem("conv2d", x, filters, stride, padding, dilation, groups)
    return _convolve("conv2d", p, x, filters, algorithm)


def conv2d_relu_max_pool2d(
    x: Array,
    w: Array | Filters,
    b: Array | None = None,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
    pool_size: Pair = 1,
    pool_stride: Pair | None = None,
    algorithm: str | None = None,
) -> tuple[Array, Pullback]:
    """`max_pool2d(relu(conv2d(x, w, b)))`, equal up to rounding, without storing the feature maps in between.

    Those maps would be the largest arrays of the network, and writing and reading them four times costs more than the
    arithmetic of a narrow layer. The backward pass restores the gradient of the convolution's output block by block,
    from the pooled gradient and the switches.

    Args:
        x, w, b, stride, padding, dilation, groups, algorithm: as in `conv2d`.
        pool_size, pool_stride: the pooling window and its stride, without padding; 1 for no pooling.

    Returns:
        y (N, O, PH, PW), and the pullback dy → (dx, dw, db), or (dx, dw) without a bias.

    Raises:
        ValueError: shapes, dtypes or options do not fit together.
    """
    op = "conv2d_relu_max_pool2d"
    x, filters = _checked(op, x, w, b)
    p = problem(op, x, filters, stride, padding, dilation, groups, True, pool_size, pool_stride)
    if x.dtype.type in COMPLEX:  # only to check derivatives by complex steps, which need the output alone
        y, _ = conv2d(x, filters, stride=stride, padding=padding, dilation=dilation, groups=groups)
        return max_pool2d(relu(y)[0], p.pool[:2], stride=p.pool[2:])
    return _convolve(op, p, x, filters, algorithm)


def _checked(op: str, x: Any, w: Any, b: Any) -> tuple[Array, Filters]:
    """Images and filters as floating-point arrays of one dtype; anything else is an error."""
    packed = isinstance(w, Filters)
    if packed and b is not None:
        raise ValueError(f"{op}: expected b to be None, because w is Filters, which hold their own bias")
    given = {"w": w.w, "b": w.b} if packed else {"w": w, "b": b}
    x, weight, *bias = arrays_of_one_dtype(op, x=x, **given)
    if x.ndim != 4:
        raise ValueError(f"{op}: expected x of shape (N, C, H, W), got {x.shape}")
    return x, w if packed else Filters(weight, *bias)


def _convolve(op: str, p: Problem, x: Array, filters: Filters, algorithm: str | None = None) -> tuple[Array, Pullback]:
    """The output of a convolution, with the problem's ReLU and pooling, and the pullback."""
    how = choose(op, p, algorithm)
    x_source = images(x)
    result = how.forward(p, x_source, filters)
    y = result.y.transpose(0, 3, 1, 2)

    def pullback(dy: Any, wants: Sequence[bool] = (True, True, True)) -> tuple[Array | None, ...]:
        dy_source = gradient(p, upstream(op, dy, y.shape, y.dtype), result)
        dx = dw = db = None
        if wants[0]:
            dx = how.input_gradient(p, dy_source, filters)
        if wants[1] or (filters.b is not None and wants[2] and p.relu):  # what ReLU lets through is known there
            dw, db = how.weight_gradient(p, x_source, dy_source)
        elif filters.b is not None and wants[2]:
            db = dy_source.values.sum(axis=(0, 1, 2))
        dw = dw if wants[1] else None
        return (dx, dw) if filters.b is None else (dx, dw, db if wants[2] else None)

    return y, pullback
