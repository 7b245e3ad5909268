"""A process limited to AVX2: the output of `python -m benchmarks.isa`, and the process that `--isa avx2` restarts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from llvmlite import binding

from benchmarks import isa

pytestmark = pytest.mark.skipif(not binding.get_host_cpu_features().get("avx2"), reason="a processor without AVX2")

ROOT = Path(__file__).parents[1]
TELL = """
import numpy as np, scipy.linalg, threadpoolctl
from minicnn.kernels.vector import MR, NR_BYTES, REGISTER
blas = {found.get("architecture", "") for found in threadpoolctl.threadpool_info() if found["user_api"] == "blas"}
found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", ())
print(REGISTER, MR, NR_BYTES, blas - {"Haswell"}, [name for name in found if name[:6] in ("AVX512", "X86_V4")])
"""


def run(*arguments: str, **variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in isa.variables()} | variables
    return subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout


def test_the_variables_take_wide_vectors_from_kernels_blas_and_numpy() -> None:
    assert run("-c", TELL, **isa.variables()) == "32 6 64 set() []\n"


def test_printed_variables_are_those_of_this_machine_or_none() -> None:
    printed = dict(line.split("=", 1) for line in run("-m", "benchmarks.isa").splitlines())
    assert printed == (isa.variables() if binding.get_host_cpu_features().get("avx512f") else {})


def test_a_held_command_runs_again_once_and_with_its_arguments() -> None:
    program = "import sys; from benchmarks import isa; print('begun'); isa.hold('avx2'); print(isa.in_use(), sys.argv)"
    assert run("-c", program, "a b").splitlines() == ["begun", "begun", "avx2 ['-c', 'a b']"]


def test_native_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "execve", lambda *_: pytest.fail("started again"))
    isa.hold("native")


def test_a_processor_without_avx2_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_CPU_NAME", raising=False)
    monkeypatch.setattr(binding, "get_host_cpu_features", lambda: {"sse2": True})
    with pytest.raises(SystemExit, match="expected a processor with AVX2"):
        isa.hold("avx2")
