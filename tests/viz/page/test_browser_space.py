"""The map of the feature space in a real browser."""

import numpy as np
import pytest

from tests.viz.page.driving import seen

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install .[browser]")
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("browser")]


def test_pointing_at_the_map_shows_an_image_and_a_click_its_neighbors(visit, read):
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
