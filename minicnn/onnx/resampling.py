"""Operators that change the size of maps: Resize, Upsample, Pad."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..layers import Pad, Upsample
from ..ops.contract import Array
from ..ops.interpolate2d import taps
from .emitting import Emitter, Writer
from .files import OnnxError
from .nodes import LARGEST, SIZE_NEEDED, Node, Reader
from .unrolled import pad_of_channels
from .values import Value

MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}  # ONNX's: ours
OURS = (("nearest", False), ("bilinear", False), ("bilinear", True))  # modes, and whether corners are aligned

# Reading


def _resize(node: Node) -> Value:
    """Find the mode of ours that reads the same pixels as ONNX's formulas, if there is one."""
    mode = node.attribute("mode", "nearest")
    for name, value in {"antialias": 0, "exclude_outside": 0, "keep_aspect_ratio_policy": "stretch"}.items():
        node.expect(name, value)
    for name in ("cubic_coeff_a", "extrapolation_value"):  # of modes that are not supported
        node.attribute(name)
    if mode not in ("nearest", "linear"):
        raise OnnxError(f"{node}: mode={mode!r:.80} is not supported, only nearest and linear")
    if node.op == "Upsample" or node.opset < 11:
        transform, rounding = "asymmetric", "floor"
    else:
        transform = node.attribute("coordinate_transformation_mode", "half_pixel")
        rounding = node.attribute("nearest_mode", "round_prefer_floor")
    x = node.maps()
    H, W = x.shape[1:]
    if H is None or W is None:
        raise OnnxError(f"{node}: which pixels it reads {SIZE_NEEDED}")
    sizes, scales = _sizes(node, x, (H, W))
    if not all(0 < size <= LARGEST for size in sizes):
        raise OnnxError(f"{node}: expected a size in 1…{LARGEST}, got {sizes}")
    axes = list(zip((H, W), sizes, scales, strict=True))
    theirs = [_taps(node, *axis, mode, transform, rounding) for axis in axes]
    for ours, aligned in OURS:
        if all(_alike(found, taps(m, n, ours, aligned)) for (m, n, _), found in zip(axes, theirs, strict=True)):
            whole = all(n % m == 0 for m, n, _ in axes)
            by = {"scale_factor": (sizes[0] // H, sizes[1] // W)} if whole else {"size": (sizes[0], sizes[1])}
            return node.then(x, Upsample(mode=ours, align_corners=aligned, **by), shape=(x.shape[0], *sizes))
    raise OnnxError(
        f"{node}: mode={mode} with coordinate_transformation_mode={transform!r:.80} and nearest_mode={rounding!r:.80} "
        f"from {(H, W)} to {tuple(sizes)} is not supported"
    )


def _sizes(node: Node, x: Value, old: tuple[int, int]) -> tuple[list[int], list[float]]:
    """The height and width of the output, and their scales, for maps of the size `old`."""
    given = _scales(node)
    if given is None:
        if not node.has(3):
            raise OnnxError(f"{node}: expected scales or sizes")
        wanted = _by_axis(node, node.whole(3))
        kept = [wanted.get(axis, n) for axis, n in enumerate(x.axes)]
        if kept[:2] != list(x.axes[:2]) and kept[:2] != [node.building.batch, x.axes[1]]:
            raise OnnxError(f"{node}: of other axes than height and width is not supported, got {kept}")
        sizes = [wanted.get(axis, n) for axis, n in enumerate(old, start=2)]
        return sizes, [size / n for size, n in zip(sizes, old, strict=True)]
    by = _by_axis(node, given)
    if any(by.get(axis, 1) != 1 for axis in (0, 1)):
        raise OnnxError(f"{node}: of other axes than height and width is not supported, got scales {given}")
    scales = [by.get(axis, 1.0) for axis in (2, 3)]
    if not all(0 < scale <= LARGEST for scale in scales):
        raise OnnxError(f"{node}: expected scales in 0…{LARGEST}, got {given}")
    return [int(np.floor(n * scale)) for n, scale in zip(old, scales, strict=True)], scales


def _by_axis(node: Node, given: list[Any]) -> dict[int, Any]:
    """Sizes or scales by the axes they are of."""
    axes = node.attribute("axes", [0, 1, 2, 3])
    if len(axes) != len(given):
        raise OnnxError(f"{node}: expected a number for each of the axes {axes}, got {given!s:.80}")
    return {axis % 4: given[i] for i, axis in enumerate(axes)}


def _scales(node: Node) -> list[float] | None:
    if "scales" in node.attributes:  # Upsample until opset 9
        return [float(scale) for scale in node.attribute("scales")]
    array = node.optional(1 if node.op == "Upsample" or node.opset < 11 else 2)
    return [float(scale) for scale in array.ravel()] if array is not None and array.size else None


def _taps(node: Node, m: int, n: int, scale: float, mode: str, transform: str, rounding: str) -> tuple[Array, ...]:
    """For each of n outputs on an axis of m inputs: the two inputs it lies between, and how far toward the second."""
    o = np.arange(n, dtype=np.float32)
    half, scale = np.float32(0.5), np.float32(scale)  # type: ignore[assignment]
    positions = {
        "half_pixel": lambda: (o + half) / scale - half,
        "pytorch_half_pixel": lambda: (o + half) / scale - half if n > 1 else 0 * o,
        "half_pixel_symmetric": lambda: (o + half) / scale - half + m / 2 * (1 - n / (scale * m)),
        "asymmetric": lambda: o / scale,
        "align_corners": lambda: o * ((m - 1) / (n - 1)) if n > 1 else 0 * o,
    }
    roundings: dict[str, Any] = {
        "round_prefer_floor": lambda p: np.ceil(p - 0.5),
        "round_prefer_ceil": lambda p: np.floor(p + 0.5),
        "floor": np.floor,
        "ceil": np.ceil,
    }
    if transform not in positions or rounding not in roundings:
        raise OnnxError(f"{node}: coordinates {transform!r:.80}, {rounding!r:.80} are not supported")
    position = positions[transform]()
    if mode == "nearest":
        low = np.clip(roundings[rounding](position), 0, m - 1).astype(np.int64)
        return low, low, 0 * o
    position = np.clip(position, 0, m - 1)
    low = position.astype(np.int64)
    return low, np.minimum(low + 1, m - 1), position - low


def _alike(theirs: Sequence[Array], ours: Sequence[Array]) -> bool:
    """Whether both read the same pixels with the same weights."""
    one, other = (low + t * (high - low) for low, high, t in (theirs, ours))
    return bool(np.allclose(one, other, rtol=0, atol=1e-4))


def _pad(node: Node) -> Value:
    mode = node.attribute("mode", "constant")
    if len(node.as_it_lies(0).shape) == 4 and mode == "constant" and node.opset >= 11 and not node.has(3):
        return pad_of_channels(node, node.value(0), node.whole(1))
    x = node.maps()
    if mode not in MODES:
        raise OnnxError(f"{node}: mode={mode!r:.80} is not supported, only {', '.join(MODES)}")
    if node.opset < 11:
        given, value, chosen = node.attribute("pads", []), node.attribute("value", 0.0), None
    else:
        given, value, chosen = node.whole(1), node.number(2, 0.0), node.whole(3) if node.has(3) else None
    axes = range(4) if chosen is None else [node.axis(axis, x) for axis in chosen]
    if len(given) != 2 * len(axes) or not all(isinstance(side, int) and 0 <= side <= LARGEST for side in given):
        raise OnnxError(f"{node}: pads {given!s:.80} are not supported, only two of 0…{LARGEST} for each axis")
    ends = dict.fromkeys(range(4), (0, 0)) | dict(zip(axes, zip(given, given[len(axes) :], strict=False), strict=False))
    if any(ends[0]):
        raise OnnxError(f"{node}: padding of the batch is not supported")
    if not any(map(any, ends.values())):
        return x
    shape = tuple(None if size is None else size + sum(ends[axis]) for axis, size in enumerate(x.shape, start=1))
    padding = (*ends[3], *ends[2], *(ends[1] if any(ends[1]) else ()))
    return node.then(x, Pad(padding, value if mode == "constant" else 0.0, MODES[mode]), shape=shape)


READERS: dict[str, Reader] = {"Pad": _pad, "Resize": _resize, "Upsample": _resize}


# Writing


def _write_pad(writer: Writer, layer: Pad, path: str, x: str) -> str:
    left, right, top, bottom, front, back = (*layer.padding, 0, 0)[:6]
    pads = writer.integers(f"{path}.pads", 0, front, top, left, 0, back, bottom, right)
    theirs = {ours: name for name, ours in MODES.items()}[layer.mode]
    if theirs == "wrap":
        raise OnnxError(f"{path}: circular padding has a form in ONNX only from opset 19 on")
    return writer.node("Pad", path, [x, pads, writer.number(f"{path}.value", layer.value)], mode=theirs)


def _write_upsample(writer: Writer, layer: Upsample, path: str, x: str) -> str:
    _, height, width = writer.shapes[path]
    sizes = writer.integers(f"{path}.sizes", height, width)
    if layer.mode == "nearest":
        options = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    else:
        corners = "align_corners" if layer.align_corners else "half_pixel"
        options = {"mode": "linear", "coordinate_transformation_mode": corners}
    return writer.node("Resize", path, [x, "", "", sizes], axes=[2, 3], **options)


WRITERS: dict[type, Emitter] = {Pad: _write_pad, Upsample: _write_upsample}
