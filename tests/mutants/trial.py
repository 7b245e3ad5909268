"""One mutant tried, in a process that is forked from this one, which has imported what takes long.

The mutant stands in that process alone: no file is changed (`tests/planting.py`).
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import re
import resource
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.planting import PLAIN, ROOT, plant

from .draw import Mutant
from .where import CHAPTERS, belonging

SECONDS = {"default": 900, "ci": 3600}  # of processor time: a mutant that takes more does not end, and is caught
MEMORY = 12 << 30  # bytes of data
RUNS = {"default": ["-m", "not slow"], "ci": ["-m", "slow or not slow"]}
NOTHING_RUN = 5  # pytest's status where all tests were left out
HEAVY = ("numba", "scipy.linalg", "hypothesis.extra.numpy", "PIL.Image", "matplotlib.pyplot")


class Trial:
    """Runs pytest again and again; machine code is kept in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        os.environ |= {"NUMBA_CACHE_DIR": str(folder / "numba"), "OPENBLAS_NUM_THREADS": "1"}
        for module in HEAVY:
            __import__(module)

    def run(self, tests: list[str], run: str, mutant: Mutant | None = None) -> str:
        """The first test that fails, in a run of the name "default" or "ci"; "" where all pass."""
        said = self.folder / f"said-{os.getpid()}"
        child = multiprocessing.get_context("fork").Process(target=_pytest, args=(tests, run, mutant, said))
        child.start()
        child.join(20 * SECONDS[run])  # on the wall: a mutant may wait for what never comes
        if child.is_alive():
            child.kill()
            child.join()
        if child.exitcode in (0, NOTHING_RUN):
            return ""
        lines = [line for line in said.read_text().splitlines() if line.strip()] or ["nothing was said"]
        failed = next((line for line in lines if line.startswith(("FAILED", "ERROR"))), lines[-1])
        return f"{failed} (status {child.exitcode})"

    def caught(self, mutant: Mutant, run: str, likely: Sequence[str] = ()) -> str:
        """What a run says of a mutant, or "" if it passes.

        First the tests that bear its file's name, then the likely ones of those that belong to it, then the others.
        """
        if hashlib.sha256((ROOT / mutant.path).read_bytes()).hexdigest()[: len(mutant.digest)] != mutant.digest:
            raise SystemExit(
                f"{mutant.path} has changed since the mutants were drawn; start again, what is tried is kept"
            )
        left = belonging(mutant.path, ROOT)
        for wanted in (lambda test: Path(mutant.path).stem in Path(test).stem, likely.__contains__, bool):
            some, left = [test for test in left if wanted(test)], [test for test in left if not wanted(test)]
            said = self.run(some, run, mutant) if some else ""
            if said:
                return said
        return ""

    def check(self, said: list[str], run: str) -> None:
        """Stop if a test that has caught a mutant does not pass without one: then nothing that it says counts.

        Of a parametrized test all is run; of a file in which no test was named, all.
        """
        names = {match[1] for each in said if (match := re.match(r"(?:FAILED|ERROR) (tests/[^[ ]+)", each))}
        failed = self.run(sorted(names), run) if names else ""
        if failed:
            raise SystemExit(f"without any mutant: {failed}")


def _pytest(tests: list[str], run: str, mutant: Mutant | None, said: Path) -> None:
    with open(said, "w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + SECONDS[run]), -1))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    os.environ.pop("CI", None)
    os.environ |= {"CI": "true"} if run == "ci" else {}
    os.chdir(ROOT)
    for name in [name for name in sys.modules if name.split(".")[0] in ("minicnn", "viz")]:
        del sys.modules[name]
    if mutant is not None:
        plant(mutant.path, mutant.apply)
    with tempfile.TemporaryDirectory() as database:  # else one mutant's failing examples are tried on the next
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = database
        chapter = [f"-k={CHAPTERS[mutant.path]}"] if mutant is not None and mutant.path in CHAPTERS else []
        options = [PLAIN, "-x", "-n0", "-p", "no:cacheprovider", "--no-header", "--tb=no", "--hypothesis-seed=0"]
        options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of what is imported already
        status = pytest.main([*options, *chapter, *RUNS[run], *tests])
    sys.stdout.flush()
    os._exit(int(status))
