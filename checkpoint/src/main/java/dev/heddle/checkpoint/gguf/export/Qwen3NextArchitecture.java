package dev.heddle.checkpoint.gguf.export;

import dev.heddle.checkpoint.gguf.export.Part.Change;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedDeltaNetSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// `qwen3next`: gated delta nets and gated attention, experts beside a gated shared one in every block. Norms that are stored as
/// w − 1 are written as w; queries and gates of a head stand side by side.
final class Qwen3NextArchitecture implements GgufArchitecture {
    @Override
    public Set<String> families() {
        return Set.of("qwen3_next");
    }

    @Override
    public Export export(ModelSpec spec) {
        Draft draft = new Draft("qwen3next", spec);
        NormSpec norm = spec.finalNorm();
        Unsuitable.unless(norm.equals(NormSpec.rmsUnitOffset(norm.epsilon())), "RMS norms with weights stored as w − 1");
        draft.real("attention.layer_norm_rms_epsilon", norm.epsilon());
        ends(draft, spec);
        boolean[] recurrent = new boolean[spec.blocks().size()];
        for (int i = 0; i < recurrent.length; i++) {
            List<LayerSpec> pair = Ends.pair(spec.blocks().get(i));
            Draft.Below layer = draft.block(i);
            layer.copy("attn_norm.weight", plusOne("0.norm.weight"));
            layer.copy("post_attention_norm.weight", plusOne("1.norm.weight"));
            switch (Ends.body(pair.get(0), norm)) {
                case AttentionSpec attention -> attention(draft, layer.at("0.", ""), attention, spec);
                case GatedDeltaNetSpec delta -> {
                    recurrent[i] = true;
                    delta(draft, layer.at("0.", ""), delta, norm);
                }
                default -> throw new Unsuitable("needs mixers that are gated delta nets or attention");
            }
            if (!(Ends.body(pair.get(1), norm) instanceof MixtureOfExpertsSpec moe)) {
                throw new Unsuitable("needs experts in every block");
            }
            experts(draft, layer.at("1.", ""), moe);
        }
        draft.flags("attention.recurrent_layers", recurrent);
        return draft.finish();
    }

    private static Part plusOne(String parameter) {
        return Part.of(parameter).changed(Change.PLUS_ONE);
    }

    private static void ends(Draft draft, ModelSpec spec) {
        Unsuitable.unless(spec.embedding().metaTokens() == 0 && spec.head().softcap() == 0, "no meta tokens and no soft cap");
        draft.number("vocab_size", spec.vocabulary());
        draft.number("context_length", spec.context());
        draft.number("embedding_length", spec.width());
        draft.number("block_count", spec.blocks().size());
        draft.root().copy("output_norm.weight", plusOne("norm.weight"));
        Ends.plain(draft, spec);
    }

    private static void attention(Draft draft, Draft.Below layer, AttentionSpec spec, ModelSpec model) {
        AttentionTensors.requirePlain(spec, model);
        AttentionTensors.requireUsualScale(spec);
        AttentionTensors.requireHeadNorm(spec, model.finalNorm());
        Unsuitable.unless(spec.outputGate() && !spec.qkvBias() && !spec.outputBias() && spec.keyScale() == 1,
                "attention with a gate and without biases");
        Unsuitable.unless(!AttentionTensors.rotation(draft, spec), "rotary positions without Llama 3's scaling");
        AttentionTensors.counts(draft, spec);
        draft.number("attention.head_count_kv", spec.kvHeads());
        List<Part> rows = new ArrayList<>();
        for (int h = 0; h < spec.heads(); h++) {
            rows.add(Part.of("q.weight").range(h * spec.headDim(), (h + 1) * spec.headDim()));
            rows.add(Part.of("gate.weight").range(h * spec.headDim(), (h + 1) * spec.headDim()));
        }
        layer.stack("attn_q.weight", rows);
        layer.copy("attn_k.weight", "k.weight").copy("attn_v.weight", "v.weight").copy("attn_output.weight", "o.weight");
        layer.copy("attn_q_norm.weight", plusOne("q_norm.weight")).copy("attn_k_norm.weight", plusOne("k_norm.weight"));
    }

    private static void delta(Draft draft, Draft.Below layer, GatedDeltaNetSpec spec, NormSpec norm) {
        Unsuitable.unless(spec.keyDim() == spec.valueDim(), "delta nets whose keys are as wide as their values");
        Unsuitable.unless(spec.decayRank() == 0 && spec.gateRank() == 0 && !spec.tiledHeads() && spec.gate() == Activation.SILU
                && spec.activation() == Activation.SILU && spec.rateScale() == 1
                && spec.headNorm().equals(NormSpec.rms(norm.epsilon())), "gated delta nets of Qwen3-Next's kind");
        draft.number("ssm.conv_kernel", spec.conv());
        draft.number("ssm.state_size", spec.keyDim());
        draft.number("ssm.group_count", spec.keyHeads());
        draft.number("ssm.time_step_rank", spec.heads());
        draft.number("ssm.inner_size", spec.valueWidth());
        layer.stack("attn_qkv.weight", Part.of("q.weight"), Part.of("k.weight"), Part.of("v.weight"));
        layer.copy("attn_gate.weight", "gate.weight");
        List<Part> rows = new ArrayList<>();
        int each = spec.heads() / spec.keyHeads();
        for (int h = 0; h < spec.keyHeads(); h++) {
            rows.add(Part.of("rate.weight").range(h * each, (h + 1) * each));
            rows.add(Part.of("decay.weight").range(h * each, (h + 1) * each));
        }
        layer.stack("ssm_ba.weight", rows);
        layer.copy("ssm_conv1d.weight", "conv.weight").copy("ssm_dt.bias", "dt_bias");
        layer.copy("ssm_a", Part.of("A_log").changed(Change.NEGATIVE_EXP));
        layer.copy("ssm_norm.weight", "head_norm.weight").copy("ssm_out.weight", "out.weight");
    }

    private static void experts(Draft draft, Draft.Below layer, MixtureOfExpertsSpec spec) {
        Unsuitable.unless(spec.router().equals(Router.softmax().withNormalised(true, 0)) && spec.latent().isNone(),
                "experts weighted by normalised probabilities");
        Unsuitable.unless(spec.shared().isPresent() && spec.shared().get().gated(), "a shared expert with a gate");
        GatedMlpSpec shared = MlpTensors.gated(spec.shared().get().expert());
        int inner = MlpTensors.gated(spec.expert()).inner();
        draft.number("feed_forward_length", inner);
        draft.number("expert_feed_forward_length", inner);
        draft.number("expert_shared_feed_forward_length", shared.inner());
        MlpTensors.experts(draft, layer, spec, 1);
        long width = layer.shape("shared_gate.weight")[1];
        layer.write("ffn_gate_inp_shexp.weight", new long[] {width}, Part.of("shared_gate.weight"));
        MlpTensors.gated(layer.at("shared.", ""), shared, "_shexp");
    }
}
