"""The four forms on one page."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from minicnn.display import Shown

from ..plot._canvas import FAINT, INK, TITLE, new_figure
from .bricks import brick_layout, draw_bricks
from .code import python_code
from .formula import Statement, algebra, letters, statements
from .wiring import input_shape_of, wiring

MOST_LINES = 72  # of a column on the page
CODE, FORMULA = 6.5, 8.0  # points
LEADING = 1.42  # line height, of the size of the letters


@dataclass(frozen=True, eq=False, repr=False)
class Diagram(Shown):
    """A network in four forms.

    Attributes:
        letters: lines such as "l₂ = relu(l₀W₀)W₁": l for activations, W for learned weights, ∗ for convolution, [ , ]
            for concatenation. Biases, dropout and flattening are left out.
        algebra: the same in full, in LaTeX without dollar signs: matplotlib's mathtext renders each line.
        python: code that builds the network (see `python_code`).
        input_shape: of one image, (C, H, W) or (D,).
        statements: what each letter stands for.
    """

    letters: list[str]
    algebra: list[str]
    python: str
    input_shape: tuple[int, ...]
    statements: list[Statement]

    def plot(self, figure: Figure | None = None) -> Figure:
        """Bricks at the top; below them, side by side, letters, algebra and Python.

        A brick is a matrix of the product l W, drawn to scale, √rows high and √columns wide: activations have a row for
        each position and a column for each channel, weights have a row for each number that one output is made of and a
        column for each output. Columns of text longer than 72 lines are cut; the attributes hold all of it.
        """
        layout = brick_layout(self.statements)
        width, height = layout.width, layout.height
        code = _cut(self.python.splitlines())
        texts = max(len(code) * CODE, max(map(len, map(_cut, (self.letters, self.algebra)))) * FORMULA)
        below = texts * LEADING / 72 + 0.45
        if figure is None:
            figure = new_figure(width, height + below + 0.4)
        figure.set_layout_engine("none")
        total = height + below + 0.4
        ax = figure.add_axes((0.01, below / total, 0.98, height / total))
        draw_bricks(self.statements, ax, layout)
        share = width / 40  # a wide page's text stays on the left, where it can be read next to the other columns
        places = [0.02, 0.02 + 0.27 / max(1, 2 * share), 0.02 + 0.6 / max(1, 2 * share)]
        figure.text(places[0], 1 - 0.25 / total, "bricks", fontsize=TITLE, color=INK, va="center")
        caption = "blue: what flows, places × channels;  orange: what was learned, inputs × outputs;  sides ∝ √n"
        figure.text(0.02 + 0.7 / width, 1 - 0.25 / total, caption, fontsize=7, color=FAINT, va="center")
        math = [f"${line}$" for line in self.algebra]
        for x, title, lines, look in (
            (places[0], "letters", self.letters, {"fontsize": FORMULA}),
            (places[1], "algebra", math, {"fontsize": FORMULA}),
            (places[2], "Python", code, {"fontsize": CODE, "family": "monospace", "parse_math": False}),
        ):
            y = below - 0.1
            figure.text(x, y / total, title, fontsize=TITLE, color=INK, va="center")
            _write(figure, x, y - 0.25, total, _cut(lines), look)
        return figure

    def draw(self, figure: Figure | None = None) -> Figure:
        """The old name of `plot`, until the version after 0.1."""
        warnings.warn("Diagram.draw is now Diagram.plot", DeprecationWarning, stacklevel=2)
        return self.plot(figure)

    def _headline(self) -> str:
        weights = sum(s.weight is not None for s in self.statements)
        return f"{weights} weights, input {'×'.join(map(str, self.input_shape))}"

    def __str__(self) -> str:
        """The network in letters."""
        return "\n".join(self.letters)


def diagram(model: Any, input_shape: tuple[int, ...] | None = None) -> Diagram:
    """A network as bricks, letters, algebra and Python.

    Args:
        model: any network of our containers and layers; your own layers are functions with their class's name.
        input_shape: (C, H, W) of an image, or (D,); by default taken from its transform or its first dense layer, or
            else the first of 224, 227, 299, 64, 32 and 28 pixels that fits.

    Raises:
        ValueError: the shape does not fit, or none can be found.

    Source: Trask (2019), Grokking Deep Learning, chapter 7: How to picture neural networks.
    """
    shape = input_shape_of(model) if input_shape is None else tuple(input_shape)
    found = statements(wiring(model, shape))
    return Diagram(letters(found), algebra(found), python_code(model), shape, found)


def _cut(lines: list[str]) -> list[str]:
    if len(lines) <= MOST_LINES:
        return lines
    return [*lines[: MOST_LINES - 1], f"… and {len(lines) - MOST_LINES + 1} more lines"]


def _write(figure: Figure, x: float, y: float, total: float, lines: list[str], look: dict[str, Any]) -> None:
    """Lines of text from (x of the width, y inches) downwards."""
    for i, line in enumerate(lines):
        place = (y - i * look["fontsize"] * LEADING / 72) / total
        figure.text(x, place, line, color=INK, va="baseline", **look)
