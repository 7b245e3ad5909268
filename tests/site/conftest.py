"""The book's site, built once, from warm caches or from nothing; without the extra `docs`, its tests are skipped.

To build it runs every block of code in the book, and an error or a warning of one of them fails it.
"""

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def site(testrun_uid: str) -> Path:
    for needed in ("sphinx", "myst_nb", "pydata_sphinx_theme", "jupyter_server_mathjax"):
        pytest.importorskip(needed, reason=f"{needed} is not installed: pip install .[docs]")
    target = ROOT / "docs" / "_build" / "html"
    target.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-j", "auto", "docs", str(target)]
    with open(target.parent / "lock", "a+") as lock:  # the first of pytest's workers builds, the others wait
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        run, _, errors = lock.read().partition("\n")
        if run != testrun_uid:
            built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            errors = built.stderr if built.returncode else ""
            lock.truncate(0)
            lock.write(f"{testrun_uid}\n{errors}")
    assert not errors
    return target
