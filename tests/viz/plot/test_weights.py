import io
from types import SimpleNamespace

import numpy as np
import pytest

import viz
from viz import plot
from viz.plot.weight_factors import largest

RNG = np.random.default_rng(0)


def test_detectors_show_maps_before_and_after_relu(figure):
    edge = np.array([[-1.0, 1.0]])
    image = np.zeros((6, 8))
    image[:, 3:5] = 1
    assert plot.detectors([edge, -edge], image, figure, names=["up", "down"]) is figure
    maps = [ax.get_images()[0] for ax in figure.axes]
    before, after = maps[2].get_array(), maps[3].get_array()
    assert (before[:, 2] == 1).all() and (before[:, 4] == -1).all()
    assert (after[:, 2] == 1).all() and (after[:, 4] == 0).all()
    assert (maps[2].norm.vmin, maps[2].norm.vmax, maps[3].norm.vmin) == (-1, 1, 0)
    figure.savefig(io.BytesIO(), format="svg")


def test_numbers_of_a_filter_are_white_on_what_is_darker_than_three_fifths_of_the_largest(figure):
    plot.detectors([[[-5.0, 3.0, 3.5], [-3.0, 0.0, -4.0]]], np.zeros((4, 4)), figure)
    found = {text.get_text(): (text.get_position(), text.get_color() == "white") for text in figure.axes[0].texts}
    assert found == {
        "-5": ((0, 0), True), "3": ((1, 0), False), "3.5": ((2, 0), True),
        "-3": ((0, 1), False), "0": ((1, 1), False), "-4": ((2, 1), True),
    }  # fmt: skip


def test_an_image_without_edges_is_drawn(render):
    figure = plot.detectors(np.zeros((1, 2, 2)), np.zeros((4, 4)))
    widths = np.array([ax.get_position(original=True).width for ax in figure.axes])
    assert widths / widths[0] == pytest.approx([1, 1.4, 1.4, 1.4])  # an image and its maps are larger than the numbers
    render(figure)


def test_the_path_of_an_optimizer_is_drawn_on_the_surface(ax, render):
    path = np.array([[2.0, 1.0], [1.0, -0.5], [0.0, 0.0]])
    assert plot.descent(lambda a, b: a**2 + 9 * b**2, {"plain": path, "momentum": path / 2}, ax) is ax
    assert np.array_equal(ax.get_lines()[0].get_xydata(), path)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["plain: loss 0 after 2 steps", "momentum: loss 0 after 2 steps"]
    render(ax)


def test_a_minimum_that_lies_near_is_in_sight_and_one_far_away_is_not():
    path = np.array([[-4.0, 2.0], [-3.0, 0.1], [-2.0, 0.0]])
    near = plot.descent(lambda a, b: a**2 + 9 * b**2, {"plain": path})
    assert near.get_xlim()[1] > 0.1 and near.get_ylim()[0] < -0.1
    far = plot.descent(lambda a, b: (a - 50) ** 2 + 9 * b**2, {"plain": path})
    assert far.get_xlim()[1] < 0


def test_a_flat_surface_is_drawn(render):
    render(plot.descent(lambda a, b: 0 * a, {"nowhere": np.zeros((3, 2))}))


def test_three_factors_are_colors_and_zero_is_gray(ax, render):
    factors = np.zeros((2, 3, 3, 3))
    factors[1, ..., 0] = 2.0
    plot.weight_factors(factors, ax, title="conv5")
    nothing, red = (np.asarray(image.get_array())[0, 0] for image in ax.get_images())
    assert list(nothing) == [0.5] * 3 and list(red) == [1, 0.5, 0.5]
    assert ax.get_title(loc="left") == "conv5"  # all are drawn, and nothing is said of a choice
    render(ax)


def test_of_a_filter_table_that_is_drawn_whole_the_title_names_no_choice(ax):
    plot.filter_table(np.ones((2, 3, 1, 1)), ax, rows=2, columns=3)
    assert ax.get_title(loc="left") == "units (rows) by inputs"


def test_a_key_tells_the_factors_colors_of_both_signs(ax):
    factors = np.zeros((2, 1, 1, 3))
    factors[0, 0, 0, 0], factors[1, 0, 0, 2] = 4.0, -4.0
    plot.weight_factors(factors, ax)
    (key,) = ax.child_axes
    assert (key.get_xlabel(), key.get_ylabel()) == ("factor", "share of the factor's largest")
    assert key.get_ylim() == (-1, 1)
    assert [label.get_text() for label in key.get_xticklabels()] == ["1", "2", "3"]
    wanted, unwanted = (np.asarray(image.get_array())[0, 0] for image in ax.get_images())
    ramps = np.asarray(key.get_images()[0].get_array())
    assert np.array_equal(ramps[0, 0], wanted) and np.array_equal(ramps[-1, 2], unwanted)


def test_a_weak_factor_has_as_much_color_as_a_strong_one():
    factors = np.zeros((2, 1, 1, 3))
    factors[0, 0, 0, 0], factors[1, 0, 0, 2] = 4.0, 0.01
    strong, weak = (np.asarray(image.get_array())[0, 0] for image in plot.weight_factors(factors).get_images())
    assert strong[0] == weak[2] == 1


def test_of_many_filters_the_largest_are_drawn(ax, render):
    weights = np.ones((20, 30, 3, 3)) * np.arange(20)[:, None, None, None] * np.arange(30)[None, :, None, None]
    plot.filter_table(weights, ax, rows=2, columns=3, title="conv5")
    assert [image.get_array()[0, 0] for image in ax.get_images()] == [
        18 * 27, 18 * 28, 18 * 29, 19 * 27, 19 * 28, 19 * 29,
    ]  # fmt: skip
    assert "the 2 largest of 20 units, the 3 largest of 30 inputs" in ax.get_title(loc="left")
    assert {"18", "19", "27", "28", "29"} <= {text.get_text() for text in ax.texts}
    render(ax)


def test_a_constant_layer_is_drawn(render):
    render(plot.filter_table(np.zeros((2, 2, 3, 3))))
    render(plot.weight_factors(np.zeros((1, 3, 3, 3))))


def test_which_are_largest_and_in_their_own_order():
    assert largest(np.array([[3.0], [-9.0], [1.0], [5.0]]), 2).tolist() == [1, 3]


def test_patches_stand_in_rows(ax, render):
    images = np.zeros((2, 3, 1, 4, 5), np.uint8)
    images[1, 2] = 255
    plot.exciting_patches(images, ax, names=["dead", "alive"])
    sheet = np.asarray(ax.get_images()[0].get_array())
    assert sheet.shape == (2 * 38 + 5, 3 * 47 + 2 * 5, 3)  # nine times as large, framed, set apart by white
    assert (sheet[1:37, 1:46] == 0).all() and (sheet[38:43] == 1).all() and (sheet[44:80, 105:150] == 1).all()
    render(ax)


@pytest.mark.parametrize(("side", "factor"), [(17, 3), (18, 2), (35, 2), (36, 1), (40, 1)])
def test_patches_are_magnified_until_they_have_36_pixels(ax, side, factor):
    plot.exciting_patches(np.zeros((1, 2, 1, side + 1, side), np.uint8), ax)
    height, width = factor * (side + 1) + 2, factor * side + 2  # with a frame
    assert ax.get_images()[0].get_array().shape == (height, 2 * width + 5, 3)


def test_patches_of_one_pixel_may_be_missing_too(ax):
    images = np.ma.zeros((2, 2, 1, 1, 1), np.uint8)
    images[1, 1] = np.ma.masked
    plot.exciting_patches(images, ax)
    sheet = np.asarray(ax.get_images()[0].get_array())
    assert sheet[[1, 1, 44, 44], [1, 44, 1, 44], 0].tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("channels", [12, 13])
def test_of_a_result_the_twelve_channels_are_drawn_that_are_excited_most(ax, channels):
    strongest = np.arange(channels, dtype=float)
    strongest[5] = 99
    result = SimpleNamespace(
        layer="conv2",
        scores=np.stack([strongest, -strongest], axis=1),
        patches=lambda channels: np.zeros((len(channels), 2, 1, 36, 36), np.uint8),
        names=lambda channels: [f"channel {c}" for c in channels],
    )
    plot.exciting_patches(result, ax)
    drawn = [label.get_text() for label in ax.get_yticklabels()]
    others = [c for c in range(channels - 1, -1, -1) if c != 5]
    assert drawn == [f"channel {c}" for c in [5, *others][:12]]
    assert ax.get_title(loc="left") == "conv2: what excites its channels"


@pytest.mark.parametrize(("count", "rows", "columns"), [(1, 1, 1), (7, 2, 3), (9, 3, 3), (12, 3, 4), (16, 4, 4)])
def test_what_excites_a_unit_is_a_square_without_what_does_not_fill_a_row(figure, count, rows, columns):
    found = viz.weights.ContextualizedWeights(
        "conv2", 7, np.array([3]), np.ones((1, 2, 2)),
        np.zeros((1, 7, 1, 36, 36), np.uint8), np.zeros((count, 1, 36, 36), np.uint8),
    )  # fmt: skip
    plot.contextualized_weights(found, figure)
    before, _, after = [ax.get_images()[0].get_array().shape[:2] for ax in figure.axes if ax.get_images()][:3]
    assert before == (38, 6 * 43 - 5)  # of an input six
    assert after == (rows * 43 - 5, columns * 43 - 5)


def test_masked_patches_are_bare_paper_and_a_row_of_them_says_why(ax, render):
    images = np.ma.MaskedArray(np.zeros((2, 2, 1, 4, 4), np.uint8))
    images[0, 1] = images[1] = np.ma.masked
    plot.exciting_patches(images, ax, names=["channel 0, activation 1", "channel 1: dead"])
    sheet = np.asarray(ax.get_images()[0].get_array())
    assert (sheet[1:37, 1:37] == 0).all() and (sheet[:38, 43:] == 1).all() and (sheet[43:] == 1).all()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["channel 0, activation 1", "channel 1: dead"]
    assert [text.get_text() for text in ax.texts] == ["no image excites it"]
    render(ax)


def test_names_at_the_left_are_not_cut_off():
    ax = plot.exciting_patches(np.zeros((5, 9, 1, 4, 4), np.uint8), names=["channel 400, activation 0.0033"] * 5)
    ax.figure.canvas.draw()
    assert min(label.get_window_extent().x0 for label in ax.get_yticklabels()) >= 0


def test_what_nothing_excites_is_said_beside_its_weights(figure, render):
    found = viz.weights.ContextualizedWeights(
        "conv2", 7, np.array([3]), np.ones((1, 2, 2)),
        np.ma.masked_all((1, 4, 3, 5, 5), np.uint8), np.ma.masked_all((9, 3, 8, 8), np.uint8),
    )  # fmt: skip
    plot.contextualized_weights(found, figure)
    assert [text.get_text() for ax in figure.axes for text in ax.texts] == ["no image excites it"] * 2
    render(figure)


def test_weights_stand_between_what_they_connect(figure):
    found = viz.weights.ContextualizedWeights(
        "conv2", 7, np.array([3, 1]), np.array([[[1.0, -2.0]], [[0.0, 0.5]]]),
        np.zeros((2, 4, 3, 5, 5), np.uint8), np.zeros((9, 3, 8, 8), np.uint8),
    )  # fmt: skip
    plot.contextualized_weights(found, figure)
    maps = [image for ax in figure.axes for image in ax.get_images() if image.norm.vmin == -2]
    assert len(maps) >= 2 and all(image.norm.vmax == 2 for image in maps)
    assert "input 3" in {ax.get_ylabel() for ax in figure.axes}
    figure.savefig(io.BytesIO(), format="png", dpi=40)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot.detectors(np.zeros((2, 2)), np.zeros((4, 4))), "expected filters"),
        (lambda: plot.detectors(np.zeros((1, 2, 2)), np.zeros((4, 4)), names=["a", "b"]), "1 filters, but 2 names"),
        (lambda: plot.descent(np.add, {}), "no path"),
        (lambda: plot.descent(np.add, {"a": [1, 2]}), "expected a path"),
        (lambda: plot.weight_factors(np.zeros((4, 3, 3, 2))), "expected factors"),
        (lambda: plot.filter_table(np.zeros((4, 3))), "expected weights"),
        (lambda: plot.exciting_patches(np.zeros((4, 3, 3))), "expected images"),
        (lambda: plot.exciting_patches(np.zeros((1, 1, 1, 2, 2)), names=["a", "b"]), "1 channels, but 2 names"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("patches", "width"), [(4, 4), (6, 6), (9, 6)])
def test_a_row_of_patches_is_as_wide_as_there_are_up_to_six_and_each_input_has_its_row(figure, patches, width):
    found = viz.weights.ContextualizedWeights(
        "conv2", 7, np.array([3, 1, 4]), np.ones((3, 1, 2)),
        np.zeros((3, patches, 3, 5, 5), np.uint8), np.zeros((9, 3, 8, 8), np.uint8),
    )  # fmt: skip
    plot.contextualized_weights(found, figure)
    inputs, weights = figure.axes[:6:2], figure.axes[1:6:2]
    assert [ax.get_ylabel() for ax in inputs] == ["input 3", "input 1", "input 4"]
    places = [(row, column) for row in range(3) for column in range(2)]
    specs = [ax.get_subplotspec() for ax in figure.axes[:6]]
    assert [(spec.rowspan.start, spec.colspan.start) for spec in specs] == places
    assert specs[0].get_gridspec().get_width_ratios() == pytest.approx([width, 1.1, 4.2])
    titles = [[ax.get_title(loc="left") for ax in column] for column in (inputs, weights)]
    assert titles == [["what excites the inputs", "", ""], ["weights", "", ""]]
    after = figure.axes[6].get_subplotspec().get_topmost_subplotspec()
    assert (after.rowspan, after.colspan) == (range(3), range(2, 3))
