"""Snapshots: the model at several times during training, to watch it learn afterwards."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..checkpoint import check_writable, load, save
from .run import Run

NAME = re.compile(r"(epoch|batch)-(\d+)\.safetensors")


@dataclass(frozen=True)
class Snapshots:
    """A callback that saves the model to a folder before training, after the first batches, and after each epoch.

    The files are `epoch-0`, `batch-1`, `batch-2`, `batch-4`, … up to `first`, `epoch-1`, `epoch-2`, …: each is a model
    that `load` reads. A new run removes the snapshots of an older one.

    Args:
        folder: created if missing.
        first: the last batch of the first epoch after which the model is saved; 0 for none.

    Raises:
        ValueError: `first` is negative.
        CheckpointError: a file cannot be written.
    """

    folder: str | Path
    first: int = 128

    def __post_init__(self) -> None:
        if self.first < 0:
            raise ValueError(f"Snapshots: first must not be negative, got {self.first}")

    def begin(self, run: Run) -> None:
        folder = Path(self.folder)
        folder.mkdir(parents=True, exist_ok=True)
        check_writable(folder / "epoch-0.safetensors")
        if run.epoch == run.batch == 0:
            for old in _files(folder):
                old.unlink()
            self._save(run, "epoch", 0)

    def after_batch(self, run: Run) -> None:
        if run.epoch == 0 and run.batch <= self.first and run.batch & (run.batch - 1) == 0:
            self._save(run, "batch", run.batch)

    def __call__(self, run: Run) -> None:
        self._save(run, "epoch", run.epoch)

    def _save(self, run: Run, kind: str, number: int) -> None:
        save(run.model, Path(self.folder) / f"{kind}-{number}.safetensors")


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The model at one time.

    Attributes:
        epoch: how many epochs were done.
        batch: how many batches of the first epoch were done, if it is from within it; else 0.
        model: as it was.
    """

    epoch: int
    batch: int
    model: Any

    def __str__(self) -> str:
        if self.batch:
            return f"after {self.batch} batch{'es' if self.batch > 1 else ''}"
        return f"after epoch {self.epoch}" if self.epoch else "before training"


def read_snapshots(folder: str | Path) -> list[Snapshot]:
    """The snapshots in a folder, in order of time; empty if there is no such folder.

    Raises:
        CheckpointError: a file is broken.
    """
    moments = []
    for path in _files(Path(folder)):
        kind, number = path.name.removesuffix(".safetensors").split("-")
        epoch, batch = (int(number), 0) if kind == "epoch" else (0, int(number))
        moments.append(Snapshot(epoch, batch, load(path)))
    return sorted(moments, key=lambda moment: (moment.epoch, moment.batch))


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if NAME.fullmatch(path.name)] if folder.is_dir() else []
