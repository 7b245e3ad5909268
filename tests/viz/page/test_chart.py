"""A chart's lines, names and ticks are where a reader looks for them."""

from itertools import pairwise

import pytest

from viz.page.chart import chart, log_ticks, percent, whole_ticks

ROUND = {m * 10.0**e for m in (1, 2, 5) for e in range(-6, 7)}


@pytest.mark.parametrize("last", [*range(100), 101, 160, 161, 999, 4001, 7999, 8001, 123_456, 800_000])
def test_whole_ticks_are_round_and_few_and_reach_both_ends(last: int) -> None:
    ticks = whole_ticks(last)
    steps = {b - a for a, b in pairwise(ticks)}
    assert len(steps) == 1 and steps < ROUND
    assert ticks[0] == 0 and ticks[-2] < max(last, 1) <= ticks[-1]
    assert len(ticks) <= 10


@pytest.mark.parametrize("values", [(0.3, 0.7), (1.0, 1.0), (0.004, 30), (2, 500), (0.2,), (0.11, 0.19)])
def test_log_ticks_are_round_and_hold_the_values_between_them(values: tuple[float, float]) -> None:
    ticks = log_ticks(values)
    assert all(min(abs(tick / n - 1) for n in ROUND) < 1e-9 for tick in ticks)
    assert ticks[0] <= values[0] and values[-1] <= ticks[-1]
    assert ticks == sorted(set(ticks))
    assert ticks[0] > values[0] / 2.6 and ticks[-1] <= 2.5 * values[-1] * (1 + 1e-9)  # and no farther than the next


@pytest.mark.parametrize("values", [(0.0, 0.0), (0.0, 1e-9)])
def test_log_ticks_of_nothing_are_small(values: tuple[float, float]) -> None:
    ticks = log_ticks(values)
    assert 1e-7 <= ticks[0] <= 1e-6 < ticks[-1] < 3e-6


def test_log_ticks_end_at_fifty_million() -> None:
    assert log_ticks((2e7, 3e8)) == [2e7, 5e7]


def test_whole_ticks_that_are_few_are_all_there() -> None:
    assert whole_ticks(0) == whole_ticks(1) == [0, 1]
    assert whole_ticks(8) == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert whole_ticks(9) == [0, 2, 4, 6, 8, 10]
    assert whole_ticks(9, most=9) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert whole_ticks(17) == [0, 5, 10, 15, 20]


def drawn(lines: dict, **options) -> dict:
    given = {"x_label": "epochs", "y_label": "loss", "x_ticks": [1, 2, 5], "y_ticks": [0.25, 0.5, 1.25]}
    return chart(lines, **given | options)


def test_points_are_placed_between_the_ends_of_the_axes_which_are_the_first_and_last_ticks() -> None:
    found = drawn({"a": [(1, 0.25), (3, 0.75), (5, 1.25)], "none": []})
    left, right, top, bottom = (found[side] for side in ("left", "right", "top", "bottom"))
    assert [line["name"] for line in found["lines"]] == ["a"]
    assert found["lines"][0]["points"] == [(left, bottom), ((left + right) / 2, (top + bottom) / 2), (right, top)]
    assert found["x_ticks"] == [(left, "1"), ((3 * left + right) / 4, "2"), (right, "5")]
    assert found["y_ticks"] == [(bottom, "0.25"), ((3 * bottom + top) / 4, "0.5"), (top, "1.25")]
    assert (found["x_label"], found["y_label"]) == ("epochs", "loss")


def test_the_field_leaves_room_for_the_words_around_it() -> None:
    """A tick's number, 6 pixels a letter, at the left; a line's name at the right; the axes' labels above and below."""
    found = drawn({"validation": [(1, 0.3)]})
    assert (found["width"], found["height"]) == (440, 260)
    assert 6 * len("0.0005") < found["left"] < 60 and 6 * len("validation") < found["width"] - found["right"] - 8 < 90
    assert 24 < found["top"] < 32 and 36 < found["height"] - found["bottom"] < 44
    assert found["right"] - found["left"] > 2 * found["width"] / 3 - 2


def test_on_a_logarithmic_axis_equal_ratios_are_equally_far_apart() -> None:
    found = drawn({"a": [(1, 0.1), (2, 1), (3, 10), (4, 0)]}, y_ticks=[0.01, 0.1, 1, 10], log=True)
    heights = [y for y, _ in found["y_ticks"]]
    steps = [a - b for a, b in pairwise(heights)]
    assert steps == pytest.approx([(found["bottom"] - found["top"]) / 3] * 3, abs=0.02)
    points = [y for _, y in found["lines"][0]["points"]]
    assert points[:3] == heights[1:]
    assert points[3] == pytest.approx(found["bottom"] + 7 * steps[0], abs=0.1)  # zero counts as 1e-9


@pytest.mark.parametrize("ends", [(0.3, 0.3, 0.3), (0.3, 0.32, 0.9), (1.2, 0.31, 0.3), (0.3, 0.6, 1.2)])
def test_names_stand_beside_the_ends_of_their_lines_and_never_on_each_other(ends: tuple[float, ...]) -> None:
    found = drawn({name: [(1, 0.5), (2, end)] for name, end in zip("abc", ends, strict=True)})
    for line in found["lines"]:
        (x, y), (at, height) = line["points"][-1], line["label"]
        assert at == x + 8 and height >= y + 4  # letters stand on their line, 8 pixels high, and their middle is meant
    labels = sorted(line["label"][1] for line in found["lines"])
    assert all(b - a >= 15 for a, b in pairwise(labels))
    highest = min(found["lines"], key=lambda line: line["points"][-1][1])
    assert highest["label"][1] == highest["points"][-1][1] + 4
    if len({round(end, 1) for end in ends}) == 3:  # they are far apart, and none is moved
        assert all(line["label"][1] == line["points"][-1][1] + 4 for line in found["lines"])
    if ends == (0.3, 0.3, 0.3):  # they are moved no farther than they must be
        assert [b - a for a, b in pairwise(labels)] == [15, 15]


def test_a_share_on_an_axis_is_a_whole_percentage() -> None:
    assert [percent(value) for value in (0, 0.25, 0.999, 1)] == ["0%", "25%", "100%", "100%"]
