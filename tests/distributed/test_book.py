"""The book's programs for many processes: those of its blocks that begin with how to start them."""

import re
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[2] / "docs" / "7-many-machines.md"
PROGRAMS = re.findall(r"^```python mpiexec -n (\d)\n(.*?)^```$", BOOK.read_text(), re.DOTALL | re.MULTILINE)


def test_there_are_programs():
    assert PROGRAMS


@pytest.mark.parametrize(("processes", "program"), PROGRAMS)
def test_a_program_of_the_book_runs_and_speaks_once(run, tmp_path, monkeypatch, processes, program):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "program.py").write_text(program)
    status, out, errors = run(processes, tmp_path / "program.py")
    assert status == 0, errors
    assert out == f"{processes} processes, 256 images on the map\n"
    assert (tmp_path / "run.safetensors").exists()
