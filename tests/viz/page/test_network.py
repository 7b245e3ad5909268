"""The table of layers: every number is the summary's, and every bar a share of the longest of its column."""

from types import SimpleNamespace

import pytest

import minicnn as cnn
from viz.page.network import _stage_of, make
from viz.page.sprites import Sprites


def section(model: cnn.Sequential, *paths: str) -> dict:
    stages = [SimpleNamespace(path=path) for path in paths]
    return make(SimpleNamespace(model=model, summary=cnn.summary(model, (1, 9, 9)), stages=stages), Sprites())


@pytest.mark.parametrize("weighted", [True, False])
def test_a_row_has_the_numbers_of_its_layer_and_their_shares_of_the_largest(weighted: bool) -> None:
    conv = {"conv": cnn.Conv2d(1, 4, (3, 2))} if weighted else {}
    model = cnn.Sequential(**conv, inside=cnn.Sequential(pool=cnn.MaxPool2d(2), relu=cnn.ReLU()), flatten=cnn.Flatten())
    found, table = section(model, *conv, "inside"), cnn.summary(model, (1, 9, 9))
    assert [row["path"] for row in found["rows"]] == [row.path for row in table.rows]
    for kind in ("parameters", "multiply_adds"):
        numbers = [getattr(row, kind) for row in table.rows]
        assert [row[kind] for row in found["rows"]] == numbers and found[kind] == getattr(table, kind) == sum(numbers)
        assert [row[f"{kind}_share"] for row in found["rows"]] == [n / (max(numbers) or 1) for n in numbers]
    rows = {row["path"]: row for row in found["rows"]}
    assert rows["inside.pool"]["sees"] == ("4×3" if weighted else "2×2")
    assert rows["inside.relu"]["stage"] == "inside" and rows["flatten"]["stage"] is None
    assert rows["flatten"]["sees"] == "" and rows["flatten"]["kind"] == "Flatten"


def test_shares_differ_where_numbers_do() -> None:
    model = cnn.Sequential(conv=cnn.Conv2d(1, 4, 3), flatten=cnn.Flatten(), fc=cnn.Dense(196, 3))
    rows = {row["path"]: row for row in section(model)["rows"]}
    assert rows["conv"]["parameters_share"] == 40 / 591 and rows["fc"]["parameters_share"] == 1
    assert rows["fc"]["multiply_adds_share"] == 588 / 1764 and rows["conv"]["multiply_adds_share"] == 1


@pytest.mark.parametrize(
    ("path", "stage"),
    [("block", "block"), ("block.conv", "block"), ("block.in.conv", "block"), ("blocks", None), ("a.block", None)],
)
def test_a_layer_is_of_the_stage_that_it_lies_in(path: str, stage: str | None) -> None:
    assert _stage_of(path, ["other", "block", "last"]) == stage


@pytest.mark.parametrize("lines", [40, 41])
def test_code_that_is_short_stands_open(lines: int) -> None:
    found = section(cnn.Sequential(cnn.Conv2d(1, 1, 3), *(cnn.ReLU() for _ in range(lines - 5))))
    assert found["python"].count("\n") == lines
    assert found["open"] == (lines == 40)
