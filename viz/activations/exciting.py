"""Which images, and which patches of them, excite a channel most."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from minicnn.data import Dataset
from minicnn.display import Shown, drawing
from minicnn.distributed import Group
from minicnn.receptive_field import Field, receptive_fields

from .statistics import listed
from .streaming import as_dataset, stream

OUTSIDE = 128  # the gray beyond an image's edge
BLANK = 255  # white: where there is no patch


@dataclass(frozen=True, eq=False, repr=False)
class ExcitingPatches(Shown):
    """The images that excite each of C channels most, strongest first: at most T, with one patch from each.

    An image excites a channel if the channel's activation is above 0 somewhere. If fewer than T images do, the
    channel's last entries are empty; for a dead channel all are.

    Attributes:
        layer: the channels' layer.
        scores: the strongest activation in the image, (C, T); NaN in empty entries.
        indices: the image, an index into the data set, (C, T); −1 in empty entries.
        places: its position in the layer's map, (row, column), (C, T, 2); the first among equals; −1 in empty entries.
        boxes: the box of pixels it depends on, (top, left, bottom, right), int (C, T, 4). Boxes extend past the edge
            where the network pads the image. Without a fixed receptive field, the whole image; undefined in empty
            entries.
        dataset: the images that were searched, if known.
    """

    layer: str
    scores: np.ndarray
    indices: np.ndarray
    places: np.ndarray
    boxes: np.ndarray
    dataset: Dataset | None = None

    @property
    def hits(self) -> np.ndarray:
        """How many of the T entries hold a patch (the first ones), int (C,)."""
        return (self.indices >= 0).sum(axis=1)

    @property
    def dead(self) -> np.ndarray:
        """Channels that no image excites, bool (C,)."""
        return self.hits == 0

    def names(self, channels: ArrayLike | None = None) -> list[str]:
        """A line about each channel: "channel 9, activation 0.33" (that of its strongest patch), "channel 7: dead"."""
        dead = self.dead
        return [
            f"channel {c}: dead" if dead[c] else f"channel {c}, activation {self.scores[c, 0]:.3g}"
            for c in self._chosen(channels)
        ]

    def patches(
        self, dataset: Dataset | np.ndarray | None = None, channels: ArrayLike | None = None
    ) -> np.ma.MaskedArray:
        """The patches as images, uint8 (channels, T, 1 or 3, h, w), cropped exactly, gray beyond the edge.

        Empty entries are masked, and white under the mask. If a box is at least as high (or wide) as the image, the
        whole side is shown.

        Args:
            dataset: the images that were searched; by default the stored ones.
            channels: which ones, (n,); by default all.

        Raises:
            ValueError: there are no images.
        """
        chosen = self._chosen(channels)
        dataset = self.dataset if dataset is None else dataset
        if dataset is None:
            raise ValueError("patches: expected the images that were searched, got none")
        images = as_dataset(dataset).images
        height, width = images.shape[2:]
        boxes = self.boxes[chosen].copy()
        for low, high, side in ((0, 2, height), (1, 3, width)):
            whole = boxes[..., high] - boxes[..., low] >= side
            boxes[..., low][whole], boxes[..., high][whole] = 0, side
        rows = [
            [_cut(images[i], box) for i, box in zip(indices, places, strict=True)]
            for indices, places in zip(self.indices[chosen], boxes, strict=True)
        ]
        patches, empty = np.ma.MaskedArray(rows, dtype=np.uint8), self.indices[chosen] < 0
        patches[empty] = BLANK
        patches[empty] = np.ma.masked
        return patches

    def _headline(self) -> str:
        C, T = self.scores.shape
        return f"layer={self.layer!r}, channels={C}, top={T}, dead={listed(self.dead)}"

    def plot(self, channels: ArrayLike | None = None) -> Any:
        """The patches of some channels, by default the twelve most excited (`viz.plot.exciting_patches`)."""
        if self.dataset is None or not self.hits.any():
            return None
        return drawing().exciting_patches(self, channels=channels)

    def _chosen(self, channels: ArrayLike | None) -> np.ndarray:
        return np.arange(len(self.scores)) if channels is None else np.asarray(channels)


def exciting_patches(
    model: Any,
    dataset: Dataset | np.ndarray,
    layer: str,
    *,
    top: int = 9,
    batch_size: int | None = None,
    progress: bool | None = None,
    group: Group | None = None,
) -> ExcitingPatches:
    """Search a data set once for the images that excite each channel of a layer most.

        score of an image = max over places (i, j) of  layer[channel, i, j]

    Each image counts once, by its strongest position, so that one image cannot fill a channel's list, and only if its
    score is above 0: a dead channel's list is empty. Memory holds one batch and the best so far.

    Args:
        model: a network.
        dataset: images, with or without labels (see `stream`), prepared by the model's own transform.
        layer: the layer: its maps, or a dense layer's units (each sees the whole image).
        top: patches for each channel, at most.
        batch_size, progress: those of `stream`.
        group: processes that share the images (`minicnn.distributed`); each returns the whole result.

    Raises:
        ValueError: the layer is unknown, or `top` is below 1.
        TypeError: `dataset` is neither a data set nor images.

    Source: Zeiler & Fergus (2014), Visualizing and understanding convolutional networks, figure 2; the patch is the
    receptive field (`minicnn.receptive_field`), the union over all paths through branches.
    """
    if top < 1:
        raise ValueError(f"exciting_patches: top must be at least 1, got {top}")
    dataset = as_dataset(dataset)
    best: list[np.ndarray] | None = None  # scores, indices, places in flat maps: each (C, up to top)
    maps: tuple[int, ...] | None = None
    for images, activations in stream(
        model, dataset, [layer], batch_size=batch_size, progress=progress, title=f"what excites {layer}", group=group
    ):
        y = activations[layer]
        maps = y.shape[2:]
        flat = y.reshape(*y.shape[:2], -1)
        places = flat.argmax(axis=2)
        scores = np.take_along_axis(flat, places[..., None], axis=2)[..., 0]
        indices = np.broadcast_to(np.arange(images.start, images.stop)[:, None], places.shape)
        found = [scores.T, indices.T, places.T]
        if best is not None:
            found = [np.concatenate(pair, axis=1) for pair in zip(best, found, strict=True)]
        best = _strongest(found, top)
    if group is not None and group.size > 1:
        maps = next(tuple(shape) for shape in map(json.loads, group.texts(json.dumps(maps))) if shape is not None)
        best = _strongest(_merged(best, group), top)
    assert best is not None and maps is not None
    scores, indices, flat_places = best
    rows, columns = np.divmod(flat_places, maps[1]) if len(maps) == 2 else (flat_places, np.zeros_like(flat_places))
    places = np.stack([rows, columns], axis=2)
    empty = ~(scores > 0)
    scores[empty], indices[empty], places[empty] = np.nan, -1, -1
    field = receptive_fields(model).get(layer) if len(maps) == 2 else None
    boxes = _boxes(places, field, dataset.images.shape[2:])
    return ExcitingPatches(layer, scores, indices, places, boxes, dataset)


def _strongest(found: list[np.ndarray], top: int) -> list[np.ndarray]:
    """Scores, indices and places (C, many) of the `top` strongest; among equals the first image."""
    order = np.argsort(-found[0], axis=1, kind="stable")[:, :top]
    return [np.take_along_axis(values, order, axis=1) for values in found]


def _merged(best: list[np.ndarray] | None, group: Group) -> list[np.ndarray]:
    """The lists of all processes, concatenated in the order of the images."""
    mine = [values.T for values in best] if best else [np.empty((0, 0))] * 3
    return [group.gather(values).T for values in mine]


def _boxes(places: np.ndarray, field: Field | None, image: tuple[int, ...]) -> np.ndarray:
    """`Field.box` of every position; the whole image if there is no field."""
    if field is None:
        return np.broadcast_to(np.array([0, 0, *image]), (*places.shape[:2], 4)).copy()
    corner = np.array(field.offset) + places * np.array(field.stride)
    return np.concatenate([corner, corner + np.array(field.size)], axis=2)


def _cut(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """A box of an image (C, H, W), gray beyond the edge."""
    top, left, bottom, right = (int(edge) for edge in box)
    H, W = image.shape[1:]
    patch = np.full((len(image), bottom - top, right - left), OUTSIDE, np.uint8)
    y0, y1, x0, x1 = max(0, top), min(H, bottom), max(0, left), min(W, right)
    if y0 < y1 and x0 < x1:
        patch[:, y0 - top : y1 - top, x0 - left : x1 - left] = image[:, y0:y1, x0:x1]
    return patch
