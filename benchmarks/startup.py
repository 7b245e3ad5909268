"""What a user waits for: the import, the command line's help, the first step on a cold and on a warm cache."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

STEP = """
import numpy as np, minicnn as cnn
model = cnn.zoo.build("seed")
x, labels = np.zeros((20, 1, 28, 28), np.float32), np.zeros(20, np.int64)
scores, pullback = model.forward(x, cnn.Pass(train=True, rng=np.random.default_rng(0)))
_, gradients = pullback(cnn.ops.cross_entropy(scores, labels)[1](1.0)[0], wants="parameters")
cnn.SGD(0.01, momentum=0.9).step(model.parameters(), gradients)
"""
WORK = {  # what is run, and the seconds that are asked for
    "import minicnn": (["-c", "import minicnn"], 1.0),
    "minicnn --help": (["-m", "minicnn", "--help"], 0.5),
    "first training step, warm cache": (["-c", STEP], 3.0),
}


def table(rounds: int = 5) -> str:
    """Seconds from the start of the process to its end, medians; the cold step is run once."""
    lines = ["| what | seconds | asked for |", "|---|---|---|"]
    with tempfile.TemporaryDirectory() as cache:
        lines.append(f"| first training step, cold cache | {_seconds(WORK[list(WORK)[-1]][0], cache):.2f} | 30 |")
        for name, (arguments, most) in WORK.items():
            seconds = statistics.median(_seconds(arguments, cache) for _ in range(rounds))
            lines.append(f"| {name} | {seconds:.2f} | {most:g} |")
    return "\n".join(lines)


def _seconds(arguments: list[str], cache: str) -> float:
    start = time.perf_counter()
    environment = os.environ | {"NUMBA_CACHE_DIR": cache}
    subprocess.run([sys.executable, *arguments], check=True, env=environment, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start
