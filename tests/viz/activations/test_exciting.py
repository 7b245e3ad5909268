import dataclasses

import numpy as np
import pytest

import minicnn as cnn
import viz
from minicnn.group import Group

RNG = np.random.default_rng(0)


def dataset(count=12, shape=(1, 9, 9), seed=0):
    rng = np.random.default_rng(seed)
    return cnn.data.Dataset(rng.integers(0, 256, (count, *shape), np.uint8), np.arange(count) % 2, ["a", "b"])


def network(channels=1):
    """Padding, strides, branches and a shortcut: everything that moves a receptive field."""
    model = cnn.Sequential(
        conv1=cnn.Conv2d(channels, 4, 3, stride=2, padding=1),
        relu1=cnn.ReLU(),
        split=cnn.Concat(one=cnn.Conv2d(4, 3, 1), three=cnn.Conv2d(4, 3, (3, 1), padding=(1, 0))),
        block=cnn.Residual(conv=cnn.Conv2d(6, 6, 3, padding=1)),
        pool=cnn.MaxPool2d(2, stride=1),
    )
    model.transform = cnn.data.Transform((0.0,) * channels, (1.0,) * channels, channels=None)
    return model.initialize(0)


def test_the_scores_are_those_of_brute_force():
    model, images = network(), dataset(20)
    found = viz.exciting_patches(model, images, "block", top=5, batch_size=3)
    y = model.forward(images.images.astype(np.float32) / 255, cnn.Pass(until="block"))[0]
    by_image = y.reshape(20, 6, -1).max(axis=2).T
    np.testing.assert_allclose(found.scores, -np.sort(-by_image)[:, :5], rtol=1e-5)
    assert np.array_equal(found.indices, np.argsort(-by_image)[:, :5])
    for c in range(6):
        for t in range(5):
            row, column = found.places[c, t]
            assert y[found.indices[c, t], c, row, column] == pytest.approx(found.scores[c, t], rel=1e-5)


def test_images_without_labels_excite_as_much():
    model, images = network(), dataset(20)
    expected, found = (viz.exciting_patches(model, given, "block", top=5) for given in (images, images.images))
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_array_equal(found.patches(images.images), expected.patches(images))
    with pytest.raises(TypeError, match=r"expected a Dataset, or its images as uint8 .* got float64"):
        viz.exciting_patches(model, images.images / 255, "block")


def test_a_box_is_exactly_what_the_activation_depends_on():
    model = network()
    image = RNG.standard_normal((1, 1, 40, 40)).astype(np.float32)
    y, pullback = model.forward(image, cnn.Pass(relu="linear", until="block"))
    found = viz.exciting_patches(model, dataset(3, (1, 40, 40)), "block", top=1)
    for c in range(6):
        row, column = found.places[c, 0]
        dy = np.zeros_like(y)
        dy[0, c, row, column] = 1
        rows, columns = np.nonzero(pullback(dy, wants="input")[0][0, 0])
        top, left, bottom, right = found.boxes[c, 0]
        inside = (max(top, 0), max(left, 0), min(bottom, 40), min(right, 40))
        assert (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1) == inside


def test_patches_are_cut_with_gray_beyond_the_edge():
    model = cnn.Sequential(conv=cnn.Conv2d(1, 1, 3, padding=1))
    model.transform = cnn.data.Transform()
    model["conv"].weight[0, 0, 1, 1] = 1
    images = dataset(2, (1, 5, 5))
    images.images[:] = 0
    images.images[1, 0, 0, 4] = 200  # the brightest: the upper right corner of the second image
    images.images[0, 0, 2, 2] = 100
    found = viz.exciting_patches(model, images, "conv")
    assert found.indices.tolist() == [[1, 0]] and found.places.tolist() == [[[0, 4], [2, 2]]]
    assert found.boxes.tolist() == [[[-1, 3, 2, 6], [1, 1, 4, 4]]]
    corner, middle = found.patches(images)[0, :, 0]
    assert corner.tolist() == [[128, 128, 128], [0, 200, 128], [0, 0, 128]]
    assert middle.tolist() == [[0, 0, 0], [0, 100, 0], [0, 0, 0]]


def test_an_edge_filter_is_excited_by_the_edge():
    model = cnn.Sequential(conv=cnn.Conv2d(1, 1, 4))
    model.transform = cnn.data.Transform()
    model["conv"].weight[...] = np.array([[-1, -1, 1, 1]] * 4)
    images = dataset(4, (1, 12, 12))
    images.images[:] = 0
    images.images[2, 0, :, 7:] = 255  # dark to bright, left to right
    images.images[3, 0, 7:, :] = 255  # and from the top down
    found = viz.exciting_patches(model, images, "conv", top=1)
    assert found.indices.item() == 2
    assert np.array_equal(found.patches(images)[0, 0, 0], np.array([[0, 0, 255, 255]] * 4))


def test_units_without_a_window_see_the_whole_image():
    model = cnn.Sequential(conv=cnn.Conv2d(3, 2, 3), gap=cnn.GlobalAvgPool2d(), fc=cnn.Dense(2, 5)).initialize(0)
    model.transform = cnn.data.Transform((0.0,) * 3, (1.0,) * 3, channels="RGB")
    model["fc"].bias[...] = 9
    images = dataset(4, (3, 6, 7))
    found = viz.exciting_patches(model, images, "fc", top=2)
    assert found.scores.shape == (5, 2) and (found.boxes == [0, 0, 6, 7]).all() and not found.places.any()
    assert np.array_equal(found.patches(images, [3])[0], images.images[found.indices[3]])


def test_a_field_larger_than_the_image_is_shown_as_the_image():
    model = cnn.Sequential(conv=cnn.Conv2d(1, 2, 9, padding=4)).initialize(0)
    model.transform = cnn.data.Transform()
    images = dataset(3, (1, 5, 12))
    found = viz.exciting_patches(model, images, "conv", top=1)
    assert found.patches(images).shape == (2, 1, 1, 5, 9)


def test_fewer_images_than_asked_for_are_all_there_are():
    found = viz.exciting_patches(network(), dataset(3), "conv1")
    assert found.scores.shape == found.indices.shape == (4, 3)


def test_of_equals_the_first_is_kept_however_they_are_batched():
    model = cnn.Sequential(conv=cnn.Conv2d(1, 1, 1), clip=cnn.Clip(1, 1), relu=cnn.ReLU()).initialize(0)
    model.transform = cnn.data.Transform()
    for batch_size in (1, 2, 12):
        found = viz.exciting_patches(model, dataset(), "relu", top=3, batch_size=batch_size)
        assert found.indices.tolist() == [[0, 1, 2]] and (found.scores == 1).all() and not found.places.any()


def a_dead_a_lazy_and_a_busy_channel():
    """Over images of which the second alone has a bright pixel: hits of each channel among the three."""
    model = cnn.Sequential(conv=cnn.Conv2d(1, 3, 1), relu=cnn.ReLU())
    model.transform = cnn.data.Transform()
    model["conv"].weight[:, 0, 0, 0] = 0, 1, 1
    model["conv"].bias[...] = -1, 0, 1
    images = dataset(3, (1, 4, 4))
    images.images[:] = 0
    images.images[1, 0, 2, 3] = 255
    return model, images


@pytest.mark.parametrize("layer", ["conv", "relu"])
def test_what_does_not_excite_a_channel_is_left_out(layer):
    model, images = a_dead_a_lazy_and_a_busy_channel()
    found = viz.exciting_patches(model, images, layer, top=3)
    assert found.hits.tolist() == [0, 1, 3] and found.dead.tolist() == [True, False, False]
    np.testing.assert_array_equal(found.scores, [[np.nan] * 3, [1, np.nan, np.nan], [2, 1, 1]])
    assert found.indices.tolist() == [[-1, -1, -1], [1, -1, -1], [1, 0, 2]]
    assert found.places[1].tolist() == [[2, 3], [-1, -1], [-1, -1]]
    patches = found.patches(images)
    assert patches.shape == (3, 3, 1, 1, 1)
    assert patches.mask[:, :, 0, 0, 0].tolist() == [[True] * 3, [False, True, True], [False] * 3]
    assert patches.data[1].ravel().tolist() == [255, 255, 255] and patches.data[2].ravel().tolist() == [255, 0, 0]


def test_its_names_say_what_the_number_is_and_who_is_dead():
    found = viz.exciting_patches(*a_dead_a_lazy_and_a_busy_channel(), "relu")
    assert found.names() == ["channel 0: dead", "channel 1, activation 1", "channel 2, activation 2"]
    assert found.names([2]) == ["channel 2, activation 2"]
    assert repr(found) == "ExcitingPatches(layer='relu', channels=3, top=3, dead=[0])"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: viz.exciting_patches(network(), dataset(), "conv1", top=0), "top must be at least 1"),
        (lambda: viz.exciting_patches(network(), dataset(), "conv7"), "there is no layer 'conv7'"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("rank", [0, 1])
def test_processes_gather_the_best_of_their_images_and_nothing_where_they_have_none(rank):
    """Of one batch and two processes, the first has no image."""
    given = []

    class Two(Group):
        size = 2

        def texts(self, text):
            return ["null", "[4, 4]"]

        def gather(self, rows):
            given.append(rows)
            return whole[len(given) - 1].T

    group, images = Two(), dataset(5)
    group.rank = rank
    alone = viz.exciting_patches(network(), images, "pool", top=3, batch_size=5)
    places = np.where(alone.indices < 0, 0, alone.places[..., 0] * 4 + alone.places[..., 1])
    whole = [np.nan_to_num(alone.scores), alone.indices, places]
    found = viz.exciting_patches(network(), images, "pool", top=3, batch_size=5, group=group)
    np.testing.assert_array_equal(found.scores, alone.scores)
    np.testing.assert_array_equal(found.places, alone.places)
    assert [len(rows) for rows in given] == ([0, 0, 0] if rank == 0 else [3, 3, 3])


def test_a_field_as_large_as_the_image_is_shown_as_the_image():
    """And not the part of it that lies in the image, with gray around it."""
    model = cnn.Sequential(conv=cnn.Conv2d(1, 1, 5, padding=2))
    model.transform = cnn.data.Transform()
    model["conv"].weight[0, 0, 2, 2] = 1
    for shape in ((5, 12), (12, 5)):
        images = dataset(1, (1, *shape))
        images.images[...] = 0
        images.images[0, 0, 1, 1] = 200
        (patch,) = viz.exciting_patches(model, images, "conv", top=1).patches(images)[0, 0]
        long, short = (patch, patch[:, 0]) if shape == (5, 12) else (patch.T, patch[0])
        assert long.shape == (5, 5) and short.tolist() == [128] * 5 and (long[:, 1:] != 128).all()


@pytest.mark.parametrize(
    "box", [(-5, 1, -2, 4), (1, -5, 4, -2), (9, 1, 12, 4), (1, 9, 4, 12), (-3, 1, 0, 4), (9, -3, 12, 0)]
)
def test_a_box_beyond_the_edge_is_gray(box):
    images = np.full((1, 1, 9, 9), 7, np.uint8)
    found = viz.ExcitingPatches(
        "conv", np.ones((1, 1)), np.zeros((1, 1), int), np.zeros((1, 1, 2), int), np.array([[box]])
    )
    assert (found.patches(images) == 128).all() and found.patches(images).shape == (1, 1, 1, 3, 3)


def test_nothing_is_drawn_of_dead_channels_or_without_images():
    model, images = a_dead_a_lazy_and_a_busy_channel()
    model["conv"].bias[...] = -2
    assert viz.exciting_patches(model, images, "relu").plot() is None
    model["conv"].bias[...] = 2
    found = viz.exciting_patches(model, images, "relu")
    without = dataclasses.replace(found, dataset=None)
    assert without.plot() is None
    with pytest.raises(ValueError, match="expected the images that were searched, got none"):
        without.patches()
    np.testing.assert_array_equal(without.patches(images, [2, 0]), found.patches()[[2, 0]])
