"""Passes over row blocks: every row once, sums in a fixed order, scaling by powers of two."""

import numpy as np
import pytest

from viz import blocks
from viz.blocks import map_rows, row_blocks, unit_scale


@pytest.mark.parametrize("shape", [(1, 1), (63, 5), (64, 5), (1000, 3000), (5000, 784), (3, 500_000)])
def test_every_row_is_visited_exactly_once(shape):
    X = np.empty(shape, np.float32)
    visits = np.zeros(shape[0], int)

    def visit(rows):
        visits[rows] += 1

    with row_blocks(X) as each:
        each.for_each(visit)
    np.testing.assert_array_equal(visits, 1)


def test_a_sum_is_carried_in_float64_across_tasks():
    X = np.ones((100_000, 100), np.float32)
    with row_blocks(X) as each:
        total = each.sum(lambda rows: X[rows].sum(axis=0))
    assert total.dtype == np.float64
    np.testing.assert_array_equal(total, 100_000)


def test_a_sum_has_the_same_bits_for_any_number_of_threads(monkeypatch):
    X = np.random.default_rng(0).standard_normal((4000, 300)).astype(np.float32)
    sums = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(blocks, "get_num_threads", lambda threads=threads: threads)
        with row_blocks(X) as each:
            sums.append(each.sum(lambda rows: X[rows].T @ X[rows]))
    assert sums[0].tobytes() == sums[1].tobytes() == sums[2].tobytes()


def test_map_rows_puts_each_block_in_its_place():
    X = np.arange(30_000.0).reshape(10_000, 3)
    np.testing.assert_array_equal(map_rows(X, 1, lambda rows: X[rows, :1] + 1), X[:, :1] + 1)


def test_an_error_in_a_block_reaches_the_caller():
    X = np.ones((10_000, 100))
    with pytest.raises(ZeroDivisionError):
        map_rows(X, 1, lambda rows: 1 // 0)


@pytest.mark.parametrize("magnitude", [0.0, 1.0, 255.0, 1e-6 * 1.1])
def test_ordinary_data_is_left_as_it_is(magnitude):
    assert unit_scale(magnitude) == 1


@pytest.mark.parametrize(
    ("exponent", "scale"), [(-22, -11), (-21, -11), (-20, 0), (20, 0), (20.01, 10), (21, 10), (22, 11), (23, 11)]
)
def test_beyond_a_million_and_a_millionth_data_are_divided_by_a_power_of_four(exponent, scale):
    assert unit_scale(2.0**exponent) == 4.0**scale


@pytest.mark.parametrize("magnitude", [1e-320, 1e-300, 1e-30, 1e30, 1e300, 8.9e307, 9e307, 1.79e308])
def test_extreme_data_is_brought_near_one_without_rounding(magnitude):
    scale = unit_scale(magnitude)
    assert (magnitude / scale) * scale == magnitude
    assert np.sqrt(scale) ** 2 == scale
    assert 1e-22 < magnitude / scale < 4


@pytest.mark.parametrize(
    ("rows", "lengths"),
    [
        (448, [64] * 7),
        (512, [64] * 8),
        (513, [32] * 15 + [33]),  # nine tasks would be uneven for two threads: it is sixteen
        (2560, [64, 16] * 32),  # 32 tasks at most
    ],
)
def test_blocks_are_a_mebibyte_in_tasks_that_threads_share_evenly(rows, lengths):
    X = np.broadcast_to(np.float32(0), (rows, 4096))  # 16 KiB each
    cut = []
    with row_blocks(X) as each:
        each.for_each(cut.append)
    assert [part.stop - part.start for part in sorted(cut, key=lambda part: part.start)] == lengths


@pytest.mark.parametrize(
    ("dtype", "options", "longest"),
    [
        ("f4", {}, 256),
        ("f8", {}, 128),
        ("f4", {"least": 300}, 300),
        ("f4", {"width": 2048}, 128),
        ("f8", {"width": 1 << 20}, 64),
    ],
)
def test_a_block_has_the_rows_that_its_width_allows_but_never_fewer_than_pay(dtype, options, longest):
    cut = []
    with row_blocks(np.broadcast_to(np.zeros((), dtype), (100_000, 1024)), **options) as each:
        each.for_each(cut.append)
    assert max(part.stop - part.start for part in cut) == longest
