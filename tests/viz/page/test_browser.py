"""The atlas in a real browser: what a reader chooses changes what it should, for all readers."""

import pytest

from tests.viz.page.driving import NARROW, WIDE, choose, seen, until

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install .[browser]")
axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe is not installed: pip install .[browser]"
)
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("browser")]


def test_it_opens_from_disk_without_a_complaint_and_asks_nothing_of_a_network(visit):
    tab = visit()
    tab.mouse.wheel(0, 20_000)
    assert tab.title() == "<small> & mean: an atlas"


def test_hostile_names_are_shown_as_text(visit, classes):
    tab = visit()
    assert tab.locator("#training .confusion tbody th").all_inner_texts() == list(classes)
    assert tab.locator("main b:has-text('dark & dull')").count() == 0
    assert tab.locator("#why-class option").all_inner_texts()[1].startswith(tuple(classes))


def test_a_chosen_image_is_chosen_in_every_section(visit):
    tab = visit()
    selectors = ("#journey-image", "#why-image", "#fooled-image", '#journey [data-layer="conv1"] canvas')
    before = [seen(tab, selector) for selector in selectors]
    choose(tab, 1)
    assert all(seen(tab, selector) != old for selector, old in zip(selectors, before, strict=True))
    assert tab.locator(".picker input").nth(1).is_checked()
    assert "image=1" in tab.url


def test_the_probabilities_are_those_of_the_chosen_image(visit, read):
    tab = visit()
    for place in (0, 2):
        choose(tab, place)
        shown = tab.locator("#journey-bars > div span").all_inner_texts()
        assert shown == [read["classes"][k] for k, _ in read["images"][place]["guesses"]]


def test_a_layer_is_chosen_in_the_table_and_shown_below(visit):
    tab = visit()
    tab.locator('#network [data-stage="conv2"] button').click()
    assert tab.locator('#layers input[value="conv2"]').is_checked()
    assert tab.locator('#journey [data-layer="conv2"]').evaluate("(e) => e.classList.contains('current')")
    assert tab.locator("#layers-about").inner_text().startswith("Conv2d, 3×3×5: 5 channels")
    tab.locator('#network [data-stage="relu1"] button').click()  # its channels are those of conv1
    assert tab.locator('#layers input[value="conv1"]').is_checked()


def test_a_channel_is_chosen_by_a_click_or_by_the_arrow_keys(visit):
    tab = visit()
    row = tab.locator('#journey [data-layer="conv2"] canvas')
    row.scroll_into_view_if_needed()
    before = seen(tab, "#layers-patches")
    row.click(position={"x": 5, "y": 5})
    assert tab.locator("#layers-channel").inner_text().startswith("Channel 0")
    row.press("ArrowRight")
    row.press("ArrowRight")
    assert tab.locator("#layers-channel").inner_text().startswith("Channel 2")
    assert (
        tab.locator("#journey-channel").inner_text()
        == "conv2, channel 2 (of 0 to 4). Choose a place to see where its number comes from."
    )
    assert row.get_attribute("aria-valuetext") == "channel 2, of 0 to 4"
    assert seen(tab, "#layers-patches") != before
    assert "layer=conv2" in tab.url and "channel=2" in tab.url


def test_a_place_of_the_enlarged_map_tells_its_number_and_leads_to_its_origin(visit):
    tab = visit("#layer=conv2&channel=1")
    assert tab.locator("#journey-onward").is_hidden()
    tab.locator("#journey-zoom").click()
    told = tab.locator("#journey-channel").inner_text()
    value = told.rpartition(": ")[2].rstrip(".")
    tab.locator("#journey-onward").click()
    until(tab, "Math.abs(document.getElementById('number').getBoundingClientRect().top) < 400")
    assert tab.locator("#number-formula").inner_text().endswith(f"= {value}")
    assert tab.locator("[aria-current]").count() <= 1


def test_each_map_can_have_a_scale_of_its_own(visit):
    tab = visit()
    maps = '#journey [data-layer="conv2"] canvas'
    before, cover = seen(tab, maps), seen(tab, "#overview figure:nth-of-type(4) canvas")
    tab.locator("#journey-scale").check()
    assert seen(tab, maps) != before and seen(tab, "#overview figure:nth-of-type(4) canvas") != cover
    assert "scale=map" in tab.url
    tab.locator("#journey-scale").uncheck()
    assert seen(tab, maps) == before


def test_pointing_at_the_enlarged_map_frames_what_it_sees(visit):
    tab = visit("#layer=conv2")
    before = seen(tab, "#journey-image")
    tab.locator("#journey-zoom").hover()
    assert seen(tab, "#journey-image") != before
    tab.mouse.move(0, 0)
    assert seen(tab, "#journey-image") == before


def test_a_chosen_class_is_explained_and_stands_out_on_the_map(visit, read):
    tab = visit()
    image = read["images"][0]
    other = next(k for k in range(3) if k != image["predicted"])
    maps, scatter = seen(tab, "#why [data-method='2']"), seen(tab, "#space-scatter")
    tab.locator("#why-class").select_option(str(other))
    assert seen(tab, "#why [data-method='2']") != maps
    assert seen(tab, "#space-scatter") != scatter
    assert tab.locator("#space-class").input_value() == str(other)
    assert f"class={other}" in tab.url


def test_the_slider_shows_the_attack_of_that_size(visit, read):
    tab = visit()
    fooled = read["sections"]["fooled"]
    last = len(fooled["levels"]) - 1
    before = seen(tab, "#fooled-image"), seen(tab, "#fooled-all")
    tab.locator("#fooled-epsilon").press("End")
    assert tab.locator("#fooled-value").inner_text() == f"{fooled['levels'][last]} / 255"
    assert seen(tab, "#fooled-image") != before[0] and seen(tab, "#fooled-all") != before[1]
    assert read["classes"][fooled["guesses"][0][last][0][0]] in tab.locator("#fooled-said").inner_text()
    assert f"eps={fooled['levels'][last]}" in tab.url


def test_a_cell_of_the_confusion_matrix_opens_its_images(visit, read):
    tab = visit()
    cell, places = list(read["sections"]["training"]["cells"].items())[-1]
    tab.locator(f'#confusion [data-cell="{cell}"]').click()
    own, found = (read["classes"][int(k)] for k in cell.split("-"))
    said = tab.locator("#opened figcaption").inner_text()
    assert said.startswith(f"{own}, recognized" if own == found else f"{own} taken for {found}")
    assert tab.locator("#opened canvas").get_attribute("aria-valuemax") == str(len(places) - 1)
    tab.locator("#opened canvas").press("End")
    assert tab.evaluate("atlas.state.point") == places[-1]


def test_the_arrow_keys_go_from_cell_to_cell(visit):
    tab = visit()
    tab.locator('#confusion [tabindex="0"]').focus()
    first = tab.evaluate("document.activeElement.dataset.cell")
    for key in ("ArrowDown", "ArrowRight", "ArrowDown", "ArrowRight"):
        tab.keyboard.press(key)
    assert tab.evaluate("document.activeElement.dataset.cell") != first


def test_the_keyboard_alone_reaches_everything(visit):
    tab = visit()
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(200):
        tab.keyboard.press("Tab")
        reached |= set(tab.evaluate("[document.activeElement.id, document.activeElement.name || '']"))
    wanted = {
        "theme",
        "chosen-image",
        "pad",
        "journey-zoom",
        "number-layer",
        "layers-layer",
        "space-map",
        "space-scatter",
        "why-class",
        "fooled-epsilon",
    }
    assert wanted <= reached
    assert {"layers-overview", "space-features", "fooled-all"} <= reached
    tab.locator(".picker input").nth(0).focus()
    tab.keyboard.press("ArrowRight")
    assert "image=1" in tab.url


def background(tab):
    return tab.evaluate("getComputedStyle(document.body).backgroundColor")


def test_light_and_dark_follow_the_system_until_the_reader_chooses(visit):
    light, dark = visit(color_scheme="light"), visit(color_scheme="dark")
    assert background(light) == "rgb(255, 255, 255)"
    assert background(dark) != background(light)
    light.locator("#theme").click()
    assert background(light) == background(dark)
    assert light.locator("#theme").get_attribute("aria-pressed") == "true"


def test_a_phone_needs_no_scrolling_sideways(visit):
    tab = visit("#layer=conv2", viewport=NARROW)
    assert tab.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    wider = """[...document.querySelectorAll("main *")]
        .filter((e) => !e.closest(".scroll, .picker, .skip, .windows"))
        .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
        .map((e) => e.outerHTML)"""
    assert tab.evaluate(wider) == []
    cut = (
        "[...document.querySelectorAll('.scroll')].filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.ariaLabel)"
    )
    assert set(tab.evaluate(cut)) <= {"Diagram of the network"}


def test_the_bar_shows_all_sections(visit):
    tab = visit()
    assert tab.evaluate("document.querySelector('nav').scrollWidth <= document.querySelector('nav').clientWidth")


def test_on_paper_there_is_no_bar_and_the_colors_are_light(visit):
    tab = visit(color_scheme="dark")
    tab.emulate_media(media="print")
    assert tab.locator(".bar").is_hidden()
    assert tab.locator(".bricks").evaluate("(e) => getComputedStyle(e).filter") == "none"
    assert background(tab) == "rgb(255, 255, 255)"


def test_on_paper_the_map_has_its_light_colors(visit):
    light, dark = visit(color_scheme="light"), visit(color_scheme="dark")
    expected = seen(light, "#space-scatter")
    assert seen(dark, "#space-scatter") != expected
    dark.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert seen(dark, "#space-scatter") == expected
    dark.evaluate("dispatchEvent(new Event('afterprint'))")
    assert seen(dark, "#space-scatter") != expected


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_no_serious_fault(visit, theme, viewport):
    tab = visit("#layer=conv2", viewport=viewport, color_scheme=theme)
    found = axe.Axe().run(tab).response["violations"]
    serious = [
        (rule["id"], node["html"][:120])
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
    assert serious == []


def test_without_scripts_there_is_nothing_to_press(browser, page):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(page.as_uri())
    assert tab.locator("main noscript p").is_visible()
    for selector in (
        ".picker",
        "#pad",
        "#theme",
        "#why-class",
        "#space-map",
        "#journey",
        "#number",
        "#film",
        "#layers",
    ):
        assert not tab.locator(selector).first.is_visible(), selector
    shown = tab.locator("nav a").evaluate_all("(links) => links.filter((a) => a.offsetParent).map((a) => a.hash)")
    assert shown == ["#network", "#data", "#training", "#space", "#why", "#fooled"]
    assert all(tab.locator(f"{section} h2").is_visible() for section in shown)
    context.close()


def test_a_script_that_the_page_did_not_come_with_does_not_run(browser, page):
    tab = browser.new_page()
    refused = []
    tab.on("console", lambda message: refused.append(message.text))
    tab.goto(page.as_uri())
    tab.evaluate(
        "() => { const added = document.createElement('script'); added.textContent = 'window.hacked = 1';"
        " document.body.append(added); }"
    )
    assert tab.evaluate("window.hacked === undefined")
    assert any("Content Security Policy" in text for text in refused)
    tab.close()
