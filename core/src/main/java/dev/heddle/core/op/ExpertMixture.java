package dev.heddle.core.op;

import dev.heddle.core.kernel.Experts;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/// y[t] = Σ_j w[t,j]·expert_{e(t,j)}[t]: the outputs of experts that have all seen all rows, each row taking those its
/// router chose. Which these are stays in tensors, so nothing is read on the host.
///
/// Backward: dexpert_e[t] += w[t,j]·dy[t] where e was chosen, and by the weights into the router's scores.
public final class ExpertMixture {
    private ExpertMixture() {
    }

    /// @param scores     [T, E], the router's linear output
    /// @param choiceBias [E], added for the choice alone
    /// @param outputs    [T, D] of each expert
    /// @return [T, D]
    public static Tensor apply(Pass pass, Tensor scores, Optional<Tensor> choiceBias, Router router, int active,
            List<Tensor> outputs) {
        Shapes.columns("router scores", scores, outputs.size());
        int rows = scores.rows();
        int width = outputs.getFirst().columns();
        Experts experts = pass.kernels().experts();
        Tensor ids = pass.take(DType.I32, rows, active);
        Tensor weights = pass.take(rows, active);
        Tensor place = pass.take(DType.I32, (long) rows * active, 1);
        Tensor stacked = pass.take((long) rows * outputs.size(), width);
        experts.choose(ids, weights, scores, choiceBias, router);
        LoadBalance.apply(pass, scores, ids, choiceBias, router);
        pass.record(() -> experts.chooseGradient(pass.gradient(scores), pass.gradient(weights), scores, ids, router));
        for (int e = 0; e < outputs.size(); e++) {
            stack(pass, stacked.rowRange((long) e * rows, (e + 1L) * rows), outputs.get(e));
        }
        experts.placeAmongAll(place, ids);
        Tensor y = pass.take(rows, width);
        experts.scatter(y, stacked, place, weights);
        pass.record(() -> experts.scatterGradient(pass.gradient(stacked), pass.gradient(weights), pass.gradient(y), stacked,
                place, weights));
        return y;
    }

    private static void stack(Pass pass, Tensor part, Tensor output) {
        Shapes.same("expert output", output, part);
        pass.kernels().elementwise().copy(part, output);
        pass.record(() -> {
            Tensor gradient = pass.gradient(output);
            pass.kernels().elementwise().add(gradient, gradient, pass.gradient(part), 1);
        });
    }
}
