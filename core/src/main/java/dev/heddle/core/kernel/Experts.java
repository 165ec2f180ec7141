package dev.heddle.core.kernel;

import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// Sending rows to experts and back. The choice stays in tensors: nobody reads it on the host.
///
/// T rows have `active` choices each; the choice j of row t is number t·active + j. Sorted by expert, the choices
/// take the places i of the rows the experts read: `order[i]` is the choice at place i, `place[c]` the place of
/// choice c. Gradient kernels add to their outputs.
public interface Experts {
    /// Chooses `ids` (i32 [T, active], best first; ties to the lower id) and their weights (f32 [T, active]) from scores.
    ///
    /// With s = softmax(scores) or σ(scores), or the scores themselves where the softmax follows the choice, an expert
    /// is chosen by s + choiceBias among those of the best groups (see [Router]); its weight is its s, divided by the
    /// sum of the chosen where [Router#normalise] says so, times [Router#scale].
    ///
    /// @param scores     f32 [T, E], the router's linear output
    /// @param choiceBias [E]
    void choose(Tensor ids, Tensor weights, Tensor scores, Optional<Tensor> choiceBias, Router router);

    /// dScores += what [#choose] passes on from dWeights; the choice itself has no gradient.
    void chooseGradient(Tensor dScores, Tensor dWeights, Tensor scores, Tensor ids, Router router);

    /// Sorts the T·active choices by expert, each expert's in the order of their rows.
    ///
    /// @param order   i32 [T·active, 1]
    /// @param place   i32 [T·active, 1]
    /// @param offsets i32 [E+1, 1], where each expert's places begin
    void group(Tensor order, Tensor place, Tensor offsets, Tensor ids);

    /// place[t·active + j] = ids[t,j]·T + t: where the choices lie if all experts have seen all rows and their outputs
    /// follow one another, expert after expert.
    ///
    /// @param place i32 [T·active, 1]
    void placeAmongAll(Tensor place, Tensor ids);

    /// y[i] = x[order[i] / active].
    void gather(Tensor y, Tensor x, Tensor order, int active);

    /// dx[t] += Σ_j dy[place[t·active + j]], j ascending.
    void gatherGradient(Tensor dx, Tensor dy, Tensor place, int active);

    /// y[i] = x[i] · w[e]ᵀ for the places i of expert e.
    ///
    /// @param weights one [O, I] for each expert
    void product(Tensor y, Tensor x, Tensor offsets, Tensor[] weights);

    /// dx[i] += dy[i] · w[e] for the places i of expert e.
    void inputGradient(Tensor dx, Tensor dy, Tensor offsets, Tensor[] weights);

    /// dw[e] += Σ_i dy[i]ᵀ · x[i] over the places i of expert e.
    void weightGradient(Tensor[] dWeights, Tensor dy, Tensor x, Tensor offsets);

    /// y[t] = Σ_j weights[t,j] · x[place[t·active + j]], j ascending.
    void scatter(Tensor y, Tensor x, Tensor place, Tensor weights);

    /// dx[place of (t,j)] += weights[t,j] · dy[t]; dWeights[t,j] += dy[t] · x[place of (t,j)].
    void scatterGradient(Tensor dx, Tensor dWeights, Tensor dy, Tensor x, Tensor place, Tensor weights);

    /// y[t] = routed[t] + σ(gate[t]) · shared[t].
    ///
    /// @param gate [T, 1]
    void addShared(Tensor y, Tensor routed, Tensor shared, Tensor gate);

    /// dShared[t] += σ(gate[t]) · dy[t]; dGate[t] += σ′(gate[t]) · (dy[t] · shared[t]). The gradient towards `routed` is dy.
    void addSharedGradient(Tensor dShared, Tensor dGate, Tensor dy, Tensor shared, Tensor gate);
}
