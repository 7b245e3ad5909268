import numpy as np
import pytest

from viz import plot


def scales(ax):
    return {(image.norm.vmin, image.norm.vmax) for image in ax.get_images()}


def places(ax):
    """Left and top of each image."""
    return [(round(left, 2), round(top, 2)) for left, _, _, top in (image.get_extent() for image in ax.get_images())]


def test_images_run_in_rows(ax, render):
    assert plot.mosaic(np.zeros((3, 4, 4)), ax, columns=2) is ax
    assert places(ax) == [(0, 0), (1.08, 0), (0, 1.08)]
    render(ax)


def test_an_image_keeps_its_proportions(ax):
    plot.mosaic(np.zeros((1, 6, 3)), ax)
    left, right, bottom, top = ax.get_images()[0].get_extent()
    assert (bottom - top) / (right - left) == 2


def test_all_share_one_scale_from_zero(ax):
    plot.mosaic([[[1.0, 2.0]], [[3.0, 4.0]]], ax)
    assert scales(ax) == {(0.0, 4.0)}


@pytest.mark.parametrize(
    ("values", "ends"), [([0, 0], (0, 1)), ([-1, -1], (-1, 0)), ([-1, 3], (-1, 3)), ([0.25, np.inf], (0, 0.25))]
)
def test_a_scale_holds_zero_and_has_two_ends(ax, values, ends):
    plot.mosaic(np.reshape(values, (2, 1, 1)), ax)
    assert scales(ax) == {ends}


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (3, 3), (8, 4), (9, 5), (18, 6), (19, 7)])
def test_rows_make_the_whole_twice_as_wide_as_high(ax, count, columns):
    plot.mosaic(np.zeros((count, 2, 2)), ax)
    assert sum(top == 0 for _, top in places(ax)) == columns


@pytest.mark.parametrize(
    ("titles", "width"), [((), 0.8), (["0"] * 2, 0.8), (["12345", "1"], 0.8), (["1", "123456"], 1.2)]
)
def test_only_titles_of_more_than_five_letters_need_wide_images(titles, width):
    step = 1.08  # an image and the gap after it
    figures = [plot.mosaic(np.zeros((2, 2, 2)), titles=titles, **more).figure for more in ({}, {"colorbar": "weight"})]
    assert figures[0].get_figwidth() == pytest.approx(2 * step * width)
    assert figures[1].get_figwidth() == pytest.approx(2 * step * width + 0.6)


def test_a_signed_scale_is_symmetric_about_zero_which_is_white(ax):
    plot.mosaic([[[-1.0, 3.0]], [[0.0, 0.0]]], ax, signed=True)
    assert scales(ax) == {(-3.0, 3.0)}
    image = ax.get_images()[1]
    assert np.allclose(image.cmap(image.norm(0.0)), 1, atol=0.04)


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize("signed", [False, True])
def test_constant_maps_are_drawn(value, signed, render):
    render(plot.mosaic(np.full((2, 3, 3), value), signed=signed, colorbar="value"))


def test_colors_are_drawn_as_they_are(ax, render):
    plot.mosaic(np.full((2, 3, 3, 3), 0.5), ax, colorbar="not shown: colors have no scale")
    assert ax.get_images()[0].get_array().shape == (3, 3, 3)
    assert not ax.child_axes
    render(ax)


def test_a_color_bar_is_labeled(ax, render):
    plot.mosaic([[[0.0, 1.0]]], ax, colorbar="weight")
    (bar,) = ax.child_axes
    assert bar.get_ylabel() == "weight"
    render(ax)


def test_titles_stand_over_the_middles_of_their_images(ax, render):
    plot.mosaic(np.zeros((2, 2, 2)), ax, titles=["one\nline $more", "two"])
    assert [text.get_position() for text in ax.texts] == [
        (pytest.approx(left + 0.5), pytest.approx(top - 0.05)) for left, top in places(ax)
    ]
    assert [text.get_text() for text in ax.texts] == ["one\nline $more", "two"]
    render(ax)


@pytest.mark.parametrize("shape", [(0, 3, 3), (3, 3), (2, 3, 3, 4), (2, 0, 3)])
def test_what_is_no_images_is_refused(shape):
    with pytest.raises(ValueError, match="mosaic: expected images"):
        plot.mosaic(np.zeros(shape))


def test_a_title_for_each_or_none():
    with pytest.raises(ValueError, match="mosaic: 2 images, but 1 titles"):
        plot.mosaic(np.zeros((2, 3, 3)), titles=["one"])
