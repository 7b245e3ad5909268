"""Forty ops, right and wrong (`benchmarks.gradients.pairs`): gradcheck tells them apart; the docs compare others."""

from pathlib import Path

import pytest

from benchmarks.gradients import accepts, markdown, verdict
from benchmarks.gradients.checkers import ours
from benchmarks.gradients.pairs import PAIRS

PAGE = Path(__file__).parents[2] / "docs/testing-your-own-op.md"


def test_there_are_forty() -> None:
    assert len(PAIRS) == 40


@pytest.mark.parametrize("name", PAIRS)
def test_ours_tells_right_from_wrong(name: str) -> None:
    assert accepts(ours, PAIRS[name](False))
    assert not accepts(ours, PAIRS[name](True))


def test_the_words_of_the_table() -> None:
    assert [verdict(*given) for given in [(True, False), (True, True), (False, False), (False, True)]] == [
        "✓",
        "misses the mistake",
        "blames the right one",
        "blames the right one, misses the mistake",
    ]


def test_in_the_docs_no_other_is_better_in_any_row() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and line.count("|") == 7]
    cells = {row.split(" | ")[0].strip("| "): row.split(" | ")[2] for row in rows}
    assert all(cells[name] == "✓" for name in PAIRS) and cells["told apart"] == "40"


@pytest.mark.slow
def test_the_docs_have_what_the_command_prints() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("jax")
    assert markdown() in PAGE.read_text()
