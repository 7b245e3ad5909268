"""How many images an attack fools, and what is said where that is not counted."""

from types import SimpleNamespace

import numpy as np
import pytest

import minicnn as cnn
from tests.viz.page.sheets import images_of
from viz.page import fooled
from viz.page.fooled import _accuracy, _attack, _likeliest, make
from viz.page.sprites import Sprites


def subject(count: int = 12, **known) -> SimpleNamespace:
    model = cnn.Sequential(flatten=cnn.Flatten(), fc=cnn.Dense(48, 3)).initialize(0)
    model.transform = cnn.data.Transform(mean=(0.5, 0.4, 0.5), std=(0.25, 0.5, 0.25), channels="RGB")
    rng = np.random.default_rng(0)
    data = cnn.data.Dataset(rng.integers(60, 200, (count, 3, 4, 4), np.uint8), rng.integers(0, 3, count), "abc")
    facts = {"model": model, "data": data, "seed": 5, "labeled": True, "is_large": False, "gallery": np.arange(count)}
    return SimpleNamespace(**facts | known)


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({"labeled": False}, "the classes of these images are not the network's"),
        ({"labeled": False, "is_large": True}, "the classes of these images are not the network's"),
        ({"is_large": True}, "it would take long for a network of this size"),
    ],
)
def test_without_an_accuracy_the_page_says_why(known, why) -> None:
    found = _accuracy(subject(**known), (0, 4))
    assert found == {"curve": None, "curve_missing": f"The accuracy was not measured: {why}."}


@pytest.mark.parametrize("most", [5, 7, 8])
def test_the_accuracy_is_that_of_the_gallery_or_of_a_sample_of_the_data(most, monkeypatch) -> None:
    monkeypatch.setattr(fooled, "TESTED", most)
    monkeypatch.setattr(fooled, "chart", lambda *given, **options: (given, options))
    of = subject(gallery=np.array([0, 2, 3, 5, 6, 8, 11]))
    some = of.gallery if most >= 7 else np.sort(np.random.default_rng(5).permutation(12)[:most])
    found = _accuracy(of, (0, 48))
    images, labels = of.data.images[some], of.data.labels[some]
    expected = [
        float((of.model(of.model.transform(_attack(of, images, labels, level))).argmax(axis=1) == labels).mean())
        for level in (0, 48)
    ]
    assert found["accuracy"] == expected and expected[1] < expected[0] and found["tested"] == len(some)
    (curves,), options = found["curve"]
    assert curves == {"accuracy": [(0.0, expected[0]), (48.0, expected[1])]} and found["curve_missing"] is None
    assert options["y_label"] == f"accuracy on {len(some)} images"


@pytest.mark.parametrize("level", [0, 3])
def test_an_attack_moves_no_pixel_of_any_channel_farther_than_its_level(level: int) -> None:
    of = subject()
    attacked = _attack(of, of.data.images, of.data.labels, level)
    moved = np.abs(attacked.astype(int) - of.data.images).max(axis=(0, 2, 3))
    assert attacked.dtype == np.uint8 and moved.max() == moved[1] == level


def test_the_five_likeliest_classes_are_named_and_of_equals_the_first() -> None:
    chances = np.array([1, 5, 2, 5, 3, 4, 0]) / 20
    assert _likeliest(chances) == [[1, 0.25], [3, 0.25], [5, 0.2], [4, 0.15], [2, 0.1]]


@pytest.mark.parametrize(("count", "tested"), [(500, 500), (501, 500)])
def test_the_accuracy_is_measured_on_500_images_at_most(count: int, tested: int) -> None:
    found = _accuracy(subject(count), (0,))
    assert found["tested"] == tested and f"accuracy on {tested} images" in str(found["curve"])


@pytest.mark.parametrize("large", [False, True])
def test_attacks_grow_from_none_to_those_that_a_viewer_sees_and_large_networks_get_the_small_ones(large: bool) -> None:
    of, sprites = subject(4, is_large=large, chosen=np.array([3, 0])), Sprites()
    of.evaluation = SimpleNamespace(predictions=of.model(of.model.transform(of.data.images)).argmax(axis=1))
    found = make(of, sprites)
    levels = found["levels"]
    assert levels == ([0, 1, 2, 4, 8] if large else [0, 1, 2, 4, 6, 8, 12, 16, 24, 32, 48])
    cells = images_of(sprites, "attacked").reshape(2, len(levels), 4, 4, 3).astype(int)
    changes = np.abs(cells - cells[:, :1]).max(axis=(0, 2, 3, 4))
    assert changes.tolist() == levels
    mean = (cells - of.data.images[[3, 0]].transpose(0, 2, 3, 1)[:, None]).mean(axis=4)
    assert found["amplified"] == [[int(np.abs(one).max()) for one in image] for image in mean]
    if not large:
        ticks = [float(text) for _, text in found["curve"]["x_ticks"]]
        assert ticks == [0, 8, 16, 24, 32, 40, 48] and ticks[-1] == levels[-1]
        assert [text for _, text in found["curve"]["y_ticks"]] == ["0%", "25%", "50%", "75%", "100%"]
