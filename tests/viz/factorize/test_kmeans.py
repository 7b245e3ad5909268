"""k-means finds obvious clusters, never raises its error, and copes with too few distinct rows."""

import numpy as np
import pytest

from viz import blocks
from viz.factorize import kmeans as module
from viz.factorize.kmeans import kmeans


def within_cluster_error(X, labels):
    return sum(np.square(X[labels == c] - X[labels == c].mean(axis=0)).sum() for c in np.unique(labels))


def test_separate_clouds_are_told_apart():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 5, 2000)
    X = (rng.standard_normal((5, 20)) * 10)[truth] + 0.1 * rng.standard_normal((2000, 20))
    labels = kmeans(X, 5, np.random.default_rng(1))
    pairs = set(zip(truth.tolist(), labels.tolist(), strict=True))
    assert len(pairs) == 5


def test_the_error_falls_from_round_to_round(monkeypatch):
    X = np.random.default_rng(0).standard_normal((500, 8))
    errors = []
    for rounds in range(1, 12):
        monkeypatch.setattr(module, "ROUNDS", rounds)
        errors.append(within_cluster_error(X, kmeans(X, 6, np.random.default_rng(0))))
    assert (np.diff(errors) <= 1e-9).all()
    assert errors[-1] < errors[0]


@pytest.mark.parametrize("X", [np.zeros((6, 2)), np.repeat([[1.0, 2.0], [3.0, 4.0]], 3, axis=0), np.ones((1, 3))])
def test_fewer_distinct_rows_than_clusters_is_no_obstacle(X):
    labels = kmeans(X, 4, np.random.default_rng(0))
    assert ((labels >= 0) & (labels < 4)).all()
    assert within_cluster_error(X, labels) == 0


@pytest.mark.parametrize("seed", range(12))
def test_each_row_ends_in_the_cluster_with_the_nearest_mean(seed):
    """Some clusters have one row."""
    X = np.random.default_rng(seed).standard_normal((9, 2)) + 3
    labels = kmeans(X, 5, np.random.default_rng(seed))
    clusters = np.unique(labels)
    means = np.stack([X[labels == c].mean(axis=0) for c in clusters])
    nearest = np.linalg.norm(X[:, None] - means, axis=2).argmin(axis=1)
    np.testing.assert_array_equal(clusters[nearest], labels)
    assert len(clusters) == 5


def test_twenty_rounds_are_enough(monkeypatch):
    rounds, summed = [], blocks.RowBlocks.sum
    monkeypatch.setattr(blocks.RowBlocks, "sum", lambda self, work: rounds.append(1) or summed(self, work))
    kmeans(np.random.default_rng(0).random((3000, 1)), 40, np.random.default_rng(0))
    assert len(rounds) == 20
