"""Freed memory is kept for the next step."""

import ctypes
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from minicnn import allocator

PAGES = """
import resource
import numpy as np
import minicnn.kernels

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

np.ones(1 << 24)
before = faults()
for _ in range(20):
    np.ones(1 << 24)
print(faults() - before)
"""


def page_faults(**settings: str) -> int:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    done = subprocess.run([sys.executable, "-c", PAGES], env=environment | settings, capture_output=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.confstr("CS_GNU_LIBC_VERSION") is None, reason="glibc's")
def test_a_big_array_that_comes_again_has_its_pages_already() -> None:
    assert page_faults() < 20


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.confstr("CS_GNU_LIBC_VERSION") is None, reason="glibc's")
def test_what_the_user_has_set_is_left() -> None:
    assert page_faults(MALLOC_TOP_PAD_="0") > 200


@pytest.fixture
def glibc(monkeypatch):
    """What the C library is told; it refuses what is in `refused`."""
    told: list[tuple[int, int]] = []
    refused: set[tuple[int, int]] = set()

    def mallopt(name: int, value: int) -> int:
        told.append((name, value))
        return 0 if (name, value) in refused else 1

    for name in [name for name in os.environ if name.startswith(("MALLOC_", "GLIBC_"))]:
        monkeypatch.delenv(name)
    library = SimpleNamespace(mallopt=mallopt, gnu_get_libc_version=None)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    return SimpleNamespace(told=told, refused=refused, library=library)


def test_glibc_is_told_to_take_all_from_a_heap_that_grows_by_64_mib_and_is_never_cut(glibc) -> None:
    """Its header names M_TRIM_THRESHOLD −1, M_TOP_PAD −2 and M_MMAP_MAX −4."""
    assert allocator.keep_freed_memory() is True
    assert glibc.told == [(-4, 0), (-1, -1), (-2, 67_108_864)]
    for setting in list(glibc.told):
        glibc.refused.add(setting)
        assert allocator.keep_freed_memory() is False
        glibc.refused.clear()


@pytest.mark.parametrize("name", allocator.SETTINGS)
def test_nothing_is_told_where_the_user_has_set_one_variable(name, glibc, monkeypatch) -> None:
    monkeypatch.setenv(name, "1")
    assert allocator.keep_freed_memory() is False and not glibc.told


@pytest.mark.parametrize("lacking", ["mallopt", "gnu_get_libc_version"])
def test_nothing_is_told_to_another_library(lacking, glibc, monkeypatch) -> None:
    delattr(glibc.library, lacking)
    assert allocator.keep_freed_memory() is False and not glibc.told


def test_there_may_be_no_such_library(glibc, monkeypatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: (_ for _ in ()).throw(OSError()))
    assert allocator.keep_freed_memory() is False
