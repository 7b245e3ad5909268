"""A run of `fit`, as callbacks see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..data.dataset import Dataset
from ..optim import Optimizer
from .history import History


@dataclass
class Run:
    """The argument of a callback.

    Attributes:
        model: being trained, in place.
        optimizer: with the learning rate of the last step.
        train, valid: the data sets.
        epochs: how many the run will have.
        epoch: how many are done.
        batch: how many batches of the current epoch are done.
        history: what happened so far; `history.epochs[-1]` is the epoch just done.
    """

    model: Any
    optimizer: Optimizer
    train: Dataset
    valid: Dataset | None
    epochs: int
    epoch: int
    history: History
    batch: int = 0
