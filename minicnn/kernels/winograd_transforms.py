"""Winograd's transforms, F(4×4, 3×3) and F(2×2, 3×3): small constant matrices, each written as the sums that it makes.

Every number here is a vector, of as many channels as a register holds: `inputs4(d)` is Bᵀ · d for a register of
channels at once. Sums that two rows share are made once.

Source: Lavin & Gray (2016), Fast algorithms for convolutional neural networks, section 4.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from ..threads import inline
from .vector import REGISTER, address, load_each, store_each


@inline
def inputs4(d):
    """Bᵀ · d: ((4 0 −5 0 1 0) (0 −4 −4 1 1 0) (0 4 −4 −1 1 0) (0 −2 −1 2 1 0) (0 2 −1 −2 1 0) (0 4 0 −5 0 1))."""
    a, b, c, d, e, f = d
    even, odd = e - 4 * c, d - 4 * b
    even2, odd2 = e - c, 2 * (d - b)
    return 4 * a - 5 * c + e, even + odd, even - odd, even2 + odd2, even2 - odd2, 4 * b - 5 * d + f


@inline
def filters4(g):
    """G · g: ((¼ 0 0) (−⅙ −⅙ −⅙) (−⅙ ⅙ −⅙) (1/24 1/12 ⅙) (1/24 −1/12 ⅙) (0 0 1))."""
    a, b, c = g
    ends, middle = (-1 / 6) * (a + c), (1 / 6) * b
    ends2, middle2 = (1 / 24) * a + (1 / 6) * c, (1 / 12) * b
    return 0.25 * a, ends - middle, ends + middle, ends2 + middle2, ends2 - middle2, c


@inline
def outputs4(m):
    """Aᵀ · m: ((1 1 1 1 1 0) (0 1 −1 2 −2 0) (0 1 1 4 4 0) (0 1 −1 8 −8 1))."""
    a, b, c, d, e, f = m
    sum_, difference, sum2, difference2 = b + c, b - c, d + e, d - e
    return a + sum_ + sum2, difference + 2 * difference2, sum_ + 4 * sum2, difference + 8 * difference2 + f


@inline
def filters4_transposed(m):
    """Gᵀ · m."""
    a, b, c, d, e, f = m
    sum_, difference, sum2, difference2 = b + c, b - c, d + e, d - e
    return (
        0.25 * a - (1 / 6) * sum_ + (1 / 24) * sum2,
        (1 / 12) * difference2 - (1 / 6) * difference,
        (1 / 6) * (sum2 - sum_) + f,
    )


@inline
def outputs4_transposed(y):
    """A · y."""
    a, b, c, d = y
    even, odd = a + c, b + d
    even2, odd2 = a + 4 * c, 2 * b + 8 * d
    return a, even + odd, even - odd, even2 + odd2, even2 - odd2, d


@inline
def inputs2(d):
    """Bᵀ · d: ((1 0 −1 0) (0 1 1 0) (0 −1 1 0) (0 1 0 −1))."""
    a, b, c, d = d
    return a - c, b + c, c - b, b - d


@inline
def filters2(g):
    """G · g: ((1 0 0) (½ ½ ½) (½ −½ ½) (0 0 1))."""
    a, b, c = g
    ends, middle = 0.5 * (a + c), 0.5 * b
    return a, ends + middle, ends - middle, c


@inline
def outputs2(m):
    """Aᵀ · m: ((1 1 1 0) (0 1 −1 −1))."""
    a, b, c, d = m
    return a + b + c, b - c - d


@inline
def filters2_transposed(m):
    """Gᵀ · m."""
    a, b, c, d = m
    return a + 0.5 * (b + c), 0.5 * (b - c), 0.5 * (b + c) + d


@inline
def outputs2_transposed(y):
    """A · y."""
    a, b = y
    zero = a - a
    return a, a + b, a - b, zero - b


def both_ways(matrix: Callable[..., Any], rows: int, columns: int) -> Callable[..., Any]:
    """The function that multiplies small float32 images by a matrix (rows, columns) from both sides: y = M · x · Mᵀ."""

    @inline
    def multiply(x, row, pixel, scratch, y, row_y, pixel_y):
        """For a register of channels: x's rows lie `row` numbers apart, its pixels `pixel`; y's likewise.

        x, y and `scratch`, which holds rows · columns vectors, are addresses.
        """
        V = REGISTER // 4  # lanes
        for j in range(columns):
            store_each(address(scratch, j * V), columns * V, matrix(load_each(address(x, j * pixel), row, columns)))
        for i in range(rows):
            along = load_each(address(scratch, i * columns * V), V, columns)
            store_each(address(y, i * row_y), pixel_y, matrix(along))

    return multiply


class Transforms(NamedTuple):
    """The five transforms of F(m×m, 3×3), as `both_ways` makes them, of the images, filters and outputs of one tile."""

    inputs: Callable[..., Any]
    filters: Callable[..., Any]
    outputs: Callable[..., Any]
    filters_transposed: Callable[..., Any]
    outputs_transposed: Callable[..., Any]


F4 = Transforms(
    both_ways(inputs4, 6, 6),
    both_ways(filters4, 6, 3),
    both_ways(outputs4, 4, 6),
    both_ways(filters4_transposed, 3, 6),
    both_ways(outputs4_transposed, 6, 4),
)
F2 = Transforms(
    both_ways(inputs2, 4, 4),
    both_ways(filters2, 4, 3),
    both_ways(outputs2, 2, 4),
    both_ways(filters2_transposed, 3, 4),
    both_ways(outputs2_transposed, 4, 2),
)
