"""Jobs of several processes: `mpiexec` runs the programs in `jobs`, each on one thread."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ENVIRONMENT = {
    "NUMBA_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONPATH": str(HERE.parents[1]),
    "PYTHONUNBUFFERED": "1",
}


def pytest_itemcollected(item):
    """Mark jobs as slow, because each takes seconds. Without MPI they are skipped, and reported by name."""
    if "start" in item.fixturenames and find_spec("mpi4py"):
        item.add_marker("slow")


def mpiexec() -> str | None:
    """In the folder of this Python, or anywhere on the path."""
    own = Path(sys.executable).with_name("mpiexec")
    return str(own) if own.exists() else shutil.which("mpiexec")


@pytest.fixture(scope="session")
def start():
    """Starts a job: `start(4, "fit", folder)` runs jobs/fit.py in four processes. "minicnn" is the command line, a path
    a program that the test wrote; `launcher` holds options of mpiexec."""
    pytest.importorskip("mpi4py", reason='needs MPI: pip install ".[distributed]"')
    if mpiexec() is None:
        pytest.skip("needs MPI's mpiexec")

    def start(processes, job, *arguments, launcher=(), **environment):
        path = job if isinstance(job, Path) else HERE / "jobs" / f"{job}.py"
        program = ["-m", "minicnn"] if job == "minicnn" else [str(path)]
        return subprocess.Popen(
            [mpiexec(), *launcher, "-n", str(processes), sys.executable, *program, *map(str, arguments)],
            env=os.environ | ENVIRONMENT | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture(scope="session")
def run(start):
    """Runs a job to its end: (exit status, stdout, stderr)."""

    def run(*arguments, seconds=300, **environment):
        with start(*arguments, **environment) as job:
            try:
                out, errors = job.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                job.kill()
                raise
        return job.returncode, out, errors

    return run
