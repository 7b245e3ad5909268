"""The memory order: which ops choose it, and that values do not depend on it."""

import numpy as np
import pytest
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


def test_an_array_that_lies_right_is_not_copied() -> None:
    last = layout.empty_channels_last((2, 3, 4, 5), float)
    assert np.shares_memory(layout.channels_last(last), last)


def test_convolutions_give_channels_last() -> None:
    x = np.ones((1, 3, 8, 8), np.float32)
    for filters in (8, 64):
        y, pullback = ops.conv2d(x, np.ones((filters, 3, 3, 3), np.float32))
        assert layout.is_channels_last(y) and layout.is_channels_last(pullback(y)[0])


@given(order=memory_orders())
def test_values_do_not_depend_on_the_order(order: str) -> None:
    x, w = tie_free((2, 33, 7, 6), 0), tie_free((34, 33, 3, 3), 1)
    y, pullback = ops.conv2d(x, w, padding=1)
    other, other_pullback = ops.conv2d(in_order(x, order), in_order(w, order), padding=1)
    assert np.array_equal(y, other)
    for ours, theirs in zip(pullback(y), other_pullback(in_order(y, order)), strict=True):
        assert np.array_equal(ours, theirs)


POOLINGS = [{"kernel_size": 3, "stride": 2, "ceil_mode": True}, {"kernel_size": (2, 3), "stride": 1, "dilation": 2}]


@pytest.mark.parametrize("options", POOLINGS)
def test_pooling_keeps_the_order_and_its_values_do_not_depend_on_it(options) -> None:
    x = tie_free((2, 5, 9, 8), 0)
    x[0, 0, 0, 0] = np.nan
    last = layout.channels_last(x).transpose(0, 3, 1, 2)
    (y, indices), pullback = ops.max_pool2d(x, return_indices=True, **options)
    (y_last, indices_last), pullback_last = ops.max_pool2d(last, return_indices=True, **options)
    assert layout.is_channels_last(y_last)
    assert np.array_equal(y, y_last, equal_nan=True) and np.array_equal(indices, indices_last)
    dy = tie_free(y.shape, 1)
    dx_last = pullback_last(dy)[0]
    assert layout.is_channels_last(dx_last) and np.array_equal(pullback(dy)[0], dx_last)


def test_concatenation_keeps_the_order_and_so_does_its_pullback() -> None:
    xs = [in_order(tie_free((2, channels, 17, 16), channels), "channels_last") for channels in (3, 5, 40)]
    y, pullback = ops.concat(*xs)
    assert layout.is_channels_last(y) and np.array_equal(y, np.concatenate(xs, 1))
    parts = pullback(y)
    assert all(layout.is_channels_last(part) for part in parts)
    assert all(np.array_equal(part, x) for part, x in zip(parts, xs, strict=True))


def test_only_the_parts_that_are_wanted_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    xs = [in_order(tie_free((2, 4, 5, 6), seed), "channels_last") for seed in range(3)]
    y, pullback = ops.concat(*xs)
    cut = []
    monkeypatch.setattr(layout.kernels, "copy_columns", lambda y, first, *rest: cut.append(first))
    parts = pullback(y, (False, True, False))
    assert cut == [4] and [part is None for part in parts] == [True, False, True]


@pytest.mark.parametrize("orders", [("C", "channels_last"), ("channels_last", "C"), ("channels_last", "F")])
def test_arrays_in_different_orders_are_concatenated(orders) -> None:
    xs = [in_order(tie_free((2, 3 + i, 5, 4), i), order) for i, order in enumerate(orders)]
    y, pullback = ops.concat(*xs)
    assert np.array_equal(y, np.concatenate(xs, 1))
    dy = in_order(tie_free(y.shape, 9), "channels_last")
    assert np.array_equal(np.concatenate(pullback(dy), 1), dy)
