"""Maps of both signs in the dark: zero is black, and red and blue stay what they are.

A signed map is drawn on white. In the dark its colors go through an affine map of red, green and blue, which is fitted
here to bring each color of the scale to its counterpart on black.
"""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps

from ..plot._canvas import DIVERGING

RED, BLUE = (1.0, 0.36, 0.28), (0.33, 0.62, 1.0)


def _matrix() -> str:
    """The matrix in SVG's order: four rows of five numbers."""
    places = np.linspace(-1, 1, 256)[:, None]
    day = colormaps[DIVERGING]((places[:, 0] + 1) / 2)[:, :3]
    night = np.where(places > 0, np.array(RED) * places, -np.array(BLUE) * places)
    fitted = np.linalg.lstsq(np.column_stack([day, np.ones(len(day))]), night, rcond=None)[0].T
    rows = [[*row[:3], 0, row[3]] for row in fitted] + [[0, 0, 0, 1, 0]]
    return " ".join(f"{value:.3f}" for row in rows for value in row)


NIGHT = _matrix()
