"""What t-SNE minimizes, and its gradient.

    q_ij = (1 + |y_i−y_j|²)⁻¹ / Z,   Z = Σ_{k≠l} (1 + |y_k−y_l|²)⁻¹

    KL(P‖Q) = Σ p_ij log(p_ij / q_ij) = Σ p_ij log p_ij + Σ p_ij log(1 + |y_i−y_j|²) + log Z

    ∂KL/∂y_i = 4 Σ_j (p_ij − q_ij) (1 + |y_i−y_j|²)⁻¹ (y_i − y_j) = 4 (attraction_i − repulsion_i / Z)

(van der Maaten & Hinton 2008, §3.)
"""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse

from .attraction import attraction, mean_log_distance
from .repulsion import Repulsion


class Objective:
    """KL(P‖Q) of embeddings y (C, N), for fixed affinities P and a way to compute the repulsion."""

    def __init__(self, affinities: scipy.sparse.csr_array, repulsion: Repulsion) -> None:
        self._affinities = affinities
        self._repulsion = repulsion
        p = affinities.data[affinities.data > 0].astype(np.float64)
        self._negative_entropy = float(p @ np.log(p))

    def gradient(self, y: np.ndarray, exaggeration: float = 1.0) -> tuple[np.ndarray, float]:
        """∂KL/∂y (C, N), with every p_ij multiplied by `exaggeration`, and Z."""
        push, z = self._repulsion(y)
        pull = attraction(self._affinities, y, y)
        return 4 * (y.dtype.type(exaggeration) * pull - push / y.dtype.type(z)), z

    def divergence(self, y: np.ndarray, z: float | None = None) -> float:
        """KL(P‖Q) in nats; `z`, if it is known already, saves computing the repulsion."""
        z = self._repulsion(y)[1] if z is None else z
        return self._negative_entropy + mean_log_distance(self._affinities, y) + math.log(z)
