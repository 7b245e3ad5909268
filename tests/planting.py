"""Change a source file of the project as it is imported, in this process only: the file on disk stays as it is."""

from __future__ import annotations

import hashlib
import importlib.machinery
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba.core import caching

ROOT = Path(__file__).parents[1]
# pytest rewrites the assertions of a plugin's whole package, and of minicnn's where it is installed. It does so in a
# separate loader, which knows nothing of what is planted in Python's.
PLAIN = "--assert=plain"
COMPILED = ("minicnn/kernels", "viz/tsne", "viz/factorize")  # whose functions Numba compiles into each other


def plant(path: str, change: Callable[[bytes], bytes]) -> None:
    """From now on, the module at `path`, relative to the project's root, is its source as changed by `change`.

    Pytest, if it runs in this process, needs the option `PLAIN`. Machine code that contains the module's functions is
    compiled again, and cached separately from that of the original file.
    """
    changed, module = ROOT / path, ".".join(Path(path).with_suffix("").parts).removesuffix(".__init__")
    if module in sys.modules:
        raise RuntimeError(f"{path} is imported already: a change of it would be planted in vain")
    source = change(changed.read_bytes())
    code_of = importlib.machinery.SourceFileLoader.get_code
    locator: Any = caching._SourceFileBackedLocatorMixin
    stamp_of, affected, mark = locator.get_source_stamp, importers(path), hashlib.sha256(source).hexdigest()

    def get_code(self: Any, name: str) -> Any:
        file = self.get_filename(name)
        return code_of(self, name) if Path(file) != changed else compile(source, file, "exec", dont_inherit=True)

    def get_source_stamp(self: Any) -> Any:
        stamp = stamp_of(self)
        return (stamp, mark) if Path(self._py_file) in affected else stamp

    importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
    locator.get_source_stamp = get_source_stamp


def importers(path: str) -> set[Path]:
    """The compiled files that import from a file, even indirectly, and the file itself; none if it is not compiled."""
    if not path.startswith(COMPILED):
        return set()
    texts = {file: file.read_text(encoding="utf-8") for room in COMPILED for file in (ROOT / room).rglob("*.py")}
    reached, new = set[Path](), {ROOT / path}
    while new:
        reached |= new
        stems = "|".join(file.parent.stem if file.stem == "__init__" else file.stem for file in new)
        new = {file for file, text in texts.items() if re.search(rf"from \S*\b({stems}) import", text)} - reached
    return reached
