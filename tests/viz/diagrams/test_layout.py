"""Bricks as a viewer sees them: to one scale, in rows, evenly apart."""

import itertools

import numpy as np
import pytest

import minicnn as cnn
import viz
from viz.diagrams.bricks import brick_layout, bricks_of


def chain(layers: int, units: int = 9) -> cnn.Sequential:
    return cnn.Sequential(*(cnn.Dense(units, units, bias=False) for _ in range(layers)))


def branching() -> cnn.Sequential:
    return cnn.Sequential(
        a=cnn.Conv2d(1, 4, 3, padding=1),
        fork=cnn.Concat(one=cnn.Conv2d(4, 2, 1), two=cnn.Conv2d(4, 6, 3, padding=1), three=cnn.Conv2d(4, 1, 1)),
        gap=cnn.GlobalAvgPool2d(),
        fc=cnn.Dense(9, 3),
    )


def drawn(model: cnn.Sequential, shape, width=None):
    """The layout, and each brick with its box."""
    found = viz.diagram(model, shape).statements
    layout = brick_layout(found, width)
    pairs = [pair for s in found for pair in zip(bricks_of(s), layout.boxes[s.number], strict=True) if pair[0]]
    return layout, pairs


NETWORKS = {
    "chain": (chain(6), (9,)),
    "branching": (branching(), (1, 8, 8)),
    "seed": (cnn.zoo.build("seed"), (1, 28, 28)),
    "tall": (cnn.Sequential(cnn.Dense(40_000, 9), cnn.Dense(9, 2)), (40_000,)),
}


@pytest.mark.parametrize("width", [None, 10, 60])
@pytest.mark.parametrize("name", NETWORKS)
def test_all_bricks_are_drawn_to_one_scale_up_to_a_size(name: str, width) -> None:
    _, pairs = drawn(*NETWORKS[name], width)
    scales = [side / np.sqrt(n) for brick, box in pairs for side, n in ((box[2], brick.columns), (box[3], brick.rows))]
    assert scales == pytest.approx([scales[0]] * len(scales))
    assert scales[0] <= 0.06 + 1e-12 and max(box[3] for _, box in pairs) <= 3.2 + 1e-12
    if width == 60:  # as large as it may be
        tallest = max(np.sqrt(brick.rows) for brick, _ in pairs)
        assert scales[0] == pytest.approx(min(0.06, 3.2 / tallest))


@pytest.mark.parametrize("width", [9, 12, 20, 60])
def test_neighbors_are_evenly_apart_and_never_farther_than_seven_tenths_of_an_inch(width: int) -> None:
    layout, pairs = drawn(*NETWORKS["chain"], width)
    boxes = sorted(box for _, box in pairs)
    spaces = [b[0] - (a[0] + a[2]) for a, b in itertools.pairwise(boxes)]
    assert spaces == pytest.approx([spaces[0]] * len(spaces))
    assert 0.28 <= spaces[0] <= 0.7 + 1e-9
    assert boxes[0][0] == pytest.approx(spaces[0] / 2)  # and half as far from the edge
    if width == 60:
        assert spaces[0] == pytest.approx(0.7)
    if width < 11:
        assert layout.width - boxes[-1][0] - boxes[-1][2] == pytest.approx(spaces[0] / 2)  # the row is filled


@pytest.mark.parametrize(("layers", "width", "rows"), [(3, 9, 1), (10, 9, 1), (12, 0.42 * 25, 1), (16, 0.42 * 33, 1)])
def test_a_row_has_a_place_of_less_than_half_an_inch_for_each_brick(layers: int, width: float, rows: int) -> None:
    layout, _ = drawn(chain(layers), (9,))
    assert layout.width == pytest.approx(width) and max(layout.rows.values()) + 1 == rows


def test_a_row_longer_than_14_inches_is_broken_into_equal_ones() -> None:
    layout, _ = drawn(chain(17), (9,))  # 35 bricks
    assert max(layout.rows.values()) == 1
    of = [sum(row == r for row in layout.rows.values()) for r in (0, 1)]
    assert abs(of[0] - of[1]) <= 1
    lefts = [layout.boxes[min(n for n, row in layout.rows.items() if row == r)] for r in (0, 1)]
    first = [min(box[0] for box in pair if box) for pair in lefts]
    gap = first[0]
    assert first[1] == pytest.approx(gap + 0.5)  # after the line from the row above, of half an inch
    source = max(n for n, row in layout.rows.items() if row == 0)
    x, y, w, h = layout.entry(source, source + 1)
    assert 0 < x < x + w < first[1] and h == 0 and y == layout.middles[1]
    assert y == pytest.approx(lefts[1][1][1] + lefts[1][1][3] / 2)  # at the height of the bricks' middles
    assert layout.entry(0, 1) == layout.boxes[0][1]


def test_branches_lie_under_each_other_with_room_for_letters_and_shapes() -> None:
    layout, _ = drawn(*NETWORKS["branching"])
    columns = {}
    for n, (_, box) in layout.boxes.items():
        columns.setdefault(layout.columns[n], []).append(box)
    lanes = sorted(max(columns.values(), key=len), key=lambda box: -box[1])
    assert len(lanes) == 3
    middles = [x + w / 2 for x, _, w, _ in lanes]
    assert middles == pytest.approx([middles[0]] * 3)
    for upper, lower in itertools.pairwise(lanes):  # 0.95 inches for the shape, 0.25 for the letter
        blocks = [pair for pair in layout.boxes.values() if pair[1] in (upper, lower)]
        high = [max(box[3] for box in pair if box) for pair in sorted(blocks, key=lambda pair: -pair[1][1])]
        between = (upper[1] + upper[3] / 2 - high[0] / 2) - (lower[1] + lower[3] / 2 + high[1] / 2)
        assert between == pytest.approx(0.95 + 0.25)
    for block, strip in layout.boxes.values():
        if block:  # on one line
            assert block[1] + block[3] / 2 == pytest.approx(strip[1] + strip[3] / 2)
            assert block[0] + block[2] < strip[0]
    single = [boxes[0][1] + boxes[0][3] / 2 for boxes in columns.values() if len(boxes) == 1]
    middle = (max(y + h for _, y, _, h in lanes) + 0.25 + min(y for _, y, _, _ in lanes) - 0.95) / 2
    assert all(abs(y - middle) < 0.6 for y in single)
