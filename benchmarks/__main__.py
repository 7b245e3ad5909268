"""python -m benchmarks step --model seed --batch 128

Speed and memory are compared with peers, which take turns in one run on the same number of threads; medians and ratios
(peer / ours) are printed. PyTorch counts in its best mode; with --alone, or if it is not installed,
minicnn is measured alone. Commands that say so write their results into benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from . import embed, gradients, peers, report

EXPERIMENTS = {  # modules with their own command line
    "attribution": "what the methods of viz.attribution show on real networks, and how fast",
    "banding": "weight banding on CIFAR-10; writes RESULTS.md",
    "first_filters": "edges and colors among the first filters of trained networks; writes RESULTS.md",
    "load": "how much work on one core slows a forward pass down, ours and onnxruntime's",
    "neighbors": "nearest neighbors in pixels and in features; writes RESULTS.md",
    "screenshots": "the README's images of atlases, in Chromium",
    "synthesis": "what SqueezeNet's layers, channels and classes look for, dreams, and paintings",
    "train_cifar": "CIFAR-10 from first values to its accuracy; writes RESULTS.md",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and run the measurement; without a command, print the help."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given and given[0] in EXPERIMENTS:
            import_module(f".{given[0]}", __package__).main(given[1:])
        else:
            _measure(given)
    except ModuleNotFoundError as error:
        if error.name not in peers.PACKAGES:
            raise
        raise SystemExit(f"python -m benchmarks: {peers.missing(error.name)}") from error


def _measure(given: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2, help="threads for minicnn and its peers (default: 2)")
    parser.add_argument("--alone", action="store_true", help="measure minicnn alone, without PyTorch")
    parser.set_defaults(run=None, modes=())
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    report.add_commands(commands)
    embed.add_command(commands)
    gradients.add_command(commands)
    for name, text in EXPERIMENTS.items():
        commands.add_parser(name, help=text, add_help=False)
    options = parser.parse_args(given)
    if options.run is None:
        return parser.print_help()
    if options.modes and not options.alone and not peers.installed("torch"):
        print(f"{peers.missing('torch')}; measuring minicnn alone", file=sys.stderr)
        options.alone = True
    if options.alone:
        options.modes = ()
    options.run(options)


if __name__ == "__main__":
    main()
