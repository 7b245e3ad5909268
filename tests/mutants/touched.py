"""Which tests run a line: measured once with coverage, so that a mutant is tried on those alone.

Coverage sees no line of a compiled function. A line that no test was seen to run, of a file that was, is taken for
one; it is tried on all tests of the file, and on those that `where.py` names where no test was seen in the file at all.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from coverage import CoverageData

from .draw import Mutant
from .where import belonging


@dataclass(frozen=True)
class Test:
    name: str  # pytest's
    seconds: float
    slow: bool


@dataclass
class Touched:
    """What the measured tests ran: `lines[path][line]` are indices into `measured`."""

    measured: list[Test]
    lines: dict[str, dict[int, set[int]]]
    root: Path

    def tests(self, mutant: Mutant, slow: bool) -> list[Test]:
        """Those that may catch the mutant: file by file, the fastest first."""
        lines = self.lines.get(mutant.path, {})
        first, last = mutant.lines
        found = set[int]().union(*(lines.get(line, set()) for line in range(first, last + 1)))
        if not found or mutant.at_import:
            found = found.union(*lines.values())
        if not found:
            places = tuple(belonging(mutant.path, self.root))
            found = {i for i, test in enumerate(self.measured) if test.name.startswith(places)}
        tests = [test for i in sorted(found) if slow or not (test := self.measured[i]).slow]
        seconds: dict[str, float] = defaultdict(float)
        for test in tests:
            seconds[_file(test)] += test.seconds
        return sorted(tests, key=lambda test: (seconds[_file(test)], _file(test)))


def measure(run: Callable[..., str], folder: Path) -> None:
    """Run all tests under coverage: `run(arguments)` runs pytest, and what it prints stands in the file `said`."""
    for name, marker in {"everyday": "not slow", "slow": "slow"}.items():
        os.environ["COVERAGE_FILE"] = str(folder / f"{name}.coverage")
        arguments = ["--cov=minicnn", "--cov=viz", "--cov-context=test", "--cov-report=", "--cov-fail-under=0"]
        failed = run([*arguments, "--durations=0", "--durations-min=0", "-vv", "-m", marker])
        if failed:
            raise SystemExit(f"without any mutant: {failed}")
        (folder / "said").rename(folder / f"{name}.durations")


def read(folder: Path, root: Path) -> Touched:
    """What was measured."""
    measured: list[Test] = []
    lines: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for name in ("everyday", "slow"):
        said = (folder / f"{name}.durations").read_text()
        seconds: dict[str, float] = defaultdict(float)
        for duration, test in re.findall(r"^([\d.]+)s (?:call|setup|teardown) +(tests/\S+?::.+)$", said, re.MULTILINE):
            seconds[test] += float(duration)
        data = CoverageData(str(folder / f"{name}.coverage"))
        data.read()
        contexts = sorted(context for context in data.measured_contexts() if "|" in context)
        tests = sorted({context.rpartition("|")[0] for context in contexts})
        index = {test: len(measured) + i for i, test in enumerate(tests)}
        measured += [Test(test, seconds[test], name == "slow") for test in tests]
        beside: dict[str, set[int]] = defaultdict(set)  # all tests of a folder
        for test, i in index.items():
            beside[test.split("::")[0].rpartition("/")[0]].add(i)
        # What a fixture of a module or a session runs counts to whichever test asked for it first.
        of = {c: {index[c[: -len("|run")]]} for c in contexts if c.endswith("|run")}
        of |= {c: beside[c.split("::")[0].rpartition("/")[0]] for c in contexts if c not in of}
        for file in data.measured_files():
            found = re.search(r".*/((?:minicnn|viz)/.*)$", file)
            for line, by in data.contexts_by_lineno(file).items() if found else ():
                lines[found[1]][line].update(*(of[context] for context in by if context in of))
    return Touched(measured, lines, root)


def _file(test: Test) -> str:
    return test.name.split("::")[0]
