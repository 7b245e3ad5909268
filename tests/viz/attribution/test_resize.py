"""Maps in another size: nearest neighbors, or between pixels' centers as NumPy interpolates."""

import numpy as np
import pytest

from viz.attribution.resize import resize

MAPS = np.random.default_rng(0).standard_normal((2, 3, 5, 7))


@pytest.mark.parametrize("size", [(5, 7), (10, 21), (3, 4), (1, 1), (8, 2), (13, 7)])
def test_bilinear_interpolates_between_the_centers_of_pixels(size: tuple[int, int]) -> None:
    expected = MAPS
    for axis, length in zip((2, 3), size, strict=True):
        old = MAPS.shape[axis]
        centers = (np.arange(length) + 0.5) * old / length - 0.5
        expected = np.apply_along_axis(lambda row, at=centers: np.interp(at, np.arange(len(row)), row), axis, expected)
    found = resize(MAPS, size)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert resize(MAPS.astype(np.float32), size).dtype == np.float32


def test_nearest_repeats_pixels_or_takes_some() -> None:
    larger = resize(MAPS, (10, 21), "nearest")
    np.testing.assert_array_equal(larger, MAPS.repeat(2, axis=2).repeat(3, axis=3))
    np.testing.assert_array_equal(resize(larger, (5, 7), "nearest"), MAPS)
    np.testing.assert_array_equal(resize(MAPS, (5, 3), "nearest"), MAPS[..., [0, 2, 4]])


def test_one_pixel_fills_any_size() -> None:
    for method in ("nearest", "bilinear"):
        assert (resize(np.full((1, 1), 2.5), (3, 4), method) == 2.5).all()
    with pytest.raises(ValueError, match="expected one of nearest, bilinear, got 'cubic'"):
        resize(MAPS, (5, 7), "cubic")
