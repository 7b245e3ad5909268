"""What is known of a value before the network runs: its shape, and the order of its axes in our array."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .files import MOST_VALUES, OnnxError

Shape = tuple[int | None, ...]  # without the batch: (C, H, W) or (F,); None for unknown sizes

# Stands for the unknown batch size wherever a graph computes with shapes. It is a prime larger than any other size, so
# a product shows whether the batch is a factor of it.
BATCH = 1_000_003


@dataclass(frozen=True)
class Value:
    """A value that is computed from the images.

    A Transpose is recorded, not executed: networks for images (N, H, W, C) transpose back and forth around every
    convolution, which is not needed here.

    Attributes:
        source: the layer that outputs it.
        shape: of that layer's output, without the batch.
        order: axis i of the value is axis order[i] of the layer's output.
    """

    source: str
    shape: Shape
    order: tuple[int, ...]

    @classmethod
    def of(cls, source: str, shape: Shape) -> Value:
        return cls(source, shape, tuple(range(len(shape) + 1)))

    @property
    def axes(self) -> tuple[int | None, ...]:
        """The sizes of the value's own axes, BATCH among them."""
        return tuple((BATCH, *self.shape)[axis] for axis in self.order)

    @property
    def in_order(self) -> bool:
        return self.order == tuple(range(len(self.order)))

    def __str__(self) -> str:
        return spelled(self.axes)


def spelled(axes: tuple[int | None, ...]) -> str:
    """The sizes of axes as text."""
    return f"({', '.join('?' if n is None else 'N' if n == BATCH else str(n) for n in axes)})"


def checked(owner: object, shape: Shape) -> Shape:
    """A shape; an error if it is empty or unreasonably large."""
    known = [size for size in shape if size is not None]
    if min(known, default=1) < 1 or math.prod(known) > MOST_VALUES:
        raise OnnxError(f"{owner} has the invalid shape {spelled((BATCH, *shape))}")
    return shape
