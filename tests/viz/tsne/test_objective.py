"""The divergence against its definition, and the gradient against finite differences of the divergence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.tsne.affinities import conditional, joint
from viz.tsne.neighbors import nearest_neighbors
from viz.tsne.objective import Objective
from viz.tsne.repulsion import exact, repulsion_by


def affinities_of(n, k=20, seed=0, perplexity=5.0):
    x = np.random.default_rng(seed).standard_normal((n, 4)).astype(np.float32)
    indices, distances = nearest_neighbors(x, min(k, n - 1))
    return joint(indices, conditional(distances, [perplexity]))


def embedding(n, dimensions, extent, seed=0):
    return extent * np.random.default_rng(seed).standard_normal((dimensions, n))


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_the_divergence_is_that_of_the_definition(dimensions):
    p = affinities_of(60)
    y = embedding(60, dimensions, 3.0)
    kernel = 1 / (1 + ((y[:, :, None] - y[:, None]) ** 2).sum(axis=0))
    np.fill_diagonal(kernel, 0)
    q = kernel / kernel.sum()
    dense = p.toarray().astype(np.float64)
    expected = np.sum(dense[dense > 0] * np.log(dense[dense > 0] / q[dense > 0]))
    assert Objective(p, exact).divergence(y) == pytest.approx(expected, rel=1e-6)


@given(
    n=st.integers(2, 40),
    dimensions=st.integers(1, 3),
    extent=st.sampled_from([0.01, 1.0, 20.0]),
    seed=st.integers(0, 99),
)
def test_the_gradient_is_that_of_the_divergence(n, dimensions, extent, seed):
    objective = Objective(affinities_of(n, seed=seed, perplexity=min(5.0, n - 1)), exact)
    y = embedding(n, dimensions, extent, seed)
    gradient, _ = objective.gradient(y)
    direction = np.random.default_rng(seed + 1).standard_normal(y.shape)
    step = 1e-4 * min(extent, 1.0)
    ahead, behind = objective.divergence(y + step * direction), objective.divergence(y - step * direction)
    rounding = 1e-12 / step  # of the two divergences
    tolerance = 1e-5 * np.linalg.norm(gradient) * np.linalg.norm(direction) + rounding
    assert np.vdot(gradient, direction) == pytest.approx((ahead - behind) / (2 * step), abs=tolerance)


def test_exaggeration_multiplies_the_attraction_alone():
    objective = Objective(affinities_of(50), exact)
    y = embedding(50, 2, 1.0)
    plain, twice, thrice = (objective.gradient(y, exaggeration)[0] for exaggeration in (1, 2, 3))
    np.testing.assert_allclose(thrice - twice, twice - plain, atol=1e-12)
    pull = twice - plain
    np.testing.assert_allclose(plain, pull - 4 * exact(y)[0] / exact(y)[1], atol=1e-12)


@pytest.mark.parametrize("method", ["barnes_hut", "fft"])
@pytest.mark.parametrize("extent", [1e-4, 0.1, 1.0, 5.0])
def test_approximate_gradients_are_within_one_percent(method, extent):
    n = 3000
    p = affinities_of(n, k=30, perplexity=10.0)
    y = embedding(n, 2, extent)
    true = Objective(p, exact).gradient(y)[0]
    found = Objective(p, repulsion_by(method, 2, 0.5)).gradient(y.astype(np.float32))[0]
    assert np.linalg.norm(found - true) < 0.01 * np.linalg.norm(true)
    assert np.vdot(found, true) > 0.999 * np.linalg.norm(found) * np.linalg.norm(true)
