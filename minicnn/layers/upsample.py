"""Resampling as a layer."""

from __future__ import annotations

from .. import ops
from ..ops.contract import Array, Pair, flag, pair
from ..ops.interpolate2d import MODES
from .base import Layer
from .pullback import LayerPullback, layer_pullback
from .running import Pass


class Upsample(Layer):
    """`ops.interpolate2d` to a fixed `size`, or by a whole-number `scale_factor`, each (vertical, horizontal).

    Raises:
        ValueError: both or neither are given, one is out of range, or the mode is unknown.
    """

    def __init__(
        self,
        size: Pair | None = None,
        scale_factor: Pair | None = None,
        mode: str = "nearest",
        align_corners: bool = False,
    ) -> None:
        self.size = None if size is None else pair("Upsample", "size", size)
        self.scale_factor = None if scale_factor is None else pair("Upsample", "scale_factor", scale_factor)
        self.mode, self.align_corners = mode, flag("Upsample", "align_corners", align_corners)
        if not isinstance(mode, str) or mode not in MODES or (self.align_corners and mode == "nearest"):
            raise ValueError(
                f"Upsample: expected mode nearest, or bilinear with or without align_corners, got {mode!r:.80} "
                f"with align_corners={self.align_corners}"
            )
        if (size is None) == (scale_factor is None):
            raise ValueError(f"Upsample: expected size or scale_factor, got {size!r:.80} and {scale_factor!r:.80}")

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        size = self.size
        if self.scale_factor is not None and x.ndim == 4:
            size = x.shape[2] * self.scale_factor[0], x.shape[3] * self.scale_factor[1]
        y, pullback = ops.interpolate2d(x, size or 1, mode=self.mode, align_corners=self.align_corners)
        return y, layer_pullback(pullback)
