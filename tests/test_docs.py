"""The README and the book: every block of Python in them runs, those of a page in order and in one namespace."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted(page for page in ROOT.glob("docs/**/*.md") if "_build" not in page.parts)]
BLOCK = re.compile(r"^```python[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)  # after "python" stands what the site needs


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
