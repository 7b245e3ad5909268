"""Transposed convolution: the input pullback of a convolution, as an op."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .contract import Array, Pair, Pullback, arrays_of_one_dtype, image_batch, pair, quiet, upstream
from .convolution.choice import choose
from .convolution.problem import NO_POOL, Filters, Problem, images
from .geometry import geometry, reach


@quiet
def conv_transpose2d(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    output_padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> tuple[Array, Pullback]:
    """Every pixel of x paints a filter, scaled by its value, onto y; overlapping paint adds up.

        y[n, o, iy·stride + i·dilation − padding, …] += w[c, o, i, j] · x[n, c, iy, ix]    (then + b[o])

    This is the input pullback of `conv2d` with the same w and options: ⟨conv2d(y), x⟩ = ⟨y, conv_transpose2d(x)⟩.
    Its own input pullback is therefore `conv2d`.

    Args:
        x: (N, C, H, W), in any memory order.
        w: filters (C, O/groups, kh, kw): those of the `conv2d` whose output is our input.
        b: one number for each output channel (O,), or None.
        stride, padding, dilation, groups: those of the convolution that is transposed.
        output_padding: rows and columns added to the bottom and right of y, fewer than the stride or the dilation. With
            a stride, `conv2d` maps several input sizes to the same output size; this chooses among them.

    Returns:
        y (N, O, OH, OW) with OH = (H−1)·stride − 2·padding + dilation·(kh−1) + output_padding + 1, and the pullback
        dy → (dx, dw, db), or (dx, dw) where b is None.

    Raises:
        ValueError: shapes, dtypes or options do not fit together.

    Source: Zeiler et al. (2010), Deconvolutional networks; Dumoulin & Visin (2016), A guide to convolution
    arithmetic for deep learning, section 4.
    """
    x, w, *bias = arrays_of_one_dtype("conv_transpose2d", x=image_batch("conv_transpose2d", x), w=w, b=b)
    _check_filters(x, w, bias, groups)
    g = geometry("conv_transpose2d", w.shape[2:], stride, padding, dilation)
    strides, dilations = (g.stride_h, g.stride_w), (g.dilation_h, g.dilation_w)
    extra_h, extra_w = output_padding_of("conv_transpose2d", output_padding, strides, dilations)
    N, _, H, W = x.shape
    height = reach(H, g.dilation_h * (g.kh - 1) + 1, g.stride_h) - 2 * g.pad_h + extra_h
    width = reach(W, g.dilation_w * (g.kw - 1) + 1, g.stride_w) - 2 * g.pad_w + extra_w
    if height < 1 or width < 1:
        raise ValueError(f"conv_transpose2d: padding {padding} leaves an output of {height} x {width}; use less")
    shape = (N, w.shape[1] * groups, height, width)
    # The convolution whose input gradient this op computes.
    p = Problem(shape, w.shape, x.dtype, g, groups, (H, W), False, NO_POOL, (N, len(w), H, W))
    how, filters, x_source = choose("conv_transpose2d", p), Filters(w), images(x)
    y = how.input_gradient(p, x_source, filters)
    if bias:
        y += bias[0][:, None, None]

    def pullback(dy: Any, wants: Sequence[bool] = (True, True, True)) -> tuple[Array | None, ...]:
        dy_source = images(upstream("conv_transpose2d", dy, y.shape, y.dtype))
        dx = how.forward(p, dy_source, filters).y.transpose(0, 3, 1, 2) if wants[0] else None
        dw = how.weight_gradient(p, dy_source, x_source)[0] if wants[1] else None
        db = dy_source.values.sum(axis=(0, 1, 2)) if bias and wants[2] else None
        return (dx, dw, db) if bias else (dx, dw)

    return y, pullback


def _check_filters(x: Array, w: Array, bias: list[Array], groups: int) -> None:
    if w.ndim != 4 or 0 in w.shape:
        raise ValueError(f"conv_transpose2d: expected filters w of shape (in, out/groups, kh, kw), got {w.shape}")
    if x.shape[1] != len(w):
        raise ValueError(f"conv_transpose2d: x has {x.shape[1]} channels, but w {w.shape} takes {len(w)}")
    if not isinstance(groups, int) or groups < 1 or len(w) % groups:
        raise ValueError(f"conv_transpose2d: expected groups to be an int that divides {len(w)} channels, got {groups}")
    outputs = w.shape[1] * groups
    if bias and bias[0].shape != (outputs,):
        raise ValueError(f"conv_transpose2d: expected b of shape ({outputs},) for w {w.shape}, got {bias[0].shape}")


def output_padding_of(
    op: str, output_padding: Pair, stride: tuple[int, int], dilation: tuple[int, int]
) -> tuple[int, int]:
    """The option as a pair.

    Raises:
        ValueError: it is not below the stride or the dilation.
    """
    extra = pair(op, "output_padding", output_padding, least=0)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise ValueError(
            f"{op}: expected output_padding below the stride or the dilation, "
            f"got {output_padding} with stride {stride} and dilation {dilation}"
        )
    return extra
