"""The atlas in a real browser: what a reader chooses changes what it should, for all readers."""

import contextlib

import numpy as np
import pytest
from PIL import Image

import minicnn as cnn
import viz

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install .[browser]")
axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe is not installed: pip install .[browser]"
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("browser")]
# Every canvas in sight has another size than it is born with: nothing will move any more.
DRAWN = (
    "[...document.querySelectorAll('main canvas')].every((c) => !c.offsetParent || c.width !== 300 || c.height !== 150)"
)
WIDE, NARROW = {"width": 1200, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def visit(browser, page):
    """Open the atlas; whatever the browser complains of, or asks of a network, fails the test."""
    complaints = []
    with contextlib.ExitStack() as opened:

        def visit(fragment="", viewport=WIDE, **options):
            context = opened.enter_context(browser.new_context(viewport=viewport, reduced_motion="reduce", **options))
            context.set_default_timeout(120_000)  # a busy machine is no fault of the page
            tab = context.new_page()
            tab.on("console", lambda message: complaints.append(message.text))
            tab.on("pageerror", lambda error: complaints.append(str(error)))
            tab.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
            tab.on("requestfailed", lambda request: complaints.append(f"failed: {request.url[:80]}"))
            tab.on(
                "request",
                lambda r: r.url.startswith(("file:", "data:", "blob:")) or complaints.append(f"asked for {r.url}"),
            )
            tab.goto(page.as_uri() + fragment)
            settled(tab)
            tab.wait_for_function(DRAWN)
            return tab

        yield visit
    assert not complaints


def seen(tab, selector):
    """What is painted on a canvas."""
    return tab.eval_on_selector(selector, "(canvas) => canvas.toDataURL()")


def choose(tab, place):
    """Choose one of the images to follow, and wait until the page has run the network on it."""
    tab.locator(".picker label").nth(place).click()
    settled(tab)


def settled(tab):
    tab.wait_for_function("live.refreshed() && live.refreshed().of === atlas.state.picture")


def draw(tab):
    """A line on the pad."""
    pad = tab.locator("#pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    tab.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.6, steps=4)
    tab.mouse.up()
    settled(tab)


def test_it_opens_from_disk_without_a_complaint_and_asks_nothing_of_a_network(visit):
    tab = visit()
    tab.mouse.wheel(0, 20_000)
    assert tab.title() == "<small> & mean: an atlas"


def test_hostile_names_are_shown_as_text(visit, classes):
    tab = visit()
    assert tab.locator("#training .confusion tbody th").all_inner_texts() == list(classes)
    assert tab.locator("main b:has-text('dark & dull')").count() == 0
    assert tab.locator("#why-class option").all_inner_texts()[1].startswith(tuple(classes))


def test_a_chosen_picture_is_chosen_in_every_section(visit):
    tab = visit()
    selectors = ("#journey-picture", "#why-picture", "#fooled-picture", '#journey [data-layer="conv1"] canvas')
    before = [seen(tab, selector) for selector in selectors]
    choose(tab, 1)
    assert all(seen(tab, selector) != old for selector, old in zip(selectors, before, strict=True))
    assert tab.locator(".picker input").nth(1).is_checked()
    assert "picture=1" in tab.url


def test_the_probabilities_are_those_of_the_chosen_picture(visit, read):
    tab = visit()
    for place in (0, 2):
        choose(tab, place)
        shown = tab.locator("#journey-bars > div span").all_inner_texts()
        assert shown == [read["classes"][k] for k, _ in read["pictures"][place]["guesses"]]


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
    tab.wait_for_function("Math.abs(document.getElementById('number').getBoundingClientRect().top) < 400")
    assert tab.locator("#number-formula").inner_text().endswith(f"= {value}")
    assert tab.locator("[aria-current]").count() <= 1


def test_pointing_at_the_enlarged_map_frames_what_it_sees(visit):
    tab = visit("#layer=conv2")
    before = seen(tab, "#journey-picture")
    tab.locator("#journey-zoom").hover()
    assert seen(tab, "#journey-picture") != before
    tab.mouse.move(0, 0)
    assert seen(tab, "#journey-picture") == before


def test_a_chosen_class_is_explained_and_stands_out_on_the_map(visit, read):
    tab = visit()
    picture = read["pictures"][0]
    other = next(k for k in range(3) if k != picture["predicted"])
    maps, scatter = seen(tab, "#why [data-method='2']"), seen(tab, "#space-scatter")
    tab.locator("#why-class").select_option(str(other))
    assert seen(tab, "#why [data-method='2']") != maps
    assert seen(tab, "#space-scatter") != scatter
    assert tab.locator("#space-class").input_value() == str(other)
    assert f"class={other}" in tab.url


def test_pointing_at_the_map_shows_a_picture_and_a_click_its_neighbours(visit, read):
    tab = visit()
    scatter = tab.locator("#space-scatter")
    scatter.scroll_into_view_if_needed()
    side = scatter.bounding_box()["width"]
    x, y = (12 + v * (side - 24) for v in read["sections"]["space"]["maps"]["tsne"][7])
    scatter.hover(position={"x": x, "y": y})
    assert tab.locator("#space-tip").is_visible()
    told = tab.locator("#space-tip span").inner_text()
    assert told.startswith(tuple(read["classes"]))
    before = seen(tab, "#space-features"), seen(tab, "#space-pixels")
    scatter.click(position={"x": x, "y": y})
    assert tab.locator("#space-said").inner_text() == told
    assert seen(tab, "#space-features") != before[0] and seen(tab, "#space-pixels") != before[1]
    assert "point=" in tab.url


def test_the_arrow_keys_walk_over_the_map(visit):
    tab = visit()
    scatter = tab.locator("#space-scatter")
    points = set()
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"):
        scatter.press(key)
        points.add(tab.evaluate("atlas.state.point"))
    assert None not in points and len(points) > 1


def test_another_map_moves_the_points(visit):
    tab = visit()
    painted = {seen(tab, "#space-scatter")}
    for name in ("PCA", "t-SNE, as a grid"):
        tab.locator("#space-map label", has_text=name).click()
        painted.add(seen(tab, "#space-scatter"))
    assert len(painted) == 3
    assert "map=grid" in tab.url


def test_the_slider_shows_the_attack_of_that_size(visit, read):
    tab = visit()
    fooled = read["sections"]["fooled"]
    last = len(fooled["levels"]) - 1
    before = seen(tab, "#fooled-picture"), seen(tab, "#fooled-all")
    tab.locator("#fooled-epsilon").press("End")
    assert tab.locator("#fooled-value").inner_text() == f"{fooled['levels'][last]} / 255"
    assert seen(tab, "#fooled-picture") != before[0] and seen(tab, "#fooled-all") != before[1]
    assert read["classes"][fooled["guesses"][0][last][0][0]] in tab.locator("#fooled-said").inner_text()
    assert f"eps={fooled['levels'][last]}" in tab.url


def test_a_cell_of_the_confusion_matrix_opens_its_pictures(visit, read):
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
        "chosen-picture",
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
    assert "picture=1" in tab.url


def test_an_address_brings_back_the_view(visit):
    first = visit()
    choose(first, 2)
    first.locator("#layers label", has_text="conv2").click()
    first.locator("#fooled-epsilon").press("End")
    second = visit("#" + first.url.partition("#")[2])
    for selector in ("#why-picture", "#layers-overview", "#fooled-picture"):
        assert seen(second, selector) == seen(first, selector)


@pytest.mark.parametrize("fragment", ["#picture=99&layer=nowhere&eps=3&point=-1", "#%%%", "#class=<b>&cell=x", "#why"])
def test_a_broken_address_is_passed_over(visit, fragment):
    tab = visit(fragment)
    assert tab.evaluate("atlas.state.picture") == 0


def test_a_link_to_a_section_keeps_what_was_chosen(visit):
    tab = visit("#picture=1")
    tab.locator('nav a[href="#fooled"]').click()
    tab.wait_for_function("Math.abs(document.getElementById('fooled').getBoundingClientRect().top) < 400")
    assert "picture=1" in tab.url


def test_the_skip_link_goes_to_the_sections_and_keeps_what_was_chosen(visit):
    tab = visit("#picture=1")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"
    assert "picture=1" in tab.url


def test_an_address_typed_into_an_open_page_shows_the_pictures_neighbours_too(visit):
    tab = visit()
    before = tab.locator("#space-said").inner_text(), seen(tab, "#space-point")
    tab.evaluate("location.hash = 'picture=1'")
    tab.wait_for_function("atlas.state.picture === 1")
    assert (tab.locator("#space-said").inner_text(), seen(tab, "#space-point")) != before


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


def test_on_paper_there_is_no_bar_and_the_colours_are_light(visit):
    tab = visit(color_scheme="dark")
    tab.emulate_media(media="print")
    assert tab.locator(".bar").is_hidden()
    assert tab.locator(".bricks").evaluate("(e) => getComputedStyle(e).filter") == "none"
    assert background(tab) == "rgb(255, 255, 255)"


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


def test_a_drawing_is_followed_by_every_view_at_once(visit):
    tab = visit()
    selectors = ("#overview canvas", "#journey-picture", "#space-scatter", "#space-features", "#fooled-original")
    selectors += ("#why-picture", "#why [data-method='1']", '#journey [data-layer="conv2"] canvas')
    before = [seen(tab, selector) for selector in selectors]
    draw(tab)
    tab.wait_for_timeout(300)  # explanations and the attack come after the maps
    assert tab.evaluate("atlas.state.picture") == "own"
    for selector, old in zip(selectors, before, strict=True):
        assert seen(tab, selector) != old, selector
    assert tab.locator("#space-said").inner_text() == "your own image: the star on the map"
    assert tab.locator("#chosen-said").inner_text().startswith("your own image")


def test_what_is_said_of_a_drawing_is_what_the_network_says_of_it(visit, trained):
    model, _ = trained
    tab = visit()
    draw(tab)
    pixels = np.array(tab.evaluate("[...live.refreshed().pixels]"), np.uint8).reshape(1, 1, 12, 12)
    expected = cnn.ops.softmax(model(model.transform(pixels)))[0][0]
    found = tab.evaluate("[...live.refreshed().probabilities]")
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_an_image_of_the_gallery_beyond_the_dozen_is_followed_too(visit, read):
    tab = visit()
    chosen = set(map(int, read["gallery"]["chosen"]))
    place = next(k for k in range(60) if k not in chosen)
    before = seen(tab, "#journey-picture"), seen(tab, "#why-picture"), seen(tab, "#fooled-original")
    tab.evaluate(f"atlas.choosePlace({place})")
    settled(tab)
    tab.wait_for_timeout(300)
    after = seen(tab, "#journey-picture"), seen(tab, "#why-picture"), seen(tab, "#fooled-original")
    assert all(new != old for new, old in zip(after, before, strict=True))
    assert f"point={place}" in tab.url
    predicted = read["classes"][read["gallery"]["predictions"][place]]
    assert tab.locator("#studio-bars > div span").first.inner_text() == predicted


@pytest.mark.parametrize("edit", ["left", "up", "down", "right", "rotate", "invert", "noise"])
def test_an_edit_changes_the_image_and_undo_brings_it_back(visit, edit):
    tab = visit()
    pixels = "[...live.refreshed().pixels].join()"
    before = tab.evaluate(pixels)
    tab.locator(f'[data-edit="{edit}"]').click()
    settled(tab)
    tab.wait_for_function("(old) => [...live.refreshed().pixels].join() !== old", arg=before)
    tab.locator('[data-edit="undo"]').click()
    tab.wait_for_function("(old) => [...live.refreshed().pixels].join() === old", arg=before)


def test_the_patches_that_an_image_comes_closest_to_are_those_of_the_channels_that_it_excites_most(
    visit, read, trained
):
    tab = visit("#layer=conv2")
    layer = next(entry for entry in read["sections"]["layers"]["layers"] if entry["path"] == "conv2")
    model, _ = trained
    pixels = np.array(tab.evaluate("[...live.refreshed().pixels]"), np.uint8).reshape(1, 1, 12, 12)
    maps = viz.feature_maps(model, model.transform(pixels), layer["measured"])[layer["measured"]]
    shares = maps.max(axis=(1, 2)) / np.maximum(layer["strongest"], 1e-9) * (np.array(layer["hits"]) > 0)
    best = int(shares.argmax())
    assert f"channels {best} ({shares[best]:.0%})" in tab.locator("#layers-alike-about").inner_text()
    draw(tab)
    assert f"channels {best} ({shares[best]:.0%})" not in tab.locator("#layers-alike-about").inner_text()


def test_without_scripts_there_is_nothing_to_press(browser, page):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(page.as_uri())
    assert tab.locator("main noscript p").is_visible()
    for selector in (".picker", "#pad", "#theme", "#why-class", "#space-map"):
        assert not tab.locator(selector).first.is_visible(), selector
    context.close()


def test_the_keyboard_draws(visit):
    tab = visit()
    tab.locator('[data-edit="clear"]').click()
    settled(tab)
    empty = tab.evaluate("[...live.own()].join()")
    tab.locator("#pad").press("ArrowRight")
    assert tab.evaluate("[...live.own()].join()") == empty
    tab.locator("#pad").press("Shift+ArrowDown")
    tab.locator("#pad").press("Space")
    assert tab.evaluate("[...live.own()].join()") != empty
    assert tab.locator("#pad-said").inner_text()


def test_a_file_is_opened_and_one_that_is_no_image_is_refused(visit, tmp_path):
    tab = visit()
    Image.new("RGB", (40, 30), (200, 100, 50)).save(tmp_path / "plain.png")
    tab.locator("#pad-file").set_input_files(tmp_path / "plain.png")
    tab.wait_for_function("atlas.state.picture === 'own'")
    assert set(tab.evaluate("[...live.own()]")) == {124}  # its luminance
    (tmp_path / "text.png").write_text("no image")
    tab.locator("#pad-file").set_input_files(tmp_path / "text.png")
    tab.wait_for_function("document.getElementById('pad-said').textContent.includes('cannot be read')")


def test_a_number_is_taken_apart_down_to_the_pixels(visit):
    tab = visit("#layer=relu2&channel=1&spot=0-1")
    assert tab.locator("#number-trail").inner_text().startswith("relu2, channel 1, row 0, column 1: made of conv2")
    for layer in ("conv2", "pool1", "relu1", "conv1"):
        way = tab.locator("#number-terms td button").first
        way.scroll_into_view_if_needed()
        way.click()
        assert tab.evaluate("atlas.state.layer") == layer
    assert tab.locator("#number-trail").inner_text().endswith("made of the image")
    assert tab.locator("#number-terms td button").count() == 0
    assert 'model["conv1"].weight' in tab.locator("#number-python").inner_text()


def test_the_python_line_gives_the_number(visit, trained, read, test_set):
    model, _ = trained
    tab = visit("#layer=conv2&channel=3&spot=1-2")
    x = model.transform(test_set.images[[read["pictures"][0]["place"]]])
    given = {"x": model.forward(x, cnn.Pass(until="pool1"))[0], "model": model}
    exec(tab.locator("#number-python").inner_text(), given)
    assert f"= {given['y']:.3f}".replace("-", "−") in tab.locator("#number-formula").inner_text()


def test_a_square_under_the_pointer_hides_what_is_there(visit):
    tab = visit()
    tab.locator("#why-hide").check()
    tab.locator("#why-picture").hover()
    tab.wait_for_function("document.getElementById('why-said').textContent.startsWith('With this square hidden')")


def test_the_film_changes_everything_at_once_and_ends_as_the_network_is(visit, read):
    tab = visit()
    views = ("#film-filters", "#film-maps", "#film-space")
    tab.wait_for_function("document.getElementById('film-answer').textContent")
    last = [seen(tab, view) for view in views]
    accuracy = tab.locator("#film-accuracy").inner_text()
    assert tab.locator("#film-value").inner_text() == "after epoch 3"
    predicted = read["classes"][read["pictures"][0]["predicted"]]
    assert tab.locator("#film-answer").inner_text().startswith(f"Its answer: {predicted}")
    tab.locator("#film-moment").press("Home")
    tab.wait_for_timeout(300)
    assert tab.locator("#film-value").inner_text() == "before training"
    assert all(seen(tab, view) != old for view, old in zip(views, last, strict=True))
    assert tab.locator("#film-accuracy").inner_text() != accuracy
    assert "moment=0" in tab.url
    tab.locator("#film-moment").press("End")
    tab.wait_for_timeout(300)
    assert [seen(tab, view) for view in views] == last


def test_the_film_plays_from_the_beginning_to_the_end_and_stops(visit):
    tab = visit()
    tab.locator("#film-play").click()
    assert tab.locator("#film-play").inner_text() == "Stop"
    seen_moments = set()
    for _ in range(60):
        seen_moments.add(tab.locator("#film-value").inner_text())
        if tab.locator("#film-play").inner_text() == "Play":
            break
        tab.wait_for_timeout(150)
    assert {"before training", "after 2 batches", "after epoch 2", "after epoch 3"} <= seen_moments


def test_what_a_moment_of_the_film_says_is_what_the_network_said_then(visit, kept, trained, read, test_set):
    tab = visit("#moment=3")
    tab.wait_for_function("document.getElementById('film-answer').textContent")
    model = cnn.load(kept / "epoch-1.safetensors")
    x = model.transform(test_set.images[[read["pictures"][0]["place"]]])
    (expected,) = cnn.ops.softmax(model(x))[0]
    asked = "live.ask('run', { name: 'moment 3', pixels: live.refreshed().pixels }).then((a) => [...a.probabilities])"
    np.testing.assert_allclose(tab.evaluate(asked), expected, atol=5e-3)  # its weights travel in half precision


def test_two_networks_follow_a_drawing_side_by_side(visit, other):
    tab = visit()
    tab.wait_for_function("document.getElementById('compare-said-1').textContent")
    before = [tab.locator(f"#compare-bars-{side}").inner_html() for side in (0, 1)]
    layer = "#compare-layers .pair:first-child canvas:last-child"
    maps = seen(tab, layer)
    draw(tab)
    tab.wait_for_function("(old) => document.getElementById('compare-bars-1').innerHTML !== old", arg=before[1])
    assert tab.locator("#compare-bars-0").inner_html() != before[0]
    assert seen(tab, layer) != maps
    pixels = np.array(tab.evaluate("[...live.refreshed().pixels]"), np.uint8).reshape(1, 1, 12, 12)
    (expected,) = cnn.ops.softmax(other(other.transform(pixels)))[0]
    asked = "live.ask('run', { name: 'other', pixels: live.refreshed().pixels }).then((a) => [...a.probabilities])"
    np.testing.assert_allclose(tab.evaluate(asked), expected, atol=1e-5)


def test_an_image_that_two_networks_disagree_on_is_followed_everywhere(visit, read):
    tab = visit()
    group = tab.locator("#compare [data-group]").first
    group.scroll_into_view_if_needed()
    group.press("End")
    kind = read["sections"]["compare"]["groups"][int(group.get_attribute("data-group"))]
    assert tab.evaluate("atlas.state.point") == kind["places"][-1]


@pytest.mark.parametrize(
    "lens", ["prediction", "mistakes", "certainty", "attribute:brightness", "attribute:<b>row</b>"]
)
def test_a_lens_colors_the_map_anew_and_says_what_its_colors_mean(visit, lens):
    tab = visit()
    before = seen(tab, "#space-scatter"), tab.locator("#space-key").inner_text()
    tab.locator("#space-lens").select_option(lens)
    assert seen(tab, "#space-scatter") != before[0]
    assert lens == "prediction" or tab.locator("#space-key").inner_text() != before[1]
    if lens == "attribute:<b>row</b>":
        assert tab.locator("#space-key").inner_text().split() == ["0", "59"]
    assert "lens=" in tab.url


def test_a_search_leaves_what_it_finds_and_shows_its_mean(visit, read):
    tab = visit()
    tab.locator("#space-find").fill("taken for")
    wrong = sum(a != b for a, b in zip(read["gallery"]["labels"], read["gallery"]["predictions"], strict=True))
    assert tab.locator("#space-selected").inner_text().startswith(f"{wrong} of 60 images")
    one = seen(tab, "#space-mean")
    tab.locator("#space-find").fill("dark")
    assert seen(tab, "#space-mean") != one
    tab.locator("#space-find").fill("no such class")
    assert tab.locator("#space-selected").inner_text() == "No image is left." and tab.locator("#space-mean").is_hidden()
    tab.locator("#space-all").click()
    assert tab.locator("#space-selection").is_hidden()


def test_the_mean_of_a_class_is_the_mean_of_its_pixels(visit, test_set):
    tab = visit()
    tab.locator("#space-class").select_option("0")
    mean = test_set.images[test_set.labels == 0].mean(axis=0)[0]
    script = "atlas.sheet('space-mean').image.getContext('2d').getImageData(0, 0, 12, 12).data"
    found = np.array(tab.evaluate(f"[...{script}]")).reshape(12, 12, 4)
    np.testing.assert_allclose(found[..., 0], mean, atol=0.51)


def test_a_lasso_holds_what_lies_inside(visit, read):
    tab = visit()
    scatter = tab.locator("#space-scatter")
    scatter.scroll_into_view_if_needed()
    tab.locator("#space-lasso").click()
    box, points = scatter.bounding_box(), np.array(read["sections"]["space"]["maps"]["tsne"])
    side = box["width"]
    corners = [(0.01, 0.01), (0.5, 0.01), (0.5, 0.99), (0.01, 0.99), (0.01, 0.5)]
    for k, (u, v) in enumerate(corners):
        tab.mouse.move(box["x"] + u * side, box["y"] + v * side, steps=4)
        if k == 0:
            tab.mouse.down()
    tab.mouse.up()
    inside = ((12 + points * (side - 24))[:, 0] < side / 2).sum()
    assert tab.locator("#space-selected").inner_text().startswith(f"{inside} of 60 images")


def test_the_map_is_zoomed_by_buttons_and_keys(visit):
    tab = visit()
    whole = seen(tab, "#space-scatter")
    tab.locator("#space-in").click()
    near = seen(tab, "#space-scatter")
    assert near != whole
    tab.locator("#space-scatter").press("-")
    assert seen(tab, "#space-scatter") == whole
    tab.locator("#space-scatter").press("+")
    tab.locator("#space-all").click()
    assert seen(tab, "#space-scatter") == whole


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
