"""Where the windows of convolutions and poolings fall: kernels, strides, and the many ways to write padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..layers import Layer, Pad
from ..ops.geometry import count_windows
from .files import OnnxError
from .nodes import SIZE_NEEDED, Node
from .values import Shape

Both = tuple[int, int]  # vertical, horizontal


@dataclass(frozen=True)
class Windows:
    """Windows over maps; `pads` are (top, left, bottom, right)."""

    kernel: Both
    stride: Both
    dilation: Both
    pads: tuple[int, int, int, int]

    @classmethod
    def of(cls, node: Node, x: Shape, kernel: Sequence[int] | None = None, transposed: bool = False) -> Windows:
        """The windows from a node's attributes; they must agree with the shape of the weights, if there are any.

        The windows of a transposed convolution fall on its output: its pads are kept as given.
        """
        named = node.integers("kernel_shape", (0, 0) if kernel is None else kernel)
        stride, dilation = node.integers("strides", (1, 1)), node.integers("dilations", (1, 1))
        if named != tuple(named if kernel is None else kernel) or min(*named, *stride, *dilation) < 1:
            raise OnnxError(
                f"{node}: kernel_shape {list(named)}, strides {list(stride)} and dilations {list(dilation)} make no "
                f"windows{'' if kernel is None else f' for weights of {list(kernel)}'}"
            )
        extent = [d * (k - 1) + 1 for k, d in zip(named, dilation, strict=True)]
        pads = node.integers("pads", (0, 0, 0, 0)) if transposed else _pads(node, x, extent, stride)
        around = pads[0], pads[1], pads[2], pads[3]
        return cls((named[0], named[1]), (stride[0], stride[1]), (dilation[0], dilation[1]), around)

    def padding(self, x: Shape, blank: float) -> tuple[list[Layer], Both, Shape]:
        """Padding as the layer's own if possible, otherwise as a separate layer before it; and the shape of the layer's
        input.

        Args:
            x: the input.
            blank: the padding value.
        """
        top, left, bottom, right = self.pads
        if (top, left) == (bottom, right):
            return [], (top, left), x
        C, H, W = x
        padded = C, None if H is None else H + top + bottom, None if W is None else W + left + right
        return [Pad((left, right, top, bottom), blank)], (0, 0), padded

    def count(self, x: Shape, padding: Sequence[int], ceil_mode: bool = False) -> list[int | None]:
        """How many windows fit, with padding of (vertical, horizontal) or (top, left, bottom, right)."""
        axes = zip(x[1:], self.kernel, self.stride, self.dilation, padding[:2], padding[-2:], strict=True)
        return [
            None if length is None else count_windows(length, d * (k - 1) + 1, s, before, after, ceil_mode)
            for length, k, s, d, before, after in axes
        ]


def _pads(node: Node, x: Shape, extent: Sequence[int], stride: Sequence[int]) -> tuple[int, int, int, int]:
    """Pads as given, or chosen so that ⌈size / stride⌉ windows fit ("SAME"), an odd pixel before or after."""
    mode = node.attribute("auto_pad", "NOTSET")
    top, left, bottom, right = node.integers("pads", (0, 0, 0, 0))
    if mode == "NOTSET":
        return top, left, bottom, right
    if mode == "VALID":
        return 0, 0, 0, 0
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise OnnxError(f"{node}: auto_pad={mode!r:.80} is not supported")
    totals = []
    for size, window, step in zip(x[1:], extent, stride, strict=True):
        if size is None and step > 1:
            raise OnnxError(f"{node}: auto_pad={mode} {SIZE_NEEDED}")
        total = window - (step if size is None or size % step == 0 else size % step)
        if total < -1:  # onnxruntime centers the window then, TensorFlow aligns it to the edge
            raise OnnxError(f"{node}: auto_pad={mode} is not clear where windows leave out {-total} pixels; write pads")
        totals.append(max(0, total))
    return shared_out(totals, mode)


def shared_out(totals: Sequence[int], mode: str) -> tuple[int, int, int, int]:
    """Padding of both sides together as (top, left, bottom, right): half on each, an odd one below and on the right
    ("SAME_UPPER"), or above and on the left."""
    less, more = [total // 2 for total in totals], [total - total // 2 for total in totals]
    before, after = (less, more) if mode == "SAME_UPPER" else (more, less)
    return before[0], before[1], after[0], after[1]
