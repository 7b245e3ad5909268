"""One mutant tried: in a copy of the project, so that the project itself is never broken."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .draw import Mutant

NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "runs", "node_modules", "*.egg-info")
PATIENCE = 5  # a mutant that takes this many times the processor time of the whole tests, and a minute, does not end
MEMORY = 12 << 30  # bytes of data
RUNS = {"default": ["-m", "not slow"], "ci": ["-m", "slow or not slow"]}
NOTHING_RUN = 5  # pytest's status where all tests were left out


@dataclass
class Copy:
    """The copied project, with a cache of machine code of its own that is kept."""

    folder: Path
    root: Path
    clean: dict[tuple[str, ...], float] = field(default_factory=dict)  # processor seconds of tests that pass
    tried: int = 0

    def renew(self) -> None:
        shutil.rmtree(self.folder / "project", ignore_errors=True)
        shutil.copytree(self.root, self.folder / "project", ignore=NOT_COPIED)  # keeps times: the cache goes by them

    def passes(self, tests: list[str], run: str, seconds: float) -> tuple[bool, str]:
        """Whether these tests pass, and the last line that pytest printed."""
        project = self.folder / "project"
        shutil.rmtree(project / ".hypothesis", ignore_errors=True)  # else one mutant's examples are tried on the next
        environment = {name: value for name, value in os.environ.items() if name != "CI"}
        environment |= {"PYTHONPATH": str(project), "NUMBA_CACHE_DIR": str(self.folder / "numba")}
        environment |= {"CI": "true"} if run == "ci" else {}
        command = [sys.executable, "-m", "pytest", "-x", "-n0", "-p", "no:cacheprovider", "--no-header", "--tb=no"]
        done = subprocess.run(
            [*command, "--hypothesis-seed=0", *RUNS[run], *tests], cwd=project, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=_limits(seconds),
        )  # fmt: skip
        said = [line for line in done.stdout.splitlines() if line.strip()] or ["nothing"]
        failed = next((line for line in said if line.startswith(("FAILED", "ERROR"))), said[-1])
        return done.returncode in (0, NOTHING_RUN), failed

    def check(self, tests: list[str], run: str) -> float:
        """The processor time of the tests without any mutant, which must pass."""
        key = (run, *tests)
        if key not in self.clean:
            before = _children()
            passed, said = self.passes(tests, run, seconds=3600)
            if not passed:
                raise SystemExit(f"without any mutant: {said}")
            self.clean[key] = _children() - before
        return self.clean[key]

    def try_out(self, mutant: Mutant, tests: list[str]) -> dict[str, str]:
        """By which run it is caught ("default", else "ci", else neither), and what said so."""
        file = self.folder / "project" / mutant.path
        source, times = file.read_bytes(), file.stat()
        self.tried += 1
        another_time = (times.st_atime, times.st_mtime + 10 * self.tried)  # Python's and Numba's caches go by it
        for run in RUNS:
            most = 60 + PATIENCE * self.check(tests, run)
            try:
                file.write_bytes(mutant.apply(source))
                os.utime(file, another_time)
                passed, said = self.passes(tests, run, most)
            finally:
                file.write_bytes(source)
                os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
            if not passed:
                return {"caught": run, "by": said}
        return {"caught": "", "by": ""}


def _limits(seconds: float) -> Callable[[], None]:
    def set_limits() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))

    return set_limits


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
