"""Nonnegative least squares for many small problems that share one matrix.

Given A (k, k), symmetric and positive semidefinite, and B (k, m), each column z of Z (k, m) is to solve

    minimize  ½ zᵀA z − bᵀz   over  z ≥ 0,     b the same column of B.

Both halves of a factorization X ≈ W H have this form: with H fixed, the rows of W are the z, A = H Hᵀ and B = H Xᵀ.

NumPy's functions and assignments of whole arrays are written as loops, which compile faster.
"""

from __future__ import annotations

import numpy as np

from minicnn.threads import jit

TILE = 256  # problems swept together: their part of Z and B stays in the first-level cache
RIDGE = 1e-13
ROUNDING = 1e-12
PATIENCE = 3  # exchanges of all entries without progress, before the rule that exchanges one
MOST_PIVOTS = 1000  # a column that needs more, which only rounding can cause, keeps its initial values


@jit
def sweep(A, B, Z, sweeps):
    """Improve `Z` in place: `sweeps` rounds over its rows, each row minimized exactly with the others fixed.

        z_j ← max(0, z_j + r_j / A_jj),     r = b − A z

    This is hierarchical alternating least squares (Cichocki and Phan 2009, algorithm 2) with the loop over problems
    innermost, where it vectorizes. A row whose A_jj is 0 has no part in the objective and stays as it is.
    """
    k, m = Z.shape
    zero = Z.dtype.type(0)
    for start in range(0, m, TILE):
        z = Z[:, start : start + TILE].copy()
        r = B[:, start : start + TILE].copy()
        width = z.shape[1]
        step = np.empty(width, Z.dtype)
        for j in range(k):
            for i in range(k):
                for c in range(width):
                    r[i, c] -= A[i, j] * z[j, c]
        for _ in range(sweeps):
            for j in range(k):
                if A[j, j] <= zero:
                    continue
                for c in range(width):
                    improved = max(z[j, c] + r[j, c] / A[j, j], zero)
                    step[c] = improved - z[j, c]
                    z[j, c] = improved
                for i in range(k):
                    for c in range(width):
                        r[i, c] -= A[i, j] * step[c]
        for j in range(k):
            for c in range(width):
                Z[j, start + c] = z[j, c]


@jit
def solve(A, B, Z):
    """Overwrite `Z` with the exact solutions, by block principal pivoting (Kim and Park 2011, section 3).

    Each column starts from the guess that its positive entries are the solution's: they are the passive set P. With
    A_PP z_P = b_P  and zero elsewhere, entries of P that are negative, and others with a negative gradient A z − b, are
    on the wrong side. All of them change sides at once; if their number has not fallen for a while, only the last one
    does, a rule that cannot cycle. A, B and Z are float64. A singular A is made regular by adding RIDGE of its mean
    diagonal to it, and entries with zero weight are zero.
    """
    k, m = Z.shape
    trace = 0.0
    for i in range(k):
        trace += A[i, i]
    ridge = RIDGE * trace / k
    passive, wrong = np.empty(k, np.bool_), np.empty(k, np.bool_)
    z = np.empty(k)
    for c in range(m):
        b = B[:, c].copy()
        for i in range(k):
            passive[i] = Z[i, c] > 0 and A[i, i] > 0
        fewest, patience = k + 1, PATIENCE
        for _ in range(MOST_PIVOTS):
            _solve_passive(A, b, passive, ridge, z)
            count = _find_wrong(A, b, passive, z, wrong)
            if count == 0:
                for i in range(k):
                    Z[i, c] = max(z[i], 0.0)
                break
            if count < fewest:
                fewest, patience = count, PATIENCE
            else:
                patience -= 1
            for i in range(k - 1, -1, -1):
                if wrong[i]:
                    passive[i] = not passive[i]
                    if patience < 0:
                        break


@jit
def _solve_passive(A, b, passive, ridge, z):
    """z_P from A_PP z_P = b_P by Cholesky's factorization A_PP = L Lᵀ; zero elsewhere."""
    n = 0
    members = np.empty(len(passive), np.int64)
    for i in range(len(passive)):
        if passive[i]:
            members[n] = i
            n += 1
    L = np.empty((n, n))
    y = np.empty(n)
    for i in range(n):
        for j in range(i + 1):
            rest = A[members[i], members[j]]
            for l in range(j):
                rest -= L[i, l] * L[j, l]
            L[i, j] = rest / L[j, j] if j < i else np.sqrt(max(rest, 0.0) + ridge)
        rest = b[members[i]]
        for l in range(i):
            rest -= L[i, l] * y[l]
        y[i] = rest / L[i, i]
    z[:] = 0
    for i in range(n - 1, -1, -1):
        z[members[i]] = y[i] / L[i, i]
        for l in range(i):
            y[l] -= L[i, l] * z[members[i]]


@jit
def _largest(x):
    """The largest absolute value."""
    largest = 0.0
    for i in range(len(x)):
        largest = max(largest, abs(x[i]))
    return largest


@jit
def _find_wrong(A, b, passive, z, wrong):
    """Mark the entries on the wrong side, beyond rounding, and count them."""
    least_z, least_gradient = -ROUNDING * _largest(z), -ROUNDING * _largest(b)
    count = 0
    for i in range(len(z)):
        if passive[i]:
            wrong[i] = z[i] < least_z
        else:
            gradient = 0.0 if A[i, i] <= 0 else -b[i]
            for l in range(len(z)):
                gradient += A[i, l] * z[l]
            wrong[i] = gradient < least_gradient
        count += wrong[i]
    return count
