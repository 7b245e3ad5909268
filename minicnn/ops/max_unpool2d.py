"""Max unpooling: put each value back where max pooling found it."""

from __future__ import annotations

import numpy as np

from .contract import Array, Pair, Pullback, as_pullback, image_batch, pair, quiet
from .geometry import geometry, reach


@quiet
def max_unpool2d(
    x: Array,
    indices: Array,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Pair = 0,
    output_size: tuple[int, int] | None = None,
) -> tuple[Array, Pullback]:
    """Put values at the switches that `max_pool2d(..., return_indices=True)` recorded, and zeros elsewhere.

        y[n, c, indices[n, c, oy, ox]] = x[n, c, oy, ox], and 0 elsewhere
        dx[n, c, oy, ox] = dy[n, c, indices[n, c, oy, ox]]

    Overlapping windows may share a switch: the last of them in row-major order stays and receives the whole gradient.

    Args:
        x: (N, C, OH, OW), in any memory order.
        indices: integers (N, C, OH, OW), positions in the output plane counted row by row.
        kernel_size, stride, padding: those of the pooling.
        output_size: (H, W) of the image that was pooled; by default (OH−1)·stride − 2·padding + kernel_size.

    Returns:
        y (N, C, H, W) and the pullback dy → (dx,).

    Raises:
        ValueError: shapes do not fit together, or an index lies outside the output.

    Source: Zeiler & Fergus (2014), Visualizing and understanding convolutional networks, section 2.1.
    """
    x = image_batch("max_unpool2d", x)
    indices = np.asarray(indices)
    if indices.shape != x.shape or not np.issubdtype(indices.dtype, np.integer):
        raise ValueError(
            f"max_unpool2d: expected integer indices of x's shape {x.shape}, got {indices.dtype} {indices.shape}"
        )
    g = geometry("max_unpool2d", kernel_size, kernel_size if stride is None else stride, padding, 1)
    N, C, OH, OW = x.shape
    if output_size is None:
        H, W = reach(OH, g.kh, g.stride_h) - 2 * g.pad_h, reach(OW, g.kw, g.stride_w) - 2 * g.pad_w
    else:
        H, W = pair("max_unpool2d", "output_size", output_size)
    if indices.size and not 0 <= indices.min() <= indices.max() < H * W:
        raise ValueError(
            f"max_unpool2d: indices run from {indices.min()} to {indices.max()}, but an output of {H} x {W} has "
            f"positions 0 to {H * W - 1}; give the pooled image's output_size"
        )
    # Of equal indices the last one's value stays, as NumPy goes through arrays in the order of memory.
    values, switches = (np.ascontiguousarray(a.reshape(N, C, OH * OW)) for a in (x, indices))
    flat, order = np.zeros((N, C, H * W), x.dtype), np.arange(OH * OW)
    last = np.zeros(flat.shape, order.dtype)
    np.put_along_axis(flat, switches, values, axis=2)
    np.put_along_axis(last, switches, order, axis=2)
    y = flat.reshape(N, C, H, W)

    def gradient(dy: Array) -> Array:
        dx = np.take_along_axis(dy.reshape(flat.shape), switches, axis=2)
        return np.where(np.take_along_axis(last, switches, axis=2) == order, dx, 0).reshape(x.shape)

    return y, as_pullback("max_unpool2d", y, gradient)
