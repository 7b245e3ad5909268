"""The figures of a run: each number, image and title is of the same run, class and image."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import minicnn as cnn
from minicnn.cli import figures
from minicnn.cli.classes import class_names, read_classes
from minicnn.training.evaluation import Evaluation

CLASSES = ("ant", "bee", "cow")
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def model():
    layers = {"conv1": cnn.Conv2d(1, 5, (3, 2)), "relu1": cnn.ReLU(), "conv2": cnn.Conv2d(5, 4, 2), "relu2": cnn.ReLU()}
    model = cnn.Sequential(**layers).initialize(0)
    model.transform = cnn.data.Transform((0.5,), (0.25,))
    return model


def evaluation(predictions, labels) -> Evaluation:
    """Of one image after another, the later ones with more confidence."""
    predictions, labels, count = np.array(predictions), np.array(labels), len(labels)
    chances = np.full((count, 3), 0.1)
    chances[np.arange(count), predictions] = np.linspace(0.5, 0.8, count)
    confusion = np.zeros((3, 3), int)
    np.add.at(confusion, (labels, predictions), 1)
    per_class = np.array([0.25, 0.5, 0.75])
    return Evaluation(1.5, 0.625, per_class, confusion, predictions, labels, chances, CLASSES)


@pytest.fixture
def drawn(monkeypatch):
    """What is drawn, by the function that draws it, and which files are written."""
    found = {"files": []}

    def of(name):
        def draw(*given, **options):
            found[name] = (given, options)
            return SimpleNamespace(figure=SimpleNamespace(figure=SimpleNamespace(savefig=found["files"].append)))

        return draw

    names = ("training", "confusion", "per_class", "filters", "feature_maps", "mistakes")
    plots = {name: of(name) for name in names}
    plots["training"] = lambda *given, **options: of("training")(*given, **options).figure
    plots["feature_maps"] = lambda *given, **options: of("feature_maps")(*given, **options).figure
    monkeypatch.setattr(figures, "plot", SimpleNamespace(**plots))
    return found


def test_curves_are_of_the_run_and_the_confusion_of_its_classes(drawn, tmp_path) -> None:
    result = evaluation([0, 1], [0, 2])
    paths = figures.write_run(tmp_path, "history", result)
    assert paths == drawn["files"] == [tmp_path / "curves.png", tmp_path / "confusion.png"]
    assert drawn["training"] == (("history",), {"validation": "test"})
    assert drawn["confusion"] == ((result.confusion, CLASSES), {})


def test_maps_are_of_the_first_image_that_is_right_and_mistakes_of_those_that_are_wrong(drawn, model, tmp_path) -> None:
    images = RNG.integers(0, 256, (28, 1, 6, 7)).astype(np.uint8)
    labels = np.arange(28) % 3
    predictions = (labels + 1) % 3
    predictions[2] = predictions[5] = 2
    test = cnn.data.Dataset(images, labels, CLASSES)
    result = evaluation(predictions, labels)
    paths = figures.write_insight(tmp_path, model, test, result)
    names = ["classes.png", "filters.png", "feature_maps.png", "mistakes.png", "image.png"]
    assert paths == [tmp_path / name for name in names] and drawn["files"] == paths[:-1]
    given, options = drawn["per_class"]
    assert (given[0] == result.per_class).all() and given[1] == CLASSES and options == {"overall": 0.625}
    (filters,), options = drawn["filters"]
    np.testing.assert_array_equal(filters, model["conv1"].weight)
    assert options == {"title": "conv1: 5 filters of 3×2, over 1 channel"}
    (maps, image), options = drawn["feature_maps"]
    np.testing.assert_allclose(image, images[2, 0] / 255)
    assert options == {"title": "cow"} and {name: m.shape for name, m in maps.items()} == {
        "relu1": (5, 4, 6), "relu2": (4, 3, 5)
    }  # fmt: skip
    expected = np.maximum(model["conv1"].forward(model.transform(images[2:3]), cnn.Pass())[0], 0)[0]
    np.testing.assert_allclose(maps["relu1"], expected, rtol=1e-5)
    (wrong, true, found, chances, classes), _ = drawn["mistakes"]
    surest = [i for i in range(27, -1, -1) if i not in (2, 5)][:24]
    np.testing.assert_array_equal(wrong, images[surest])
    assert true.tolist() == labels[surest].tolist() and found.tolist() == predictions[surest].tolist()
    assert classes == CLASSES and (chances == result.probabilities[surest]).all()
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "image.png")), images[2, 0])


def test_where_there_are_no_mistakes_none_are_drawn(drawn, model, tmp_path) -> None:
    test = cnn.data.Dataset(RNG.integers(0, 256, (3, 1, 6, 7)).astype(np.uint8), np.arange(3), CLASSES)
    paths = figures.write_insight(tmp_path, model, test, evaluation([0, 1, 2], [0, 1, 2]))
    assert "mistakes" not in drawn and [path.name for path in paths][-2:] == ["feature_maps.png", "image.png"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("cat\n\n dog \n", ("cat", "dog")),
        ("0 cat\n1 dog\n2: red fox\n", ("cat", "dog", "red fox")),
        ("1, cat\n2;dog\n", ("cat", "dog")),
        ("0 cat\n2 dog\n", ("0 cat", "2 dog")),  # these are no numbers of classes
        ("2 cat\n3 dog\n", ("2 cat", "3 dog")),
        ("1 cat\ndog\n", ("1 cat", "dog")),
        ("0cat\n1dog\n", ("0cat", "1dog")),
    ],
)
def test_names_of_classes_may_be_numbered_from_0_or_1_all_or_none(text, names, tmp_path) -> None:
    (tmp_path / "names.txt").write_text(text, encoding="utf-8-sig")
    assert read_classes(tmp_path / "names.txt") == names


def test_classes_without_names_are_numbers_from_0() -> None:
    assert class_names(SimpleNamespace(classes=None), 3) == ["0", "1", "2"]
    assert class_names(SimpleNamespace(classes=("a", "b")), 2) == ["a", "b"]
    with pytest.raises(ValueError, match="the model has 3 outputs, but 2 class names"):
        class_names(SimpleNamespace(classes=("a", "b")), 3)
