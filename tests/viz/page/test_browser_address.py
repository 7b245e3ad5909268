"""The atlas in a real browser: its address says what was chosen, and brings it back."""

import pytest

from tests.viz.page.driving import choose, seen, until

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install .[browser]")
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("browser")]


def test_an_address_brings_back_the_view(visit):
    first = visit()
    choose(first, 2)
    first.locator("#layers label", has_text="conv2").click()
    first.locator("#fooled-epsilon").press("End")
    second = visit("#" + first.url.partition("#")[2])
    for selector in ("#why-image", "#layers-overview", "#fooled-image"):
        assert seen(second, selector) == seen(first, selector)


@pytest.mark.parametrize("fragment", ["#image=99&layer=nowhere&eps=3&point=-1", "#%%%", "#class=<b>&cell=x", "#why"])
def test_a_broken_address_is_passed_over(visit, fragment):
    tab = visit(fragment)
    assert tab.evaluate("atlas.state.image") == 0


def test_a_link_saved_under_the_old_name_of_the_image_opens_the_same_view(visit):
    tab = visit("#picture=1&layer=conv2")
    assert tab.evaluate("[atlas.state.image, atlas.state.layer]") == [1, "conv2"]
    assert tab.locator(".picker input").nth(1).is_checked()


def test_a_link_to_a_section_keeps_what_was_chosen(visit):
    tab = visit("#image=1")
    tab.locator('nav a[href="#fooled"]').click()
    until(tab, "Math.abs(document.getElementById('fooled').getBoundingClientRect().top) < 400")
    assert "image=1" in tab.url


def test_the_skip_link_goes_to_the_sections_and_keeps_what_was_chosen(visit):
    tab = visit("#image=1")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"
    assert "image=1" in tab.url


def test_an_address_typed_into_an_open_page_shows_the_images_neighbors_too(visit):
    tab = visit()
    before = tab.locator("#space-said").inner_text(), seen(tab, "#space-point")
    tab.evaluate("location.hash = 'image=1'")
    until(tab, "atlas.state.image === 1")
    assert (tab.locator("#space-said").inner_text(), seen(tab, "#space-point")) != before
