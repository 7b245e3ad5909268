"""Two-dimensional convolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .contract import Array, Pair, Pullback, arrays_of_one_dtype, pictures, upstream
from .correlation import correlate, correlate_input_gradient, correlate_weight_gradient
from .epilogue import NOTHING
from .geometry import geometry, windows
from .plan import plan


def conv2d(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
    algorithm: str | None = None,
) -> tuple[Array, Pullback]:
    """Slide filters over pictures.

        y[n, o, oy, ox] = b[o] + Σ_{c, i, j} w[o, c, i, j] · x[n, c, iy, ix]
        where iy = oy·stride + i·dilation − padding, ix = ox·stride + j·dilation − padding, and x is 0 outside

    It is linear in x and in w, so its pullbacks are sums of the same products, taken the other way:

        dx[n, c, iy, ix] = Σ_{o, i, j} w[o, c, i, j] · dy[n, o, oy, ox]
        dw[o, c, i, j]   = Σ_{n, oy, ox} x[n, c, iy, ix] · dy[n, o, oy, ox]
        db[o]            = Σ_{n, oy, ox} dy[n, o, oy, ox]

    The filter is not flipped: mathematicians call this cross-correlation, this field convolution.

    Args:
        x: pictures (N, C, H, W), in any memory order.
        w: filters (O, C/groups, kh, kw).
        b: one number for each filter (O,), or None.
        stride, padding, dilation: an int, or (vertical, horizontal); padding is with zeros.
        groups: channels and filters are cut into so many groups, each of which sees only itself.
        algorithm: "im2col", or for float32 and 3×3 filters in steps of 1 "winograd4" or "winograd2", whose relative
            error is about 1e-5 and 1e-6; None chooses by shape (`plan`). float64 never uses Winograd.

    Returns:
        y (N, O, OH, OW) with OH = ⌊(H + 2·padding − dilation·(kh−1) − 1) / stride⌋ + 1, and the pullback
        dy → (dx, dw, db), or (dx, dw) where b is None.

    Raises:
        ValueError: shapes, dtypes or options do not fit together.

    Source: LeCun et al. (1998), Gradient-based learning applied to document recognition, section II;
    Dumoulin & Visin (2016), A guide to convolution arithmetic for deep learning.
    """
    x, w, *bias = arrays_of_one_dtype("conv2d", x=pictures("conv2d", x), w=w, b=b)
    check_filters("conv2d", x, w, bias, groups)
    g = geometry("conv2d", w.shape[2:], stride, padding, dilation)
    size = windows("conv2d", x.shape[2:], g)
    how = plan("conv2d", x.shape, w.shape, x.dtype, g, groups, size, NOTHING, algorithm)
    y = correlate(x, w, bias[0] if bias else None, how).y

    def pullback(dy: Any, wants: Sequence[bool] = (True, True, True)) -> tuple[Array | None, ...]:
        dy = upstream("conv2d", dy, y.shape, y.dtype)
        dx = dw = db = None
        if wants[0]:
            dx = correlate_input_gradient(dy, w, how, x.shape)
        if wants[1]:
            dw, db = correlate_weight_gradient(x, dy, how, w.shape)
        elif bias and wants[2]:
            db = dy.sum(axis=(0, 2, 3))
        return (dx, dw, db if wants[2] else None) if bias else (dx, dw)

    return y, pullback


def check_filters(op: str, x: Array, w: Array, bias: list[Array], groups: int) -> None:
    """Refuse filters, a bias or groups that do not fit the pictures."""
    if w.ndim != 4 or 0 in w.shape:
        raise ValueError(f"{op}: expected filters w of shape (out, in/groups, kh, kw), got {w.shape}")
    if not isinstance(groups, int) or groups < 1 or len(w) % groups:
        raise ValueError(f"{op}: expected groups to be an int that divides the {len(w)} filters, got {groups}")
    if x.shape[1] != w.shape[1] * groups:
        of = f" in each of {groups} groups" if groups > 1 else ""
        raise ValueError(f"{op}: x has {x.shape[1]} channels, but w {w.shape} takes {w.shape[1]}{of}")
    if bias and bias[0].shape != (len(w),):
        raise ValueError(f"{op}: expected b of shape ({len(w)},) for w {w.shape}, got {bias[0].shape}")
