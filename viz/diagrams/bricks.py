"""A network as bricks: a strip for activations, a block for learned weights, all on one scale."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle

import minicnn as cnn

from ..plot._canvas import BLUE, FAINT, INK, SMALL, VERMILLION
from .formula import DIGITS, SUBSCRIPTS, Statement

INCHES = 0.06  # of √n, at most
TALLEST = 3.2  # inches
GAP = 0.14  # inches between bricks
LABEL = 0.95  # inches below a brick, for its shape
LETTER = 0.15  # inches above a brick that its letter takes
PITCH = 0.42  # inches for a brick and its gap, on average
FEW = 9  # bricks whose shapes fit below them unturned


@dataclass(frozen=True)
class Brick:
    """A matrix of a product l W, drawn √rows high and √columns wide.

    Attributes:
        letter: "l₁" or "W₀".
        shape: the array's own; a dense layer's as the product l W needs it, inputs × outputs.
        rows, columns: of the matrix: places × channels of what flows, inputs × outputs of one place of the weights.
        functions: what has been done to what flows, last.
    """

    letter: str
    shape: tuple[int, ...]
    rows: int
    columns: int
    functions: tuple[str, ...] = ()


def bricks_of(s: Statement) -> tuple[Brick | None, Brick]:
    """The block of a statement's weights, if it has any, and the strip of its letter."""
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


def size_of(found: list[Statement]) -> tuple[float, float]:
    """The width and height, in inches, at which the bricks are legible."""
    count = sum(1 + (s.weight is not None) for s in found)
    width = float(np.clip(PITCH * count, 9, 40))
    _, _, height = _layout(found, width)
    return width, height


def draw_bricks(found: list[Statement], ax: Axes, width: float) -> None:
    """Draw on axes of this size; a unit of both axes is an inch."""
    boxes, columns, height = _layout(found, width)
    for s in found:
        block, strip = bricks_of(s)
        for brick, color in ((block, VERMILLION), (strip, BLUE)):
            if brick is not None:
                _draw(ax, brick, boxes[brick.letter], color, turned=len(boxes) > FEW)
        target = boxes[(block or strip).letter]
        for source in s.sources:
            start = boxes[bricks_of(found[source])[1].letter]
            far = columns[s.number] - columns[source] > 1
            arrow: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 5, "color": FAINT, "linewidth": 0.7}
            if far:  # over what lies between, from letter to letter
                ends = [(b[0] + b[2] / 2, b[1] + b[3] + LETTER) for b in (start, target)]
                arrow["connectionstyle"] = f"arc3,rad={-_bend(ends[0], ends[1], list(boxes.values())):.3f}"
            else:
                ends = [(start[0] + start[2], start[1] + start[3] / 2), (target[0], target[1] + target[3] / 2)]
            ax.add_patch(FancyArrowPatch(*ends, shrinkA=1, shrinkB=1, zorder=1, **arrow))
        if block is not None:
            x, y, w, h = target
            mine = boxes[strip.letter]
            ends = [(x + w, y + h / 2), (mine[0], mine[1] + mine[3] / 2)]
            arrow = {"arrowstyle": "-|>", "mutation_scale": 5, "color": FAINT, "linewidth": 0.7}
            ax.add_patch(FancyArrowPatch(*ends, shrinkA=1, shrinkB=1, zorder=1, **arrow))
    ax.set_xlim(0, width)
    ax.set_ylim(0, height)
    ax.set_aspect("equal", anchor="NW")
    ax.set_axis_off()


def _bend(
    start: tuple[float, float], end: tuple[float, float], boxes: list[tuple[float, float, float, float]]
) -> float:
    """How far an arc rises, of its span: enough for the bricks of its own lane that it goes over.

    At the share t of the way a quadratic curve with the bend r is 2 t (1 − t) r · span above its chord.
    """
    span = end[0] - start[0]
    bend = min(0.5, 1.2 / span)
    for x, y, w, h in boxes:
        t = (x + w / 2 - start[0]) / span
        chord = start[1] + t * (end[1] - start[1])
        if 0.02 < t < 0.98 and y < max(start[1], end[1]):
            bend = max(bend, (y + h + LETTER + 0.12 - chord) / (2 * t * (1 - t) * span))
    return float(min(bend, 1.0))


def _layout(
    found: list[Statement], width: float
) -> tuple[dict[str, tuple[float, float, float, float]], dict[int, int], float]:
    """(left, bottom, width, height) of each brick by its letter, each letter's column, and the height of it all."""
    columns: dict[int, int] = {}
    members: dict[int, list[Statement]] = defaultdict(list)
    for s in found:
        columns[s.number] = max((columns[source] + 1 for source in s.sources), default=0)
        members[columns[s.number]].append(s)
    reach = {s.number: 0 for s in found}
    for s in found:
        for source in s.sources:
            reach[source] = max(reach[source], columns[s.number] - columns[source])
    for inside in members.values():
        inside.sort(
            key=lambda s: -reach[s.number]
        )  # connections that skip columns are on top: their arcs go over the others
    pairs = {s.number: bricks_of(s) for s in found}
    sizes = {
        brick.letter: (np.sqrt(brick.columns), np.sqrt(brick.rows))
        for pair in pairs.values()
        for brick in pair
        if brick
    }
    widest = {
        c: [max((sizes[b.letter][0] for s in inside if (b := pairs[s.number][part])), default=0) for part in (0, 1)]
        for c, inside in members.items()
    }
    gaps = sum(1 + (w[0] > 0) for w in widest.values()) * 2 * GAP
    tallest = max(high for _, high in sizes.values())
    scale = min(INCHES, TALLEST / tallest, (width - gaps) / sum(map(sum, widest.values())))
    used = gaps + scale * sum(map(sum, widest.values()))
    spread = 1 + max(0.0, min(1.5, (width - used) / gaps))  # room left over goes between the bricks
    lanes = {
        c: [max(sizes[b.letter][1] for b in pairs[s.number] if b) for s in inside] for c, inside in members.items()
    }
    heights = {c: sum(scale * high + LABEL + 0.25 for high in of) for c, of in lanes.items()}
    height = max(heights.values()) + 0.1
    boxes: dict[str, tuple[float, float, float, float]] = {}
    x = 0.0
    for c in sorted(members):
        block_width, strip_width = (scale * w for w in widest[c])
        starts = (x + GAP * spread, x + GAP * spread + (block_width + 2 * GAP * spread if block_width else 0))
        top = height - (height - heights[c]) / 2
        for s, high in zip(members[c], lanes[c], strict=True):
            middle = top - 0.25 - scale * high / 2
            for part, brick in enumerate(pairs[s.number]):
                if brick is not None:
                    w, h = (scale * side for side in sizes[brick.letter])
                    inner = (block_width, strip_width)[part]
                    boxes[brick.letter] = (starts[part] + (inner - w) / 2, middle - h / 2, w, h)
            top -= scale * high + LABEL + 0.25
        x = starts[1] + strip_width + GAP * spread
    return boxes, columns, height


def _draw(ax: Axes, brick: Brick, box: tuple[float, float, float, float], color: str, *, turned: bool) -> None:
    x, y, w, h = box
    ax.add_patch(Rectangle((x, y), w, h, facecolor=color, edgecolor=color, linewidth=0.8, alpha=0.85, zorder=2))
    letter = (
        rf"$\mathdefault{{{brick.letter[0]}_{{{brick.letter[1:].translate(DIGITS)}}}}}$"  # all digits of one weight
    )
    ax.text(x + w / 2, y + h + 0.03, letter, ha="center", va="bottom", fontsize=SMALL, color=INK)
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
