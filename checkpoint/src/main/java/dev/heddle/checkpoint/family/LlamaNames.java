package dev.heddle.checkpoint.family;

import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedMlpSpec;

/// The tensor names that attention and gated MLPs have in checkpoints descended from Llama.
final class LlamaNames {
    private LlamaNames() {
    }

    /// `q_proj`, `k_proj`, `v_proj`, `o_proj`.
    static void attention(Binder layer, AttentionSpec spec) {
        layer.bindLinear("q", "q_proj", spec.qkvBias());
        layer.bindLinear("k", "k_proj", spec.qkvBias());
        layer.bindLinear("v", "v_proj", spec.qkvBias());
        layer.bindLinear("o", "o_proj", spec.outputBias());
    }

    /// `gate_proj`, `up_proj`, `down_proj`.
    static void mlp(Binder layer, GatedMlpSpec spec) {
        layer.bindLinear("gate", "gate_proj", spec.bias());
        layer.bindLinear("up", "up_proj", spec.bias());
        layer.bindLinear("down", "down_proj", spec.bias());
    }

    /// `lm_head.weight`, which a tied checkpoint may repeat.
    static void head(Binder binder, boolean tied) {
        if (tied) {
            binder.ignore("lm_head.weight");
        } else {
            binder.bind("head.weight", "lm_head.weight");
        }
    }
}
