"""Sheets of small images: cut into cells again, they are what was put in, in the colors of their scale."""

import io
import re

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from tests.viz.page.sheets import images_in, images_of
from viz.page.sprites import PALETTES, Sprites, data_uri, palette, shrunk, thumbnails

WHITE, BLACK = [255, 255, 255], [0, 0, 0]


def colors_of(sprites: Sprites, name: str) -> np.ndarray:
    """The cells of a sheet of maps as they are seen, (n, h, w, 3)."""
    sheet = sprites.sheets[name]
    levels = images_of(sprites, name)
    with Image.open(io.BytesIO(sprites.files[sheet["src"]])) as image:
        return np.array(image.getpalette()).reshape(-1, 3)[levels]


@pytest.mark.parametrize(("count", "side", "columns"), [(1, 5, 1), (47, 2, 47), (48, 2, 48), (49, 2, 48), (100, 1, 48)])
def test_a_row_has_at_most_48_cells(count: int, side: int, columns: int) -> None:
    sprites, images = Sprites(), np.arange(count, dtype=np.uint8).repeat(side * side).reshape(count, 1, side, side)
    assert sprites.add_images("some", images) == "some"
    assert sprites.sheets["some"] == {
        "width": side, "height": side, "columns": columns, "count": count, "src": "some.png"
    }  # fmt: skip
    np.testing.assert_array_equal(images_of(sprites, "some"), images[:, 0])


@pytest.mark.parametrize(
    ("width", "columns"), [(2048, 2), (2049, 1), (4096, 1), (1365, 3), (1366, 2), (5000, 1), (241, 16), (315, 13)]
)
def test_a_sheet_is_at_most_4096_pixels_wide_but_for_a_single_image(width: int, columns: int) -> None:
    sprites = Sprites()
    sprites.add_images("wide", np.arange(20, dtype=np.uint8).repeat(width).reshape(20, 1, 1, width))
    assert sprites.sheets["wide"]["columns"] == columns
    assert images_of(sprites, "wide")[:, 0, 0].tolist() == list(range(20))


def test_images_in_color_are_kept_exactly_or_nearly() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 3, 1, 1), np.uint8).repeat(8, 2).repeat(12, 3)
    sprites = Sprites()
    sprites.add_images("exact", images, lossless=True)
    sprites.add_images("near", images)
    assert {sprites.sheets[name]["src"] for name in ("exact", "near")} == {"exact.webp", "near.webp"}
    np.testing.assert_array_equal(images_of(sprites, "exact"), images.transpose(0, 2, 3, 1))
    near = images_of(sprites, "near")
    assert near.shape == (5, 8, 12, 3) and np.abs(near[:, 4, 5].astype(int) - images[:, :, 4, 5]).max() < 40
    assert len(sprites.files["near.webp"]) != len(sprites.files["exact.webp"])


@pytest.mark.parametrize("each", [False, True])
def test_signed_maps_are_white_at_zero_and_red_and_blue_at_the_ends_of_their_scale(each: bool) -> None:
    maps = np.array([[[0, 2, -2, 1]], [[0, 8, np.nan, -8]], [[0, 0, 0, 0]]], np.float64)
    sprites = Sprites()
    sprites.add_maps("maps", maps, signed=True, each=each)
    levels, colors = images_of(sprites, "maps").astype(int), colors_of(sprites, "maps")
    ends = [[[128, 255, 0, 191]], [[128, 255, 128, 0]], [[128] * 4]] if each else [[[128, 159, 96, 143]]]
    np.testing.assert_allclose(levels[: len(ends)], ends, atol=1)
    assert (colors[levels == 128] >= 245).all()
    red, _, blue = colors[1, 0, 1]
    assert red > 2 * blue
    red, _, blue = colors[1, 0, 3]
    assert blue > 2 * red


@pytest.mark.parametrize("each", [False, True])
def test_other_maps_are_black_at_zero_and_below_and_brightest_at_the_end_of_their_scale(each: bool) -> None:
    maps = np.array([[[0, 1, -1, 2]], [[0, 4, np.nan, -8]], [[0, 0, 0, 0]]], np.float64)
    sprites = Sprites()
    sprites.add_maps("maps", maps, each=each)
    largest = np.array([2, 8, 1] if each else [8, 8, 8])[:, None, None]
    expected = 255 * np.nan_to_num(maps).clip(0) / largest
    np.testing.assert_allclose(images_of(sprites, "maps"), expected, atol=0.51)
    brightness = colors_of(sprites, "maps").sum(axis=3)
    order = np.argsort(expected, axis=None, kind="stable")
    assert (np.diff(brightness.ravel()[order]) >= 0).all() and brightness[expected == 0].max() < 10


@pytest.mark.parametrize("signed", [False, True])
def test_a_legend_has_the_colors_of_the_maps_from_low_to_high(signed: bool) -> None:
    sprites = Sprites()
    sprites.add_maps("ramp", np.linspace(-1 if signed else 0, 1, 256)[None, None], signed=signed)
    ramp = colors_of(sprites, "ramp")[0, 0]
    for count in (2, 9, 256):
        hexes = palette(signed, count)
        rgb = [[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in hexes]
        assert len(hexes) == count and all(re.fullmatch("#[0-9a-f]{6}", color) for color in hexes)
        np.testing.assert_allclose(rgb, ramp[np.linspace(0, 255, count).round().astype(int)], atol=3)
    assert len(palette(signed)) == 9
    text = PALETTES["signed" if signed else "plain"]
    np.testing.assert_array_equal([int(text[i : i + 2], 16) for i in range(0, 1536, 2)], np.ravel(rgb))
    assert len(text) == 1536


@pytest.mark.parametrize(
    ("size", "side", "small"),
    [
        ((4, 4), 4, (4, 4)), ((3, 4), 4, (3, 4)), ((4, 6), 3, (2, 3)), ((6, 4), 3, (3, 2)), ((8, 8), 2, (2, 2)),
        ((1, 40), 5, (1, 5)), ((40, 1), 5, (5, 1)), ((9, 6), 8, (8, 5)), ((6, 9), 8, (5, 8)), ((5, 4), 4, (4, 3)),
    ],
)  # fmt: skip
def test_maps_are_shrunk_in_proportion_until_the_longer_side_fits(size, side, small) -> None:
    maps = np.random.default_rng(0).standard_normal((2, *size))
    found = shrunk(maps, side)
    assert found.shape == (2, *small)
    if size == small:
        assert found is maps
    elif not any(whole % part for whole, part in zip(size, small, strict=True)):
        np.testing.assert_allclose(found.mean(axis=(1, 2)), maps.mean(axis=(1, 2)), atol=1e-5)


def test_a_shrunk_pixel_is_the_mean_of_those_it_covers() -> None:
    maps = np.arange(48.0).reshape(2, 4, 6)
    np.testing.assert_allclose(shrunk(maps, 3), maps.reshape(2, 2, 2, 3, 2).mean(axis=(2, 4)))
    images = np.random.default_rng(0).integers(0, 256, (3, 2, 6, 4), np.uint8)
    found = thumbnails(images, 3)
    assert found.dtype == np.uint8
    np.testing.assert_allclose(found, images.reshape(3, 2, 3, 2, 2, 2).mean(axis=(3, 5)), atol=0.51)
    for side in (6, 7):
        assert thumbnails(images, side) is images and thumbnails(images.swapaxes(2, 3), side).shape == (3, 2, 4, 6)


def test_a_figure_is_cut_to_what_is_drawn_and_as_large_as_on_a_screen_of_96_dots_an_inch() -> None:
    figure = Figure((6, 4))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_axis_off()
    ax.set_xlim(0, 6)
    ax.set_ylim(0, 4)
    ax.add_patch(Rectangle((1, 1), 2.9, 0.9, linewidth=0))
    ax.text(5, 3, "")
    sprites = Sprites()
    sprites.add_figure("box", figure)
    sheet = sprites.sheets["box"]
    assert sheet["src"] == "box.svg"  # 0.05 inches around it
    assert (sheet["width"], sheet["height"]) == pytest.approx((96 * 3, 96 * 1), abs=1)
    again = Sprites()
    again.add_figure("box", figure)
    assert again.files == sprites.files and b"<svg" in sprites.files["box.svg"]
    colors = set(re.findall(rb"fill: (#\w+|none)", sprites.files["box.svg"]))
    assert colors - {b"none"} == {b"#1f77b4"}  # the rectangle's, and no paper under it


@pytest.mark.parametrize(
    ("file", "kind"), [("a.png", "png"), ("a.b.webp", "webp"), ("maps-1.svg", "svg+xml"), ("svg.png", "png")]
)
def test_a_uri_names_the_kind_of_its_file(file: str, kind: str) -> None:
    assert data_uri(file, b"\x00\xffab") == f"data:image/{kind};base64,AP9hYg=="


def test_a_sheet_in_a_page_is_the_file() -> None:
    sprites, images = Sprites(), np.arange(24, dtype=np.uint8).reshape(2, 1, 3, 4)
    sprites.add_images("two", images)
    sheet = dict(sprites.sheets["two"], src=data_uri("two.png", sprites.files["two.png"]))
    np.testing.assert_array_equal(images_in(sheet), images[:, 0])


def test_the_scales_are_the_ones_of_the_plots() -> None:
    for signed, name in ((False, "magma"), (True, "RdBu_r")):
        ends = [[round(255 * float(c)) for c in colormaps[name](end)[:3]] for end in (0, 255)]
        assert palette(signed, 2) == ["#" + bytes(end).hex() for end in ends]
