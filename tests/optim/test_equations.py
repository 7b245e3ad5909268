"""The equations of the optimizers, worked out by hand."""

import math
import runpy
from pathlib import Path

import numpy as np
import pytest

from minicnn.optim import SGD, Adam, AdamW

optimizers = runpy.run_path(str(Path(__file__).with_name("optimizers.py")))
identical, random_arrays, run = (optimizers[name] for name in ("identical", "random_arrays", "run"))


def steps_by_hand(optimizer, w, gradients):
    parameters = {"w": np.array([w])}
    path = []
    for g in gradients:
        optimizer.step(parameters, {"w": np.array([g])})
        path.append(parameters["w"].item())
    return path


def test_sgd_steps_down_the_gradient():
    assert steps_by_hand(SGD(0.5), 1.0, [2.0, -1.0]) == [0.0, 0.5]


def test_weight_decay_adds_to_the_gradient():
    # d = 2 + 0.25 · 4 = 3
    assert steps_by_hand(SGD(0.5, weight_decay=0.25), 4.0, [2.0]) == [2.5]


def test_momentum_keeps_part_of_the_velocity():
    # velocity: 2, then 0.5 · 2 + 4 = 5
    assert steps_by_hand(SGD(0.5, momentum=0.5), 1.0, [2.0, 4.0]) == [0.0, -2.5]


def test_nesterov_looks_ahead_along_the_new_velocity():
    # first: 2 + 0.5 · 2 = 3; then velocity 5, and 4 + 0.5 · 5 = 6.5
    assert steps_by_hand(SGD(0.5, momentum=0.5, nesterov=True), 1.0, [2.0, 4.0]) == [-0.5, -3.75]


@pytest.mark.parametrize("g", [1e-3, 5.0, -2e4])
def test_adams_first_step_has_the_size_of_the_learning_rate_whatever_the_gradient(g):
    (w,) = steps_by_hand(Adam(0.1), 1.0, [g])
    assert w == pytest.approx(1.0 - 0.1 * math.copysign(1, g), abs=1e-5)


def test_adams_second_step():
    # betas (1/2, 3/4), gradients 4 and 2. m: 2, 2; v: 4, 4; corrections at t = 2: m̂ = 2 / (3/4), v̂ = 4 / (7/16)
    first, second = steps_by_hand(Adam(0.1, betas=(0.5, 0.75)), 1.0, [4.0, 2.0])
    assert first == pytest.approx(0.9, abs=1e-9)
    assert second == pytest.approx(first - 0.1 * (8 / 3) / math.sqrt(64 / 7), abs=1e-9)


def test_adams_second_moment_is_exact_though_beta2_is_near_one():
    optimizer = Adam()
    steps_by_hand(optimizer, 1.0, [1.3, -0.7])
    v = 0.999 * (1 - 0.999) * 1.3**2 + (1 - 0.999) * 0.7**2
    assert optimizer.state()["v.w"] == pytest.approx(v, rel=1e-15)


def test_adam_puts_the_weight_decay_into_the_gradient_and_adamw_takes_it_from_the_weight():
    # Without a gradient, Adam's first step is by lr toward zero, and AdamW's by lr · weight_decay · w.
    assert steps_by_hand(Adam(0.1, weight_decay=0.5), 2.0, [0.0]) == pytest.approx([1.9])
    assert steps_by_hand(AdamW(0.1, weight_decay=0.5), 2.0, [0.0]) == pytest.approx([1.9])
    assert steps_by_hand(Adam(0.1, weight_decay=0.5), 8.0, [0.0]) == pytest.approx([7.9])
    assert steps_by_hand(AdamW(0.1, weight_decay=0.5), 8.0, [0.0]) == pytest.approx([7.6])


@pytest.mark.parametrize("make", [lambda lr: SGD(lr), lambda lr: SGD(lr, momentum=0.9), Adam, AdamW])
def test_the_learning_rate_may_be_set_between_steps(make):
    optimizer, parameters = make(0.5), random_arrays(0)
    optimizer.lr = 0
    assert identical(run(optimizer, parameters, [0]), random_arrays(0))
    optimizer.lr = 0.5
    assert not identical(run(optimizer, parameters, [1]), random_arrays(0))
    assert optimizer.initial_lr == 0.5
