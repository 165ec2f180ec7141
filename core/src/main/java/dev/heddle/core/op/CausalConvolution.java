package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// y[t,c] = act(bias[c] + Σ_k w[c,k]·x[t−K+1+k, c]) along each sequence, which remembers its last K−1 inputs.
public final class CausalConvolution {
    private CausalConvolution() {
    }

    /// @param x      [T, C]
    /// @param weight [C, K]
    /// @param bias   [C]
    /// @param state  number of the recurrent state of (K−1)·C elements
    public static Tensor apply(Pass pass, Tensor x, Tensor weight, Optional<Tensor> bias, Activation activation, int state) {
        return apply(pass, x, weight, bias, activation, pass.states().recurrent(state));
    }

    /// @param memory the states [slots, (K−1)·C] themselves
    public static Tensor apply(Pass pass, Tensor x, Tensor weight, Optional<Tensor> bias, Activation activation,
            Tensor memory) {
        Shapes.rows("convolution weight", weight, x.columns());
        Tensor taps = Transpose.ofParameter(pass, weight);
        Tensor y = pass.take(x.rows(), x.columns());
        Tensor before = SavedState.of(pass, memory);
        pass.kernels().causalConvolution().forward(y, x, taps, bias, activation, memory, pass.segments());
        pass.record(() -> pass.kernels().causalConvolution().backward(pass.gradient(x), pass.gradient(taps),
                bias.map(pass::gradient), pass.gradient(y), x, taps, bias, activation, before, pass.segments()));
        return y;
    }
}
