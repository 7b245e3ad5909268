"""New points in a fixed embedding.

Each new point i has affinities only to the embedded points j, and descends its own divergence:

    q_ij = (1 + |y_i−y_j|²)⁻¹ / Z_i,   Z_i = Σ_j (1 + |y_i−y_j|²)⁻¹
    KL_i = Σ_j p_ij log(p_ij / q_ij),   ∂KL_i/∂y_i = 2 Σ_j (p_ij − q_ij) (1 + |y_i−y_j|²)⁻¹ (y_i − y_j)

New points neither move the embedded ones nor affect each other, so each position is independent of the other new
points. (Poličar, Stražar & Zupan, "Embedding to reference t-SNE space addresses batch effects", 2021, §2.)
"""

from __future__ import annotations

import numpy as np
import scipy.sparse

from .attraction import attraction
from .optimizer import FINAL_MOMENTUM, Descent
from .repulsion.exact import exact_from

LEARNING_RATE = 0.5


def place(affinities: scipy.sparse.csr_array, embedded: np.ndarray, start: np.ndarray, steps: int) -> np.ndarray:
    """The positions of new points among the `embedded` ones (C, N).

    Args:
        affinities: p_ij, float32 (M, N), rows summing to 1.
        start: (C, M), the initial positions.
    """
    descent = Descent(start)
    for _ in range(steps):
        push, z = exact_from(descent.y, embedded)
        gradient = 2 * (attraction(affinities, descent.y, embedded) - push / z)
        descent.step(gradient, LEARNING_RATE, FINAL_MOMENTUM)
    return descent.y
