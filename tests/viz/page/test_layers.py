"""How the images of what excites a channel are brightened up."""

import numpy as np

from viz.page.layers import CONTRAST, _with_contrast


def test_a_pale_image_gets_contrast_and_others_stay() -> None:
    waves = np.sin(np.arange(4 * 3 * 16 * 16).reshape(4, 3, 16, 16))
    waves /= waves.std(axis=(1, 2, 3), keepdims=True)
    spreads = np.array([CONTRAST / 8, CONTRAST / 2, CONTRAST * 1.2, 0]).reshape(4, 1, 1, 1)
    pictures = 120 + spreads * waves
    found = _with_contrast(pictures)
    assert found.dtype == np.uint8
    np.testing.assert_allclose(found[:2].std(axis=(1, 2, 3)), CONTRAST, rtol=0.02)
    np.testing.assert_allclose(found[:2].mean(axis=(1, 2, 3)), 127.5, atol=1)
    np.testing.assert_array_equal(found[2:], np.rint(pictures[2:]))
