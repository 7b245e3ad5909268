"""Images with the network's predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from ._canvas import heading
from .mosaic import mosaic, shortened

if TYPE_CHECKING:
    from minicnn import Evaluation
    from minicnn.data import Dataset


def mistakes(
    images: Evaluation | ArrayLike,
    labels: Dataset | ArrayLike | None = None,
    predictions: ArrayLike | None = None,
    probabilities: ArrayLike | None = None,
    classes: Sequence[str] = (),
    ax: Axes | None = None,
    *,
    count: int = 16,
    columns: int | None = None,
    title: str = "",
) -> Axes:
    """Each image under its predicted class, with the probability, and its true class.

        plot.mistakes(result, test)     # the surest mistakes of what evaluate(model, test) returned
        plot.mistakes(images, labels, predictions, probabilities, classes)

    Args:
        images: uint8 (n, 1 or 3, H, W).
        labels, predictions: the true class and the class found, (n,).
        probabilities: of all classes, (n, K).
        classes: the K names.
        ax: where to draw; a new figure's if not given.
        count: of an evaluation's mistakes, at most.
        columns: images in a row.
        title: over the plot.

    Raises:
        ValueError: there is no image, the arrays' lengths differ, or an evaluation comes without its data set.
    """
    if hasattr(images, "worst"):
        result: Any = images
        dataset: Any = labels
        if not hasattr(dataset, "images"):
            raise ValueError("mistakes: expected the data set with the evaluation: plot.mistakes(result, test)")
        worst = result.worst(count)
        images, labels, predictions = dataset.images[worst], result.labels[worst], result.predictions[worst]
        probabilities, classes = result.probabilities[worst], result.classes
    elif labels is None or predictions is None or probabilities is None:
        raise ValueError("mistakes: expected an evaluation and its data set, or labels, predictions and probabilities")
    images, labels, predictions = np.asarray(images), np.asarray(labels), np.asarray(predictions)
    chances = np.asarray(probabilities)
    if not len(images) == len(labels) == len(predictions) == len(chances):
        raise ValueError(
            f"mistakes: {len(images)} images, but {len(labels)} labels, {len(predictions)} predictions "
            f"and {len(chances)} rows of probabilities"
        )
    pixels = images.transpose(0, 2, 3, 1) / 255
    titles = [
        f"{shortened(classes[found])} {chances[i, found]:.0%}\nis {shortened(classes[true])} {chances[i, true]:.0%}"
        for i, (true, found) in enumerate(zip(labels, predictions, strict=True))
    ]
    gray: dict[str, Any] = {"cmap": "gray", "limits": (0.0, 1.0)} if pixels.shape[3] == 1 else {}
    ax = mosaic(pixels[..., 0] if gray else pixels, ax, titles=titles, columns=columns, **gray)
    heading(ax, title)
    return ax
