"""What an atlas is about: a network, images, and what the network makes of them, computed once for all sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import minicnn as cnn

from .missing import Missing
from .program import Program
from .stages import Stage, stages_of

if TYPE_CHECKING:
    from minicnn.data import Dataset

Array = NDArray[Any]
__all__ = ["Array", "Missing", "Subject", "probability", "study"]

CHOSEN = 12  # images that can be followed through the network
GALLERY = 2000  # images that the page can show, besides mistakes
MISTAKES = 600
LARGE = 50_000_000  # multiply-adds for an image, from which on the costly parts are made of fewer images


@dataclass(frozen=True, eq=False)
class Other:
    """A second network for the same images and classes; `program` and `program_missing` as a subject's."""

    model: Any
    title: str
    program: Program | None
    program_missing: str


@dataclass(frozen=True, eq=False)
class Subject:
    """All that sections need.

    Attributes:
        model: the network, with its transform.
        title: what to call it.
        data: the images to test on; its labels are indices into `classes` where `labeled`.
        train: those that were learned from, if they are given.
        history: of the training, if it is given.
        classes: a name for each output.
        labeled: whether the classes of the images are classes of the network.
        evaluation: of the model on `data`; where it is not `labeled` only its predictions and probabilities mean
            something.
        chosen: indices of the images to follow, at most `CHOSEN`.
        gallery: indices of the images that the page can show, in ascending order.
        summary: the network as a table.
        stages: the layers in the order they run.
        seed: of all that is random.
        program: the network for the page's own engine (`program.Program`), where it can run it.
        program_missing: why it cannot.
        snapshots: of the training (`minicnn.training.Snapshot`), in the order of time.
        other: a second network, to compare.
        attributes: numbers of the images by name, one for each of `data`.
    """

    model: Any
    title: str
    data: Dataset
    train: Dataset | None
    history: cnn.History | None
    classes: tuple[str, ...]
    labeled: bool
    evaluation: cnn.Evaluation
    chosen: Array
    gallery: Array
    summary: Any
    stages: tuple[Stage, ...]
    seed: int
    program: Any = None
    program_missing: str = ""
    snapshots: tuple[Any, ...] = ()
    other: Other | None = None
    attributes: Mapping[str, Array] = field(default_factory=dict)

    @property
    def x(self) -> Array:
        """The chosen images as the network takes them."""
        return self.inputs(self.chosen)

    @property
    def sample(self) -> Array:
        """Places in the gallery of a random sample of the data: shares count these alone, as it has more mistakes."""
        return np.searchsorted(self.gallery, np.sort(_sample(len(self.data), self.seed)))

    @property
    def judged(self) -> Dataset:
        """The data as the evaluation takes them: labels that are not the network's classes are zeros."""
        return _judged(self.data, self.labeled, self.classes)

    @property
    def lenses(self) -> dict[str, Array]:
        """Numbers of every image to color the map of the feature space by: those given, and two of its pixels."""
        pixels = self.data.images.reshape(len(self.data), -1)
        return {**self.attributes, "brightness": pixels.mean(axis=1), "contrast": pixels.std(axis=1)}

    @property
    def is_large(self) -> bool:
        return bool(self.summary.multiply_adds > LARGE)

    def inputs(self, indices: Any) -> Array:
        """Images as the network takes them, (n, C, H, W)."""
        return np.asarray(self.model.transform(self.data.images[indices]))

    def name_of(self, index: int) -> str:
        """What an image shows, as the data say it."""
        return str(self.data.classes[self.data.labels[index]])


def study(
    model: Any,
    data: Dataset,
    *,
    train: Dataset | None = None,
    history: cnn.History | None = None,
    title: str = "network",
    seed: int = 0,
    snapshots: Sequence[Any] = (),
    other: tuple[Any, str] | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> Subject:
    """Run the model on the data, and choose what to show.

    Raises:
        ValueError: the model has no transform, gives no finite scores, or the images, the attributes or the second
            network do not fit it.
    """
    if model.transform is None:
        raise ValueError("atlas: the model does not know how images become its input; fit it, or set its transform")
    if not len(data):
        raise ValueError("atlas: expected at least one image, got none")
    data = cnn.data.Dataset(model.transform.to_channels(data.images), data.labels, data.classes, data.paths)
    table = cnn.summary(model, data.images.shape[1:])
    outputs = table.rows[-1].output_shape
    if len(outputs) != 1:
        raise ValueError(f"atlas: expected a network that gives a score for each class, but it gives {outputs}")
    classes, labeled = _classes(model, data, outputs[0])
    if labeled:
        labels = np.array([classes.index(name) for name in data.classes])[data.labels]
        data = cnn.data.Dataset(data.images, labels, classes, data.paths)
    evaluation = cnn.evaluate(model, _judged(data, labeled, classes))
    if not np.isfinite(evaluation.probabilities).all():
        raise ValueError("atlas: expected finite scores, but the model gives NaN or infinite ones; train it anew")
    chosen = _choose(evaluation) if labeled else np.arange(min(CHOSEN, len(data)))
    program, program_missing = _program(model, data)
    return Subject(
        model=model,
        title=title,
        data=data,
        train=train,
        history=history,
        classes=classes,
        labeled=labeled,
        evaluation=evaluation,
        chosen=chosen,
        gallery=_gallery(evaluation, chosen, labeled, seed),
        summary=table,
        stages=tuple(stages_of(model, data.images[chosen])),
        seed=seed,
        program=program,
        program_missing=program_missing,
        snapshots=tuple(snapshots),
        other=None if other is None else _other(*other, data, classes),
        attributes=_attributes(attributes or {}, len(data)),
    )


def _attributes(given: Mapping[str, Any], count: int) -> dict[str, Array]:
    """Attributes as arrays, one finite number for each image."""
    found = {}
    for name, values in given.items():
        array = np.asarray(values, np.float64)
        if array.shape != (count,) or not np.isfinite(array).all():
            raise ValueError(f"atlas: expected attribute {name!r} to be {count} finite numbers, one for each image")
        found[str(name)] = array
    return found


def _program(model: Any, data: Dataset) -> tuple[Program | None, str]:
    """The network for the page's own engine, or why there is none."""
    try:
        return Program(model, data.images.shape[1:]), ""
    except Missing as reason:
        return None, str(reason)


def _other(model: Any, title: str, data: Dataset, classes: tuple[str, ...]) -> Other:
    """A network to compare, which must take the same images and know the same classes."""
    if model.transform is None:
        raise ValueError("atlas: the second network does not know how images become its input; set its transform")
    if len(model.transform.mean) != data.images.shape[1]:
        raise ValueError(
            f"atlas: the second network takes images of {len(model.transform.mean)} channels, "
            f"the first of {data.images.shape[1]}; both must take the same"
        )
    outputs = cnn.summary(model, data.images.shape[1:]).rows[-1].output_shape
    if outputs != (len(classes),) or (model.classes is not None and tuple(model.classes) != classes):
        raise ValueError("atlas: expected two networks of the same classes, in the same order")
    return Other(model, title, *_program(model, data))


def probability(value: Any) -> float:
    """A probability as the page keeps it: the same digits everywhere."""
    return round(float(value), 6)


def _classes(model: Any, data: Dataset, outputs: int) -> tuple[tuple[str, ...], bool]:
    """The names of the outputs, and whether the data's classes are among them."""
    known: Sequence[str] | None = model.classes
    if known is None:
        if len(data.classes) != outputs:
            return tuple(str(i) for i in range(outputs)), False
        known = data.classes
    if len(known) != outputs:
        raise ValueError(f"atlas: the model gives {outputs} scores, but has names for {len(known)} classes")
    return tuple(known), set(data.classes) <= set(known)


def _judged(data: Dataset, labeled: bool, classes: tuple[str, ...]) -> Dataset:
    return data if labeled else cnn.data.Dataset(data.images, np.zeros(len(data), int), classes)


def _choose(e: cnn.Evaluation) -> Array:
    """One image of each class that is known for it, then the surest mistakes, then what comes first."""
    right = np.flatnonzero(e.predictions == e.labels)
    first = [right[e.labels[right] == k][:1] for k in range(len(e.classes))]
    known = np.concatenate([*first, np.empty(0, int)]).astype(int)[: CHOSEN - 2]
    order = np.concatenate([known, e.worst(CHOSEN - len(known)), np.arange(len(e.labels))])
    unique = list(dict.fromkeys(int(i) for i in order))[:CHOSEN]
    return np.array(unique)


def _gallery(e: cnn.Evaluation, chosen: Array, labeled: bool, seed: int) -> Array:
    """Random images, those that are chosen, and mistakes."""
    mistakes = e.worst(MISTAKES) if labeled else np.empty(0, int)
    return np.unique(np.concatenate([_sample(len(e.predictions), seed), chosen, mistakes]))


def _sample(count: int, seed: int) -> Array:
    return np.random.default_rng(seed).permutation(count)[:GALLERY]
