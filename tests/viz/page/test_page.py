"""What a notebook shows of the path of a page."""

import pytest

from viz.page.page import Page


def test_a_page_is_a_path_that_shows_what_it_holds(tmp_path) -> None:
    page = Page(tmp_path / "a.html")
    assert page == tmp_path / "a.html" and page._repr_html_() is None
    page.write_text('<p title="x">hello')
    assert 'srcdoc="&lt;p title=&quot;x&quot;&gt;hello"' in page._repr_html_()
    index = Page(tmp_path / "index.html")
    index.write_text("<p>")
    assert f'src="{index.as_posix()}"' in index._repr_html_()  # its images are files in its folder
    assert Page(tmp_path)._repr_html_() is None and page.parent._repr_html_() is None


@pytest.mark.parametrize("name", ["a.htm", "A.HTML"])
def test_a_page_in_a_frame_fills_the_width(name, tmp_path) -> None:
    page = Page(tmp_path / name)
    page.write_text("x")
    assert 'srcdoc="x" width="100%" height="720"' in page._repr_html_()
    assert page._repr_html_().endswith(f"<div>{page}</div>")


def test_no_other_file_is_shown(tmp_path) -> None:
    other, folder = Page(tmp_path / "a.txt"), Page(tmp_path / "b.html")
    other.write_text("x")
    folder.mkdir()
    assert other._repr_html_() is None and folder._repr_html_() is None


@pytest.mark.parametrize(("size", "inside"), [(16 * 2**20, True), (16 * 2**20 + 1, False)])
def test_a_notebook_holds_a_page_of_up_to_16_mebibytes(size: int, inside: bool, tmp_path, monkeypatch) -> None:
    page = Page(tmp_path / "large.html")
    with open(page, "wb") as file:
        file.truncate(size)
    monkeypatch.setattr(Page, "read_text", lambda self, encoding: "all of it")
    assert ('srcdoc="all of it"' in page._repr_html_()) == inside
    assert (f'src="{page.as_posix()}"' in page._repr_html_()) != inside


def test_a_page_below_the_notebook_is_found_by_its_relative_path(tmp_path, monkeypatch) -> None:
    (tmp_path / "sub").mkdir()
    index = Page(tmp_path / "sub" / "index.html")
    index.write_text("x")
    monkeypatch.chdir(tmp_path)
    assert 'src="sub/index.html"' in index._repr_html_()
    monkeypatch.chdir(tmp_path / "sub")
    assert 'src="index.html"' in index._repr_html_()
