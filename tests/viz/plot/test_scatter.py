import io
import sys

import numpy as np
import pytest

from viz import grid_places, plot
from viz.plot._canvas import class_colors

RNG = np.random.default_rng(0)
POINTS = RNG.standard_normal((40, 2))
LABELS = np.arange(40) % 3
IMAGES = RNG.integers(0, 256, (40, 1, 8, 8), np.uint8)
CLASSES = ("coat", "shirt $x", "shoe")


def test_dots_have_their_class_color_and_the_legend_names_it(ax, render):
    assert plot.scatter(POINTS, LABELS, CLASSES, ax, title="t-SNE") is ax
    for kind, dots in enumerate(ax.collections):
        assert np.allclose(dots.get_offsets(), POINTS[kind == LABELS])
        assert np.allclose(dots.get_facecolor()[:, :3], class_colors()[kind])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(CLASSES)
    render(ax)


@pytest.mark.parametrize("known", [{"labels": LABELS}, {"classes": CLASSES}])
def test_labels_without_names_and_names_without_labels_have_no_legend(known):
    named, plain = plot.scatter(POINTS, **known), plot.scatter(POINTS)
    assert named.get_legend() is None
    assert named.figure.get_size_inches() == pytest.approx(plain.figure.get_size_inches())


def test_axes_of_a_pca_are_its_components_and_their_shares(render):
    ax = plot.scatter(POINTS, LABELS, CLASSES, variance=[0.614, 0.2, 0.1], title="PCA")
    assert ax.get_xlabel() == "first principal component (61% of variance)"
    assert ax.get_ylabel().split("\n") == ["second principal component", "(20% of variance)"]
    ax.figure.canvas.draw()
    assert len(ax.get_xticks()) > 2 and len(ax.get_yticks()) > 2
    render(ax)


def test_axes_without_a_unit_say_so_and_have_no_ticks(ax):
    plot.scatter(POINTS, ax=ax, title="t-SNE")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("the axes have no unit", "")
    assert len(ax.get_xticks()) == len(ax.get_yticks()) == 0


@pytest.mark.parametrize("stretch", [(1, 1), (3, 1), (1, 2)])
@pytest.mark.parametrize("variance", [None, [0.6, 0.3]])
def test_the_points_fill_the_figure(stretch, variance, caplog):
    ax = plot.scatter(POINTS * stretch, LABELS, CLASSES, variance=variance)
    ax.figure.canvas.draw()
    box, (wide, tall) = ax.get_window_extent(), ax.figure.get_size_inches() * ax.figure.dpi
    legend = ax.get_legend().get_window_extent()
    assert not caplog.messages  # matplotlib logs if it cannot keep the limits it was given
    assert legend.x1 <= wide and box.x0 + wide - legend.x1 < 0.2 * wide and tall - box.height < 0.3 * tall


@pytest.mark.parametrize("stretch", [(1, 0), (0, 1)])
def test_points_on_a_line_make_a_strip(stretch):
    ax = plot.scatter(POINTS * stretch)
    ax.figure.canvas.draw()
    box = ax.get_window_extent()
    assert 1 / 4 < min(box.width, box.height) / max(box.width, box.height) < 2 / 5


@pytest.mark.parametrize(("side", "frame"), [(8, 1), (28, 2), (64, 5)])
def test_a_thumbnails_frame_grows_with_its_image(ax, side, frame):
    plot.scatter([[0.0, 0.0], [1.0, 1.0]], ax=ax, images=np.zeros((2, 1, side, side), np.uint8))
    assert [image.get_array().shape[:2] for image in ax.get_images()] == [(side + 2 * frame,) * 2] * 2
    pixels = np.asarray(ax.get_images()[0].get_array())
    assert (pixels[:frame] == 0.55).all() and (pixels[frame:-frame, frame:-frame] == 0).all()  # gray without a class


def test_thumbnails_may_stand_side_by_side(ax):
    apart = 0.25 * 1.02  # as large as they are, and a fiftieth
    images = np.zeros((3, 1, 2, 2), np.uint8)
    plot.scatter([[0, 0], [apart, 0], [1, 0]], ax=ax, images=images, size=0.25)
    lefts = [image.get_extent()[0] for image in ax.get_images()]
    assert lefts == pytest.approx([-0.125, apart - 0.125, 0.875])
    near = plot.scatter([[0, 0], [apart - 1e-9, 0], [1, 0]], images=images, size=0.25)
    assert len(near.get_images()) == 2 and near.collections[0].get_offsets().tolist() == [[apart - 1e-9, 0]]


@pytest.mark.parametrize(("count", "pixels"), [(5000, False), (5001, True)])
def test_more_than_five_thousand_dots_are_stored_as_pixels(ax, count, pixels):
    plot.scatter(np.arange(2 * count).reshape(count, 2), ax=ax)
    assert bool(ax.collections[0].get_rasterized()) == pixels


def test_thumbnails_do_not_overlap_and_stand_for_their_dots(ax, render):
    plot.scatter(POINTS, LABELS, CLASSES, ax, images=IMAGES, size=0.1)
    boxes = np.array([image.get_extent() for image in ax.get_images()])  # left, right, bottom, top
    drawn = sum(len(dots.get_offsets()) for dots in ax.collections)
    assert len(boxes) + drawn == len(POINTS) and 5 < len(boxes) < 40
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            assert a[0] >= b[1] or b[0] >= a[1] or a[2] >= b[3] or b[2] >= a[3]
    render(ax)


def test_unless_told_otherwise_400_thumbnails_of_a_thirtieth_are_drawn(ax, monkeypatch):
    sides = []
    monkeypatch.setattr(
        sys.modules["viz.plot.scatter"], "_thumbnail", lambda ax, pixels, at, side, color: sides.append(side)
    )
    points = np.argwhere(np.ones((21, 20))) * 3.0  # 0…60 by 0…57, far enough apart for all of them
    plot.scatter(points, ax=ax, images=np.zeros((420, 1, 2, 2), np.uint8))
    assert len(sides) == 400 and set(sides) == {0.035 * 60}


def test_at_most_so_many_thumbnails(ax):
    plot.scatter(POINTS, ax=ax, images=IMAGES, most=4)
    assert len(ax.get_images()) == 4


@pytest.mark.parametrize("points", [np.zeros((3, 2)), [[1.0, 2.0]]])
def test_points_that_coincide_are_drawn(points, render):
    render(plot.scatter(points, images=np.zeros((len(points), 3, 4, 4), np.uint8)))


def test_more_classes_than_colors_have_other_markers(ax, render):
    plot.scatter(np.arange(24).reshape(12, 2), np.arange(12), [str(i) for i in range(12)], ax)
    colors = [tuple(dots.get_facecolor()[0]) for dots in ax.collections]
    shapes = [len(dots.get_paths()[0].vertices) for dots in ax.collections]
    assert colors[0] == colors[10] and shapes[0] != shapes[10]
    render(ax)


def test_a_grid_shows_every_image_in_its_cell(ax, render):
    images = np.full((2, 1, 4, 4), 255, np.uint8)
    images[1] = 0
    plot.grid_places(images, [[0, 1], [1, 0]], ax=ax)
    sheet = np.asarray(ax.get_images()[0].get_array())
    assert sheet.shape == (10, 10, 3)
    assert (sheet[5:9, :4] == 0).all() and (sheet[:4, 5:9] == 1).all()
    render(ax)


@pytest.mark.parametrize(("height", "width", "frame"), [(8, 99, 1), (99, 28, 2), (64, 64, 5)])
def test_a_frame_in_a_grid_grows_with_the_shorter_side_of_its_image(ax, height, width, frame):
    images = np.zeros((1, 1, height, width), np.uint8)
    plot.grid_places(images, [[0, 0]], [2], CLASSES, ax)
    sheet = np.asarray(ax.get_images()[0].get_array())
    assert sheet.shape == (height + 2 * frame + 1, width + 2 * frame + 1, 3)
    dark = np.argwhere((sheet == 0).all(axis=2))
    assert dark.min(axis=0).tolist() == [frame] * 2
    assert dark.max(axis=0).tolist() == [frame + height - 1, frame + width - 1]
    assert np.allclose(sheet[0, 0], class_colors()[2]) and (sheet[-1] == 1).all() and (sheet[:, -1] == 1).all()


def test_frames_have_the_class_color(render):
    ax = plot.grid_places(IMAGES, grid_places(POINTS), LABELS, CLASSES, title="fc1")
    sheet = np.asarray(ax.get_images()[0].get_array())
    row, column = grid_places(POINTS)[5]
    assert np.allclose(sheet[row * 11, column * 11], class_colors()[2])
    render(ax)


def test_it_can_be_saved_as_svg():
    buffer = io.BytesIO()
    plot.scatter(POINTS, LABELS, CLASSES, images=IMAGES).figure.savefig(buffer, format="svg")
    assert b"<svg" in buffer.getvalue()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"points": np.zeros((3, 3))}, "scatter: expected points"),
        ({"points": np.zeros((3, 2)), "variance": [0.5]}, "scatter: expected the variance of at least two"),
        ({"points": np.zeros((3, 2)), "labels": [1]}, "scatter: 3 points, but 1 labels"),
        ({"points": np.zeros((3, 2)), "images": IMAGES}, "scatter: 3 points, but 40 images"),
    ],
)
def test_bad_input_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        plot.scatter(**options)
