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
    /// Numbers of a block that lie together whatever the panel.
    private static final int PIECE = Math.min(32, COLUMNS);

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
            if (toBytes == 4L * width && fromBytes == type.bytes(width)) {
                Dequantize32.q8_0(to, from, rows * width);
                return;
            }
            for (int d = 0; d < width; d += 32) {
                for (int j = 0; j < 32; j += PIECE) {
                    eightBits(at(to, panelBytes, d + j), toBytes, from + 34L * (d / 32), 2 + j, fromBytes, rows);
                }
            }
            return;
        }
        if (toBytes == 4L * width && fromBytes == type.bytes(width)) {
            VectorMatrixProduct.unpack(to, type, from, rows * width);
            return;
        }
        int whole = Lanes.whole(width);
        int d = 0;
        for (; d + COLUMNS <= width; d += COLUMNS) {
            wide(at(to, panelBytes, d), toBytes, type, from + (long) type.size() * d, fromBytes, rows);
        }
        for (; d < whole; d += COUNT) {
            narrow(at(to, panelBytes, d), toBytes, type, from + (long) type.size() * d, fromBytes, rows);
        }
        for (int i = 0; i < rows; i++) {
            for (int e = whole; e < width; e++) {
                Memory.f32(at(to, panelBytes, e) + i * toBytes, Memory.load(type, from + i * fromBytes + (long) type.size() * e));
            }
        }
    }

    private static long at(long to, long panelBytes, int column) {
        return to + column / COLUMNS * panelBytes + 4L * (column % COLUMNS);
    }

    /// One vector of each row.
    private static void narrow(long to, long toBytes, DType type, long from, long fromBytes, int rows) {
        for (int i = 0; i < rows; i++) {
            long in = from + i * fromBytes;
            long out = to + i * toBytes;
            switch (type) {
                case F32 -> Lanes.store(Lanes.load(in), out);
                case BF16 -> Lanes.store(Lanes.loadBfloat16(in), out);
                case F16 -> Lanes.store(Lanes.loadFloat16(in), out);
                case F64, I64, I32, I16, I8, U8, BOOL, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q3_K, Q4_K, Q5_K, Q6_K ->
                    throw new IllegalArgumentException("keys and values cannot be " + type);
            }
        }
    }

    /// [GradientTile#COLUMNS] columns of each row.
    private static void wide(long to, long toBytes, DType type, long from, long fromBytes, int rows) {
        for (int j = 0; j < rows; j++) {
            VectorMatrixProduct.unpack(to + j * toBytes, type, from + j * fromBytes, COLUMNS);
        }
    }

    /// A piece of a block of 8-bit integers of each row.
    ///
    /// @param offset of the piece's first number in its block
    private static void eightBits(long to, long toBytes, long from, int offset, long fromBytes, int rows) {
        for (int i = 0; i < rows; i++) {
            long block = from + i * fromBytes & USER;
            long out = to + i * toBytes & USER;
            FloatVector d = FloatVector.broadcast(F, Float.float16ToFloat(ALL.get(SHORT, block)));
            for (int j = 0; j < PIECE; j += COUNT) {
                Lanes.loadBytes(block + offset + j).mul(d).intoMemorySegment(ALL, out + 4L * j, ORDER);
            }
        }
    }
}
