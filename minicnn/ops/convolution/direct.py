"""Convolution without columns: the offset tables of `kernels.direct`, made once for each problem."""

from __future__ import annotations

import functools
import itertools
from typing import Any, NamedTuple

import numpy as np

from ...kernels import direct as kernels
from ...kernels.blocks import Lattice, Source, Target
from ...kernels.direct import PARTIAL_BYTES, TASKS, Slide
from ...kernels.panels import pack
from ...kernels.vector import NR_BYTES
from ..contract import Array
from .problem import NO_POOL, Filters, Problem, target


class Walk(NamedTuple):
    """How filters slide over a source, the position of each tap, and the pixels of the result."""

    slide: Slide
    rows: Array  # of each tap, in the source
    columns: Array
    places: Array  # of each tap's weights, in a panel
    lattice: Lattice


def forward(p: Problem, x: Source, filters: Filters) -> Target:
    """y, rectified and pooled as the problem asks."""
    result = target(p, p.outputs, p.relu, p.pool)
    panels, bias = filters.packed(("direct", p.groups), lambda: (panels_of(p, filters.w, False), bias_of(p, filters.b)))
    walk = _forward_walk(p)
    source, whole = (_tall(x), _tall(result)) if _as_one_image(p) else (x, result)
    kernels.forward(
        source, panels, bias, walk.rows, walk.columns, walk.places, walk.slide, walk.lattice, p.groups, whole
    )
    return result


def input_gradient(p: Problem, dy: Source, filters: Filters) -> Array:
    """dx: for each lattice of pixels, the convolution of dy with the taps that reach it."""
    result = target(p, p.images, False, NO_POOL)
    panels = filters.packed(("direct, turned", p.groups), lambda: panels_of(p, filters.w, True))
    zeros = np.zeros(panels.shape[0] * panels.shape[2], p.dtype)
    source, whole = (_tall(dy), _tall(result)) if _as_one_image(p) else (dy, result)
    for walk in _backward_walks(p):
        kernels.forward(
            source, panels, zeros, walk.rows, walk.columns, walk.places, walk.slide, walk.lattice, p.groups, whole
        )
    return result.y.transpose(0, 3, 1, 2)


def weight_gradient(p: Problem, x: Source, dy: Source) -> tuple[Array, Array]:
    """dw (O, C/groups, kh, kw) and db (O,)."""
    sums, biases = sums_of(p)
    walk = _forward_walk(p)
    # Not walk.slide, whose lines may be those of all images.
    kernels.weight_gradient(x, dy, walk.rows, walk.columns, walk.places, _slide(p), p.groups, sums, biases)
    return total_of(p, sums, biases)


def sums_of(p: Problem) -> tuple[Array, Array]:
    """Memory for the weight gradients of a few shares of the images, and for those of the bias."""
    O, depth, kh, kw = p.filters
    NR = NR_BYTES // p.dtype.itemsize
    panels, K = p.groups * -(-O // p.groups // NR), kh * kw * depth
    shares = max(1, min(TASKS, p.images[0], PARTIAL_BYTES // (panels * K * NR * p.dtype.itemsize)))
    return np.empty((shares, panels, K, NR), p.dtype), np.empty((shares, panels, NR), p.dtype)


def total_of(p: Problem, sums: Array, biases: Array) -> tuple[Array, Array]:
    """dw and db from the sums over shares."""
    O, depth, kh, kw = p.filters
    dw, db = np.empty((O, depth, kh * kw), p.dtype), np.empty(O, p.dtype)
    kernels.gather(sums, biases, p.groups, dw, db)
    return dw.reshape(p.filters), db


def panels_of(p: Problem, w: Array, turned: bool) -> Array:
    """The filters of each group in panels, or with `turned` their channels."""
    O, depth, kh, kw = p.filters
    NR = NR_BYTES // p.dtype.itemsize
    lanes, rows = (depth, O // p.groups) if turned else (O // p.groups, depth)
    panels = np.empty((p.groups * -(-lanes // NR), kh * kw * rows, NR), p.dtype)
    pack(np.ascontiguousarray(w).reshape(p.groups, O // p.groups, depth, kh * kw), turned, panels)
    return panels


def bias_of(p: Problem, b: Array | None) -> Array:
    """The bias of each lane of each panel."""
    NR, filters = NR_BYTES // p.dtype.itemsize, p.filters[0] // p.groups
    bias = np.zeros((p.groups, -(-filters // NR) * NR), p.dtype)
    if b is not None:
        bias[:, :filters] = b.reshape(p.groups, filters)
    return bias.reshape(-1)


def _as_one_image(p: Problem) -> bool:
    """Whether all images can be treated as one tall image: a 1 × 1 filter never crosses a border."""
    return p.window[:6] == (1, 1, 1, 1, 0, 0) and p.pool == NO_POOL and p.size == p.images[2:]


def _tall(ends: Any) -> Any:
    """A source or target whose images are stacked vertically."""
    arrays = ends._asdict()
    for name, array in arrays.items():
        if isinstance(array, np.ndarray) and array.size:
            N, H, W, C = array.shape
            arrays[name] = array.reshape(1, N * H, W, C)
    return type(ends)(**arrays)


def _slide(p: Problem) -> Slide:
    g = p.window
    height, width = g.dilation_h * (g.kh - 1) + 1, g.dilation_w * (g.kw - 1) + 1
    run = g.kw if g.dilation_w == 1 else 1
    return Slide(-g.pad_h, -g.pad_w, g.stride_h, g.stride_w, height, width, *p.size, run)


@functools.lru_cache(maxsize=4096)
def _forward_walk(p: Problem) -> Walk:
    g, slide = p.window, _slide(p)
    taps = [(i, j) for i in range(g.kh) for j in range(0, g.kw, slide.joined)]
    if _as_one_image(p):
        slide = slide._replace(lines=p.images[0] * slide.lines)
    return _walk(
        p, slide, [(i * g.dilation_h, j * g.dilation_w) for i, j in taps], taps, p.filters[1], Lattice(0, 0, 1, 1)
    )


@functools.lru_cache(maxsize=4096)
def _backward_walks(p: Problem) -> list[Walk]:
    """One walk over dy for each of the stride · stride lattices of dx.

    Pixel iy = a + stride · qy of the image was seen through tap i by output (iy + pad − i · dilation) / stride, where
    that is an integer: by output qy + offset, with one offset for each tap.
    """
    g = p.window
    N, _, H, W = p.images
    walks = []
    for a, b in itertools.product(range(min(g.stride_h, H)), range(min(g.stride_w, W))):
        reached = [
            (i, j)
            for i, j in itertools.product(range(g.kh), range(g.kw))
            if (a + g.pad_h - i * g.dilation_h) % g.stride_h == (b + g.pad_w - j * g.dilation_w) % g.stride_w == 0
        ]
        offsets = [
            ((a + g.pad_h - i * g.dilation_h) // g.stride_h, (b + g.pad_w - j * g.dilation_w) // g.stride_w)
            for i, j in reached
        ]
        top, left = (min((o[d] for o in offsets), default=0) for d in (0, 1))
        bottom, right = (max((o[d] for o in offsets), default=0) for d in (0, 1))
        lines, columns = -(-(H - a) // g.stride_h) * (N if _as_one_image(p) else 1), -(-(W - b) // g.stride_w)
        slide = Slide(top, left, 1, 1, bottom - top + 1, right - left + 1, lines, columns, 1)
        lattice = Lattice(a, b, g.stride_h, g.stride_w)
        taps = [(y - top, x - left) for y, x in offsets]
        walks.append(_walk(p, slide, taps, reached, p.filters[0] // p.groups, lattice))
    return walks


def _walk(
    p: Problem,
    slide: Slide,
    taps: list[tuple[int, int]],
    weights: list[tuple[int, int]],
    depth: int,
    lattice: Lattice,
) -> Walk:
    """A walk over taps at these rows and columns, whose weights are at these taps of the filter."""
    rows, columns = (np.array([tap[d] for tap in taps], np.int64) for d in (0, 1))
    NR = NR_BYTES // p.dtype.itemsize
    places = np.array([(i * p.window.kw + j) * depth * NR for i, j in weights], np.int64)
    return Walk(slide, rows, columns, places, lattice)
