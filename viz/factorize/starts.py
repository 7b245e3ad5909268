"""Starting points for nonnegative factorization."""

from __future__ import annotations

import numpy as np

from ..blocks import map_rows
from .spectrum import Centered, spectrum

STARTS = ("nndsvd", "nndsvda", "nndsvdar", "random")
NEGLIGIBLE = 1e-6  # entries below this share of a factor's largest are made zero


def start(X: np.ndarray, k: int, kind: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Nonnegative W (n, k) and H (k, p) to start from, in X's dtype.

    "random" draws both from the half-normal distribution, scaled so that the mean of W H is 2/π of that of X. The
    others take `nndsvd`, whose zeros a multiplicative method could never leave; "nndsvda" fills them with the mean of
    X, "nndsvdar" with random values of a hundredth of it.
    """
    n, p = X.shape
    mean = float(X.mean(dtype=np.float64))
    if kind == "random":
        size = np.sqrt(mean / k)
        H = size * np.abs(rng.standard_normal((k, p)))
        return (size * np.abs(rng.standard_normal((n, k)))).astype(X.dtype), H.astype(X.dtype)
    W, H = nndsvd(X, k, rng)
    if kind != "nndsvd":
        for factor in (W, H):
            holes = factor == 0
            filling = mean if kind == "nndsvda" else mean / 100 * np.abs(rng.standard_normal(holes.sum()))
            factor[holes] = filling
    return W, H


def nndsvd(X: np.ndarray, k: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Nonnegative double singular value decomposition (Boutsidis and Gallopoulos 2008).

    Of each term σ u vᵀ of the SVD, the positive part of u vᵀ is  u⁺v⁺ᵀ + u⁻v⁻ᵀ,  where u = u⁺ − u⁻. The larger of the
    two products replaces the term.
    """
    found = spectrum(Centered(X, np.zeros(X.shape[1], X.dtype)), k, "auto", None, 10, rng)
    V = found.directions.astype(X.dtype)
    sigma = found.singular_values.astype(X.dtype)
    U = map_rows(X, k, lambda rows: X[rows] @ V.T)
    U = np.divide(U, sigma, out=np.zeros_like(U), where=sigma > 0)

    u, v = np.maximum(U, 0), np.maximum(V.T, 0)
    opposite_u, opposite_v = np.maximum(-U, 0), np.maximum(-V.T, 0)
    positive = _norms(u) * _norms(v) >= _norms(opposite_u) * _norms(opposite_v)
    u, v = np.where(positive, u, opposite_u), np.where(positive, v, opposite_v)

    u_norm, v_norm = _norms(u), _norms(v)
    root = np.sqrt(sigma * u_norm * v_norm)  # the term's weight, shared evenly
    W = u * np.divide(root, u_norm, out=np.zeros_like(root), where=u_norm > 0)
    H = v * (root / v_norm)  # never 0: a direction's largest entry is positive
    for factor in (W, H):
        factor[factor < NEGLIGIBLE * factor.max()] = 0
    return W, np.ascontiguousarray(H.T)


def _norms(columns: np.ndarray) -> np.ndarray:
    return np.linalg.norm(columns, axis=0)
