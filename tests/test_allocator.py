"""Freed memory is kept for the next step."""

import os
import subprocess
import sys

import pytest

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
