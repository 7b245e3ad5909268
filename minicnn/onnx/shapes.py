"""Axes and shapes: Reshape, Flatten, Squeeze, Unsqueeze, Transpose, Slice, Split, Gather, Identity, Cast."""

from __future__ import annotations

import math

from ..layers import Flatten, Permute, Reshape, Slice
from .constants import FLOATS, slices_of
from .emitting import Emitter, Writer, plain
from .files import OnnxError, package
from .nodes import SIZE_NEEDED, Node, Reader
from .values import BATCH, Shape, Value, spelled

# Reading


def _reshape(node: Node) -> Value:
    x, target = node.value(0), node.whole(1)
    kept = node.flag("allowzero")
    axes: list[int | None] = [x.axes[i] if n == 0 and not kept and i < len(x.axes) else n for i, n in enumerate(target)]
    return _to(node, x, axes)


def _flatten(node: Node) -> Value:
    x = node.value(0)
    axis = node.attribute("axis", 1)
    if not -len(x.axes) <= axis <= len(x.axes):
        raise OnnxError(f"{node}: expected an axis of {x}, got {axis}")
    axis = axis + len(x.axes) if axis < 0 else axis
    if axis == 1 or (axis == 0 and node.building.batch == 1):
        return _to(node, x, [BATCH, -1])
    before, after = x.axes[:axis], x.axes[axis:]
    if None in x.axes:
        raise OnnxError(f"{node}: axis={axis} of {x} {SIZE_NEEDED}")
    return _to(node, x, [math.prod(n for n in part if n is not None) for part in (before, after)])


def _squeeze(node: Node) -> Value:
    x, given = node.value(0), node.listed("axes", 1, since=13)
    axes = [axis for axis, n in enumerate(x.axes) if n == 1] if given is None else [node.axis(a, x) for a in given]
    if given is None and None in x.axes:
        raise OnnxError(f"{node}: of {x} {SIZE_NEEDED}")
    if any(x.axes[axis] not in (1, None) for axis in axes):
        raise OnnxError(f"{node}: of the axes {given} of {x} is not supported, only of axes of length 1")
    return _to(node, x, [n for axis, n in enumerate(x.axes) if axis not in axes])


def _unsqueeze(node: Node) -> Value:
    x, given = node.value(0), node.listed("axes", 1, since=13) or []
    rank = len(x.axes) + len(given)
    if not all(-rank <= axis < rank for axis in given):
        raise OnnxError(f"{node}: expected axes of {rank}, got {given}")
    axes: list[int | None] = list(x.axes)
    for axis in sorted(axis % rank for axis in given):
        axes.insert(axis, 1)
    return _to(node, x, axes)


def _to(node: Node, x: Value, axes: list[int | None]) -> Value:
    """x, its axes in order, reshaped to these sizes, batch included; −1 for one that follows from the others.

    A file for a fixed batch of B images may contain B as the batch size.
    """
    if axes and axes[0] == node.building.batch:
        axes[0] = BATCH
    shape = _with_sizes(x.shape, axes)
    if shape is None:
        what = "depends on the batch or mixes it with other axes"
        if None in x.shape and axes[:1] in ([BATCH], [-1]):
            what = SIZE_NEEDED
        raise OnnxError(f"{node}: to {spelled(tuple(axes))} from {x} {what}")
    return node.reshaped(x, shape)


def _with_sizes(shape: Shape, axes: list[int | None]) -> Shape | None:
    """The shape of one image after removing the batch axis, if possible."""
    if len(axes) < 2 or axes.count(-1) > 1 or any(n is not None and n < -1 for n in axes):
        return None
    first, *rest = axes
    if first == -1 and None in shape and None not in rest and len(rest) == 1:
        return tuple(rest)  # vectors with the only possible number of features
    if None in shape or None in rest:
        if first == BATCH and rest == [-1]:
            return (None,)
        unknown = [n for n in shape if n != 1] == [n for n in rest if n != 1]  # axes of length 1 are added or removed
        return tuple(rest) if first == BATCH and unknown else None
    whole, known = BATCH * math.prod(shape), math.prod(n for n in axes if n not in (-1, None))  # type: ignore[arg-type]
    if -1 in axes:
        if known < 1 or whole % known:
            return None
        axes = [whole // known if n == -1 else n for n in axes]
    elif known != whole:
        return None
    return tuple(axes[1:]) if axes[0] == BATCH else None


def _transpose(node: Node) -> Value:
    x = node.as_it_lies(0)
    permutation = node.attribute("perm", list(range(len(x.order)))[::-1])
    if sorted(permutation) != list(range(len(x.order))):
        raise OnnxError(f"{node}: expected perm to name each axis of {x} once, got {permutation!s:.80}")
    return Value(x.source, x.shape, tuple(x.order[axis] for axis in permutation))


def _slice(node: Node) -> Value:
    x = node.as_it_lies(0)
    for axis, start, stop, step in slices_of(node, len(x.order)):
        x = _part(node, x, x.order[axis], start, stop, step)
    return x


def _part(node: Node, x: Value, axis: int, start: int, stop: int, step: int) -> Value:
    """A Slice layer over one axis."""
    if axis == 0:
        if start == 0 and stop >= BATCH and step == 1:
            return x
        raise OnnxError(f"{node}: of the batch is not supported")
    size = x.shape[axis - 1]
    if size is None:
        if start == 0 and stop > 2**31 - 2 and step == 1:
            return x
        raise OnnxError(f"{node}: of {x} {SIZE_NEEDED}")
    if step < 1:
        raise OnnxError(f"{node}: backward, in steps of {step}, is not supported")
    part = range(*slice(start, stop, step).indices(size))
    if len(part) == size:
        return x
    if not part:
        raise OnnxError(f"{node}: {start}:{stop} of {size} is empty")
    shape = tuple(len(part) if i == axis else n for i, n in enumerate(x.shape, 1))
    layer = Slice(part.start, part.stop if part.stop < size else None, part.step, axis)
    return Value(node.then(x, layer).source, shape, x.order)


def _split(node: Node) -> list[Value | None]:
    x = node.as_it_lies(0)
    axis = node.axis(node.attribute("axis", 0), x)
    size = (BATCH, *x.shape)[axis]
    if axis == 0 or size is None:
        raise OnnxError(f"{node}: {'of the batch is not supported' if axis == 0 else SIZE_NEEDED}")
    count = len(node.outputs)
    sizes = node.listed("split", 1, since=13)
    if node.attribute("num_outputs", count) != count:
        raise OnnxError(f"{node}: num_outputs={node.attribute('num_outputs')}, but it has {count}")
    if sizes is None:
        each = -(-size // count)
        sizes = [min(each, size - i * each) for i in range(count)]
    if len(sizes) != count or sum(sizes) != size or min(sizes) < 1:
        raise OnnxError(f"{node}: the sizes {sizes!s:.80} do not divide {size} into {count} parts")
    ends = [sum(sizes[: i + 1]) for i in range(count)]
    return [
        _part(node, x, axis, end - n, end, 1) if node.building.uses[name] else None
        for name, n, end in zip(node.outputs, sizes, ends, strict=True)
    ]


def _gather(node: Node) -> Value:
    """One position of an axis, such as `x[:, :, 0]`, or a range."""
    x, indices = node.as_it_lies(0), node.constant(1)
    axis = node.axis(node.attribute("axis", 0), x)
    size = None if axis == 0 else x.shape[axis - 1]
    if axis == 0 or size is None or indices.ndim > 1 or not indices.size:
        raise OnnxError(f"{node}: of the axis {axis} of {x} by indices of shape {indices.shape} is not supported")
    places = [i + size if i < 0 else i for i in node.whole(1)]
    step = places[1] - places[0] if len(places) > 1 else 1
    if step < 1 or places != list(range(places[0], places[-1] + 1, step)):
        raise OnnxError(f"{node}: by the indices {places!s:.80} is not supported, only by a range")
    if places[0] < 0 or places[-1] >= size:
        raise OnnxError(f"{node}: the indices {places[0]} to {places[-1]} are outside an axis of {size}")
    part = _part(node, x, axis, places[0], places[-1] + 1, step)
    if indices.ndim:
        return part
    straight = node.straightened(part)
    gone = part.order.index(axis) - 1
    return node.reshaped(straight, straight.shape[:gone] + straight.shape[gone + 1 :])


def _cast(node: Node) -> Value:
    kinds = {number: name for name, number in package().TensorProto.DataType.items()}
    kind = kinds.get(node.attribute("to", 0), "?")
    node.attribute("saturate")
    if kind not in FLOATS:
        raise OnnxError(f"{node}: of maps to {kind} is not supported")
    return node.as_it_lies(0)


READERS: dict[str, Reader] = {
    "Cast": _cast,
    "Flatten": _flatten,
    "Gather": _gather,
    "Identity": lambda node: node.as_it_lies(0),
    "Reshape": _reshape,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}


# Writing


def _write_reshape(writer: Writer, layer: Reshape, path: str, x: str) -> str:
    return writer.node("Reshape", path, [x, writer.integers(f"{path}.shape", 0, *layer.shape)])


def _write_permute(writer: Writer, layer: Permute, path: str, x: str) -> str:
    return writer.node("Transpose", path, [x], perm=layer.axes)


def _write_slice(writer: Writer, layer: Slice, path: str, x: str) -> str:
    stop = 2**31 - 1 if layer.stop is None else layer.stop
    ends = {"start": layer.start, "stop": stop, "axis": layer.axis, "step": layer.step}
    return writer.node("Slice", path, [x, *(writer.integers(f"{path}.{name}", n) for name, n in ends.items())])


WRITERS: dict[type, Emitter] = {
    Flatten: plain("Flatten"),
    Permute: _write_permute,
    Reshape: _write_reshape,
    Slice: _write_slice,
}
