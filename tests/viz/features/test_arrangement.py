import itertools

import numpy as np
import pytest

from viz.features import arrangement, grid_places

RNG = np.random.default_rng(0)


def all_different(cells):
    return len(np.unique(cells, axis=0)) == len(cells)


def cost(points, cells, rows, columns):
    unit = (points - points.min(axis=0)) / np.ptp(points, axis=0)
    centers = np.stack([(cells[:, 1] + 0.5) / columns, 1 - (cells[:, 0] + 0.5) / rows], axis=1)
    return ((unit - centers) ** 2).sum()


def test_points_that_stand_in_a_grid_stay_there():
    rows, columns = np.divmod(RNG.permutation(12), 4)
    cells = grid_places(np.stack([columns * 10.0, -rows * 3.0], axis=1), columns=4)
    assert np.array_equal(cells, np.stack([rows, columns], axis=1))


def test_few_points_lie_as_near_as_can_be():
    points = RNG.standard_normal((6, 2))
    cells = grid_places(points, columns=3)
    every = (np.array(order) for order in itertools.permutations(range(6)))
    least = min(cost(points, np.stack(np.divmod(order, 3), axis=1), 2, 3) for order in every)
    assert all_different(cells) and cost(points, cells, 2, 3) == pytest.approx(least)


@pytest.mark.parametrize(("count", "columns"), [(10, None), (7, 1), (7, 7), (1, None), (99, 13)])
@pytest.mark.parametrize("exact", [True, False])
def test_each_has_a_cell_of_its_own_inside_the_grid(count, columns, exact, monkeypatch):
    monkeypatch.setattr(arrangement, "EXACT", 1600 if exact else 0)
    cells = grid_places(RNG.standard_normal((count, 2)), columns)
    width = columns or int(np.ceil(np.sqrt(count)))
    assert all_different(cells) and cells.min() >= 0
    assert cells[:, 1].max() < width and cells[:, 0].max() < -(-count // width)


def test_the_approximation_is_near_the_optimum(monkeypatch):
    points = RNG.standard_normal((900, 2))
    best = cost(points, grid_places(points), 30, 30)
    monkeypatch.setattr(arrangement, "EXACT", 0)
    halved = cost(points, grid_places(points), 30, 30)
    shuffled = cost(points, RNG.permutation(grid_places(points)), 30, 30)
    assert best <= halved < 2 * best < shuffled


def test_it_is_optimal_up_to_1600_points_and_fast_beyond(monkeypatch):
    asked = []
    monkeypatch.setattr(arrangement, "_optimal", lambda wished, rows, columns: asked.append(len(wished)))
    for count in (1599, 1600, 1601):
        grid_places(RNG.standard_normal((count, 2)))
    assert asked == [1599, 1600]


def test_points_that_coincide_are_spread():
    assert all_different(grid_places(np.zeros((20, 2))))


@pytest.mark.parametrize("points", [np.zeros((0, 2)), np.zeros((3, 3)), [[np.nan, 0]]])
def test_bad_points_are_refused(points):
    with pytest.raises(ValueError, match="grid_places: expected finite points"):
        grid_places(points)


@pytest.mark.parametrize(("rows", "columns"), [(5, 7), (3, 8), (7, 3), (1, 6), (6, 1)])
def test_halving_leaves_points_that_stand_in_a_grid_where_they_are(rows, columns, monkeypatch):
    monkeypatch.setattr(arrangement, "EXACT", 0)
    cells = np.stack(np.divmod(RNG.permutation(rows * columns), columns), axis=1)
    np.testing.assert_array_equal(
        grid_places(np.stack([cells[:, 1] * 2.0, -3.0 * cells[:, 0]], axis=1), columns), cells
    )


@pytest.mark.parametrize("points", [np.zeros(4), np.zeros((2, 2, 2))])
def test_points_are_rows_of_two(points):
    with pytest.raises(ValueError, match="grid_places: expected finite points"):
        grid_places(points)
    assert grid_places([[1.0, 2.0]], columns=1).tolist() == [[0, 0]]
    with pytest.raises(ValueError, match="columns must be at least 1, got 0"):
        grid_places([[1.0, 2.0]], columns=0)
