"""Exercises 4: why did it decide so?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import minicnn as cnn

from .exercise import Answer, chance, exercise, expect, same
from .looking import small_model, some_images


def score_gradient(model: Any, x: np.ndarray, target: int, layer: str | None = None) -> np.ndarray:
    """The gradient of a class's score, in the images or in a layer's maps."""
    watch = cnn.Watch(layer) if layer else None
    logits, pullback = model.forward(x, cnn.Pass(watch=watch))
    chosen = np.zeros_like(logits)
    chosen[:, target] = 1
    dx, _ = pullback(chosen, wants="input")
    gradient: np.ndarray = watch.gradients[layer] if watch and layer else dx
    return gradient


def check_saliency(saliency: Answer) -> None:
    model, x = small_model(), some_images()
    same(saliency(model, x, 3), np.abs(score_gradient(model, x, 3)).max(axis=1), "saliency(model, x, 3)")


@exercise("4.1", check_saliency)
def saliency(model: Any, x: np.ndarray, target: int) -> np.ndarray:
    """Write saliency: the absolute gradient of a class's score at each pixel, (N, H, W).

    Of several channels take the largest. `model.forward(x)` returns the logits and their pullback.
    """
    logits, pullback = model.forward(x)
    chosen = np.zeros_like(logits)
    chosen[:, target] = 1
    dx, _ = pullback(chosen, wants="input")
    return np.abs(dx).max(axis=1)


def check_occlusion(occlusion: Answer) -> None:
    model, x = small_model(), some_images(1)
    expected = np.empty((4, 3))
    for row in range(4):
        for column in range(3):
            hidden = x.copy()
            hidden[:, :, 7 * row : 7 * row + 7, 7 * column : 7 * column + 7] = 0
            expected[row, column] = model(x)[0, 2] - model(hidden)[0, 2]
    same(occlusion(model, x, 2, 7), expected, "occlusion(model, x, 2, 7)", 1e-4)


@exercise("4.2", check_occlusion)
def occlusion(model: Any, x: np.ndarray, target: int, window: int) -> np.ndarray:
    """How much does the score fall if a part is hidden?

    x is one image (1, C, H, W) whose sides are multiples of the window. Cut it into squares, set one at a time to 0,
    and return the falls (H / window, W / window).
    """
    whole = model(x)[0, target]
    falls = np.empty((x.shape[2] // window, x.shape[3] // window))
    for row, column in np.ndindex(*falls.shape):
        hidden = x.copy()
        hidden[:, :, row * window : (row + 1) * window, column * window : (column + 1) * window] = 0
        falls[row, column] = whole - model(hidden)[0, target]
    return falls


def check_integrated(integrated: Answer) -> None:
    model, x = small_model(), some_images(1)
    points = [score_gradient(model, x * np.float32((k + 0.5) / 20), 1) for k in range(20)]
    same(integrated(model, x, 1, 20), x * np.mean(points, axis=0), "integrated(model, x, 1, 20)", 1e-4)


@exercise("4.3", check_integrated)
def integrated(model: Any, x: np.ndarray, target: int, steps: int) -> np.ndarray:
    """Write integrated gradients from a baseline of 0.

    Average the gradient of the score over the midpoints of `steps` equal pieces of the way to x (1, C, H, W), and
    multiply by x.
    """
    total = np.zeros_like(x)
    for k in range(steps):
        logits, pullback = model.forward(x * np.float32((k + 0.5) / steps))
        chosen = np.zeros_like(logits)
        chosen[:, target] = 1
        total += pullback(chosen, wants="input")[0]
    return x * total / steps


def check_smooth(smooth: Answer) -> None:
    x = some_images(1)
    got = smooth(lambda x: x**2, x, 400, 0.5, chance())
    same(got.shape, x.shape, "the shape of the result")
    expect(abs((got - x**2).mean() - 0.25) < 0.01, "for x squared, expected noise of 0.5 to add 0.25 on average")
    expect((got - x**2).std() < 0.2, "expected the mean of 400 copies to be steadier than one of them")


@exercise("4.4", check_smooth)
def smooth(
    method: Callable[[np.ndarray], np.ndarray], x: np.ndarray, samples: int, noise: float, rng: np.random.Generator
) -> np.ndarray:
    """Write SmoothGrad: the mean of a method over copies of x with normal noise of the given deviation."""
    total = sum(method(x + noise * rng.standard_normal(x.shape)) for _ in range(samples))
    return np.asarray(total) / samples


def check_guided_relu(guided_relu: Answer) -> None:
    x, dy = np.array([1.0, -1.0, 2.0, -2.0]), np.array([3.0, 4.0, -5.0, -6.0])
    y, guided, deconv = guided_relu(x)
    same(y, [1, 0, 2, 0], "the output")
    same(guided(dy), [3, 0, 0, 0], "the guided rule")
    same(deconv(dy), [3, 4, 0, 0], "the deconvnet's rule")


@exercise("4.5", check_guided_relu)
def guided_relu(x: np.ndarray) -> tuple[np.ndarray, Callable[..., Any], Callable[..., Any]]:
    """Write ReLU with two other rules for the backward pass.

    Return its output, the rule of guided backpropagation, and that of the deconvnet. The deconvnet passes what is
    positive; guided backpropagation passes it only where x was positive, too.
    """
    return np.maximum(x, 0), lambda dy: np.where(x > 0, np.maximum(dy, 0), 0), lambda dy: np.maximum(dy, 0)


def check_grad_cam(grad_cam: Answer) -> None:
    model, x = small_model(), some_images()
    A, dA = model.forward(x, cnn.Pass(until="relu2"))[0], score_gradient(model, x, 5, "relu2")
    expected = np.maximum((A * dA.mean(axis=(2, 3), keepdims=True)).sum(axis=1), 0)
    same(grad_cam(model, x, 5, "relu2"), expected, "grad_cam(model, x, 5, 'relu2')")


@exercise("4.6", check_grad_cam)
def grad_cam(model: Any, x: np.ndarray, target: int, layer: str) -> np.ndarray:
    """Write Grad-CAM, at the layer's own size (N, h, w).

    A `cnn.Watch(layer)` in the pass records a layer's activations, and its gradients in the backward pass.
    """
    watch = cnn.Watch(layer)
    logits, pullback = model.forward(x, cnn.Pass(watch=watch))
    chosen = np.zeros_like(logits)
    chosen[:, target] = 1
    pullback(chosen, wants="input")
    alpha = watch.gradients[layer].mean(axis=(2, 3), keepdims=True)
    return np.maximum((alpha * watch.activations[layer]).sum(axis=1), 0)


def check_grad_cam_pp(grad_cam_pp: Answer) -> None:
    rng = chance()
    A, g = np.maximum(rng.standard_normal((2, 3, 4, 4)), 0), rng.standard_normal((2, 3, 4, 4))
    g[:, 1:, 0] = 0
    expected = np.zeros((2, 4, 4))
    for n in range(2):
        for k in range(3):
            on = g[n, k][g[n, k] > 0]  # nothing else has a weight
            expected[n] += (on / (2 + A[n, k].sum() * on)).sum() * A[n, k]
    same(grad_cam_pp(A, g), np.maximum(expected, 0), "grad_cam_pp(A, g)")


@exercise("4.7", check_grad_cam_pp)
def grad_cam_pp(A: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Write Grad-CAM++ from maps A and their gradients g, both (N, K, h, w).

    Every place has a weight g^2 / (2 g^2 + (sum of the map A) g^3), to be 0 where g is 0. A map's weight is the sum of
    these times max(g, 0); return the maps' weighted sum where it is positive (N, h, w).
    """
    below = 2 * g**2 + A.sum(axis=(2, 3), keepdims=True) * g**3
    alpha = np.divide(g**2, below, out=np.zeros_like(g), where=below != 0)
    weights = (alpha * np.maximum(g, 0)).sum(axis=(2, 3), keepdims=True)
    return np.maximum((weights * A).sum(axis=1), 0)


def check_fgsm(fgsm: Answer) -> None:
    model, x, labels = small_model(), some_images(), np.array([1, 0, 7])
    logits, pullback = model.forward(x)
    dx, _ = pullback(cnn.ops.cross_entropy(logits, labels)[1](1.0)[0], wants="input")
    same(fgsm(model, x, labels, 0.1), x + np.float32(0.1) * np.sign(dx), "fgsm(model, x, labels, 0.1)")


@exercise("4.8", check_fgsm)
def fgsm(model: Any, x: np.ndarray, labels: np.ndarray, epsilon: float) -> np.ndarray:
    """Move every pixel by epsilon so that the cross-entropy rises as fast as it can."""
    logits, pullback = model.forward(x)
    _, loss_pullback = cnn.ops.cross_entropy(logits, labels)
    dx, _ = pullback(*loss_pullback(1.0), wants="input")
    moved: np.ndarray = x + np.float32(epsilon) * np.sign(dx)
    return moved


def check_project(project: Answer) -> None:
    x, moved = np.array([0.0, 0.5, 0.95, 0.5]), np.array([0.3, 0.45, 1.2, 0.1])
    same(project(moved, x, 0.1, 0.0, 1.0), [0.1, 0.45, 1.0, 0.4], "project(moved, x, 0.1, 0, 1)")


@exercise("4.9", check_project)
def project(moved: np.ndarray, x: np.ndarray, epsilon: float, low: float, high: float) -> np.ndarray:
    """Bring an attack back within its bounds.

    Return the nearest image to `moved` whose pixels are within epsilon of x, and between low and high.
    """
    return np.clip(np.clip(moved, x - epsilon, x + epsilon), low, high)


def check_rank_correlation(rank_correlation: Answer) -> None:
    from scipy.stats import spearmanr

    rng = chance()
    a = rng.standard_normal((5, 6))
    b = np.exp(a) + rng.standard_normal((5, 6))
    same(rank_correlation(a, np.exp(a)), 1, "a map and its exponential")
    same(rank_correlation(a, b), spearmanr(a.ravel(), b.ravel()).statistic, "two noisy maps")


@exercise("4.10", check_rank_correlation)
def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Do two maps call the same pixels important?

    Return the correlation of the ranks of their values (Spearman's); no two values of a map are equal.
    """
    first, second = a.ravel().argsort().argsort(), b.ravel().argsort().argsort()
    return float(np.corrcoef(first, second)[0, 1])
