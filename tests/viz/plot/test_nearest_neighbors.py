import numpy as np
import pytest
from matplotlib.colors import to_rgba

from viz import plot
from viz.plot._canvas import BLUE, INK, VERMILLION

CLASSES = ["coat", "shirt $x"]
IMAGES = np.arange(4, dtype=np.uint8)[:, None, None, None] * np.full((4, 1, 3, 5), 80, np.uint8)
LABELS = [0, 0, 1, 1]
NEAR = {"pixels": [[1, 2], [0, 2], [3, 1], [2, 0]], "relu3": [[1, 2], [0, 3], [3, 0], [2, 1]]}


def shown(ax):
    """The gray of each image and the color of its frame, row by row."""
    frames = [patch.get_edgecolor() for patch in ax.patches]
    return [
        (int(np.asarray(image.get_array()).max()), color) for image, color in zip(ax.get_images(), frames, strict=True)
    ]


def test_a_row_is_a_query_and_its_nearest_in_each_space(ax, render):
    beyond = len(IMAGES)  # is left out
    assert plot.nearest_neighbors(IMAGES, NEAR, LABELS, CLASSES, ax, rows=[2, beyond], title="nearest") is ax
    lefts = [image.get_extent()[0] for image in ax.get_images()]
    assert lefts == pytest.approx([0, 1.45, 1.45 + 1.08, 1.45 + 2.16 + 0.45, 1.45 + 2.16 + 0.45 + 1.08])
    assert [patch.get_linewidth() for patch in ax.patches] == [1.5, 1.5, 3, 1.5, 3]
    black, blue, orange = map(to_rgba, (INK, BLUE, VERMILLION))
    assert shown(ax) == [(160, black), (240, blue), (80, orange), (240, blue), (0, orange)]
    words = [text.get_text() for text in ax.texts]
    assert words[:5] == ["shirt $x", "shirt $x", "coat", "shirt $x", "coat"]
    assert ax.get_title(loc="left") == "nearest"
    render(ax)


def test_the_agreement_is_that_of_all_queries(ax):
    plot.nearest_neighbors(IMAGES, {"pixels": [[1], [0], [0], [2]]}, LABELS, CLASSES, ax, rows=[0])
    assert "75.0% have the query's label" in [text.get_text() for text in ax.texts]


def test_queries_may_be_other_images_than_those_searched(render):
    ax = plot.nearest_neighbors(IMAGES, {"pixels": [[3]]}, LABELS, CLASSES, queries=IMAGES[:1] + 7, query_labels=[1])
    assert [level for level, _ in shown(ax)] == [7, 240]
    assert [text.get_text() for text in ax.texts][:2] == ["shirt $x"] * 2
    render(ax)


def test_words_over_a_space_stay_within_it():
    ax = plot.nearest_neighbors(IMAGES, {"pixels": [[1]] * 4, "relu3": [[1]] * 4}, LABELS, CLASSES)
    ax.figure.canvas.draw()
    assert sorted({image.get_extent()[0] for image in ax.get_images()}) == pytest.approx([0, 1.45, 1.45 + 2 + 0.45])
    first, second = (text.get_window_extent() for text in ax.texts if "label" in text.get_text())
    assert first.x1 < second.x0 and second.x1 <= ax.figure.bbox.x1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"indices": {}}, "at least one space and one row"),
        ({"rows": [9]}, "at least one space and one row"),
        ({"queries": IMAGES}, "queries with query_labels, or neither"),
        ({"labels": [0]}, "4 images and 4 queries, but 1 and 1 labels"),
    ],
)
def test_bad_input_is_refused(options, message):
    with pytest.raises(ValueError, match=f"nearest_neighbors: .*{message}"):
        plot.nearest_neighbors(**{"images": IMAGES, "indices": NEAR, "labels": LABELS, "classes": CLASSES} | options)
