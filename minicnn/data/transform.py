"""How images are prepared for a model; stored in the model's file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from minicnn.data.image import Size, pair, read_image, to_gray
from minicnn.deprecation import renamed_fields, renamed_value

if TYPE_CHECKING:
    from minicnn.data.image import Source

CHANNELS = {"gray": 1, "RGB": 3, "BGR": 3}


@renamed_fields(picture="image")
@dataclass(frozen=True)
class Transform:
    """Converts uint8 images to the input of a network: x = (images / scale − mean) / std, per channel.

    A network for gray images sees the luminance of color images; a network for color images sees gray ones as three
    equal channels: see `to_channels`.

    Args:
        mean: one number for each channel, in units of images / scale, in the order of `channels`.
        std: the same, above 0.
        scale: 255 first scales pixels to 0…1; 1 leaves them unchanged.
        channels: the network's channels: "gray", "RGB" or "BGR" (images are read as RGB and reversed); None if they are
            not the colors of a photograph.
        size: photographs are first scaled, keeping the aspect ratio, to the smallest size that covers this (height,
            width); a number is the length of the shorter side.
        crop: then this (height, width) is cropped from the center; a number is both.

    Raises:
        ValueError: a field has the wrong type or is out of range, or the fields do not match.
    """

    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    scale: float = 255.0
    channels: str | None = "gray"
    size: Size | None = None
    crop: Size | None = None

    def __post_init__(self) -> None:
        if isinstance(self.channels, str):
            object.__setattr__(self, "channels", renamed_value("Transform: channels", self.channels, grey="gray"))
        several, one = "a tuple of finite numbers", "a finite number"
        for name, kind, numbers in (
            ("mean", several, self.mean),
            ("std", several, self.std),
            ("scale", one, (self.scale,)),
        ):
            if not isinstance(numbers, tuple) or not all(map(_is_number, numbers)):
                raise ValueError(f"Transform: {name} must be {kind}, got {getattr(self, name)!r}")
        if self.channels not in [*CHANNELS, None]:  # a list, for what a file holds may have no hash
            raise ValueError(f"Transform: channels must be one of {[*CHANNELS, None]}, got {self.channels!r}")
        count = len(self.mean) if self.channels is None else CHANNELS[self.channels]
        if not len(self.mean) == len(self.std) == count or count == 0:
            raise ValueError(
                f"Transform: mean and std must have one number for each channel ({self.channels}), "
                f"got {len(self.mean)} and {len(self.std)}"
            )
        with np.errstate(all="ignore"):
            usable = (
                min(*self.std, self.scale) > 0 and np.isfinite(self._factor).all() and np.isfinite(self._shift).all()
            )
        if not usable or not self._factor.all():
            raise ValueError(
                f"Transform: std and scale must be above 0 and within float32's range, got {self.std} and {self.scale}"
            )
        for name, value in (("size", self.size), ("crop", self.crop)):
            if value is not None:
                pair(value, f"Transform: {name}")

    @classmethod
    def fit(cls, images: NDArray[np.uint8]) -> Transform:
        """The transform that gives each channel of `images` (N, C, H, W) mean 0 and standard deviation 1.

        The statistics are exact: sums of whole numbers. A constant channel is only shifted. Photographs will be scaled
        and cropped to the size of `images`.

        Raises:
            ValueError: `images` is not uint8 (N, C, H, W), or is empty.
        """
        _check_images(images)
        if images.size == 0:
            raise ValueError(f"Transform.fit: expected at least one image, got shape {images.shape}")
        means, stds = [], []
        for channel in range(images.shape[1]):
            n, (total, squares) = images[:, channel].size, _sums(images[:, channel])
            means.append(total / n / 255)
            stds.append(math.sqrt(n * squares - total**2) / n / 255 or 1.0)
        channels = {1: "gray", 3: "RGB"}.get(images.shape[1])
        height, width = images.shape[2:]
        size = height if height == width else (height, width)
        return cls(tuple(means), tuple(stds), channels=channels, size=size, crop=size)

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 (N, 1 or C, H, W), colors as RGB, to float32 (N, C, H, W), colors in the order of `channels`.

        Raises:
            ValueError: `images` has another dtype, number of dimensions or number of channels.
        """
        images = self.to_channels(images)
        x = (images[:, ::-1] if self.channels == "BGR" else images).astype(np.float32, order="C")
        x *= self._factor
        x += self._shift
        return x

    def to_channels(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 (N, 1 or 3, H, W) to the network's number of channels, C; colors are still in the order RGB.

            luminance = 0.299 R + 0.587 G + 0.114 B    where the network takes gray images
            R = G = B = gray                           where it takes colors

        The weights are those of ITU-R BT.601, as in Pillow's mode "L". Images that already have C channels are returned
        unchanged.

        Raises:
            ValueError: `images` has another dtype, number of dimensions or number of channels.
        """
        _check_images(images)
        given, taken = images.shape[1], len(self.mean)
        if given == taken:
            return images
        if self.channels == "gray" and given == 3:
            return to_gray(images)
        if self.channels in ("RGB", "BGR") and given == 1:
            return images.repeat(3, axis=1)
        raise ValueError(
            f"Transform: images have {given} channels, but the model takes {taken} ({self.channels or 'no colors'})"
        )

    def image(self, source: Source) -> NDArray[np.float32]:
        """One photograph of any size as the network's input: float32 (1, C, H, W).

        Args:
            source: a file, a Pillow image, or a uint8 array (H, W), (H, W, 3) or (H, W, 4).

        Raises:
            DataError: the image is missing or broken.
            ValueError: the array is not an image, or the network does not take photographs.
        """
        if self.channels is None:
            raise ValueError(
                f"Transform: the model takes {len(self.mean)} channels that are not the colors of an image"
            )
        return self(read_image(source, self.size, self.crop)[None])

    def inverse(self, x: NDArray[np.floating]) -> NDArray[np.float32]:
        """The inverse, for display: x (…, C, H, W) to 0…1, colors as RGB; values outside are clipped."""
        images = (x - self._shift) / (self._factor * np.float32(255))
        if self.channels == "BGR":
            images = images[..., ::-1, :, :]
        return np.clip(images, 0, 1, dtype=np.float32)

    def to_dict(self) -> dict[str, Any]:
        """The fields, as JSON can hold them."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Transform:
        """The transform from `to_dict`'s result; everything is checked, because it comes from a file.

        Raises:
            ValueError: a field is missing, unknown or wrong.
        """
        names = {field.name for field in fields(cls)}
        if not isinstance(values, Mapping) or set(values) != names:
            got = sorted(map(str, values)) if isinstance(values, Mapping) else repr(values)[:50]
            raise ValueError(f"Transform: expected the fields {sorted(names)}, got {got}")
        arguments: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        if arguments["channels"] == "grey":  # as version 0.1 wrote it
            arguments["channels"] = "gray"
        return cls(**arguments)

    @cached_property
    def _factor(self) -> NDArray[np.float32]:
        """The transform is x = images · factor + shift: both of shape (C, 1, 1)."""
        return (1 / (np.float64(self.scale) * np.array(self.std))).astype(np.float32)[:, None, None]

    @cached_property
    def _shift(self) -> NDArray[np.float32]:
        return (-np.array(self.mean) / np.array(self.std)).astype(np.float32)[:, None, None]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e308


def _check_images(images: NDArray[np.uint8]) -> None:
    if images.dtype != np.uint8 or images.ndim != 4:
        raise ValueError(f"Transform: expected uint8 images (N, C, H, W), got {images.dtype} {images.shape}")


def _sums(values: NDArray[np.uint8]) -> tuple[int, int]:
    """The sum of all values and of their squares, in pieces whose sums a float64 represents exactly."""
    total = squares = 0
    images = max(1, 2**16 // values[0].size)
    for first in range(0, len(values), images):
        piece = values[first : first + images].astype(np.float64).ravel()
        total += int(piece.sum())
        squares += int(piece @ piece)
    return total, squares
