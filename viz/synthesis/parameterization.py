"""The parameters that are optimized instead of pixels: in another basis, the same ascent takes a smoother path.

A parameterization turns parameters into an image as the model sees it, `image(p) → (x, pullback)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from minicnn.deprecation import renamed_fields

from .objective import Array

ImagePullback = Callable[[Array], Array]

# A square root of the covariance of red, green and blue in the photographs of ImageNet, found by the authors of Lucid
# (lucid/optvis/param/color.py): brightness first, then blue against yellow, then green against purple.
PHOTOGRAPHS = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]], np.float32)


@renamed_fields(centre="center", picture="image")
@dataclass(frozen=True)
class Pixels:
    """The pixels themselves, rescaled: x = center + scale · p.

    Steps and penalties then mean the same for pixels from −2 to 2 and from 0 to 255.

    Attributes:
        shape: (N, C, H, W) of the images.
        center, scale: numbers, or arrays that broadcast to the images.
        deviation: of the initial noise in p.
    """

    shape: tuple[int, int, int, int]
    center: Array | float = 0.0
    scale: Array | float = 1.0
    deviation: float = 0.1

    def initial(self, rng: np.random.Generator) -> Array:
        return (self.deviation * rng.standard_normal(self.shape)).astype(np.float32)

    def image(self, p: Array) -> tuple[Array, ImagePullback]:
        scale = np.asarray(self.scale, np.float32)
        return np.asarray(self.center, np.float32) + scale * p, lambda dx: scale * dx

    def parameters(self, x: Array) -> Array:
        """The parameters of a given image."""
        return np.asarray((x - np.asarray(self.center)) / np.asarray(self.scale), np.float32)


@renamed_fields(colours="colors", picture="image")
class Fourier:
    """Frequencies of decorrelated colors: every step changes all scales, and colors in their natural combinations.

        x = low + (high − low) · σ(colors · irfft2(p · scale) ),    scale = √(W·H) / (4 · max(f, 1 / max(W, H)))

    with σ the logistic function, so that every pixel is possible, f the frequency, and `colors` a square root of the
    data's own covariance of channels. The 4 is Lucid's choice of contrast.

    Args:
        shape: (N, C, H, W) of the images.
        low, high: black and white as the model sees them, for each channel: `viz.pixel_bounds(model)`.
        colors: (C, C), see `color_statistics`; by default uncorrelated.
        deviation: of the initial noise in the parameters.

    Raises:
        ValueError: `colors` is not (C, C).

    Source: Olah, Mordvintsev & Schubert (2017), Feature visualization, "Preconditioning and parameterization".
    """

    def __init__(
        self,
        shape: tuple[int, int, int, int],
        low: Array | float,
        high: Array | float,
        colors: Array | None = None,
        deviation: float = 0.01,
    ) -> None:
        _, C, H, W = shape
        self.shape, self.deviation = shape, deviation
        self.low = np.broadcast_to(np.asarray(low, np.float32), (1, C, 1, 1))
        self.range = np.broadcast_to(np.asarray(high, np.float32), (1, C, 1, 1)) - self.low
        self.colors = np.eye(C, dtype=np.float32) if colors is None else np.asarray(colors, np.float32)
        if self.colors.shape != (C, C):
            raise ValueError(f"Fourier: expected colors of shape {(C, C)}, got {self.colors.shape}")
        frequency = np.hypot(np.fft.fftfreq(H)[:, None], np.fft.rfftfreq(W)[None])
        self.scale = (np.sqrt(W * H) / (4 * np.maximum(frequency, 1 / max(W, H)))).astype(np.float32)
        # irfft2 reads every column but the first (and, for an even width, the last) twice: as itself and mirrored
        twice = np.full(self.scale.shape[1], 2.0, np.float32)
        twice[0] = 1
        if W % 2 == 0:
            twice[-1] = 1
        self._adjoint = twice / (H * W)

    def initial(self, rng: np.random.Generator) -> Array:
        """Real and imaginary parts, (2, N, C, H, W//2 + 1)."""
        size = (2, *self.shape[:2], *self.scale.shape)
        return (self.deviation * rng.standard_normal(size)).astype(np.float32)

    def image(self, p: Array) -> tuple[Array, ImagePullback]:
        spectrum = (p[0] + 1j * p[1]) * self.scale
        plain = np.fft.irfft2(spectrum, s=self.shape[2:]).astype(np.float32)
        mixed = np.einsum("dc,nchw->ndhw", self.colors, plain, optimize=True)
        share = expit(mixed)

        def pullback(dx: Array) -> Array:
            dmixed = dx * self.range * share * (1 - share)
            dplain = np.einsum("dc,ndhw->nchw", self.colors, dmixed, optimize=True)
            dspectrum = np.fft.rfft2(dplain) * (self._adjoint * self.scale)
            return np.stack([dspectrum.real, dspectrum.imag]).astype(np.float32)

        return self.low + self.range * share, pullback

    def parameters(self, x: Array) -> Array:
        """The parameters of a given image (approximately for pixels that are pure black or white)."""
        share = np.clip((x - self.low) / self.range, 0.01, 0.99)
        plain = np.einsum("dc,nchw->ndhw", np.linalg.inv(self.colors), np.log(share / (1 - share)), optimize=True)
        spectrum = np.fft.rfft2(plain) / self.scale
        return np.stack([spectrum.real, spectrum.imag]).astype(np.float32)


def color_statistics(images: Any, most: int = 2_000_000) -> Array:
    """A square root of the covariance of a data set's channels, scaled to a largest column of length 1.

    Args:
        images: uint8 (N, C, H, W).
        most: about how many pixels to look at, evenly spread.

    Returns:
        (C, C), for the argument `colors` of `Fourier`.
    """
    pixels = np.moveaxis(images, 1, -1).reshape(-1, images.shape[1])
    pixels = pixels[:: max(1, len(pixels) // most)].astype(np.float64)
    covariance = np.atleast_2d(np.cov(pixels.T))
    values, vectors = np.linalg.eigh(covariance)
    return scaled(vectors * np.sqrt(np.maximum(values, 0)))


def colors_of(model: Any) -> Array | None:
    """How the channels of photographs are correlated; None if the model's channels are not red, green and blue."""
    channels = getattr(model.transform, "channels", None)
    if channels not in ("RGB", "BGR"):
        return None
    return scaled(PHOTOGRAPHS if channels == "RGB" else PHOTOGRAPHS[::-1])


def scaled(root: Array) -> Array:
    """A root of a covariance, divided by the length of its longest column: only the mixture counts."""
    longest = np.linalg.norm(root, axis=0).max()
    return (root / longest if longest > 0 else np.eye(len(root))).astype(np.float32)
