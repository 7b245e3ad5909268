"""Mistakes that once passed all tests (`plants.toml`): each is planted in the source, and a test must fail."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KINDS = tomllib.loads((Path(__file__).parent / "plants.toml").read_text(encoding="utf-8"))
PLANTS = [(kind, plant) for kind, plants in KINDS.items() for plant in plants]


def failing(plant) -> list[str]:
    """The first of the plant's tests that fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    environment |= {"PLANT": json.dumps(plant), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-p", "tests.mutations.planting", "-n0", "-x", "--tb=no", "-rf"]
    options = ["-p", "no:cacheprovider", "--hypothesis-seed=0", "-m", "slow or not slow", *plant["tests"]]
    done = subprocess.run([*command, *options], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    names = [line.split("::")[1].split(" ")[0] for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert bool(names) == (done.returncode == 1), done.stdout
    return [name.split("[")[0].removeprefix("test_").replace("_", " ") for name in names]


@pytest.mark.parametrize(("kind", "plant"), PLANTS, ids=[plant["what"] for _, plant in PLANTS])
def test_the_mistake_is_caught(kind, plant, request) -> None:
    names = failing(plant)
    request.node.user_properties.append(("mistake", (kind, plant["what"], names)))
    assert names


def test_every_plant_fits_its_file() -> None:
    for _, plant in PLANTS:
        assert (ROOT / plant["path"]).read_text(encoding="utf-8").count(plant["was"]) == 1, plant["what"]
