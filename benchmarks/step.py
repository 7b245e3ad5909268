"""One training step: forward, cross-entropy, backward and an update by SGD with momentum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import minicnn as cnn

from .peers import assert_close, assert_same_gradient, prepared
from .table import Row, compare
from .timing import take_turns


def narrow(seed: int = 0) -> Any:
    """Convolutions of 32 and 64 channels, padded and pooled, then dense layers: the classic tutorial network."""
    return cnn.Sequential(
        conv1=cnn.Conv2d(1, 32, 3, padding=1),
        relu1=cnn.ReLU(),
        pool1=cnn.MaxPool2d(2),
        conv2=cnn.Conv2d(32, 64, 3, padding=1),
        relu2=cnn.ReLU(),
        pool2=cnn.MaxPool2d(2),
        flatten=cnn.Flatten(),
        fc1=cnn.Dense(64 * 7 * 7, 128),
        relu3=cnn.ReLU(),
        fc2=cnn.Dense(128, 10),
    ).initialize(seed)


def network(name: str) -> tuple[Any, tuple[int, int, int]]:
    """A model and the shape of its images: "conv32-64", or a network of the zoo."""
    if name == "conv32-64":
        return narrow(), (1, 28, 28)
    return cnn.zoo.build(name), cnn.zoo.network(name).input_shape


def ours(model: Any, x: np.ndarray, labels: np.ndarray) -> Callable[[], float]:
    """Our step, as a function that returns the loss."""
    optimizer = cnn.SGD(0.01, momentum=0.9)
    rng = np.random.default_rng(0)

    def step() -> float:
        logits, pullback = model.forward(x, cnn.Pass(train=True, rng=rng))
        loss, loss_pullback = cnn.ops.cross_entropy(logits, labels)
        _, gradients = pullback(loss_pullback(1.0)[0], wants="parameters")
        optimizer.step(model.parameters(), gradients)
        return float(loss)

    return step


def theirs(model: Any, x: np.ndarray, labels: np.ndarray, mode: str) -> Callable[[], float]:
    """PyTorch's step."""
    import torch

    module, run, images = prepared(model, x, mode)
    module.train()
    targets = torch.tensor(labels)
    optimizer = torch.optim.SGD(module.parameters(), 0.01, momentum=0.9)

    def step() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(run(images), targets)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def check(model: Any, x: np.ndarray, labels: np.ndarray) -> None:
    """Refuse a comparison whose results differ; without dropout, whose masks do."""
    import torch

    logits, pullback = model.forward(x)
    _, gradients = pullback(cnn.ops.cross_entropy(logits, labels)[1](1.0)[0], wants="parameters")
    module, run, images = prepared(model, x, "eager")
    scores = run(images)
    assert_close("scores", logits, scores.detach().numpy())
    torch.nn.functional.cross_entropy(scores, torch.tensor(labels)).backward()
    for name, parameter in module.named_parameters():
        assert_same_gradient(name, gradients[name], parameter.grad.numpy())


def row(model: str, batch: int, modes: tuple[str, ...], target: float | None = None) -> Row:
    """Measure one step of a model at one batch size."""
    net, shape = network(model)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, *shape)).astype(np.float32)
    labels = rng.integers(0, 10, batch)
    if modes:
        check(net, x, labels)
    contestants: dict[str, Callable[[], float]] = {"minicnn": ours(net, x, labels)}
    for mode in modes:
        contestants[f"PyTorch {mode}"] = theirs(network(model)[0], x, labels, mode)
    return compare(f"training step, {model}, batch {batch}", take_turns(contestants), target)
