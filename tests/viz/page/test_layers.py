"""How a layer's images come about: filters in color, and what excites a channel, brightened up."""

import numpy as np
import pytest

import minicnn as cnn
from tests.viz.page.sheets import images_of
from viz.page.layers import CONTRAST, _in_colors, _with_contrast, make
from viz.page.sprites import Sprites
from viz.page.subject import study


def test_a_pale_image_gets_contrast_and_others_stay() -> None:
    waves = np.sin(np.arange(4 * 3 * 16 * 16).reshape(4, 3, 16, 16))
    waves /= waves.std(axis=(1, 2, 3), keepdims=True)
    spreads = np.array([CONTRAST / 8, CONTRAST / 2, CONTRAST * 1.2, 0]).reshape(4, 1, 1, 1)
    images = 120 + spreads * waves
    found = _with_contrast(images)
    assert found.dtype == np.uint8
    np.testing.assert_allclose(found[:2].std(axis=(1, 2, 3)), CONTRAST, rtol=0.02)
    np.testing.assert_allclose(found[:2].mean(axis=(1, 2, 3)), 127.5, atol=1)
    np.testing.assert_array_equal(found[2:], np.rint(images[2:]))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_filter_in_color_is_gray_at_zero_and_the_brighter_the_larger_its_weights_are(sign: int) -> None:
    w = sign * np.linspace(-0.5, 0.25, 2 * 3 * 5 * 5).reshape(2, 3, 5, 5)
    w[0, :, 2, 2] = 0
    sprites = Sprites()
    _in_colors(sprites, "filters", w)
    levels = images_of(sprites, "filters").astype(int).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(levels, 127.5 * (1 + w / 0.5), atol=0.51)  # the largest weight reaches an end
    assert levels[0, :, 2, 2].tolist() in ([127] * 3, [128] * 3)


def test_a_dead_channel_has_no_patches(network, few, quick):
    model = network.initialize(seed=0)
    model.transform = cnn.data.Transform(mean=(0.5,), std=(0.5,))
    model["conv2"].bias[1], model["conv2"].bias[2] = -1e6, 1e6
    sprites = Sprites()
    layer = make(study(model, few), sprites)["layers"][1]
    assert layer["path"] == "conv2" and layer["dead"] == [k for k, hits in enumerate(layer["hits"]) if hits == 0]
    assert layer["hits"][1:3] == [0, 6] and layer["top"] == 6
    assert (images_of(sprites, layer["patches"])[6:12] == 255).all()
