"""How a convolution is to be computed: the algorithm, chosen by its shape in this one place."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import layout
from .epilogue import Epilogue
from .geometry import Geometry

ALGORITHMS = ("im2col", "winograd2", "winograd4")
LEAST_CHANNELS = 16  # below it, Winograd's transforms cost more than the multiplications they save
WINOGRAD_POOLS = (2, 2, 2, 2)  # the pooling whose windows never straddle two of its tiles
LEAST_TILES = {"winograd4": 16, "winograd2": 16}  # fewer do not pay for transforming the filters


class Plan(NamedTuple):
    """A convolution's geometry, the size of its output before pooling, and the algorithm."""

    geometry: Geometry
    groups: int
    size: tuple[int, int]
    algorithm: str

    def wide(self, filters: tuple[int, ...]) -> bool:
        """Whether it works on channels-last memory: Winograd always does."""
        return self.algorithm != "im2col" or layout.wide(filters[1], filters[0], self.groups)


def plan(
    op: str,
    shape: tuple[int, ...],
    filters: tuple[int, ...],
    dtype: Any,
    g: Geometry,
    groups: int,
    size: tuple[int, int],
    epilogue: Epilogue,
    algorithm: str | None = None,
) -> Plan:
    """The plan for pictures (N, C, H, W) and filters (O, C/groups, kh, kw).

    Args:
        algorithm: one of `ALGORITHMS`, or None to choose: F(4×4, 3×3) where it can be, with enough tiles to repay the
            transform of the filters, then F(2×2, 3×3), then im2col.

    Raises:
        ValueError: the algorithm is unknown, or cannot compute this convolution.
    """
    if algorithm not in (None, *ALGORITHMS):
        raise ValueError(f"{op}: expected algorithm to be one of {', '.join(ALGORITHMS)} or None, got {algorithm!r}")
    obstacle = _obstacle(dtype, g, groups, epilogue)
    if algorithm is None:
        algorithm = "im2col" if obstacle else _fastest(_tiles(shape[0], size), filters)
    elif algorithm != "im2col" and obstacle:
        raise ValueError(f'{op}: {algorithm} takes {obstacle}; use "im2col"')
    return Plan(g, groups, size, algorithm)


def for_winograd(filters: tuple[int, ...], stride: tuple[int, int], dilation: tuple[int, int], groups: int) -> bool:
    """Whether Winograd would be chosen for these filters, given float32 and enough tiles."""
    return _three_by_three(filters[2:], stride, dilation, groups) and _wide_enough(filters)


def _obstacle(dtype: Any, g: Geometry, groups: int, epilogue: Epilogue) -> str | None:
    """What Winograd asks for that is not so, or None."""
    if dtype != np.float32:
        return f"float32, whose rounding it is made for, not {np.dtype(dtype)}"
    if not _three_by_three(g[:2], g[2:4], g[6:], groups):
        return "3×3 filters with stride 1, dilation 1 and one group"
    if epilogue.pools and epilogue.pool != WINOGRAD_POOLS:
        return f"pooling by 2×2 in steps of 2, not {epilogue.pool[:2]} in steps of {epilogue.pool[2:]}"
    return None


def _tiles(N: int, size: tuple[int, int]) -> dict[str, int]:
    """How many tiles each of Winograd's algorithms has."""
    return {name: N * -(-size[0] // m) * -(-size[1] // m) for name, m in (("winograd4", 4), ("winograd2", 2))}


def _three_by_three(window: Any, stride: Any, dilation: Any, groups: int) -> bool:
    return (window, stride, dilation, groups) == ((3, 3), (1, 1), (1, 1), 1)


def _wide_enough(filters: tuple[int, ...]) -> bool:
    O, C = filters[:2]
    return min(C, O) >= LEAST_CHANNELS and layout.wide(C, O)


def _fastest(tiles: dict[str, int], filters: tuple[int, ...]) -> str:
    if _wide_enough(filters):
        for name, least in LEAST_TILES.items():
            if tiles[name] >= least:
                return name
    return "im2col"
