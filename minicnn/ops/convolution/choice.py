"""Which algorithm computes a convolution: all thresholds are in this file.

| algorithm   | what it is                                     | what it cannot do        | when it pays              |
|-------------|------------------------------------------------|--------------------------|---------------------------|
| "im2col"    | gathers what lies under the filters, then one  | groups                   | fewer outputs in an image |
|             | product for many images                        |                          | than a tile has rows      |
| "winograd4" | F(4×4, 3×3): 36 products where 144 are defined | only 3×3, step 1, one    | many channels, and enough |
| "winograd2" | F(2×2, 3×3): 16 products where 36 are defined  | group, float32, pool 2×2 | tiles                     |
| "direct"    | a register tile walks over the images          | —                        | otherwise                 |

A first layer, of images that have few channels, takes its input gradient from "im2col": the lanes of "direct" would be
channels alone, and most of them empty.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from ...kernels.blocks import DEAD
from ...kernels.vector import REGISTER
from . import by_parts, direct, im2col
from .problem import NO_POOL, Problem
from .winograd import winograd2, winograd4

ALGORITHMS = {"direct": direct, "im2col": im2col, "winograd4": winograd4, "winograd2": winograd2}


class Functions(NamedTuple):
    """What computes a convolution and its two gradients."""

    forward: Any
    input_gradient: Any
    weight_gradient: Any


FIRST_LAYER = Functions(direct.forward, im2col.input_gradient, direct.weight_gradient)
LEAST_CHANNELS = 16  # channels, in or out: with fewer, Winograd's transforms cost more than they save
WIDE = REGISTER // 4 + 1  # and if neither is this wide, which is more than fills a register
LEAST_TILES = 16  # with fewer, transforming the filters does not pay
FEW_OUTPUTS = 12  # of one image: fewer leave a register tile half empty
FEW_CHANNELS = 4  # of an image, at most: then one product for all taps pays for adding them up
WINOGRAD_POOL = (2, 2, 2, 2)  # the pooling whose windows never straddle two of its tiles


@functools.lru_cache(maxsize=4096)
def choose(op: str, p: Problem, algorithm: str | None = None) -> Any:
    """The algorithm for a problem, with its three functions: the fastest that can compute it, or the one asked for.

    Raises:
        ValueError: the algorithm is unknown, or cannot compute this convolution.
    """
    if algorithm not in (None, *ALGORITHMS):
        raise ValueError(f"{op}: expected algorithm to be one of {', '.join(ALGORITHMS)} or None, got {algorithm!r}")
    if p.dtype.kind == "c":
        return by_parts
    if algorithm is None:
        return _fastest(p)
    if algorithm == "im2col" and p.groups > 1:
        raise ValueError(f'{op}: im2col takes one group, not {p.groups}; use "direct"')
    obstacle = _obstacle(p)
    if algorithm.startswith("winograd") and obstacle:
        raise ValueError(f'{op}: {algorithm} takes {obstacle}; use "direct"')
    return ALGORITHMS[algorithm]


def _fastest(p: Problem) -> Any:
    if not _obstacle(p) and _enough_channels(p.filters):
        for way in (winograd4, winograd2):
            if p.images[0] * -(-p.size[0] // way.tile) * -(-p.size[1] // way.tile) >= LEAST_TILES:
                return way
    if p.window[:2] == (1, 1) or p.groups > 1:
        return direct
    if p.size[0] * p.size[1] < FEW_OUTPUTS:
        return im2col
    return FIRST_LAYER if p.images[1] <= FEW_CHANNELS else direct


def _obstacle(p: Problem) -> str | None:
    """The requirement of Winograd that this problem does not meet, or None."""
    if p.dtype != np.float32:
        return f"float32, whose rounding it is made for, not {p.dtype}"
    g = p.window
    if not _winograd_window(g[:2], g[2:4], g[6:], p.groups):
        return "3×3 filters with stride 1, dilation 1 and one group"
    if p.pool not in (NO_POOL, WINOGRAD_POOL):
        return f"pooling by 2×2 in steps of 2, not {p.pool[:2]} in steps of {p.pool[2:]}"
    return None


def _enough_channels(filters: tuple[int, ...]) -> bool:
    return min(filters[:2]) >= LEAST_CHANNELS and max(filters[:2]) >= WIDE


def _winograd_window(window: Any, stride: Any, dilation: Any, groups: int) -> bool:
    return (window, stride, dilation, groups) == ((3, 3), (1, 1), (1, 1), 1)


def pools_along(filters: tuple[int, ...], stride: Any, dilation: Any, groups: int, pool: tuple[int, ...]) -> bool:
    """Whether a convolution should pool its own output: yes, unless that would rule out Winograd.

    Args:
        pool: (kh, kw, stride_h, stride_w).
    """
    if pool == WINOGRAD_POOL:
        return True
    winograd = _winograd_window(filters[2:], stride, dilation, groups) and _enough_channels(filters)
    return pool[0] * pool[1] <= DEAD and not winograd
