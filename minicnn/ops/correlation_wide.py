"""The three products of a convolution on channels-last memory: what `kernels.channels_last` and `.winograd` take."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import layout
from ..kernels import channels_last, winograd
from ..kernels.matmul import LANES, pack, panels_of
from ..kernels.winograd_transforms import F2, F4, HEIGHTS
from .contract import Array
from .epilogue import Chosen, Epilogue
from .plan import Plan

PLANES = 8  # channels below which pictures are gathered channels-first: longer runs
TRANSFORMS = {"winograd2": F2, "winograd4": F4}


def correlate(x: Array, w: Array, b: Array | None, plan: Plan, epilogue: Epilogue) -> Chosen:
    y = layout.empty_channels_last((len(x), len(w), *epilogue.pooled(plan.size)), x.dtype)
    switches = np.empty((0, 0, 0, 0), np.uint8)
    if epilogue.pools:
        switches = layout.empty_channels_last(y.shape, np.uint8)
    chosen = Chosen(y, switches, epilogue)
    b = np.zeros(len(w), x.dtype) if b is None else np.ascontiguousarray(b)
    if plan.algorithm == "im2col":
        planes = w.shape[1] < PLANES
        as_it_is = planes or plan.geometry[:2] == (1, 1)  # the numbers under a filter come in its own order
        rows = w.reshape(len(w), -1).T if as_it_is else _as_rows(w).reshape(-1, len(w))
        x = layout.channels_first(x) if planes else layout.channels_last(x)
        channels_last.correlate(x, planes, _packed(rows), b, plan.geometry, plan.size[1], _target(chosen))
    else:
        pad = plan.geometry.pad_h, plan.geometry.pad_w
        _winograd(_pictures(layout.channels_last(x)), w, b, plan, pad, _target(chosen))
    return chosen


def correlate_input_gradient(dy: Array, w: Array, plan: Plan, shape: tuple[int, ...], chosen: Chosen) -> Array:
    N, C, H, W = shape
    dx = np.empty((N, H, W, C), dy.dtype)
    g = plan.geometry
    if plan.algorithm == "im2col":
        columns = layout.channels_last(np.ascontiguousarray(w)).reshape(len(w), -1)
        channels_last.correlate_input_gradient(_gradient(dy, chosen), _packed(columns), g, plan.size, dx)
    else:  # the gradient slides over the filters turned around, as any picture would
        turned = w.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
        target = (dx, np.empty((0, 0, 0, 0), np.uint8), False, 1, 1, 1, 1)
        pad = 2 - g.pad_h, 2 - g.pad_w
        _winograd(_gradient(dy, chosen), turned, np.zeros(C, dy.dtype), plan, pad, target)
    return dx.transpose(0, 3, 1, 2)


def correlate_weight_gradient(
    x: Array, dy: Array, plan: Plan, shape: tuple[int, ...], chosen: Chosen
) -> tuple[Array, Array]:
    O, C, kh, kw = shape
    db = np.empty(O, dy.dtype)
    g, source = plan.geometry, _gradient(dy, chosen)
    if plan.algorithm == "im2col" and C < PLANES:
        dw = np.empty((C * kh * kw, O), dy.dtype)
        channels_last.correlate_weight_gradient(layout.channels_first(x), True, source, g, plan.size, dw, db)
        return np.ascontiguousarray(dw.T).reshape(shape), db
    dw = np.empty((kh, kw, C, O), dy.dtype)
    x = layout.channels_last(x)
    if plan.algorithm == "im2col":
        channels_last.correlate_weight_gradient(x, False, source, g, plan.size, dw.reshape(kh * kw * C, O), db)
    else:
        t = TRANSFORMS[plan.algorithm]
        winograd.correlate_weight_gradient(
            _pictures(x), source, plan.size, t.inputs, t.outputs_back, t.filters_back, (g.pad_h, g.pad_w), dw, db
        )
    return _as_filters(dw), db


def _winograd(
    source: tuple[Any, ...], w: Array, b: Array, plan: Plan, pad: tuple[int, int], target: tuple[Any, ...]
) -> None:
    t = TRANSFORMS[plan.algorithm]
    O, C = w.shape[:2]
    u = np.empty((panels_of(O), HEIGHTS[t.inputs] ** 2, C, LANES), w.dtype)
    winograd.transform_filters(w, t.filters, u)
    winograd.correlate(source, u, b, t.inputs, t.outputs, pad, target)


def _pictures(x: Array) -> tuple[Any, ...]:
    """Pictures (N, H, W, C) as a source: see `kernels.pixels`."""
    return x, x, np.empty((0, 0, 0, 0), np.uint8), False, 1, 1, 1, 1


def _gradient(dy: Array, chosen: Chosen) -> tuple[Any, ...]:
    """The gradient of the output as a source: what was chosen in it stays, before ReLU and pooling."""
    y, switches, epilogue = chosen
    if not epilogue.pools:
        switches = np.empty((0, 0, 0, 0), np.uint8)
    else:
        switches = layout.channels_last(switches)
    return layout.channels_last(dy), layout.channels_last(y), switches, epilogue.relu, *epilogue.pool


def _target(chosen: Chosen) -> tuple[Any, ...]:
    y, switches, epilogue = chosen
    return layout.channels_last(y), layout.channels_last(switches), epilogue.relu, *epilogue.pool


def _packed(b: Array) -> Array:
    """A matrix in panels: see `kernels.matmul`."""
    panels = np.empty((panels_of(b.shape[1]), len(b), LANES), b.dtype)
    pack(b, panels)
    return panels


def _as_rows(w: Array) -> Array:
    """Filters (O, C, kh, kw) as (kh, kw, C, O)."""
    O, C, kh, kw = w.shape
    columns = layout.transposed(np.ascontiguousarray(w).reshape(1, O, C * kh * kw)).reshape(C, kh, kw, O)
    return np.ascontiguousarray(columns.transpose(1, 2, 0, 3))


def _as_filters(rows: Array) -> Array:
    """(kh, kw, C, O) as filters (O, C, kh, kw)."""
    kh, kw, C, O = rows.shape
    columns = np.ascontiguousarray(rows.transpose(2, 0, 1, 3)).reshape(1, C * kh * kw, O)
    return layout.transposed(columns).reshape(O, C, kh, kw)
