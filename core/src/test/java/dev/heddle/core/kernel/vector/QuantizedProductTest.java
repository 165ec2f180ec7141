package dev.heddle.core.kernel.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;

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
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Products with quantized weights against the plain loops, and against themselves where bits must not differ.
class QuantizedProductTest {
    private static final Workers WORKERS = new Workers(2);
    private static final MatrixProduct VECTOR = new VectorMatrixProduct(WORKERS, Boolean.getBoolean("mc"));

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
                        assertArrayEquals(expected.toFloats(), actual.toFloats(), 1e-7f * (inner + 4),
                                "T=" + tokens + " I=" + inner + " O=" + outer);
                        if (PackedType.of(type).isPresent()) {
                            boolean rounds = PackedType.of(type).get().roundsActivations();
                            new PlainMatrixProduct().product(expected, rounds ? rounded(arena, x) : x, w);
                            VECTOR.product(actual, x, VECTOR.prepared(w));
                            assertArrayEquals(expected.toFloats(), actual.toFloats(), 1e-7f * (inner + 4),
                                    "packed, T=" + tokens + " I=" + inner + " O=" + outer);
                        }
                    }
                }
            }
        }
    }

    /// Activations as packed weights see them: in blocks of 32 the nearest multiples of max|x| / 127.
    private Tensor rounded(Arena arena, Tensor x) {
        Tensor rounded = Tensor.zeros(arena, DType.F32, x.rows(), x.columns());
        for (int t = 0; t < x.rows(); t++) {
            float[] row = Blocks.row(x, t);
            for (int i = 0; i < row.length; i++) {
                float max = largest(row, i / 32 * 32);
                rounded.set((long) t * row.length + i, nearest(row[i], max) * (max / 127));
            }
        }
        return rounded;
    }

    private static float largest(float[] x, int block) {
        float max = 0;
        for (int i = block; i < block + 32; i++) {
            max = Math.max(max, Math.abs(x[i]));
        }
        return max;
    }

    private static int nearest(float x, float max) {
        return (int) Math.rint((double) x * (127 / max));
    }

    /// The same integers and the same order in plain loops.
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "Q8_0")
    void packedProductHasTheBitsOfPlainIntegers(PackedType type) {
        int block = type.dtype().blockElements();
        for (int inner : new int[] {block, 5 * block, 9 * block, 1536}) {
            for (int tokens : new int[] {1, 3, 23}) {
                try (Arena arena = Arena.ofConfined()) {
                    Tensor x = view(arena, tokens, inner);
                    Tensor w = blocks(arena, type.dtype(), 37, inner);
                    Tensor actual = view(arena, tokens, 37);
                    VECTOR.product(actual, x, VECTOR.prepared(w));
                    for (int t = 0; t < tokens; t++) {
                        for (int o = 0; o < 37; o++) {
                            assertEquals(integerProduct(type, Blocks.row(x, t), w, o), actual.rowRange(t, t + 1).get(o));
                        }
                    }
                }
            }
        }
    }

    /// Blocks' products added one after the other, multiplied by their scale and added to the sum, in plain loops.
    @Test
    void packedBytesHaveTheBitsOfPlainFloats() {
        for (int inner : new int[] {32, 96, 1024}) {
            for (int tokens = 1; tokens < 24; tokens++) {
                try (Arena arena = Arena.ofConfined()) {
                    Tensor x = view(arena, tokens, inner);
                    Tensor w = blocks(arena, DType.Q8_0, 70, inner);
                    Tensor packed = VECTOR.prepared(w);
                    assertInstanceOf(PackedWeights.class, packed.storage());
                    Tensor actual = view(arena, tokens, 70);
                    Tensor few = view(arena, tokens, 9);
                    VECTOR.products(new Tensor[] {actual, few}, x, new Tensor[] {packed, packed.rowRange(29, 38)});
                    for (int t = 0; t < tokens; t++) {
                        for (int o = 0; o < 70; o++) {
                            float expected = byteProduct(Blocks.row(x, t), w.address(o));
                            assertEquals(expected, actual.rowRange(t, t + 1).get(o));
                            if (o >= 29 && o < 38) {
                                assertEquals(expected, few.rowRange(t, t + 1).get(o - 29));
                            }
                        }
                    }
                }
            }
        }
    }

    private static float byteProduct(float[] x, long row) {
        float sum = 0;
        for (int b = 0; b < x.length / 32; b++) {
            float p = 0;
            for (int i = 0; i < 32; i++) {
                p = Math.fma((float) Memory.i8(row + 34L * b + 2 + i), x[32 * b + i], p);
            }
            sum = Math.fma(Float.float16ToFloat(Memory.i16(row + 34L * b)), p, sum);
        }
        return sum;
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0", "Q4_1"})
    void blocksWithInfiniteScalesStayAsTheyAre(PackedType type) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor w = blocks(arena, type.dtype(), 5, 64);
            Memory.i16(w.address(3), Float.floatToFloat16(Float.POSITIVE_INFINITY));
            assertSame(w, VECTOR.prepared(w));
        }
    }

    private static float integerProduct(PackedType type, float[] x, Tensor w, int o) {
        float[] values = Blocks.row(w, o);
        float sum = 0;
        for (int g = 0; g < x.length; g += type.group()) {
            float max = largest(x, g / 32 * 32);
            float e = max / 127;
            float scale = scale(type, w.address(o), g);
            float minimum = minimum(type, w.address(o), g);
            int integer = 0;
            int total = 0;
            for (int i = g; i < g + type.group(); i++) {
                int q = nearest(x[i], max);
                double n = scale == 0 ? 0 : Math.rint(((double) values[i] - minimum) / scale);
                integer += ((int) n - (type.hasMinima() ? type.centre() : 0)) * q;
                total += q;
            }
            sum = Math.fma((float) integer, scale * e, sum);
            if (type.hasMinima()) {
                sum = Math.fma(Math.fma(type.centre(), scale, minimum), e * total, sum);
            }
        }
        return sum;
    }

    private static float scale(PackedType type, long row, int element) {
        int size = type.dtype().blockElements();
        long block = row + type.dtype().bytes(element / size * size);
        int in = element % size;
        return switch (type) {
            case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1 -> Dequantize32.half(block);
            case Q4_K, Q5_K -> Dequantize32.half(block) * (Dequantize256.scales(block + 4) >>> in / 32 * 8 & 63);
            case Q3_K -> Dequantize32.half(block + 108) * Dequantize256.scale3(block + 96, in / 16);
            case Q6_K -> Dequantize32.half(block + 208) * Memory.i8(block + 192 + in / 16);
        };
    }

    private static float minimum(PackedType type, long row, int element) {
        int size = type.dtype().blockElements();
        long block = row + type.dtype().bytes(element / size * size);
        return switch (type) {
            case Q8_0, Q4_0, Q5_0, Q3_K, Q6_K -> 0;
            case Q4_1, Q5_1 -> Dequantize32.half(block + 2);
            case Q4_K, Q5_K -> -Dequantize32.half(block + 2) * (Dequantize256.minima(block + 4) >>> element % size / 32 * 8 & 63);
        };
    }

    /// To everyone but products, packed weights are what they were.
    @ParameterizedTest
    @EnumSource(PackedType.class)
    void packedWeightsAreReadAsTheyLie(PackedType type) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor w = blocks(arena, type.dtype(), 40, 768);
            Tensor packed = VECTOR.prepared(w);
            assertEquals(w.address(), packed.address());
            assertArrayEquals(w.toFloats(), packed.toFloats());
            assertArrayEquals(w.rowRange(33, 39).toFloats(), packed.rowRange(33, 39).toFloats());
            Tensor x = view(arena, 3, 256);
            Tensor expected = view(arena, 3, 40);
            Tensor actual = view(arena, 3, 40);
            new PlainMatrixProduct().product(expected, x, w.columnRange(256, 512));
            VECTOR.product(actual, x, packed.columnRange(256, 512));
            assertArrayEquals(expected.toFloats(), actual.toFloats(), 1e-4f);
        }
    }

    private static Stream<Arguments> laidOut() {
        return Stream.of(DType.values()).filter(DType::isQuantized)
                .flatMap(type -> Stream.of(Arguments.of(type, false), Arguments.of(type, true)));
    }

    @ParameterizedTest
    @MethodSource("laidOut")
    void anOutputHasTheSameBitsHoweverManyRowsAreComputed(DType type, boolean packed) {
        for (int inner : new int[] {256, 1536, 2304}) {
            try (Arena arena = Arena.ofConfined(); Workers one = new Workers(1)) {
                Tensor x = view(arena, 37, inner);
                Tensor w = packed ? VECTOR.prepared(blocks(arena, type, 70, inner)) : blocks(arena, type, 70, inner);
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
