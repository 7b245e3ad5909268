"""How much other work on one core slows a forward pass down, compared with onnxruntime.

    python -m benchmarks load        # SqueezeNet, eight images, two threads

Everything is timed twice: while the machine is idle, and while a process keeps the first core busy. A slowdown
is the median of the second over that of the first. If half of one of two cores is taken, three quarters of the
machine are left: 4/3 is the least possible slowdown, and dividing the work in halves in advance gives 2.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np

import minicnn as cnn

from . import machine
from .peers import assert_close, onnx_forward
from .step import network
from .timing import Times, take_turns

BUSY = "while True: pass"


def main(arguments: Sequence[str]) -> None:
    """Read the command line, and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks load", description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="squeezenet1_1", help="a network of the zoo (default: squeezenet1_1)")
    parser.add_argument("--batch", type=int, default=8, help="images in a batch (default: 8)")
    parser.add_argument("--threads", type=int, default=2, help="threads for both (default: 2)")
    parser.add_argument("--rounds", type=int, default=15, help="number of times that each is measured (default: 15)")
    options = parser.parse_args(arguments)
    machine.use_threads(options.threads)
    model, shape = network(options.model)
    x = np.random.default_rng(0).standard_normal((options.batch, *shape)).astype(np.float32)
    frozen = cnn.freeze(model)
    contestants: dict[str, Callable[[], np.ndarray]] = {
        "minicnn": lambda: frozen(x),
        "onnxruntime": onnx_forward(model, x, options.threads),
    }
    assert_close("load", *(run() for run in contestants.values()))
    free, cores = machine.free_cores(), os.cpu_count() or 1
    quiet = take_turns(contestants, options.rounds)
    with busy_core():
        busy = take_turns(contestants, options.rounds)
    work = f"forward, {options.model}, batch {options.batch}"
    print(machine.machine(options.threads), work, table(quiet, busy), sep="\n\n")
    if free < 0.75 * cores:
        print(f"\nOther work kept the machine busy ({free:.1f} of {cores} cores were free): ignore these times.")


@contextmanager
def busy_core() -> Iterator[subprocess.Popen[bytes]]:
    """Inside the block, a process computes without a pause, on the first core if the system allows choosing it."""
    with subprocess.Popen([sys.executable, "-S", "-c", BUSY]) as process:
        try:
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(process.pid, [min(os.sched_getaffinity(0))])
            yield process
        finally:
            process.kill()


def slowdowns(quiet: Mapping[str, Times], busy: Mapping[str, Times]) -> dict[str, float]:
    """How many times longer each took with other work running."""
    return {name: busy[name].median / times.median for name, times in quiet.items()}


def table(quiet: Mapping[str, Times], busy: Mapping[str, Times]) -> str:
    """The figures, and a summary for the first contestant, which is ours."""
    lines = ["| | quiet, ms | one core busy, ms | slowdown |", "|---|---|---|---|"]
    found = slowdowns(quiet, busy)
    for name, slowdown in found.items():
        cells = (f"{t[name].median * 1e3:.1f} ± {t[name].spread:.0%}" for t in (quiet, busy))
        lines.append(f"| {name} | {' | '.join(cells)} | **{slowdown:.2f}** |")
    (name, ours), (peer, theirs) = found.items()
    verdict = "no more than" if ours <= theirs else "more than"
    return "\n".join([*lines, "", f"{name} is slowed down {verdict} {peer}."])
