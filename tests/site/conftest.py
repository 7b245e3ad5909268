"""The book's site, built once from warm caches or anew; where the extra `docs` is missing, its tests are skipped."""

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def site() -> Path:
    for needed in ("sphinx", "myst_nb", "pydata_sphinx_theme", "jupyter_server_mathjax"):
        pytest.importorskip(needed, reason=f"{needed} is not installed: pip install .[docs]")
    target = ROOT / "docs" / "_build" / "html"
    target.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "docs", str(target)]
    with open(target.parent / "lock", "w") as lock:  # of two workers the second finds all but nothing to do
        fcntl.flock(lock, fcntl.LOCK_EX)
        built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return target
