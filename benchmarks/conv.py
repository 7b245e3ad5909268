"""The forward pass of one 3 × 3 convolution with equally many channels in and out, padded, stride 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import minicnn as cnn

from .peers import assert_close
from .table import Row, compare
from .timing import take_turns


def row(channels: int, size: int, batch: int, modes: tuple[str, ...], target: float | None = None) -> Row:
    """Measure one convolution; each engine gets the memory order it prefers."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, size, size, channels), np.float32).transpose(0, 3, 1, 2)
    w = rng.standard_normal((channels, channels, 3, 3), np.float32) / np.float32((9 * channels) ** 0.5)
    b = np.zeros(channels, np.float32)

    def theirs(mode: str) -> Callable[[], Any]:
        import torch

        order = torch.channels_last if mode == "channels-last" else torch.contiguous_format
        images, filters = (torch.tensor(array).contiguous(memory_format=order) for array in (x, w))
        bias = torch.tensor(b)
        run = torch.compile(torch.nn.functional.conv2d) if mode == "compiled" else torch.nn.functional.conv2d
        return torch.no_grad()(lambda: run(images, filters, bias, padding=1))

    contestants: dict[str, Callable[[], object]] = {"minicnn": lambda: cnn.ops.conv2d(x, w, b, padding=1)[0]}
    contestants |= {f"PyTorch {mode}": theirs(mode) for mode in modes}
    work = f"forward, 3×3 convolution {channels}→{channels}, {batch}×{size}×{size}"
    if modes:
        assert_close(work, cnn.ops.conv2d(x, w, b, padding=1)[0], theirs("eager")().numpy())
    return compare(work, take_turns(contestants), target)
