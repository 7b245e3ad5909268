"""k-means finds obvious clusters, never raises its error, and copes with too few distinct rows."""

import numpy as np
import pytest

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
