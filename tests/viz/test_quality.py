"""Quality measures: worked out by hand for small data, right at both ends of their range."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz import PCA, knn_preservation, reconstruction_error, trustworthiness


def cloud(n=200, p=6, seed=0):
    return np.random.default_rng(seed).standard_normal((n, p))


@pytest.mark.parametrize("measure", [trustworthiness, knn_preservation])
@pytest.mark.parametrize("change", [lambda X: X, lambda X: 3 * X[:, ::-1] + 100, lambda X: X * 1e200])
def test_an_embedding_that_keeps_all_distances_is_perfect(measure, change):
    assert measure(cloud(), change(cloud()), n_neighbors=7) == 1


def test_trustworthiness_of_five_points_worked_by_hand():
    X, Y = np.array([[0.0], [1], [3], [7], [15]]), np.array([[6.5], [1], [3], [7], [0.6]])
    # The nearest in Y of points 0 … 4 are points 3, 4, 1, 0, 1; in X these have the ranks
    ranks = np.array([3, 4, 1, 3, 3])
    assert trustworthiness(X, Y, n_neighbors=1) == pytest.approx(1 - 2 / (5 * (10 - 3 - 1)) * (ranks - 1).sum())


def test_knn_preservation_of_four_points_worked_by_hand():
    X, Y = np.array([[0.0], [1], [3], [7]]), np.array([[0.0], [1], [7], [3]])
    # The nearest in X are points 1, 0, 1, 2; in Y 1, 0, 3, 1.
    assert knn_preservation(X, Y, n_neighbors=1) == 2 / 4


def test_a_random_embedding_scores_what_chance_gives():
    X, Y = cloud(800), cloud(800, 2, seed=1)
    assert trustworthiness(X, Y, n_neighbors=10) == pytest.approx(0.5, abs=0.03)
    assert knn_preservation(X, Y, n_neighbors=80) == pytest.approx(80 / 799, abs=0.02)


def test_keeping_more_directions_scores_better():
    X = cloud(300) * 0.6 ** np.arange(6)
    for measure in (trustworthiness, knn_preservation):
        scores = [measure(X, PCA(k).fit_transform(X), n_neighbors=8) for k in (1, 2, 4, 6)]
        assert scores == sorted(scores) and scores[-1] == pytest.approx(1)


@given(n=st.integers(3, 40), k=st.integers(1, 40), seed=st.integers(0, 999))
def test_scores_lie_between_zero_and_one(n, k, seed):
    X, Y = cloud(n, 3, seed), cloud(n, 2, seed + 1)
    if 2 * k < n:
        assert 0 <= trustworthiness(X, Y, n_neighbors=k) <= 1
    if k < n:
        assert 0 <= knn_preservation(X, Y, n_neighbors=k) <= 1


@pytest.mark.parametrize("measure", [trustworthiness, knn_preservation])
def test_constant_and_duplicate_points_are_measured_too(measure):
    duplicates = np.repeat(cloud(5), 4, axis=0)
    for X in (np.ones((20, 3)), duplicates):
        for Y in (np.ones((20, 2)), duplicates[:, :2]):
            assert 0 <= measure(X, Y, n_neighbors=3) <= 1


def test_neighbors_that_are_equally_near_in_the_data_are_all_trusted():
    assert trustworthiness(np.eye(30), cloud(30, 2), n_neighbors=5) == 1


@pytest.mark.parametrize(("apart", "trusted"), [(0, True), (1e-14, True), (1e-9, False), (1e-3, False)])
def test_points_share_a_rank_if_rounding_alone_tells_their_distances_apart(apart, trusted):
    """Seen from 0, the point at −1 is as near as the one at 1, or nearer; in the embedding the other one is."""
    X, Y = np.array([[0.0], [1 + apart], [-1], [4], [9]]), np.array([[0.0], [1], [-1.2], [4], [9]])
    assert (trustworthiness(X, Y, n_neighbors=1) == 1) == trusted


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1.0, 1e30, 1e300])
def test_reconstruction_error_is_the_frobenius_norm_at_any_scale(scale):
    X, Y = np.array([[3.0, 0.0], [1.0, 1.0]]), np.array([[0.0, 4.0], [1.0, 1.0]])
    assert reconstruction_error(X * scale, Y * scale) == pytest.approx(5 * scale)
    assert reconstruction_error(X * scale, Y * scale, relative=True) == pytest.approx(5 / 11**0.5)


def test_the_relative_error_of_nothing_is_zero_or_infinite():
    zeros, ones = np.zeros((2, 2)), np.ones((2, 2))
    assert reconstruction_error(zeros, zeros, relative=True) == 0
    assert reconstruction_error(zeros, ones, relative=True) == np.inf


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: trustworthiness(cloud(10), cloud(10), n_neighbors=5),
            "below half the number of samples, 10 / 2; got 5",
        ),
        (lambda: trustworthiness(cloud(10), cloud(9)), "X has 10 points, but the embedding has 9"),
        (lambda: trustworthiness(cloud(10), np.full((10, 2), np.nan)), "trustworthiness: X contains NaN"),
        (lambda: knn_preservation(cloud(10), cloud(10)), "below the number of samples, 10; got 10"),
        (lambda: knn_preservation(cloud(10), cloud(10), n_neighbors=0), "n_neighbors must be an int from 1, got 0"),
        (
            lambda: reconstruction_error(cloud(3), cloud(4)),
            r"X has shape \(3, 6\), but its reconstruction has \(4, 6\)",
        ),
    ],
)
def test_impossible_requests_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("k", [2, 3])
def test_ranks_and_shares_are_counted_point_by_point(k):
    X, Y = cloud(11, 3), cloud(11, 2, seed=1)
    order_X, order_Y = (
        np.argsort(np.linalg.norm(points[:, None] - points, axis=2), axis=1)[:, 1:].tolist() for points in (X, Y)
    )
    excess = [max(0, order_X[i].index(j) + 1 - k) for i in range(11) for j in order_Y[i][:k]]
    assert trustworthiness(X, Y, n_neighbors=k) == pytest.approx(1 - 2 * sum(excess) / (11 * k * (22 - 3 * k - 1)))
    shared = [len({*order_X[i][:k]} & {*order_Y[i][:k]}) for i in range(11)]
    assert knn_preservation(X, Y, n_neighbors=k) == pytest.approx(sum(shared) / (11 * k))
