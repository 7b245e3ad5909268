"""Nearest neighbors against brute force in float64."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.tsne import neighbors
from viz.tsne.neighbors import nearest_neighbors


def brute_force(x, k, queries=None):
    """Sorted distances to the k nearest rows, from all differences."""
    rows = x if queries is None else queries
    squared = ((rows[:, None].astype(np.float64) - x[None]) ** 2).sum(axis=2)
    if queries is None:
        np.fill_diagonal(squared, np.inf)
    return np.sqrt(np.sort(squared, axis=1)[:, :k])


def assert_exact(x, k, queries=None):
    indices, distances = nearest_neighbors(x, k, queries)
    rows = x if queries is None else queries
    expected = brute_force(x, k, queries)
    scale = max(expected.max(), np.finfo(np.float32).tiny)
    np.testing.assert_allclose(distances, expected, rtol=1e-4, atol=1e-5 * scale)
    # The indices are those of the distances, each once, and a point is not its own neighbor.
    np.testing.assert_allclose(np.linalg.norm(rows[:, None] - x[indices], axis=2), distances, rtol=1e-4, atol=1e-30)
    assert all(len(set(row)) == k for row in indices)
    if queries is None:
        assert not (indices == np.arange(len(x))[:, None]).any()


@given(n=st.integers(2, 200), d=st.integers(1, 9), share=st.floats(0, 1), seed=st.integers(0, 99))
def test_the_nearest_are_found(n, d, share, seed):
    x = np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)
    assert_exact(x, 1 + int(share * (n - 2)))


def test_more_points_than_a_tile_holds():
    rng = np.random.default_rng(0)
    assert 2 * neighbors.REFERENCES < 1500 and 1500 % neighbors.QUERIES and 1500 % neighbors.REFERENCES
    assert_exact(rng.standard_normal((1500, 20)).astype(np.float32), 90)


def test_rows_of_another_matrix_may_be_their_own_nearest():
    x = np.random.default_rng(0).standard_normal((300, 5)).astype(np.float32)
    assert_exact(x, 7, queries=x[:20] + np.float32(0.01))
    indices, distances = nearest_neighbors(x, 1, queries=x)
    assert (indices[:, 0] == np.arange(300)).all() and (distances == 0).all()


def test_tight_clusters_far_from_the_origin():
    # There |x|² − 2 x·x' + |x'|² holds no correct digit of the distances within a cluster.
    rng = np.random.default_rng(0)
    centers = rng.uniform(-1, 1, (8, 6))
    x = (np.repeat(centers, 40, axis=0) + 1e-4 * rng.standard_normal((320, 6))).astype(np.float32)
    assert_exact(x, 30)


def test_more_points_far_from_the_origin_than_are_measured_at_once():
    # From the first row they come from near to far, from the last one from far to near: then later ones replace them.
    assert neighbors.BY_DIFFERENCES < 1100 and 1100 % neighbors.BY_DIFFERENCES
    x = np.column_stack([1 + 0.5 * (np.arange(1100) / 1100) ** 1.5, np.full(1100, 1e-3)]).astype(np.float32)
    few = np.linspace(0, 1099, 9).astype(int)
    indices, distances = nearest_neighbors(x, 40)
    expected = brute_force(x, 41, x[few])[:, 1:]  # without each itself
    np.testing.assert_allclose(distances[few], expected, rtol=1e-4, atol=1e-12)
    assert all(len(set(row)) == 40 for row in indices) and not (indices == np.arange(1100)[:, None]).any()


def test_neighbors_come_nearest_first_each_with_its_own_distance():
    x = np.array([[0.0], [1.0], [3.0], [7.0]], np.float32)
    indices, distances = nearest_neighbors(x, 3)
    assert indices.tolist() == [[1, 2, 3], [0, 2, 3], [1, 0, 3], [2, 1, 0]]
    assert distances.tolist() == [[1, 3, 7], [1, 2, 6], [2, 3, 4], [4, 6, 7]]
    indices, distances = nearest_neighbors(x, 4, np.array([[2.5]], np.float32))  # as many as there are
    assert indices.tolist() == [[2, 1, 0, 3]] and distances.tolist() == [[0.5, 1.5, 2.5, 4.5]]


def test_duplicates_are_at_distance_zero():
    x = np.repeat(np.random.default_rng(0).standard_normal((10, 4)).astype(np.float32), 30, axis=0)
    _, distances = nearest_neighbors(x, 29)
    assert (distances == 0).all()


def test_a_constant_matrix_has_neighbors_all_the_same():
    indices, distances = nearest_neighbors(np.ones((50, 3), np.float32), 20)
    assert (distances == 0).all() and all(len(set(row)) == 20 for row in indices)


@pytest.mark.parametrize(("k", "queries"), [(0, None), (5, None), (6, np.zeros((1, 2), np.float32))])
def test_more_neighbors_than_there_are_is_an_error(k, queries):
    with pytest.raises(ValueError, match=r"k must lie in 1…[45]"):
        nearest_neighbors(np.zeros((5, 2), np.float32), k, queries)


@pytest.mark.parametrize(("distance", "again"), [(0.066, True), (0.072, False)])
def test_distances_that_products_know_to_less_than_a_ten_thousandth_are_measured_again(distance, again, monkeypatch):
    """Products err by 4·2⁻²³ of |x|² in d²: at |x| = 1 that is a ten thousandth of d² at d = 0.069."""
    measured = []
    monkeypatch.setattr(neighbors, "_by_differences", lambda rows, columns, doubtful, *_: measured.extend(doubtful))
    x = np.array([[1, 0], [1, distance], [-9, 0], [9, 0]], np.float32)
    nearest_neighbors(x[1:], 1, queries=x[:1])
    assert measured == [0] * again
