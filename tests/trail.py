"""`python -m tests.trail`: the path a reader follows from a network to its kernels, and how long it is.

It runs the seed network, and one convolution with ReLU and pooling, and records every Python function that is called,
including those of NumPy and the standard library. A comprehension counts as part of the function that contains it; the
generated constructor of a named tuple counts as a call but not as a file; a kernel counts as one call. Everything runs
twice and the second run counts, so what `functools.lru_cache` answers (the checked problem, the choice of the
algorithm, the tables of a walk) is not in the trail.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import minicnn as cnn

ROOT = Path(cnn.__file__).parent.parent
COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
GENERATED = "<string>"
KERNEL = "minicnn/kernels/direct.py"  # of the seed network's convolutions


class Call(NamedTuple):
    """One function that was called."""

    file: str  # relative to the project, or the library's
    name: str
    depth: int


class Trail(NamedTuple):
    """The functions that were called, in order."""

    calls: list[Call]

    @property
    def files(self) -> list[str]:
        """Each file once, in order of first use."""
        return list(dict.fromkeys(call.file for call in self.calls if call.file != GENERATED))

    @property
    def changes(self) -> int:
        """How often a call is in another file than the call before it."""
        files = [call.file for call in self.calls if call.file != GENERATED]
        return sum(here != there for here, there in pairwise(files))

    def up_to(self, kernels: str) -> Trail:
        """The calls before the first kernel of a file."""
        return Trail(self.calls[: next(i for i, call in enumerate(self.calls) if call.file == kernels)])

    def __str__(self) -> str:
        lines, previous = [], ""
        for file, name, depth in self.calls:
            lines.append(f"    {file if file != previous else '':36}{'  ' * depth}{name}")
            previous = file
        return "\n".join(lines)


def record(function: Callable[..., Any], *args: Any, **options: Any) -> tuple[Any, Trail]:
    """The result of a function, and the trail of its calls."""
    calls: list[Call] = []
    depth = 0

    def event(frame: Any, kind: str, _: Any) -> None:
        nonlocal depth
        if frame.f_code.co_name in COMPREHENSIONS:
            return
        if kind == "call":
            calls.append(Call(_short(frame.f_code.co_filename), frame.f_code.co_qualname, depth))
            depth += 1
        elif kind == "return":
            depth -= 1

    before, collects = sys.getprofile(), gc.isenabled()
    gc.disable()  # other libraries' functions run when it collects
    sys.setprofile(event)
    try:
        result = function(*args, **options)
    finally:
        sys.setprofile(before)
        if collects:
            gc.enable()
    return result, Trail(calls)


def _short(file: str) -> str:
    path = Path(file)
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else "/".join(path.parts[-2:])


def of_the_seed_network() -> tuple[Trail, Trail]:
    """The trails of a forward and a backward pass in training."""
    model = cnn.zoo.build("seed", classes=10, in_channels=1, input_size=28).initialize(seed=0)
    x = np.random.default_rng(0).random((8, 1, 28, 28), dtype=np.float32)
    pass_ = cnn.Pass(train=True, rng=np.random.default_rng(0))
    return _of_both_passes(model.forward, x, pass_)


def of_one_convolution() -> tuple[Trail, Trail]:
    """The trails of a convolution with ReLU and pooling, forward and backward."""
    rng = np.random.default_rng(0)
    x, w, b = (rng.random(shape, dtype=np.float32) for shape in ((8, 10, 13, 13), (20, 10, 3, 3), (20,)))
    return _of_both_passes(cnn.ops.conv2d_relu_max_pool2d, x, w, b, pool_size=2)


def _of_both_passes(function: Callable[..., Any], *args: Any, **options: Any) -> tuple[Trail, Trail]:
    y, pullback = function(*args, **options)  # without a profiler: with one, compiling takes minutes
    dy = np.ones_like(y)
    pullback(dy)
    (_, pullback), forward = record(function, *args, **options)
    _, backward = record(pullback, dy)
    return forward, backward


def main() -> None:
    trails = {}
    trails["one convolution, forward"], trails["one convolution, backward"] = of_one_convolution()
    trails["the seed network, forward"], trails["the seed network, backward"] = of_the_seed_network()
    trails["the network, to the first convolution"] = trails["the seed network, forward"].up_to(KERNEL)
    for title, trail in trails.items():
        print(f"{title}\n\n{trail}\n")
    print(f"{'calls':>46}{'files':>8}{'changes of file':>18}")
    for title, trail in trails.items():
        print(f"{title:40}{len(trail.calls):6}{len(trail.files):8}{trail.changes:18}")


if __name__ == "__main__":
    main()
