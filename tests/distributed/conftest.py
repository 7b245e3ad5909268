"""Jobs of several processes: `mpiexec` runs the programs in `jobs`, each on one thread."""

import os
import shutil
import subprocess
import sys
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


def mpiexec() -> str | None:
    """Beside this Python, or wherever it is."""
    beside = Path(sys.executable).with_name("mpiexec")
    return str(beside) if beside.exists() else shutil.which("mpiexec")


@pytest.fixture(scope="session")
def start():
    """Starts a job: `start(4, "fit", folder)` runs jobs/fit.py in four processes; "minicnn" is the command line."""
    pytest.importorskip("mpi4py", reason='needs MPI: pip install "minicnn[distributed]"')
    if mpiexec() is None:
        pytest.skip("needs MPI's mpiexec")

    def start(processes, job, *arguments, **environment):
        program = ["-m", "minicnn"] if job == "minicnn" else [str(HERE / "jobs" / f"{job}.py")]
        return subprocess.Popen(
            [mpiexec(), "-n", str(processes), sys.executable, *program, *map(str, arguments)],
            env=os.environ | ENVIRONMENT | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture(scope="session")
def run(start):
    """Runs a job to its end: (exit status, stdout, stderr)."""

    def run(*arguments, seconds=120, **environment):
        with start(*arguments, **environment) as job:
            try:
                out, errors = job.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                job.kill()
                raise
        return job.returncode, out, errors

    return run
