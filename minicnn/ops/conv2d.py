"""Two-dimensional convolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .contract import Array, Pair, Pullback, arrays_of_one_dtype, pictures, upstream
from .convolution.choice import choose
from .convolution.problem import Filters, Problem, gradient, images, problem


def conv2d(
    x: Array,
    w: Array | Filters,
    b: Array | None = None,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
    algorithm: str | None = None,
) -> tuple[Array, Pullback]:
    """Slide filters over images.

        y[n, o, oy, ox] = b[o] + Σ_{c, i, j} w[o, c, i, j] · x[n, c, iy, ix]
        where iy = oy·stride + i·dilation − padding, ix = ox·stride + j·dilation − padding, and x is 0 outside

    It is linear in x and in w, so its pullbacks are sums of the same products, taken the other way:

        dx[n, c, iy, ix] = Σ_{o, i, j} w[o, c, i, j] · dy[n, o, oy, ox]
        dw[o, c, i, j]   = Σ_{n, oy, ox} x[n, c, iy, ix] · dy[n, o, oy, ox]
        db[o]            = Σ_{n, oy, ox} dy[n, o, oy, ox]

    The filter is not flipped: mathematicians call this cross-correlation, this field convolution.

    Args:
        x: images (N, C, H, W), in any memory order.
        w: filters (O, C/groups, kh, kw); or `Filters`, which keep what an algorithm makes of them, and their bias.
        b: one number for each filter (O,), or None.
        stride, padding, dilation: an int, or (vertical, horizontal); padding is with zeros.
        groups: channels and filters are cut into so many groups, each of which sees only itself.
        algorithm: one of `convolution.choice.ALGORITHMS`, or None to choose by shape. "winograd4" and "winograd2" are
            for float32 and 3×3 filters in steps of 1, with errors of about 1e-5 and 1e-6 of the largest output, and a
            few times that in the weight gradient. Where the largest value is 1024 times the mean around it, or
            infinite, "direct" steps in: they would round every output of a tile to the precision of the largest.

    Returns:
        y (N, O, OH, OW) with OH = ⌊(H + 2·padding − dilation·(kh−1) − 1) / stride⌋ + 1, and the pullback
        dy → (dx, dw, db), or (dx, dw) where b is None.

    Raises:
        ValueError: shapes, dtypes or options do not fit together.

    Source: LeCun et al. (1998), Gradient-based learning applied to document recognition, section II;
    Dumoulin & Visin (2016), A guide to convolution arithmetic for deep learning.
    """
    x, filters = checked("conv2d", x, w, b)
    p = problem("conv2d", x, filters, stride, padding, dilation, groups)
    return convolve("conv2d", p, x, filters, algorithm)


def checked(op: str, x: Any, w: Any, b: Any) -> tuple[Array, Filters]:
    """Images and filters, refused unless they are floating-point arrays of one dtype."""
    given = (w.w, w.b) if isinstance(w, Filters) else (w, b)
    if isinstance(w, Filters) and b is not None:
        raise ValueError(f"{op}: expected no b beside Filters, which have their own")
    x, weight, *bias = arrays_of_one_dtype(op, x=pictures(op, x), w=given[0], b=given[1])
    return x, w if isinstance(w, Filters) else Filters(weight, *bias)


def convolve(op: str, p: Problem, x: Array, filters: Filters, algorithm: str | None = None) -> tuple[Array, Pullback]:
    """The output of a convolution, rectified and pooled where the problem says so, and its pullback."""
    how = choose(op, p, algorithm)
    x_source = images(x)
    result = how.forward(p, x_source, filters)
    y = result.y.transpose(0, 3, 1, 2)

    def pullback(dy: Any, wants: Sequence[bool] = (True, True, True)) -> tuple[Array | None, ...]:
        dy_source = gradient(p, upstream(op, dy, y.shape, y.dtype), result)
        dx = dw = db = None
        if wants[0]:
            dx = how.input_gradient(p, dy_source, filters)
        if wants[1] or (filters.b is not None and wants[2] and p.relu):
            dw, db = how.weight_gradient(p, x_source, dy_source)
        elif filters.b is not None and wants[2]:
            db = dy_source.values.sum(axis=(0, 1, 2))
        dw = dw if wants[1] else None
        return (dx, dw) if filters.b is None else (dx, dw, db if wants[2] else None)

    return y, pullback
