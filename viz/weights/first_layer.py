"""Measures of first-layer filters: oriented edges and opponent colors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def orientation(weights: np.ndarray) -> np.ndarray:
    """How concentrated a filter's spectrum is in one direction, 0…1, for filters (out, C, kh, kw) → (out,).

        orientation = |Σ_f P(f) e^{2iθ(f)}| / Σ_f P(f)

    where P(f) is the power of the filter's Fourier transform (padded to 32×32, summed over its channels), without the
    mean, at the frequency f of direction θ, up to ½ cycle per pixel, so that all directions have equally many. A
    grating or an edge has an index near 1; a blob, or noise on average, one near 0. The angle is doubled, because
    opposite directions are the same orientation.

    Raises:
        ValueError: the weights are not 4-dimensional.

    Source: the resultant length of axial data, Mardia & Jupp (2000), Directional statistics; of
    orientation tuning, Swindale (1998), Orientation tuning curves.
    """
    w = np.asarray(weights, np.float64)
    if w.ndim != 4:
        raise ValueError(f"orientation: expected filters (out, C, kh, kw), got shape {w.shape}")
    w = w - w.mean(axis=(2, 3), keepdims=True)
    power = np.square(np.abs(np.fft.fft2(w, (32, 32)))).sum(axis=1)
    f = np.fft.fftfreq(32)
    radius = np.hypot(f[:, None], f[None, :])
    inside = (radius > 0) & (radius <= 0.5)
    direction = np.exp(2j * np.arctan2(f[:, None], f[None, :]))
    total = power[:, inside].sum(axis=1)
    resultant = np.abs((power * direction)[:, inside].sum(axis=1))
    return np.divide(resultant, total, out=np.zeros_like(total), where=total > 0)


def color_opponency(weights: np.ndarray) -> np.ndarray:
    """The share of a filter's energy in color differences, 0…1, for filters (out, 3, kh, kw) → (out,).

        opponency = 1 − Σ_p 3·m_p² / Σ_{p, c} w_{c, p}²,    m_p the mean of the three channels at place p

    0 for a filter that treats red, green and blue alike; 1 for one whose channels cancel at every place, which responds
    only to color. About ⅔ for independent random channels.

    Raises:
        ValueError: the weights are not filters of three channels, (out, 3, kh, kw).
    """
    w = np.asarray(weights, np.float64)
    if w.ndim != 4 or w.shape[1] != 3:
        raise ValueError(f"color_opponency: expected filters (out, 3, kh, kw), got shape {w.shape}")
    energy = np.square(w).sum(axis=(1, 2, 3))
    gray = 3 * np.square(w.mean(axis=1)).sum(axis=(1, 2))
    return np.asarray(np.divide(energy - gray, energy, out=np.zeros_like(energy), where=energy > 0))


def beyond_chance(
    measure: Callable[[np.ndarray], np.ndarray], weights: np.ndarray, *, draws: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """The share of filters whose measure exceeds that of 95 % of random filters, and the measure's value at that point.

    By chance the share is 5 %.

    Args:
        measure: of filters (out, C, kh, kw) → (out,), such as `orientation`.
        weights: the filters.
        draws: how many random filters of their shape, of independent normal numbers.
        seed: of these.
    """
    random = np.random.default_rng(seed).standard_normal((draws, *weights.shape[1:]))
    threshold = float(np.quantile(measure(random), 0.95))
    return float((measure(weights) > threshold).mean()), threshold
