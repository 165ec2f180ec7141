package dev.heddle.core.kernel;

import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Tensor;

/// Operations on single elements of f32 rows. Every tensor may be a column view; outputs may be the same tensor
/// as an input. Gradient kernels add to their outputs.
public interface Elementwise {
    /// y = x, row by row.
    void copy(Tensor y, Tensor x);

    /// y = a + scale · b.
    void add(Tensor y, Tensor a, Tensor b, float scale);

    /// y = scale · x.
    void scale(Tensor y, Tensor x, float scale);

    /// y = a ⊙ b.
    void multiply(Tensor y, Tensor a, Tensor b);

    /// y[t,d] = x[t,d] + row[d].
    void addRow(Tensor y, Tensor x, Tensor row);

    /// y[t,d] = x[t,d] · row[d].
    void multiplyRow(Tensor y, Tensor x, Tensor row);

    /// y = act(x).
    void activate(Tensor y, Tensor x, Activation activation);

    /// y = act(gate) ⊙ up.
    void gate(Tensor y, Tensor gate, Tensor up, Activation activation);

    /// y = cap · tanh(x / cap).
    void softcap(Tensor y, Tensor x, float cap);

    /// y = −exp(x): the decay rates of state-space layers from their stored logarithms.
    void negativeExp(Tensor y, Tensor x);

    /// y[j,i] = x[i,j].
    void transpose(Tensor y, Tensor x);

    /// dx += dy ⊙ act′(x).
    void activateGradient(Tensor dx, Tensor dy, Tensor x, Activation activation);

    /// dGate += dy ⊙ up ⊙ act′(gate); dUp += dy ⊙ act(gate).
    void gateGradient(Tensor dGate, Tensor dUp, Tensor dy, Tensor gate, Tensor up, Activation activation);

    /// dRow[d] += Σ_t dy[t,d].
    void sumRows(Tensor dRow, Tensor dy);

    /// dy += scale · transpose(dx).
    void addTransposed(Tensor y, Tensor x);
}
