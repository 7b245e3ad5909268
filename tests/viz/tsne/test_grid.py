"""The grid on which repulsion is interpolated: fine enough, and no larger than the memory allows."""

import numpy as np
import pytest

from viz.tsne.repulsion.interpolation import grid_around


def grid(*spans: float, corner: float = 0.0):
    y = np.full((len(spans), 3), corner, np.float32)
    y[:, 1] += spans
    return grid_around(y)


@pytest.mark.parametrize(
    ("spans", "spacing"),
    [
        ((100, 50), 1 / 3),
        ((17, 1), 1 / 3),
        ((16.5, 1), 1 / 6),  # 50 nodes along the longer side, or more
        ((8.3, 1), 1 / 12),
        ((1, 9), 1 / 6),
        ((40,), 1 / 3),
        ((600, 600), 1 / 3),
        ((331, 1331), 1 / 3),  # 1000 × 4000
        ((666, 666), 2 / 3),  # of more than four million nodes every second
    ],
)  # fmt: skip
def test_nodes_are_a_third_apart_unless_that_is_too_coarse_or_too_fine(spans, spacing) -> None:
    found = grid(*spans)
    assert found.spacing == pytest.approx(spacing)
    intervals = [int(span / spacing + 1e-6) for span in (*spans, 0)[:2]]
    assert (found.rows, found.columns) == (intervals[0] + 7, intervals[1] + 7)


@pytest.mark.parametrize("rows", [571_419, 571_423, 2_000_000])
def test_a_grid_has_four_million_nodes_at_most_even_along_a_line(rows: int) -> None:
    found = grid((rows + 0.2) / 3)
    assert found.rows * found.columns <= 4_000_000 and found.columns == 7
    assert (found.spacing == 1 / 3) == (rows == 571_419)


@pytest.mark.parametrize(("spans", "low"), [((8, 3), [-5, -5]), ((8,), [-5, 0])])
def test_the_first_node_is_the_corner_of_the_points_box_and_of_a_line_at_zero(spans, low) -> None:
    assert grid(*spans, corner=-5).low.tolist() == low


def test_points_in_one_place_have_a_grid_too() -> None:
    found = grid(0, 0)
    assert (found.rows, found.columns) == (7, 7) and 1e-14 < found.spacing * 50 <= 1e-12


@pytest.mark.parametrize("spans", [(100, 50), (17, 1), (3, 700)])
def test_padding_doubles_the_grid_to_even_sides(spans) -> None:
    found = grid(*spans)
    for padded, nodes in zip(found.padded, (found.rows, found.columns), strict=True):
        assert padded % 2 == 0 and 2 * nodes <= padded <= 2.5 * nodes
