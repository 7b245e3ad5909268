"""Files that are broken, damaged, of another kind or declared huge: an error of one line names them."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from minicnn.data import DataError, read_image
from tests.data.handmade import png

RNG = np.random.default_rng(0)
COLORS = RNG.integers(0, 256, (6, 4, 3), dtype=np.uint8)


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_image_is_named(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.png: expected an image"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "bmp", "tiff", "webp", "ppm"])
def test_a_truncated_image_is_named(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    noise = RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:-1500])
    with pytest.raises(DataError, match=rf"a\.{kind}: expected an image, but it cannot be read") as caught:
        read_image(path)
    assert "\n" not in str(caught.value)


BOMBS = {
    "a.png": png(60_000, 50_000, 8, 2, [b""]),
    "a.bmp": b"BM"
    + struct.pack("<IHHI", 100, 0, 0, 54)
    + struct.pack("<IiiHHIIiiII", 40, 60_000, 50_000, 1, 24, 0, 0, 0, 0, 0, 0)
    + b"\0" * 100,
    "a.ppm": b"P6 60000 50000 255\n" + b"\0" * 100,
    "a.gif": b"GIF89a"
    + struct.pack("<HHBBB", 60_000, 50_000, 0, 0, 0)
    + b","
    + struct.pack("<HHHHB", 0, 0, 60_000, 50_000, 0)
    + b"\x02\0;",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_size_that_is_declared_and_huge_is_refused_before_anything_is_decoded(tmp_path, monkeypatch, name):
    (tmp_path / name).write_bytes(BOMBS[name])
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("it is decoded"))
    with pytest.raises(DataError, match=rf"{name}: declares 60000×50000 pixels, .* MINICNN_PIXELS=3000000000$"):
        read_image(tmp_path / name)


def test_the_bound_on_pixels_can_be_moved(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    Image.fromarray(COLORS).save(path)
    monkeypatch.setenv("MINICNN_PIXELS", "24")
    assert read_image(path).shape == (3, 6, 4)
    monkeypatch.setenv("MINICNN_PIXELS", "23")
    with pytest.raises(DataError, match="declares 4×6 pixels, more than 23;"):
        read_image(path)
    monkeypatch.setenv("MINICNN_PIXELS", "all")
    with pytest.raises(DataError, match="MINICNN_PIXELS: expected the number of pixels"):
        read_image(path)


def test_an_image_may_have_64_million_pixels(tmp_path, monkeypatch):
    def decoded(self):
        raise OSError("it is decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decoded)
    path = tmp_path / "a.png"
    for width, height, message in ((8000, 8000, "it is decoded"), (64_000_001, 1, "more than 64,000,000;")):
        path.write_bytes(png(width, height, 8, 0, [b""]))
        with pytest.raises(DataError, match=message):
            read_image(path)


def test_a_file_that_would_start_another_program_is_no_image(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    with pytest.raises(DataError, match="of another kind or broken"):
        read_image(path)


def test_a_missing_image_or_a_folder_is_named(tmp_path):
    with pytest.raises(DataError, match=r"missing\.png: no such file"):
        read_image(tmp_path / "missing.png")
    with pytest.raises(DataError, match="expected an image"):
        read_image(tmp_path)


def encoded(kind):
    file = io.BytesIO()
    Image.fromarray(COLORS).save(file, kind)
    return file.getvalue()


@given(st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "PPM"]), st.data())
def test_damage_anywhere_gives_an_image_or_a_data_error(tmp_path_factory, kind, data):
    content = bytearray(encoded(kind))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content)
    try:
        image = read_image(path, size=8, crop=8)
    except DataError:
        return
    assert image.shape in ((1, 8, 8), (3, 8, 8))
