"""The similarity of two maps: by ranks, by structure, and by the directions of their edges."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.stats import rankdata

from ..attribution.inputs import Array


def spearman(a: Array, b: Array) -> float:
    """The correlation of ranks, from −1 to 1; 0 where a map is constant."""
    return _correlation(rankdata(a), rankdata(b))


def ssim(a: Array, b: Array, sigma: float = 1.5) -> float:
    """The structural similarity of two maps, each scaled to 0…1; 1 for equal ones.

        mean of (2 μₐ μᵦ + c₁)(2 σₐᵦ + c₂) / ((μₐ² + μᵦ² + c₁)(σₐ² + σᵦ² + c₂)),    c₁ = 0.01², c₂ = 0.03²

    with means, variances and covariance under a Gaussian window of deviation `sigma`.

    Source: Wang et al. (2004), Image quality assessment: from error visibility to structural similarity, equation 13.
    """
    a, b = _to_unit(a), _to_unit(b)

    def blur(image: Array) -> Array:
        return gaussian_filter(image, sigma, truncate=3.5)

    mean_a, mean_b = blur(a), blur(b)
    var_a, var_b = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2
    covariance = blur(a * b) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    similarity = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return float((similarity / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean())


def hog(a: Array, b: Array, cells: int = 8, directions: int = 9) -> float:
    """The correlation of two maps' histograms of oriented gradients: do their edges have the same directions?

    A map is divided into square cells, `cells` along its shorter side, but of at least 2 × 2 pixels. In each the
    magnitudes of the gradient are summed by its direction, and the sums scaled to length 1.

    Source: Dalal & Triggs (2005), Histograms of oriented gradients for human detection, without their blocks of cells.
    """
    return _correlation(*(_histograms(_to_unit(image), cells, directions) for image in (a, b)))


def _histograms(image: Array, cells: int, directions: int) -> Array:
    down, right = np.gradient(image)
    size = np.hypot(down, right)
    direction = (np.arctan2(down, right) % np.pi / np.pi * directions).astype(int) % directions
    side = max(2, min(image.shape) // cells)
    rows, columns = (length // side for length in image.shape)
    sums = np.zeros((rows, columns, directions))
    for k in range(directions):
        cut = np.where(direction == k, size, 0)[: rows * side, : columns * side]
        sums[..., k] = cut.reshape(rows, side, columns, side).sum(axis=(1, 3))
    return np.asarray(sums / np.sqrt((sums * sums).sum(axis=2, keepdims=True) + 1e-4))


def _correlation(a: Array, b: Array) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = np.sqrt((a * a).sum() * (b * b).sum())
    return float((a * b).sum() / size) if size else 0.0


def _to_unit(image: Array) -> Array:
    low, high = image.min(), image.max()
    return (image - low) / (high - low) if high > low else np.zeros_like(image)
