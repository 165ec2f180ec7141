package dev.heddle.core.op;

import dev.heddle.core.pass.DropoutMask;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;

/// y = m ⊙ x: some elements dropped, the others scaled so that the expectation stays; the mask stands at
/// [dev.heddle.core.kernel.Dropout]. Backward: dx += m ⊙ dy.
public final class Dropout {
    private Dropout() {
    }

    /// `x` itself unless the pass learns with dropout.
    ///
    /// @param site tells this place in the model from all others
    public static Tensor apply(Pass pass, Tensor x, long site) {
        DropoutMask mask = pass.training().dropout();
        if (!pass.taped() || mask.rate() == 0) {
            return x;
        }
        long key = mask.key(site);
        float rate = (float) mask.rate();
        Tensor y = pass.take(x.rows(), x.columns());
        pass.kernels().dropout().apply(y, x, key, rate);
        pass.record(() -> pass.kernels().dropout().gradient(pass.gradient(x), pass.gradient(y), key, rate));
        return y;
    }
}
