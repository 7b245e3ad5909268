"""Shows every figure twice, on white paper and on dark: `%load_ext two_papers`, in the kernels that build the book.

The site shows the one that suits the reader's theme (`book.py`). On dark paper, gray and black ink become light, and
colors too dark to be seen are lightened. What lies on an image stays as it is: the image has not changed.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from IPython.display import Image, display
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.colors import to_rgba, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

DARK = "#14181e"  # the theme's background
DOTS = 96  # of a browser's inch
LEAST = 0.13  # relative luminance of a line on DARK: a contrast of 3, as WCAG asks of graphics


def luminance(color: Any) -> float:
    """The relative luminance of red, green and blue in 0…1, by WCAG's formula."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def on_dark(color: Any) -> tuple[float, float, float, float]:
    """White becomes the paper's color, gray and black ink light, a dark color lighter; others stay."""
    *rgb, alpha = to_rgba(color)
    gray = max(rgb) - min(rgb) < 0.02
    if gray and rgb[0] > 0.97:
        return (*to_rgba(DARK)[:3], alpha)
    if gray and rgb[0] < 0.5:
        return (*(0.92 - 0.5 * c for c in rgb), alpha)
    while luminance(rgb) < LEAST:
        rgb = [c + 0.05 * (1 - c) for c in rgb]
    return (*rgb, alpha)


def lies_on_an_image(artist: Text) -> bool:
    if artist.axes is None:
        return False
    x, y = artist.get_window_extent().get_points().mean(axis=0)
    return any(image.get_window_extent().contains(x, y) for image in artist.axes.images)


@contextmanager
def dark_paper(figure: Figure) -> Iterator[None]:
    """The figure, once drawn, on dark paper; then again as it was."""
    undo: list[tuple[Callable, Any]] = []

    def repaint(set_color: Callable, color: Any) -> None:
        many = not isinstance(color, str) and len(to_rgba_array(color)) > 1
        undo.append((set_color, color))
        set_color([on_dark(each) for each in color] if many else on_dark(to_rgba_array(color)[0]))

    for artist in figure.findobj():
        patch, text = isinstance(artist, Patch), isinstance(artist, Text)
        areas = isinstance(artist, Collection) and artist.get_array() is None and len(artist.get_facecolor())
        if isinstance(artist, Line2D) or (text and not lies_on_an_image(artist)):
            repaint(artist.set_color, artist.get_color())
        if patch or areas:
            repaint(artist.set_facecolor, artist.get_facecolor())
        if patch:
            repaint(artist.set_edgecolor, artist.get_edgecolor())
    try:
        yield
    finally:
        for set_color, color in reversed(undo):
            set_color(color)


def show(figure: Figure) -> None:
    for paper in (contextmanager(lambda figure: iter([None])), dark_paper):
        with paper(figure):
            png = io.BytesIO()
            figure.savefig(png, format="png", dpi=150)
        width, height = (round(DOTS * inches) for inches in figure.get_size_inches())
        display(Image(png.getvalue(), width=width, height=height))


def load_ipython_extension(shell: Any) -> None:
    shows = shell.display_formatter.ipython_display_formatter
    shows.for_type(Figure, show)
    shows.for_type(Axes, lambda ax: show(ax.figure))
