"""How alike two networks' layers are: centered kernel alignment."""

from types import SimpleNamespace

import numpy as np
import pytest

import minicnn as cnn
from viz.page.compare import _likeness, make
from viz.page.subject import Missing


def network(seed: int, maps: int = 4) -> cnn.Sequential:
    model = cnn.Sequential(
        conv=cnn.Conv2d(1, maps, 3), relu=cnn.ReLU(), flatten=cnn.Flatten(), fc=cnn.Dense(36 * maps, 3)
    )
    model.initialize(seed).transform = cnn.data.Transform()
    return model


def subject(images: int) -> SimpleNamespace:
    rng = np.random.default_rng(0)
    data = cnn.data.Dataset(rng.integers(0, 256, (images, 1, 8, 8), dtype=np.uint8), np.zeros(images, int), ["a"])
    return SimpleNamespace(seed=0, data=data, model=network(0))


@pytest.mark.parametrize("images", [3, 12])
def test_a_network_is_like_itself_and_features_may_be_scaled_and_turned(images: int) -> None:
    twin = network(0)
    twin["conv"].weight[...] = -2 * twin["conv"].weight[::-1]
    twin["conv"].bias[...] = 1
    assert _likeness(subject(images), network(0), ["conv", "relu", "fc"]) == {"conv": 1, "relu": 1, "fc": 1}
    assert _likeness(subject(images), twin, ["conv"]) == {"conv": 1}


@pytest.mark.parametrize("maps", [4, 6])
def test_another_network_is_less_alike(maps: int) -> None:
    found = _likeness(subject(12), network(1, maps), ["conv", "fc"])
    assert all(0 < likeness < 1 for likeness in found.values())


@pytest.mark.parametrize(("images", "paths"), [(2, ["conv"]), (12, [])])
def test_of_two_images_or_no_layer_nothing_is_said(images: int, paths: list[str]) -> None:
    assert _likeness(subject(images), network(1), paths) == {}


@pytest.mark.parametrize("missing", [("mine",), ("theirs",), ("mine", "theirs")])
def test_where_the_page_cannot_run_one_of_the_two_it_says_why(missing: tuple[str, ...]) -> None:
    def half(name: str) -> SimpleNamespace:
        lacks = name in missing
        program = None if lacks else object()
        return SimpleNamespace(program=program, program_missing=f"{name} has an odd layer." if lacks else "")

    pair = half("mine")
    pair.other = half("theirs")
    with pytest.raises(Missing, match=rf"The page must run both networks\. {missing[0]} has an odd layer\."):
        make(pair, None)
