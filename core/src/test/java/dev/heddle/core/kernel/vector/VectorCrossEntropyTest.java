package dev.heddle.core.kernel.vector;

import dev.heddle.core.tensor.Tensor;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class VectorCrossEntropyTest {
    private final KernelComparison kernels = new KernelComparison();

    @Test
    void lossAndGradient() {
        for (int vocabulary : new int[] {1, Lanes.COUNT - 1, Lanes.COUNT, 63, 1000, 20_001}) {
            for (int rows : new int[] {0, 1, 9}) {
                Tensor logits = kernels.view(rows, vocabulary, 30);
                Tensor dLoss = kernels.view(rows, 1);
                Tensor before = kernels.view(rows, vocabulary);
                int[] targets = new SplittableRandom(3).ints(rows, 0, vocabulary).toArray();
                kernels.compare(rows + " rows of " + vocabulary, 1e-6, k -> {
                    Tensor loss = kernels.output(rows, 1);
                    k.crossEntropy().forward(loss, logits, targets);
                    Tensor dLogits = kernels.copy(before);
                    k.crossEntropy().backward(dLogits, dLoss, logits, targets);
                    return List.of(loss, dLogits);
                });
            }
        }
    }
}
