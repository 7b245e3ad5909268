"""Training a classifier: the options and the checks. The work is done in `loop`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .. import ops, optim
from ..data.augment import Augmentation
from ..data.dataset import Dataset
from ..data.loader import Loader
from ..data.transform import Transform
from ..group import Group
from ..layers.description import check_rebuildable
from .agreement import check_alike, digest, fingerprint
from .callbacks import Callback
from .evaluation import Loss, check_classes, check_dataset, check_initialized
from .history import History
from .loop import Loop, Schedule
from .progress import Progress
from .resumption import Keeper, Position, described
from .run import Run


def fit(
    model: Any,
    train: Dataset,
    valid: Dataset | None = None,
    *,
    epochs: int = 5,
    batch_size: int = 64,
    optimizer: optim.Optimizer | None = None,
    schedule: Schedule | None = None,
    loss: Loss = ops.cross_entropy,
    augment: Augmentation | None = None,
    clip_norm: float | None = None,
    seed: int = 0,
    callbacks: Sequence[Callback] = (),
    checkpoint: str | Path | None = None,
    checkpoint_seconds: float = 60.0,
    resume: bool = False,
    progress: bool | None = None,
    group: Group | None = None,
) -> History:
    """Train a classifier in place.

    The same arguments give the same weights, bit for bit, whether or not the run was interrupted and resumed: the
    order of epoch e is a function of (seed, e), augmentation and dropout of batch b are functions of (seed, e, b).

    Args:
        model: an initialized model (`model.initialize(seed=0)`). If it has no `transform` or `classes`, it gets those
            of the training set.
        train: the training set.
        valid: the validation set, evaluated before training and after each epoch. Without one, some training images are
            evaluated before training.
        epochs: passes over the training set; 5, as `minicnn train` makes.
        batch_size: images in a step.
        optimizer: `Adam()` if not given.
        schedule: the factor of the optimizer's learning rate at (step, total steps), see `minicnn.schedules`.
        loss: an op of the scores and the labels that gives the mean over the images, such as
            `functools.partial(ops.cross_entropy, label_smoothing=0.1)`.
        augment: changes training images at random, see `minicnn.data`.
        clip_norm: scale gradients whose joint norm exceeds this.
        seed: of all randomness.
        callbacks: a list of functions called with the `Run` after each epoch; a true return value stops the run.
        checkpoint: a file for the run, saved after each epoch and about every `checkpoint_seconds` within one; `load`
            reads the model from it.
        resume: continue from `checkpoint`, if it exists. Everything the results depend on must be as before, except
            `epochs`; a run that a callback stopped stays stopped.
        progress: True shows a line for each epoch and a bar, False nothing; None shows the lines, and the bar on a
            terminal or in a notebook.
        group: processes that train the model together, each calling this (`minicnn.distributed.mpi()`). Only the first
            calls the callbacks, shows the progress and writes the checkpoint, which all must be able to read.

    Returns:
        the history of the run, including the epochs before it was resumed. Ctrl-C, or a notebook's stop button, ends
        the run after the current step, and the history so far is returned, marked `interrupted`.

    Raises:
        ValueError: arguments do not fit together, or the model was never initialized.
        TrainingDiverged: the loss or a parameter became NaN or infinite; the last checkpoint is from before.
        CheckpointError: the checkpoint cannot be read, resumed or written.
    """
    if not callable(getattr(model, "forward", None)):
        raise ValueError(f"fit: expected a model as first argument, got {type(model).__name__}")
    if epochs < 1:
        raise ValueError(f"fit: epochs must be at least 1, got {epochs}")
    if getattr(model, "frozen", False):
        raise ValueError("fit: expected a model that can be trained, but this one is frozen; train the original")
    if resume and checkpoint is None:
        raise ValueError("fit: resume=True continues from a file; give its path as checkpoint")
    if clip_norm is not None and not clip_norm > 0:
        raise ValueError(f"fit: clip_norm must be positive, got {clip_norm}")
    if checkpoint is not None:
        check_rebuildable(model)  # now, not after the first epoch
    check_dataset("fit", "train", train)
    if valid is not None:
        check_dataset("fit", "valid", valid)
    callbacks = _callbacks(callbacks)
    check_classes("fit", model, train)
    if valid is not None and tuple(valid.classes) != tuple(train.classes):
        raise ValueError("fit: the validation set has other classes than the training set, or in another order")
    run = Run(model, optim.Adam() if optimizer is None else optimizer, train, valid, epochs, 0, History())
    group = group or Group()
    with group:
        keeper, position = _start(
            run,
            group,
            checkpoint,
            checkpoint_seconds,
            resume,
            settings={
                "seed": int(seed),
                "batch_size": int(batch_size),
                "optimizer": run.optimizer.options(),
                "schedule": described(schedule),
                "loss": described(loss),
                "augment": described(augment),
                "clip_norm": None if clip_norm is None else float(clip_norm),
                **group.settings,
            },
        )
        check_initialized("fit", model)
        if getattr(model, "transform", None) is None:
            model.transform = Transform.fit(train.images)
        if getattr(model, "classes", None) is None:
            model.classes = tuple(train.classes)
        loader = Loader(train, batch_size, seed=seed, transform=model.transform, augment=augment)
        shown = Progress(progress if group.main else False)
        loop = Loop(run, loader, loss, schedule, clip_norm, keeper, position, shown, group)
        loop.go(callbacks if group.main else ())
    return run.history


def _start(
    run: Run,
    group: Group,
    checkpoint: str | Path | None,
    checkpoint_seconds: float,
    resume: bool,
    settings: dict[str, Any],
) -> tuple[Keeper | None, Position]:
    """The keeper that saves the run (if it is to be saved) and the position to start from, the same on all
    processes."""
    if checkpoint is None and group.size == 1:
        return None, Position()
    settings = {"data": fingerprint(run.train), "classes": list(run.train.classes), **settings}
    keeper = None if checkpoint is None else Keeper(checkpoint, checkpoint_seconds, settings, writes=group.main)
    resumed = keeper if keeper is not None and resume and keeper.path.exists() else None
    if group.size > 1:
        facts = {
            "validation data": None if run.valid is None else fingerprint(run.valid),
            "number of epochs": run.epochs,
            "checkpoint": digest(resumed.path.read_bytes()) if resumed else None,
        }
        check_alike(group, run.model, run.train, **settings, **facts)
    return keeper, resumed.restore(run) if resumed else Position()


def _callbacks(callbacks: Any) -> list[Callback]:
    """The callbacks, checked before the first epoch rather than after it."""
    if callable(callbacks) or isinstance(callbacks, str) or not isinstance(callbacks, Iterable):
        raise ValueError(f"fit: expected callbacks to be a list of functions, got {callbacks!r}; write callbacks=[…]")
    callbacks = list(callbacks)
    for i, callback in enumerate(callbacks):
        if not callable(callback):
            raise ValueError(f"fit: expected callbacks[{i}] to be a function of the run, got {callback!r}")
    return callbacks
