"""The peak memory of a training step beyond its inputs; each engine runs in separate processes."""

from __future__ import annotations

import statistics

import numpy as np

from .memory import PeakMemory, in_fresh_process
from .table import Row


def row(
    model: str, batch: int, threads: int, modes: tuple[str, ...], rounds: int = 3, target: float | None = None
) -> Row:
    """Measure the peak of a step, in processes that take turns; PyTorch in eager mode, which needs the least."""
    peaks: dict[str, list[float]] = {name: [] for name in ("minicnn", *(["eager"] if modes else []))}
    for _ in range(rounds):
        for name, found in peaks.items():
            found.append(in_fresh_process(_peak, name, model, batch, threads))
    ours = peaks.pop("minicnn")
    middle = statistics.median(ours)
    return Row(
        f"peak memory of a training step, {model}, batch {batch}",
        middle,
        (max(ours) - min(ours)) / 2 / middle,
        {f"PyTorch {mode}": statistics.median(found) for mode, found in peaks.items()},
        target,
        "MB",
    )


def _peak(name: str, model: str, batch: int, threads: int) -> float:
    from . import step

    net, shape = step.network(model)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, *shape)).astype(np.float32)
    labels = rng.integers(0, 10, batch)
    if name == "minicnn":
        import minicnn as cnn

        cnn.set_num_threads(threads)
        run = step.ours(net, x, labels)
        warm = step.ours(net, x[:8], labels[:8])
    else:
        import torch

        torch.set_num_threads(threads)
        run = step.theirs(net, x, labels, name)
        warm = step.theirs(net, x[:8], labels[:8], name)
    warm()  # compiles code and loads libraries with a few images
    with PeakMemory() as memory:
        run()
        run()
    return memory.megabytes
