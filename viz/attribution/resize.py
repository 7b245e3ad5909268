"""Resizing maps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
METHODS = ("nearest", "bilinear")


def resize(maps: Array, size: tuple[int, ...], method: str = "bilinear") -> Array:
    """Maps (…, h, w) at (…, *size): for every output pixel o, along each axis, a position in the input is read.

        "bilinear"   (o + ½) · h / size − ½, cut off at the edges, between its two neighbors
        "nearest"    ⌊o · h / size⌋

    Both are those of PyTorch's `interpolate` (align_corners=False).

    Raises:
        ValueError: the method is neither "nearest" nor "bilinear".
    """
    if method not in METHODS:
        raise ValueError(f"resize: expected one of {', '.join(METHODS)}, got {method!r}")
    for axis, length in zip((-2, -1), size, strict=True):
        maps = _along(maps, axis, length, method)
    return maps


def _along(maps: Array, axis: int, length: int, method: str) -> Array:
    old = maps.shape[axis]
    if method == "nearest":
        return np.take(maps, np.arange(length) * old // length, axis=axis)
    position = np.clip((np.arange(length) + 0.5) * old / length - 0.5, 0, old - 1)
    low = np.floor(position).astype(int)
    high = np.minimum(low + 1, old - 1)
    share = (position - low).astype(maps.dtype)
    if axis == -2:
        share = share[:, None]
    return np.take(maps, low, axis=axis) * (1 - share) + np.take(maps, high, axis=axis) * share
