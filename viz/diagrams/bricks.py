"""A network as bricks: a strip for each activation, a block for each learned weight, all to the same scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle

import minicnn as cnn

from ..plot._canvas import BLUE, FAINT, INK, SMALL, VERMILLION
from .formula import DIGITS, SUBSCRIPTS, Statement
from .layout import LEAD, Box, Layout, arc_ends, lay_out

FEW = 9  # bricks; with more, the shapes below them are rotated


@dataclass(frozen=True)
class Brick:
    """A matrix of a product l W, drawn √rows high and √columns wide.

    Attributes:
        letter: "l₁" or "W₀".
        shape: the array's shape; for a dense layer inputs × outputs, as in the product l W.
        rows, columns: of the matrix: positions × channels for an activation, inputs × outputs of one position for a
            weight.
        functions: those last applied to the activation.
    """

    letter: str
    shape: tuple[int, ...]
    rows: int
    columns: int
    functions: tuple[str, ...] = ()


def bricks_of(s: Statement) -> tuple[Brick | None, Brick]:
    """The block of a statement's weight, if it has one, and the strip of its letter."""
    block = None
    if s.weight is not None:
        shape = s.layer.weight.shape
        if isinstance(s.layer, cnn.ConvTranspose2d):
            rows, columns = shape[0], int(np.prod(shape[1:]))
        else:
            rows, columns = int(np.prod(shape[1:])), shape[0]
        if isinstance(s.layer, cnn.Dense):
            shape = (rows, columns)
        block = Brick("W" + str(s.weight).translate(SUBSCRIPTS), shape, rows, columns)
    places = int(np.prod(s.shape[1:]))
    strip = Brick("l" + str(s.number).translate(SUBSCRIPTS), s.shape, places, s.shape[0], (*_join(s), *s.after))
    return block, strip


def brick_layout(found: list[Statement], width: float | None = None) -> Layout:
    """The positions of the bricks (see `lay_out`), each √columns wide and √rows high."""
    pairs = {s.number: bricks_of(s) for s in found}
    return lay_out(
        found, {n: (_sides(block) if block else None, _sides(strip)) for n, (block, strip) in pairs.items()}, width
    )


def _sides(brick: Brick) -> tuple[float, float]:
    return float(np.sqrt(brick.columns)), float(np.sqrt(brick.rows))


def draw_bricks(found: list[Statement], ax: Axes, layout: Layout) -> None:
    """Draw the bricks; the axes take the layout's size, in units of an inch."""
    turned = sum(1 + (s.weight is not None) for s in found) > FEW
    for s in found:
        block, strip = layout.boxes[s.number]
        for brick, box, color in zip(bricks_of(s), (block, strip), (VERMILLION, BLUE), strict=True):
            if brick is not None and box is not None:
                _draw(ax, brick, box, color, turned=turned)
        if block is not None:
            _arrow(ax, _right(block), _left(strip))
        for source in s.sources:
            start = layout.entry(source, s.number)
            if layout.rows[source] != layout.rows[s.number]:  # repeat its name where the next row begins
                x, y, w, h = layout.boxes[source][1]
                _arrow(ax, (x + w, y + h / 2), (x + w + LEAD / 2, y + h / 2))
                ax.text(start[0], start[1] + 0.03, _letter(f"l{source}"), va="bottom", fontsize=SMALL, color=FAINT)
                ax.plot([start[0], start[0] + start[2]], [start[1]] * 2, color=FAINT, linewidth=0.7, zorder=1)
            bend = layout.bends.get((source, s.number))
            if bend is None:
                _arrow(ax, _right(start), _left(block or strip))
            else:  # over the statements in between, from letter to letter
                style = f"arc3,rad={-bend:.3f}" if bend else "angle3,angleA=0,angleB=90"
                _arrow(ax, *arc_ends(layout, source, s.number), connectionstyle=style)
    ax.set_xlim(0, layout.width)
    ax.set_ylim(0, layout.height)
    ax.set_aspect("equal", anchor="NW")
    ax.set_axis_off()


def _right(box: Box) -> tuple[float, float]:
    return box[0] + box[2], box[1] + box[3] / 2


def _left(box: Box) -> tuple[float, float]:
    return box[0], box[1] + box[3] / 2


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], **look: Any) -> None:
    look |= {"arrowstyle": "-|>", "mutation_scale": 5, "color": FAINT, "linewidth": 0.7}
    ax.add_patch(FancyArrowPatch(start, end, shrinkA=1, shrinkB=1, zorder=1, **look))


def _letter(name: str) -> str:
    """A letter whose subscript digits all have the same font weight."""
    return rf"$\mathdefault{{{name[0]}_{{{name[1:].translate(DIGITS)}}}}}$"


def _draw(ax: Axes, brick: Brick, box: tuple[float, float, float, float], color: str, *, turned: bool) -> None:
    x, y, w, h = box
    ax.add_patch(Rectangle((x, y), w, h, facecolor=color, edgecolor=color, linewidth=0.8, alpha=0.85, zorder=2))
    ax.text(x + w / 2, y + h + 0.03, _letter(brick.letter), ha="center", va="bottom", fontsize=SMALL, color=INK)
    flows = brick.letter.startswith("l")
    sizes = (*brick.shape[1:], brick.shape[0]) if flows else brick.shape  # H×W×C, as the summary has it
    shape, done = "×".join(map(str, sizes)), ", ".join(brick.functions)
    look: dict[str, Any] = {"ha": "center", "va": "top", "parse_math": False}
    if not turned:
        ax.text(x + w / 2, y - 0.05, shape, color=INK, fontsize=7, **look)
        ax.text(x + w / 2, y - 0.2, done, color=FAINT, fontsize=7, **look)
        return
    ax.text(x + w / 2 - (0.045 if done else 0), y - 0.04, shape, color=INK, rotation=90, fontsize=6, **look)
    ax.text(x + w / 2 + 0.055, y - 0.04, done, color=FAINT, rotation=90, fontsize=6, **look)


def _join(s: Statement) -> tuple[str, ...]:
    return () if s.join is None else (s.join,)
