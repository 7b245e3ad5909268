"""Running a network over a whole data set, one batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

import minicnn as cnn
from minicnn.data import Dataset, Loader
from minicnn.distributed import Group
from minicnn.layers import dtype_of
from minicnn.training import check_alike, check_initialized, transform_of

from ..progress import bar

MOST_IMAGES = 256  # in a batch
MOST_NUMBERS = 2**19  # input numbers in a batch: 3 photographs of 224×224; deep networks hold about 100 times as many


def stream(
    model: Any,
    dataset: Dataset | np.ndarray,
    layers: Sequence[str],
    *,
    batch_size: int | None = None,
    progress: bool | None = None,
    title: str = "images",
    group: Group | None = None,
) -> Iterator[tuple[slice, dict[str, np.ndarray]]]:
    """The outputs of layers for every image, in the data set's order: (which images, activations by path).

    The model's own transform prepares the images; layers after the wanted ones are not run if possible. Memory holds
    one batch: keep what you compute from it, not the arrays.

    Args:
        model: the network.
        dataset: the images, as a data set or as an array, uint8 (N, C, H, W).
        layers: paths, at least one.
        batch_size: images at a time; by default depends on their size.
        progress: show a bar on stderr; None: only if stderr is a terminal.
        title: of the bar.
        group: processes that share the images (`minicnn.distributed`): each gets a part of the batches, in order.

    Raises:
        ValueError: a layer is unknown, the model has no transform or is not initialized, or the images do not fit
            it.
        TypeError: `dataset` is neither a data set nor images.
    """
    dataset = as_dataset(dataset)
    if not layers:
        raise ValueError("stream: expected at least one layer, got none")
    check_initialized("stream", model)
    if batch_size is None:
        batch_size = max(1, min(MOST_IMAGES, MOST_NUMBERS // max(1, dataset.images[:1].size)))
    loader = Loader(dataset, batch_size, shuffle=False, transform=transform_of("stream", model))
    group = group or Group()
    check_alike(group, model, dataset)
    mine = group.part(len(loader))
    dtype, until, done = dtype_of(model), _last_needed(model, layers), mine.start * batch_size
    images = min(mine.stop * batch_size, len(dataset)) - min(done, len(dataset))
    with bar(title, images, "images", progress if group.main else False) as shown:
        for x, _ in islice(loader.epoch(0, start=mine.start), len(mine)):
            watch = cnn.Watch(*layers)
            model.forward(x.astype(dtype, copy=False), cnn.Pass(watch=watch, until=until))
            yield slice(done, done + len(x)), watch.activations
            done += len(x)
            shown.update(len(x))


def as_dataset(images: Dataset | np.ndarray) -> Dataset:
    """A data set, made from the images, uint8 (N, C, H, W), if necessary.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(images, Dataset):
        return images
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.ndim != 4:
        got = f"{images.dtype} {images.shape}" if isinstance(images, np.ndarray) else type(images).__name__
        raise TypeError(
            f"expected a Dataset, or its images as uint8 (N, C, H, W), got {got}; the model's transform is applied here"
        )
    return Dataset(images, np.zeros(len(images), np.int64), ("image",))


def _last_needed(model: Any, layers: Sequence[str]) -> str | None:
    """The outermost layer to stop after, the last one that contains a wanted layer; None: run the whole model."""
    if not isinstance(model, cnn.Sequential):
        return None
    wanted = {path.partition(".")[0] for path in layers}
    return next((name for name in reversed(list(model.children)) if name in wanted), None)
