"""python -m benchmarks step --model seed --batch 128

Each command measures our engine and its peers in turn, in one run on the same number of threads, and prints medians
and ratios (peer / ours). PyTorch is counted at the best of its modes.
"""

from __future__ import annotations

import argparse
import platform
from importlib.metadata import PackageNotFoundError, version

from . import embed

MODES = ("eager", "channels-last", "compiled")


def machine(threads: int) -> str:
    """What a result depends on, in one line."""
    import numba

    found = []
    for package in ("numpy", "numba", "torch", "onnxruntime"):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    processor = next(
        (line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.processor()
    )
    return (
        f"{processor}, {threads} threads ({numba.threading_layer()}), Python {platform.python_version()}, "
        + ", ".join(found)
    )


def _cpuinfo() -> list[str]:
    try:
        with open("/proc/cpuinfo") as file:
            return file.readlines()
    except OSError:
        return []


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n\n")[2])
    commands = parser.add_subparsers(dest="command", required=True)
    step = commands.add_parser("step", help="one training step of a network")
    step.add_argument("--model", default="seed", help="conv32-64, or a network of the zoo (default: seed)")
    step.add_argument("--batch", type=int, nargs="+", default=[128], help="pictures in a batch (default: 128)")
    step.add_argument("--modes", nargs="+", choices=MODES, default=MODES[:2], help="PyTorch's modes to count")
    parser.add_argument("--threads", type=int, default=2, help="for ours and the peers (default: 2)")
    embed.add_command(commands)
    options = parser.parse_args()
    if "run" in options:
        options.run(options)
        return

    import torch

    import minicnn as cnn

    from . import step as step_benchmark
    from .table import markdown

    torch.set_num_threads(options.threads)
    cnn.set_num_threads(options.threads)
    rows = [row for batch in options.batch for row in step_benchmark.rows(options.model, batch, tuple(options.modes))]
    print(machine(options.threads))
    print(markdown(rows))


if __name__ == "__main__":
    main()
