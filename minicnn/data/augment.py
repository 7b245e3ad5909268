"""Random changes to training images that preserve their class.

Each is a callable `(images, rng) -> images` on a batch of uint8 images (N, C, H, W): it draws independently for each
image, returns new images of the same shape, and never changes its input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Augmentation = Callable[[Images, np.random.Generator], Images]


@dataclass(frozen=True)
class RandomCrop:
    """Shift each image by up to `padding` pixels in each direction: pad with black, then crop to the original size.

        out[n, c, i, j] = padded[n, c, i + dy[n], j + dx[n]],    dy, dx uniform in 0…2·padding

    Raises:
        ValueError: `padding` is below 0.
    """

    padding: int

    def __post_init__(self) -> None:
        if self.padding < 0:
            raise ValueError(f"RandomCrop: padding must be at least 0, got {self.padding}")

    def __call__(self, images: Images, rng: np.random.Generator) -> Images:
        n, channels, height, width = images.shape
        p = self.padding
        padded = np.zeros((n, channels, height + 2 * p, width + 2 * p), np.uint8)
        padded[:, :, p : p + height, p : p + width] = images
        dy, dx = rng.integers(0, 2 * p + 1, (2, n))
        windows = sliding_window_view(padded, (height, width), axis=(2, 3))  # (N, C, 2p+1, 2p+1, H, W), a view
        return windows[np.arange(n), :, dy, dx]


@dataclass(frozen=True)
class RandomFlip:
    """Mirror each image left to right with probability 1/2."""

    def __call__(self, images: Images, rng: np.random.Generator) -> Images:
        flipped = rng.random(len(images)) < 0.5
        out = images.copy()
        out[flipped] = images[flipped, :, :, ::-1]
        return out


@dataclass(frozen=True)
class Cutout:
    """Blacken a square of `size` × `size` pixels around a random pixel of each image; it may extend past the edge.

    DeVries and Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout", 2017.

    Raises:
        ValueError: `size` is below 1.
    """

    size: int

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"Cutout: size must be at least 1, got {self.size}")

    def __call__(self, images: Images, rng: np.random.Generator) -> Images:
        n, _, height, width = images.shape
        rows = self._covered(rng.integers(0, height, (n, 1)), height)
        columns = self._covered(rng.integers(0, width, (n, 1)), width)
        keep = ~(rows[:, :, None] & columns[:, None, :])
        return images * keep[:, None]

    def _covered(self, center: NDArray[np.int64], length: int) -> NDArray[np.bool_]:
        """Which of `length` pixels the square covers along one axis, (N, length), around `center` (N, 1)."""
        first = center - self.size // 2
        pixel = np.arange(length)
        return (first <= pixel) & (pixel < first + self.size)


@dataclass(frozen=True)
class Compose:
    """One change after another, drawing from the same generator: `Compose([RandomCrop(4), RandomFlip()])`."""

    steps: Sequence[Augmentation]

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", tuple(self.steps))

    def __call__(self, images: Images, rng: np.random.Generator) -> Images:
        for step in self.steps:
            images = step(images, rng)
        return images
