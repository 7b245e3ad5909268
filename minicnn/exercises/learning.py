"""Exercises 2: learning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import minicnn as cnn

from .exercise import Answer, chance, exercise, expect, same, slope


def check_cross_entropy(cross_entropy: Answer) -> None:
    z, labels = chance().standard_normal((4, 3)), np.array([2, 0, 1, 2])
    loss, pullback = cross_entropy(z, labels)
    expected, reference_pullback = cnn.ops.cross_entropy(z, labels)
    same(loss, expected, "the loss")
    same(pullback(2.0), reference_pullback(2.0)[0], "the pullback of 2")


@exercise("2.1", check_cross_entropy)
def cross_entropy(z: np.ndarray, labels: np.ndarray) -> tuple[float, Callable[[float], np.ndarray]]:
    """Write the mean cross-entropy of logits (N, K), and its pullback, which is short."""
    rows = np.arange(len(z))
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    wanted = np.zeros_like(p)
    wanted[rows, labels] = 1
    return -np.log(p[rows, labels]).mean(), lambda dloss: dloss * (p - wanted) / len(z)


def check_mse(mse: Answer) -> None:
    y, wanted = np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([[0.0, 2.0], [2.0, 1.0]])
    loss, pullback = mse(y, wanted)
    same(loss, 2.25, "the loss")
    same(pullback(3.0), [[1.5, 0], [-3, -3]], "the pullback of 3")


@exercise("2.2", check_mse)
def mse(y: np.ndarray, wanted: np.ndarray) -> tuple[float, Callable[[float], np.ndarray]]:
    """Write the mean squared error, over all entries, and its pullback with respect to y."""
    error = y - wanted
    return (error**2).mean(), lambda dloss: dloss * 2 * error / error.size


def check_numerical(numerical: Answer) -> None:
    x = np.array([[0.3, -1.2], [2.0, 0.7]])
    same(numerical(lambda x: float((x**3).sum()), x.copy()), 3 * x**2, "the gradient of the sum of cubes")
    before = x.copy()
    numerical(lambda x: float(np.sin(x).sum()), x)
    same(x, before, "x after the call")


@exercise("2.3", check_numerical)
def numerical(f: Callable[[np.ndarray], float], x: np.ndarray) -> np.ndarray:
    """Measure a gradient by central differences.

    Return df/dx, of x's shape; leave x as it was. Steps of 1e-5 are right for float64.
    """
    gradient = np.empty_like(x)
    for at in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[at] += 1e-5
        down[at] -= 1e-5
        gradient[at] = (f(up) - f(down)) / 2e-5
    return gradient


def check_dense(dense: Answer) -> None:
    rng = chance()
    x, w, b = rng.standard_normal((4, 3)), rng.standard_normal((2, 3)), rng.standard_normal(2)
    y, pullback = dense(x, w, b)
    expected, reference_pullback = cnn.ops.dense(x, w, b)
    same(y, expected, "dense(x, w, b)")
    dy = rng.standard_normal(y.shape)
    got = pullback(dy)
    for k, name in enumerate(("dx", "dw", "db")):
        same(got[k], reference_pullback(dy)[k], name)


@exercise("2.4", check_dense)
def dense(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, Callable[..., Any]]:
    """Write a dense layer: x (N, in), w (out, in), b (out,); the pullback returns dx, dw, db."""
    return x @ w.T + b, lambda dy: (dy @ w, dy.T @ x, dy.sum(axis=0))


def check_momentum(momentum: Answer) -> None:
    w, velocity = np.array([1.0, -2.0]), np.zeros(2)
    mine, optimizer = {"w": w.copy()}, cnn.SGD(0.1, momentum=0.8)
    for g in (np.array([1.0, 2.0]), np.array([-0.5, 1.0]), np.array([0.2, 0.1])):
        optimizer.step(mine, {"w": g})
        w, velocity = momentum(w, velocity, g, 0.1, 0.8)
        same(w, mine["w"], "w after a step")
        same(velocity, optimizer.state()["velocity.w"], "the velocity after a step")


@exercise("2.5", check_momentum)
def momentum(w: np.ndarray, velocity: np.ndarray, g: np.ndarray, lr: float, mu: float) -> tuple[np.ndarray, np.ndarray]:
    """Take a step of gradient descent with momentum mu; return the new w and the new velocity."""
    velocity = mu * velocity + g
    return w - lr * velocity, velocity


def check_adam(adam: Answer) -> None:
    w, m, v = np.array([1.0, -2.0, 3.0]), np.zeros(3), np.zeros(3)
    mine, optimizer = {"w": w.copy()}, cnn.Adam(0.1)
    gradients = ((1.0, 2.0, 1e-8), (-0.5, 1.0, 1e-8), (0.2, 0.1, 1e-8))  # the last so little that eps counts
    for step, g in enumerate(map(np.array, gradients), start=1):
        optimizer.step(mine, {"w": g})
        w, m, v = adam(w, m, v, g, step, 0.1)
        same(w, mine["w"], f"w after step {step}")
        same(m, optimizer.state()["m.w"], f"m after step {step}")
        same(v, optimizer.state()["v.w"], f"v after step {step}")


@exercise("2.6", check_adam)
def adam(
    w: np.ndarray, m: np.ndarray, v: np.ndarray, g: np.ndarray, step: int, lr: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take Adam's step number 1, 2, ..., with beta 0.9 and 0.999 and eps 1e-8; return the new w, m and v."""
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g**2
    m_hat, v_hat = m / (1 - 0.9**step), v / (1 - 0.999**step)
    return w - lr * m_hat / (np.sqrt(v_hat) + 1e-8), m, v


def check_standardize(standardize: Answer) -> None:
    images = chance().integers(0, 256, (5, 3, 4, 4), dtype=np.uint8)
    images[:, 1] //= 2
    x = standardize(images)
    expected = (images - images.mean(axis=(0, 2, 3), keepdims=True)) / images.std(axis=(0, 2, 3), keepdims=True)
    same(x, expected, "standardize(images)")


@exercise("2.7", check_standardize)
def standardize(images: np.ndarray) -> np.ndarray:
    """Give each channel of uint8 images (N, C, H, W) mean 0 and standard deviation 1."""
    x = images.astype(float)
    return (x - x.mean(axis=(0, 2, 3), keepdims=True)) / x.std(axis=(0, 2, 3), keepdims=True)


def check_confusion(confusion: Answer) -> None:
    truth, predicted = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 2, 0, 2])
    same(confusion(truth, predicted, 3), [[1, 1, 0], [0, 1, 0], [1, 0, 2]], "the confusion matrix")


@exercise("2.8", check_confusion)
def confusion(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Count how often class i (row) was taken for class j (column)."""
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (truth, predicted), 1)
    return counts


def check_he(he: Answer) -> None:
    for shape in [(64, 32, 3, 3), (10, 500)]:
        fan_in = int(np.prod(shape[1:]))
        same(he(shape), np.sqrt(2 / fan_in), f"he({shape})")


@exercise("2.9", check_he)
def he(shape: tuple[int, ...]) -> float:
    """What standard deviation should first weights have before a ReLU?

    shape is that of a convolution (out, in, kh, kw) or a dense layer (out, in). The outputs' mean square is to be
    that of the inputs.
    """
    return float(np.sqrt(2 / np.prod(shape[1:])))


def check_batch_norm(batch_norm: Answer) -> None:
    rng = chance()
    x, dy = rng.standard_normal((6, 4)), rng.standard_normal((6, 4))
    x[:, 2] *= 0.05  # so little that eps counts

    def normalized(x: np.ndarray) -> np.ndarray:
        return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)

    y, pullback = batch_norm(x)
    same(y, normalized(x), "batch_norm(x)")
    same(pullback(dy), slope(normalized, x, dy), "the pullback of dy")


@exercise("2.10", check_batch_norm)
def batch_norm(x: np.ndarray) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Normalize each column of x (N, K) over the batch, with eps = 1e-5, and write the pullback.

    The mean and the variance depend on x, too: the pullback has three terms.
    """
    deviation = np.sqrt(x.var(axis=0) + 1e-5)
    y = (x - x.mean(axis=0)) / deviation
    return y, lambda dy: (dy - dy.mean(axis=0) - y * (dy * y).mean(axis=0)) / deviation


def check_cosine(cosine: Answer) -> None:
    for step, expected in [(0, 1.0), (25, 0.8535533906), (50, 0.5), (100, 0.0)]:
        same(cosine(step, 100), expected, f"cosine({step}, 100)")


@exercise("2.11", check_cosine)
def cosine(step: int, steps: int) -> float:
    """Return the learning rate's factor on half a cosine wave: 1 at step 0, 0 at the last."""
    return (1 + np.cos(np.pi * step / steps)) / 2


def check_shuffled(shuffled: Answer) -> None:
    first = [np.asarray(batch) for batch in shuffled(10, 4, seed=0, epoch=0)]
    expect([len(batch) for batch in first] == [4, 4, 2], f"expected batches of 4, 4 and 2, got {list(map(len, first))}")
    same(np.sort(np.concatenate(first)), np.arange(10), "the indices of an epoch, sorted")
    again = np.concatenate(list(shuffled(10, 4, seed=0, epoch=0)))
    same(again, np.concatenate(first), "the same epoch, again")
    later = np.concatenate(list(shuffled(10, 4, seed=0, epoch=1)))
    expect(not np.array_equal(later, again), "expected another order in the next epoch")


@exercise("2.12", check_shuffled)
def shuffled(size: int, batch_size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Cut the indices 0 ... size - 1 into shuffled batches, as a function of the seed and the epoch alone."""
    order = np.random.default_rng([seed, epoch]).permutation(size)
    return [order[start : start + batch_size] for start in range(0, size, batch_size)]


def check_parallel(parallel: Answer) -> None:
    rng = chance()
    x, dy, w = rng.standard_normal((6, 3)), rng.standard_normal((6, 2)), rng.standard_normal((2, 3))
    whole = cnn.ops.dense(x, w)[1](dy / 6)[1]
    parts = [slice(0, 1), slice(1, 4), slice(4, 6)]
    gradients = [cnn.ops.dense(x[p], w)[1](dy[p] / len(x[p]))[1] for p in parts]
    same(parallel(gradients, [1, 3, 2]), whole, "the gradient of the whole batch")


@exercise("2.13", check_parallel)
def parallel(gradients: list[np.ndarray], sizes: list[int]) -> np.ndarray:
    """Join the gradients of several workers.

    Each is that of the mean loss over a worker's own images, of which there are sizes[k]. Return the gradient of the
    mean loss over all images.
    """
    return np.average(gradients, axis=0, weights=sizes)
