package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.Experts;
import dev.heddle.core.kernel.Kernels;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VectorExpertsTest {
    private static final int EXPERTS = 5;

    private final KernelComparison kernels = new KernelComparison();

    /// Experts of many rows, of few and of none.
    @ParameterizedTest
    @CsvSource({"0, 16, 8, 2", "1, 1, 1, 1", "1, 64, 33, 2", "30, 63, 65, 2", "9, 17, 1000, 3"})
    void dispatch(int rows, int inner, int outer, int active) {
        int choices = rows * active;
        Tensor ids = kernels.values(DType.I32, 0, rows, active);
        SplittableRandom random = new SplittableRandom(1);
        for (int c = 0; c < choices; c++) {
            Memory.i32(ids.address() + 4L * c, random.nextInt(EXPERTS - 1)); // the last has none
        }
        Tensor x = kernels.view(rows, inner);
        Tensor gate = kernels.view(rows, 1);
        Tensor shared = kernels.view(rows, outer);
        Tensor shares = kernels.view(rows, active);
        Tensor dy = kernels.view(rows, outer);
        Tensor[] w = IntStream.range(0, EXPERTS).mapToObj(_ -> kernels.values(DType.BF16, 0.2, outer, inner)).toArray(Tensor[]::new);
        Tensor[] zeros = IntStream.range(0, EXPERTS).mapToObj(_ -> kernels.values(DType.F32, 0, outer, inner)).toArray(Tensor[]::new);
        kernels.compare(rows + " rows, " + inner + " to " + outer, 1e-5, k -> {
            Tensor order = kernels.values(DType.I32, 0, choices, 1);
            Tensor place = kernels.values(DType.I32, 0, choices, 1);
            Tensor offsets = kernels.values(DType.I32, 0, EXPERTS + 1, 1);
            Experts experts = k.experts();
            experts.group(order, place, offsets, ids);
            Tensor gathered = kernels.output(choices, inner);
            experts.gather(gathered, x, order, active);
            Tensor products = kernels.output(choices, outer);
            experts.product(products, gathered, offsets, w);
            Tensor y = kernels.output(rows, outer);
            experts.scatter(y, products, place, shares);
            Tensor sum = kernels.output(rows, outer);
            experts.addShared(sum, y, shared, gate);
            List<Tensor> outputs = new ArrayList<>(List.of(gathered, products, y, sum));
            outputs.addAll(gradients(k, order, place, offsets, gathered, products, active, x, w, zeros, shares, shared, gate, dy));
            return outputs;
        });
    }

    private List<Tensor> gradients(Kernels k, Tensor order, Tensor place, Tensor offsets, Tensor gathered, Tensor products,
            int active, Tensor x, Tensor[] w, Tensor[] zeros, Tensor shares, Tensor shared, Tensor gate, Tensor dy) {
        Experts experts = k.experts();
        Tensor dProducts = kernels.copy(products);
        Tensor dShares = kernels.copy(shares);
        experts.scatterGradient(dProducts, dShares, dy, products, place, shares);
        Tensor dGathered = kernels.copy(gathered);
        experts.inputGradient(dGathered, dProducts, offsets, w);
        Tensor[] dw = IntStream.range(0, EXPERTS).mapToObj(e -> kernels.contiguousCopy(zeros[e])).toArray(Tensor[]::new);
        experts.weightGradient(dw, dProducts, gathered, offsets);
        Tensor dx = kernels.copy(x);
        experts.gatherGradient(dx, dGathered, place, active);
        Tensor dShared = kernels.copy(shared);
        Tensor dGate = kernels.copy(gate);
        experts.addSharedGradient(dShared, dGate, dy, shared, gate);
        List<Tensor> outputs = new ArrayList<>(List.of(dProducts, dShares, dGathered, dx, dShared, dGate));
        outputs.addAll(List.of(dw));
        return outputs;
    }
}
