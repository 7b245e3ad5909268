"""The mistakes in `plants.toml`, each planted in a separate process, whose tests must fail.

This file is also the plugin with which that process plants its mistake, `pytest -p tests.mutations.planting …`; it
reads it from the variable PLANT.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.planting import PLAIN, ROOT, plant

KINDS = tomllib.loads((Path(__file__).parent / "plants.toml").read_text(encoding="utf-8"))
PLANTS = [(kind, planted) for kind, plants in KINDS.items() for planted in plants]
OPTIONS = ["-n0", "-x", "--tb=no", "-rfE", "-p", "no:cacheprovider", "--hypothesis-seed=0", "-m", "slow or not slow"]


def failing(planted: dict[str, Any], folder: Path) -> list[str]:
    """A line that says which of the plant's tests fails first; `folder` is for Hypothesis's database."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    environment |= {"PLANT": json.dumps(planted), "PYTHONPATH": str(ROOT), "HYPOTHESIS_STORAGE_DIRECTORY": str(folder)}
    command = [sys.executable, "-m", "pytest", "-p", "tests.mutations.planting", PLAIN, *OPTIONS, *planted["tests"]]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    names = re.findall(r"^(?:FAILED|ERROR) \S+?::(\w+)", done.stdout, re.MULTILINE)
    if done.returncode not in (0, 1) or bool(names) != bool(done.returncode):
        raise RuntimeError(done.stdout + done.stderr)
    return [name.removeprefix("test_").replace("_", " ") for name in names]


def pytest_configure(config: pytest.Config) -> None:
    if "PLANT" in os.environ:
        planted = json.loads(os.environ["PLANT"])
        plant(planted["path"], lambda source: _changed(planted, source))


def _changed(planted: dict[str, Any], source: bytes) -> bytes:
    was, now = planted["was"].encode(), planted["now"].encode()
    assert source.count(was) == 1, f"{planted['path']} holds {planted['was']!r} {source.count(was)} times"
    return source.replace(was, now)
