"""A labeled set of images, held in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minicnn.data.streams import Stream, generator
from minicnn.display import VISIBLE, Pair, Shown, drawing


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(Shown):
    """Images of one size, the class of each, and the classes' names.

    Attributes:
        images: uint8, (N, C, H, W); one channel is gray, three are red, green, blue.
        labels: int64, (N,), each an index into `classes`.
        classes: the names of the classes.
        paths: the file of each image, if they were read from files.

    Raises:
        ValueError: shapes, dtypes or labels do not fit together.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: Sequence[str]
    paths: Sequence[Path] | None = None

    def __post_init__(self) -> None:
        images, labels, classes = np.ascontiguousarray(self.images), np.asarray(self.labels), tuple(self.classes)
        if images.dtype != np.uint8 or images.ndim != 4:
            raise ValueError(
                f"Dataset: images must be uint8 of shape (N, C, H, W), got {images.dtype} {images.shape}; "
                "give gray images (N, H, W) their channel by images[:, None]"
            )
        if labels.shape != images.shape[:1] or not np.issubdtype(labels.dtype, np.integer):
            raise ValueError(
                f"Dataset: labels must be {len(images)} integers, one for each image, got {labels.dtype} {labels.shape}"
            )
        wrong = np.flatnonzero((labels < 0) | (labels >= len(classes)))
        if wrong.size:
            raise ValueError(
                f"Dataset: labels must lie in 0…{len(classes) - 1} (there are {len(classes)} classes), "
                f"but labels[{wrong[0]}] is {labels[wrong[0]]}"
            )
        if self.paths is not None and len(self.paths) != len(images):
            raise ValueError(f"Dataset: {len(images)} images, but {len(self.paths)} paths")
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "labels", labels.astype(np.int64, copy=False))
        object.__setattr__(self, "classes", classes)
        object.__setattr__(self, "paths", None if self.paths is None else tuple(self.paths))

    def __len__(self) -> int:
        return len(self.images)

    def _headline(self) -> str:
        channels, height, width = self.images.shape[1:]
        return f"{len(self):,} images of {channels}×{height}×{width}, {len(self.classes)} classes"

    def plot(self) -> Any:
        """A contact sheet of twenty images, evenly spread (`viz.plot.images`); None for an empty data set."""
        return self.show() if len(self) and self.images.shape[1] in VISIBLE else None

    def show(self, count: int = 20, **options: Any) -> Any:
        """A contact sheet of `count` images, evenly spread; the options are those of `viz.plot.images`."""
        return drawing().images(self, count=count, **options)

    @overload
    def __getitem__(self, index: int) -> Pair: ...

    @overload
    def __getitem__(self, index: slice) -> Dataset: ...

    def __getitem__(self, index: int | slice) -> Pair | Dataset:
        """`data[3]` is one image (C, H, W) and its label; `data[10:20]` is a Dataset that shares memory."""
        if isinstance(index, slice):
            paths = None if self.paths is None else self.paths[index]
            return Dataset(self.images[index], self.labels[index], self.classes, paths)
        label = int(self.labels[index])
        return Pair(self.images[index], label, self.classes[label])

    def subset(self, indices: ArrayLike) -> Dataset:
        """The images at `indices` (integers in any order, or a mask of booleans), copied."""
        places = np.arange(len(self))[np.asarray(indices)]
        paths = None if self.paths is None else [self.paths[place] for place in places]
        return Dataset(self.images[places], self.labels[places], self.classes, paths)

    def split(self, fraction: float, seed: int = 0) -> tuple[Dataset, Dataset]:
        """Two disjoint parts: `fraction` of every class drawn at random, and the rest.

        Each part keeps the order of the whole.

        Raises:
            ValueError: a part would be empty.
        """
        rng = generator(seed, Stream.SPLIT)
        first = np.zeros(len(self), bool)
        for label in range(len(self.classes)):
            members = rng.permutation(np.flatnonzero(self.labels == label))
            first[members[: round(fraction * len(members))]] = True
        if first.all() or not first.any():
            raise ValueError(
                f"split: {fraction} of each class of {len(self)} images leaves one part empty; "
                "expected a fraction between 0 and 1, and more images if it is"
            )
        return self.subset(first), self.subset(~first)
