"""The three products that convolution is made of: forward, and its transposes in x and in w.

`conv2d` is the first with the other two as its pullback; `conv_transpose2d` is the second with the first and the
third. Here arrays of the usual shapes, in any memory order, become what the kernels take.

The `Epilogue` is what may be done to an output while it is still in cache: ReLU and max pooling.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..kernels import conv as kernels
from .contract import Array
from .geometry import Geometry


class Epilogue(NamedTuple):
    """ReLU, and max pooling by windows of (kh, kw) in steps of (stride_h, stride_w), without padding."""

    relu: bool = False
    pool: tuple[int, int, int, int] = (1, 1, 1, 1)


class Chosen(NamedTuple):
    """What the pullbacks must know of a rectified and pooled output: its values, and which tap of each window won."""

    y: Array
    switches: Array
    epilogue: Epilogue


def correlate(
    x: Array,
    w: Array,
    b: Array | None,
    g: Geometry,
    groups: int,
    size: tuple[int, int],
    epilogue: Epilogue = Epilogue(),
) -> Chosen:
    """y (N, O, …) from pictures x (N, C, H, W) and filters w (O, C/groups, kh, kw); `size` is that before pooling."""
    kh, kw, stride_h, stride_w = epilogue.pool
    y = np.empty((len(x), len(w), (size[0] - kh) // stride_h + 1, (size[1] - kw) // stride_w + 1), x.dtype)
    switches = np.empty(y.shape if epilogue.pool != (1, 1, 1, 1) else (len(x), len(w), 0, 0), np.uint8)
    b = np.zeros(len(w), x.dtype) if b is None else np.ascontiguousarray(b)
    kernels.correlate(
        _by_group(x, groups),
        _filters(w, groups),
        b.reshape(groups, -1),
        g,
        size[1],
        epilogue.relu,
        epilogue.pool,
        _by_group(y, groups),
        _by_group(switches, groups),
    )
    return Chosen(y, switches, epilogue)


def correlate_input_gradient(
    dy: Array,
    w: Array,
    g: Geometry,
    groups: int,
    shape: tuple[int, ...],
    size: tuple[int, int],
    chosen: Chosen | None = None,
) -> Array:
    """dx of the given shape (N, C, H, W) from dy, where `size` is that of the output before pooling."""
    dx = np.empty(shape, dy.dtype)
    y, switches, epilogue = chosen or _everything(dy)
    kernels.correlate_input_gradient(
        _by_group(dy, groups),
        _by_group(y, groups),
        _by_group(switches, groups),
        np.ascontiguousarray(_filters(w, groups).transpose(0, 2, 1)),
        g,
        *size,
        *epilogue,
        _by_group(dx, groups),
    )
    return dx


def correlate_weight_gradient(
    x: Array,
    dy: Array,
    g: Geometry,
    groups: int,
    shape: tuple[int, ...],
    size: tuple[int, int],
    chosen: Chosen | None = None,
) -> tuple[Array, Array]:
    """dw of the given shape (O, C/groups, kh, kw), and db (O,)."""
    dw, db = np.empty(shape, dy.dtype), np.empty(shape[0], dy.dtype)
    y, switches, epilogue = chosen or _everything(dy)
    kernels.correlate_weight_gradient(
        _by_group(x, groups),
        _by_group(dy, groups),
        _by_group(y, groups),
        _by_group(switches, groups),
        g,
        *size,
        *epilogue,
        _filters(dw, groups),
        db.reshape(groups, -1),
    )
    return dw, db


def _everything(dy: Array) -> Chosen:
    """No ReLU and no pooling: every output was chosen."""
    return Chosen(dy, np.empty((*dy.shape[:2], 0, 0), np.uint8), Epilogue())


def _by_group(x: Array, groups: int) -> Array:
    """(N, C, H, W) as (N, groups, C/groups, H, W): a view, where x is C-contiguous already."""
    N, C, H, W = x.shape
    return np.ascontiguousarray(x).reshape(N, groups, C // groups, H, W)


def _filters(w: Array, groups: int) -> Array:
    """(O, C/groups, kh, kw) as (groups, O/groups, C/groups·kh·kw): a matrix for each group."""
    return np.ascontiguousarray(w).reshape(groups, len(w) // groups, w[0].size)
