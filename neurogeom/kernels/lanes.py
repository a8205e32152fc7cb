"""Loops over short rows, written for vector units.

The rows of an active set are short (10 to 300 numbers), and an automatically vectorized loop spends them in its
scalar remainder. Here rows are padded with zeros to whole vectors of ``VECTOR_BYTES``, and each loop takes vectors
and keeps its sums in registers. Lengths are counted in vectors. All arrays of a call have one dtype.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

VECTOR_BYTES = 64
DOUBLES = 8
"""Numbers in a vector of double precision."""
SINGLES = 16
"""Numbers in a vector of single precision."""

_FLAGS = ("reassoc", "contract", "nsz", "arcp")
GROUP = 4
"""Long rows hold whole groups of this many vectors."""


class _Rows:
    """Vector access to the rows of an array argument, inside the generated code."""

    def __init__(self, context, builder, array_type, value):
        self.builder = builder
        self.array = context.make_array(array_type)(context, builder, value)
        self.number = context.get_data_type(array_type.dtype)
        self.number_bytes = context.get_abi_sizeof(self.number)
        self.n_lanes = VECTOR_BYTES // self.number_bytes
        self.vector = ir.VectorType(self.number, self.n_lanes)
        self.strides = cgutils.unpack_tuple(builder, self.array.strides)

    def pointer(self, lane, row=None):
        """Address of vector ``lane`` (of a row)."""
        offset = self.builder.mul(lane, ir.Constant(lane.type, VECTOR_BYTES))
        if row is not None:
            offset = self.builder.add(offset, self.builder.mul(row, self.strides[0]))
        return cgutils.pointer_add(self.builder, self.array.data, offset, self.vector.as_pointer())

    def load(self, lane, row=None):
        """Vector ``lane``."""
        return self.builder.load(self.pointer(lane, row), align=self.number_bytes)

    def store(self, value, lane, row=None):
        """Write vector ``lane``."""
        self.builder.store(value, self.pointer(lane, row), align=self.number_bytes)

    def scalar(self, index, row=None):
        """One number (of a row), in all lanes."""
        start = self.array.data
        if row is not None:
            offset = self.builder.mul(row, self.strides[0])
            start = cgutils.pointer_add(self.builder, start, offset)
        pointer = self.builder.gep(start, [index])
        return _spread(self.builder, self.builder.load(pointer), self.vector)

    def multiply_add(self, total, left, right):
        """total + left * right."""
        product = self.builder.fmul(left, right, flags=_FLAGS)
        return self.builder.fadd(total, product, flags=_FLAGS)


@intrinsic
def borrow(typing, array):
    """The same array without counting references, which would cost as much as a short row.

    Only for arrays that the caller of the whole loop keeps alive.
    """

    def generate(context, builder, signature, arguments):
        source = context.make_array(signature.args[0])(context, builder, arguments[0])
        source.meminfo = cgutils.get_null_value(source.meminfo.type)
        source.parent = cgutils.get_null_value(source.parent.type)
        return source._getvalue()

    return array(array), generate


def _make_combine(widths):
    """Sum of rows for lengths that ``widths`` (vectors summed at the same time) can cover."""

    @intrinsic
    def combine(typing, out, start, matrix, index, weights, first, last, n_lanes):
        """out = start − Σ_s weights[s]·matrix[index[s]] over first <= s < last."""
        signature = types.void(out, start, matrix, index, weights, types.intp, types.intp, types.intp)

        def generate(context, builder, signature, arguments):
            out_t, start_t, matrix_t, index_t, weights_t = signature.args[:5]
            result = _Rows(context, builder, out_t, arguments[0])
            initial = _Rows(context, builder, start_t, arguments[1])
            rows = _Rows(context, builder, matrix_t, arguments[2])
            indices = context.make_array(index_t)(context, builder, arguments[3])
            factors = _Rows(context, builder, weights_t, arguments[4])
            first, last, n_lanes = arguments[5:]
            intp = first.type
            sums = [cgutils.alloca_once(builder, result.vector) for _ in range(widths[0])]

            def tile(start, width):
                lanes = [builder.add(start, ir.Constant(intp, v)) for v in range(width)]
                for v in range(width):
                    builder.store(initial.load(lanes[v]), sums[v])
                with cgutils.for_range_slice(builder, first, last, ir.Constant(intp, 1), intp) as (s, _):
                    row = builder.load(builder.gep(indices.data, [s]))
                    factor = builder.fneg(factors.scalar(s))
                    for v in range(width):
                        builder.store(
                            rows.multiply_add(builder.load(sums[v]), factor, rows.load(lanes[v], row)), sums[v]
                        )
                for v in range(width):
                    result.store(builder.load(sums[v]), lanes[v])

            _tiles(builder, n_lanes, tile, widths)
            return context.get_dummy_value()

        return signature, generate

    return combine


combine = _make_combine((8, 4))
"""For rows of whole groups of four vectors."""
combine_short = _make_combine((4, 2, 1))
"""For rows of any number of vectors."""


def _tiles(builder, n_lanes, tile, widths):
    """Run ``tile`` over full tiles of the first width, then over the halves of it."""
    intp = n_lanes.type
    width = widths[0]
    full = builder.and_(n_lanes, ir.Constant(intp, -width))
    with cgutils.for_range_slice(builder, ir.Constant(intp, 0), full, ir.Constant(intp, width), intp) as (first, _):
        tile(first, width)
    for width in widths[1:]:
        bit = builder.and_(n_lanes, ir.Constant(intp, width))
        with builder.if_then(builder.icmp_signed("!=", bit, ir.Constant(intp, 0))):
            tile(builder.and_(n_lanes, ir.Constant(intp, -2 * width)), width)


@intrinsic
def rank_one(typing, matrix, vectors, row, weight, count, n_lanes):
    """matrix[j] += weight·v[j]·v over rows j < count, where v = vectors[row]."""
    signature = types.void(matrix, vectors, types.intp, vectors.dtype, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        rows = _Rows(context, builder, signature.args[0], arguments[0])
        values = _Rows(context, builder, signature.args[1], arguments[1])
        row = arguments[2]
        weight = _spread(builder, arguments[3], rows.vector)
        count, n_lanes = arguments[4:]

        def tile(first, width):
            lanes = [builder.add(first, ir.Constant(first.type, v)) for v in range(width)]
            parts = [builder.fmul(weight, values.load(lane, row), flags=_FLAGS) for lane in lanes]
            with cgutils.for_range(builder, count) as loop:
                factor = values.scalar(loop.index, row)
                for lane, part in zip(lanes, parts, strict=True):
                    rows.store(rows.multiply_add(rows.load(lane, loop.index), factor, part), lane, loop.index)

        _tiles(builder, n_lanes, tile, (4, 2, 1))
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def combine_four(typing, out, matrix, weights, count, n_lanes):
    """out[a] = −Σ_s weights[a, s]·matrix[s] over s < count, for four rows a at once."""
    signature = types.void(out, matrix, weights, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        result, rows, factors = (
            _Rows(context, builder, kind, value) for kind, value in zip(signature.args[:3], arguments[:3], strict=True)
        )
        count, n_lanes = arguments[3:]
        intp = count.type
        four = [ir.Constant(intp, a) for a in range(4)]
        sums = [[cgutils.alloca_once(builder, result.vector) for _ in range(4)] for _ in four]

        def tile(first, width):
            lanes = [builder.add(first, ir.Constant(intp, v)) for v in range(width)]
            zero = ir.Constant(result.vector, [0.0] * result.n_lanes)
            for a in range(4):
                for v in range(width):
                    builder.store(zero, sums[a][v])
            with cgutils.for_range(builder, count) as loop:
                vectors = [rows.load(lane, loop.index) for lane in lanes]
                for a in range(4):
                    factor = builder.fneg(factors.scalar(loop.index, four[a]))
                    for v in range(width):
                        builder.store(rows.multiply_add(builder.load(sums[a][v]), factor, vectors[v]), sums[a][v])
            for a in range(4):
                for v in range(width):
                    result.store(builder.load(sums[a][v]), lanes[v], four[a])

        _tiles(builder, n_lanes, tile, (4, 2, 1))
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def rank_four(typing, matrix, vectors, weights, count, n_lanes):
    """matrix[j] += Σ_a weights[a]·vectors[a, j]·vectors[a] over rows j < count, for four rows a at once."""
    signature = types.void(matrix, vectors, weights, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        rows, values, factors = (
            _Rows(context, builder, kind, value) for kind, value in zip(signature.args[:3], arguments[:3], strict=True)
        )
        count, n_lanes = arguments[3:]
        intp = count.type
        four = [ir.Constant(intp, a) for a in range(4)]
        weight = [factors.scalar(a) for a in four]

        def tile(first, width):
            lanes = [builder.add(first, ir.Constant(intp, v)) for v in range(width)]
            parts = [
                [builder.fmul(weight[a], values.load(lane, four[a]), flags=_FLAGS) for lane in lanes] for a in range(4)
            ]
            with cgutils.for_range(builder, count) as loop:
                totals = [rows.load(lane, loop.index) for lane in lanes]
                for a in range(4):
                    factor = values.scalar(loop.index, four[a])
                    totals = [rows.multiply_add(t, factor, p) for t, p in zip(totals, parts[a], strict=True)]
                for lane, total in zip(lanes, totals, strict=True):
                    rows.store(total, lane, loop.index)

        _tiles(builder, n_lanes, tile, (4, 2, 1))
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def dot(typing, left, left_row, right, right_row, n_lanes):
    """Product of a row of ``left`` and a row of ``right``."""
    signature = left.dtype(left, types.intp, right, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        a = _Rows(context, builder, signature.args[0], arguments[0])
        b = _Rows(context, builder, signature.args[2], arguments[2])
        total = cgutils.alloca_once_value(builder, ir.Constant(a.vector, [0.0] * a.n_lanes))
        with cgutils.for_range(builder, arguments[4]) as loop:
            value = a.multiply_add(
                builder.load(total), a.load(loop.index, arguments[1]), b.load(loop.index, arguments[3])
            )
            builder.store(value, total)
        return _halve(builder, builder.load(total), a.n_lanes, lambda x, y: builder.fadd(x, y, flags=_FLAGS))

    return signature, generate


@intrinsic
def advance(typing, current, steps, length, side, count):
    """current += length·(first row of ``steps``), unless side·current would not stay positive; whether it was done."""
    signature = types.boolean(current, steps, current.dtype, side, types.intp)

    def generate(context, builder, signature, arguments):
        values, step = (_Rows(context, builder, signature.args[a], arguments[a]) for a in range(2))
        sides = _Rows(context, builder, signature.args[3], arguments[3])
        count = arguments[4]
        intp = count.type
        width = values.n_lanes
        n_lanes = builder.sdiv(builder.add(count, ir.Constant(intp, width - 1)), ir.Constant(intp, width))
        length = _spread(builder, arguments[2], values.vector)
        indices = ir.VectorType(intp, width)
        counts = _spread(builder, count, indices)
        bits = ir.IntType(width)
        crossed = cgutils.alloca_once_value(builder, ir.Constant(bits, 0))
        with cgutils.for_range(builder, n_lanes) as loop:
            goal = values.multiply_add(values.load(loop.index), length, step.load(loop.index))
            signed = builder.fmul(goal, sides.load(loop.index))
            stays = builder.fcmp_ordered(">", signed, ir.Constant(values.vector, [0.0] * width))
            start = _spread(builder, builder.mul(loop.index, ir.Constant(intp, width)), indices)
            place = builder.add(start, ir.Constant(indices, list(range(width))))
            used = builder.icmp_signed("<", place, counts)
            bad = builder.and_(used, builder.not_(stays))
            builder.store(builder.or_(builder.load(crossed), builder.bitcast(bad, bits)), crossed)
        done = builder.icmp_unsigned("==", builder.load(crossed), ir.Constant(bits, 0))
        with builder.if_then(done), cgutils.for_range(builder, n_lanes) as loop:
            goal = values.multiply_add(values.load(loop.index), length, step.load(loop.index))
            values.store(goal, loop.index)
        return done

    return signature, generate


@intrinsic
def largest(typing, values, signs, n_lanes):
    """Index of the largest signs·values."""
    signature = types.intp(values, signs, types.intp)

    def generate(context, builder, signature, arguments):
        numbers, factors = (_Rows(context, builder, signature.args[a], arguments[a]) for a in range(2))
        search = _Search(builder, numbers)
        with cgutils.for_range(builder, arguments[2]) as loop:
            search.look(builder.fmul(numbers.load(loop.index), factors.load(loop.index)), loop.index)
        return search.place()

    return signature, generate


@intrinsic
def largest_after(typing, out, values, matrix, row, weight, signs, n_lanes):
    """out = values − weight·matrix[row], and the index of the largest signs·out."""
    signature = types.intp(out, values, matrix, types.intp, out.dtype, signs, types.intp)

    def generate(context, builder, signature, arguments):
        result, numbers, rows = (_Rows(context, builder, signature.args[a], arguments[a]) for a in range(3))
        factors = _Rows(context, builder, signature.args[5], arguments[5])
        weight = _spread(builder, builder.fneg(arguments[4]), result.vector)
        search = _Search(builder, result)
        with cgutils.for_range(builder, arguments[6]) as loop:
            lane = loop.index
            moved = result.multiply_add(numbers.load(lane), weight, rows.load(lane, arguments[3]))
            result.store(moved, lane)
            search.look(builder.fmul(moved, factors.load(lane)), lane)
        return search.place()

    return signature, generate


class _Search:
    """The largest of many vectors, each lane on its own until the end."""

    def __init__(self, builder, rows):
        self.builder, self.n_lanes, self.vector = builder, rows.n_lanes, rows.vector
        self.intp = ir.IntType(64)
        self.kind = ir.VectorType(self.intp, self.n_lanes)
        lowest = ir.Constant(self.vector, [float("-inf")] * self.n_lanes)
        self.best = cgutils.alloca_once_value(builder, lowest)
        self.holder = cgutils.alloca_once_value(builder, ir.Constant(self.kind, [0] * self.n_lanes))

    def look(self, values, lane):
        """Compare one more vector."""
        builder = self.builder
        larger = builder.fcmp_ordered(">", values, builder.load(self.best))
        builder.store(builder.select(larger, values, builder.load(self.best)), self.best)
        builder.store(builder.select(larger, _spread(builder, lane, self.kind), builder.load(self.holder)), self.holder)

    def place(self):
        """Index of the largest."""
        builder, n = self.builder, self.n_lanes
        values = builder.load(self.best)
        top = _halve(builder, values, n, lambda x, y: builder.select(builder.fcmp_ordered(">", x, y), x, y))
        bits = ir.IntType(n)
        equal = builder.bitcast(builder.fcmp_ordered("==", values, _spread(builder, top, self.vector)), bits)
        lane = builder.zext(builder.cttz(equal, ir.Constant(ir.IntType(1), 0)), self.intp)
        lane = builder.and_(lane, ir.Constant(self.intp, n - 1))  # nothing but NaN: any place
        start = builder.load(builder.gep(builder.bitcast(self.holder, self.intp.as_pointer()), [lane]))
        return builder.add(builder.mul(start, ir.Constant(self.intp, n)), lane)


def _spread(builder, number, vector):
    """A number in all lanes of a vector type."""
    empty = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(empty, number, ir.Constant(ir.IntType(32), 0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
    return builder.shuffle_vector(first, empty, mask)


def _halve(builder, vector, n_lanes, join):
    """Join all lanes of a vector to one number, half with half."""
    width = n_lanes
    while width > 1:
        width //= 2
        mask = [lane + width if lane < width else lane for lane in range(n_lanes)]
        other = builder.shuffle_vector(vector, vector, ir.Constant(ir.VectorType(ir.IntType(32), n_lanes), mask))
        vector = join(other, vector)
    return builder.extract_element(vector, ir.Constant(ir.IntType(32), 0))
