package dev.heddle.checkpoint.gguf.export;

import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.PositionSpec;
import java.util.List;
import java.util.Set;

/// Transformers of attention and gated MLPs: `llama` (also Mistral, and Mixtral with its experts), `qwen2` with biases of
/// queries, keys and values, `qwen3` with norms of query and key heads.
final class LlamaArchitecture implements GgufArchitecture {
    /// How the three differ.
    ///
    /// @param adjacent whether adjacent pairs of a head are rotated
    private record Kind(String name, boolean adjacent) {
        static Kind of(AttentionSpec spec) {
            return !spec.queryKeyNorm().isNone() ? new Kind("qwen3", false)
                    : spec.qkvBias() && !spec.outputBias() ? new Kind("qwen2", false) : new Kind("llama", true);
        }
    }

    @Override
    public Set<String> families() {
        return Set.of("llama", "mistral", "mixtral", "qwen2", "qwen3");
    }

    @Override
    public Export export(ModelSpec spec) {
        Unsuitable.unless(!spec.blocks().isEmpty(), "blocks");
        Kind kind = Kind.of(attention(spec, 0));
        Draft draft = new Draft(kind.name(), spec);
        Ends.describe(draft, spec, "output_norm");
        Ends.plain(draft, spec);
        Ends.epsilon(draft, spec);
        for (int i = 0; i < spec.blocks().size(); i++) {
            Draft.Below layer = draft.block(i);
            layer.copy("attn_norm.weight", "0.norm.weight").copy("ffn_norm.weight", "1.norm.weight");
            AttentionSpec attention = attention(spec, i);
            Unsuitable.unless(attention.equals(attention(spec, 0)), "the same attention in all blocks");
            attention(draft, layer.at("0.", ""), attention, kind, spec);
            channel(draft, layer.at("1.", ""), Ends.channel(Ends.pair(spec.blocks().get(i)).get(1), spec.finalNorm()), kind);
        }
        return draft.finish();
    }

    private static AttentionSpec attention(ModelSpec spec, int block) {
        List<LayerSpec> pair = Ends.pair(spec.blocks().get(block));
        if (Ends.body(pair.get(0), spec.finalNorm()) instanceof AttentionSpec attention) {
            return attention;
        }
        throw new Unsuitable("needs blocks of attention and an MLP");
    }

    private static void attention(Draft draft, Draft.Below layer, AttentionSpec spec, Kind kind, ModelSpec model) {
        AttentionTensors.requirePlain(spec, model);
        AttentionTensors.requireUsualScale(spec);
        Unsuitable.unless(!spec.outputGate() && spec.keyScale() == 1, "attention without a gate");
        AttentionTensors.counts(draft, spec);
        draft.number("attention.head_count_kv", spec.kvHeads());
        boolean factors = AttentionTensors.rotation(draft, spec);
        if (factors && !draft.has("rope_freqs.weight")) {
            Unsuitable.unless(kind.adjacent(), "rotary positions without Llama 3's scaling");
            AttentionTensors.factors(draft, (PositionSpec.Rotary) spec.position());
        }
        AttentionTensors.projections(layer, spec, kind.adjacent(), 1, 1);
        if (!spec.queryKeyNorm().isNone()) {
            AttentionTensors.requireHeadNorm(spec, model.finalNorm());
            layer.copy("attn_q_norm.weight", "q_norm.weight").copy("attn_k_norm.weight", "k_norm.weight");
        }
    }

    private static void channel(Draft draft, Draft.Below layer, ChannelMixerSpec spec, Kind kind) {
        if (spec instanceof MixtureOfExpertsSpec moe) {
            Unsuitable.unless(kind.name().equals("llama") && moe.shared().isEmpty() && moe.latent().isNone()
                    && (moe.router().equals(Router.softmaxOfChosen())
                            || moe.router().equals(Router.softmax().withNormalised(true, 0))),
                    "experts weighted by the probabilities among the chosen, and none shared");
            draft.number("feed_forward_length", MlpTensors.gated(moe.expert()).inner());
            MlpTensors.experts(draft, layer, moe, 1);
        } else {
            GatedMlpSpec mlp = MlpTensors.gated(spec);
            Unsuitable.unless(!mlp.bias() || kind.name().equals("llama"), "MLPs without biases");
            draft.number("feed_forward_length", mlp.inner());
            MlpTensors.gated(layer, mlp, "");
        }
    }
}
