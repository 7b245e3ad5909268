import numpy as np
import pytest
from PIL import Image

from viz import plot


def numbers(ax):
    return {(round(text.get_position()[1]), round(text.get_position()[0])): text.get_text() for text in ax.texts}


def colors(ax):
    (image,) = ax.get_images()
    return np.asarray(image.get_array())


def test_rows_are_classes_and_columns_what_they_were_taken_for(ax, render):
    assert plot.confusion([[9, 1], [0, 1234]], ["cat", "dog"], ax) is ax
    assert numbers(ax) == {(0, 0): "9", (0, 1): "1", (1, 1): "1,234"}
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cat", "dog"]
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("class", "taken for")
    render(ax)


def test_the_title_tells_the_accuracy():
    ax = plot.confusion([[3, 1], [1, 3]], ["a", "b"])
    assert ax.get_title(loc="left") == "75.00% of 8 right"


def test_no_count_is_white_right_ones_are_blue_wrong_ones_orange():
    cells = colors(plot.confusion([[8, 2, 0], [1, 9, 0], [0, 0, 10]], ["a", "b", "c"]))
    assert np.array_equal(cells[0, 2], [1, 1, 1])
    red, _, blue = cells[0, 0]
    assert blue > red
    red, _, blue = cells[0, 1]
    assert red > blue


def test_a_number_is_white_on_a_cell_that_is_dark_as_a_gray_image():
    """Gray by the weights of television (ITU-R BT.601), which Pillow has too: dark is below 55 %."""
    shares = np.linspace(4, 100, 25).astype(int)
    counts = np.diag(shares)
    counts[np.arange(25), np.arange(25) - 1] = 100 - shares
    ax = plot.confusion(counts, [str(i) for i in range(25)])
    grays = np.asarray(Image.fromarray(np.rint(255 * colors(ax)).astype(np.uint8)).convert("L")) / 255
    seen = {(round(y), round(x)): text.get_color() == "#ffffff" for text in ax.texts for x, y in [text.get_position()]}
    clear = {place: grays[place] < 0.55 for place in seen if abs(grays[place] - 0.55) > 0.004}
    assert len(clear) > 40 and {place: seen[place] for place in clear} == clear


def test_depth_is_the_share_of_the_class_not_the_count():
    cells = colors(plot.confusion([[900, 100], [1, 1]], ["common", "rare"]))
    assert cells[1, 0].sum() < cells[0, 1].sum()  # 1 of 2 is a deeper orange than 100 of 1000


@pytest.mark.parametrize("K", [1, 30, 100])
def test_any_number_of_classes_can_be_drawn(K, render):
    counts = np.random.default_rng(0).integers(0, 9, (K, K))
    ax = plot.confusion(counts, [f"class {i}" for i in range(K)])
    assert bool(ax.texts) == (K <= 25)
    render(ax)


@pytest.mark.parametrize(
    ("K", "numbered", "named", "side"),
    [
        (25, True, True, 12.7),
        (26, False, True, 5.84),
        (60, False, True, 10.6),
        (61, False, False, 10.74),
        (90, False, False, 11.2),
    ],
)
def test_up_to_25_classes_have_numbers_and_up_to_60_have_names(K, numbered, named, side):
    ax = plot.confusion(np.eye(K, dtype=int), [f"class {i}" for i in range(K)])
    assert len(ax.texts) == (K if numbered else 0)
    assert ([label.get_text() for label in ax.get_yticklabels()][:2] == ["class 0", "class 1"]) == named
    assert ax.figure.get_size_inches() == pytest.approx([side, side])


def test_no_images_at_all_can_be_drawn(render):
    render(plot.confusion(np.zeros((2, 2), int), ["a", "b"]))


def test_names_are_no_formulas(render):
    render(plot.confusion(np.eye(2, dtype=int), ["$5", "a_$\\frac{"]))


def test_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"confusion: expected \(2, 2\) counts for 2 classes, got \(2, 3\)"):
        plot.confusion(np.zeros((2, 3)), ["a", "b"])
