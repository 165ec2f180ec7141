package dev.heddle.core.op;

import dev.heddle.core.kernel.Experts;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// Sends the rows of a pass to their experts and adds up what comes back. Which row went where stays in tensors,
/// so nothing is read on the host.
public final class ExpertDispatch {
    private final int active;
    private final Tensor weights;
    private final Tensor order;
    private final Tensor offsets;

    private ExpertDispatch(int active, Tensor weights, Tensor order, Tensor offsets) {
        this.active = active;
        this.weights = weights;
        this.order = order;
        this.offsets = offsets;
    }

    /// @param scores [T, E], the router's linear output
    public static ExpertDispatch of(Pass pass, Tensor scores, MixtureOfExpertsSpec spec) {
        return of(pass, scores, Optional.empty(), spec);
    }

    /// @param choiceBias [E], added for the choice alone
    public static ExpertDispatch of(Pass pass, Tensor scores, Optional<Tensor> choiceBias, MixtureOfExpertsSpec spec) {
        Shapes.columns("router scores", scores, spec.experts());
        Gradients.unavailable(pass, "ExpertDispatch");
        Experts experts = pass.kernels().experts();
        int choices = scores.rows() * spec.active();
        Tensor ids = pass.take(DType.I32, scores.rows(), spec.active());
        Tensor weights = pass.take(scores.rows(), spec.active());
        Tensor order = pass.take(DType.I32, choices, 1);
        Tensor offsets = pass.take(DType.I32, spec.experts() + 1L, 1);
        experts.choose(ids, weights, scores, choiceBias, spec.router());
        experts.group(order, offsets, ids);
        return new ExpertDispatch(spec.active(), weights, order, offsets);
    }

    /// Rows of `x` in the order of their experts, [T·active, D].
    public Tensor gather(Pass pass, Tensor x) {
        Tensor y = pass.take(order.rows(), x.columns());
        pass.kernels().experts().gather(y, x, order, active);
        return y;
    }

    /// Each row times its expert's matrix.
    public Tensor product(Pass pass, Tensor x, Tensor[] weights) {
        Shapes.columns("expert input", x, weights[0].columns());
        Tensor y = pass.take(x.rows(), weights[0].rows());
        pass.kernels().experts().product(y, x, offsets, weights);
        return y;
    }

    public Tensor gate(Pass pass, Tensor gate, Tensor up, Activation activation) {
        return Gate.apply(pass, gate, up, activation);
    }

    public Tensor activate(Pass pass, Tensor x, Activation activation) {
        return Activate.apply(pass, x, activation);
    }

    /// The weighted sum of each row's experts, [T, D].
    public Tensor scatter(Pass pass, Tensor x, int width) {
        Shapes.columns("expert output", x, width);
        Tensor y = pass.take(weights.rows(), width);
        pass.kernels().experts().scatter(y, x, order, weights);
        return y;
    }
}
