"""How explanations are scaled and with which windows, samples and images they are made."""

from types import SimpleNamespace

import numpy as np
import pytest

from viz.page import why
from viz.page.sprites import Sprites
from viz.page.subject import Missing
from viz.page.why import _check, _methods, _scaled, _signed, make, shrunk_images


def subject(size=(28, 28), large=False, **known) -> SimpleNamespace:
    data = SimpleNamespace(images=np.zeros((3, 1, *size), np.uint8))
    return SimpleNamespace(data=data, is_large=large, chosen=np.arange(3), seed=5, **known)


@pytest.mark.parametrize(
    ("size", "large", "window", "stride"),
    [
        ((28, 28), False, 7, 2), ((28, 28), True, 7, 3), ((32, 64), False, 8, 2), ((64, 32), True, 8, 4),
        ((3, 9), False, 1, 1), ((3, 9), True, 1, 1), ((224, 224), True, 56, 28), ((224, 200), False, 50, 16),
    ],
)  # fmt: skip
def test_a_quarter_of_the_side_is_hidden_at_steps_of_a_third_or_half_of_it(size, large, window, stride) -> None:
    methods = {method.name: method for method in _methods(subject(size, large))}
    assert methods["occlusion"].options == {"window": window, "stride": stride}
    assert methods["integrated"].options == {"steps": 16 if large else 32}
    assert methods["smooth"].options == {"samples": 8 if large else 16}
    assert [name for name, method in methods.items() if not method.signed] == ["saliency", "gradcam"]


def test_a_map_s_scale_ends_where_all_but_one_in_200_of_its_pixels_lie() -> None:
    rng = np.random.default_rng(0)
    maps = rng.standard_normal((2, 3, 40, 50)) * np.array([1.0, 10, 0.1])[:, None, None]
    maps[0, 0] = 0
    maps[1, 1] = 0
    maps[1, 1, 3, 4] = -7  # a single pixel, fewer than one in 200: its scale ends with it
    scaled, strength = _scaled(maps)
    assert scaled.min() == -1 and scaled.max() == 1
    for i, k in np.ndindex(2, 3):
        magnitudes = np.sort(np.abs(maps[i, k]).ravel())
        saturated = (np.abs(scaled[i, k]) == 1).sum()
        if (i, k) == (0, 0):
            assert not scaled[i, k].any() and strength[i, k] == 0
        elif (i, k) == (1, 1):
            assert saturated == 1 and scaled[1, 1, 3, 4] == -1 and np.count_nonzero(scaled[1, 1]) == 1
        else:
            assert saturated == 10  # of 2000
            inside = np.abs(scaled[i, k]) < 1
            end = (maps[i, k][inside] / scaled[i, k][inside]).mean()
            assert magnitudes[-11] <= end <= magnitudes[-10]
        largest = np.abs(maps[i]).max(axis=(1, 2))
        assert strength[i, k] == pytest.approx(largest[k] / largest.max())
    assert not _scaled(np.zeros((1, 2, 3, 3)))[1].any()


def test_a_pixel_in_color_has_one_number() -> None:
    maps = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    np.testing.assert_allclose(_signed(maps), maps[:, 0] + maps[:, 1] + maps[:, 2])
    assert _signed(maps[0]) is not None and _signed(maps[0]).shape == (3, 4, 5)


@pytest.mark.parametrize(("size", "shown"), [((224, 224), (224, 224)), ((225, 448), (112, 224)), ((12, 9), (12, 9))])
def test_images_to_explain_are_at_most_224_pixels_wide(size, shown) -> None:
    of = subject(size)
    of.chosen = np.array([2, 0])
    of.data.images[2] = 77
    found = shrunk_images(of)
    assert found.shape == (2, 1, *shown) and found.dtype == np.uint8
    assert (found[0] == 77).all() and (found[1] == 0).all()


@pytest.mark.parametrize(("large", "most"), [(False, 16), (True, 6)])
@pytest.mark.parametrize("count", [5, 16, 17, 100])
def test_16_images_are_enough_to_check_a_method_and_6_of_a_large_network(large, most, count, monkeypatch) -> None:
    asked = {}

    def check(run, model, x, **options):
        asked.update(options, x=x)
        return SimpleNamespace(
            passed=True, verdict="passes: so", medians=np.array([0.9, 0.25, np.nan, 0.1]), middle=1,
            compared=np.array([3, 2, 0, 0]),
        )  # fmt: skip

    monkeypatch.setattr(why, "sanity_check", check)
    of = subject(large=large, gallery=np.arange(3, count), inputs=lambda some: some, model=None)
    found = _check(of, why.Method("a", "A", "", None, options={"steps": 4}))
    step = -(-count // most)
    assert asked["x"].tolist() == list(range(0, count, step)) and len(asked["x"]) <= most
    assert (asked["steps"], asked["seed"]) == (4, 5)
    assert found == {
        "passed": True, "likeness": 0.25, "verdict": "passes: so", "curve": [1.0, 0.9, 0.25], "checked": 2
    }  # fmt: skip


@pytest.mark.parametrize(("large", "most"), [(False, 10), (True, 3)])
@pytest.mark.parametrize("classes", [2, 3, 10, 11])
def test_the_ten_likeliest_classes_are_explained_and_three_of_a_large_network(
    large, most, classes, monkeypatch
) -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.ones(classes), 3)
    of = subject((130, 100), large, model=None, x=np.zeros((3, 1, 130, 100)))
    of.evaluation = SimpleNamespace(classes=range(classes), probabilities=probabilities)
    asked = []

    def explain(model, x, target, size=3):
        asked.append(target)
        return np.random.default_rng(len(asked)).standard_normal(x.shape)

    def refuse(model, x, target):
        raise ValueError("it has no maps")

    methods = [why.Method("a", "A", "about", explain, options={"size": 2}), why.Method("b", "B", "", refuse)]
    monkeypatch.setattr(why, "_methods", lambda subject: methods)
    monkeypatch.setattr(why, "_check", lambda *given: {"checked": 4})
    sprites = Sprites()
    found = make(of, sprites)
    count = min(most, classes)
    expected = [sorted(np.argsort(-row)[:count].tolist()) for row in probabilities]
    assert found["explained"] == expected == np.stack(asked, axis=1).tolist()
    assert found["left_out"] == [{"title": "B", "reason": "it has no maps"}] and found["slow"] == large
    (entry,) = found["methods"]
    assert entry["checked"] == 4 and np.shape(entry["strength"]) == np.shape(entry["empty"]) == (3, count)
    sheet = sprites.sheets[entry["sprite"]]  # of the longer side 96 pixels
    assert (sheet["height"], sheet["width"], sheet["count"]) == (96, 74, 3 * count)
    assert found["window"] == {"side": 25, "stride": 12 if large else 8}
    assert sprites.sheets["whole"]["height"] == 130
    of.evaluation.classes = range(1)
    with pytest.raises(Missing, match="only one class"):
        make(of, sprites)
