package dev.heddle.checkpoint.gguf.export;

import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.ResidualSpec;
import java.util.List;
import java.util.Set;

/// `granitehybrid`: Mamba-2 and attention layers, each followed by a gated MLP or by experts beside a shared one (Granite 4;
/// Bamba with rotary positions). Multipliers are hyper-parameters.
public final class GraniteHybridArchitecture implements GgufArchitecture {
    /// Says that heads of which only a part rotates have that part's pairs next to each other, as llama.cpp rotates them;
    /// its own converter reorders the whole head, which gives other logits than the model's.
    public static final String ADJACENT_PAIRS = "rope.adjacent_pairs";

    @Override
    public Set<String> families() {
        return Set.of("granitemoehybrid", "bamba");
    }

    @Override
    public Export export(ModelSpec spec) {
        Draft draft = new Draft("granitehybrid", spec);
        Ends.describe(draft, spec, "output_norm");
        Ends.copied(draft, spec);
        double epsilon = Ends.epsilon(draft, spec);
        draft.real("embedding_scale", spec.embedding().scale());
        draft.real("logit_scale", 1 / spec.head().scale());
        int[] kvHeads = new int[spec.blocks().size()];
        Unsuitable.unless(kvHeads.length > 0, "blocks");
        double branch = Ends.residual(Ends.pair(spec.blocks().getFirst()).getFirst(), spec.finalNorm()).scale();
        draft.real("residual_scale", branch);
        boolean rotates = false;
        boolean recurs = false;
        for (int i = 0; i < kvHeads.length; i++) {
            List<LayerSpec> pair = Ends.pair(spec.blocks().get(i));
            ResidualSpec mixer = Ends.residual(pair.get(0), spec.finalNorm());
            ResidualSpec channel = Ends.residual(pair.get(1), spec.finalNorm());
            Unsuitable.unless(mixer.scale() == branch && channel.scale() == branch, "one factor on all residual branches");
            Draft.Below layer = draft.block(i);
            layer.copy("attn_norm.weight", "0.norm.weight").copy("ffn_norm.weight", "1.norm.weight");
            switch (mixer.body()) {
                case AttentionSpec attention -> {
                    kvHeads[i] = attention.kvHeads();
                    rotates |= attention.position() instanceof PositionSpec.Rotary;
                    attention(draft, layer.at("0.", ""), attention, spec);
                }
                case Mamba2Spec mamba -> {
                    Unsuitable.unless(mamba.inner() == 2 * spec.width() && !mamba.norm().isNone(),
                            "Mamba-2 layers of twice the model's width with a norm after the gate");
                    MambaTensors.mamba2(draft, layer.at("0.", ""), mamba, 1, 1, epsilon);
                    recurs = true;
                }
                default -> throw new Unsuitable("needs mixers that are Mamba-2 or attention");
            }
            channel(draft, layer.at("1.", ""), Ends.channel(channel));
        }
        Unsuitable.unless(recurs, "a Mamba-2 layer");
        draft.numbers("attention.head_count_kv", kvHeads);
        draft.flag("rope.scaling.finetuned", rotates);
        return draft.finish();
    }

    private static void attention(Draft draft, Draft.Below layer, AttentionSpec spec, ModelSpec model) {
        AttentionTensors.requirePlain(spec, model);
        Unsuitable.unless(spec.queryKeyNorm().isNone() && spec.keyScale() == 1, "attention without norms of queries and keys");
        AttentionTensors.counts(draft, spec);
        draft.real("attention.scale", spec.scoreScale());
        if (spec.position() instanceof PositionSpec.Rotary rotary && AttentionTensors.rotation(draft, spec)
                && !draft.has("rope_freqs.weight")) {
            AttentionTensors.factors(draft, rotary);
        }
        if (spec.position() instanceof PositionSpec.Rotary rotary && rotary.dimensions() < spec.headDim()) {
            draft.flag(ADJACENT_PAIRS, true);
        }
        Unsuitable.unless(!(spec.position() instanceof PositionSpec.Alibi), "rotary positions or none");
        AttentionTensors.projections(layer, spec, true, 1, 1);
    }

    private static void channel(Draft draft, Draft.Below layer, ChannelMixerSpec spec) {
        if (!(spec instanceof MixtureOfExpertsSpec moe)) {
            GatedMlpSpec mlp = MlpTensors.gated(spec);
            draft.number("feed_forward_length", mlp.inner());
            MlpTensors.gated(layer, mlp, "");
            return;
        }
        Unsuitable.unless(moe.router().equals(Router.softmaxOfChosen()), "experts weighted by the probabilities among the chosen");
        draft.number("feed_forward_length", MlpTensors.gated(moe.expert()).inner());
        MlpTensors.experts(draft, layer, moe, 1);
        moe.shared().ifPresent(shared -> {
            Unsuitable.unless(!shared.gated(), "a shared expert without a gate");
            draft.number("expert_shared_feed_forward_length", MlpTensors.gated(shared.expert()).inner());
            MlpTensors.gated(layer.at("shared.", ""), (GatedMlpSpec) shared.expert(), "_shexp");
        });
    }
}
