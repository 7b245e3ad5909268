"""The data set that is generated, not read."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from minicnn.data import garments
from minicnn.data.garments import fields
from minicnn.data.garments.dice import Dice
from minicnn.data.garments.fabric import FABRICS
from minicnn.data.mnist import FASHION_MNIST

SHIRT = garments.CLASSES.index("Shirt")
# Of all that `load` gives, and of generate(200, seed=0): they change with any change to the drawings.
WHOLE = "2d1b15c24f02a0559166beb54cd207615a210795897bd03568302bbe40e50f23"
DIGEST = "7d06c19e7ca0987163791b6c7f1b120801c033aa4b1b73d8af166fceeb881caa"


@pytest.fixture(scope="module")
def data():
    return garments.load()


def throw_many(count=20000):
    return Dice(np.random.PCG64(1), count, size=2)


# What the user gets


def test_the_classes_are_fashion_mnists():
    assert FASHION_MNIST.classes == garments.CLASSES


def test_load_gives_12000_training_and_2000_test_images_of_28_by_28_gray(data):
    train, test = data
    assert train.images.shape == (12000, 1, 28, 28) and test.images.shape == (2000, 1, 28, 28)
    assert train.images.dtype == np.uint8 and train.labels.dtype == np.int64
    assert train.classes == test.classes == garments.CLASSES


@pytest.mark.parametrize("count", [0, 1, 7, 200, 203])
def test_classes_are_as_balanced_as_the_count_allows(count):
    images, labels = garments.generate(count, seed=5)
    numbers = np.bincount(labels, minlength=10)
    assert len(images) == len(labels) == count and numbers.max() - numbers.min() <= 1


def test_classes_come_in_random_order(data):
    labels = data[0].labels
    assert 0.08 < np.mean(labels[1:] == labels[:-1]) < 0.12
    assert not np.array_equal(labels[:100], garments.generate(100, seed=1)[1])


def test_no_image_of_the_test_set_nor_of_another_seed_is_in_the_training_set(data):
    images = [image.tobytes() for part in (*data, *garments.load(500, 500, seed=1)) for image in part.images]
    assert len(set(images)) == len(images)


def test_every_image_shows_something(data):
    images = data[1].images.astype(float)
    darkest, brightest = np.percentile(images, (2, 98), axis=(1, 2, 3))
    assert (brightest - darkest).min() > 50


@pytest.mark.parametrize("labels", [[0, 10], [-1], [1.5], [[1, 2]]])
def test_labels_that_are_no_class_are_refused(labels):
    with pytest.raises(ValueError, match=r"expected labels \(N,\) in 0…9, got"):
        garments.draw(labels, seed=0)


def test_negative_numbers_are_refused():
    with pytest.raises(ValueError, match="images of at least 0, got -5"):
        garments.generate(-5, seed=0)
    with pytest.raises(ValueError, match="seed of at least 0, got -1"):
        garments.draw([3], seed=-1)


# The same bytes everywhere


def digest(*parts):
    parts = parts or (garments.generate(200, seed=0),)
    whole = b"".join(images.tobytes() + labels.astype("<i8").tobytes() for images, labels in parts)
    return hashlib.sha256(whole).hexdigest()


def test_a_seed_gives_the_same_bytes_on_every_machine(data):
    assert digest() == DIGEST
    assert digest(*((part.images, part.labels) for part in data)) == WHOLE


def test_the_bytes_do_not_depend_on_the_vector_instructions_of_the_processor():
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    script = "import runpy, sys; print(runpy.run_path(sys.argv[1])['digest']())"
    environment = {**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(found)}
    run = subprocess.run([sys.executable, "-c", script, __file__], env=environment, capture_output=True, text=True)
    assert run.stdout.strip() == DIGEST, run.stderr


def test_another_seed_gives_other_images():
    assert not np.array_equal(garments.draw(range(10), seed=0), garments.draw(range(10), seed=1))


def test_the_kth_image_of_a_class_depends_on_class_k_and_seed_alone():
    shirts = garments.draw([SHIRT] * 150, seed=3)
    among_others = garments.draw([0, SHIRT, 9, SHIRT, 2], seed=3)
    np.testing.assert_array_equal(among_others[[1, 3]], shirts[:2])
    np.testing.assert_array_equal(garments.draw([SHIRT] * 100, seed=3), shirts[:100])


# Worth learning


def silhouettes(images):
    """1 where a pixel differs from the backdrop, taken from the rim of the image, by more than the noise."""
    rim = np.concatenate([images[:, 0, 0], images[:, 0, -1], images[:, 0, :, 0], images[:, 0, :, -1]], axis=1)
    return np.abs(images[:, 0] - np.median(rim, axis=1)[:, None, None]) > 40


def test_each_class_has_a_mean_silhouette_of_its_own(data):
    def means(part):
        covered = silhouettes(part.images.astype(float))
        return np.array([covered[part.labels == label].mean(axis=0).ravel() for label in range(10)])

    distances = np.linalg.norm(means(data[0])[:, None] - means(data[1])[None], axis=2)
    assert np.array_equal(distances.argmin(axis=0), range(10))


def test_a_linear_classifier_on_pixels_learns_something_but_does_not_do(data):
    train, test = data
    mean, deviation = train.images.mean(axis=0), train.images.std(axis=0)

    def features(part):
        pixels = ((part.images - mean) / deviation).reshape(len(part), -1)
        return np.column_stack([pixels, np.ones(len(part))])

    # Ridge regression on one-hot labels: w = (xᵀx + λ1)⁻¹ xᵀy.
    x, y = features(train), np.eye(10)[train.labels]
    w = np.linalg.solve(x.T @ x + 1000.0 * np.eye(x.shape[1]), x.T @ y)
    accuracy = np.mean((features(test) @ w).argmax(axis=1) == test.labels)
    assert 0.4 < accuracy < 0.85


# The parts


def test_throws_lie_in_their_range_and_are_uniform():
    throws = throw_many().uniform(-1.0, 3.0)
    assert throws.dtype == np.float32 and throws.shape == (20000, 1, 1)
    assert throws.min() >= -1.0 and throws.max() < 3.0
    np.testing.assert_allclose(np.histogram(throws, 4)[0] / 20000, 0.25, atol=0.02)


def test_chance_and_pick_follow_their_probabilities():
    assert throw_many().chance(0.2).mean() == pytest.approx(0.2, abs=0.02)
    picked = throw_many().pick([1, 0, 3])
    np.testing.assert_allclose(np.bincount(picked.ravel(), minlength=3) / 20000, [0.25, 0.0, 0.75], atol=0.02)


def test_throws_are_independent_of_each_other_and_of_the_noise():
    dice = throw_many()
    columns = [dice.uniform(0.0, 1.0).ravel(), dice.uniform(0.0, 1.0).ravel(), *dice.noise().reshape(20000, 4).T]
    np.testing.assert_allclose(np.corrcoef(columns), np.eye(6), atol=0.03)


def test_noise_is_about_normal():
    noise = throw_many().noise()
    assert noise.mean() == pytest.approx(0.0, abs=2.0) and noise.std() == pytest.approx(148.0, abs=2.0)
    assert np.mean(np.abs(noise) < noise.std()) == pytest.approx(0.68, abs=0.03)


def point(x, y):
    return np.array([x], np.float32), np.array([y], np.float32)


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        (fields.ellipse(*point(3, 4), 2.0, 2.0), 3.0),
        (fields.ellipse(*point(0, 2), 5.0, 2.0), 0.0),
        (fields.box(*point(5, 6), 2.0, 2.0), 5.0),
        (fields.box(*point(0, 1.5), 4.0, 2.0), -0.5),
        (fields.box(*point(4, 5), 2.0, 2.0, radius=1.0), 4.0),
        (fields.segment(*point(2, 3), 0.0, 0.0, 4.0, 0.0, width=1.0), 2.5),
        (fields.segment(*point(7, 4), 0.0, 0.0, 4.0, 0.0, width=2.0), 4.0),
        (fields.convex(*point(1, 1), (0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)), -1.0),
        (fields.convex(*point(2, -3), (0.0, 0.0), (4.0, 0.0), (0.0, 4.0)), 3.0),
        (fields.below(*point(9, 5), (0.0, 1.0), (4.0, 3.0)), 2.0),
        (fields.below(*point(2, 2), (0.0, 1.0), (4.0, 3.0)), 0.0),
        (fields.below(*point(2, 4.5), (0.0, 1.0), (4.0, 3.0)), 2.0),
    ],
)
def test_fields_are_signed_distances(distance, expected):
    assert distance.dtype == np.float32
    assert distance == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", FABRICS)
def test_fabrics_stay_within_one(name):
    x, y = np.meshgrid(np.linspace(-9, 9, 301, dtype=np.float32), np.linspace(-9, 9, 301, dtype=np.float32))
    pattern = FABRICS[name](x, y)
    assert pattern.dtype == np.float32 and np.abs(pattern).max() <= 1.0
    assert np.ptp(pattern) > 1.0 or name == "plain"
