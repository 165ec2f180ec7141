package dev.heddle.core.layer;

import dev.heddle.core.op.Gate;
import dev.heddle.core.op.Linear;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.GatedMemoryUnitSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// out(silu(in x) ⊙ memory) (Ren et al. 2025, SambaY, section 2.1).
///
/// Parameters: `in.weight` [inner, D], `out.weight` [D, inner], `in.bias`, `out.bias`.
final class GatedMemoryUnit implements Layer {
    private final GatedMemoryUnitSpec spec;
    private final Tensor in;
    private final Tensor out;
    private final Optional<Tensor> inBias;
    private final Optional<Tensor> outBias;

    GatedMemoryUnit(GatedMemoryUnitSpec spec, Scope scope) {
        this.spec = spec;
        in = scope.matrix("in.weight", spec.inner(), scope.width());
        out = scope.matrix("out.weight", scope.width(), spec.inner());
        inBias = scope.small(spec.bias(), "in.bias", spec.inner());
        outBias = scope.small(spec.bias(), "out.bias", scope.width());
    }

    @Override
    public Tensor forward(Pass pass, Tensor x) {
        Tensor gate = Linear.apply(pass, x, in, inBias);
        Tensor memory = pass.published(new PublishedMemory(spec.memory()));
        return Linear.apply(pass, Gate.apply(pass, gate, memory, Activation.SILU), out, outBias);
    }
}
