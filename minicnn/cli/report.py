"""Results as text for a terminal of 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from minicnn import Evaluation
    from minicnn.data import Dataset
    from minicnn.training import Run

BAR = 30  # characters
LONGEST = 24  # characters of a class's name


class EpochLines:
    """A callback that prints the model before training, and a line for each epoch."""

    def begin(self, run: Run) -> None:
        if run.epoch == 0:
            print(f"before training: {run.history.before}", flush=True)
        else:
            print(f"resumed after epoch {run.epoch}", flush=True)

    def __call__(self, run: Run) -> None:
        print(f"epoch {run.epoch}/{run.epochs}: {run.history.epochs[-1]}", flush=True)


def percent(probability: float) -> str:
    """A probability with two decimals; rounded to 100% or 0% only if it is exactly that."""
    if 0.99995 <= probability < 1:
        return ">99.99%"
    return "<0.01%" if 0 < probability < 0.00005 else f"{probability:.2%}"


def data_line(name: str, train: Dataset, test: Dataset) -> str:
    """A data set in one line."""
    channels, height, width = train.images.shape[1:]
    kind = {1: "gray", 3: "color"}.get(channels, f"{channels}-channel")
    return (
        f"{name}: {len(train):,} {kind} images of {width}×{height} to learn from, {len(test):,} to test on; "
        f"{len(train.classes)} classes"
    )


def per_class(evaluation: Evaluation) -> str:
    """The accuracy of each class, with a bar."""
    lines = ["accuracy, class by class"]
    width = min(LONGEST, max(map(len, evaluation.classes)))
    for name, accuracy in zip(evaluation.classes, evaluation.per_class, strict=True):
        if np.isnan(accuracy):
            lines.append(f"  {_short(name):{width}}        –  (no images)")
        else:
            lines.append(f"  {_short(name):{width}}  {accuracy:7.2%}  {'█' * round(BAR * accuracy)}".rstrip())
    return "\n".join(lines)


def confusions(evaluation: Evaluation, most: int = 5) -> str:
    """The most frequent mistakes: which class was mistaken for which, and how often."""
    counts = evaluation.confusion.copy()
    images = counts.sum(axis=1)
    np.fill_diagonal(counts, 0)
    commonest = [divmod(int(i), len(counts)) for i in np.argsort(-counts, axis=None, kind="stable")[:most]]
    rows = [(i, j) for i, j in commonest if counts[i, j]]
    if not rows:
        return "no mistakes"
    names = [(_short(evaluation.classes[i]), _short(evaluation.classes[j])) for i, j in rows]
    left, right = (max(len(pair[side]) for pair in names) for side in (0, 1))
    lines = ["commonest mistakes"]
    for (i, j), (true, found) in zip(rows, names, strict=True):
        share = counts[i, j] / images[i]
        lines.append(f"  {true:{left}}  taken for  {found:{right}}  {counts[i, j]:5,} of {images[i]:,} ({share:.1%})")
    return "\n".join(lines)


def results(evaluation: Evaluation, split: str = "test") -> str:
    """The results of a model on one part of a data set, with the most important in the first line."""
    title = (
        f"{split}: {len(evaluation.labels):,} images, loss {evaluation.loss:.4f}, accuracy {evaluation.accuracy:.2%}"
    )
    return "\n\n".join([title, per_class(evaluation), confusions(evaluation)])


def likeliest(image: str, guesses: list[tuple[str, float]]) -> str:
    """The predicted classes of an image."""
    return "\n".join([image, *(f"  {percent(chance):>7}  {name}" for name, chance in guesses)])


def model_line(name: str, model: Any) -> str:
    """The size of a network in one line."""
    parameters = sum(array.size for array in model.parameters().values())
    return f"{name}: {parameters:,} parameters"


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
