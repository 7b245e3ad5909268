"""New points in a fixed embedding.

Each new point i has affinities to the embedded points j alone, and moves down its own divergence:

    q_ij = (1 + |y_i−y_j|²)⁻¹ / Z_i,   Z_i = Σ_j (1 + |y_i−y_j|²)⁻¹
    KL_i = Σ_j p_ij log(p_ij / q_ij),   ∂KL_i/∂y_i = 2 Σ_j (p_ij − q_ij) (1 + |y_i−y_j|²)⁻¹ (y_i − y_j)

New points neither move the embedded ones nor see each other: where one comes to lie does not depend on its company.
(Poličar, Stražar & Zupan, "Embedding to reference t-SNE space addresses batch effects", 2021, §2.)
"""

from __future__ import annotations

import numpy as np
import scipy.sparse

from .attraction import attraction
from .optimizer import FINAL_MOMENTUM, Descent
from .repulsion.exact import exact_from

LEARNING_RATE = 0.5


def place(affinities: scipy.sparse.csr_array, embedded: np.ndarray, start: np.ndarray, steps: int) -> np.ndarray:
    """Where new points come to lie among the `embedded` ones (C, N).

    Args:
        affinities: p_ij, float32 (M, N), rows summing to 1.
        start: (C, M), where they set out.
    """
    descent = Descent(start)
    for _ in range(steps):
        push, z = exact_from(descent.y, embedded)
        gradient = 2 * (attraction(affinities, descent.y, embedded) - push / z)
        descent.step(gradient, LEARNING_RATE, FINAL_MOMENTUM)
    return descent.y
