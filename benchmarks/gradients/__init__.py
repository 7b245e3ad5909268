"""Which checkers tell right gradients from wrong ones: `python -m benchmarks gradients` prints the table of the docs.

Forty ops (`pairs`) are given to four checkers (`checkers`), each once right and once with a mistake. With --cost, what
it costs to check a large array (`cost`).
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add `gradients` to the commands of `python -m benchmarks`."""
    command = commands.add_parser("gradients", help="which checkers tell right gradients from wrong ones")
    command.add_argument("--only", nargs="+", metavar="OP", help="only rows of these ops, such as 'square'")
    command.add_argument(
        "--cost",
        type=int,
        nargs="?",
        const=1_000_000,
        metavar="N",
        help="measure the cost for N entries (10⁶); writes RESULTS.md",
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print the table, or what a large array costs."""
    if options.cost is None:
        print(markdown(options.only))
        return
    from .. import machine, report
    from .cost import section

    machine.use_threads(options.threads)
    report.section("The cost of a gradient check", section(options.cost))


def accepts(checker: Callable[..., None], case: tuple[Any, Sequence[Any], dict[str, Any]]) -> bool:
    """Whether a checker accepts an op: it does unless it raises."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            checker(*case)
        except Exception:
            return False
    return True


def verdict(right_passes: bool, wrong_passes: bool) -> str:
    """The verdict, as the table has it."""
    found = ["blames the right one"] * (not right_passes) + ["misses the mistake"] * wrong_passes
    return ", ".join(found) or "✓"


def verdicts(name: str) -> dict[str, str]:
    """The verdicts of all installed checkers on an op."""
    from .checkers import CHECKERS
    from .pairs import PAIRS

    found = {}
    for title, checker in CHECKERS.items():
        right, wrong = (accepts(checker, PAIRS[name](is_wrong)) for is_wrong in (False, True))
        found[title] = verdict(right, wrong)
    return found


def markdown(only: Sequence[str] | None = None) -> str:
    """The table, with a line of totals."""
    from .checkers import CHECKERS
    from .pairs import PAIRS

    rows, count = [], dict.fromkeys(CHECKERS, 0)
    for name in only or PAIRS:
        found = verdicts(name)
        rows.append(f"| {name} | {PAIRS[name].__doc__} | " + " | ".join(found.values()) + " |")
        for title, word in found.items():
            count[title] += word == "✓"
    head = f"| op | the mistake | {' | '.join(CHECKERS)} |"
    total = f"| told apart | of {len(rows)} | {' | '.join(map(str, count.values()))} |"
    return "\n".join([head, "|---" * (2 + len(CHECKERS)) + "|", *rows, total])
