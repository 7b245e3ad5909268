"""The classes that a model predicts for one image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import ops
from .deprecation import renamed
from .display import Shown, Table
from .layers import dtype_of
from .layers.pullback import run_layer
from .training.evaluation import check_initialized, transform_of

if TYPE_CHECKING:
    from .data.image import Source


class Predictions(Shown, list[tuple[str, float]]):
    """A list of (class, probability), most likely first, which a notebook shows as a table."""

    __repr__ = list.__repr__

    def _headline(self) -> str:
        return f"{self[0][0]}, {self[0][1]:.2%}" if self else "none"

    def _table(self) -> Table:
        return Table(("class", "probability"), [(name, f"{probability:.2%}") for name, probability in self])


@renamed(picture="image")
def predict(model: Any, image: Source, top: int = 5) -> Predictions:
    """The most likely classes of an image, each with its probability, most likely first.

    Args:
        model: a trained or loaded model, with its transform. Without names, its classes are "0", "1", ….
        image: a file, a Pillow image, or a uint8 array (H, W), (H, W, 3) or (H, W, 4); scaled and cropped to the size
            of the training images, and converted to its channels (`Transform.to_channels`).
        top: how many classes.

    Raises:
        DataError: the image is missing or broken.
        ValueError: the model has no transform, is not initialized or does not return scores of classes, or another
            argument is invalid.
    """
    if top < 1:
        raise ValueError(f"predict: top must be at least 1, got {top}")
    check_initialized("predict", model)
    x = transform_of("predict", model).image(image)
    scores, _ = run_layer(model, x.astype(dtype_of(model), copy=False))
    probabilities = ops.softmax(scores)[0][0]
    names = model.classes or [str(i) for i in range(len(probabilities))]
    if len(names) != len(probabilities):
        raise ValueError(f"predict: the model has {len(probabilities)} outputs, but {len(names)} class names")
    return Predictions((names[i], float(probabilities[i])) for i in np.argsort(-probabilities, kind="stable")[:top])
