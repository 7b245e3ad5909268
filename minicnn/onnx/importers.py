"""What each ONNX operator becomes: a function of the node and the shape it is given, to layers and the shape they give.

An operator that changes nothing becomes no layer at all. What is not exactly representable is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..layers import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    Clip,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    LocalResponseNorm,
    MaxPool2d,
    Pad,
    ReLU,
    Sigmoid,
    Softmax,
)
from .files import OnnxError
from .nodes import LARGEST, Imported, Node, Shape, checked, spelled
from .weighted import batch_norm, conv, conv_transpose, gemm, matmul
from .windows import Windows

LARGEST_FLOAT = float(np.finfo(np.float32).max)  # how Clip without a bound was written before opset 11


def _max_pool(node: Node, x: Shape) -> Imported:
    node.attribute("storage_order", 0)  # of the indices, which are no output here
    return _pool(node, x, MaxPool2d)


def _average_pool(node: Node, x: Shape) -> Imported:
    node.expect("dilations", [1, 1])
    return _pool(node, x, AvgPool2d)


def _pool(node: Node, x: Shape, kind: type[MaxPool2d] | type[AvgPool2d]) -> Imported:
    """Padding stays the pooling's own: it decides where the last window may begin, and what an area counts."""
    windows = Windows.of(node, node.maps(x))
    ceil_mode = bool(node.attribute("ceil_mode", 0))
    top, left, bottom, right = windows.pads
    if max(top, bottom) >= windows.kernel[0] or max(left, right) >= windows.kernel[1]:
        raise OnnxError(f"{node}: expected pads below kernel_shape {list(windows.kernel)}, got {list(windows.pads)}")
    sides = left, right, top, bottom
    if kind is AvgPool2d:
        counted = bool(node.attribute("count_include_pad", 0))
        layer: Layer = AvgPool2d(windows.kernel, windows.stride, sides, ceil_mode, counted)
    else:
        layer = MaxPool2d(windows.kernel, windows.stride, sides, windows.dilation, ceil_mode)
    return [layer], (x[0], *windows.count(x, windows.pads, ceil_mode))


def _global_average_pool(node: Node, x: Shape) -> Imported:
    return [AdaptiveAvgPool2d(1)], (node.maps(x)[0], 1, 1)


def _lrn(node: Node, x: Shape) -> Imported:
    size = node.attribute("size", 0)
    if not (0 < size <= 2**16 and size % 2):  # an even window lies to the other side there
        raise OnnxError(f"{node}: expected an odd size, got {size}")
    constants = {"alpha": 1e-4, "beta": 0.75, "bias": 1.0}
    alpha, beta, k = (float(node.attribute(name, default)) for name, default in constants.items())
    return [LocalResponseNorm(size, alpha, beta, k)], node.maps(x)


def _relu(node: Node, x: Shape) -> Imported:
    return [ReLU()], x


def _leaky_relu(node: Node, x: Shape) -> Imported:
    return [LeakyReLU(node.attribute("alpha", 0.01))], x


def _sigmoid(node: Node, x: Shape) -> Imported:
    return [Sigmoid()], x


def _clip(node: Node, x: Shape) -> Imported:
    if node.opset < 11:
        low, high = node.attribute("min", -LARGEST_FLOAT), node.attribute("max", LARGEST_FLOAT)
    else:
        low, high = node.number(1, -LARGEST_FLOAT), node.number(2, LARGEST_FLOAT)
    if not low <= high:
        raise OnnxError(f"{node}: expected min not above max, got {low} and {high}")
    if low == 0 and high >= LARGEST_FLOAT:
        return [ReLU()], x
    return [Clip(low if low > -LARGEST_FLOAT else None, high if high < LARGEST_FLOAT else None)], x


def _softmax(node: Node, x: Shape) -> Imported:
    rank = len(x) + 1
    axis = node.attribute("axis", 1 if node.opset < 13 else -1)
    if not -rank <= axis < rank:
        raise OnnxError(f"{node}: expected an axis of {spelled(x)}, got {axis}")
    axis %= rank
    # Until opset 13 all axes from this one on were taken together.
    if axis == 0 or (node.opset < 13 and any(size != 1 for size in x[axis:])):
        raise OnnxError(f"{node}: axis={axis} of {spelled(x)} is not supported")
    return [Softmax(axis)], x


def _dropout(node: Node, x: Shape) -> Imported:
    p = node.attribute("ratio", 0.5) if node.opset < 12 else node.number(1, 0.5)
    node.attribute("seed")
    if node.number(2, 0):
        raise OnnxError(f"{node}: training_mode is not supported")
    if not 0 <= p <= 1:
        raise OnnxError(f"{node}: expected ratio to be a probability, got {p}")
    return [Dropout(p)], x


def _flatten(node: Node, x: Shape) -> Imported:
    if node.attribute("axis", 1) not in (1, -len(x)):
        raise OnnxError(f"{node}: axis={node.attribute('axis')} is not supported, only 1")
    return _flat(x)


def _reshape(node: Node, x: Shape) -> Imported:
    target = node.constant(1, ndim=1).tolist()
    node.attribute("allowzero", 0)
    (features,) = _flat(x)[1]
    flat = len(target) == 2
    if flat and target[1] == -1:  # all that the batch leaves over
        flat = target[0] in (0, node.batch)
    elif flat:  # −1 and any number stand for the batch that the features leave over
        flat = target[1] == features or features is None
    if not flat:
        raise OnnxError(f"{node}: to {target!s:.80} from {spelled(x)} is not supported, only to (N, F)")
    return _flat(x)


def _squeeze(node: Node, x: Shape) -> Imported:
    given = node.attribute("axes", []) if node.opset < 13 else node.optional(1)
    axes = sorted(int(axis) % (len(x) + 1) for axis in (given if given is not None else []))
    if len(x) != 3 or x[1:] != (1, 1) or axes not in ([], [2, 3]):
        raise OnnxError(f"{node}: of the axes {axes} of {spelled(x)} is not supported, only of maps of one pixel")
    return _flat(x)


def _flat(x: Shape) -> Imported:
    if len(x) == 1:
        return [], x
    return [Flatten()], (math.prod(x) if None not in x else None,)  # type: ignore[arg-type]


def _pad(node: Node, x: Shape) -> Imported:
    node.expect("mode", "constant")
    if node.opset < 11:
        given, value, chosen = node.attribute("pads", []), node.attribute("value", 0.0), None
    else:
        given, value, chosen = node.constant(1, ndim=1).tolist(), node.number(2, 0.0), node.optional(3)
    axes = range(4) if chosen is None else [int(axis) % 4 for axis in chosen.ravel()]
    if len(given) != 2 * len(axes) or not all(isinstance(side, int) and 0 <= side <= LARGEST for side in given):
        raise OnnxError(f"{node}: pads {given!s:.80} are not supported, only two of 0…{LARGEST} for each axis")
    ends = dict.fromkeys(range(4), (0, 0)) | dict(zip(axes, zip(given, given[len(axes) :], strict=False), strict=False))
    if any(ends[0]):
        raise OnnxError(f"{node}: padding of the batch is not supported")
    y = tuple(None if size is None else size + sum(ends[axis]) for axis, size in enumerate(node.maps(x), start=1))
    padding = (*ends[3], *ends[2], *(ends[1] if any(ends[1]) else ()))
    return ([Pad(padding, value)] if any(padding) else []), y


def _identity(node: Node, x: Shape) -> Imported:
    return [], x


IMPORTERS: dict[str, Callable[[Node, Shape], Imported]] = {
    "AveragePool": _average_pool,
    "BatchNormalization": batch_norm,
    "Clip": _clip,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "Dropout": _dropout,
    "Flatten": _flatten,
    "Gemm": gemm,
    "GlobalAveragePool": _global_average_pool,
    "Identity": _identity,
    "LRN": _lrn,
    "LeakyRelu": _leaky_relu,
    "MatMul": matmul,
    "MaxPool": _max_pool,
    "Pad": _pad,
    "Relu": _relu,
    "Reshape": _reshape,
    "Sigmoid": _sigmoid,
    "Softmax": _softmax,
    "Squeeze": _squeeze,
}


def imported(node: Node, x: Shape) -> Imported:
    """The layers that a node becomes when it is given arrays of this shape, and the shape of what they give.

    Raises:
        OnnxError: the node cannot be represented exactly.
    """
    try:
        layers, y = IMPORTERS[node.op](node, x)
    except OnnxError:
        raise
    except (ValueError, TypeError, OverflowError, IndexError) as error:  # of a layer's constructor, for odd options
        raise OnnxError(f"{node}: {error}") from error
    node.rest_is_known()
    return layers, checked(node, y)
