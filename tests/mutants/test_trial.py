"""A mutant is tried in the program that is tested, whatever loads it."""

import os
import subprocess
import sys

import pytest

from tests.planting import ROOT

from .__main__ import remains

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


def test_what_a_test_has_caught_is_known_as_long_as_the_test_has_its_name() -> None:
    here = "tests/mutants/test_trial.py"
    assert remains("") and remains("crashed (status -11)") and remains(f"ERROR {here} (status 1)")
    assert remains(
        f"FAILED {here}::{test_a_mutant_is_planted_in_what_pytest_takes_for_a_plugin.__name__}[1] - x (status 1)"
    )
    assert not remains(f"FAILED {here}::test_renamed[1] (status 1)")
    assert not remains("FAILED tests/mutants/test_gone.py::test_x (status 1)")
