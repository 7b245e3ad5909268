"""The steps that a factorization alternates between.

Each is given A (k, k), B (k, m) and Z (k, m) in float64, and returns a Z with a lower  ½ tr(ZᵀA Z) − tr(BᵀZ).  For W,
transposed, A = H Hᵀ and B = H Xᵀ; for H, A = WᵀW and B = WᵀX. Penalties have been added to A and subtracted from B.
"""

from __future__ import annotations

import numpy as np

from .nnls import sweep

SWEEPS = 4  # little work compared with the pass over the data


def coordinate_descent(A: np.ndarray, B: np.ndarray, Z: np.ndarray) -> np.ndarray:
    """z_j ← max(0, z_j + (b − A z)_j / A_jj)  for every row j in turn, four times over."""
    sweep(A, B, Z, SWEEPS)
    return Z


def multiplicative_update(A: np.ndarray, B: np.ndarray, Z: np.ndarray) -> np.ndarray:
    """Z ← Z ⊙ √((B⁺ + A⁻Z) / (B⁻ + A⁺Z)),  M⁺ = max(M, 0) and M⁻ = max(−M, 0): never negative, as Z was not."""
    rising = np.maximum(B, 0) + np.maximum(-A, 0) @ Z
    falling = np.maximum(-B, 0) + np.maximum(A, 0) @ Z
    return Z * np.sqrt(np.divide(rising, falling, out=np.ones_like(Z), where=falling > 0))


def least_squares(A: np.ndarray, B: np.ndarray, Z: np.ndarray) -> np.ndarray:
    """Z ← Z + A⁺(B − A Z):  the minimum over all Z, of any sign, by the pseudo-inverse of A.

    Directions in which A has lost its precision keep their Z: setting them to zero could raise the objective.
    """
    eigenvalues, V = np.linalg.eigh(A)
    lost = eigenvalues <= len(A) * np.finfo(A.dtype).eps * eigenvalues[-1]
    inverse = np.divide(1, eigenvalues, out=np.zeros_like(eigenvalues), where=~lost)
    return Z + (V * inverse) @ (V.T @ (B - A @ Z))
