package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// Next-token loss of rows of logits.
public interface CrossEntropy {
    /// loss[t] = log Σ_v exp(x[t,v]) − x[t,target[t]].
    ///
    /// @param loss [T, 1]
    void forward(Tensor loss, Tensor logits, int[] targets);

    /// dx[t,v] += dLoss[t] · (softmax(x[t])[v] − [v = target[t]]).
    void backward(Tensor dLogits, Tensor dLoss, Tensor logits, int[] targets);
}
