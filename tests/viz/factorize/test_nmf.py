"""NMF: its objective and optimality, its penalties, and degenerate data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.viz.factorize.sizes import SIZES
from viz import NMF, ConvergenceWarning, blocks

STARTS = ("nndsvd", "nndsvda", "nndsvdar", "random")


def parts(n=200, p=30, k=4, dtype=np.float64, noise=0.05, seed=0):
    """Sums of k sparse nonnegative parts, with a little noise."""
    rng = np.random.default_rng(seed)
    W, H = rng.gamma(0.3, size=(n, k)), rng.gamma(0.3, size=(k, p))
    return (W @ H + noise * rng.random((n, p))).astype(dtype)


@pytest.mark.parametrize("init", [None, *STARTS])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_factors_are_nonnegative_and_reproduce_the_data(init, dtype):
    X = parts(dtype=dtype)
    nmf = NMF(4, init=init, random_state=0)
    W = nmf.fit_transform(X)
    assert W.shape == (200, 4) and nmf.components_.shape == (4, 30)
    assert (W >= 0).all() and (nmf.components_ >= 0).all()
    assert W.dtype == nmf.components_.dtype == nmf.transform(X).dtype == dtype
    assert np.linalg.norm(X - nmf.inverse_transform(W)) < 0.1 * np.linalg.norm(X)
    np.testing.assert_allclose(nmf.reconstruction_err_, np.linalg.norm(X - W @ nmf.components_), rtol=1e-4)


def test_the_parts_that_made_the_data_are_found_again():
    rng = np.random.default_rng(1)
    W, H = rng.gamma(0.2, size=(500, 3)), np.kron(np.eye(3), np.ones(10))
    found = NMF(3, tol=1e-8, max_iter=1000).fit(W @ H).components_
    found = found / np.linalg.norm(found, axis=1, keepdims=True)
    np.testing.assert_allclose(found @ found.T, np.eye(3), atol=1e-3)


@pytest.mark.parametrize(
    ("alpha_W", "alpha_H", "l1_ratio"), [(0, 0, 0), (1e-3, "same", 0.5), (1e-3, 2e-3, 1), (1e-3, 5e-4, 0)]
)
def test_the_result_is_a_stationary_point_of_the_documented_objective(alpha_W, alpha_H, l1_ratio):
    X = parts()
    n, p = X.shape
    nmf = NMF(4, alpha_W=alpha_W, alpha_H=alpha_H, l1_ratio=l1_ratio, tol=1e-12, max_iter=3000)
    W, H = nmf.fit_transform(X), nmf.components_
    alpha_H = alpha_W if alpha_H == "same" else alpha_H
    gradient_W = (W @ H - X) @ H.T + alpha_W * p * (l1_ratio + (1 - l1_ratio) * W)
    gradient_H = W.T @ (W @ H - X) + alpha_H * n * (l1_ratio + (1 - l1_ratio) * H)
    for factor, gradient, size in ((W, gradient_W, X @ H.T), (H, gradient_H, W.T @ X)):
        assert (gradient > -1e-3 * size.max()).all()
        assert np.abs(gradient[factor > 1e-3 * factor.max()]).max() < 1e-3 * size.max()


def test_the_loss_curve_ends_at_the_documented_objective():
    X = parts()
    n, p = X.shape
    nmf = NMF(3, alpha_W=2e-3, alpha_H=1e-3, l1_ratio=0.25, tol=1e-10, max_iter=2000)
    W, H = nmf.fit_transform(X), nmf.components_
    expected = (
        0.5 * np.sum((X - W @ H) ** 2)
        + 2e-3 * p * (0.25 * W.sum() + 0.5 * 0.75 * np.sum(W**2))
        + 1e-3 * n * (0.25 * H.sum() + 0.5 * 0.75 * np.sum(H**2))
    )
    np.testing.assert_allclose(nmf.loss_curve_[-1], expected, rtol=1e-6)
    assert (np.diff(nmf.loss_curve_) <= 0).all() and len(nmf.loss_curve_) == nmf.n_iter_


def test_an_l1_penalty_makes_zeros_and_an_l2_penalty_makes_small_factors():
    X = parts(noise=0.3)
    plain, sparse = NMF(4).fit(X), NMF(4, alpha_W=0, alpha_H=0.02, l1_ratio=1).fit(X)
    assert (sparse.components_ == 0).mean() > (plain.components_ == 0).mean()
    small = NMF(4, alpha_W=0.05).fit(X)
    assert np.linalg.norm(small.components_) < np.linalg.norm(plain.components_)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("alpha", [0.0, 1e-3])
def test_fit_transform_is_fit_then_transform_to_the_last_bit(dtype, alpha):
    X = parts(dtype=dtype)
    nmf = NMF(5, alpha_W=alpha, random_state=0)
    W = nmf.fit_transform(X)
    assert (
        W.tobytes() == NMF(5, alpha_W=alpha, random_state=0).fit(X).transform(X).tobytes() == nmf.transform(X).tobytes()
    )


def test_a_rows_result_depends_on_no_other_row():
    X = parts()
    nmf = NMF(4).fit(X)
    one_by_one = np.vstack([nmf.transform(row[None]) for row in X[:20]])
    np.testing.assert_allclose(one_by_one, nmf.transform(X)[:20], atol=1e-12)


def test_running_out_of_iterations_is_announced():
    with pytest.warns(ConvergenceWarning, match="NMF reached max_iter=2 before the objective's fall met tol=0.0001"):
        NMF(4, max_iter=2).fit(parts())


def test_without_a_tolerance_all_iterations_are_made_in_silence():
    assert NMF(4, max_iter=7, tol=0).fit(parts()).n_iter_ == 7


@pytest.mark.parametrize("init", ["nndsvdar", "random"])
def test_the_seed_and_not_the_number_of_threads_decides_every_bit(init, monkeypatch):
    X = parts(3000, 200, dtype=np.float32)
    results = []
    for threads, seed in ((1, 0), (2, 0), (5, 0), (1, 1)):
        monkeypatch.setattr(blocks, "get_num_threads", lambda threads=threads: threads)
        nmf = NMF(4, init=init, max_iter=12, tol=0, random_state=seed)
        results.append((nmf.fit_transform(X).tobytes(), nmf.components_.tobytes(), nmf.reconstruction_err_))
    assert results[0] == results[1] == results[2] != results[3]


@pytest.mark.filterwarnings("ignore::viz.ConvergenceWarning")
@pytest.mark.parametrize(("n", "dtype"), SIZES)
@pytest.mark.parametrize("init", [None, "random"])
@pytest.mark.parametrize(
    "make",
    [
        lambda rng, n: np.full((n, 4), 0.1),
        lambda rng, n: np.zeros((n, 3)),
        lambda rng, n: np.repeat(rng.random((1, 6)), n, axis=0),
        lambda rng, n: rng.random((n, 5)) * [1, 0, 1, 0, 0],
        lambda rng, n: rng.random((n, 5)) * (np.arange(n) % 2)[:, None],
        lambda rng, n: rng.random((n, 1)),
        lambda rng, n: rng.random((n, 1)) @ rng.random((1, 7)),
        lambda rng, n: rng.random((n, 4)) * 1e-9,
        lambda rng, n: rng.random((n, 4)) * 1e9,
    ],
    ids=["constant", "zero", "duplicate rows", "zero columns", "zero rows", "one feature", "rank one", "tiny", "huge"],
)
def test_degenerate_data_gives_finite_results(make, init, n, dtype):
    X = make(np.random.default_rng(n), n).astype(dtype)
    for k in (1, 3):
        nmf = NMF(k, init=init if k <= min(X.shape) else "random", random_state=0)
        W = nmf.fit_transform(X)
        assert all(np.isfinite(array).all() for array in (W, nmf.components_, nmf.reconstruction_err_))
        assert nmf.reconstruction_err_ <= np.linalg.norm(X.astype(np.float64)) * (1 + 1e-6)
        assert np.isfinite(nmf.transform(X + 1)).all()
    if np.linalg.matrix_rank(X / (X.max() or 1)) <= 1:
        assert nmf.reconstruction_err_ <= 1e-3 * np.linalg.norm(X.astype(np.float64))


@pytest.mark.parametrize("scale", [1e-97, 1e-30, 1e30, 1e97])
def test_scale_does_not_change_the_result(scale):
    X = parts()
    plain, scaled = (NMF(4, init="nndsvd", tol=0, max_iter=20).fit(data) for data in (X, X * scale))
    np.testing.assert_allclose(scaled.components_ / scale**0.5, plain.components_, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(scaled.reconstruction_err_ / scale, plain.reconstruction_err_, rtol=1e-6)


def test_penalties_are_meant_in_the_datas_own_units():
    """X·s with L2 weights α·s has the factors √s·W and √s·H."""
    X, scale = parts(), 4.0**40
    plain = NMF(3, init="nndsvd", alpha_W=1e-2).fit(X)
    scaled = NMF(3, init="nndsvd", alpha_W=1e-2 * scale).fit(X * scale)
    np.testing.assert_allclose(scaled.components_ / scale**0.5, plain.components_, rtol=1e-6)
    np.testing.assert_allclose(scaled.transform(X * scale) / scale**0.5, plain.transform(X), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("dtype", "scale"), [("f4", 1e-12), ("f4", 1e12), ("f8", 1e-120), ("f8", 1e120)])
def test_data_whose_squares_would_overflow_or_vanish_are_refused(dtype, scale):
    X = parts().astype(dtype)
    fitted = NMF(3).fit(X)
    for work in (NMF(3).fit, fitted.transform):
        with pytest.raises(ValueError, match="NMF: expected the largest value of X between"):
            work(X * X.dtype.type(scale))


@pytest.mark.parametrize("scale", [1e-90, 1e-30, 1e90])
def test_a_penalty_out_of_proportion_leaves_zeros_or_no_trace(scale):
    X = parts() * scale
    nmf = NMF(3, alpha_W=1e-3, l1_ratio=0.5, random_state=0)
    W = nmf.fit_transform(X)
    assert np.isfinite(W).all() and np.isfinite(nmf.components_).all() and not np.isnan(nmf.loss_curve_).any()
    assert (W.max() == 0) == (scale < 1)


@given(n=st.integers(1, 30), p=st.integers(1, 30), k=st.integers(1, 8), seed=st.integers(0, 99))
def test_more_components_than_rows_or_columns_are_no_obstacle(n, p, k, seed):
    X = np.random.default_rng(seed).random((n, p))
    nmf = NMF(k, random_state=0, tol=0, max_iter=20)
    assert np.isfinite(nmf.fit_transform(X)).all()
    assert nmf.reconstruction_err_ <= np.linalg.norm(X)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_components": 0}, "NMF: n_components must be an int from 1, got 0"),
        ({"n_components": 31, "init": "nndsvd"}, r"init='nndsvd' gives at most min\(samples, features\) = 30"),
        ({"init": "kmeans"}, "NMF: init must be one of 'nndsvd', 'nndsvda', 'nndsvdar', 'random', got 'kmeans'"),
        ({"tol": -1}, "NMF: tol must be a number"),
        ({"max_iter": 0}, "NMF: max_iter must be an int from 1, got 0"),
        ({"alpha_W": -1}, "NMF: alpha_W must be a number"),
        ({"alpha_H": "W"}, "NMF: alpha_H must be a number"),
        ({"l1_ratio": 1.5}, r"NMF: l1_ratio must be a number in \[0, 1\], got 1.5"),
    ],
)
def test_parameters_out_of_range_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        NMF(**parameters).fit(parts())


def test_negative_data_is_refused_with_a_way_out():
    X = parts()
    X[3, 2] = -1
    with pytest.raises(ValueError, match=r"Negative values in data passed to NMF: -1 at \[3, 2\].*use SemiNMF"):
        NMF(2).fit(X)


def test_without_an_init_the_start_is_random_only_where_the_svd_has_too_few_directions():
    X = parts(20, 6)
    for k, same in ((6, True), (7, False)):
        first, second = (NMF(k, max_iter=1, tol=0, random_state=seed).fit(X).components_ for seed in (0, 1))
        assert np.array_equal(first, second) == same
    assert NMF(6, init="nndsvd", max_iter=1, tol=0).fit(X).n_components_ == 6


@pytest.mark.parametrize(("dtype", "most"), [("f4", np.float32(1e10)), ("f8", 1e100)])
def test_the_largest_value_may_be_as_large_or_as_small_as_its_square_allows(dtype, most):
    ones = np.ones((3, 2), dtype)
    for inside, outside in ((most, 1.01 * most), (1 / most, 0.99 / most)):
        assert NMF(1).fit(ones * np.dtype(dtype).type(inside)).n_components_ == 1
        with pytest.raises(ValueError, match="expected the largest value of X between"):
            NMF(1).fit(ones * np.dtype(dtype).type(outside))


def test_penalties_have_a_largest_value():
    X = parts(20, 6)
    for name in ("alpha_W", "alpha_H"):
        assert np.isfinite(NMF(2, **{name: 1e90}).fit_transform(X)).all()
        with pytest.raises(ValueError, match=f"{name} must be a number in .*, got 1.1e"):
            NMF(2, **{name: 1.1e90}).fit(X)
