"""The reference's docstrings: what raises an error says so, arrays have shapes, what is from a paper names it.

What a function raises is read from its code, and from that of the functions of ours that it calls.
"""

from __future__ import annotations

import ast
import builtins
import functools
import importlib
import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[1] / "docs"
LISTED = re.compile(r"^\.\. auto(\w+):: ((?:minicnn|viz)\.\S+)$", re.MULTILINE)
THOSE_OF = re.compile(r"(?s)\b({}s?)\b[^.]{{0,60}}? (?:is that|are those)\s+of\s+`([\w.]+)`")
SHAPE = re.compile(r"\((?:[^\s(),]+(?: [·/+−] [^\s(),]+)*, ?)+[^()]*\)|\bshapes?\b")
YEAR = re.compile(r"\b(?:19|20)\d\d\b")

# Errors that the code has, but that no call can reach.
UNREACHABLE = {
    "minicnn.sketch": "of the pass that finds out what a layer runs",
    "minicnn.receptive_field.receptive_fields": "of paddings that no layer can have",
}
# Raised by methods that are called on arguments, or by the system: reading the code does not find them.
OUT_OF_SIGHT = {
    "minicnn.fit": "TrainingDiverged", "minicnn.predict": "DataError", "minicnn.gradcheck": "NondifferentiableError",
    "minicnn.testing.assert_contract": "ContractError", "minicnn.BestCheckpoint": "CheckpointError",
    "minicnn.Snapshots": "CheckpointError", "minicnn.JsonLines": "OSError", "viz.atlas": "OSError",
    "minicnn.SGD": "ValueError", "minicnn.Adam": "ValueError", "minicnn.AdamW": "ValueError",
    "minicnn.testing.in_order": "KeyError",
}  # fmt: skip
# Nobody's invention, or ours.
NO_PAPER = {
    "conv2d_relu_max_pool2d", "interpolate2d", "pad", "dense", "flatten", "reshape", "permute", "slice_axis", "clip",
    "sigmoid", "softmax", "log_softmax", "tanh", "erf", "mse", "filters", "important_inputs", "banding_test",
    "color_opponency", "beyond_chance", "feature_maps", "activation_statistics", "stream", "extract_features",
    "nearest_neighbors", "label_agreement", "knn_preservation", "reconstruction_error", "accuracy_under_attack",
    "pixel_bounds",
}  # fmt: skip


@functools.cache
def listed() -> list[Any]:
    """Everything in the reference but errors, by page, kind and path; without the extra's one class."""
    found = [
        (page.stem, kind, path)
        for page in sorted(DOCS.glob("reference/*.md"))
        for kind, path in LISTED.findall(page.read_text())
        if kind != "exception" and not path.startswith("minicnn.sklearn.")
    ]
    return [pytest.param(*each, id=each[2]) for each in found]


def found_at(path: str) -> Any:
    package, *names = path.split(".")
    value = importlib.import_module(package)
    for at, name in enumerate(names):
        if not hasattr(value, name):
            importlib.import_module(".".join([package, *names[: at + 1]]))
        value = getattr(value, name)
    return value


def text_of(path: str, what: str) -> str:
    """A docstring, and below it that of the function to which it refers for its errors, shapes or source."""
    text = inspect.getdoc(found_at(path)) or ""
    referred = re.search(THOSE_OF.pattern.format(what), text)
    if referred is None:
        return text
    others = {param.values[2].rpartition(".")[2]: param.values[2] for param in reversed(listed())}
    sibling = f"{path.rpartition('.')[0]}.{referred[2]}"
    return text + "\n\n" + text_of(sibling if sibling in others.values() else others[referred[2]], what)


def said(text: str) -> set[str]:
    sections = re.findall(r"^Raises:\n((?:    .*\n?|\n(?=    ))+)", text, re.MULTILINE)
    return {name for section in sections for name in re.findall(r"^    ([A-Z]\w+):", section, re.MULTILINE)}


@functools.cache
def raised(function: Any) -> frozenset[str]:
    """The errors in the code of a function or of a class's constructor, and of what it calls."""
    if isinstance(function, type):
        starts = [function.__dict__.get(name) for name in ("__init__", "__post_init__")]
        return frozenset().union(*(raised(start) for start in starts if inspect.isfunction(start)))
    function = inspect.unwrap(function)
    module = getattr(function, "__module__", "")
    if not inspect.isfunction(function) or not module.startswith(("minicnn.", "viz.")) or "deprecat" in module:
        return frozenset()
    if function.__code__.co_filename == "<string>":  # a dataclass's constructor
        return frozenset()
    raising.add(function)
    errors: set[str] = set()
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            errors.add(ast.unparse(node.exc.func).rpartition(".")[2])
        elif isinstance(node, ast.Call):
            called = value_of(node.func, function)
            if callable(called) and called not in raising:
                errors |= raised(called)
    raising.discard(function)
    return frozenset(error for error in errors if error[0].isupper())


raising: set[Any] = set()  # functions whose callees are being read: they may call each other


def value_of(name: ast.expr, function: Any) -> Any:
    """The global function or class that `name` or `module.name` means inside of a function, if any."""
    parts = ast.unparse(name).split(".") if isinstance(name, ast.Name | ast.Attribute) else [""]
    value = inspect.getclosurevars(function).nonlocals.get(parts[0], function.__globals__.get(parts[0]))
    for part in parts[1:]:
        value = getattr(value, part, None)
    return inspect.unwrap(value) if inspect.isfunction(value) or isinstance(value, type) else None


@functools.cache
def kind_of(error: str) -> Any:
    """The class that an error's name means; None for one that is in no reference, as it is for nobody outside."""
    for page in DOCS.glob("reference/*.md"):
        for kind, path in LISTED.findall(page.read_text()):
            if kind == "exception" and path.endswith(f".{error}"):
                return found_at(path)
    return getattr(builtins, error, None)


@pytest.mark.parametrize(("page", "kind", "path"), listed())
def test_the_errors_that_the_code_raises_are_those_that_the_docstring_names(page: str, kind: str, path: str) -> None:
    names, code = said(text_of(path, "error")), raised(found_at(path))
    if path in UNREACHABLE:
        assert code and not names
        return
    told = [kind_of(name) for name in names]
    for error in code:
        a = kind_of(error)
        if a not in (None, StopIteration):  # which are caught inside
            assert any(issubclass(a, b) or issubclass(b, a) for b in told if b), f"{path} raises {error}"
    in_sight = names - {OUT_OF_SIGHT.get(path)}
    assert not names or path in OUT_OF_SIGHT or in_sight & code or not code, f"{path}: {names}, but {set(code)}"


@pytest.mark.parametrize(("page", "kind", "path"), listed())
def test_what_takes_or_returns_arrays_says_of_which_shape(page: str, kind: str, path: str) -> None:
    signature = str(inspect.signature(inspect.unwrap(found_at(path))))
    if re.search(r"Array|ndarray|_like", signature):
        assert SHAPE.search(text_of(path, "shape"))
    layer = inspect.isclass(found_at(path)) and hasattr(found_at(path), "forward")
    if page == "layers" and layer and not hasattr(found_at(path), "children"):
        assert SHAPE.search(text_of(path, "shape"))


@pytest.mark.parametrize(("page", "kind", "path"), [p for p in listed() if p.values[1] == "function"])
def test_what_is_from_a_paper_names_it(page: str, kind: str, path: str) -> None:
    if page in ("ops", "inside", "why"):
        named = bool(YEAR.search(text_of(path, "source")))
        assert named != (path.rpartition(".")[2] in NO_PAPER)


@pytest.mark.parametrize(("page", "kind", "path"), listed())
def test_an_operation_has_its_equation_and_all_else_a_first_sentence(page: str, kind: str, path: str) -> None:
    text = inspect.getdoc(found_at(path)) or ""
    first = text.partition("\n\n")[0]
    assert len(first.split()) > 1 and re.search(r"[.:)\]²]$", first)
    if page == "ops":
        assert re.search(r"^    .*(?:=|→)", text, re.MULTILINE)
