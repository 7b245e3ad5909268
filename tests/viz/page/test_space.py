"""The feature space: its maps, and what groups of several classes have in common."""

from types import SimpleNamespace

import numpy as np
import pytest

import minicnn as cnn
import viz
from viz.page import space
from viz.page.space import _frame, _unit, last_hidden, mixed_groups
from viz.page.subject import Missing, study


def spots(sizes, places, seed: int = 0):
    """Points in spots so small that all in one are neighbors."""
    rng = np.random.default_rng(seed)
    return np.repeat(places, sizes, axis=0) + 0.004 * rng.random((sum(sizes), 2))


def test_a_group_of_several_classes_is_named_by_what_sets_it_apart():
    rng = np.random.default_rng(0)
    points = np.repeat([[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]], 40, axis=0) + 0.01 * rng.random((120, 2))
    labels = np.r_[np.zeros(40, int), np.ones(40, int), np.arange(40) % 2]  # the third holds both classes
    brightness = np.r_[np.zeros(80), np.full(40, 9.0)] + rng.random(120)
    right = np.r_[np.ones(80, bool), np.arange(40) % 4 > 0]
    everywhere = np.arange(120)
    (group,) = mixed_groups(points, labels, right, {"brightness": brightness, "noise": rng.random(120)}, everywhere)
    np.testing.assert_allclose(group.pop("at"), [0.505, 0.905], atol=5e-3)
    assert group == {"count": 40, "what": "high brightness", "right": 0.75, "elsewhere": 1.0}
    (group,) = mixed_groups(points, labels, right, {"brightness": brightness}, everywhere[::2])
    assert (group["count"], group["right"]) == (40, 0.5)  # every second is counted, of which half are wrong
    (group,) = mixed_groups(points, labels, right, {"brightness": -brightness, "noise": rng.random(120)}, everywhere)
    assert group["what"] == "low brightness"
    few = everywhere[:80]
    assert mixed_groups(points[:80], labels[:80], right[:80], {"brightness": brightness[:80]}, few) == []
    assert mixed_groups(points, labels, right, {"noise": rng.random(120)}, everywhere) == []
    assert mixed_groups(points, labels, right, {"same": np.ones(120)}, everywhere) == []


def groups(sizes, places=None, labels=None, attribute=None) -> list[dict]:
    """Groups among spots, which are half of one class and half of another, and differ by far, unless told otherwise."""
    count = sum(sizes)
    points = spots(sizes, places or [(0.1 * k, 0.5) for k in range(len(sizes))])
    spot = np.repeat(np.arange(len(sizes)), sizes)
    labels = np.arange(count) % 2 if labels is None else labels
    attribute = (spot == 0) * 9.0 if attribute is None else attribute
    return mixed_groups(points, labels, np.ones(count, bool), {"size": attribute}, np.arange(count))


@pytest.mark.parametrize(("size", "found"), [(4, 1), (3, 0)])
def test_a_group_has_one_image_in_fifty(size: int, found: int) -> None:
    assert [group["count"] for group in groups([size, 200 - size])].count(size) == found


@pytest.mark.parametrize(("first", "found"), [(5, True), (6, False), (7, False), (10, False)])
def test_a_group_in_which_a_class_has_three_fifths_is_of_that_class(first: int, found: bool) -> None:
    labels = np.r_[np.arange(10) >= first, np.zeros(90, bool)].astype(int)
    assert bool(groups([10, 90], labels=labels)) == found


@pytest.mark.parametrize(("share", "found"), [(0.6, 1), (0.62, 0)])
def test_a_group_differs_by_four_fifths_of_a_standard_deviation(share: float, found: int) -> None:
    """Of images that are 0 or 1, a share s of which is 1, those lie √((1 − s) / s) deviations off: 0.816 and 0.783."""
    first = int(1000 * share)
    attribute = (np.arange(1000) < first).astype(float)
    labels = np.r_[np.arange(first) % 2, np.zeros(1000 - first, int)]
    assert len(groups([first, 1000 - first], labels=labels, attribute=attribute)) == found


@pytest.mark.parametrize(("gap", "found"), [(0.019, 1), (0.021, 2)])
def test_points_closer_than_a_fiftieth_are_one_group(gap: float, found: int) -> None:
    points = np.array([[0.5 + gap * (k >= 20), 0.5] for k in range(40)] + [[0.1, 0.1]] * 60)
    labels = np.r_[np.arange(40) % 2, np.zeros(60, int)]
    attribute = np.r_[np.ones(40), np.zeros(60)]
    made = mixed_groups(points, labels, np.ones(100, bool), {"size": attribute}, np.arange(100))
    assert [group["count"] for group in made] == [40 // found] * found


def test_the_largest_group_comes_first() -> None:
    attribute = np.repeat([5.0, 5.0, 0.0, 5.0], [10, 30, 200, 20])
    labels = np.r_[np.arange(40) % 2, np.zeros(200, int), np.arange(20) % 2]
    assert [group["count"] for group in groups([10, 30, 200, 20], labels=labels, attribute=attribute)] == [30, 20, 10]


@pytest.mark.parametrize("wide", [True, False])
def test_a_map_fills_its_square_along_the_longer_side_and_is_centered_along_the_other(wide: bool) -> None:
    points = np.array([[0, 0], [8, 1], [4, 2], [2, 2]], float)
    points = points if wide else points[:, ::-1]
    placed = np.array(_unit(points))
    expected = np.array([[0, 0.625], [1, 0.5], [0.5, 0.375], [0.25, 0.375]])  # y points down
    if not wide:
        expected = np.array([[0.375, 1], [0.5, 0], [0.625, 0.5], [0.625, 0.75]])
    np.testing.assert_allclose(placed, expected)
    low, span, margin = _frame(points)
    np.testing.assert_allclose((points * (1, -1) - low) / span + margin, expected)
    assert _unit(np.zeros((2, 2))) == [[0.5, 0.5]] * 2
    assert _unit(np.array([[0, 0], [3, 3], [1, 2]]))[2] == [0.3333, 0.3333]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("conv", "relu", "flatten", "drop", "fc"), "relu"), (("conv", "relu", "flatten", "fc", "relu2"), "relu"),
        (("fc",), None), (("flatten", "fc"), None), (("relu",), None), (("fc", "fc2"), "fc"),
    ],
)  # fmt: skip
def test_the_last_hidden_layer_is_what_the_classifier_takes(names, found) -> None:
    kinds = {"conv": "Conv2d", "flatten": "Flatten", "drop": "Dropout", "fc": "Dense", "fc2": "Dense"}
    stages = [SimpleNamespace(path=name, kind=kinds.get(name, "ReLU")) for name in names]
    weighted = {name: SimpleNamespace(weight=1 if name[:2] in ("co", "fc") else None) for name in names}
    of = SimpleNamespace(stages=stages, model=weighted)
    if found is None:
        with pytest.raises(Missing, match="no hidden layer"):
            last_hidden(of)
    else:
        assert last_hidden(of).path == found


@pytest.fixture
def mapped(monkeypatch):
    """How t-SNE is asked, which is not run; and where it would place the images."""
    asked = {}

    class Fake:
        def __init__(self, **options):
            asked.update(options)

        def fit_transform(self, X):
            asked["X"] = X
            return np.random.default_rng(0).standard_normal((len(X), 2))

    monkeypatch.setattr(space, "TSNE", Fake)
    monkeypatch.setattr(space, "plain", lambda estimator: estimator)
    return asked


def subject(images: int, numbers: int):
    model = cnn.Sequential(flatten=cnn.Flatten(), fc1=cnn.Dense(16, numbers), fc2=cnn.Dense(numbers, 2)).initialize(0)
    model.transform, model.classes = cnn.data.Transform(), ("a", "b")
    pixels = np.random.default_rng(0).integers(0, 256, (images, 1, 4, 4)).astype(np.uint8)
    return study(model, cnn.data.Dataset(pixels, np.arange(images) % 2, ("a", "b")), seed=3)


@pytest.mark.parametrize(
    ("images", "numbers", "columns", "perplexity"),
    [(30, 2, 2, 9.7), (91, 50, 50, 30.0), (92, 51, 50, 30.0), (50, 51, 51, 16.3), (51, 51, 50, 16.7)],
)
def test_a_map_is_made_of_50_columns_at_most_with_a_perplexity_of_30_or_less(
    mapped, images, numbers, columns, perplexity
) -> None:
    of = subject(images, numbers)
    found = space.make(of, None)
    assert mapped["X"].shape == (images, columns) and mapped["random_state"] == 3
    assert found["perplexity"] == perplexity == round(mapped["perplexity"], 1) and found["count"] == images
    assert (found["k"], len(found["near"]["pixels"][0]), len(found["near"]["features"][0])) == (8, 8, 8)
    assert (found["dimensions"], found["at_random"], found["averaged"], found["layer"]) == (
        numbers,
        images,
        False,
        "fc1",
    )
    features = viz.extract_features(of.model, of.data, "fc1", progress=False).astype(np.float64)
    centered = features - features.mean(axis=0)
    _, sizes, directions = np.linalg.svd(centered, full_matrices=False)
    np.testing.assert_allclose(found["explained"], (sizes**2 / (sizes**2).sum())[:2], atol=6e-5)
    projection = {name: np.array(value) for name, value in found["projection"].items()}
    np.testing.assert_allclose(np.abs(projection["components"] @ directions[:2].T), np.eye(2), atol=1e-3)
    flat = (features - projection["mean"]) @ projection["components"].T * (1, -1)
    placed = (flat - projection["low"]) / projection["span"] + projection["margin"]
    np.testing.assert_allclose(placed, found["maps"]["pca"], atol=2e-3)
    for kind in ("tsne", "pca", "grid"):
        points = np.array(found["maps"][kind])
        assert points.shape == (images, 2) and points.min() == 0 and points.max() == 1
    rows, columns_ = viz.grid_places(np.random.default_rng(0).standard_normal((images, 2))).T
    grid = np.array(found["maps"]["grid"])
    np.testing.assert_allclose(grid, _unit(np.stack([columns_, -rows], axis=1)))


@pytest.mark.parametrize(("kernel", "averaged"), [((3, 2), True), ((4, 4), False), ((3, 4), True), ((4, 3), True)])
def test_of_maps_the_means_are_taken_which_is_said_where_there_is_more_than_one_place(mapped, kernel, averaged):
    of = subject(30, 4)
    model = cnn.Sequential(conv=cnn.Conv2d(1, 3, kernel), flatten=cnn.Flatten())
    places = (5 - kernel[0]) * (5 - kernel[1])
    model = cnn.Sequential(**model.children, fc=cnn.Dense(3 * places, 2)).initialize(0)
    model.transform, model.classes = cnn.data.Transform(), ("a", "b")
    found = space.make(study(model, of.data), None)
    assert (found["layer"], found["averaged"], found["dimensions"]) == ("conv", averaged, 3)


def test_maps_need_30_images_and_two_numbers(mapped) -> None:
    with pytest.raises(Missing, match="at least 30 of them; here there are 29"):
        space.make(subject(29, 4), None)
    with pytest.raises(Missing, match="a map needs two"):
        space.make(subject(30, 1), None)
