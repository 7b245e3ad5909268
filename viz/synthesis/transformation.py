"""Random changes that a visualization must survive, which remove patterns that depend on exact pixel positions.

Each is a function `transform(x, rng) → (changed, pullback)`, linear in x, with its exact transpose as the pullback.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from minicnn.deprecation import renamed_fields

from .objective import Array

Transformed = tuple[Array, Callable[[Array], Array]]
Transform = Callable[[Array, np.random.Generator], Transformed]


@dataclass(frozen=True)
class Pad:
    """A border of `pixels` on every side, of a constant value."""

    pixels: int
    value: float = 0.0

    def __call__(self, x: Array, rng: np.random.Generator) -> Transformed:
        p = self.pixels
        padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), constant_values=self.value)
        return padded, lambda dy: dy[..., p : dy.shape[2] - p, p : dy.shape[3] - p]


@dataclass(frozen=True)
class Jitter:
    """A random window that is `pixels` smaller: the image shifts by up to this many pixels."""

    pixels: int

    def __call__(self, x: Array, rng: np.random.Generator) -> Transformed:
        if min(x.shape[2:]) <= self.pixels:
            raise ValueError(f"Jitter: an image of {x.shape[2:]} is no larger than the jitter of {self.pixels}")
        top, left = rng.integers(0, self.pixels + 1, 2)
        window = (..., slice(top, top + x.shape[2] - self.pixels), slice(left, left + x.shape[3] - self.pixels))

        def pullback(dy: Array) -> Array:
            dx = np.zeros_like(x)
            dx[window] = dy
            return dx

        return x[window], pullback


@dataclass(frozen=True)
class Roll:
    """A random circular shift of up to `pixels`: deep dream's jitter."""

    pixels: int

    def __call__(self, x: Array, rng: np.random.Generator) -> Transformed:
        down, across = (int(v) for v in rng.integers(-self.pixels, self.pixels + 1, 2))
        return np.roll(x, (down, across), (2, 3)), lambda dy: np.roll(dy, (-down, -across), (2, 3))


@dataclass(frozen=True)
class RandomScale:
    """Scaling by one of the factors, around the center, by bilinear sampling; the size is kept."""

    factors: Sequence[float]

    def __call__(self, x: Array, rng: np.random.Generator) -> Transformed:
        factor = self.factors[int(rng.integers(len(self.factors)))]
        return _resample(x, np.eye(2) / factor)


@dataclass(frozen=True)
class RandomRotate:
    """Rotation by one of the angles, in degrees, around the center, by bilinear sampling; the size is kept."""

    degrees: Sequence[float]

    def __call__(self, x: Array, rng: np.random.Generator) -> Transformed:
        angle = np.deg2rad(self.degrees[int(rng.integers(len(self.degrees)))])
        cos, sin = np.cos(angle), np.sin(angle)
        return _resample(x, np.array([[cos, -sin], [sin, cos]]))


@dataclass(frozen=True)
class Compose:
    """One after the other."""

    transforms: Sequence[Transform]

    def __call__(self, x: Array, rng: np.random.Generator) -> Transformed:
        pullbacks = []
        for transform in self.transforms:
            x, back = transform(x, rng)
            pullbacks.append(back)

        def pullback(dy: Array) -> Array:
            for back in reversed(pullbacks):
                dy = back(dy)
            return dy

        return x, pullback


@renamed_fields(colour="color")
@dataclass(frozen=True)
class Around:
    """A transformation of the difference from a color, so that new borders have that color.

    Attributes:
        color: for each channel, (1, C, 1, 1), or one number.
        transform: one of the above.
    """

    color: Array | float
    transform: Transform

    def __call__(self, x: Array, rng: np.random.Generator) -> Transformed:
        color = np.asarray(self.color, x.dtype)
        changed, pullback = self.transform(x - color, rng)
        return changed + color, pullback


def robust(side: int = 128) -> Compose:
    """The mixture of Distill's Feature visualization: pad, jitter, scale, rotate, jitter; the size is kept.

    Args:
        side: of the images; they shift by up to about a sixteenth of it, and then once more by half as much.
    """
    far, near = 2 * max(1, side // 32), 2 * max(1, side // 64)
    return Compose(
        (
            Pad((far + near) // 2),
            Jitter(far),
            RandomScale((1, 0.975, 1.025, 0.95, 1.05)),
            RandomRotate(range(-5, 6)),
            Jitter(near),
        )
    )


def _resample(x: Array, matrix: Array) -> Transformed:
    """Each output pixel looks up the input at matrix · (its position − center) + center; 0 outside.

    A sparse matrix M with the four bilinear weights of every output pixel: y = M x, and the pullback is Mᵀ dy.
    """
    N, C, H, W = x.shape
    M = _sampling(matrix, H, W, x.dtype)

    def apply(operator: Any, a: Array) -> Array:
        return np.ascontiguousarray((operator @ a.reshape(N * C, H * W).T).T).reshape(N, C, H, W)

    return apply(M, x), lambda dy: apply(M.T, dy)


def _sampling(matrix: Array, H: int, W: int, dtype: Any) -> Any:
    center = np.array([(H - 1) / 2, (W - 1) / 2])[:, None]
    y, x = np.mgrid[:H, :W].reshape(2, -1) - center
    row, column = matrix @ np.stack([y, x]) + center
    top, left = np.floor(row).astype(int), np.floor(column).astype(int)
    below, right = row - top, column - left
    outputs, inputs, weights = [], [], []
    for di, wi in ((0, 1 - below), (1, below)):
        for dj, wj in ((0, 1 - right), (1, right)):
            i, j, weight = top + di, left + dj, wi * wj
            inside = (i >= 0) & (i < H) & (j >= 0) & (j < W) & (weight > 0)
            outputs.append(np.flatnonzero(inside))
            inputs.append((i * W + j)[inside])
            weights.append(weight[inside])
    entries = np.concatenate(weights).astype(dtype)
    return csr_array((entries, (np.concatenate(outputs), np.concatenate(inputs))), shape=(H * W, H * W))
