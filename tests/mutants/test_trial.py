"""A mutant is tried in the program that is tested, whatever loads it."""

import os
import subprocess
import sys

import pytest

from tests.planting import ROOT

TRIAL = """
import sys
from pathlib import Path
from tests.mutants.draw import draw
from tests.mutants.trial import Trial

mutants = draw(Path.cwd(), ["minicnn/schedules.py"], 0, lambda path: False)
mutant = next(mutant for mutant in mutants if mutant.name.endswith("2.0)") and mutant.was == "1.0")
trial = Trial(Path(sys.argv[1]))
print([trial.run(["tests/test_schedules.py"], "default", each) for each in (mutant, None)])
"""


@pytest.mark.slow
def test_a_mutant_is_planted_in_what_pytest_takes_for_a_plugin(tmp_path) -> None:
    """As it does where minicnn is installed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    environment |= {"PYTHONPATH": str(ROOT), "PYTEST_PLUGINS": "minicnn"}
    command = [sys.executable, "-c", TRIAL, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert "FAILED tests/test_schedules.py" in done.stdout and done.stdout.endswith(", '']\n"), done.stdout
