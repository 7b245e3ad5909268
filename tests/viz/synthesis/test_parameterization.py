"""The colors in which images from within are sought, and what pixels are computed from."""

import numpy as np
import pytest

import viz
from viz.synthesis.parameterization import PHOTOGRAPHS

RNG = np.random.default_rng(0)


def test_colors_vary_in_brightness_first_then_in_hues_that_are_no_brighter() -> None:
    brightness, *hues = PHOTOGRAPHS.T
    assert np.ptp(brightness) < 0.05 < brightness.min()
    for hue in hues:
        np.testing.assert_allclose(hue.sum(), 0, atol=1e-7)
        assert np.linalg.norm(hue) < np.linalg.norm(brightness) / 2
    assert hues[0][2] == -hues[0][0] and hues[0][1] == 0  # red against blue
    assert hues[1][1] < 0 < min(hues[1][0], hues[1][2])  # green against purple


@pytest.mark.parametrize("size", [(8, 8), (7, 10), (9, 5)])
def test_the_pullback_of_the_fourier_parameterization_is_its_gradient(size):
    colors = RNG.standard_normal((3, 3))
    fourier = viz.Fourier((2, 3, *size), -1.0, np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1), colors)
    p = fourier.initial(np.random.default_rng(0)).astype(np.float64)
    x, pullback = fourier.image(p)
    dx, direction = RNG.standard_normal(x.shape), RNG.standard_normal(p.shape)
    h = 1e-3
    numeric = np.vdot((fourier.image(p + h * direction)[0] - fourier.image(p - h * direction)[0]) / (2 * h), dx)
    assert np.vdot(pullback(dx), direction) == pytest.approx(numeric, rel=1e-2)


def test_a_parameterization_finds_the_parameters_of_an_image():
    x = RNG.uniform(-0.9, 0.9, (1, 3, 9, 12)).astype(np.float32)
    colors = RNG.standard_normal((3, 3)) + 3 * np.eye(3)
    for parameterization in (viz.Fourier(x.shape, -1, 1, colors), viz.Pixels(x.shape, center=2.0, scale=0.5)):
        again, _ = parameterization.image(parameterization.parameters(x))
        np.testing.assert_allclose(again, x, atol=1e-3)


def test_pixels_have_units_of_their_own():
    x, pullback = viz.Pixels((1, 1, 2, 2), center=100.0, scale=50.0).image(np.full((1, 1, 2, 2), 0.5, np.float32))
    assert (x == 125).all() and (pullback(np.ones_like(x)) == 50).all()


def test_fourier_images_stay_between_black_and_white():
    fourier = viz.Fourier((1, 1, 16, 16), -2.0, 3.0)
    x, _ = fourier.image(1e3 * fourier.initial(np.random.default_rng(0)))
    assert x.min() >= -2 and x.max() <= 3


def test_color_statistics_are_a_root_of_the_covariance():
    images = RNG.integers(0, 256, (20, 3, 8, 8), dtype=np.uint8)
    images[:, 1] = images[:, 0]  # two channels always alike
    root = viz.color_statistics(images)
    covariance = root @ root.T
    np.testing.assert_allclose(covariance[0], covariance[1], rtol=1e-4)
    assert np.linalg.norm(root, axis=0).max() == pytest.approx(1)


def test_black_and_white_have_parameters_too():
    fourier = viz.Fourier((1, 1, 4, 6), -1.0, 3.0)
    for value, reached in ((-1.0, 0.01), (3.0, 0.99), (-9.0, 0.01)):
        x, _ = fourier.image(fourier.parameters(np.full((1, 1, 4, 6), value)))
        np.testing.assert_allclose(x, -1 + 4 * reached, rtol=1e-4)
