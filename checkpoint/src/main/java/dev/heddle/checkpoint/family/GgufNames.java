package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.family.Binding.Transform;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MlpSpec;
import dev.heddle.core.spec.ModelSpec;

/// The tensor names of GGUF files, which name a part alike in all architectures: `blk.i.attn_q.weight`, `blk.i.ssm_in.weight`.
/// Layer binders stand at the block's tensors.
final class GgufNames {
    private GgufNames() {
    }

    /// Embedding, final norm and head.
    static void ends(Binder binder, ModelSpec spec) {
        ends(binder, spec, "output_norm");
    }

    static void ends(Binder binder, ModelSpec spec, String norm) {
        binder.bind("embedding.weight", "token_embd.weight").bindLinear("norm", norm, spec.finalNorm().bias());
        if (!spec.head().tied()) {
            binder.bind("head.weight", "output.weight");
        }
        if (spec.head().bias()) {
            binder.bind("head.bias", "output.bias");
        }
        // part of the specification
        binder.ignore(GgufConfig.ROPE_DIVISORS);
    }

    static Binder block(Binder binder, int index) {
        return binder.at("blocks." + index + ".", "blk." + index + ".");
    }

    /// Queries, keys and values in tensors of their own or one below the other in `attn_qkv`.
    static void attention(Binder layer, AttentionSpec spec) {
        if (layer.has("attn_qkv.weight")) {
            long q = (long) spec.heads() * spec.headDim();
            long k = q + (long) spec.kvHeads() * spec.headDim();
            long v = k + (long) spec.kvHeads() * spec.valueDim();
            for (String kind : kinds(spec.qkvBias())) {
                layer.bindRows("q." + kind, "attn_qkv." + kind, 0, q).bindRows("k." + kind, "attn_qkv." + kind, q, k);
                layer.bindRows("v." + kind, "attn_qkv." + kind, k, v);
            }
        } else {
            layer.bindLinear("q", "attn_q", spec.qkvBias()).bindLinear("k", "attn_k", spec.qkvBias());
            layer.bindLinear("v", "attn_v", spec.qkvBias());
        }
        afterwards(layer, spec);
    }

    /// What of attention does not depend on how queries, keys and values are stored.
    static void afterwards(Binder layer, AttentionSpec spec) {
        if (!spec.queryKeyNorm().isNone()) {
            layer.bind("q_norm.weight", "attn_q_norm.weight").bind("k_norm.weight", "attn_k_norm.weight");
        }
        layer.bindLinear("o", "attn_output", spec.outputBias());
    }

    static void mlp(Binder layer, GatedMlpSpec spec) {
        layer.bindLinear("gate", "ffn_gate", spec.bias()).bindLinear("up", "ffn_up", spec.bias());
        layer.bindLinear("down", "ffn_down", spec.bias());
    }

    static void mlp(Binder layer, MlpSpec spec) {
        layer.bindLinear("up", "ffn_up", spec.bias()).bindLinear("down", "ffn_down", spec.bias());
    }

    static void channel(Binder layer, ChannelMixerSpec spec, int width) {
        if (spec instanceof MixtureOfExpertsSpec moe) {
            experts(layer, moe, width);
        } else {
            mlp(layer, (GatedMlpSpec) spec);
        }
    }

    /// Experts one below the other in a tensor for each matrix, [E, F, D] and [E, D, F], or gate above up in one for both.
    ///
    /// @param width D, of the rows the experts read and write
    static void experts(Binder layer, MixtureOfExpertsSpec spec, int width) {
        layer.bind("router.weight", "ffn_gate_inp.weight");
        if (spec.router().choiceBias()) {
            layer.bindBuffer("router.choice_bias", "exp_probs_b.bias");
        }
        boolean gated = spec.expert() instanceof GatedMlpSpec;
        long inner = spec.expert() instanceof GatedMlpSpec mlp ? mlp.inner() : ((MlpSpec) spec.expert()).inner();
        boolean fused = gated && layer.has("ffn_gate_up_exps.weight");
        if (fused) {
            layer.shaped("ffn_gate_up_exps.weight", spec.experts(), 2 * inner, width);
        } else {
            layer.shaped("ffn_up_exps.weight", spec.experts(), inner, width);
            layer.shaped("ffn_gate_exps.weight", spec.experts(), inner, width);
        }
        layer.shaped("ffn_down_exps.weight", spec.experts(), width, inner);
        for (long e = 0; e < spec.experts(); e++) {
            Binder expert = layer.at("experts." + e + ".", "");
            if (fused) {
                expert.bindRows("gate.weight", "ffn_gate_up_exps.weight", 2 * e * inner, (2 * e + 1) * inner);
                expert.bindRows("up.weight", "ffn_gate_up_exps.weight", (2 * e + 1) * inner, (2 * e + 2) * inner);
            } else {
                if (gated) {
                    expert.bindRows("gate.weight", "ffn_gate_exps.weight", e * inner, (e + 1) * inner);
                }
                expert.bindRows("up.weight", "ffn_up_exps.weight", e * inner, (e + 1) * inner);
            }
            expert.bindRows("down.weight", "ffn_down_exps.weight", e * width, (e + 1) * width);
        }
        spec.shared().ifPresent(shared -> {
            if (shared.expert() instanceof GatedMlpSpec) {
                layer.bind("shared.gate.weight", "ffn_gate_shexp.weight");
            }
            layer.bind("shared.up.weight", "ffn_up_shexp.weight").bind("shared.down.weight", "ffn_down_shexp.weight");
            if (shared.gated()) {
                layer.bind("shared_gate.weight", "ffn_gate_inp_shexp.weight");
            }
        });
    }

    /// Mamba; `ssm_a` is A = −exp(A_log).
    static void mamba1(Binder layer, Mamba1Spec spec) {
        int inner = spec.inner();
        for (String kind : kinds(spec.projectionBias())) {
            layer.bindRows("in_x." + kind, "ssm_in." + kind, 0, inner).bindRows("in_z." + kind, "ssm_in." + kind, inner, 2L * inner);
        }
        layer.bindLinear("conv", "ssm_conv1d", spec.convBias()).bind("x_proj.weight", "ssm_x.weight");
        layer.bindLinear("dt_proj", "ssm_dt", true);
        layer.bindTransformed("A_log", "ssm_a", Transform.LOG_OF_NEGATIVE).bind("D", "ssm_d");
        if (spec.innerNorm().weighted()) {
            layer.bind("dt_norm.weight", "ssm_dt_norm.weight").bind("b_norm.weight", "ssm_b_norm.weight");
            layer.bind("c_norm.weight", "ssm_c_norm.weight");
        }
        layer.bindLinear("out_proj", "ssm_out", spec.projectionBias());
    }

    /// Mamba-2; A and D have a dimension of 1 behind that of heads, the norm's weight is one row for each group,
    /// or a vector where llama.cpp has dropped the dimension of one group.
    static void mamba2(Binder layer, Mamba2Spec spec) {
        long z = spec.inner();
        long xbc = z + spec.convChannels();
        for (String kind : kinds(spec.projectionBias())) {
            layer.bindRows("in_z." + kind, "ssm_in." + kind, 0, z).bindRows("in_xbc." + kind, "ssm_in." + kind, z, xbc);
            layer.bindRows("in_dt." + kind, "ssm_in." + kind, xbc, xbc + spec.heads());
        }
        layer.bindLinear("conv", "ssm_conv1d", spec.convBias()).bind("dt_bias", "ssm_dt.bias");
        layer.bindTransformed("A_log", "ssm_a", Transform.LOG_OF_NEGATIVE).shaped("ssm_a", spec.heads(), 1);
        layer.bind("D", "ssm_d").shaped("ssm_d", spec.heads(), 1);
        if (!spec.norm().isNone()) {
            layer.bind("gate_norm.weight", "ssm_norm.weight");
            layer.shaped("ssm_norm.weight", spec.normGroups(), spec.inner() / spec.normGroups());
        }
        layer.bindLinear("out_proj", "ssm_out", spec.projectionBias());
    }

    private static String[] kinds(boolean bias) {
        return bias ? new String[] {"weight", "bias"} : new String[] {"weight"};
    }
}
