"""How good a model is on a data set: overall, by class and by image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from .. import ops
from ..data.dataset import Dataset
from ..data.loader import Loader
from ..data.transform import Transform
from ..display import Shown, Table, drawing
from ..group import Group
from ..layers.running import run_layer
from ..layers.tree import arrays_of, dtype_of
from ..ops.contract import Array
from .agreement import check_alike

Loss = Callable[[Array, Array], tuple[Any, Callable[..., tuple[Any, ...]]]]


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(Shown):
    """What `evaluate` returns, for N images of K classes.

    Attributes:
        loss: the mean over all images.
        accuracy: the fraction of images whose class has the largest score.
        per_class: the same within each class, (K,); NaN for a class without images.
        confusion: the number of images of class i that were classified as j, (K, K).
        predictions, labels: the predicted and the true class of each image, (N,).
        probabilities: softmax of the scores, float32 (N, K).
        classes: their names.
    """

    loss: float
    accuracy: float
    per_class: Array
    confusion: Array
    predictions: Array
    labels: Array
    probabilities: Array
    classes: tuple[str, ...]

    def worst(self, count: int = 16) -> Array:
        """Indices of the `count` most confident mistakes, most confident first."""
        wrong = np.flatnonzero(self.predictions != self.labels)
        confidence = self.probabilities[wrong, self.predictions[wrong]]
        return wrong[np.argsort(-confidence, kind="stable")[:count]]

    def __str__(self) -> str:
        """Loss and accuracy, then a line for each class: its accuracy, and its row of the confusion matrix."""
        title = self._headline()
        width = max(map(len, self.classes))
        count = len(str(max(self.confusion.max(), len(self.classes) - 1)))
        head = " ".join(f"{j:>{count}}" for j in range(len(self.classes)))
        rows = [f"{'':{width + 4}}accuracy   taken for {head}"]
        for i, (name, accuracy, row) in enumerate(zip(self.classes, self.per_class, self.confusion, strict=True)):
            cells = " ".join(f"{value or '·':>{count}}" for value in row)
            shown = f"{accuracy:8.2%}" if row.any() else f"{'–':>8}"
            rows.append(f"{i:>2}  {name:{width}}{shown}             {cells}")
        return "\n".join([title, "", *rows])

    def _headline(self) -> str:
        return f"{len(self.labels):,} images, loss {self.loss:.4f}, accuracy {self.accuracy:.2%}"

    def plot(self) -> Any:
        """The confusion matrix (`viz.plot.confusion`)."""
        return drawing().confusion(self)

    def _table(self) -> Table:
        counts = self.confusion.sum(axis=1)
        rows = []
        for name, accuracy, row, count, true in zip(
            self.classes, self.per_class, self.confusion, counts, range(len(counts)), strict=True
        ):
            wrong = np.where(np.arange(len(row)) == true, 0, row)
            mistaken = f"{self.classes[wrong.argmax()]} ({wrong.max():,})" if wrong.any() else ""
            rows.append((name, mistaken, f"{count:,}", f"{accuracy:.2%}" if count else "–"))
        return Table(("class", "most often taken for", "images", "accuracy"), rows, left=2)


def evaluate(
    model: Any,
    dataset: Dataset,
    *,
    batch_size: int = 256,
    loss: Loss = ops.cross_entropy,
    group: Group | None = None,
) -> Evaluation:
    """Run a model on a data set; the model's own transform prepares the images.

    Args:
        model: returns a score for each class; the largest is its prediction.
        dataset: images of the model's classes.
        batch_size: images at a time; it affects the results only by rounding.
        loss: an op of the scores and the labels that gives the mean over the images.
        group: processes that share the batches (`minicnn.distributed`); each returns the whole result.

    Raises:
        ValueError: images or classes do not fit the model, the model has no transform or is not initialized, or the
            loss is not one number.
    """
    check_dataset("evaluate", "dataset", dataset)
    check_classes("evaluate", model, dataset)
    check_initialized("evaluate", model)
    group = group or Group()
    check_alike(group, model, dataset)
    loader = Loader(dataset, batch_size, shuffle=False, transform=transform_of("evaluate", model))
    dtype = dtype_of(model)
    with np.errstate(over="ignore", invalid="ignore"):  # infinite scores show in the loss
        mine = group.part(len(loader))
        batches = [np.empty((0, len(dataset.classes)), dtype)]
        for x, _ in islice(loader.epoch(0, start=mine.start), len(mine)):
            batches.append(run_layer(model, x.astype(dtype, copy=False))[0])
            check_scores("evaluate", batches[-1], dataset)
        scores = group.gather(np.concatenate(batches))
        value, _ = loss(scores, dataset.labels)
        probabilities = ops.softmax(scores)[0].astype(np.float32, copy=False)
    if np.ndim(value) != 0:
        raise ValueError(f"evaluate: expected loss to give one number, the mean, got an array {np.shape(value)}")
    K = len(dataset.classes)
    predictions = scores.argmax(axis=1)
    confusion = np.bincount(dataset.labels * K + predictions, minlength=K * K).reshape(K, K)
    right, images = confusion.diagonal(), confusion.sum(axis=1)
    return Evaluation(
        loss=float(value),
        accuracy=float(right.sum() / len(dataset)),
        per_class=np.divide(right, images, out=np.full(K, np.nan), where=images > 0),
        confusion=confusion,
        predictions=predictions,
        labels=dataset.labels,
        probabilities=probabilities,
        classes=tuple(dataset.classes),
    )


def transform_of(caller: str, model: Any) -> Transform:
    """The transform that prepares images for a model. Without the one of its training, scores would be silently wrong.

    Raises:
        ValueError: the model has none.
    """
    transform: Transform | None = getattr(model, "transform", None)
    if transform is None:
        raise ValueError(
            f"{caller}: the model does not know how images become its input; set model.transform to what it was "
            "trained with, such as data.Transform.fit(train.images), or data.Transform() for images / 255"
        )
    return transform


def check_initialized(caller: str, model: Any) -> None:
    """Raise an error if all weights are zero: all units of a layer would compute, and learn, the same."""
    weights = [array for array in arrays_of(model, "parameters").values() if array.ndim > 1]
    with np.errstate(invalid="ignore"):  # a damaged file may hold a NaN that signals
        without_values = not any(weight.any() for weight in weights)
    if weights and without_values:
        raise ValueError(
            f"{caller}: all weights are zero, the model is not initialized yet; call model.initialize(seed=0)"
        )


def check_dataset(caller: str, name: str, dataset: Any) -> None:
    """Raise an error for arrays where a data set is expected."""
    if not all(hasattr(dataset, part) for part in ("images", "labels", "classes")):
        raise ValueError(
            f"{caller}: expected {name} to be a Dataset, got {type(dataset).__name__}; "
            "make one from arrays by minicnn.data.Dataset(images, labels, classes)"
        )


def check_classes(caller: str, model: Any, dataset: Dataset) -> None:
    """Raise an error if a data set's classes are not the model's."""
    known = getattr(model, "classes", None)
    if known is not None and tuple(known) != tuple(dataset.classes):
        raise ValueError(
            f"{caller}: the model's classes are {_some(known)}, but the data set's are {_some(dataset.classes)}; "
            "if they mean the same, set model.classes"
        )


def check_scores(caller: str, scores: Array, dataset: Dataset) -> None:
    """Raise an error unless the output is one score for each image and class."""
    K = len(dataset.classes)
    if scores.ndim != 2 or scores.shape[1] != K:
        raise ValueError(
            f"{caller}: expected the model to return (N, {K}) scores, for {K} classes, but it returns {scores.shape}; "
            f"build it for {K} classes"
        )


def _some(names: Any) -> str:
    return f"{len(names)} ({', '.join(map(str, names[:10]))}{', …' if len(names) > 10 else ''})"
