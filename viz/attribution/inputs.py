"""Checking and batching images; baselines and noise of their shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def check_images(x: Array) -> None:
    """Raise an error unless x is a batch of normalized images."""
    if x.ndim != 4 or not np.issubdtype(x.dtype, np.floating):
        raise ValueError(
            f"expected images as floats (N, C, H, W), normalized by model.transform, got {x.dtype} {x.shape}"
        )
    if not len(x):
        raise ValueError("expected at least one image, got none")


def batches(x: Array, batch_size: int) -> Iterator[slice]:
    """Slices that cover the first axis, so that memory is bounded by one batch."""
    if batch_size < 1:
        raise ValueError(f"expected batch_size of at least 1, got {batch_size}")
    for start in range(0, len(x), batch_size):
        yield slice(start, start + batch_size)


def baselines_for(x: Array, baseline: Array | float) -> Array:
    """A baseline for every image, of x's shape.

    Raises:
        ValueError: it is neither a number nor an array that broadcasts to x.
    """
    try:
        return np.broadcast_to(np.asarray(baseline, x.dtype), x.shape)
    except ValueError as error:
        got = np.shape(baseline) or repr(baseline)
        raise ValueError(
            f"expected a baseline that is one number, or broadcasts to the images' shape {x.shape}, got {got}"
        ) from error


def noise_for(x: Array, draw: Callable[[tuple[int, ...]], Array]) -> Array:
    """Noise (C, H, W) for images x, the same for all, so that an image's result does not depend on the rest of the
    batch.

    Args:
        x: images (N, C, H, W).
        draw: a function from a shape to random numbers.
    """
    return draw(x.shape[1:]).astype(x.dtype)
