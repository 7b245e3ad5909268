import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from minicnn.data import Dataset
from viz import plot


def numbered(n, classes=2):
    """n images of one pixel, whose value is the index of the image; classes alternate."""
    images = np.arange(n, dtype=np.uint8).reshape(n, 1, 1, 1)
    return Dataset(images, np.arange(n) % classes, [f"class {i}" for i in range(classes)])


def test_holds_images_labels_and_class_names():
    data = Dataset(np.zeros((3, 1, 4, 5), np.uint8), [2, 0, 1], ["a", "b", "c"])
    assert data.images.shape == (3, 1, 4, 5)
    assert data.labels.dtype == np.int64 and data.labels.tolist() == [2, 0, 1]
    assert data.classes == ("a", "b", "c")
    assert len(data) == 3
    assert repr(data) == "Dataset(3 images of 1×4×5, 3 classes)"


@pytest.mark.parametrize(
    "images, labels, message",
    [
        (np.zeros((2, 1, 4, 4), np.float32), [0, 1], r"uint8 of shape \(N, C, H, W\), got float32 \(2, 1, 4, 4\)"),
        (np.zeros((2, 4, 4), np.uint8), [0, 1], r"got uint8 \(2, 4, 4\).*images\[:, None\]"),
        (np.zeros((2, 1, 4, 4), np.uint8), [0, 1, 1], r"2 integers, one for each image, got int64 \(3,\)"),
        (np.zeros((2, 1, 4, 4), np.uint8), [0.0, 1.0], "2 integers, one for each image, got float64"),
        (np.zeros((2, 1, 4, 4), np.uint8), [0, 2], r"lie in 0…1 .*labels\[1\] is 2"),
        (np.zeros((2, 1, 4, 4), np.uint8), [-1, 0], r"labels\[0\] is -1"),
    ],
)
def test_what_does_not_fit_together_is_refused(images, labels, message):
    with pytest.raises(ValueError, match=message):
        Dataset(images, np.array(labels), ["a", "b"])


def test_a_path_for_each_image():
    with pytest.raises(ValueError, match="2 images, but 1 paths"):
        Dataset(np.zeros((2, 1, 4, 4), np.uint8), np.array([0, 0]), ["a"], paths=["x.png"])


def test_an_integer_gives_one_image_and_its_label():
    image, label = numbered(5)[3]
    assert image.shape == (1, 1, 1) and image.item() == 3 and label == 1


def test_a_slice_is_a_data_set_that_shares_memory():
    data = numbered(6)
    part = data[1:4]
    assert part.images.ravel().tolist() == [1, 2, 3] and part.classes == data.classes
    assert np.shares_memory(part.images, data.images) and np.shares_memory(part.labels, data.labels)


def test_iteration_visits_every_image():
    assert [image.item() for image, _ in numbered(4)] == [0, 1, 2, 3]


@pytest.mark.parametrize("indices", [[4, 0, -1], np.array([True, False, False, False, True, True])])
def test_subset_by_indices_or_mask_keeps_images_labels_and_paths_together(indices):
    data = numbered(6)
    data = Dataset(data.images, data.labels, data.classes, paths=[f"{i}.png" for i in range(6)])
    part = data.subset(indices)
    values = part.images.ravel().tolist()
    assert values == np.arange(6)[indices].tolist()
    assert part.labels.tolist() == [value % 2 for value in values]
    assert list(part.paths) == [f"{value}.png" for value in values]


def test_split_cuts_every_class_in_the_same_proportion():
    data = Dataset(np.zeros((40, 1, 1, 1), np.uint8), np.repeat([0, 1], [30, 10]), ["many", "few"])
    first, second = data.split(0.8)
    assert np.bincount(first.labels).tolist() == [24, 8]
    assert np.bincount(second.labels).tolist() == [6, 2]


@given(st.lists(st.integers(1, 30), min_size=2, max_size=4), st.floats(0.3, 0.7))
def test_split_takes_of_every_class_the_nearest_number(counts, fraction):
    labels = np.repeat(np.arange(len(counts)), counts)
    data = Dataset(np.zeros((len(labels), 1, 1, 1), np.uint8), labels, [str(k) for k in range(len(counts))])
    expected = np.array([round(fraction * count) for count in counts])
    assume(expected.any() and (expected < counts).any())
    first, second = data.split(fraction)
    assert np.bincount(first.labels, minlength=len(counts)).tolist() == expected.tolist()
    assert len(first) + len(second) == len(data)


def test_split_parts_are_disjoint_in_order_and_the_same_for_the_same_seed():
    data = numbered(50)
    first, second = data.split(0.5, seed=3)
    values = [part.images.ravel().tolist() for part in (first, second)]
    assert sorted(values[0] + values[1]) == list(range(50))
    assert values == [sorted(part) for part in values]
    assert np.array_equal(data.split(0.5, seed=3)[0].images, first.images)
    assert not np.array_equal(data.split(0.5, seed=4)[0].images, first.images)
    assert np.array_equal(data.split(0.5)[0].images, data.split(0.5, seed=0)[0].images)


@pytest.mark.parametrize("fraction", [0.0, 1.0, 0.01, 1.5])
def test_split_refuses_an_empty_part(fraction):
    with pytest.raises(ValueError, match="leaves one part empty"):
        numbered(10).split(fraction)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_twenty_images_are_drawn_of_those_that_can_be_seen(channels, monkeypatch):
    drawn = []
    monkeypatch.setattr(plot, "images", lambda data, **options: drawn.append((data, options)) or "sheet")
    height = 2 if channels in (1, 3) else 3
    data = Dataset(np.zeros((2, channels, height, 5), np.uint8), [0, 1], "ab")
    assert (data.plot(), data[:0].plot()) == ("sheet" if channels in (1, 3) else None, None)
    assert drawn == [(data, {"count": 20})] * (channels in (1, 3))
    assert data.show(7, title="seven") == "sheet" and drawn[-1] == (data, {"count": 7, "title": "seven"})
