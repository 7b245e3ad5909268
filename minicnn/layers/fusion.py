"""Conv2d → ReLU (→ MaxPool2d) in a row, run as one op where nobody can tell the difference.

The values and gradients are the same but for rounding; only the maps between the three are never written. So it is done
where no one watches them, the pass does not end among them, and ReLU's backward pass is the plain one.
"""

from __future__ import annotations

from typing import Any

from .. import ops
from ..ops.contract import Array
from ..ops.geometry import geometry, windows
from ..ops.convolution.choice import pools_along
from .activation import ReLU
from .base import Layer, LayerPullback, layer_pullback
from .conv2d import Conv2d
from .pooling import MaxPool2d
from .running import Pass


class FusedConv2d(Layer):
    """A convolution that goes on to rectify and pool its output; it borrows the layers, and lives for one pass."""

    def __init__(self, conv: Conv2d, pool: MaxPool2d | None) -> None:
        self.conv, self.pool = conv, pool

    def parameters(self) -> dict[str, Array]:
        return self.conv.parameters()

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        conv, pool = self.conv, self.pool
        if pool and pool.ceil_mode and x.ndim == 4 and self._hangs_over(x, pool):
            y, conv_pullback = FusedConv2d(conv, None).forward(x, pass_)
            y, pool_pullback = pool.forward(y, pass_)
            return y, lambda dy, wants="both": conv_pullback(pool_pullback(dy, "input")[0], wants)
        y, pullback = ops.conv2d_relu_max_pool2d(
            x,
            conv.weight,
            conv.bias,
            stride=conv.stride,
            padding=conv.padding,
            dilation=conv.dilation,
            groups=conv.groups,
            pool_size=pool.kernel_size if pool else 1,
            pool_stride=pool.stride if pool else 1,
        )
        return y, layer_pullback(pullback, *conv.parameters())

    def _hangs_over(self, x: Array, pool: MaxPool2d) -> bool:
        """Whether a last pooling window hangs over the edge, as `ceil_mode` allows: the op has none that do."""
        conv = self.conv
        g = geometry("Conv2d", conv.kernel_size, conv.stride, conv.padding, conv.dilation)
        size = windows("Conv2d", x.shape[2:], g)
        step = geometry("MaxPool2d", pool.kernel_size, pool.stride, 0, 1)
        return windows("MaxPool2d", size, step, pool.ceil_mode) != windows("MaxPool2d", size, step)


def fused(layers: dict[str, Any], pass_: Pass) -> dict[str, Any]:
    """The layers to run for this pass: those that can be are fused, under the convolution's name."""
    if pass_.relu != "plain":
        return layers
    names = list(layers)
    result: dict[str, Any] = {}
    i = 0
    while i < len(names):
        name, layer = names[i], layers[names[i]]
        row: list[str] = []  # the layers to run as one
        for following, kind in zip(names[i : i + 3], (Conv2d, ReLU, MaxPool2d), strict=False):
            if type(layers[following]) is not kind or _noticed(following, pass_):
                break
            if kind is MaxPool2d and not _pools_along(layer, layers[following]):
                break
            row.append(following)
        if len(row) > 1:
            layer = FusedConv2d(layer, layers[row[2]] if len(row) == 3 else None)
        result[name] = layer
        i += max(1, len(row))
    return result


def _noticed(name: str, pass_: Pass) -> bool:
    if pass_.watch is None and pass_.until is None:
        return False
    inner = pass_.within(name)
    return inner.watched or inner.ends_here


def _pools_along(conv: Conv2d, pool: MaxPool2d) -> bool:
    """Whether the op knows the pooling, which has neither padding nor dilation, and gains by it."""
    plain = pool.padding == (0, 0) and pool.dilation == (1, 1)
    windows = (*pool.kernel_size, *pool.stride)
    return plain and pools_along(conv.weight.shape, conv.stride, conv.dilation, conv.groups, windows)
