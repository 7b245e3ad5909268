"""How alike two networks' layers are: centered kernel alignment."""

from types import SimpleNamespace

import numpy as np
import pytest

import minicnn as cnn
from tests.viz.page.answers import answers
from viz.page import compare
from viz.page.compare import _groups, _likeness, make
from viz.page.subject import Missing, study


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
    assert all(0 < likeness < 0.999 for likeness in found.values())


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


@pytest.mark.parametrize("labeled", [True, False])
def test_disagreements_are_counted_over_all_images_and_shown_from_the_surest_on(labeled: bool, monkeypatch) -> None:
    rng = np.random.default_rng(0)
    labels, mine, theirs = rng.integers(0, 3, (3, 200))
    chances, others = rng.dirichlet([1, 1, 1], (2, 200))
    first = SimpleNamespace(labels=labels, predictions=mine, probabilities=chances)
    second = SimpleNamespace(predictions=theirs, probabilities=others)
    gallery = np.sort(rng.permutation(200)[:90])
    of = SimpleNamespace(evaluation=first, labeled=labeled, gallery=gallery, title="A")
    differ = mine != theirs
    kinds = {"The two disagree": differ}
    if labeled:
        kinds = {
            "Only A is right": differ & (mine == labels),
            "Only B is right": differ & (theirs == labels),
            "Both are wrong, each in its own way": differ & (mine != labels) & (theirs != labels),
        }
    for most in (5, 1000):
        monkeypatch.setattr(compare, "SHOWN", most)
        found = _groups(of, "B", second)
        assert [(group["name"], group["count"]) for group in found] == [(name, kinds[name].sum()) for name in kinds]
        for group in found:
            shown = gallery[group["places"]]
            inside = [i for i in gallery if kinds[group["name"]][i]]
            assert len(shown) == min(most, len(inside)) > 0 and set(shown) <= set(inside)
            assert group["theirs"] == theirs[shown].tolist()
            sure = {i: chances[i].max() + others[i].max() for i in inside}
            assert [sure[i] for i in shown] == sorted(sure.values(), reverse=True)[:most]


@pytest.mark.parametrize(("disagreements", "shown"), [(48, 48), (49, 48)])
def test_48_images_of_a_disagreement_are_shown(disagreements: int, shown: int) -> None:
    first = answers(disagreements, 3, 1.0)
    second = SimpleNamespace(predictions=first.labels, probabilities=first.probabilities)
    of = SimpleNamespace(evaluation=first, labeled=True, gallery=np.arange(disagreements), title="A")
    assert [len(group["places"]) for group in _groups(of, "B", second)] == [0, shown, 0]


@pytest.mark.parametrize("images", [255, 256, 300])
def test_layers_are_compared_on_256_images_drawn_at_random(images: int, monkeypatch) -> None:
    of = subject(images)
    seen = []
    of.model = network(0)
    plain = of.model.transform
    monkeypatch.setattr(type(plain), "__call__", lambda self, x: (seen.append(x), np.zeros(x.shape, np.float32))[1])
    _likeness(of, network(1), ["conv"])
    some = np.sort(np.random.default_rng(0).permutation(images)[:256])
    assert [len(x) for x in seen] == [min(images, 256)] * 2 and all((x == of.data.images[some]).all() for x in seen)


@pytest.mark.parametrize("labeled", [True, False])
def test_two_networks_are_compared_by_what_they_share(labeled: bool) -> None:
    mine, theirs = network(0), network(1, 6)
    theirs = cnn.Sequential(**theirs.children, more=cnn.ReLU())
    theirs.transform = mine.transform
    images = np.random.default_rng(0).integers(0, 256, (20, 1, 8, 8)).astype(np.uint8)
    data = cnn.data.Dataset(images, np.arange(20) % 3, ("a", "b", "c") if labeled else ("x", "y", "z"))
    mine.classes = theirs.classes = ("a", "b", "c")
    of = study(mine, data, other=(theirs, "B"), title="A")
    found = make(of, None)
    layers = found["layers"]
    assert found["titles"] == ["A", "B"] and found["tested"] == 20 and found["channels"] == 12
    assert [(layer["path"], layer["in"]) for layer in layers] == [
        ("conv", [True, True]), ("relu", [True, True]), ("fc", [True, True]), ("more", [False, True])
    ]  # fmt: skip
    assert [layer["likeness"] is None for layer in layers] == [False, False, False, True]
    assert all(round(layer["likeness"], 3) == layer["likeness"] for layer in layers[:3])
    sizes = [sum(array.size for array in model.state().values()) for model in (mine, theirs)]
    assert found["parameters"] == sizes == [4 * 9 + 4 + 144 * 3 + 3, 6 * 9 + 6 + 216 * 3 + 3]
    if labeled:
        expected = [round(cnn.evaluate(model, data).accuracy, 6) for model in (mine, theirs)]
        assert found["accuracy"] == expected
    else:
        assert found["accuracy"] is None


def test_a_dead_layer_is_like_no_other() -> None:
    dead = network(1)
    dead["conv"].weight[...] = 0
    dead["conv"].bias[...] = -1
    assert set(_likeness(subject(9), dead, ["conv", "relu", "fc"])) == set()
    dead["fc"].bias[...] = np.arange(3)
    assert set(_likeness(subject(9), dead, ["fc"])) == set()
