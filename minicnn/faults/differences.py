"""Facts that must be the same in all processes of a job."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..kernels.vector import REGISTER

OURS = ("minicnn", "viz")
PACKAGES = ("minicnn", "numpy", "scipy", "numba")


def versions() -> dict[str, str]:
    """Versions, the width of vectors, and digests of the program and our sources: a result's bits depend on them."""
    found = {"the version of python": platform.python_version(), "the width of vectors": f"{REGISTER} bytes"}
    for name in PACKAGES:
        try:
            found[f"the version of {name}"] = version(name)
        except PackageNotFoundError:  # run from its folder
            continue
    installed = Path(__file__).parents[2]
    files = {str(path.relative_to(installed)): path for name in OURS for path in (installed / name).rglob("*.py")}
    if program := getattr(sys.modules["__main__"], "__file__", None):
        files |= {f"the program {Path(program).name}": Path(program)}
    return found | {name: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for name, path in sorted(files.items())}


def refuse(told: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Compare the facts of all processes, each given with the name of its node.

    Raises:
        ValueError: a fact differs from the first process's.
    """
    node, first = told[0]
    for rank, (other_node, other) in enumerate(told):
        for name in {**first, **other}:
            if first.get(name) != other.get(name):
                raise ValueError(
                    f"distributed: {name} must be the same everywhere, but process 0 on {node} has "
                    f"{first.get(name)!s:.80}, and process {rank} on {other_node} has {other.get(name)!s:.80}"
                )
