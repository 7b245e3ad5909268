from types import SimpleNamespace

import numpy as np
import pytest

from viz import plot

CLASSES = ["cat", "a name that is far too long"]


@pytest.mark.parametrize("channels", [1, 3])
def test_titles_say_what_it_was_taken_for_and_what_it_is(channels, ax, render):
    images = np.full((1, channels, 4, 4), 255, np.uint8)
    assert plot.mistakes(images, [0], [1], [[0.125, 0.875]], CLASSES, ax, title="mistakes") is ax
    assert [text.get_text() for text in ax.texts] == ["a name that… 88%\nis cat 12%"]
    assert np.max(ax.get_images()[0].get_array()) == 1.0
    render(ax)


def test_a_dark_image_stays_dark(ax):
    plot.mistakes(np.full((1, 1, 2, 2), 51, np.uint8), [0], [1], [[0, 1]], CLASSES, ax)
    (image,) = ax.get_images()
    assert (image.norm.vmin, image.norm.vmax) == (0, 1)


def test_of_an_evaluation_the_sixteen_surest_mistakes_are_drawn_unless_told_otherwise(ax):
    shades = np.arange(20, dtype=np.uint8).reshape(20, 1, 1, 1).repeat(2, axis=2)
    wrong = np.array([3, *range(19, 3, -1)])  # the surest first
    result = SimpleNamespace(
        worst=lambda count: wrong[:count],
        labels=np.zeros(20, int),
        predictions=np.ones(20, int),
        probabilities=np.stack([np.zeros(20), np.arange(20) / 100], axis=1),
        classes=CLASSES,
    )
    plot.mistakes(result, SimpleNamespace(images=shades), ax=ax)
    drawn = [round(255 * float(np.max(image.get_array()))) for image in ax.get_images()]
    assert drawn == wrong[:16].tolist()
    assert [text.get_text().split("\n")[0] for text in ax.texts] == [f"a name that… {i}%" for i in drawn]


def test_lengths_that_differ_are_refused():
    with pytest.raises(ValueError, match="mistakes: 2 images, but 1 labels, 2 predictions and 2 rows"):
        plot.mistakes(np.zeros((2, 1, 4, 4), np.uint8), [0], [1, 1], np.eye(2), CLASSES)
