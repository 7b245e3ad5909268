"""What an atlas shows: a network, images, and its answers to them, computed once for all sections."""

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
GALLERY = 2000  # random images that the page can show, in addition to mistakes
MISTAKES = 600
LARGE = 50_000_000  # multiply-adds for an image; above, the costly parts use fewer images


@dataclass(frozen=True, eq=False)
class Other:
    """A second network for the same images and classes; `program` and `program_missing` as in `Subject`."""

    model: Any
    title: str
    program: Program | None
    program_missing: str


@dataclass(frozen=True, eq=False)
class Subject:
    """Everything that the sections need.

    Attributes:
        model: the network, with its transform.
        title: the network's name on the page.
        data: the test images; if `labeled`, their labels are indices into `classes`.
        train: the training images, if given.
        history: of the training, if given.
        classes: a name for each output.
        labeled: whether the images' classes are among the network's.
        evaluation: of the model on `data`; unless `labeled`, only its predictions and probabilities are meaningful.
        chosen: indices of the images that can be followed through the network, at most `CHOSEN`.
        gallery: indices of the images that the page can show, in ascending order.
        summary: the network as a table.
        stages: the layers in the order in which they run.
        seed: for everything random.
        program: the network for the page's own engine (`program.Program`), if it can run it.
        program_missing: why it cannot.
        snapshots: of the training (`minicnn.training.Snapshot`), in order of time.
        other: a second network, to compare.
        attributes: by name, a number for each image of `data`.
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
        """A random sample, as places in the gallery: shares are computed from it, because the gallery adds mistakes."""
        return np.searchsorted(self.gallery, np.sort(_sample(len(self.data), self.seed)))

    @property
    def judged(self) -> Dataset:
        """The data for an evaluation: labels that are not classes of the network are replaced by zeros."""
        return _judged(self.data, self.labeled, self.classes)

    @property
    def lenses(self) -> dict[str, Array]:
        """By name, a number for each image, to color the map by: the given attributes, and brightness and contrast."""
        pixels = self.data.images.reshape(len(self.data), -1)
        return {**self.attributes, "brightness": pixels.mean(axis=1), "contrast": pixels.std(axis=1)}

    @property
    def is_large(self) -> bool:
        return bool(self.summary.multiply_adds > LARGE)

    def inputs(self, indices: Any) -> Array:
        """Images as the network takes them, (n, C, H, W)."""
        return np.asarray(self.model.transform(self.data.images[indices]))

    def name_of(self, index: int) -> str:
        """The name of an image's class in the data."""
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
        raise ValueError("atlas: expected finite scores, but the model gives NaN or infinite ones; train it again")
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
    """A probability, rounded as everywhere in the page's data."""
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
    """One correctly classified image of each class, then the surest mistakes, then the first images."""
    right = np.flatnonzero(e.predictions == e.labels)
    first = [right[e.labels[right] == k][:1] for k in range(len(e.classes))]
    known = np.concatenate([*first, np.empty(0, int)]).astype(int)[: CHOSEN - 2]
    order = np.concatenate([known, e.worst(CHOSEN), np.arange(len(e.labels))])
    unique = list(dict.fromkeys(int(i) for i in order))[:CHOSEN]
    return np.array(unique)


def _gallery(e: cnn.Evaluation, chosen: Array, labeled: bool, seed: int) -> Array:
    """A random sample, the chosen images, and the surest mistakes."""
    mistakes = e.worst(MISTAKES) if labeled else np.empty(0, int)
    return np.unique(np.concatenate([_sample(len(e.predictions), seed), chosen, mistakes]))


def _sample(count: int, seed: int) -> Array:
    return np.random.default_rng(seed).permutation(count)[:GALLERY]
