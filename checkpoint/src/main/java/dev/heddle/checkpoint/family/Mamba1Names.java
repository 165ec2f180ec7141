package dev.heddle.checkpoint.family;

import dev.heddle.core.spec.Mamba1Spec;

/// The tensor names that Mamba-1 layers have in every checkpoint descended from mamba_ssm.
final class Mamba1Names {
    private Mamba1Names() {
    }

    /// @param layer at the layer's prefixes
    static void bind(Binder layer, Mamba1Spec spec) {
        int inner = spec.inner();
        layer.bindRows("in_x.weight", "in_proj.weight", 0, inner);
        layer.bindRows("in_z.weight", "in_proj.weight", inner, 2L * inner);
        if (spec.projectionBias()) {
            layer.bindRows("in_x.bias", "in_proj.bias", 0, inner);
            layer.bindRows("in_z.bias", "in_proj.bias", inner, 2L * inner);
        }
        layer.bindLinear("conv", "conv1d", spec.convBias()).shaped("conv1d.weight", spec.inner(), 1, spec.conv());
        layer.bind("x_proj.weight", "x_proj.weight");
        layer.bindLinear("dt_proj", "dt_proj", true);
        layer.bind("A_log", "A_log");
        layer.bind("D", "D");
        layer.bindLinear("out_proj", "out_proj", spec.projectionBias());
    }
}
