"""Resampling: feature maps at another size."""

from __future__ import annotations

import numpy as np

from .contract import Array, Pair, Pullback, as_pullback, image_batch, pair, quiet
from .scatter import scatter

MODES = ("nearest", "bilinear")


@quiet
def interpolate2d(
    x: Array, size: Pair, *, mode: str = "nearest", align_corners: bool = False
) -> tuple[Array, Pullback]:
    """Resample every map to another size, along one axis after the other.

    Output o of n along an axis of m inputs reads at position p:

        "nearest"                      p = ⌊o · m / n⌋                             y[o] = x[p]
        "bilinear"                     p = max(0, (o + 1/2) · m / n − 1/2)         y[o] = (1 − t) · x[i] + t · x[i + 1],
        "bilinear", align_corners      p = o · (m − 1) / (n − 1)                   i = ⌊p⌋, t = p − i

    and the pullback adds each dy[o] to the inputs it was read from, with the same weights. A pixel of weight 0 is not
    read, whatever it is: 0 · ∞ would be NaN.

    Args:
        x: (N, C, H, W), in any memory order.
        size: (height, width) of the output.
        mode: "nearest" or "bilinear".
        align_corners: whether the centers of the corner pixels stay in place.

    Returns:
        y (N, C, *size) and the pullback dy → (dx,).

    Raises:
        ValueError: x is not of shape (N, C, H, W), or has no pixels; the mode is unknown; or `align_corners` is given
            with "nearest".
    """
    x = image_batch("interpolate2d", x, empty=False)
    sizes = pair("interpolate2d", "size", size)
    if mode not in MODES or (align_corners and mode == "nearest"):
        raise ValueError(
            "interpolate2d: expected mode nearest, or bilinear with or without align_corners, "
            f"got {mode!r} with align_corners={align_corners}"
        )
    steps = []
    y = x
    for axis, m, n in zip((2, 3), x.shape[2:], sizes, strict=True):
        low, high, t = taps(m, n, mode, align_corners)
        t = np.expand_dims(t.astype(x.real.dtype), tuple(range(1, 4 - axis)))  # along the axis
        steps.append((axis, m, low, high, t))
        lower = y.take(low, axis)
        y = np.where(t == 0, lower, (1 - t) * lower + t * y.take(high, axis)) if mode == "bilinear" else lower

    def gradient(dy: Array) -> Array:
        dx = dy
        for axis, m, low, high, t in reversed(steps):
            if mode == "nearest":
                dx = scatter(dx, low, m, axis)
                continue
            dx = scatter((1 - t) * dx, low, m, axis) + scatter(np.where(t == 0, 0, t * dx), high, m, axis)
        return dx

    return y, as_pullback("interpolate2d", y, gradient)


def taps(m: int, n: int, mode: str, align_corners: bool) -> tuple[Array, Array, Array]:
    """For each of n outputs on an axis of m inputs: the two inputs it lies between, and how far toward the second."""
    o = np.arange(n)
    if mode == "nearest":
        low = o * m // n
        return low, low, np.zeros(n)
    # The position as a fraction of whole numbers, so that t is exactly 0 where it falls on a pixel.
    if align_corners:
        above, below = o * (m - 1), max(n - 1, 1)
    else:
        above, below = np.maximum(0, (2 * o + 1) * m - n), 2 * n
    low = above // below
    return low, np.minimum(low + 1, m - 1), above % below / below
