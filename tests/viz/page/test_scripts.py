"""The page's modules, joined into one script: each once, after those that it imports."""

import re

import pytest

from viz.page import scripts
from viz.page.scripts import join


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """Write modules by path, to join."""

    def write(**texts: str) -> None:
        monkeypatch.setattr(scripts, "FOLDER", tmp_path)
        for name, text in texts.items():
            file = tmp_path / f"{name.replace('__', '/')}.js"
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")

    join.cache_clear()
    yield write
    join.cache_clear()


def test_imports_become_constants_and_exports_an_object(modules) -> None:
    modules(
        one="export function f() {\n}\nexport const c = 1;\nexport class K {}\nconst own = 2;\n",
        in__two='import { f, c as d } from "../one.js";\nconst g = f;\nexport { g, d };\n',
    )
    assert join("in/two.js", "both") == "\n".join([
        "const both = (() => {",
        '"use strict";',
        "const $one = (() => {",
        "function f() {",
        "}",
        "const c = 1;",
        "class K {}",
        "const own = 2;",
        "return { f, c, K };",
        "})();",
        "const $in_two = (() => {",
        "const { f, c: d } = $one;",
        "const g = f;",
        "return { g, d };",
        "})();",
        "return $in_two;",
        "})();",
    ])  # fmt: skip


def test_a_module_that_several_import_is_there_once_and_one_that_is_given_not_at_all(modules) -> None:
    modules(
        base="export const b = 1;\n",
        left='import { b } from "./base.js";\nexport const l = b;\n',
        right='import { b } from "./base.js";\nexport const r = b;\n',
        top='import { l } from "./left.js";\nimport { r } from "./right.js";\nexport const t = l + r;\n',
    )
    found = re.findall(r"^const (\$?\w+) = \(", join("top.js", "all"), re.MULTILINE)
    assert found == ["all", "$base", "$left", "$right", "$top"]
    given = join("top.js", "all", (("base.js", "known"),))
    assert re.findall(r"^const (\$?\w+) = \(", given, re.MULTILINE) == ["all", "$left", "$right", "$top"]
    assert given.count("const { b } = known;") == 2


def test_a_circle_of_imports_is_refused(modules) -> None:
    modules(
        a='import { b } from "./b.js";\nexport const a = 1;\n', b='import { a } from "./a.js";\nexport const b = 1;\n'
    )
    with pytest.raises(ValueError, match=r"import each other in a circle: a\.js → b\.js → a\.js"):
        join("a.js", "x")
