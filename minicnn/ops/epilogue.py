"""What may be done to a convolution's output while it is still in cache: ReLU and max pooling."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .contract import Array


class Epilogue(NamedTuple):
    """ReLU, and max pooling by windows of (kh, kw) in steps of (stride_h, stride_w), without padding."""

    relu: bool = False
    pool: tuple[int, int, int, int] = (1, 1, 1, 1)

    @property
    def pools(self) -> bool:
        return self.pool != (1, 1, 1, 1)

    def pooled(self, size: tuple[int, int]) -> tuple[int, int]:
        """The output's size after pooling."""
        kh, kw, stride_h, stride_w = self.pool
        return (size[0] - kh) // stride_h + 1, (size[1] - kw) // stride_w + 1


NOTHING = Epilogue()


class Chosen(NamedTuple):
    """What the pullbacks must know of a rectified and pooled output: its values, and which tap of each window won."""

    y: Array
    switches: Array
    epilogue: Epilogue


def everything(dy: Array) -> Chosen:
    """No ReLU and no pooling: every output was chosen."""
    return Chosen(dy, np.empty((*dy.shape[:2], 0, 0), np.uint8), NOTHING)
