"""Random numbers that are the same on every machine.

The integers come from PCG64, whose stream NumPy guarantees never to change. What NumPy's `Generator` derives from them
(deviates, permutations) has no such guarantee, so the few distributions needed are computed here, by operations that
IEEE 754 rounds exactly.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]  # float32 in fact: kept so by NumPy, whose stubs cannot tell
Number = float | Floats  # one for all images, or an array that broadcasts against (n, height, width)
Mask = NDArray[np.bool_]

THROWS = 64  # more than any image needs, besides its noise


class Dice:
    """The random numbers of n images, one row each: every draw uses the next column.

    So an image's numbers depend only on its position in the stream, not on how many images are drawn with it.
    Throws have shape (n, 1, 1), to broadcast over pixels.
    """

    def __init__(self, stream: np.random.PCG64, count: int, size: int) -> None:
        """Rows for the next `count` images of `size` × `size` pixels, `size` even."""
        rows = stream.random_raw((count, THROWS + size * size // 2))
        # u = k / 2²⁴ from the top 24 bits, as many as a float32 holds: exact, in [0, 1).
        self._throws = (rows[:, :THROWS] >> 40).astype(np.float32)[:, :, None, None] / 2.0**24
        self._bytes = rows[:, THROWS:].astype("<u8").view(np.uint8).reshape(count, size, size, 4)
        self._thrown = 0

    def _throw(self) -> Floats:
        self._thrown += 1
        return self._throws[:, self._thrown - 1]

    def uniform(self, low: Number, high: Number) -> Floats:
        """low + (high − low) u."""
        return low + (high - low) * self._throw()

    def chance(self, probability: float) -> Mask:
        """u < probability."""
        return self._throw() < probability

    def either(self, probability: float, this: Number, that: Number) -> Floats:
        """`this` with a probability, else `that`."""
        return np.where(self.chance(probability), this, that).astype(np.float32, copy=False)

    def pick(self, weights: Collection[float]) -> NDArray[np.intp]:
        """The index i with probability wᵢ / Σw: how many of the cumulated weights are at most u Σw."""
        bounds = np.cumsum([*weights], dtype=np.float32)
        return np.searchsorted(bounds, self._throw() * bounds[-1], side="right")

    def noise(self) -> Floats:
        """For each pixel, (n, size, size), the sum of four bytes less its mean: nearly normal, of deviation 148."""
        return self._bytes.sum(axis=-1, dtype=np.float32) - 510.0
