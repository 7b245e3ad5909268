"""The atlas as a notebook shows it: in a frame that has no address of its own."""

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install .[browser]")
pytestmark = pytest.mark.slow


def test_what_is_chosen_in_a_notebook_s_frame_changes_the_page(page, browser, tmp_path) -> None:
    notebook, complaints = tmp_path / "notebook.html", []
    notebook.write_text(f"<!doctype html><title>cells</title>{page._repr_html_()}", encoding="utf-8")
    tab = browser.new_page()
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(notebook.as_uri())
    frame = tab.frame_locator("iframe")
    said = frame.locator("#chosen-said")
    playwright.expect(said).not_to_be_empty()
    before, shown = said.inner_text(), frame.locator("#journey").inner_text()
    frame.locator(".picker label").nth(1).click()
    playwright.expect(frame.locator(".picker input").nth(1)).to_be_checked()
    playwright.expect(said).not_to_have_text(before)
    assert frame.locator("#journey").inner_text() != shown
    frame.locator("a[href='#why']").first.click()
    playwright.expect(frame.locator("#why h2").first).to_be_in_viewport()
    tab.close()
    assert not complaints
