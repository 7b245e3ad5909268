import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from minicnn.data import Transform

IMAGENET = Transform((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), channels="RGB", size=256, crop=224)
CAFFE = Transform((104.0, 117.0, 123.0), (1.0, 1.0, 1.0), scale=1.0, channels="BGR", size=(40, 30), crop=(20, 20))

any_images = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=4, max_dims=4, max_side=6))
numbers = st.floats(-10, 10)
scales = st.floats(0.01, 10)


@st.composite
def transforms(draw):
    channels = draw(st.sampled_from(["gray", "RGB", "BGR", None]))
    count = {"gray": 1, "RGB": 3, "BGR": 3, None: draw(st.integers(1, 5))}[channels]
    side = st.integers(1, 500)
    size = st.none() | side | st.tuples(side, side)
    mean, std = (tuple(draw(st.lists(kind, min_size=count, max_size=count))) for kind in (numbers, scales))
    return Transform(mean, std, draw(st.sampled_from([1.0, 255.0])), channels, draw(size), draw(size))


@given(transforms(), st.integers(0, 2**32))
def test_is_the_affine_map_of_its_docstring(transform, seed):
    images = np.random.default_rng(seed).integers(0, 256, (2, len(transform.mean), 3, 4), dtype=np.uint8)
    x = transform(images)
    ordered = images[:, ::-1] if transform.channels == "BGR" else images
    mean, std = (np.reshape(values, (-1, 1, 1)) for values in (transform.mean, transform.std))
    assert x.dtype == np.float32 and x.flags.c_contiguous
    np.testing.assert_allclose(x, (ordered / transform.scale - mean) / std, rtol=1e-6, atol=1e-3)


@given(transforms(), st.integers(0, 2**32))
def test_inverse_gives_back_what_can_be_shown(transform, seed):
    images = np.random.default_rng(seed).integers(0, 256, (2, len(transform.mean), 3, 4), dtype=np.uint8)
    shown = transform.inverse(transform(images))
    assert shown.dtype == np.float32
    np.testing.assert_allclose(shown, images / 255, atol=1e-4)
    np.testing.assert_array_equal(transform.inverse(transform(images)[0]), shown[0])


def test_inverse_clips_to_what_can_be_shown():
    assert Transform().inverse(np.array([[[-1.0, 0.5, 7.0]]])).tolist() == [[[0.0, 0.5, 1.0]]]


@given(any_images)
def test_fit_gives_each_channel_mean_0_and_deviation_1(images):
    transform = Transform.fit(images)
    x = images / 255.0
    np.testing.assert_allclose(transform.mean, x.mean((0, 2, 3)), rtol=1e-12)
    deviation = x.std((0, 2, 3))
    constant = (images == images[:1, :, :1, :1]).all((0, 2, 3))
    np.testing.assert_allclose(transform.std, np.where(constant, 1, deviation), rtol=1e-9)


def test_fit_counts_in_pieces_what_it_counts_as_a_whole():
    images = np.random.default_rng(0).integers(0, 256, (5, 1, 700, 700), dtype=np.uint8)
    assert Transform.fit(images).mean[0] == pytest.approx(images.mean() / 255, rel=1e-12)


def test_fit_knows_what_photographs_it_will_need():
    def fitted(*shape):
        return Transform.fit(np.zeros((2, *shape), np.uint8))

    assert (fitted(1, 28, 28).channels, fitted(3, 28, 28).channels, fitted(2, 28, 28).channels) == ("gray", "RGB", None)
    assert fitted(1, 28, 28).size == fitted(1, 28, 28).crop == 28
    assert fitted(1, 28, 20).size == fitted(1, 28, 20).crop == (28, 20)


@given(transforms())
def test_survives_json(transform):
    assert Transform.from_dict(json.loads(json.dumps(transform.to_dict()))) == transform


@pytest.mark.parametrize(
    "change, message",
    [
        ({"mean": [0.0, 0.0]}, "one number for each channel"),
        ({"mean": 0.0}, "mean must be a tuple of finite numbers"),
        ({"mean": ["0.0"]}, "mean must be a tuple of finite numbers"),
        ({"mean": [True]}, "mean must be a tuple of finite numbers"),
        ({"mean": [float("nan")]}, "mean must be a tuple of finite numbers"),
        ({"mean": [10**400]}, "mean must be a tuple of finite numbers"),
        ({"mean": [1e308]}, "mean must be a tuple of finite numbers"),
        ({"mean": [1e300]}, "within float32's range"),
        ({"mean": [], "std": [], "channels": None}, "one number for each channel"),
        ({"std": [0.0]}, "std and scale must be above 0"),
        ({"std": [-1.0]}, "std and scale must be above 0"),
        ({"std": [1e-300]}, "within float32's range"),
        ({"std": [1e300]}, "within float32's range"),
        ({"scale": 0}, "std and scale must be above 0"),
        ({"scale": "255"}, "scale must be a finite number"),
        ({"channels": "CMYK"}, "channels must be one of"),
        ({"channels": "RGB"}, "one number for each channel"),
        ({"channels": ["gray"]}, "channels must be one of"),
        ({"channels": [[]]}, "channels must be one of"),
        ({"channels": {}}, "channels must be one of"),
        ({"size": 0}, "size: expected a number of pixels"),
        ({"size": 28.0}, "size: expected a number of pixels"),
        ({"size": True}, "size: expected a number of pixels"),
        ({"size": 10**9}, "size: expected a number of pixels"),
        ({"crop": [28]}, "crop: expected a number of pixels"),
        ({"crop": [28, 28, 28]}, "crop: expected a number of pixels"),
        ({"crop": "28"}, "crop: expected a number of pixels"),
        ({"color": 1}, "expected the fields"),
    ],
)
def test_a_wrong_field_in_a_file_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Transform.from_dict({**Transform().to_dict(), **change})


@pytest.mark.parametrize("values", [{}, [], None, "text", {1: 2}])
def test_a_file_that_holds_something_else_is_refused(values):
    with pytest.raises(ValueError, match="expected the fields"):
        Transform.from_dict(values)


def test_of_something_long_the_error_shows_50_characters():
    with pytest.raises(ValueError, match=rf", got '{'long' * 12}l$"):
        Transform.from_dict("long" * 1000)


def test_a_side_has_at_most_10000_pixels():
    assert Transform(size=10_000, crop=(1, 10_000)).crop == (1, 10_000)
    for size in (10_001, (1, 10_001), (10_001, 1)):
        with pytest.raises(ValueError, match=r"size: expected a number of pixels in 1…10000,"):
            Transform(size=size)


def test_is_immutable_and_comparable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        IMAGENET.scale = 1.0
    assert dataclasses.replace(IMAGENET) == IMAGENET != CAFFE


@pytest.mark.parametrize(
    "images, message",
    [
        (np.zeros((2, 4, 4, 4), np.uint8), r"4 channels, but the model takes 3 \(RGB\)"),
        (np.zeros((2, 3, 4, 4), np.float32), r"expected uint8 images \(N, C, H, W\), got float32"),
        (np.zeros((3, 4, 4), np.uint8), r"got uint8 \(3, 4, 4\)"),
    ],
)
def test_other_arrays_are_refused(images, message):
    with pytest.raises(ValueError, match=message):
        IMAGENET(images)


def test_fit_refuses_no_images():
    with pytest.raises(ValueError, match=r"at least one image, got shape \(0, 1, 4, 4\)"):
        Transform.fit(np.zeros((0, 1, 4, 4), np.uint8))


def test_a_photograph_of_any_size_becomes_one_image_for_the_network(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    x = IMAGENET.image(tmp_path / "photo.png")
    assert x.shape == (1, 3, 224, 224) and x.dtype == np.float32
    assert np.array_equal(x, IMAGENET.image(str(tmp_path / "photo.png")))
    assert np.array_equal(x, IMAGENET.image(Image.fromarray(pixels)))
    assert np.array_equal(x, IMAGENET.image(pixels))


def test_an_image_of_the_training_set_is_seen_as_in_training():
    images = np.random.default_rng(0).integers(0, 256, (4, 3, 9, 7), dtype=np.uint8)
    transform = Transform.fit(images)
    assert np.array_equal(transform.image(images[2].transpose(1, 2, 0)), transform(images[2:3]))


def test_bgr_networks_see_red_last():
    red = np.zeros((20, 20, 3), np.uint8)
    red[..., 0] = 255
    x = Transform((0.0,) * 3, (1.0,) * 3, channels="BGR").image(red)
    assert x[0, :, 0, 0].tolist() == [0, 0, 1]


def test_a_gray_image_becomes_a_color_one_where_the_network_takes_colors():
    gray = np.random.default_rng(0).integers(0, 256, (20, 20), dtype=np.uint8)
    x = Transform((0.0,) * 3, (1.0,) * 3, channels="RGB").image(gray)
    assert x.shape == (1, 3, 20, 20) and (x == x[:, :1]).all()


def test_a_color_image_of_gray_shades_is_a_gray_image():
    gray = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(Transform().image(np.stack([gray] * 3, axis=-1)), Transform().image(gray))


def test_a_color_image_becomes_its_luminance_where_the_network_takes_gray(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (600, 600, 3), dtype=np.uint8)  # some just at a rounding
    luminance = np.asarray(Image.fromarray(pixels).convert("L"))  # Rec. 601, by Pillow
    np.testing.assert_array_equal(Transform().image(pixels), Transform().image(luminance))
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    np.testing.assert_array_equal(Transform().image(tmp_path / "photo.png"), Transform().image(luminance))


@pytest.mark.parametrize("channels", ["gray", "RGB", "BGR"])
def test_a_batch_of_images_is_converted_as_one_image_is(channels):
    count = 1 if channels == "gray" else 3
    transform = Transform((0.5,) * count, (0.25,) * count, channels=channels)
    images = np.random.default_rng(0).integers(0, 256, (4, 5, 6, 3), dtype=np.uint8)
    color, gray = images.transpose(0, 3, 1, 2), images[..., :1].transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(transform(color), np.concatenate([transform.image(image) for image in images]))
    np.testing.assert_array_equal(transform(gray), np.concatenate([transform.image(image[..., 0]) for image in images]))


def test_channels_that_are_no_colors_are_left_alone():
    transform = Transform((0.0,), (1.0,), channels=None)
    with pytest.raises(ValueError, match=r"3 channels, but the model takes 1 \(no colors\)"):
        transform(np.zeros((2, 3, 4, 4), np.uint8))


def test_a_network_of_other_channels_takes_no_photographs():
    with pytest.raises(ValueError, match="takes 2 channels that are not the colors"):
        Transform((0.0, 0.0), (1.0, 1.0), channels=None).image(np.zeros((4, 4), np.uint8))
