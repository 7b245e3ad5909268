"""The interface through which processes work together, here with one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .layers.running import Pass
from .ops.contract import Array


class Group:
    """A group of one process.

    Attributes:
        rank, size: the index of this process, and the number of processes.
        settings: the settings that the results of a run depend on, for its checkpoint.
        interrupted: whether Ctrl-C was pressed; after `gradients`, whether it was in any process.
    """

    rank, size, interrupted = 0, 1, False
    settings: dict[str, Any] = {}  # noqa: RUF012  never modified

    def __repr__(self) -> str:
        of = "".join(f", {name}={value!r}" for name, value in self.settings.items())
        return f"{type(self).__name__}(process {self.rank} of {self.size}{of})"

    @property
    def main(self) -> bool:
        """Whether this process writes files and logs and shows progress bars."""
        return self.rank == 0

    def part(self, count: int) -> range:
        """This process's part of `count` pieces of work: a contiguous range, in the order of the processes."""
        return range(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    def texts(self, text: str) -> list[str]:
        """The texts of all processes, in order of rank."""
        return [text]

    def gather(self, rows: Array) -> Array:
        """The rows of all processes, concatenated."""
        return rows

    def agree(self, facts: dict[str, Any]) -> None:
        """Raise an error unless the facts are the same on all processes.

        Raises:
            ValueError: a fact differs; on every process, with its name.
        """

    def batches(self, loader: Any, epoch: int, start: int) -> Iterator[Any]:
        """This process's part of each batch."""
        return loader.epoch(epoch, start)

    def images(self, batch: Any) -> Array:
        """The images of a batch, or this process's."""
        return batch[0]

    def gradients(
        self, model: Any, batch: Any, lesson: Callable[..., Any], rng: Callable[..., Any]
    ) -> tuple[float, int, int, dict[str, Array]]:
        """Loss, number of correct answers and number of images of a batch, and the gradients of the loss.

        Args:
            model: being trained.
            batch: an item of `batches`.
            lesson: (x, labels, pass) → loss, correct answers, and a function from the loss's weight to its gradients.
            rng: makes the generator of dropout.
        """
        x, labels = batch
        loss, right, gradients = lesson(x, labels, Pass(train=True, rng=rng()))
        return loss, right, len(labels), gradients(1.0)

    def __enter__(self) -> Group:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        """An exception inside a group's block ends the work of all processes."""
