"""The canvas: a garment in a random pose is painted piece by piece in random light, and photographed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from minicnn.data.garments.dice import Dice, Floats, Mask, Number
from minicnn.data.garments.fabric import weave
from minicnn.data.garments.fields import ramp

SIZE = 28  # pixels


class Canvas:
    """n images being painted.

    Attributes:
        image: what is painted so far, (n, 28, 28).
        x, y: the garment's own coordinates at each pixel, (n, 28, 28), about −1 to 1, x to the right and y *down*.
        cloth: the tone of the fabric at each pixel: pattern, folds and light. Tones run from 0, black, to 1, white.
        trim: the tone of its details, (n, 1, 1).
        lining: the tone of its inside, in the shade, (n, 1, 1).
        backdrop: the tone behind it, (n, 1, 1).
    """

    def __init__(self, dice: Dice, *, mirrored: bool = False, **fabrics: float) -> None:
        """A bare backdrop.

        Args:
            dice: the source of every random choice.
            mirrored: whether half of the images show the garment from its other side.
            fabrics: weights of the fabrics, such as plain=2, stripes=1.
        """
        self._pose(dice, mirrored)
        self._light(dice, fabrics)
        self.image = np.broadcast_to(self.backdrop, self.x.shape).copy()

    def _pose(self, dice: Dice, mirrored: bool) -> None:
        """(x, y) = bend(shear(rotate(((column, row) − shift) / scale))).

        With t = tan(θ/2), cos θ = (1 − t²) / (1 + t²) and sin θ = 2t / (1 + t²): a rotation without a sine.
        """
        pixels = (np.arange(SIZE, dtype=np.float32) + 0.5) * (2.0 / SIZE) - 1.0
        scale = dice.uniform(0.8, 1.0)
        column = (pixels[None, None, :] - dice.uniform(-0.1, 0.1)) / scale
        row = (pixels[None, :, None] - dice.uniform(-0.1, 0.1)) / scale
        t = dice.uniform(-0.1, 0.1)
        cos, sin = (1.0 - t * t) / (1.0 + t * t), 2.0 * t / (1.0 + t * t)
        x, self.y = cos * column + sin * row, cos * row - sin * column
        x = dice.uniform(0.9, 1.1) * x + dice.uniform(-0.12, 0.12) * self.y
        x = x + dice.uniform(-0.1, 0.1) * (np.square(self.y) - 0.4)
        self.x = dice.either(0.5, -x, x) if mirrored else x
        self._pixel = 2.0 / SIZE / scale

    def _light(self, dice: Dice, fabrics: dict[str, float]) -> None:
        """A light or a dark backdrop, cloth that stands out from it, a fold, and light that falls from one side."""
        bright = dice.chance(0.2)
        self.backdrop = np.where(bright, dice.uniform(0.75, 1.0), dice.uniform(0.0, 0.2))
        contrast = dice.uniform(0.4, 0.85)
        tone = np.where(bright, self.backdrop - contrast, self.backdrop + contrast)
        pattern = dice.uniform(0.06, 0.2) * weave(dice, self.x, self.y, fabrics)
        across = np.abs(self.x + dice.uniform(-0.6, 0.6) * self.y - dice.uniform(-0.5, 0.5))
        fold = dice.uniform(0.0, 0.2) * ramp(across, 0.2, 0.0)
        light = 1.0 + dice.uniform(-0.25, 0.25) * self.x + dice.uniform(-0.2, 0.2) * self.y
        self.cloth = np.clip((tone + pattern) * (light - fold), 0.03, 1.0)
        darker = dice.chance(0.9) == (tone > 0.45)
        accent = dice.uniform(0.2, 0.5)
        self.trim = np.clip(np.where(darker, tone - accent, tone + accent), 0.0, 1.0)
        self.lining = 0.6 * tone

    def paint(self, field: Floats, tone: Number, opacity: Number | Mask = 1.0) -> None:
        """Paint a tone over the inside of a field.

        A straight edge at d pixels from a pixel's center covers ½ − d of it, so outlines come out anti-aliased.
        """
        cover = np.clip(0.5 - field / self._pixel, 0.0, 1.0) * opacity
        self.image += cover * (tone - self.image)

    def drape(self, field: Floats, tone: Number | None = None, opacity: Number | Mask = 1.0) -> None:
        """Paint a piece of cloth (or of another tone), darker at its outline, where it turns from the viewer."""
        tone = self.cloth if tone is None else tone
        self.paint(field, tone * (1.0 - 0.4 * ramp(field, -0.14, 0.02)), opacity)

    def photograph(self, dice: Dice) -> NDArray[np.uint8]:
        """8-bit levels ⌊255 image + grain · noise + ½⌋, (n, 28, 28)."""
        levels = 255.0 * self.image + dice.uniform(0.0, 0.06) * dice.noise()
        return np.clip(np.floor(levels + 0.5), 0.0, 255.0).astype(np.uint8)
