"""A scale and a shift for each channel."""

from __future__ import annotations

from .contract import Array, Pullback, arrays_of_one_dtype, as_pullback, quiet


@quiet
def affine(x: Array, weight: Array, bias: Array | None = None) -> tuple[Array, Pullback]:
    """Multiply each channel by a number and add another: batch normalization without the statistics.

        y[n, c] = weight[c] · x[n, c] + bias[c]
        dx[n, c] = weight[c] · dy[n, c]
        dweight[c] = Σ dy · x,    dbias[c] = Σ dy    over all entries of channel c

    Args:
        x: (N, C, …), in any memory order.
        weight, bias: one number for each channel (C,), or one for all (1,); the bias may be None.

    Returns:
        y of x's shape, and the pullback dy → (dx, dweight, dbias), or (dx, dweight) where the bias is None.

    Raises:
        ValueError: weight or bias is of another shape.

    Source: Touvron et al. (2021), ResMLP, equation 1.
    """
    x, weight, *rest = arrays_of_one_dtype("affine", x=x, weight=weight, bias=bias)
    scale, axes = along_channels("affine", "weight", weight, x)
    y = scale * x
    gradients = [lambda dy: scale * dy, lambda dy: (dy * x).sum(axis=axes).reshape(weight.shape)]
    if rest:
        shift, bias_axes = along_channels("affine", "bias", rest[0], x)
        y += shift
        gradients.append(lambda dy: dy.sum(axis=bias_axes).reshape(rest[0].shape))
    return y, as_pullback("affine", y, *gradients)


def along_channels(op: str, name: str, values: Array, x: Array) -> tuple[Array, tuple[int, ...]]:
    """(C,) or (1,) numbers in a shape that broadcasts against x (N, C, …), and the axes over which their gradient sums.

    Raises:
        ValueError: x has no channels, or there are other than C or 1 numbers.
    """
    if x.ndim < 2:
        raise ValueError(f"{op}: expected x of shape (N, C, …), got {x.shape}")
    if values.shape not in ((1,), x.shape[1:2]):
        raise ValueError(f"{op}: expected {name} of shape ({x.shape[1]},) or (1,) for x {x.shape}, got {values.shape}")
    one_for_all = len(values) == 1
    axes = tuple(axis for axis in range(x.ndim) if axis != 1 or one_for_all)
    return values.reshape(1, -1, *(1,) * (x.ndim - 2)), axes
