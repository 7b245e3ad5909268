"""Black and white as a model sees them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def pixel_bounds(model: Any) -> tuple[Array, Array]:
    """Black and white as the model sees them: the bounds of its input, for each channel (1, C, 1, 1).

    Raises:
        ValueError: the model has no transform.
    """
    if model.transform is None:
        raise ValueError("pixel_bounds: the model has no transform, so black and white are not known; give bounds")
    channels = len(model.transform.mean)
    black, white = (np.full((1, channels, 1, 1), value, np.uint8) for value in (0, 255))
    return model.transform(black), model.transform(white)
