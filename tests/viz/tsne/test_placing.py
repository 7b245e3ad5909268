"""New points placed in a finished embedding."""

import itertools

import numpy as np
import pytest

from viz import TSNE, NotFittedError


def blobs(n_each, seed):
    """Three clusters of five columns, and their labels."""
    rng = np.random.default_rng(seed)
    centers = 6 * np.eye(3, 5)
    labels = np.repeat(np.arange(3), n_each)
    return (centers[labels] + rng.standard_normal((len(labels), 5))).astype(np.float32), labels


@pytest.fixture(scope="module")
def fitted():
    return TSNE(perplexity=15, random_state=0, max_iter=400).fit(blobs(60, seed=0)[0])


def test_new_points_come_to_lie_in_their_own_cluster(fitted):
    X, labels = blobs(20, seed=1)
    placed = fitted.transform(X)
    assert placed.shape == (60, 2) and placed.dtype == np.float32
    nearest = np.linalg.norm(placed[:, None] - fitted.embedding_[None], axis=2).argmin(axis=1)
    assert (blobs(60, seed=0)[1][nearest] == labels).mean() > 0.98


def test_points_that_were_fitted_come_to_lie_near_themselves(fitted):
    X, _ = blobs(60, seed=0)
    distance = np.linalg.norm(fitted.transform(X) - fitted.embedding_, axis=1)
    diameter = np.linalg.norm(np.ptp(fitted.embedding_, axis=0))
    assert np.median(distance) < 0.05 * diameter


def test_placing_goes_downhill(fitted):
    X, _ = blobs(20, seed=1)
    steps = [fitted.transform(X, max_iter=m) for m in (0, 20, 200, 400)]
    moved = [np.linalg.norm(a - b, axis=1).mean() for a, b in itertools.pairwise(steps)]
    assert moved[0] > 10 * moved[2], "it has come to rest"


def test_where_a_point_lies_does_not_depend_on_its_company(fitted):
    X, _ = blobs(20, seed=1)
    np.testing.assert_array_equal(fitted.transform(X)[7:9], fitted.transform(X[7:9]))


def test_the_embedding_itself_stays(fitted):
    before = fitted.embedding_.copy()
    fitted.transform(blobs(20, seed=1)[0] * 1e30)
    np.testing.assert_array_equal(fitted.embedding_, before)


@pytest.mark.parametrize("n_components", [1, 3])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_other_dimensions_and_metrics(n_components, metric):
    X, _ = blobs(20, seed=0)
    tsne = TSNE(n_components, perplexity=5, metric=metric, max_iter=260, random_state=0).fit(X)
    placed = tsne.transform(np.vstack([X, np.zeros((1, 5))]))
    assert placed.shape == (61, n_components) and np.isfinite(placed).all()


def test_more_neighbors_than_embedded_points_is_an_error(fitted):
    with pytest.raises(ValueError, match="perplexity"):
        fitted.transform(blobs(2, seed=0)[0], perplexity=181)


def test_other_columns_are_an_error(fitted):
    with pytest.raises(ValueError, match="4 features"):
        fitted.transform(np.zeros((3, 4)))


def test_it_must_be_fitted_first():
    with pytest.raises(NotFittedError):
        TSNE().transform(np.zeros((3, 4)))
