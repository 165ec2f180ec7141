package dev.heddle.checkpoint.family;

import dev.heddle.core.spec.Mamba2Spec;

/// The tensor names that Mamba-2 layers have in every checkpoint descended from mamba_ssm.
final class Mamba2Names {
    private Mamba2Names() {
    }

    /// @param layer at the layer's prefixes
    static void bind(Binder layer, Mamba2Spec spec) {
        bind(layer, spec, "conv1d.");
    }

    /// @param conv what precedes `weight` and `bias` of the convolution
    static void bind(Binder layer, Mamba2Spec spec, String conv) {
        long z = spec.inner();
        long xbc = z + spec.convChannels();
        long dt = xbc + spec.heads();
        layer.bindRows("in_z.weight", "in_proj.weight", 0, z);
        layer.bindRows("in_xbc.weight", "in_proj.weight", z, xbc);
        layer.bindRows("in_dt.weight", "in_proj.weight", xbc, dt);
        if (spec.projectionBias()) {
            layer.bindRows("in_z.bias", "in_proj.bias", 0, z);
            layer.bindRows("in_xbc.bias", "in_proj.bias", z, xbc);
            layer.bindRows("in_dt.bias", "in_proj.bias", xbc, dt);
        }
        layer.bind("conv.weight", conv + "weight").shaped(conv + "weight", spec.convChannels(), 1, spec.conv());
        if (spec.convBias()) {
            layer.bind("conv.bias", conv + "bias");
        }
        layer.bind("dt_bias", "dt_bias");
        layer.bind("A_log", "A_log");
        layer.bind("D", "D");
        if (!spec.norm().isNone()) {
            layer.bind("gate_norm.weight", "norm.weight");
        }
        layer.bindLinear("out_proj", "out_proj", spec.projectionBias());
    }
}
