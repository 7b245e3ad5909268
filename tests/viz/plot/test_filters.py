import numpy as np
import pytest

from viz import plot


def test_filters_over_gray_are_signed_maps(ax, render):
    plot.filters(np.array([-2.0, 1.0]).reshape(2, 1, 1, 1), ax, title="conv1")
    assert [(image.norm.vmin, image.norm.vmax) for image in ax.get_images()] == [(-2, 2)] * 2
    assert ax.get_title(loc="left") == "conv1"
    render(ax)


def test_filters_over_colors_keep_them_and_zero_is_gray(ax, render):
    weights = np.zeros((2, 3, 1, 1))
    weights[1, 0] = 4.0  # red
    plot.filters(weights, ax)
    nothing, red = (np.asarray(image.get_array())[0, 0] for image in ax.get_images())
    assert list(nothing) == [0.5, 0.5, 0.5]
    assert list(red) == [1.0, 0.5, 0.5]
    render(ax)


@pytest.mark.parametrize("channels", [1, 3])
def test_filters_are_numbered_and_their_scale_is_labeled(channels, ax, render):
    plot.filters(np.arange(-6.0, 6 * channels).reshape(-1, channels, 1, 1)[:4], ax)
    assert [text.get_text() for text in ax.texts] == ["0", "1", "2", "3"]
    (scale,) = ax.child_axes
    assert scale.get_ylabel() == "weight"
    if channels == 3:
        assert [label.get_text() for label in scale.get_xticklabels()] == ["R", "G", "B"]
    render(ax)


def test_filters_of_zeros_are_drawn(render):
    render(plot.filters(np.zeros((4, 3, 5, 5))))


@pytest.mark.parametrize("shape", [(4, 2, 3, 3), (4, 3, 3)])
def test_what_cannot_be_seen_is_refused(shape):
    with pytest.raises(ValueError, match="filters: expected weights"):
        plot.filters(np.zeros(shape))
