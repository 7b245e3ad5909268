"""The page's JavaScript: modules in the source, joined into one script, because a page opened from disk cannot import.

Each module becomes a function; modules come after those that they import:

    import { a, b as c } from "./other.js";      const { a, b: c } = $other;
    export function f() {}                       function f() {} … return { f };
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path, PurePosixPath

FOLDER = Path(__file__).parent / "scripts"
IMPORT = re.compile(r'^import \{ (.+?) \} from "(.+?)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?:(?:function|const|class) (\w+)|\{ (.+) \};$)", re.MULTILINE)


@cache
def join(entry: str, name: str, given: tuple[tuple[str, str], ...] = ()) -> str:
    """A script that defines `name` as an object with everything that the module `entry` exports.

    Args:
        entry: a module's path below `scripts`.
        name: the variable's name.
        given: modules that are already loaded, each with the name of the variable that holds its exports.

    Raises:
        ValueError: modules import each other in a circle.
    """
    names = dict(given)
    written: list[str] = []
    _write(entry, names, written, ())
    return "\n".join([f"const {name} = (() => {{", '"use strict";', *written, f"return {names[entry]};", "})();"])


def _write(module: str, names: dict[str, str], written: list[str], within: tuple[str, ...]) -> str:
    """Write a module after those it imports; returns the variable that holds its exports."""
    if module in within:
        raise ValueError(f"scripts: modules import each other in a circle: {' → '.join((*within, module))}")
    if module in names:
        return names[module]
    text = (FOLDER / module).read_text(encoding="utf-8")

    def imported(match: re.Match[str]) -> str:
        other = _resolved(PurePosixPath(module).parent / match[2])
        variable = _write(other, names, written, (*within, module))
        return f"const {{ {match[1].replace(' as ', ': ')} }} = {variable};\n"

    exported = ", ".join(one or several for one, several in EXPORT.findall(text))
    body = re.sub(r"^export (?:\{.+\};\n)?", "", IMPORT.sub(imported, text), flags=re.MULTILINE)
    names[module] = "$" + re.sub(r"\W", "_", module.removesuffix(".js"))
    written.append(f"const {names[module]} = (() => {{\n{body}return {{ {exported} }};\n}})();")
    return names[module]


def _resolved(path: PurePosixPath) -> str:
    """A path without its "." and ".."."""
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
