"""Warming up leaves no trace except compiled code."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn import readiness


def test_a_model_stays_as_it_was() -> None:
    model = cnn.Sequential(
        conv=cnn.Conv2d(1, 2, 3), bn=cnn.BatchNorm2d(2), relu=cnn.ReLU(), flatten=cnn.Flatten(), fc=cnn.Dense(32, 3)
    ).initialize(seed=0)
    before = {name: array.copy() for name, array in model.state().items()}
    assert cnn.warmup(model, (1, 6, 6), batch_size=2) > 0
    assert all(np.array_equal(before[name], array) for name, array in model.state().items())


def test_a_network_of_the_zoo_is_named() -> None:
    assert cnn.warmup("seed", batch_size=1) > 0


def test_what_the_model_takes_must_be_known() -> None:
    with pytest.raises(ValueError, match="expected input_shape"):
        cnn.warmup(cnn.Dense(2, 2))


def test_unless_told_otherwise_it_is_the_seed_network_on_batches_of_eight(monkeypatch) -> None:
    steps = []
    monkeypatch.setattr(
        readiness, "take_step", lambda model, shape, batch: steps.append((list(model.children), shape, batch))
    )
    cnn.warmup()
    cnn.warmup("lenet5", (1, 30, 28), 3)
    seed, lenet = (list(cnn.zoo.build(name).children) for name in ("seed", "lenet5"))
    assert steps == [(seed, (1, 28, 28), 8), (lenet, (1, 30, 28), 3)]


def test_a_step_evaluates_too_and_takes_every_kind_of_update(monkeypatch) -> None:
    """In training and not; plain momentum and Adam, whose loops are others, on copies of the parameters."""
    model, passes, steps = cnn.Sequential(flatten=cnn.Flatten(), fc=cnn.Dense(6, 3)).initialize(0), [], []
    before = {name: array.copy() for name, array in model.parameters().items()}
    run = readiness.run_layer
    monkeypatch.setattr(
        readiness, "run_layer", lambda *given: passes.append((given[1].shape, given[2:] != ())) or run(*given)
    )
    for kind in (cnn.SGD, cnn.Adam):
        take = kind.step
        monkeypatch.setattr(
            kind, "step", lambda self, *given, take=take: steps.append(self.options()) or take(self, *given)
        )
    readiness.take_step(model, (1, 2, 3), 4)
    assert passes == [((4, 1, 2, 3), True), ((4, 1, 2, 3), False)]
    assert [step["name"] for step in steps] == ["sgd", "adam"] and steps[0]["momentum"] > 0
    assert all(np.array_equal(before[name], array) for name, array in model.parameters().items())
