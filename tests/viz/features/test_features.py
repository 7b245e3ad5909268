import numpy as np
import pytest

import minicnn as cnn
import viz
from viz.features import extraction

RNG = np.random.default_rng(0)


@pytest.fixture
def model():
    model = cnn.zoo.build("seed")
    model.transform = cnn.data.Transform()
    return model


@pytest.fixture
def images():
    return cnn.data.Dataset(RNG.integers(0, 256, (11, 1, 28, 28), np.uint8), np.arange(11) % 3, ["a", "b", "c"])


@pytest.mark.parametrize("layer", ["pool2", "relu3"])
def test_features_are_what_the_layer_puts_out(model, images, layer):
    model.transform = cnn.data.Transform(mean=(0.5,), std=(0.2,))
    found = viz.extract_features(model, images, layer, batch_size=4)
    y, _ = model.forward(model.transform(images.images), cnn.Pass(until=layer))
    np.testing.assert_allclose(found, y.reshape(11, -1), rtol=1e-4, atol=1e-5)
    assert found.dtype == np.float32


def test_images_without_labels_have_features_too(model, images):
    expected = viz.extract_features(model, images, "fc1")
    np.testing.assert_array_equal(viz.extract_features(model, images.images, "fc1"), expected)


@pytest.mark.parametrize("given", [np.zeros((2, 1, 28, 28)), np.zeros((28, 28), np.uint8), [1, 2], "mnist"])
def test_what_is_neither_a_data_set_nor_images_is_refused(model, given):
    with pytest.raises(TypeError, match=r"expected a Dataset, or its images as uint8 \(N, C, H, W\), got "):
        viz.extract_features(model, given, "fc1")


def test_maps_can_be_averaged(model, images):
    y, _ = model.forward(images.images.astype(np.float32) / 255, cnn.Pass(until="pool2"))
    found = viz.extract_features(model, images, "pool2", average=True)
    np.testing.assert_allclose(found, y.mean(axis=(2, 3)), rtol=1e-4, atol=1e-6)
    assert viz.extract_features(model, images, "fc1", average=True).shape == (11, 50)


def test_large_features_lie_on_disk(model, images, monkeypatch, tmp_path):
    small = viz.extract_features(model, images, "fc1")
    assert extraction.IN_MEMORY == 512 * 1024**2
    monkeypatch.setattr(extraction, "IN_MEMORY", small.nbytes)
    assert not isinstance(viz.extract_features(model, images, "fc1"), np.memmap)
    monkeypatch.setattr(extraction, "IN_MEMORY", small.nbytes - 1)
    large = viz.extract_features(model, images, "fc1")
    assert isinstance(large, np.memmap) and np.array_equal(large, small)
    named = viz.extract_features(model, images, "fc1", path=tmp_path / "features.npy")
    named.flush()
    assert np.array_equal(np.load(tmp_path / "features.npy"), small)


def brute_force(rows, queries):
    return np.sqrt(((queries[:, None] - rows[None]) ** 2).sum(axis=2))


def test_neighbors_are_those_of_brute_force():
    rows, queries = RNG.standard_normal((60, 7)) + 5, RNG.standard_normal((9, 7)) + 5
    indices, distances = viz.nearest_neighbors(rows, queries, 4)
    expected = brute_force(rows, queries)
    assert np.array_equal(indices, np.argsort(expected)[:, :4])
    np.testing.assert_allclose(distances, np.sort(expected)[:, :4], rtol=1e-4)


def test_nobody_is_their_own_neighbor():
    rows = np.array([[0.0, 0], [1, 0], [5, 0]])
    indices, distances = viz.nearest_neighbors(rows, k=1)
    assert indices.tolist() == [[1], [0], [1]] and distances.tolist() == [[1], [1], [4]]


def test_by_cosine_brightness_does_not_count():
    rows = np.array([[1.0, 0], [0, 1], [10, 1]])
    indices, distances = viz.nearest_neighbors(rows, np.array([[100.0, 0], [0, 3.0]]), 1, metric="cosine")
    assert indices.tolist() == [[0], [1]] and np.allclose(distances, 0, atol=1e-6)
    _, opposite = viz.nearest_neighbors(np.array([[1.0, 0], [-1.0, 0]]), k=1, metric="cosine")
    assert np.allclose(opposite, 2)


def test_the_distance_by_cosine_is_one_minus_the_cosine():
    rows, queries = RNG.standard_normal((30, 6)), RNG.standard_normal((7, 6))
    cosines = (queries @ rows.T) / np.linalg.norm(queries, axis=1)[:, None] / np.linalg.norm(rows, axis=1)
    indices, distances = viz.nearest_neighbors(rows, queries, 5, metric="cosine")
    assert np.array_equal(indices, np.argsort(-cosines)[:, :5])
    np.testing.assert_allclose(distances, 1 - np.take_along_axis(cosines, indices, axis=1), atol=1e-5)


def test_images_are_rows_of_pixels():
    images = RNG.integers(0, 256, (8, 1, 4, 4), np.uint8)
    indices, distances = viz.nearest_neighbors(images, images[[3]], 1)
    assert indices.item() == 3 and distances.item() == pytest.approx(0, abs=1e-3)


def test_agreement_is_the_share_of_equal_labels():
    assert viz.label_agreement([[1, 2], [0, 2], [0, 1]], [7, 7, 8]) == pytest.approx(2 / 6)
    assert viz.label_agreement([[0, 1, 1]], [1, 2], [2]) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: viz.nearest_neighbors(np.zeros((3, 2)), np.zeros((1, 4))), "features have 2 columns, but queries 4"),
        (lambda: viz.nearest_neighbors(np.array([[0.0], [np.nan]]), k=1), "must be finite, but row 1 is not"),
        (lambda: viz.nearest_neighbors(np.array([[0], [np.inf], [-np.inf]]), k=1), "must be finite, but row 1 is not"),
        (
            lambda: viz.nearest_neighbors(np.eye(2), np.array([[0, np.nan]]), 1),
            "queries must be finite, but row 0 is not",
        ),
        (lambda: viz.nearest_neighbors(np.array([[0.0], [1e300]]), k=1), "must be finite, but row 1 is not"),
        (lambda: viz.nearest_neighbors(np.zeros((0, 2))), "expected features"),
        (lambda: viz.label_agreement([1, 2], [0, 1, 2], [0, 1]), "a label for each row"),
        (lambda: viz.nearest_neighbors(np.zeros((3, 2)), k=3), "k must lie in 1…2"),
        (lambda: viz.nearest_neighbors(np.zeros((3, 2)), k=1, metric="taxi"), "euclidean, cosine"),
        (lambda: viz.nearest_neighbors(np.zeros(3)), "expected features"),
        (lambda: viz.label_agreement(np.zeros((0, 1), int), []), "at least one neighbor"),
        (lambda: viz.label_agreement(np.zeros((3, 2), int), [0, 1]), "a label for each row"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_by_cosine_zeros_are_half_as_far_from_any_direction_as_a_right_angle_is():
    _, distances = viz.nearest_neighbors(np.array([[3.0, 0], [0, 2.0]]), np.zeros((1, 2)), 2, metric="cosine")
    assert distances.tolist() == [[0.5, 0.5]]
