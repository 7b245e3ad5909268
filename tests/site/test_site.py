"""The built site: it asks nothing of a network, every link inside leads somewhere, every notebook is one."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```python[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CHAPTERS = ("from-nothing", "1-building-blocks", "2-learning", "3-looking-inside", "4-why", "5-making-images")


@dataclass
class Page(HTMLParser):
    """What a page refers to, and what can be referred to in it."""

    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    without_alt: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in ("script", "img", "source", "iframe") and "src" in given:
            self.loaded.append(given["src"])
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.append(given["href"])
        if tag == "img" and not given.get("alt"):
            self.without_alt.append(given.get("src", "?")[:80])


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    read = {}
    for file in sorted(site.rglob("*.html")):
        if "_static" not in file.relative_to(site).parts:
            read[file.resolve()] = page = Page()
            page.feed(file.read_text("utf-8"))
    return read


def test_every_link_inside_leads_to_a_file_and_a_place_in_it(site: Path, pages: dict[Path, Page]) -> None:
    broken, checked = [], 0
    for file, page in pages.items():
        for link in page.links + page.loaded:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            checked += 1
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if not target.is_file():
                broken.append(f"{file.name}: {link}")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids:
                broken.append(f"{file.name}: {link} (no such place)")
    assert not broken
    assert checked > 1000


def test_no_page_loads_anything_from_a_network(pages: dict[Path, Page]) -> None:
    assert not [src for page in pages.values() for src in page.loaded if re.match(r"(https?:)?//", src)]


def test_every_image_has_an_alternative_text(pages: dict[Path, Page]) -> None:
    assert not {file.name: page.without_alt for file, page in pages.items() if page.without_alt}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_shows_outputs_and_figures_and_is_a_notebook(site: Path, chapter: str) -> None:
    nbformat = pytest.importorskip("nbformat")
    html = (site / f"{chapter}.html").read_text("utf-8")
    assert 'class="output text_plain' in html or 'class="output stream' in html
    light, dark = (len(re.findall(rf"<img [^>]*only-{paper}", html)) for paper in ("light", "dark"))
    assert light == dark >= 1 and "&lt;Figure size" not in html
    assert f'href="{chapter}.ipynb"' in html
    notebook = nbformat.read(site / f"{chapter}.ipynb", as_version=4)
    nbformat.validate(notebook)
    blocks = BLOCK.findall((DOCS / f"{chapter}.md").read_text("utf-8"))
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert cells == ["%matplotlib inline", *(block.strip() for block in blocks)] and len(cells) > 3
