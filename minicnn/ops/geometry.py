"""Where windows fall: the arithmetic that convolution and pooling share."""

from __future__ import annotations

from typing import NamedTuple

from .contract import Pair, pair


class Geometry(NamedTuple):
    """A window's size and steps, each (vertical, horizontal), flat so that kernels take it as one argument."""

    kh: int
    kw: int
    stride_h: int
    stride_w: int
    pad_h: int
    pad_w: int
    dilation_h: int
    dilation_w: int


def geometry(op: str, kernel_size: Pair, stride: Pair, padding: Pair, dilation: Pair) -> Geometry:
    return Geometry(
        *pair(op, "kernel_size", kernel_size),
        *pair(op, "stride", stride),
        *pair(op, "padding", padding, least=0),
        *pair(op, "dilation", dilation),
    )


def windows(op: str, size: tuple[int, int], g: Geometry, ceil_mode: bool = False) -> tuple[int, int]:
    """How many windows fit: ⌊(W + 2P − D(F−1) − 1) / S⌋ + 1 in each direction.

    With `ceil_mode` the quotient is rounded up, but a last window that would begin beyond the picture and its left
    padding is dropped, as PyTorch does.

    Raises:
        ValueError: the window is larger than the padded picture.
    """
    directions = (
        ("height", size[0], g.kh, g.stride_h, g.pad_h, g.dilation_h),
        ("width", size[1], g.kw, g.stride_w, g.pad_w, g.dilation_w),
    )
    counts = []
    for name, length, window, stride, pad, dilation in directions:
        room = length + 2 * pad - dilation * (window - 1) - 1
        if room < 0:
            raise ValueError(
                f"{op}: a window of {dilation * (window - 1) + 1} does not fit into {name} {length} "
                f"with padding {pad}; use a smaller kernel or more padding"
            )
        count = room // stride + 1
        if ceil_mode and room % stride and count * stride < length + pad:
            count += 1
        counts.append(count)
    return counts[0], counts[1]


def pooling_windows(op: str, size: tuple[int, int], g: Geometry, ceil_mode: bool) -> tuple[int, int]:
    """How many pooling windows fit, each of which sees a pixel: of padding alone there is no maximum and no average.

    Raises:
        ValueError: the padding is above half the kernel, dilation steps over a whole picture, or nothing fits.
    """
    if 2 * g.pad_h > g.kh or 2 * g.pad_w > g.kw:
        raise ValueError(
            f"{op}: expected padding of at most half the kernel size {(g.kh, g.kw)}, got {(g.pad_h, g.pad_w)}"
        )
    for length, stride, pad, dilation in (
        (size[0], g.stride_h, g.pad_h, g.dilation_h),
        (size[1], g.stride_w, g.pad_w, g.dilation_w),
    ):
        if any(first % dilation >= length for first in range(-pad, 0, stride)):
            raise ValueError(
                f"{op}: with padding {pad} and dilation {dilation} a window sees nothing but padding beside a length "
                f"of {length}; use less of either"
            )
    return windows(op, size, g, ceil_mode)
