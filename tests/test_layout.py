"""The order in memory: whose choice it is, and that values do not depend on it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minicnn import layout, ops
from minicnn.testing import in_order, memory_orders, tie_free

shapes = st.tuples(st.integers(0, 3), st.integers(1, 40), st.integers(1, 9), st.integers(1, 9))


@given(shape=shapes, order=memory_orders())
def test_conversions_keep_the_values(shape, order: str) -> None:
    x = in_order(tie_free(shape, 0), order)
    last = layout.channels_last(x)
    assert last.flags.c_contiguous and np.array_equal(last, x.transpose(0, 2, 3, 1))
    for lying in (x, last.transpose(0, 3, 1, 2)):
        first = layout.channels_first(lying)
        assert first.flags.c_contiguous and np.array_equal(first, x)


def test_an_array_that_lies_right_is_not_copied() -> None:
    x = np.zeros((2, 3, 4, 5))
    last = layout.empty_channels_last((2, 3, 4, 5), float)
    assert layout.channels_first(x) is x
    assert np.shares_memory(layout.channels_last(last), last)


def test_wide_convolutions_give_channels_last_and_narrow_ones_channels_first() -> None:
    x = np.ones((1, 3, 8, 8), np.float32)
    narrow, _ = ops.conv2d(x, np.ones((8, 3, 3, 3), np.float32))
    wide, pullback = ops.conv2d(x, np.ones((64, 3, 3, 3), np.float32))
    assert narrow.flags.c_contiguous and not layout.is_channels_last(narrow)
    assert layout.is_channels_last(wide) and layout.is_channels_last(pullback(wide)[0])


@given(order=memory_orders())
def test_values_do_not_depend_on_the_order(order: str) -> None:
    x, w = tie_free((2, 33, 7, 6), 0), tie_free((34, 33, 3, 3), 1)
    y, pullback = ops.conv2d(x, w, padding=1)
    other, other_pullback = ops.conv2d(in_order(x, order), in_order(w, order), padding=1)
    assert np.array_equal(y, other)
    for ours, theirs in zip(pullback(y), other_pullback(in_order(y, order)), strict=True):
        assert np.array_equal(ours, theirs)
