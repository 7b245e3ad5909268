"""Objectives of gradient ascent: functions of a network's activations, with their gradients.

Objectives add, subtract and scale:

    channel("mixed4a", 97) + 0.5 * channel("mixed4b", 12) - total_variation() * 1e-3

Each names the layers it reads ("input" is the image itself, "output" the logits), and is a function
activations → (value, gradients), both by layer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicnn.deprecation import renamed

Array = NDArray[Any]
Activations = dict[str, Array]
Evaluated = tuple[float, Activations]

INPUT, OUTPUT = "input", "output"


@dataclass(frozen=True)
class Objective:
    """A quantity to maximize.

    Attributes:
        layers: the layers whose activations it reads.
        evaluate: activations → (value, gradients by layer).
        name: its name, for titles.
    """

    layers: frozenset[str]
    evaluate: Callable[[Activations], Evaluated]
    name: str

    def __add__(self, other: Objective) -> Objective:
        def evaluate(activations: Activations) -> Evaluated:
            value, gradients = self.evaluate(activations)
            more, others = other.evaluate(activations)
            total = dict(gradients)
            for layer, gradient in others.items():
                total[layer] = total[layer] + gradient if layer in total else gradient
            return value + more, total

        return Objective(self.layers | other.layers, evaluate, f"{self.name} + {other.name}")

    def __mul__(self, factor: float) -> Objective:
        def evaluate(activations: Activations) -> Evaluated:
            value, gradients = self.evaluate(activations)
            return factor * value, {layer: gradient * float(factor) for layer, gradient in gradients.items()}

        return Objective(self.layers, evaluate, f"{factor:g} * ({self.name})")

    __rmul__ = __mul__

    def __neg__(self) -> Objective:
        return self * -1.0

    def __sub__(self, other: Objective) -> Objective:
        return self + -other


def _of(layer: str, name: str, evaluate: Callable[[Array], tuple[float, Array]]) -> Objective:
    """An objective that reads one layer."""

    def by_layer(activations: Activations) -> Evaluated:
        value, gradient = evaluate(activations[layer])
        return value, {layer: gradient}

    return Objective(frozenset([layer]), by_layer, name)


def unit(layer: str, channel: int, position: tuple[int, int] | None = None) -> Objective:
    """One activation, summed over the images: Σ_n A[n, channel, row, column], by default the one in the middle.

    Raises:
        ValueError: when it is evaluated, if the layer's output is not (N, C, H, W) or has no such channel or position.
    """

    def evaluate(A: Array) -> tuple[float, Array]:
        _maps("unit", layer, A, channel)
        row, column = position or (A.shape[2] // 2, A.shape[3] // 2)
        if not (0 <= row < A.shape[2] and 0 <= column < A.shape[3]):
            raise ValueError(f"unit: {layer!r} outputs maps {A.shape[2:]}, which have no position {position}")
        dA = np.zeros_like(A)
        dA[:, channel, row, column] = 1
        return float(A[:, channel, row, column].sum()), dA

    return _of(layer, f"{layer}:{channel} at {position or 'the center'}", evaluate)


def channel(layer: str, channel: int) -> Objective:
    """The mean of one map, summed over the images: Σ_n mean_{i, j} A[n, channel, i, j].

    Raises:
        ValueError: when it is evaluated, if the layer's output is not (N, C, H, W) or has no such channel.
    """

    def evaluate(A: Array) -> tuple[float, Array]:
        _maps("channel", layer, A, channel)
        dA = np.zeros_like(A)
        dA[:, channel] = 1 / A[0, 0].size
        return float(A[:, channel].mean(axis=(1, 2)).sum()), dA

    return _of(layer, f"{layer}:{channel}", evaluate)


def layer(layer: str) -> Objective:
    """All of a layer at once, as deep dream excites it: ½ Σ_n mean A[n]², whose gradient is A / A[n].size.

    Source: Mordvintsev, Olah & Tyka (2015), Inceptionism: going deeper into neural networks.
    """

    def evaluate(A: Array) -> tuple[float, Array]:
        size = A[0].size
        return float((A * A).sum(dtype=np.float64)) / (2 * size), A / size

    return _of(layer, layer, evaluate)


def logit(target: int) -> Objective:
    """The score of a class before softmax, summed over the images: Σ_n S[n, target].

    Raises:
        ValueError: when it is evaluated, if the outputs are not (N, classes) or have no such class.
    """

    def evaluate(scores: Array) -> tuple[float, Array]:
        if scores.ndim != 2 or not 0 <= target < scores.shape[1]:
            raise ValueError(f"logit: expected a class of outputs {scores.shape}, got {target}")
        dscores = np.zeros_like(scores)
        dscores[:, target] = 1
        return float(scores[:, target].sum()), dscores

    return _of(OUTPUT, f"class {target}", evaluate)


def direction(layer: str, vector: Array) -> Objective:
    """The activations along a direction in the space of channels: Σ_n mean_{i, j} Σ_c v[c] · A[n, c, i, j].

    Args:
        layer: its path.
        vector: v, (C,).

    Raises:
        ValueError: when it is evaluated, if the layer has another number of channels.
    """
    vector = np.asarray(vector)

    def evaluate(A: Array) -> tuple[float, Array]:
        if A.ndim < 2 or vector.shape != (A.shape[1],):
            raise ValueError(f"direction: {layer!r} outputs {A.shape}, but the vector has shape {vector.shape}")
        places = max(1, int(np.prod(A.shape[2:])))
        v = vector.astype(A.dtype).reshape(-1, *[1] * (A.ndim - 2))
        return float((A * v).sum(dtype=np.float64)) / places, np.broadcast_to(v / places, A.shape)

    return _of(layer, f"a direction of {layer}", evaluate)


def diversity(layer: str) -> Objective:
    """How different the images of a batch are in a layer's style.

        −mean_{n < m} cos(G[n], G[m]),    G the Gram matrices of the maps

    Raises:
        ValueError: when it is evaluated, if there are fewer than two images.

    Source: Olah, Mordvintsev & Schubert (2017), Feature visualization, "Diversity".
    """

    def evaluate(A: Array) -> tuple[float, Array]:
        N, C = A.shape[:2]
        if N < 2:
            raise ValueError("diversity: expected at least two images to tell apart; give batch=2 or more")
        F = A.reshape(N, C, -1)
        G = (F @ F.transpose(0, 2, 1)).reshape(N, -1)
        length = np.maximum(np.linalg.norm(G, axis=1, keepdims=True), 1e-12)
        unit_G = G / length
        cosines = unit_G @ unit_G.T
        pairs = N * (N - 1) / 2
        dcosines = (np.ones((N, N)) - np.eye(N)).astype(A.dtype) * (-1 / pairs)
        dunit = dcosines @ unit_G
        dG = (dunit - unit_G * (unit_G * dunit).sum(axis=1, keepdims=True)) / length
        dF = 2 * dG.reshape(N, C, C) @ F  # G and dG are symmetric
        return float(-(cosines.sum() - np.trace(cosines)) / 2 / pairs), dF.reshape(A.shape)

    return _of(layer, f"diversity in {layer}", evaluate)


def content(layer: str, target: Array) -> Objective:
    """Minus the squared distance from given features: −½ Σ (A − target)².

    Args:
        layer: its path.
        target: the features, (N, C, H, W) or (N, D); N = 1 serves all images.

    Raises:
        ValueError: when it is evaluated, if the layer's output has another shape.

    Source: Gatys, Ecker & Bethge (2016), Image style transfer using convolutional neural networks, equation 1;
    Mahendran & Vedaldi (2015), Understanding deep image representations by inverting them, equation 1.
    """

    def evaluate(A: Array) -> tuple[float, Array]:
        if A.shape[1:] != target.shape[1:]:
            raise ValueError(f"content: {layer!r} outputs {A.shape}, but the target has shape {target.shape}")
        difference = A - target
        return -float((difference * difference).sum(dtype=np.float64)) / 2, -difference

    return _of(layer, f"content of {layer}", evaluate)


def gram(A: Array) -> Array:
    """Which maps are active together, at any position: G[n] = F Fᵀ, F the maps of image n in rows (C, H·W).

    Args:
        A: maps (N, C, H, W).

    Returns:
        G, (N, C, C).

    Source: Gatys, Ecker & Bethge (2016), Image style transfer using convolutional neural networks, equation 3.
    """
    F = A.reshape(*A.shape[:2], -1)
    return F @ F.transpose(0, 2, 1)


def style(layer: str, target: Array) -> Objective:
    """Minus the distance of the Gram matrices: −Σ (G/(H·W) − target)² / (4 C²), the target divided by its own H·W.

    Dividing by H·W allows the style image and the result to have different sizes.

    Args:
        layer: its path.
        target: `gram` of the style image's maps, (1, C, C), divided by their H·W.

    Source: Gatys, Ecker & Bethge (2016), Image style transfer using convolutional neural networks, equations 3–6.
    """

    def evaluate(A: Array) -> tuple[float, Array]:
        N, C = A.shape[:2]
        places = A[0, 0].size
        F = A.reshape(N, C, places)
        difference = gram(A) / places - target
        scale = 1 / (4 * C**2)
        dF = -4 * scale / places * (difference @ F)
        return -scale * float((difference * difference).sum(dtype=np.float64)), dF.reshape(A.shape)

    return _of(layer, f"style of {layer}", evaluate)


def total_variation(power: float = 2.0) -> Objective:
    """How much neighboring pixels differ: Σ (Δx² + Δy²)^(power/2); subtract it to smooth.

    Source: Mahendran & Vedaldi (2015), Understanding deep image representations by inverting them, equation 3.
    """

    def evaluate(x: Array) -> tuple[float, Array]:
        across, down = np.zeros_like(x), np.zeros_like(x)
        across[..., :-1] = x[..., 1:] - x[..., :-1]
        down[..., :-1, :] = x[..., 1:, :] - x[..., :-1, :]
        squares = across**2 + down**2
        value = float((squares ** (power / 2)).sum(dtype=np.float64))
        slope = power * (squares + 1e-8) ** (power / 2 - 1)
        dx = -slope * (across + down)
        dx[..., 1:] += (slope * across)[..., :-1]
        dx[..., 1:, :] += (slope * down)[..., :-1, :]
        return value, dx

    return _of(INPUT, "total variation", evaluate)


@renamed(centre="center")
def squared_norm(center: Array | float = 0.0, scale: Array | float = 1.0) -> Objective:
    """Σ ((x − center) / scale)²: subtract it to keep an image near its center.

    Args:
        center, scale: numbers, or arrays that broadcast to the images (N, C, H, W).
    """

    def evaluate(x: Array) -> tuple[float, Array]:
        far = (x - np.asarray(center, x.dtype)) / np.asarray(scale, x.dtype)
        return float((far * far).sum(dtype=np.float64)), 2 * far / np.asarray(scale, x.dtype)

    return _of(INPUT, "squared norm", evaluate)


def _maps(what: str, layer: str, A: Array, channel: int) -> None:
    if A.ndim != 4 or not 0 <= channel < A.shape[1]:
        raise ValueError(f"{what}: {layer!r} outputs {A.shape} (N, C, H, W), which has no channel {channel}")
