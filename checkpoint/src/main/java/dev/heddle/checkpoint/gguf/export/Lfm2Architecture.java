package dev.heddle.checkpoint.gguf.export;

import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.ShortConvolutionSpec;
import java.util.List;
import java.util.Set;

/// `lfm2` and, with experts after the first blocks, `lfm2moe`: gated short convolutions and attention with normalised heads.
final class Lfm2Architecture implements GgufArchitecture {
    private static final int SIGMOID = 2;

    @Override
    public Set<String> families() {
        return Set.of("lfm2", "lfm2_moe");
    }

    @Override
    public Export export(ModelSpec spec) {
        List<ChannelMixerSpec> channels = spec.blocks().stream()
                .map(block -> Ends.channel(Ends.pair(block).get(1), spec.finalNorm())).toList();
        boolean experts = channels.stream().anyMatch(MixtureOfExpertsSpec.class::isInstance);
        Draft draft = new Draft(experts ? "lfm2moe" : "lfm2", spec);
        // the final norm is called what other architectures call the embedding's
        Ends.describe(draft, spec, "token_embd_norm");
        Ends.plain(draft, spec);
        Ends.epsilon(draft, spec);
        int[] kvHeads = new int[channels.size()];
        int dense = 0;
        for (int i = 0; i < kvHeads.length; i++) {
            Draft.Below layer = draft.block(i);
            layer.copy("attn_norm.weight", "0.norm.weight").copy("ffn_norm.weight", "1.norm.weight");
            LayerSpec mixer = Ends.body(Ends.pair(spec.blocks().get(i)).get(0), spec.finalNorm());
            switch (mixer) {
                case AttentionSpec attention -> {
                    kvHeads[i] = attention.kvHeads();
                    attention(draft, layer.at("0.", ""), attention, spec);
                }
                case ShortConvolutionSpec convolution -> {
                    draft.number("shortconv.l_cache", convolution.conv());
                    layer.at("0.", "shortconv.")
                            .stack("in_proj.weight", Part.of("in_b.weight"), Part.of("in_c.weight"), Part.of("in_x.weight"))
                            .copy("conv.weight", "conv.weight").copy("out_proj.weight", "out_proj.weight");
                }
                default -> throw new Unsuitable("needs mixers that are short convolutions or attention");
            }
            if (channels.get(i) instanceof MixtureOfExpertsSpec moe) {
                experts(draft, layer.at("1.", ""), moe);
            } else {
                Unsuitable.unless(dense == i, "experts after all blocks but the first ones");
                dense++;
                GatedMlpSpec mlp = MlpTensors.gated(channels.get(i));
                Unsuitable.unless(!mlp.bias(), "MLPs without biases");
                draft.number("feed_forward_length", mlp.inner());
                MlpTensors.gated(layer.at("1.", ""), mlp, "");
            }
        }
        draft.numbers("attention.head_count_kv", kvHeads);
        if (experts) {
            draft.number("leading_dense_block_count", dense);
        }
        return draft.finish();
    }

    private static void attention(Draft draft, Draft.Below layer, AttentionSpec spec, ModelSpec model) {
        AttentionTensors.requirePlain(spec, model);
        AttentionTensors.requireUsualScale(spec);
        AttentionTensors.requireHeadNorm(spec, model.finalNorm());
        Unsuitable.unless(spec.heads() * spec.headDim() == model.width(), "heads that make up the model's width");
        Unsuitable.unless(!AttentionTensors.rotation(draft, spec), "rotary positions without Llama 3's scaling");
        AttentionTensors.counts(draft, spec);
        AttentionTensors.projections(layer, spec, false, 1, 1);
        layer.copy("attn_q_norm.weight", "q_norm.weight").copy("attn_k_norm.weight", "k_norm.weight");
    }

    private static void experts(Draft draft, Draft.Below layer, MixtureOfExpertsSpec spec) {
        Router router = spec.router();
        Unsuitable.unless(router.scoring() == Router.Scoring.SIGMOID && router.choiceBias() && router.normalise()
                && router.groups() == 1 && spec.shared().isEmpty() && spec.latent().isNone(),
                "experts weighted by normalised sigmoids and chosen with a bias, none shared");
        draft.number("expert_feed_forward_length", MlpTensors.gated(spec.expert()).inner());
        draft.number("expert_gating_func", SIGMOID);
        MlpTensors.experts(draft, layer, spec, router.scale());
    }
}
