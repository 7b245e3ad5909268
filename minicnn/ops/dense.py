"""The dense (fully connected) layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..kernels import dense as kernels
from .contract import Array, Pullback, arrays_of_one_dtype, quiet, upstream


@quiet
def dense(x: Array, w: Array, b: Array | None = None) -> tuple[Array, Pullback]:
    """Every output is a weighted sum of all inputs.

        y  = x · wᵀ + b
        dx = dy · w
        dw = dyᵀ · x
        db = Σ_n dy[n]

    Args:
        x: vectors (N, I).
        w: weights (O, I).
        b: one number for each output (O,), or None.

    Returns:
        y (N, O) and the pullback dy → (dx, dw, db), or (dx, dw) where b is None.

    Raises:
        ValueError: shapes or dtypes do not match.
    """
    x, w, *bias = arrays_of_one_dtype("dense", x=x, w=w, b=b)
    if x.ndim != 2:
        raise ValueError(f"dense: expected x of shape (N, inputs), got {x.shape}; flatten images first")
    if w.ndim != 2 or x.shape[1] != w.shape[1]:
        raise ValueError(f"dense: x {x.shape} has {x.shape[1]} inputs, but w {w.shape} takes {w.shape[-1]}")
    if bias and bias[0].shape != (len(w),):
        raise ValueError(f"dense: expected b of shape ({len(w)},) for w {w.shape}, got {bias[0].shape}")
    x, w = np.ascontiguousarray(x), np.ascontiguousarray(w)
    y = np.empty((len(x), len(w)), x.dtype)
    kernels.forward(x, w, np.ascontiguousarray(bias[0]) if bias else np.zeros(len(w), x.dtype), y)

    def pullback(dy: Any, wants: Sequence[bool] = (True, True, True)) -> tuple[Array | None, ...]:
        dy = np.ascontiguousarray(upstream("dense", dy, y.shape, y.dtype))
        dx = dw = None
        if wants[0] and len(x) < kernels.MR:
            sums = np.empty((kernels.SHARES, *x.shape), x.dtype)
            kernels.input_gradient_of_few(dy, w, sums)
            dx = sums.sum(axis=0)
        elif wants[0]:
            dx = np.empty_like(x)
            kernels.product(dy.reshape(-1), len(w), 1, w, dx)
        if wants[1]:
            dw = np.empty_like(w)
            kernels.product(dy.reshape(-1), 1, len(w), x, dw)
        return (dx, dw, dy.sum(axis=0) if wants[2] else None) if bias else (dx, dw)

    return y, pullback
