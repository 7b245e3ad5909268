"""What happened during training, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ..deprecation import renamed_fields
from ..display import Shown, Table, drawing

HEAD = ("epoch", "train loss", "accuracy", "valid loss", "accuracy", "lr", "images/s", "seconds")
OLD_NAMES = {"pictures_per_second": "images_per_second"}  # in files that version 0.1 wrote


@dataclass(frozen=True)
class Measure:
    """How good a model is on some images: the mean loss, and the fraction classified correctly."""

    loss: float
    accuracy: float

    def __str__(self) -> str:
        return f"loss {self.loss:.4f}, accuracy {self.accuracy:.2%}"


@renamed_fields(pictures_per_second="images_per_second")
@dataclass(frozen=True)
class EpochRecord:
    """One epoch.

    Attributes:
        epoch: its number, from 1.
        train_loss, train_accuracy: means over the epoch's batches, measured while the model was still learning (with
            dropout on).
        valid_loss, valid_accuracy: on the validation set after the epoch; None without one.
        lr: the learning rate of its last step.
        seconds: time spent training, without validation.
        images_per_second: training images processed per second of that time.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    valid_loss: float | None
    valid_accuracy: float | None
    lr: float
    seconds: float
    images_per_second: float

    @property
    def train(self) -> Measure:
        return Measure(self.train_loss, self.train_accuracy)

    @property
    def valid(self) -> Measure | None:
        if self.valid_loss is None or self.valid_accuracy is None:
            return None
        return Measure(self.valid_loss, self.valid_accuracy)

    def __str__(self) -> str:
        return f"{self.train}" + (f"; validation {self.valid}" if self.valid else "")


@dataclass(repr=False)
class History(Shown):
    """What `fit` returns.

    Attributes:
        before: the model before its first step, on the validation set, or else on at most 2,048 images drawn from the
            training set.
        epochs: a record for each epoch.
        steps: (number of the step, from 1; loss of its batch) for about fifty steps of each epoch.
        interrupted: whether Ctrl-C, or a notebook's stop button, ended the run; not stored in files.
    """

    before: Measure | None = None
    epochs: list[EpochRecord] = field(default_factory=list)
    steps: list[tuple[int, float]] = field(default_factory=list)
    interrupted: bool = field(default=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The history as JSON can hold it."""
        return {name: value for name, value in asdict(self).items() if name != "interrupted"}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> History:
        """The history from `to_dict`'s result; everything is checked, because it comes from a file.

        Raises:
            ValueError: something is missing, unknown or of the wrong kind.
        """
        try:
            before, epochs, steps = values["before"], values["epochs"], values["steps"]
            return cls(
                None if before is None else _record(Measure, before),
                [_record(EpochRecord, record) for record in epochs],
                [(int(step), float(loss)) for step, loss in steps],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"History: expected the result of to_dict ({error})") from error

    def __str__(self) -> str:
        """A table with a line for each epoch."""
        return "\n".join(f"{row[0]:>5}" + "".join(f"{cell:>12}" for cell in row[1:]) for row in (HEAD, *self._rows()))

    def _rows(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = []
        if self.before is not None:
            train, valid = (self.before, None) if self.epochs and not self.epochs[0].valid else (None, self.before)
            rows.append(("0", *_cells(train), *_cells(valid), "", "", ""))
        for e in self.epochs:
            speed = f"{e.images_per_second:,.0f}", f"{e.seconds:.1f}"
            rows.append((f"{e.epoch}", *_cells(e.train), *_cells(e.valid), f"{e.lr:.3g}", *speed))
        return rows

    def _headline(self) -> str:
        count = len(self.epochs)
        known = f"{count} epoch{'s' * (count != 1)}"
        if self.epochs:
            last = self.epochs[-1]
            known += f"; validation {last.valid}" if last.valid else f"; training {last.train}"
        return f"{known}; interrupted" if self.interrupted else known

    def plot(self) -> Any:
        """Loss and accuracy over the epochs (`viz.plot.training`)."""
        return drawing().training(self) if self.epochs else None

    def _table(self) -> Table | None:
        return Table(HEAD, self._rows(), left=0) if self.epochs else None


def _cells(measure: Measure | None) -> tuple[str, str]:
    return (f"{measure.loss:.4f}", f"{measure.accuracy:.2%}") if measure else ("", "")


def _record(kind: type, values: Mapping[str, Any]) -> Any:
    """A Measure or an EpochRecord from its fields, all of them numbers."""
    names = {field.name for field in fields(kind)}
    if isinstance(values, Mapping):
        values = {OLD_NAMES.get(name, name): value for name, value in values.items()}
    if set(values) != names:
        raise ValueError(f"{kind.__name__}: expected the fields {sorted(names)}, got {sorted(values)!s:.200}")
    for name, value in values.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number and not (value is None and name.startswith("valid")):
            raise ValueError(f"{kind.__name__}: {name} is {value!r:.80}, not a number")
    return kind(**values)
