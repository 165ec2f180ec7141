package dev.heddle.core.layer;

import dev.heddle.core.op.Concatenate;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.SymmetricConvolution;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.MambaVisionMixerSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Optional;

/// MambaVision's mixer (Hatamizadeh & Kautz 2024, eq. 6): out([scan(silu(conv x)), silu(conv z)]). The bias of the time step
/// counts twice, as in the published models.
///
/// Parameters: `in_x.weight`, `in_z.weight` [I/2, D], `conv_x.weight`, `conv_z.weight` [I/2, K], those of
/// [SelectiveProjection], `out_proj.weight` [D, I].
final class MambaVisionMixer implements Layer {
    private final Tensor inX;
    private final Tensor inZ;
    private final Tensor convX;
    private final Tensor convZ;
    private final SelectiveProjection scan;
    private final Tensor outProj;

    MambaVisionMixer(MambaVisionMixerSpec spec, Scope scope) {
        int half = spec.inner() / 2;
        inX = scope.matrix("in_x.weight", half, scope.width());
        inZ = scope.matrix("in_z.weight", half, scope.width());
        convX = scope.small("conv_x.weight", half, spec.conv());
        convZ = scope.small("conv_z.weight", half, spec.conv());
        scan = new SelectiveProjection(scope, half, spec.state(), spec.dtRank(), true);
        outProj = scope.matrix("out_proj.weight", scope.width(), spec.inner());
    }

    @Override
    public Tensor forward(Pass pass, Tensor input) {
        Tensor[] xz = Linear.apply(pass, input, inX, inZ);
        Tensor x = SymmetricConvolution.apply(pass, xz[0], convX, Optional.empty(), Activation.SILU);
        Tensor z = SymmetricConvolution.apply(pass, xz[1], convZ, Optional.empty(), Activation.SILU);
        return Linear.apply(pass, Concatenate.apply(pass, scan.forward(pass, x), z), outProj);
    }
}
