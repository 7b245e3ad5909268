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


def test_lengths_that_differ_are_refused():
    with pytest.raises(ValueError, match="mistakes: 2 images, but 1 labels, 2 predictions and 2 rows"):
        plot.mistakes(np.zeros((2, 1, 4, 4), np.uint8), [0], [1, 1], np.eye(2), CLASSES)
