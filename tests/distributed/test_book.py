"""The book's chapter on many processes: its blocks run in one process, its commands start several."""

import re
from pathlib import Path

import pytest

from tests.test_docs import run_blocks

BOOK = Path(__file__).parents[2] / "docs" / "7-many-machines.md"
PROGRAMS = re.findall(r"^```python mpiexec -n (\d)\n(.*?)^```$", BOOK.read_text(), re.DOTALL | re.MULTILINE)


def test_there_are_programs():
    assert PROGRAMS


@pytest.mark.slow
def test_every_block_of_code_runs(tmp_path, monkeypatch):
    pytest.importorskip("mpi4py", reason='needs MPI: pip install ".[distributed]"')
    monkeypatch.chdir(tmp_path)
    run_blocks(BOOK)


@pytest.mark.parametrize(("processes", "program"), PROGRAMS)
def test_a_program_of_the_book_runs_and_speaks_once(run, tmp_path, monkeypatch, processes, program):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "program.py").write_text(program)
    status, out, errors = run(processes, tmp_path / "program.py")
    assert status == 0, errors
    assert out == f"processes: {processes}, images on the map: 256\n"
    assert (tmp_path / "run.safetensors").exists()
