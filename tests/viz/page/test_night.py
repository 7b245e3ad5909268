"""In the dark theme a filter turns the scale of signed maps from white to black at zero."""

import numpy as np
import pytest
from matplotlib import colormaps

from viz.page.night import NIGHT


def at_night(place: float) -> np.ndarray:
    """What the filter makes of the color at a place, −1…1, of the scale: as SVG applies it to red, green and blue."""
    rows = np.array([float(number) for number in NIGHT.split()]).reshape(4, 5)
    assert rows[3].tolist() == [0, 0, 0, 1, 0] and not rows[:3, 3].any()  # opacity stays, and tells nothing
    seen = rows @ [*colormaps["RdBu_r"]((place + 1) / 2)[:3], 1.0, 1.0]
    return seen[:3].clip(0, 1)


def test_zero_is_black() -> None:
    assert at_night(0).max() < 0.12


@pytest.mark.parametrize(("sign", "end"), [(1, (1.0, 0.36, 0.28)), (-1, (0.33, 0.62, 1.0))])
def test_red_and_blue_keep_their_meaning_and_grow_brighter_from_zero_on(sign: int, end: tuple[float, ...]) -> None:
    colors = np.array([at_night(sign * place) for place in np.linspace(0, 1, 41)])
    wanted = np.linspace(0, 1, 41)[:, None] * np.array(end)
    np.testing.assert_allclose(colors, wanted, atol=0.21)
    assert np.sqrt(((colors - wanted) ** 2).mean()) < 0.08
    strongest = colors[20:, 0 if sign > 0 else 2]
    assert (strongest > colors[20:, 2 if sign > 0 else 0] + 0.1).all()
