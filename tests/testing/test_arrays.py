"""Inputs for tests: what they guarantee."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minicnn.testing import MEMORY_ORDERS, dtypes, images, in_order, labels, memory_orders, seeds, tie_free

shapes = st.lists(st.integers(0, 6), max_size=4).map(tuple)


@given(shape=shapes, seed=seeds(), dtype=dtypes())
def test_tie_free_values_are_apart_from_each_other_and_from_zero(shape: tuple[int, ...], seed: int, dtype) -> None:
    x = tie_free(shape, seed, dtype)
    assert x.shape == shape and x.dtype == dtype
    gaps = np.diff(np.sort(np.append(x, 0)))
    assert (gaps > 0.9 / max(x.size, 1)).all()
    assert (np.abs(x) <= 4).all()


@given(shape=shapes.filter(lambda shape: np.prod(shape) > 1), seed=seeds())
def test_tie_free_values_reach_as_far_as_they_say(shape: tuple[int, ...], seed: int) -> None:
    """To an end, but for half of the gap between two points of the grid and what each is moved."""
    for reach, x in ((2, tie_free(shape, seed)), (8, tie_free(shape, seed, reach=8))):
        gap = 2 * reach / x.size
        assert -reach <= x.min() <= -reach + 2 * gap and reach - 2 * gap <= x.max() <= reach + gap
        assert x.max() <= reach or x.size % 2
        steps = np.sort(x.ravel()) / gap % 1
        assert (steps >= 0.25 - 1e-9).all() and (steps <= 0.75 + 1e-9).all()


def test_the_seed_decides() -> None:
    assert np.array_equal(tie_free(9, 1), tie_free(9, 1)) and not np.array_equal(tie_free(9, 1), tie_free(9, 2))


@given(x=images(), order=memory_orders())
def test_every_memory_order_holds_the_same_values(x, order: str) -> None:
    there = in_order(x, order)
    assert np.array_equal(there, x) and there.dtype == x.dtype


def test_the_orders_are_what_they_say() -> None:
    x = {order: in_order(tie_free((2, 3, 4, 5)), order) for order in MEMORY_ORDERS}
    assert x["C"].flags.c_contiguous and x["F"].flags.f_contiguous
    assert x["channels_last"].transpose(0, 2, 3, 1).flags.c_contiguous
    assert not x["strided"].flags.c_contiguous and not x["strided"].flags.f_contiguous
    assert all(stride < 0 for stride in x["backwards"].strides)
    assert not x["read_only"].flags.writeable


@given(data=st.data(), classes=st.integers(1, 5))
def test_labels_are_in_range(data: st.DataObject, classes: int) -> None:
    drawn = data.draw(labels((2, 3), classes))
    assert drawn.shape == (2, 3) and drawn.dtype == np.int64 and ((drawn >= 0) & (drawn < classes)).all()


@pytest.mark.parametrize("least", [1, 4])
@given(data=st.data())
def test_images_are_as_large_as_asked(least: int, data: st.DataObject) -> None:
    x = data.draw(images(channels=2, least=least, most=5))
    assert x.shape[1] == 2 and all(least <= side <= 5 for side in x.shape[2:])


@pytest.mark.slow
def test_images_reach_their_longest_axes_and_largest_values() -> None:
    longest, reaches = [0] * 4, set()

    # Many, because the draws change with the modules that are loaded: of 25 seeds 2 missed an end in 150.
    @settings(max_examples=400, database=None, derandomize=True)
    @given(images())
    def collect(x) -> None:
        longest[:] = np.maximum(longest, x.shape)
        assert sum(n > small for n, small in zip(x.shape, (3, 4, 6, 6), strict=True)) <= 1  # one axis alone is long
        if x.size > 20:
            reaches.add(min((2, 8, 50), key=lambda reach: abs(np.abs(x).max() - reach)))

    collect()
    assert longest == [34] * 4 and reaches == {2, 8, 50}
