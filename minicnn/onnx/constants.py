"""Constant folding: what a graph computes from its constants and from the shapes of values.

Exporters write `x.view(x.size(0), -1)` as Shape → Gather → Unsqueeze → Concat → Reshape. So the operators below are
evaluated when the file is read, on arrays. The batch size, which is unknown then, is represented by the number BATCH,
and a size that the file leaves open by NaN, in an array of floats.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..ops.contract import Array
from .files import MOST_VALUES, OnnxError, package
from .nodes import Node

FLOATS = {"FLOAT": np.float32, "FLOAT16": np.float32, "BFLOAT16": np.float32, "DOUBLE": np.float64}
INTEGERS = ("INT64", "INT32", "INT16", "INT8", "UINT64", "UINT32", "UINT16", "UINT8", "BOOL")


def _constant(node: Node) -> Array:
    for name in ("value_float", "value_floats", "value_int", "value_ints"):
        if (value := node.attribute(name)) is not None:
            return np.asarray(value, np.float32 if "float" in name else np.int64)
    tensor = node.attribute("value")
    if not isinstance(tensor, package().TensorProto):
        raise OnnxError(f"{node}: expected a tensor or numbers")
    return node.building.tensors.array(tensor)


def _shape(node: Node) -> Array:
    if not node.is_constant(0):
        sizes: Sequence[int | None] = node.as_it_lies(0).axes
    else:
        sizes = node.constant(0).shape
    sizes = sizes[node.attribute("start", 0) : node.attributes.get("end")]
    node.attribute("end")
    return np.array([math.nan if size is None else size for size in sizes], None if None in sizes else np.int64)


def _constant_of_shape(node: Node) -> Array:
    tensor = node.attribute("value")
    value = np.zeros(1, np.float32) if tensor is None else node.building.tensors.array(tensor)
    shape = node.whole(0)
    if value.size != 1 or min(shape, default=1) < 0 or math.prod(shape) > MOST_VALUES or len(shape) > 8:
        raise OnnxError(f"{node}: {value.size} values of the invalid shape {shape!s:.80}")
    return np.broadcast_to(value.reshape(()), shape)  # takes no memory


def _cast(node: Node) -> Array:
    kinds = {number: name for name, number in package().TensorProto.DataType.items()}
    kind = kinds.get(node.attribute("to", 0), "?")
    array = node.constant(0)
    if kind in FLOATS:
        return array.astype(FLOATS[kind])
    if kind not in INTEGERS:
        raise OnnxError(f"{node}: to {kind} is not supported")
    if np.isnan(array).any():
        return array  # unknown sizes
    return (array != 0).astype(np.int64) if kind == "BOOL" else np.trunc(array).astype(np.int64)


def _arithmetic(function: Callable[..., Any]) -> Callable[[Node], Array]:
    def computed(node: Node) -> Array:
        arrays = [node.constant(i) for i in range(len(node.inputs))]
        if not arrays:
            raise OnnxError(f"{node}: expected at least one input, got none")
        _count(node, math.prod(np.broadcast_shapes(*(array.shape for array in arrays))))
        with np.errstate(all="ignore"):
            return np.asarray(function(*arrays))

    return computed


def _divide(a: Array, b: Array) -> Array:
    """Integers are divided as in C: toward zero."""
    if a.dtype.kind == "f" or b.dtype.kind == "f":
        return np.asarray(a / b)
    if not b.all():
        raise ValueError("a whole number is divided by zero")
    return np.asarray(np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b)))


def _fold(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """A function of two arrays extended to any number of arrays."""

    def of_all(first: Array, *rest: Array) -> Array:
        for array in rest:
            first = function(first, array)
        return first

    return of_all


def _gather(node: Node) -> Array:
    array, indices = node.constant(0), node.constant(1)
    axis = _axis(node, node.attribute("axis", 0), array.ndim)
    _count(node, indices.size * (array.size // max(1, array.shape[axis])))
    return np.asarray(array.take(indices.astype(np.int64), axis))


def _concat(node: Node) -> Array:
    arrays = [node.constant(i) for i in range(len(node.inputs))]
    _count(node, sum(array.size for array in arrays))
    return np.concatenate(arrays, _axis(node, node.attribute("axis"), arrays[0].ndim))


def _slice(node: Node) -> Array:
    array = node.constant(0)
    parts = [slice(None)] * array.ndim
    for axis, start, stop, step in slices_of(node, array.ndim):
        parts[axis] = slice(start, None if step < 0 and stop < -array.shape[axis] else stop, step)
    return array[tuple(parts)]


def slices_of(node: Node, rank: int) -> list[tuple[int, int, int, int]]:
    """(axis, start, stop, step) for each axis of a Slice."""
    starts, stops = (node.listed(name, i, since=10) for i, name in ((1, "starts"), (2, "ends")))
    axes, steps = node.listed("axes", 3, since=10), node.whole(4) if node.opset >= 10 and node.has(4) else None
    if starts is None or stops is None:
        raise OnnxError(f"{node}: expected starts and ends")
    axes, steps = list(range(len(starts))) if axes is None else axes, [1] * len(starts) if steps is None else steps
    if not len(starts) == len(stops) == len(axes) == len(steps) or 0 in steps:
        raise OnnxError(f"{node}: starts {starts}, ends {stops}, axes {axes} and steps {steps} make no slices"[:300])
    return list(zip((_axis(node, axis, rank) for axis in axes), starts, stops, steps, strict=True))


def _squeeze(node: Node) -> Array:
    array, axes = node.constant(0), node.listed("axes", 1, since=13)
    return array.squeeze(None if axes is None else tuple(_axis(node, axis, array.ndim) for axis in axes))


def _unsqueeze(node: Node) -> Array:
    array, axes = node.constant(0), node.listed("axes", 1, since=13) or []
    return np.expand_dims(array, tuple(_axis(node, axis, array.ndim + len(axes)) for axis in axes))


def _reshape(node: Node) -> Array:
    array, target = node.constant(0), node.whole(1)
    kept = node.flag("allowzero")
    shape = [array.shape[i] if n == 0 and not kept else n for i, n in enumerate(target)]
    return array.reshape(shape)


def _transpose(node: Node) -> Array:
    array = node.constant(0)
    return array.transpose(node.attribute("perm", list(range(array.ndim))[::-1]))


def _expand(node: Node) -> Array:
    array, shape = node.constant(0), node.whole(1)
    whole = np.broadcast_shapes(array.shape, tuple(shape))
    _count(node, math.prod(whole))
    return np.broadcast_to(array, whole)


def _axis(node: Node, axis: Any, rank: int) -> int:
    if not isinstance(axis, int) or not -rank <= axis < rank:
        raise OnnxError(f"{node}: expected one of {rank} axes, got {axis!r:.80}")
    return axis % rank


def _count(node: Node, values: int) -> None:
    """Account for an array before it is computed."""
    node.building.tensors.compute(8 * values)


FOLDS: dict[str, Callable[[Node], Array]] = {
    "Abs": _arithmetic(np.abs),
    "Add": _arithmetic(np.add),
    "Cast": _cast,
    "Ceil": _arithmetic(np.ceil),
    "Concat": _concat,
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Div": _arithmetic(_divide),
    "Equal": _arithmetic(lambda a, b: (a == b).astype(np.int64)),
    "Expand": _expand,
    "Floor": _arithmetic(np.floor),
    "Gather": _gather,
    "Identity": lambda node: node.constant(0),
    "Max": _arithmetic(_fold(np.maximum)),
    "Min": _arithmetic(_fold(np.minimum)),
    "Mul": _arithmetic(np.multiply),
    "Neg": _arithmetic(np.negative),
    "Reciprocal": _arithmetic(lambda a: 1 / a),
    "Reshape": _reshape,
    "Shape": _shape,
    "Slice": _slice,
    "Sqrt": _arithmetic(np.sqrt),
    "Squeeze": _squeeze,
    "Sub": _arithmetic(np.subtract),
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
    "Where": _arithmetic(lambda condition, a, b: np.where(condition != 0, a, b)),
}


def folded(node: Node) -> Array | None:
    """A node's outputs, if they can be computed before the network runs; None if they depend on an image's values."""
    if node.op not in FOLDS:
        return None
    if node.op != "Shape" and not all(node.is_constant(i) for i, name in enumerate(node.inputs) if name):
        return None
    try:
        array = FOLDS[node.op](node)
    except OnnxError:
        raise
    except (ValueError, TypeError, OverflowError, IndexError) as error:  # NumPy's, for odd shapes, and ours
        raise OnnxError(f"{node}: {error}") from error
    node.rest_is_known()
    return array
