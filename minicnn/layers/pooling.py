"""Pooling as layers."""

from __future__ import annotations

from .. import ops
from ..ops.contract import Array, Pair, flag, pair
from ..ops.geometry import Padding, padding_of
from .base import Layer
from .running import LayerPullback, Pass, layer_pullback


class MaxPool2d(Layer):
    """`ops.max_pool2d`: the largest value of each window, (N, C, H, W) → (N, C, H', W').

    The stride defaults to the kernel size.

    Raises:
        ValueError: an option is out of range, or the padding is not smaller than the kernel.
    """

    def __init__(
        self,
        kernel_size: Pair,
        stride: Pair | None = None,
        padding: Padding = 0,
        dilation: Pair = 1,
        ceil_mode: bool = False,
    ) -> None:
        self.kernel_size = pair("MaxPool2d", "kernel_size", kernel_size)
        self.stride = pair("MaxPool2d", "stride", kernel_size if stride is None else stride)
        self.padding = padding_of("MaxPool2d", padding, self.kernel_size)
        self.dilation = pair("MaxPool2d", "dilation", dilation)
        self.ceil_mode = flag("MaxPool2d", "ceil_mode", ceil_mode)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.max_pool2d(
            x,
            self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            ceil_mode=self.ceil_mode,
        )
        return y, layer_pullback(pullback)


class AvgPool2d(Layer):
    """`ops.avg_pool2d`: the mean of each window, (N, C, H, W) → (N, C, H', W').

    The stride defaults to the kernel size.

    Raises:
        ValueError: an option is out of range, or the padding is not smaller than the kernel.
    """

    def __init__(
        self,
        kernel_size: Pair,
        stride: Pair | None = None,
        padding: Padding = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self.kernel_size = pair("AvgPool2d", "kernel_size", kernel_size)
        self.stride = pair("AvgPool2d", "stride", kernel_size if stride is None else stride)
        self.padding = padding_of("AvgPool2d", padding, self.kernel_size)
        self.ceil_mode = flag("AvgPool2d", "ceil_mode", ceil_mode)
        self.count_include_pad = flag("AvgPool2d", "count_include_pad", count_include_pad)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.avg_pool2d(
            x,
            self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            ceil_mode=self.ceil_mode,
            count_include_pad=self.count_include_pad,
        )
        return y, layer_pullback(pullback)


class GlobalAvgPool2d(Layer):
    """`ops.global_avg_pool2d`: (N, C, H, W) becomes (N, C)."""

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.global_avg_pool2d(x)
        return y, layer_pullback(pullback)


class GlobalMaxPool2d(Layer):
    """`ops.global_max_pool2d`: (N, C, H, W) becomes (N, C)."""

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.global_max_pool2d(x)
        return y, layer_pullback(pullback)


class AdaptiveAvgPool2d(Layer):
    """`ops.adaptive_avg_pool2d`: maps of any size become means of `output_size`, (N, C, H, W) → (N, C, *output_size).

    Raises:
        ValueError: `output_size` is neither an int nor a pair of ints of at least 1.
    """

    def __init__(self, output_size: Pair) -> None:
        self.output_size = pair("AdaptiveAvgPool2d", "output_size", output_size)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.adaptive_avg_pool2d(x, self.output_size)
        return y, layer_pullback(pullback)
