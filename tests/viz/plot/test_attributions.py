import numpy as np
import pytest

from viz import plot

IMAGE = np.zeros((4, 4))
MAPS = {"saliency": np.eye(4), "guided": -3 * np.ones((2, 4, 4))}


def drawn(figure):
    return [ax.get_images()[0] for ax in figure.axes if ax.get_images()]


def test_maps_stand_beside_the_image_those_with_a_sign_on_a_scale_symmetric_about_zero(figure, render):
    assert plot.attributions(IMAGE, MAPS, figure, title="$hoe") is figure
    assert [ax.get_title(loc="left") for ax in figure.axes[:3]] == ["$hoe", "saliency", "guided"]
    saliency, guided = drawn(figure)[1:3]
    assert (saliency.norm.vmin, guided.norm.vmin, saliency.norm.vmax, guided.norm.vmax) == (0, -1, 1, 1)
    assert saliency.cmap.name != guided.cmap.name
    bars = [
        [label.get_text() for label in ax.get_yticklabels()]
        for ax in figure.axes
        if ax.get_ylabel() or not ax.get_images()
    ]
    assert ["0", "strong"] in bars and ["against", "0", "for"] in bars
    render(figure)


def test_each_map_is_divided_by_its_largest_magnitude():
    saliency, guided = (image.get_array() for image in drawn(plot.attributions(IMAGE, MAPS, percentile=100))[1:3])
    assert saliency.max() == 1 and saliency.min() == 0
    assert (guided == -1).all()


def test_a_map_of_few_pixels_is_divided_by_the_largest_of_them_and_others_by_a_high_percentile():
    few, many = np.zeros((20, 15)), np.arange(201.0).reshape(3, 67)
    few[3, 4] = -4
    found = [image.get_array() for image in drawn(plot.attributions(IMAGE, {"few": few, "many": many}))[1:3]]
    assert found[0].min() == found[0][3, 4] == -1
    assert found[1].max() == pytest.approx(200 / 199)  # 99.5 %: one of 201 lies above


@pytest.mark.parametrize(("maps", "shape"), [(1, (1, 2)), (4, (1, 5)), (5, (2, 5)), (9, (2, 5)), (10, (3, 5))])
def test_five_stand_in_a_row_with_the_image(maps, shape):
    figure = plot.attributions(IMAGE, {str(i): np.eye(4) for i in range(maps)})
    assert figure.axes[0].get_subplotspec().get_gridspec().get_geometry() == shape
    assert figure.get_size_inches() == pytest.approx([1.9 * shape[1] + 0.8, 2.25 * shape[0] + 0.1])


def test_maps_of_one_unit_are_divided_by_one_number():
    saliency, guided = (
        image.get_array() for image in drawn(plot.attributions(IMAGE, MAPS, one_unit=True, percentile=100))[1:3]
    )
    assert float(saliency.max()) == pytest.approx(1 / 6) and (guided == -1).all()  # the channels of −3 add up to −6


@pytest.mark.parametrize("nothing", [0.0, np.nan])
def test_a_map_of_nothing_does_not_fade_those_of_its_unit(nothing):
    maps = {"weak": 0.25 * np.eye(4), "nothing": np.full((4, 4), nothing), "weaker": np.full((4, 4), -0.125)}
    found = [image.get_array() for image in drawn(plot.attributions(IMAGE, maps, one_unit=True, percentile=100))[1:4]]
    assert found[0].max() == 1 and (found[2] == -0.5).all()
    np.testing.assert_array_equal(np.ma.filled(found[1], np.nan), nothing)


def test_a_batch_of_one_is_drawn_as_what_is_in_it():
    colors = np.random.default_rng(0).random((4, 5, 3))
    maps = np.random.default_rng(1).standard_normal((3, 4, 5))
    alone = drawn(plot.attributions(colors, {"a": maps, "b": maps.sum(axis=0)}))
    batch = drawn(plot.attributions(colors.transpose(2, 0, 1)[None], {"a": maps[None], "b": maps.sum(axis=0)[None]}))
    for one, other in zip(alone, batch, strict=True):
        np.testing.assert_array_equal(one.get_array(), other.get_array())
    gray = drawn(plot.attributions(np.ones((1, 1, 4, 5)), {"a": maps}))[0].get_array()
    assert gray.shape == (4, 5)


@pytest.mark.parametrize("value", [0.0, 2.0, np.nan])
def test_constant_maps_are_drawn(value, render):
    render(plot.attributions(np.zeros((4, 4, 3)), {str(i): np.full((4, 4), value) for i in range(7)}))


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        ({}, "no map"),
        ({"a": np.zeros(5)}, r"got shape \(5,\) for a"),
        ({"a": np.zeros((2, 1, 4, 4))}, r"of one image.* got shape \(2, 1, 4, 4\) for a"),
    ],
)
def test_what_is_no_maps_is_refused(maps, message):
    with pytest.raises(ValueError, match=f"attributions: .*{message}"):
        plot.attributions(IMAGE, maps)


@pytest.mark.parametrize("shape", [(4,), (2, 4, 4), (2, 3, 4, 4)])
def test_what_is_no_image_is_refused(shape):
    with pytest.raises(ValueError, match="attributions: expected an image"):
        plot.attributions(np.zeros(shape), MAPS)
