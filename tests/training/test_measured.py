"""What is measured of a run: on which images, and of which steps."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

import minicnn as cnn
from minicnn.training import loop


@pytest.mark.parametrize(("steps", "every"), [(6, 1), (99, 1), (100, 2), (149, 2), (150, 3)])
def test_the_loss_of_about_fifty_steps_of_each_epoch_is_kept(steps, every):
    pixels = cnn.data.Dataset(np.zeros((steps, 1, 1, 1), np.uint8), np.arange(steps) % 2, ("a", "b"))
    model = cnn.Sequential(flatten=cnn.Flatten(), fc=cnn.Dense(1, 2)).initialize()
    history = cnn.fit(model, pixels, epochs=2, batch_size=1, progress=False)
    one = range(every, steps + 1, every)
    assert [step for step, _ in history.steps] == [*one, *(steps + step for step in one)]


@pytest.mark.parametrize("count", [2047, 2048, 2049])
def test_the_model_before_training_is_measured_on_at_most_2048_images(count):
    pixels = cnn.data.Dataset(np.zeros((count, 1, 1, 1), np.uint8), np.arange(count) % 2, ("a", "b"))
    model, seen = cnn.Sequential(flatten=cnn.Flatten(), fc=cnn.Dense(1, 2)).initialize(), []

    def loss(scores, labels):
        seen.append(len(labels))
        return cnn.ops.cross_entropy(scores, labels)

    cnn.fit(model, pixels, epochs=1, batch_size=5000, loss=loss, progress=False)
    assert sum(seen) == count + min(count, 2048)


def test_the_seconds_of_an_epoch_are_those_of_its_steps(monkeypatch):
    """By a clock that goes on by a tick each time somebody looks: once before the steps, and once after each."""
    ticks = itertools.count()
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=lambda: next(ticks) / 64))
    pixels = cnn.data.Dataset(np.zeros((5, 1, 1, 1), np.uint8), np.arange(5) % 2, ("a", "b"))
    model = cnn.Sequential(flatten=cnn.Flatten(), fc=cnn.Dense(1, 2)).initialize()
    history = cnn.fit(model, pixels, pixels, epochs=2, batch_size=2, progress=False)
    assert [(record.seconds, record.images_per_second) for record in history.epochs] == [(3 / 64, 5 * 64 / 3)] * 2
