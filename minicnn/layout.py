"""The order of images in memory: every array is (N, C, H, W) in shape, and this file converts between the orders.

- *channels-first*: C-contiguous, the width innermost, as images are read.
- *channels-last*: the channels innermost; `x.transpose(0, 2, 3, 1)` is C-contiguous. Loops over channels are long
  whatever the image's size, and a pixel is one run of numbers.

Convolution, pooling and batch normalization work on channels-last memory and return it; other ops keep the order
they are given. So a network converts its input once. Values never depend on the order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .kernels import memory as kernels

Array = NDArray[Any]

SMALL = 1 << 14  # numbers; fewer are moved before a second thread wakes up


def is_channels_last(x: Array) -> bool:
    """Whether x is channels-last in memory and not also channels-first (as an array of one channel or one pixel is)."""
    return bool(not x.flags.c_contiguous and x.transpose(0, 2, 3, 1).flags.c_contiguous)


def channels_last(x: Array) -> Array:
    """x (N, C, H, W) as a C-contiguous (N, H, W, C): a view if x is channels-last already, otherwise a copy."""
    view = x.transpose(0, 2, 3, 1)
    if view.flags.c_contiguous or not x.flags.c_contiguous:
        return np.ascontiguousarray(view)
    N, C, H, W = x.shape
    return transposed(x.reshape(N, C, H * W)).reshape(N, H, W, C)


def empty_channels_last(shape: tuple[int, int, int, int], dtype: Any) -> Array:
    """An uninitialized array (N, C, H, W), channels-last."""
    N, C, H, W = shape
    return np.empty((N, H, W, C), dtype).transpose(0, 3, 1, 2)


def concatenated(xs: Sequence[Array]) -> Array:
    """Channels-last arrays concatenated along the channels; the result is channels-last too."""
    N, _, H, W = xs[0].shape
    y = empty_channels_last((N, sum(x.shape[1] for x in xs), H, W), xs[0].dtype)
    first = 0
    for x in xs:
        kernels.copy_columns(pixels(x), 0, pixels(y), first, x.shape[1])
        first += x.shape[1]
    return y


def apart(y: Array, channels: Sequence[int], wants: Sequence[bool]) -> list[Array | None]:
    """A channels-last array split along the channels into parts of these sizes, also channels-last; None for unwanted
    parts.

    The parts are copies, not views, so that reading one is a contiguous read.
    """
    N, _, H, W = y.shape
    parts: list[Array | None] = []
    first = 0
    for count, want in zip(channels, wants, strict=True):
        part = empty_channels_last((N, count, H, W), y.dtype) if want else None
        if part is not None:
            kernels.copy_columns(pixels(y), first, pixels(part), 0, count)
        parts.append(part)
        first += count
    return parts


def transposed(x: Array) -> Array:
    """x (N, R, S), C-contiguous, as a C-contiguous (N, S, R)."""
    if x.size < SMALL:
        return np.ascontiguousarray(x.transpose(0, 2, 1))
    N, R, S = x.shape
    y = np.empty((N, S, R), x.dtype)
    kernels.transpose(x, y)
    return y


def pixels(x: Array) -> Array:
    """x (N, C, H, W) as (N·H·W, C), C-contiguous: a view if x is channels-last."""
    return channels_last(x).reshape(-1, x.shape[1])
