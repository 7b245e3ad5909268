"""Images of every kind become arrays: their colors, orientation, transparency and size."""

import contextlib
import struct

import numpy as np
import pytest
from PIL import Image

from minicnn.data import DataError, read_image
from tests.data.handmade import png

RNG = np.random.default_rng(0)
COLORS = RNG.integers(0, 256, (6, 4, 3), dtype=np.uint8)
GRAYS = RNG.integers(0, 256, (6, 4), dtype=np.uint8)


def saved(image, path, **options):
    image.save(path, **options)
    return path


def test_color_images_are_channels_first(tmp_path):
    image = read_image(saved(Image.fromarray(COLORS), tmp_path / "a.png"))
    assert image.dtype == np.uint8 and np.array_equal(image, COLORS.transpose(2, 0, 1))
    assert image.flags.c_contiguous and image.flags.writeable


def test_gray_images_have_one_channel(tmp_path):
    assert np.array_equal(read_image(saved(Image.fromarray(GRAYS), tmp_path / "a.png")), GRAYS[None])


@pytest.mark.parametrize("source", [COLORS, Image.fromarray(COLORS)], ids=["array", "Pillow image"])
def test_arrays_and_pillow_images_are_images_too(source):
    assert np.array_equal(read_image(source), COLORS.transpose(2, 0, 1))


def test_photographs_are_turned_upright_as_their_camera_noted(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show the image rotated clockwise by 90°
    path = saved(Image.fromarray(COLORS), tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_image(path), np.rot90(COLORS, -1).transpose(2, 0, 1))


def test_transparent_parts_are_white(tmp_path):
    pixels = np.zeros((1, 3, 4), np.uint8)
    pixels[0, :, 3] = 0, 51, 255
    image = read_image(saved(Image.fromarray(pixels), tmp_path / "a.png"))
    assert image[:, 0].tolist() == [[255, 204, 0]] * 3


def test_transparent_gray_images_stay_gray(tmp_path):
    path = saved(Image.merge("LA", [Image.new("L", (2, 1), 10), Image.new("L", (2, 1), 0)]), tmp_path / "a.png")
    assert read_image(path).tolist() == [[[255, 255]]]


def test_palettes_give_their_colors_and_transparency(tmp_path):
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8)).convert("P")
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    assert read_image(saved(image, tmp_path / "a.png"))[:, 0].T.tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    path = saved(image, tmp_path / "b.png", transparency=1)
    assert read_image(path)[:, 0, 1].tolist() == [255, 255, 255]


def test_black_and_white_images_are_0_and_255(tmp_path):
    path = saved(Image.fromarray(np.array([[True, False]])), tmp_path / "a.png")
    assert read_image(path).tolist() == [[[255, 0]]]


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_scaled_to_eight(tmp_path, suffix):
    # v / 257, rounded: 65406 and 65407 lie on either side of 254½ · 257.
    shades = np.array([[128, 129, 128 * 257, 65406, 65407, 65535]], np.uint16)
    path = saved(Image.fromarray(shades), tmp_path / f"a.{suffix}")
    assert read_image(path).tolist() == [[[0, 1, 128, 254, 255, 255]]]


def test_cmyk_becomes_rgb(tmp_path):
    path = saved(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), tmp_path / "a.tif")
    assert read_image(path)[:, 0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("value, dtype", [(0.5, np.float32), (65_536, np.int32), (-1, np.int32)])
def test_pixels_that_are_not_8_or_16_bits_are_refused(tmp_path, value, dtype):
    path = saved(Image.fromarray(np.full((2, 2), value, dtype)), tmp_path / "a.tif")
    with pytest.raises(DataError, match=r"a\.tif: .*save it with 8 or 16 bits a channel"):
        read_image(path)


@pytest.mark.parametrize(
    "height, width, size, expected",
    [
        (300, 400, 256, (256, 341)),
        (400, 300, 256, (341, 256)),
        (50, 50, 224, (224, 224)),
        (300, 400, (100, 200), (150, 200)),
        (400, 300, (100, 20), (100, 75)),
        (1, 3, (5, 2), (5, 15)),
    ],
)
def test_size_keeps_proportions_and_covers(height, width, size, expected):
    assert read_image(np.zeros((height, width), np.uint8), size).shape[1:] == expected


def test_crop_takes_the_middle():
    pixels = np.arange(30, dtype=np.uint8).reshape(5, 6)
    assert np.array_equal(read_image(pixels, crop=(3, 2))[0], pixels[1:4, 2:4])
    assert np.array_equal(read_image(pixels, crop=5)[0], pixels[:, 0:5])
    assert np.array_equal(read_image(pixels, crop=(5, 6))[0], pixels)
    assert np.array_equal(read_image(pixels, crop=1)[0], pixels[2:3, 2:3])
    larger = np.arange(90, dtype=np.uint8).reshape(9, 10)
    assert np.array_equal(read_image(larger, crop=(3, 2))[0], larger[3:6, 4:6])


SIDES = [(0, 8), (8, 0), (10_001, 8), (8, 10_001), (8.0, 8), (8, 8.0)]  # of which one is right


@pytest.mark.parametrize("size", [0, -1, 10_001, 10**9, 8.0, "8", (8,), (8, 8, 8), True, *SIDES])
def test_a_size_that_is_none_is_refused(size):
    with pytest.raises(ValueError, match="size: expected a number of pixels"):
        read_image(GRAYS, size)


def test_scaling_down_averages():
    checks = np.tile(np.array([[0, 255], [255, 0]], np.uint8), (32, 32))
    assert abs(read_image(checks, 8).astype(float) - 127.5).max() < 8


def test_an_image_smaller_than_the_crop_is_refused():
    for height, width in ((9, 8), (7, 4), (6, 5)):
        with pytest.raises(DataError, match=f"^image: expected at least {width}×{height} pixels, got 4×6"):
            read_image(GRAYS, crop=(height, width))


def test_scaling_never_takes_endless_memory():
    with pytest.raises(DataError, match="60000×1 is too long and thin"):
        read_image(np.zeros((1, 60_000), np.uint8), 224)


def test_an_image_may_be_scaled_to_as_many_pixels_as_pillow_allows(monkeypatch):
    for most, taken in ((None, True), (64, True), (63, False)):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", most)
        with contextlib.nullcontext() if taken else pytest.raises(DataError, match="to be scaled to 8×8"):
            assert read_image(GRAYS[:4], 8).shape == (1, 8, 8)


def test_the_transparent_shade_of_a_gray_image_of_16_bits_is_white(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png(3, 1, 16, 0, [struct.pack(">3H", 1028, 0, 65535)], (b"tRNS", struct.pack(">H", 1028))))
    assert read_image(path).tolist() == [[[255, 0, 255]]]


def test_gray_with_transparency_in_16_bits_is_one_channel_on_white(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png(3, 1, 16, 4, [struct.pack(">6H", 0, 0, 0, 65535, 51400, 65535)]))
    assert read_image(path).tolist() == [[[255, 0, 200]]]


def test_colors_of_16_bits_and_with_transparency(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png(2, 1, 16, 6, [struct.pack(">8H", 65535, 0, 32896, 65535, 9, 9, 9, 0)]))
    assert read_image(path)[:, 0].T.tolist() == [[255, 0, 128], [255, 255, 255]]
    path.write_bytes(png(2, 1, 16, 2, [struct.pack(">6H", 65535, 0, 32896, 0, 0, 257)]))
    assert read_image(path)[:, 0].T.tolist() == [[255, 0, 128], [0, 0, 1]]


@pytest.mark.parametrize("kind", ["gif", "png", "webp", "tiff"])
def test_of_an_animation_or_of_pages_it_is_the_first(tmp_path, kind):
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "lime", "blue")]
    path = saved(frames[0], tmp_path / f"a.{kind}", save_all=True, append_images=frames[1:])
    assert abs(read_image(path).astype(int)[:, 8, 8] - [255, 0, 0]).max() <= 2


def test_cmyk_of_a_jpeg_becomes_rgb(tmp_path):
    for ink, color in (((0, 255, 255, 0), [255, 0, 0]), ((0, 0, 0, 255), [0, 0, 0]), ((0, 0, 0, 0), [255, 255, 255])):
        path = saved(Image.new("CMYK", (16, 16), ink), tmp_path / "a.jpg", quality=100)
        assert abs(read_image(path)[:, 8, 8].astype(int) - color).max() <= 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_put_upright(tmp_path, orientation):
    turned = {
        1: COLORS,
        2: COLORS[:, ::-1],
        3: COLORS[::-1, ::-1],
        4: COLORS[::-1],
        5: COLORS.transpose(1, 0, 2),
        6: np.rot90(COLORS, -1),
        7: COLORS[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(COLORS),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(Image.fromarray(COLORS), tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_image(path), turned[orientation].transpose(2, 0, 1))


def test_a_broken_note_of_the_camera_is_read_over_without_a_word(tmp_path, recwarn):
    path = saved(Image.fromarray(COLORS), tmp_path / "a.png", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff")
    assert np.array_equal(read_image(path), COLORS.transpose(2, 0, 1))
    assert not recwarn.list


def colored(channels):
    """COLORS with any number of channels: the fourth is opacity."""
    return np.concatenate([COLORS, np.full((6, 4, 1), 255, np.uint8)], axis=2)[:, :, :channels]


WIDE = RNG.integers(0, 256, (3, 6, 5), dtype=np.uint8)
AS_IMAGES = {  # arrays, and the image that each of them is, channels first
    "a picture of 3 channels": (colored(3), COLORS.transpose(2, 0, 1)),
    "a picture of 4 channels": (colored(4), COLORS.transpose(2, 0, 1)),
    "an image of a data set": (WIDE, WIDE),
    "a gray image of a data set": (WIDE[:1], WIDE[:1]),
    "a gray picture": (GRAYS, GRAYS[None]),
    "a row of 3 channels": (COLORS[:1], COLORS[:1].transpose(2, 0, 1)),
    "a row of 4 channels": (colored(4)[:1], COLORS[:1].transpose(2, 0, 1)),
    "three rows of 3 channels": (COLORS[:3], COLORS[:3].transpose(2, 0, 1)),
    "three rows of 4 channels": (colored(4)[:3], COLORS[:3].transpose(2, 0, 1)),
    "an image of a data set, 2 wide": (COLORS.transpose(2, 0, 1)[..., :2], COLORS[:, :2].transpose(2, 0, 1)),
    "a gray image of a data set, 1 wide": (GRAYS[None, :, :1], GRAYS[None, :, :1]),
}


@pytest.mark.parametrize("name", AS_IMAGES)
def test_an_array_is_read_with_its_channels_first_or_last(name):
    """Where both could be, as in a picture three pixels high, the channels are last."""
    array, expected = AS_IMAGES[name]
    np.testing.assert_array_equal(read_image(array), expected)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 2)),
        COLORS.astype(int),
        *(np.zeros(shape, np.uint8) for shape in ((2, 4, 2), (4,), (4, 4, 5), (1, 4, 4, 3))),
    ],
)
def test_other_arrays_are_refused(array):
    with pytest.raises(ValueError, match=r"expected a uint8 array \(H, W\)"):
        read_image(array)
