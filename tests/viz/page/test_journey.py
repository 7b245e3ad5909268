"""What the page stores of an image's way through a network: maps where it cannot compute them, and vectors' names."""

from types import SimpleNamespace

import numpy as np
import pytest

import minicnn as cnn
from tests.viz.page.sheets import images_of
from viz.page import journey
from viz.page.sprites import Sprites
from viz.page.stages import Stage, stages_of
from viz.page.subject import Missing


def vector(length: int, kind: str = "Dense") -> Stage:
    return Stage("fc", kind, (length,), False, "", np.arange(min(length, 64)), None)


@pytest.mark.parametrize(("length", "shown"), [(3, 3), (1024, 1024), (1025, 1024)])
def test_of_a_vector_1024_numbers_are_shown(length: int, shown: int) -> None:
    (found,) = journey._vectors(SimpleNamespace(program=object(), stages=[vector(length), vector(9, "Dropout")]))
    assert found == {
        "path": "fc", "source": "", "kind": "Dense", "shape": str(length), "channels": list(range(shown)),
        "of": length, "signed": True, "field": None, "vector": True,
    }  # fmt: skip
    assert journey._vectors(SimpleNamespace(program=None, stages=[vector(length)])) == []


def maps(channels: int, layers: int, side: int = 4) -> SimpleNamespace:
    model = cnn.Sequential(
        {str(k): cnn.Conv2d(1 if k == 0 else channels, channels, 1) for k in range(layers)} | {"relu": cnn.ReLU()}
    ).initialize(0)
    images = np.random.default_rng(0).integers(0, 256, (3, 1, side, side + 2)).astype(np.uint8)
    images[1] //= 8  # a dark one
    model.transform = cnn.data.Transform()
    x = model.transform(images)
    return SimpleNamespace(model=model, x=x, stages=stages_of(model, images), program=object())


@pytest.mark.parametrize(
    ("channels", "layers", "folded"), [(60, 4, False), (43, 6, True), (64, 4, True), (3, 2, False)]
)
def test_a_journey_of_more_than_300_maps_is_folded(channels: int, layers: int, folded: bool) -> None:
    found = journey.make(maps(channels, layers), Sprites())
    assert sum(len(layer["channels"]) for layer in found["layers"]) == channels * (layers + 1)
    assert found["long"] == folded == (channels * (layers + 1) > 300)


def test_a_layer_says_what_it_is_and_whether_its_maps_have_both_signs() -> None:
    of = maps(3, 1)
    conv, relu = journey.make(of, Sprites())["layers"]
    assert (conv["path"], conv["kind"], conv["source"], conv["shape"]) == ("0", "Conv2d", "0", "4×6×3")
    assert (relu["path"], relu["source"], relu["of"], relu["places"]) == ("relu", "0", 3, [4, 6])
    assert conv["signed"] and not relu["signed"]
    assert conv["field"] == {"size": [1, 1], "stride": [1, 1], "offset": [0, 0]}
    assert [layer["sprite"] for layer in (conv, relu)] == ["maps-0", "maps-1"]
    with pytest.raises(Missing, match="No layer of this network gives maps"):
        journey.make(SimpleNamespace(stages=[vector(3)]), Sprites())


def test_stored_maps_are_at_most_56_pixels_wide_and_each_image_has_one_scale() -> None:
    of, sprites = maps(3, 1, 80), Sprites()
    of.program = None
    journey.make(of, sprites)
    sheet = sprites.sheets["maps-1"]
    assert (sheet["height"], sheet["width"], sheet["count"]) == (round(80 * 56 / 82), 56, 9)
    levels = images_of(sprites, "maps-1").reshape(3, 3, -1).astype(int)
    y = of.model(of.x)
    means = y.mean(axis=(2, 3)) / y.max(axis=(1, 2, 3))[:, None]  # shrinking keeps means, and lowers what is largest
    for image in range(3):
        ratio = levels[image].mean(axis=1)[means[image] > 0.05] / means[image][means[image] > 0.05]
        np.testing.assert_allclose(ratio, ratio[0], rtol=0.05)
        assert levels[image].max() > 200
