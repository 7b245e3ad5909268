"""Reads the book's pages: plain Markdown in which every block of Python is a cell.

A block may say more after the word python, which no Markdown reader shows: `alt="..."` describes the image that it
makes, to those who cannot see it, and `hide` folds the code away.
"""

import re

import jupytext
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

FIGURES = "%matplotlib inline"  # a figure at the end of a cell is shown
TWICE = f"{FIGURES}\n%load_ext two_papers"  # on the site, for readers of light and of dark pages
PATIENT = 'import hypothesis\nhypothesis.settings.load_profile("ci")'  # without checks of time: the machine may be busy
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def read(text: str) -> NotebookNode:
    """A page as a notebook that MyST-NB executes."""
    notebook = notebook_of(text.replace("](../benchmarks/RESULTS.md", "](results.md"))  # the site includes it there
    for cell in notebook.cells:
        if cell.cell_type == "code":
            alt, hide = cell.metadata.pop("alt", None), cell.metadata.pop("hide", "no")
            if alt:
                cell.metadata["mystnb"] = {"image": {"alt": alt}}
            if hide is None:
                cell.metadata["tags"] = ["hide-input"]
    if any(cell.cell_type == "code" for cell in notebook.cells):
        first = f"{TWICE}\n{PATIENT}" if "from hypothesis import" in text else TWICE
        notebook.cells.insert(0, new_code_cell(first, metadata={"tags": ["remove-cell"]}))
    else:
        notebook.metadata["mystnb"] = {"execution_mode": "off"}  # no kernel is started for a page without code
    return notebook


def notebook_of(text: str) -> NotebookNode:
    """A page as the notebook that readers download: blocks of Python are cells, all others stay text."""
    others = re.sub(r"^```(?=(?:sh|text)$)", "~~~", text, flags=re.MULTILINE)  # Jupytext would make these cells, too
    others = re.sub(r"^(~~~(?:sh|text)\n(?:(?!```).*\n)*?)```$", r"\1~~~", others, flags=re.MULTILINE)
    notebook = jupytext.reads(others, fmt="md")
    notebook.metadata = NotebookNode({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    return notebook


def downloadable(text: str) -> NotebookNode:
    """The notebook of a page whose links lead to the other notebooks in its folder."""
    notebook = notebook_of(text)
    notebook.cells.insert(1, new_code_cell(FIGURES))
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        cell.metadata = NotebookNode()
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"(\]\((?!https?:)[^)#\s]+)\.md(?=[)#])", r"\1.ipynb", cell.source)
    return notebook
