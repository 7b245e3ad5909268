"""Smooth and piecewise-linear activations as layers; the pass's ReLU rule does not change their backward pass."""

from __future__ import annotations

from .. import ops
from ..ops.contract import Array, number
from ..ops.pointwise import APPROXIMATIONS
from .base import Layer
from .running import LayerPullback, Pass, layer_pullback


class Tanh(Layer):
    """`ops.tanh`: y = tanh(x) for x of any shape."""

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.tanh(x)
        return y, layer_pullback(pullback)


class Erf(Layer):
    """`ops.erf`, the error function, for x of any shape; exporters build GELU from it."""

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.erf(x)
        return y, layer_pullback(pullback)


class ELU(Layer):
    """`ops.elu`: y = x where x > 0, else alpha · (exp(x) − 1), for x of any shape.

    Raises:
        ValueError: `alpha` is not a finite number.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = number("ELU", "alpha", alpha)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.elu(x, alpha=self.alpha)
        return y, layer_pullback(pullback)


class SiLU(Layer):
    """`ops.silu`, also called Swish: y = x · σ(x) for x of any shape."""

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.silu(x)
        return y, layer_pullback(pullback)


class GELU(Layer):
    """`ops.gelu`: y = x · Φ(x) for x of any shape.

    Raises:
        ValueError: `approximate` is neither "none" nor "tanh".
    """

    def __init__(self, approximate: str = "none") -> None:
        if not isinstance(approximate, str) or approximate not in APPROXIMATIONS:
            known = ", ".join(APPROXIMATIONS)
            raise ValueError(f"GELU: expected approximate to be one of {known}, got {approximate!r:.80}")
        self.approximate = approximate

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.gelu(x, approximate=self.approximate)
        return y, layer_pullback(pullback)


class Hardsigmoid(Layer):
    """`ops.hardsigmoid`: y = min(max(alpha · x + beta, 0), 1) for x of any shape.

    Raises:
        ValueError: `alpha` or `beta` is not a finite number.
    """

    def __init__(self, alpha: float = 1 / 6, beta: float = 0.5) -> None:
        self.alpha, self.beta = number("Hardsigmoid", "alpha", alpha), number("Hardsigmoid", "beta", beta)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.hardsigmoid(x, alpha=self.alpha, beta=self.beta)
        return y, layer_pullback(pullback)


class Hardswish(Layer):
    """`ops.hardswish`: y = x · min(max(x / 6 + 1/2, 0), 1) for x of any shape."""

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.hardswish(x)
        return y, layer_pullback(pullback)
