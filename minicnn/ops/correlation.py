"""The three products that convolution is made of: forward, and its transposes in x and in w.

`conv2d` is the first with the other two as its pullback; `conv_transpose2d` is the second with the first and the
third. Here each is sent to where its plan says: narrow layers to channels-first memory, wide ones to channels-last.
"""

from __future__ import annotations

from . import correlation_narrow, correlation_wide
from .contract import Array
from .epilogue import NOTHING, Chosen, Epilogue, everything
from .plan import Plan


def correlate(x: Array, w: Array, b: Array | None, plan: Plan, epilogue: Epilogue = NOTHING) -> Chosen:
    """y (N, O, …) from pictures x (N, C, H, W) and filters w (O, C/groups, kh, kw)."""
    where = correlation_wide if plan.wide(w.shape) else correlation_narrow
    return where.correlate(x, w, b, plan, epilogue)


def correlate_input_gradient(
    dy: Array, w: Array, plan: Plan, shape: tuple[int, ...], chosen: Chosen | None = None
) -> Array:
    """dx of the given shape (N, C, H, W)."""
    where = correlation_wide if plan.wide(w.shape) else correlation_narrow
    return where.correlate_input_gradient(dy, w, plan, shape, chosen or everything(dy))


def correlate_weight_gradient(
    x: Array, dy: Array, plan: Plan, shape: tuple[int, ...], chosen: Chosen | None = None
) -> tuple[Array, Array]:
    """dw of the given shape (O, C/groups, kh, kw), and db (O,)."""
    where = correlation_wide if plan.wide(shape) else correlation_narrow
    return where.correlate_weight_gradient(x, dy, plan, shape, chosen or everything(dy))
