"""The positions of a network's bricks: columns in order of execution, lanes for branches, rows like lines of text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .formula import Statement

INCHES = 0.06  # of √n, at most
TALLEST = 3.2  # inches
GAP = 0.14  # inches between bricks
LABEL = 0.95  # inches below a brick, for its shape
LETTER = 0.15  # inches above a brick that its letter takes
ABOVE = 0.25  # inches above a brick, for its letter
PITCH = 0.42  # inches for a brick and its gap, on average
ROW = 14.0  # inches; a longer row is broken into several
NARROWEST = 9.0  # inches
FALL = 0.5  # inches between lanes
MARGIN = 0.05  # inches above and below everything
LEAD = 0.5  # inches at the left of a row, for the line from the row above

Box = tuple[float, float, float, float]  # left, bottom, width, height


@dataclass(frozen=True)
class Layout:
    """The positions of the bricks, in inches from the lower left corner.

    Attributes:
        boxes: by a statement's number the boxes of its weight's block, if it has one, and of its letter's strip.
        columns: by a statement's number its column, counted through all rows.
        rows: by a statement's number its row, from the top.
        middles: for each row the height at which the line from the row above enters.
        bends: by (source, target) the bend of an arc over the statements in between: its rise as a share of its span.
            0 for an arc from a higher lane, which descends.
        width, height: of the whole.
    """

    boxes: dict[int, tuple[Box | None, Box]]
    columns: dict[int, int]
    rows: dict[int, int]
    middles: list[float]
    bends: dict[tuple[int, int], float]
    width: float
    height: float

    def entry(self, source: int, target: int) -> Box:
        """The box of the strip that a statement reads; if that is in the row above, a place at the left of its row."""
        if self.rows[source] == self.rows[target]:
            return self.boxes[source][1]
        return (0.05, self.middles[self.rows[target]], LEAD / 2, 0.0)


Sides = tuple[float, float]  # √columns, √rows of a brick


def lay_out(
    found: list[Statement], sizes: Mapping[int, tuple[Sides | None, Sides]], width: float | None = None
) -> Layout:
    """Place the bricks.

    Args:
        found: the network's statements.
        sizes: by a statement's number the width and height of its two bricks, before scaling.
        width: in inches; by default one at which the bricks are legible.
    """
    columns, members = _columns(found)
    widest = {
        c: [max((side[0] for n in inside if (side := sizes[n][part])), default=0.0) for part in (0, 1)]
        for c, inside in members.items()
    }
    slots = {c: 1 + (w[0] > 0) for c, w in widest.items()}
    rows = _rows(found, columns, slots)
    lines = [[c for c in sorted(members) if rows[c] == r] for r in range(max(rows.values()) + 1)]
    leads = [LEAD if r else 0.0 for r in range(len(lines))]
    if width is None:
        counts = [sum(slots[c] for c in line) for line in lines]
        width = max(NARROWEST, *(PITCH * count + lead for count, lead in zip(counts, leads, strict=True)))
    room = [width - lead for lead in leads]
    gaps = [2 * GAP * sum(slots[c] for c in line) for line in lines]
    breadths = [sum(sum(widest[c]) for c in line) for line in lines]
    tallest = max(side[1] for pair in sizes.values() for side in pair if side)
    scale = min(INCHES, TALLEST / tallest, *((a - b) / c for a, b, c in zip(room, gaps, breadths, strict=True)))
    left_over = min((a - b - scale * c) / b for a, b, c in zip(room, gaps, breadths, strict=True))
    gap = GAP * (1 + max(0.0, min(1.5, left_over)))  # the remaining room is distributed between the bricks

    def place(headroom: list[float]) -> Layout:
        highs = {
            c: [scale * max(side[1] for side in sizes[n] if side) for n in inside] for c, inside in members.items()
        }
        heights = {c: sum(high + LABEL + ABOVE for high in of) for c, of in highs.items()}
        inner = [max(heights[c] for c in line) for line in lines]
        height = sum(inner) + sum(headroom) + 2 * MARGIN
        boxes: dict[int, tuple[Box | None, Box]] = {}
        middles, ceiling = [], height - MARGIN
        for r, line in enumerate(lines):
            x, middle = leads[r], ceiling - headroom[r] - inner[r] / 2
            middles.append(middle + (LABEL - ABOVE) / 2)
            for c in line:
                block, strip = (scale * w for w in widest[c])
                starts = (x + gap, x + gap + (block + 2 * gap if block else 0))
                top = middle + heights[c] / 2
                for n, high in zip(members[c], highs[c], strict=True):
                    center = top - ABOVE - high / 2
                    sides, own = sizes[n]
                    boxes[n] = (
                        _box(sides, scale, starts[0], block, center) if sides else None,
                        _box(own, scale, starts[1], strip, center),
                    )
                    top -= high + LABEL + ABOVE
                x = starts[1] + strip + gap
            ceiling -= headroom[r] + inner[r]
        of = {n: rows[c] for n, c in columns.items()}
        return Layout(boxes, columns, of, middles, {}, width, height)

    flat = place([0.0] * len(lines))
    over = [0.0] * len(lines)
    ceilings = [max(b[1] + b[3] for n, (_, b) in flat.boxes.items() if flat.rows[n] == r) for r in range(len(lines))]
    bends = {}
    for s in found:
        for source in s.sources:
            if columns[s.number] - columns[source] > 1:
                start, end = arc_ends(flat, source, s.number)
                r = flat.rows[s.number]
                between = [b for n, pair in flat.boxes.items() if flat.rows[n] == r for b in pair if b]
                bend = 0.0 if start[1] > end[1] + FALL else _bend(start, end, between)
                bends[source, s.number] = bend
                over[r] = max(over[r], _apex(start, end, bend) - ceilings[r] - ABOVE)
    placed = place([max(0.0, extra) for extra in over])
    return Layout(placed.boxes, columns, placed.rows, placed.middles, bends, width, placed.height)


def arc_ends(layout: Layout, source: int, target: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """The two ends of an arc, from letter to letter."""
    block, strip = layout.boxes[target]
    (x0, y0, w0, h0), (x1, y1, w1, h1) = layout.entry(source, target), block or strip
    return (x0 + w0 / 2, y0 + h0 + LETTER), (x1 + w1 / 2, y1 + h1 + LETTER)


def _columns(found: list[Statement]) -> tuple[dict[int, int], dict[int, list[int]]]:
    """Each statement's column, to the right of those it reads; and each column's statements from the top."""
    columns: dict[int, int] = {}
    for s in found:
        columns[s.number] = max((columns[source] + 1 for source in s.sources), default=0)
    reach = dict.fromkeys(columns, 0)
    for s in found:
        for source in s.sources:
            reach[source] = max(reach[source], columns[s.number] - columns[source])
    members: dict[int, list[int]] = defaultdict(list)
    for s in found:
        members[columns[s.number]].append(s.number)
    for inside in members.values():
        inside.sort(key=lambda n: -reach[n])  # those that skip columns on top: their arcs pass over the others
    return columns, members


def _rows(found: list[Statement], columns: dict[int, int], slots: dict[int, int]) -> dict[int, int]:
    """Each column's row. A row can end only where everything after it depends on a single statement, its last."""
    total, wanted = sum(slots.values()), -(-sum(slots.values()) * PITCH // ROW)
    crossing: dict[int, set[int]] = defaultdict(set)
    for s in found:
        for source in s.sources:
            for c in range(columns[source] + 1, columns[s.number] + 1):
                crossing[c].add(source)
    ends = [c for c, sources in crossing.items() if len(sources) == 1 and columns[min(sources)] == c - 1]
    rows, row, filled = {0: 0}, 0, slots[0]
    for c in range(1, len(slots)):
        following = next((end for end in sorted(ends) if end > c), len(slots))
        if c in ends and filled + sum(slots[k] for k in range(c, following)) / 2 > total / wanted:
            row, filled = row + 1, 0
        rows[c], filled = row, filled + slots[c]
    return rows


def _box(sides: Sides, scale: float, left: float, breadth: float, middle: float) -> Box:
    w, h = scale * sides[0], scale * sides[1]
    return left + (breadth - w) / 2, middle - h / 2, w, h


def _bend(start: tuple[float, float], end: tuple[float, float], boxes: list[Box]) -> float:
    """The rise of an arc as a share of its span: enough to pass over the bricks in its lane.

    At the fraction t of its length, a quadratic curve with the bend r is 2 t (1 − t) r · span above its chord.
    """
    span = end[0] - start[0]
    bend = min(0.5, 1.2 / span)
    for x, y, w, h in boxes:
        t = (x + w / 2 - start[0]) / span
        chord = start[1] + t * (end[1] - start[1])
        if 0.02 < t < 0.98 and y < max(start[1], end[1]):
            bend = max(bend, (y + h + LETTER + 0.12 - chord) / (2 * t * (1 - t) * span))
    return float(min(bend, 1.0))


def _apex(start: tuple[float, float], end: tuple[float, float], bend: float) -> float:
    """The height of an arc's highest point."""
    t = np.linspace(0, 1, 33)
    return float((start[1] + t * (end[1] - start[1]) + 2 * t * (1 - t) * bend * (end[0] - start[0])).max())
