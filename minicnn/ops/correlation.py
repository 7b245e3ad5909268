"""The three products that convolution is made of: forward, and its transposes in x and in w.

`conv2d` is the first with the other two as its pullback; `conv_transpose2d` is the second with the first and the
third. Here arrays of the usual shapes, in any memory order, become what the kernels take.
"""

from __future__ import annotations

import numpy as np

from ..kernels import conv as kernels
from .contract import Array
from .geometry import Geometry


def correlate(x: Array, w: Array, b: Array | None, g: Geometry, groups: int, size: tuple[int, int]) -> Array:
    """y (N, O, *size) from pictures x (N, C, H, W) and filters w (O, C/groups, kh, kw)."""
    y = np.empty((len(x), len(w), *size), x.dtype)
    b = np.zeros(len(w), x.dtype) if b is None else np.ascontiguousarray(b)
    kernels.correlate(_by_group(x, groups), _filters(w, groups), b.reshape(groups, -1), g, _by_group(y, groups))
    return y


def correlate_input_gradient(dy: Array, w: Array, g: Geometry, groups: int, shape: tuple[int, ...]) -> Array:
    """dx of the given shape (N, C, H, W) from dy (N, O, OH, OW)."""
    dx = np.empty(shape, dy.dtype)
    transposed = np.ascontiguousarray(_filters(w, groups).transpose(0, 2, 1))
    kernels.correlate_input_gradient(_by_group(dy, groups), transposed, g, _by_group(dx, groups))
    return dx


def correlate_weight_gradient(x: Array, dy: Array, g: Geometry, groups: int, shape: tuple[int, ...]) -> Array:
    """dw of the given shape (O, C/groups, kh, kw)."""
    dw = np.empty(shape, dy.dtype)
    kernels.correlate_weight_gradient(_by_group(x, groups), _by_group(dy, groups), g, _filters(dw, groups))
    return dw


def _by_group(x: Array, groups: int) -> Array:
    """(N, C, H, W) as (N, groups, C/groups, H, W): a view, where x is C-contiguous already."""
    N, C, H, W = x.shape
    return np.ascontiguousarray(x).reshape(N, groups, C // groups, H, W)


def _filters(w: Array, groups: int) -> Array:
    """(O, C/groups, kh, kw) as (groups, O/groups, C/groups·kh·kw): a matrix for each group."""
    return np.ascontiguousarray(w).reshape(groups, len(w) // groups, w[0].size)
