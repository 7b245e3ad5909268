"""Conv2d (→ BatchNorm2d) → ReLU (→ MaxPool2d) in sequence, run as one op where that makes no visible difference.

Values and gradients are equal up to rounding, but the feature maps in between are never stored. So layers are fused
only if the pass neither watches them nor ends among them, and if ReLU's backward pass is the plain one.
"""

from __future__ import annotations

from typing import Any

from .. import ops
from ..ops.contract import Array
from ..ops.convolution.choice import pools_along
from ..ops.geometry import geometry, windows
from .activation import ReLU
from .base import Layer
from .batch_norm2d import BatchNorm2d
from .conv2d import Conv2d
from .pooling import MaxPool2d
from .pullback import LayerPullback, layer_pullback
from .running import Pass


class FusedConv2d(Layer):
    """A convolution that also normalizes, rectifies and pools its output. It shares the layers' arrays and copies
    nothing.

    Only a frozen model's normalization can be fused: it is folded into the filters, once.
    """

    def __init__(self, conv: Conv2d, norm: BatchNorm2d | None, relu: ReLU | None, pool: MaxPool2d | None) -> None:
        self.conv, self.norm, self.relu, self.pool = conv, norm, relu, pool
        self.frozen = conv.frozen

    def parameters(self) -> dict[str, Array]:
        return self.conv.parameters()

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        conv, pool = self.conv, self.pool
        names = conv.trained_names() if self.norm is None else conv.parameter_names
        if self.relu is None:
            y, pullback = ops.conv2d(x, *conv.filters(self.norm), **conv.options())
            return y, layer_pullback(pullback, *names)
        if pool and pool.ceil_mode and x.ndim == 4 and self._hangs_over(x, pool):
            y, conv_pullback = FusedConv2d(conv, self.norm, self.relu, None).forward(x, pass_)
            y, pool_pullback = pool.forward(y, pass_)
            return y, lambda dy, wants="both": conv_pullback(pool_pullback(dy, "input")[0], wants)
        y, pullback = ops.conv2d_relu_max_pool2d(
            x,
            *conv.filters(self.norm),
            **conv.options(),
            pool_size=pool.kernel_size if pool else 1,
            pool_stride=pool.stride if pool else 1,
        )
        return y, layer_pullback(pullback, *names)

    def _hangs_over(self, x: Array, pool: MaxPool2d) -> bool:
        """Whether the last pooling window extends past the edge, as `ceil_mode` allows; the fused op cannot do that."""
        conv = self.conv
        g = geometry("Conv2d", conv.kernel_size, conv.stride, conv.padding, conv.dilation)
        size = windows("Conv2d", x.shape[2:], g)
        step = geometry("MaxPool2d", pool.kernel_size, pool.stride, 0, 1)
        counts = windows("MaxPool2d", size, step, pool.ceil_mode)
        axes = zip(size, counts, pool.kernel_size, pool.stride, strict=True)
        return any((count - 1) * stride + kernel > length for length, count, kernel, stride in axes)


def fused(layers: dict[str, Any], pass_: Pass) -> dict[str, Any]:
    """The layers to run for this pass, fused where possible, under the convolution's name."""
    if pass_.relu != "plain":
        return layers
    names = list(layers)
    result: dict[str, Any] = {}
    i = 0
    while i < len(names):
        row = _row(layers, names[i:], pass_)
        count = sum(layer is not None for layer in row.values())
        result[names[i]] = FusedConv2d(*row.values()) if count > 1 else layers[names[i]]
        i += max(1, count)
    return result


def _row(layers: dict[str, Any], names: list[str], pass_: Pass) -> dict[type, Any]:
    """The layers from names[0] on that one op can compute, by type; None for a type that is missing."""
    row: dict[type, Any] = dict.fromkeys((Conv2d, BatchNorm2d, ReLU, MaxPool2d))
    following = iter(names)
    name = next(following, None)
    for kind in row:
        if name is None or _noticed(name, pass_):
            break
        layer = layers[name]
        if type(layer) is not kind:
            if kind is BatchNorm2d:
                continue  # optional
            break
        if (kind is BatchNorm2d and not row[Conv2d].frozen) or (
            kind is MaxPool2d and not _pools_along(row[Conv2d], layers[name])
        ):
            break
        row[kind] = layer
        name = next(following, None)
    return row


def _noticed(name: str, pass_: Pass) -> bool:
    if pass_.watch is None and pass_.until is None:
        return False
    inner = pass_.within(name)
    return inner.watched or inner.ends_here


def _pools_along(conv: Conv2d, pool: MaxPool2d) -> bool:
    """Whether the op supports the pooling (no padding, no dilation) and is faster with it."""
    plain = pool.padding == (0, 0) and pool.dilation == (1, 1)
    windows = (*pool.kernel_size, *pool.stride)
    return plain and pools_along(conv.weight.shape, conv.stride, conv.dilation, conv.groups, windows)
