"""Convolution and transposed convolution as layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..ops.contract import Array, Pair, flag, pair, whole
from ..ops.conv_transpose2d import output_padding_of
from .base import Layer
from .batch_norm2d import BatchNorm2d
from .pullback import LayerPullback, layer_pullback
from .running import Pass


class Conv2d(Layer):
    """`ops.conv2d` as a layer, with weight (out, in/groups, kh, kw) and bias (out,).

    Raises:
        ValueError: an option is out of range, or the groups do not divide the channels.
    """

    parameter_names = ("weight", "bias")

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        in_channels, out_channels, groups = _channels("Conv2d", in_channels, out_channels, groups)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = pair("Conv2d", "kernel_size", kernel_size)
        self.stride = pair("Conv2d", "stride", stride)
        self.padding = pair("Conv2d", "padding", padding, least=0)
        self.dilation = pair("Conv2d", "dilation", dilation)
        self.weight: Array = np.zeros((out_channels, in_channels // groups, *self.kernel_size), np.float32)
        self.bias: Array | None = np.zeros(out_channels, np.float32) if flag("Conv2d", "bias", bias) else None

    def reset(self, rng: Callable[[str], np.random.Generator], scheme: Any) -> None:
        self.weight[...] = scheme(self.weight.shape, rng("weight"), self.weight.dtype)
        if self.bias is not None:
            self.bias[...] = 0

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.conv2d(x, *self.filters(), **self.options())
        return y, layer_pullback(pullback, *self.trained_names())

    def options(self) -> dict[str, Any]:
        """The options of `ops.conv2d` that say how the filters slide."""
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}

    def filters(self, norm: BatchNorm2d | None = None) -> tuple[Any, ...]:
        """The arguments of `ops.conv2d` after x: weight and bias, or, if the layer is frozen, its cached `Filters`.

        With `norm`, the frozen batch normalization that follows is folded into them:

            w' = w · γ / √(var + eps),    b' = β + (b − mean) · γ / √(var + eps)
        """
        if not self.frozen:
            return self.weight, self.bias
        kept: dict[Any, ops.Filters] = self.__dict__.setdefault("_kept", {})
        if norm not in kept:
            w, b = self.weight, self.bias
            if norm is not None:
                factor = norm.weight / np.sqrt(norm.running_var + norm.eps)
                w = (w * factor[:, None, None, None]).astype(w.dtype)
                b = (norm.bias + ((0 if b is None else b) - norm.running_mean) * factor).astype(w.dtype)
            kept[norm] = ops.Filters(w, b)
        return (kept[norm],)


class ConvTranspose2d(Layer):
    """`ops.conv_transpose2d` as a layer, with weight (in, out/groups, kh, kw) and bias (out,).

    Raises:
        ValueError: an option is out of range, or the groups do not divide the channels.
    """

    parameter_names = ("weight", "bias")

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        output_padding: Pair = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Pair = 1,
    ) -> None:
        in_channels, out_channels, groups = _channels("ConvTranspose2d", in_channels, out_channels, groups)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = pair("ConvTranspose2d", "kernel_size", kernel_size)
        self.stride = pair("ConvTranspose2d", "stride", stride)
        self.padding = pair("ConvTranspose2d", "padding", padding, least=0)
        self.dilation = pair("ConvTranspose2d", "dilation", dilation)
        self.output_padding = output_padding_of("ConvTranspose2d", output_padding, self.stride, self.dilation)
        self.weight: Array = np.zeros((in_channels, out_channels // groups, *self.kernel_size), np.float32)
        self.bias: Array | None = np.zeros(out_channels, np.float32) if flag("ConvTranspose2d", "bias", bias) else None

    reset = Conv2d.reset

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.conv_transpose2d(
            x,
            self.weight,
            self.bias,
            stride=self.stride,
            padding=self.padding,
            output_padding=self.output_padding,
            dilation=self.dilation,
            groups=self.groups,
        )
        return y, layer_pullback(pullback, *self.trained_names())


def _channels(kind: str, in_channels: int, out_channels: int, groups: int) -> tuple[int, int, int]:
    counts = {"in_channels": in_channels, "out_channels": out_channels, "groups": groups}
    in_channels, out_channels, groups = (whole(kind, name, count) for name, count in counts.items())
    if in_channels % groups or out_channels % groups:
        raise ValueError(f"{kind}: {groups} groups do not divide {in_channels} channels in and {out_channels} out")
    return in_channels, out_channels, groups
