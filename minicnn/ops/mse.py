"""Mean squared error: the loss of a regression."""

from __future__ import annotations

from .contract import Array, Pullback, arrays_of_one_dtype, as_pullback, quiet
from .reduction import reduce


@quiet
def mse(prediction: Array, target: Array, *, reduction: str = "mean") -> tuple[Array, Pullback]:
    """The squared distance between prediction and target.

        loss = (prediction − target)²,    reduced by its mean over all elements
        dprediction = 2 · (prediction − target) · dloss / size;    dtarget = −dprediction

    Args:
        prediction, target: arrays of one shape.
        reduction: "mean", "sum", or "none": one loss for each element.

    Returns:
        the loss, a scalar array (or of the arguments' shape with "none"), and the pullback
        dloss → (dprediction, dtarget).

    Raises:
        ValueError: the shapes differ, or the reduction is unknown.
    """
    prediction, target = arrays_of_one_dtype("mse", prediction=prediction, target=target)
    if prediction.shape != target.shape:
        raise ValueError(f"mse: expected target of the prediction's shape {prediction.shape}, got {target.shape}")
    difference = prediction - target
    loss, to_each = reduce("mse", difference * difference, reduction)
    return loss, as_pullback(
        "mse", loss, lambda dloss: 2 * to_each(dloss) * difference, lambda dloss: -2 * to_each(dloss) * difference
    )
