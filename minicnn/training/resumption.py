"""How a run survives interruption: its position, its checkpoint, and how it is resumed.

All randomness of a run is a function of (seed, epoch, batch), so its position is its whole random state.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..checkpoint import CheckpointError, check_writable, fill, read, save
from ..layers.description import describe
from .history import History
from .run import Run


@dataclass
class Position:
    """The position of a run, between two batches.

    Attributes:
        epoch: epochs done.
        batch: batches done in the current epoch.
        loss_sum, correct, seen, seconds: summed over the images of these batches.
        stopped: whether a callback has stopped the run.
    """

    epoch: int = 0
    batch: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    seen: int = 0
    seconds: float = 0.0
    stopped: bool = False

    @property
    def loss(self) -> float:
        return self.loss_sum / self.seen

    @property
    def accuracy(self) -> float:
        return self.correct / self.seen

    def add(self, loss: float, correct: int, images: int) -> None:
        """The position after one more batch, from its mean loss and its number of correctly classified images."""
        self.batch += 1
        self.loss_sum += loss * images
        self.correct += correct
        self.seen += images

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Position:
        """The position from `asdict`'s result, checked, because it comes from a file."""
        kinds = {name: type(value) for name, value in asdict(cls()).items()}
        if {name: type(value) for name, value in values.items()} != kinds:
            raise ValueError(f"expected its position to have {', '.join(kinds)}, got {dict(values)!r:.100}")
        position = cls(**values)
        if min(position.epoch, position.batch, position.seen) < 0 or (position.batch > 0) != (position.seen > 0):
            raise ValueError(f"a run cannot be at {position}")
        return position


class Keeper:
    """Saves a run to a file and restores it.

    Args:
        path: the file.
        seconds: how often to save inside an epoch.
        settings: everything the results depend on except the architecture, as JSON can hold it.
        writes: whether this process saves; otherwise another process of its group does.
    """

    def __init__(self, path: str | Path, seconds: float, settings: dict[str, Any], writes: bool = True) -> None:
        self.path, self.seconds, self.settings, self.writes = Path(path), seconds, settings, writes
        self.last_good: Path | None = None  # the file, once it is this run's
        self._saved = time.monotonic()
        if writes:
            check_writable(path)

    @property
    def due(self) -> bool:
        return self.writes and time.monotonic() - self._saved >= self.seconds

    def save(self, run: Run, position: Position) -> None:
        """Save the current state of the run.

        Raises:
            CheckpointError: it cannot be written; the earlier file is intact.
        """
        training = {"settings": self.settings, "position": asdict(position), "history": run.history.to_dict()}
        save(run.model, self.path, optimizer=run.optimizer, training=training)
        self.last_good, self._saved = self.path, time.monotonic()

    def restore(self, run: Run) -> Position:
        """Restore model, optimizer and history from the file.

        Raises:
            CheckpointError: the file is broken, or belongs to a different run; then nothing is changed.
        """
        contents = read(self.path)
        if contents.training is None:
            raise CheckpointError(f"{self.path}: holds a model, but no run to resume; give resume=False to start over")
        here = {"architecture": describe(run.model), **self.settings}
        there = {"architecture": contents.architecture, **_mapping(contents.training.get("settings"))}
        if difference := _difference(there, json.loads(json.dumps(here))):
            raise CheckpointError(
                f"{self.path}: cannot be resumed, because {difference}; "
                "resume with what it was started with, or start over with resume=False"
            )
        try:
            position = Position.from_dict(_mapping(contents.training.get("position")))
            history = History.from_dict(_mapping(contents.training.get("history")))
            fill(run.model, contents)
            run.optimizer.load_state(contents.optimizer)
        except ValueError as error:
            raise CheckpointError(f"{self.path}: {error}") from error
        run.history, run.epoch, self.last_good = history, position.epoch, self.path
        return position


def described(thing: Any) -> Any:
    """A value that distinguishes settings: a schedule's options, or the repr of any other object."""
    if thing is None:
        return None
    options = getattr(thing, "options", None)
    return options() if callable(options) else re.sub(r" at 0x\w+", "", repr(thing))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _difference(there: Any, here: Any, path: str = "") -> str | None:
    """The first place where two JSON values differ, in words."""
    if isinstance(there, dict) and isinstance(here, dict):
        for name in [*here, *(there.keys() - here.keys())]:
            inner = f"{path}.{name}" if path else name
            if found := _difference(there.get(name), here.get(name), inner):
                return found
        if path.endswith("children") and list(there) != list(here):
            return f"the order of {path} was {', '.join(there):.80}, and now is {', '.join(here):.80}"
        return None
    return None if there == here else f"{path} was {there!r:.80}, and now is {here!r:.80}"
