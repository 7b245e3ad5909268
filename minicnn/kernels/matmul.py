"""Matrix products of the sizes that convolutions have, which stay in cache: C = A · B, or C += A · B.

Everything rests on one loop, `tile`. It holds a few rows of C, of LANES numbers each, in the processor's registers, and
adds to them, for each k, the numbers of column k of A times row k of B. For each number that it loads it does several
multiplications, and it writes nothing before it is done:

    C[m, n : n + LANES] += A[m, k] · B[k, n : n + LANES]       for all m of a few rows, for all k

A library for large matrices has the same loop, and copies A and B first, so that it reads both in a row. Small ones lie
in cache anyway: only B is copied here, into *panels* of LANES columns, and only if many rows of A are to meet it. What
meets many products, as the filters do, is kept in panels from the beginning (`pack`, `multiply_panels`).

Source: Goto & van de Geijn (2008), Anatomy of high-performance matrix multiplication, section 4 and figure 8.
"""

import platform

import numpy as np
from llvmlite import ir
from numba import prange, types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import intrinsic, overload

from ..threads import jit, parallel

# What Numba compiles for, which need not be all that this processor can do: its cache tells machine code by it.
_features = cpu_target.target_context.codegen().magic_tuple()[2]
REGISTER = 64 if "+avx512f" in _features else 32 if "+avx," in _features else 16  # bytes
_registers = 32 if REGISTER == 64 or platform.machine() in ("aarch64", "arm64") else 16

LANES = 2 * REGISTER // 4  # numbers of a row of C that is held: two registers of float32
ROWS = 3 * _registers // 8  # rows of C that are held: in three quarters of all registers; B and A have the others
DEPTH = (1 << 14) // (4 * LANES)  # rows of a panel of float32, which takes half of a common first-level cache
FEW = 4 * ROWS  # rows of A for which a panel of B is not worth copying


@intrinsic(prefer_literal=True)
def tile(context, rows, a, b, c, add):
    """c (rows, LANES) = a (rows, K) · b (K, LANES), added to c if asked for; `rows` is known when this is compiled."""
    if not isinstance(rows, types.IntegerLiteral) or not a.dtype == b.dtype == c.dtype:
        return None
    number, lanes, R = c.dtype, LANES, rows.literal_value

    def generate(context, builder, signature, values):
        word = ir.IntType(context.address_size)
        scalar = context.get_value_type(number)
        vector = ir.VectorType(scalar, lanes)
        fma = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(vector, [vector] * 3),
            f"llvm.fmuladd.v{lanes}f{number.bitwidth}",
        )
        A, B, C = (
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args[1:4], values[1:4], strict=True)
        )

        def at(array, row, column, kind):
            """The address of array[row, column]."""
            by_row, by_column = cgutils.unpack_tuple(builder, array.strides, 2)
            offset = builder.add(builder.mul(row, by_row), builder.mul(column, by_column))
            data = builder.bitcast(array.data, ir.IntType(8).as_pointer())
            return builder.bitcast(builder.gep(data, [offset]), kind.as_pointer())

        def load(array, row):
            numbers = builder.load(at(array, row, word(0), vector))
            numbers.align = number.bitwidth // 8
            return numbers

        def spread(value):
            """A vector of one number."""
            nothing = ir.Constant(vector, ir.Undefined)
            one = builder.insert_element(nothing, value, ir.IntType(32)(0))
            return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes))

        depth = cgutils.unpack_tuple(builder, A.shape, 2)[1]
        sums = [cgutils.alloca_once_value(builder, ir.Constant(vector, [0.0] * lanes)) for _ in range(R)]
        with cgutils.for_range(builder, depth, intp=word) as loop:
            row = load(B, loop.index)
            for r in range(R):
                factor = spread(builder.load(at(A, word(r), loop.index, scalar)))
                builder.store(builder.call(fma, [factor, row, builder.load(sums[r])]), sums[r])
        for r in range(R):
            total = builder.load(sums[r])
            total = builder.select(values[4], builder.fadd(load(C, word(r)), total), total)
            builder.store(total, at(C, word(r), word(0), vector)).align = number.bitwidth // 8
        return context.get_dummy_value()

    return types.void(rows, a, b, c, add), generate


@jit
def merge(part, c, add):
    """c = the first rows and columns of part, added to c if asked for."""
    for r in range(c.shape[0]):
        for j in range(c.shape[1]):
            c[r, j] = part[r, j] + (c[r, j] if add else 0)


def _strip(a, panel, c, add, scratch):
    """What `strip` is compiled from."""


@overload(_strip)
def _strip_real_or_complex(a, panel, c, add, scratch):
    return _strip_complex if isinstance(c.dtype, types.Complex) else _strip_real


def _strip_real(a, panel, c, add, scratch):
    """Where c ends in mid-tile, a whole tile is computed apart, and what is new in it is copied."""
    M, N = c.shape
    for m in range(0, M, ROWS):
        if m + ROWS <= M and N == LANES:
            tile(ROWS, a[m : m + ROWS], panel, c[m : m + ROWS], add)  # type: ignore[call-arg]
        elif M >= ROWS:
            first = min(m, M - ROWS)
            tile(ROWS, a[first : first + ROWS], panel, scratch, False)  # type: ignore[call-arg]
            merge(scratch[m - first :], c[m : m + ROWS], add)
        else:
            for r in range(M):
                tile(1, a[r : r + 1], panel, scratch[r:], False)  # type: ignore[call-arg]
            merge(scratch, c, add)


def _strip_complex(a, panel, c, add, scratch):
    """Plain loops: complex numbers only check derivatives."""
    for m in range(c.shape[0]):
        for n in range(c.shape[1]):
            total = c[m, n] if add else c.dtype.type(0)
            for k in range(a.shape[1]):
                total += a[m, k] * panel[k, n]
            c[m, n] = total


@jit
def strip(a, panel, c, add, scratch):
    """A few columns of a product: c (M, N) = a (M, K) · panel (K, LANES), with N ≤ LANES."""
    _strip(a, panel, c, add, scratch)


@jit
def fill(b, panel):
    """panel (K, LANES) = b (K, N), and zeros beside it."""
    K, N = b.shape
    for k in range(K):
        row, target = b[k], panel[k]
        if N == LANES:
            for j in range(LANES):
                target[j] = row[j]
        else:
            for j in range(N):
                target[j] = row[j]
            for j in range(N, LANES):
                target[j] = 0


@jit
def panels_of(N):
    """How many panels N columns make."""
    return -(-N // LANES)


@parallel
def pack(b, panels):
    """panels (N / LANES, K, LANES) = b (K, N), and zeros beside it in the last one."""
    N = b.shape[1]
    for p in prange(panels_of(N)):
        fill(b[:, p * LANES : min((p + 1) * LANES, N)], panels[p])


@jit
def multiply_panels(a, panels, c, add):
    """c = a · b, added to c if asked for, where a is (M, K), b (K, N) in panels, c (M, N)."""
    N, K = c.shape[1], a.shape[1]
    scratch = np.empty((ROWS, LANES), c.dtype)
    for k in range(0, max(K, 1), DEPTH):  # a sum over nothing is 0
        k1 = min(k + DEPTH, K)
        for p in range(panels_of(N)):
            columns = c[:, p * LANES : min((p + 1) * LANES, N)]
            strip(a[:, k:k1], panels[p, k:k1], columns, add or k > 0, scratch)


@jit
def multiply(a, b, c, add):
    """c = a · b, added to c if asked for, where a is (M, K), b (K, N), c (M, N), and the rows of b and c contiguous."""
    M, N = c.shape
    K = b.shape[0]
    panel = np.empty((min(K, DEPTH), LANES), c.dtype)
    scratch = np.empty((ROWS, LANES), c.dtype)
    for k in range(0, max(K, 1), DEPTH):
        k1 = min(k + DEPTH, K)
        for n in range(0, N, LANES):
            n1 = min(n + LANES, N)
            if M > FEW or n1 < n + LANES:
                fill(b[k:k1, n:n1], panel)
                strip(a[:, k:k1], panel[: k1 - k], c[:, n:n1], add or k > 0, scratch)
            else:
                strip(a[:, k:k1], b[k:k1, n:n1], c[:, n:n1], add or k > 0, scratch)
