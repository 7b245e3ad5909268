"""The README and the book: every block of Python in them runs, those of a page in order and in one namespace."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


EVERYDAY = ("README", "design", "testing-your-own-op")  # the book takes half a minute


def pages_with_code() -> list:
    pages = [page for page in PAGES if BLOCK.search(page.read_text())]
    return [
        pytest.param(page, id=page.stem, marks=[] if page.stem in EVERYDAY else [pytest.mark.slow]) for page in pages
    ]


@pytest.mark.parametrize("page", pages_with_code())
def test_every_block_of_code_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    text = page.read_text()
    namespace: dict = {"__name__": page.stem}
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start(1))
        exec(compile("\n" * line + block[1], str(page), "exec"), namespace)  # errors name the page's own lines


def test_the_table_of_drawings_names_each_of_them_and_what_computes_it() -> None:
    import minicnn
    import viz

    rows = re.findall(r"^\| (.*) \| (.*) \|$", (ROOT / "docs/notebook.md").read_text(), re.MULTILINE)
    assert {name for _, drawn in rows for name in re.findall(r"`plot\.(\w+)`", drawn)} == set(viz.plot.__all__)
    for package, path in (named for row in rows for named in re.findall(r"`(cnn|viz)\.([\w.]+)`", row[0])):
        found = {"cnn": minicnn, "viz": viz}[package]
        for name in path.split("."):
            found = getattr(found, name)
        assert callable(found)


WRITTEN = [
    path
    for kind in ("*.py", "*.pyi", "*.md", "*.toml", "*.html", "*.ipynb")
    for top in ("", "minicnn/**/", "viz/**/", "docs/**/", "benchmarks/**/", "tests/**/")
    for path in ROOT.glob(top + kind)
]


def test_nothing_sends_people_to_the_package_on_the_public_index_that_is_not_ours() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["name"] == "minicnn-numba"
    foreign = re.compile(r"pip3? install(?: -\S+)* [\"']?minicnn(?![\w/.-])|(?<![\w./-])minicnn\[\w")
    assert foreign.search('pip install "minicnn[test]"') and foreign.search("pip install -U minicnn")
    for path in WRITTEN:
        if path != Path(__file__):
            found = foreign.search(path.read_text())
            assert not found, f"{path.relative_to(ROOT)}: {found[0]}"
