package dev.heddle.checkpoint.gguf.export;

import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.RwkvChannelMixSpec;
import java.util.List;

/// What RWKV-6 and RWKV-7 share in llama.cpp.
final class RwkvTensors {
    /// ε of the norm of each head's output, a constant of llama.cpp.
    private static final double HEAD_EPSILON = 64e-5;

    private RwkvTensors() {
    }

    static void ends(Draft draft, ModelSpec spec) {
        NormSpec norm = spec.finalNorm();
        Unsuitable.unless(norm.kind() == NormSpec.Kind.LAYER && norm.weighted() && norm.bias(), "layer norms with a bias");
        Unsuitable.unless(spec.embedding().norm().equals(norm) && spec.embedding().scale() == 1, "a norm of the embedded rows");
        Unsuitable.unless(spec.head().scale() == 1, "logits without a factor");
        Ends.describe(draft, spec, "output_norm");
        draft.real("attention.layer_norm_epsilon", norm.epsilon());
        draft.number("attention.head_count", 0);
        draft.root().copy("token_embd.weight", "embedding.weight").linear("token_embd_norm", "embedding.norm");
        draft.root().copy("output.weight", spec.head().tied() ? "embedding.weight" : "head.weight");
    }

    static void requireHeadEpsilon(double epsilon) {
        Unsuitable.unless(Math.abs(epsilon / HEAD_EPSILON - 1) < 1e-6, "an ε of 0.00064 in the norm of heads, not " + epsilon);
    }

    static void norms(Draft.Below layer) {
        layer.linear("attn_norm", "0.norm").linear("attn_norm_2", "1.norm");
    }

    static void matrices(Draft.Below time) {
        for (String name : List.of("key", "value", "receptance", "output")) {
            time.copy("time_mix_" + name + ".weight", name + ".weight");
        }
        time.linear("time_mix_ln", "head_norm");
    }

    /// @param receptance whether the architecture has one
    static void channel(Draft draft, Draft.Below layer, LayerSpec body, boolean receptance) {
        if (!(body instanceof RwkvChannelMixSpec spec) || spec.receptance() != receptance
                || spec.stored() != RwkvChannelMixSpec.Stored.PREVIOUS) {
            throw new Unsuitable("needs the channel mix of its version");
        }
        draft.number("feed_forward_length", spec.inner());
        layer.copy("channel_mix_lerp_k.weight", "mix_k");
        layer.copy("channel_mix_key.weight", "key.weight").copy("channel_mix_value.weight", "value.weight");
        if (receptance) {
            layer.copy("channel_mix_lerp_r.weight", "mix_r").copy("channel_mix_receptance.weight", "receptance.weight");
        }
    }
}
