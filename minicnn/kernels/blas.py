"""Matrix products that add to what is there and read parts of matrices in place, which `np.dot` cannot.

OpenBLAS copies a product's factors first, so that they lie as its loops need them. But on a core with AVX-512 it
multiplies small matrices straight from where they lie, and reaches 110 GFLOP/s with up to a million multiplications per
call, and 40 to 95 beyond. There a large product is cut into small ones, each of which adds to the sum. Without AVX-512
there is no such path, and a product that is cut is only copied more often: it is left whole.
"""

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from ..threads import jit

MULTIPLIES_IN_PLACE = bool(binding.get_host_cpu_features().get("avx512f"))  # OpenBLAS does, small matrices
SMALL = 1_000_000  # multiplications of one call …
SIDE, DEPTH = 64, 240  # … with so many rows and columns, each a sum over so many


def _letter(dtype):
    """BLAS's name for a dtype: "sgemm" multiplies float32."""


@overload(_letter)
def _letter_compiled(dtype):
    code = ord({"float32": "s", "float64": "d", "complex64": "c", "complex128": "z"}[str(dtype.dtype)])
    return lambda dtype: code


@intrinsic
def _gemm(context, arguments):
    """The function behind Numba's own `np.dot`: BLAS's gemm, here with all that it can do."""

    def generate(context, builder, signature, values):
        byte, word = ir.IntType(8), ir.IntType(context.address_size)
        address = byte.as_pointer()
        kinds = [byte] * 3 + [word] * 3 + [address, address, word, address, word, address, address, word]
        casts = {byte: builder.trunc, word: lambda value, kind: value, address: builder.inttoptr}
        parts = cgutils.unpack_tuple(builder, values[0], len(kinds))
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.IntType(32), kinds), "numba_xxgemm"
        )
        return builder.call(function, [casts[kind](part, kind) for part, kind in zip(parts, kinds, strict=True)])

    return types.int32(arguments), generate


@jit
def row_length(a):
    """How far apart two rows stand in memory (with one row alone, a stride may be anything)."""
    return max(a.strides[0] // a.itemsize, a.shape[1], 1)


@jit
def gemm(a, b, c, transposed, factors):
    """c = factors[0] · a · b + factors[1] · c, or with aᵀ; the rows of each matrix are contiguous.

    BLAS thinks in columns, and sees every matrix transposed: it is asked for cᵀ = bᵀ · aᵀ.
    """
    flag = ord("t") if transposed else ord("n")
    _gemm(  # type: ignore[call-arg]
        (
            _letter(c.dtype),
            ord("n"),
            flag,
            c.shape[1],
            c.shape[0],
            b.shape[0],
            factors[0:].ctypes.data,
            b.ctypes.data,
            row_length(b),
            a.ctypes.data,
            row_length(a),
            factors[1:].ctypes.data,
            c.ctypes.data,
            row_length(c),
        )
    )


@jit
def multiply(a, b, c, transposed, add):
    """c = a · b (or aᵀ · b), added to c if asked for, where a is (M, K) or transposed (K, M), b (K, N), c (M, N)."""
    M, N = c.shape
    K = b.shape[0]
    factors = np.ones(2, c.dtype)
    side, depth = SIDE, max(1, -(-K // max(1, -(-K // DEPTH))))  # equal depths, rather than one that is left over
    if M * N * K <= SMALL or not MULTIPLIES_IN_PLACE:
        side, depth = max(M, N, 1), max(K, 1)
    for k in range(0, max(K, 1), depth):  # a sum over nothing is 0
        k1 = min(k + depth, K)
        factors[1] = add or k > 0
        for n in range(0, N, side):
            n1 = min(n + side, N)
            for m in range(0, M, side):
                m1 = min(m + side, M)
                part = a[k:k1, m:m1] if transposed else a[m:m1, k:k1]
                gemm(part, b[k:k1, n:n1], c[m:m1, n:n1], transposed, factors)
