package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.AttentionDifference.Share;
import dev.heddle.core.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class VectorAttentionDifferenceTest {
    private final KernelComparison kernels = new KernelComparison();

    @Test
    void difference() {
        Share share = new Share(kernels.values(1, 64), kernels.values(1, 64), kernels.values(1, 64), kernels.values(1, 64),
                0.3f);
        for (KernelComparison.Size size : KernelComparison.SIZES) {
            int rows = size.rows();
            int columns = size.columns();
            Tensor a = kernels.view(rows, columns);
            Tensor b = kernels.view(rows, columns);
            // λ is an exponential of a sum of 64 products
            kernels.compare("difference of " + rows + " × " + columns, 2e-5, k -> {
                Tensor y = kernels.output(rows, columns);
                k.attentionDifference().forward(y, a, b, share);
                return List.of(y);
            });
        }
    }
}
