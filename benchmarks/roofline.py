"""How close a convolution comes to the machine's peak: its arithmetic against its memory traffic.

The ceilings are measured here: the best rate of a large sgemm, and of reading one array while writing another. A
convolution's work is counted by its definition (2 · N · OH · OW · O · C · 9), so that Winograd, which does less, may
exceed the first ceiling; its traffic counts each array once.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import minicnn as cnn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# channels, size, batch
CONVOLUTIONS = ((16, 64, 64), (32, 32, 64), (64, 32, 64), (128, 16, 64), (256, 8, 64), (512, 14, 1))


def ceilings(threads: int) -> tuple[float, float]:
    """(GFLOP/s of sgemm, GB/s of copying)."""
    from threadpoolctl import threadpool_limits

    a = np.ones((2048, 2048), np.float32)
    source = np.ones(1 << 26, np.float32)
    target = np.empty_like(source)
    half = len(source) // threads

    def copy() -> None:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda k: np.copyto(target[k : k + half], source[k : k + half]), range(0, len(source), half)))

    with threadpool_limits(threads, user_api="blas"):
        flops = 2 * 2048**3 / _fastest(lambda: a @ a)
    return flops / 1e9, 2 * source.nbytes / _fastest(copy) / 1e9


def points() -> list[tuple[str, float, float]]:
    """(name, FLOP per byte, GFLOP/s) of our convolutions."""
    found = []
    rng = np.random.default_rng(0)
    for channels, size, batch in CONVOLUTIONS:
        x = rng.standard_normal((batch, size, size, channels)).astype(np.float32).transpose(0, 3, 1, 2)
        w = rng.standard_normal((channels, channels, 3, 3)).astype(np.float32)
        for algorithm in ("direct", None):
            flop = 18 * batch * size * size * channels * channels
            seconds = _fastest(functools.partial(cnn.ops.conv2d, x, w, padding=1, algorithm=algorithm))
            intensity = flop / (4 * (2 * x.size + w.size))
            found.append((f"{channels}@{size}²{' direct' if algorithm else ''}", intensity, flop / seconds / 1e9))
    return found


def draw(path: Path, threads: int) -> str:
    """Measure, and draw the roofline; returns the ceilings in words."""
    gflops, gigabytes = ceilings(threads)
    chart(gflops, gigabytes, points()).savefig(path)
    return f"sgemm {gflops:.0f} GFLOP/s, copying {gigabytes:.0f} GB/s"


def chart(gflops: float, gigabytes: float, found: list[tuple[str, float, float]]) -> Figure:
    """Convolutions, each twice (see `points`), under the two ceilings."""
    from matplotlib.patheffects import withStroke

    from viz.plot._canvas import BLUE, INK, SMALL, TEXT, VERMILLION, heading, new_figure, tidy
    from viz.plot._lines import log_ticks

    figure = new_figure(7, 4.5)
    ax = figure.subplots()
    tidy(ax)
    x = np.geomspace(2, 1000, 200)
    ceiling = f"ceilings: sgemm {gflops:.0f} GFLOP/s, copying {gigabytes:.0f} GB/s"
    ax.loglog(x, np.minimum(x * gigabytes, gflops), color=INK, linewidth=1.2, label=ceiling)
    for label, chosen, marker, color in (
        ("direct", found[::2], "s", BLUE),
        ("as chosen (Winograd)", found[1::2], "o", VERMILLION),
    ):
        ax.plot([p[1] for p in chosen], [p[2] for p in chosen], marker, color=color, markersize=5, label=label)
    halo = [withStroke(linewidth=2.5, foreground="white")]  # where a label lies on the ceiling
    for name, intensity, rate in found[1::2]:  # slanted, so that neighbors do not touch
        look = {"textcoords": "offset points", "xytext": (2, 6), "rotation": 35, "rotation_mode": "anchor"}
        ax.annotate(name, (intensity, rate), fontsize=SMALL, color=INK, path_effects=halo, **look)
    ax.set_xlabel("arithmetic intensity, FLOP per byte", fontsize=TEXT, color=INK)
    ax.set_ylabel("GFLOP/s, by the definition's arithmetic", fontsize=TEXT, color=INK)
    rates = [rate for _, _, rate in found]
    ax.set_ylim(min(rates) / 2, 4 * max(*rates, gflops))
    for axis, values in ((ax.xaxis, x), (ax.yaxis, rates)):
        log_ticks(axis, values)
    heading(ax, "3×3 convolutions, forward: channels@size²")
    ax.legend(loc="upper left", fontsize=SMALL, frameon=False)
    return figure


def _fastest(run: Callable[[], object], rounds: int = 7) -> float:
    run()
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
