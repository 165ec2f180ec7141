package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.B;
import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.kernel.vector.Lanes.I;
import static dev.heddle.core.kernel.vector.Lanes.S;
import static dev.heddle.core.kernel.vector.PackedWeights.ROWS;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// The scales at the beginning of a chunk of packed weights, those of neighbouring rows side by side: half-precision numbers d
/// and e of the rows, for each block or once for the chunk, then their bytes, group after group.
///
/// For products they become f32: the scale of a group, exactly as [dev.heddle.core.tensor.Blocks] computes it, and its minimum
/// above the centre, minimum + centre·scale, rounded once.
final class PackedScales {
    /// Bytes of the scales of a chunk's groups in f32, and of its minima.
    static final long EXPANDED = 16L * 4 * ROWS;

    private PackedScales() {
    }

    /// Copies those of one row.
    ///
    /// @param to    the chunk
    /// @param row   number of the row in its panel
    /// @param from  the row's first block of the chunk
    static void pack(PackedType type, long to, int row, long from, int blocks) {
        switch (type) {
            case Q8_0, Q4_0, Q5_0 -> halves(to + 2L * row, from, type.dtype().blockBytes(), blocks);
            case Q4_1, Q5_1 -> {
                halves(to + 2L * row, from, type.dtype().blockBytes(), blocks);
                halves(to + 2L * ROWS * blocks + 2L * row, from + 2, type.dtype().blockBytes(), blocks);
            }
            case Q4_K, Q5_K -> {
                halves(to + 2L * row, from, 2, 2);
                long scales = Dequantize256.scales(from + 4);
                long minima = Dequantize256.minima(from + 4);
                for (int g = 0; g < 8; g++) {
                    Memory.i8(to + 4L * ROWS + 2L * ROWS * g + row, (byte) (scales >>> 8 * g));
                    Memory.i8(to + 5L * ROWS + 2L * ROWS * g + row, (byte) (minima >>> 8 * g));
                }
            }
            case Q6_K -> {
                halves(to + 2L * row, from + 208, 0, 1);
                for (int g = 0; g < 16; g++) {
                    Memory.i8(to + 2L * ROWS + (long) ROWS * g + row, Memory.i8(from + 192 + g));
                }
            }
            case Q3_K -> {
                halves(to + 2L * row, from + 108, 0, 1);
                for (int g = 0; g < 16; g++) {
                    Memory.i8(to + 2L * ROWS + (long) ROWS * g + row, (byte) Dequantize256.scale3(from + 96, g));
                }
            }
        }
    }

    private static void halves(long to, long from, long step, int blocks) {
        for (int b = 0; b < blocks; b++) {
            Memory.i16(to + 2L * ROWS * b, Memory.i16(from + step * b));
        }
    }

    /// Whether the half-precision numbers of a block are neither infinite nor NaN, as [#expand] wants them.
    static boolean areFinite(PackedType type, long block) {
        return switch (type) {
            case Q8_0, Q4_0, Q5_0 -> isFinite(block);
            case Q4_1, Q5_1, Q4_K, Q5_K -> isFinite(block) && isFinite(block + 2);
            case Q3_K -> isFinite(block + 108);
            case Q6_K -> isFinite(block + 208);
        };
    }

    private static boolean isFinite(long half) {
        return (Memory.i16(half) & 0x7c00) != 0x7c00;
    }

    /// Writes the scales of a chunk's groups as f32, [#EXPANDED] bytes at most, and its minima, if it has any, from
    /// `minima` on.
    static void expand(PackedType type, long to, long minima, long from, int blocks) {
        switch (type.scales()) {
            case HALF -> halves(to, from, blocks);
            case HALF_AND_MINIMUM -> halvesAndMinima(to, minima, from, blocks, type.centre());
            case BYTE_PER_16 -> bytes(to, from, 2 * blocks);
            case BYTES_PER_32 -> bytesAndMinima(to, minima, from, blocks, type.centre());
        }
    }

    private static void halves(long to, long from, int groups) {
        for (int i = 0; i < groups * ROWS; i += COUNT) {
            Lanes.loadFiniteFloat16(from + 2L * i)
                    .intoMemorySegment(ALL, to + 4L * i & USER, ORDER);
        }
    }

    private static void halvesAndMinima(long to, long minima, long from, int groups, float centre) {
        for (int i = 0; i < groups * ROWS; i += COUNT) {
            long d = from + 2L * i & USER;
            FloatVector scale = Lanes.loadFiniteFloat16(d);
            FloatVector minimum = Lanes.loadFiniteFloat16(d + 2L * ROWS * groups);
            scale.intoMemorySegment(ALL, to + 4L * i & USER, ORDER);
            scale.fma(FloatVector.broadcast(F, centre), minimum).intoMemorySegment(ALL, minima + 4L * i & USER, ORDER);
        }
    }

    private static void bytes(long to, long from, int groups) {
        for (int r = 0; r < ROWS; r += COUNT) {
            FloatVector d = Lanes.loadFiniteFloat16(from + 2L * r);
            for (int g = 0; g < groups; g++) {
                ((FloatVector) ByteVector.fromMemorySegment(B, ALL, from + 2L * ROWS + r + (long) ROWS * g & USER, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0)).mul(d).intoMemorySegment(ALL, to + 4L * r + 4L * ROWS * g & USER, ORDER);
            }
        }
    }

    private static void bytesAndMinima(long to, long minima, long from, int groups, float centre) {
        for (int r = 0; r < ROWS; r += COUNT) {
            FloatVector d = Lanes.loadFiniteFloat16(from + 2L * r);
            FloatVector e = Lanes.loadFiniteFloat16(from + 2L * ROWS + 2L * r).neg();
            for (int g = 0; g < groups; g++) {
                long at = from + 4L * ROWS + r + 2L * ROWS * g & USER;
                FloatVector scale = ((FloatVector) ByteVector.fromMemorySegment(B, ALL, at, ORDER).convertShape(VectorOperators.B2F, F, 0)).mul(d);
                FloatVector minimum = ((FloatVector) ByteVector.fromMemorySegment(B, ALL, at + ROWS, ORDER)
                        .convertShape(VectorOperators.B2F, F, 0)).mul(e);
                scale.intoMemorySegment(ALL, to + 4L * r + 4L * ROWS * g & USER, ORDER);
                scale.fma(FloatVector.broadcast(F, centre), minimum).intoMemorySegment(ALL, minima + 4L * r + 4L * ROWS * g & USER, ORDER);
            }
        }
    }
}
