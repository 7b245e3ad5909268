"""The page of benchmark results: what a new figure replaces, and what it leaves in place."""

from pathlib import Path

import pytest

from benchmarks import isa, peers, report
from benchmarks.__main__ import main
from benchmarks.table import Row, load

PAGE = """# Results

Words.

## Before

1

## Speed and memory

An old machine.

Prose above the table.

| old | table |
|---|---|

Prose beneath it,
of two lines.

### Its own heading

More.

## After

2
"""


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The page, with made-up results: one for each model, in the order of the table."""
    monkeypatch.setattr(report, "PAGE", tmp_path / "RESULTS.md")
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(report, "measure", lambda command, given, *_: Row(given["model"], 2, 0, {"peer": 4}))
    monkeypatch.setattr("sys.argv", ["benchmarks", "table", "--only", "memory"])
    monkeypatch.setattr(peers, "installed", lambda package: True)
    report.PAGE.write_text(PAGE)
    return report.PAGE


def test_a_new_section_comes_last(page: Path) -> None:
    report.section("New", "3\n")
    assert page.read_text() == f"{PAGE}\n## New\n\n3\n"


def test_a_section_takes_the_place_of_the_earlier_one(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report.section("Before", "3")
    assert page.read_text() == PAGE.replace("\n1\n", "\n3\n")
    report.section("After", "4")
    assert page.read_text() == PAGE.replace("\n1\n", "\n3\n").replace("\n2\n", "\n4\n")
    assert capsys.readouterr().out == "\n## Before\n\n3\n\n## After\n\n4\n"


def test_without_a_page_one_is_begun(page: Path) -> None:
    page.unlink()
    report.section("New", "3")
    assert page.read_text() == f"{report.INTRODUCTION}\n## New\n\n3\n"


def test_the_table_prints_a_row_when_it_is_measured_and_nothing_else(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in lines] == ["| seed", "| conv32-64", "| cifar-vgg"]


def test_the_table_leaves_what_was_written_around_it(page: Path) -> None:
    main()
    before, text = page.read_text().split("\n## Speed and memory\n\n")
    text, after = text.split("\n\n## ")
    about, table, *prose = text.split("\n\n")
    assert "2 threads" in about and len(table.splitlines()) == 2 + 3
    assert prose == ["Prose above the table.", "Prose beneath it,\nof two lines.", "### Its own heading", "More."]
    assert (before, after) == (PAGE.split("\n## Speed")[0], "After\n\n2\n")
    once = page.read_text()
    main()
    assert page.read_text() == once


def test_an_interrupted_table_keeps_the_rows_it_has(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measure = report.measure

    def interrupted(command: str, given: dict, *others: object) -> Row:
        if given["model"] == "cifar-vgg":
            raise KeyboardInterrupt
        return measure(command, given, *others)

    monkeypatch.setattr(report, "measure", interrupted)
    with pytest.raises(KeyboardInterrupt):
        main()
    assert "| conv32-64 |" in page.read_text() and "old | table" not in page.read_text()
    assert [row.work for row in load(report.RESULTS)] == ["seed", "conv32-64"]


def test_each_width_has_a_section_and_rows_of_its_own(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for width, ours in (("avx512", 1), ("avx2", 2), ("avx2", 3)):
        monkeypatch.setattr(
            report, "measure", lambda command, given, *_, w=width, t=ours: Row(given["model"], t, 0, {"peer": 6}, isa=w)
        )
        main()
    wide = page.read_text().split("\n## Speed and memory\n")[1].split("\n## ")[0]
    narrow = page.read_text().split("\n## Speed and memory without AVX-512\n")[1].split("\n## ")[0]
    assert wide.count("**6.00**") == narrow.count("**2.00**") == 3 and "**2.00**" not in wide and "**6" not in narrow
    assert [(row.isa, row.milliseconds) for row in load(report.RESULTS)] == [("avx512", 1)] * 3 + [("avx2", 3)] * 3


def test_a_table_says_how_it_was_held_to_avx2(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = []
    monkeypatch.setattr(isa, "hold", held.append)
    monkeypatch.setattr("sys.argv", ["benchmarks", "table", "--only", "memory", "--isa", "avx2"])
    main()
    text = page.read_text()
    assert "`python -m benchmarks table --isa avx2`: " in text and "onnxruntime takes no such order" in text
    assert held == ["avx2"]
