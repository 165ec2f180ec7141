package dev.heddle.engine.measure;

import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.stream.LongStream;

/// Fills quantized tensors with random bits; only the half-precision scales of each block are set, so that elements
/// are centred and at most `spread`.
final class RandomBlocks {
    private static final long RUN = 1 << 14;

    private RandomBlocks() {
    }

    static void fill(Tensor tensor, float spread, long stream) {
        DType type = tensor.dtype();
        long address = tensor.address();
        int size = type.blockBytes();
        long blocks = tensor.bytes() / size;
        LongStream.range(0, (blocks + RUN - 1) / RUN).parallel().forEach(run -> {
            long state = stream ^ (run * 0xBF58476D1CE4E5B9L) | 1;
            for (long block = run * RUN; block < Math.min(blocks, (run + 1) * RUN); block++) {
                long at = address + block * size;
                for (int i = 0; i < size; i++) {
                    state ^= state << 13;
                    state ^= state >>> 7;
                    state ^= state << 17;
                    Memory.i8(at + i, (byte) state);
                }
                scales(type, at, spread);
            }
        });
    }

    private static void scales(DType type, long block, float spread) {
        switch (type) {
            case Q8_0 -> half(block, spread / 128);
            case Q4_0 -> half(block, spread / 8);
            case Q4_1 -> halves(block, spread / 8, -spread);
            case Q5_0 -> half(block, spread / 16);
            case Q5_1 -> halves(block, spread / 16, -spread);
            case Q3_K -> half(block + 108, spread / 128);
            case Q4_K -> halves(block, spread / 480, spread / 64);
            case Q5_K -> halves(block, spread / 990, spread / 64);
            case Q6_K -> half(block + 208, spread / 4096);
            case F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL ->
                throw new IllegalArgumentException(type + " is not stored in blocks");
        }
    }

    private static void halves(long address, float first, float second) {
        half(address, first);
        half(address + 2, second);
    }

    private static void half(long address, float value) {
        Memory.i16(address, Float.floatToFloat16(value));
    }
}
