"""How images are prepared for weights from other sources."""

import numpy as np
import pytest

from minicnn import zoo
from minicnn.cli import network as cli
from minicnn.zoo import preprocessing
from minicnn.zoo.preprocessing import PIXELS, prepared

WHITE = np.full((300, 400, 3), 255, np.uint8)


def test_the_command_line_knows_them_all_and_every_network_has_one() -> None:
    assert tuple(PIXELS) == cli.PIXELS
    assert {zoo.network(name).pixels for name in zoo.names()} <= set(PIXELS)
    assert zoo.network("googlenet").pixels == "symmetric"


def test_white_becomes_what_each_says() -> None:
    white = {name: transform.image(WHITE)[0, :, 0, 0] for name, transform in PIXELS.items()}
    np.testing.assert_allclose(white["imagenet"], (1 - np.array([0.485, 0.456, 0.406])) / [0.229, 0.224, 0.225], 1e-6)
    np.testing.assert_allclose(white["symmetric"], 1)
    np.testing.assert_allclose(white["bgr255"], 255)


def test_blue_comes_first_where_the_weights_want_it() -> None:
    blue = np.zeros((230, 230, 3), np.uint8)
    blue[..., 2] = 255
    assert preprocessing.BGR255.image(blue)[0, :, 0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("pixels", PIXELS)
def test_other_sizes_are_cut_by_the_same_share(pixels: str) -> None:
    assert prepared(pixels, 224, 224).image(WHITE).shape == (1, 3, 224, 224)
    assert prepared(pixels, 112, 64).image(WHITE).shape == (1, 3, 112, 64)
    assert PIXELS[pixels].image(WHITE).shape == (1, 3, 224, 224)
    covered = (112, 224) if pixels == "bgr255" else (128, 256)  # the others leave out a margin of an eighth
    assert (prepared(pixels, 112, 224).size, prepared(pixels, 112, 224).crop) == (covered, (112, 224))
