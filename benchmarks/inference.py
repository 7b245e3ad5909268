"""Whole networks without training: the forward pass, and the saliency map (forward, and the gradient of the input).

Ours are frozen, as onnxruntime's sessions are: filters are packed and batch normalization is folded before timing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import minicnn as cnn

from .peers import assert_close, assert_same_gradient, onnx_forward, prepared
from .step import network
from .table import Row, compare
from .timing import take_turns


def forward(
    model: str, batch: int, modes: tuple[str, ...], threads: int, rounds: int = 15, target: float | None = None
) -> Row:
    """The forward pass, compared with PyTorch and onnxruntime."""
    net, x = _given(model, batch)
    frozen = cnn.freeze(net)
    contestants: dict[str, Callable[[], np.ndarray]] = {"minicnn": lambda: frozen(x)}
    work = f"forward, {model}, batch {batch}"
    if modes:
        contestants["onnxruntime"] = onnx_forward(net, x, threads)
        contestants |= {f"PyTorch {mode}": _torch_forward(net, x, mode) for mode in modes}
        assert_close(work, contestants["minicnn"](), contestants["onnxruntime"]())
    return compare(work, take_turns(contestants, rounds), target)


def saliency(model: str, batch: int, modes: tuple[str, ...], rounds: int = 15, target: float | None = None) -> Row:
    """The gradient of a class score with respect to the images, compared with PyTorch."""
    net, x = _given(model, batch)
    frozen = cnn.freeze(net)

    def ours() -> np.ndarray:
        scores, pullback = frozen.forward(x)
        chosen = np.zeros_like(scores)
        chosen[:, 0] = 1
        return pullback(chosen, wants="input")[0]

    contestants: dict[str, Callable[[], np.ndarray]] = {"minicnn": ours}
    contestants |= {f"PyTorch {mode}": _torch_saliency(net, x, mode) for mode in modes}
    work = f"saliency, {model}, batch {batch}"
    if modes:
        assert_close(work, net(x), _torch_forward(net, x, "eager")())
        assert_same_gradient(work, ours(), contestants[f"PyTorch {modes[0]}"]())
    return compare(work, take_turns(contestants, rounds), target)


def _given(model: str, batch: int) -> tuple[cnn.Layer, np.ndarray]:
    net, shape = network(model)
    return net, np.random.default_rng(0).standard_normal((batch, *shape)).astype(np.float32)


def _torch_forward(net: cnn.Layer, x: np.ndarray, mode: str) -> Callable[[], np.ndarray]:
    import torch

    _, run, images = prepared(net, x, mode)
    return torch.no_grad()(lambda: run(images).numpy())


def _torch_saliency(net: cnn.Layer, x: np.ndarray, mode: str) -> Callable[[], np.ndarray]:
    import torch

    module, run, images = prepared(net, x, mode)
    module.requires_grad_(False)
    images.requires_grad_(True)

    def saliency() -> np.ndarray:
        (gradient,) = torch.autograd.grad(run(images)[:, 0].sum(), images)
        return gradient.numpy()

    return saliency
