package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.NormSpec;

/// The Mamba-2 settings that Bamba and Granite share: `mamba_n_heads`, `mamba_d_head`, `mamba_d_state`, …
final class HybridMamba2Config {
    private HybridMamba2Config() {
    }

    /// @param epsilon of the norm after the gate, which covers all channels at once
    static Mamba2Spec of(Config config, int width, double epsilon) {
        int inner = config.integer("mamba_expand", 2) * width;
        int heads = config.integer("mamba_n_heads", 128);
        int headDim = config.isNumber("mamba_d_head") ? config.integer("mamba_d_head") : inner / heads;
        if (heads * headDim != inner) {
            throw config.invalid("mamba_n_heads", "heads of " + headDim + " channels that make " + inner);
        }
        double[] limit = config.numbers("time_step_limit", 0, Double.POSITIVE_INFINITY);
        return new Mamba2Spec(heads, headDim, config.integer("mamba_d_state", 256), config.integer("mamba_n_groups", 1),
                config.integer("mamba_d_conv", 4), config.integer("mamba_chunk_size", 256),
                config.flag("mamba_conv_bias", true), config.flag("mamba_proj_bias", false),
                Mamba2Spec.Gate.GATE_THEN_NORM, NormSpec.rms(epsilon), 1, limit[0], limit[1], Mamba2Spec.Scales.ONE);
    }
}
