import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minicnn.data import Compose, Cutout, RandomCrop, RandomFlip

any_images = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=4, max_dims=4, max_side=7), elements=st.integers(1, 255))
seeds = st.integers(0, 10_000)


@given(any_images, seeds, st.integers(0, 4))
def test_crop_equals_padding_and_slicing_one_by_one(images, seed, padding):
    out = RandomCrop(padding)(images, np.random.default_rng(seed))
    shifts = np.random.default_rng(seed).integers(0, 2 * padding + 1, (2, len(images)))
    height, width = images.shape[2:]
    for image, cropped, dy, dx in zip(images, out, *shifts, strict=True):
        padded = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
        assert np.array_equal(cropped, padded[:, dy : dy + height, dx : dx + width])


@given(any_images, seeds)
def test_crop_without_padding_changes_nothing(images, seed):
    assert np.array_equal(RandomCrop(0)(images, np.random.default_rng(seed)), images)


@given(any_images, seeds)
def test_flip_is_an_involution(images, seed):
    once = RandomFlip()(images, np.random.default_rng(seed))
    assert np.array_equal(RandomFlip()(once, np.random.default_rng(seed)), images)


@given(any_images, seeds)
def test_flip_mirrors_an_image_left_to_right_or_leaves_it(images, seed):
    for image, out in zip(images, RandomFlip()(images, np.random.default_rng(seed)), strict=True):
        assert np.array_equal(out, image) or np.array_equal(out, image[:, :, ::-1])


def test_flip_mirrors_half_of_the_images():
    images = np.tile(np.array([0, 1], np.uint8), (1000, 1, 1, 1))
    flipped = RandomFlip()(images, np.random.default_rng(0))[:, 0, 0, 0].sum()
    assert 440 < flipped < 560


@given(any_images, seeds, st.integers(1, 9))
def test_cutout_blackens_one_square_cut_off_at_the_edges(images, seed, size):
    out = Cutout(size)(images, np.random.default_rng(seed))
    rng = np.random.default_rng(seed)
    height, width = images.shape[2:]
    rows, columns = rng.integers(0, height, len(images)), rng.integers(0, width, len(images))
    for image, cut, row, column in zip(images, out, rows, columns, strict=True):
        top, left = row - size // 2, column - size // 2
        expected = image.copy()
        expected[:, max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)] = 0
        assert np.array_equal(cut, expected)


def test_cutout_far_from_the_edges_covers_size_squared():
    images = np.full((50, 3, 64, 64), 255, np.uint8)
    areas = (Cutout(6)(images, np.random.default_rng(0)) == 0).sum((2, 3))
    assert areas.max() == 36 and (areas == areas[:, :1]).all() and areas.min() >= 9


@given(any_images, seeds)
def test_given_images_are_not_changed_and_shape_and_dtype_kept(images, seed):
    before = images.copy()
    out = Compose([RandomCrop(2), RandomFlip(), Cutout(3)])(images, np.random.default_rng(seed))
    assert np.array_equal(images, before)
    assert out.shape == images.shape and out.dtype == np.uint8


def test_compose_draws_one_step_after_another():
    images = np.random.default_rng(1).integers(0, 256, (9, 3, 8, 8), dtype=np.uint8)
    rng = np.random.default_rng(2)
    one_by_one = RandomFlip()(RandomCrop(2)(images, rng), rng)
    assert np.array_equal(Compose([RandomCrop(2), RandomFlip()])(images, np.random.default_rng(2)), one_by_one)


@pytest.mark.parametrize("step", [RandomCrop(3), RandomFlip(), Cutout(5)])
def test_a_step_is_rebuilt_from_its_fields_in_json(step):
    assert type(step)(**json.loads(json.dumps(dataclasses.asdict(step)))) == step


def test_senseless_sizes_are_refused():
    with pytest.raises(ValueError, match="padding must be at least 0, got -1"):
        RandomCrop(-1)
    with pytest.raises(ValueError, match="size must be at least 1, got 0"):
        Cutout(0)
