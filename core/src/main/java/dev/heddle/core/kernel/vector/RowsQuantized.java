package dev.heddle.core.kernel.vector;

import dev.heddle.core.tensor.DType;

/// Products of one activation row with quantized weights that are not packed: expanded to f32, then summed as [RowsF32] does.
final class RowsQuantized {
    private RowsQuantized() {
    }

    /// Scratch memory that [#one] needs.
    static long scratchBytes(int inner) {
        return 4L * inner;
    }

    /// y[o] = Σ_i x[i] · w[o,i] for `rows` rows of `rowBytes` bytes from `w`, each expanded to f32 in `scratch`, which
    /// stays in the first-level cache.
    static void one(DType type, long y, long x, long w, long rowBytes, int rows, int inner, long scratch) {
        for (int o = 0; o < rows; o++) {
            unpack(type, scratch, w + o * rowBytes, inner);
            RowsF32.one(y + 4L * o, x, scratch, 0, 1, inner);
        }
    }

    /// Writes `n` weights from `w` to `to` as f32.
    ///
    /// @param n a multiple of the type's block
    static void unpack(DType type, long to, long w, int n) {
        switch (type) {
            case Q8_0 -> Dequantize32.q8_0(to, w, n);
            case Q4_0 -> Dequantize32.q4_0(to, w, n);
            case Q4_1 -> Dequantize32.q4_1(to, w, n);
            case Q5_0 -> Dequantize32.q5_0(to, w, n);
            case Q5_1 -> Dequantize32.q5_1(to, w, n);
            case Q3_K -> Dequantize256.q3(to, w, n);
            case Q4_K -> Dequantize256.q4(to, w, n);
            case Q5_K -> Dequantize256.q5(to, w, n);
            case Q6_K -> Dequantize256.q6(to, w, n);
            case F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL ->
                throw new IllegalArgumentException(type + " is not stored in blocks");
        }
    }
}
