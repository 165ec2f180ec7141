package dev.heddle.core.kernel.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Half-precision numbers as floats, by both ways of making them.
class HalfPrecisionTest {
    @Test
    void everyHalfIsTheFloatThatJavaMakesOfIt() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor halves = Tensor.zeros(arena, DType.F16, 1, 1 << 16);
            for (int i = 0; i < 1 << 16; i++) {
                Memory.i16(halves.address() + 2L * i, (short) i);
            }
            Tensor floats = Tensor.zeros(arena, DType.F32, 1, Lanes.COUNT);
            for (int i = 0; i < 1 << 16; i += Lanes.COUNT) {
                Lanes.store(Lanes.loadFloat16(halves.address() + 2L * i), floats.address());
                for (int j = 0; j < Lanes.COUNT; j++) {
                    assertEquals(Float.float16ToFloat((short) (i + j)), floats.get(j), "half " + (i + j));
                }
                Lanes.store(Lanes.loadFiniteFloat16(halves.address() + 2L * i), floats.address());
                for (int j = 0; j < Lanes.COUNT; j++) {
                    float expected = Float.float16ToFloat((short) (i + j));
                    if (Float.isFinite(expected)) {
                        assertEquals(Float.floatToRawIntBits(expected), Float.floatToRawIntBits(floats.get(j)), "finite half " + (i + j));
                    }
                }
            }
        }
    }

    @Test
    void productsHaveTheSameBitsBothWays() {
        SplittableRandom random = new SplittableRandom(3);
        try (Arena arena = Arena.ofConfined()) {
            for (int n : new int[] {1, 16, 100, 1024}) {
                Tensor w = Tensor.zeros(arena, DType.F16, 1, n);
                Tensor x = Tensor.zeros(arena, DType.F32, 1, n);
                Tensor y = Tensor.zeros(arena, DType.F32, 1, 2);
                for (int i = 0; i < n; i++) {
                    // a third of them subnormal
                    Memory.i16(w.address() + 2L * i, (short) (random.nextInt(i % 3 == 0 ? 0x400 : 0x7c00) | random.nextInt(2) << 15));
                    x.set(i, random.nextInt(-1000, 1000) / 1000f);
                }
                assertTrue(RowsFloat16.finite(y.address(), x.address(), w.address(), n));
                assertTrue(RowsFloat16.finiteWithoutSubnormals(y.address() + 4, x.address(), w.address(), n));
                assertEquals(y.get(0), y.get(1));
                if (n >= Lanes.COUNT) {
                    for (int special : new int[] {0x7c00, 0xfc00, 0x7e01}) {
                        Memory.i16(w.address() + 2 * 7, (short) special);
                        assertFalse(RowsFloat16.finite(y.address(), x.address(), w.address(), n));
                        assertFalse(RowsFloat16.finiteWithoutSubnormals(y.address(), x.address(), w.address(), n));
                    }
                }
            }
        }
    }
}
