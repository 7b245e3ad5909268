"""The training loop: epochs of steps, each step one batch."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import numpy as np

from .. import optim
from ..checkpoint import state_of
from ..data.dataset import Dataset
from ..data.loader import Loader
from ..data.streams import Stream, generator
from ..group import Group
from ..layers.running import Pass, run_layer
from ..layers.tree import arrays_of, dtype_of
from ..ops.contract import Array
from .callbacks import Callback
from .divergence import TrainingDiverged, first_not_finite, not_finite
from .evaluation import Loss, check_scores, evaluate
from .history import EpochRecord, Measure
from .interruption import Interruption
from .progress import Progress
from .resumption import Keeper, Position
from .run import Run

Schedule = Callable[[int, int], float]

SAMPLE = 2048  # training images evaluated before training; evaluating all would take a third of an epoch


class Loop:
    """A run in progress: `run` and `position` are its state, the rest its settings."""

    def __init__(
        self,
        run: Run,
        loader: Loader,
        loss: Loss,
        schedule: Schedule | None,
        clip_norm: float | None,
        keeper: Keeper | None,
        position: Position,
        progress: Progress,
        group: Group,
    ) -> None:
        self.run, self.loader, self.loss, self.schedule, self.clip_norm = run, loader, loss, schedule, clip_norm
        self.keeper, self.position, self.progress, self.group = keeper, position, progress, group
        self.callbacks: Sequence[Callback] = ()
        self.dtype = dtype_of(run.model)
        self.interruption = Interruption()

    def go(self, callbacks: Sequence[Callback]) -> None:
        """Run the remaining epochs, unless a callback or Ctrl-C stops the run."""
        self.callbacks = callbacks
        together = self.interruption.held if self.group.size > 1 else nullcontext()  # all stop after the same step
        with self.interruption, self.progress:
            try:
                with together:
                    self.epochs()
            except KeyboardInterrupt:
                if self.interruption.held.torn:  # weights may be those of half a step
                    raise
                self.stop()

    def epochs(self) -> None:
        """Run the remaining epochs."""
        run, callbacks = self.run, self.callbacks
        run.batch = self.position.batch
        if run.history.before is None:
            run.history.before = self.measure(_sample(run.train) if run.valid is None else run.valid)
        self.progress.say(f"before training: {run.history.before}")
        for callback in callbacks:
            if begin := getattr(callback, "begin", None):
                begin(run)
        while run.epoch < run.epochs and not self.position.stopped:
            with self.progress.bar(f"epoch {run.epoch + 1}/{run.epochs}", len(run.train), self.position.seen):
                self.epoch()
            with self.interruption.held:
                self.progress.say(f"epoch {run.epoch}/{run.epochs}: {run.history.epochs[-1]}")
                stops = [
                    bool(callback(run)) for callback in callbacks
                ]  # all of them are called, whatever the others return
                stopped = any(text == "stop" for text in self.group.texts("stop" if any(stops) else ""))
                self.position = Position(epoch=run.epoch, stopped=stopped)
                self.save()

    def stop(self) -> None:
        """End the run here, with the model of the last complete step."""
        run, position = self.run, self.position
        run.history.interrupted = True
        where = f"in epoch {position.epoch + 1} of {run.epochs}, after {position.batch} of {len(self.loader)} batches"
        if run.epoch == position.epoch:  # otherwise a callback has yet to see the epoch
            self.save()
        kept = f"; fit(…, resume=True) goes on from {self.keeper.last_good}" if self.keeper else ""
        self.progress.say(f"interrupted {where}{kept}")

    def epoch(self) -> None:
        """Run the remaining batches of an epoch; returns its record."""
        run, position = self.run, self.position
        parameters = arrays_of(run.model, "parameters")
        watches = [callback.after_batch for callback in self.callbacks if hasattr(callback, "after_batch")]
        since = time.perf_counter()
        for batch in self.group.batches(self.loader, position.epoch, position.batch):
            seen = position.seen
            with self.interruption.held:
                self.step(batch, parameters)
            now = time.perf_counter()
            position.seconds += now - since
            since = now
            self.progress.advance(position.seen - seen, position.loss, position.accuracy)
            run.batch = position.batch
            for watch in watches:
                watch(run)
                since = time.perf_counter()
            if self.keeper is not None and self.keeper.due:
                self.save()
                since = time.perf_counter()
        self.check_finite()
        valid = None if run.valid is None else self.measure(run.valid)
        record = EpochRecord(
            epoch=position.epoch + 1,
            train_loss=position.loss,
            train_accuracy=position.accuracy,
            valid_loss=valid.loss if valid else None,
            valid_accuracy=valid.accuracy if valid else None,
            lr=float(run.optimizer.lr),
            seconds=position.seconds,
            images_per_second=position.seen / position.seconds,
        )
        run.history.epochs.append(record)
        run.epoch, run.batch = record.epoch, 0

    def step(self, batch: Any, parameters: dict[str, Array]) -> None:
        """Train on one batch, or on this process's part of it."""
        run, position = self.run, self.position
        steps = len(self.loader)
        number = position.epoch * steps + position.batch
        rng = partial(generator, self.loader.seed, Stream.DROPOUT, position.epoch, position.batch)
        self.group.interrupted = self.interruption.held.pending
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows shows in the loss
            loss, correct, images, grads = self.group.gradients(run.model, batch, self.lesson, rng)
            if not math.isfinite(loss):
                raise self.diverged(f"the loss is {loss}", self.group.images(batch), True, position.batch + 1)
            if self.clip_norm is not None:
                grads, _ = optim.clip_norm(grads, self.clip_norm)
            if self.schedule is not None:
                run.optimizer.lr = run.optimizer.initial_lr * float(self.schedule(number, run.epochs * steps))
            run.optimizer.step(parameters, grads)
        position.add(loss, correct, images)
        if position.batch % max(1, steps // 50) == 0:
            run.history.steps.append((number + 1, loss))
        if self.group.interrupted:
            raise KeyboardInterrupt

    def lesson(self, x: Array, labels: Array, pass_: Pass) -> tuple[float, int, Callable[[float], dict[str, Array]]]:
        """Loss and correct answers of a batch, x (n, C, H, W) and labels (n,), and the gradients of the weighted
        loss."""
        with np.errstate(over="ignore", invalid="ignore"):  # each thread has an errstate of its own
            scores, pullback = run_layer(self.run.model, x.astype(self.dtype, copy=False), pass_)
            check_scores("fit", scores, self.run.train)
            value, loss_pullback = self.loss(scores, labels)

        def gradients(weight: float) -> dict[str, Array]:
            with np.errstate(over="ignore", invalid="ignore"):
                return pullback(loss_pullback(weight)[0], wants="parameters")[1]

        return float(value), int((scores.argmax(axis=1) == labels).sum()), gradients

    def measure(self, dataset: Dataset) -> Measure:
        """The model's loss and accuracy on a data set, both finite."""
        result = evaluate(self.run.model, dataset, loss=self.loss, group=self.group)
        if not math.isfinite(result.loss):
            odd = np.flatnonzero(~np.isfinite(result.probabilities).all(axis=1))[:1]
            assert self.loader.transform is not None
            x = self.loader.transform(dataset.images[odd if odd.size else slice(1)])
            raise self.diverged(f"the loss in evaluation is {result.loss}", x, False, self.position.batch)
        return Measure(result.loss, result.accuracy)

    def save(self) -> None:
        if self.keeper is not None and self.keeper.writes:
            self.check_finite()
            self.keeper.save(self.run, self.position)

    def check_finite(self) -> None:
        """Raise an error if the last step has left NaN or infinities in the model: it must not be saved or trained
        further."""
        for name in not_finite(state_of(self.run.model)):
            raise self.error(f"{name} is no longer finite", name.rpartition(".")[0], self.position.batch)

    def diverged(self, what: str, x: Array, train: bool, batch: int) -> TrainingDiverged:
        """Run a batch again, exactly as before, to find the layer where it went wrong."""
        position = self.position
        rng = generator(self.loader.seed, Stream.DROPOUT, position.epoch, position.batch)
        found = first_not_finite(self.run.model, x.astype(self.dtype, copy=False), Pass(train=train, rng=rng))
        told = [json.loads(text) for text in self.group.texts(json.dumps(found))]
        layer, where = next((told for told in told if told[0] is not None), told[0])
        return self.error(f"{what}: {where}", layer, batch)

    def error(self, what: str, layer: str | None, batch: int) -> TrainingDiverged:
        epoch = self.position.epoch + (batch > 0)
        return TrainingDiverged(what, epoch, batch, layer, self.keeper.last_good if self.keeper else None)


def _sample(dataset: Dataset) -> Dataset:
    """At most `SAMPLE` images, drawn at random: a data set may be sorted by class, or repeat its classes in turn."""
    if len(dataset) <= SAMPLE:
        return dataset
    return dataset.subset(np.sort(np.random.default_rng(0).choice(len(dataset), SAMPLE, replace=False)))
