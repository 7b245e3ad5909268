"""How many images an attack fools, and what is said where that is not counted."""

from types import SimpleNamespace

import numpy as np
import pytest

import minicnn as cnn
from viz.page import fooled
from viz.page.fooled import _accuracy, _attack, _likeliest


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
