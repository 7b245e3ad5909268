"""Local response normalization: neighboring channels compete."""

from __future__ import annotations

import numpy as np

from .contract import Array, Pullback, as_pullback, image_batch, number, quiet, whole


@quiet
def local_response_norm(
    x: Array, size: int = 5, *, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> tuple[Array, Pullback]:
    """Divide every value by the power of its neighbors in the channels around it.

        s[c] = k + (alpha / size) · Σ_{|c' − c| within the window} x[c']²
        y[c] = x[c] · s[c]^(−beta)

        dx[c] = dy[c] · s[c]^(−beta)
                − (2·alpha·beta / size) · x[c] · Σ_{c' whose window holds c} dy[c'] · x[c'] · s[c']^(−beta − 1)

    The window of channel c runs from c − ⌊size/2⌋ to c + ⌊(size − 1)/2⌋, as in PyTorch; ONNX mirrors it if the size is
    even.

    Args:
        x: (N, C, H, W), in any memory order.
        size: how many channels compete.
        alpha, beta, k: the constants of the formula.

    Returns:
        y of x's shape, and the pullback dy → (dx,).

    Raises:
        ValueError: x is not of shape (N, C, H, W), size is below 1, or another constant below 0.

    Source: Krizhevsky et al. (2012), ImageNet classification with deep convolutional neural networks, section 3.3
    (whose alpha is not divided by the size).
    """
    x = image_batch("local_response_norm", x)
    size, alpha, beta, k = constants_of("local_response_norm", size, alpha, beta, k)
    before, after = size // 2, (size - 1) // 2
    s = k + alpha / size * _window_sum(x * x, before, after)
    factor = s**-beta
    y = x * factor

    def gradient(dy: Array) -> Array:
        # The windows that hold c, mirrored; scaled before they are summed, so that no sum is larger than what it gives.
        neighbors = _window_sum(2 * alpha * beta / size * dy * y / s, after, before)
        return np.asarray(dy * factor - x * neighbors)

    return y, as_pullback("local_response_norm", y, gradient)


def constants_of(op: str, size: int, alpha: float, beta: float, k: float) -> tuple[int, float, float, float]:
    """The constants of the formula.

    Raises:
        ValueError: size is not an int of at least 1, or another constant is not a number of at least 0 (s could be
            negative).
    """
    alpha, beta, k = (
        number(op, name, value, least=0) for name, value in {"alpha": alpha, "beta": beta, "k": k}.items()
    )
    return whole(op, "size", size), alpha, beta, k


def _window_sum(x: Array, before: int, after: int) -> Array:
    """Σ x[:, c − before : c + after + 1] for every channel c, counting only channels that exist."""
    total = x.copy()
    C = x.shape[1]
    for shift in range(1, min(before, C - 1) + 1):
        total[:, shift:] += x[:, :-shift]
    for shift in range(1, min(after, C - 1) + 1):
        total[:, :-shift] += x[:, shift:]
    return np.asarray(total)
