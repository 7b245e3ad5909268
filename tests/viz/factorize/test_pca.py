"""PCA against a plain singular value decomposition, and on degenerate data."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.viz.factorize.sizes import SIZES
from viz import PCA, blocks
from viz.estimator import NotFittedError
from viz.factorize import spectrum
from viz.factorize.spectrum import choose

SOLVERS = ("full", "covariance_eigh", "randomized")


def low_rank(n=300, p=40, rank=8, dtype=np.float64, seed=0):
    """Data of falling variance in `rank` directions, far from the origin."""
    rng = np.random.default_rng(seed)
    U, V = np.linalg.qr(rng.standard_normal((n, rank)))[0], np.linalg.qr(rng.standard_normal((p, rank)))[0]
    return ((U * 100 * 0.7 ** np.arange(rank)) @ V.T + rng.uniform(-5, 5, p)).astype(dtype)


def textbook(X):
    """Variances and directions by NumPy's SVD of the centered data."""
    _, s, Vt = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    return s**2 / (len(X) - 1), Vt


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-4), (np.float64, 1e-10)])
def test_directions_and_variances_are_those_of_the_svd(solver, dtype, tolerance):
    X = low_rank(dtype=dtype)
    pca = PCA(5, svd_solver=solver, random_state=0).fit(X)
    variances, directions = textbook(X.astype(np.float64))
    np.testing.assert_allclose(pca.explained_variance_, variances[:5], rtol=tolerance)
    np.testing.assert_allclose(pca.explained_variance_ratio_, variances[:5] / variances.sum(), rtol=tolerance)
    np.testing.assert_allclose(pca.singular_values_, np.sqrt(variances[:5] * (len(X) - 1)), rtol=tolerance)
    np.testing.assert_allclose(np.abs(np.sum(pca.components_ * directions[:5], axis=1)), 1, rtol=tolerance)
    np.testing.assert_allclose(pca.noise_variance_, variances[5:].sum() / (40 - 5), rtol=10 * tolerance)


@pytest.mark.parametrize("solver", SOLVERS)
def test_float32_stays_float32(solver):
    pca = PCA(3, svd_solver=solver, random_state=0).fit(low_rank(dtype=np.float32))
    learned = [v for name, v in vars(pca).items() if name.endswith("_") and not isinstance(v, int)]
    assert {v.dtype for v in learned} == {np.dtype(np.float32)}
    assert pca.transform(low_rank(dtype=np.float32)).dtype == np.float32


@given(n=st.integers(1, 30), p=st.integers(1, 30), solver=st.sampled_from(("auto", *SOLVERS)), seed=st.integers(0, 99))
def test_full_rank_reconstruction_is_exact(n, p, solver, seed):
    X = np.random.default_rng(seed).standard_normal((n, p))
    pca = PCA(svd_solver=solver, random_state=0)
    np.testing.assert_allclose(pca.inverse_transform(pca.fit_transform(X)), X, atol=1e-10)
    np.testing.assert_allclose(pca.components_ @ pca.components_.T, np.eye(min(n, p)), atol=1e-10)


def test_no_other_subspace_reconstructs_better():
    rng = np.random.default_rng(0)
    X = low_rank(rank=20)
    pca = PCA(3).fit(X)
    error = np.linalg.norm(X - pca.inverse_transform(pca.transform(X)))
    for _ in range(20):
        axes = np.linalg.qr((pca.components_ + 0.05 * rng.standard_normal((3, 40))).T)[0]
        D = X - X.mean(axis=0)
        assert np.linalg.norm(D - D @ axes @ axes.T) > error


def test_the_largest_entry_of_each_direction_is_positive():
    components = PCA(6).fit(low_rank()).components_
    assert (components[np.arange(6), np.abs(components).argmax(axis=1)] > 0).all()


@pytest.mark.parametrize("solver", SOLVERS)
def test_whitened_coordinates_are_uncorrelated_with_variance_one(solver):
    X = low_rank()
    pca = PCA(5, whiten=True, svd_solver=solver, random_state=0)
    Y = pca.fit_transform(X)
    np.testing.assert_allclose(np.cov(Y.T), np.eye(5), atol=1e-8)
    np.testing.assert_allclose(pca.inverse_transform(Y), PCA(5).fit(X).inverse_transform(PCA(5).fit_transform(X)))


def test_a_direction_without_variance_whitens_to_zero():
    X = np.outer(np.arange(6.0), [1, 2, 3])
    Y = PCA(3, whiten=True).fit_transform(X)
    np.testing.assert_allclose(np.abs(Y[:, 0]).max(), 2.5 / np.std(np.arange(6), ddof=1))
    np.testing.assert_array_equal(Y[:, 1:], 0)


def test_a_fraction_takes_the_fewest_directions_that_explain_more():
    X = low_rank()
    cumulative = np.cumsum(PCA().fit(X).explained_variance_ratio_)
    for share in (0.3, 0.9, 0.999):
        k = PCA(share).fit(X).n_components_
        assert cumulative[k - 1] > share and (k == 1 or cumulative[k - 2] <= share)


@pytest.mark.parametrize(
    ("shape", "k", "solver"),
    [
        ((300, 40), 5, "full"),
        ((60_000, 784), 50, "covariance_eigh"),
        ((2_000, 784), 700, "covariance_eigh"),
        ((300, 20_000), 10, "full"),
        ((8_000, 8_000), 50, "randomized"),
        ((4_000, 100_000), 50, "randomized"),
        ((8_000, 8_000), 8_000, "covariance_eigh"),
    ],
)
def test_the_solver_is_exact_unless_that_would_take_long(shape, k, solver):
    assert choose(shape, k, iterations=7, oversamples=10) == solver


@pytest.mark.parametrize(
    ("rows", "columns", "solver"),
    [
        (500, 500, "full"),
        (501, 500, "covariance_eigh"),
        (34_000, 2_000, "covariance_eigh"),  # n p² + 8 p³ = 2·10¹¹
        (34_001, 2_000, "randomized"),
        (79_999, 2_000, "randomized"),
        (80_000, 2_000, "covariance_eigh"),  # = 24 n p · 20 · 5
    ],
)
def test_an_exact_solver_takes_long_beyond_two_hundred_billion_multiplications(rows, columns, solver):
    """And beyond four times those of the randomized one; a matrix of up to 500 is small."""
    assert choose((rows, columns), 10, iterations=4, oversamples=10) == solver


def test_many_columns_take_long_too():
    """6 p n² + 20 n³ multiplications for n rows: with a thousand, beyond 30,000 columns."""
    for columns, solver in ((30_000, "full"), (30_001, "randomized")):
        assert choose((1_000, columns), 10, iterations=4, oversamples=10) == solver
    assert choose((1_000, 10**6), 40, iterations=4, oversamples=10) == "randomized"  # 24 · 50 · 5 < 6 n + 20 n³ / p
    assert choose((1_000, 10**6), 41, iterations=4, oversamples=10) == "full"


@pytest.mark.parametrize("solver", ("auto", *SOLVERS))
@pytest.mark.parametrize(("n", "dtype"), SIZES)
@pytest.mark.parametrize(
    "make",
    [
        lambda rng, n: np.full((n, 4), 0.1),
        lambda rng, n: np.zeros((n, 3)),
        lambda rng, n: np.repeat(rng.standard_normal((1, 6)), n, axis=0),
        lambda rng, n: rng.standard_normal((n, 5)) * [1, 0, 1, 0, 0],
        lambda rng, n: rng.standard_normal((n, 1)),
        lambda rng, n: rng.standard_normal((n, 1)) @ rng.standard_normal((1, 7)),
        lambda rng, n: rng.standard_normal((n, 4)) * 1e-30,
        lambda rng, n: rng.standard_normal((n, 4)) * 1e30,
    ],
    ids=["constant", "zero", "duplicate rows", "zero columns", "one feature", "rank one", "tiny", "huge"],
)
def test_degenerate_data_gives_finite_results(solver, dtype, n, make):
    X = make(np.random.default_rng(n), n).astype(dtype)
    for whiten in (False, True):
        pca = PCA(svd_solver=solver, whiten=whiten, random_state=0)
        Y = pca.fit_transform(X)
        finite = (Y, pca.components_, pca.explained_variance_ratio_, pca.singular_values_, pca.inverse_transform(Y))
        assert all(np.isfinite(array).all() for array in finite)
        assert not np.isnan(pca.explained_variance_).any()
        size = np.abs(X).max()
        np.testing.assert_allclose(pca.inverse_transform(Y), X, atol=1e-2 * size if whiten else 1e-5 * size)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("value", "what"), [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")])
def test_values_that_are_not_finite_are_refused_and_nothing_is_learned(solver, dtype, value, what):
    X = low_rank(dtype=dtype)
    X[:, 1] = 7  # also in a column that is otherwise constant
    X[200, 1] = value
    pca = PCA(2, svd_solver=solver)
    with pytest.raises(ValueError, match=rf"PCA: X contains {what} at \[200, 1\] and 0 more"):
        pca.fit(X)
    with pytest.raises(NotFittedError):
        pca.transform(low_rank(dtype=dtype))


@pytest.mark.parametrize("last", [4, 59_999])  # in one block of rows, and in another
def test_opposite_infinities_are_refused_without_a_warning(last):
    X = np.random.default_rng(0).standard_normal((60_000, 8))
    X[3, 0], X[last, 0] = np.inf, -np.inf
    with warnings.catch_warnings(), pytest.raises(ValueError, match=r"infinity at \[3, 0\] and 1 more"):
        warnings.simplefilter("error")
        PCA(2).fit_transform(X)


def test_constant_data_has_no_variance_at_all():
    pca = PCA().fit(np.full((7, 3), 0.1))
    assert pca.explained_variance_.max() == pca.explained_variance_ratio_.max() == 0


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-30, 1e-4, 1e30, 1e150, 1e300])
@pytest.mark.parametrize("solver", SOLVERS)
def test_scale_does_not_change_the_directions(solver, scale):
    X = low_rank()
    plain, scaled = (PCA(4, svd_solver=solver, random_state=0).fit(data) for data in (X, X * scale))
    np.testing.assert_allclose(scaled.components_, plain.components_, atol=1e-8)
    np.testing.assert_allclose(scaled.singular_values_ / scale, plain.singular_values_, rtol=1e-8)
    np.testing.assert_allclose(scaled.explained_variance_ratio_, plain.explained_variance_ratio_, rtol=1e-8)
    white = PCA(4, whiten=True, svd_solver=solver, random_state=0).fit_transform(X * scale)
    np.testing.assert_allclose(white.std(axis=0, ddof=1), 1, rtol=1e-6)
    if 1e-100 < scale < 1e100:
        np.testing.assert_allclose(scaled.noise_variance_ / scale**2, plain.noise_variance_, rtol=1e-8)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("sign", [1, -1])
def test_data_on_one_side_of_zero_may_be_huge_too(solver, sign):
    """Most of it near zero: the mean is far from the farthest."""
    X = np.random.default_rng(0).standard_exponential((200, 4)) ** 3 * [4, 2, 1, 0.5]
    plain, huge = (PCA(3, svd_solver=solver, random_state=0).fit(data) for data in (X, X * (sign * 1e300)))
    np.testing.assert_allclose(np.abs(huge.components_), np.abs(plain.components_), atol=1e-8)
    np.testing.assert_allclose(huge.singular_values_ / 1e300, plain.singular_values_, rtol=1e-8)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_data_as_large_as_its_type_allows_has_the_same_directions(solver, dtype):
    """And an infinite variance, where there is any: none is left out of as many directions as there are."""
    X = low_rank().astype(dtype)
    X[:, 3] = X[:, 3].mean()
    far = X * (np.finfo(dtype).max / np.abs(X).max())
    plain, scaled = (PCA(svd_solver=solver, random_state=0).fit(data) for data in (X, far))
    np.testing.assert_allclose(
        scaled.components_[:5], plain.components_[:5], atol=1e-4 if dtype == np.float32 else 1e-8
    )
    np.testing.assert_allclose(scaled.explained_variance_ratio_, plain.explained_variance_ratio_, atol=1e-5)
    assert np.isinf(scaled.explained_variance_[0]) and scaled.noise_variance_ == 0
    assert not np.isnan(scaled.explained_variance_).any()


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_mean_far_above_the_spread_costs_no_accuracy(solver):
    X = low_rank(dtype=np.float32)
    far = X + np.float32(2**14)
    near = (far - np.float32(2**14)).astype(np.float32)  # the same values, rounded as `far` rounds them
    of_far, of_near = (PCA(3, svd_solver=solver, random_state=0).fit(data) for data in (far, near))
    np.testing.assert_allclose(of_far.components_, of_near.components_, atol=1e-4)


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_number_of_threads_changes_no_bit(solver, monkeypatch):
    X = low_rank(3000, 200, dtype=np.float32)
    results = []
    for threads in (1, 3):
        monkeypatch.setattr(blocks, "get_num_threads", lambda threads=threads: threads)
        pca = PCA(6, svd_solver=solver, random_state=0)
        results.append((pca.fit_transform(X).tobytes(), pca.components_.tobytes(), pca.noise_variance_))
    assert results[0] == results[1]


def test_memory_order_and_write_protection_do_not_matter():
    X = low_rank()
    frozen = np.asfortranarray(X)
    frozen.flags.writeable = False
    np.testing.assert_allclose(PCA(3).fit(frozen).components_, PCA(3).fit(X).components_, atol=1e-12)


def test_from_one_direction_to_as_many_as_there_can_be():
    X = low_rank()
    every = PCA(40).fit_transform(X)
    np.testing.assert_allclose(PCA(1).fit_transform(X), every[:, :1], rtol=1e-9)
    np.testing.assert_allclose(PCA().fit_transform(X), every)


@pytest.mark.parametrize("n_components", [0, 41, -1, 1.0, 2.5, 0.0, True, "mle"])
def test_an_impossible_number_of_components_is_refused(n_components):
    with pytest.raises(ValueError, match=r"PCA: n_components must be None, an int from 1 to .* = 40, or a fraction"):
        PCA(n_components).fit(low_rank())


def test_coordinates_of_the_wrong_width_are_refused():
    with pytest.raises(ValueError, match="PCA: Y has 3 columns, expected one per component, 2"):
        PCA(2).fit(low_rank()).inverse_transform(np.ones((5, 3)))


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_solver_that_is_named_is_not_chosen_again(solver, monkeypatch) -> None:
    monkeypatch.setattr("viz.factorize.spectrum.choose", lambda *shape: pytest.fail("another was chosen"))
    PCA(2, svd_solver=solver, random_state=0).fit(np.random.default_rng(0).standard_normal((20, 5)))


@pytest.mark.parametrize(("k", "given", "passes"), [(3, "auto", 7), (4, "auto", 4), (4, 0, 0), (3, 2, 2)])
def test_fewer_than_a_tenth_of_the_directions_take_more_passes(k, given, passes, monkeypatch):
    made = []
    ordinary = spectrum.by_subspace_iteration
    monkeypatch.setattr(
        spectrum, "by_subspace_iteration", lambda D, k, *rest: made.append(rest[:2]) or ordinary(D, k, *rest)
    )
    PCA(k, svd_solver="randomized", iterated_power=given, n_oversamples=0, random_state=0).fit(low_rank())
    assert made == [(passes, 0)]


@pytest.mark.parametrize("name", ["iterated_power", "n_oversamples"])
def test_passes_and_extra_directions_are_not_negative(name):
    with pytest.raises(ValueError, match=f"{name} must be an int from 0, got -1"):
        PCA(2, **{name: -1}).fit(low_rank())


def test_a_single_row_has_no_variance():
    pca = PCA(whiten=True).fit([[1.0, 2.0]])
    assert pca.explained_variance_.tolist() == [0] and pca.transform([[3.0, 2.0]]).tolist() == [[0]]


@pytest.mark.parametrize("solver", SOLVERS)
def test_constant_columns_follow_where_more_directions_are_asked_for_than_vary(solver):
    X = np.random.default_rng(0).standard_normal((9, 5)) * [1, 0, 2, 0, 0] + 4
    components = PCA(4, svd_solver=solver, random_state=0).fit(X).components_
    assert not components[:2, [1, 3, 4]].any()
    np.testing.assert_array_equal(components[2:], np.eye(5)[[1, 3]])
