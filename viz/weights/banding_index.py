"""Weight banding: horizontal stripes in the last convolution of networks that end in global average pooling."""

from __future__ import annotations

import numpy as np


def banding_index(weights: np.ndarray) -> float:
    """How much more the rows of filters differ from each other than their columns do.

        index = MS_rows / MS_columns
        MS_rows    = kw · Σ_{o, c, i} (mean_j w[o, c, i, j] − mean_{ij} w[o, c])² / (kh − 1)
        MS_columns = kh · Σ_{o, c, j} (mean_i w[o, c, i, j] − mean_{ij} w[o, c])² / (kw − 1)

    This is the ratio of the two mean squares of an analysis of variance by rows and columns, so that weights without
    structure have an index near 1 whatever the kernel's shape; horizontal bands raise it, vertical ones lower it, and
    turning every filter by 90° turns the index into its reciprocal.

    Args:
        weights: filters (out, in, kh, kw), kh and kw at least 2.

    Returns:
        the index, not negative; 1 for constant filters.

    Raises:
        ValueError: the shape is another.

    Source: the phenomenon is that of Petrov et al. (2021), Weight banding (Distill), judged by eye there; the index
    is ours.
    """
    w = _filters(weights)
    kh, kw = w.shape[2:]
    mean = w.mean(axis=(2, 3))[:, :, None]
    rows = kw * ((w.mean(axis=3) - mean) ** 2).sum() / (kh - 1)
    columns = kh * ((w.mean(axis=2) - mean) ** 2).sum() / (kw - 1)
    if rows == columns:
        return 1.0
    return float(rows / columns) if columns else float("inf")


def banding_test(weights: np.ndarray, permutations: int = 999, seed: int = 0) -> tuple[float, float]:
    """The index, and how probable one at least as large is where places do not matter.

    Under the null hypothesis a filter's places can be exchanged: each filter's are shuffled, all its channels alike.

        p = (1 + number of shuffles with an index ≥ the true one) / (1 + permutations)

    Args:
        weights: those of `banding_index`.
        permutations: how many shuffles.
        seed: of the shuffles.

    Returns:
        (index, p).
    """
    w = _filters(weights)
    index = banding_index(w)
    rng = np.random.default_rng(seed)
    O, C, kh, kw = w.shape
    places = np.tile(np.arange(kh * kw), (O, 1))
    flat = w.reshape(O, C, kh * kw)
    larger = 0
    for _ in range(permutations):
        shuffled = np.take_along_axis(flat, rng.permuted(places, axis=1)[:, None], axis=2)
        larger += banding_index(shuffled.reshape(w.shape)) >= index
    return index, (1 + larger) / (1 + permutations)


def _filters(weights: np.ndarray) -> np.ndarray:
    w = np.asarray(weights, np.float64)
    if w.ndim != 4 or min(w.shape[2:]) < 2 or not w.size:
        raise ValueError(f"banding: expected filters (out, in, kh, kw) of at least 2 x 2, got {w.shape}")
    return w
