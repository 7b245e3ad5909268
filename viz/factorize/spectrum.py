"""The leading principal directions of a matrix, three ways.

All three find the eigenvectors of the scatter matrix  S = DᵀD  of centered data  D = (X − mean) / scale. They are D's
right singular vectors, and the eigenvalues are the squares of its singular values:

- `by_svd` decomposes D itself, and so keeps the digits of the smallest values;
- `by_scatter` forms S, which for a tall matrix is little work, and decomposes that;
- `by_subspace_iteration` never forms S but multiplies by it, and finds the few leading directions of a large matrix.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from minicnn.threads import jit, single_threaded_blas

from ..blocks import row_blocks, unit_scale
from ..estimator import require_finite

LONG = 2e11  # multiplications: about a second
WORTH_DROPPING = 0.95  # of the columns vary: then copying them costs less than carrying the others along


@dataclass(frozen=True)
class Centered:
    """D = (X − mean) / scale, made block of rows by block of rows and never stored whole.

    Of X's columns D has those in `varying`, or all where it is None: constant ones have no share in any direction.
    """

    X: np.ndarray
    mean: np.ndarray
    scale: float = 1.0
    varying: np.ndarray | None = None

    def __getitem__(self, rows: slice) -> np.ndarray:
        X, mean = self.X[rows], self.mean
        if self.scale != 1:
            scale = X.dtype.type(self.scale)
            X, mean = X / scale, mean / scale
        return X - mean if self.varying is None else _difference(X, mean, self.varying)

    @property
    def shape(self) -> tuple[int, int]:
        n, p = self.X.shape
        return n, p if self.varying is None else len(self.varying)


@jit
def _difference(X, mean, columns):
    """X − mean in these columns, without a copy between."""
    D = np.empty((len(X), len(columns)), X.dtype)
    for i in range(len(X)):
        for j in range(len(columns)):
            D[i, j] = X[i, columns[j]] - mean[columns[j]]
    return D


@dataclass(frozen=True)
class Spectrum:
    """The k leading singular values of D, largest first, and their directions.

    Attributes:
        singular_values: shape (k,).
        directions: shape (k, features), with orthonormal rows; the largest entry of each is positive.
        total: ‖D‖², the sum of the squares of all singular values.
    """

    singular_values: np.ndarray
    directions: np.ndarray
    total: float


def center(X: np.ndarray) -> Centered:
    """`X` less its columns' means, with a scale that keeps the squares within range; one pass over the data.

    Raises:
        ValueError: `X` is not finite, which the means tell.
    """
    n = len(X)
    extremes = []  # of each block, in any order: the maximum is the same

    def share_of_mean(rows: slice) -> np.ndarray:
        block = X[rows]
        high, low = block.max(axis=0), block.min(axis=0)
        extremes.append((high, low))
        if not (np.isfinite(high).all() and np.isfinite(low).all()):
            return np.full_like(high, np.nan)  # and not infinities, whose sum may be NaN
        scale = X.dtype.type(unit_scale(max(high.max(), -low.min())))
        return block.sum(axis=0) / n if scale == 1 else (block / scale).sum(axis=0) / n * scale

    with row_blocks(X) as blocks:
        mean = blocks.sum(share_of_mean)
    if not np.isfinite(mean).all():
        require_finite(X, "PCA")
    high = np.max([high for high, _ in extremes], axis=0)
    low = np.min([low for _, low in extremes], axis=0)
    mean = np.where(high == low, low, mean).astype(X.dtype)  # exact where a column is constant
    half_reach = np.maximum(high / 2 - mean / 2, mean / 2 - low / 2).max()
    varying = np.flatnonzero(high > low)
    worth_it = 0 < len(varying) < WORTH_DROPPING * X.shape[1]
    return Centered(X, mean, unit_scale(half_reach), varying if worth_it else None)


def spectrum(
    centered: Centered, k: int, solver: str, iterations: int | None, oversamples: int, rng: np.random.Generator
) -> Spectrum:
    """The k leading directions by `solver`: "full", "covariance_eigh", "randomized", or "auto", chosen by shape."""
    shape = centered.shape
    wanted, k = k, min(k, *shape)
    if iterations is None:
        iterations = 7 if k < 0.1 * min(shape) else 4
    if solver == "auto":
        solver = choose(shape, k, iterations, oversamples)
    if solver == "randomized":
        found = by_subspace_iteration(centered, k, iterations, oversamples, rng)
    else:
        found = by_scatter(centered, k) if solver == "covariance_eigh" else by_svd(centered, k)
    return _among_all_columns(found, centered, wanted)


def choose(shape: tuple[int, int], k: int, iterations: int, oversamples: int) -> str:
    """The exact solver for this shape, or the randomized one where exact takes long, and at least four times as long.

    Costs are counted in multiplications, those of slower routines weighted by how much slower they were measured to be.
    """
    n, p = shape
    few, many = min(shape), max(shape)
    if many <= 500:
        return "full"
    exact, cost = ("covariance_eigh", n * p**2 + 8 * p**3) if n >= p else ("full", 6 * many * few**2 + 20 * few**3)
    randomized_cost = 6 * n * p * (k + oversamples) * (iterations + 1)
    return "randomized" if cost > max(LONG, 4 * randomized_cost) else exact


def by_svd(centered: Centered, k: int) -> Spectrum:
    """D = U diag(σ) Vᵀ by LAPACK: backward stable, but it copies the data."""
    with single_threaded_blas():
        _, singular_values, directions = scipy.linalg.svd(centered[:], full_matrices=False, overwrite_a=True)
    total = np.square(singular_values, dtype=np.float64).sum()
    return Spectrum(singular_values[:k], _with_fixed_signs(directions[:k]), total)


def by_scatter(centered: Centered, k: int) -> Spectrum:
    """Eigenvectors of S = DᵀD, which is formed in D's precision and summed and decomposed in float64.

    Values below √ε of the largest (ε the rounding of D's precision) are lost in the squares' rounding.
    """
    p = centered.shape[1]

    def scatter(rows: slice) -> np.ndarray:
        D = centered[rows]
        return D.T @ D

    with row_blocks(centered.X, least=6 * p) as blocks:
        S = blocks.sum(scatter)
        total = float(np.trace(S))
        # S.T is S, in the order of LAPACK's arrays: it is decomposed in place.
        eigenvalues, V = scipy.linalg.eigh(S.T, subset_by_index=[p - k, p - 1], overwrite_a=True, check_finite=False)
    return Spectrum(np.sqrt(np.maximum(eigenvalues[::-1], 0)), _with_fixed_signs(V.T[::-1]), total)


def by_subspace_iteration(
    centered: Centered, k: int, iterations: int, oversamples: int, rng: np.random.Generator
) -> Spectrum:
    """V ← orthonormalized DᵀD V, from a random start, then the singular vectors of D within the span of D V.

    Each product takes one pass over the data. After q of them the part of V outside the leading k directions has shrunk
    by (σ_l / σ_k)^2q, where l = k + oversamples is V's width. At last  D V = Q Λ^½ Rᵀ  with orthonormal columns Q, by
    the eigenvectors R of (D V)ᵀ(D V), and  QᵀD = Λ^-½ Rᵀ (DᵀD V)ᵀ  is small enough to decompose (Halko, Martinsson
    and Tropp 2011, sections 4.5 and 5.1).
    """
    X = centered.X
    n, p = centered.shape
    width = min(k + oversamples, n, p)
    V = np.linalg.qr(rng.standard_normal((p, width)))[0].astype(X.dtype)

    def products(rows: slice) -> np.ndarray:
        D = centered[rows]
        DV = D @ V
        exact = DV.astype(np.float64)
        return np.vstack([D.T @ DV, exact.T @ exact])

    def squares(rows: slice) -> np.ndarray:
        return np.square(centered[rows]).sum(axis=0)

    with row_blocks(X) as blocks:
        for _ in range(iterations):
            V = np.linalg.qr(blocks.sum(products)[:-width])[0].astype(X.dtype)
        both = blocks.sum(products)
        eigenvalues, R = np.linalg.eigh(both[-width:])
        lost = eigenvalues <= np.finfo(X.dtype).eps * eigenvalues[-1]
        roots = np.sqrt(np.where(lost, np.inf, eigenvalues))
        _, singular_values, directions = scipy.linalg.svd((both[:-width] @ R / roots).T, full_matrices=False)
        total = blocks.sum(squares).sum()
    return Spectrum(singular_values[:k], _with_fixed_signs(directions[:k]), total)


def _among_all_columns(found: Spectrum, centered: Centered, k: int) -> Spectrum:
    """`found` with zeros at the constant columns; if k directions are more than it has, those columns' own follow."""
    if centered.varying is None:
        return found
    p, have = centered.X.shape[1], len(found.directions)
    directions = np.zeros((k, p), found.directions.dtype)
    directions[:have, centered.varying] = found.directions
    constant = np.setdiff1d(np.arange(p), centered.varying)
    directions[np.arange(have, k), constant[: k - have]] = 1
    return Spectrum(np.append(found.singular_values, np.zeros(k - have)), directions, found.total)


def _with_fixed_signs(directions: np.ndarray) -> np.ndarray:
    """Each direction or its opposite, so that its largest entry is positive."""
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
    return directions * np.where(largest < 0, -1, 1)
