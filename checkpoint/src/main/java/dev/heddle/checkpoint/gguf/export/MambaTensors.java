package dev.heddle.checkpoint.gguf.export;

import dev.heddle.checkpoint.gguf.export.Part.Change;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.Mamba2Spec;

/// Mamba layers as llama.cpp's architectures store them: projections stacked, A itself instead of ln(−A).
final class MambaTensors {
    private MambaTensors() {
    }

    /// What one scan over all channels needs.
    static void mamba1(Draft draft, Draft.Below layer, Mamba1Spec spec, int width) {
        Unsuitable.unless(spec.inner() == 2 * width, "Mamba layers of twice the model's width (" + width + "), not "
                + spec.inner());
        Unsuitable.unless(spec.convBias(), "a bias of the convolution");
        Unsuitable.unless(spec.heads() == 1 && spec.outputProjection() && spec.publishes().isEmpty(), "Mamba layers of one head");
        draft.number("ssm.conv_kernel", spec.conv());
        draft.number("ssm.inner_size", spec.inner());
        draft.number("ssm.state_size", spec.state());
        draft.number("ssm.time_step_rank", spec.dtRank());
        layer.stack("ssm_in.weight", Part.of("in_x.weight"), Part.of("in_z.weight"));
        layer.linear("ssm_conv1d", "conv");
        layer.copy("ssm_x.weight", "x_proj.weight");
        layer.linear("ssm_dt", "dt_proj");
        layer.copy("ssm_a", Part.of("A_log").changed(Change.NEGATIVE_EXP));
        layer.copy("ssm_d", "D");
        layer.copy("ssm_out.weight", "out_proj.weight");
    }

    /// A state-space dual layer whose factors become part of the matrices.
    ///
    /// @param input  factor on what it reads
    /// @param output factor on what it writes
    /// @param norm   ε of the norm after the gate, which is that of all norms
    static void mamba2(Draft draft, Draft.Below layer, Mamba2Spec spec, double input, double output, double norm) {
        Unsuitable.unless(spec.dtMin() == 0 && spec.dtMax() == Double.POSITIVE_INFINITY, "time steps without bounds");
        if (!spec.norm().isNone()) {
            Unsuitable.unless(spec.gate() == Mamba2Spec.Gate.GATE_THEN_NORM, "a norm after the gate");
            Unsuitable.unless(spec.normGroups() == spec.groups(), "a norm of each of the " + spec.groups()
                    + " groups of channels after the gate, not of " + spec.normGroups());
            Unsuitable.unless(spec.norm().epsilon() == norm, "the same ε in all norms");
        }
        draft.number("ssm.conv_kernel", spec.conv());
        draft.number("ssm.inner_size", spec.inner());
        draft.number("ssm.state_size", spec.state());
        draft.number("ssm.time_step_rank", spec.heads());
        draft.number("ssm.group_count", spec.groups());
        Mamba2Spec.Scales s = spec.scales();
        int inner = spec.inner();
        int states = spec.groups() * spec.state();
        Part xbc = Part.of("in_xbc.weight");
        layer.stack("ssm_in.weight", Part.of("in_z.weight").times(input * s.z()),
                xbc.range(0, inner).times(input * s.x()),
                xbc.range(inner, inner + states).times(input * s.b()),
                xbc.range(inner + states, inner + 2 * states).times(input * s.c()),
                Part.of("in_dt.weight").times(input * s.dt()));
        layer.linear("ssm_conv1d", "conv");
        layer.copy("ssm_dt.bias", "dt_bias");
        layer.write("ssm_a", new long[] {spec.heads(), 1}, Part.of("A_log").changed(Change.NEGATIVE_EXP));
        layer.write("ssm_d", new long[] {spec.heads(), 1}, Part.of("D"));
        if (!spec.norm().isNone()) {
            layer.write("ssm_norm.weight", new long[] {spec.groups(), inner / spec.groups()}, Part.of("gate_norm.weight"));
        }
        layer.copy("ssm_out.weight", Part.of("out_proj.weight").times(output));
    }
}
