"""Small images by the hundred: sheets of equal cells, each one file or one data URI."""

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
        sheets: what the page must know of each: the cells' width and height, how many there are, and in a row.
        files: each sheet as the bytes of a PNG or WebP file, by file name.
    """

    def __init__(self) -> None:
        self.sheets: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}

    def add_maps(self, name: str, maps: Array, *, signed: bool = False, each: bool = False) -> str:
        """Numbers (n, h, w) in colors: from zero (black) up, or symmetric about zero (white).

        Args:
            name: of the sheet, a file name without its ending.
            maps: what to draw.
            signed: whether zero is in the middle.
            each: give every map its own scale, instead of one for all.
        """
        maps = np.nan_to_num(np.asarray(maps, np.float32))
        axes = (1, 2) if each else (0, 1, 2)
        largest = np.abs(maps).max(axis=axes, keepdims=True)
        scaled = maps / np.where(largest > 0, largest, 1)
        levels = 127.5 + 127.5 * scaled if signed else 255 * np.clip(scaled, 0, 1)
        image = Image.fromarray(self._sheet(name, np.rint(levels).astype(np.uint8)))
        colors = colormaps[DIVERGING if signed else SEQUENTIAL](np.arange(256))[:, :3]
        image.putpalette(np.rint(255 * colors).astype(np.uint8).tobytes())
        return self._store(name, image, lossless=True)

    def add_images(self, name: str, images: Array, *, lossless: bool = False) -> str:
        """Images uint8 (n, 1 or 3, h, w), gray or red, green, blue; gray ones are always kept exactly."""
        cells = images.transpose(0, 2, 3, 1)
        sheet = self._sheet(name, cells[..., 0] if cells.shape[3] == 1 else cells)
        return self._store(name, Image.fromarray(sheet), lossless=lossless or sheet.ndim == 2)

    def add_figure(self, name: str, figure: Figure) -> str:
        """A drawing of matplotlib's, which stands on the page by itself: lines, not pixels, on no background."""
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
        width, height = (float(v) * DOTS / 72 for v in re.findall(rb'(?:width|height)="([\d.]+)pt"', text)[:2])
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
    """In inches, what is drawn: "tight" would hold all of the axes, though nothing be there."""
    figure.draw_without_rendering()
    marks = [mark for axes in figure.axes for mark in (*axes.texts, *axes.patches, *axes.lines, *axes.collections)]
    boxes = [mark.get_tightbbox() for mark in marks]
    box = Bbox.union([box for box in boxes if box is not None and np.isfinite(box.extents).all()])
    return Bbox.from_extents(*(v / figure.dpi for v in box.extents)).padded(margin)


def data_uri(file: str, contents: bytes) -> str:
    """An image's file inside the page."""
    kind = file.rpartition(".")[2].replace("svg", "svg+xml")
    return f"data:image/{kind};base64,{base64.b64encode(contents).decode('ascii')}"


def shrunk(maps: Array, side: int) -> Array:
    """Maps (n, h, w), by averaging brought to at most `side` pixels a side; smaller ones as they are."""
    h, w = maps.shape[1:]
    if max(h, w) <= side:
        return maps
    size = max(1, round(w * side / max(h, w))), max(1, round(h * side / max(h, w)))
    small = [Image.fromarray(m.astype(np.float32)).resize(size, Image.Resampling.BOX) for m in maps]
    return np.stack([np.asarray(m) for m in small])


def thumbnails(images: Array, side: int) -> Array:
    """Images uint8 (n, C, h, w), brought to at most `side` pixels a side; smaller ones as they are."""
    n, channels, h, w = images.shape
    if max(h, w) <= side:
        return images
    planes = shrunk(images.reshape(n * channels, h, w), side)
    return np.rint(planes).astype(np.uint8).reshape(n, channels, *planes.shape[1:])


def palette(signed: bool, count: int = 9) -> list[str]:
    """The colors of the scale from its low end to its high one, for a legend."""
    colors = colormaps[DIVERGING if signed else SEQUENTIAL](np.linspace(0, 1, count))
    return ["#" + "".join(f"{round(255 * c):02x}" for c in color[:3]) for color in colors]


PALETTES = {name: "".join(palette(name == "signed", 256)).replace("#", "") for name in ("signed", "plain")}
