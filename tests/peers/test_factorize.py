"""PCA, NMF and semi-NMF against scikit-learn: the same interface, the same numbers."""

import os
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

import minicnn as cnn
from viz import NMF, PCA, SemiNMF, trustworthiness

pytest.importorskip("sklearn", exc_type=ImportError)
from sklearn import decomposition, manifold
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

real_data = pytest.mark.skipif(not os.environ.get("MINICNN_DATA"), reason="MINICNN_DATA is not set: no real data")


@pytest.fixture(autouse=True)
def one_blas_thread():
    """scikit-learn's threads would only get into each other's way here."""
    with threadpool_limits(1):
        yield


def mnist(n):
    train, _ = cnn.data.load("mnist")
    return train.images[:n].reshape(n, -1).astype(np.float32) / 255


@pytest.mark.parametrize("estimator", [PCA(), NMF(), SemiNMF(), SemiNMF(solver="mu")], ids=repr)
def test_check_estimator_passes_without_exception(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(estimator, on_skip=None, on_fail=None)
    assert [(r["check_name"], r["exception"]) for r in results if r["status"] not in ("passed", "skipped")] == []
    # scikit-learn skips this one for its own classes, too, unless SCIPY_ARRAY_API is set.
    assert {r["check_name"] for r in results if r["status"] == "skipped"} <= {"check_array_api_input"}
    assert len(results) > 40


def test_a_pipeline_is_searched_for_its_parameters():
    X, y = load_digits(return_X_y=True)
    pipeline = make_pipeline(PCA(random_state=0), KNeighborsClassifier())
    search = GridSearchCV(pipeline, {"pca__n_components": [2, 16]}, cv=3).fit(X[:600], y[:600])
    assert search.best_params_ == {"pca__n_components": 16}


def test_our_errors_are_caught_as_the_built_in_ones_that_scikit_learns_are():
    for kind in (ValueError, AttributeError):
        assert issubclass(NotFittedError, kind)
        with pytest.raises(kind, match="not fitted"):
            PCA().transform(np.ones((2, 2)))


def assert_same_pca(ours, theirs, tolerance):
    signs = np.sign(np.sum(ours.components_ * theirs.components_, axis=1, keepdims=True))
    np.testing.assert_allclose(ours.components_, signs * theirs.components_, atol=tolerance)
    for name in ("explained_variance_", "explained_variance_ratio_", "singular_values_", "mean_", "noise_variance_"):
        theirs_value = getattr(theirs, name)
        size = np.abs(theirs_value).max() if np.size(theirs_value) else 0
        np.testing.assert_allclose(getattr(ours, name), theirs_value, rtol=tolerance, atol=tolerance * size)
    assert ours.n_components_ == theirs.n_components_


@given(
    n=st.integers(20, 120),
    p=st.integers(2, 15),
    solver=st.sampled_from(["auto", "full", "covariance_eigh"]),
    n_components=st.sampled_from([None, 1, 2, 0.4, 0.95]),
    seed=st.integers(0, 999),
)
def test_pca_is_scikit_learns_up_to_sign(n, p, solver, n_components, seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * 2.0 ** -np.arange(p) + rng.uniform(-3, 3, p)
    theirs = decomposition.PCA(n_components).fit(X)
    assert_same_pca(PCA(n_components, svd_solver=solver).fit(X), theirs, 1e-5)


@pytest.mark.parametrize("load", [load_iris, load_digits])
@pytest.mark.parametrize("whiten", [False, True])
def test_pca_is_scikit_learns_on_their_data(load, whiten):
    X = load().data
    k = 4 if load is load_iris else 20
    ours, theirs = PCA(k, whiten=whiten).fit(X), decomposition.PCA(k, whiten=whiten).fit(X)
    assert_same_pca(ours, theirs, 1e-5)
    expected = theirs.transform(X)
    signs = np.sign(np.sum(ours.transform(X) * expected, axis=0))
    np.testing.assert_allclose(ours.transform(X), signs * expected, atol=1e-5 * np.abs(expected).max())
    np.testing.assert_allclose(ours.inverse_transform(ours.transform(X)), theirs.inverse_transform(expected), atol=1e-5)


@real_data
@pytest.mark.parametrize("solver", ["auto", "covariance_eigh", "full"])
def test_pca_of_mnist_in_float32_is_scikit_learns_in_float64(solver):
    X = mnist(1500)
    theirs = decomposition.PCA(20, svd_solver="covariance_eigh").fit(X.astype(np.float64))
    assert_same_pca(PCA(20, svd_solver=solver, random_state=0).fit(X), theirs, 1e-4 if solver == "full" else 1e-5)


def test_the_randomized_solver_misses_as_little_variance_as_scikit_learns():
    X = load_digits().data
    exact = PCA(20).fit(X).explained_variance_.sum()
    missed = [
        np.mean(
            [
                exact
                - kind(20, svd_solver="randomized", iterated_power=2, random_state=seed)
                .fit(X)
                .explained_variance_.sum()
                for seed in range(5)
            ]
        )
        for kind in (PCA, decomposition.PCA)
    ]
    assert 0 < missed[0] < 2 * missed[1]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("k", [5, 16])
def test_nmf_fits_scikit_learns_digits_as_well(k):
    X = load_digits().data
    theirs = decomposition.NMF(k, random_state=0).fit(X)
    assert NMF(k).fit(X).reconstruction_err_ <= 1.001 * theirs.reconstruction_err_


@real_data
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("k", [5, 16])
def test_nmf_fits_mnist_as_well(k):
    X = mnist(1500)
    theirs = decomposition.NMF(k, random_state=0).fit(X)
    assert NMF(k).fit(X).reconstruction_err_ <= 1.001 * theirs.reconstruction_err_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("penalty", [{"alpha_W": 0.01}, {"alpha_W": 0.01, "alpha_H": 0.005, "l1_ratio": 0.5}])
def test_nmfs_penalties_have_scikit_learns_scale(penalty):
    X = load_digits().data[:300, :40] / 16
    ours = NMF(2, init="nndsvd", tol=1e-12, max_iter=2000, **penalty).fit(X)
    theirs = decomposition.NMF(2, init="nndsvd", tol=1e-7, max_iter=2000, **penalty).fit(X)
    np.testing.assert_allclose(ours.components_, theirs.components_, atol=1e-3)
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), atol=1e-2)


def test_trustworthiness_is_scikit_learns():
    X = load_digits().data[:500] + np.random.default_rng(0).random((500, 64))  # whole numbers tie
    Y = PCA(2).fit_transform(X)
    for k in (1, 5, 30):
        theirs = manifold.trustworthiness(X, Y, n_neighbors=k)
        np.testing.assert_allclose(trustworthiness(X, Y, n_neighbors=k), theirs, rtol=1e-12)
