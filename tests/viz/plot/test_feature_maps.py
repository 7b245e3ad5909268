import numpy as np
import pytest

from viz import plot

ROWS = {"one": np.zeros((1, 2, 2)), "two": np.zeros((11, 2, 2))}
MAPS = {"relu1": np.arange(48.0).reshape(3, 4, 4), "conv2": -np.ones((45, 2, 2))}


def titles(figure):
    return [ax.get_title(loc="left") for ax in figure.axes]


def test_each_layer_has_a_block_beside_the_image(figure, render):
    assert plot.feature_maps(MAPS, np.zeros((4, 4)), figure, title="$hoe") is figure
    assert titles(figure) == ["$hoe", "relu1: 3 maps of 4×4", "conv2: 45 maps of 2×2, the first 40"]
    assert [len(ax.get_images()) for ax in figure.axes] == [1, 3, 40]
    render(figure)


def boxes(figure):
    """Left, bottom, width and height of each panel, of the figure."""
    return np.array([ax.get_position(original=True).bounds for ax in figure.axes])


def test_blocks_are_as_high_as_their_rows_and_stand_right_of_the_image(figure):
    """An image takes the width of 1.9 maps, a row of maps that of ten."""
    plot.feature_maps(ROWS, np.zeros((4, 4)), figure)
    image, one, two = boxes(figure)
    assert one[3] * 2 == pytest.approx(two[3]) and image[3] == one[3] and image[1] == one[1] > two[1]
    assert one[2] / image[2] == pytest.approx(10 / 1.9) and image[0] < one[0] == two[0]


def test_without_an_image_blocks_take_the_whole_width():
    one, two = boxes(plot.feature_maps(ROWS))
    with_image = boxes(plot.feature_maps(ROWS, np.zeros((4, 4))))
    assert one[0] == two[0] == with_image[0][0] and one[2] == two[2] > with_image[1][2]
    assert one[3] * 2 == pytest.approx(two[3])


def test_a_title_speaks_of_a_choice_only_if_there_are_more_maps():
    maps = {"one": np.zeros((1, 2, 3)), "all": np.zeros((4, 2, 3)), "more": np.zeros((5, 2, 3))}
    assert titles(plot.feature_maps(maps, most=4)) == [
        "one: 1 map of 2×3", "all: 4 maps of 2×3", "more: 5 maps of 2×3, the first 4",
    ]  # fmt: skip


def test_maps_are_numbered_by_channel_and_their_scales_labeled():
    plain, signed = plot.feature_maps(MAPS).axes
    assert [text.get_text() for text in plain.texts] == ["0", "1", "2"]
    assert [text.get_text() for text in signed.texts] == [str(i) for i in range(40)]
    assert [scale.get_ylabel() for ax in (plain, signed) for scale in ax.child_axes] == ["activation"] * 2


def test_only_a_layer_with_negative_values_has_a_signed_scale():
    plain, signed = plot.feature_maps(MAPS).axes
    assert {(image.norm.vmin, image.norm.vmax) for image in plain.get_images()} == {(0, 47)}
    assert {(image.norm.vmin, image.norm.vmax) for image in signed.get_images()} == {(-1, 1)}


def test_gradients_are_called_so_and_all_have_a_signed_scale():
    plain, signed = plot.feature_maps(MAPS, quantity="gradient", signed=True).axes
    assert {(image.norm.vmin, image.norm.vmax) for image in plain.get_images()} == {(-47, 47)}
    assert [scale.get_ylabel() for ax in (plain, signed) for scale in ax.child_axes] == ["gradient"] * 2


@pytest.mark.parametrize(
    ("maps", "message"),
    [({}, "no layer"), ({"fc": np.zeros(5)}, r"expected maps \(C, H, W\), got shape \(5,\) for fc")],
)
def test_what_is_no_maps_is_refused(maps, message):
    with pytest.raises(ValueError, match=f"feature_maps: .*{message}"):
        plot.feature_maps(maps)
