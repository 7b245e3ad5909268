"""`predict`: one image, and its likely classes."""

import numpy as np
import pytest
from PIL import Image

import minicnn as cnn
from minicnn.data import DataError, Transform


def darkness(channels="gray"):
    """Classifies 4×4 images as "dark" or "bright" by their mean: the scores are ∓mean."""
    depth = 3 if channels == "RGB" else 1
    model = cnn.Sequential(gap=cnn.GlobalAvgPool2d(), fc=cnn.Dense(depth, 2))
    model["fc"].weight[...] = np.array([[-1], [1]]) / depth
    model.transform = Transform((0.5,) * depth, (0.25,) * depth, channels=channels, size=4, crop=4)
    model.classes = ("dark", "bright")
    return model


BRIGHT = np.full((4, 4), 204, np.uint8)  # 0.8, which the transform makes 1.2


def test_classes_come_with_their_softmax_probabilities_likeliest_first():
    (first, p), (second, q) = cnn.predict(darkness(), BRIGHT)
    assert (first, second) == ("bright", "dark")
    assert p == pytest.approx(1 / (1 + np.exp(-2.4)), rel=1e-5)
    assert p + q == pytest.approx(1)


def test_top_says_how_many():
    assert len(cnn.predict(darkness(), BRIGHT, top=1)) == 1
    assert len(cnn.predict(darkness(), BRIGHT, top=9)) == 2


def test_a_file_a_pillow_image_and_an_array_are_the_same_image(tmp_path):
    opened = Image.fromarray(BRIGHT)
    opened.save(tmp_path / "bright.png")
    expected = cnn.predict(darkness(), BRIGHT)
    for image in (opened, tmp_path / "bright.png", str(tmp_path / "bright.png")):
        assert cnn.predict(darkness(), image) == expected


def test_an_image_of_another_size_is_scaled():
    assert cnn.predict(darkness(), np.full((30, 20), 204, np.uint8)) == cnn.predict(darkness(), BRIGHT)


def test_an_image_of_a_data_set_is_taken_as_it_is():
    gray = np.full((6, 5), 204, np.uint8)
    assert cnn.predict(darkness(), gray[None]) == cnn.predict(darkness(), gray)
    colors = np.random.default_rng(0).integers(0, 256, (3, 4, 5), dtype=np.uint8)
    assert cnn.predict(darkness("RGB"), colors) == cnn.predict(darkness("RGB"), colors.transpose(1, 2, 0))


def test_a_gray_image_suits_a_model_of_colors():
    assert cnn.predict(darkness("RGB"), BRIGHT)[0][0] == "bright"


def test_a_model_of_gray_images_sees_a_color_one_by_its_luminance():
    colors = np.random.default_rng(0).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    image = Image.fromarray(colors)
    assert cnn.predict(darkness(), colors) == cnn.predict(darkness(), image.convert("L"))


def test_without_names_classes_are_numbers():
    model = darkness()
    model.classes = None
    assert cnn.predict(model, BRIGHT)[0][0] == "1"


def test_a_model_in_double_precision_predicts_too():
    assert cnn.predict(darkness().astype(np.float64), BRIGHT)[0][0] == "bright"


def test_a_model_without_a_transform_is_refused():
    model = darkness()
    model.transform = None
    with pytest.raises(ValueError, match="predict: the model does not know how images become its input; set model"):
        cnn.predict(model, BRIGHT)


def test_asking_for_no_class_is_refused():
    with pytest.raises(ValueError, match="top must be at least 1, got 0"):
        cnn.predict(darkness(), BRIGHT, top=0)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no.png: no such file"):
        cnn.predict(darkness(), tmp_path / "no.png")
