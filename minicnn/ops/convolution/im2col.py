"""Convolution by gathering the pixels under the filters: see `kernels.im2col`."""

from __future__ import annotations

import numpy as np

from ...kernels import im2col as kernels
from ...kernels.blocks import Source, Target
from ...kernels.panels import pack
from ...kernels.vector import NR_BYTES
from ..contract import Array
from .direct import bias_of, panels_of, sums_of, total_of
from .problem import NO_POOL, Filters, Problem, target


def forward(p: Problem, x: Source, filters: Filters) -> Target:
    """y, rectified and pooled as the problem asks."""
    result = target(p, p.outputs, p.relu, p.pool)
    panels, bias = filters.packed(("direct", 1), lambda: (panels_of(p, filters.w, False), bias_of(p, filters.b)))
    kernels.forward(x.values, panels, bias, p.window, *p.size, result)
    return result


def input_gradient(p: Problem, dy: Source, filters: Filters) -> Array:
    """dx."""
    result = target(p, p.images, False, NO_POOL)
    panels = filters.packed("im2col, turned", lambda: _rows_in_panels(p, filters.w))
    kernels.input_gradient(dy, panels, p.window, *p.size, result.y)
    return result.y.transpose(0, 3, 1, 2)


def weight_gradient(p: Problem, x: Source, dy: Source) -> tuple[Array, Array]:
    """dw (O, C, kh, kw) and db (O,)."""
    sums, biases = sums_of(p)
    kernels.weight_gradient(x.values, dy, p.window, *p.size, sums, biases)
    return total_of(p, sums, biases)


def _rows_in_panels(p: Problem, w: Array) -> Array:
    """The filters as rows (O, K) with K = (i, j, c), in panels of NR of the K."""
    O, K, NR = len(w), w[0].size, NR_BYTES // p.dtype.itemsize
    rows = np.ascontiguousarray(w.transpose(0, 2, 3, 1)).reshape(1, O, K, 1)
    panels = np.empty((-(-K // NR), O, NR), p.dtype)
    pack(rows, True, panels)
    return panels
