package dev.heddle.core.kernel.vector;

import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class VectorEmbeddingTest {
    private final KernelComparison kernels = new KernelComparison();

    @Test
    void rowsOfATable() {
        for (KernelComparison.Size size : KernelComparison.SIZES) {
            int columns = size.columns();
            int[] ids = new SplittableRandom(3).ints(size.rows(), 0, 9).toArray();
            for (DType type : List.of(DType.F32, DType.BF16, DType.F16, DType.F64)) {
                Tensor table = kernels.values(type, 1, 9, columns);
                kernels.compare("gather from " + type + " " + size, 1e-7, k -> {
                    Tensor y = kernels.output(ids.length, columns);
                    k.embedding().gather(y, table, ids, 3.5f);
                    Tensor unscaled = kernels.output(ids.length, columns);
                    k.embedding().gather(unscaled, table, ids, 1);
                    return List.of(y, unscaled);
                });
            }
            Tensor x = kernels.view(9, columns);
            Tensor dy = kernels.view(ids.length, columns);
            kernels.compare("pick and gradients " + size, 4e-6, k -> {
                Tensor y = kernels.output(ids.length, columns);
                k.embedding().pick(y, x, ids);
                Tensor dTable = kernels.copy(x);
                k.embedding().gatherGradient(dTable, dy, ids, 0.7f);
                Tensor dx = kernels.copy(x);
                k.embedding().pickGradient(dx, dy, ids);
                return List.of(y, dTable, dx);
            });
        }
    }
}
