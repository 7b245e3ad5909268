"""The common part of `train` and `demo`: a run of `fit` that is reported, saved in a folder, and drawn."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .inputs import MODEL_FILE, SNAPSHOTS
from .notice import compiling

if TYPE_CHECKING:
    from minicnn import Evaluation, History
    from minicnn.data import Dataset


def learn(
    model: Any,
    train: Dataset,
    test: Dataset,
    folder: Path,
    *,
    quiet: bool,
    optimizer: dict[str, Any],
    snapshots: bool,
    **options: Any,
) -> tuple[History, Evaluation]:
    """Train a model, log and save it in a folder, and test it.

    Args:
        model: with first values.
        train, test: to learn from, and to measure after each epoch.
        folder: takes the model, resumable, and a log with a line of JSON for each epoch.
        quiet: print nothing.
        optimizer: the options to build it from.
        snapshots: keep the model at moments of its training too, for `atlas` to show.
        options: of `fit`.
    """
    import minicnn as cnn
    from minicnn import optim
    from minicnn.readiness import take_step

    from .report import EpochLines

    few = slice(max(1, options["batch_size"]))
    few_steps = compiling(
        lambda: cnn.fit(
            copy.deepcopy(model),
            train[few],
            test[few],
            **options | {"epochs": 1, "resume": False},
            optimizer=optim.build(**optimizer),
            progress=False,
        ),
        lambda: take_step(copy.deepcopy(model), train.images.shape[1:], len(train[few])),
    )
    if few_steps.interrupted:
        raise KeyboardInterrupt
    callbacks: list[Any] = [cnn.JsonLines(folder / "log.jsonl")]
    if snapshots:
        callbacks.append(cnn.Snapshots(folder / SNAPSHOTS))
    bar = not quiet and sys.stderr.isatty()
    if not quiet and not (bar and sys.stdout.isatty()):  # or else the same lines would be repeated above the bar
        callbacks.append(EpochLines())
    history = cnn.fit(
        model,
        train,
        test,
        **options,
        optimizer=optim.build(**optimizer),
        callbacks=callbacks,
        checkpoint=folder / MODEL_FILE,
        progress=bar,
    )
    if history.interrupted:
        raise KeyboardInterrupt
    return history, cnn.evaluate(model, test, group=options.get("group"))


def interrupted(folder: Path, line: str) -> KeyboardInterrupt:
    """The message after Ctrl-C, which says how to continue."""
    if not (folder / MODEL_FILE).exists():
        return KeyboardInterrupt("interrupted before there was anything to save")
    command = line if "--resume" in line.split() else f"{line} --resume"
    return KeyboardInterrupt(f"interrupted; to continue from {folder / MODEL_FILE}:\n  {command}")
