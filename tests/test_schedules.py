"""Schedules: values worked out by hand, and that JSON can hold them."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import schedules
from minicnn.schedules import Constant, Cosine, OneCycle, StepDecay, Warmup


def factors(schedule, total_steps):
    return [schedule(step, total_steps) for step in range(total_steps)]


def test_constant_is_one():
    assert factors(Constant(), 3) == [1, 1, 1]


def test_step_decay_multiplies_by_gamma_after_every_step_size_steps():
    assert factors(StepDecay(2, gamma=0.5), 5) == [1, 1, 0.5, 0.5, 0.25]


def test_cosine_falls_from_one_towards_its_minimum():
    # cos 0°, 60°, 120° are 1, 1/2, -1/2
    assert factors(Cosine(), 3) == pytest.approx([1, 0.75, 0.25])
    assert factors(Cosine(minimum=0.2), 3) == pytest.approx([1, 0.8, 0.4])


def test_one_cycle_rises_to_one_and_falls_to_almost_nothing():
    # 0.3 · 10 - 1: the peak is at step 2
    values = factors(OneCycle(), 10)
    assert values[0] == pytest.approx(1 / 25)
    assert values[1] == pytest.approx((1 / 25 + 1) / 2)
    assert values[2] == pytest.approx(1)
    assert values[9] == pytest.approx(1 / 25 / 1e4)
    assert values[2:] == sorted(values[2:], reverse=True)


@given(total=st.integers(2, 50), warmup=st.floats(0, 0.9), divide=st.floats(1, 100), final_divide=st.floats(1, 1e5))
def test_one_cycle_is_half_a_cosine_wave_up_and_another_down(total, warmup, divide, final_divide) -> None:
    peak, start = warmup * total - 1, 1 / divide
    points = [start + (1 - start) * (1 - math.cos(math.pi * step / peak)) / 2 for step in range(total) if step < peak]
    for step in range(len(points), total):
        down = (1 + math.cos(math.pi * (step - peak) / (total - 1 - peak))) / 2
        points.append(start / final_divide + (1 - start / final_divide) * down)
    assert factors(OneCycle(warmup, divide, final_divide), total) == pytest.approx(points, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("total_steps", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("warmup", [0.0, 0.2, 0.5, 0.99])
def test_one_cycle_is_defined_for_the_shortest_runs(warmup, total_steps):
    assert all(0 < factor <= 1 for factor in factors(OneCycle(warmup=warmup), total_steps))


def test_warmup_rises_along_a_line_then_follows_another_schedule():
    assert factors(Warmup(2, after=StepDecay(1, gamma=0.5), start=0.2), 5) == pytest.approx([0.2, 0.6, 1, 0.5, 0.25])


def test_warmup_leaves_the_rest_of_the_run_to_the_schedule_after_it():
    for after in (Cosine(), OneCycle()):  # which begin with 1, and with 1/25
        assert factors(Warmup(4, after=after), 10)[4:] == factors(after, 6)


def test_warmup_may_be_longer_than_the_run():
    assert factors(Warmup(10, start=0.5), 2) == pytest.approx([0.5, 0.55])


every_schedule = pytest.mark.parametrize(
    "schedule",
    [Constant(), StepDecay(7, 0.3), Cosine(0.01), OneCycle(0.2, 10.0, 100.0), Warmup(5, Warmup(2, Cosine()), 0.25)],
    ids=lambda schedule: schedule.name,
)


@every_schedule
def test_options_survive_json_and_rebuild_the_schedule(schedule):
    assert schedules.build(**json.loads(json.dumps(schedule.options()))) == schedule


@every_schedule
@pytest.mark.parametrize("step", [-1, 10])
def test_a_step_outside_the_run_is_refused(schedule, step):
    with pytest.raises(ValueError, match=f"{type(schedule).__name__}: a run of 10 steps has no step {step}"):
        schedule(step, 10)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (StepDecay(1), [1, 0.1, 0.01, 0.001, 0.0001]),
        (Cosine(minimum=1), [1, 1, 1, 1, 1]),
        (OneCycle(warmup=0.2, divide=1, final_divide=1), [1, 1, 1, 1, 1]),
        (Warmup(1, start=0), [0, 1, 1, 1, 1]),
        (Warmup(2, start=1), [1, 1, 1, 1, 1]),
        (Warmup(4), [0.1, 0.325, 0.55, 0.775, 1]),
    ],
)
def test_the_ends_of_an_options_range_are_allowed_and_defaults_are_as_documented(schedule, expected):
    assert factors(schedule, 5) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StepDecay(0), "StepDecay: step_size must be at least 1, got 0"),
        (lambda: StepDecay(3, gamma=0.0), "StepDecay: gamma must be positive, got 0.0"),
        (lambda: Cosine(minimum=1.5), r"Cosine: minimum must be in \[0, 1\], got 1.5"),
        (lambda: OneCycle(warmup=1.0), r"OneCycle: warmup is a fraction of the run in \[0, 1\), got 1.0"),
        (lambda: OneCycle(divide=0.5), "OneCycle: divide must be at least 1, got 0.5"),
        (lambda: OneCycle(final_divide=0.0), "OneCycle: final_divide must be at least 1, got 0.0"),
        (lambda: Warmup(0), "Warmup: steps must be at least 1, got 0"),
        (lambda: Warmup(5, start=1.5), r"Warmup: start must be in \[0, 1\], got 1.5"),
        (lambda: Cosine(minimum=-0.1), r"Cosine: minimum must be in \[0, 1\], got -0.1"),
        (lambda: OneCycle(warmup=-0.1), r"OneCycle: warmup is a fraction of the run in \[0, 1\), got -0.1"),
        (lambda: Warmup(5, start=-0.1), r"Warmup: start must be in \[0, 1\], got -0.1"),
        (lambda: schedules.build("linear"), 'no schedule "linear"; choose from constant, step, cosine'),
        (lambda: schedules.build("cosine", gamma=0.1), "gamma"),
        (lambda: schedules.build("step"), "step_size"),
    ],
)
def test_options_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
