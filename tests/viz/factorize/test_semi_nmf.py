"""Semi-NMF: one nonnegative factor, data of any sign, an objective that never rises."""

import numpy as np
import pytest

from tests.viz.factorize.sizes import SIZES
from viz import ConvergenceWarning, SemiNMF, blocks

SOLVERS = ("cd", "mu")
pytestmark = pytest.mark.filterwarnings("ignore::viz.ConvergenceWarning")  # "mu" is slow


def mixtures(n=300, p=20, k=4, dtype=np.float64, noise=0.1, seed=0):
    """Nonnegative mixtures of k directions of any sign, with a little noise."""
    rng = np.random.default_rng(seed)
    return (rng.gamma(0.3, size=(n, k)) @ rng.standard_normal((k, p)) + noise * rng.standard_normal((n, p))).astype(
        dtype
    )


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_factor_is_nonnegative_and_the_other_is_free(solver, dtype):
    X = mixtures(dtype=dtype)
    semi = SemiNMF(4, solver=solver, random_state=0)
    W = semi.fit_transform(X)
    assert (W >= 0).all() and (semi.components_ < 0).any()
    assert W.dtype == semi.components_.dtype == semi.transform(X).dtype == dtype
    assert np.linalg.norm(X - semi.inverse_transform(W)) < 0.25 * np.linalg.norm(X)
    np.testing.assert_allclose(semi.reconstruction_err_, np.linalg.norm(X - W @ semi.components_), rtol=1e-4)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("seed", range(3))
def test_the_objective_falls_at_every_iteration(solver, dtype, seed):
    semi = SemiNMF(5, solver=solver, max_iter=150, tol=0, random_state=seed).fit(mixtures(dtype=dtype, seed=seed))
    assert (np.diff(semi.loss_curve_) <= 0).all()


def test_coordinate_descent_needs_a_fraction_of_the_iterations():
    X = mixtures(600, 40, 8)
    curves = [SemiNMF(8, solver=s, max_iter=200, tol=0, random_state=0).fit(X).loss_curve_ for s in SOLVERS]
    assert np.flatnonzero(curves[0] <= curves[1][-1])[0] < 50


def test_it_is_no_worse_than_the_clusters_it_starts_from():
    from viz.factorize.kmeans import kmeans

    X = mixtures()
    labels = kmeans(X, 4, np.random.default_rng(0))
    clusters = np.stack([X[labels == c].mean(axis=0) for c in range(4)])
    assert SemiNMF(4, random_state=0).fit(X).reconstruction_err_ < np.linalg.norm(X - clusters[labels])


def test_no_rank_k_factorization_can_beat_the_svd():
    X = mixtures()
    s = np.linalg.svd(X, compute_uv=False)
    assert SemiNMF(4, random_state=0).fit(X).reconstruction_err_ >= np.sqrt(np.sum(s[4:] ** 2)) * (1 - 1e-9)


@pytest.mark.parametrize("solver", SOLVERS)
def test_fit_transform_is_fit_then_transform_to_the_last_bit(solver):
    X = mixtures(dtype=np.float32)
    semi = SemiNMF(4, solver=solver, random_state=0)
    W = semi.fit_transform(X)
    again = SemiNMF(4, solver=solver, random_state=0).fit(X).transform(X)
    assert W.tobytes() == again.tobytes() == semi.transform(X).tobytes()


def test_the_seed_and_not_the_number_of_threads_decides_every_bit(monkeypatch):
    X = mixtures(3000, 200, dtype=np.float32)
    results = []
    for threads, seed in ((1, 0), (2, 0), (5, 0), (1, 1)):
        monkeypatch.setattr(blocks, "get_num_threads", lambda threads=threads: threads)
        semi = SemiNMF(4, max_iter=12, tol=0, random_state=seed)
        results.append((semi.fit_transform(X).tobytes(), semi.components_.tobytes(), semi.reconstruction_err_))
    assert results[0] == results[1] == results[2] != results[3]


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("n", "dtype"), SIZES)
@pytest.mark.parametrize(
    "make",
    [
        lambda rng, n: np.full((n, 4), -0.1),
        lambda rng, n: np.zeros((n, 3)),
        lambda rng, n: np.repeat(rng.standard_normal((1, 6)), n, axis=0),
        lambda rng, n: rng.standard_normal((n, 5)) * [1, 0, 1, 0, 0],
        lambda rng, n: rng.standard_normal((n, 1)),
        lambda rng, n: rng.standard_normal((n, 1)) @ rng.standard_normal((1, 7)),
        lambda rng, n: rng.standard_normal((n, 4)) * 1e-9,
        lambda rng, n: rng.standard_normal((n, 4)) * 1e9,
    ],
    ids=["constant", "zero", "duplicate rows", "zero columns", "one feature", "rank one", "tiny", "huge"],
)
def test_degenerate_data_gives_finite_results(make, n, dtype, solver):
    X = make(np.random.default_rng(n), n).astype(dtype)
    for k in (1, 2, 3):
        semi = SemiNMF(k, solver=solver, random_state=0)
        W = semi.fit_transform(X)
        assert all(np.isfinite(array).all() for array in (W, semi.components_, semi.reconstruction_err_))
        assert semi.reconstruction_err_ <= np.linalg.norm(X.astype(np.float64)) * (1 + 1e-6)
        assert np.isfinite(semi.transform(-X)).all()


@pytest.mark.parametrize("scale", [1e-97, 1e-30, 1e30, 1e97])
def test_scale_does_not_change_the_result(scale):
    X = mixtures()
    plain, scaled = (SemiNMF(4, tol=0, max_iter=20, random_state=0).fit(data) for data in (X, X * scale))
    np.testing.assert_allclose(scaled.reconstruction_err_ / scale, plain.reconstruction_err_, rtol=1e-6)


@pytest.mark.filterwarnings("error")
def test_running_out_of_iterations_is_announced():
    with pytest.warns(ConvergenceWarning, match="SemiNMF reached max_iter=2"):
        SemiNMF(4, max_iter=2).fit(mixtures())


def test_an_unknown_solver_is_refused():
    with pytest.raises(ValueError, match="SemiNMF: solver must be one of 'cd', 'mu', got 'hals'"):
        SemiNMF(2, solver="hals").fit(mixtures())


def test_memberships_begin_with_the_clusters_and_a_fifth_for_all(monkeypatch):
    begun = []

    def descend(X, start, *rest):
        begun.append(start)
        return start[1], [1.0], True

    monkeypatch.setattr("viz.factorize.factorization.descend", descend)
    X = mixtures()
    SemiNMF(4, random_state=0).fit(X)
    ((W, H),) = begun
    assert np.unique(W).tolist() == [0.2, 1.2] and np.allclose(W.sum(axis=1), 1.8)
    np.testing.assert_allclose(H, np.linalg.lstsq(W, X, rcond=None)[0], atol=1e-8)
