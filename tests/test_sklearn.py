"""The classifier with scikit-learn's interface: what it computes. (`tests/peers/test_sklearn.py` has the interface.)"""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")
from minicnn.sklearn import CNNClassifier


@pytest.fixture(scope="module")
def halves():
    """Images that are bright on the left or on the right, and which."""
    rng = np.random.default_rng(0)
    sides = rng.integers(0, 2, 50)
    images = rng.integers(0, 120, (50, 1, 8, 8), dtype=np.uint8)
    for image, side in zip(images, sides, strict=True):
        image[..., 4 * side : 4 * side + 4] += 100
    return images, np.array(["left", "right"])[sides]


@pytest.fixture(scope="module")
def fitted(halves):
    return CNNClassifier(epochs=4, batch_size=8, random_state=0).fit(*halves)


def test_it_learns_and_its_loss_tells(fitted, halves) -> None:
    assert fitted.score(*halves) > 0.9
    assert len(fitted.loss_curve_) == 4
    assert np.log(2) * 2 > fitted.loss_curve_[0] > fitted.loss_curve_[-1] > 0


def test_probabilities_are_of_each_image_whatever_the_batch(fitted, halves) -> None:
    images, _ = halves
    expected = fitted.predict_proba(images)
    assert expected.shape == (50, 2)
    np.testing.assert_allclose(expected.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(fitted.classes_[expected.argmax(axis=1)], fitted.predict(images))
    for i in (0, 7, 8, 49):
        np.testing.assert_allclose(fitted.predict_proba(images[i : i + 1])[0], expected[i], rtol=1e-4)
