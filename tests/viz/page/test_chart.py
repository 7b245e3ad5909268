"""The ticks of a chart's axes: round numbers, from one end to the other."""

import pytest

from viz.page.chart import log_ticks, whole_ticks


@pytest.mark.parametrize("last", [*range(100), 101, 160, 161, 999, 4001, 7999])
def test_whole_ticks_are_round_and_few_and_reach_both_ends(last: int) -> None:
    ticks = whole_ticks(last)
    steps = {b - a for a, b in zip(ticks, ticks[1:], strict=False)}
    assert len(steps) == 1
    assert f"{steps.pop():.0e}"[0] in "125"
    assert ticks[0] == 0 and ticks[-2] < max(last, 1) <= ticks[-1]
    assert len(ticks) <= 10


@pytest.mark.parametrize("values", [(0.3, 0.7), (1.0, 1.0), (0.004, 30), (2, 500)])
def test_log_ticks_are_round_and_hold_the_values_between_them(values: tuple[float, float]) -> None:
    ticks = log_ticks(values)
    assert {f"{tick:.0e}"[0] for tick in ticks} <= set("125")
    assert ticks[0] <= values[0] and values[1] <= ticks[-1]
    assert ticks == sorted(set(ticks))
