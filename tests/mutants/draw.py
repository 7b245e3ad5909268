"""Every place where a small change can be made to a source file, and the change: an operator, a comparison, a constant,
an index. What only a reader sees (docstrings, annotations, the words of errors) is left alone.
"""

from __future__ import annotations

import ast
import copy
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

ARITHMETIC: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
COMPARISON: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
LOGIC: dict[type, type] = {ast.And: ast.Or, ast.Or: ast.And}
NOT_RUN = (ast.Raise, ast.JoinedStr, ast.Import, ast.ImportFrom)  # or seen only by a reader
WORDS = ("warn", "print", "overload", "TypeVar", "add_argument")  # calls of these say something
Change = Callable[[ast.AST], None]


@dataclass(frozen=True)
class Mutant:
    """One change to one file: the text from `begin` to `end` becomes `now`."""

    path: str
    line: int
    begin: int
    end: int
    kind: str
    was: str
    now: str
    source_line: str
    place: int  # 1, 2, … from the left: which of such changes on this line
    digest: str  # of the file

    def apply(self, source: bytes) -> bytes:
        return source[: self.begin] + self.now.encode() + source[self.end :]

    @property
    def name(self) -> str:
        return f"{self.path}:{self.line}: {self.was}  →  {self.now}"


def mutants_of(path: str, source: bytes) -> list[Mutant]:
    """All mutants of one file, in its order."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    lines, digest = source.decode().splitlines(), hashlib.sha256(source).hexdigest()[:12]
    found, alike = [], defaultdict[tuple[int, str, str], list[int]](list)
    for node, kind, change in _places(ast.parse(source)):
        begin, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
        mutated = copy.deepcopy(node)
        change(mutated)
        now = ast.unparse(mutated)
        now = now if isinstance(node, ast.stmt | ast.Slice) else f"({now})"
        was = " ".join(source[begin:end].decode().split())
        alike[node.lineno, was, now].append(begin)
        found.append(Mutant(path, node.lineno, begin, end, kind, was, now, lines[node.lineno - 1].strip(), 1, digest))
    return [replace(m, place=1 + sorted(alike[m.line, m.was, m.now]).index(m.begin)) for m in found]


def draw(root: Path, folders: list[str], seed: int, left_out: Callable[[str], bool]) -> list[Mutant]:
    """All mutants of all files below the folders (or of the files that are named), in a random order.

    A mutant's place in it is a digest of the seed and of what is changed, so that an edit elsewhere moves nothing.
    """
    files = [
        file for name in folders for file in ([root / name] if name.endswith(".py") else (root / name).rglob("*.py"))
    ]
    paths = sorted(str(file.relative_to(root)) for file in files)
    found = [m for path in paths if not left_out(path) for m in mutants_of(path, (root / path).read_bytes())]
    alike, places = defaultdict[tuple[str, ...], int](int), dict[bytes, Mutant]()
    for mutant in found:
        change = (mutant.path, mutant.source_line, mutant.was, mutant.now)
        places[hashlib.sha256(repr((seed, *change, alike[change])).encode()).digest()] = mutant
        alike[change] += 1
    return [places[place] for place in sorted(places)]


def _places(tree: ast.AST) -> Iterator[tuple[ast.AST, str, Change]]:
    """Each node that can be changed, what kind of change it is, and the change."""
    for node in _run(tree):
        if isinstance(node, ast.Compare):
            for i, op in enumerate(node.ops):
                if type(op) in COMPARISON:
                    yield node, "comparison", _replace_in_list("ops", i, COMPARISON[type(op)]())
        elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in ARITHMETIC:
            if not any(_is_text(child) for child in ast.walk(node)):
                yield node, "operator", _replace("op", ARITHMETIC[type(node.op)]())
        elif isinstance(node, ast.BoolOp):
            yield node, "operator", _replace("op", LOGIC[type(node.op)]())
        elif isinstance(node, ast.Slice):
            for side in ("lower", "upper"):
                if getattr(node, side) is not None:
                    yield node, "index", _replace(side, None)
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and type(node.slice.value) is int:
            yield node, "index", _replace("slice", ast.Constant(node.slice.value + 1))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield node, "operator", _replace("op", ast.UAdd())
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node, "operator", _replace("operand", ast.UnaryOp(ast.Not(), node.operand))
        elif isinstance(node, ast.Constant) and type(node.value) in (bool, int, float):
            yield node, "constant", _replace("value", _other(node.value))


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below that do something when the program runs."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "type_params", "bases"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, NOT_RUN) or _says_something(child):
                continue
            if isinstance(child, ast.keyword) and ast.unparse(child) == "strict=True":
                continue  # an assertion, that what is zipped is of one length
            if isinstance(child, ast.FunctionDef) and "overload" in map(ast.unparse, child.decorator_list):
                continue  # a signature for the type checker
            if field == "slice" and isinstance(child, ast.Constant):
                continue  # the subscript itself is the place
            yield child
            if field == "args" and _reshapes(node) and ast.unparse(child) == "-1":
                continue  # no −2: NumPy takes any negative length for the one that it is to find
            yield from _run(child)


def _reshapes(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "reshape"


def _says_something(node: ast.AST) -> bool:
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return True
    if not isinstance(node, ast.Call):
        return False
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return called in WORDS or called.endswith(("Error", "Warning"))


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _other(value: bool | int | float) -> bool | int | float:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else 2 * value if value else 1.0


def _replace(field: str, new: object) -> Change:
    return lambda node: setattr(node, field, new)


def _replace_in_list(field: str, i: int, new: ast.AST) -> Change:
    return lambda node: getattr(node, field).__setitem__(i, new)
