"""The rectified linear unit, and the four rules for its backward pass."""

from __future__ import annotations

import numpy as np

from .contract import Array, Pullback, arrays_of_one_dtype, as_pullback, quiet, through

RULES = ("plain", "guided", "deconv", "linear")


@quiet
def relu(x: Array, *, rule: str = "plain") -> tuple[Array, Pullback]:
    """Keep positive values; all others become 0.

        y = max(x, 0)

    The rule changes only the pullback:

        "plain"   dx = dy · [x > 0]               the gradient (0 at 0; at NaN dy)
        "deconv"  dx = dy · [dy > 0]              Zeiler & Fergus: rectify the gradient, ignore x
        "guided"  dx = dy · [x > 0] · [dy > 0]    Springenberg: both
        "linear"  dx = dy                         the nearest linear map, for expanded weights

    Args:
        x: an array of any shape and memory order.
        rule: one of the above.

    Returns:
        y of x's shape, and the pullback dy → (dx,).

    Raises:
        ValueError: the rule is unknown.

    Source: Nair & Hinton (2010), Rectified linear units improve restricted Boltzmann machines; Zeiler & Fergus
    (2014), Visualizing and understanding convolutional networks, section 2.1; Springenberg et al. (2015), Striving
    for simplicity, figure 1.
    """
    (x,) = arrays_of_one_dtype("relu", x=x)
    if rule not in RULES:
        raise ValueError(f"relu: expected rule to be one of {', '.join(RULES)}, got {rule!r}")
    if np.iscomplexobj(x):
        y = np.where(x.real > 0, x, 0)
    else:
        y = np.maximum(x, 0)  # NaN stays NaN

    def gradient(dy: Array) -> Array:
        if rule == "plain":
            return through(dy, ~(y <= 0))  # y ≤ 0 where x ≤ 0; the next layer keeps y anyway
        if rule == "deconv":
            return np.asarray(np.maximum(dy, 0))
        if rule == "guided":
            return through(np.maximum(dy, 0), ~(y <= 0))
        return dy

    return y, as_pullback("relu", y, gradient)
