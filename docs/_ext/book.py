"""What the book adds to Sphinx: notebooks to download, figures for light and dark pages, equations in docstrings."""

import re
from pathlib import Path

import nbformat
import pages
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

log = logging.getLogger(__name__)
SECTION = re.compile(r"(Args|Attributes|Returns|Raises|Yields|Source|Note|Example)s?:$")


def pair_figures(app: Sphinx, doctree: nodes.document) -> None:
    """A figure that a cell shows comes twice, on white paper and on dark (`two_papers.py`): show one of them."""
    for image in doctree.findall(nodes.image):
        if not image.get("alt"):
            log.warning("an image has no alternative text", location=image)
    for cell in doctree.findall(nodes.container):
        images = list(cell.findall(nodes.image)) if "cell_output" in cell["classes"] else []
        if len(images) % 2:
            log.warning("a cell shows an image that is not a matplotlib figure", location=cell)
        for light, dark in zip(images[::2], images[1::2], strict=False):
            light["classes"] += ["only-light"]
            dark["classes"] += ["only-dark"]


def set_equations(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Docstrings are plain text: an indented block is an equation, to be shown as it stands."""
    in_section, literal, out = False, False, []
    for at, line in enumerate(lines):
        in_section = in_section or bool(SECTION.match(line))
        begins = not in_section and line.startswith("    ") and (at == 0 or not lines[at - 1].strip())
        if begins and not literal:
            out += ["::", ""]
            literal = True
        elif literal and line.strip() and not line.startswith("    "):
            literal = False
        out.append(line if literal else escaped(line))
    lines[:] = out


def escaped(line: str) -> str:
    """Signs that reStructuredText would take for markup, outside of `code`, taken as they are."""
    parts = line.split("`")
    parts[::2] = [re.sub(r"(?<!\\)([*|]|(?<=\w)_(?!\w))", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


def offer_notebook(app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    """Tell the template whether the page has code, and so a notebook."""
    source = Path(app.srcdir, f"{page}.md")
    if doctree is not None and source.exists() and "\n```python" in source.read_text("utf-8"):
        context["notebook"] = f"{Path(page).name}.ipynb"


def write_notebooks(app: Sphinx, error: Exception | None) -> None:
    """A notebook next to each page that has code."""
    if error or app.builder.format != "html":
        return
    for page in app.env.found_docs:
        source = Path(app.srcdir, f"{page}.md")
        if source.exists() and "\n```python" in (text := source.read_text("utf-8")):
            notebook = pages.downloadable(text)
            nbformat.validate(notebook)
            target = Path(app.outdir, f"{page}.ipynb")
            target.write_text(nbformat.writes(notebook, version=4), "utf-8")


def setup(app: Sphinx) -> dict:
    app.connect("doctree-read", pair_figures)
    app.connect("autodoc-process-docstring", set_equations, priority=400)  # before napoleon reads the sections
    app.connect("html-page-context", offer_notebook)
    app.connect("build-finished", write_notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
