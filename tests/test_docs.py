"""The README and the book: every block of Python runs, those of a page in order and in one namespace."""

import ast
import importlib
import inspect
import re
import sys
import tomllib
from operator import attrgetter
from pathlib import Path

import pytest

import minicnn as cnn
import viz

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted(page for page in ROOT.glob("docs/**/*.md") if "_build" not in page.parts)]
BLOCK = re.compile(r"^```python[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)  # "python" may be followed by `alt="…"`

EVERYDAY = ("design", "testing-your-own-op")  # the book takes half a minute, the README two seconds
ELSEWHERE = ("7-many-machines",)  # needs MPI: tests/distributed/test_book.py


def pages_with_code() -> list:
    params = []
    for page in PAGES:
        if BLOCK.search(page.read_text()) and page.stem not in ELSEWHERE:
            slow = [] if page.stem in EVERYDAY else [pytest.mark.slow]
            book = [] if page.stem == "README" else [pytest.mark.book]  # building the site runs the same blocks
            params.append(pytest.param(page, id=page.stem, marks=slow + book))
    return params


@pytest.mark.parametrize("page", pages_with_code())
def test_every_block_of_code_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    run_blocks(page)


def run_blocks(page: Path) -> None:
    text = page.read_text()
    namespace: dict = {"__name__": page.stem}
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start(1))
        exec(compile("\n" * line + block[1], str(page), "exec"), namespace)  # so that errors name the lines of the page


def test_a_network_from_nothing_takes_sixty_lines_and_numpy_alone() -> None:
    first = BLOCK.findall((ROOT / "docs/from-nothing.md").read_text())[0]
    assert sum(bool(line.strip()) for line in first.splitlines()) <= 60
    assert set(re.findall(r"^(?:import|from) (\w+)", first, re.MULTILINE)) == {"numpy"}


BROUGHT = {"minicnn", "viz", "benchmarks", "numpy", "scipy", "numba", "matplotlib", "PIL", "pytest", "hypothesis"}


def test_the_book_imports_nothing_that_an_install_for_tests_does_not_bring() -> None:
    imported = set()
    for page in PAGES:
        for block in BLOCK.findall(page.read_text()):
            for node in ast.walk(ast.parse(block)):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                imported |= {name.partition(".")[0] for name in names}
    assert {"minicnn", "numpy"} < imported <= BROUGHT | sys.stdlib_module_names


LINK = re.compile(r"\]\(([^)\s]+)\)")


def slug(heading: str) -> str:
    """The anchor that GitHub and the site give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for link in LINK.findall(text):
        if link.startswith(("http:", "https:")):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{page.name} links to {link}"
        if anchor and target.suffix == ".md":
            headings = {slug(heading) for heading in re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)}
            assert anchor in headings, f"{page.name} links to {link}, but there is no such heading"


QUESTION = re.compile(r"^\| (\d+)\. (.*) \| (.*) \|$", re.MULTILINE)
SMALL = {"what", "that", "which", "with", "does", "from"}


def words(text: str) -> set[str]:
    """The beginnings of its longer words, so that "clothes" is "clothing"."""
    return {word[:5] for word in re.findall(r"[a-z]{4,}", text.lower())} - {
        "what",
        "that",
        "which",
        "with",
        "does",
        "from",
    }


def test_each_of_the_26_questions_is_answered_by_a_section_whose_title_says_so() -> None:
    rows = QUESTION.findall((ROOT / "docs/curriculum.md").read_text())
    assert [int(number) for number, _, _ in rows] == list(range(1, 27))
    for number, question, answer in rows:
        titles = []
        for page, anchor in re.findall(r"\]\(([\w-]+\.md)#([^)]+)\)", answer):
            headings = re.findall(r"^#+ (.*)$", (ROOT / "docs" / page).read_text(), re.MULTILINE)
            titles += [heading for heading in headings if slug(heading) == anchor]
        assert any(words(question) & words(title) for title in titles), f"{number}. {question} {titles}"


REFERENCE = sorted(ROOT.glob("docs/reference/*.md"))
LISTED = re.compile(r"^\.\. auto\w+:: (\S+)$", re.MULTILINE)
NOT_RUN = re.compile(r"^<!-- not run: .*-->\n\n((?:    .*\n|\n)+)", re.MULTILINE)  # for lack of an extra, or of time


def found_at(path: str) -> object:
    package, *names = path.split(".")
    value: object = {"minicnn": cnn, "viz": viz}[package]
    for at, name in enumerate(names):
        if not hasattr(value, name):
            importlib.import_module(".".join([package, *names[: at + 1]]))
        value = getattr(value, name)
    return value


def test_every_public_name_is_in_the_reference() -> None:
    """Under the name by which it is imported, or another of its names."""
    pages = "\n".join(page.read_text() for page in REFERENCE)
    paths = [path for path in LISTED.findall(pages) if not path.startswith("minicnn.sklearn.")]  # an extra
    listed = [found_at(path) for path in paths]
    assert len(listed) == len(set(paths)) > 200
    packages = "minicnn", "viz", *(f"minicnn.{name}" for name in ("data", "distributed", "onnx", "ops", "testing"))
    packages += tuple(f"viz.{n}" for n in ("activations", "attribution", "factorize", "plot", "synthesis", "weights"))
    for package in packages:
        module = importlib.import_module(package)
        exported = {name: getattr(module, name) for name in module.__all__}
        public = {name: value for name, value in exported.items() if callable(value)}
        assert len(public) > 2
        missing = [name for name, value in public.items() if not any(value is other for other in listed)]
        assert not missing, f"docs/reference lists none of {package}'s {missing}"


@pytest.mark.parametrize("page", REFERENCE, ids=lambda page: page.stem)
def test_every_name_of_the_reference_has_an_example_on_its_page(page: Path) -> None:
    text = page.read_text()
    code = "\n".join(BLOCK.findall(text) + NOT_RUN.findall(text))
    names = [path.rpartition(".")[2] for path in LISTED.findall(text)]
    assert not [name for name in names if not re.search(rf"\b{name}\b", code)]


def test_every_docstring_of_the_reference_says_what_its_object_is() -> None:
    for page in REFERENCE:
        for path in LISTED.findall(page.read_text()):
            if not path.startswith("minicnn.sklearn."):
                assert inspect.getdoc(found_at(path)), path


def test_the_names_that_others_names_are_mapped_to_exist() -> None:
    mapped = re.findall(r"`((?:cnn|viz)(?:\.\w+)+)", (ROOT / "docs/names.md").read_text())
    assert len(mapped) > 20
    for name in mapped:
        package, _, path = name.partition(".")
        attrgetter(path)({"cnn": cnn, "viz": viz}[package])


def test_the_table_of_drawings_names_each_of_them_and_what_computes_it() -> None:
    rows = re.findall(r"^\| (.*) \| (.*) \|$", (ROOT / "docs/notebook.md").read_text(), re.MULTILINE)
    assert {name for _, drawn in rows for name in re.findall(r"`plot\.(\w+)`", drawn)} == set(viz.plot.__all__)
    for package, path in (named for row in rows for named in re.findall(r"`(cnn|viz)\.([\w.]+)`", row[0])):
        assert callable(attrgetter(path)({"cnn": cnn, "viz": viz}[package]))


WRITTEN = [
    path
    for kind in ("*.py", "*.pyi", "*.md", "*.toml", "*.html", "*.ipynb")
    for top in ("", "minicnn/**/", "viz/**/", "docs/**/", "benchmarks/**/", "tests/**/")
    for path in ROOT.glob(top + kind)
    if "_build" not in path.parts
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
