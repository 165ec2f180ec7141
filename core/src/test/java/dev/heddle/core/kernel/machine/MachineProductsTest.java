package dev.heddle.core.kernel.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heddle.core.kernel.MatrixProduct;
import dev.heddle.core.kernel.RandomTensors;
import dev.heddle.core.kernel.plain.PlainMatrixProduct;
import dev.heddle.core.kernel.vector.VectorMatrixProduct;
import dev.heddle.core.machine.MachineCode;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.Blocks;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Storage;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Products in machine code against the same sums in plain loops, to the bit. Those with eight-bit activations are compared
/// so in `QuantizedProductTest`, for a few sizes; here, that their other sizes have the same bits.
class MachineProductsTest {
    private static final Workers WORKERS = new Workers(2);
    private static final MatrixProduct PRODUCT = new VectorMatrixProduct(WORKERS, true);

    private static final int ROWS = 37;
    private static final int OUTPUTS = 130;
    private static final int BEHIND = 4096;
    private static final int[] TOKENS = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 23, 37};

    private final RandomTensors tensors = new RandomTensors(11);
    private final Random random = new Random(12);

    @BeforeAll
    static void needsMachineCode() {
        assumeTrue(MachineCode.isAvailable());
    }

    @AfterAll
    static void close() {
        WORKERS.close();
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "F16", "BF16"})
    void outputsHaveTheBitsOfPlainLoops(PanelType type) {
        for (int inner : new int[] {32, 96, 1024}) {
            try (Arena arena = Arena.ofConfined()) {
                Tensor x = activations(arena, ROWS, inner);
                Tensor w = tensors.weights(arena, type.dtype(), OUTPUTS, inner);
                float[][] all = plain(type, x, w);
                for (int outputs : new int[] {1, 5, 16, 17, 33, 64, 70, OUTPUTS}) {
                    Tensor laid = laid(w.rowRange(OUTPUTS - outputs, OUTPUTS));
                    float[][] expected = columns(all, OUTPUTS - outputs, OUTPUTS);
                    for (int tokens : TOKENS) {
                        Tensor last = x.rowRange(ROWS - tokens, ROWS);
                        float[][] rows = Arrays.copyOfRange(expected, ROWS - tokens, ROWS);
                        Tensor y = nothing(arena, tokens, outputs);
                        PRODUCT.product(y, last, laid);
                        assertBits(rows, y);
                        assertViews(arena, rows, last, laid);
                    }
                }
            }
        }
    }

    /// In one fork all weights, those from inside a panel on, and a few inside of one.
    private static void assertViews(Arena arena, float[][] expected, Tensor x, Tensor w) {
        int outputs = w.rows();
        int from = outputs / 3;
        int middle = outputs / 2;
        int few = outputs / 8;
        Tensor[] weights = {w, w.rowRange(from, outputs), w.rowRange(middle, middle + few)};
        Tensor[] y = Stream.of(weights).map(some -> nothing(arena, x.rows(), some.rows())).toArray(Tensor[]::new);
        PRODUCT.products(y, x, weights);
        assertBits(expected, y[0]);
        assertBits(columns(expected, from, outputs), y[1]);
        assertBits(columns(expected, middle, middle + few), y[2]);
    }

    @Test
    void theLargestIntegersFit() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = Tensor.zeros(arena, DType.F32, 14, 64);
            Tensor w = tensors.weights(arena, DType.Q8_0, 20, 64);
            for (int i = 0; i < 64; i++) {
                for (int t = 0; t < 14; t++) {
                    x.set(64L * t + i, isNegative(t, i) ? -1 : 1);
                }
                for (int o = 0; o < 20; o++) {
                    Memory.i8(w.address(o) + 34 * (i / 32) + 2 + i % 32, (byte) (isNegative(o, i) ? -128 : 127));
                }
            }
            float[][] expected = plain(PanelType.Q8_0, x, w);
            for (int tokens = 1; tokens <= 14; tokens++) {
                Tensor y = nothing(arena, tokens, 20);
                PRODUCT.product(y, x.rowRange(0, tokens), laid(w));
                assertBits(Arrays.copyOf(expected, tokens), y);
            }
        }
    }

    /// No element of a row, all, or every second.
    private static boolean isNegative(int row, int element) {
        return row % 3 == 1 || row % 3 == 2 && element % 2 == 0;
    }

    /// Weights of all types in one fork, among them some that machine code does not multiply, against each alone.
    @Test
    void anOutputHasTheSameBitsHoweverManyRowsAndThreadsComputeIt() {
        try (Arena arena = Arena.ofConfined(); Workers one = new Workers(1)) {
            Stream<DType> laidOut = Stream.of(PanelType.values()).map(PanelType::dtype);
            DType[] types = Stream.concat(laidOut, Stream.of(DType.F32)).toArray(DType[]::new);
            int[] outputs = {70, 37, 130, 16, 1};
            Tensor x = activations(arena, ROWS, 768);
            Tensor[] w = new Tensor[types.length];
            for (int k = 0; k < w.length; k++) {
                w[k] = PRODUCT.prepared(tensors.weights(arena, types[k], outputs[k % 5], 768));
            }
            float[][][] expected = new float[w.length][][];
            for (int k = 0; k < w.length; k++) {
                Tensor alone = nothing(arena, ROWS, w[k].rows());
                PRODUCT.product(alone, x, w[k]);
                expected[k] = rows(alone);
            }
            for (MatrixProduct product : new MatrixProduct[] {PRODUCT, new VectorMatrixProduct(one, true)}) {
                for (int tokens : TOKENS) {
                    Tensor[] y = Stream.of(w).map(some -> nothing(arena, tokens, some.rows())).toArray(Tensor[]::new);
                    product.products(y, x.rowRange(ROWS - tokens, ROWS), w);
                    for (int k = 0; k < w.length; k++) {
                        assertBits(Arrays.copyOfRange(expected[k], ROWS - tokens, ROWS), y[k]);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsNotFiniteStaysInItsRow(PanelType type) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = activations(arena, 14, 768);
            Tensor w = laid(tensors.weights(arena, type.dtype(), 70, 768));
            Tensor clean = nothing(arena, 14, 70);
            PRODUCT.product(clean, x, w);
            x.set(768 * 3 + 40, Float.NaN);
            x.set(768 * 7 + 767, Float.POSITIVE_INFINITY);
            x.set(768 * 9, Float.NEGATIVE_INFINITY);
            for (int i = 0; i < 768; i++) {
                x.set(768 * 12 + i, i % 2 == 0 ? Float.NaN : Float.NEGATIVE_INFINITY);
            }
            for (int tokens : TOKENS) {
                int from = Math.max(0, 14 - tokens);
                Tensor y = nothing(arena, 14 - from, 70);
                PRODUCT.product(y, x.rowRange(from, 14), w);
                float[][] rows = rows(y);
                for (int t = from; t < 14; t++) {
                    float[] row = rows[t - from];
                    if (t == 3 || t == 12) {
                        assertTrue(IntStream.range(0, 70).allMatch(o -> Float.isNaN(row[o])), "NaN in row " + t);
                    } else if (t == 7 || t == 9) {
                        assertTrue(IntStream.range(0, 70).noneMatch(o -> Float.isFinite(row[o])), "infinity in row " + t);
                    } else {
                        assertArrayEquals(Blocks.row(clean, t), row, "row " + t);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void weightsThatAreNotFiniteStayInTheirOutputs(PanelType type) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = activations(arena, 13, 96);
            Tensor w = tensors.weights(arena, type.dtype(), 70, 96);
            w.set(96 * 5 + 33, Float.NaN);
            w.set(96 * 65 + 95, Float.NEGATIVE_INFINITY);
            Tensor y = nothing(arena, 13, 70);
            PRODUCT.product(y, x, laid(w));
            assertBits(plain(type, x, w), y);
            assertTrue(Float.isNaN(y.get(5)) && !Float.isFinite(y.get(65)) && Float.isFinite(y.get(4)));
        }
    }

    /// Rounded, those smaller than 1e-34 may become zeros, all or none of a block; the others' errors are those of rounding.
    @ParameterizedTest
    @EnumSource
    void activationsMayBeTinyOrHuge(PanelType type) {
        float[] sizes = {0, Float.MIN_VALUE, 1e-40f, Float.MIN_NORMAL, 9e-36f, 1.01e-34f, 2e-35f, 4e-35f, 1e-34f, 1e-30f, 1e36f};
        int inner = 256;
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = Tensor.zeros(arena, DType.F32, sizes.length, inner);
            for (int i = 0; i < x.elements(); i++) {
                x.set(i, sizes[i / inner] * (i % 5 == 0 ? i % 2 * 2 - 1 : i % 7 == 0 ? 0 : random.nextFloat(-1, 1)));
            }
            Tensor w = tensors.weights(arena, type.dtype(), 20, inner);
            Tensor y = nothing(arena, sizes.length, 20);
            PRODUCT.product(y, x, laid(w));
            if (type.isFloat()) {
                assertBits(plain(type, x, w), y);
                return;
            }
            Tensor expected = Tensor.zeros(arena, DType.F32, sizes.length, 20);
            new PlainMatrixProduct().product(expected, x, w);
            for (int t = 0; t < sizes.length; t++) {
                float error = sizes[t] < 1e-34f ? 1 / 8f : 1f / type.format().largest();
                for (int o = 0; o < 20; o++) {
                    assertEquals(expected.get(20L * t + o), y.get(20L * t + o), Float.MIN_VALUE + error * inner * sizes[t],
                            "activations of " + sizes[t]);
                }
            }
        }
    }

    /// Groups of rows, in memory that was full of NaN. What lies behind it stays so.
    @ParameterizedTest
    @EnumSource
    void productsWriteWhatTheyReadAndNothingElse(PanelType type) {
        try (Arena arena = Arena.ofConfined()) {
            int[] starts = {0, 0, 1, 14, 37};
            Tensor x = activations(arena, ROWS, 768);
            Tensor w = tensors.weights(arena, type.dtype(), 70, 768);
            long panelBytes = type.panelBytes(768) * Math.ceilDiv(70, type.rows());
            Storage forPanels = full(arena, panelBytes);
            Storage scratch = full(arena, MachineProducts.SCRATCH);
            Tensor laid = Panels.lay(w, WORKERS, bytes -> {
                assertEquals(panelBytes, bytes);
                return forPanels;
            });
            Panels panels = Panels.of(laid).orElseThrow();
            Tiles tiles = new Tiles(x, starts, laid);
            Storage forRows = full(arena, tiles.bytes());
            for (int from = 0; from < ROWS; from += 5) {
                tiles.write(forRows.address(), from, Math.min(from + 5, ROWS));
            }
            Tensor y = nothing(arena, ROWS, 70);
            for (int g = 0; g + 1 < starts.length; g++) {
                Tensor group = y.rowRange(starts[g], starts[g + 1]);
                for (int[] outputs : new int[][] {{0, 7}, {7, 70}}) {
                    MachineProducts.product(panels, group, tiles, forRows.address(), starts[g], laid, outputs[0], outputs[1],
                            scratch.address());
                }
            }
            Tensor expected = nothing(arena, ROWS, 70);
            PRODUCT.product(expected, x, laid(w));
            assertBits(rows(expected), y);
            for (Storage memory : new Storage[] {forPanels, forRows, scratch}) {
                for (long at = memory.bytes() - BEHIND; at < memory.bytes(); at++) {
                    assertEquals(-1, Memory.i8(memory.address() + at), "byte " + at + " of " + memory.bytes());
                }
            }
        }
    }

    /// So many bytes of NaN, and more behind them.
    private static Storage full(Arena arena, long bytes) {
        Storage memory = Memory.allocate(arena, bytes + BEHIND);
        Memory.ALL.asSlice(memory.address(), memory.bytes()).fill((byte) -1);
        return memory;
    }

    @ParameterizedTest
    @EnumSource
    void aProductOfNaNLeavesNothingBehind(PanelType type) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor w = laid(tensors.weights(arena, type.dtype(), 70, 768));
            Tensor x = activations(arena, ROWS, 768);
            Tensor expected = nothing(arena, ROWS, 70);
            new VectorMatrixProduct(WORKERS, true).product(expected, x, w);
            MatrixProduct product = new VectorMatrixProduct(WORKERS, true);
            for (int tokens : TOKENS) {
                product.product(nothing(arena, ROWS, 70), nothing(arena, ROWS, 768), w);
                Tensor y = nothing(arena, tokens, 70);
                product.product(y, x.rowRange(0, tokens), w);
                assertBits(Arrays.copyOf(rows(expected), tokens), y);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = {"F16", "BF16"})
    void blocksWithInfiniteScalesStayAsTheyAre(PanelType type) {
        int[] scales = switch (type) {
            case F16, BF16 -> new int[] {};
            case Q8_0, Q4_0, Q5_0 -> new int[] {0};
            case Q4_1, Q5_1, Q4_K, Q5_K -> new int[] {0, 2};
            case Q3_K -> new int[] {108};
            case Q6_K -> new int[] {208};
        };
        try (Arena arena = Arena.ofConfined()) {
            Tensor w = tensors.weights(arena, type.dtype(), 37, 768);
            for (int at : scales) {
                for (int row : new int[] {0, 15, 16, 36}) {
                    for (long block : new long[] {w.address(row), w.address(row) + w.rowBytes() - type.dtype().blockBytes()}) {
                        short before = Memory.i16(block + at);
                        for (float scale : new float[] {Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN}) {
                            Memory.i16(block + at, Float.floatToFloat16(scale));
                            assertSame(w, PRODUCT.prepared(w), scale + " at " + at + " of a block of row " + row);
                        }
                        Memory.i16(block + at, before);
                    }
                }
            }
            laid(w);
        }
    }

    @ParameterizedTest
    @EnumSource
    void weightsAreReadAsTheyLie(PanelType type) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor w = tensors.weights(arena, type.dtype(), 70, 768);
            byte[] bytes = w.toBytes();
            Tensor laid = laid(w);
            assertSame(laid, PRODUCT.prepared(laid));
            assertEquals(w.address(), laid.address());
            assertArrayEquals(bytes, laid.toBytes());
            assertArrayEquals(w.toFloats(), laid.toFloats());
            assertArrayEquals(w.rowRange(33, 39).toFloats(), laid.rowRange(33, 39).toFloats());
            Tensor x = tensors.view(arena, 3, 256);
            Tensor expected = Tensor.zeros(arena, DType.F32, 3, 70);
            Tensor y = nothing(arena, 3, 70);
            new PlainMatrixProduct().product(expected, x, w.columnRange(256, 512));
            PRODUCT.product(y, x, laid.columnRange(256, 512));
            assertArrayEquals(expected.toFloats(), y.toFloats(), 1e-4f);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void numbersThatFillNoBlocksStayAsTheyAre(PanelType type) {
        for (int inner : new int[] {1, 16, 40, 100, 1000}) {
            try (Arena arena = Arena.ofConfined()) {
                Tensor w = tensors.weights(arena, type.dtype(), 70, inner);
                assertSame(w, PRODUCT.prepared(w));
                for (int tokens : new int[] {1, 7, 14}) {
                    Tensor x = tensors.view(arena, tokens, inner);
                    Tensor expected = Tensor.zeros(arena, DType.F32, tokens, 70);
                    Tensor y = nothing(arena, tokens, 70);
                    new PlainMatrixProduct().product(expected, x, w);
                    PRODUCT.product(y, x, PRODUCT.prepared(w));
                    assertArrayEquals(expected.toFloats(), y.toFloats(), 1e-7f * (inner + 4));
                }
            }
        }
    }

    /// Blocks of different sizes; in row 0 every second number lies between two integers, and in row 1 all but a few are zero.
    private Tensor activations(Arena arena, int rows, int inner) {
        Tensor x = tensors.view(arena, rows, inner);
        for (int t = 0; t < rows; t++) {
            for (int block = 0; block < inner; block += 32) {
                float size = Math.scalb(1f, random.nextInt(-6, 7));
                for (int i = block; i < block + 32; i++) {
                    long at = (long) t * inner + i;
                    x.set(at, t == 0 ? i == block ? 16256 : random.nextInt(-32511, 32512) / 2f
                            : t == 1 && (block % 64 == 0 || i % 8 > 0) ? 0 : x.get(at) * size);
                }
            }
        }
        return x;
    }

    private static Tensor laid(Tensor w) {
        Tensor laid = PRODUCT.prepared(w);
        assertNotSame(w, laid);
        assertTrue(Panels.of(laid).isPresent());
        return laid;
    }

    private static float[][] plain(PanelType type, Tensor x, Tensor w) {
        float[][] y = new float[x.rows()][w.rows()];
        for (int t = 0; t < x.rows(); t++) {
            float[] row = Blocks.row(x, t);
            for (int o = 0; o < w.rows(); o++) {
                y[t][o] = type == PanelType.Q8_0 ? bytes(row, w.address(o)) : numbers(row, Blocks.row(w, o));
            }
        }
        return y;
    }

    private static float bytes(float[] x, long row) {
        float sum = 0;
        for (int b = 0; b < x.length / 32; b++) {
            float max = 0;
            for (int i = 32 * b; i < 32 * b + 32; i++) {
                max = Math.max(max, Math.abs(x[i]));
            }
            float e = max < 1e-34f ? 0 : max / 16256;
            float inverse = max < 1e-34f ? 0 : 16256 / max;
            long block = row + 34L * b;
            int integer = 0;
            for (int i = 0; i < 32; i++) {
                integer += Memory.i8(block + 2 + i) * (int) Math.rint((double) x[32 * b + i] * inverse);
            }
            sum = Math.fma((float) integer, Float.float16ToFloat(Memory.i16(block)) * e, sum);
        }
        return sum;
    }

    private static float numbers(float[] x, float[] w) {
        float sum = 0;
        for (int block = 0; block < x.length; block += 32) {
            float p = 0;
            for (int i = block; i < block + 32; i++) {
                p = Math.fma(w[i], x[i], p);
            }
            sum = p + sum;
        }
        return sum;
    }

    /// A column view of NaN among NaN.
    private static Tensor nothing(Arena arena, int rows, int columns) {
        Tensor tensor = Tensor.zeros(arena, DType.F32, rows, columns + 7);
        Memory.ALL.asSlice(tensor.address(), tensor.bytes()).fill((byte) -1);
        return tensor.columnRange(3, 3 + columns);
    }

    private static float[][] rows(Tensor tensor) {
        return IntStream.range(0, tensor.rows()).mapToObj(t -> Blocks.row(tensor, t)).toArray(float[][]::new);
    }

    private static float[][] columns(float[][] rows, int from, int to) {
        return Stream.of(rows).map(row -> Arrays.copyOfRange(row, from, to)).toArray(float[][]::new);
    }

    /// The same bits in all rows of a view of [#nothing], and still nothing around it.
    private static void assertBits(float[][] expected, Tensor actual) {
        assertEquals(expected.length, actual.rows());
        for (int t = 0; t < expected.length; t++) {
            float[] row = Blocks.row(actual, t);
            if (!Arrays.equals(expected[t], row)) {
                assertArrayEquals(expected[t], row, "row " + t + " of " + actual);
            }
            for (int i = 0; i < 7; i++) {
                long place = actual.address(t) + 4L * (i < 3 ? i - 3 : i - 3 + actual.columns());
                assertEquals(-1, Memory.i32(place), "beside row " + t + " of " + actual);
            }
        }
    }
}
