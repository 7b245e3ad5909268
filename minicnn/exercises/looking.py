"""Exercises 3: looking inside."""

from __future__ import annotations

from typing import Any

import numpy as np

import minicnn as cnn

from .exercise import Answer, chance, exercise, same


def small_model() -> Any:
    """With biases: without them, a network of ReLUs has the same gradient all along the way from 0 to an image."""
    model, rng = cnn.zoo.build("seed", input_size=(28, 21)), chance()
    for name, array in model.parameters().items():
        if name.endswith("bias"):
            array[...] = rng.standard_normal(array.shape)
    return model


def some_images(n: int = 3) -> np.ndarray:
    """Higher than wide: an answer that takes one side for the other is found out."""
    return chance().standard_normal((n, 1, 28, 21)).astype(np.float32)


def check_maps_of(maps_of: Answer) -> None:
    model, x = small_model(), some_images()
    for layer in ("conv1", "relu1", "pool2"):
        expected, _ = model.forward(x, cnn.Pass(until=layer))
        same(maps_of(model, x, layer), expected, f"maps_of(model, x, {layer!r})")


@exercise("3.1", check_maps_of)
def maps_of(model: Any, x: np.ndarray, layer: str) -> np.ndarray:
    """Return a layer's feature maps for images x, by one argument of the pass."""
    maps: np.ndarray = model.forward(x, cnn.Pass(until=layer))[0]
    return maps


def check_dead(dead: Answer) -> None:
    maps = np.maximum(chance().standard_normal((4, 5, 3, 3)), 0)
    maps[:, 2] = 0
    maps[:3, 4] = 0
    same(dead(maps), [False, False, True, False, False], "dead(maps)")


@exercise("3.2", check_dead)
def dead(maps: np.ndarray) -> np.ndarray:
    """Find dead channels: for maps (N, C, H, W) after ReLU, return (C,), True where nothing is ever above 0."""
    return np.logical_not((maps > 0).any(axis=(0, 2, 3)))


def check_sparseness(sparseness: Answer) -> None:
    spot, flat, some = np.zeros((4, 4)), np.full((4, 4), 2.0), np.arange(16.0).reshape(4, 4)
    spot[1, 2] = 3
    same(sparseness(spot), 1, "one place alone")
    same(sparseness(flat), 0, "all places alike")
    same(sparseness(some), (1 - (120 / 16) ** 2 / (1240 / 16)) / (1 - 1 / 16), "0 to 15")


@exercise("3.3", check_sparseness)
def sparseness(image: np.ndarray) -> float:
    """Measure how few places carry a map (H, W) of values that are not negative.

    Treves and Rolls: 1 - (mean of r)^2 / (mean of r^2), divided by what it is for a single place, 1 - 1 / (H*W).
    """
    return (1 - image.mean() ** 2 / (image**2).mean()) / (1 - 1 / image.size)


def check_strongest(strongest: Answer) -> None:
    maps = chance().standard_normal((5, 3, 4, 6))
    maps[3, 1, 2, 5] = 9
    same(strongest(maps, 1), (3, 2, 5), "strongest(maps, 1)")
    maps[0, 2, 0, 4] = 7
    same(strongest(maps, 2), (0, 0, 4), "strongest(maps, 2)")


@exercise("3.4", check_strongest)
def strongest(maps: np.ndarray, channel: int) -> tuple[int, int, int]:
    """Which image excites a channel most, and where?

    maps are (N, C, H, W). Return (image, row, column) of the channel's largest value.
    """
    image, row, column = np.unravel_index(maps[:, channel].argmax(), maps[:, channel].shape)
    return int(image), int(row), int(column)


def check_neighbors(neighbors: Answer) -> None:
    points = chance().standard_normal((12, 4))
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    same(neighbors(points, 3), distances.argsort(axis=1)[:, :3], "neighbors(points, 3)")


@exercise("3.5", check_neighbors)
def neighbors(points: np.ndarray, k: int) -> np.ndarray:
    """Find the k nearest neighbors of each point (N, D), nearest first and without itself; return indices (N, k)."""
    squares = (points**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * points @ points.T
    np.fill_diagonal(distances, np.inf)
    return distances.argsort(axis=1)[:, :k]


def check_explained(explained: Answer) -> None:
    rng = chance()
    points = rng.standard_normal((50, 4)) * [5, 1, 3, 0.5] + [10, 0, -4, 1]
    values = np.linalg.eigvalsh(np.cov(points.T))[::-1]
    same(explained(points), values / values.sum(), "explained(points)")


@exercise("3.6", check_explained)
def explained(points: np.ndarray) -> np.ndarray:
    """Which share of the variance does each principal component have?

    points are (N, D) with N > D. Return (D,), largest first, by the singular values of the right matrix.
    """
    singular = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return singular**2 / (singular**2).sum()


def check_nmf_step(nmf_step: Answer) -> None:
    rng = chance()
    X, W, H = rng.random((6, 5)), rng.random((6, 2)), rng.random((2, 5))
    expected = H.copy()
    for k in range(2):
        rest = X - np.delete(W, k, axis=1) @ np.delete(expected, k, axis=0)
        expected[k] = np.maximum(0, W[:, k] @ rest / (W[:, k] @ W[:, k]))
    same(nmf_step(X, W, H.copy()), expected, "nmf_step(X, W, H)")


@exercise("3.7", check_nmf_step)
def nmf_step(X: np.ndarray, W: np.ndarray, H: np.ndarray) -> np.ndarray:
    """Improve H in X = W H, row by row (HALS).

    For k = 0, 1, ... set row k of H to the nonnegative row that fits X best while all other rows, as they now are,
    stay. Return the new H.
    """
    H = H.copy()
    for k in range(len(H)):
        rest = X - W @ H + np.outer(W[:, k], H[k])
        H[k] = np.maximum(0, W[:, k] @ rest / (W[:, k] @ W[:, k]))
    return H


def check_affinities(affinities: Answer) -> None:
    squared = np.array([[0.0, 1.0, 4.0], [1.0, 0.0, 1.0], [4.0, 1.0, 0.0]])
    near, far = np.exp(-0.5), np.exp(-2)
    share = near / (near + far)
    expected = [[0, share, 1 - share], [0.5, 0, 0.5], [1 - share, share, 0]]
    same(affinities(squared, np.full(3, 0.5)), expected, "affinities(squared, beta)")


@exercise("3.8", check_affinities)
def affinities(squared: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """Turn squared distances (N, N) into t-SNE's conditional probabilities.

    Row i is the distribution over j != i with weights exp(-beta[i] * squared[i, j]); p[i, i] is 0.
    """
    weights = np.exp(-beta[:, None] * squared)
    np.fill_diagonal(weights, 0)
    return weights / weights.sum(axis=1, keepdims=True)


def check_tsne_gradient(tsne_gradient: Answer) -> None:
    rng = chance()
    P = rng.random((5, 5))
    P = P + P.T
    np.fill_diagonal(P, 0)
    P /= P.sum()
    y = rng.standard_normal((5, 2))

    def divergence(y: np.ndarray) -> float:
        q = 1 / (1 + ((y[:, None] - y[None]) ** 2).sum(axis=2))
        np.fill_diagonal(q, 0)
        q /= q.sum()
        off = ~np.eye(5, dtype=bool)
        return float((P[off] * np.log(P[off] / q[off])).sum())

    expected = np.empty_like(y)
    for at in np.ndindex(*y.shape):
        up, down = y.copy(), y.copy()
        up[at] += 1e-5
        down[at] -= 1e-5
        expected[at] = (divergence(up) - divergence(down)) / 2e-5
    same(tsne_gradient(P, y), expected, "tsne_gradient(P, y)")


@exercise("3.9", check_tsne_gradient)
def tsne_gradient(P: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Write t-SNE's gradient.

    P (N, N) is symmetric, sums to 1, and is 0 on the diagonal; y are points (N, 2). Return the gradient of
    KL(P || Q), with Q proportional to 1 / (1 + |y_i - y_j|^2): 4 times a sum over j.
    """
    difference = y[:, None] - y[None]
    kernel = 1 / (1 + (difference**2).sum(axis=2))
    np.fill_diagonal(kernel, 0)
    Q = kernel / kernel.sum()
    gradient: np.ndarray = 4 * (((P - Q) * kernel)[:, :, None] * difference).sum(axis=1)
    return gradient


def check_banding(banding: Answer) -> None:
    rng = chance()
    w = rng.standard_normal((8, 4, 3, 3)) + 2 * rng.standard_normal((8, 4, 3, 1))
    expected = w.mean(axis=3).var(axis=2).sum() / w.mean(axis=2).var(axis=2).sum()
    same(banding(w), expected, "banding(w)")
    same(banding(w.transpose(0, 1, 3, 2)), 1 / expected, "banding(w), its filters turned")


@exercise("3.10", check_banding)
def banding(w: np.ndarray) -> float:
    """Count horizontal bands in square filters (out, in, k, k).

    Return the variance between the means of a filter's rows, summed over filters and channels, divided by the same
    for its columns.
    """
    return float(w.mean(axis=3).var(axis=2).sum() / w.mean(axis=2).var(axis=2).sum())
