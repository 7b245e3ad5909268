"""The vocabulary that kernels are written in: vectors as wide as the processor's registers, and one register tile.

Whether a plain loop is vectorized well is the compiler's guess. So the kernels state what each register holds:

    v = load(x, i)                      x[i], x[i + 1], …, x[i + lanes − 1]        lanes = width(x)
    store(y, i, a + b)                  y[i + l] = a[l] + b[l]
    where(beats(a, b), a, b)            the larger of each pair, lane by lane

Arrays are one-dimensional and contiguous; indices count their elements. Nothing here checks a bound. Each function is
one or two LLVM instructions, and `tile` is a small loop of them.

`tile` is the loop that every convolution and every product rests on. It holds MR rows of NR numbers in registers, and
for each number that it loads it does several multiplications. MR and NR are the field's names for a tile's sides.

Source: Goto & van de Geijn (2008), Anatomy of high-performance matrix multiplication, section 4; Van Zee & van de Geijn
(2015), BLIS; Dukhan (2019), The indirect convolution algorithm (an offset for each tap instead of columns).
"""

import operator
import platform
from typing import Any, NamedTuple

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import models, overload, register_model

intrinsic: Any = extending.intrinsic  # whose first argument, the typing context, no caller gives

# What Numba compiles for, which need not be all that this processor can do: its cache tells machine code by it.
_features = cpu_target.target_context.codegen().magic_tuple()[2]
REGISTER = 64 if "+avx512f" in _features else 32 if "+avx," in _features else 16  # bytes
_registers = 32 if REGISTER == 64 or platform.machine() in ("aarch64", "arm64") else 16

MR = 3 * _registers // 8  # rows of a tile of two registers a row: in three quarters of all registers
MR_NARROW = 12  # rows of a tile of one register a row: enough independent sums to keep the multipliers busy
NR_BYTES = 2 * REGISTER  # bytes of a tile's row
AHEAD = 64  # how many rows of a panel before its use a tile fetches one into the first-level cache
CACHE_LINE = 64  # bytes


class Vector(types.Type):
    """Numba's type of a vector: `lanes` numbers, or truth values, of one dtype."""

    def __init__(self, dtype, lanes):
        self.dtype, self.lanes = dtype, lanes
        super().__init__(f"Vector({dtype}, {lanes})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        scalar = ir.IntType(1) if fe_type.dtype == types.boolean else dmm.lookup(fe_type.dtype).get_value_type()
        super().__init__(dmm, fe_type, ir.VectorType(scalar, fe_type.lanes))


def _lanes(dtype):
    return REGISTER * 8 // dtype.bitwidth


def width(x):
    """How many numbers of an array fill a register."""
    return REGISTER // x.itemsize


@overload(width)
def _width(x):
    lanes = _lanes(x.dtype)
    return lambda x: lanes


def lanes(v):
    """How many numbers a vector holds."""
    return v.lanes


@overload(lanes)
def _lanes_of(v):
    count = v.lanes
    return lambda v: count


def _place(context, builder, kind, array, index, element):
    """The address of array[index], as that of an element of another LLVM type."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), element.as_pointer())


@intrinsic
def load(typing, x, i):
    """The numbers from x[i] on."""
    return _load(x, _lanes(x.dtype))


@intrinsic
def load_like(typing, x, i, like):
    """As many numbers from x[i] on as another vector has lanes: bytes along with floats."""
    return _load(x, like.lanes, like)


def _load(x, lanes, *rest):
    kind = Vector(x.dtype, lanes)

    def generate(context, builder, signature, values):
        place = _place(context, builder, x, values[0], values[1], context.get_value_type(kind))
        loaded = builder.load(place)
        loaded.align = x.dtype.bitwidth // 8
        return loaded

    return kind(x, types.intp, *rest), generate


def _first(builder, count, lanes):
    """A mask that is true in the first `count` lanes."""
    word = ir.IntType(32)
    index = ir.VectorType(word, lanes)
    return builder.icmp_signed(
        "<", ir.Constant(index, list(range(lanes))), _splat(builder, builder.trunc(count, word), index)
    )


@intrinsic
def load_some(typing, x, i, count):
    """The numbers from x[i] on, `count` of them, and zeros in the lanes behind them, which are not read."""
    kind = Vector(x.dtype, _lanes(x.dtype))

    def generate(context, builder, signature, values):
        vector, word = context.get_value_type(kind), ir.IntType(32)
        flags = ir.VectorType(ir.IntType(1), kind.lanes)
        name = f"llvm.masked.load.v{kind.lanes}f{x.dtype.bitwidth}.p0"
        signature = ir.FunctionType(vector, [vector.as_pointer(), word, flags, vector])
        masked = cgutils.get_or_insert_function(builder.module, signature, name)
        place = _place(context, builder, x, values[0], values[1], vector)
        mask = _first(builder, values[2], kind.lanes)
        return builder.call(masked, [place, word(x.dtype.bitwidth // 8), mask, ir.Constant(vector, None)])

    return kind(x, types.intp, types.intp), generate


@intrinsic
def store_some(typing, x, i, v, count):
    """x[i + l] = v[l] for l < count alone; numbers, or bytes."""

    def generate(context, builder, signature, values):
        vector = values[2].type
        flags = ir.VectorType(ir.IntType(1), v.lanes)
        kind = f"f{x.dtype.bitwidth}" if isinstance(x.dtype, types.Float) else f"i{x.dtype.bitwidth}"
        arguments = [vector, vector.as_pointer(), ir.IntType(32), flags]
        masked = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), arguments), f"llvm.masked.store.v{v.lanes}{kind}.p0"
        )
        place = _place(context, builder, x, values[0], values[1], vector)
        mask = _first(builder, values[3], v.lanes)
        builder.call(masked, [values[2], place, ir.IntType(32)(x.dtype.bitwidth // 8), mask])
        return context.get_dummy_value()

    return types.void(x, types.intp, v, types.intp), generate


@intrinsic
def store(typing, x, i, v):
    """x[i + l] = v[l]."""

    def generate(context, builder, signature, values):
        place = _place(context, builder, x, values[0], values[1], values[2].type)
        builder.store(values[2], place).align = x.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(x, types.intp, v), generate


def _splat(builder, value, kind):
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.IntType(32)(0))
    order = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), [0] * kind.count)
    return builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), order)


@intrinsic
def spread(typing, value, like):
    """A vector of one number, in the dtype and with the lanes of another vector."""

    def generate(context, builder, signature, values):
        number = context.cast(builder, values[0], value, like.dtype)
        return _splat(builder, number, values[1].type)

    return like(value, like), generate


@intrinsic
def zeros_of(typing, x):
    """A vector of zeros for an array's dtype."""
    kind = Vector(x.dtype, _lanes(x.dtype))
    return kind(x), lambda context, builder, signature, values: ir.Constant(context.get_value_type(kind), None)


@intrinsic
def places_of(typing, v):
    """A vector of zeros of integers as wide as v's numbers: for remembering which of several won."""
    kind = Vector(types.Integer.from_bitwidth(v.dtype.bitwidth, True), v.lanes)
    return kind(v), lambda context, builder, signature, values: ir.Constant(context.get_value_type(kind), None)


@intrinsic
def as_integers(typing, v, x):
    """Integers of an array's type, which may be shorter: their lowest bytes."""
    kind = Vector(x.dtype, v.lanes)

    def generate(context, builder, signature, values):
        to = context.get_value_type(kind)
        return values[0] if values[0].type == to else builder.trunc(values[0], to)

    return kind(v, x), generate


def _multiply_add(builder, kind):
    number = "f32" if isinstance(kind.element, ir.FloatType) else "f64"
    name = f"llvm.fmuladd.v{kind.count}{number}"
    return cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind] * 3), name)


def _prefetch(builder):
    """A function that adds the instruction to fetch a cache line, which will be read."""
    byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
    instruction = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    read, keep, data = word(0), word(3), word(1)
    return lambda place: builder.call(instruction, [builder.bitcast(place, byte), read, keep, data])


@intrinsic
def where(typing, mask, a, b):
    """a where the mask is true, b elsewhere."""
    return a(mask, a, a), lambda context, builder, signature, values: builder.select(*values)


def _comparison(compare):
    @intrinsic
    def word(typing, a, b):
        kind = Vector(types.boolean, a.lanes)
        return kind(a, a), lambda context, builder, signature, values: compare(builder, *values)

    return word


FUSED = ("contract",)  # a product and the sum that it enters may be rounded once


def _arithmetic(compute):
    @intrinsic
    def word(typing, a, b):
        return a(a, a), lambda context, builder, signature, values: compute(builder, *values, flags=FUSED)

    return word


_add, _subtract = _arithmetic(ir.IRBuilder.fadd), _arithmetic(ir.IRBuilder.fsub)


@intrinsic
def _scale(typing, factor, v):
    def generate(context, builder, signature, values):
        number = context.cast(builder, values[0], factor, v.dtype)
        return builder.fmul(_splat(builder, number, values[1].type), values[1], flags=FUSED)

    return v(factor, v), generate


@intrinsic
def magnitude(typing, v):
    """The absolute value of each number."""

    def generate(context, builder, signature, values):
        kind = values[0].type
        name = f"llvm.fabs.v{kind.count}f{v.dtype.bitwidth}"
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind]), name)
        return builder.call(function, values)

    return v(v), generate


@overload(operator.add)
def _plus(a, b):
    return (lambda a, b: _add(a, b)) if isinstance(a, Vector) and isinstance(b, Vector) else None


@overload(operator.sub)
def _minus(a, b):
    return (lambda a, b: _subtract(a, b)) if isinstance(a, Vector) and isinstance(b, Vector) else None


@overload(operator.mul)
def _times(a, b):
    return (lambda a, b: _scale(a, b)) if isinstance(a, types.Number) and isinstance(b, Vector) else None


@intrinsic
def address(typing, x, i):
    """Where x[i] lies, of an array or from another address on: a bare address, which does not keep the array alive.

    Handing an array to a function counts one reference more and one less, which takes as long as many multiplications.
    A function that made the array takes addresses inside the loop that uses them, or the array is freed before.
    """

    def generate(context, builder, signature, values):
        if isinstance(x, types.CPointer):
            return builder.gep(values[0], [values[1]])
        return builder.gep(context.make_array(x)(context, builder, values[0]).data, [values[1]])

    return types.CPointer(x.dtype)(x, types.intp), generate


@intrinsic(prefer_literal=True)
def load_each(typing, x, step, count):
    """`count` vectors, `step` apart, from an address on, as a tuple; `count` is known when this is compiled."""
    if not isinstance(count, types.IntegerLiteral):
        return None
    kind, number = Vector(x.dtype, _lanes(x.dtype)), count.literal_value

    def generate(context, builder, signature, values):
        vectors = []
        for i in range(number):
            place = builder.gep(values[0], [builder.mul(values[1], values[1].type(i))])
            vectors.append(builder.load(builder.bitcast(place, context.get_value_type(kind).as_pointer())))
            vectors[-1].align = x.dtype.bitwidth // 8
        return context.make_tuple(builder, signature.return_type, vectors)

    return types.UniTuple(kind, number)(x, types.intp, count), generate


@intrinsic
def store_each(typing, y, step, vectors):
    """y[i·step + l] = vectors[i][l] from an address y on, for a tuple of vectors."""

    def generate(context, builder, signature, values):
        for i, v in enumerate(cgutils.unpack_tuple(builder, values[2], vectors.count)):
            place = builder.gep(values[0], [builder.mul(values[1], values[1].type(i))])
            builder.store(v, builder.bitcast(place, v.type.as_pointer())).align = y.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(y, types.intp, vectors), generate


def _greater_or_nan(builder, a, b):
    return builder.or_(builder.fcmp_ordered(">", a, b), builder.fcmp_unordered("uno", a, a))


beats = _comparison(_greater_or_nan)  # a > b, or a is NaN: whether a wins max pooling over an earlier b
above = _comparison(lambda builder, a, b: builder.fcmp_ordered(">", a, b))  # a > b; false for NaN
at_most = _comparison(lambda builder, a, b: builder.fcmp_ordered("<=", a, b))  # a ≤ b; false for NaN
same = _comparison(lambda builder, a, b: builder.icmp_signed("==", a, b))  # of integers


class Terms(NamedTuple):
    """What a sum runs over: `number` taps of `depth` terms each. `taps` and `places` are addresses of where each tap
    begins in x and in a panel.
    """

    taps: Any
    places: Any
    number: int
    depth: int


@intrinsic(prefer_literal=True)
def tile(typing, rows, vectors, x, row, three, step, terms, panel, line, start, start_row, y, y_row, floor):
    """A tile of a product, summed in registers: for r < rows and l < vectors · lanes,

        y[r·y_row + l] = start[r·start_row + l] + Σ_t Σ_k x[taps[t] + place(r) + k·step] · panel[places[t] + k·line + l]
        with place(r) = ⌊r/3⌋·three + (r mod 3)·row

    over the taps t < number and k < depth of `terms`; `floor` where that is less, and NaN where it is NaN. Rows lie
    `row` apart where `three` is 3·row. `rows` and `vectors` are known when this is compiled; x, panel, start and y are
    addresses, and start may be y.
    """
    if not isinstance(rows, types.IntegerLiteral) or not isinstance(vectors, types.IntegerLiteral):
        return None
    number, R, V = x.dtype, rows.literal_value, vectors.literal_value
    lanes = _lanes(number)

    def generate(context, builder, signature, values):
        word = ir.IntType(context.address_size)
        vector = ir.VectorType(context.get_value_type(number), lanes)
        fma, fetch = _multiply_add(builder, vector), _prefetch(builder)
        _, _, X, row, three, step, terms, P, line, S, start_row, Y, y_row, floor = values
        T, Q, *sizes = cgutils.unpack_tuple(builder, terms, 4)
        kinds = signature.args[6].types[2:]
        count, depth = (context.cast(builder, n, kind, types.intp) for n, kind in zip(sizes, kinds, strict=True))
        least = _splat(builder, context.cast(builder, floor, signature.args[-1], number), vector)

        def spot(base, index):
            return builder.bitcast(builder.gep(base, [index]), vector.as_pointer())

        def load_at(base, index):
            loaded = builder.load(spot(base, index))
            loaded.align = number.bitwidth // 8
            return loaded

        sums = [[cgutils.alloca_once(builder, vector) for _ in range(V)] for _ in range(R)]
        for slot in (slot for pair in sums for slot in pair):
            builder.store(ir.Constant(vector, None), slot)
        # Rows in groups of three share a base address: so few registers hold all addresses.
        offsets = [builder.mul(row, word(i)) for i in range(3)]
        bases = [builder.mul(three, word(g)) for g in range(-(-R // 3))]
        with cgutils.for_range(builder, count, intp=word) as tap:
            corner = builder.gep(X, [builder.load(builder.gep(T, [tap.index]))])
            source = [builder.gep(corner, [base]) for base in bases]
            weights = builder.gep(P, [builder.load(builder.gep(Q, [tap.index]))])
            with cgutils.for_range(builder, depth, intp=word) as loop:
                here = builder.mul(loop.index, line)
                factors = [load_at(weights, builder.add(here, word(v * lanes))) for v in range(V)]
                later = builder.add(here, builder.mul(line, word(AHEAD)))
                # A tile of one register loads as often as it can, and the panel of so few filters is near.
                for l in range(0, V * lanes if V > 1 else 0, CACHE_LINE * 8 // number.bitwidth):
                    fetch(builder.gep(weights, [builder.add(later, word(l))]))
                along = builder.mul(loop.index, step)
                for r in range(R):
                    value = builder.load(builder.gep(builder.gep(source[r // 3], [along]), [offsets[r % 3]]))
                    value = _splat(builder, value, vector)
                    for v in range(V):
                        builder.store(builder.call(fma, [value, factors[v], builder.load(sums[r][v])]), sums[r][v])
        for r in range(R):
            for v in range(V):
                begun = load_at(S, builder.add(builder.mul(start_row, word(r)), word(v * lanes)))
                total = builder.fadd(begun, builder.load(sums[r][v]))
                total = builder.select(builder.fcmp_ordered("<=", total, least), least, total)
                place = spot(Y, builder.add(builder.mul(y_row, word(r)), word(v * lanes)))
                builder.store(total, place).align = number.bitwidth // 8
        return context.get_dummy_value()

    i = types.intp
    signature = types.void(rows, vectors, x, i, i, i, terms, panel, i, start, i, y, i, floor)
    return signature, generate
