"""A layer's activations for a whole data set, as a matrix."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from minicnn.data import Dataset
from minicnn.distributed import Group

from ..activations.streaming import as_dataset, stream

IN_MEMORY = 2**29  # bytes; larger matrices are kept on disk


def extract_features(
    model: Any,
    dataset: Dataset | np.ndarray,
    layer: str,
    *,
    average: bool = False,
    path: str | Path | None = None,
    batch_size: int | None = None,
    progress: bool | None = None,
    group: Group | None = None,
) -> np.ndarray:
    """A layer's output for every image, one row for each: float32 (N, D).

    More than 512 MiB are kept in a memory-mapped file (`np.memmap`): at `path`, or in a temporary file that is deleted
    with the array.

    Args:
        model: a network.
        dataset: images, with or without labels, prepared by the model's own transform; see `activations.stream`.
        layer: a path. Maps are flattened to rows of C·H·W numbers.
        average: take each map's mean, so that D = C.
        path: write the matrix to this `.npy` file, however large, and return it mapped; `np.load(path)` reads it.
        batch_size, progress: those of `activations.stream`.
        group: processes that share the images (`minicnn.distributed`). Each gets all rows, in memory; only the first
            writes to `path`.

    Raises:
        ValueError: the layer is unknown, or the images do not fit the model.
        TypeError: `dataset` is neither a data set nor images.
    """
    dataset = as_dataset(dataset)
    if group is not None and group.size > 1:
        return _shared(model, dataset, layer, average, path, batch_size, progress, group)
    features: np.ndarray | None = None
    for rows, activations in stream(
        model, dataset, [layer], batch_size=batch_size, progress=progress, title=f"features of {layer}"
    ):
        y = _rows(activations[layer], average)
        if features is None:
            features = _matrix((len(dataset), y.shape[1]), path)
        features[rows] = y
    assert features is not None
    return features


def _rows(y: np.ndarray, average: bool) -> np.ndarray:
    """A batch's activations as rows."""
    return (y.mean(axis=(2, 3)) if average and y.ndim == 4 else y).reshape(len(y), -1)


def _shared(
    model: Any,
    dataset: Dataset,
    layer: str,
    average: bool,
    path: str | Path | None,
    batch_size: int | None,
    progress: bool | None,
    group: Group,
) -> np.ndarray:
    """`extract_features` if each process computes some of the rows."""
    title = f"features of {layer}"
    parts = stream(model, dataset, [layer], batch_size=batch_size, progress=progress, title=title, group=group)
    rows = [_rows(activations[layer], average).astype(np.float32, copy=False) for _, activations in parts]
    features = group.gather(np.concatenate(rows) if rows else np.empty((0, 0), np.float32))
    if path is None or not group.main:
        return features
    written = _matrix(features.shape, path)
    written[...] = features
    return written


def _matrix(shape: tuple[int, int], path: str | Path | None) -> np.ndarray:
    if path is not None:
        return np.lib.format.open_memmap(path, "w+", np.float32, shape)
    if 4 * shape[0] * shape[1] <= IN_MEMORY:
        return np.empty(shape, np.float32)
    with tempfile.TemporaryFile() as file:  # only the mapping keeps the file alive
        return np.memmap(file, np.float32, "w+", shape=shape)
