"""What must be the same in all processes of a job, and its name where it is not."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("minicnn", "numpy", "scipy", "numba")


def versions() -> dict[str, str]:
    """Versions, and a digest of every file of ours: the bits of a result depend on them."""
    found = {"the version of python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[f"the version of {name}"] = version(name)
        except PackageNotFoundError:  # run from its folder
            continue
    package = Path(__file__).parents[1]
    for path in sorted(package.rglob("*.py")):
        found[str(path.relative_to(package.parent))] = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return found


def refuse(told: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Compare the facts that processes have told, each with the name of its node.

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
