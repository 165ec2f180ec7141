package dev.heddle.core.layer;

import dev.heddle.core.op.AddRow;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// Adds a bias where there is one.
final class Biased {
    private Biased() {
    }

    static Tensor apply(Pass pass, Tensor x, Optional<Tensor> bias) {
        return bias.isEmpty() ? x : AddRow.apply(pass, x, bias.get());
    }
}
