"""Finding the layer where the first NaN or infinity appeared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..layers.running import Pass, Watch
from ..layers.tree import arrays_of, walk
from ..ops.contract import Array


class TrainingDiverged(ValueError):
    """The loss, a parameter or a buffer is no longer finite.

    Attributes:
        epoch, batch: the batch in which it appeared, both counted from 1; batch 0: after the epoch; epoch 0: before
            training.
        layer: the path of the first layer whose output, or array, is not finite; None if only the loss is not.
        checkpoint: the last one from before; None if this run has not written one.
    """

    def __init__(self, what: str, epoch: int, batch: int, layer: str | None, checkpoint: Path | None) -> None:
        where = f"batch {batch} of epoch {epoch}" if batch else f"after epoch {epoch}" if epoch else "before training"
        kept = f"the last good checkpoint is {checkpoint}" if checkpoint else "this run has not written a checkpoint"
        super().__init__(f"fit: {where}: {what}; lower the learning rate or give clip_norm; {kept}")
        self.epoch, self.batch, self.layer, self.checkpoint = epoch, batch, layer, checkpoint


def first_not_finite(model: Any, x: Array, pass_: Pass) -> tuple[str | None, str]:
    """Run a batch again, watching every layer.

    Returns:
        the path of the first layer whose output is not finite (None if all are), and a sentence that says so.
    """
    paths = [path for path, _ in walk(model) if path]
    watch = Watch(*paths)
    with np.errstate(over="ignore", invalid="ignore"):
        y, _ = model.forward(x, replace(pass_, watch=watch))
    outputs = watch.activations or {type(model).__name__: y}  # in the order in which they were computed
    layer = next((path for path, output in outputs.items() if not np.isfinite(output).all()), None)
    if layer is None:
        return None, "every layer's output is finite, the loss itself is not"
    inside = f"{layer}." if watch.activations else ""
    culprit = next((name for name in not_finite(arrays_of(model, "parameters")) if name.startswith(inside)), None)
    cause = f"and its parameter {culprit} is not either" if culprit else "though its parameters are"
    return layer, f"{layer} is the first layer whose output is not finite, {cause}"


def not_finite(arrays: dict[str, Array]) -> list[str]:
    """The names of the arrays that hold NaN or an infinity."""
    return [name for name, array in arrays.items() if not np.isfinite(array).all()]
