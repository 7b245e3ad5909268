"""Where windows fall: the arithmetic that convolution and pooling share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .contract import Pair, is_whole, pair

Padding = Pair | tuple[int, int, int, int]  # an int, (vertical, horizontal), or (left, right, top, bottom)


class Geometry(NamedTuple):
    """A window's size and steps, each (vertical, horizontal); flat, so that kernels take it as one argument.

    `g[0::2]` is (size, stride, padding, dilation) along the height, `g[1::2]` along the width.
    """

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


def count_windows(length: int, window: int, stride: int, before: int, after: int, ceil_mode: bool = False) -> int:
    """How many windows fit along one direction, below 1 where none does.

        ⌊(length + before + after − window) / stride⌋ + 1

    With `ceil_mode` the quotient is rounded up: the last window may extend past the padding, and a single window may be
    larger than the padded image. No window starts past the image and the padding before it, because it would see no
    pixel. PyTorch, ONNX and onnxruntime have the same rule.

    Args:
        length: of the image.
        window: its extent, dilation included.
        before, after: the padding on the two sides.
    """
    room = length + before + after - window
    if not ceil_mode:
        return room // stride + 1
    count = -(-room // stride) + 1
    return count - ((count - 1) * stride >= length + before)


def reach(count: int, window: int, stride: int) -> int:
    """How far `count` windows reach in one direction: (count − 1)·stride + window, the reverse of `count_windows`."""
    return (count - 1) * stride + window


def windows(
    op: str, size: tuple[int, int], g: Geometry, ceil_mode: bool = False, after: tuple[int, int] | None = None
) -> tuple[int, int]:
    """How many windows fit in each direction; `after` is the padding below and on the right, if it differs.

    Raises:
        ValueError: the window is larger than the padded image.
    """
    after = (g.pad_h, g.pad_w) if after is None else after
    counts = []
    for name, length, along, pad_after in zip(("height", "width"), size, (g[0::2], g[1::2]), after, strict=True):
        kernel, stride, pad, dilation = along
        window = dilation * (kernel - 1) + 1
        count = count_windows(length, window, stride, pad, pad_after, ceil_mode)
        if count < 1:
            padding = pad if pad == pad_after else f"{pad} before and {pad_after} after"
            raise ValueError(
                f"{op}: a window of {window} does not fit into {name} {length} with padding {padding}; "
                "use a smaller kernel or more padding"
            )
        counts.append(count)
    return counts[0], counts[1]


def sides(op: str, padding: Padding, kernel_size: tuple[int, int] | None = None) -> tuple[int, int, int, int]:
    """Padding as (left, right, top, bottom), from that form, from one int, or from (vertical, horizontal).

    With a `kernel_size`, each must be smaller than that: otherwise a window of a pooling would see only padding.

    Raises:
        ValueError: it has none of these forms, is below 0, or reaches the kernel size.
    """
    if np.iterable(padding) and len(tuple(padding)) == 4:
        if not all(is_whole(side) and side >= 0 for side in padding):
            raise ValueError(f"{op}: expected padding to be of ints of at least 0, got {padding!r:.80}")
        left, right, top, bottom = (int(side) for side in padding)
    else:
        top, left = bottom, right = pair(op, "padding", padding, least=0)
    if kernel_size is not None and (max(top, bottom) >= kernel_size[0] or max(left, right) >= kernel_size[1]):
        raise ValueError(f"{op}: expected padding below the kernel size {kernel_size}, got {padding}")
    return left, right, top, bottom


def padding_of(op: str, padding: Padding, kernel_size: tuple[int, int]) -> tuple[int, int] | tuple[int, int, int, int]:
    """Padding as pooling layers keep it: (vertical, horizontal), or (left, right, top, bottom) where sides differ.

    Raises:
        ValueError: as for `sides`.
    """
    left, right, top, bottom = sides(op, padding, kernel_size)
    return (top, left) if (left, top) == (right, bottom) else (left, right, top, bottom)


class Pooling(NamedTuple):
    """Where the windows of a pooling fall.

    Attributes:
        g: their geometry; its padding is that above and on the left.
        after: the padding below and on the right.
        size: how many there are, (vertical, horizontal).
    """

    g: Geometry
    after: tuple[int, int]
    size: tuple[int, int]


def pooling(
    op: str,
    size: tuple[int, int],
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Padding = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> Pooling:
    """The windows of a pooling of (height, width), each of which sees a pixel: padding alone has no maximum and no
    average.

    Raises:
        ValueError: padding reaches the kernel's size, dilation steps over the image, or no window fits.
    """
    left, right, top, bottom = sides(op, padding, pair(op, "kernel_size", kernel_size))
    g = geometry(op, kernel_size, kernel_size if stride is None else stride, (top, left), dilation)
    counts = windows(op, size, g, ceil_mode, (bottom, right))
    for length, (_, step, pad, apart) in zip(size, (g[0::2], g[1::2]), strict=True):
        if any(first % apart >= length for first in range(-pad, 0, step)):
            raise ValueError(
                f"{op}: with padding {pad} and dilation {apart} a window sees only padding along a length of {length}; "
                "use less of either"
            )
    return Pooling(g, (bottom, right), counts)
