"""What processes must have in common before they train a model together."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from ..checkpoint import state_of
from ..data.dataset import Dataset
from ..group import Group
from ..layers.description import describe


def check_alike(group: Group, model: Any, dataset: Dataset, **facts: Any) -> None:
    """Raise an error if the processes' models or data differ: their work could not be combined.

    Args:
        facts: other values that must be equal.

    Raises:
        ValueError: something differs; on every process, with its name.
    """
    if group.size > 1:
        weights = digest(b"".join(array.tobytes() for array in state_of(model).values()))
        transform = repr(getattr(model, "transform", None))
        alike = {"data": fingerprint(dataset), "model": describe(model), "weights": weights, "transform": transform}
        group.agree(alike | facts)


def fingerprint(dataset: Dataset) -> str:
    """A data set's size, and a checksum of its images and labels."""
    channels, height, width = dataset.images.shape[1:]
    checksum = crc32(dataset.labels.tobytes(), crc32(dataset.images.data))
    return f"{len(dataset)} images of {channels}×{height}×{width}, checksum {checksum:08x}"


def digest(contents: Any) -> str:
    """A short checksum of bytes, or of an array."""
    return f"checksum {crc32(contents):08x}"
