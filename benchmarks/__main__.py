"""python -m benchmarks step --model seed --batch 128

Each command measures our engine and its peers in turn, in one run on the same number of threads, and prints medians
and ratios (peer / ours). PyTorch is counted at the best of its modes. Without a command all of the table is measured,
and written to benchmarks/results.json and benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse

from . import embed, gradients, report
from .peers import MODES


def main() -> None:
    """Read the command line, and measure what it asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n\n")[2])
    parser.add_argument("--threads", type=int, default=2, help="for ours and the peers (default: 2)")
    parser.set_defaults(run=report.everything, modes=MODES)
    commands = parser.add_subparsers(title="commands")
    report.add_commands(commands)
    embed.add_command(commands)
    gradients.add_command(commands)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
