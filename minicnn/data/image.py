"""One image file as an array: the only place where images are opened.

Whatever the file's format, the result is upright (its EXIF orientation applied), opaque (transparent parts on white),
and has 8 bits per channel (16 are scaled down). Of an animation or of several pages, the first is read.

A small file can declare any size. So at most 64 million pixels are decoded; the environment variable MINICNN_PIXELS
changes the limit.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from minicnn.data.errors import DataError
from minicnn.message import one_line

if TYPE_CHECKING:
    from PIL.Image import Image

    Source = str | Path | Image | NDArray[np.uint8]

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"))

Size = int | tuple[int, int]
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")  # of these files
MOST_PIXELS = 64_000_000
OPENING = threading.Lock()
LARGEST = 10_000  # pixels along a side: sizes can come from files, and must not take unlimited memory


def read_image(source: Source, size: Size | None = None, crop: Size | None = None) -> NDArray[np.uint8]:
    """An image as uint8, (1, H, W) if it is stored as shades of gray, else (3, H, W): red, green, blue.

    Args:
        source: a file, a Pillow image, or an array (H, W) or (H, W, 3 or 4) of uint8.
        size: scale the image, keeping its aspect ratio, to the smallest size that covers this (height, width); a number
            is the length of the shorter side.
        crop: then crop this (height, width) from the center; a number is both.

    Raises:
        DataError: the file is missing, broken, not an image, has too many pixels, or is smaller than `crop`.
        ValueError: the array is not an image, or a size is invalid.
    """
    from PIL import Image

    covered = None if size is None else pair(size, "size")
    kept = None if crop is None else pair(crop, "crop")
    if isinstance(source, np.ndarray):
        if source.dtype != np.uint8 or not (source.ndim == 2 or (source.ndim == 3 and source.shape[2] in (3, 4))):
            raise ValueError(
                f"image: expected a uint8 array (H, W), (H, W, 3) or (H, W, 4), got {source.dtype} {source.shape}"
            )
        source = Image.fromarray(source)
    name = describe(source)
    try:
        if isinstance(source, Image.Image):
            image = _plain(source)
        else:
            with _opened(Path(source)) as file:
                image = _plain(file)
    except FileNotFoundError as error:
        raise DataError(f"{name}: no such file") from error
    except IsADirectoryError as error:
        raise DataError(f"{name}: expected an image, but this is a folder; name the images in it") from error
    except Image.UnidentifiedImageError as error:
        raise DataError(
            f"{name}: expected an image ({', '.join(FORMATS)}), but it is of another kind or broken; replace it"
        ) from error
    except DataError:
        raise
    except Exception as error:  # Pillow's readers may raise anything for a broken file
        raise DataError(
            f"{name}: expected an image, but it cannot be read ({one_line(error)}); replace or remove it"
        ) from error
    if covered is not None:
        image = _cover(image, *covered, name)
    if kept is not None:
        image = _crop(image, *kept, name)
    return np.atleast_3d(np.asarray(image)).transpose(2, 0, 1).copy()


@contextmanager
def _opened(path: Path) -> Iterator[Image]:
    """A file of which Pillow has read only the header, with an acceptable size.

    Pillow's warnings about harmless damage, such as broken camera metadata, are suppressed.

    Raises:
        DataError: it declares too many pixels.
    """
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with OPENING:
            own, Image.MAX_IMAGE_PIXELS = (
                Image.MAX_IMAGE_PIXELS,
                None,
            )  # Pillow's own limit cannot be overridden otherwise
            try:
                file = Image.open(path, formats=FORMATS)
            finally:
                Image.MAX_IMAGE_PIXELS = own
        with file:
            most = _most_pixels()
            if file.width * file.height > most:
                raise DataError(
                    f"{path}: declares {file.width}×{file.height} pixels, more than {most:,}; if you trust it, set "
                    f"the environment variable MINICNN_PIXELS={file.width * file.height}"
                )
            yield file


def _most_pixels() -> int:
    named = os.environ.get("MINICNN_PIXELS", "")
    if named and not (named.isascii() and named.isdecimal()):
        raise DataError(f"MINICNN_PIXELS: expected the number of pixels that an image may have, got {named!r:.40}")
    return int(named or MOST_PIXELS)


def describe(source: Source) -> str:
    """An image's name in error messages: its path, if it has one."""
    return str(source) if isinstance(source, str | Path) else str(getattr(source, "filename", "") or "image")


def pair(size: Size, name: str) -> tuple[int, int]:
    """(height, width) from either form of a size, which `name` names in the error.

    Raises:
        ValueError: it is neither form, or out of range.
    """
    height, width = size if isinstance(size, tuple) and len(size) == 2 else (size, size)
    if type(height) is not int or type(width) is not int or not (1 <= height <= LARGEST and 1 <= width <= LARGEST):
        raise ValueError(f"{name}: expected a number of pixels in 1…{LARGEST}, or (height, width), got {size!r}")
    return height, width


def to_gray(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(…, 1, H, W) from (…, 3, H, W): the luma of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, as Pillow's "L"."""
    red, green, blue = np.moveaxis(images, -3, 0).astype(np.uint32)
    return ((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16).astype(np.uint8)[..., None, :, :]


def _plain(image: Image) -> Image:
    """Upright, opaque, of mode L (gray) or RGB."""
    from PIL import Image as pillow
    from PIL import ImageOps

    gray = image.mode in ("1", "L", "LA", "La") or _stored_as_gray_and_alpha(image)
    with suppress(Exception):  # broken metadata does not tell the orientation
        image = ImageOps.exif_transpose(image)
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers; save it with 8 or 16 bits a channel")
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError("its pixels exceed 16 bits; save it with 8 or 16 bits a channel")
        if isinstance(clear := image.info.get("transparency"), int):  # the one transparent shade
            values = np.where(values == clear, 65535, values)
        return pillow.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        opaque = pillow.new("RGB", image.size, "white")
        opaque.paste(image, mask=image)
        image = opaque
    return image.convert("L" if gray else "RGB")


def _stored_as_gray_and_alpha(image: Image) -> bool:
    """Whether a 16-bit PNG holds shades of gray, which Pillow reads as RGBA."""
    tiles = getattr(image, "tile", None) or [()]
    return "LA;16B" in tiles[0]


def _cover(image: Image, height: int, width: int, name: str) -> Image:
    from PIL import Image as pillow

    # The longer side is rounded down, as in torchvision's Resize.
    if image.height * width < image.width * height:
        width = max(width, height * image.width // image.height)
    else:
        height = max(height, width * image.height // image.width)
    if height * width > (pillow.MAX_IMAGE_PIXELS or np.inf):
        raise DataError(f"{name}: {image.width}×{image.height} is too long and thin to be scaled to {width}×{height}")
    return image.resize((width, height), pillow.Resampling.BILINEAR)


def _crop(image: Image, height: int, width: int, name: str) -> Image:
    if image.height < height or image.width < width:
        raise DataError(
            f"{name}: expected at least {width}×{height} pixels, got {image.width}×{image.height}; scale it up first"
        )
    top, left = round((image.height - height) / 2), round((image.width - width) / 2)
    return image.crop((left, top, left + width, top + height))
