package dev.heddle.core.kernel.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.core.kernel.Kernels;
import dev.heddle.core.kernel.StateRounding;
import dev.heddle.core.kernel.plain.PlainKernels;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class VectorStateRoundingTest {
    private static final int[] SLOTS = {4, 0, 2};
    private static final int[] SEEDS = {StateRounding.seed(9, 3), StateRounding.seed(1L << 40, 0), -7};

    private final KernelComparison kernels = new KernelComparison();

    private Tensor stored(DType type, int n) {
        return kernels.values(type, 0, 5, type == DType.I8 ? StateRounding.int8Bytes(n) : n);
    }

    private static float[] rounded(Kernels kernel, Tensor stored, Tensor x, int[] slots, int[] seeds) {
        kernel.stateRounding().round(stored, slots, x, seeds);
        try (Arena arena = Arena.ofConfined()) {
            Tensor y = Tensor.zeros(arena, DType.F32, x.shape());
            kernel.stateRounding().expand(y, stored, slots);
            return y.toFloats();
        }
    }

    /// Plain loops and vectors, one thread and two: the same bits, over sizes that end within groups, vectors and stretches.
    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"BF16", "I8"})
    void agrees(DType type) {
        for (int n : new int[] {1, Lanes.COUNT - 1, 31, 32, 33, 64, 1000, 8192 + 40, 20_000}) {
            Tensor x = kernels.view(SLOTS.length, n, 3);
            x.set(n / 2, 0);
            kernels.compare(type + ", " + n + " numbers", 0, kernel -> {
                Tensor stored = stored(type, n);
                kernel.stateRounding().round(stored, SLOTS, x, SEEDS);
                Tensor y = kernels.output(SLOTS.length, n);
                kernel.stateRounding().expand(y, stored, SLOTS);
                return List.of(y, stored);
            });
        }
    }

    /// Each number becomes one of its neighbours, and all rounded numbers together are as large as the exact ones.
    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"BF16", "I8"})
    void isUnbiased(DType type) {
        int n = 1 << 16;
        Tensor x = kernels.values(1, n);
        float[] exact = x.toFloats();
        float[] rounded = rounded(new PlainKernels(), kernels.values(type, 0, 1, type == DType.I8 ? StateRounding.int8Bytes(n) : n), x,
                new int[] {0}, new int[] {5});
        double error = 0;
        double squares = 0;
        for (int i = 0; i < n; i++) {
            double unit = type == DType.BF16 ? Math.ulp(exact[i]) * 65536 : 1.0 / 127;
            double difference = rounded[i] - (double) exact[i];
            assertTrue(Math.abs(difference) <= unit * 1.001, exact[i] + " became " + rounded[i]);
            error += difference;
            squares += difference * difference;
        }
        // independent errors: their sum is within four standard deviations of zero
        assertTrue(Math.abs(error) < 4 * Math.sqrt(squares), error + ", standard deviation " + Math.sqrt(squares));
    }

    /// What is stored is stored again as it is.
    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"BF16", "I8"})
    void keepsWhatNeedsNoRounding(DType type) {
        try (Arena arena = Arena.ofConfined()) {
            float[] values = {0, -0f, 1, -1, 0.5f, -63.5f / 127, 127f / 127};
            float[] exact = type == DType.BF16 ? values : new float[] {0, 0, 1, -1, 127, -126, 3};
            Tensor x = Tensor.of(arena, exact, 1, exact.length);
            float[] once = rounded(new PlainKernels(), kernels.values(type, 0, 1, type == DType.I8 ? StateRounding.int8Bytes(7) : 7), x,
                    new int[] {0}, new int[] {3});
            for (int i = 0; i < 7; i++) {
                if (type == DType.I8 || Memory.toBfloat16(exact[i]) << 16 == Float.floatToRawIntBits(exact[i])) {
                    assertEquals(exact[i], once[i]);
                }
            }
        }
    }

    /// A state S ← a·S + b with a slow decay, from zero to its limit b/(1 − a): stochastic rounding gets there, rounding to the
    /// nearest bf16 stops as soon as a step is less than half a unit in the last place.
    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"BF16", "I8"})
    void slowDecaysDoNotStandStill(DType type) {
        double decay = 1 - 1.0 / 2000;
        int n = 256;
        int steps = 10_000;
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = Tensor.zeros(arena, DType.F32, 1, n);
            Tensor stored = kernels.values(type, 0, 1, type == DType.I8 ? StateRounding.int8Bytes(n) : n);
            Kernels plain = new PlainKernels();
            float nearest = 0;
            float exact = 0;
            for (int t = 0; t < steps; t++) {
                plain.stateRounding().expand(x, stored, new int[] {0});
                for (int i = 0; i < n; i++) {
                    Memory.f32(x.address() + 4L * i, (float) (Memory.f32(x.address() + 4L * i) * decay + 1.0 / 2000));
                }
                plain.stateRounding().round(stored, new int[] {0}, x, new int[] {StateRounding.seed(t, 0)});
                nearest = Float.intBitsToFloat(Memory.toBfloat16((float) (nearest * decay + 1.0 / 2000)) << 16);
                exact = (float) (exact * decay + 1.0 / 2000);
            }
            plain.stateRounding().expand(x, stored, new int[] {0});
            double mean = IntStream.range(0, n).mapToDouble(x::get).average().orElseThrow();
            assertEquals(exact, mean, 0.02, "stochastic");
            assertTrue(nearest < 0.3, "to the nearest: " + nearest);
        }
    }

    @Test
    void whatIsNotFiniteStaysSo() {
        float[] values = new float[40];
        values[3] = Float.NaN;
        values[35] = Float.POSITIVE_INFINITY;
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = Tensor.of(arena, values, 1, values.length);
            float[] bf16 = rounded(new PlainKernels(), kernels.values(DType.BF16, 0, 1, 40), x, new int[] {0}, new int[] {3});
            assertArrayEquals(values, bf16);
            float[] int8 = rounded(new PlainKernels(), kernels.values(DType.I8, 0, 1, StateRounding.int8Bytes(40)), x, new int[] {0}, new int[] {3});
            assertTrue(Float.isNaN(int8[3]) && !Float.isFinite(int8[35]), int8[3] + ", " + int8[35]);
        }
    }
}
