"""Nonnegative least squares against SciPy's, one problem at a time, and against its optimality conditions."""

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st

from viz.factorize.nnls import solve, sweep


def objective(A, B, Z):
    return 0.5 * np.sum(Z * (A @ Z)) - np.sum(B * Z)


def problems(k, m, seed=0, collinear=0.0):
    """A and B of  min ‖C z − t‖  with rows in general position, or nearly collinear columns."""
    rng = np.random.default_rng(seed)
    C = rng.standard_normal((k + 5, k)) + collinear
    T = rng.standard_normal((k + 5, m)) + collinear
    return C, T, C.T @ C, C.T @ T


@pytest.mark.parametrize("k", [1, 2, 5, 17, 40])
@pytest.mark.parametrize("collinear", [0.0, 30.0])
@pytest.mark.parametrize("sweeps", [0, 10])
def test_solutions_are_scipys(k, collinear, sweeps):
    C, T, A, B = problems(k, 60, collinear=collinear)
    Z = np.zeros((k, 60))
    sweep(A, B, Z, sweeps)
    solve(A, B, Z)
    expected = np.array([scipy.optimize.nnls(C, t)[0] for t in T.T]).T
    np.testing.assert_allclose(Z, expected, atol=1e-8 * np.abs(expected).max())


@given(k=st.integers(1, 12), rank=st.integers(1, 12), seed=st.integers(0, 999))
def test_solutions_meet_the_optimality_conditions_whatever_the_rank(k, rank, seed):
    rng = np.random.default_rng(seed)
    C = rng.standard_normal((min(rank, k), k))
    A, B = C.T @ C, C.T @ rng.standard_normal((min(rank, k), 20))
    Z = np.zeros((k, 20))
    solve(A, B, Z)
    gradient = A @ Z - B
    size = np.abs(B).max()
    assert (Z >= 0).all()
    assert (gradient >= -1e-6 * size).all()
    assert np.abs(Z * gradient).max() <= 1e-6 * size * max(1, Z.max())


def test_the_start_does_not_change_the_solution():
    _, _, A, B = problems(9, 50)
    rng = np.random.default_rng(1)
    solutions = []
    for guess in (np.zeros((9, 50)), np.ones((9, 50)), rng.standard_normal((9, 50))):
        Z = guess.copy()
        solve(A, B, Z)
        solutions.append(Z)
    np.testing.assert_array_equal(solutions[0], solutions[1])
    np.testing.assert_array_equal(solutions[0], solutions[2])


def test_a_matrix_of_zeros_has_the_solution_zero():
    Z = np.ones((3, 2))
    solve(np.zeros((3, 3)), np.zeros((3, 2)), Z)
    np.testing.assert_array_equal(Z, 0)


@given(k=st.integers(1, 8), m=st.integers(1, 600), seed=st.integers(0, 999))
def test_every_sweep_lowers_the_objective(k, m, seed):
    _, _, A, B = problems(k, m, seed)
    Z = np.abs(np.random.default_rng(seed).standard_normal((k, m)))
    before = objective(A, B, Z)
    for _ in range(5):
        sweep(A, B, Z, 1)
        after = objective(A, B, Z)
        assert after <= before + 1e-12 * abs(before)
        before = after
    assert (Z >= 0).all()


def test_sweeps_converge_to_the_solution():
    _, _, A, B = problems(4, 300)
    exact, swept = np.zeros((4, 300)), np.zeros((4, 300))
    solve(A, B, exact)
    sweep(A, B, swept, 500)
    np.testing.assert_allclose(swept, exact, atol=1e-8)


def test_a_row_without_weight_stays_as_it_is():
    A, B, Z = np.diag([2.0, 0.0]), np.array([[4.0], [0.0]]), np.array([[0.0], [7.0]])
    sweep(A, B, Z, 3)
    np.testing.assert_array_equal(Z, [[2.0], [7.0]])


@pytest.mark.parametrize("unit", [1e-9, 1e-3, 1e6])
def test_the_unit_of_the_matrix_does_not_change_the_solution(unit):
    _, _, A, B = problems(9, 50)
    solutions = []
    for factor in (1.0, unit):
        Z = np.zeros((9, 50))
        solve(factor * A, factor * B, Z)
        solutions.append(Z)
    np.testing.assert_allclose(*solutions, atol=1e-9 * solutions[0].max())


def test_where_exchanging_all_at_once_goes_round_in_circles_one_at_a_time_ends():
    """Found by a search: from the empty set, the sets of entries on the wrong side repeat."""
    C = np.array([
        [1.0, -1, -3, -1, 2, 1], [-1, 0, 3, -3, 0, 3], [-3, 1, -3, 3, -3, -2],
        [2, 3, 1, 3, 2, 3], [-2, 2, -1, -1, -2, 1], [3, -1, -2, 1, 3, -1],
    ])  # fmt: skip
    b = np.array([3.0, 1, 4, 2, 5, 4])
    Z = np.zeros((6, 1))
    solve(C.T @ C, b[:, None], Z)
    expected, _ = scipy.optimize.nnls(C, np.linalg.solve(C.T, b))
    np.testing.assert_allclose(Z[:, 0], expected, atol=1e-6 * expected.max())
    assert expected.any()
