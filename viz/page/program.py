"""A network as a list of steps, for the page's own engine: what to run, on what, with which weights.

    {"steps": [{"path": "conv1", "op": "conv2d", "from": [0], "weight": {"at": 0, "shape": [10, 1, 3, 3]}, …}, …], …}

Value 0 is the image; step i computes value i + 1. There are no containers: their joins are steps.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

import minicnn as cnn

from .missing import Missing

MOST = 8_000_000  # weights in one page
WIDE = 2_000_000  # weights; up to this many are stored as float32

OPTIONS: dict[type, tuple[str, tuple[str, ...]]] = {
    cnn.Conv2d: ("conv2d", ("stride", "padding", "dilation", "groups")),
    cnn.Dense: ("dense", ()),
    cnn.MaxPool2d: ("maxPool2d", ("kernel_size", "stride", "padding", "dilation", "ceil_mode")),
    cnn.AvgPool2d: ("avgPool2d", ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")),
    cnn.layers.AdaptiveAvgPool2d: ("adaptiveAvgPool2d", ("output_size",)),
    cnn.GlobalAvgPool2d: ("adaptiveAvgPool2d", ()),
    cnn.BatchNorm2d: ("affine", ()),
    cnn.ReLU: ("relu", ()),
    cnn.layers.LeakyReLU: ("leakyRelu", ("negative_slope",)),
    cnn.layers.Clip: ("clip", ("low", "high")),
    cnn.layers.Sigmoid: ("sigmoid", ()),
    cnn.Softmax: ("softmax", ()),
    cnn.Flatten: ("flatten", ()),
    cnn.Dropout: ("copy", ()),
    cnn.layers.Dropout2d: ("copy", ()),
    cnn.layers.Pad: ("pad", ("padding", "value")),
}


class Program:
    """The steps of a network, and all its weights in one vector.

    Args:
        model: a network with a transform.
        input_shape: of one image, (C, H, W).

    Attributes:
        steps: what to run, in order.
        values: the number of each layer's output, by path; a container's is that of its last step.
        logits: the number of the scores before a final softmax.

    Raises:
        Missing: the page's engine does not support one of its layers, or it has too many weights for a page.
    """

    def __init__(self, model: Any, input_shape: tuple[int, ...]) -> None:
        self.model, self.input_shape = model, input_shape
        self.steps: list[dict[str, Any]] = []
        self.values: dict[str, int] = {}
        self._arrays: list[NDArray[Any]] = []
        self._size = 0
        if (count := sum(array.size for array in model.state().values())) > MOST:
            raise Missing(f"The network has {count:,} weights, and a page carries at most {MOST:,}.")
        last = self._enter(model, "", 0)
        ends = self.steps[last - 1]
        self.logits = ends["from"][0] if ends["op"] == "softmax" else last

    @property
    def precision(self) -> str:
        """The type in which the page stores the weights."""
        return "float32" if self._size <= WIDE else "float16"

    def weights(self, model: Any = None) -> NDArray[np.float32]:
        """All weights in the order of the steps: of this network, or of another of the same architecture."""
        program = self if model is None else Program(model, self.input_shape)
        return np.concatenate([array.ravel() for array in program._arrays] or [np.empty(0)]).astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        """The program without its weights, ready for JSON."""
        transform = self.model.transform
        return {
            "input": list(self.input_shape),
            "steps": self.steps,
            "values": self.values,
            "logits": self.logits,
            "precision": self.precision,
            "transform": {
                "factor": [float(v) for v in transform._factor.ravel()],
                "shift": [float(v) for v in transform._shift.ravel()],
                "reversed": transform.channels == "BGR",
            },
        }

    def _step(self, path: str, op: str, sources: list[int], **options: Any) -> int:
        self.steps.append({"path": path, "op": op, "from": sources, **options})
        return len(self.steps)

    def _array(self, array: NDArray[Any] | None) -> dict[str, Any] | None:
        if array is None:
            return None
        self._arrays.append(array)
        at, self._size = self._size, self._size + array.size
        return {"at": at, "shape": list(array.shape)}

    def _enter(self, layer: Any, path: str, source: int) -> int:
        """Add the steps of a layer and of all inside it; returns the number of its output."""
        inside = {name: (child, f"{path}.{name}" if path else name) for name, child in _children(layer).items()}
        if isinstance(layer, cnn.Concat):
            value = self._step(path, "concat", [self._enter(child, at, source) for child, at in inside.values()])
        elif isinstance(layer, cnn.Residual):
            shortcut, value = source, source
            for name, (child, at) in inside.items():
                if name == layer.shortcut_name:
                    shortcut = self._enter(child, at, source)
                else:
                    value = self._enter(child, at, value)
            value = self._step(path, "add", [value, shortcut])
        elif isinstance(layer, cnn.layers.Graph):
            found = {layer.INPUT: source}
            for name, (child, at) in inside.items():
                sources = [found[given] for given in layer.sources[name]]
                if isinstance(child, cnn.layers.Join):
                    found[name] = self.values[at] = self._step(at, child.operation, sources)
                else:
                    found[name] = self._enter(child, at, sources[0])
            value = found[name]
        elif isinstance(layer, cnn.Sequential):
            value = source
            for child, at in inside.values():
                value = self._enter(child, at, value)
        else:
            value = self._leaf(layer, path, source)
        if path:
            self.values[path] = value
        return value

    def _leaf(self, layer: Any, path: str, source: int) -> int:
        if type(layer) not in OPTIONS:
            raise Missing(f"The page’s own engine has no {type(layer).__name__} ({path}).")
        op, names = OPTIONS[type(layer)]
        options: dict[str, Any] = {name: getattr(layer, name) for name in names}
        if isinstance(layer, cnn.Conv2d | cnn.Dense):
            options |= {"weight": self._array(layer.weight), "bias": self._array(layer.bias)}
        elif isinstance(layer, cnn.BatchNorm2d):
            factor = layer.weight / np.sqrt(layer.running_var + layer.eps)
            shift = layer.bias - layer.running_mean * factor
            options |= {"weight": self._array(factor), "bias": self._array(shift)}
        elif isinstance(layer, cnn.GlobalAvgPool2d):
            options |= {"output_size": (1, 1), "flat": True}
        return self._step(path, op, [source], kind=type(layer).__name__, **options)


def _children(layer: Any) -> dict[str, Any]:
    found: dict[str, Any] = getattr(layer, "children", {})
    return found


def as_text(array: NDArray[Any], precision: str) -> str:
    """Numbers as base64 of their little-endian bytes."""
    return base64.b64encode(array.astype(np.dtype(precision).newbyteorder("<")).tobytes()).decode("ascii")
