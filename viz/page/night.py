"""Signed maps in the dark theme: zero is black, and red and blue keep their meaning.

Signed maps are drawn on white. In the dark theme an SVG filter applies an affine map to their red, green and blue.
It is fitted here so that each color of the scale becomes its counterpart on black.
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
