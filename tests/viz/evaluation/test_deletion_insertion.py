"""Deletion and insertion curves of images whose important pixels are known."""

import numpy as np
import pytest

import minicnn as cnn
import viz


def brightness_at(*pixels):
    """A classifier of 1×4 images: class 0's logit is ten times the sum of some pixels, class 1's is 5."""
    model = cnn.Sequential(flat=cnn.Flatten(), fc=cnn.Dense(4, 2))
    model["fc"].weight[0, list(pixels)] = 10
    model["fc"].bias[1] = 5
    return model


IMAGE = np.ones((1, 1, 1, 4), np.float32)
RIGHT, WRONG = np.array([[[3.0, 2, 1, 0]]]), np.array([[[0.0, 1, 2, 3]]])


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_deletion_takes_the_most_important_pixels_first():
    curve = viz.deletion_curve(brightness_at(0), IMAGE, RIGHT, 0, steps=4)
    assert curve.shares.tolist() == [0, 0.25, 0.5, 0.75, 1]
    np.testing.assert_allclose(curve.probabilities, [[sigmoid(5), *[sigmoid(-5)] * 4]], rtol=1e-5)


def test_evidence_against_the_class_goes_last():
    curve = viz.deletion_curve(brightness_at(0), IMAGE, np.array([[[-3.0, 2, 1, -1]]]), 0, steps=4)
    np.testing.assert_allclose(curve.probabilities, [[*[sigmoid(5)] * 4, sigmoid(-5)]], rtol=1e-5)


def test_insertion_brings_the_most_important_pixels_first():
    curve = viz.insertion_curve(brightness_at(0), IMAGE, RIGHT, 0, steps=4, baseline=0.0)
    np.testing.assert_allclose(curve.probabilities, [[sigmoid(-5), *[sigmoid(5)] * 4]], rtol=1e-5)


def test_the_area_is_that_under_the_curve():
    curve = viz.PixelCurve(np.array([0, 0.5, 1]), np.array([[1, 0.5, 0], [1, 1, 1]]))
    assert curve.areas.tolist() == [0.5, 1]
    assert repr(curve) == "PixelCurve(2 images, 2 steps, mean area 0.750)"


def test_the_right_map_has_the_smaller_area_of_deletion_and_the_larger_of_insertion():
    model = brightness_at(0, 1)
    deletion = [viz.deletion_curve(model, IMAGE, maps, 0, steps=4).areas[0] for maps in (RIGHT, WRONG)]
    insertion = [viz.insertion_curve(model, IMAGE, maps, 0, steps=4, baseline=0).areas[0] for maps in (RIGHT, WRONG)]
    assert deletion[0] < deletion[1] and insertion[0] > insertion[1]


def test_the_first_point_is_the_image_and_the_last_the_baseline_in_any_batch():
    model = cnn.zoo.build("seed")
    x = np.random.default_rng(0).standard_normal((3, 1, 28, 28)).astype(np.float32)
    maps = viz.saliency(model, x)
    curve = viz.deletion_curve(model, x, maps, steps=10, baseline=0.5)
    predicted = model(x).argmax(axis=1)
    ends = [cnn.ops.softmax(model(images))[0][np.arange(3), predicted] for images in (x, np.full_like(x, 0.5))]
    np.testing.assert_allclose(curve.probabilities[:, [0, -1]].T, ends, rtol=1e-5)
    again = viz.deletion_curve(model, x, maps, predicted, steps=10, baseline=0.5, batch_size=3)
    np.testing.assert_allclose(curve.probabilities, again.probabilities, rtol=1e-5)


def test_insertion_begins_with_the_blurred_image():
    model = cnn.zoo.build("seed")
    x = np.zeros((1, 1, 28, 28), np.float32)
    x[..., 5:9, 14] = 1
    curve = viz.insertion_curve(model, x, x, steps=1)
    bell = np.exp(-0.5 * (np.arange(-20, 21) / 5) ** 2)  # of five pixels' deviation, cut off after four
    blurred = np.pad(x, ((0, 0), (0, 0), (20, 20), (20, 20)), mode="symmetric")
    for axis in (2, 3):
        blurred = np.apply_along_axis(np.convolve, axis, blurred, bell / bell.sum(), "valid")
    expected = cnn.ops.softmax(model(np.concatenate([blurred, x]).astype(np.float32)))[0][:, model(x).argmax()]
    np.testing.assert_allclose(curve.probabilities[0], expected, rtol=1e-4)


def test_an_op_has_no_probability():
    with pytest.raises(ValueError, match="expected classes as target"):
        viz.deletion_curve(brightness_at(0), IMAGE, RIGHT, lambda logits: (logits[:, 0], None), steps=4)


def test_each_image_loses_its_own_pixels_ranked_by_the_sum_over_the_channels():
    model = brightness_at(0)
    maps = np.zeros((2, 2, 1, 4))
    maps[0, :, 0, 0] = 3, -2  # 1 in all, behind 2 for pixel 1
    maps[0, :, 0, 1] = 1, 1
    maps[1, 1, 0, 0] = 9
    curve = viz.deletion_curve(model, np.repeat(IMAGE, 2, axis=0), maps, 0, steps=4)
    lost, kept = sigmoid(-5), sigmoid(5)
    np.testing.assert_allclose(curve.probabilities, [[kept, kept, lost, lost, lost], [kept, *[lost] * 4]], rtol=1e-5)
