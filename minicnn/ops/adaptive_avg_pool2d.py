"""Adaptive average pooling: windows cut so that the output has a given size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .contract import Array, Pair, Pullback, pair, pictures, upstream
from .global_avg_pool2d import global_avg_pool2d


def adaptive_avg_pool2d(x: Array, output_size: Pair) -> tuple[Array, Pullback]:
    """Average over windows that divide the picture into OH × OW, overlapping where it does not divide evenly.

        y[n, c] = A · x[n, c] · Bᵀ,    A[oy, iy] = 1 / (bottom − top) for top ≤ iy < bottom, 0 elsewhere,
        with top = ⌊oy·H / OH⌋ and bottom = ⌈(oy + 1)·H / OH⌉; B likewise along the width

        dx[n, c] = Aᵀ · dy[n, c] · B

    Args:
        x: (N, C, H, W), in any memory order.
        output_size: (OH, OW), or one int for both.

    Returns:
        y (N, C, OH, OW) and the pullback dy → (dx,).

    Raises:
        ValueError: x is not of shape (N, C, H, W), has no pixels, or the size is below 1.

    Source: PyTorch's `AdaptiveAvgPool2d`, whose windows these are; He et al. (2014), Spatial pyramid pooling in deep
    convolutional networks, section 2.2, for the idea.
    """
    x = pictures("adaptive_avg_pool2d", x)
    if not x.shape[2] * x.shape[3]:
        raise ValueError(f"adaptive_avg_pool2d: x {x.shape} has no pixels to average")
    OH, OW = pair("adaptive_avg_pool2d", "output_size", output_size)
    if (OH, OW) == (1, 1):
        return _global(x)
    real = x.real.dtype
    A, B = _averaging(OH, x.shape[2], real), _averaging(OW, x.shape[3], real)
    y = A @ x @ B.T

    def pullback(dy: Any, wants: Sequence[bool] = (True,)) -> tuple[Array | None, ...]:
        dy = upstream("adaptive_avg_pool2d", dy, y.shape, y.dtype)
        return (A.T @ dy @ B,) if wants[0] else (None,)

    return y, pullback


def _global(x: Array) -> tuple[Array, Pullback]:
    """The commonest case: one window, which is the picture."""
    means, global_pullback = global_avg_pool2d(x)
    y = means[:, :, None, None]

    def pullback(dy: Any, wants: Sequence[bool] = (True,)) -> tuple[Array | None, ...]:
        dy = upstream("adaptive_avg_pool2d", dy, y.shape, y.dtype)
        return global_pullback(dy[:, :, 0, 0], wants)

    return y, pullback


def _averaging(outputs: int, inputs: int, dtype: Any) -> Array:
    """The matrix (outputs, inputs) whose rows average over one window each."""
    matrix = np.zeros((outputs, inputs), dtype)
    for o in range(outputs):
        first, last = o * inputs // outputs, -(-(o + 1) * inputs // outputs)
        matrix[o, first:last] = 1 / (last - first)
    return matrix
