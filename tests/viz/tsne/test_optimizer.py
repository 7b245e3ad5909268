"""Descent step by step, and when it stops."""

import numpy as np
import pytest

from viz.tsne.optimizer import Descent, Schedule, minimize


class Bowl:
    """KL = ½ Σ |y|², whose gradient is y; records the exaggeration of every step."""

    def __init__(self, slope=1.0):
        self.slope, self.exaggerations = slope, []

    def gradient(self, y, exaggeration=1.0):
        self.exaggerations.append(exaggeration)
        return self.slope * y, 1.0

    def divergence(self, y, z=None):
        return self.slope * 0.5 * float((y.astype(np.float64) ** 2).sum())


def schedule(**changes):
    settings = {
        "exaggeration": 12.0,
        "exaggerated_steps": 100,
        "learning_rates": (0.1, 0.1),
        "max_steps": 400,
        "steps_without_progress": 300,
        "min_gradient": 0.0,
    }
    return Schedule(**(settings | changes))


def start(n=10):
    return np.random.default_rng(0).standard_normal((2, n)).astype(np.float32)


def test_two_steps_by_hand():
    descent = Descent(np.array([[1.0], [1.0]], np.float32))
    # No velocity yet: the gain falls to 0.8. v = −η/4 · 0.8 · g.
    descent.step(np.array([[1.0], [-2.0]], np.float32), learning_rate=0.4, momentum=0.5)
    np.testing.assert_allclose(descent.y, [[1 - 0.08], [1 + 0.16]], rtol=1e-6)
    # Downhill again along the first axis: gain 1.0, v = 0.5·(−0.08) − 0.1·1.0·1; the second turned: gain 0.64.
    descent.step(np.array([[1.0], [2.0]], np.float32), learning_rate=0.4, momentum=0.5)
    np.testing.assert_allclose(descent.y, [[0.92 - 0.14], [1.16 + 0.08 - 0.128]], rtol=1e-6)


def test_gains_do_not_fall_below_a_hundredth():
    descent = Descent(np.zeros((1, 1), np.float32))
    for sign in [1, -1] * 100:
        before = descent.y.copy()
        descent.step(np.array([[4.0 * sign]], np.float32), learning_rate=1.0, momentum=0.0)
        assert abs((descent.y - before).item()) >= 0.01 - 1e-6


def test_no_point_moves_more_than_five_at_once():
    descent = Descent(np.zeros((2, 2), np.float32))
    descent.step(np.array([[3e6, 1e-3], [4e6, 0]], np.float32), learning_rate=1.0, momentum=0.9)
    np.testing.assert_allclose(descent.y, [[-3, -2e-4], [-4, 0]], rtol=1e-5)


def test_the_embedding_stays_centered_and_descends():
    y, divergence, steps = minimize(Bowl(), start() + 7, schedule())
    np.testing.assert_allclose(y.mean(axis=1), 0, atol=1e-6)
    assert divergence < 1e-3 and steps == 400


def test_exaggeration_ends_when_it_is_told_to():
    bowl = Bowl()
    minimize(bowl, start(), schedule(exaggerated_steps=30, max_steps=50))
    assert bowl.exaggerations == [12.0] * 30 + [1.0] * 21  # one more than the steps: the gradient at the end


def test_exaggeration_ends_early_where_it_crushes_the_embedding():
    bowl = Bowl()
    minimize(bowl, start() * np.float32(1e-4), schedule(learning_rates=(1.0, 0.0), exaggerated_steps=300))
    exaggerated = bowl.exaggerations.index(1.0)
    assert 3 < exaggerated < 100 and set(bowl.exaggerations[exaggerated:]) == {1.0}


def test_a_large_start_that_shrinks_to_its_natural_size_is_not_crushed():
    bowl = Bowl()
    y, _, _ = minimize(bowl, start() * 10, schedule(learning_rates=(0.1, 0.0), exaggerated_steps=30, max_steps=30))
    assert y.std() < 0.5
    assert bowl.exaggerations == [12.0] * 30 + [1.0]


def test_the_divergence_returned_is_that_of_the_embedding_returned():
    y, divergence, _ = minimize(Bowl(), start(), schedule(max_steps=37))
    assert divergence == Bowl().divergence(y)


def test_callbacks_hear_every_so_often_and_can_stop():
    heard = []

    def stop_at_thirty(step, divergence, y):
        heard.append((step, divergence, y))
        y[:] = 0  # it is a copy
        return step == 30

    y, _, steps = minimize(Bowl(), start(), schedule(callbacks=[stop_at_thirty], callbacks_every=10))
    assert [step for step, _, _ in heard] == [10, 20, 30] and steps == 30
    assert heard[0][2].shape == (10, 2) and y.any()
    assert heard[0][1] > heard[1][1] > heard[2][1] == pytest.approx(Bowl().divergence(y))


def test_every_callback_hears_before_any_of_them_stops():
    heard = []
    callbacks = [lambda *_: True, lambda step, *_: heard.append(step)]
    minimize(Bowl(), start(), schedule(callbacks=callbacks, callbacks_every=5))
    assert heard == [5]


def test_it_stops_without_progress():
    standing = schedule(learning_rates=(0.0, 0.0), max_steps=5000, steps_without_progress=120)
    _, _, steps = minimize(Bowl(), start() - start().mean(axis=1, keepdims=True), standing)
    # The first look after the exaggeration is at 100; 120 steps without a lower value are over at the look at 250.
    assert steps == 250


def test_it_stops_where_the_gradient_is_small_but_not_while_exaggerated():
    _, _, steps = minimize(Bowl(), start(), schedule(min_gradient=1e30, learning_rates=(0.0, 0.0)))
    assert steps == 100


@pytest.mark.parametrize("copies", [1, 100])
def test_the_smallest_gradient_means_the_same_for_any_number_of_points(copies):
    # As in t-SNE, repeating the points n times makes gradients n times smaller.
    y = np.tile(start(), copies)
    gradient_of_all = np.sqrt(y.shape[1]) * np.linalg.norm(y / copies)
    for factor, stops in ((0.9, False), (1.1, True)):
        limits = schedule(
            exaggerated_steps=0, learning_rates=(0.0, 0.0), max_steps=60, min_gradient=factor * gradient_of_all
        )
        assert gradient_of_all == pytest.approx(np.sqrt(10) * np.linalg.norm(start()))
        assert minimize(Bowl(1 / copies), y, limits)[2] == (50 if stops else 60)


def test_a_progress_bar_tells_the_divergence(capsys):
    minimize(Bowl(), start(), schedule(max_steps=60))
    assert capsys.readouterr().err == ""
    minimize(Bowl(), start(), schedule(max_steps=60, progress=True))
    assert "KL" in capsys.readouterr().err


@pytest.mark.parametrize(("size", "bound"), [(1e-3, 1e-5), (1e-6, 1e-7)])
def test_an_embedding_is_crushed_below_a_hundred_thousandth_or_a_tenth_of_its_start(size, bound):
    y = start()
    y = y / y.std(axis=1).max() * np.float32(size)
    bowl, alone = Bowl(), Descent(y)
    minimize(bowl, y, schedule(learning_rates=(1.0, 0.0), exaggerated_steps=300))
    steps = 0
    while alone.y.std(axis=1).max() >= bound:
        alone.step(alone.y, 1.0, 0.5)
        steps += 1
    assert bowl.exaggerations.index(1.0) == steps


@pytest.mark.parametrize(("patience", "end"), [(99, 200), (100, 250)])
def test_it_stops_after_more_steps_without_progress_than_are_allowed(patience, end):
    standing = schedule(learning_rates=(0.0, 0.0), steps_without_progress=patience)
    assert minimize(Bowl(), start() - start().mean(axis=1, keepdims=True), standing)[2] == end


def test_it_stops_where_there_is_no_gradient_at_all():
    assert minimize(Bowl(), start() * 0, schedule(exaggerated_steps=0))[2] == 50
    assert minimize(Bowl(), start() * 0, schedule())[2] == 100  # nothing that starts at one point is crushed


@pytest.mark.parametrize(("exaggerated", "momenta"), [(0, [0.9, 0.9, 0.9]), (2, [0.5, 0.5, 0.9]), (3, [0.5, 0.5, 0.5])])
def test_momentum_and_rate_change_with_the_end_of_the_exaggeration(exaggerated, momenta):
    y = start() - start().mean(axis=1, keepdims=True)
    alone = Descent(y)
    for momentum in momenta:
        alone.step(alone.y, 0.1 if momentum == 0.5 else 0.3, momentum)
    limits = schedule(exaggerated_steps=exaggerated, learning_rates=(0.1, 0.3), max_steps=3)
    np.testing.assert_allclose(minimize(Bowl(), y, limits)[0], alone.y, atol=1e-6)
