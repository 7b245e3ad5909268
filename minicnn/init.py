"""Initial values of parameters.

Each initializer is called as `fn(shape, rng, dtype)`. With `rng = generator(seed, name)` a parameter's values depend on
the seed and its name alone, so adding a layer does not change the values of others. Values are drawn in float64, then
rounded: a network starts from the same weights in either precision.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import DTypeLike

Shape = tuple[int, ...]
Initializer = Callable[[Shape, np.random.Generator, DTypeLike], np.ndarray]


def generator(seed: int, name: str) -> np.random.Generator:
    """The random generator for the parameter `name`: the same in every process for the same seed and name."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()),)))


def fans(shape: Shape) -> tuple[int, int]:
    """How many inputs feed one output of a weight (fan_in), and how many outputs one input feeds (fan_out).

    Args:
        shape: (out, in) of a dense layer, or (out, in/groups, kh, kw) of a convolution: fan_in = in/groups · kh · kw,
            fan_out = out · kh · kw.

    Raises:
        ValueError: The shape has neither two axes nor four.
    """
    if len(shape) not in (2, 4):
        raise ValueError(f"fans: a weight is (out, in) or (out, in/groups, kh, kw), got shape {shape}")
    out_channels, in_channels, *kernel = shape
    return in_channels * math.prod(kernel), out_channels * math.prod(kernel)


def he_normal(shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float32) -> np.ndarray:
    """Normal, with standard deviation √(2 / fan_in).

    ReLU halves the mean square of its input; the 2 restores it, layer after layer.

    Args:
        shape: (out, in) of a dense layer, or (out, in/groups, kh, kw) of a convolution.
        rng: the generator that draws.
        dtype: of the result.

    Returns:
        an array of that shape.

    Raises:
        ValueError: the shape has neither two axes nor four.

    Source: He et al. (2015), Delving deep into rectifiers, equation 10.
    """
    return _normal(shape, rng, dtype, std=math.sqrt(2 / fans(shape)[0]))


def he_uniform(shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float32) -> np.ndarray:
    """Uniform in ±√(6 / fan_in), which has the standard deviation of `he_normal`.

    Arguments, shapes and errors are those of `he_normal`.
    """
    return _uniform(shape, rng, dtype, bound=math.sqrt(6 / fans(shape)[0]))


def glorot_normal(shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float32) -> np.ndarray:
    """Normal, with standard deviation √(2 / (fan_in + fan_out)).

    A compromise that preserves the scale of activations in the forward pass and of gradients in the backward pass, for
    units that are linear near zero. Arguments, shapes and errors are those of `he_normal`.

    Source: Glorot & Bengio (2010), Understanding the difficulty of training deep feedforward neural networks,
    equation 12.
    """
    return _normal(shape, rng, dtype, std=math.sqrt(2 / sum(fans(shape))))


def glorot_uniform(shape: Shape, rng: np.random.Generator, dtype: DTypeLike = np.float32) -> np.ndarray:
    """Uniform in ±√(6 / (fan_in + fan_out)), which has the standard deviation of `glorot_normal`.

    Arguments, shapes and errors are those of `he_normal`.

    Source: Glorot & Bengio (2010), Understanding the difficulty of training deep feedforward neural networks,
    equation 16.
    """
    return _uniform(shape, rng, dtype, bound=math.sqrt(6 / sum(fans(shape))))


def zeros(shape: Shape, rng: np.random.Generator | None = None, dtype: DTypeLike = np.float32) -> np.ndarray:
    """Zeros of any shape, for biases."""
    return np.zeros(shape, dtype)


def ones(shape: Shape, rng: np.random.Generator | None = None, dtype: DTypeLike = np.float32) -> np.ndarray:
    """Ones of any shape, for the scale of a batch normalization."""
    return np.ones(shape, dtype)


def _normal(shape: Shape, rng: np.random.Generator, dtype: DTypeLike, std: float) -> np.ndarray:
    values = rng.standard_normal(shape)
    values *= std
    return values.astype(dtype, copy=False)


def _uniform(shape: Shape, rng: np.random.Generator, dtype: DTypeLike, bound: float) -> np.ndarray:
    return rng.uniform(-bound, bound, shape).astype(dtype, copy=False)


SCHEMES: dict[str, Initializer] = {
    "he_normal": he_normal,
    "he_uniform": he_uniform,
    "glorot_normal": glorot_normal,
    "glorot_uniform": glorot_uniform,
}
