"""Images as they are, of a data set a few from all of it."""

import numpy as np
import pytest

from minicnn.data import Dataset
from viz import plot


def dataset(count):
    levels = np.arange(count, dtype=np.uint8).reshape(count, 1, 1, 1).repeat(4, axis=2)
    return Dataset(levels, np.arange(count) % 2, ["a" * 12, "b" * 13])


def levels(ax):
    return [round(255 * float(np.max(image.get_array()))) for image in ax.get_images()]


def test_of_a_data_set_images_from_its_first_to_its_last_are_drawn(ax):
    plot.images(dataset(41), ax, count=5, title="five")
    assert levels(ax) == [0, 10, 20, 30, 40]
    assert ax.get_title(loc="left") == "five"


@pytest.mark.parametrize(("there", "count", "drawn"), [(41, 1, [0]), (3, 20, [0, 1, 2]), (1, 2, [0])])
def test_no_image_is_drawn_twice(ax, there, count, drawn):
    plot.images(dataset(there), ax, count=count)
    assert levels(ax) == drawn


def test_unless_told_otherwise_twenty_are_drawn(ax):
    plot.images(dataset(39), ax)
    assert levels(ax) == list(range(0, 39, 2))


def test_names_of_more_than_twelve_letters_are_cut(ax):
    plot.images(dataset(2), ax)
    assert [text.get_text() for text in ax.texts] == ["a" * 12, "b" * 11 + "…"]
    assert all((image.norm.vmin, image.norm.vmax) == (0, 1) for image in ax.get_images())


@pytest.mark.parametrize(
    ("images", "count", "message"),
    [
        (dataset(3), 0, "a count of at least 1, got 0"),
        (dataset(0), 1, "there is no image to draw"),
        (np.zeros((2, 2, 4, 4)), 1, r"got shape \(2, 2, 4, 4\)"),
        (np.zeros((4, 4)), 1, r"got shape \(4, 4\)"),
    ],
)
def test_what_cannot_be_drawn_is_refused(images, count, message):
    with pytest.raises(ValueError, match=f"images: .*{message}"):
        plot.images(images, count=count)
