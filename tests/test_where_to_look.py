"""The table of `docs/design.md` that says where a question is answered: each file defines what the table says."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"^\| (?P<question>[^|]+\?) \| `(?P<file>[\w/]+\.py)` \| `(?P<name>\w+)` \|", re.MULTILINE)
ROWS = [match.groups() for match in ROW.finditer((ROOT / "docs" / "design.md").read_text())]


def defined(path: Path) -> set[str]:
    """The functions, classes and variables of a file, also those inside functions."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return stored | {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def test_there_is_a_table() -> None:
    questions = " ".join(question for question, _, _ in ROWS)
    assert all(topic in questions for topic in ("Winograd", "max pooling", "Grad-CAM", "checkpoint"))


@pytest.mark.parametrize(("question", "file", "name"), ROWS, ids=[question for question, _, _ in ROWS])
def test_the_file_defines_what_the_table_says(question: str, file: str, name: str) -> None:
    assert name in defined(ROOT / file), f"{question} {file} defines no {name}"
