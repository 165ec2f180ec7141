package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;

/// How far the distribution of one row of logits is from that of another (Kullback & Leibler 1951): with p = softmax(a) and
/// q = softmax(b), KL(p‖q) = Σ_v p[v]·(log p[v] − log q[v]) ≥ 0 nats.
public interface KullbackLeibler {
    /// loss[t] = KL(softmax(a[t]) ‖ softmax(b[t])); exactly 0 where the rows are the same.
    ///
    /// @param loss [T, 1]
    /// @param a    [T, V]
    /// @param b    [T, V]
    void forward(Tensor loss, Tensor a, Tensor b);

    /// db[t,v] += dLoss[t]·(softmax(b[t])[v] − softmax(a[t])[v]); a is a constant.
    void backward(Tensor db, Tensor dLoss, Tensor a, Tensor b);
}
