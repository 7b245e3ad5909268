"""The output of a network for an image of which a small box was changed, computed from what is known of the image.

A change of the pixels [a, a + h) reaches only those outputs of a convolution or pooling whose windows touch it. With a
window of K pixels (dilation included), stride s and padding p, these are, along each axis,

    ⌈(a + p − K + 1) / s⌉ ≤ o ≤ ⌊(a + h − 1 + p) / s⌋

and all that they see are the pixels from s·o − p of the first to s·o − p + K of the last. Those that did not change are
known from a pass of the image itself. So each layer computes a box that grows by its window, and the others' values
stay what they are: this is exact.

Source: Nakandala, Kumar & Papakonstantinou (2019), Incremental and approximate inference for faster occlusion-based
deep CNN explanations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import minicnn as cnn

from .steps import INPUT, Step, Window, steps_of

Array = NDArray[Any]
MOST = 0.8  # of a map: where a change fills more of it, the whole map is computed


@dataclass(frozen=True)
class Changed:
    """n maps that differ from a known one in a box each; the boxes have the same size.

    Attributes:
        known: (1, C, H, W).
        values: those inside the boxes, (n, C, h, w).
        corners: the boxes' top left corners, (n, 2).
    """

    known: Array
    values: Array
    corners: Array

    @property
    def size(self) -> Array:
        """Of the boxes."""
        return np.array(self.values.shape[2:])

    def crop(self, corners: Array, size: Array, outside: float = 0.0) -> Array:
        """The maps inside other boxes, (n, C, *size), with the value `outside` beyond the edges."""
        if np.array_equal(size, self.size) and np.array_equal(corners, self.corners):
            return self.values
        known, values = self.known[0].transpose(1, 2, 0), self.values.transpose(0, 2, 3, 1)
        y = np.empty((len(values), *size, known.shape[2]), known.dtype)
        if (corners < 0).any() or (corners + size > known.shape[:2]).any():
            y.fill(outside)
        for box, own, at, own_at in zip(y, values, corners.tolist(), self.corners.tolist(), strict=True):
            _paste(known, (0, 0), box, at)
            _paste(own, own_at, box, at)
        return y.transpose(0, 3, 1, 2)

    def whole(self) -> Array:
        """The maps, (n, C, H, W)."""
        return self.crop(np.zeros_like(self.corners), np.array(self.known.shape[2:]))


def _paste(source: Array, source_at: Sequence[int], target: Array, target_at: Sequence[int]) -> None:
    """Copy the pixels (h, w, C) that two boxes share into the second."""
    (a, b), (c, d) = source_at, target_at
    top, bottom = max(a, c), min(a + source.shape[0], c + target.shape[0])
    left, right = max(b, d), min(b + source.shape[1], d + target.shape[1])
    if top < bottom and left < right:
        target[top - c : bottom - c, left - d : right - d] = source[top - a : bottom - a, left - b : right - b]


class KnownPass:
    """A pass of one image, (1, C, H, W), whose maps are kept, so that passes of changed images cost little.

    Args:
        until: the path of the layer to stop after.

    Attributes:
        output: for the image itself.
    """

    def __init__(self, model: Any, image: Array, until: str | None = None) -> None:
        self.steps = steps_of(model, until)
        watch = cnn.Watch(*(step.path for step in self.steps if step.path))
        self.output, _ = model.forward(image, cnn.Pass(watch=watch, until=until))
        self.known = {INPUT: image} | watch.activations

    def changed(self, values: Array, corners: Array) -> Array:
        """The outputs (n, …) for the image with other values (n, C, h, w) in the boxes at n corners (n, 2)."""
        found: dict[str, Any] = {INPUT: Changed(self.known[INPUT], values, corners)}
        for step in self.steps:
            found[step.path] = self._after(step, [found[source] for source in step.sources])
        return _whole(found[step.path])

    def _after(self, step: Step, xs: list[Any]) -> Any:
        joins, known = isinstance(step.layer, cnn.Join), self.known.get(step.path)
        if known is not None and all(isinstance(x, Changed) and x.values[0].size <= MOST * x.known.size for x in xs):
            if step.window is not None:
                return _slid(step.window, xs[0], known)
            if joins and all(x.known.shape[2:] == known.shape[2:] for x in xs):
                return _joined(step.layer, xs, known)
        arrays = [_whole(x) for x in xs]
        return step.layer.forward(arrays if joins else arrays[0], cnn.Pass())[0]


def _whole(x: Any) -> Array:
    return x.whole() if isinstance(x, Changed) else x


def _slid(window: Window, x: Changed, known: Array) -> Changed:
    """The outputs of windows that see a changed pixel."""
    field = window.field
    size, stride, before = np.array(field.size), np.array(field.stride), -np.array(field.offset)
    first = -((size - 1 - before - x.corners) // stride)  # rounded up
    last = (x.corners + x.size - 1 + before) // stride
    corners, extent = _boxes(first, last + 1, known)
    seen = x.crop(corners * stride - before, (extent - 1) * stride + size, window.outside)
    return Changed(known, window.layer.forward(seen, cnn.Pass())[0], corners)


def _joined(join: cnn.Join, xs: list[Changed], known: Array) -> Changed:
    """Several maps as one, in boxes that contain all that has changed."""
    first = np.min([x.corners for x in xs], axis=0)
    last = np.max([x.corners + x.size for x in xs], axis=0)
    corners, extent = _boxes(first, last, known)
    return Changed(known, join.forward([x.crop(corners, extent) for x in xs])[0], corners)


def _boxes(first: Array, last: Array, known: Array) -> tuple[Array, Array]:
    """Corners of boxes within the map that contain the pixels from `first` to `last`, and their size: that of the
    largest, so that all can be computed at once."""
    shape = np.array(known.shape[2:])
    first, last = np.clip(first, 0, shape - 1), np.clip(last, 1, shape)
    extent = (last - first).max(axis=0).clip(1)
    return np.minimum(first, shape - extent), extent
