"""Vectors no wider than AVX2's: how this engine and its peers are limited to them on a processor with AVX-512.

    env $(python -m benchmarks.isa) python …     # prints the variables; nothing without AVX-512

All of them are read when a library is loaded, so `hold` restarts the command. onnxruntime has no such switch.
"""

from __future__ import annotations

import os
import platform
import sys

CHOICES = ("native", "avx2")
FIXED = {
    "NUMBA_CPU_NAME": "haswell",  # for which LLVM also orders instructions differently than for a newer processor
    "OPENBLAS_CORETYPE": "Haswell",  # NumPy's and SciPy's
    "ATEN_CPU_CAPABILITY": "avx2",  # PyTorch's own kernels
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}
WIDE = ("avx512", "avx10", "amx")  # the prefixes of LLVM's feature names


def in_use() -> str:
    """What the kernels of this process are compiled for: "avx512", "avx2", or the processor's family."""
    from minicnn.kernels.vector import REGISTER

    return {64: "avx512", 32: "avx2"}.get(REGISTER, platform.machine())


def hold(isa: str) -> None:
    """Restart this command with the variables that limit everything to `isa`, unless they are set; "native" needs none.

    Raises:
        SystemExit: the processor has no AVX2.
    """
    if isa == "native" or FIXED.items() <= os.environ.items():
        return
    if not _features().get("avx2"):
        raise SystemExit(f"--isa {isa}: expected a processor with AVX2, got {platform.machine()} without it")
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | variables())


def variables() -> dict[str, str]:
    """The environment in which only onnxruntime uses vectors wider than AVX2's."""
    import numpy as np

    features = {name: has and not name.startswith(WIDE) for name, has in _features().items()}
    simd = np.show_config(mode="dicts")["SIMD Extensions"]
    numpys = [name for name in simd.get("found", ()) if name.startswith("AVX512") or name == "X86_V4"]
    return FIXED | {
        "NUMBA_CPU_FEATURES": ",".join(f"{'+' if has else '-'}{name}" for name, has in sorted(features.items())),
        "NPY_DISABLE_CPU_FEATURES": ",".join(numpys),
    }


def _features() -> dict[str, bool]:
    from llvmlite import binding

    return dict(binding.get_host_cpu_features())


if __name__ == "__main__":
    if _features().get("avx512f"):
        print(*(f"{name}={value}" for name, value in variables().items()), sep="\n")
