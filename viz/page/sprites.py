"""Hundreds of small images in a few files: sheets of equal cells, each a file or a data URI."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from numpy.typing import NDArray
from PIL import Image

from ..plot._canvas import DIVERGING, SEQUENTIAL

Array = NDArray[Any]

WIDEST = 4096  # pixels of a sheet
ENOUGH = 48  # cells in a row
DOTS = 96  # of the screen, to an inch


class Sprites:
    """The images of a page, by name.

    Attributes:
        sheets: for each sheet the width and height of a cell, the number of cells, and of those in a row.
        files: each sheet as the bytes of a PNG or WebP file, by file name.
    """

    def __init__(self) -> None:
        self.sheets: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}

    def add_maps(self, name: str, maps: Array, *, signed: bool = False, each: bool = False) -> str:
        """Maps (n, h, w) in color: from zero (black) up, or symmetric about zero (white).

        Args:
            name: the sheet's name, which is its file's without the extension.
            maps: what to draw.
            signed: whether the scale is symmetric about zero.
            each: give every map its own scale, instead of one for all.
        """
        maps = np.nan_to_num(np.asarray(maps, np.float32))
        axes = (1, 2) if each else (0, 1, 2)
        largest = np.abs(maps).max(axis=axes, keepdims=True)
        scaled = maps / divisor(largest)
        levels = 127.5 + 127.5 * scaled if signed else 255 * np.clip(scaled, 0, 1)
        image = Image.fromarray(self._sheet(name, np.rint(levels).astype(np.uint8)))
        colors = colormaps[DIVERGING if signed else SEQUENTIAL](np.arange(256))[:, :3]
        image.putpalette(np.rint(255 * colors).astype(np.uint8).tobytes())
        return self._store(name, image, lossless=True)

    def add_images(self, name: str, images: Array, *, lossless: bool = False) -> str:
        """Images uint8 (n, 1 or 3, h, w), gray or RGB; gray ones are always stored without loss."""
        cells = images.transpose(0, 2, 3, 1)
        sheet = self._sheet(name, cells[..., 0] if cells.shape[3] == 1 else cells)
        return self._store(name, Image.fromarray(sheet), lossless=lossless or sheet.ndim == 2)

    def add_figure(self, name: str, figure: Figure) -> str:
        """A matplotlib figure as SVG without a background, an image of its own on the page."""
        buffer = io.BytesIO()
        with rc_context({"svg.hashsalt": name, "svg.fonttype": "path"}):  # the same bytes each time
            figure.savefig(
                buffer,
                format="svg",
                metadata={"Date": None, "Creator": None},
                bbox_inches=_drawn_box(figure),
                transparent=True,
            )
        text = buffer.getvalue()
        width, height = (float(v) * DOTS / 72 for v in re.findall(rb'(?:width|height)="([\d.]+)pt"', text))
        self.sheets[name] = {"width": round(width), "height": round(height), "src": f"{name}.svg"}
        self.files[f"{name}.svg"] = text
        return name

    def _sheet(self, name: str, cells: Array) -> Array:
        """Cells (n, h, w, …) in rows."""
        n, h, w = cells.shape[:3]
        columns = min(n, ENOUGH, max(1, WIDEST // w))
        rows = -(-n // columns)
        padded = np.zeros((rows * columns, *cells.shape[1:]), np.uint8)
        padded[:n] = cells
        self.sheets[name] = {"width": w, "height": h, "columns": columns, "count": n}
        grid = padded.reshape(rows, columns, *cells.shape[1:]).swapaxes(1, 2)
        return np.ascontiguousarray(grid.reshape(rows * h, columns * w, *cells.shape[3:]))

    def _store(self, name: str, image: Image.Image, *, lossless: bool) -> str:
        buffer = io.BytesIO()
        if lossless and image.mode in ("L", "P"):
            image.save(buffer, "PNG", optimize=True)
            ending = "png"
        else:
            image.save(buffer, "WebP", lossless=lossless, quality=90, method=4)
            ending = "webp"
        self.files[f"{name}.{ending}"] = buffer.getvalue()
        self.sheets[name]["src"] = f"{name}.{ending}"
        return name


def _drawn_box(figure: Figure, margin: float = 0.05) -> Bbox:
    """The box, in inches, of what is drawn; matplotlib's "tight" box also contains the empty parts of the axes."""
    figure.draw_without_rendering()
    marks = [mark for axes in figure.axes for mark in (*axes.texts, *axes.patches, *axes.lines, *axes.collections)]
    boxes = [mark.get_tightbbox() for mark in marks]
    box = Bbox.union([box for box in boxes if box is not None and np.isfinite(box.extents).all()])
    return Bbox.from_extents(*(v / figure.dpi for v in box.extents)).padded(margin)


def divisor(largest: Array) -> Array:
    """The largest magnitudes as something to divide by: 1 where everything is 0."""
    return np.where(largest > 0, largest, 1)


def data_uri(file: str, contents: bytes) -> str:
    """A file's contents as a URI, to embed in the page."""
    kind = file.rpartition(".")[2].replace("svg", "svg+xml")
    return f"data:image/{kind};base64,{base64.b64encode(contents).decode('ascii')}"


def shrunk(maps: Array, side: int) -> Array:
    """Maps (n, h, w), shrunk by averaging to at most `side` pixels a side; smaller ones are returned unchanged."""
    h, w = maps.shape[1:]
    if max(h, w) <= side:
        return maps
    size = max(1, round(w * side / max(h, w))), max(1, round(h * side / max(h, w)))
    small = [Image.fromarray(m.astype(np.float32)).resize(size, Image.Resampling.BOX) for m in maps]
    return np.stack([np.asarray(m) for m in small])


def thumbnails(images: Array, side: int) -> Array:
    """Images uint8 (n, C, h, w), shrunk to at most `side` pixels a side; smaller ones are returned unchanged."""
    n, channels, h, w = images.shape
    if max(h, w) <= side:
        return images
    planes = shrunk(images.reshape(n * channels, h, w), side)
    return np.rint(planes).astype(np.uint8).reshape(n, channels, *planes.shape[1:])


def palette(signed: bool, count: int = 9) -> list[str]:
    """The colors of the scale, from low to high, for a legend."""
    colors = colormaps[DIVERGING if signed else SEQUENTIAL](np.linspace(0, 1, count))
    return ["#" + "".join(f"{round(255 * c):02x}" for c in color[:3]) for color in colors]


PALETTES = {name: "".join(palette(name == "signed", 256)).replace("#", "") for name in ("signed", "plain")}
