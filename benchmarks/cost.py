"""Cost against batch size and against width, ours and PyTorch's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from . import conv, step
from .table import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BATCHES = (1, 4, 16, 64, 256)
WIDTHS = (4, 8, 16, 32, 64, 128)


def rows(modes: tuple[str, ...]) -> tuple[list[Row], list[Row]]:
    """The seed network's step by batch size, and a 3 × 3 convolution of 16×32×32 images by channels."""
    return (
        [step.row("seed", batch, modes) for batch in BATCHES],
        [conv.row(channels, 32, 16, modes) for channels in WIDTHS],
    )


def draw(path: Path, modes: tuple[str, ...]) -> list[Row]:
    """Measure, draw both, and return what was measured."""
    by_batch, by_width = rows(modes)
    chart(by_batch, by_width).savefig(path)
    return by_batch + by_width


def chart(by_batch: list[Row], by_width: list[Row]) -> Figure:
    """Milliseconds against batch size, and against width."""
    from viz.plot._canvas import heading, new_figure
    from viz.plot._lines import lines, log_ticks

    figure = new_figure(9.6, 3.8)
    for ax, x, found, label, title in zip(
        figure.subplots(1, 2),
        (BATCHES, WIDTHS),
        (by_batch, by_width),
        ("batch size", "channels in and out"),
        ("training step, seed network", "3×3 convolution, forward, 16×32×32"),
        strict=True,
    ):
        curves = {"minicnn": [row.milliseconds for row in found]}
        curves |= {mode: [row.peers[mode] for row in found] for mode in found[0].peers}
        ax.set(xscale="log", yscale="log")
        lines(ax, x, curves, xlabel=label, ylabel="ms", legend=x is WIDTHS)
        ax.set_xticks(x, [str(value) for value in x])
        ax.minorticks_off()
        log_ticks(ax.yaxis, [value for curve in curves.values() for value in curve])
        heading(ax, title)
    return figure
