"""Randomness without state: every draw of a run is a function of (seed, stream, epoch, batch).

A run that was interrupted therefore resumes at any batch, bit-identical, from these numbers alone, and what one stream
draws never depends on how much another one drew.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """The purpose of random numbers. These codes are part of saved runs: append, never renumber."""

    ORDER = 1
    AUGMENT = 2
    SPLIT = 3
    DROPOUT = 4


def generator(seed: int, stream: int, epoch: int = 0, batch: int = 0, share: int | None = None) -> np.random.Generator:
    """The generator of one stream for one batch, or one shard of it, independent of all others.

    Raises:
        ValueError: a number is negative.
    """
    # Always four numbers: SeedSequence pads with zeros, so that [seed] and [seed, 0] would be the same.
    numbers = [int(seed), int(stream), int(epoch), int(batch)]
    if min(numbers) < 0:
        raise ValueError(f"random stream: expected seed, stream, epoch and batch of at least 0, got {numbers}")
    spawned = () if share is None else (share,)
    return np.random.default_rng(np.random.SeedSequence(numbers, spawn_key=spawned))
