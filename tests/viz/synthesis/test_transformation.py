"""Where each random change moves the pixels, how far at most, and the way of their gradients."""

import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given
from hypothesis import strategies as st

import viz
from viz.synthesis import transforms as by

X = np.random.default_rng(0).standard_normal((1, 2, 9, 12))


def tried(transform, x=X, times=300) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [transform(x, rng)[0] for _ in range(times)]


@pytest.mark.parametrize("pixels", [1, 3])
def test_jitter_shows_every_window_that_is_so_much_smaller(pixels: int) -> None:
    found = {y.tobytes() for y in tried(by.Jitter(pixels))}
    windows = np.lib.stride_tricks.sliding_window_view(X, (9 - pixels, 12 - pixels), (2, 3))
    assert found == {windows[:, :, i, j].tobytes() for i in range(pixels + 1) for j in range(pixels + 1)}


@pytest.mark.parametrize("size", [(9, 12), (12, 9)])
def test_jitter_needs_an_image_that_is_larger(size: tuple[int, int]) -> None:
    x = np.zeros((1, 1, *size))
    assert min(tried(by.Jitter(8), x, 1)[0].shape[2:]) == 1
    with pytest.raises(ValueError, match="no larger than the jitter of 9"):
        tried(by.Jitter(9), x, 1)


def test_rolling_goes_both_ways_by_up_to_so_many_pixels() -> None:
    found = {y.tobytes() for y in tried(by.Roll(2))}
    assert found == {np.roll(X, (i, j), (2, 3)).tobytes() for i in range(-2, 3) for j in range(-2, 3)}


def test_a_border_has_the_value_that_is_given_on_every_side() -> None:
    (padded,) = tried(by.Pad(2, 7.0), times=1)
    assert padded.shape == (1, 2, 13, 16) and np.array_equal(padded[:, :, 2:-2, 2:-2], X)
    assert padded.sum() == pytest.approx(X.sum() + 7 * 2 * (13 * 16 - 9 * 12))
    assert tried(by.Pad(1), times=1)[0].sum() == pytest.approx(X.sum())


@pytest.mark.parametrize("factor", [0.5, 1.25, 2.0])
def test_scaling_is_about_the_center_and_larger_factors_show_larger_things(factor: float) -> None:
    (y,) = tried(by.RandomScale((factor,)), times=1)
    center = (np.array(X.shape[2:]) - 1) / 2
    for channel in range(2):
        expected = scipy.ndimage.affine_transform(
            X[0, channel], np.eye(2) / factor, center - center / factor, order=1, mode="grid-constant"
        )
        np.testing.assert_allclose(y[0, channel], expected, atol=1e-9)


@pytest.mark.parametrize("degrees", [30, -45, 90, 180])
def test_rotating_is_about_the_center_and_positive_angles_turn_one_way(degrees: int) -> None:
    (y,) = tried(by.RandomRotate((degrees,)), times=1)
    expected = scipy.ndimage.rotate(X[0], -degrees, (1, 2), reshape=False, order=1, mode="grid-constant")
    np.testing.assert_allclose(y[0], expected, atol=1e-9)


def test_every_factor_and_angle_has_its_turn() -> None:
    assert len({y.tobytes() for y in tried(by.RandomScale((0.5, 1, 2)), times=60)}) == 3
    assert len({y.tobytes() for y in tried(by.RandomRotate((10, 20, 30, 40)), times=60)}) == 4


@pytest.mark.parametrize(
    ("side", "far", "near"), [(16, 2, 2), (63, 2, 2), (64, 4, 2), (96, 6, 2), (127, 6, 2), (128, 8, 4), (256, 16, 8)]
)
def test_the_usual_mixture_shifts_by_a_sixteenth_of_the_side_and_half_of_that(side, far, near) -> None:
    pad, first, scale, rotate, second = by.robust(side).transforms
    assert (first, second, pad) == (by.Jitter(far), by.Jitter(near), by.Pad((far + near) // 2))
    assert sorted(scale.factors) == [0.95, 0.975, 1, 1.025, 1.05]  # as in Lucid's tutorial, up to 5 % and 5°
    assert sorted(rotate.degrees) == [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("size", [(8, 8), (6, 9), (9, 6)])
def test_a_frequency_is_as_strong_as_it_is_slow(size: tuple[int, int]) -> None:
    """Each amplitude is √(W·H) / (4 f); the mean, which has no frequency, counts as the slowest wave."""
    H, W = size
    fourier = viz.Fourier((1, 1, H, W), 0.0, 1.0)
    p = fourier.initial(np.random.default_rng(0))
    assert p.shape == (2, 1, 1, H, W // 2 + 1)
    for i, j in ((0, 0), (0, 1), (1, 0), (2, 2), (H - 1, 1), (H // 2, W // 2)):
        p[...] = 0
        p[0, 0, 0, i, j] = 0.02
        x, _ = fourier.image(p)
        f = max(np.hypot(min(i, H - i) / H, j / W), 1 / max(W, H))
        spectrum = np.zeros((H, W // 2 + 1))
        spectrum[i, j] = 0.02 * np.sqrt(W * H) / (4 * f)
        np.testing.assert_allclose(x[0, 0], 1 / (1 + np.exp(-np.fft.irfft2(spectrum, s=size))), atol=1e-5)


def test_the_noise_of_the_start_has_the_deviation_that_is_asked_for() -> None:
    rng = np.random.default_rng(0)
    for make, usual in ((viz.Pixels, 0.1), (lambda *a, **o: viz.Fourier(*a, 0, 1, **o), 0.01)):
        assert make((4, 3, 32, 32)).initial(rng).std() == pytest.approx(usual, rel=0.03)
        assert make((4, 3, 32, 32), deviation=0.5).initial(rng).std() == pytest.approx(0.5, rel=0.03)


@pytest.mark.parametrize("colors", [np.eye(2), np.ones((3, 2)), np.ones(3)])
def test_colors_mix_all_channels_and_no_others(colors: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected colors of shape \(3, 3\)"):
        viz.Fourier((1, 3, 4, 4), 0, 1, colors)


@pytest.mark.parametrize("most", [10_000, 60, 30, 7])
def test_color_statistics_are_numpy_s_covariance_of_every_so_manieth_pixel(most: int) -> None:
    images = np.random.default_rng(1).integers(0, 256, (5, 2, 3, 4), dtype=np.uint8)
    images[:, 1] //= 3
    pixels = images.transpose(0, 2, 3, 1).reshape(-1, 2)[:: max(1, 60 // most)]
    root = viz.color_statistics(images, most).astype(np.float64)
    covariance = np.cov(pixels.T.astype(np.float64))
    np.testing.assert_allclose(root @ root.T / np.trace(root @ root.T), covariance / np.trace(covariance), rtol=1e-5)
    assert np.linalg.norm(root, axis=0).max() == pytest.approx(1)


def test_images_that_are_all_alike_have_uncorrelated_colors() -> None:
    assert (viz.color_statistics(np.full((2, 3, 4, 4), 9, np.uint8)) == np.eye(3)).all()
    assert viz.color_statistics(np.arange(16, dtype=np.uint8).reshape(1, 1, 4, 4)) == pytest.approx(np.ones((1, 1)))


@given(
    st.sampled_from(
        [
            by.Pad(2, 0.0),
            by.Jitter(3),
            by.Roll(4),
            by.RandomScale((0.8, 1.3)),
            by.RandomRotate((17, -40)),
            by.robust(16),
        ]
    ),
    st.integers(5, 14).map(lambda n: 2 * n),
    st.integers(13, 20),
    st.integers(0, 99),
)
def test_the_pullback_of_a_transformation_is_its_transpose(transform, height, width, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((2, 3, height, width))
    y, pullback = transform(x, rng)
    dy = rng.standard_normal(y.shape)
    assert np.vdot(y, dy) == pytest.approx(np.vdot(x, pullback(dy)), rel=1e-9, abs=1e-9)


def test_rotating_by_a_right_angle_and_scaling_by_one_only_move_pixels():
    x = np.random.default_rng(0).standard_normal((1, 2, 7, 7))
    rotated, _ = by.RandomRotate((90,))(x, np.random.default_rng(0))
    assert any(np.allclose(rotated, np.rot90(x, turns, (2, 3)), atol=1e-9) for turns in (1, 3))
    np.testing.assert_allclose(by.RandomScale((1,))(x, np.random.default_rng(0))[0], x)


def test_a_transformation_around_a_color_fills_its_borders_with_it():
    x = np.full((1, 2, 8, 8), 3.0)
    x[:, 1] = 5
    turned, _ = by.Around(np.array([3.0, 5.0]).reshape(1, 2, 1, 1), by.RandomRotate((30,)))(x, np.random.default_rng(0))
    np.testing.assert_allclose(turned, x)


@pytest.mark.parametrize("side", [28, 128, 224])
def test_the_usual_mixture_keeps_the_size(side):
    x = np.zeros((1, 1, side, side), np.float32)
    assert by.robust(side)(x, np.random.default_rng(0))[0].shape == x.shape


def test_the_usual_mixture_is_for_a_side_of_128():
    assert by.robust() == by.robust(128)
