"""k-means clustering, the start of semi-NMF."""

from __future__ import annotations

import numpy as np

from ..blocks import RowBlocks, row_blocks

ROUNDS = 20


def kmeans(X: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """The cluster, 0 … k−1, of each row of `X`, after at most twenty rounds of Lloyd's algorithm.

    A round puts each row x into the cluster with the nearest center c, where  x·c − ½‖c‖²  is largest, and each center
    into the mean of its rows; a center without rows stays.
    """
    labels = np.full(len(X), -1)
    with row_blocks(X) as blocks:
        centers = _spread(blocks, X, k, rng)

        def assign(rows: slice) -> np.ndarray:
            nearest = (X[rows] @ centers.T - 0.5 * np.square(centers).sum(axis=1)).argmax(axis=1)
            labels[rows] = nearest
            members = np.equal.outer(np.arange(k), nearest).astype(X.dtype)
            return np.hstack([members @ X[rows], members.sum(axis=1, keepdims=True)])

        for _ in range(ROUNDS):
            before = labels.copy()
            sums = blocks.sum(assign)
            if np.array_equal(labels, before):
                break
            counts = sums[:, -1:]
            centers = np.where(counts > 0, sums[:, :-1] / np.maximum(counts, 1), centers).astype(X.dtype)
    return labels


def _spread(blocks: RowBlocks, X: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """k rows of `X`, each drawn with a chance proportional to its squared distance from those already drawn.

    (k-means++; Arthur and Vassilvitskii 2007.)
    """
    n = len(X)
    distance = np.full(n, np.inf)
    chosen = [int(rng.integers(n))]

    def approach(rows: slice) -> None:
        difference = X[rows] - X[chosen[-1]]
        np.minimum(distance[rows], np.einsum("ij,ij->i", difference, difference), out=distance[rows])

    while len(chosen) < k:
        blocks.for_each(approach)
        reach = np.cumsum(distance)
        chosen.append(int(min(np.searchsorted(reach, rng.random() * reach[-1], side="right"), n - 1)))
    return X[chosen]
