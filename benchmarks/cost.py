"""Cost against batch size and against width, ours and PyTorch's."""

from __future__ import annotations

from pathlib import Path

from . import conv, step
from .table import Row

BATCHES = (1, 4, 16, 64, 256)
WIDTHS = (4, 8, 16, 32, 64, 128)


def rows(modes: tuple[str, ...]) -> tuple[list[Row], list[Row]]:
    """The seed network's step by batch size, and a 3 × 3 convolution of 16×32×32 images by channels."""
    return (
        [step.row("seed", batch, modes) for batch in BATCHES],
        [conv.row(channels, 32, 16, modes) for channels in WIDTHS],
    )


def draw(path: Path, modes: tuple[str, ...]) -> list[Row]:
    """Draw both, and return what was measured."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    by_batch, by_width = rows(modes)
    figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    for ax, x, found, label in (
        (axes[0], BATCHES, by_batch, "batch size"),
        (axes[1], WIDTHS, by_width, "channels in and out"),
    ):
        ax.loglog(x, [row.milliseconds for row in found], "o-", label="minicnn")
        for mode in found[0].peers:
            ax.loglog(x, [row.peers[mode] for row in found], "s--", label=mode)
        ax.set(xlabel=label, ylabel="ms")
        ax.set_xticks(x, [str(value) for value in x])
        ax.minorticks_off()
        ax.legend()
    axes[0].set_title("training step, seed network")
    axes[1].set_title("3×3 convolution, forward, 16×32×32")
    figure.savefig(path, dpi=110)
    return by_batch + by_width
