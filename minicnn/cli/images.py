"""Images from files as a model's input, and a model's input as image files."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def read(model: Any, image: str, size: int | None = None) -> Any:
    """The image as the model's input; with `size`, uncropped, with `size` pixels along its shorter side."""
    from dataclasses import replace

    transform = model.transform if size is None else replace(model.transform, size=size, crop=None)
    return transform.image(image)


def write(model: Any, x: Any, path: Path) -> None:
    """Write a model's input as an image file."""
    from PIL import Image

    pixels = (model.transform.inverse(x)[0] * 255).round().astype("uint8").transpose(1, 2, 0)
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(path)


def shown(model: Any, x: Any) -> Any:
    """(H, W) or (H, W, 3) in 0…1, for a plot."""
    pixels = model.transform.inverse(x)[0].transpose(1, 2, 0)
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels
