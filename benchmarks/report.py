"""The table of results: its rows as data, the commands that measure them, and the page that they are written to."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from minicnn.group import Group

from . import isa
from .peers import MODES
from .table import Row, markdown, save

HERE = Path(__file__).parent
RESULTS, PAGE, IMAGES = HERE / "results.json", HERE / "RESULTS.md", HERE / "results"
INTRODUCTION = """# Results

What `python -m benchmarks` measured. Figures of one row were taken in turn in one run; compare ratios, not times.
"""

# command, its options, the ratio that is required
TABLE: tuple[tuple[str, dict[str, Any], float], ...] = (
    ("step", {"model": "seed", "batch": 20}, 3),
    ("step", {"model": "seed", "batch": 128}, 5),
    ("step", {"model": "conv32-64", "batch": 128}, 3),
    ("step", {"model": "cifar-vgg", "batch": 64}, 2.5),
    ("conv", {"channels": 64, "size": 32, "batch": 64}, 2.3),
    ("conv", {"channels": 128, "size": 16, "batch": 64}, 2.3),
    ("conv", {"channels": 256, "size": 8, "batch": 64}, 2.3),
    ("conv", {"channels": 8, "size": 32, "batch": 16}, 1.5),
    ("conv", {"channels": 16, "size": 32, "batch": 16}, 1.5),
    ("forward", {"model": "vgg16", "batch": 1}, 1.4),
    ("saliency", {"model": "vgg16", "batch": 1}, 1.8),
    ("forward", {"model": "squeezenet1_1", "batch": 8}, 1.0),
    ("saliency", {"model": "squeezenet1_1", "batch": 1}, 2),
    ("epoch", {"batch": 64}, 4),
    ("memory", {"model": "seed", "batch": 128}, 1),
    ("memory", {"model": "conv32-64", "batch": 128}, 1),
    ("memory", {"model": "cifar-vgg", "batch": 64}, 1),
)
SECTIONS = {"avx512": "Speed and memory", "avx2": "Speed and memory without AVX-512"}
OPTIONS: dict[str, dict[str, Any]] = {
    "model": {"default": "seed", "help": "conv32-64, or a network of the zoo (default: seed)"},
    "batch": {"type": int, "default": 64, "help": "images in a batch (default: 64)"},
    "channels": {"type": int, "default": 64, "help": "input and output channels (default: 64)"},
    "size": {"type": int, "default": 32, "help": "height and width of the images (default: 32)"},
}
ISA: dict[str, Any] = {
    "choices": isa.CHOICES,
    "default": "native",
    "help": "avx2 limits all but onnxruntime to AVX2 (default: native)",
}


def measure(command: str, given: dict[str, Any], modes: tuple[str, ...], threads: int, target: float | None) -> Row:
    """One row."""
    from . import conv, epoch, inference, machine, peak, step

    machine.use_threads(threads)
    works: dict[str, Callable[..., Row]] = {
        "step": step.row,
        "conv": conv.row,
        "forward": lambda **options: inference.forward(threads=threads, **options),
        "saliency": inference.saliency,
        "epoch": epoch.row,
        "memory": lambda **options: peak.row(threads=threads, **options),
    }
    return replace(works[command](modes=modes, target=target, **given), isa=isa.in_use())


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Add a command for each kind of row, and those that draw and write pages."""
    helps = {
        "step": "one training step of a network",
        "conv": "the forward pass of one 3×3 convolution",
        "forward": "the forward pass of a network, also in onnxruntime",
        "saliency": "forward and input gradient of a network",
        "epoch": "an epoch of MNIST with the seed network",
        "memory": "the peak memory of a training step",
    }
    for name, text in helps.items():
        command = commands.add_parser(name, help=text)
        for option in next(given for work, given, _ in TABLE if work == name):
            command.add_argument(f"--{option}", **OPTIONS[option])
        command.add_argument("--modes", nargs="+", choices=MODES, default=MODES[:2], help="PyTorch modes to compare")
        command.add_argument("--isa", **ISA)
        command.set_defaults(run=_one, command=name)
    command = commands.add_parser("table", help="rows of the table; writes results.json and RESULTS.md")
    command.add_argument(
        "--only", nargs="+", choices=list(helps), default=list(helps), help="kinds of rows to measure (default: all)"
    )
    command.add_argument("--model", help="only rows of this network")
    command.add_argument("--modes", nargs="+", choices=MODES, default=MODES, help="PyTorch modes to compare")
    command.add_argument("--isa", **ISA)
    command.set_defaults(run=_table)
    command = commands.add_parser("profile", help="print the time of a network, kernel by kernel")
    command.add_argument("--model", **OPTIONS["model"])
    command.add_argument("--batch", **OPTIONS["batch"])
    command.add_argument("--work", choices=("step", "forward", "saliency"), default="step", help="(default: step)")
    command.add_argument("--rounds", type=int, default=20, help="number of runs (default: 20)")
    command.add_argument("--isa", **ISA)
    command.set_defaults(run=_profile, modes=())
    for name, run, text in (
        ("startup", _startup, "import, command line, first step on a cold and on a warm cache; writes RESULTS.md"),
        ("roofline", _roofline, "plot convolutions against the machine's ceilings; writes RESULTS.md"),
        ("winograd_accuracy", _accuracy, "training with and without Winograd; writes RESULTS.md"),
    ):
        commands.add_parser(name, help=text).set_defaults(run=run)
    command = commands.add_parser("cost", help="plot time against batch size and width; writes RESULTS.md")
    command.set_defaults(run=_cost, modes=MODES[:2])
    command = commands.add_parser("all", help="table, startup, roofline, cost, winograd_accuracy; writes RESULTS.md")
    command.set_defaults(run=_everything, modes=MODES)


def _everything(options: argparse.Namespace) -> None:
    _require_peers("all", options)
    _table(options)
    for part in (_startup, _roofline, _cost, _accuracy):
        part(options)


def add_distributed(parser: argparse.ArgumentParser) -> None:
    """Add the option that divides a benchmark's passes over its data among processes."""
    parser.add_argument("--distributed", action="store_true", help="split the data among the processes of mpiexec")


def group_of(options: argparse.Namespace) -> Group:
    """The processes that share the work."""
    import minicnn as cnn

    return cnn.distributed.mpi() if options.distributed else Group()


def _one(options: argparse.Namespace) -> None:
    from . import machine

    isa.hold(options.isa)
    given = {name: getattr(options, name) for name in OPTIONS if name in options}
    row = measure(options.command, given, tuple(options.modes), options.threads, None)
    print(machine.machine(options.threads))
    print(markdown([row]))


def _profile(options: argparse.Namespace) -> None:
    isa.hold(options.isa)
    import minicnn as cnn

    from . import machine, profile, roofline

    cnn.set_num_threads(options.threads)
    gflops, _ = roofline.ceilings(options.threads)
    total, parts = profile.measure(profile.work_of(options.model, options.batch, options.work), options.rounds)
    print(f"{machine.machine(options.threads)}; sgemm {gflops:.0f} GFLOP/s\n")
    print(profile.table(total, parts, options.rounds, gflops))


def _table(options: argparse.Namespace) -> None:
    from . import machine

    asked = getattr(options, "isa", "native")
    isa.hold(asked)
    only, model = getattr(options, "only", None), getattr(options, "model", None)
    for command, given, target in TABLE:
        if (only is None or command in only) and (model is None or given.get("model") == model):
            row = measure(command, given, tuple(options.modes), options.threads, target)
            print(markdown([row]).splitlines()[-1], flush=True)
            if options.modes:  # figures of minicnn alone are printed, but do not replace a comparison
                rows = [other for other in save([row], RESULTS) if other.isa == row.isa]
                _put_table(_title(row.isa), _about(asked, machine.machine(options.threads)), markdown(rows))


def _require_peers(command: str, options: argparse.Namespace) -> None:
    """Refuse to replace a page of comparisons by one without peers."""
    if not options.modes:
        raise SystemExit(f"python -m benchmarks {command} needs PyTorch; --alone table prints the times of minicnn")


def _title(width: str) -> str:
    """The section for a width of vectors; other families of processors share the first."""
    return SECTIONS.get(width, SECTIONS["avx512"])


def _about(asked: str, machine: str) -> str:
    """The setup of the measurements, in a paragraph."""
    if asked == "native":
        return f"`python -m benchmarks table`: {machine}"
    return (
        f"`python -m benchmarks table --isa {asked}`: {machine}. minicnn, BLAS and PyTorch are held to {asked}; "
        "onnxruntime takes no such order, and uses all that the processor has."
    )


def _put_table(title: str, about: str, table: str) -> None:
    """Put a table, and a line about it, into the page; other text of the section stays below it."""
    _, earlier, _ = _parts(title)
    prose = [part for part in earlier.split("\n\n")[1:] if not part.startswith("|")]
    _put(title, "\n\n".join([about, table, *prose]))


def _startup(options: argparse.Namespace) -> None:
    from . import startup

    section("Starting up", startup.table())


def _roofline(options: argparse.Namespace) -> None:
    from . import machine, roofline

    machine.use_threads(options.threads)
    ceilings = roofline.draw(IMAGES / "roofline.png", options.threads)
    section("Roofline", f"Measured here: {ceilings}.\n\n![Roofline](results/roofline.png)")


def _cost(options: argparse.Namespace) -> None:
    from . import cost, machine

    _require_peers("cost", options)
    machine.use_threads(options.threads)
    rows = cost.draw(IMAGES / "cost.png", tuple(options.modes[:2]))
    section("Cost against batch size and width", f"![Cost](results/cost.png)\n\n{markdown(rows)}")


def _accuracy(options: argparse.Namespace) -> None:
    from . import winograd_accuracy

    section("Accuracy with and without Winograd", winograd_accuracy.table())


def section(title: str, text: str) -> None:
    """Print a section, and put it into the page, replacing an earlier one."""
    print(f"\n## {title}\n\n{text}")
    _put(title, text)


def _put(title: str, text: str) -> None:
    before, _, after = _parts(title)
    PAGE.write_text(f"{before.rstrip()}\n\n## {title}\n\n{text.rstrip()}\n{after}")


def _parts(title: str) -> tuple[str, str, str]:
    """The page's text before a section, that of the section, and the text after it."""
    page = PAGE.read_text() if PAGE.exists() else INTRODUCTION
    before, _, rest = page.partition(f"\n## {title}\n")
    text, mark, after = rest.partition("\n## ")
    return before, text.strip(), mark + after
