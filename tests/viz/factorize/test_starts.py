"""Where NMF starts: close to the data, nonnegative, at the data's scale."""

from types import SimpleNamespace

import numpy as np
import pytest

from viz.factorize.starts import nndsvd, start


def data(n=60, p=25, dtype=np.float64):
    return np.random.default_rng(0).gamma(0.5, size=(n, p)).astype(dtype)


@pytest.mark.parametrize("kind", ["nndsvd", "nndsvda", "nndsvdar", "random"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_factors_are_nonnegative_and_keep_the_type(kind, dtype):
    W, H = start(data(dtype=dtype), 7, kind, np.random.default_rng(0))
    assert W.shape == (60, 7) and H.shape == (7, 25)
    assert W.dtype == H.dtype == dtype
    assert (W >= 0).all() and (H >= 0).all()


def test_one_component_is_the_best_rank_one_approximation():
    X = data()
    W, H = nndsvd(X, 1, np.random.default_rng(0))
    U, s, Vt = np.linalg.svd(X)
    np.testing.assert_allclose(W @ H, s[0] * np.outer(U[:, 0], Vt[0]), atol=1e-4)


def test_each_term_is_the_larger_half_of_the_singular_term():
    X = data()
    W, H = nndsvd(X, 4, np.random.default_rng(0))
    U, s, Vt = np.linalg.svd(X)
    for j in range(1, 4):
        term = s[j] * np.outer(U[:, j], Vt[j])
        halves = [np.where(np.outer(sign * U[:, j] > 0, sign * Vt[j] > 0), term, 0) for sign in (1, -1)]
        larger = max(halves, key=np.linalg.norm)
        np.testing.assert_allclose(np.outer(W[:, j], H[j]), larger, atol=1e-4)


@pytest.mark.parametrize("scale", [1e-4, 1e4])
def test_factors_of_smaller_or_larger_data_are_the_same_but_for_their_size(scale):
    for plain, scaled in zip(*(nndsvd(data() * s, 4, np.random.default_rng(0)) for s in (1, scale)), strict=True):
        np.testing.assert_allclose(scaled, plain * np.sqrt(scale), rtol=1e-6)


def test_the_fillings_leave_no_zero():
    X = data()
    rng = np.random.default_rng(0)
    assert (start(X, 6, "nndsvd", rng)[0] == 0).any()
    for kind in ("nndsvda", "nndsvdar"):
        W, H = start(X, 6, kind, rng)
        assert (W > 0).all() and (H > 0).all()


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_random_starts_have_the_mean_of_the_data(scale):
    X = data(400, 300) * scale
    W, H = start(X, 20, "random", np.random.default_rng(0))
    assert (W @ H).mean() / X.mean() == pytest.approx(2 / np.pi, rel=0.05)  # a half-normal number's mean is √(2/π)
    assert np.square(W).mean() == pytest.approx(X.mean() / 20, rel=0.05)


@pytest.mark.parametrize("X", [np.zeros((4, 3)), np.eye(4) * [1, 1, 0, 0], np.ones((5, 2))])
def test_data_of_lower_rank_than_wanted_gives_finite_factors(X):
    for factor in nndsvd(X, min(X.shape), np.random.default_rng(0)):
        assert np.isfinite(factor).all()


def test_a_draw_of_minus_two_fills_a_hole_with_two_hundredths_of_the_mean():
    X = data()
    draws = SimpleNamespace(standard_normal=lambda size: np.full(size, -2.0))
    for bare, filled in zip(start(X, 3, "nndsvd", draws), start(X, 3, "nndsvdar", draws), strict=True):
        assert (bare == 0).any()
        np.testing.assert_allclose(filled[bare == 0], 2 * X.mean() / 100, rtol=1e-12)
    W, H = start(X, 3, "random", draws)
    np.testing.assert_allclose([W.min(), W.max(), H.min(), H.max()], 2 * np.sqrt(X.mean() / 3), rtol=1e-12)


def test_zeros_are_filled_with_the_mean_or_with_numbers_of_a_hundredth_of_it():
    X = data(300, 100)
    bare, filled = start(X, 6, "nndsvd", np.random.default_rng(0)), start(X, 6, "nndsvda", np.random.default_rng(0))
    drawn = start(X, 6, "nndsvdar", np.random.default_rng(0))
    for before, mean, random in zip(bare, filled, drawn, strict=True):
        holes = before == 0
        assert holes.sum() > 100
        np.testing.assert_allclose(mean[holes], X.mean(), rtol=1e-12)
        assert np.square(random[holes]).mean() == pytest.approx((X.mean() / 100) ** 2, rel=0.4)
        np.testing.assert_array_equal(mean[~holes], before[~holes])
