package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// y[t,c] = act(bias[c] + Σ_k w[c,k]·x[t − ⌊(K−1)/2⌋ + k, c]) along each sequence, zero beyond its ends.
public final class SymmetricConvolution {
    private SymmetricConvolution() {
    }

    /// @param x      [T, C]
    /// @param weight [C, K]
    /// @param bias   [C]
    public static Tensor apply(Pass pass, Tensor x, Tensor weight, Optional<Tensor> bias, Activation activation) {
        Shapes.rows("convolution weight", weight, x.columns());
        Tensor taps = Transpose.ofParameter(pass, weight);
        Tensor y = pass.take(x.rows(), x.columns());
        pass.kernels().symmetricConvolution().forward(y, x, taps, bias, activation, pass.segments());
        pass.record(() -> pass.kernels().symmetricConvolution().backward(pass.gradient(x), pass.gradient(taps),
                bias.map(pass::gradient), pass.gradient(y), x, taps, bias, activation, pass.segments()));
        return y;
    }
}
