package dev.heddle.core.kernel.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.core.kernel.MatrixProduct;
import dev.heddle.core.kernel.plain.PlainEmbedding;
import dev.heddle.core.kernel.plain.PlainMatrixProduct;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Blocks;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Products with quantized weights against the plain loops, and against themselves where bits must not differ.
class QuantizedProductTest {
    private static final Workers WORKERS = new Workers(2);
    private static final MatrixProduct VECTOR = new VectorMatrixProduct(WORKERS);

    private final Random random = new Random(7);

    @AfterAll
    static void close() {
        WORKERS.close();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_ALL, names = "Q.*")
    void embeddedRowsHaveTheBitsOfThePlainLoops(DType type) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor table = blocks(arena, type, 40, 1536);
            int[] ids = random.ints(50, 0, 40).toArray();
            Tensor expected = Tensor.zeros(arena, DType.F32, 50, 1536);
            Tensor actual = Tensor.zeros(arena, DType.F32, 50, 1536);
            for (float scale : new float[] {1, 0.3f}) {
                new PlainEmbedding().gather(expected, table, ids, scale);
                new VectorEmbedding(WORKERS).gather(actual, table, ids, scale);
                assertArrayEquals(expected.toFloats(), actual.toFloats());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_ALL, names = "Q.*")
    void productMatchesThePlainLoops(DType type) {
        int block = type.blockElements();
        for (int inner : new int[] {0, block, 3 * block, 2304}) {
            for (int outer : new int[] {0, 1, 5, 33}) {
                for (int tokens : new int[] {0, 1, 2, 5, 33}) {
                    try (Arena arena = Arena.ofConfined()) {
                        Tensor x = view(arena, tokens, inner);
                        Tensor w = blocks(arena, type, outer, inner);
                        Tensor expected = view(arena, tokens, outer);
                        Tensor actual = view(arena, tokens, outer);
                        new PlainMatrixProduct().product(expected, x, w);
                        VECTOR.product(actual, x, w);
                        // activations rounded to 8 bits: each is at most 1/254 off, in either direction
                        float tolerance = type == DType.Q4_0 ? 1 / 254f * (float) Math.sqrt(inner) : 1e-7f * (inner + 4);
                        assertArrayEquals(expected.toFloats(), actual.toFloats(), tolerance,
                                "T=" + tokens + " I=" + inner + " O=" + outer);
                    }
                }
            }
        }
    }

    /// The same integers and the same order in plain loops.
    @ParameterizedTest
    @ValueSource(ints = {32, 480, 544, 1536})
    void q4ProductHasTheBitsOfPlainIntegers(int inner) {
        for (int tokens : new int[] {1, 3, 23}) {
            try (Arena arena = Arena.ofConfined()) {
                Tensor x = view(arena, tokens, inner);
                Tensor w = blocks(arena, DType.Q4_0, 37, inner);
                Tensor actual = view(arena, tokens, 37);
                VECTOR.product(actual, x, w);
                for (int t = 0; t < tokens; t++) {
                    for (int o = 0; o < 37; o++) {
                        assertEquals(integerProduct(Blocks.row(x, t), w.address(o)), actual.rowRange(t, t + 1).get(o));
                    }
                }
            }
        }
    }

    private static float integerProduct(float[] x, long w) {
        float[] sums = new float[Int8Rows.GROUP];
        for (int b = 0; b < x.length / 32; b++) {
            float max = 0;
            for (int i = 32 * b; i < 32 * b + 32; i++) {
                max = Math.max(max, Math.abs(x[i]));
            }
            int integer = 0;
            for (int i = 0; i < 32; i++) {
                int nibble = Memory.i8(w + 18L * b + 2 + i % 16) >>> i / 16 * 4 & 15;
                integer += (nibble - 8) * (int) Math.rint((double) x[32 * b + i] * (127 / max));
            }
            float scale = Float.float16ToFloat(Memory.i16(w + 18L * b)) * (max / 127);
            sums[b % sums.length] = Math.fma((float) integer, scale, sums[b % sums.length]);
        }
        for (int step = sums.length / 2; step > 0; step /= 2) {
            for (int l = 0; l < step; l++) {
                sums[l] += sums[l + step];
            }
        }
        return sums[0];
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_ALL, names = "Q.*")
    void anOutputHasTheSameBitsHoweverManyRowsAreComputed(DType type) {
        for (int inner : new int[] {256, 1536, 2304}) {
            try (Arena arena = Arena.ofConfined(); Workers one = new Workers(1)) {
                Tensor x = view(arena, 37, inner);
                Tensor w = blocks(arena, type, 70, inner);
                Tensor all = Tensor.zeros(arena, DType.F32, 37, 70);
                VECTOR.product(all, x, w);
                for (int tokens : new int[] {1, 2, 3, 4, 8, 9, 15, 37}) {
                    for (MatrixProduct product : new MatrixProduct[] {VECTOR, new VectorMatrixProduct(one)}) {
                        Tensor some = Tensor.zeros(arena, DType.F32, tokens, 70);
                        Tensor last = x.rowRange(37 - tokens, 37);
                        product.product(some, last, w);
                        assertArrayEquals(all.rowRange(37 - tokens, 37).toFloats(), some.toFloats(), tokens + " x " + inner);
                        Tensor few = view(arena, tokens, 5);
                        product.products(new Tensor[] {some, few}, last, new Tensor[] {w, w.rowRange(41, 46)});
                        assertArrayEquals(some.columnRange(41, 46).toFloats(), few.toFloats());
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_ALL, names = "Q.*")
    void inputGradientMatchesThePlainLoops(DType type) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor dy = view(arena, 5, 300);
            Tensor w = blocks(arena, type, 300, 768);
            Tensor expected = Tensor.zeros(arena, DType.F32, 5, 768);
            Tensor actual = Tensor.zeros(arena, DType.F32, 5, 768);
            new PlainMatrixProduct().inputGradient(expected, dy, w);
            VECTOR.inputGradient(actual, dy, w);
            assertArrayEquals(expected.toFloats(), actual.toFloats(), 1e-4f);
        }
    }

    /// Random blocks whose elements lie between -1 and 1.
    private Tensor blocks(Arena arena, DType type, int rows, int columns) {
        Tensor tensor = Tensor.zeros(arena, type, rows, columns);
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

    /// A column view, whose rows lie further apart than its columns.
    private Tensor view(Arena arena, int rows, int columns) {
        Tensor tensor = Tensor.zeros(arena, DType.F32, rows, columns + 7);
        for (int i = 0; i < tensor.elements(); i++) {
            tensor.set(i, random.nextFloat(-1, 1));
        }
        return tensor.columnRange(3, 3 + columns);
    }
}
