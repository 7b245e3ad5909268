"""The colors in which images from within are sought."""

import numpy as np

from viz.synthesis.parameterization import PHOTOGRAPHS


def test_colors_vary_in_brightness_first_then_in_hues_that_are_no_brighter() -> None:
    brightness, *hues = PHOTOGRAPHS.T
    assert np.ptp(brightness) < 0.05 < brightness.min()
    for hue in hues:
        np.testing.assert_allclose(hue.sum(), 0, atol=1e-7)
        assert np.linalg.norm(hue) < np.linalg.norm(brightness) / 2
    assert hues[0][2] == -hues[0][0] and hues[0][1] == 0  # red against blue
    assert hues[1][1] < 0 < min(hues[1][0], hues[1][2])  # green against purple
