package dev.heddle.core.kernel;

import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/// Weights and activations for tests of products.
public final class RandomTensors {
    private final Random random;

    public RandomTensors(int seed) {
        random = new Random(seed);
    }

    /// Weights between -1 and 1 of a quantized or a 16-bit type. A quarter of the numbers of 16 bits are small, some subnormal.
    public Tensor weights(Arena arena, DType type, int rows, int columns) {
        Tensor tensor = Tensor.zeros(arena, type, rows, columns);
        if (!type.isQuantized()) {
            for (int i = 0; i < tensor.elements(); i++) {
                tensor.set(i, random.nextFloat(-1, 1) * (i % 4 == 0 ? 1f / (1 << random.nextInt(24)) : 1));
            }
            return tensor;
        }
        byte[] bytes = new byte[Math.toIntExact(tensor.bytes())];
        random.nextBytes(bytes);
        Memory.ALL.asSlice(tensor.address(), bytes.length).copyFrom(MemorySegment.ofArray(bytes));
        for (long block = tensor.address(); block < tensor.address() + tensor.bytes(); block += type.blockBytes()) {
            switch (type) {
                case Q8_0 -> half(block, 1 / 128f);
                case Q4_0 -> half(block, 1 / 8f);
                case Q4_1 -> {
                    half(block, 1 / 30f);
                    half(block + 2, 0.5f);
                }
                case Q5_0 -> half(block, 1 / 16f);
                case Q5_1 -> {
                    half(block, 1 / 62f);
                    half(block + 2, 0.5f);
                }
                case Q3_K -> half(block + 108, 1 / 128f);
                case Q4_K, Q5_K -> {
                    half(block, type == DType.Q4_K ? 1 / 1000f : 1 / 2000f);
                    half(block + 2, 1 / 64f);
                }
                default -> half(block + 208, 1 / 4096f);
            }
        }
        return tensor;
    }

    private void half(long address, float largest) {
        Memory.i16(address, Float.floatToFloat16(random.nextFloat(-largest, largest)));
    }

    /// A column view of numbers between -1 and 1, whose rows lie further apart than its columns.
    public Tensor view(Arena arena, int rows, int columns) {
        Tensor tensor = Tensor.zeros(arena, DType.F32, rows, columns + 7);
        for (int i = 0; i < tensor.elements(); i++) {
            tensor.set(i, random.nextFloat(-1, 1));
        }
        return tensor.columnRange(3, 3 + columns);
    }
}
