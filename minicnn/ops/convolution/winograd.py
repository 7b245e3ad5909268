"""Convolution by 3 × 3 filters with fewer multiplications: see `kernels.winograd`."""

from __future__ import annotations

import numpy as np

from ...kernels import winograd as kernels
from ...kernels.blocks import Source, Target
from ...kernels.vector import NR_BYTES
from ...kernels.winograd_tiles import CHUNK
from ..contract import Array
from . import direct
from .problem import NO_POOL, Filters, Problem, target


class Winograd:
    """F(m × m, 3 × 3): its three functions for one m, the side of a tile of outputs.

    All outputs of a tile are rounded to the precision of its largest input. Where that is 1024 times the mean, or
    infinite, the whole convolution is left to `direct`.
    """

    def __init__(self, tile: int) -> None:
        self.tile = tile

    def forward(self, p: Problem, x: Source, filters: Filters) -> Target:
        """y, rectified and pooled as the problem asks."""
        result = target(p, p.outputs, p.relu, p.pool)
        u = self._transformed(filters, turned=False)
        bias = filters.packed("bias", lambda: _padded(filters.b, p.filters[0]))
        rough = self._slide(x, u, bias, p.window.pad_h, p.window.pad_w, result)
        return direct.forward(p, x, filters) if rough else result

    def input_gradient(self, p: Problem, dy: Source, filters: Filters) -> Array:
        """dx: the filters turned around, slid over the gradient as over any image."""
        result = target(p, p.images, False, NO_POOL)
        u = self._transformed(filters, turned=True)
        zeros = _padded(None, p.filters[1])
        rough = self._slide(dy, u, zeros, 2 - p.window.pad_h, 2 - p.window.pad_w, result)
        return direct.input_gradient(p, dy, filters) if rough else result.y.transpose(0, 3, 1, 2)

    def weight_gradient(self, p: Problem, x: Source, dy: Source) -> tuple[Array, Array]:
        """dw (O, C, 3, 3) and db (O,)."""
        (O, C), NR = p.filters[:2], NR_BYTES // p.dtype.itemsize
        panels = -(-O // NR)
        shares = kernels.shares_of(p.images[0], *p.size, self.tile, C, O, p.dtype.itemsize)
        sums = np.empty((shares, panels, (self.tile + 2) ** 2, C, NR), p.dtype)
        biases = np.empty((shares, panels, NR), p.dtype)
        kernels.weight_gradient(x, dy, *p.size, self.tile, p.window.pad_h, p.window.pad_w, sums, biases)
        dw, db = np.empty(p.filters, p.dtype), np.empty(O, p.dtype)
        kernels.gather(sums, biases, self.tile, dw, db)
        if not np.isfinite(dw).all():  # an infinite pixel spoils the whole tile
            return direct.weight_gradient(p, x, dy)
        return dw, db

    def _slide(self, source: Source, u: Array, bias: Array, pad_h: int, pad_w: int, result: Target) -> bool:
        """Fill the result; returns True if the source's range of values is too large, so that the result must not be
        used."""
        return bool(kernels.forward(source, u, bias, self.tile, pad_h, pad_w, result))

    def _transformed(self, filters: Filters, turned: bool) -> Array:
        def transform() -> Array:
            lanes, depth = filters.w.shape[1::-1] if turned else filters.w.shape[:2]
            NR = NR_BYTES // filters.w.itemsize
            depth = -(-depth // CHUNK) * CHUNK
            u = np.empty((-(-lanes // NR), (self.tile + 2) ** 2, depth, NR), filters.w.dtype)
            kernels.transform_filters(np.ascontiguousarray(filters.w), turned, self.tile, u)
            return u

        return filters.packed(("winograd", self.tile, turned), transform)


def _padded(b: Array | None, filters: int) -> Array:
    """The bias of each lane of each panel."""
    NR = NR_BYTES // 4
    bias = np.zeros(-(-filters // NR) * NR, np.float32)
    if b is not None:
        bias[:filters] = b
    return bias


winograd4, winograd2 = Winograd(4), Winograd(2)
