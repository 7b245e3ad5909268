"""One mutant tried: in a copy of the project, so that the project itself is never broken.

Each run of pytest is forked from this process, which has imported what takes long: a run of one test costs a second.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import resource
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .draw import Mutant
from .touched import Test, Touched

NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "runs", "node_modules", "*.egg-info")
PATIENCE = 5  # a mutant that takes this many times the processor time of the whole tests, and a minute, does not end
COMPILING = 600  # seconds more where machine code is made anew
MEMORY = 12 << 30  # bytes of data
RUNS = {"default": ["-m", "not slow"], "ci": ["-m", "slow or not slow"]}
NOTHING_RUN = 5  # pytest's status where all tests were left out
HEAVY = ("numpy", "scipy.linalg", "numba", "numba.core.event", "hypothesis", "xdist", "PIL.Image", "matplotlib.pyplot")


@dataclass
class Copy:
    """The copied project, with a cache of machine code of its own that is kept."""

    folder: Path
    root: Path
    tried: int = field(default_factory=lambda: int(time.time()))

    importers: dict[str, list[Path]] = field(default_factory=dict)

    @property
    def project(self) -> Path:
        return self.folder / "project"

    def renew(self) -> None:
        shutil.rmtree(self.project, ignore_errors=True)
        shutil.copytree(self.root, self.project, ignore=NOT_COPIED)  # keeps times: the cache goes by them
        self.importers = importers(self.project)
        os.environ |= {"NUMBA_CACHE_DIR": str(self.folder / "numba"), "OPENBLAS_NUM_THREADS": "1"}
        for module in HEAVY:
            __import__(module)

    def run(self, arguments: list[str], chosen: Iterable[str] = (), ci: bool = False, seconds: float = 3600) -> str:
        """The first test that fails, or "" where all pass; only tests that are `chosen`, if any are."""
        shutil.rmtree(self.project / ".hypothesis", ignore_errors=True)  # else one mutant's examples are tried again
        said = self.folder / "said"
        arguments = ["-x", "-n0", "-p", "no:cacheprovider", "--no-header", "--tb=no", "--hypothesis-seed=0", *arguments]
        child = multiprocessing.get_context("fork").Process(
            target=_pytest, args=(self.project, arguments, list(chosen), ci, seconds, said)
        )
        child.start()
        child.join(600 + 20 * seconds)  # on the wall: a mutant may wait for what never comes
        if child.is_alive():
            child.kill()
            child.join()
        lines = [line for line in said.read_text().splitlines() if line.strip()] or ["nothing was said"]
        failed = next((line for line in lines if line.startswith(("FAILED", "ERROR"))), lines[-1])
        return "" if child.exitcode in (0, NOTHING_RUN) else f"{failed} (status {child.exitcode})"

    @contextlib.contextmanager
    def planted(self, mutant: Mutant) -> Iterator[None]:
        """The mutant in its place, and everything that compiled code of its file goes into looking changed."""
        file = self.project / mutant.path
        source, self.tried = file.read_bytes(), self.tried + 10
        times = {path: path.stat() for path in (file, *self.importers.get(mutant.path, ()))}
        try:
            file.write_bytes(mutant.apply(source))
            for path in times:  # Python's and Numba's caches go by it
                os.utime(path, (self.tried, self.tried))
            yield
        finally:
            file.write_bytes(source)
            for path, was in times.items():
                os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))

    def try_out(self, mutant: Mutant, touched: Touched) -> dict[str, str]:
        """By which run it is caught ("default", else "ci", else neither), and what said so."""
        for run, marked in RUNS.items():
            tests = touched.tests(mutant, slow=run == "ci")
            if not tests:
                continue
            seconds = 60 + PATIENCE * sum(test.seconds for test in tests) * (3 if run == "ci" else 1)
            seconds += COMPILING if self.importers.get(mutant.path) is not None else 0
            with self.planted(mutant):
                said = self.run([*marked, *_files(tests)], [t.name for t in tests], run == "ci", seconds)
            if not said:
                continue
            name = re.match(r"FAILED (\S+::.+?)(?: - .*)?(?: \(status -?\d+\))?$", said)
            if run == "ci" and name and self.run([*marked, _file(name[1])], [name[1]], ci=True):
                continue  # it fails without the mutant too
            return {"caught": run, "by": said}
        return {"caught": "", "by": ""}


def _file(name: str) -> str:
    return name.split("::")[0]


def _files(tests: list[Test]) -> list[str]:
    return list(dict.fromkeys(_file(test.name) for test in tests))


def importers(project: Path) -> dict[str, list[Path]]:
    """The files whose machine code holds that of a file: those that import it, however indirectly, and are compiled."""
    compiled = {
        path: path.read_text()
        for room in ("minicnn/kernels", "viz/tsne")
        for path in (project / room).rglob("*.py")
        if re.search(r"\bnumba\b|\bjit\b|\bparallel\b", path.read_text())
    }

    def importing(stem: str) -> set[Path]:
        return {path for path, text in compiled.items() if re.search(rf"from \S*\b{stem} import", text)}

    found: dict[str, list[Path]] = {}
    for path in compiled:
        reached, new = set[Path](), {path}
        while new:
            reached |= new
            new = {further for path in new for further in importing(path.stem)} - reached
        found[str(path.relative_to(project))] = sorted(reached - {path})
    return found


class Choice:
    """Runs chosen tests alone, in the order in which they are listed, file by file."""

    def __init__(self, chosen: list[str]) -> None:
        self.order = {name: i for i, name in enumerate(chosen)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        items[:] = sorted((i for i in items if i.nodeid in self.order), key=lambda i: self.order[i.nodeid])


def _pytest(project: Path, arguments: list[str], chosen: list[str], ci: bool, seconds: float, said: Path) -> None:
    with open(said, "w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    resource.setrlimit(resource.RLIMIT_CPU, (int(_processor_seconds() + seconds), -1))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    os.environ.pop("CI", None)
    os.environ |= {"PYTHONPATH": str(project)} | ({"CI": "true"} if ci else {})
    os.chdir(project)
    for name in [name for name in sys.modules if name.split(".")[0] in ("tests", "minicnn", "viz")]:
        del sys.modules[name]
    sys.path[:] = [str(project), *(path for path in sys.path if Path(path or ".").resolve() != project.parents[1])]
    status = pytest.main(arguments, plugins=[Choice(chosen)] if chosen else [])
    sys.stdout.flush()
    os._exit(int(status))


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
