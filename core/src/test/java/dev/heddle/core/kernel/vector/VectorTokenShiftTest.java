package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class VectorTokenShiftTest {
    private static final Segments SEGMENTS = new Segments(new int[] {0, 1, 1, 80}, new long[] {0, 5, 31}, new int[] {2, 0, 1});

    private final KernelComparison kernels = new KernelComparison();

    @Test
    void agrees() {
        for (int columns : new int[] {1, Lanes.COUNT - 1, Lanes.COUNT, 63, 1000}) {
            int rows = SEGMENTS.rows();
            Tensor x = kernels.view(rows, columns);
            Tensor other = kernels.view(rows, columns);
            Tensor dy = kernels.view(rows, columns);
            Tensor state = kernels.values(3, columns);
            kernels.compare("shift of " + columns, 0, k -> {
                Tensor y = kernels.output(rows, columns);
                Tensor memory = kernels.contiguousCopy(state);
                k.tokenShift().previous(y, x, memory, SEGMENTS);
                Tensor dx = kernels.copy(x);
                k.tokenShift().previousGradient(dx, dy, SEGMENTS);
                return List.of(y, memory, dx);
            });
            for (Tensor weight : List.of(kernels.values(1, columns).reshape(columns), kernels.view(rows, columns))) {
                kernels.compare("interpolation of " + columns, 4e-6, k -> {
                    Tensor y = kernels.output(rows, columns);
                    k.tokenShift().interpolate(y, x, other, weight);
                    Tensor inPlace = kernels.copy(x);
                    k.tokenShift().interpolate(inPlace, inPlace, other, weight);
                    Tensor dFrom = kernels.copy(x);
                    Tensor dTo = kernels.copy(other);
                    Tensor dWeight = weight.rank() == 1 ? kernels.contiguousCopy(weight) : kernels.copy(weight);
                    k.tokenShift().interpolateGradient(dFrom, dTo, dWeight, dy, x, other, weight);
                    return List.of(y, inPlace, dFrom, dTo, dWeight);
                });
            }
        }
    }
}
