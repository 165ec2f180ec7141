package dev.heddle.core.kernel;

import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// Sending rows to experts and back. The choice stays in tensors: nobody reads it on the host.
public interface Experts {
    /// Chooses `ids` (i32 [T, active], best first; ties to the lower id) and their weights (f32 [T, active]) from scores.
    ///
    /// @param scores     f32 [T, E], the router's linear output
    /// @param choiceBias [E], added to the scoring for the choice alone (DeepSeek-V3); empty for none
    void choose(Tensor ids, Tensor weights, Tensor scores, Optional<Tensor> choiceBias, Router router);

    /// Sorts the T·active choices by expert: `order` i32 [T·active, 1] lists row·active + choice, `offsets`
    /// i32 [E+1, 1] where each expert's part begins.
    void group(Tensor order, Tensor offsets, Tensor ids);

    /// y[i] = x[order[i] / active].
    void gather(Tensor y, Tensor x, Tensor order, int active);

    /// y[i] = x[i] · w[e]ᵀ for the rows i of expert e.
    ///
    /// @param weights one [O, I] for each expert
    void product(Tensor y, Tensor x, Tensor offsets, Tensor[] weights);

    /// y[t] = Σ_j weights[t,j] · x[position of choice j of row t], j ascending.
    void scatter(Tensor y, Tensor x, Tensor order, Tensor weights);
}
