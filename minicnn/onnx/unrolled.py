"""Local response normalization as PyTorch's exporters write it: x / (k + α · the mean of x² over channels)^β.

The mean is a three-dimensional AveragePool of padded maps (N, 1, C, H, W), and there are no layers for these steps. So
each is recorded as a placeholder layer, and the final Div replaces them. Placeholders that are left over, because no
such Div follows, raise an error that names the node.
"""

from __future__ import annotations

from typing import Any

from ..layers import Join, Layer, LocalResponseNorm, Reshape, Scale
from .building import Building
from .files import OnnxError
from .nodes import Node
from .values import Value


class Step(Layer):
    """A placeholder for one operation without a layer."""

    def __init__(self, node: Node, what: str, *numbers: float) -> None:
        self.refusal, self.what, self.numbers = f"{node}: {what} is not supported", what, numbers


def refuse_steps(layers: dict[str, Layer]) -> None:
    """Raise an error if a placeholder is left over.

    Raises:
        OnnxError: there is one.
    """
    for layer in layers.values():
        if isinstance(layer, Step):
            raise OnnxError(layer.refusal)


def pad_of_channels(node: Node, x: Value, sides: list[int]) -> Value:
    """Pad (N, 1, C, H, W) with zeros before and after the channels."""
    refusal = OnnxError(f"{node}: of {x} by {sides!s:.80} is not supported")
    if len(sides) != 10:
        raise refusal
    front, back = sides[2], sides[7]
    if min(front, back) < 0 or sides != [0, 0, front, 0, 0, 0, 0, back, 0, 0] or node.number(2, 0.0) != 0:
        raise refusal
    shape = tuple(None if n is None else n + front + back if i == 1 else n for i, n in enumerate(x.shape))
    return node.then(x, Step(node, f"padding of {x}", front, back), shape=shape)


def mean_of_channels(node: Node, x: Value) -> Value:
    """AveragePool of (N, 1, C, H, W) over windows of channels."""
    size, *kernel = node.integers("kernel_shape", (0, 0, 0))
    ones, zeros = [1] * 3, [0] * 6
    for name, value in {
        "strides": ones,
        "pads": zeros,
        "dilations": ones,
        "ceil_mode": 0,
        "auto_pad": "NOTSET",
    }.items():
        node.expect(name, value)
    node.flag("count_include_pad")
    channels = x.shape[1]
    if kernel != [1, 1] or channels is None or not 0 < size <= channels:
        raise OnnxError(f"{node}: of {x} by windows of {[size, *kernel]} is not supported")
    shape = (x.shape[0], channels - size + 1, *x.shape[2:])
    return node.then(x, Step(node, f"pooling of {x}", size), shape=shape)


def power(node: Node, x: Value, exponent: float) -> Value:
    return node.then(x, Step(node, f"the power of {exponent}", exponent))


def normalized(node: Node, x: Value, divisor: Value) -> Value:
    """x / divisor, if the divisor is that of a local response normalization.

    Raises:
        OnnxError: it is not.
    """
    found: list[Any] = []  # from the end backward
    source = divisor.source
    for kind in (Step, Scale, Reshape, Step, Step, Reshape, Join):
        layer = node.building.layers.get(source)
        if not isinstance(layer, kind):
            break
        found.append(layer)
        source = node.building.sources[source][0]
    if len(found) < 7 or not _of_x(node.building, found, x, divisor):
        raise OnnxError(f"{node}: dividing by a value computed from the images is not supported, only by a constant")
    exponent, scale, _, mean, pad, _, _ = found
    size, (front, back) = mean.numbers[0], pad.numbers
    if (front, back) != (size // 2, (size - 1) // 2) or not x.in_order:
        raise OnnxError(f"{node}: a window of {size} channels padded by {front} and {back} is not supported")
    return node.then(x, LocalResponseNorm(size, scale.factor, exponent.numbers[0], scale.shift))


def _of_x(building: Building, found: list[Any], x: Value, divisor: Value) -> bool:
    """Whether the complete sequence of steps starts with the square of x and keeps its shape."""
    exponent, _, _, mean, pad, _, square = found
    name = next(name for name, layer in building.layers.items() if layer is square)
    counts = [len(step.numbers) for step in (exponent, mean, pad)]
    return (
        counts == [1, 1, 2]
        and square.operation == "mul"
        and building.sources[name] == [x.source] * 2
        and (divisor.shape, divisor.order) == (x.shape, x.order)
    )
