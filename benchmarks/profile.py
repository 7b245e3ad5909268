"""Where the time of a network goes: its kernels one by one, and the rest, which is Python.

Each parallel kernel is timed where it is called. For a convolution the multiply-adds of its definition are counted, so
that its rate can be compared with the machine's peak: Winograd, which does fewer, may exceed it.
"""

from __future__ import annotations

import collections
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import minicnn as cnn

from .inference import _given
from .step import network, ours


@dataclass
class Part:
    """All calls of one kernel with the same shapes of arguments.

    Attributes:
        multiply_adds: in all calls, by the definition of a convolution; 0 for other kernels.
        seconds: of each call.
    """

    multiply_adds: int = 0
    seconds: list[float] = field(default_factory=list)


Parts = dict[tuple[str, str], Part]


def multiply_adds(name: str, arguments: tuple[Any, ...]) -> int:
    """The multiply-adds of a convolution's kernel, by definition; 0 for other kernels.

    For each output pixel, before pooling: taps · channels of a group · filters. An input gradient is a convolution with
    the taps that reach its lattice of pixels.
    """
    if name == "direct.forward":
        source, _, _, rows, _, _, slide, _, groups, target = arguments
        pixels, taps = len(target.y) * slide.lines * slide.columns, len(rows) * slide.joined
        return int(pixels * taps * source.values.shape[3] * target.y.shape[3] // groups)
    if name == "direct.weight_gradient":
        x, source, rows, _, _, slide, groups = arguments[:7]
        pixels, taps = len(x.values) * slide.lines * slide.columns, len(rows) * slide.joined
        return int(pixels * taps * x.values.shape[3] * source.values.shape[3] // groups)
    if name == "winograd.forward":
        source, target = arguments[0], arguments[-1]
        N, H, W, O = target.y.shape
        return int(N * H * target.stride_h * W * target.stride_w * 9 * source.values.shape[3] * O)
    if name == "winograd.weight_gradient":
        x, source, height, width = arguments[:4]
        return int(len(x.values) * height * width * 9 * x.values.shape[3] * source.values.shape[3])
    if name == "im2col.forward":
        x, _, _, window, rows, columns, target = arguments
        return int(len(x) * rows * columns * window.kh * window.kw * x.shape[3] * target.y.shape[3])
    if name == "im2col.input_gradient":
        source, _, window, rows, columns, dx = arguments
        return int(len(dx) * rows * columns * window.kh * window.kw * dx.shape[3] * source.values.shape[3])
    if name == "im2col.weight_gradient":
        x, source, window, rows, columns = arguments[:5]
        return int(len(x) * rows * columns * window.kh * window.kw * x.shape[3] * source.values.shape[3])
    return 0


@contextmanager
def timed_kernels() -> Iterator[Parts]:
    """Time every parallel kernel of minicnn that is called inside the block, in whichever module it is."""
    parts: Parts = {}
    replaced: list[tuple[Any, str, Any]] = []
    timers: dict[int, Callable[..., Any]] = {}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] != "minicnn":
            continue
        for attribute, kernel in list(vars(module).items()):
            if callable(kernel) and hasattr(kernel, "threaded"):
                timer = timers.setdefault(id(kernel), _timer(kernel, parts))
                replaced.append((module, attribute, kernel))
                setattr(module, attribute, timer)
    try:
        yield parts
    finally:
        for module, attribute, kernel in replaced:
            setattr(module, attribute, kernel)


def _timer(kernel: Any, parts: Parts) -> Callable[..., Any]:
    name = f"{kernel.__module__.rpartition('.')[2]}.{kernel.__name__}"

    def run(*arguments: Any) -> Any:
        start = time.perf_counter()
        result = kernel(*arguments)
        seconds = time.perf_counter() - start
        part = parts.setdefault((name, _shapes(arguments)), Part())
        part.multiply_adds += multiply_adds(name, arguments)
        part.seconds.append(seconds)
        return result

    run.threaded = kernel.threaded  # type: ignore[attr-defined]
    return run


def _shapes(arguments: tuple[Any, ...]) -> str:
    """The shapes of a kernel's input and output: the first two arrays of more than one dimension."""
    arrays = [getattr(a, "values", getattr(a, "y", a)) for a in arguments]
    return ", ".join("×".join(map(str, a.shape)) for a in arrays if isinstance(a, np.ndarray) and a.ndim > 1)


def work_of(model: str, batch: int, work: str) -> Callable[[], object]:
    """The work as a function: a training step, or a pass of a frozen network."""
    if work == "step":
        net, shape = network(model)
        rng = np.random.default_rng(0)
        x, labels = rng.standard_normal((batch, *shape)).astype(np.float32), rng.integers(0, 10, batch)
        return ours(net, x, labels)
    net, x = _given(model, batch)
    frozen = cnn.freeze(net)
    if work == "forward":
        return lambda: frozen(x)

    def saliency() -> np.ndarray:
        scores, pullback = frozen.forward(x)
        chosen = np.zeros_like(scores)
        chosen[:, 0] = 1
        return pullback(chosen, wants="input")[0]

    return saliency


def measure(run: Callable[[], object], rounds: int, warmup: int = 3) -> tuple[float, Parts]:
    """(seconds of a run, the mean of `rounds`; the parts, from separate runs because recording takes time too)."""
    for _ in range(warmup):
        run()
    start = time.perf_counter()
    for _ in range(rounds):
        run()
    total = (time.perf_counter() - start) / rounds
    with timed_kernels() as parts:
        for _ in range(rounds):
            run()
    return total, parts


def table(total: float, parts: Parts, rounds: int, ceiling: float) -> str:
    """Kernels by their share of the time, the rate of each convolution and the ceiling in GFLOP/s, and the rest."""
    by_kernel: dict[str, float] = collections.defaultdict(float)
    lines = [
        "| kernel | arrays | calls | ms | share | GFLOP/s | of sgemm's |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for (name, shapes), part in sorted(parts.items(), key=lambda item: -sum(item[1].seconds)):
        seconds = sum(part.seconds) / rounds
        by_kernel[name] += seconds
        calls = len(part.seconds) / rounds
        rate = 2 * part.multiply_adds / rounds / seconds / 1e9
        speed = f"{rate:.1f} | {rate / ceiling:.0%}" if part.multiply_adds else " | "
        lines.append(f"| {name} | {shapes} | {calls:g} | {seconds * 1e3:.3f} | {seconds / total:.1%} | {speed} |")
    left = total - sum(by_kernel.values())
    lines.append(f"| Python, NumPy and serial loops | | | {left * 1e3:.3f} | {left / total:.1%} | | |")
    kernels = sorted(by_kernel.items(), key=lambda item: -item[1])
    shares = ", ".join(f"{name} {seconds / total:.0%}" for name, seconds in kernels)
    return "\n".join([*lines, "", f"{total * 1e3:.3f} ms in all; by kernel: {shares}."])
