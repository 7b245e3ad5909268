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
    present = [k for k, count in enumerate(COUNTS) if count][: page.CLASSES]
    assert [entry["name"] for entry in said["classes"]] == [f"class {k}" for k in present]
    for k, entry in zip(present, said["classes"], strict=True):
        assert entry["count"] == COUNTS[k] and entry["share"] == COUNTS[k] / max(COUNTS)
        assert entry["examples"] == min(COUNTS[k], page.EXAMPLES)
        assert (examples[entry["first"] :][: entry["examples"]] == 9 * k).all()
        assert means[entry["mean"]] == 9 * k
    assert sum(entry["examples"] for entry in said["classes"]) == len(examples)


def test_the_classes_that_are_left_out_are_counted(made) -> None:
    said, _ = made
    assert said["more"] == len(COUNTS) - 1 - page.CLASSES > 0
    assert said["images"] == sum(COUNTS) and said["trained_on"] is None and said["source"] == "test set"
    assert said["size"] == "6×8" and said["colors"] == "gray"
