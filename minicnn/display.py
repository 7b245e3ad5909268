"""How a result shows itself: a line at a prompt, a drawing and a table in a notebook.

A result derives from `Shown`, says in one line what it is, and, where it has them, what to draw and what to tabulate.
Nothing here needs IPython: a notebook asks any object for `_repr_html_`, and a drawing for `_repr_png_`.

Drawings come from `viz.plot`, which is imported when someone looks: the engine computes without it.
"""

from __future__ import annotations

import base64
import html
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

TALLEST = "40em"  # of a table; a longer one scrolls
DOTS = 96  # of a browser's inch
VISIBLE = (1, 3)  # channels: gray, or red, green and blue


class Shown:
    """A result that shows itself. A subclass defines `_headline`, and, where there is something to see, the others."""

    def _headline(self) -> str:
        """What it is, in one line."""
        raise NotImplementedError

    def plot(self) -> Any:
        """Its drawing: a matplotlib Figure, or Axes whose `.figure` is one; None where there is nothing to draw."""
        return None

    def _table(self) -> Table | None:
        return None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._headline()})"

    def _repr_html_(self) -> str:
        drawn, table = self.plot(), self._table()
        if drawn is None and table is None:
            return f"<div>{html.escape(repr(self))}</div>"
        headline = html.escape(self._headline())
        parts = [f"<div><strong>{type(self).__name__}</strong>: {headline}</div>"]
        if drawn is not None:
            data, size = png(drawn.figure)
            source = f"data:image/png;base64,{base64.b64encode(data).decode()}"
            parts.append(f'<img src="{source}" width="{size["width"]}" style="max-width: 100%" alt="{headline}">')
        if table is not None:
            parts.append(table.to_html())
        return "\n".join(parts)


@dataclass(frozen=True)
class Table:
    """Rows of text under a head; the first `left` columns are words, the others numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1

    def to_html(self) -> str:
        def line(cells: Sequence[str], tag: str) -> str:
            sides = ["left"] * self.left + ["right"] * (len(cells) - self.left)
            inner = (
                f'<{tag} style="text-align: {side}">{html.escape(cell)}</{tag}>'
                for side, cell in zip(sides, cells, strict=True)
            )
            return f"<tr>{''.join(inner)}</tr>"

        body = "\n".join(line(row, "td") for row in self.rows)
        table = f"<table><thead>{line(self.head, 'th')}</thead><tbody>\n{body}\n</tbody></table>"
        return f'<div style="max-height: {TALLEST}; width: fit-content; overflow: auto">{table}</div>'


class Pair(Shown, tuple[Any, int]):
    """One image of a data set and its label: `image, label = data[3]`. It knows the name of its class.

    Attributes:
        name: the class's.
    """

    name: str

    def __new__(cls, image: Any, label: int, name: str) -> Pair:
        pair = super().__new__(cls, (image, label))
        pair.name = name
        return pair

    def __getnewargs__(self) -> tuple[Any, int, str]:
        return (*self, self.name)

    def _headline(self) -> str:
        channels, height, width = self[0].shape
        return f"{self.name}, label {self[1]}, {channels}×{height}×{width} {self[0].dtype}"

    def plot(self) -> Any:
        return drawing().images(self[0][None], titles=[self.name]) if len(self[0]) in VISIBLE else None


def drawing() -> Any:
    """The module `viz.plot`."""
    from viz import plot

    return plot


def png(figure: Any) -> tuple[bytes, dict[str, int]]:
    """A figure's PNG, and the size at which a browser shows it as large as it is on paper."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    width, height = (round(inches * DOTS) for inches in figure.get_size_inches())
    return buffer.getvalue(), {"width": width, "height": height}


def in_notebook() -> bool:
    """Whether this runs in a kernel that shows output in a notebook. IPython is asked only where it runs already."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and "IPKernelApp" in shell.config


def tqdm(*arguments: Any, disable: bool | None = None, **options: Any) -> Any:
    """tqdm's bar: a widget in a notebook, text elsewhere; None for `disable` shows it where someone can see it move."""
    if disable is None:
        disable = not (in_notebook() or sys.stderr.isatty())
    from tqdm import tqdm as text

    bar = (_widget() if in_notebook() and not disable else None) or text
    return bar(*arguments, disable=disable, **options)


def _widget() -> Any:
    """tqdm's widget, if ipywidgets is installed. It takes itself out of the cell's output when it is closed: a notebook
    would be saved with a bar at 0 %, as it was when it was first shown."""
    from IPython.display import display
    from tqdm.notebook import IProgress
    from tqdm.notebook import tqdm as widget

    class Bar(widget):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, display=False, **options)
            self.output = display(self.container, display_id=True)

        def close(self) -> None:
            if not self.disable:  # not closed yet
                super().close()
                self.output.update({"text/plain": ""}, raw=True)

    return Bar if IProgress is not None else None


def shape_text(shape: tuple[int, ...]) -> str:
    """(C, H, W) as H×W×C, the way the field prints the stages of a network."""
    return "×".join(map(str, (*shape[1:], shape[0]))) if shape else "1"
