package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.GradientTile.COLUMNS;
import static dev.heddle.core.kernel.vector.Lanes.COUNT;
import static dev.heddle.core.kernel.vector.Lanes.F;
import static dev.heddle.core.tensor.Memory.ALL;
import static dev.heddle.core.tensor.Memory.ORDER;
import static dev.heddle.core.tensor.Memory.SHORT;
import static dev.heddle.core.tensor.Memory.USER;

import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import jdk.incubator.vector.FloatVector;

/// Some columns of consecutive rows of any type that keys and values may have, as f32.
///
/// Loops run down the rows, a few vectors wide: along a head's row they would be too short for what the compiler puts
/// before a loop.
final class ExpandedRows {
    private ExpandedRows() {
    }

    /// Element d of row i goes to `to + i·toBytes + (d / COLUMNS)·panelBytes + 4·(d % COLUMNS)`.
    ///
    /// @param rows     how many, `fromBytes` apart
    /// @param width    columns; whole blocks of a quantized type
    /// @param to       its rows lie `toBytes` apart
    /// @param panelBytes from one stretch of [GradientTile#COLUMNS] columns to the next
    static void expand(long to, long toBytes, long panelBytes, DType type, long from, long fromBytes, int rows, int width) {
        if (type == DType.Q8_0) {
            for (int d = 0; d < width; d += 32) {
                for (int j = 0; j < 32; j += COUNT) {
                    eightBits(at(to, panelBytes, d + j), toBytes, from + 34L * (d / 32), 2 + j, fromBytes, rows);
                }
            }
            return;
        }
        int whole = Lanes.whole(width);
        for (int d = 0; d < whole; d += COUNT) {
            long out = at(to, panelBytes, d);
            long in = from + (long) type.size() * d;
            switch (type) {
                case F32 -> floats(out, toBytes, in, fromBytes, rows);
                case BF16 -> bfloats(out, toBytes, in, fromBytes, rows);
                case F16 -> halves(out, toBytes, in, fromBytes, rows);
                case F64, I64, I32, I16, I8, U8, BOOL, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q3_K, Q4_K, Q5_K, Q6_K ->
                    throw new IllegalArgumentException("keys and values cannot be " + type);
            }
        }
        for (int i = 0; i < rows; i++) {
            for (int d = whole; d < width; d++) {
                Memory.f32(at(to, panelBytes, d) + i * toBytes, Memory.load(type, from + i * fromBytes + (long) type.size() * d));
            }
        }
    }

    private static long at(long to, long panelBytes, int column) {
        return to + column / COLUMNS * panelBytes + 4L * (column % COLUMNS);
    }

    private static void floats(long to, long toBytes, long from, long fromBytes, int rows) {
        for (int i = 0; i < rows; i++) {
            Lanes.store(Lanes.load(from + i * fromBytes), to + i * toBytes);
        }
    }

    private static void bfloats(long to, long toBytes, long from, long fromBytes, int rows) {
        for (int i = 0; i < rows; i++) {
            Lanes.store(Lanes.loadBfloat16(from + i * fromBytes), to + i * toBytes);
        }
    }

    private static void halves(long to, long toBytes, long from, long fromBytes, int rows) {
        for (int i = 0; i < rows; i++) {
            Lanes.store(Lanes.loadFloat16(from + i * fromBytes), to + i * toBytes);
        }
    }

    /// @param offset of the first number in its block of 8-bit integers
    private static void eightBits(long to, long toBytes, long block, int offset, long fromBytes, int rows) {
        for (int i = 0; i < rows; i++) {
            long at = block + i * fromBytes & USER;
            FloatVector d = FloatVector.broadcast(F, Float.float16ToFloat(ALL.get(SHORT, at)));
            Lanes.loadBytes(at + offset).mul(d).intoMemorySegment(ALL, to + i * toBytes & USER, ORDER);
        }
    }
}
