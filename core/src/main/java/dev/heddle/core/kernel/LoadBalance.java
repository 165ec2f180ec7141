package dev.heddle.core.kernel;

import dev.heddle.core.spec.MixtureOfExpertsSpec.Router.Scoring;
import dev.heddle.core.tensor.Tensor;

/// How evenly a router uses its experts (Shazeer et al. 2017; Fedus et al. 2022, Switch Transformer, eq. 4–6):
///
/// balance = E · Σ_e f_e · P_e, with f_e the share of the T rows that chose expert e and P_e the mean of p[t,e] over the rows.
///
/// p are the softmax of the scores, or where a router scores by sigmoids those divided by their sum (DeepSeek-V3). With
/// k choices a row, Σ f_e = k, so an even router has k and one that sends every row to the same k experts E. The f_e
/// come from a choice and have no gradient; P_e has one.
public interface LoadBalance {
    /// @param load    f [1, E]
    /// @param balance [1, 1]
    /// @param p       [T, E], kept for [#gradient]
    /// @param scores  [T, E], the router's linear output
    /// @param ids     i32 [T, k], the choice
    void forward(Tensor load, Tensor balance, Tensor p, Tensor scores, Tensor ids, Scoring scoring);

    /// dScores += factor · d balance / d scores:
    ///
    /// softmax: factor·E/T · p_i·(f_i − Σ_e f_e·p_e); sigmoids σ: factor·E/T · p_i·(1−σ_i)·(f_i − Σ_e f_e·p_e).
    void gradient(Tensor dScores, float factor, Tensor load, Tensor p, Tensor scores, Scoring scoring);
}
