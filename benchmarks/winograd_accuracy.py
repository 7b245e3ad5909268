"""Whether Winograd's rounding changes what a network learns: the same training with and without it.

Runs with other seeds show how much accuracy varies by chance; the difference of the algorithms must stay within that.
"""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np

import minicnn as cnn

from .step import network

RUNS = (("mnist", "conv32-64", 3000), ("cifar10", "cifar-vgg", 4000))  # data, network, training images
EPOCHS, SEEDS = 3, 3


def table() -> str:
    """Accuracy on 1000 test images after each epoch: mean and standard deviation over the seeds."""
    epochs = " | ".join(f"after epoch {epoch}" for epoch in range(1, EPOCHS + 1))
    lines = [f"| training | convolutions | {epochs} |", "|" + "---|" * (2 + EPOCHS)]
    for data, model, images in RUNS:
        train, test = cnn.data.load(data)
        for algorithm in ("as chosen", "direct"):
            curves = [_curve(train[:images], test[:1000], model, algorithm, seed) for seed in range(SEEDS)]
            cells = [f"{mean:.2%} ± {std:.2%}" for mean, std in zip(np.mean(curves, 0), np.std(curves, 0), strict=True)]
            lines.append(f"| {model}, {images} images of {data}, {SEEDS} seeds | {algorithm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _curve(train: Any, test: Any, model: str, algorithm: str, seed: int) -> list[float]:
    from minicnn.ops.convolution import choice

    net = network(model)[0].initialize(seed)
    chosen = (lambda _: choice.direct) if algorithm == "direct" else choice._fastest
    with mock.patch.object(choice, "_fastest", chosen):
        history = cnn.fit(
            net, train, test, epochs=EPOCHS, batch_size=64, optimizer=cnn.Adam(1e-3), seed=seed, progress=False
        )
    if history.interrupted:
        raise KeyboardInterrupt  # an interrupted run has no result
    return [record.valid_accuracy or 0.0 for record in history.epochs]
