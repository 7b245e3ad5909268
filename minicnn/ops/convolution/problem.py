"""The problem that a convolution solves: shapes, steps, ReLU and pooling, checked and derived once per combination."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from ... import layout
from ...kernels.blocks import DEAD, SLACK, Source, Target
from ..contract import Array, Pair
from ..geometry import Geometry, geometry, windows

NO_POOL = (1, 1, 1, 1)


class Problem(NamedTuple):
    """One convolution of images (N, C, H, W) by filters (O, C/groups, kh, kw), with what follows it: ReLU and
    pooling."""

    images: tuple[int, ...]
    filters: tuple[int, ...]
    dtype: np.dtype[Any]
    window: Geometry
    groups: int
    size: tuple[int, int]  # of the output, before pooling
    relu: bool
    pool: tuple[int, int, int, int]  # (kh, kw, stride_h, stride_w), without padding
    outputs: tuple[int, int, int, int]  # the output's shape, after pooling


def problem(op: str, x: Array, filters: Filters, *options: Any) -> Problem:
    """The problem for these shapes and options: those of `conv2d`, then ReLU and the pooling's size and stride.

    Raises:
        ValueError: shapes or options do not fit together.
    """
    bias_shape = None if filters.b is None else filters.b.shape
    try:
        return _problem(op, x.shape, filters.w.shape, bias_shape, x.dtype, *options)
    except TypeError:  # a pair in a list
        plain = (tuple(option) if np.iterable(option) else option for option in options)
        return _problem.__wrapped__(op, x.shape, filters.w.shape, bias_shape, x.dtype, *plain)


@functools.lru_cache(maxsize=4096)
def _problem(
    op: str,
    images: tuple[int, ...],
    filters: tuple[int, ...],
    bias: tuple[int, ...] | None,
    dtype: np.dtype[Any],
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
    relu: bool = False,
    pool_size: Pair = 1,
    pool_stride: Pair | None = None,
) -> Problem:
    _check_filters(op, images, filters, bias, groups)
    g = geometry(op, (filters[2], filters[3]), stride, padding, dilation)
    size = windows(op, (images[2], images[3]), g)
    pool = geometry(op, pool_size, pool_size if pool_stride is None else pool_stride, 0, 1)
    outputs = windows(op, size, pool)
    if pool.kh * pool.kw > DEAD:
        raise ValueError(f"{op}: expected a pooling window of at most {DEAD} pixels, got {pool.kh} x {pool.kw}")
    return Problem(images, filters, dtype, g, groups, size, relu, pool[:4], (images[0], filters[0], *outputs))


def _check_filters(op: str, x: tuple[int, ...], w: tuple[int, ...], bias: tuple[int, ...] | None, groups: int) -> None:
    """Raise an error if filters, bias or groups do not fit the images."""
    if len(w) != 4 or 0 in w:
        raise ValueError(f"{op}: expected filters w of shape (out, in/groups, kh, kw), got {w}")
    if not isinstance(groups, int) or groups < 1 or w[0] % groups:
        raise ValueError(f"{op}: expected groups to be an int that divides the {w[0]} filters, got {groups}")
    if x[1] != w[1] * groups:
        of = f" in each of {groups} groups" if groups > 1 else ""
        raise ValueError(f"{op}: x has {x[1]} channels, but w {w} takes {w[1]}{of}")
    if bias is not None and bias != (w[0],):
        raise ValueError(f"{op}: expected b of shape ({w[0]},) for w {w}, got {bias}")


class Filters:
    """Filters and bias, and the forms into which an algorithm packs them: each is made once, and kept.

    For filters that no longer change: `conv2d(x, Filters(w, b))` packs them only in its first call.

    Attributes:
        w: (O, C/groups, kh, kw).
        b: (O,), or None.
    """

    def __init__(self, w: Array, b: Array | None = None) -> None:
        self.w, self.b = w, b
        self._packed: dict[Any, Any] = {}

    def packed(self, form: Any, pack: Any) -> Any:
        """What `pack()` returns, made once for each form."""
        if form not in self._packed:
            self._packed[form] = pack()
        return self._packed[form]


_no_values: dict[Any, Array] = {}
_no_switches = np.empty((0, 0, 0, 0), np.uint8)


def images(x: Array) -> Source:
    """Images (N, C, H, W), as kernels read them."""
    none = _no_values.setdefault(x.dtype, np.empty((0, 0, 0, 0), x.dtype))
    return Source(layout.channels_last(x), none, _no_switches, False, *NO_POOL)


def gradient(p: Problem, dy: Array, result: Target) -> Source:
    """The gradient of a convolution's outputs before pooling and ReLU, from that of its result."""
    return Source(layout.channels_last(dy), result.y, result.switches, p.relu, *p.pool)


def target(p: Problem, shape: tuple[int, ...], relu: bool, pool: tuple[int, int, int, int]) -> Target:
    """An empty array of a shape (N, C, H, W) for a kernel to write, channels-last."""
    N, C, H, W = shape
    switches = _no_switches
    if pool != NO_POOL:
        size = N * H * W * C
        switches = np.empty(size + SLACK, np.uint8)[:size].reshape(N, H, W, C)
    return Target(np.empty((N, H, W, C), p.dtype), switches, relu, *pool)
