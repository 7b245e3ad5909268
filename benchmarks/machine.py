"""What a result depends on."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from . import isa


def machine(threads: int) -> str:
    """One line with the processor, the vectors in use, the threads and the versions."""
    import numba

    numba.get_num_threads()  # wakes the threading layer, so that it can be named
    found = []
    for package in ("numpy", "numba", "torch", "onnxruntime"):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return (
        f"{models[0] if models else platform.processor()} ({isa.in_use()}), {len(models)} cores, {threads} threads "
        f"({numba.threading_layer()}), Python {platform.python_version()}, {', '.join(found)}"
    )


def free_cores(seconds: float = 1.0) -> float:
    """How many cores are idle now; if the system does not tell, estimated from the load of the last minute."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return max(0.0, (os.cpu_count() or 1) - os.getloadavg()[0])

    def idle() -> float:
        fields = stat.read_text().split("\n", 1)[0].split()  # cpu user nice system idle iowait …
        return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")

    before, start = idle(), time.perf_counter()
    time.sleep(seconds)
    return (idle() - before) / (time.perf_counter() - start)


def use_threads(threads: int) -> None:
    """Use as many threads for us as for PyTorch, if that is installed."""
    import minicnn as cnn

    from .peers import installed

    if installed("torch"):
        import torch

        torch.set_num_threads(threads)
    cnn.set_num_threads(threads)
