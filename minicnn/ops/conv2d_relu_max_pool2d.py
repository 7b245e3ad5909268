"""Convolution, ReLU and max pooling in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .contract import Array, Pair, Pullback, arrays_of_one_dtype, pictures, upstream
from .conv2d import check_filters
from .correlation import correlate, correlate_input_gradient, correlate_weight_gradient
from .epilogue import Epilogue
from .geometry import geometry, windows
from .plan import plan


def conv2d_relu_max_pool2d(
    x: Array,
    w: Array,
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
    arithmetic of a narrow layer. On the way back the gradient of the convolution's output is made again, block by
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
    x, w, *bias = arrays_of_one_dtype(op, x=pictures(op, x), w=w, b=b)
    check_filters(op, x, w, bias, groups)
    g = geometry(op, w.shape[2:], stride, padding, dilation)
    size = windows(op, x.shape[2:], g)
    pool = geometry(op, pool_size, pool_size if pool_stride is None else pool_stride, 0, 1)
    windows(op, size, pool)  # refuses a pooling window larger than the map
    if pool.kh * pool.kw > 256:
        raise ValueError(f"{op}: expected a pooling window of at most 256 pixels, got {pool.kh} x {pool.kw}")
    epilogue = Epilogue(relu=True, pool=(pool.kh, pool.kw, pool.stride_h, pool.stride_w))
    how = plan(op, x.shape, w.shape, x.dtype, g, groups, size, epilogue, algorithm)
    chosen = correlate(x, w, bias[0] if bias else None, how, epilogue)

    def pullback(dy: Any, wants: Sequence[bool] = (True, True, True)) -> tuple[Array | None, ...]:
        dy = upstream(op, dy, chosen.y.shape, chosen.y.dtype)
        dx = dw = db = None
        if wants[0]:
            dx = correlate_input_gradient(dy, w, how, x.shape, chosen)
        if wants[1] or (bias and wants[2]):
            dw, db = correlate_weight_gradient(x, dy, how, w.shape, chosen)
        dw, db = dw if wants[1] else None, db if bias and wants[2] else None
        return (dx, dw, db) if bias else (dx, dw)

    return chosen.y, pullback
