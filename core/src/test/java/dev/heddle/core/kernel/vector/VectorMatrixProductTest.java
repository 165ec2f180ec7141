package dev.heddle.core.kernel.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.core.kernel.MatrixProduct;
import dev.heddle.core.kernel.plain.PlainMatrixProduct;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The fast products against the plain loops, and against themselves where bits must not differ.
public class VectorMatrixProductTest {
    private static final int[] INNER = {0, 1, Lanes.COUNT - 1, Lanes.COUNT, Lanes.COUNT + 1, 63, 64, 65, 1000, 2100};
    private static final int[] OUTER = {0, 1, 3, 4, 31, 32, 33, 65};
    private static final int[] TOKENS = {0, 1, 2, 3, 4, 5, 8, 9, 13, 33};

    private static final Workers WORKERS = new Workers(2);
    private static final MatrixProduct PLAIN = new PlainMatrixProduct();
    private static final MatrixProduct VECTOR = new VectorMatrixProduct(WORKERS);

    private final Random random = new Random(7);

    @AfterAll
    static void close() {
        WORKERS.close();
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F16"})
    void productMatchesThePlainLoops(DType type) {
        for (int inner : INNER) {
            for (int outer : OUTER) {
                for (int tokens : TOKENS) {
                    try (Arena arena = Arena.ofConfined()) {
                        Tensor x = view(arena, tokens, inner);
                        Tensor w = random(arena, type, outer, inner);
                        Tensor expected = view(arena, tokens, outer);
                        Tensor actual = view(arena, tokens, outer);
                        PLAIN.product(expected, x, w);
                        VECTOR.product(actual, x, w);
                        close(expected, actual, inner, type + " T=" + tokens + " I=" + inner + " O=" + outer);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F16"})
    void anOutputHasTheSameBitsHoweverManyRowsAreComputed(DType type) {
        for (int inner : new int[] {1, 63, 64, 1000, 2100}) {
            try (Arena arena = Arena.ofConfined(); Workers one = new Workers(1)) {
                Tensor x = random(arena, DType.F32, 37, inner);
                Tensor w = random(arena, type, 70, inner);
                Tensor all = Tensor.zeros(arena, DType.F32, 37, 70);
                VECTOR.product(all, x, w);
                for (int tokens : new int[] {1, 2, 3, 4, 7, 8, 9, 12, 37}) {
                    for (MatrixProduct product : new MatrixProduct[] {VECTOR, new VectorMatrixProduct(one)}) {
                        Tensor some = Tensor.zeros(arena, DType.F32, tokens, 70);
                        product.product(some, x.rowRange(37 - tokens, 37), w);
                        assertArrayEquals(all.rowRange(37 - tokens, 37).toFloats(), some.toFloats(), type + " " + tokens + " x " + inner);
                        Tensor few = Tensor.zeros(arena, DType.F32, tokens, 5);
                        product.product(few, x.rowRange(37 - tokens, 37), w.rowRange(41, 46));
                        assertArrayEquals(all.rowRange(37 - tokens, 37).columnRange(41, 46).toFloats(), few.toFloats());
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 20})
    void productsEqualsOneProductEach(int tokens) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = random(arena, DType.F32, tokens, 100);
            int[] outer = {1, 70, 0, 33};
            DType[] types = {DType.BF16, DType.F32, DType.BF16, DType.F16};
            Tensor[] w = new Tensor[4];
            Tensor[] together = new Tensor[4];
            for (int k = 0; k < 4; k++) {
                w[k] = random(arena, types[k], outer[k], 100);
                together[k] = Tensor.zeros(arena, DType.F32, tokens, outer[k]);
            }
            VECTOR.products(together, x, w);
            for (int k = 0; k < 4; k++) {
                Tensor alone = Tensor.zeros(arena, DType.F32, tokens, outer[k]);
                VECTOR.product(alone, x, w[k]);
                assertArrayEquals(alone.toFloats(), together[k].toFloats());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F16"})
    void inputGradientMatchesThePlainLoops(DType type) {
        for (int inner : INNER) {
            for (int outer : new int[] {0, 1, 5, 64, 300}) {
                for (int tokens : new int[] {0, 1, 3, 4, 65}) {
                    try (Arena arena = Arena.ofConfined()) {
                        Tensor dy = view(arena, tokens, outer);
                        Tensor w = random(arena, type, outer, inner);
                        Tensor expected = view(arena, tokens, inner);
                        Tensor actual = view(arena, tokens, inner);
                        actual.copyFrom(expected.toFloats());
                        PLAIN.inputGradient(expected, dy, w);
                        VECTOR.inputGradient(actual, dy, w);
                        close(expected, actual, outer, type + " T=" + tokens + " I=" + inner + " O=" + outer);
                    }
                }
            }
        }
    }

    @Test
    void weightGradientMatchesThePlainLoops() {
        for (int inner : INNER) {
            for (int outer : new int[] {0, 1, 5, 64, 131}) {
                for (int tokens : new int[] {0, 1, 3, 64, 300}) {
                    try (Arena arena = Arena.ofConfined()) {
                        Tensor dy = view(arena, tokens, outer);
                        Tensor x = view(arena, tokens, inner);
                        Tensor expected = view(arena, outer, inner);
                        Tensor actual = view(arena, outer, inner);
                        actual.copyFrom(expected.toFloats());
                        PLAIN.weightGradient(expected, dy, x);
                        VECTOR.weightGradient(actual, dy, x);
                        close(expected, actual, tokens, "T=" + tokens + " I=" + inner + " O=" + outer);
                    }
                }
            }
        }
    }

    @Test
    void everyHalfUnpacksExactly() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor identity = Tensor.zeros(arena, DType.F32, 1, 65536);
            for (DType type : new DType[] {DType.F16, DType.BF16}) {
                Tensor all = Tensor.zeros(arena, type, 1, 65536);
                for (int i = 0; i < 65536; i++) {
                    Memory.i16(all.address() + 2L * i, (short) i);
                }
                if (type == DType.F16) {
                    RowsFloat16.unpack(identity.address(), all.address(), 65536);
                } else {
                    RowsBfloat16.unpack(identity.address(), all.address(), 65536);
                }
                for (int i = 0; i < 65536; i++) {
                    assertEquals(all.get(i), identity.get(i), type + " " + Integer.toHexString(i));
                }
            }
        }
    }

    /// Infinities and NaN among halves reach their own row's output and no other.
    @Test
    void specialHalves() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = random(arena, DType.F32, 1, 100);
            Tensor w = random(arena, DType.F16, 6, 100);
            x.set(40, 1);
            w.set(140, Float.POSITIVE_INFINITY);
            w.set(440, Float.NaN);
            Tensor y = Tensor.zeros(arena, DType.F32, 1, 6);
            VECTOR.product(y, x, w);
            Tensor expected = Tensor.zeros(arena, DType.F32, 1, 6);
            PLAIN.product(expected, x, w);
            close(expected, y, 100, "infinity in row 1, NaN in row 4");
            assertEquals(Float.POSITIVE_INFINITY, y.get(1));
            assertEquals(Float.NaN, y.get(4));
        }
    }

    @Test
    void shapesThatDoNotFitAreRefused() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = Tensor.zeros(arena, DType.F32, 2, 8);
            Tensor y = Tensor.zeros(arena, DType.F32, 2, 3);
            assertThrows(IllegalArgumentException.class, () -> VECTOR.product(y, x, Tensor.zeros(arena, DType.F32, 3, 9)));
            assertThrows(IllegalArgumentException.class, () -> VECTOR.product(y, x, Tensor.zeros(arena, DType.I8, 3, 8)));
            assertThrows(IllegalArgumentException.class, () -> VECTOR.product(y, x, Tensor.zeros(arena, DType.F32, 4, 8)));
            assertThrows(IllegalArgumentException.class, () -> VECTOR.inputGradient(y, x, Tensor.zeros(arena, DType.F32, 3, 8)));
            assertThrows(IllegalArgumentException.class, () -> VECTOR.weightGradient(y, x, x));
        }
    }

    private Tensor random(Arena arena, DType type, int rows, int columns) {
        Tensor tensor = Tensor.zeros(arena, type, rows, columns);
        for (int i = 0; i < rows * columns; i++) {
            tensor.set(i, random.nextFloat(-1, 1));
        }
        return tensor;
    }

    /// A column view, whose rows lie further apart than its columns.
    private Tensor view(Arena arena, int rows, int columns) {
        return random(arena, DType.F32, rows, columns + 7).columnRange(3, 3 + columns);
    }

    /// Both sums round differently: the error of each grows with the number of terms, at worst linearly.
    private static void close(Tensor expected, Tensor actual, int terms, String what) {
        float tolerance = 1e-7f * (terms + 4);
        assertArrayEquals(expected.toFloats(), actual.toFloats(), tolerance, what);
    }
}
