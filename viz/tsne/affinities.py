"""From distances to probabilities: the weight of each of a point's neighbors.

    p_{j|i} = exp(−β_i d²_ij) / Σ_k exp(−β_i d²_ik)      over the nearest neighbors k of i
    H_i = −Σ_j p_{j|i} log p_{j|i} = log(perplexity)      which fixes β_i
    p_ij = (p_{j|i} + p_{i|j}) / 2N

(van der Maaten & Hinton, "Visualizing data using t-SNE", 2008, §2 and §3.1). The perplexity is a smooth count of
neighbors. With several of them, p_{j|i} is the mean over perplexities: small ones keep a point with its own cluster,
large ones arrange the clusters (Kobak & Berens, "The art of using t-SNE for single-cell transcriptomics", 2019).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numba
import numpy as np
import scipy.sparse

from minicnn.threads import parallel

NEIGHBORS = 3  # neighbors per unit of perplexity: those beyond would get less than 1 % of the weight
TOLERANCE = 1e-5  # of the entropy
TRIALS = 100  # values of β tried, at most: if the perplexity cannot be reached, 2¹⁰⁰ is as good as infinity


def conditional(distances: np.ndarray, perplexities: Sequence[float]) -> np.ndarray:
    """p_{j|i} from the distances (N, k) of each point's neighbors, float32 of the same shape; rows sum to 1.

    If no β reaches a perplexity (all neighbors equally far, or too many at distance zero), the row is the closest
    limit: uniform over the neighbors, or over the nearest ones.
    """
    # Less their minimum, the d² give the same probabilities, and not all exponentials underflow; over their mean, they
    # make 1 a good first guess of β.
    squared = np.square(distances, dtype=np.float32)
    squared -= squared.min(axis=1, keepdims=True)
    mean = squared.mean(axis=1, keepdims=True)
    np.divide(squared, mean, out=squared, where=mean > 0)

    probabilities = np.zeros(distances.shape, np.float32)
    for perplexity in perplexities:
        _add_conditional(squared, math.log(perplexity), probabilities)
    return probabilities / np.float32(len(perplexities))


def joint(indices: np.ndarray, probabilities: np.ndarray) -> scipy.sparse.csr_array:
    """p_ij from the neighbors' indices (N, k) and p_{j|i} (N, k): symmetric float32 (N, N), the sum of all is 1."""
    n = len(indices)
    directed = to_sparse(indices, probabilities, n)
    symmetric = (directed + directed.T.tocsr()).tocsr()
    symmetric.data /= np.float32(2 * n)
    return symmetric


def to_sparse(indices: np.ndarray, values: np.ndarray, columns: int) -> scipy.sparse.csr_array:
    """The sparse matrix (M, columns) with `values` (M, k) at the column `indices` (M, k)."""
    rows, k = indices.shape
    row_starts = np.arange(0, rows * k + 1, k, dtype=np.int32 if rows * k < 2**31 else np.int64)
    return scipy.sparse.csr_array((values.ravel(), indices.ravel(), row_starts), shape=(rows, columns))


@parallel
def _add_conditional(squared, entropy, probabilities):
    """Add p_{j|i} at the given entropy to `probabilities`. β is doubled or halved until enclosed, then bisected."""
    n, k = squared.shape
    for i in numba.prange(n):
        weight = np.empty(k, np.float32)
        total = 0.0
        beta, low, high = 1.0, 0.0, np.inf
        for _ in range(TRIALS):
            total, energy = 0.0, 0.0
            for j in range(k):
                weight[j] = math.exp(-np.float32(beta) * squared[i, j])
                total += weight[j]
                energy += weight[j] * squared[i, j]
            excess = math.log(total) + beta * energy / total - entropy
            if abs(excess) < TOLERANCE:
                break
            if excess > 0:
                low = beta
            else:
                high = beta
            beta = 2 * beta if high == np.inf else 0.5 * (low + high)
        for j in range(k):
            probabilities[i, j] += weight[j] / total
