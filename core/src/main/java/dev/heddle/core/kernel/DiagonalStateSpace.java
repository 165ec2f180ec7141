package dev.heddle.core.kernel;

import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// The recurrence of S4D (Gu et al. 2022, section 3), a diagonal state space whose parameters do not depend on the input:
///
/// h[t,n,i] = ā[n,i]·h[t−1,n,i] + b̄[n,i]·x[t,i]; y[t,i] = κ·Re Σ_n c[n,i]·h[t,n,i] + d[i]·x[t,i],
///
/// κ = 2 for complex states, of which one of each conjugate pair is stored, and 1 for real ones. B is 1 (c absorbs it), and
/// zero-order hold gives ā = exp(Δa), b̄ = (ā − 1)/a with Δ = exp(dtLog), a = −exp(aLog) + i·aImag.
public interface DiagonalStateSpace {
    /// @param states  M, stored states per channel
    /// @param complex whether they are complex
    record Shape(int states, boolean complex) {
        /// f32 numbers of one sequence's state: all real parts, then all imaginary ones, channels innermost.
        public int stateElements(int channels) {
            return (complex ? 2 : 1) * states * channels;
        }

        /// Rows of a table of ā and b̄.
        public int tableRows() {
            return (complex ? 4 : 2) * states;
        }
    }

    /// @param table [tableRows, I]: Re ā, Im ā, Re b̄, Im b̄ of all states, the imaginary parts only if complex
    /// @param dtLog [I]
    /// @param aLog  [M, I]
    /// @param aImag [M, I] if complex
    void discretize(Shape shape, Tensor table, Tensor dtLog, Tensor aLog, Optional<Tensor> aImag);

    /// Adds the gradients of [#discretize].
    void discretizeGradient(Shape shape, Tensor dDtLog, Tensor dALog, Optional<Tensor> dAImag, Tensor dTable, Tensor dtLog,
            Tensor aLog, Optional<Tensor> aImag);

    /// @param y     [T, I]
    /// @param x     [T, I]
    /// @param c     [M, I], real parts
    /// @param cImag [M, I], imaginary parts if complex
    /// @param d     [I]
    /// @param state [slots, stateElements], read and then replaced
    void forward(Shape shape, Tensor y, Tensor x, Tensor table, Tensor c, Optional<Tensor> cImag, Tensor d, Tensor state,
            Segments segments);

    /// Gradients to add to, in the shapes of [#forward]'s arguments.
    record Gradients(Tensor x, Tensor table, Tensor c, Optional<Tensor> cImag, Tensor d) {
    }

    /// Adds the gradients of [#forward]; `initialState` is the state before it ran.
    void backward(Shape shape, Gradients gradients, Tensor dy, Tensor x, Tensor table, Tensor c, Optional<Tensor> cImag,
            Tensor d, Tensor initialState, Segments segments);
}
