"""What the page computes itself, in a real browser: drawings, numbers, the film, two networks."""

import numpy as np
import pytest
from PIL import Image

import minicnn as cnn
import viz
from tests.viz.page.driving import draw, seen, settled, until, until_changed

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install .[browser]")
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("browser")]
SQUARE_HIDDEN = "document.getElementById('why-said').textContent.startsWith('With this square hidden')"


def test_a_drawing_is_followed_by_every_view_at_once(visit):
    tab = visit()
    selectors = ("#overview canvas", "#journey-image", "#space-scatter", "#space-features", "#fooled-original")
    selectors += ("#why-image", "#why [data-method='1']", '#journey [data-layer="conv2"] canvas')
    before = [seen(tab, selector) for selector in selectors]
    draw(tab)
    assert tab.evaluate("atlas.state.image") == "own"
    for selector, old in zip(selectors, before, strict=True):
        until_changed(tab, selector, old)  # explanations and the attack come after the maps
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
    selectors = "#journey-image", "#why-image", "#fooled-original"
    before = [seen(tab, selector) for selector in selectors]
    tab.evaluate(f"atlas.choosePlace({place})")
    settled(tab)
    for selector, old in zip(selectors, before, strict=True):
        until_changed(tab, selector, old)
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
    until(tab, "(old) => [...live.refreshed().pixels].join() !== old", before)
    tab.locator('[data-edit="undo"]').click()
    until(tab, "(old) => [...live.refreshed().pixels].join() === old", before)


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


def test_the_keyboard_draws(visit):
    tab = visit()
    tab.locator('[data-edit="clear"]').click()
    settled(tab)
    empty = tab.evaluate("[...live.own()].join()")
    assert tab.locator("#pad-said").inner_text().startswith("The pad is empty")
    tab.locator("#pad").press("ArrowRight")
    assert tab.evaluate("[...live.own()].join()") == empty
    tab.locator("#pad").press("Shift+ArrowDown")
    tab.locator("#pad").press("Space")
    assert tab.evaluate("[...live.own()].join()") != empty
    until(tab, "document.getElementById('pad-said').textContent.startsWith('Computed in this page, in ')")


def test_a_file_is_opened_and_one_that_is_no_image_is_refused(visit, tmp_path):
    tab = visit()
    Image.new("RGB", (40, 30), (200, 100, 50)).save(tmp_path / "plain.png")
    tab.locator("#pad-file").set_input_files(tmp_path / "plain.png")
    until(tab, "atlas.state.image === 'own'")
    assert set(tab.evaluate("[...live.own()]")) == {124}  # its luminance
    (tmp_path / "text.png").write_text("no image")
    tab.locator("#pad-file").set_input_files(tmp_path / "text.png")
    until(tab, "document.getElementById('pad-said').textContent.includes('cannot be read')")


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


def test_the_window_slides_over_the_map_below_and_a_click_on_the_map_chooses_a_place(visit):
    tab = visit("#layer=conv2&channel=1&spot=0-0")
    source, place = seen(tab, "#trace-from"), seen(tab, "#trace-to")
    tab.locator("#number-step").click()
    assert tab.evaluate("atlas.state.spot") == "0-1"
    assert seen(tab, "#trace-from") != source and seen(tab, "#trace-to") != place
    box = tab.locator("#trace-to").bounding_box()
    tab.locator("#trace-to").click(position={"x": box["width"] * 0.9, "y": box["height"] * 0.5})
    assert tab.evaluate("atlas.state.spot") == "1-2"
    value = tab.locator("#number-formula").inner_text().rpartition("= ")[2]
    assert tab.locator("#number-next").inner_text().startswith(f"Then relu2 takes it: max(0, {value})")
    tab.locator("#number-next button").click()
    assert tab.evaluate("[atlas.state.layer, atlas.state.spot].join()") == "relu2,1-2"


def test_the_python_line_gives_the_number(visit, trained, read, test_set):
    model, _ = trained
    tab = visit("#layer=conv2&channel=3&spot=1-2")
    x = model.transform(test_set.images[[read["images"][0]["place"]]])
    given = {"x": model.forward(x, cnn.Pass(until="pool1"))[0], "model": model}
    exec(tab.locator("#number-python").inner_text(), given)
    assert f"= {given['y']:.3f}".replace("-", "−") in tab.locator("#number-formula").inner_text()


def test_a_square_under_the_pointer_hides_what_is_there(visit):
    tab = visit()
    tab.locator("#why-hide").check()
    tab.locator("#why-image").hover()
    until(tab, SQUARE_HIDDEN)
    tab.mouse.move(0, 0)
    until(tab, f"!({SQUARE_HIDDEN})")


def test_the_arrow_keys_move_the_square(visit):
    tab = visit()
    tab.locator("#why-hide").check()
    tab.locator("#why-image").press("ArrowRight")
    until(tab, SQUARE_HIDDEN)
    middle = seen(tab, "#why-image")
    tab.locator("#why-image").press("ArrowRight")
    until_changed(tab, "#why-image", middle)
    tab.locator("#why-hide").uncheck()
    until(tab, f"!({SQUARE_HIDDEN})")
    assert tab.locator("#why-image").get_attribute("tabindex") is None


def test_the_film_changes_everything_at_once_and_ends_as_the_network_is(visit, read):
    tab = visit()
    views = ("#film-filters", "#film-maps", "#film-space")
    until(tab, "document.getElementById('film-answer').textContent")
    last = [seen(tab, view) for view in views]
    accuracy = tab.locator("#film-accuracy").inner_text()
    assert tab.locator("#film-value").inner_text() == "after epoch 3"
    predicted = read["classes"][read["images"][0]["predicted"]]
    assert tab.locator("#film-answer").inner_text().startswith(f"Its answer: {predicted}")
    tab.locator("#film-moment").press("Home")
    assert tab.locator("#film-value").inner_text() == "before training"
    for view, old in zip(views, last, strict=True):
        until_changed(tab, view, old)
    assert tab.locator("#film-accuracy").inner_text() != accuracy
    assert "moment=0" in tab.url
    tab.locator("#film-moment").press("End")
    for view, old in zip(views, last, strict=True):
        until(tab, "([view, old]) => document.querySelector(view).toDataURL() === old", [view, old])


def test_the_film_plays_from_the_beginning_to_the_end_and_stops(visit):
    tab = visit()
    tab.evaluate("window.shown = []; atlas.on(['moment'], () => window.shown.push(atlas.state.moment))")
    tab.locator("#film-play").click()
    until(tab, "document.getElementById('film-play').textContent === 'Play'")
    assert tab.evaluate("window.shown") == [None, 0, 1, 2, 3, 4, 5]


def test_what_a_moment_of_the_film_says_is_what_the_network_said_then(visit, kept, trained, read, test_set):
    tab = visit("#moment=3")
    until(tab, "document.getElementById('film-answer').textContent")
    model = cnn.load(kept / "epoch-1.safetensors")
    x = model.transform(test_set.images[[read["images"][0]["place"]]])
    (expected,) = cnn.ops.softmax(model(x))[0]
    asked = "live.ask('run', { name: 'moment 3', pixels: live.refreshed().pixels }).then((a) => [...a.probabilities])"
    np.testing.assert_allclose(tab.evaluate(asked), expected, atol=5e-3)  # its weights travel in half precision


def test_two_networks_follow_a_drawing_side_by_side(visit, other):
    tab = visit()
    until(tab, "document.getElementById('compare-said-1').textContent")
    before = [tab.locator(f"#compare-bars-{side}").inner_html() for side in (0, 1)]
    layer = "#compare-layers .pair:first-child canvas:last-child"
    maps = seen(tab, layer)
    draw(tab)
    until(tab, "(old) => document.getElementById('compare-bars-1').innerHTML !== old", before[1])
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
