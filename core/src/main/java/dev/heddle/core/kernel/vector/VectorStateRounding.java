package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.Lanes.I;
import static dev.heddle.core.kernel.vector.Lanes.S;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.kernel.StateRounding;
import dev.heddle.core.kernel.plain.PlainStateRounding;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// [StateRounding] on the Vector API, with the bits of [PlainStateRounding]; threads share stretches of whole groups.
public final class VectorStateRounding implements StateRounding {
    /// Numbers of a stretch.
    private static final int STRETCH = 1 << 13;

    private static final IntVector SPREADS = IntVector.zero(I).addIndex(1).mul(SPREAD);

    private final Workers workers;

    public VectorStateRounding(Workers workers) {
        this.workers = workers;
    }

    /// Numbers `from` to `to` of sequence s.
    @FunctionalInterface
    private interface Stretch {
        void run(int s, int from, int to);
    }

    private void each(int sequences, int n, Stretch stretch) {
        int pieces = Math.ceilDiv(n, STRETCH);
        workers.forRange(sequences * pieces, 1, (first, last) -> {
            for (int i = first; i < last; i++) {
                int from = i % pieces * STRETCH;
                stretch.run(i / pieces, from, Math.min(n, from + STRETCH));
            }
        });
    }

    @Override
    public void expand(Tensor x, Tensor stored, int[] slots) {
        int n = x.columns();
        boolean bf16 = stored.dtype() == DType.BF16;
        each(slots.length, n, (s, from, to) -> {
            long row = stored.address(slots[s]);
            long out = x.address(s) + 4L * from;
            if (bf16) {
                RowsBfloat16.unpack(out, row + 2L * from, to - from);
            } else {
                expandGroups(out, row + 4L * (from / GROUP), row + 4L * Math.ceilDiv(n, GROUP) + from, to - from);
            }
        });
    }

    private static void expandGroups(long to, long scales, long numbers, int n) {
        int whole = n / GROUP * GROUP;
        for (int i = 0; i < whole; i += GROUP) {
            FloatVector d = Lanes.of(Memory.f32(scales + 4L * (i / GROUP)));
            for (int j = i; j < i + GROUP; j += COUNT) {
                Lanes.store(Lanes.loadBytes(numbers + j).mul(d), to + 4L * j);
            }
        }
        for (int i = whole; i < n; i++) {
            Memory.f32(to + 4L * i, Memory.f32(scales + 4L * (i / GROUP))
                    * Memory.i8(numbers + i));
        }
    }

    @Override
    public void round(Tensor stored, int[] slots, Tensor x, int[] seeds) {
        int n = x.columns();
        boolean bf16 = stored.dtype() == DType.BF16;
        each(slots.length, n, (s, from, to) -> {
            long row = stored.address(slots[s]);
            long in = x.address(s) + 4L * from;
            int seed = seeds[s] + from * SPREAD;
            if (bf16) {
                bf16(row + 2L * from, in, to - from, seed);
            } else {
                int8(row + 4L * (from / GROUP), row + 4L * Math.ceilDiv(n, GROUP) + from, in, to - from, seed);
            }
        });
    }

    private static void bf16(long to, long from, int n, int seed) {
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += COUNT) {
            IntVector h = SPREADS.add(seed + i * SPREAD);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 16)).mul(0x85ebca6b);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 13)).mul(0xc2b2ae35);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 16)).and(0xffff);
            IntVector bits = FloatVector.fromMemorySegment(F, ALL, from + 4L * i & USER, ORDER).reinterpretAsInts();
            IntVector size = bits.and(0x7fffffff);
            VectorMask<Integer> special = size.compare(VectorOperators.GE, 0x7f800000);
            IntVector quiet = bits.lanewise(VectorOperators.OR, 0x400000, size.compare(VectorOperators.GT, 0x7f800000));
            ((ShortVector) bits.add(h).blend(quiet, special).lanewise(VectorOperators.LSHR, 16).convertShape(VectorOperators.I2S, S, 0))
                    .intoMemorySegment(ALL, to + 2L * i & USER, ORDER);
        }
        PlainStateRounding.bf16(to + 2L * whole, from + 4L * whole, n - whole, seed + whole * SPREAD);
    }

    private static void int8(long scales, long numbers, long from, int n, int seed) {
        int whole = COUNT > 4 ? n / GROUP * GROUP : 0;
        for (int i = 0; i < whole; i += GROUP) {
            FloatVector most = FloatVector.zero(F);
            for (int j = i; j < i + GROUP; j += COUNT) {
                most = most.max(FloatVector.fromMemorySegment(F, ALL, from + 4L * j & USER, ORDER).abs());
            }
            float largest = most.reduceLanes(VectorOperators.MAX); // no rounding, so the order does not matter
            Memory.f32(scales + 4L * (i / GROUP), largest / 127);
            FloatVector inverse = FloatVector.broadcast(F, PlainStateRounding.inverse(largest));
            for (int j = i; j < i + GROUP; j += COUNT) {
                IntVector h = SPREADS.add(seed + j * SPREAD);
                h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 16)).mul(0x85ebca6b);
                h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 13)).mul(0xc2b2ae35);
                h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 16)).lanewise(VectorOperators.LSHR, 16);
                FloatVector u = ((FloatVector) h.convert(VectorOperators.I2F, 0)).mul(0x1p-16f).add(128);
                FloatVector scaled = FloatVector.fromMemorySegment(F, ALL, from + 4L * j & USER, ORDER).mul(inverse);
                IntVector q = ((IntVector) scaled.add(u).convert(VectorOperators.F2I, 0)).sub(128).max(-127).min(127);
                ((ByteVector) q.convertShape(VectorOperators.I2B, Lanes.B, 0)).intoMemorySegment(ALL, numbers + j & USER, ORDER);
            }
        }
        PlainStateRounding.int8(scales + 4L * (whole / GROUP), numbers + whole, from + 4L * whole, n - whole, seed + whole * SPREAD);
    }
}
