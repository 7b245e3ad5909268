"""Hypothesis strategies for arrays and their options."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from .arrays import MEMORY_ORDERS, Array, tie_free

REACHES = (2, 8, 50)  # of values: everyday; beyond the ends of a hard sigmoid; where exponentials have saturated
LONG = 34  # more than a block of 32


def memory_orders() -> st.SearchStrategy[str]:
    """Names for `in_order`."""
    return st.sampled_from(list(MEMORY_ORDERS))


def dtypes() -> st.SearchStrategy[Any]:
    return st.sampled_from([np.float64, np.float32])


def seeds() -> st.SearchStrategy[int]:
    return st.integers(0, 999)


def pairs(least: int, most: int) -> st.SearchStrategy[int | tuple[int, int]]:
    """An option given once for both directions, or as (vertical, horizontal)."""
    numbers = st.integers(least, most)
    return numbers | st.tuples(numbers, numbers)


@st.composite
def images(
    draw: st.DrawFn,
    *,
    channels: int | None = None,
    least: int = 1,
    most: int = LONG,
    dtype: Any = np.float64,
    reach: float | None = None,
) -> Array:
    """Images (N, C, H, W) without ties.

    There are up to three, of up to four channels and up to 6×6 pixels. In most draws one axis is longer, up to 34, so
    that mistakes in the fourth image or in a loop's second block are found; values reach ±2, ±8 or ±50, to cover
    saturated branches. A failing example shrinks to a small one.

    Args:
        channels: how many; any number if None.
        least, most: pixels of a side.
        dtype: of the values.
        reach: of the values; see `tie_free`.
    """
    small = max(least, min(6, most))
    shape = [draw(st.integers(1, 3)), channels or draw(st.integers(1, 4))]
    shape += [draw(st.integers(least, small)), draw(st.integers(least, small))]
    ends = {0: LONG, 2: most, 3: most} | ({1: LONG} if channels is None else {})
    axis = draw(st.sampled_from([None, *sorted(ends)]))
    if axis is not None:
        first, end = min(shape[axis], ends[axis]), ends[axis]
        lengths = [*range(first, end), *[end] * max(1, end - first)]  # the end itself, in half the draws
        shape[axis] = draw(st.sampled_from(lengths))
    return tie_free(tuple(shape), draw(seeds()), dtype, draw(st.sampled_from(REACHES)) if reach is None else reach)


@st.composite
def labels(draw: st.DrawFn, shape: int | tuple[int, ...], classes: int) -> Array:
    """Integer labels of a shape, from 0 to classes − 1."""
    size = int(np.prod(shape))
    return np.array(draw(st.lists(st.integers(0, classes - 1), min_size=size, max_size=size)), np.int64).reshape(shape)
