package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class VectorRotaryTest {
    private static final Segments SEGMENTS = new Segments(new int[] {0, 1, 1, 80}, new long[] {1000, 5, 31}, new int[] {2, 0, 1});

    private final KernelComparison kernels = new KernelComparison();

    @Test
    void rotation() {
        int heads = 3;
        for (int half : new int[] {1, Lanes.COUNT / 2 - 1, Lanes.COUNT, Lanes.COUNT + 1, 31}) {
            for (int rest : new int[] {0, 5}) {
                int columns = heads * (2 * half + rest);
                Tensor x = kernels.view(SEGMENTS.rows(), columns);
                Tensor cos = kernels.values(SEGMENTS.rows(), half);
                Tensor sin = kernels.values(SEGMENTS.rows(), half);
                for (int way = 0; way < 4; way++) {
                    boolean interleaved = (way & 1) == 1;
                    boolean inverse = (way & 2) == 2;
                    kernels.compare(half + " pairs, way " + way, 2e-7, k -> {
                        Tensor y = kernels.output(SEGMENTS.rows(), columns);
                        k.rotary().rotate(y, x, cos, sin, heads, interleaved, inverse);
                        Tensor inPlace = kernels.copy(x);
                        k.rotary().rotate(inPlace, inPlace, cos, sin, heads, interleaved, inverse);
                        return List.of(y, inPlace);
                    });
                }
            }
        }
    }

    @Test
    void table() {
        float[] frequencies = new float[33];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = (float) Math.pow(10_000, -i / 33.0);
        }
        kernels.compare("table", 0, k -> {
            Tensor cos = kernels.output(SEGMENTS.rows(), frequencies.length);
            Tensor sin = kernels.output(SEGMENTS.rows(), frequencies.length);
            k.rotary().table(cos, sin, frequencies, 1.25f, SEGMENTS);
            return List.of(cos, sin);
        });
    }
}
