"""New points placed in a finished embedding."""

import itertools

import numpy as np
import pytest
from scipy.sparse import csr_array

from viz import TSNE, NotFittedError
from viz.tsne import estimator
from viz.tsne.neighbors import nearest_neighbors as nearest
from viz.tsne.placing import place


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


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_a_step_is_an_eighth_of_the_gain_times_the_gradient(dimensions):
    rng = np.random.default_rng(0)
    embedded, start = (rng.standard_normal((dimensions, n)).astype(np.float32) for n in (6, 2))
    p = rng.random((2, 6)).astype(np.float32)
    p /= p.sum(axis=1, keepdims=True)
    difference = start[:, :, None] - embedded[:, None]
    kernel = 1 / (1 + (difference**2).sum(axis=0))
    gradient = 2 * ((p - kernel / kernel.sum(axis=1, keepdims=True)) * kernel * difference).sum(axis=2)
    placed = place(csr_array(p), embedded, start, 1)
    np.testing.assert_allclose(placed, start - 0.5 / 4 * 0.8 * gradient, atol=1e-6)  # the first gain is 0.8


@pytest.mark.parametrize(("perplexity", "count"), [(5, 15), (4.1, 13), (100, 180), (1, 3)])
def test_a_new_point_is_drawn_to_three_neighbors_for_each_unit_of_perplexity(fitted, perplexity, count, monkeypatch):
    asked = []
    monkeypatch.setattr(estimator, "nearest_neighbors", lambda x, k, *rest: asked.append(k) or nearest(x, k, *rest))
    start = fitted.transform(blobs(1, seed=1)[0], perplexity=perplexity, max_iter=0)
    assert asked == [count]
    near = nearest(fitted._points, count, fitted._space.coordinates(blobs(1, seed=1)[0]))[0]
    np.testing.assert_array_equal(start, np.median(fitted.embedding_[near], axis=1))
