"""What a user waits for: the import, the command line's help, and compiling.

Processor seconds include all threads, user and system mode, and the processes that were started and waited
for. Where loops are compiled, the limit is on these, because other work on the machine affects them least.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

STEP = """
import numpy as np, minicnn as cnn
model = cnn.zoo.build("seed")
x, labels = np.zeros((20, 1, 28, 28), np.float32), np.zeros(20, np.int64)
scores, pullback = model.forward(x, cnn.Pass(train=True, rng=np.random.default_rng(0)))
_, gradients = pullback(cnn.ops.cross_entropy(scores, labels)[1](1.0)[0], wants="parameters")
cnn.SGD(0.01, momentum=0.9).step(model.parameters(), gradients)
"""
WARM = {  # what is run when everything has been compiled, and the seconds that are required
    "import minicnn": (["-c", "import minicnn"], 1.0),
    "minicnn --help": (["-m", "minicnn", "--help"], 0.5),
    "first training step": (["-c", STEP], 3.0),
}


class Spent(NamedTuple):
    """The seconds of a command: from the start of the process to its end, and of processors."""

    seconds: float
    processor: float


def cold(folder: Path) -> dict[str, tuple[list[str], float]]:
    """What is run with an empty cache, and the processor seconds that are required; writes into a folder."""
    works = {
        "first training step": (["-c", STEP], 20.0),
        "minicnn demo": (["-m", "minicnn", "demo", "--out", str(folder / "demo")], 75.0),
    }
    if "MINICNN_DATA" in os.environ:
        data = Path(os.environ["MINICNN_DATA"]).resolve()
        weights, image = data.parent / "models" / "squeezenet1_1.safetensors", data / "images" / "kitten_224.png"
        command = ["predict", "squeezenet1_1", str(image), "--weights", str(weights), "--pixels", "bgr255"]
        works["minicnn predict, SqueezeNet 1.1"] = ["-m", "minicnn", *command], 40.0
    return works


def table(rounds: int = 5) -> str:
    """The page's section: cold runs once, warm runs as medians."""
    intro = "`python -m benchmarks startup`: seconds from the start of a process to its end, and those of processors."
    lines = [intro, "", "| what | seconds | processor seconds | asked for |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        for i, (name, (arguments, most)) in enumerate(cold(Path(folder)).items()):
            found = spent(arguments, f"{folder}/{i}")
            lines.append(row(f"{name}, cold cache", found, f"{most:g} of the processor"))
        for name, (arguments, most) in WARM.items():
            times = [spent(arguments, f"{folder}/0") for _ in range(rounds)]
            median = Spent(*(statistics.median(values) for values in zip(*times, strict=True)))
            lines.append(row(f"{name}, warm cache", median, f"{most:g}"))
    return "\n".join(lines)


def row(name: str, found: Spent, asked: str) -> str:
    return f"| {name} | {found.seconds:.2f} | {found.processor:.2f} | {asked} |"


def spent(arguments: list[str], cache: str) -> Spent:
    """Run Python with a folder for machine code.

    Raises:
        SystemExit: it failed.
    """
    environment = os.environ | {"NUMBA_CACHE_DIR": cache}
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"startup: {' '.join(arguments)} exited with status {process.returncode}")
    return Spent(seconds, usage.ru_utime + usage.ru_stime)
