"""Convolution, ReLU and max pooling in one pass."""

from __future__ import annotations

from .contract import COMPLEX, Array, Pair, Pullback
from .conv2d import checked, convolve
from .convolution.problem import NO_POOL, Filters, problem
from .max_pool2d import max_pool2d
from .relu import relu


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
    """`max_pool2d(relu(conv2d(x, w, b)))` without ever writing the maps in between; equal to it but for rounding.

    They would be the largest arrays of the network, and writing and reading them four times over costs more than the
    arithmetic of a narrow layer. In the backward pass the gradient of the convolution's output is made again, block by
    block, from the pooled gradient and the switches.

    Args:
        x, w, b, stride, padding, dilation, groups, algorithm: those of `conv2d`.
        pool_size, pool_stride: the pooling's window and step, without padding; 1 for no pooling.

    Returns:
        y (N, O, PH, PW), and the pullback dy → (dx, dw, db), or (dx, dw) where b is None.

    Raises:
        ValueError: shapes, dtypes or options do not fit together.
    """
    op = "conv2d_relu_max_pool2d"
    x, filters = checked(op, x, w, b)
    p = problem(op, x, filters, stride, padding, dilation, groups, True, pool_size, pool_stride)
    if x.dtype.type in COMPLEX:  # which only checks derivatives
        y = relu(convolve(op, p._replace(relu=False, pool=NO_POOL), x, filters)[0])[0]
        return max_pool2d(y, p.pool[:2], stride=p.pool[2:])
    return convolve(op, p, x, filters, algorithm)
