"""TBB, which shares loops among threads: found where pip installs it, and not required."""

import importlib.metadata
import importlib.util
import subprocess
import sys

import pytest

from minicnn import tbb


@pytest.mark.slow
def test_tbb_shares_the_loops_where_it_is_installed(monkeypatch) -> None:
    """Without our help, Numba does not find it where pip puts it."""
    monkeypatch.delenv("NUMBA_THREADING_LAYER", raising=False)
    program = "import numpy as np, numba; from minicnn import ops; ops.avg_pool2d(np.ones((1, 1, 4, 4)), 2); "
    program += "print(numba.threading_layer())"
    layer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    installed = [distribution.name for distribution in importlib.metadata.distributions(name="tbb")]
    built = importlib.util.find_spec("numba.np.ufunc.tbbpool") is not None
    assert (layer == "tbb") == bool(installed and built)


def test_without_tbb_numba_takes_another_layer(monkeypatch) -> None:
    def files(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", files)
    assert not tbb.load()
    monkeypatch.setattr(importlib.metadata, "files", lambda name: [])
    assert not tbb.load()
