package dev.heddle.core.op;

import dev.heddle.core.kernel.Experts;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;

/// Sends the rows of a pass to their experts and adds up what comes back; the equations stand at [Experts]. Which row
/// went where stays in tensors, so nothing is read on the host.
///
/// Backward: gradients pass through the chosen experts and, by the weights of the sum, into the router's scores; the
/// choice has none. In a training the router's load-balancing loss adds its gradient to the scores.
public final class ExpertDispatch {
    private final int active;
    private final Tensor weights;
    private final Tensor order;
    private final Tensor place;
    private final Tensor offsets;

    private ExpertDispatch(int active, Tensor weights, Tensor order, Tensor place, Tensor offsets) {
        this.active = active;
        this.weights = weights;
        this.order = order;
        this.place = place;
        this.offsets = offsets;
    }

    /// @param scores     [T, E], the router's linear output
    /// @param choiceBias [E], added for the choice alone
    public static ExpertDispatch of(Pass pass, Tensor scores, Optional<Tensor> choiceBias, MixtureOfExpertsSpec spec) {
        Shapes.columns("router scores", scores, spec.experts());
        choiceBias.ifPresent(bias -> Shapes.elements("choice bias", bias, spec.experts()));
        Experts experts = pass.kernels().experts();
        long choices = (long) scores.rows() * spec.active();
        Tensor ids = pass.take(DType.I32, scores.rows(), spec.active());
        Tensor weights = pass.take(scores.rows(), spec.active());
        Tensor order = pass.take(DType.I32, choices, 1);
        Tensor place = pass.take(DType.I32, choices, 1);
        Tensor offsets = pass.take(DType.I32, spec.experts() + 1L, 1);
        experts.choose(ids, weights, scores, choiceBias, spec.router());
        LoadBalance.apply(pass, scores, ids, choiceBias, spec.router());
        pass.record(() -> pass.kernels().experts().chooseGradient(pass.gradient(scores), pass.gradient(weights), scores, ids,
                spec.router()));
        experts.group(order, place, offsets, ids);
        return new ExpertDispatch(spec.active(), weights, order, place, offsets);
    }

    /// Rows of `x` in the order of their experts, [T·active, D].
    public Tensor gather(Pass pass, Tensor x) {
        Shapes.rows("expert input", x, weights.rows());
        Tensor y = pass.take(order.rows(), x.columns());
        pass.kernels().experts().gather(y, x, order, active);
        pass.record(() -> pass.kernels().experts().gatherGradient(pass.gradient(x), pass.gradient(y), place, active));
        return y;
    }

    /// Each row times its expert's matrix.
    ///
    /// @param x        [T·active, I]
    /// @param matrices one [O, I] for each expert
    /// @return [T·active, O]
    public Tensor product(Pass pass, Tensor x, Tensor[] matrices) {
        Shapes.rows("rows of experts", x, order.rows());
        Shapes.columns("rows of experts", x, matrices[0].columns());
        Tensor y = pass.take(x.rows(), matrices[0].rows());
        pass.kernels().experts().product(y, x, offsets, matrices);
        pass.record(() -> {
            Tensor dy = pass.gradient(y);
            pass.kernels().experts().inputGradient(pass.gradient(x), dy, offsets, matrices);
            Tensor[] gradients = Arrays.stream(matrices).map(pass::gradient).toArray(Tensor[]::new);
            pass.kernels().experts().weightGradient(gradients, dy, x, offsets);
        });
        return y;
    }

    /// The weighted sum of each row's experts, [T, D].
    public Tensor scatter(Pass pass, Tensor x, int width) {
        Shapes.rows("expert output", x, order.rows());
        Shapes.columns("expert output", x, width);
        Tensor y = pass.take(weights.rows(), width);
        pass.kernels().experts().scatter(y, x, place, weights);
        pass.record(() -> pass.kernels().experts().scatterGradient(pass.gradient(x), pass.gradient(weights), pass.gradient(y),
                x, place, weights));
        return y;
    }
}
