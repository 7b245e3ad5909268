"""The figures of a run, as PNG files. The part of `minicnn train` and `minicnn demo` that needs `viz`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from viz import activations, plot, weights

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

    from minicnn import Evaluation, History
    from minicnn.data import Dataset

MISTAKES = 24


def write_run(folder: Path, history: History, evaluation: Evaluation) -> list[Path]:
    """The training curves and the confusion matrix."""
    return [
        _write(folder / "curves.png", plot.training(history, validation="test")),
        _write(folder / "confusion.png", plot.confusion(evaluation.confusion, evaluation.classes).figure),
    ]


def write_insight(folder: Path, model: Any, test: Dataset, evaluation: Evaluation) -> list[Path]:
    """The accuracy of each class, the seed network's filters, its feature maps of an image, and its mistakes."""
    e = evaluation
    classes = plot.per_class(e.per_class, e.classes, overall=e.accuracy)
    filters = weights.filters(model, "conv1")
    title = "conv1: {0} filters of {2}×{3}, over {1} channel".format(*filters.shape)
    paths = [
        _write(folder / "classes.png", classes.figure),
        _write(folder / "filters.png", plot.filters(filters, title=title).figure),
    ]
    chosen = int(np.argmax(e.predictions == e.labels))  # the first image that is classified correctly
    pixels = test.images[chosen]
    maps = activations.feature_maps(model, model.transform(pixels[None]), "relu1", "relu2")
    figure = plot.feature_maps(maps, pixels[0] / 255, title=e.classes[e.labels[chosen]])
    paths.append(_write(folder / "feature_maps.png", figure))
    if len(worst := e.worst(MISTAKES)):
        title = "the most confident mistakes: the predicted class, and the true one"
        found = e.labels[worst], e.predictions[worst], e.probabilities[worst]
        drawn = plot.mistakes(test.images[worst], *found, e.classes, title=title)
        paths.append(_write(folder / "mistakes.png", drawn.figure))
    Image.fromarray(pixels[0]).save(folder / "image.png")
    return [*paths, folder / "image.png"]


def _write(path: Path, figure: Figure | SubFigure) -> Path:
    figure.figure.savefig(path)
    return path
