"""Show what minicnn runs on.

Versions, threads, linear algebra, and where compiled code and data are stored:
what a bug report or a benchmark should include.
"""

from __future__ import annotations

import argparse
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

EXAMPLES = """\
example:
  minicnn info"""

PACKAGES = ("numpy", "scipy", "numba", "matplotlib", "safetensors", "pillow", "threadpoolctl")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(options: argparse.Namespace) -> None:
    import minicnn

    lines = {
        "minicnn": f"{minicnn.__version__} in {Path(minicnn.__file__).parent}",
        "Python": f"{platform.python_version()} on {platform.platform()}",
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "processor": _processor(),
        "vectors": _vectors(),
        "threads": f"{minicnn.get_num_threads()}, of {os.cpu_count()} processors",
        "threading layer": _threading_layer(),
        "BLAS": _blas(),
        "compiled code": _compiled_code(),
        "data sets": _data_folder(),
    }
    for name, text in lines.items():
        print(f"{name:17}{text}")


def _processor() -> str:
    """The one that LLVM compiles for."""
    from llvmlite import binding

    llvm = ".".join(map(str, binding.llvm_version_info))
    return f"{platform.machine()}, {binding.get_host_cpu_name()} to LLVM {llvm}"


def _vectors() -> str:
    """What kernels are written for: a register, and the tile of a product that they hold in registers."""
    from minicnn.kernels.vector import MR, NR_BYTES, REGISTER

    return f"{REGISTER} bytes wide; tile of MR x NR = {MR} x {NR_BYTES // 4} float32, {MR} x {NR_BYTES // 8} float64"


def _threading_layer() -> str:
    import numba

    numba.get_num_threads()  # starts the threads: only then there is a layer
    return numba.threading_layer()


def _blas() -> str:
    """NumPy's library, and SciPy's, which Numba's code calls."""
    import scipy.linalg.cython_blas  # noqa: F401
    from threadpoolctl import threadpool_info

    found = [library for library in threadpool_info() if library["user_api"] == "blas"]
    return "; ".join(
        f"{library['internal_api']} {library['version']} for {library.get('architecture', 'any')}, "
        f"{library['num_threads']} threads ({Path(library['filepath']).parent.name})"
        for library in found
    )


def _compiled_code() -> str:
    from minicnn.kernels import dense

    kernel: Any = dense.forward
    place = kernel.threaded.stats.cache_path
    if place is None:
        return "not kept: there is no writable folder; set NUMBA_CACHE_DIR to one"
    files = list(Path(place).glob("*.nb[ci]"))
    megabytes = sum(file.stat().st_size for file in files) / 1e6
    variants = sum(file.suffix == ".nbc" for file in files)
    return f"{variants} compiled variants of functions, {megabytes:.1f} MB, in {place}"


def _data_folder() -> str:
    from minicnn.data.download import data_folders

    _, folder = data_folders("", None)
    return f"{folder}{'' if folder.is_dir() else ', not there yet'} (MINICNN_DATA, --root)"
