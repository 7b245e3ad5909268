"""The program that draws random mistakes makes the changes it says, and no others."""

import ast
import tomllib
from pathlib import Path

import pytest

from tests.mutants.__main__ import equivalent
from tests.mutants.draw import draw, mutants_of
from tests.mutants.where import EVERYWHERE, belonging

ROOT = Path(__file__).parents[2]


def changed(text: str) -> set[str]:
    source = text.encode()
    return {mutant.apply(source).decode() for mutant in mutants_of("file.py", source)}


@pytest.mark.parametrize(
    ("text", "mutants"),
    [
        ("y = a < b", {"y = (a <= b)"}),
        ("y = a is None", {"y = (a is not None)"}),
        ("y = p - a * b", {"y = (p + a * b)", "y = p - (a / b)"}),
        ("y += a", {"y -= a"}),
        ("y = a and b", {"y = (a or b)"}),
        ("y = -a", {"y = (+a)"}),
        ("y = not a", {"y = (not not a)"}),
        ("y = 3", {"y = (4)"}),
        ("y = 0.0", {"y = (1.0)"}),
        ("y = 0.25", {"y = (0.5)"}),
        ("y = True", {"y = (False)"}),
        ("y = a[0]", {"y = (a[1])"}),
        ("y = a[b:c]", {"y = a[:c]", "y = a[b:]"}),
        ("y = a.reshape(3, -1)", {"y = a.reshape((4), -1)", "y = a.reshape(3, (+1))"}),  # -2 is the same
        ("é = 1; y = 3  # é", {"é = (2); y = 3  # é", "é = 1; y = (4)  # é"}),
    ],
)
def test_a_change_of_each_kind(text: str, mutants: set[str]) -> None:
    assert changed(text) == mutants


@pytest.mark.parametrize(
    "text",
    [
        '"""Text with 3 < 4."""',
        "def f(x: Literal[3]) -> Literal[4]: ...",
        "raise ValueError(f'{a + 1} of {3}')",
        "error = ValueError(3)",
        "y = 'a' + b",
        "@cache(3)\ndef f(): ...",
        "@overload\ndef f(x: int, y: int = 3): ...",
        "if TYPE_CHECKING:\n    y = 3",
        "y = zip(a, b, strict=True)",
    ],
)
def test_what_only_a_reader_sees_is_left_alone(text: str) -> None:
    assert not changed(text)


def test_every_mutant_is_a_program_that_differs() -> None:
    drawn = draw(ROOT, ["minicnn/layers", "viz/weights"], seed=0, left_out=lambda path: False)
    assert len(drawn) > 400
    for mutant in drawn[:50]:
        source = (ROOT / mutant.path).read_bytes()
        assert ast.dump(ast.parse(mutant.apply(source))) != ast.dump(ast.parse(source)), mutant.name


def test_places_on_one_line_are_told_apart() -> None:
    source = b"x = 2 if y == 2 else 3\nz = 2\n"  # whose condition Python's tree has first
    twos = sorted((m for m in mutants_of("file.py", source) if m.was == "2"), key=lambda m: m.begin)
    assert [(m.line, m.place) for m in twos] == [(1, 1), (1, 2), (2, 1)]
    entry = {"path": "file.py", "line": "x = 2 if y == 2 else 3", "was": "2", "now": "(3)"}
    assert [equivalent(m, [entry]) for m in twos] == [True, True, False]
    assert [equivalent(m, [entry | {"place": 2}]) for m in twos] == [False, True, False]
    numbers = {"path": "file.py", "line": "x = 2 if y == 2 else 3", "kind": "constant"}
    assert {m.was for m in mutants_of("file.py", source) if equivalent(m, [numbers])} == {"2", "3"}


def test_each_equivalent_mutant_is_still_there_and_says_why() -> None:
    entries = tomllib.loads((Path(__file__).parent / "equivalent.toml").read_text())["mutant"]
    for path in {entry["path"] for entry in entries}:
        mutants = mutants_of(path, (ROOT / path).read_bytes())
        for entry in (entry for entry in entries if entry["path"] == path):
            assert ("was" in entry and "now" in entry) != ("kind" in entry)
            assert entry["why"] and any(equivalent(mutant, [entry]) for mutant in mutants), entry


def test_the_order_depends_on_the_seed_alone() -> None:
    names = [[m.name for m in draw(ROOT, ["minicnn/ops"], seed, lambda path: "conv" in path)] for seed in (0, 0, 1)]
    assert names[0] == names[1] != names[2] and set(names[0]) == set(names[2])
    assert not any("conv" in name.split(":")[0] for name in names[0])


def test_an_edit_of_one_file_moves_no_mutant_of_another() -> None:
    every = draw(ROOT, ["minicnn/ops"], 0, lambda path: False)
    fewer = draw(ROOT, ["minicnn/ops"], 0, lambda path: "conv" in path)
    assert fewer == [mutant for mutant in every if "conv" not in mutant.path]


@pytest.mark.slow
def test_every_source_file_has_tests() -> None:
    paths = [str(p.relative_to(ROOT)) for folder in ("minicnn", "viz") for p in (ROOT / folder).rglob("*.py")]
    untested = {path for path in paths if belonging(path, ROOT) == EVERYWHERE}
    assert untested <= {"minicnn/__init__.py", "minicnn/__main__.py"}


def test_the_tests_of_a_modules_name_belong_to_it() -> None:
    for file in (ROOT / "minicnn").glob("*.py"):
        test = f"tests/test_{file.stem}.py"
        assert test in belonging(f"minicnn/{file.name}", ROOT) or not (ROOT / test).exists()
