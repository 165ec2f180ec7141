package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.pass.RouterLoad;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// Adds the gradient of a router's load-balancing loss to that of its scores, and notes how it used its experts; the
/// equation stands at [dev.heddle.core.kernel.LoadBalance]. The loss itself is added to nothing: nobody needs its value
/// to go on.
final class LoadBalance {
    private LoadBalance() {
    }

    /// @param scores [T, E]
    /// @param ids    i32 [T, k], the choice
    static void apply(Pass pass, Tensor scores, Tensor ids, Optional<Tensor> choiceBias, Router router) {
        if (!pass.taped() || !pass.training().routers().watched()) {
            return;
        }
        Tensor load = pass.takeLasting(1, scores.columns());
        Tensor balance = pass.takeLasting(1, 1);
        Tensor p = pass.take(scores.rows(), scores.columns());
        pass.kernels().loadBalance().forward(load, balance, p, scores, ids, router.scoring());
        pass.note(new RouterLoad(load, balance, choiceBias));
        float factor = (float) pass.training().routers().balance();
        if (factor != 0) {
            pass.record(() -> pass.kernels().loadBalance().gradient(pass.gradient(scores), factor, load, p, scores,
                    router.scoring()));
        }
    }
}
