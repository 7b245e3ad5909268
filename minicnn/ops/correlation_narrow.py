"""The three products of a convolution on channels-first memory, group by group: what `kernels.conv` takes."""

from __future__ import annotations

import math

import numpy as np

from .. import layout
from ..kernels import conv as kernels
from .contract import Array
from .epilogue import Chosen, Epilogue
from .plan import Plan


def correlate(x: Array, w: Array, b: Array | None, plan: Plan, epilogue: Epilogue) -> Chosen:
    groups = plan.groups
    y = np.empty((len(x), len(w), *epilogue.pooled(plan.size)), x.dtype)
    switches = np.empty(y.shape if epilogue.pools else (len(x), len(w), 0, 0), np.uint8)
    b = np.zeros(len(w), x.dtype) if b is None else np.ascontiguousarray(b)
    kernels.correlate(
        _by_group(x, groups),
        _filters(w, groups),
        b.reshape(groups, -1),
        plan.geometry,
        plan.size[1],
        epilogue.relu,
        epilogue.pool,
        _by_group(y, groups),
        _by_group(switches, groups),
    )
    return Chosen(y, switches, epilogue)


def correlate_input_gradient(dy: Array, w: Array, plan: Plan, shape: tuple[int, ...], chosen: Chosen) -> Array:
    groups = plan.groups
    dx = np.empty(shape, dy.dtype)
    y, switches, epilogue = chosen
    kernels.correlate_input_gradient(
        _by_group(dy, groups),
        _by_group(y, groups),
        _by_group(switches, groups),
        np.ascontiguousarray(_filters(w, groups).transpose(0, 2, 1)),
        plan.geometry,
        *plan.size,
        *epilogue,
        _by_group(dx, groups),
    )
    return dx


def correlate_weight_gradient(
    x: Array, dy: Array, plan: Plan, shape: tuple[int, ...], chosen: Chosen
) -> tuple[Array, Array]:
    groups = plan.groups
    O, *window = shape
    dw, db = np.empty((groups, math.prod(window), O // groups), dy.dtype), np.empty(O, dy.dtype)
    y, switches, epilogue = chosen
    kernels.correlate_weight_gradient(
        _by_group(x, groups),
        _by_group(dy, groups),
        _by_group(y, groups),
        _by_group(switches, groups),
        plan.geometry,
        *plan.size,
        *epilogue,
        dw,
        db.reshape(groups, -1),
    )
    return np.ascontiguousarray(dw.transpose(0, 2, 1)).reshape(shape), db


def _by_group(x: Array, groups: int) -> Array:
    """(N, C, H, W) as (N, groups, C/groups, H, W): a view, where x is C-contiguous already."""
    N, C, H, W = x.shape
    return layout.channels_first(x).reshape(N, groups, C // groups, H, W)


def _filters(w: Array, groups: int) -> Array:
    """(O, C/groups, kh, kw) as (groups, O/groups, C/groups·kh·kw): a matrix for each group."""
    return np.ascontiguousarray(w).reshape(groups, len(w) // groups, w[0].size)
