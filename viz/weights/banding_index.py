"""Weight banding: horizontal stripes in the last convolution of networks that end in global average pooling."""

from __future__ import annotations

import numpy as np

from ..progress import bar

TIE = 1e-9  # indices this close to each other, relatively, are equal up to rounding


def banding_index(weights: np.ndarray) -> float:
    """How much more the rows of filters differ from each other than their columns do.

        index = MS_rows / MS_columns
        MS_rows    = kw · Σ_{o, c, i} (mean_j w[o, c, i, j] − mean_{ij} w[o, c])² / (kh − 1)
        MS_columns = kh · Σ_{o, c, j} (mean_i w[o, c, i, j] − mean_{ij} w[o, c])² / (kw − 1)

    This is the ratio of the two mean squares of an analysis of variance by rows and columns, so that weights without
    structure have an index near 1, whatever the kernel's shape. Horizontal bands raise it, vertical ones lower it, and
    rotating every filter by 90° inverts it.

    Args:
        weights: filters (out, in, kh, kw), kh and kw at least 2.

    Returns:
        the index, not negative; 1 for constant filters.

    Raises:
        ValueError: the weights have another shape.

    Source: the phenomenon is that of Petrov et al. (2021), Weight banding (Distill), judged by eye there; the index
    is ours.
    """
    w = _filters(weights)
    kh, kw = w.shape[2:]
    mean = w.mean(axis=(2, 3))[:, :, None]
    rows = kw * ((w.mean(axis=3) - mean) ** 2).sum() / (kh - 1)
    columns = kh * ((w.mean(axis=2) - mean) ** 2).sum() / (kw - 1)
    return _ratio(rows, columns)


def banding_test(
    weights: np.ndarray, permutations: int = 999, seed: int = 0, *, progress: bool | None = None
) -> tuple[float, float]:
    """The index, and the probability of one at least as large if positions do not matter.

    Under the null hypothesis a filter's positions are exchangeable: each filter's positions are shuffled, in the same
    way for all its channels.

        p = (1 + number of shuffles with an index ≥ the true one) / (1 + permutations)

    Args:
        weights: those of `banding_index`.
        permutations: how many shuffles.
        seed: of the shuffles.
        progress: show a bar on stderr; None: only if stderr is a terminal.

    Returns:
        (index, p).

    Raises:
        ValueError: the weights are not (out, in, kh, kw) with kh and kw of at least 2.
    """
    w = _filters(weights)
    rng = np.random.default_rng(seed)
    O, C, kh, kw = w.shape
    # A shuffle changes none of the products of two places' weights, summed over the channels: it only moves them.
    flat = (w - w.mean(axis=(2, 3), keepdims=True)).reshape(O, C, kh * kw)
    products = flat.transpose(0, 2, 1) @ flat  # (O, places, places)
    least = _index_of(products.sum(axis=0), kh, kw) * (1 - TIE)
    filters, places = np.arange(O)[:, None, None], np.tile(np.arange(kh * kw), (O, 1))
    larger = 0
    with bar("shuffling filters", permutations, "shuffles", progress) as shown:
        for _ in range(permutations):
            order = rng.permuted(places, axis=1)
            moved = products[filters, order[:, :, None], order[:, None, :]]
            larger += _index_of(moved.sum(axis=0), kh, kw) >= least
            shown.update()
    return banding_index(w), (1 + larger) / (1 + permutations)


def _index_of(products: np.ndarray, kh: int, kw: int) -> float:
    """The index by Σ (Σ_j w_ij)² = Σ w_ij w_ik over the pairs of places in a row, for weights whose filters' mean is 0.

    Args:
        products: of two places' weights, summed over filters and channels, (places, places).
        kh, kw: the kernel's shape.
    """
    row, column = np.divmod(np.arange(kh * kw), kw)
    rows = products[row[:, None] == row].sum() / (kw * (kh - 1))
    columns = products[column[:, None] == column].sum() / (kh * (kw - 1))
    return _ratio(rows, columns)


def _ratio(rows: float, columns: float) -> float:
    if rows == columns:
        return 1.0
    return float(rows / columns) if columns else float("inf")


def _filters(weights: np.ndarray) -> np.ndarray:
    w = np.asarray(weights, np.float64)
    if w.ndim != 4 or min(w.shape[2:]) < 2 or not w.size:
        raise ValueError(f"banding: expected filters (out, in, kh, kw) of at least 2 x 2, got {w.shape}")
    return w
