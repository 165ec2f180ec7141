package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.Lanes.I;
import static dev.heddle.core.kernel.vector.PackedWeights.STEP;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.FLOAT;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Adds the exact integers of groups to the sums of a panel's outputs, in the order of [PackedWeights]. The integers of a group
/// are two vectors of 16-bit numbers, `step` bytes from those of the group before: neighbouring lanes are halves of one.
final class GroupSums {
    private GroupSums() {
    }

    /// sum = fma(S, scale·e, sum) for some groups of one activation row, of which 2^`shift` share an e.
    static void add(long sums, long integers, long step, long scales, long e, int groups, int shift) {
        sums &= USER;
        FloatVector sum0 = FloatVector.fromMemorySegment(F, ALL, sums, ORDER);
        FloatVector sum1 = FloatVector.fromMemorySegment(F, ALL, sums + STEP, ORDER);
        for (int g = 0; g < groups; g++) {
            long from = integers + step * g & USER;
            long scale = scales + 2 * STEP * g & USER;
            FloatVector s = FloatVector.broadcast(F, ALL.get(FLOAT, e + 4L * (g >> shift) & USER));
            IntVector v = IntVector.fromMemorySegment(I, ALL, from, ORDER);
            IntVector u = IntVector.fromMemorySegment(I, ALL, from + STEP, ORDER);
            v = v.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16).add(v.lanewise(VectorOperators.ASHR, 16));
            u = u.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16).add(u.lanewise(VectorOperators.ASHR, 16));
            sum0 = ((FloatVector) v.convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, ALL, scale, ORDER).mul(s), sum0);
            sum1 = ((FloatVector) u.convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, ALL, scale + STEP, ORDER).mul(s), sum1);
        }
        sum0.intoMemorySegment(ALL, sums, ORDER);
        sum1.intoMemorySegment(ALL, sums + STEP, ORDER);
    }

    /// sum = fma(minimum, e·Σq, fma(S, scale·e, sum)) for some groups of 32 of one activation row.
    static void addWithMinima(long sums, long integers, long step, long scales, long minima, long e, long totals, int groups) {
        sums &= USER;
        FloatVector sum0 = FloatVector.fromMemorySegment(F, ALL, sums, ORDER);
        FloatVector sum1 = FloatVector.fromMemorySegment(F, ALL, sums + STEP, ORDER);
        for (int g = 0; g < groups; g++) {
            long from = integers + step * g & USER;
            long scale = scales + 2 * STEP * g & USER;
            long minimum = minima + 2 * STEP * g & USER;
            FloatVector s = FloatVector.broadcast(F, ALL.get(FLOAT, e + 4L * g & USER));
            FloatVector total = FloatVector.broadcast(F, ALL.get(FLOAT, totals + 4L * g & USER));
            IntVector v = IntVector.fromMemorySegment(I, ALL, from, ORDER);
            IntVector u = IntVector.fromMemorySegment(I, ALL, from + STEP, ORDER);
            v = v.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16).add(v.lanewise(VectorOperators.ASHR, 16));
            u = u.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16).add(u.lanewise(VectorOperators.ASHR, 16));
            sum0 = ((FloatVector) v.convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, ALL, scale, ORDER).mul(s), sum0);
            sum1 = ((FloatVector) u.convert(VectorOperators.I2F, 0))
                    .fma(FloatVector.fromMemorySegment(F, ALL, scale + STEP, ORDER).mul(s), sum1);
            sum0 = FloatVector.fromMemorySegment(F, ALL, minimum, ORDER).fma(total, sum0);
            sum1 = FloatVector.fromMemorySegment(F, ALL, minimum + STEP, ORDER).fma(total, sum1);
        }
        sum0.intoMemorySegment(ALL, sums, ORDER);
        sum1.intoMemorySegment(ALL, sums + STEP, ORDER);
    }
}
