"""Dropout of single units and of whole feature maps."""

from __future__ import annotations

import numpy as np

from .contract import Array, Pullback, arrays_of_one_dtype, as_pullback, image_batch, number, quiet


@quiet
def dropout(
    x: Array, p: float = 0.5, *, training: bool = True, rng: np.random.Generator | int | None = None
) -> tuple[Array, Pullback]:
    """Set each unit to zero with probability p, and scale the others to keep the expectation.

        y = x · mask,    mask = 0 with probability p, else 1 / (1 − p)
        dx = dy · mask

    Args:
        x: an array of any shape and memory order.
        p: the probability of dropping, from 0 to 1.
        training: without it y = x.
        rng: the generator that draws the mask; an int seeds a new one, which makes the op a pure function.

    Returns:
        y of x's shape, and the pullback dy → (dx,).

    Raises:
        ValueError: p is not a probability, or there is no rng in training.

    Source: Srivastava et al. (2014), Dropout: a simple way to prevent neural networks from overfitting, section 4
    (here "inverted": scaled in training, so that inference needs no change).
    """
    (x,) = arrays_of_one_dtype("dropout", x=x)
    return _drop("dropout", x, x.shape, p, training, rng)


@quiet
def dropout2d(
    x: Array, p: float = 0.5, *, training: bool = True, rng: np.random.Generator | int | None = None
) -> tuple[Array, Pullback]:
    """Dropout of whole feature maps: neighboring pixels are so alike that dropping single ones removes little.

        y[n, c] = x[n, c] · mask[n, c];  arguments, results and errors are those of `dropout`, x is (N, C, H, W)

    Source: Tompson et al. (2015), Efficient object localization using convolutional networks, section 3.2.
    """
    x = image_batch("dropout2d", x)
    return _drop("dropout2d", x, (*x.shape[:2], 1, 1), p, training, rng)


def _drop(
    op: str, x: Array, shape: tuple[int, ...], p: float, training: bool, rng: np.random.Generator | int | None
) -> tuple[Array, Pullback]:
    p = number(op, "p", p, 0, 1)
    mask: Array | None = None
    if training and p > 0:
        if rng is None:
            raise ValueError(f"{op}: expected rng (a numpy Generator or a seed) in training, got None")
        draw = np.random.default_rng(rng).random(shape, dtype=np.float32)  # a Generator is passed through
        scale = 1 / (1 - p) if p < 1 else 0.0
        mask = np.where(draw >= p, x.real.dtype.type(scale), x.real.dtype.type(0))
    y = x if mask is None else x * mask
    return y, as_pullback(op, y, lambda dy: dy if mask is None else dy * mask)
