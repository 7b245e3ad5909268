"""The alternation that NMF and semi-NMF share: its objective is the one it reports, and never rises."""

from collections import deque
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.blocks import row_blocks
from viz.factorize.alternate import Factors, Iteration, Method, Penalties, alternate, descend
from viz.factorize.steps import coordinate_descent, least_squares, multiplicative_update

METHODS = {
    "NMF": Method(coordinate_descent, coordinate_descent, momentum=True, signed_H=False),
    "NMF without momentum": Method(coordinate_descent, coordinate_descent, momentum=False, signed_H=False),
    "semi-NMF": Method(coordinate_descent, least_squares, momentum=True, signed_H=True),
    "semi-NMF, multiplicative": Method(multiplicative_update, least_squares, momentum=False, signed_H=True),
}
PENALTIES = {
    "none": Penalties(),
    "L1": Penalties(0.3, 0, 0.2, 0),
    "L2": Penalties(0, 2, 0, 3),
    "W only": Penalties(1, 1),
}


def objective(X, W, H, penalties):
    """F(W, H), written out."""
    X, W, H = (array.astype(np.float64) for array in (X, W, H))
    l1_W, l2_W, l1_H, l2_H = penalties
    return (
        0.5 * np.sum((X - W @ H) ** 2)
        + l1_W * np.abs(W).sum()
        + l1_H * np.abs(H).sum()
        + 0.5 * l2_W * np.sum(W**2)
        + 0.5 * l2_H * np.sum(H**2)
    )


def start(n, p, k, signed, dtype, seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) if signed else rng.gamma(0.5, size=(n, p))
    H = rng.standard_normal((k, p)) if signed else rng.random((k, p))
    return X.astype(dtype), rng.random((n, k)).astype(dtype), H.astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("method", "penalties"),
    [("NMF", p) for p in PENALTIES] + [("NMF without momentum", "L1"), *((m, "none") for m in METHODS)],
)
def test_the_objective_never_rises_and_is_that_of_the_factors(method, penalties, dtype):
    method, penalties = METHODS[method], PENALTIES[penalties]
    X, W0, H0 = start(300, 20, 4, method.signed_H, dtype, seed=0)
    rounding = 1e-5 if dtype == np.float32 else 1e-12
    before = objective(X, W0, H0, penalties)
    with row_blocks(X) as blocks:
        for _, W, H, claimed in islice(alternate(Iteration(blocks, X, method, penalties), W0, H0), 60):
            direct = objective(X, W, H, penalties)
            assert abs(claimed - direct) <= rounding * direct
            assert direct <= before * (1 + rounding)
            assert (W >= 0).all() and (method.signed_H or (H >= 0).all())
            assert W.dtype == H.dtype == dtype
            before = direct


@given(
    method=st.sampled_from(list(METHODS.values())),
    shape=st.tuples(st.integers(1, 40), st.integers(1, 12), st.integers(1, 6)),
    seed=st.integers(0, 999),
)
def test_the_objective_never_rises_for_any_shape(method, shape, seed):
    X, W0, H0 = start(*shape, method.signed_H, np.float64, seed)
    before = objective(X, W0, H0, Penalties())
    with row_blocks(X) as blocks:
        for _, W, H, _ in islice(alternate(Iteration(blocks, X, method, Penalties()), W0, H0), 25):
            after = objective(X, W, H, Penalties())
            assert after <= before + 1e-12 * np.square(X).sum()
            before = after


def test_momentum_is_faster():
    X, W, H = start(400, 30, 8, False, np.float64, seed=1)
    _, plain, _ = descend(X, (W, H), METHODS["NMF without momentum"], Penalties(), 60, 0.0)
    _, ahead, _ = descend(X, (W, H), METHODS["NMF"], Penalties(), 30, 0.0)  # neither has converged yet
    assert ahead[-1] < plain[-1]


@pytest.mark.parametrize("momentum", [True, False])
def test_steps_go_ahead_by_the_published_share_of_their_way(momentum):
    """Ang and Gillis (2019): from half of it on, 5 % more after each; after a rise, 1.5 times less, and no more."""
    shares, objectives = [], iter([9, 8, 7, 8, 6, 5, 4])

    def iterate(W, H, W_end, beta):
        shares.append(beta)
        return Factors(W, W, H, next(objectives))

    iterate.method = METHODS["NMF" if momentum else "NMF without momentum"]
    one = np.ones((1, 1))
    deque(islice(alternate(iterate, one, one), 6 if momentum else 3), maxlen=0)
    third = 0.5 * 1.05**2
    expected = [0, 0.5, 0.5 * 1.05, third, 0, third / 1.5 * 1.05, min(third * 1.01, third / 1.5 * 1.05**2)]
    np.testing.assert_allclose(shares, expected if momentum else [0, 0, 0])


def test_a_nearly_exact_factorization_is_measured_by_its_differences():
    rng = np.random.default_rng(0)
    W, H = rng.random((200, 3)), rng.random((3, 40))
    X = (W @ H).astype(np.float32)
    H, curve, _ = descend(X, (W.astype("f4"), (H * 1.01).astype("f4")), METHODS["NMF"], Penalties(), 50, 0.0)
    assert 0 <= curve[-1] < 1e-10 * np.square(X).sum()
    assert (np.diff(curve) <= 0).all()


def test_convergence_is_told_from_running_out_of_iterations():
    X, W, H = start(100, 10, 2, False, np.float64, seed=0)
    assert descend(X, (W, H), METHODS["NMF"], Penalties(), 500, 1e-4)[2]
    _, curve, converged = descend(X, (W, H), METHODS["NMF"], Penalties(), 5, 1e-4)
    assert not converged and len(curve) == 5


def test_least_squares_keeps_what_a_singular_matrix_does_not_decide():
    A, B, Z = np.diag([2.0, 0.0]), np.array([[4.0], [0.0]]), np.array([[5.0], [7.0]])
    np.testing.assert_allclose(least_squares(A, B, Z), [[2.0], [7.0]])


def test_the_multiplicative_update_is_the_published_one():
    """Ding, Li and Jordan 2010, equation 5, written with their X (features × samples), F and G."""
    rng = np.random.default_rng(0)
    X, F, G = rng.standard_normal((6, 9)), rng.standard_normal((6, 3)), rng.random((9, 3))

    def plus(M):
        return (np.abs(M) + M) / 2

    def minus(M):
        return (np.abs(M) - M) / 2

    XtF, FtF = X.T @ F, F.T @ F
    expected = G * np.sqrt((plus(XtF) + G @ minus(FtF)) / (minus(XtF) + G @ plus(FtF)))
    np.testing.assert_allclose(multiplicative_update(FtF, XtF.T, G.T).T, expected)


def test_steps_go_ahead_by_their_whole_way_at_most():
    objectives, shares = iter(range(99, 0, -1)), []

    def iterate(W, H, W_end, beta):
        shares.append(beta)
        return Factors(W, W, H, next(objectives))

    iterate.method = METHODS["NMF"]
    deque(islice(alternate(iterate, np.ones((1, 1)), np.ones((1, 1))), 40), maxlen=0)
    assert (np.diff(shares) >= 0).all() and shares[15] < 1 and shares[16:] == [1] * 24


@pytest.mark.parametrize("tol", [1e-2, 1e-3])
def test_it_ends_where_ten_iterations_have_lowered_the_objective_by_less_than_the_tolerance(tol):
    X, W, H = start(200, 20, 4, False, np.float64, seed=2)
    _, curve, converged = descend(X, (W, H), METHODS["NMF without momentum"], Penalties(), 500, tol)
    falls = [(before - after) / after for before, after in zip(curve, curve[10:], strict=False)]
    assert converged and falls[-1] <= tol < min(falls[:-1])


def test_without_a_tolerance_it_ends_where_ten_iterations_have_changed_nothing_at_all():
    """A penalty that nothing is worth makes all factors zero at once."""
    X, W, H = start(30, 8, 2, False, np.float64, seed=0)
    _, curve, converged = descend(X, (W, H), METHODS["NMF without momentum"], Penalties(l1_W=1e6), 60, 0.0)
    assert converged and len(curve) == 11 and set(curve) == {curve[0]}
    assert curve[0] == pytest.approx(np.square(X).sum() / 2)


def test_it_ends_where_the_product_is_the_data_but_for_the_tolerance():
    rng = np.random.default_rng(0)
    X, tol = rng.random((60, 2)) @ rng.random((2, 9)), 0.01
    _, curve, converged = descend(
        X, (rng.random((60, 2)), rng.random((2, 9))), METHODS["NMF without momentum"], Penalties(), 500, tol
    )
    share = np.sqrt(2 * np.array(curve)) / np.linalg.norm(X)
    assert converged and share[-1] <= tol < share[-2]
    zeros = np.zeros((4, 3))
    _, curve, converged = descend(zeros, (np.zeros((4, 2)), np.ones((2, 3))), METHODS["NMF"], Penalties(), 9, 0.0)
    assert converged and len(curve) == 1


def test_coordinate_descent_makes_four_rounds():
    rng = np.random.default_rng(0)
    C, T = rng.standard_normal((7, 3)), rng.standard_normal((7, 5))
    A, B, Z = C.T @ C, C.T @ T, rng.random((3, 5))
    expected = Z.copy()
    for j in [0, 1, 2] * 4:
        expected[j] = np.maximum(0, expected[j] + (B - A @ expected)[j] / A[j, j])
    np.testing.assert_allclose(coordinate_descent(A, B, Z.copy()), expected, atol=1e-12)
