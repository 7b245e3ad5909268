"""Local response normalization."""

from __future__ import annotations

from .. import ops
from ..ops.contract import Array
from ..ops.local_response_norm import constants_of
from .base import Layer
from .running import LayerPullback, Pass, layer_pullback


class LocalResponseNorm(Layer):
    """`ops.local_response_norm`: divide by a power of the neighboring channels' squares, (N, C, H, W) → (N, C, H, W).

    Raises:
        ValueError: `size` is not an int of at least 1, or another option is not a number of at least 0.
    """

    def __init__(self, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        self.size, self.alpha, self.beta, self.k = constants_of("LocalResponseNorm", size, alpha, beta, k)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.local_response_norm(x, self.size, alpha=self.alpha, beta=self.beta, k=self.k)
        return y, layer_pullback(pullback)
