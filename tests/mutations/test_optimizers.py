"""Mistakes in optimizers."""

import math

import numpy as np
import pytest

from minicnn.optim import SGD, Adam, AdamW

GRADIENTS = [2.0, -1.0, 0.5, 0.3, -4.0]
RATES = [0.1, 0.1, 0.1, 0.02, 0.02]  # a schedule changes the rate on the way


def trajectory(optimizer):
    """The trajectory of a weight from 1.5 under these gradients and rates, each of which depends on the weight."""
    w, path = {"w": np.array([1.5])}, []
    for g, optimizer.lr in zip(GRADIENTS, RATES, strict=True):
        optimizer.step(w, {"w": g + w["w"]})
        path.append(w["w"].item())
    return path


def textbook_sgd(momentum=0.0, nesterov=False, weight_decay=0.0):
    w, velocity, path = 1.5, 0.0, []
    for g, lr in zip(GRADIENTS, RATES, strict=True):
        d = g + w + weight_decay * w
        velocity = momentum * velocity + d
        w -= lr * (d + momentum * velocity if nesterov else velocity)
        path.append(w)
    return path


def textbook_adam(betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, decoupled=False):
    w, m, v, path = 1.5, 0.0, 0.0, []
    for t, (g, lr) in enumerate(zip(GRADIENTS, RATES, strict=True), start=1):
        d = g + w + (0 if decoupled else weight_decay * w)
        w -= lr * weight_decay * w if decoupled else 0
        m = betas[0] * m + (1 - betas[0]) * d
        v = betas[1] * v + (1 - betas[1]) * d * d
        w -= lr * (m / (1 - betas[0] ** t)) / (math.sqrt(v / (1 - betas[1] ** t)) + eps)
        path.append(w)
    return path


# Properties: each takes a class of optimizers, and asserts.


def equations(kind):
    """Trajectories follow the textbook's recurrences, for every option."""
    if issubclass(kind, SGD):
        for options in (
            {},
            {"momentum": 0.9},
            {"momentum": 0.9, "nesterov": True},
            {"momentum": 0.5, "weight_decay": 0.2},
        ):
            assert trajectory(kind(0.1, **options)) == pytest.approx(textbook_sgd(**options), rel=1e-12)
    else:
        for options in ({}, {"betas": (0.5, 0.9), "eps": 0.1}, {"weight_decay": 0.2}):
            options = {"weight_decay": 0.0, **options}
            expected = textbook_adam(**options, decoupled=issubclass(kind, AdamW))
            assert trajectory(kind(0.1, **options)) == pytest.approx(expected, rel=1e-12)


def scale(kind):
    """Adam's first step is the learning rate, whatever the gradient's size; SGD's is proportional to it."""
    steps = []
    for size in (1.0, 1e4):
        w = {"w": np.zeros(1)}
        kind(0.1, weight_decay=0.0).step(w, {"w": np.array([size])})
        steps.append(-w["w"].item())
    expected = [0.1, 1e3] if issubclass(kind, SGD) else [0.1, 0.1]
    assert steps == pytest.approx(expected, rel=1e-6)


def decay(kind):
    """AdamW's decay is lr · weight_decay times the weight, independent of the gradient's step."""
    if not issubclass(kind, AdamW):
        return
    for g in (1.0, 1e4):
        w = {"w": np.array([2.0])}
        kind(0.1, weight_decay=0.5).step(w, {"w": np.array([g])})
        assert w["w"].item() == pytest.approx(2 - 0.1 * 0.5 * 2 - 0.1, rel=1e-6)


def purity(kind):
    """The gradients stay as they are."""
    w, g = {"w": np.ones(3)}, {"w": np.arange(3.0)}
    kind(0.1, weight_decay=0.1).step(w, g)
    assert np.array_equal(g["w"], np.arange(3.0))


def downhill(kind):
    """A hundred steps down a parabola reach its minimum."""
    w, optimizer = {"w": np.array([3.0])}, kind(0.1, weight_decay=0.0)
    for _ in range(100):
        optimizer.step(w, {"w": w["w"] - 1})
    assert abs(w["w"].item() - 1) < 0.1


PROPERTIES = (equations, scale, decay, purity, downhill)


class MomentumTwice(SGD):
    """momentum is applied twice"""

    def _update(self, w, g, *moments):
        for velocity in moments:
            velocity *= self.momentum
        super()._update(w, g, *moments)


class NesterovForgotten(SGD):
    """nesterov=True changes nothing"""

    def __init__(self, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
        super().__init__(lr, momentum, False, weight_decay)


class RateInTheVelocity(SGD):
    """the learning rate is inside the velocity: a schedule acts late"""

    def _update(self, w, g, *moments):
        d = g + self.weight_decay * w
        for velocity in moments:
            velocity[...] = self.momentum * velocity + self.lr * d
            d = (self.lr * d + self.momentum * velocity if self.nesterov else velocity) / self.lr
        w -= self.lr * d


class VelocityDamped(SGD):
    """the new gradient enters the velocity weighted by 1 − momentum"""

    def _update(self, w, g, *moments):
        super()._update(w, g * (1 - self.momentum), *moments)


class Uphill(SGD):
    """the step goes up the gradient"""

    def _update(self, w, g, *moments):
        super()._update(w, -g, *moments)


class DecayOnTheWrongSide(SGD):
    """weight decay on the wrong side: it pushes weights away from zero"""

    def _update(self, w, g, *moments):
        super()._update(w, g - 2 * self.weight_decay * w, *moments)


class GradientOverwritten(SGD):
    """weight decay is added to the caller's gradient, in place"""

    def _update(self, w, g, *moments):
        g += self.weight_decay * w
        super()._update(w, g - self.weight_decay * w, *moments)


def adam(kind, step):
    """An Adam whose step is step(self, w, g, m, v)."""
    return type(kind.__name__, (kind,), {"_update": step})


def without_bias_correction(self, w, g, m, v):
    """no bias correction: the moments are used as if they had not started at zero"""
    m[...] = self.betas[0] * m + (1 - self.betas[0]) * (g + self.weight_decay * w)
    v[...] = self.betas[1] * v + (1 - self.betas[1]) * (g + self.weight_decay * w) ** 2
    w -= self.lr * m / (np.sqrt(v) + self.eps)


def corrected(self, m, v):
    return m / (1 - self.betas[0] ** self.steps), v / (1 - self.betas[1] ** self.steps)


def eps_inside_the_root(self, w, g, m, v):
    """eps is under the root"""
    Adam._update(self, np.zeros_like(w), g + self.weight_decay * w, m, v)
    mean, square = corrected(self, m, v)
    w -= self.lr * mean / np.sqrt(square + self.eps)


def betas_swapped(self, w, g, m, v):
    """the two betas are swapped"""
    self.betas = self.betas[::-1]
    Adam._update(self, w, g, m, v)
    self.betas = self.betas[::-1]


def gradient_not_squared(self, w, g, m, v):
    """the second moment averages |g|, and the square root is still taken"""
    d = g + self.weight_decay * w
    m[...] = self.betas[0] * m + (1 - self.betas[0]) * d
    v[...] = self.betas[1] * v + (1 - self.betas[1]) * np.abs(d)
    mean, square = corrected(self, m, v)
    w -= self.lr * mean / (np.sqrt(square) + self.eps)


def decay_through_the_moments(self, w, g, m, v):
    """AdamW's decay goes through the moments, as in Adam"""
    Adam._update(self, w, g, m, v)


def decay_without_the_rate(self, w, g, m, v):
    """AdamW's decay is not scaled by the learning rate"""
    w *= 1 - self.weight_decay
    Adam._adam(self, w, g, m, v, weight_decay=0.0, shrink=1.0)


MISTAKES = {
    SGD: [
        MomentumTwice,
        NesterovForgotten,
        RateInTheVelocity,
        VelocityDamped,
        Uphill,
        DecayOnTheWrongSide,
        GradientOverwritten,
    ],
    Adam: [without_bias_correction, eps_inside_the_root, betas_swapped, gradient_not_squared],
    AdamW: [decay_through_the_moments, decay_without_the_rate],
}


def caught(kind):
    names = []
    for property in PROPERTIES:
        try:
            property(kind)
        except AssertionError:
            names.append(property.__name__)
    return names


@pytest.mark.parametrize("kind", MISTAKES)
def test_the_right_optimizer_is_caught_by_nobody(kind) -> None:
    assert not caught(kind)


@pytest.mark.parametrize(
    ("kind", "mistake"), [pytest.param(kind, m, id=m.__name__) for kind, ms in MISTAKES.items() for m in ms]
)
def test_the_mistake_is_caught(kind, mistake, caught_by) -> None:
    wrong = mistake if isinstance(mistake, type) else adam(kind, mistake)
    assert caught_by.record(kind.__name__, mistake, caught(wrong))
