"""Probabilities of neighbors: their perplexity, their symmetry, and their limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.tsne.affinities import conditional, joint
from viz.tsne.neighbors import nearest_neighbors


def perplexity_of(p):
    p = p.astype(np.float64)
    return np.exp(-np.sum(p * np.log(np.where(p > 0, p, 1)), axis=1))


@given(
    perplexity=st.floats(1.05, 25),
    scale=st.sampled_from([1e-15, 1.0, 1e15]),
    d=st.integers(1, 30),
    seed=st.integers(0, 99),
)
def test_every_row_has_the_perplexity_asked_for(perplexity, scale, d, seed):
    x = np.random.default_rng(seed).standard_normal((60, d)).astype(np.float32)
    _, distances = nearest_neighbors(x, 45)
    p = conditional(distances * np.float32(scale), [perplexity])
    np.testing.assert_allclose(perplexity_of(p), perplexity, rtol=1.3e-5)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    assert (np.diff(p, axis=1) <= 0).all(), "a nearer neighbor has at least the probability of a farther one"


def test_the_formula_by_hand():
    # With two neighbors at d² = 0 and ln 3 / β the probabilities are 3/4 and 1/4, whose perplexity is 4 / 3^(3/4).
    p = conditional(np.array([[0.0, 2.5]], np.float32), [4 / 3**0.75])
    np.testing.assert_allclose(p, [[0.75, 0.25]], atol=1e-4)


def test_several_perplexities_are_averaged():
    _, distances = nearest_neighbors(np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32), 40)
    alone = [conditional(distances, [perplexity]) for perplexity in (3.0, 12.0)]
    np.testing.assert_allclose(conditional(distances, [3.0, 12.0]), (alone[0] + alone[1]) / 2, rtol=1e-6)


@pytest.mark.parametrize("distance", [0.0, 1e-20, 1.0, 1e15])
def test_equally_far_neighbors_share_equally(distance):
    np.testing.assert_allclose(conditional(np.full((2, 8), distance, np.float32), [3.0]), 1 / 8, rtol=1e-6)


def test_more_duplicates_than_the_perplexity_share_equally():
    distances = np.r_[np.zeros(10), np.ones(20)][None].astype(np.float32)
    np.testing.assert_allclose(conditional(distances, [3.0])[0], np.r_[np.full(10, 0.1), np.zeros(20)], atol=1e-6)


def test_one_neighbor_has_it_all():
    np.testing.assert_array_equal(conditional(np.array([[3.0]], np.float32), [1.0]), [[1.0]])


def test_joint_affinities_are_the_symmetric_mean():
    x = np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32)
    indices, distances = nearest_neighbors(x, 12)
    p = conditional(distances, [4.0])
    dense = np.zeros((40, 40))
    np.put_along_axis(dense, indices.astype(np.int64), p, axis=1)
    affinities = joint(indices, p)
    np.testing.assert_allclose(affinities.toarray(), (dense + dense.T) / 80, rtol=1e-6)
    assert affinities.dtype == np.float32 and affinities.indptr.dtype == np.int32  # half the memory of 64 bits
    np.testing.assert_allclose(affinities.sum(), 1, rtol=1e-5)
