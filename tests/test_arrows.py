"""Which part of the project may import which: kernels ← ops ← layers ← zoo, training ← cli; minicnn ← viz."""

import ast
import functools
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(path for package in ("minicnn", "viz") for path in (ROOT / package).rglob("*.py"))
LEVELS = [["kernels"], ["ops"], ["layers"], ["zoo", "training"], ["cli"]]  # each may import the levels before it


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in FILES}


@functools.cache
def imports(path: Path, inside_functions: bool = True) -> list[str]:
    """What a file imports from the project: "minicnn.layers.base", or "minicnn.layers.LAYERS" for a name."""
    tree = ast.parse(path.read_text())
    statements = ast.walk(tree) if inside_functions else tree.body
    return [name for statement in statements for name in named(path, statement)]


def named(path: Path, statement: ast.AST) -> Iterator[str]:
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names if alias.name.split(".")[0] in ("minicnn", "viz"))
    if isinstance(statement, ast.ImportFrom):
        package = path.relative_to(ROOT).parent.parts
        above = package[: len(package) - statement.level + 1] if statement.level else ()
        source = ".".join((*above, *filter(None, [statement.module])))
        if source.split(".")[0] in ("minicnn", "viz"):
            yield from (f"{source}.{alias.name}" for alias in statement.names)


def file_of(name: str) -> str:
    """The module that an imported name is, or that defines it."""
    return name if name in MODULES else name.rpartition(".")[0]


def part_of(module: str) -> str:
    """The part of minicnn that a module belongs to: `minicnn.ops.relu` to "ops", `minicnn.optim` to "optim"."""
    return module.split(".")[1] if "." in module else ""


def circle(graph: dict[str, set[str]]) -> list[str]:
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def arrows_between_parts() -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {}
    for module, path in MODULES.items():
        if module.startswith("minicnn.") and module != "minicnn.__main__":
            targets = {part_of(name) for name in imports(path) if name.startswith("minicnn.")}
            graph.setdefault(part_of(module), set()).update(targets - {part_of(module)})
    return graph


@pytest.mark.parametrize("level", range(len(LEVELS)))
def test_a_part_imports_none_of_a_level_above(level: int) -> None:
    graph = arrows_between_parts()
    above = {part for parts in LEVELS[level + 1 :] for part in parts}
    for part in LEVELS[level]:
        seen, todo = set(), {part}
        while todo:
            seen |= todo
            todo = set().union(*(graph.get(name, set()) for name in todo)) - seen
        assert not seen & above, f"{part} imports {seen & above}"


def test_the_parts_of_minicnn_form_no_circle() -> None:
    """Imports inside functions count too."""
    assert not circle(arrows_between_parts())


def test_files_form_no_circle() -> None:
    """Imports at the top of a file; a package's own file, which lists its public names, is not followed."""
    graph = {module: {file_of(name) for name in imports(path, False)} - {module} for module, path in MODULES.items()}
    packages = {module for module, path in MODULES.items() if path.name == "__init__.py"}
    assert not circle({module: targets - packages for module, targets in graph.items()})


def test_only_the_command_line_imports_viz() -> None:
    """And `display`, when someone looks at a result: not at the top of the file."""
    assert not [name for name in imports(MODULES["minicnn.display"], False) if name.startswith("viz")]
    for module, path in MODULES.items():
        if module.startswith("minicnn") and part_of(module) not in ("cli", "display"):
            assert not [name for name in imports(path) if name.startswith("viz")], module


def test_kernels_import_neither_arrays_nor_layers() -> None:
    assert arrows_between_parts()["kernels"] == {"allocator", "threads"}


# viz sees only the public face of minicnn: what `minicnn/__init__.pyi` lists, and the public names of its modules.


@functools.cache
def public_names(module: str) -> set[str]:
    """The names in `__all__`; without it, those that the file defines without a leading underscore."""
    tree = ast.parse(MODULES[module].read_text())
    names = set()
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
        elif isinstance(statement, ast.FunctionDef | ast.ClassDef):
            names.add(statement.name)
    if "__all__" in names:
        import importlib

        return set(importlib.import_module(module).__all__)
    return {name for name in names if not name.startswith("_")}


@functools.cache
def face() -> set[str]:
    tree = ast.parse((ROOT / "minicnn" / "__init__.pyi").read_text())
    return {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }


def is_public(name: str) -> bool:
    """Whether "minicnn.layers.walk" can be reached from the public face."""
    _, *parts = name.split(".")
    if not parts:
        return True
    module = f"minicnn.{parts[0]}"
    if parts[0] not in face():
        return False
    return len(parts) == 1 or (len(parts) == 2 and module in MODULES and parts[1] in public_names(module))


def attributes(path: Path) -> Iterator[str]:
    """What a file uses as an attribute of the package: "minicnn.layers.walk" for `cnn.layers.walk`."""
    for node in ast.walk(ast.parse(path.read_text())):
        names, inner = [], node
        while isinstance(inner, ast.Attribute):
            names.append(inner.attr)
            inner = inner.value
        if names and isinstance(inner, ast.Name) and inner.id in ("cnn", "minicnn"):
            first, *rest = reversed(names)
            yield ".".join(["minicnn", first, *rest[: f"minicnn.{first}" in MODULES]])


VIZ = [path for path in FILES if module_of(path).startswith("viz")]


@pytest.mark.parametrize("path", VIZ, ids=module_of)
def test_viz_sees_only_the_public_face(path: Path) -> None:
    used = {name for name in imports(path) if name.startswith("minicnn")} | set(attributes(path))
    hidden = sorted(name for name in used if not is_public(name))
    assert not hidden, f"{module_of(path)} uses {', '.join(hidden)}"


def test_public_names_are_told_from_private_ones() -> None:
    assert all(map(is_public, ["minicnn", "minicnn.Conv2d", "minicnn.layers", "minicnn.layers.walk"]))
    assert all(map(is_public, ["minicnn.threads.jit", "minicnn.ops.relu"]))
    hidden = ["minicnn.kernels", "minicnn.layers.tree.walk", "minicnn.threads._lock", "minicnn.group.Group"]
    assert not any(map(is_public, hidden))


def test_circles_are_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) and not circle({"a": {"b", "c"}, "b": {"c"}})
