"""Winograd's transforms: small constant matrices times many short vectors at a time.

    y[r] = Σ_k M[r, k] · x[k]        each x[k] and y[r] a row of n numbers, anywhere in memory

The machine code is written out from each matrix: all x are read once and all y written once, a register's width at a
time, zeros cost nothing, and ones no multiplication. (Of a loop, the compiler would not know that no y lies over an x,
and could take but one row at a time.)

Source: Lavin & Gray (2016), Fast algorithms for convolutional neural networks, section 4.
"""

from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..threads import jit
from .vector import REGISTER


class Transforms(NamedTuple):
    """The matrices of F(m×m, 3×3), and the transposes that their gradients take, by their numbers in MATRICES."""

    inputs: int  # Bᵀ (α, α)
    filters: int  # G (α, 3)
    outputs: int  # Aᵀ (m, α)
    filters_back: int  # Gᵀ
    outputs_back: int  # A


MATRICES: list[np.ndarray] = []


def transforms(inputs, filters, outputs):
    """Add the three matrices Bᵀ, G and Aᵀ, and the transposes of the last two, to MATRICES."""
    first = len(MATRICES)
    matrices = inputs, filters, outputs, np.transpose(filters), np.transpose(outputs)
    MATRICES.extend(np.array(matrix, float) for matrix in matrices)
    return Transforms(*range(first, len(MATRICES)))


F2 = transforms(
    inputs=[[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
    filters=[[1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]],
    outputs=[[1, 1, 1, 0], [0, 1, -1, -1]],
)
F4 = transforms(
    inputs=[
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    filters=[
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
    outputs=[[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
)
HEIGHTS, WIDTHS = (np.array([matrix.shape[axis] for matrix in MATRICES]) for axis in (0, 1))
SIDE = max(HEIGHTS)  # of the largest matrix


def products(builder, matrix, x, fma):
    """Machine code for the rows of M · x.

    Two rows that differ in signs alone are the sum and the difference of two halves: the terms whose signs are alike in
    both, and those whose signs are not. Each half is computed once.
    """

    def total(row):
        result = None
        for factor, number in zip(row, x, strict=True):
            if factor == 0:
                continue
            if result is None:
                result = number if factor == 1 else builder.fmul(constant(number, factor), number)
            elif abs(factor) == 1:
                result = (builder.fadd if factor > 0 else builder.fsub)(result, number)
            else:
                result = builder.call(fma, [constant(number, factor), number, result])
        return result

    y, r = [], 0
    while r < len(matrix):
        row = matrix[r]
        other = matrix[r + 1] if r + 1 < len(matrix) else np.zeros_like(row)
        if (abs(row) == abs(other)).all() and not (row == other).all():
            alike, unlike = total(np.where(row == other, row, 0)), total(np.where(row == other, 0, row))
            y += [builder.fadd(alike, unlike), builder.fsub(alike, unlike)]
            r += 2
        else:
            y.append(total(row))
            r += 1
    return y


def constant(number, value):
    """A constant of a number's type, vector or not."""
    kind = number.type
    return ir.Constant(kind, [value] * kind.count if isinstance(kind, ir.VectorType) else value)


@intrinsic
def _transform(context, matrix, x, sources, y, targets, size):
    number = x.dtype

    def generate(context, builder, signature, values):
        word = ir.IntType(context.address_size)
        scalar = context.get_value_type(number)
        X, at, Y, to = (
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args[1:5], values[1:5], strict=True)
        )

        def places(array, starts, count):
            offsets = [builder.load(builder.gep(starts.data, [word(i)])) for i in range(count)]
            return [builder.gep(array.data, [offset]) for offset in offsets]

        def at_once(M, inputs, outputs, first, last, lanes):
            """Columns `first` to `last`, `lanes` of them at a time."""
            kind = ir.VectorType(scalar, lanes) if lanes > 1 else scalar
            name = f"llvm.fmuladd.{f'v{lanes}' if lanes > 1 else ''}f{number.bitwidth}"
            fma = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind] * 3), name)
            with cgutils.for_range_slice(builder, first, last, word(lanes), word) as (index, _):

                def here(place):
                    return builder.bitcast(builder.gep(place, [index]), kind.as_pointer())

                numbers = [builder.load(here(place)) for place in inputs]
                for loaded in numbers:
                    loaded.align = number.bitwidth // 8
                for place, result in zip(outputs, products(builder, M, numbers, fma), strict=True):
                    builder.store(result, here(place)).align = number.bitwidth // 8

        lanes = REGISTER * 8 // number.bitwidth
        whole = builder.mul(builder.sdiv(values[5], word(lanes)), word(lanes))
        for which, M in enumerate(MATRICES):
            with builder.if_then(builder.icmp_signed("==", values[0], word(which))):
                inputs, outputs = places(X, at, M.shape[1]), places(Y, to, M.shape[0])
                at_once(M, inputs, outputs, word(0), whole, lanes)
                at_once(M, inputs, outputs, whole, values[5], 1)
        return context.get_dummy_value()

    return types.void(types.int64, x, sources, y, targets, types.int64), generate


@jit
def transform(matrix, x, sources, y, targets, size):
    """y[targets[r] + i] = Σ_k M[r, k] · x[sources[k] + i] for i < size, where M is MATRICES[matrix]; y may be x."""
    _transform(matrix, x, sources, y, targets, size)  # type: ignore[call-arg]
