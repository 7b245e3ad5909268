"""Smooth and piecewise-linear activations: each output depends on one input alone, so a gradient is dy · f′(x)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from .contract import Array, Pullback, arrays_of_one_dtype, as_pullback, quiet, through
from .sigmoid import sigmoid

APPROXIMATIONS = ("none", "tanh")


@quiet
def tanh(x: Array) -> tuple[Array, Pullback]:
    """Hyperbolic tangent.

        y = tanh(x),    dx = dy · (1 − y²)

    Arguments, shapes and errors are those of `sigmoid`.
    """
    (x,) = arrays_of_one_dtype("tanh", x=x)
    y = np.tanh(x)
    return y, as_pullback("tanh", y, lambda dy: dy * (1 - y * y))


@quiet
def erf(x: Array) -> tuple[Array, Pullback]:
    """The error function.

        y = (2/√π) ∫₀ˣ exp(−t²) dt,    dx = dy · (2/√π) exp(−x²)

    Arguments, shapes and errors are those of `sigmoid`.
    """
    (x,) = arrays_of_one_dtype("erf", x=x)
    y = special.erf(x)
    return y, as_pullback("erf", y, lambda dy: dy * (_number(x, 2 / np.sqrt(np.pi)) * np.exp(-x * x)))


@quiet
def elu(x: Array, *, alpha: float = 1.0) -> tuple[Array, Pullback]:
    """Exponential linear unit.

        y = x where x > 0, else alpha · (exp(x) − 1)
        dx = dy where x > 0, else dy · alpha · exp(x)

    Args:
        alpha: minus the output for x → −∞.

    Argument x, shapes and errors are those of `sigmoid`.

    Source: Clevert et al. (2016), Fast and accurate deep network learning by exponential linear units, equation 15.
    """
    (x,) = arrays_of_one_dtype("elu", x=x)
    positive = x.real > 0
    below = np.where(positive, 0, x)  # exp of a large x would overflow
    y = np.where(positive, x, alpha * np.expm1(below))
    return y, as_pullback("elu", y, lambda dy: np.where(positive, dy, dy * alpha * np.exp(below)))


@quiet
def silu(x: Array) -> tuple[Array, Pullback]:
    """Sigmoid linear unit, also called Swish.

        y = x · σ(x),    dx = dy · σ(x) · (1 + x · (1 − σ(x)))

    Arguments, shapes and errors are those of `sigmoid`.

    Source: Elfwing et al. (2018), Sigmoid-weighted linear units for neural network function approximation;
    Ramachandran et al. (2018), Searching for activation functions.
    """
    (x,) = arrays_of_one_dtype("silu", x=x)
    s, _ = sigmoid(x)
    y = x * s
    return y, as_pullback("silu", y, lambda dy: dy * (s * (1 + x * (1 - s))))


@quiet
def hardsigmoid(x: Array, *, alpha: float = 1 / 6, beta: float = 0.5) -> tuple[Array, Pullback]:
    """A sigmoid of three straight lines.

        y = min(max(alpha · x + beta, 0), 1),    dx = dy · alpha · [0 < alpha · x + beta < 1]

    Args:
        alpha: the slope of the middle line.
        beta: its value at 0.

    Argument x, shapes and errors are those of `sigmoid`.

    Source: Courbariaux et al. (2015), BinaryConnect, equation 3; the defaults are those of Howard et al. (2019).
    """
    (x,) = arrays_of_one_dtype("hardsigmoid", x=x)
    line = alpha * x + beta
    inside = (line.real > 0) & (line.real < 1)
    y = np.where(inside | np.isnan(line), line, line.real >= 1).astype(x.dtype, copy=False)
    return y, as_pullback("hardsigmoid", y, lambda dy: through(dy * _number(x, alpha), inside))


@quiet
def hardswish(x: Array) -> tuple[Array, Pullback]:
    """SiLU with a hard sigmoid instead of the sigmoid.

        y = x · min(max(x / 6 + 1/2, 0), 1)
        dx = dy · (0 where x ≤ −3, 1 where x ≥ 3, else x / 3 + 1/2)

    Arguments, shapes and errors are those of `sigmoid`.

    Source: Howard et al. (2019), Searching for MobileNetV3, section 5.2.
    """
    (x,) = arrays_of_one_dtype("hardswish", x=x)
    gate, _ = hardsigmoid(x)
    y = x * gate

    def gradient(dy: Array) -> Array:
        slanted = np.where(x.real <= -3, _number(x, 0), dy * (x / 3 + _number(x, 0.5)))
        return np.where(x.real >= 3, dy, slanted)

    return y, as_pullback("hardswish", y, gradient)


@quiet
def gelu(x: Array, *, approximate: str = "none") -> tuple[Array, Pullback]:
    """Gaussian error linear unit: x times the probability that a standard normal variable is below x.

        y = x · Φ(x),    dx = dy · (Φ(x) + x · φ(x)),    φ = Φ′

    With `approximate="tanh"`, Φ(x) is replaced by (1 + tanh(√(2/π) · (x + 0.044715 x³))) / 2.

    Args:
        x: an array of any shape and memory order.
        approximate: "none" or "tanh".

    Returns:
        y of x's shape, and the pullback dy → (dx,).

    Raises:
        ValueError: x is neither float32 nor float64, or `approximate` is unknown.

    Source: Hendrycks & Gimpel (2016), Gaussian error linear units (GELUs).
    """
    (x,) = arrays_of_one_dtype("gelu", x=x)
    if approximate not in APPROXIMATIONS:
        raise ValueError(f"gelu: expected approximate to be one of {', '.join(APPROXIMATIONS)}, got {approximate!r}")
    if approximate == "none":
        probability = special.ndtr(x)
        density = lambda: np.exp(-x * x / 2) * _number(x, 1 / np.sqrt(2 * np.pi))  # noqa: E731
    else:
        c = _number(x, np.sqrt(2 / np.pi))
        t = np.tanh(c * (x + _number(x, 0.044715) * x**3))
        probability = (1 + t) / 2
        density = lambda: (1 - t * t) / 2 * c * (1 + _number(x, 3 * 0.044715) * x * x)  # noqa: E731
    y = x * probability
    return y, as_pullback("gelu", y, lambda dy: dy * (probability + x * density()))


def _number(x: Array, value: float) -> Any:
    """A number in x's precision, so that a NumPy float64 does not promote float32."""
    return x.real.dtype.type(value)
