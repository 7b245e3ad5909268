"""A whole epoch of MNIST with the seed network: shuffling, scaling, training and the epoch's mean loss included."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import minicnn as cnn

from .peers import prepared
from .table import Row, compare
from .timing import take_turns


def row(batch: int, modes: tuple[str, ...], rounds: int = 5, target: float | None = None) -> Row:
    """Measure `cnn.fit` for one epoch against an equivalent loop in PyTorch; images are bytes in memory for both."""
    train, _ = cnn.data.load("mnist")

    def ours() -> float:
        model = cnn.zoo.build("seed")
        optimizer = cnn.SGD(0.02, momentum=0.9)
        history = cnn.fit(model, train, epochs=1, batch_size=batch, optimizer=optimizer, progress=False)
        if history.interrupted:
            raise KeyboardInterrupt
        return 0.0

    contestants = {"minicnn": ours}
    contestants |= {f"PyTorch {mode}": _theirs(train, batch, mode) for mode in modes}
    times = take_turns(contestants, rounds, warmup=1, settle=0)
    return compare(f"epoch of MNIST, seed, batch {batch}", times, target)


def _theirs(train: cnn.data.Dataset, batch: int, mode: str) -> Callable[[], float]:
    import torch

    images, labels = torch.tensor(train.images), torch.tensor(np.asarray(train.labels, np.int64))
    mean, std = 0.1307, 0.3081
    model = cnn.zoo.build("seed")

    def epoch() -> float:
        module, run, _ = prepared(model, np.zeros((1, 1, 28, 28), np.float32), mode)
        module.train()
        optimizer = torch.optim.SGD(module.parameters(), 0.02, momentum=0.9)
        total = 0.0
        for chosen in torch.randperm(len(images)).split(batch):
            x = (images[chosen].float() / 255 - mean) / std
            if mode == "channels-last":
                x = x.contiguous(memory_format=torch.channels_last)
            loss = torch.nn.functional.cross_entropy(run(x), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(chosen)
        return total / len(images)

    return epoch
