"""Which input pixels an output sees: arithmetic on window sizes, strides and paddings, layer by layer.

Along each axis output o of a layer sees the input pixels [offset + o·stride, offset + o·stride + size). A window of k
pixels with stride s, padding p and dilation d on top of that sees

    size' = size + d·(k − 1)·stride,    stride' = stride·s,    offset' = offset − p·stride

Source: Araujo, Norris & Sim (2019), Computing receptive fields of convolutional neural networks (Distill).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .layers.activation import Clip, LeakyReLU, ReLU, Sigmoid
from .layers.affine import Affine, PReLU, Scale
from .layers.batch_norm2d import BatchNorm2d
from .layers.concat import Concat
from .layers.conv2d import Conv2d
from .layers.dropout import Dropout
from .layers.graph import Graph, Join
from .layers.local_response_norm import LocalResponseNorm
from .layers.pad import Pad
from .layers.pointwise import ELU, GELU, Erf, Hardsigmoid, Hardswish, SiLU, Tanh
from .layers.pooling import AvgPool2d, MaxPool2d
from .layers.residual import Residual
from .layers.sequential import Sequential
from .layers.softmax import LogSoftmax, Softmax
from .layers.transparent import transparent
from .layers.tree import children_of
from .ops.geometry import sides

ACTIVATIONS = (ReLU, LeakyReLU, PReLU, Clip, Sigmoid, Tanh, Erf, ELU, SiLU, GELU, Hardsigmoid, Hardswish)
POINTWISE = (*ACTIVATIONS, Softmax, LogSoftmax, LocalResponseNorm, BatchNorm2d, Affine, Scale, Dropout, Join)


@dataclass(frozen=True)
class Field:
    """A receptive field; every entry is (vertical, horizontal), in input pixels.

    Attributes:
        size: of the window that one output sees.
        stride: how far the windows of neighboring outputs are apart.
        offset: where the first output's window begins; negative if it begins in the padding.
    """

    size: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    offset: tuple[int, int] = (0, 0)

    def box(self, y: int, x: int) -> tuple[int, int, int, int]:
        """(top, left, bottom, right) of what output (y, x) sees; it may extend past the image, into the padding."""
        top, left = self.offset[0] + y * self.stride[0], self.offset[1] + x * self.stride[1]
        return top, left, top + self.size[0], left + self.size[1]


def receptive_fields(model: Any) -> dict[str, Field | None]:
    """The field of every layer's outputs in the model's input, by path.

    None for layers after which no fixed window exists: dense layers, global pooling, transposed convolutions, and
    unknown layers.

    Args:
        model: a network, or any layer; it is read, not run.

    Returns:
        a `Field` or None by the layer's path, in the order of the layers.

    Source: Araujo, Norris & Sim (2019), Computing receptive fields of convolutional neural networks (Distill).
    """
    fields: dict[str, Field | None] = {}
    _enter(model, "", Field(), fields)
    return fields


def _enter(layer: Any, path: str, field: Field | None, fields: dict[str, Field | None]) -> Field | None:
    """The field after `layer`, when the one before it is `field`; records it and those of the layers inside."""
    inside = {name: (child, f"{path}.{name}" if path else name) for name, child in children_of(layer).items()}
    after: Field | None
    layer = transparent(layer)
    if isinstance(layer, Concat):
        after = _union([_enter(child, below, field, fields) for child, below in inside.values()])
    elif isinstance(layer, Residual):
        around, after = field, field
        for name, (child, below) in inside.items():
            if name == layer.shortcut_name:
                around = _enter(child, below, field, fields)
            else:
                after = _enter(child, below, after, fields)
        after = _union([after, around])
    elif isinstance(layer, Graph):
        found = {Graph.INPUT: field}
        for name, (child, below) in inside.items():
            found[name] = _enter(child, below, _union([found[source] for source in layer.sources[name]]), fields)
        after = found[name]
    elif isinstance(layer, Sequential):
        after = field
        for child, below in inside.values():
            after = _enter(child, below, after, fields)
    elif inside:  # one of the user's own, which does more than to run them in a row
        for child, below in inside.values():
            _enter(child, below, None, fields)
        after = None
    else:
        after = None if field is None else _through(layer, field)
    if path:
        fields[path] = after
    return after


def _through(layer: Any, field: Field) -> Field | None:
    if isinstance(layer, POINTWISE):
        return field
    if isinstance(layer, Pad):
        left, _, top, _, *_ = layer.padding
        offset = (field.offset[0] - top * field.stride[0], field.offset[1] - left * field.stride[1])
        return Field(field.size, field.stride, offset)
    if not isinstance(layer, Conv2d | MaxPool2d | AvgPool2d):
        return None
    dilation = getattr(layer, "dilation", (1, 1))
    left, _, top, _ = sides("receptive_field", layer.padding)
    before = top, left
    axes = range(2)
    return Field(
        tuple(field.size[a] + dilation[a] * (layer.kernel_size[a] - 1) * field.stride[a] for a in axes),  # type: ignore[arg-type]
        tuple(field.stride[a] * layer.stride[a] for a in axes),  # type: ignore[arg-type]
        tuple(field.offset[a] - before[a] * field.stride[a] for a in axes),  # type: ignore[arg-type]
    )


def _union(fields: list[Field | None]) -> Field | None:
    """The smallest field that contains all of them: branches can be joined if their strides agree."""
    known = [field for field in fields if field is not None]
    if len(known) < len(fields) or len({field.stride for field in known}) > 1:
        return None
    top, left = (min(field.offset[a] for field in known) for a in range(2))
    bottom, right = (max(field.offset[a] + field.size[a] for field in known) for a in range(2))
    return Field((bottom - top, right - left), known[0].stride, (top, left))
