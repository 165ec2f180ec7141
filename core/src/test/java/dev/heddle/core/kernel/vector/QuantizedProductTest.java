package dev.heddle.core.kernel.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.heddle.core.kernel.MatrixProduct;
import dev.heddle.core.kernel.RandomTensors;
import dev.heddle.core.kernel.plain.PlainEmbedding;
import dev.heddle.core.kernel.plain.PlainMatrixProduct;
import dev.heddle.core.machine.MachineCode;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Blocks;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
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
    private static final VectorMatrixProduct VECTOR = new VectorMatrixProduct(WORKERS);
    private static final VectorMatrixProduct MACHINE = new VectorMatrixProduct(WORKERS, true);

    private final RandomTensors random = new RandomTensors(7);

    @AfterAll
    static void close() {
        WORKERS.close();
    }

    /// Whether products use machine code.
    private static Stream<Boolean> forms() {
        return MachineCode.isAvailable() ? Stream.of(false, true) : Stream.of(false);
    }

    private static Stream<Arguments> quantized() {
        return Stream.of(DType.values()).filter(DType::isQuantized)
                .flatMap(type -> forms().map(machineCode -> Arguments.of(type, machineCode)));
    }

    private static Stream<Arguments> packed() {
        return Stream.of(PackedType.values()).flatMap(type -> forms().map(machineCode -> Arguments.of(type, machineCode)));
    }

    private static Stream<Arguments> packedInEightBits() {
        return packed().filter(arguments -> arguments.get()[0] != PackedType.Q8_0);
    }

    private static MatrixProduct product(boolean machineCode) {
        return machineCode ? MACHINE : VECTOR;
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_ALL, names = "Q.*")
    void embeddedRowsHaveTheBitsOfThePlainLoops(DType type) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor table = random.weights(arena, type, 40, 1536);
            int[] ids = new Random(7).ints(50, 0, 40).toArray();
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
    @MethodSource("quantized")
    void productMatchesThePlainLoops(DType type, boolean machineCode) {
        MatrixProduct product = product(machineCode);
        int block = type.blockElements();
        for (int inner : new int[] {0, block, 3 * block, 2304}) {
            try (Arena arena = Arena.ofConfined()) {
                Tensor x = random.view(arena, 33, inner);
                Tensor w = random.weights(arena, type, 33, inner);
                Tensor expected = Tensor.zeros(arena, DType.F32, 33, 33);
                Tensor expectedRounded = Tensor.zeros(arena, DType.F32, 33, 33);
                int largest = largestInteger(type, machineCode);
                float tolerance = 1e-7f * (inner + 4);
                new PlainMatrixProduct().product(expected, x, w);
                new PlainMatrixProduct().product(expectedRounded, largest > 0 ? rounded(arena, x, largest) : x, w);
                for (int outer : new int[] {0, 1, 5, 33}) {
                    Tensor some = w.rowRange(33 - outer, 33);
                    Tensor prepared = product.prepared(some);
                    for (int tokens : new int[] {0, 1, 2, 5, 33}) {
                        String sizes = "T=" + tokens + " I=" + inner + " O=" + outer;
                        Tensor actual = random.view(arena, tokens, outer);
                        product.product(actual, x.rowRange(33 - tokens, 33), some);
                        assertArrayEquals(last(expected, tokens, outer), actual.toFloats(), tolerance, sizes);
                        product.product(actual, x.rowRange(33 - tokens, 33), prepared);
                        assertArrayEquals(last(expectedRounded, tokens, outer), actual.toFloats(), tolerance, "laid, " + sizes);
                    }
                }
            }
        }
    }

    private static float[] last(Tensor square, int rows, int columns) {
        int size = square.rows();
        return square.rowRange(size - rows, size).columnRange(size - columns, size).toFloats();
    }

    /// What activations are rounded to for products with weights laid out, or 0 if they stay as they are.
    private static int largestInteger(DType type, boolean machineCode) {
        return type != DType.Q8_0 ? 127 : machineCode ? 127 * 128 : 0;
    }

    /// Activations as weights that are laid out see them: in blocks of 32 the nearest multiples of max|x| / `largest`.
    private static Tensor rounded(Arena arena, Tensor x, int largest) {
        Tensor rounded = Tensor.zeros(arena, DType.F32, x.rows(), x.columns());
        for (int t = 0; t < x.rows(); t++) {
            float[] row = Blocks.row(x, t);
            for (int block = 0; block < row.length; block += 32) {
                float max = largest(row, block);
                for (int i = block; i < block + 32; i++) {
                    rounded.set((long) t * row.length + i, nearest(row[i], largest / max) * (max / largest));
                }
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

    private static int nearest(float x, float inverse) {
        return (int) Math.rint((double) x * inverse);
    }

    /// The same integers and the same order in plain loops.
    @ParameterizedTest
    @MethodSource("packedInEightBits")
    void packedProductHasTheBitsOfPlainIntegers(PackedType type, boolean machineCode) {
        MatrixProduct product = product(machineCode);
        int block = type.dtype().blockElements();
        for (int inner : new int[] {block, 5 * block, 9 * block, 1536}) {
            for (int tokens : new int[] {1, 3, 23}) {
                try (Arena arena = Arena.ofConfined()) {
                    Tensor x = random.view(arena, tokens, inner);
                    Tensor w = random.weights(arena, type.dtype(), 37, inner);
                    Tensor actual = random.view(arena, tokens, 37);
                    product.product(actual, x, product.prepared(w));
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
                    Tensor x = random.view(arena, tokens, inner);
                    Tensor w = random.weights(arena, DType.Q8_0, 70, inner);
                    Tensor packed = VECTOR.prepared(w);
                    assertInstanceOf(PackedWeights.class, packed.storage());
                    Tensor actual = random.view(arena, tokens, 70);
                    Tensor few = random.view(arena, tokens, 9);
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
    @MethodSource("packed")
    void blocksWithInfiniteScalesStayAsTheyAre(PackedType type, boolean machineCode) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor w = random.weights(arena, type.dtype(), 5, 512);
            int at = switch (type) {
                case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K -> 0;
                case Q3_K -> 108;
                case Q6_K -> 208;
            };
            Memory.i16(w.address(3) + at, Float.floatToFloat16(Float.POSITIVE_INFINITY));
            assertSame(w, product(machineCode).prepared(w));
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
                int q = nearest(x[i], 127 / max);
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
    @MethodSource("packed")
    void packedWeightsAreReadAsTheyLie(PackedType type, boolean machineCode) {
        MatrixProduct product = product(machineCode);
        try (Arena arena = Arena.ofConfined()) {
            Tensor w = random.weights(arena, type.dtype(), 40, 768);
            Tensor packed = product.prepared(w);
            assertNotSame(w, packed);
            assertEquals(w.address(), packed.address());
            assertArrayEquals(w.toFloats(), packed.toFloats());
            assertArrayEquals(w.rowRange(33, 39).toFloats(), packed.rowRange(33, 39).toFloats());
            Tensor x = random.view(arena, 3, 256);
            Tensor expected = random.view(arena, 3, 40);
            Tensor actual = random.view(arena, 3, 40);
            new PlainMatrixProduct().product(expected, x, w.columnRange(256, 512));
            product.product(actual, x, packed.columnRange(256, 512));
            assertArrayEquals(expected.toFloats(), actual.toFloats(), 1e-4f);
        }
    }

    /// Weights as they lie are multiplied without machine code in any case.
    private static Stream<Arguments> laidOut() {
        return quantized().flatMap(arguments -> Stream.of(false, true)
                .filter(laidOut -> laidOut || !(boolean) arguments.get()[1])
                .map(laidOut -> Arguments.of(arguments.get()[0], laidOut, arguments.get()[1])));
    }

    @ParameterizedTest
    @MethodSource("laidOut")
    void anOutputHasTheSameBitsHoweverManyRowsAreComputed(DType type, boolean laidOut, boolean machineCode) {
        MatrixProduct two = product(machineCode);
        for (int inner : new int[] {256, 1536, 2304}) {
            try (Arena arena = Arena.ofConfined(); Workers one = new Workers(1)) {
                Tensor x = random.view(arena, 37, inner);
                Tensor blocks = random.weights(arena, type, 70, inner);
                Tensor w = laidOut ? two.prepared(blocks) : blocks;
                Tensor all = Tensor.zeros(arena, DType.F32, 37, 70);
                two.product(all, x, w);
                for (int tokens : new int[] {1, 2, 3, 4, 8, 9, 15, 37}) {
                    for (MatrixProduct product : new MatrixProduct[] {two, new VectorMatrixProduct(one, machineCode)}) {
                        Tensor some = Tensor.zeros(arena, DType.F32, tokens, 70);
                        Tensor last = x.rowRange(37 - tokens, 37);
                        product.product(some, last, w);
                        assertArrayEquals(all.rowRange(37 - tokens, 37).toFloats(), some.toFloats(), tokens + " x " + inner);
                        Tensor few = random.view(arena, tokens, 5);
                        product.products(new Tensor[] {some, few}, last, new Tensor[] {w, w.rowRange(41, 46)});
                        assertArrayEquals(some.columnRange(41, 46).toFloats(), few.toFloats());
                    }
                }
            }
        }
    }

    private static Stream<Arguments> grouped() {
        return Stream.of(DType.Q8_0, DType.Q4_K, DType.F16)
                .flatMap(type -> forms().map(machineCode -> Arguments.of(type, machineCode)));
    }

    @ParameterizedTest
    @MethodSource("grouped")
    void groupsOfRowsHaveTheBitsOfTheirOwnProducts(DType type, boolean machineCode) {
        try (Arena arena = Arena.ofConfined()) {
            assertGrouped(arena, machineCode, type, type, type, type, type, type);
        }
    }

    @ParameterizedTest
    @MethodSource("forms")
    void groupsOfRowsMayHaveWeightsOfDifferentTypes(boolean machineCode) {
        try (Arena arena = Arena.ofConfined()) {
            assertGrouped(arena, machineCode, DType.F16, DType.Q4_K, DType.Q8_0, DType.Q6_K, DType.Q5_0, DType.F16);
            assertGrouped(arena, machineCode, DType.Q5_0, DType.Q8_0, DType.F16, DType.Q8_0, DType.BF16, DType.Q3_K);
        }
    }

    private void assertGrouped(Arena arena, boolean machineCode, DType... types) {
        VectorMatrixProduct product = machineCode ? MACHINE : VECTOR;
        int[] starts = {0, 1, 1, 14, 39, 39, 41};
        Tensor x = random.view(arena, 41, 768);
        Tensor[] w = Stream.of(types).map(type -> product.prepared(random.weights(arena, type, 70, 768))).toArray(Tensor[]::new);
        Tensor actual = random.view(arena, 41, 70);
        product.grouped(actual, x, starts, w);
        for (int e = 0; e < w.length; e++) {
            int rows = starts[e + 1] - starts[e];
            Tensor expected = Tensor.zeros(arena, DType.F32, rows, 70);
            product.product(expected, x.rowRange(starts[e], starts[e + 1]), w[e]);
            assertArrayEquals(expected.toFloats(), actual.rowRange(starts[e], starts[e + 1]).toFloats(), types[e] + " " + e);
        }
    }

    @ParameterizedTest
    @MethodSource("quantized")
    void inputGradientMatchesThePlainLoops(DType type, boolean machineCode) {
        MatrixProduct product = product(machineCode);
        try (Arena arena = Arena.ofConfined()) {
            Tensor dy = random.view(arena, 5, 300);
            Tensor w = random.weights(arena, type, 300, 768);
            Tensor expected = Tensor.zeros(arena, DType.F32, 5, 768);
            new PlainMatrixProduct().inputGradient(expected, dy, w);
            for (Tensor weights : new Tensor[] {w, product.prepared(w)}) {
                Tensor actual = Tensor.zeros(arena, DType.F32, 5, 768);
                product.inputGradient(actual, dy, weights);
                assertArrayEquals(expected.toFloats(), actual.toFloats(), 1e-4f);
            }
        }
    }
}
