"""What the page says of the data, where every class, count and image differs."""

from types import SimpleNamespace

import numpy as np
import pytest

import minicnn as cnn
from tests.viz.page.sheets import images_of
from viz.page import data as page
from viz.page.sprites import Sprites

COUNTS = [3, 0, 12, 1, *range(2, 25)]  # 27 classes, one of which no image is of


@pytest.fixture(scope="module")
def made():
    """Each image has one shade, nine times its class."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(COUNTS)), COUNTS))
    images = np.broadcast_to((9 * labels).astype(np.uint8)[:, None, None, None], (len(labels), 1, 8, 6))
    dataset = cnn.data.Dataset(np.ascontiguousarray(images), labels, tuple(f"class {k}" for k in range(len(COUNTS))))
    subject = SimpleNamespace(
        train=None, data=dataset, labeled=True, model=SimpleNamespace(transform=cnn.data.Transform())
    )
    sprites = Sprites()
    return page.make(subject, sprites), sprites


def shades(sprites, name):
    """The one shade of each cell of a sheet."""
    cells = images_of(sprites, name)
    assert (np.ptp(cells, axis=(1, 2)) == 0).all()
    return cells[:, 0, 0]


def test_every_class_has_its_own_name_count_examples_and_mean(made) -> None:
    said, sprites = made
    examples, means = shades(sprites, "examples"), shades(sprites, "means")
    present = [k for k, count in enumerate(COUNTS) if count][:20]
    assert [entry["name"] for entry in said["classes"]] == [f"class {k}" for k in present]
    for k, entry in zip(present, said["classes"], strict=True):
        assert entry["count"] == COUNTS[k] and entry["share"] == COUNTS[k] / max(COUNTS)
        assert entry["examples"] == min(COUNTS[k], 10)
        assert (examples[entry["first"] :][: entry["examples"]] == 9 * k).all()
        assert means[entry["mean"]] == 9 * k
    assert sum(entry["examples"] for entry in said["classes"]) == len(examples)


def test_the_classes_that_are_left_out_are_counted(made) -> None:
    said, _ = made
    assert said["more"] == len(COUNTS) - 1 - 20 > 0
    assert said["images"] == sum(COUNTS) and said["trained_on"] is None and said["source"] == "test set"
    assert said["size"] == "6×8" and said["colors"] == "gray"


def section(count: int, classes: int = 2, size=(130, 100), channels: int = 1, transform=None, train=False):
    images = np.zeros((count, channels, *size), np.uint8)
    dataset = cnn.data.Dataset(images, np.arange(count) % classes, tuple(map(str, range(classes))))
    model = SimpleNamespace(transform=transform or cnn.data.Transform())
    subject = SimpleNamespace(train=dataset if train else None, data=dataset, labeled=not train, model=model)
    sprites = Sprites()
    return page.make(subject, sprites), sprites


@pytest.mark.parametrize(("count", "side"), [(100, 128), (101, 64)])
def test_examples_of_few_images_are_larger(count: int, side: int) -> None:
    _, sprites = section(count)
    assert sprites.sheets["examples"]["height"] == side and sprites.sheets["means"]["height"] == side


@pytest.mark.parametrize(("count", "mean"), [(20, False), (21, True)])
def test_a_class_has_a_mean_if_there_are_more_images_than_examples(count: int, mean: bool) -> None:
    said, sprites = section(count)
    assert ("means" in sprites.sheets) == mean
    assert [entry["mean"] for entry in said["classes"]] == ([0, 1] if mean else [None, None])


@pytest.mark.parametrize(("count", "counted"), [(1, False), (2, False), (3, True)])
def test_counts_are_told_if_any_class_has_two_images(count: int, counted: bool) -> None:
    assert section(count, size=(4, 4))[0]["counted"] == counted


def test_it_says_which_images_it_shows_and_how_they_look() -> None:
    said, _ = section(7, size=(4, 6), train=True)
    assert (said["source"], said["trained_on"], said["images"]) == ("training set", 7, 7)
    assert (said["size"], said["colors"], said["reversed"], said["scaling"]) == (
        "6×4",
        "gray",
        False,
        "(pixel / 255 − 0) / 1",
    )
    transform = cnn.data.Transform(mean=(0.5, 0.25, 0.125), std=(0.5, 1, 2), scale=1, channels="BGR")
    said, _ = section(7, size=(4, 6), channels=3, transform=transform)
    assert (said["colors"], said["reversed"]) == ("color", True)
    assert said["scaling"] == "(pixel / 1 − 0.5, 0.25, 0.125) / 0.5, 1, 2"
    plain = cnn.data.Transform(mean=(0.0,), std=(1.0,), scale=1)
    assert section(7, size=(4, 6), transform=plain)[0]["scaling"] is None
    for almost in ({"mean": (0.1,)}, {"std": (2.0,)}, {"scale": 2}):
        other = cnn.data.Transform(**({"mean": (0.0,), "std": (1.0,), "scale": 1} | almost))
        assert section(7, size=(4, 6), transform=other)[0]["scaling"] is not None
    assert section(7, size=(4, 6), channels=2)[0]["colors"] == "2-channel"
