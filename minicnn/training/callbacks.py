"""Callbacks: each is called with the `Run` after every epoch, and stops it by returning a true value.

A method `begin(run)`, if there is one, is called before the first epoch of a run or of its resumption; a method
`after_batch(run)` after each batch. The callbacks here keep no state beyond the history, and repeating an epoch does no
harm, so an interrupted run resumes exactly.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..checkpoint import check_writable, save
from .run import Run

Callback = Callable[[Run], Any]

METRICS = ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy")


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when `metric` has not improved for `patience` epochs.

    Raises:
        ValueError: `patience` is below 1, the metric is unknown, or it needs a validation set and there is none.
    """

    patience: int = 3
    metric: str = "valid_loss"

    def __post_init__(self) -> None:
        if self.patience < 1:
            raise ValueError(f"EarlyStopping: patience must be at least 1, got {self.patience}")
        _check_metric("EarlyStopping", self.metric)

    def begin(self, run: Run) -> None:
        _check_validation("EarlyStopping", self.metric, run)

    def __call__(self, run: Run) -> bool:
        return run.epoch - _best_epoch(run, self.metric) >= self.patience


@dataclass(frozen=True)
class BestCheckpoint:
    """Save the model to `path` after each epoch that is the best so far by `metric`.

    Raises:
        ValueError: the metric is unknown, or it needs a validation set and there is none.
        CheckpointError: the file cannot be written.
    """

    path: str | Path
    metric: str = "valid_accuracy"

    def __post_init__(self) -> None:
        _check_metric("BestCheckpoint", self.metric)

    def begin(self, run: Run) -> None:
        _check_validation("BestCheckpoint", self.metric, run)
        check_writable(self.path)

    def __call__(self, run: Run) -> None:
        if _best_epoch(run, self.metric) == run.epoch:
            save(run.model, self.path)


@dataclass(frozen=True)
class JsonLines:
    """A log with one JSON object on each line: the model before training (epoch 0), then the record of each epoch.

    A new run starts a new file; one that resumes first drops the lines of epochs that will be done again.

    Raises:
        OSError: the file cannot be written.
    """

    path: str | Path

    def begin(self, run: Run) -> None:
        history = run.history
        lines: list[dict[str, Any]] = [asdict(record) for record in history.epochs]
        if history.before is not None:
            lines.insert(0, {"epoch": 0, **asdict(history.before)})
        path = Path(self.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def __call__(self, run: Run) -> None:
        with open(self.path, "a") as file:
            file.write(json.dumps(asdict(run.history.epochs[-1])) + "\n")


def _best_epoch(run: Run, metric: str) -> int:
    """The best epoch; the first one if several are equal."""
    sign = 1 if metric.endswith("loss") else -1
    best, best_epoch = math.inf, 0
    for record in run.history.epochs:
        if (value := sign * getattr(record, metric)) < best:
            best, best_epoch = value, record.epoch
    return best_epoch


def _check_metric(callback: str, metric: str) -> None:
    if metric not in METRICS:
        raise ValueError(f"{callback}: expected metric to be one of {', '.join(METRICS)}, got {metric!r}")


def _check_validation(callback: str, metric: str, run: Run) -> None:
    if metric.startswith("valid") and run.valid is None:
        raise ValueError(f"{callback}: {metric} needs a validation set; give fit one, or watch train_loss")
