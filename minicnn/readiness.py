"""Compiling in advance what the first step of a network would have to wait for."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import compiling, ops, zoo
from .layers import Pass, dtype_of
from .layers.running import run_layer
from .optim import SGD, Adam


def warmup(
    model: Any = "seed",
    input_shape: tuple[int, int, int] | None = None,
    batch_size: int = 8,
    progress: bool | None = None,
) -> float:
    """Compile the loops that a network needs, or load them from the disk cache; the network stays as it is.

    One training step is taken on zeros, with a copy of the parameters, and one batch is evaluated. Otherwise the first
    real step takes that long.

    Args:
        model: a network, or the name of one in the zoo.
        input_shape: (channels, height, width) of its images; by default that of the named network.
        batch_size: that of the work to come. It decides which algorithm computes a convolution, and whether a short
            loop is shared among threads.
        progress: whether to show how many loops are compiled, of how many; None: where it takes longer than a moment.

    Returns:
        the seconds it took.

    Raises:
        ValueError: a network was given without `input_shape`, or does not take such images.
    """
    start = time.perf_counter()
    if isinstance(model, str):
        input_shape = input_shape or zoo.network(model).input_shape
        model = zoo.build(model)
    if input_shape is None:
        raise ValueError("warmup: expected input_shape, (channels, height, width) of the images that the model takes")
    before = {name: array.copy() for name, array in model.state().items()}
    with compiling.shown(lambda: take_step(copy.deepcopy(model), input_shape, batch_size), progress):
        take_step(model, input_shape, batch_size)
    model.load_state(before)  # batch statistics
    return time.perf_counter() - start


def take_step(model: Any, input_shape: Sequence[int], batch_size: int) -> None:
    """A training step on zeros with a copy of the parameters, and an evaluation; batch statistics change."""
    x, labels = np.zeros((batch_size, *input_shape), dtype_of(model)), np.zeros(batch_size, np.int64)
    scores, pullback = run_layer(model, x, Pass(train=True, rng=np.random.default_rng(0)))
    _, gradients = pullback(ops.cross_entropy(scores, labels)[1](1.0)[0])
    for optimizer in (SGD(1.0, momentum=0.5), Adam()):
        optimizer.step({name: array.copy() for name, array in model.parameters().items()}, gradients)
    run_layer(model, x)
