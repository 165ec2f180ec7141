package dev.heddle.core.tensor;

/// The numbers in blocks of the quantized types, one block at a time.
///
/// A value is computed in f32 with the operations and the order given at [Blocks32] and [Blocks256], each rounded,
/// so that every reader of GGUF files has the same bits.
public final class Blocks {
    private Blocks() {
    }

    /// Reads `elements` elements of a row, from the block at `from` on, into `to` starting at `at`.
    ///
    /// @param elements a multiple of [DType#blockElements]
    /// @throws IllegalArgumentException for a type that is not quantized
    public static void read(DType type, long from, int elements, float[] to, int at) {
        long bytes = type.bytes(elements);
        int step = type.blockElements();
        for (long block = 0; block < bytes; block += type.blockBytes()) {
            block(type, from + block, to, at);
            at += step;
        }
    }

    /// The elements of row `row` of a tensor of any type, as f32.
    public static float[] row(Tensor tensor, long row) {
        float[] values = new float[tensor.columns()];
        row(tensor, row, values);
        return values;
    }

    /// Reads row `row` of a tensor of any type into the front of `to`.
    public static void row(Tensor tensor, long row, float[] to) {
        DType type = tensor.dtype();
        long from = tensor.address(row);
        if (type.isQuantized()) {
            read(type, from, tensor.columns(), to, 0);
            return;
        }
        int size = type.size();
        for (int i = 0; i < tensor.columns(); i++) {
            to[i] = Memory.load(type, from + (long) size * i);
        }
    }

    /// Writes `elements` f32 numbers from `from` on as blocks of [DType#Q8_0], the one quantized type that numbers are stored in
    /// while a model runs.
    ///
    /// @param elements a multiple of its block
    public static void storeQ8_0(long to, long from, int elements) {
        long blocks = DType.Q8_0.bytes(elements) / DType.Q8_0.blockBytes();
        for (long i = 0; i < blocks; i++) {
            Blocks32.storeQ8_0(to + i * DType.Q8_0.blockBytes(), from + 4 * i * DType.Q8_0.blockElements());
        }
    }

    private static void block(DType type, long block, float[] to, int at) {
        switch (type) {
            case Q8_0 -> Blocks32.q8_0(block, to, at);
            case Q4_0 -> Blocks32.q4_0(block, to, at);
            case Q4_1 -> Blocks32.q4_1(block, to, at);
            case Q5_0 -> Blocks32.q5_0(block, to, at);
            case Q5_1 -> Blocks32.q5_1(block, to, at);
            case Q3_K -> Blocks256.q3(block, to, at);
            case Q4_K -> Blocks256.q4(block, to, at);
            case Q5_K -> Blocks256.q5(block, to, at);
            case Q6_K -> Blocks256.q6(block, to, at);
            case F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL ->
                throw new IllegalArgumentException(type + " is not stored in blocks");
        }
    }
}
