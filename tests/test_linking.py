"""Large functions have machine code of their own, which callers find, in this process and in the next."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minicnn import linking, threads

SOURCE = """
import numpy as np
from numba import prange
from minicnn import linking, threads

@threads.borrowing
def large(x, first, size, factor):
    total = x.dtype.type(0)
    for i in range(first, first + size):
        total += factor * x[i]
    for i in range(first, first + size):
        total -= x[i] / (1 + x[i] * x[i])
    return total

@threads.borrowing
def small(x, i):
    return 2 * x[i]

@threads.parallel
def loop(x, y):
    for i in prange(y.size):
        y[i] = large(x, 0 * y.size, x.size, x.size) + large(x, y.size - 1, y.size - 2, y.size) + small(x, 0)
"""
CALL = """
x, y = np.linspace(0, 1, 8), np.empty(3)
loop(x, y)
"""
RUN = """
import sys
sys.path.insert(0, sys.argv[1])
from program import *
expected = 8 * x.sum() - (x / (1 + x * x)).sum() + 3 * x[2] - x[2] / (1 + x[2] ** 2) + 2 * x[0]
assert np.allclose(y, expected)
print(sum(loop.threaded.stats.cache_misses.values()), sum(large.stats.cache_misses.values()))
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The functions above, compiled, where a few instructions are many."""
    monkeypatch.setattr(linking, "LARGE", 40)
    monkeypatch.setattr(linking, "_linked", {})  # other tests have had a program of this name
    path = tmp_path / "program.py"
    path.write_text(SOURCE + CALL)
    specification = importlib.util.spec_from_file_location("program", path)
    module = importlib.util.module_from_spec(specification)
    monkeypatch.setitem(sys.modules, "program", module)
    specification.loader.exec_module(module)
    return module


def test_a_large_function_is_called_and_a_small_one_copied(program) -> None:
    (compiled,) = program.loop.threaded.overloads.values()
    assert [need.name for need in linking.needs(compiled.library)] == ["large"]
    text = compiled.library.get_llvm_str()
    assert "declare" in text and "fdiv" not in text  # the division is in `large` alone


def test_what_cannot_be_found_by_its_name_is_copied(program, monkeypatch) -> None:
    inner = threads.borrowing(program.large.py_func)  # `program.large` is another
    kinds = program.large.signatures[0]
    linked = set(linking._linked)
    inner.get_call_template(kinds, {})
    assert set(linking._linked) == linked and inner.signatures == [kinds]


def test_what_is_not_there_is_not_provided(program) -> None:
    (need,) = linking.needs(next(iter(program.loop.threaded.overloads.values())).library)
    assert linking.provide([need])
    assert not linking.provide([need._replace(symbol="another", name="removed")])
    assert not linking.provide([need._replace(symbol="another")])  # its types, or its source, have changed


@pytest.mark.slow
def test_a_later_process_loads_the_loop_and_what_it_calls(program, tmp_path) -> None:
    """Also if only one of them is on disk."""
    cache = tmp_path / "cache"

    def run() -> list[str]:
        script = "from minicnn import linking; linking.LARGE = 40\n" + RUN
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache)}
    assert run() == ["1", "1"]
    assert run() == ["0", "0"]
    for path in cache.rglob("program.large*.nbc"):
        path.unlink()
    assert run() == ["0", "1"]
    for path in cache.rglob("program.loop*.nbc"):
        path.unlink()
    assert run() == ["1", "0"]
    assert np.isfinite(program.y).all()
